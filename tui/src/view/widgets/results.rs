//! Results of a dossier: value right-aligned on its decimal places, flag beside it, interval, previous
//! values, trend.

use paillasse_shared::domain::result::{ResultState, ResultValue};
use paillasse_shared::protocol::dossier::ResultView;
use ratatui::layout::Rect;

use super::input;
use crate::messages as m;
use crate::state::State;
use crate::state::screen::DossierScreen;
use crate::theme::Role;
use crate::view::pen::{Pen, cells};

enum Line<'a> {
    Chapter(&'a str),
    Result(usize, &'a ResultView),
    Remark(String),
}

/// Draws the results in an area.
pub fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, screen: &DossierScreen) {
    let Some(view) = &screen.view else {
        pen.text(area.x + 2, area.y, area.width, m::LOADING, Role::Quiet);
        return;
    };
    let lines = lines(screen);
    let w = area.width;
    // Columns: label, value+unit+flag, interval, up to two previous values, trend.
    let label_w = (w * 27 / 100).clamp(16, 34) + u16::from(w >= 80);
    let value_end = area.x + 3 + label_w + 9;
    let unit_x = value_end + 1;
    let flag_x = unit_x + 8;
    let reference_x = flag_x + 3;
    let previous_w = 6;
    let dates = previous_dates(state, screen);
    let reference_end = reference_x + 12;
    let shown_dates =
        dates.len().min(usize::from(area.right().saturating_sub(reference_end) / (previous_w + 1)));
    let trend_x = reference_end + u16::try_from(shown_dates).unwrap_or(0) * (previous_w + 1) + 1;

    let title = view.chapters.first().map_or("", |c| c.title.as_str());
    pen.text(area.x + 2, area.y, label_w, title, Role::Heading);
    pen.right(value_end, area.y, 9, m::COL_RESULT, Role::Quiet);
    pen.text(reference_x, area.y, 12, m::COL_REFERENCE, Role::Quiet);
    for (i, (_, day)) in dates.iter().take(shown_dates).enumerate() {
        let end = reference_end + (u16::try_from(i).unwrap_or(0) + 1) * (previous_w + 1) - 1;
        pen.right(end, area.y, previous_w, day, Role::Quiet);
    }
    let room_for_trend = trend_x + 5 <= area.right() && !pen.look.ascii && !pen.look.plain;
    if room_for_trend && shown_dates > 0 {
        let title = if trend_x + 8 <= area.right() { m::COL_TREND } else { m::COL_TREND_SHORT };
        pen.text(trend_x, area.y, 8, title, Role::Quiet);
    }

    let height = usize::from(area.height.saturating_sub(1)).max(1);
    if lines.len() > height {
        let text = format!("{}/{}", screen.selected + 1, screen.results().len());
        pen.right(area.x + 2 + label_w, area.y, cells(&text), &text, Role::Quiet);
    }
    let at = lines.iter().position(|l| matches!(l, Line::Result(i, _) if *i == screen.selected)).unwrap_or(0);
    let first = at / height * height;
    for (row, line) in lines.iter().skip(first).take(height).enumerate() {
        let y = area.y + 1 + u16::try_from(row).unwrap_or(0);
        match line {
            Line::Chapter(title) => {
                pen.text(area.x + 2, y, label_w + 10, title, Role::Heading);
            }
            Line::Remark(text) => {
                pen.text(area.x + 5, y, w.saturating_sub(6), text, Role::NoticeWarning);
            }
            Line::Result(i, r) => {
                let here = *i == screen.selected;
                if here {
                    let mark = if pen.look.ascii { ">" } else { "▸" };
                    pen.text(area.x + 1, y, 1, mark, Role::Key);
                    if pen.look.plain && screen.edit.is_none() {
                        pen.cursor = Some((area.x + 1, y));
                    }
                }
                let role = if here { Role::Selected } else { Role::Text };
                if here {
                    pen.band(Rect::new(area.x + 3, y, label_w, 1), role);
                }
                pen.text(area.x + 3, y, label_w, &r.label, role);
                let weight = weight(r);
                match (&screen.edit, here) {
                    (Some(field), true) => {
                        let x = value_end.saturating_sub(9);
                        input::draw(pen, x, y, 9, field, state.layers.is_empty());
                    }
                    _ if is_long(r) => {
                        // A sentence needs the columns of the interval too.
                        pen.text(
                            value_end - 9,
                            y,
                            reference_end.saturating_sub(value_end - 9),
                            &r.shown,
                            weight,
                        );
                        state_word(pen, area, y, r);
                        continue;
                    }
                    _ => pen.right(value_end, y, 9, &r.shown, weight),
                }
                let unit = r.unit.as_deref().unwrap_or_default();
                let flag = r.flag.map_or("", |f| f.french());
                let reference = r.reference.as_deref().unwrap_or_default();
                // A long unit takes the empty columns behind it: a unit cut short says something else.
                let unit_w = match (flag.is_empty(), reference.is_empty()) {
                    (false, _) => 7,
                    (true, false) => reference_x - unit_x - 1,
                    (true, true) => reference_end - unit_x,
                };
                pen.text(unit_x, y, unit_w, unit, Role::Unit);
                pen.text(flag_x, y, 2, flag, weight);
                pen.text(reference_x, y, 12, reference, Role::Label);
                for (col, (date, _)) in dates.iter().take(shown_dates).enumerate() {
                    let Some(p) = r.previous.iter().find(|p| p.at == *date) else { continue };
                    let end = reference_end + (u16::try_from(col).unwrap_or(0) + 1) * (previous_w + 1) - 1;
                    pen.right(end, y, previous_w, &p.shown, Role::Quiet);
                }
                if room_for_trend {
                    pen.text(trend_x, y, 8, &trend(r), Role::Quiet);
                }
                state_word(pen, area, y, r);
            }
        }
    }
}

fn state_word(pen: &mut Pen<'_>, area: Rect, y: u16, r: &ResultView) {
    if area.width < 110 {
        return;
    }
    let (word, role) = match r.state {
        ResultState::Validated => (r.state.label(), Role::StatusOk),
        ResultState::Technical => (r.state.label(), Role::StatusWait),
        _ => (r.state.label(), Role::Quiet),
    };
    pen.right(area.right() - 1, y, cells(word), word, role);
}

fn lines(screen: &DossierScreen) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    let mut rank = 0;
    for (i, chapter) in screen.view.iter().flat_map(|v| v.chapters.iter()).enumerate() {
        if i > 0 {
            out.push(Line::Chapter(&chapter.title));
        }
        let mut group: Option<&str> = None;
        for r in &chapter.results {
            if r.group.as_deref() != group {
                group = r.group.as_deref();
                if let Some(g) = group {
                    out.push(Line::Chapter(g));
                }
            }
            out.push(Line::Result(rank, r));
            rank += 1;
            out.extend(r.remarks.iter().map(|text| Line::Remark(text.clone())));
            if let Some(comment) = &r.comment {
                out.push(Line::Remark(comment.clone()));
            }
        }
    }
    out
}

fn weight(r: &ResultView) -> Role {
    match r.flag {
        Some(f) if f.is_critical() => Role::Critical,
        Some(f) if !f.french().is_empty() => Role::Abnormal,
        _ if r.state == ResultState::Cancelled => Role::StatusOff,
        _ => Role::Text,
    }
}

fn is_long(r: &ResultView) -> bool {
    cells(&r.shown) > 9 && !matches!(r.value, Some(ResultValue::Numeric { .. }))
}

/// Days of the previous results of this dossier, latest first.
fn previous_dates(state: &State, screen: &DossierScreen) -> Vec<(jiff::Timestamp, String)> {
    let mut at: Vec<jiff::Timestamp> =
        screen.results().iter().flat_map(|r| r.previous.iter().map(|p| p.at)).collect();
    at.sort_unstable_by_key(|t| std::cmp::Reverse(*t));
    at.dedup();
    at.truncate(3);
    at.into_iter()
        .map(|t| {
            let day = state.day(t);
            // Day and month suffice within the year; the year alone says enough beyond.
            let same_year = day.ends_with(&state.today.year().to_string());
            let shown = if same_year { day.get(..5) } else { day.get(3..) };
            (t, shown.unwrap_or_default().to_owned())
        })
        .collect()
}

/// Oldest to newest, scaled between the smallest and the largest value.
fn trend(r: &ResultView) -> String {
    const STEPS: [&str; 7] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇"];
    let number = |v: &ResultValue| match v {
        ResultValue::Numeric { value, .. } => Some(value.value()),
        _ => None,
    };
    let mut values: Vec<f64> = r.previous.iter().rev().filter_map(|p| number(&p.value)).collect();
    values.extend(r.value.as_ref().and_then(number));
    if values.len() < 2 {
        return String::new();
    }
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    let span = (high - low).max(f64::EPSILON);
    values
        .iter()
        .map(|v| {
            let step = ((v - low) / span * 6.0).round().clamp(0.0, 6.0);
            // 0 to 6 by construction.
            STEPS.get(step as usize).copied().unwrap_or("")
        })
        .collect()
}
