//! Footer labels that depend on what is on screen. The others stand in the command table.

use paillasse_shared::domain::identity::Status;
use paillasse_shared::protocol::patient::InsiState;
use paillasse_shared::protocol::status::ServiceState;

use crate::state::State;
use crate::state::layer::Layer;
use crate::state::screen::{Screen, Step};

/// Label of the help key, always in the footer.
pub const HELP: &str = "Aide";
/// Label of the palette key, always in the footer.
pub const PALETTE: &str = "Tout faire";
/// The same where keys are many.
pub const PALETTE_SHORT: &str = "Tout";

const QUALIFY: &str = "Qualifier";
const NEW_DOSSIER: &str = "Nouveau dossier";

pub(crate) fn open(state: &State) -> &'static str {
    match state.screen() {
        Some(Screen::Home(_) | Screen::Validation(_)) => "Ouvrir",
        Some(Screen::InsList(_)) => "Ouvrir la fiche",
        _ => "Détail",
    }
}

pub(crate) fn form_enter(state: &State) -> &'static str {
    match state.screen() {
        Some(Screen::Form(f)) if f.ends_here() && f.editing.is_none() => "Créer",
        Some(Screen::Form(f)) if f.ends_here() => "Enregistrer",
        _ => "Suite",
    }
}

pub(crate) fn save(state: &State) -> &'static str {
    match state.screen() {
        // `Entrée` does it already.
        Some(Screen::Form(f)) if f.ends_here() => "",
        Some(Screen::Form(f)) if f.editing.is_none() => "Créer",
        // `Entrée` does it already.
        Some(Screen::NewDossier(n)) if n.at_correspondents && n.field.is_blank() && !n.browsed => "",
        _ => "Enregistrer",
    }
}

pub(crate) fn patient_next(state: &State) -> &'static str {
    let Some(record) = state.record() else { return "" };
    match record.insi {
        InsiState::ToDecide { .. } => "Voir le retour INSi",
        _ if record.status == Status::Recuperee && state.may_qualify() => QUALIFY,
        InsiState::NotFound { .. } | InsiState::Several { .. } if state.may_fetch_ins() => "Que faire ?",
        _ if record.dossiers.is_empty() => NEW_DOSSIER,
        _ => "Ouvrir le dossier",
    }
}

pub(crate) fn dossier_create(state: &State) -> &'static str {
    match state.screen() {
        // `Entrée` does it already.
        Some(Screen::Patient(_)) if patient_next(state) == NEW_DOSSIER => "",
        _ => NEW_DOSSIER,
    }
}

pub(crate) fn device(state: &State) -> &'static str {
    match state.screen() {
        // `Entrée` does it already.
        Some(Screen::Patient(_)) if patient_next(state) == QUALIFY => "",
        _ if state.is_to_validate() => "Valider",
        _ => "Pièce",
    }
}

pub(crate) fn review(state: &State) -> &'static str {
    match state.screen() {
        Some(Screen::Dossier(d)) if d.edit.is_none() && d.step() == Step::Nothing => "Compte rendu",
        _ => "Valider",
    }
}

/// Empty where `Entrée` keeps the text too: one key shown is enough.
pub(crate) fn confirm(state: &State) -> &'static str {
    if state.may_accept_prompt() { "" } else { "Confirmer" }
}

pub(crate) fn validate(state: &State) -> &'static str {
    match state.screen() {
        Some(Screen::Dossier(d)) => match d.step() {
            Step::Technical => "Valider (technique)",
            Step::Biological => "Valider (biologique)",
            Step::Nothing => "",
        },
        _ => "Valider",
    }
}

pub(crate) fn register_next(state: &State) -> &'static str {
    match state.screen() {
        Some(Screen::NewDossier(n)) if n.field.is_blank() && !n.browsed => {
            match (n.at_correspondents, n.exams.is_empty()) {
                (true, _) => "Enregistrer",
                (false, false) => "Prescripteur",
                (false, true) => "",
            }
        }
        _ => "Ajouter",
    }
}

pub(crate) fn register_skip(state: &State) -> &'static str {
    match state.screen() {
        Some(Screen::NewDossier(n)) if n.at_correspondents => "Examens",
        _ => "Correspondants",
    }
}

pub(crate) fn pause(state: &State) -> &'static str {
    match state.selected_service() {
        Some(service)
            if state.services.iter().any(|s| s.service == service && s.state == ServiceState::Paused) =>
        {
            "Reprendre"
        }
        Some(_) => "Pause",
        None => "",
    }
}

pub(crate) fn back(state: &State) -> &'static str {
    if let Some(layer) = state.layers.last() {
        return match layer {
            Layer::Confirm(_) => "Non",
            _ => "Fermer",
        };
    }
    match state.screen() {
        Some(Screen::Home(_)) => "Effacer",
        Some(Screen::Compare(_)) => "Plus tard",
        Some(Screen::Dossier(d)) if d.edit.is_some() => "Arrêter",
        _ => "Retour",
    }
}
