//! The small label tables and closed lists the writers need; see `data/README.md` for sources and editions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// One concept: code system and French label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Concept {
    /// OID of the code system.
    pub system: &'static str,
    /// French label.
    pub label: &'static str,
}

type Table = BTreeMap<&'static str, Concept>;

fn parse(text: &'static str) -> Table {
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.splitn(3, ';');
            Some((columns.next()?, Concept { system: columns.next()?, label: columns.next()? }))
        })
        .collect()
}

macro_rules! table {
    ($(#[$doc:meta])* $name:ident, $file:literal) => {
        $(#[$doc])*
        pub(crate) fn $name(code: &str) -> Option<Concept> {
            static TABLE: OnceLock<Table> = OnceLock::new();
            TABLE
                .get_or_init(|| parse(include_str!(concat!("../../../data/cda/", $file))))
                .get(code)
                .copied()
        }
    };
}

table!(
    /// Profession or specialty of JDV J01.
    profession,
    "j01-professions.csv"
);
table!(
    /// Facility sector of activity of JDV J02.
    facility_type,
    "j02-facility-types.csv"
);
table!(
    /// Practice setting of JDV J04.
    practice_setting,
    "j04-practice-settings.csv"
);
table!(
    /// Interpretation of a result.
    interpretation,
    "interpretations.csv"
);

/// What to write in `@unit` for a UCUM text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CdaUnit {
    /// No unit: the UCUM text is empty or a mere annotation such as `{INR}`.
    None,
    /// This unit of the closed list.
    Unit(String),
}

/// Brings a UCUM text to the closed list of the CR-BIO rules, or `None` when it is not in it.
///
/// Annotations (`{…}`, also as a divisor: `mL/min/{1.73_m2}`) carry no meaning in UCUM and the rules only tolerate
/// some of their forms, so they are dropped; the printed unit keeps the words.
pub(crate) fn cda_unit(ucum: &str) -> Option<CdaUnit> {
    static LIST: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    let list = LIST.get_or_init(|| include_str!("../../../data/cda/ucum-units.txt").lines().collect());
    if list.contains(ucum) {
        return Some(CdaUnit::Unit(ucum.to_owned()));
    }
    let mut plain = String::new();
    let mut rest = ucum.trim();
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        let (_, tail) = after.split_once('}')?;
        if plain.ends_with('/') && !tail.starts_with(|c: char| c.is_alphanumeric()) {
            plain.pop();
        }
        rest = tail;
    }
    plain.push_str(rest);
    match plain.as_str() {
        "" | "1" => Some(CdaUnit::None),
        unit if list.contains(unit) => Some(CdaUnit::Unit(plain)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_brought_to_the_closed_list() {
        let unit = |u: &str| Some(CdaUnit::Unit(u.to_owned()));
        assert_eq!(cda_unit("mmol/L"), unit("mmol/L"));
        assert_eq!(cda_unit("10*9/L"), unit("10*9/L"));
        assert_eq!(cda_unit("mL/min/{1.73_m2}"), unit("mL/min"));
        assert_eq!(cda_unit("mg/g{creat}"), unit("mg/g"));
        assert_eq!(cda_unit("{INR}"), Some(CdaUnit::None));
        assert_eq!(cda_unit(""), Some(CdaUnit::None));
        for refused in ["G/L", "T/L", "UI/L", "mEq/L", "g/24h", "ukat/L", "mmol/l", "{open"] {
            assert_eq!(cda_unit(refused), None, "{refused}");
        }
    }

    #[test]
    fn the_tables_hold_what_a_laboratory_needs() {
        assert_eq!(profession("G15_10/SM03").unwrap().label, "Médecin - Biologie médicale (SM)");
        assert_eq!(facility_type("SA25").unwrap().label, "Laboratoire de biologie médicale");
        assert_eq!(practice_setting("AMBULATOIRE").unwrap().system, "1.2.250.1.213.1.1.4.9");
        assert_eq!(interpretation("HH").unwrap().system, "2.16.840.1.113883.5.83");
        assert!(profession("G99").is_none());
    }
}
