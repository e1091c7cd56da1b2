//! Who comes to the demonstration's laboratory, and how far each person and each dossier has come. Pure.

use serde::Deserialize;

use super::chance::Chance;
use super::values::Health;

/// A person as INSi knows her; fictitious.
#[derive(Debug, Clone, Deserialize)]
pub struct Person {
    /// Nom de naissance.
    pub birth_name: String,
    /// Prénoms de naissance, in order.
    pub given_names: Vec<String>,
    /// `M` or `F`.
    pub sex: String,
    /// `AAAA-MM-JJ`.
    pub birth_date: String,
    /// Code of the place of birth.
    pub birth_place: String,
}

/// How far an identity has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// INSi does not know these traits.
    Unknown,
    /// INSi knows several persons with these traits.
    Several,
    /// A return waits for a decision.
    Waiting,
    /// Accepted, no device seen.
    Recovered,
    /// Return refused, device seen.
    Validated,
    /// Accepted, then said to be doubtful.
    Doubtful,
    /// Accepted and device seen.
    Qualified,
}

/// How far a dossier has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// No result.
    Registered,
    /// Half of the results.
    Begun,
    /// All results, technically validated for one half.
    ToValidate,
    /// One panel of two validated.
    Partial,
    /// All validated.
    Complete,
    /// All validated, the report held back.
    Held,
    /// All validated, the report invisible to the patient.
    Hidden,
}

/// A dossier to make.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// Panels asked for.
    pub panels: Vec<&'static str>,
    /// How the person is this time.
    pub health: Health,
    /// How far it has come.
    pub progress: Progress,
    /// Urgent.
    pub urgent: bool,
    /// Sampled so many minutes ago.
    pub minutes_ago: i64,
    /// Which prescriber, in the order of [`PRESCRIBERS`].
    pub prescriber: usize,
    /// A second correspondent in copy.
    pub copy: Option<usize>,
}

/// A patient to make.
#[derive(Debug, Clone)]
pub struct Patient {
    /// Traits.
    pub person: Person,
    /// Only the first given name and no place are typed, as at a busy reception.
    pub typed_short: bool,
    /// How far the identity has come.
    pub identity: Identity,
    /// Opposed to the feeding of Mon espace santé.
    pub opposed: bool,
    /// Nom utilisé.
    pub used_name: Option<&'static str>,
    /// Dossiers, oldest first.
    pub dossiers: Vec<Dossier>,
}

/// A prescriber to make: family, given, town, profession code and label, MSSanté address.
pub struct Prescriber {
    /// Family name.
    pub family: &'static str,
    /// First name.
    pub given: &'static str,
    /// Town.
    pub town: &'static str,
    /// Profession and specialty (JDV J01), with its label.
    pub profession: (&'static str, &'static str),
    /// MSSanté address.
    pub mss: Option<&'static str>,
}

const GP: (&str, &str) = ("G15_10/SM54", "Médecin - Médecine Générale (SM)");
const CARDIOLOGY: (&str, &str) = ("G15_10/SM04", "Médecin - Cardiologie et maladies vasculaires (SM)");
const PAEDIATRICS: (&str, &str) = ("G15_10/SM40", "Médecin - Pédiatrie (SM)");

/// One prescriber has no address, one an address that the operator does not know: their orders show what happens then.
pub const PRESCRIBERS: [Prescriber; 9] = [
    prescriber("DURAND", "Claire", "LYON", GP, Some("claire.durand@medecin.demo.mssante.fr")),
    prescriber("ROUX", "Antoine", "LYON", GP, Some("antoine.roux@medecin.demo.mssante.fr")),
    prescriber("LE GOFF", "Yann", "VILLEURBANNE", GP, Some("yann.legoff@medecin.demo.mssante.fr")),
    prescriber("BENALI", "Samira", "LYON", CARDIOLOGY, Some("samira.benali@medecin.demo.mssante.fr")),
    prescriber("GARNIER", "Luc", "OULLINS", GP, Some("luc.garnier@medecin.demo.mssante.fr")),
    prescriber("PETITJEAN", "Sophie", "BRON", PAEDIATRICS, Some("sophie.petitjean@medecin.demo.mssante.fr")),
    prescriber("NGUYEN", "Paul", "LYON", GP, Some("paul.nguyen@medecin.demo.mssante.fr")),
    prescriber("VASSEUR", "Jeanne", "GIVORS", GP, None),
    prescriber("COLIN", "Marc", "TASSIN", GP, Some("boite.inconnue@medecin.demo.mssante.fr")),
];
const USUAL: usize = 7;
const WITHOUT_ADDRESS: usize = 7;
const UNKNOWN_ADDRESS: usize = 8;

const fn prescriber(
    family: &'static str,
    given: &'static str,
    town: &'static str,
    profession: (&'static str, &'static str),
    mss: Option<&'static str>,
) -> Prescriber {
    Prescriber { family, given, town, profession, mss }
}

/// Patients of the demonstration.
pub const PATIENTS: usize = 200;

/// Person of the list whose short traits are those of another one too.
const AMBIGUOUS: usize = 33;
const DAY: i64 = 24 * 60;
const USED_NAMES: [&str; 6] = ["BERGER", "MOREL", "LAMBERT", "FONTAINE", "GIRARD", "BONNET"];

/// Everybody, from the people that INSi knows, in the order of their registration.
pub fn patients(people: &str) -> Vec<Patient> {
    let known = people.lines().filter_map(|line| serde_json::from_str::<Person>(line).ok());
    known.take(PATIENTS).enumerate().map(|(n, person)| patient(n, person)).collect()
}

/// Person number `n`. Ranks scatter the states among the persons: 77 has no common divisor with 200.
fn patient(n: usize, mut person: Person) -> Patient {
    let rank = n * 77 % PATIENTS;
    let mut chance = Chance::new(n as u64 + 1);
    let identity = match rank {
        _ if n == AMBIGUOUS => Identity::Several,
        0..6 => Identity::Unknown,
        6..14 => Identity::Waiting,
        14..26 => Identity::Recovered,
        26..32 => Identity::Validated,
        32..34 => Identity::Doubtful,
        _ => Identity::Qualified,
    };
    if identity == Identity::Unknown {
        // A name that nobody carries: the traits typed lead to no one.
        person.birth_name = format!("{}-ESSAI", person.birth_name);
    }
    let used_name =
        (person.sex == "F" && n.is_multiple_of(3)).then(|| chance.pick(&USED_NAMES).copied()).flatten();
    let typed_short = matches!(identity, Identity::Waiting | Identity::Several) || n % 10 == 3;
    let progress = match (identity, rank) {
        (Identity::Unknown, 0..3) => vec![Progress::Complete],
        (Identity::Waiting, 6..10) => vec![Progress::Complete],
        (Identity::Waiting, _) => vec![Progress::Begun],
        (Identity::Recovered, 14..22) => vec![Progress::Complete],
        (Identity::Recovered, _) => vec![Progress::ToValidate],
        (Identity::Validated, 26..30) => vec![Progress::Complete],
        (Identity::Qualified, 34..42) => vec![Progress::Registered],
        (Identity::Qualified, 42..50) => vec![Progress::Complete, Progress::Begun],
        (Identity::Qualified, 50..60) => vec![Progress::Complete, Progress::ToValidate],
        (Identity::Qualified, 60..64) => vec![Progress::Partial],
        (Identity::Qualified, 64) => vec![Progress::Held],
        (Identity::Qualified, 65) => vec![Progress::Hidden],
        (Identity::Qualified, 66..140) => vec![Progress::Complete],
        _ => vec![],
    };
    let many = progress.len();
    let dossiers = (0..).zip(progress).map(|(k, p)| dossier(rank, k, many, p, &mut chance)).collect();
    Patient { person, typed_short, identity, opposed: matches!(rank, 66 | 67), used_name, dossiers }
}

fn dossier(rank: usize, k: usize, many: usize, progress: Progress, chance: &mut Chance) -> Dossier {
    const CHOICES: [&[&str]; 8] = [
        &["NFS", "CRP"],
        &["IONO", "RENAL"],
        &["LIPIDES", "HEPATIQUE"],
        &["DIABETE", "LIPIDES"],
        &["THYRO", "MARTIAL"],
        &["IONO", "RENAL", "CRP"],
        &["COAG", "CRP"],
        &["ECBU", "CRP"],
    ];
    // Several dossiers of a person ask for the same, so that former results stand beside the new ones.
    let panels = CHOICES.get(rank % CHOICES.len()).copied().unwrap_or(&["CRP"]).to_vec();
    let urgent = progress == Progress::ToValidate && matches!(rank, 50..53);
    let health = match (urgent, rank % 3) {
        (true, _) => Health::Critical,
        (false, 0) => Health::Mild,
        (false, _) => Health::Good,
    };
    let panels = if urgent { vec!["IONO", "RENAL"] } else { panels };
    let earlier = i64::try_from(many.saturating_sub(k + 1)).unwrap_or(0);
    let prescriber = match rank {
        70..74 => WITHOUT_ADDRESS,
        80..83 => UNKNOWN_ADDRESS,
        _ => rank % USUAL,
    };
    Dossier {
        panels,
        health,
        progress,
        urgent,
        minutes_ago: earlier * 30 * DAY + chance.between(35.0, 240.0) as i64,
        prescriber,
        copy: rank.is_multiple_of(9).then_some((rank + 3) % USUAL),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::PEOPLE;
    use super::*;

    #[test]
    fn every_state_is_there_and_the_plan_is_always_the_same() {
        let all = patients(PEOPLE);
        assert_eq!(all.len(), PATIENTS);
        assert_eq!(format!("{all:?}"), format!("{:?}", patients(PEOPLE)));
        let mut identities = BTreeMap::new();
        let mut dossiers = BTreeMap::new();
        for p in &all {
            *identities.entry(format!("{:?}", p.identity)).or_insert(0) += 1;
            p.dossiers.iter().for_each(|d| *dossiers.entry(format!("{:?}", d.progress)).or_insert(0) += 1);
        }
        let counted = format!("{identities:?} {dossiers:?}");
        assert_eq!(
            counted,
            "{\"Doubtful\": 2, \"Qualified\": 165, \"Recovered\": 12, \"Several\": 1, \"Unknown\": 6, \"Validated\": 6, \"Waiting\": 8} \
             {\"Begun\": 12, \"Complete\": 111, \"Held\": 1, \"Hidden\": 1, \"Partial\": 4, \"Registered\": 8, \
             \"ToValidate\": 14}"
        );
        let used = |n| all.iter().flat_map(|p| &p.dossiers).filter(|d| d.prescriber == n).count();
        assert!(used(WITHOUT_ADDRESS) > 0 && used(UNKNOWN_ADDRESS) > 0);
        assert!(all.iter().any(|p| p.dossiers.iter().any(|d| d.health == Health::Critical && d.urgent)));
    }
}
