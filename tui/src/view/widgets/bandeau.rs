//! The two-line bandeau of every patient screen: identity as on a wristband, then status, what is
//! missing, information of the patient and DMP. The status stands in letters, never in colour only.

use paillasse_shared::domain::identity::{Sex, ShownField};
use paillasse_shared::messages::fr;
use paillasse_shared::protocol::patient::PatientRecord;

use super::sign;
use crate::messages as m;
use crate::state::State;
use crate::theme::Role;
use crate::view::pen::{Pen, cells};

/// Lines it takes, rules included.
pub const HEIGHT: u16 = 4;

/// Draws the bandeau from line `y` on; `right` is what the screen itself adds on the first line.
pub fn draw(pen: &mut Pen<'_>, state: &State, y: u16, record: Option<&PatientRecord>, right: &str) {
    pen.rule(y, true);
    pen.rule(y + 3, true);
    let width = pen.area().width;
    let room = width.saturating_sub(3);
    let side = if right.is_empty() { 0 } else { cells(right) + 2 };
    if !right.is_empty() {
        pen.right(width - 1, y + 1, side, right, Role::Strong);
    }
    let Some(record) = record else {
        pen.text(2, y + 1, room, m::LOADING, Role::Quiet);
        return;
    };
    let t = &record.traits;
    let birth_name = state.name(t.birth_name.as_str());
    let x = pen.text(2, y + 1, room - side, &birth_name, Role::Strong);
    let first = state.name(t.first_name.as_str());
    let mut x = pen.text(x + 1, y + 1, (room - side).saturating_sub(x), &capitals(&first), Role::Strong);
    if let Some(used) = record.used.name.as_ref().filter(|_| state.shows(ShownField::UsedName)) {
        x = pen.text(
            x + 1,
            y + 1,
            (room - side).saturating_sub(x),
            &format!("({})", state.name(used.as_str())),
            Role::Text,
        );
    }
    let born = if t.sex == Sex::F { "née le" } else { "né le" };
    let age = record.age.map(|a| format!(" ({a} ans)")).unwrap_or_default();
    let placed = !state.restricted && state.shows(ShownField::BirthPlace);
    let place = record.birth_place_label.as_ref().filter(|_| placed);
    let place = place.map(|p| format!(" à {p}")).unwrap_or_default();
    let born = if state.restricted { born.replace(" le", " en") } else { born.to_owned() };
    let facts = format!("{}   {born} {}{age}{place}", t.sex.letter(), state.born(&t.birth_date.iso()));
    pen.text(x + 3, y + 1, (room - side).saturating_sub(x + 1), &facts, Role::Text);

    let mark = sign::identity(record.status);
    let mut status = format!("{} {}", mark.get(pen.look.ascii), record.status.label());
    for (on, word) in [
        (record.state.homonyme, "homonyme"),
        (record.state.douteux, "douteuse"),
        (record.state.fictif, "fictive"),
    ] {
        if on {
            status = format!("{status}, {word}");
        }
    }
    let (mes, role) = match (record.consent.informed, record.consent.opposed) {
        (_, true) => (m::MES_OPPOSED, Role::StatusHold),
        (true, false) => (m::MES_INFORMED, Role::StatusOk),
        (false, false) => (m::MES_NOT_INFORMED, Role::Quiet),
    };
    let fed = !record.consent.opposed && fr::missing(record.missing).is_none();
    let dmp = match (fed, pen.look.ascii) {
        (true, false) => "DMP ✓",
        (false, false) => "DMP ✗",
        (true, true) => "DMP oui",
        (false, true) => "DMP non",
    };
    let tail = cells(mes) + 3 + cells(dmp);
    let start = width.saturating_sub(tail + 1);
    let x = pen.text(2, y + 2, start.saturating_sub(4), &status, mark.role);
    if let Some(missing) = fr::missing(record.missing) {
        let left = start.saturating_sub(x + 5);
        // The short form before a cut: "une pièce" says enough beside the status.
        let text = if cells(&missing) > left { missing.replace(" d'identité", "") } else { missing };
        pen.spans(x, y + 2, start.saturating_sub(x + 2), &[(" : ", Role::Text), (&text, Role::Text)]);
    }
    let x = pen.text(start, y + 2, width.saturating_sub(start), mes, role);
    pen.text(x + 3, y + 2, width.saturating_sub(x + 3), dmp, Role::Text);
}

/// `JEAN-BAPTISTE` as `Jean-Baptiste`: names are stored in capitals, read better otherwise.
pub fn capitals(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|c| {
            let shown = if start { c } else { c.to_lowercase().next().unwrap_or(c) };
            start = matches!(c, ' ' | '-' | '\'');
            shown
        })
        .collect()
}
