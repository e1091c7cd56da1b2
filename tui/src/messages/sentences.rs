//! Sentences made of facts: how many, since when, why.

use paillasse_shared::domain::identity::compare::Explanation;
use paillasse_shared::domain::identity::{Comparison, TraitField};
use paillasse_shared::protocol::patient::InsiState;

use super::*;

/// `depuis 09:12`.
pub fn since(moment: &str) -> String {
    format!("depuis {moment}")
}

/// A key that does nothing here.
pub fn useless(key: &str) -> String {
    format!("{key} ne fait rien ici. F1 montre les touches.")
}

/// A command that is not possible now.
pub fn not_now(label: &str) -> String {
    format!("{label} : pas possible maintenant.")
}

/// Name of a trait.
pub fn trait_name(field: TraitField) -> &'static str {
    match field {
        TraitField::BirthName => "Nom de naissance",
        TraitField::FirstName => "1er prénom",
        TraitField::GivenNames => "Prénoms",
        TraitField::BirthDate => "Né(e) le",
        TraitField::Sex => "Sexe",
        TraitField::BirthPlace => "Lieu de naissance",
        TraitField::Matricule => "Matricule INS",
    }
}

/// Why two values differ without contradicting.
pub fn explanation(why: Explanation) -> &'static str {
    match why {
        Explanation::Separators => "seuls tirets, apostrophes ou espaces diffèrent",
        Explanation::LongerList => "INSi connaît la liste complète des prénoms",
        Explanation::InterpretedDate => "même date une fois le jour ou le mois inconnu interprété",
        Explanation::SamePlace => "même lieu, sous un autre code selon l'époque",
        Explanation::PlaceUnknownHere => "lieu inconnu ici, donné par INSi",
        Explanation::CodeFromInsi => "code donné par INSi, absent de notre référentiel",
        Explanation::OtherGivenName => "prénom présent plus loin dans la liste d'INSi",
        Explanation::UnusualKey => "clé inhabituelle, reprise telle quelle",
    }
}

/// Summary of a comparison.
pub fn comparison(c: &Comparison) -> String {
    let explained = match c.explained() {
        0 => "Aucune différence".to_owned(),
        1 => "1 différence expliquée".to_owned(),
        n => format!("{n} différences expliquées"),
    };
    match c.contradictions() {
        0 => format!("{explained}, aucune contradiction."),
        1 => format!("{explained}, 1 contradiction : à examiner."),
        n => format!("{explained}, {n} contradictions : à examiner."),
    }
}

/// Where the call to INSi stands, given instants as the person reads them.
pub fn insi(state: &InsiState, moment: impl Fn(jiff::Timestamp) -> String) -> String {
    match state {
        InsiState::NotCalled => "INSi pas encore appelé".into(),
        InsiState::Waiting { since, words: None } => format!("INSi en attente depuis {}", moment(*since)),
        InsiState::Waiting { since, words: Some(w) } => {
            format!("INSi en attente depuis {} : {w}", moment(*since))
        }
        InsiState::Running { since } => format!("appel INSi en cours depuis {}", moment(*since)),
        InsiState::ToDecide { since } => format!("retour INSi à accepter ou refuser ({})", moment(*since)),
        InsiState::NotFound { at } => format!("INSi ne trouve personne avec ces traits ({})", moment(*at)),
        InsiState::Several { at } => format!("INSi trouve plusieurs personnes ({})", moment(*at)),
        InsiState::Accepted { at } => format!("retour INSi accepté ({})", moment(*at)),
        InsiState::Refused { at } => format!("retour INSi refusé ({})", moment(*at)),
        InsiState::Failed { at, words } => format!("appel INSi refusé ({}) : {words}", moment(*at)),
    }
}

/// How a search was understood, and how many it found.
pub fn search_summary(count: usize, more: bool, same_day: bool, recent: bool) -> String {
    let many = match (count, more) {
        (0, _) => return NOBODY.to_owned(),
        (1, false) => "1 patient.".to_owned(),
        (n, false) => format!("{n} patients."),
        (n, true) => format!("Plus de {n} patients : préciser."),
    };
    if recent {
        return format!("Derniers patients. {}", many.replace("Plus de", "Les").replace(" : préciser", ""));
    }
    if same_day { format!("{many} Même jour de naissance : vérifier les homonymes.") } else { many }
}

/// One line about the last dossier of a patient.
pub fn last_dossier(number: &str, day: &str, summary: &str) -> String {
    format!("Dernier dossier : {number}, {day}, {summary}")
}

/// Orders by state.
pub fn queue_summary(waiting: u64, parked: u64, held: u64, delivered: u64) -> String {
    format!("En file {waiting} · à traiter {parked} · retenus {held} · remis aujourd'hui {delivered}")
}

/// Question before replaying a cause.
pub fn retry_cause(count: u64) -> String {
    format!("Rejouer les {count} ordres de cette cause ?")
}

/// Question before pausing a service.
pub fn pause_service(service: &str) -> String {
    format!("Mettre {service} en pause ?")
}

/// Question before a decision about a document.
pub fn decide(decision: paillasse_shared::protocol::document::Decision) -> (&'static str, &'static str) {
    use paillasse_shared::protocol::document::Decision as D;
    match decision {
        D::Hold => ("Retenir ce compte rendu ?", "Ce qui n'est pas parti attend que vous le libériez."),
        D::Release => ("Libérer ce compte rendu ?", "Les envois retenus partent vers leurs destinataires."),
        D::Hide => {
            ("Rendre ce compte rendu invisible au patient ?", "Jusqu'à l'annonce; les soignants le voient.")
        }
        D::Show => {
            ("Rendre ce compte rendu visible du patient ?", "Le patient le verra dans Mon espace santé.")
        }
    }
}

/// A dossier found by its number.
pub fn search_dossier() -> String {
    "Dossier trouvé : Entrée l'ouvre.".to_owned()
}

/// Next trial by itself.
pub fn next_try(moment: &str) -> String {
    format!("Prochain essai : {moment}")
}

/// Outcome of an attempt.
pub fn outcome(code: &str) -> &str {
    match code {
        "delivered" => "remis",
        "retry" => "à réessayer",
        "unknown" => "sans réponse",
        "refused" => "refusé",
        "cut" => "interrompu",
        other => other,
    }
}
