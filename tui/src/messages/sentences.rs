//! Sentences made of facts: how many, since when, why.

use paillasse_shared::domain::card::CardSource;
use paillasse_shared::domain::identity::compare::Explanation;
use paillasse_shared::domain::identity::status::{Effect, Transition};
use paillasse_shared::domain::identity::{Attribute, Comparison, Level, Status, TraitField};
use paillasse_shared::domain::order::Reason;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::messages::fr as shared;
use paillasse_shared::protocol::card::CardView;
use paillasse_shared::protocol::dossier::DossierView;
use paillasse_shared::protocol::inbox::InboxState;
use paillasse_shared::protocol::patient::{FormerView, InsiState, Matricules, PatientRecord};
use paillasse_shared::protocol::queue::OrderView;

use super::*;
use crate::state::State;
use crate::state::layer::Layer;

/// `depuis 09:12`.
pub fn since(moment: &str) -> String {
    format!("depuis {moment}")
}

/// A key that does nothing here.
pub fn useless(key: &str) -> String {
    format!("{key} ne fait rien ici. F1 montre les touches.")
}

/// A command that the person has no right to run, with the words of the daemon (INS-13).
pub fn denied(label: &str, right: Right) -> String {
    format!("{label} : {}.", shared::forbidden(right))
}

/// Why the INS of a record is not on screen (INS-13).
pub fn ins_not_shown() -> String {
    format!("non montré : {}", shared::forbidden(Right::SeeIns))
}

/// Why nothing is created here (INS-25).
pub fn kept_elsewhere() -> String {
    format!("{}. Ctrl-P, « procédure dégradée », si le flux manque.", capital(shared::KEPT_ELSEWHERE))
}

/// What is missing to be qualified (STA-15).
pub fn status_help(record: &PatientRecord) -> String {
    let missing = record.missing;
    let status = record.status.label();
    let insi = match record.insi {
        InsiState::ToDecide { .. } => "retour INSi à accepter",
        InsiState::NotFound { .. } => "appel INSi (le dernier n'a trouvé personne)",
        InsiState::Several { .. } => "appel INSi (le dernier a trouvé plusieurs personnes)",
        _ => "appel INSi",
    };
    let lacks = match (missing.insi, missing.device) {
        _ if missing.doubt => "lever d'abord l'attribut « douteuse »".to_owned(),
        _ if missing.fictitious => "une identité fictive ne se qualifie pas".to_owned(),
        (true, true) => format!("Il manque : {insi} et pièce d'identité"),
        (true, false) => format!("Il manque : {insi}"),
        (false, true) if record.proof.is_some() => "Il manque : valider la pièce enregistrée".to_owned(),
        (false, true) => "Il manque : pièce d'identité".to_owned(),
        (false, false) => "rien ne manque".to_owned(),
    };
    format!("Identité {status}. {}.", capital(&lacks))
}

/// Question before validating on a document already recorded (STA-14).
pub fn validate_identity(document: &str, day: &str) -> String {
    format!("Valider l'identité sur cette pièce : {document}, vue le {day} ?")
}

/// In what a close identity differs from what is typed (STA-21).
pub fn differs(traits: &[&str]) -> String {
    match traits {
        [] => "mêmes traits".to_owned(),
        [one] => format!("≠ {one}"),
        [first @ .., last] => format!("≠ {} et {last}", first.join(", ")),
    }
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
        Explanation::NiaReplaced => "le numéro d'attente (NIA) est devenu un NIR",
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

/// What contradicts, one line each: to be read before accepting all the same.
pub fn contradictions(c: &Comparison) -> Vec<String> {
    c.fields
        .iter()
        .filter(|f| f.level == Level::Different)
        .map(|f| {
            let value = |v: &Option<String>| v.clone().unwrap_or_else(|| UNKNOWN.to_owned());
            format!("· {} : ici {}, INSi {}.", trait_name(f.field), value(&f.local), value(&f.insi))
        })
        .collect()
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

/// The same on the work list, under a title that says INSi: short, without the time.
pub fn insi_short(state: &InsiState) -> String {
    match state {
        InsiState::NotCalled => "pas encore appelé".into(),
        InsiState::Waiting { .. } => "en attente".into(),
        InsiState::Running { .. } => "appel en cours".into(),
        InsiState::ToDecide { .. } => "à accepter ou refuser".into(),
        InsiState::NotFound { .. } => "ne trouve personne".into(),
        InsiState::Several { .. } => "trouve plusieurs".into(),
        InsiState::Accepted { .. } => "accepté".into(),
        InsiState::Refused { .. } => "refusé".into(),
        InsiState::Failed { words, .. } => format!("appel refusé : {words}"),
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
        return if count == 1 {
            "Dernier patient.".to_owned()
        } else {
            format!("Les {count} derniers patients.")
        };
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
            ("Rendre ce compte rendu invisible au patient ?", "Jusqu'à l'annonce ; les soignants le voient.")
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

/// The first letter in capitals: a sentence of the daemon may begin as part of another one.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Nothing of that name in a catalogue or directory.
pub fn nothing_for(text: &str) -> String {
    format!("Rien ne répond à « {text} » : l'écrire autrement, ou vider le champ.")
}

/// After an act on orders.
pub fn acted(orders: u64, done: &str) -> String {
    match orders {
        0 => "Plus rien n'attend de ce fait : les envois retenus sont déjà repartis.".to_owned(),
        1 => format!("1 envoi {done}."),
        n => format!("{n} envois {done}s."),
    }
}

/// A dossier under its number at the laboratory that asked.
pub fn received_number(number: &str) -> String {
    format!("Dossier n° {number} de ce LBM")
}

/// Every recipient has the report.
pub fn all_delivered(view: &DossierView) -> String {
    let names: Vec<&str> = view
        .documents
        .first()
        .map(|d| d.orders.iter().map(|o| o.recipient.as_str()).collect())
        .unwrap_or_default();
    format!("Tout est remis : {}.", names.join(", "))
}

/// Coming to a record from a cause: what it waits for.
pub fn cure_here(order: &OrderView) -> String {
    match (&order.reason, &order.why) {
        (Some(Reason::PatientOpposed), _) => {
            "Le patient s'est opposé : F6 seulement si son choix change.".to_owned()
        }
        (_, Some(why)) => format!("{why}."),
        (_, None) => NOT_NOW.to_owned(),
    }
}

/// How to keep a typed line.
pub fn prompt_how(state: &State) -> String {
    match state.layers.last() {
        Some(Layer::Prompt(p)) if p.field.is_blank() => "Tapez d'abord le texte demandé.".to_owned(),
        _ => "Cet acte se confirme par Ctrl-O ; Échap ne fait rien.".to_owned(),
    }
}

/// Question before an attribute changes.
pub fn attribute_question(attribute: Attribute, on: bool) -> String {
    match on {
        true => format!("Marquer cette identité « {} » ?", attribute.label()),
        false => format!("Retirer l'attribut « {} » de cette identité ?", attribute.label()),
    }
}

/// Question before a correction is told.
pub fn correction_question(recipient: &str) -> String {
    format!("Propager la correction à {recipient} ?")
}

/// What a receiver holds.
pub fn correction_dossiers(numbers: &[String]) -> String {
    match numbers {
        [] => "· Il nous a envoyé cette identité.".to_owned(),
        [one] => format!("· Il a reçu le dossier {one}."),
        some => format!("· Il a reçu les dossiers {}.", some.join(", ")),
    }
}

/// What a change of identity does, as listed before confirmation.
pub fn transition(before: Status, t: &Transition, receivers: &[String]) -> Vec<String> {
    let after = t.to.status();
    let mut lines: Vec<String> = t.effects.iter().map(|e| format!("· {}.", shared::effect(*e))).collect();
    if t.effects.contains(&Effect::PropagationPlanned) && !receivers.is_empty() {
        lines.push(format!("· Une propagation est proposée pour : {}.", receivers.join(", ")));
    }
    if before != after {
        lines.insert(0, format!("· L'identité « {} » devient « {} ».", before.label(), after.label()));
    }
    if lines.is_empty() {
        lines.push("· Le statut ne change pas ; rien n'est retenu ni envoyé.".to_owned());
    }
    lines
}

/// What cures a cause, in the few words of a list; an error when no key cures it.
pub fn short_cure(reason: &Reason) -> Result<&'static str, &'static str> {
    Ok(match reason {
        Reason::IdentityNotQualified { .. } => "Qualifier",
        Reason::IdentityToControl => "Contrôler l'identité",
        Reason::PatientOpposed => "Voir la fiche",
        Reason::HeldByUser { .. } => "Libérer",
        Reason::InvisibleToPatient => "Rendre visible",
        Reason::NoAddress { .. } => "Compléter l'adresse",
        Reason::UnknownMailbox { .. } => "Corriger l'adresse",
        Reason::ServicePaused { .. } | Reason::ServiceSuspended { .. } => "Reprendre",
        Reason::Refused { .. } | Reason::Internal { .. } => "Rejouer",
        Reason::NotYet { .. } => "Envoyer maintenant",
        Reason::ServiceDown { .. } | Reason::AfterPredecessor => return Err("Attendre"),
        Reason::OutcomeUnknown { .. } => return Err("Vérification en cours"),
        Reason::ReceivedFromLaboratory { .. } => return Err("Rien à faire"),
        Reason::NotConfigured { .. } => return Err("À configurer"),
    })
}

/// What to do with a message that waits.
pub fn message_advice(state: InboxState) -> &'static str {
    match state {
        InboxState::Verifying => "INSi vérifie l'INS reçu ; F4 classe sans attendre sa réponse.",
        InboxState::Unmatched => "Compléter dossier ou catalogue, puis F6 ; ou F4 pour classer à la main.",
        InboxState::Unreadable => "Régler l'automate, puis F6 relit le message ; Suppr l'écarte.",
        InboxState::Filed => "Ce message est classé.",
        InboxState::Closed => "Ce message est écarté ; F6 le relit.",
    }
}

/// A report of which results are still awaited.
pub fn partial(version: u32, awaited: usize) -> String {
    let rest = if awaited > 1 { "résultats attendus" } else { "résultat attendu" };
    format!("Compte rendu partiel v{version} : rien ne part encore, {awaited} {rest}.")
}

/// `Carte lue : NOM Prénom. Ctrl-F l'ouvre.`
pub fn card_read(card: &CardView) -> String {
    let free = if card.source == CardSource::VitaleLibre { " (lecture non authentifiée)" } else { "" };
    format!("Carte lue{free} : {}. Ctrl-F l'ouvre.", card_people(card))
}

/// The people of a card in few words.
pub fn card_people(card: &CardView) -> String {
    match card.people.as_slice() {
        [] => String::new(),
        [one] => format!("{} {}", one.name, one.given_name),
        [one, rest @ ..] => format!("{} {} et {} autre(s)", one.name, one.given_name, rest.len()),
    }
}

/// Former matricules, two lines each.
pub fn matricules(known: &Matricules) -> Vec<String> {
    let lines = |f: &FormerView| {
        let dates = match (f.from.as_deref(), f.to.as_deref()) {
            (None, None) => String::new(),
            (from, to) => format!("  du {} au {}", from.unwrap_or("…"), to.unwrap_or("…")),
        };
        let also =
            f.also.map(|id| format!("; aussi sur la fiche n° {id} : doublon possible")).unwrap_or_default();
        [format!("{}{dates}", f.grouped), format!("    {}{also}", f.why)]
    };
    known.former.iter().flat_map(lines).collect()
}

/// Mode of a call, in words.
pub fn insi_mode(mode: &str) -> &str {
    match mode {
        "traits" => "par traits",
        "traits+lieu" => "par traits, avec le lieu",
        "vitale" => "par carte Vitale",
        "apcv" => "par appli carte Vitale",
        other => other,
    }
}

/// Where a preview was written.
pub fn preview_written(path: &str) -> String {
    format!("Page et PDF écrits jusqu'à la sortie du poste : {path}")
}

/// Why a preview was not written.
pub fn preview_failed(why: &str) -> String {
    format!("L'aperçu n'a pas pu être écrit : {why}")
}
