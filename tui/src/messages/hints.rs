//! The announcement line when nothing just happened: on every screen, one sentence that says what to do next.

use paillasse_shared::domain::identity::Status;
use paillasse_shared::protocol::patient::InsiState;

use super::*;
use crate::state::layer::Layer;
use crate::state::screen::{DossierScreen, Leaving, Screen, Step};
use crate::state::{Level, State};

/// What the screen expects, when nothing just happened.
pub fn hint(state: &State) -> (Level, String) {
    let info = |text: &str| (Level::Info, text.to_owned());
    match state.layers.last() {
        Some(Layer::Confirm(_)) => return info("O confirme. Échap ou N : rien ne se passe."),
        Some(Layer::Prompt(p)) if p.then.is_gentle("") => {
            return info("Tapez, puis Entrée. Échap : rien ne se passe.");
        }
        Some(Layer::Prompt(_)) => return info("Tapez, puis Ctrl-O confirme. Échap : rien ne se passe."),
        Some(Layer::Choice(_)) => return info("La lettre choisit aussitôt ; ou les flèches, puis Entrée."),
        Some(Layer::Picker(_)) => {
            return info("Tapez pour chercher ; les flèches choisissent, Entrée prend.");
        }
        Some(Layer::Palette { .. }) => {
            return info("Tapez ce que vous voulez faire ; la touche est à droite.");
        }
        Some(Layer::Help { .. }) => return info("Les flèches font défiler ; Échap ferme."),
        None => {}
    }
    match state.screen() {
        Some(Screen::Home(_)) if state.is_school() && !state.started => info(WELCOME),
        Some(Screen::Home(h)) if h.field.is_blank() && state.draft.is_some() => info(DRAFT_KEPT),
        Some(Screen::Home(h))
            if h.is_current() && h.hits.is_empty() && !h.field.is_blank() && h.dossier.is_none() =>
        {
            info(CREATE_HINT)
        }
        Some(Screen::Home(_)) => info("Tapez un nom, une date, un matricule, un n° de dossier, ou scannez."),
        Some(Screen::Form(f)) => match &f.fault {
            Some((_, why)) => (Level::Error, why.clone()),
            None => info(FORM_HINTS.get(f.focus).copied().unwrap_or_default()),
        },
        Some(Screen::Patient(p)) => match p.record.as_ref().map(|r| (&r.insi, r.missing)) {
            Some((InsiState::ToDecide { .. }, _)) => (Level::Warning, INSI_RETURN.to_owned()),
            Some((InsiState::NotFound { .. }, _)) => (Level::Warning, INSI_NOBODY.to_owned()),
            Some((InsiState::Several { .. }, _)) => (Level::Warning, INSI_SEVERAL.to_owned()),
            Some((InsiState::Running { .. } | InsiState::Waiting { .. }, _)) => {
                info("L'appel INSi se fait en arrière-plan : continuer, la fiche dira sa réponse.")
            }
            Some((_, missing)) if missing.device && !missing.insi => {
                info("Il ne manque qu'une pièce d'identité : Entrée l'enregistre.")
            }
            Some((_, missing)) if missing.insi && state.may_fetch_ins() => {
                info("Il manque l'INS : F3 appelle INSi ; F4 ouvre un dossier sans attendre.")
            }
            _ if p.record.as_ref().is_some_and(|r| r.dossiers.is_empty()) => {
                info("Entrée ouvre un premier dossier pour ce patient.")
            }
            _ => info("Les flèches choisissent un dossier, Entrée l'ouvre ; F4 en commence un autre."),
        },
        Some(Screen::Compare(c)) => match c.pending.as_ref().map(|p| p.comparison.contradictions()) {
            Some(n) if n > 0 => (Level::Warning, COMPARE_DOUBT.to_owned()),
            Some(_) => info("Entrée prend les traits d'INSi tels quels ; l'identité devient récupérée."),
            None => info(LOADING),
        },
        Some(Screen::NewDossier(n)) => info(match (n.at_correspondents, n.field.is_blank() && !n.browsed) {
            (false, true) if n.exams.is_empty() => {
                "Tapez un examen ou un bilan (nfs, k, créat…), ou choisissez avec ↓."
            }
            (false, true) => "Encore un examen, ou Entrée pour passer au prescripteur.",
            (true, true) if n.people.is_empty() => {
                "Tapez le nom du prescripteur ; Entrée enregistre sans lui."
            }
            (true, true) => "Entrée enregistre le dossier ; ou tapez le nom d'un autre destinataire.",
            (false, false) => "Entrée ajoute la ligne choisie ; Tab l'ajoute et passe au prescripteur.",
            (true, false) => "Entrée ajoute la ligne choisie ; Ctrl-S l'ajoute et enregistre.",
        }),
        Some(Screen::Dossier(d)) if d.edit.is_some() => {
            info("Tapez la valeur (5,2, <0,5 ou un texte) ; Entrée descend, F8 valide.")
        }
        Some(Screen::Dossier(d)) => dossier_hint(state, d),
        Some(Screen::Validation(v)) => {
            info(&v.list.as_ref().map_or_else(|| LOADING.to_owned(), |l| validation_count(l.len())))
        }
        Some(Screen::Queue(q)) => match &q.summary {
            Some(s) if s.causes.is_empty() => info("Rien à faire ici : Échap revient à la recherche."),
            Some(s) => info(&queue_summary(s.waiting, s.parked, s.held, s.delivered_today)),
            None => info(LOADING),
        },
        Some(Screen::Orders(_)) => {
            info("Entrée montre l'envoi, ses essais et ce qui le retient ; F3 le guérit.")
        }
        Some(Screen::Order(o)) => match o.detail.as_ref().and_then(|d| d.order.cure.clone()) {
            Some(cure) => (Level::Info, cure),
            None => info("Échap revient à la liste."),
        },
        Some(Screen::Inbox(_)) => {
            info("Rien n'est perdu : un message reste là jusqu'à être classé ou écarté.")
        }
        Some(Screen::Message(s)) => {
            info(s.detail.as_ref().map_or(LOADING, |d| message_advice(d.message.state)))
        }
        Some(Screen::InsList(_)) => info("Entrée ouvre la fiche et son retour d'INSi."),
        Some(Screen::Pane(_)) => info("Les flèches font défiler ; Échap revient."),
        None => info(""),
    }
}

/// What a dossier expects next.
fn dossier_hint(state: &State, d: &DossierScreen) -> (Level, String) {
    let info = |text: &str| (Level::Info, text.to_owned());
    let Some(view) = &d.view else { return info(LOADING) };
    match (d.step(), d.review.is_some()) {
        (Step::Technical, true) if !state.may_validate() => info(NO_RIGHT_TO_VALIDATE),
        (Step::Technical, true) => info("Entrée valide techniquement tous les résultats rendus."),
        (Step::Biological, true) if !state.may_validate() => info(NO_RIGHT_TO_VALIDATE),
        (Step::Biological, true) if !view.gestures.is_empty() => (
            Level::Warning,
            match unqualified(d) {
                Some(status) => {
                    format!("Critique : F8 trace l'appel. Identité {status} : F7 ouvre la fiche.")
                }
                None => {
                    "Un résultat critique : F8 trace l'appel du prescripteur, puis Entrée valide.".to_owned()
                }
            },
        ),
        (Step::Biological, true) if unqualified(d).is_some() => (
            Level::Warning,
            format!(
                "Identité {} : rien ne part au DMP. F7 ouvre la fiche, Entrée valide.",
                unqualified(d).unwrap_or_default()
            ),
        ),
        (Step::Biological, true) if d.awaited() > 0 => {
            info("Entrée valide ce qui est rendu ; le compte rendu partira quand tout le sera.")
        }
        (Step::Biological, true) => info("Entrée valide biologiquement et fait partir le compte rendu."),
        (Step::Technical | Step::Biological, false) if d.awaited() == 0 => {
            info("Tout est saisi : F8 ouvre la validation.")
        }
        (Step::Technical | Step::Biological, false) => {
            info("Entrée saisit le résultat choisi ; F8 valide ceux qui sont rendus.")
        }
        (Step::Nothing, _) => match d.leaving() {
            Leaving::Delivered => (Level::Done, all_delivered(view)),
            Leaving::UnderWay => info("Le compte rendu part vers ses destinataires."),
            Leaving::Stopped => info("Un envoi attend : la raison est au-dessus ; Ctrl-E la guérit."),
            _ if d.review.is_some() => info("Rien à valider pour l'instant : Échap revient à la saisie."),
            _ => info("Entrée saisit le résultat choisi ; F2 ajoute un examen, F3 un correspondant."),
        },
    }
}

/// Status of the patient, when it is not qualified: recalled at biological validation (STA-20).
fn unqualified(d: &DossierScreen) -> Option<&'static str> {
    d.record.as_ref().filter(|r| r.status != Status::Qualifiee).map(|r| r.status.label())
}

fn validation_count(n: usize) -> String {
    match n {
        0 => "Rien à valider.".into(),
        1 => "1 dossier à valider ; les critiques et les urgents d'abord.".into(),
        n => format!("{n} dossiers à valider ; les critiques et les urgents d'abord."),
    }
}
