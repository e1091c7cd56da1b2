//! People, structures, addresses and moments of a read CDA as the domain has them.

use paillasse_shared::domain::report::{
    Address, Civility, Moment, OID_PERSONS, OID_STRUCTURES, Organization, Professional, ProfessionalTitle,
    Subcontractor, Telecom, TelecomKind,
};

use crate::cda::reading::model::{Org, Party};

/// `20240104073500+0100`, with or without seconds, or a day (its first minute, without offset).
#[must_use]
pub fn moment(hl7: &str) -> Option<Moment> {
    let (digits, offset) = match hl7.find(['+', '-']) {
        Some(at) => hl7.split_at_checked(at)?,
        None => (hl7, "+0000"),
    };
    let digits = digits.split('.').next()?;
    let part = |from: usize, to: usize| digits.get(from..to);
    let day = format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let at = |from: usize| part(from, from + 2).unwrap_or("00");
    let text = format!(
        "{day}T{}:{}:{}{}:{}",
        at(8),
        at(10),
        at(12),
        offset.get(..3)?,
        offset.get(3..5).unwrap_or("00")
    );
    Moment::parse(&text).ok()
}

/// Lines of an address; the last one that begins with a postcode is the town.
pub(super) fn address(lines: &[String]) -> Address {
    let town = |l: &&String| {
        let (code, rest) = l.split_once(' ').unwrap_or((l, ""));
        code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty()
    };
    match lines.iter().rev().find(town) {
        Some(found) => {
            let (code, city) = found.split_once(' ').unwrap_or((found, ""));
            Address {
                lines: lines.iter().filter(|l| *l != found).cloned().collect(),
                postal_code: code.to_owned(),
                city: city.to_owned(),
            }
        }
        None => {
            let (last, first) = lines.split_last().map_or((String::new(), &[][..]), |(l, f)| (l.clone(), f));
            Address { lines: first.to_vec(), postal_code: String::new(), city: last }
        }
    }
}

pub(super) fn telecoms(values: &[String]) -> Vec<Telecom> {
    let one = |value: &String| {
        let (scheme, rest) = value.split_once(':')?;
        let kind = match scheme {
            "tel" => TelecomKind::Phone,
            "fax" => TelecomKind::Fax,
            "mailto" if rest.contains("mssante.fr") => TelecomKind::Mssante,
            "mailto" => TelecomKind::Email,
            _ => return None,
        };
        Some(Telecom { kind, value: rest.to_owned() })
    };
    values.iter().filter_map(one).collect()
}

pub(super) fn organization(o: &Org) -> Organization {
    Organization {
        national_id: o.ids.iter().find(|i| i.root == OID_STRUCTURES).and_then(|i| i.extension.clone()),
        name: crate::cda::reading::words::organization(o),
        address: o.addresses.first().map(|a| address(a)),
        telecoms: telecoms(&o.telecoms),
        practice_setting: o.setting.as_ref().and_then(|s| s.code.clone()),
    }
}

/// A person; nothing when nobody is named.
#[must_use]
pub fn professional(p: &Party) -> Option<Professional> {
    let name = p.name.as_ref()?;
    Some(Professional {
        national_id: p.ids.iter().find(|i| i.root == OID_PERSONS).and_then(|i| i.extension.clone()),
        civility: match name.prefix.as_deref() {
            Some("M") => Some(Civility::Mister),
            Some("MME") => Some(Civility::Madam),
            _ => None,
        },
        title: match name.suffix.as_deref().or(name.prefix.as_deref()) {
            Some("DR") => Some(ProfessionalTitle::Doctor),
            Some("PR") => Some(ProfessionalTitle::Professor),
            _ => None,
        },
        family: name.family.first().map(|(_, t)| t.clone())?,
        given: name.given.first().map(|(_, t)| t.clone()),
        profession: p.code.as_ref().and_then(|c| c.code.clone()),
        address: p.addresses.first().map(|a| address(a)),
        telecoms: telecoms(&p.telecoms),
        organization: p.organization.as_ref().map(organization),
    })
}

/// A laboratory that did the work: a performer with its person, structure and time.
#[must_use]
pub fn subcontractor(p: &Party) -> Option<Subcontractor> {
    let mut professional = professional(p)?;
    let organization = professional.organization.take()?;
    Some(Subcontractor {
        professional,
        organization,
        at: p.time.as_ref().and_then(|t| t.end()).and_then(moment)?,
    })
}
