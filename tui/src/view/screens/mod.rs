//! One file per family of screens; each a pure function of the state.

mod delivery;
mod laboratory;
pub(in crate::view) use laboratory::pick_list;
mod reception;

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::state::State;
use crate::state::screen::Screen;

/// Draws the screen on top in the body.
pub fn draw(pen: &mut Pen<'_>, body: Rect, state: &State) {
    match state.screen() {
        Some(Screen::Home(s)) => reception::home(pen, body, state, s),
        Some(Screen::Form(s)) => reception::form(pen, body, state, s),
        Some(Screen::Patient(s)) => reception::patient(pen, body, state, s),
        Some(Screen::Compare(s)) => reception::compare(pen, body, state, s),
        Some(Screen::InsList(s)) => reception::ins_list(pen, body, state, s),
        Some(Screen::NewDossier(s)) => laboratory::new_dossier(pen, body, state, s),
        Some(Screen::Dossier(s)) => laboratory::dossier(pen, body, state, s),
        Some(Screen::Validation(s)) => laboratory::validation(pen, body, state, s),
        Some(Screen::Queue(s)) => delivery::queue(pen, body, state, s),
        Some(Screen::Orders(s)) => delivery::orders(pen, body, state, s),
        Some(Screen::Order(s)) => delivery::order(pen, body, state, s),
        Some(Screen::Inbox(s)) => delivery::inbox(pen, body, state, s),
        Some(Screen::Message(s)) => delivery::message(pen, body, state, s),
        Some(Screen::Pane(s)) => delivery::pane(pen, body, state, s),
        None => {}
    }
}
