//! What lies on top of a screen: drawn last, from the bottom layer up.

use ratatui::layout::Rect;

use crate::command::{COMMANDS, Cmd, Group};
use crate::keymap::Context;
use crate::messages as m;
use crate::state::State;
use crate::state::layer::{Choice, Confirm, Layer, Picker, Prompt};
use crate::theme::Role;
use crate::update::layers::palette_matches;
use crate::view::pen::{Pen, cells, wrapped};
use crate::view::screens::pick_list;
use crate::view::widgets::input;

/// Draws every layer.
pub fn draw(pen: &mut Pen<'_>, body: Rect, state: &State) {
    for layer in &state.layers {
        match layer {
            Layer::Help { top } => help(pen, body, state, *top),
            Layer::Palette { field, selected } => palette(pen, body, state, field, *selected),
            Layer::Choice(c) => choice(pen, body, c),
            Layer::Picker(p) => picker(pen, body, p),
            Layer::Confirm(c) => confirm(pen, body, c),
            Layer::Prompt(p) => prompt(pen, body, p),
        }
    }
}

/// Centred, below the bandeau when the window allows it: the identity stays readable.
fn place(body: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(body.width.saturating_sub(2));
    let below = if body.height >= height + 4 { 4 } else { 0 };
    let height = height.min(body.height);
    let x = body.x + (body.width - width) / 2;
    let y = body.y + below + (body.height - below).saturating_sub(height) / 3;
    Rect::new(x, y, width, height)
}

fn inner(area: Rect) -> Rect {
    Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2))
}

fn help(pen: &mut Pen<'_>, body: Rect, state: &State, top: usize) {
    let lines = help_lines(pen, state);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(body.height);
    let area = Rect::new(1, body.y, body.width.saturating_sub(2), height);
    pen.frame(area, m::HELP);
    let area = inner(area);
    let top = top.min(lines.len().saturating_sub(usize::from(area.height)));
    for (i, (key, text, role)) in lines.iter().skip(top).take(usize::from(area.height)).enumerate() {
        let y = area.y + u16::try_from(i).unwrap_or(0);
        if key.is_empty() {
            pen.text(area.x, y, area.width, text, *role);
        } else {
            pen.right(area.x + 9, y, 9, key, Role::Key);
            pen.text(area.x + 11, y, area.width.saturating_sub(11), text, *role);
        }
    }
}

/// Every command valid on the screen below the help, with its key: generated from the table.
fn help_lines(pen: &Pen<'_>, state: &State) -> Vec<(String, String, Role)> {
    let contexts = state.contexts_below_palette();
    let mut lines = Vec::new();
    for (group, title) in [
        (Group::Screen, m::HELP_SCREEN),
        (Group::Everywhere, m::HELP_EVERYWHERE),
        (Group::List, m::HELP_LIST),
        (Group::Text, m::HELP_TEXT),
    ] {
        let mut block = Vec::new();
        for c in COMMANDS.iter().filter(|c| c.group == group && c.available(&contexts, state)) {
            let key = pen.look.keymap.key_for(&contexts, c.id).map(|k| k.to_string());
            let key = match key {
                Some(key) => key,
                None if matches!(group, Group::Screen | Group::Everywhere) => m::BY_PALETTE.to_owned(),
                None => continue,
            };
            block.push((key, c.doc.to_owned(), Role::Text));
        }
        if !block.is_empty() {
            lines.push((String::new(), title.to_owned(), Role::Heading));
            lines.extend(block);
        }
        if group == Group::Screen {
            lines.push((String::new(), m::HELP_SIGNS.to_owned(), Role::Heading));
            lines.extend(m::SIGN_LINES.iter().map(|l| (String::new(), format!("  {l}"), Role::Text)));
        }
    }
    lines
}

fn palette(
    pen: &mut Pen<'_>,
    body: Rect,
    state: &State,
    field: &crate::state::field::Field,
    selected: usize,
) {
    let commands = palette_matches(state, field.text());
    let area = Rect::new(1, body.y, body.width.saturating_sub(2), body.height.min(18));
    pen.frame(area, m::PALETTE);
    let area = inner(area);
    input::draw(pen, area.x, area.y, area.width, field, true);
    let contexts = state.contexts_below_palette();
    let list = Rect::new(area.x, area.y + 2, area.width, area.height.saturating_sub(2));
    if commands.is_empty() {
        pen.text(list.x, list.y, list.width, m::NOTHING_FOUND, Role::Quiet);
    }
    let height = usize::from(list.height).max(1);
    let first = selected / height * height;
    for (i, c) in commands.iter().enumerate().skip(first).take(height) {
        let y = list.y + u16::try_from(i - first).unwrap_or(0);
        let key = pen.look.keymap.key_for(&contexts, c.id).map_or_else(String::new, |k| k.to_string());
        let here = i == selected;
        if here {
            let mark = if pen.look.ascii { ">" } else { "▸" };
            pen.text(list.x, y, 1, mark, Role::Key);
        }
        let width = list.width.saturating_sub(12);
        pen.text(list.x + 2, y, width, c.doc, if here { Role::Selected } else { Role::Text });
        pen.right(list.right(), y, cells(&key), &key, Role::Key);
    }
}

fn choice(pen: &mut Pen<'_>, body: Rect, c: &Choice) {
    let note = wrapped(&c.note, 66);
    let note_h = if c.note.is_empty() { 0 } else { u16::try_from(note.len()).unwrap_or(0) + 1 };
    // A long list scrolls rather than hide the identity.
    let height = u16::try_from(c.items.len()).unwrap_or(0) + note_h + 2;
    let area = place(body, 72, height.min(body.height.saturating_sub(4)));
    pen.frame(area, &c.title);
    let area = inner(area);
    pen.wrap(Rect { height: note_h, ..area }, &c.note, Role::Label);
    let top = area.y + note_h;
    let room = usize::from(area.bottom().saturating_sub(top));
    let first = (c.selected + 1).saturating_sub(room);
    for (i, item) in c.items.iter().enumerate().skip(first).take(room) {
        let y = top + u16::try_from(i - first).unwrap_or(0);
        let here = i == c.selected;
        if here {
            let mark = if pen.look.ascii { ">" } else { "▸" };
            pen.text(area.x, y, 1, mark, Role::Key);
            if pen.look.plain {
                pen.cursor = Some((area.x, y));
            }
        }
        pen.text(area.x + 2, y, 1, &item.letter.to_uppercase().to_string(), Role::Key);
        let x = pen.text(
            area.x + 5,
            y,
            area.width - 5,
            &item.label,
            if here { Role::Selected } else { Role::Text },
        );
        let x = pen.text(x + 2, y, area.right().saturating_sub(x + 2), &item.differs, Role::Differs);
        let gap = if item.differs.is_empty() { 0 } else { 2 };
        pen.text(x + gap, y, area.right().saturating_sub(x + gap), &item.detail, Role::Quiet);
    }
}

fn picker(pen: &mut Pen<'_>, body: Rect, p: &Picker) {
    let area = place(body, 76, 14);
    pen.frame(area, &p.title);
    let area = inner(area);
    input::draw(pen, area.x, area.y, area.width, &p.field, true);
    let rows: Vec<(String, String)> = p.rows.iter().map(|r| (r.label.clone(), r.detail.clone())).collect();
    let list = Rect::new(area.x, area.y + 2, area.width, area.height.saturating_sub(2));
    if rows.is_empty() {
        pen.text(list.x, list.y, list.width, m::NOTHING_FOUND, Role::Quiet);
    }
    pick_list(pen, list, &rows, p.selected, true);
}

fn confirm(pen: &mut Pen<'_>, body: Rect, c: &Confirm) {
    let lines: Vec<String> = c.lines.iter().flat_map(|l| wrapped(l, 62)).collect();
    let question = wrapped(&c.question, 62);
    let height = u16::try_from(lines.len() + question.len()).unwrap_or(0) + 5;
    let area = place(body, 68, height);
    pen.frame(area, m::CONFIRM);
    let area = inner(area);
    let mut y = area.y;
    for line in &question {
        pen.text(area.x, y, area.width, line, Role::Strong);
        y += 1;
    }
    for line in &lines {
        pen.text(area.x, y, area.width, line, Role::Text);
        y += 1;
    }
    y += 1;
    let end = pen.spans(area.x, y, area.width, &[("O", Role::Key), (" Oui     ", Role::Text)]);
    let keys = [("Échap", Role::Key), (" ou ", Role::Label), ("N", Role::Key), (" Non", Role::Text)];
    pen.spans(end, y, area.right().saturating_sub(end), &keys);
    if pen.look.plain {
        pen.cursor = Some((area.x, y));
    }
}

fn prompt(pen: &mut Pen<'_>, body: Rect, p: &Prompt) {
    let note = wrapped(&p.note, 66);
    let note_h = u16::try_from(note.len()).unwrap_or(1);
    let area = place(body, 72, note_h + 6);
    pen.frame(area, &p.title);
    let area = inner(area);
    pen.wrap(Rect { height: note_h, ..area }, &p.note, Role::Label);
    input::draw(pen, area.x, area.y + note_h + 1, area.width, &p.field, true);
    let keep = if p.then.is_gentle("") { Cmd::PromptAccept } else { Cmd::Confirm };
    let keep = pen.look.keymap.key_for(&[Context::Reason], keep).map(|k| k.to_string()).unwrap_or_default();
    let keys = [
        (keep.as_str(), Role::Key),
        (" Confirmer     ", Role::Text),
        ("Échap", Role::Key),
        (" Fermer", Role::Text),
    ];
    pen.spans(area.x, area.y + note_h + 3, area.width, &keys);
}
