//! Queue, orders, messages, texts.

use paillasse_shared::domain::order::OrderState;
use paillasse_shared::protocol::queue::{CauseLine, OrderView};
use ratatui::layout::Rect;

use super::reception::{empty, titled};
use crate::command::Cmd;
use crate::keymap::Context;
use crate::messages as m;
use crate::state::State;
use crate::state::screen::{Inbox, MessageScreen, OrderScreen, Orders, Pane, PaneKind, Queue};
use crate::theme::Role;
use crate::view::pen::Pen;
use crate::view::widgets::table::{self, Column, Row};
use crate::view::widgets::{bandeau, sign};

const CAUSES: &[Column] = &[
    Column::new("", 1),
    Column::new(m::COL_CAUSE, 28).grow(5).marked(),
    Column::new(m::COL_COUNT, 6).right(),
    Column::new(m::COL_SINCE, 6),
    Column::new(m::COL_CURE, 22).grow(1).from(70),
];

pub(super) fn queue(pen: &mut Pen<'_>, body: Rect, state: &State, s: &Queue) {
    let list = titled(pen, body, m::QUEUE);
    let Some(summary) = &s.summary else {
        pen.text(3, list.y, body.width, m::LOADING, Role::Quiet);
        return;
    };
    if summary.causes.is_empty() {
        pen.text(3, list.y, body.width, m::ALL_LEFT, Role::StatusOk);
        return;
    }
    let rows: Vec<Row> = summary
        .causes
        .iter()
        .map(|c| {
            let mark = sign::delivery(c.state);
            vec![
                (mark.get(pen.look.ascii).to_owned(), mark.role),
                (c.label.clone(), Role::Text),
                (c.count.to_string(), Role::Strong),
                (state.moment(c.since), Role::Text),
                (short_cure(pen, c), Role::Label),
            ]
        })
        .collect();
    let explain_h = 6.min(list.height / 3 + 1);
    let used = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(1);
    let table_h = used.min(list.height.saturating_sub(explain_h));
    table::draw(
        pen,
        Rect { height: table_h, ..list },
        CAUSES,
        &rows,
        Some(s.selected),
        state.layers.is_empty(),
    );
    let y = list.y + table_h;
    pen.rule(y, false);
    let area = Rect::new(2, y + 1, body.width.saturating_sub(4), list.bottom().saturating_sub(y + 1));
    let Some(cause) = summary.causes.get(s.selected) else { return };
    let example = s.example.as_ref().filter(|(key, _)| *key == cause.key).map(|(_, o)| o);
    let mut y = area.y;
    if let Some(order) = example {
        pen.text(2, y, area.width, &order_line(state, order), Role::Strong);
        y += 1;
        if let Some(why) = &order.why {
            y += pen.wrap(Rect::new(2, y, area.width, 2), why, Role::Text);
        }
    }
    if let Some(cure) = &cause.cure {
        y += pen.wrap(Rect::new(2, y, area.width, 2), cure, Role::Label);
    }
    if let Some(next) = cause.next_try {
        pen.text(2, y, area.width, &m::next_try(&state.moment(next)), Role::Quiet);
    }
}

/// The cure in a few words, with the key that goes there.
fn short_cure(pen: &Pen<'_>, c: &CauseLine) -> String {
    let contexts = [Context::Queue];
    let key = |cmd| pen.look.keymap.key_for(&contexts, cmd).map(|k| k.to_string()).unwrap_or_default();
    match m::short_cure(&c.reason) {
        _ if c.state == OrderState::Leased => m::ON_ITS_WAY.to_owned(),
        Ok(words) => format!("{} {words}", key(Cmd::OrderCure)),
        Err(words) => words.to_owned(),
    }
}

fn order_line(state: &State, o: &OrderView) -> String {
    let mut text = String::new();
    if let Some(number) = &o.number {
        text = format!("{number}  ");
    }
    if let Some(name) = &o.patient_name {
        text = format!("{text}{}  ", state.name(name));
    }
    let service = o.service.label();
    if o.recipient.is_empty() || o.recipient == service {
        return format!("{text}{service}");
    }
    format!("{text}{service} → {}", o.recipient)
}

/// The DMP is the recipient itself; a person is named with the way to reach them.
fn towards(o: &OrderView) -> String {
    match o.recipient.as_str() {
        "" => o.service.label().to_owned(),
        r if r == o.service.label() => r.to_owned(),
        r => format!("{} {r}", o.service.label()),
    }
}

const ORDERS: &[Column] = &[
    Column::new(m::COL_DOSSIER, 10).marked(),
    Column::new(m::COL_PATIENT, 20).grow(2),
    Column::new(m::COL_TO, 20).grow(2),
    Column::new(m::COL_STATE, 12),
    Column::new(m::COL_SINCE, 6),
];

pub(super) fn orders(pen: &mut Pen<'_>, body: Rect, state: &State, s: &Orders) {
    let list = titled(pen, body, &s.label);
    let Some(items) = &s.list else {
        pen.text(3, list.y, body.width, m::LOADING, Role::Quiet);
        return;
    };
    let rows: Vec<Row> = items
        .iter()
        .map(|o| {
            let mark = sign::delivery(o.state);
            vec![
                (o.number.clone().unwrap_or_else(|| o.id.to_string()), Role::Text),
                (o.patient_name.as_deref().map(|n| state.name(n)).unwrap_or_default(), Role::Text),
                (towards(o), Role::Text),
                (format!("{} {}", mark.get(pen.look.ascii), o.state.label()), mark.role),
                (state.moment(o.since), Role::Quiet),
            ]
        })
        .collect();
    table::draw(pen, list, ORDERS, &rows, Some(s.selected), state.layers.is_empty());
}

pub(super) fn order(pen: &mut Pen<'_>, body: Rect, state: &State, s: &OrderScreen) {
    let Some(detail) = &s.detail else {
        titled(pen, body, m::LOADING);
        return;
    };
    let o = &detail.order;
    let area = titled(pen, body, &order_line(state, o));
    let w = area.width.saturating_sub(3);
    let mut y = area.y;
    let mark = sign::delivery(o.state);
    let status = format!("{} {}", mark.get(pen.look.ascii), o.state.label());
    let since = format!("  depuis {}", state.instant(o.since));
    pen.spans(2, y, w, &[(&status, mark.role), (&since, Role::Quiet)]);
    y += 1;
    if let Some(identity) = o.identity {
        let mark = sign::identity(identity);
        let text = format!("{} {}", mark.get(pen.look.ascii), identity.label());
        pen.spans(2, y, w, &[(m::IDENTITY_OF_PATIENT, Role::Label), (&text, mark.role)]);
        y += 1;
    }
    if let Some(why) = &o.why {
        y += pen.wrap(Rect::new(2, y, w, 3), why, Role::Text);
    }
    if let Some(due) = o.due_at {
        pen.text(2, y, w, &m::next_try(&state.instant(due)), Role::Quiet);
        y += 1;
    }
    if let Some(id) = &o.identifier {
        pen.spans(2, y, w, &[("Identifiant ", Role::Label), (id, Role::Quiet)]);
        y += 1;
    }
    y += 1;
    pen.text(2, y, w, m::GATES, Role::Heading);
    y += 1;
    for gate in &detail.gates {
        if y >= area.bottom() {
            return;
        }
        let (sign, role) = match (&gate.reason, pen.look.ascii) {
            (None, false) => ("✓", Role::StatusOk),
            (None, true) => ("+", Role::StatusOk),
            (Some(_), false) => ("‖", Role::StatusHold),
            (Some(_), true) => ("=", Role::StatusHold),
        };
        let why = gate.why.as_ref().map(|w| format!(" : {w}")).unwrap_or_default();
        pen.spans(
            3,
            y,
            w,
            &[(sign, role), (" ", Role::Text), (&gate.name, Role::Text), (&why, Role::StatusHold)],
        );
        y += 1;
    }
    y += 1;
    pen.text(2, y, w, m::ATTEMPTS, Role::Heading);
    y += 1;
    if detail.attempts.is_empty() {
        pen.text(3, y, w, m::NO_ATTEMPT, Role::Quiet);
    }
    for a in &detail.attempts {
        if y >= area.bottom() {
            return;
        }
        let line = format!("{:>2}. {}  {}", a.number, state.instant(a.started_at), m::outcome(&a.outcome));
        pen.text(3, y, w, &line, Role::Text);
        y += 1;
        if let Some(words) = &a.words {
            let height = area.bottom().saturating_sub(y).min(3);
            y += pen.wrap(Rect::new(7, y, w.saturating_sub(5), height), &format!("« {words} »"), Role::Quiet);
        }
    }
}

const MESSAGES: &[Column] = &[
    Column::new(m::COL_RECEIVED, 6),
    Column::new(m::COL_SENDER, 14).grow(1).marked(),
    Column::new(m::COL_KIND, 9),
    Column::new(m::COL_STATE, 12),
    Column::new(m::COL_WHY, 20).grow(4),
];

pub(super) fn inbox(pen: &mut Pen<'_>, body: Rect, state: &State, s: &Inbox) {
    let list = titled(pen, body, m::INBOX);
    let Some(items) = &s.list else {
        pen.text(3, list.y, body.width, m::LOADING, Role::Quiet);
        return;
    };
    if items.is_empty() {
        empty(pen, list, m::NO_MESSAGE);
        return;
    }
    use paillasse_shared::protocol::inbox::InboxState as S;
    let rows: Vec<Row> = items
        .iter()
        .map(|i| {
            let role = match i.state {
                S::Filed => Role::StatusOk,
                S::Unmatched => Role::StatusHold,
                S::Verifying => Role::StatusOff,
                S::Unreadable => Role::StatusAlert,
                S::Closed => Role::StatusOff,
            };
            vec![
                (state.moment(i.received_at), Role::Text),
                (i.sender.clone(), Role::Text),
                (if i.state == S::Unreadable { m::UNKNOWN.to_owned() } else { i.kind.clone() }, Role::Text),
                (i.state.label().to_owned(), role),
                (i.why.clone().unwrap_or_default(), Role::Label),
            ]
        })
        .collect();
    let used = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(1);
    let table = Rect { height: used.min(list.height.saturating_sub(5)), ..list };
    table::draw(pen, table, MESSAGES, &rows, Some(s.selected), state.layers.is_empty());
    // Below: the whole reason of the chosen one, and what to do.
    pen.rule(table.bottom(), false);
    let Some(chosen) = items.get(s.selected) else { return };
    let w = body.width.saturating_sub(4);
    let mut y = table.bottom() + 1;
    if let Some(why) = &chosen.why {
        y += pen.wrap(Rect::new(2, y, w, 2), &m::capital(why), Role::Text);
    }
    pen.wrap(Rect::new(2, y, w, 2), m::message_advice(chosen.state), Role::Label);
}

pub(super) fn message(pen: &mut Pen<'_>, body: Rect, state: &State, s: &MessageScreen) {
    let Some(d) = &s.detail else {
        titled(pen, body, m::LOADING);
        return;
    };
    let v = &d.message;
    let title = format!("{}  {}  {}  {}", v.kind, v.sender, state.instant(v.received_at), v.state.label());
    let area = titled(pen, body, &title);
    let w = area.width.saturating_sub(3);
    let mut y = area.y;
    let mut remarks: Vec<&String> = v.why.iter().chain(d.remarks.iter()).collect();
    remarks.dedup();
    for remark in remarks {
        y += pen.wrap(Rect::new(2, y, w, 2), &m::capital(remark), Role::NoticeWarning);
    }
    y += 1;
    // HL7 separates its segments by carriage returns.
    let text = d.text.replace("\r\n", "\n").replace('\r', "\n");
    for line in text.lines().skip(s.top).take(usize::from(area.bottom().saturating_sub(y))) {
        pen.text(2, y, w, line, Role::Text);
        y += 1;
    }
}

pub(super) fn pane(pen: &mut Pen<'_>, body: Rect, state: &State, s: &Pane) {
    let area = match &s.record {
        Some(record) => {
            bandeau::draw(pen, state, body.y, Some(record), &s.title);
            let h = bandeau::HEIGHT;
            Rect::new(body.x, body.y + h, body.width, body.height.saturating_sub(h))
        }
        None => titled(pen, body, &s.title),
    };
    if state.restricted && matches!(s.kind, PaneKind::Preview(_) | PaneKind::Billing) {
        pen.text(2, area.y, area.width, m::RESTRICTED_TEXT, Role::Quiet);
        return;
    }
    let Some(lines) = &s.lines else {
        pen.text(2, area.y, area.width, m::LOADING, Role::Quiet);
        return;
    };
    if lines.is_empty() {
        pen.text(2, area.y, area.width, m::NOTHING_FOUND, Role::Quiet);
    }
    for (i, line) in lines.iter().skip(s.top).take(usize::from(area.height)).enumerate() {
        let y = area.y + u16::try_from(i).unwrap_or(0);
        pen.text(2, y, area.width.saturating_sub(3), line, Role::Text);
    }
}
