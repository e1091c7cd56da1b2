//! Conditions of the command table: what can be done here and now. Each reads the state only.

use paillasse_shared::domain::result::ResultState;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::patient::InsiState;

use super::State;
use super::layer::Layer;
use super::screen::{Pane, PaneKind, Screen, Step};
use crate::update::layers::palette_matches;

impl State {
    /// Something is under the cursor.
    pub fn has_selection(&self) -> bool {
        match self.layer_below_palette() {
            Some(Layer::Picker(p)) => p.selected < p.rows.len(),
            Some(_) => true,
            None => self.screen_has_selection(),
        }
    }

    /// The overlay on top has a line to choose.
    pub fn has_choice(&self) -> bool {
        match self.layers.last() {
            Some(Layer::Picker(p)) => p.selected < p.rows.len(),
            Some(Layer::Palette { field, selected }) => *selected < palette_matches(self, field.text()).len(),
            Some(_) => true,
            None => false,
        }
    }

    fn screen_has_selection(&self) -> bool {
        match self.screen() {
            // `Entrée` may be typed ahead of the answer.
            Some(Screen::Home(h)) => !h.is_current() || h.dossier.is_some() || h.selected < h.hits.len(),
            Some(Screen::Validation(v)) => v.list.as_ref().is_some_and(|l| v.selected < l.len()),
            Some(Screen::InsList(v)) => v.list.as_ref().is_some_and(|l| v.selected < l.len()),
            Some(Screen::Queue(q)) => q.summary.as_ref().is_some_and(|s| q.selected < s.causes.len()),
            Some(Screen::Orders(o)) => o.list.as_ref().is_some_and(|l| o.selected < l.len()),
            Some(Screen::Order(o)) => o.detail.is_some(),
            Some(Screen::Inbox(i)) => i.list.as_ref().is_some_and(|l| i.selected < l.len()),
            Some(Screen::Message(_)) => true,
            _ => false,
        }
    }

    /// A patient is created only after a search that was answered (or with a draft waiting).
    pub fn may_create(&self) -> bool {
        !self.is_slave() && self.searched()
    }

    /// A search was answered, or is about to be, or a draft waits.
    fn searched(&self) -> bool {
        match self.screen() {
            // `F2` may be typed ahead of the answer.
            Some(Screen::Home(h)) if h.field.is_blank() => self.draft.is_some(),
            Some(Screen::Home(h)) => !h.is_current() || h.dossier.is_none(),
            _ => false,
        }
    }

    /// Identities are kept elsewhere, and there is something to create or correct all the same (INS-25).
    pub fn may_degrade(&self) -> bool {
        self.is_slave()
            && (self.searched() || matches!(self.screen(), Some(Screen::Patient(p)) if p.record.is_some()))
    }

    /// There is a patient to act for.
    pub fn has_patient(&self) -> bool {
        // Typed ahead of the search's answer, it waits for it.
        let awaited =
            matches!(self.screen(), Some(Screen::Home(h)) if !h.is_current() && !h.field.is_blank());
        awaited || self.patient().is_some()
    }

    /// INSi may be called: not for a doubtful or fictitious identity, and not twice at once.
    pub fn may_fetch_ins(&self) -> bool {
        self.may(Right::CallInsi) && self.can_fetch_ins()
    }

    /// The same, whoever asks.
    pub fn can_fetch_ins(&self) -> bool {
        let Some(record) = self.record() else { return false };
        let busy = matches!(record.insi, InsiState::Running { .. });
        // An identity that comes from INSi is looked after by the periodic verification.
        let open = record.ins.is_none() && record.state.may_call_insi();
        open && !busy
    }

    /// Matricules may be looked at.
    pub fn may_see_ins(&self) -> bool {
        self.record().is_some() && self.may(Right::SeeIns)
    }

    /// A device may be recorded.
    pub fn may_qualify(&self) -> bool {
        self.may(Right::QualifyIdentity) && self.can_qualify()
    }

    /// The same, whoever asks.
    pub fn can_qualify(&self) -> bool {
        matches!(self.screen(), Some(Screen::Patient(_) | Screen::Compare(_)))
            && self.record().is_some_and(|r| !r.state.validated)
    }

    /// The document is recorded; validating is the act that remains (STA-14).
    pub fn is_to_validate(&self) -> bool {
        !self.validates_on_document()
            && self.record().is_some_and(|r| r.proof.is_some() && !r.state.validated)
    }

    /// A return is on screen.
    pub fn may_accept(&self) -> bool {
        matches!(self.screen(), Some(Screen::Compare(c)) if c.pending.is_some() && !c.sending)
    }

    /// The dossier has results.
    pub fn has_results(&self) -> bool {
        matches!(self.screen(), Some(Screen::Dossier(d)) if d.current().is_some())
    }

    /// A report is previewed, and may be seen.
    pub fn shows_preview(&self) -> bool {
        let preview = |p: &Pane| matches!(p.kind, PaneKind::Preview(_)) && p.lines.is_some();
        !self.restricted && matches!(self.screen(), Some(Screen::Pane(p)) if preview(p))
    }

    /// There is something to validate or to decide about: a result was typed or received.
    pub fn may_review(&self) -> bool {
        match self.screen() {
            Some(Screen::Dossier(d)) => {
                d.edit.as_ref().is_some_and(|e| !e.is_blank())
                    || d.results().iter().any(|r| r.state != ResultState::Pending)
            }
            _ => false,
        }
    }

    /// Something can be validated by this person.
    pub fn may_validate(&self) -> bool {
        match self.screen() {
            Some(Screen::Dossier(d)) => match d.step() {
                Step::Technical => self.may(Right::ValidateTechnical),
                Step::Biological => self.may(Right::ValidateBiological),
                Step::Nothing => false,
            },
            _ => false,
        }
    }

    /// A critical result waits for a call to be traced.
    pub fn has_critical(&self) -> bool {
        match self.screen() {
            Some(Screen::Dossier(d)) => d.results().iter().any(|r| r.flag.is_some_and(|f| f.is_critical())),
            _ => false,
        }
    }

    /// A patient is on screen, whose attributes may be changed.
    pub fn may_attribute(&self) -> bool {
        self.record().is_some()
    }

    /// The typed line may be kept by `Entrée`: nothing irreversible, and something was typed.
    pub fn may_accept_prompt(&self) -> bool {
        match self.layers.last() {
            Some(Layer::Prompt(p)) => !p.field.is_blank() && p.then.is_gentle(p.field.text()),
            _ => false,
        }
    }

    /// The question or the typed line is complete.
    pub fn may_confirm(&self) -> bool {
        match self.layers.last() {
            Some(Layer::Prompt(p)) => !p.field.is_blank(),
            _ => true,
        }
    }

    /// There is somewhere to go back to.
    pub fn may_go_back(&self) -> bool {
        if !self.layers.is_empty() || self.screens.len() > 1 {
            return true;
        }
        matches!(self.screen(), Some(Screen::Home(h)) if !h.field.text().is_empty())
    }

    /// There is something to copy.
    pub fn has_identifier(&self) -> bool {
        self.identifier().is_some()
    }
}
