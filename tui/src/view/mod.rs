//! Drawing: a pure function of `&State`. Views name roles and messages, never colours or sentences.
//!
//! Line 1 says where and who, line 2 the services and the work lists; then the body; the last but
//! one line says what just happened or what to do; the last one the keys that matter now.

pub mod overlays;
pub mod pen;
pub mod screens;
pub mod widgets;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::command::COMMANDS;
use crate::keymap::{Context, Keymap};
use crate::messages as m;
use crate::state::{Level, State};
use crate::theme::{Role, Theme};
use pen::{Pen, cells};

/// Smallest window in which the screens are complete enough to work.
pub const SMALLEST: (u16, u16) = (60, 20);

/// How things look.
pub struct Look<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// Keys, to show them.
    pub keymap: &'a Keymap,
    /// No borders, no drawings.
    pub plain: bool,
    /// ASCII only.
    pub ascii: bool,
}

/// Draws everything; returns where the real cursor goes, `None` to hide it.
pub fn draw(buffer: &mut Buffer, state: &State, look: &Look<'_>) -> Option<(u16, u16)> {
    let area = buffer.area;
    let mut pen = Pen::new(buffer, look);
    pen.band(area, Role::Text);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let y = area.height / 2;
        let width = cells(m::ENLARGE).min(area.width);
        pen.text((area.width - width) / 2, y, area.width, m::ENLARGE, Role::Strong);
        if state.is_school() {
            pen.text(0, 0, area.width, m::SCHOOL, Role::School);
        }
        return None;
    }
    header(&mut pen, state);
    services(&mut pen, state);
    let body = Rect::new(0, 2, area.width, area.height - 4);
    screens::draw(&mut pen, body, state);
    if !state.layers.is_empty() {
        // The field below an overlay keeps its look, the cursor goes to the overlay.
        pen.cursor = None;
    }
    overlays::draw(&mut pen, body, state);
    notice(&mut pen, state);
    footer(&mut pen, state);
    pen.cursor
}

fn header(pen: &mut Pen<'_>, state: &State) {
    let w = pen.area().width;
    pen.band(Rect::new(0, 0, w, 1), Role::TitleQuiet);
    let mut right = w;
    if state.is_school() {
        let width = cells(m::SCHOOL);
        right -= width;
        pen.text(right, 0, width, m::SCHOOL, Role::School);
        right -= 1;
    }
    let who = state.who();
    let width = cells(&who).min(right.saturating_sub(14));
    right -= width + 1;
    pen.text(right, 0, width, &who, Role::TitleQuiet);
    let end = pen.text(1, 0, 10, m::PROGRAM, Role::Title);
    pen.text(end + 2, 0, right.saturating_sub(end + 3), &state.place(), Role::TitleQuiet);
}

fn services(pen: &mut Pen<'_>, state: &State) {
    let w = pen.area().width;
    let lists = state.work_lists();
    let mut text: Vec<(String, Role)> = Vec::new();
    for (i, (name, count)) in lists.iter().enumerate() {
        if i > 0 {
            text.push((" · ".to_owned(), Role::Quiet));
        }
        text.push((format!("{name} "), Role::Label));
        text.push((count.to_string(), Role::Strong));
    }
    let total: u16 = text.iter().map(|(t, _)| cells(t)).sum();
    let mut x = w.saturating_sub(total + 1);
    let left_end = x.saturating_sub(2);
    for (t, role) in &text {
        x = pen.text(x, 1, w, t, *role);
    }
    let mut x = 1;
    for (name, word, role) in state.service_words() {
        let need = cells(&name) + 1 + cells(&word);
        if x + need > left_end {
            break;
        }
        x = pen.text(x, 1, need, &name, Role::Label) + 1;
        x = pen.text(x, 1, need, &word, role) + 3;
    }
}

fn notice(pen: &mut Pen<'_>, state: &State) {
    let area = pen.area();
    let y = area.height - 2;
    let (level, text) = state.announcement();
    let role = match level {
        Level::Info => Role::Notice,
        Level::Done => Role::NoticeDone,
        Level::Warning => Role::NoticeWarning,
        Level::Error => Role::NoticeError,
    };
    pen.text(2, y, area.width.saturating_sub(3), &text, role);
}

/// The keys worth showing now, in order: (key, label). Also used by tests.
#[must_use]
pub fn footer_items(state: &State, keymap: &Keymap) -> Vec<(String, &'static str)> {
    let contexts = state.contexts();
    let mut items: Vec<(u8, String, &'static str)> = COMMANDS
        .iter()
        .filter(|c| c.footer > 0 && c.available(&contexts, state))
        .filter_map(|c| {
            let key = keymap.key_for(&contexts, c.id)?;
            Some((c.footer, key.to_string(), (c.label)(state)))
        })
        .filter(|(_, _, label)| !label.is_empty())
        .collect();
    items.sort_by_key(|(rank, ..)| *rank);
    items.into_iter().map(|(_, key, label)| (key, label)).collect()
}

fn footer(pen: &mut Pen<'_>, state: &State) {
    let area = pen.area();
    let y = area.height - 1;
    let items = footer_items(state, pen.look.keymap);
    let contexts = state.contexts();
    // Help, palette and the way back keep their place whatever the others need.
    let kept = |label: &str| [m::labels::HELP, m::labels::PALETTE].contains(&label);
    let width_of = |(key, label): &(String, &str)| cells(key) + 1 + cells(label) + 2;
    let tail: u16 = items.iter().filter(|(_, l)| kept(l)).map(width_of).sum();
    let room = area.width.saturating_sub(2);
    let mut left = room.saturating_sub(tail);
    let mut x = 2;
    for item in items.iter().filter(|(_, l)| !kept(l)) {
        let need = width_of(item);
        if need <= left {
            left -= need;
            x = key_label(pen, x, y, item);
        }
    }
    for item in items.iter().filter(|(_, l)| kept(l)) {
        x = key_label(pen, x, y, item);
    }
    if contexts.contains(&Context::Choice) {
        pen.text(x, y, room.saturating_sub(x), m::OR_LETTER, Role::Label);
    }
}

fn key_label(pen: &mut Pen<'_>, x: u16, y: u16, (key, label): &(String, &str)) -> u16 {
    let width = pen.area().width.saturating_sub(x);
    pen.spans(x, y, width, &[(key, Role::Key), (" ", Role::Label), (label, Role::Label), ("  ", Role::Label)])
}
