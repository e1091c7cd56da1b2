//! Search, form, record, comparison.

use paillasse_shared::domain::identity::{Level, ShownField, StrictName};
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::patient::PatientHit;
use ratatui::layout::Rect;

use crate::messages as m;
use crate::state::screen::{Compare, FORM_FIELDS, Form, Home, InsList, PLACE_FIELD, PatientScreen};
use crate::state::{State, french_date};
use crate::theme::Role;
use crate::view::pen::{Pen, cells};
use crate::view::widgets::table::{self, Column, Row};
use crate::view::widgets::{bandeau, input, sign};

const PATIENTS: &[Column] = &[
    Column::new(m::COL_BIRTH_NAME, 14).grow(2).marked(),
    Column::new(m::COL_GIVEN, 12).grow(2),
    Column::new(m::COL_BORN, 10).right(),
    Column::new(m::COL_SEX, 1),
    Column::new(m::COL_USED, 11).grow(1).from(72),
    Column::new(m::COL_IDENTITY, 12),
    Column::new(m::COL_DOSSIER, 10).from(108),
];

pub(super) fn home(pen: &mut Pen<'_>, body: Rect, state: &State, s: &Home) {
    let y = body.y;
    pen.rule(y, false);
    let x = pen.text(2, y + 1, 12, m::SEARCH, Role::Label) + 2;
    let focus = state.layers.is_empty();
    input::draw(pen, x, y + 1, body.width.saturating_sub(x + 2), &s.field, focus);
    pen.rule(y + 2, false);
    let list = Rect::new(body.x, y + 3, body.width, body.height.saturating_sub(7));
    let below = list.bottom() + 1;
    if s.answered.is_none() {
        return;
    }
    let stale = !s.is_current() && !state.is_up();
    let cursor = pen.cursor;
    if !s.hits.is_empty() {
        let rows: Vec<Row> = s.hits.iter().map(|h| hit_cells(pen, state, h)).collect();
        table::draw(pen, list, PATIENTS, &rows, Some(s.selected), focus);
        if !s.in_list {
            pen.cursor = cursor;
        }
    }
    // Close under a short list, at the bottom under a long one.
    let used = u16::try_from(s.hits.len()).unwrap_or(u16::MAX).saturating_add(1);
    let y = below.min(list.y.saturating_add(used).saturating_add(1)).min(body.bottom().saturating_sub(2));
    let room = body.width.saturating_sub(5);
    if let Some(hit) = s.hits.get(s.selected)
        && let Some(last) = &hit.last_dossier
    {
        let text = m::last_dossier(&last.number, &state.day(last.opened_at), &last.summary);
        pen.text(3, y, room, &text, Role::Text);
    }
    let day = s.hits.first().map(|h| h.birth_date.as_str());
    let same_day = s.hits.len() > 1 && s.hits.iter().all(|h| Some(h.birth_date.as_str()) == day);
    let recent = s.field.is_blank();
    let text = match s.dossier {
        _ if stale => m::SEARCH_WAITS.to_owned(),
        None if s.hits.is_empty() && recent => m::NO_PATIENT.to_owned(),
        Some(_) => m::search_dossier(),
        None => m::search_summary(s.hits.len(), s.more, same_day, recent),
    };
    pen.text(3, y + 1, room, &text, Role::Quiet);
}

fn hit_cells(pen: &Pen<'_>, state: &State, h: &PatientHit) -> Vec<table::Cell> {
    let used = h.used_name.as_deref().filter(|_| state.shows(ShownField::UsedName));
    let mark = sign::identity(h.status);
    let twin = if h.homonyme { " hom." } else { "" };
    vec![
        (state.name(&h.birth_name), Role::Text),
        (state.name(&h.given_names), Role::Text),
        (state.born(&h.birth_date), Role::Text),
        (h.sex.clone(), Role::Text),
        (state.name(used.unwrap_or_default()), Role::Text),
        (format!("{} {}{twin}", mark.get(pen.look.ascii), h.status.label()), mark.role),
        (h.last_dossier.as_ref().map(|d| d.number.clone()).unwrap_or_default(), Role::Quiet),
    ]
}

pub(super) fn form(pen: &mut Pen<'_>, body: Rect, state: &State, s: &Form) {
    let y = body.y;
    let w = body.width;
    let above = match &s.record {
        // A correction concerns somebody: identity and status stay in sight (STA-16).
        Some(record) => {
            bandeau::draw(pen, state, y, Some(record), m::FORM_EDIT);
            bandeau::HEIGHT
        }
        None => {
            pen.rule(y, false);
            pen.text(2, y + 1, w, m::FORM_NEW, Role::Heading);
            pen.rule(y + 2, false);
            3
        }
    };
    let lock = m::LOCK.get(usize::from(pen.look.ascii)).copied().unwrap_or_default();
    let note = match &s.degraded {
        Some(why) => Some(format!("{} : {why}", m::DEGRADED_MARK)),
        None if s.locked => Some(format!("{lock} {}", m::LOCKED_HERE)),
        None if s.needs_motive => Some(m::LOCKED.to_owned()),
        None => None,
    };
    if let Some(note) = note {
        pen.text(2, y + above, w.saturating_sub(3), &note, Role::NoticeWarning);
    }
    let shown: Vec<usize> = (0..FORM_FIELDS).filter(|rank| !s.hidden.contains(rank)).collect();
    // Air between the fields when there is room for it and for the suggestions.
    let step = if body.height >= 28 { 2 } else { 1 };
    let top = y + above + 1;
    let label_end = 24;
    let width = w.saturating_sub(label_end + 8).min(44);
    let mut fy = top;
    for rank in &shown {
        let rank = *rank;
        if fy >= body.bottom() {
            break;
        }
        let here = rank == s.focus;
        let label = m::FORM_LABELS.get(rank).copied().unwrap_or_default();
        pen.right(label_end, fy, 23, label, if here { Role::Strong } else { Role::Label });
        let short = if rank == 3 || rank == 4 { 14 } else { width };
        let Some(field) = s.fields.get(rank) else { break };
        if s.is_locked(rank) {
            let x = pen.text(label_end + 2, fy, width, field.text(), Role::Locked);
            pen.text(x + 1, fy, 1, lock, Role::Locked);
        } else {
            input::draw(pen, label_end + 2, fy, short, field, here && state.layers.is_empty());
        }
        let needed = matches!(rank, 0 | 1 | 3 | 4) || (rank == PLACE_FIELD && s.needs_place);
        let empty = s.text(rank).is_empty();
        if s.fault.as_ref().is_some_and(|(r, _)| *r == rank) {
            pen.text(label_end + 3 + short, fy, 1, "!", Role::StatusAlert);
        } else if needed && empty {
            pen.text(label_end + 3 + short, fy, 1, "*", Role::Quiet);
        }
        fy += step;
    }
    let below = fy + step - 1;
    // From the left: what a commune became is read whole.
    let area = Rect::new(3, below, w.saturating_sub(4), body.bottom().saturating_sub(below));
    if s.focus == PLACE_FIELD && !s.places.is_empty() {
        let first = (s.place_selected + 1).saturating_sub(usize::from(area.height));
        for (i, place) in s.places.iter().enumerate().skip(first).take(area.height as usize) {
            let py = area.y + u16::try_from(i - first).unwrap_or(0);
            let here = i == s.place_selected;
            let mark = if pen.look.ascii { ">" } else { "▸" };
            pen.text(area.x, py, 1, if here { mark } else { " " }, Role::Key);
            let until =
                place.to.as_ref().map(|t| format!(" jusqu'au {}", french_date(t))).unwrap_or_default();
            let today = place.today.as_ref().map(|t| format!(", puis {t}")).unwrap_or_default();
            let text = format!("{} {} ({}){until}{today}", place.code, place.label, place.area);
            pen.text(area.x + 2, py, area.width - 2, &text, if here { Role::Selected } else { Role::Text });
        }
    }
}

const DOSSIERS: &[Column] = &[
    Column::new(m::COL_DOSSIER, 10).marked(),
    Column::new(m::COL_DAY, 10).right(),
    Column::new(m::COL_STATE, 30).grow(4),
];

pub(super) fn patient(pen: &mut Pen<'_>, body: Rect, state: &State, s: &PatientScreen) {
    bandeau::draw(pen, state, body.y, s.record.as_deref(), "");
    let Some(record) = &s.record else { return };
    let mut y = body.y + bandeau::HEIGHT;
    let w = body.width;
    pen.text(2, y, w, m::INS_PANEL, Role::Heading);
    y += 1;
    let label = 22;
    let mut line = |pen: &mut Pen<'_>, name: &str, value: &str, role: Role| {
        pen.text(4, y, label - 4, name, Role::Label);
        pen.text(label, y, w.saturating_sub(label + 1), value, role);
        y += 1;
    };
    match record.ins.as_ref().filter(|_| state.shows(ShownField::Matricule)) {
        Some(_) if state.restricted => line(pen, "Matricule INS", m::MASKED, Role::Quiet),
        Some(ins) => {
            let value = format!("{}  {}  OID {}", ins.grouped, ins.nature.label(), ins.oid.as_str());
            line(pen, "Matricule INS", &value, Role::Strong);
            let when = match ins.verified_at {
                Some(at) => {
                    format!("récupéré le {}, vérifié le {}", state.day(ins.recovered_at), state.day(at))
                }
                None => format!("récupéré le {}", state.day(ins.recovered_at)),
            };
            line(pen, "", &when, Role::Text);
        }
        None if record.state.from_insi && state.lacks(Right::SeeIns) => {
            line(pen, "Matricule INS", &m::ins_not_shown(), Role::Quiet);
        }
        None => line(pen, "Matricule INS", m::NO_INS, Role::Quiet),
    }
    let insi = m::insi(&record.insi, |at| state.moment(at));
    line(pen, "Téléservice", &insi, Role::Text);
    let proof = record.proof.as_ref().map_or_else(
        || "aucune pièce enregistrée".to_owned(),
        |p| format!("{}, vue le {} par {}", p.words(), state.day(p.checked_at), p.checked_by),
    );
    line(pen, "Pièce d'identité", &proof, Role::Text);
    // Read-only traits carry a sign beside their style, readable without colours (STA-10).
    let lock = m::LOCK.get(usize::from(pen.look.ascii)).copied().unwrap_or_default();
    let (lock, role) =
        if record.traits_locked { (format!(" {lock}"), Role::Locked) } else { (String::new(), Role::Text) };
    let t = &record.traits;
    // The bandeau shows these already; where there is room they are shown with their sign.
    if body.height >= 30 {
        for (name, value) in [
            ("Nom de naissance", t.birth_name.as_str()),
            ("1er prénom", t.first_name.as_str()),
            ("Né(e) le, sexe", &format!("{}  {}", t.birth_date.french(), t.sex.letter())),
        ] {
            line(pen, name, &format!("{}{lock}", state.fact(value)), role);
        }
    }
    if state.shows(ShownField::GivenNames) {
        let given = t.given_names.as_ref().map_or(m::UNKNOWN.to_owned(), |g| state.fact(g.as_str()));
        line(pen, "Prénoms", &format!("{given}{lock}"), role);
    }
    if state.shows(ShownField::BirthPlace) {
        let code = t.birth_place.as_ref().map_or(m::UNKNOWN, |c| c.as_str());
        let place = record.birth_place_label.as_deref().unwrap_or_default();
        line(pen, m::BIRTH_PLACE, &format!("{}{lock}", state.fact(&format!("{code}  {place}"))), role);
    }
    let used =
        |name: &Option<StrictName>| name.as_ref().map_or(m::UNKNOWN.to_owned(), |n| state.fact(n.as_str()));
    let names = [
        (ShownField::UsedName, "Nom utilisé", used(&record.used.name)),
        (ShownField::UsedFirstName, "Prénom utilisé", used(&record.used.first_name)),
    ];
    if body.height >= 30 {
        for (_, name, value) in names.iter().filter(|(f, ..)| state.shows(*f)) {
            line(pen, name, value, Role::Text);
        }
    } else {
        let shown: Vec<String> = names
            .iter()
            .filter(|(f, ..)| state.shows(*f))
            .map(|(_, name, value)| format!("{name} {value}"))
            .collect();
        if !shown.is_empty() {
            line(pen, "Vie courante", &shown.join(" · "), Role::Text);
        }
    }
    for (field, name, value) in [
        (ShownField::Phone, "Téléphone", &record.phone),
        (ShownField::SocialSecurity, "N° sécu (fact.)", &record.social_security),
    ] {
        if let (Some(value), true) = (value, state.shows(field)) {
            line(pen, name, &state.fact(value), Role::Text);
        }
    }
    if let Some(why) = &record.degraded {
        line(pen, m::DEGRADED_MARK, why, Role::NoticeWarning);
    }
    y += 1;
    pen.text(2, y, w, m::DOSSIERS, Role::Heading);
    y += 1;
    let list = Rect::new(0, y, w, body.bottom().saturating_sub(y));
    if record.dossiers.is_empty() {
        pen.text(4, y, w, m::NO_DOSSIER, Role::Quiet);
        return;
    }
    let rows: Vec<Row> = record
        .dossiers
        .iter()
        .map(|d| {
            vec![
                (d.number.clone(), Role::Text),
                (state.day(d.opened_at), Role::Text),
                (d.summary.clone(), Role::Text),
            ]
        })
        .collect();
    table::draw(pen, list, DOSSIERS, &rows, Some(s.selected), state.layers.is_empty());
}

pub(super) fn compare(pen: &mut Pen<'_>, body: Rect, state: &State, s: &Compare) {
    bandeau::draw(pen, state, body.y, Some(&s.record), "");
    let mut y = body.y + bandeau::HEIGHT;
    let w = body.width;
    let Some(p) = &s.pending else {
        pen.text(2, y, w, m::LOADING, Role::Quiet);
        return;
    };
    pen.text(2, y, w - 3, &format!("{} ({})", m::INSI_FOUND, p.how), Role::Strong);
    y += 2;
    let here_x = 25;
    let column = (w.saturating_sub(here_x + 3) / 2).min(40);
    let insi_x = here_x + column + 2;
    let insi_w = w.saturating_sub(insi_x + 1);
    pen.text(here_x, y, column, m::HERE, Role::Quiet);
    pen.text(insi_x, y, insi_w, m::AT_INSI, Role::Quiet);
    y += 1;
    for f in &p.comparison.fields {
        if y + 2 >= body.bottom() {
            break;
        }
        let (mark, role) = match f.level {
            Level::Same => ("=", Role::Same),
            Level::Close if pen.look.ascii => ("~", Role::Differs),
            Level::Close => ("≈", Role::Differs),
            Level::Added => ("+", Role::StatusOk),
            Level::Different if pen.look.ascii => ("#", Role::StatusAlert),
            Level::Different => ("≠", Role::StatusAlert),
        };
        pen.text(2, y, 19, m::trait_name(f.field), Role::Label);
        pen.text(22, y, 1, mark, role);
        let value = if f.level == Level::Same { Role::Text } else { Role::Strong };
        let shown = |v: &Option<String>| v.as_deref().map_or(m::UNKNOWN.to_owned(), |v| state.fact(v));
        pen.text(here_x, y, column, &shown(&f.local), Role::Text);
        pen.text(insi_x, y, insi_w, &shown(&f.insi), value);
        y += 1;
        let why = f.note.clone().or_else(|| f.explanation.map(|e| m::explanation(e).to_owned()));
        if let (Some(why), true) = (why, f.level != Level::Same) {
            pen.text(here_x, y, w.saturating_sub(here_x + 1), &why, Role::Quiet);
            y += 1;
        }
    }
    y += 1;
    let role = if p.comparison.contradictions() > 0 { Role::NoticeWarning } else { Role::Text };
    pen.text(2, y, w - 3, &m::comparison(&p.comparison), role);
    if p.held_by.is_some() {
        pen.text(2, y + 1, w - 3, m::HELD_BY, Role::NoticeError);
    }
}

const INS: &[Column] = &[
    Column::new(m::COL_PATIENT, 24).grow(2).marked(),
    Column::new(m::COL_BORN, 10).right(),
    Column::new(m::COL_IDENTITY, 12),
    Column::new(m::AT_INSI, 21).grow(2),
    Column::new(m::COL_ASKED, 12).from(96),
];

pub(super) fn ins_list(pen: &mut Pen<'_>, body: Rect, state: &State, s: &InsList) {
    let list = titled(pen, body, m::INS_LIST);
    let Some(items) = &s.list else {
        pen.text(3, list.y, body.width, m::LOADING, Role::Quiet);
        return;
    };
    if items.is_empty() {
        empty(pen, list, m::NO_INS_RETURN);
        return;
    }
    let rows: Vec<Row> = items
        .iter()
        .map(|i| {
            let mark = sign::identity(i.status);
            vec![
                (state.name(&i.name), Role::Text),
                (state.born(&i.birth_date), Role::Text),
                (format!("{} {}", mark.get(pen.look.ascii), i.status.label()), mark.role),
                (m::insi_short(&i.insi), Role::Text),
                (i.asked_by.clone(), Role::Quiet),
            ]
        })
        .collect();
    table::draw(pen, list, INS, &rows, Some(s.selected), state.layers.is_empty());
}

/// A title between two rules; returns what is left below.
pub(super) fn titled(pen: &mut Pen<'_>, body: Rect, title: &str) -> Rect {
    pen.rule(body.y, false);
    pen.text(2, body.y + 1, body.width.saturating_sub(3).max(cells(title)), title, Role::Heading);
    pen.rule(body.y + 2, false);
    Rect::new(body.x, body.y + 3, body.width, body.height.saturating_sub(4))
}

/// What an empty list says: that it is well, and what comes there.
pub(super) fn empty(pen: &mut Pen<'_>, list: Rect, [now, later]: [&str; 2]) {
    let width = list.width.saturating_sub(4);
    pen.text(3, list.y + 1, width, now, Role::StatusOk);
    pen.text(3, list.y + 2, width, later, Role::Quiet);
}
