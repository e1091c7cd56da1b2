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
use crate::keymap::Keymap;
use crate::messages as m;
use crate::state::{Level, State};
use crate::theme::{Role, Theme};
use pen::{Pen, cells, wrapped};

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
    if state.restricted {
        let width = cells(m::RESTRICTED);
        right = right.saturating_sub(width + 1);
        pen.text(right, 0, width, m::RESTRICTED, Role::Title);
        right -= 1;
    }
    // The place is never cut for a long profile: the profile gives way, then the name.
    let place = state.place();
    let left = cells(m::PROGRAM) + 3 + cells(&place) + 2;
    let room = right.saturating_sub(left).max(12).min(right.saturating_sub(14));
    let (full, name) = state.who();
    let who = if cells(&full) <= room { full } else { name };
    let width = cells(&who).min(room);
    right -= width + 1;
    pen.text(right, 0, width, &who, Role::TitleQuiet);
    let end = pen.text(1, 0, 10, m::PROGRAM, Role::Title);
    pen.text(end + 2, 0, right.saturating_sub(end + 3), &place, Role::TitleQuiet);
}

/// Services on the left, work lists on the right. What is not well is never cut: lists give way from
/// their end, then instants, then the services that are well.
fn services(pen: &mut Pen<'_>, state: &State) {
    let w = pen.area().width;
    let services = state.service_words();
    let width_of = |name: &str, word: &str| {
        if name.is_empty() { cells(word) } else { cells(name) + 1 + cells(word) }
    };
    let left: u16 = services.iter().map(|(n, word, _)| width_of(n, word) + 3).sum();
    let mut lists = state.work_lists();
    let width_of_lists = |lists: &[(&str, u64)]| -> u16 {
        lists.iter().map(|(name, count)| cells(name) + 1 + cells(&count.to_string()) + 3).sum()
    };
    while lists.len() > 1 && left + width_of_lists(&lists) > w {
        lists.pop();
    }
    let total = width_of_lists(&lists).saturating_sub(3);
    let mut x = w.saturating_sub(total + 1);
    let title = cells(m::TO_DO);
    if !lists.is_empty() && left + total + title + 2 <= w {
        pen.text(x - title, 1, title, m::TO_DO, Role::Quiet);
    }
    let left_end = if lists.is_empty() { w } else { x.saturating_sub(2) };
    for (i, (name, count)) in lists.iter().enumerate() {
        let joint = if i > 0 { " · " } else { "" };
        let count = count.to_string();
        let spans = [(joint, Role::Quiet), (*name, Role::Label), (" ", Role::Label), (&count, Role::Strong)];
        x = pen.spans(x, 1, w.saturating_sub(x), &spans);
    }
    let mut x = 1;
    for (name, word, role) in services {
        let need = width_of(&name, &word);
        if x + need.min(12) > left_end {
            break;
        }
        if !name.is_empty() {
            x = pen.text(x, 1, left_end.saturating_sub(x), &name, Role::Label) + 1;
        }
        x = pen.text(x, 1, left_end.saturating_sub(x), &word, role) + 3;
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
    let width = area.width.saturating_sub(3);
    let lines = wrapped(&text, width as usize);
    let [first, second, ..] = lines.as_slice() else {
        pen.text(2, y, width, &text, role);
        return;
    };
    // A long sentence borrows the line above for as long as it stands.
    pen.band(Rect::new(0, y - 1, area.width, 1), Role::Text);
    pen.text(2, y - 1, width, first, role);
    let rest = if lines.len() > 2 { lines.get(1..).unwrap_or_default().join(" ") } else { second.clone() };
    pen.text(2, y, width, &rest, role);
}

/// A key of the footer: key, label, and whether the person may use it (greyed when not, INS-13).
pub type FooterItem = (String, &'static str, bool);

/// The keys worth showing now, in order. Also used by tests.
#[must_use]
pub fn footer_items(state: &State, keymap: &Keymap) -> Vec<FooterItem> {
    let contexts = state.contexts();
    let mut items: Vec<(u8, FooterItem)> = COMMANDS
        .iter()
        .filter(|c| c.footer > 0 && c.possible(&contexts, state))
        .filter_map(|c| {
            let key = keymap.key_for(&contexts, c.id)?;
            Some((c.footer, (key.to_string(), (c.label)(state), c.denied(state).is_none())))
        })
        .filter(|(_, (_, label, _))| !label.is_empty())
        .collect();
    items.sort_by_key(|(rank, ..)| *rank);
    items.into_iter().map(|(_, item)| item).collect()
}

fn footer(pen: &mut Pen<'_>, state: &State) {
    let area = pen.area();
    let y = area.height - 1;
    let items = footer_items(state, pen.look.keymap);
    // Help and palette keep their place whatever the others need; the palette's label shortens first.
    let kept = |label: &str| [m::labels::HELP, m::labels::PALETTE, m::labels::PALETTE_SHORT].contains(&label);
    let width_of = |(key, label, _): &FooterItem| cells(key) + 1 + cells(label) + 2;
    let all: u16 = items.iter().map(width_of).sum();
    // The first key stands in column 2; nothing follows the last one.
    let room = area.width;
    let items: Vec<FooterItem> = items
        .into_iter()
        .map(|(key, label, may)| {
            let short = all > room && label == m::labels::PALETTE;
            (key, if short { m::labels::PALETTE_SHORT } else { label }, may)
        })
        .collect();
    let tail: u16 = items.iter().filter(|(_, l, _)| kept(l)).map(width_of).sum();
    let mut left = room.saturating_sub(tail);
    let mut x = 2;
    for item in items.iter().filter(|(_, l, _)| !kept(l)) {
        let need = width_of(item);
        if need <= left {
            left -= need;
            x = key_label(pen, x, y, item);
        }
    }
    for item in items.iter().filter(|(_, l, _)| kept(l)) {
        x = key_label(pen, x, y, item);
    }
}

fn key_label(pen: &mut Pen<'_>, x: u16, y: u16, (key, label, may): &FooterItem) -> u16 {
    let width = pen.area().width.saturating_sub(x);
    let (key_role, role) = if *may { (Role::Key, Role::Label) } else { (Role::Quiet, Role::Quiet) };
    pen.spans(x, y, width, &[(key, key_role), (" ", role), (label, role)]) + 2
}
