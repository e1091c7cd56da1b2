//! Events of the laboratory: what is shown is read again, what is typed stays, the focus never moves.

use paillasse_shared::protocol::event::Event;
use serde_json::Value;

use super::replies::status;
use crate::action::Effect;
use crate::messages as m;
use crate::state::screen::Screen;
use crate::state::{Level, State};
use crate::update::{card, delivery, laboratory, reception, refresh};
use crate::wire;

/// Something happened in the laboratory.
pub(super) fn event(state: &mut State, method: &str, params: Value) -> Vec<Effect> {
    if method != "event" {
        return Vec::new();
    }
    let Ok(event) = wire::read::<Event>(params) else { return Vec::new() };
    let about_one = matches!(
        event,
        Event::PatientChanged { .. }
            | Event::InsiChanged { .. }
            | Event::DossierChanged { .. }
            | Event::DocumentChanged { .. }
    );
    let effects = read_again(state, event);
    // A busy laboratory changes hundreds of patients a minute: none of them is a reason to draw this screen again.
    state.elsewhere = about_one && effects.is_empty();
    effects
}

/// What the screen shows of it is read again.
fn read_again(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::PatientChanged { patient } | Event::InsiChanged { patient, .. } => {
            let shown = state.patient() == Some(patient) && !matches!(state.screen(), Some(Screen::Home(_)));
            match state.screen() {
                Some(Screen::InsList(_)) => vec![reception::read_ins_list(state)],
                _ if shown => vec![reception::read_patient(state, patient)],
                _ => Vec::new(),
            }
        }
        Event::DossierChanged { dossier } => match state.screen() {
            // While a person types, the list below their cursor stays as it is.
            Some(Screen::Dossier(d)) if d.id == dossier && d.edit.is_none() && !d.sending => {
                vec![laboratory::read_dossier(state, dossier)]
            }
            Some(Screen::Validation(_)) => vec![laboratory::read_worklist(state)],
            _ => Vec::new(),
        },
        Event::OrderChanged { order, state: now, dossier } => {
            if let Some(Screen::Dossier(d)) = state.screen()
                && Some(d.id) == dossier
                && d.edit.is_none()
                && !d.sending
            {
                let id = d.id;
                return vec![laboratory::read_dossier(state, id)];
            }
            delivery::order_changed(state, order, now)
        }
        Event::InsiAcceptedByItself { patient, asked_by } => {
            let mine = state.hello.as_ref().is_some_and(|h| h.user.login == asked_by);
            if mine && state.patient() == Some(patient) {
                state.say(Level::Done, m::DONE_BY_ITSELF);
            }
            Vec::new()
        }
        Event::CardChanged { login } => {
            let mine = state.hello.as_ref().is_some_and(|h| h.user.login == login);
            if mine { vec![card::read_card(state)] } else { Vec::new() }
        }
        Event::InboxChanged { .. } => match state.screen() {
            Some(Screen::Inbox(_)) => refresh(state),
            _ => Vec::new(),
        },
        Event::DocumentChanged { .. } => Vec::new(),
        Event::ServiceChanged { service } => {
            match state.services.iter_mut().find(|s| s.service == service.service) {
                Some(known) => *known = service,
                None => state.services.push(service),
            }
            Vec::new()
        }
        Event::WorklistsChanged { worklists } => {
            state.worklists = worklists;
            match state.screen() {
                Some(Screen::Queue(_)) if state.layers.is_empty() => refresh(state),
                _ => Vec::new(),
            }
        }
        Event::Lagged => {
            let mut effects = vec![status(state)];
            effects.extend(refresh(state));
            effects
        }
        Event::Stopping => {
            state.say(Level::Warning, m::STOPPING);
            Vec::new()
        }
    }
}
