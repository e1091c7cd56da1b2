//! The announcement line when nothing just happened: on every screen, one sentence that says what to do next.

use paillasse_shared::protocol::patient::InsiState;

use super::*;
use crate::state::layer::Layer;
use crate::state::screen::{Screen, Step};
use crate::state::{Level, State};

/// What the screen expects, when nothing just happened.
pub fn hint(state: &State) -> (Level, String) {
    let info = |text: &str| (Level::Info, text.to_owned());
    match state.layers.last() {
        Some(Layer::Confirm(_)) => return info("O confirme. Échap ou N : rien ne se passe."),
        Some(Layer::Prompt(_)) => return info("Ctrl-O confirme ce qui est tapé. Échap : rien ne se passe."),
        Some(Layer::Choice(_)) => return info("La lettre choisit aussitôt; ou les flèches, puis Entrée."),
        Some(Layer::Picker(_)) => return info("Tapez pour chercher; les flèches choisissent, Entrée prend."),
        Some(Layer::Palette { .. }) => {
            return info("Tapez ce que vous voulez faire; la touche est à droite.");
        }
        Some(Layer::Help { .. }) => return info("Les flèches font défiler; Échap ferme."),
        None => {}
    }
    match state.screen() {
        Some(Screen::Home(_)) => info("Tapez un nom, une date, un matricule, un n° de dossier, ou scannez."),
        Some(Screen::Form(f)) => match &f.fault {
            Some((_, why)) => (Level::Error, why.clone()),
            None => info(FORM_HINTS.get(f.focus).copied().unwrap_or_default()),
        },
        Some(Screen::Patient(p)) => match p.record.as_ref().map(|r| (&r.insi, r.missing)) {
            Some((InsiState::ToDecide { .. }, _)) => (Level::Warning, INSI_RETURN.to_owned()),
            Some((InsiState::NotFound { .. }, _)) => (Level::Warning, INSI_NOBODY.to_owned()),
            Some((InsiState::Several { .. }, _)) => (Level::Warning, INSI_SEVERAL.to_owned()),
            Some((_, missing)) if missing.device && !missing.insi => {
                info("Il ne manque qu'une pièce d'identité : F7.")
            }
            _ => info("Les flèches choisissent un dossier."),
        },
        Some(Screen::Compare(_)) => {
            info("Entrée prend les traits d'INSi tels quels; l'identité devient récupérée.")
        }
        Some(Screen::NewDossier(n)) => info(match (n.at_correspondents, n.field.is_blank()) {
            (false, true) if n.exams.is_empty() => "Tapez un examen ou un bilan : nfs, k, bilan lipidique…",
            (false, true) => "Encore un examen, ou Entrée pour passer au prescripteur.",
            (true, true) => "Tapez le nom du prescripteur, ou Entrée pour enregistrer le dossier.",
            _ => "Les flèches choisissent, Entrée ajoute.",
        }),
        Some(Screen::Dossier(d)) if d.edit.is_some() => {
            info("Tapez la valeur (5,2 ou <0,5 ou un texte); Entrée garde et descend.")
        }
        Some(Screen::Dossier(d)) if d.review.is_some() => match d.step() {
            Step::Technical => info("Entrée valide techniquement tous les résultats rendus."),
            Step::Biological => info("Entrée valide biologiquement et fait partir le compte rendu."),
            Step::Nothing => info("Rien à valider dans ce dossier pour l'instant."),
        },
        Some(Screen::Dossier(_)) => info("Entrée saisit le résultat choisi; F2 ajoute un examen."),
        Some(Screen::Validation(v)) => {
            info(&v.list.as_ref().map_or_else(|| LOADING.to_owned(), |l| validation_count(l.len())))
        }
        Some(Screen::Queue(q)) => match &q.summary {
            Some(s) => info(&queue_summary(s.waiting, s.parked, s.held, s.delivered_today)),
            None => info(LOADING),
        },
        Some(Screen::Orders(o)) => info(&o.label),
        Some(Screen::Order(o)) => match o.detail.as_ref().and_then(|d| d.order.cure.clone()) {
            Some(cure) => (Level::Info, cure),
            None => info("Échap revient à la liste."),
        },
        Some(Screen::Inbox(_) | Screen::Message(_)) => {
            info("Rien n'est perdu : un message reste là jusqu'à ce qu'il soit classé ou écarté.")
        }
        Some(Screen::InsList(_)) => info("Entrée ouvre la fiche et son retour d'INSi."),
        Some(Screen::Pane(_)) => info("Les flèches font défiler; Échap revient."),
        None => info(""),
    }
}

fn validation_count(n: usize) -> String {
    match n {
        0 => "Rien à valider.".into(),
        1 => "1 dossier à valider; les critiques et les urgents d'abord.".into(),
        n => format!("{n} dossiers à valider; les critiques et les urgents d'abord."),
    }
}
