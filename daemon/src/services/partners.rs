//! Partners: who sends us identities, recognised by what a message says of its sender. Pure.
//!
//! Deliberately not here: recognition by address of mail, which comes with the reception of mails.

use jiff::civil::Date;
use paillasse_documents::hl7::Header;
use paillasse_shared::domain::identity::inbound::Trust;

use crate::config::{Config, Partner};

/// The partner whom a message comes from. What the configuration says of application and facility must all agree;
/// the partner described most precisely wins.
#[must_use]
pub fn of_header<'a>(config: &'a Config, header: &Header) -> Option<&'a Partner> {
    let agrees = |wanted: &Option<String>, said: &str| {
        wanted.as_deref().is_none_or(|w| w.trim().is_empty() || w.trim().eq_ignore_ascii_case(said.trim()))
    };
    let precision = |p: &Partner| [&p.application, &p.facility].iter().filter(|v| v.is_some()).count();
    config
        .partners
        .iter()
        .filter(|p| agrees(&p.application, &header.sending_application))
        .filter(|p| agrees(&p.facility, &header.sending_facility))
        .max_by_key(|p| precision(p))
}

/// What is agreed with a sender today.
#[must_use]
pub fn trust(partner: Option<&Partner>, today: Date, seen_here: bool) -> Trust {
    Trust {
        contract: partner.and_then(|p| p.contract).is_some_and(|from| from <= today),
        direct_care: seen_here || partner.is_none_or(|p| p.direct_care),
    }
}

/// The partner's name, else the sender as the message names it.
#[must_use]
pub fn sender_name(config: &Config, header: &Header) -> String {
    match of_header(config, header) {
        Some(p) => p.name.clone(),
        None if header.sending_facility.is_empty() => header.sending_application.clone(),
        None => format!("{} ({})", header.sending_application, header.sending_facility),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sta_13_a_contract_counts_from_its_date_and_only_for_persons_not_seen_here() {
        let partner = |contract: Option<&str>, direct_care| Partner {
            name: "Clinique".into(),
            application: Some("DPI".into()),
            facility: None,
            contract: contract.map(|d| d.parse().unwrap()),
            direct_care,
        };
        let today: Date = "2026-06-01".parse().unwrap();
        let enough = |p: &Partner, seen| trust(Some(p), today, seen).is_enough();
        assert!(enough(&partner(Some("2026-06-01"), false), false));
        assert!(!enough(&partner(Some("2026-06-02"), false), false), "not in force yet");
        assert!(!enough(&partner(None, false), false));
        assert!(!enough(&partner(Some("2026-01-01"), true), false));
        assert!(!enough(&partner(Some("2026-01-01"), false), true), "seen here this time");
        assert!(!trust(None, today, false).is_enough());
    }
}
