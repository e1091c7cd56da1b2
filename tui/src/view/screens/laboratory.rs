//! Registering a dossier, results, validation.

use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::order::{OrderState, Service};
use paillasse_shared::protocol::dossier::DossierView;
use ratatui::layout::Rect;

use super::reception::{empty, titled};
use crate::messages as m;
use crate::state::State;
use crate::state::screen::{DossierScreen, Leaving, NewDossier, Review, Step, Validation};
use crate::theme::Role;
use crate::view::pen::{Pen, cells};
use crate::view::widgets::table::{self, Column, Row};
use crate::view::widgets::{bandeau, input, results, sign};

pub(super) fn new_dossier(pen: &mut Pen<'_>, body: Rect, state: &State, s: &NewDossier) {
    let title = match &s.lab_number {
        Some(number) => m::received_number(number),
        None => m::NEW_DOSSIER.to_owned(),
    };
    let right = if s.urgent { format!("{} · {title}", m::URGENT) } else { title };
    bandeau::draw(pen, state, body.y, s.record.as_deref(), &right);
    let y = body.y + bandeau::HEIGHT;
    let w = body.width;
    let focus = state.layers.is_empty();
    let mut line = y;
    for (title, at, chosen) in [
        (m::EXAMS, !s.at_correspondents, s.exams.iter().map(|(_, l)| l.clone()).collect::<Vec<_>>()),
        (m::CORRESPONDENTS, s.at_correspondents, people(s)),
    ] {
        pen.text(2, line, 16, title, if at { Role::Heading } else { Role::Label });
        let text = if chosen.is_empty() { m::NONE_YET.to_owned() } else { chosen.join(", ") };
        let role = if chosen.is_empty() { Role::Quiet } else { Role::Strong };
        line += pen.wrap(Rect::new(18, line, w.saturating_sub(19), 3), &text, role).max(1);
        if at {
            input::draw(pen, 18, line, w.saturating_sub(20).min(46), &s.field, focus);
            line += 2;
        }
    }
    // An empty field shows what there is; nothing is chosen until a move or a letter.
    let meant = !s.field.is_blank() || s.browsed;
    let found: Vec<(String, String)> = if s.at_correspondents {
        s.people_found
            .iter()
            .map(|c| {
                let f = &c.facts;
                let name = format!("{} {}", f.family, f.given);
                let more = [f.profession_label.clone(), f.town.clone(), f.mss_address.clone()];
                (name, more.into_iter().flatten().collect::<Vec<_>>().join(" · "))
            })
            .collect()
    } else {
        s.exams_found
            .iter()
            .map(|(code, label, detail)| (label.clone(), format!("{code}  {detail}")))
            .collect()
    };
    let area = Rect::new(18, line + 1, w.saturating_sub(19), body.bottom().saturating_sub(line + 1));
    pick_list(pen, area, &found, s.selected, meant);
    if found.is_empty() && s.answered.is_some() {
        pen.text(18, line + 1, w, m::NOTHING_FOUND, Role::Quiet);
    }
}

fn people(s: &NewDossier) -> Vec<String> {
    let lab = usize::from(s.lab_number.is_some());
    let role = |i: usize| match i {
        0 if lab == 1 => m::REQUESTING_LAB,
        i if i == lab => CorrespondentRole::Prescriber.label(),
        _ => CorrespondentRole::Copy.label(),
    };
    s.people.iter().enumerate().map(|(i, (_, name))| format!("{name} ({})", role(i))).collect()
}

/// Lines to choose from: label, then more about it. `meant`: the selected one would be taken.
pub(in crate::view) fn pick_list(
    pen: &mut Pen<'_>,
    area: Rect,
    rows: &[(String, String)],
    selected: usize,
    meant: bool,
) {
    let height = usize::from(area.height);
    if height == 0 {
        return;
    }
    let label_w = (area.width / 2).min(40);
    let first = selected / height * height;
    for (i, (label, detail)) in rows.iter().enumerate().skip(first).take(height) {
        let y = area.y + u16::try_from(i - first).unwrap_or(0);
        let here = meant && i == selected;
        let mark = if pen.look.ascii { ">" } else { "▸" };
        if here {
            pen.text(area.x, y, 1, mark, Role::Key);
            pen.band(Rect::new(area.x + 2, y, label_w, 1), Role::Selected);
        }
        pen.text(area.x + 2, y, label_w, label, if here { Role::Selected } else { Role::Text });
        pen.text(area.x + label_w + 4, y, area.width.saturating_sub(label_w + 4), detail, Role::Quiet);
    }
}

pub(super) fn dossier(pen: &mut Pen<'_>, body: Rect, state: &State, s: &DossierScreen) {
    let right = s.view.as_ref().map_or_else(String::new, |v| {
        let urgent = if v.urgent { format!("{} · ", m::URGENT) } else { String::new() };
        let what = if s.review.is_some() { m::VALIDATION_SHORT } else { m::COL_DOSSIER };
        format!("{urgent}{what} {}", v.number)
    });
    bandeau::draw(pen, state, body.y, s.record.as_deref(), &right);
    let top = body.y + bandeau::HEIGHT;
    let Some(view) = &s.view else {
        pen.text(2, top, body.width, m::LOADING, Role::Quiet);
        return;
    };
    let foot = foot_lines(state, s, view, body.width.saturating_sub(3), pen.look.ascii);
    let foot_h = u16::try_from(foot.len()).unwrap_or(0).min(body.height / 3);
    let area = Rect::new(0, top, body.width, body.bottom().saturating_sub(top + foot_h));
    results::draw(pen, area, state, s);
    for (i, spans) in foot.iter().take(foot_h as usize).enumerate() {
        let y = body.bottom() - foot_h + u16::try_from(i).unwrap_or(0);
        let mut x = 2;
        for (text, role) in spans {
            x = pen.text(x, y, body.width.saturating_sub(x + 1), text, *role);
        }
    }
}

type Spans = Vec<(String, Role)>;

/// Alerts, correspondents, then what leaves or has left.
fn foot_lines(state: &State, s: &DossierScreen, view: &DossierView, width: u16, ascii: bool) -> Vec<Spans> {
    let mut lines: Vec<Spans> = Vec::new();
    for alert in &view.alerts {
        lines.push(vec![("! ".to_owned(), Role::StatusAlert), (alert.clone(), Role::NoticeWarning)]);
    }
    if s.review.is_none() {
        let who: Vec<String> = view
            .correspondents
            .iter()
            .map(|c| {
                format!(
                    "{} {} ({})",
                    c.correspondent.facts.family,
                    c.correspondent.facts.given,
                    c.role.label()
                )
            })
            .collect();
        let text = if who.is_empty() { m::NONE_YET.to_owned() } else { who.join(", ") };
        lines.push(vec![(format!("{} : ", m::CORRESPONDENTS), Role::Label), (text, Role::Text)]);
        if let Some(from) = &view.received_from {
            let text = m::received_number(&from.number);
            lines.push(vec![
                (format!("{} : ", m::RECEIVED_FROM), Role::Label),
                (format!("{} · {text}", from.laboratory.facts.family), Role::Text),
            ]);
        }
        let (word, day) = (view.state.label(), state.instant(view.sampled_at));
        lines.push(vec![(
            format!("Dossier {word}, prélevé le {}", day.get(..16).unwrap_or(&day)),
            Role::Quiet,
        )]);
    }
    // What leaves after the validation says it line by line; once it left, this line does.
    if let (Some(from), false) = (&view.received_from, view.documents.is_empty()) {
        lines.push(vec![(from.why.clone(), Role::Quiet)]);
    }
    if let (Some(document), Leaving::Partial) = (view.documents.first(), s.leaving()) {
        lines.push(vec![(m::partial(document.version, s.awaited()), Role::Label)]);
    } else if let Some(document) = view.documents.first() {
        let items =
            document.orders.iter().map(|o| (o.service, o.recipient.as_str(), o.state, o.why.as_deref()));
        lines.extend(leaving(&format!("{} v{} : ", m::SENDINGS, document.version), items, width, ascii));
        let sign = sign::delivery(OrderState::Held).get(ascii);
        for (on, text) in [(document.held, m::HELD_SHORT), (document.invisible, m::HIDDEN_SHORT)] {
            if on {
                lines.push(vec![(format!("{sign} {text}"), Role::StatusHold)]);
            }
        }
    } else if s.step() != Step::Nothing || s.review.is_some() {
        let marks = s.review.unwrap_or_default();
        lines.extend(marked(marks));
        let items = view.departures.iter().map(|d| {
            let held = d.reason.is_some() || marks.hold;
            let state = if held { OrderState::Held } else { OrderState::Scheduled };
            (d.service, d.recipient.as_str(), state, d.why.as_deref())
        });
        let title = if s.awaited() > 0 { m::DEPARTURE_LATER } else { m::DEPARTURE };
        lines.extend(leaving(&format!("{title} : "), items, width, ascii));
    }
    if lines.iter().any(|l| !l.is_empty()) {
        lines.insert(0, Vec::new());
    }
    lines
}

/// What leaves, recipient by recipient, on as many lines as needed; then why something is held.
fn leaving<'a>(
    title: &str,
    items: impl Iterator<Item = (Service, &'a str, OrderState, Option<&'a str>)>,
    width: u16,
    ascii: bool,
) -> Vec<Spans> {
    let mut lines: Vec<Spans> = Vec::new();
    let mut line: Spans = vec![(title.to_owned(), Role::Label)];
    let mut used = cells(title);
    let mut whys: Vec<String> = Vec::new();
    for (service, recipient, state, why) in items {
        // The DMP is the recipient itself; a person is named with the way to reach them.
        let name = match recipient {
            "" => service.label().to_owned(),
            r if r == service.label() => r.to_owned(),
            r => format!("{r} ({})", service.label()),
        };
        let mark = sign::delivery(state);
        let status = format!(" {} {}", mark.get(ascii), state.label());
        let need = cells(&name) + cells(&status) + 3;
        if used + need > width && line.len() > 1 {
            lines.push(std::mem::replace(&mut line, vec![("  ".to_owned(), Role::Label)]));
            used = 2;
        }
        used += need;
        // The receiver's words of an acceptance are one key further, in the detail of the order.
        if let Some(why) = why.filter(|_| state != OrderState::Delivered) {
            whys.push(format!("  {name} : {why}"));
        }
        line.extend([(name, Role::Text), (status, mark.role), ("   ".to_owned(), Role::Text)]);
    }
    lines.push(line);
    lines.extend(whys.into_iter().take(2).map(|w| vec![(w, Role::Quiet)]));
    lines
}

fn marked(marks: Review) -> Option<Spans> {
    let text = match (marks.hold, marks.invisible) {
        (false, false) => return None,
        (true, false) => m::WILL_HOLD_SHORT.to_owned(),
        (false, true) => m::WILL_HIDE_SHORT.to_owned(),
        (true, true) => format!("{}, {}", m::WILL_HOLD_SHORT, m::WILL_HIDE_SHORT),
    };
    Some(vec![("‖ ".to_owned(), Role::StatusHold), (text, Role::StatusHold)])
}

const TO_VALIDATE: &[Column] = &[
    Column::new(m::COL_WORST, 4),
    Column::new(m::COL_DOSSIER, 10).marked(),
    Column::new(m::COL_PATIENT, 16).grow(3),
    Column::new(m::COL_IDENTITY, 12),
    Column::new(m::COL_DAY, 9).right().from(70),
    Column::new(m::COL_STATE, 10),
    Column::new(m::COL_DONE, 6).right().from(84),
];

pub(super) fn validation(pen: &mut Pen<'_>, body: Rect, state: &State, s: &Validation) {
    let list = titled(pen, body, m::VALIDATION);
    let Some(items) = &s.list else {
        pen.text(3, list.y, body.width, m::LOADING, Role::Quiet);
        return;
    };
    if items.is_empty() {
        empty(pen, list, m::NOTHING_TO_VALIDATE);
        return;
    }
    let rows: Vec<Row> = items
        .iter()
        .map(|d| {
            let (worst, role) = match d.worst {
                Some(f) if f.is_critical() => (f.french(), Role::Critical),
                Some(f) => (f.french(), Role::Abnormal),
                None => ("", Role::Text),
            };
            let mark = sign::identity(d.status);
            let word = if d.urgent { m::URGENT } else { d.state.label() };
            vec![
                (worst.to_owned(), role),
                (d.number.clone(), Role::Text),
                (state.name(&d.patient_name), Role::Text),
                (format!("{} {}", mark.get(pen.look.ascii), d.status.label()), mark.role),
                (state.moment(d.opened_at), Role::Text),
                (word.to_owned(), if d.urgent { Role::StatusAlert } else { Role::Text }),
                (format!("{}/{}", d.done, d.total), Role::Quiet),
            ]
        })
        .collect();
    table::draw(pen, list, TO_VALIDATE, &rows, Some(s.selected), state.layers.is_empty());
}
