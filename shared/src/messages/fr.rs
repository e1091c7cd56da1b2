//! Sentences in French.

use crate::domain::identity::status::{Effect, Missing};
use crate::domain::order::{Reason, Service};
use crate::domain::rights::Right;

/// Why a person may not do something (INS-13): the same words on screen, on the command line and from the daemon.
#[must_use]
pub fn forbidden(right: Right) -> String {
    format!("votre profil n'a pas le droit « {} »", right.label())
}

/// Why an identity is not created or corrected here (INS-25).
pub const KEPT_ELSEWHERE: &str =
    "les identités viennent d'un autre système : rien ne se crée ni ne se corrige ici";
/// What can be done all the same.
pub const KEPT_ELSEWHERE_HINT: &str =
    "attendre le flux d'identités, ou passer par la procédure dégradée en disant pourquoi";

/// Why an order has not left, in plain French, without a final stop.
#[must_use]
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::IdentityNotQualified { insi, device } => {
            format!("Identité non qualifiée : il manque {}", lacks(*insi, *device))
        }
        Reason::IdentityToControl => "Identité à contrôler : INSi renvoie maintenant autre chose".into(),
        Reason::PatientOpposed => "Patient opposé à l'alimentation de Mon espace santé".into(),
        Reason::HeldByUser { by } => format!("Retenu par {by}"),
        Reason::InvisibleToPatient => "Document invisible au patient : rien ne part vers sa boîte".into(),
        Reason::NoAddress { recipient } => format!("Pas d'adresse MSSanté connue pour {recipient}"),
        Reason::ServicePaused { service } => format!("{} en pause, décidée ici", service.label()),
        Reason::ServiceDown { service, words } => format!("{} injoignable : {words}", service.label()),
        Reason::ServiceSuspended { service, words } => {
            format!("{} refuse nos envois : {words}", service.label())
        }
        Reason::Refused { code, words } if code.is_empty() => format!("Refusé par le destinataire : {words}"),
        Reason::Refused { code, words } => format!("Refusé par le destinataire ({code}) : {words}"),
        Reason::UnknownMailbox { address, words } => format!("Boîte inconnue : {address} ({words})"),
        Reason::OutcomeUnknown { words } => {
            format!("Envoyé, réponse perdue ({words}) : vérification en cours")
        }
        Reason::NotYet { .. } => "Attend son heure".into(),
        Reason::AfterPredecessor => "Attend le départ de la version précédente".into(),
        Reason::ReceivedFromLaboratory { laboratory } => {
            format!("Dossier reçu de {laboratory} : le compte rendu ne part que vers ce laboratoire")
        }
        Reason::NotConfigured { service } => format!("{} n'est pas configuré ici", service.label()),
        Reason::Internal { words } => format!("Préparation impossible : {words}"),
    }
}

/// The cause alone, to name a group of orders; without the words that change from one order to the next.
#[must_use]
pub fn cause(reason: &Reason) -> String {
    match reason {
        Reason::IdentityNotQualified { .. } => "Identité non qualifiée".into(),
        Reason::HeldByUser { .. } => "Document retenu par une personne".into(),
        Reason::NoAddress { .. } => "Pas d'adresse MSSanté connue".into(),
        Reason::UnknownMailbox { address, .. } => format!("Boîte inconnue : {address}"),
        Reason::OutcomeUnknown { .. } => "Envoyé, réponse perdue : en vérification".into(),
        other => self::reason(other),
    }
}

/// What cures it, in plain French; `None` when nothing is to be done.
#[must_use]
pub fn cure(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::IdentityNotQualified { .. } => "Qualifier l'identité : l'envoi part alors de lui-même".into(),
        Reason::IdentityToControl => "Regarder le retour d'INSi, l'accepter ou le refuser".into(),
        Reason::PatientOpposed | Reason::ReceivedFromLaboratory { .. } => return None,
        Reason::HeldByUser { .. } => "Libérer le document".into(),
        Reason::InvisibleToPatient => "Rendre le document visible, si l'annonce est faite".into(),
        Reason::NoAddress { .. } => "Compléter l'adresse MSSanté du correspondant".into(),
        Reason::ServicePaused { .. } => "Reprendre le service".into(),
        Reason::ServiceDown { .. } => "Attendre : la reprise est automatique".into(),
        Reason::ServiceSuspended { .. } => "Corriger certificat ou droits, puis reprendre le service".into(),
        Reason::Refused { .. } => "Corriger la cause, puis rejouer".into(),
        Reason::UnknownMailbox { .. } => "Corriger l'adresse du correspondant : l'envoi repart".into(),
        Reason::OutcomeUnknown { .. } => {
            "Attendre : le destinataire est interrogé avant tout nouvel envoi".into()
        }
        Reason::NotYet { .. } => "Attendre, ou envoyer maintenant".into(),
        Reason::AfterPredecessor => "Attendre".into(),
        Reason::NotConfigured { .. } => "Compléter la configuration du service".into(),
        Reason::Internal { .. } => "Prévenir le support avec le numéro de l'ordre".into(),
    })
}

/// What an identity lacks to be qualified; `None` when it lacks nothing.
#[must_use]
pub fn missing(m: Missing) -> Option<String> {
    if m.fictitious {
        return Some("identité fictive : elle ne se qualifie pas".into());
    }
    if m.doubt {
        return Some("lever d'abord le doute".into());
    }
    (m.insi || m.device).then(|| format!("il manque {}", lacks(m.insi, m.device)))
}

fn lacks(insi: bool, device: bool) -> &'static str {
    match (insi, device) {
        (true, true) => "l'appel INSi et une pièce d'identité",
        (true, false) => "l'appel INSi",
        (false, true) => "une pièce d'identité",
        (false, false) => "une confirmation",
    }
}

/// An effect of a change of identity, as listed before confirmation.
#[must_use]
pub fn effect(e: Effect) -> &'static str {
    match e {
        Effect::InsDropped => "Le matricule INS et son OID sont retirés de l'identité",
        Effect::ProofDropped => "La pièce enregistrée ne vaut plus pour cette identité",
        Effect::OrdersHeld => "Les envois vers le DMP et le patient sont retenus",
        Effect::OrdersReleased => "Les envois retenus faute de qualification partent",
        Effect::PropagationPlanned => {
            "La correction est à transmettre à ceux qui ont reçu l'ancienne identité"
        }
        Effect::StatusHistorised => "Le changement de statut est inscrit dans l'historique",
    }
}

/// Name of the gate shown in the detail of an order.
#[must_use]
pub fn gate(code: &str, service: Service) -> String {
    match code {
        "identity" => "Identité qualifiée".into(),
        "opposition" => "Patient non opposé".into(),
        "document" => "Document non retenu".into(),
        "visibility" => "Document visible du patient".into(),
        "address" => "Adresse du destinataire".into(),
        "requester" => "Demandé à notre laboratoire, non par un autre".into(),
        "predecessor" => "Version précédente partie".into(),
        "service" => format!("{} disponible", service.label()),
        other => other.to_owned(),
    }
}
