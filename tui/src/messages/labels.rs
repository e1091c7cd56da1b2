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

pub(crate) fn open(state: &State) -> &'static str {
    match state.screen() {
        Some(Screen::Home(_)) => "Ouvrir",
        _ => "Détail",
    }
}

pub(crate) fn save(state: &State) -> &'static str {
    match state.screen() {
        Some(Screen::Form(f)) if f.editing.is_none() => "Créer",
        _ => "Enregistrer",
    }
}

pub(crate) fn patient_next(state: &State) -> &'static str {
    let Some(record) = state.record() else { return "" };
    match record.insi {
        InsiState::ToDecide { .. } => "Voir le retour INSi",
        _ if record.status == Status::Recuperee => "Qualifier",
        _ if record.dossiers.is_empty() => "Nouveau dossier",
        _ => "Ouvrir le dossier",
    }
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
        Some(Screen::NewDossier(n)) if n.field.is_blank() => {
            if n.at_correspondents {
                "Enregistrer"
            } else {
                "Prescripteur"
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
