//! The form of a patient: a new one, or traits corrected. What the search or a code knows already comes filled.

use paillasse_shared::domain::identity::traits::heads;
use paillasse_shared::domain::identity::{BirthDate, CogCode, Event, Sex, ShownField, StrictName};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::patient::{
    CreateParams, EditTraitsParams, EditUsedParams, PatientHit, PlaceSearchParams,
};

use crate::action::Effect;
use crate::client::Slot;
use crate::messages as m;
use crate::state::layer::{Choice, ChoiceItem, ChoiceThen, Layer, Prompted};
use crate::state::screen::{FORM_FIELDS, Form, PLACE_FIELD, Screen};
use crate::state::{Level, Purpose, State, french_date};
use crate::update::reception::prompt;
use crate::wire::{ask, ask_newest};

/// Letter of the choice that creates a homonym of the persons listed.
pub(super) const HOMONYMS: char = 'm';

/// The form of a new patient; typed ahead of the search's answer, it waits for it.
pub(super) fn create_form(state: &mut State) -> Vec<Effect> {
    let searched = state.home_mut().map(|h| h.field.text().trim().to_owned()).unwrap_or_default();
    let same = |d: &Form| searched.is_empty() || d.searched == searched;
    if state.draft.as_ref().is_some_and(same) {
        if let Some(draft) = state.draft.take() {
            state.push(Screen::Form(draft));
        }
        return Vec::new();
    }
    let Some(home) = state.home_mut() else { return Vec::new() };
    if !home.is_current() {
        home.create_when_ready = true;
        return Vec::new();
    }
    let scanned = home.scanned.clone();
    let request_id = state.request_id();
    let mut form = match scanned {
        Some(t) => {
            let born = french_date(&t.birth_date);
            let place = t.birth_place.as_deref().unwrap_or_default();
            let texts = [&t.birth_name, &t.first_name, &t.given_names, &born, &t.sex, place, "", "", "", ""];
            Form::with(texts, request_id)
        }
        None => {
            let [name, first, born] = prefill(&searched);
            Form::with([&name, &first, "", &born, "", "", "", "", "", ""], request_id)
        }
    };
    form.searched = searched;
    form.hidden = hidden(state, true);
    // The cursor waits in the first field that the search did not fill.
    form.focus = (0..FORM_FIELDS).find(|i| form.is_open(*i) && form.text(*i).is_empty()).unwrap_or(0);
    form.known = (0..FORM_FIELDS)
        .filter(|i| fault(&form, *i, state.today).is_none() && !form.text(*i).is_empty())
        .collect();
    state.push(Screen::Form(form));
    Vec::new()
}

/// What was searched, as name, first name and date: `dup mar 12/03/80` → `DUP`, `MAR`, `12/03/80`.
pub(super) fn prefill(text: &str) -> [String; 3] {
    let mut out = [String::new(), String::new(), String::new()];
    let mut names = Vec::new();
    for word in text.split_whitespace() {
        if word.chars().any(|c| c.is_ascii_digit()) {
            if out[2].is_empty() {
                out[2] = word.to_owned();
            }
        } else {
            names.push(word.to_uppercase());
        }
    }
    // Particles belong to the name that follows them.
    let particles = ["DE", "DU", "DES", "LE", "LA", "VAN", "VON", "DI", "EL", "AL", "BEN", "D'"];
    let count = names.iter().take_while(|n| particles.contains(&n.as_str())).count() + 1;
    let split = count.min(names.len());
    let (name, first) = names.split_at(split);
    out[0] = name.join(" ");
    out[1] = first.join(" ");
    out
}

/// Ranks that the site does not show. The place of birth stays where it is needed.
fn hidden(state: &State, creating: bool) -> Vec<usize> {
    let field = |rank| {
        Some(match rank {
            2 => ShownField::GivenNames,
            PLACE_FIELD if !creating => ShownField::BirthPlace,
            6 => ShownField::UsedName,
            7 => ShownField::UsedFirstName,
            8 => ShownField::Phone,
            9 => ShownField::SocialSecurity,
            _ => return None,
        })
    };
    (0..FORM_FIELDS).filter(|rank| field(*rank).is_some_and(|f| !state.shows(f))).collect()
}

/// Goes on with the degraded procedure, once its motive is known: a new patient, or a correction.
pub(super) fn degraded(state: &mut State, motive: String) -> Vec<Effect> {
    if state.record().is_some() {
        return edit_form(state, Some(motive));
    }
    let effects = create_form(state);
    if let Some(Screen::Form(form)) = state.screen_mut() {
        form.degraded = Some(motive);
    }
    effects
}

pub(super) fn edit_form(state: &mut State, degraded: Option<String>) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    let (t, used) = (&record.traits, &record.used);
    let place = t.birth_place.as_ref().map(|c| c.as_str().to_owned()).unwrap_or_default();
    let born = french_date(&t.birth_date.iso());
    let given = t.given_names.as_ref().map_or("", |g| g.as_str());
    let texts = [
        t.birth_name.as_str(),
        t.first_name.as_str(),
        given,
        &born,
        t.sex.letter(),
        &place,
        used.name.as_ref().map_or("", |n| n.as_str()),
        used.first_name.as_ref().map_or("", |n| n.as_str()),
        record.phone.as_deref().unwrap_or_default(),
        record.social_security.as_deref().unwrap_or_default(),
    ];
    let mut form = Form::with(texts, String::new());
    form.editing = Some((record.id, record.version));
    form.locked = record.traits_locked && degraded.is_none();
    form.needs_motive = record.state.traits_locked() && degraded.is_none();
    form.needs_place = t.birth_place.is_some();
    form.degraded = degraded;
    form.record = Some(Box::new(record.clone()));
    form.hidden = hidden(state, false);
    form.focus = (0..FORM_FIELDS).find(|r| form.is_open(*r)).unwrap_or(0);
    state.push(Screen::Form(form));
    Vec::new()
}

/// `Entrée`: the next field; on a complementary field left empty, the end.
pub(super) fn enter(state: &mut State) -> Vec<Effect> {
    match state.screen() {
        Some(Screen::Form(form)) if form.ends_here() => save(state, None),
        _ => field_next(state),
    }
}

pub(super) fn field_next(state: &mut State) -> Vec<Effect> {
    let today = state.today;
    let Some(Screen::Form(form)) = state.screen_mut() else { return Vec::new() };
    form.next_when_ready = false;
    if form.focus == PLACE_FIELD && form.place.is_none() && form.places_for.is_some() {
        if form.places_for.as_deref() != Some(form.text(PLACE_FIELD)) {
            form.next_when_ready = true;
            return Vec::new();
        }
        if let Some(place) = form.places.get(form.place_selected).cloned() {
            if let Some(field) = form.fields.get_mut(PLACE_FIELD) {
                field.set(&format!("{} {}", place.code, place.label));
            }
            form.place = Some(place);
            form.places.clear();
            form.places_for = None;
        }
    }
    if let Some(why) = fault(form, form.focus, today) {
        form.fault = Some((form.focus, why));
        return Vec::new();
    }
    form.fault = None;
    // Names and sex are stored in capitals: show them so at once.
    let upper = form.text(form.focus).to_uppercase();
    if let (0 | 1 | 2 | 4 | 6 | 7, Some(field)) = (form.focus, form.fields.get_mut(form.focus))
        && field.text() != upper
    {
        field.set(&upper);
    }
    // What the search or the code filled already is not gone through again.
    let filled = |f: &Form, rank: usize| f.editing.is_none() && f.known.contains(&rank);
    let next = (form.focus + 1..FORM_FIELDS).find(|rank| form.is_open(*rank) && !filled(form, *rank));
    if let Some(next) = next {
        form.focus = next;
        return Vec::new();
    }
    save(state, None)
}

/// Why a field cannot be as it is; what only the daemon knows is checked there.
fn fault(form: &Form, rank: usize, today: jiff::civil::Date) -> Option<String> {
    let text = form.text(rank);
    match rank {
        0 | 1 if text.is_empty() => Some(m::REQUIRED.to_owned()),
        3 if text.is_empty() => Some(m::REQUIRED.to_owned()),
        3 => BirthDate::parse(text, today).err().map(|e| e.to_string()),
        PLACE_FIELD if text.is_empty() && form.needs_place => Some(m::PLACE_NEEDED.to_owned()),
        4 if Sex::parse(text).is_none() => Some(m::BAD_SEX.to_owned()),
        // A place is a code, typed or chosen; words alone name several.
        PLACE_FIELD if !text.is_empty() && form.place.is_none() && place_code(text).is_none() => {
            let none = form.places.is_empty() && form.places_for.as_deref() == Some(text);
            Some(if none { m::PLACE_UNKNOWN } else { m::PLACE_TO_CHOOSE }.to_owned())
        }
        _ => None,
    }
}

pub(super) fn search_place(state: &mut State) -> Vec<Effect> {
    let today = state.today;
    let Some(Screen::Form(form)) = state.screen_mut() else { return Vec::new() };
    form.place = None;
    form.place_selected = 0;
    form.next_when_ready = false;
    let text = form.text(PLACE_FIELD).to_owned();
    if text.is_empty() {
        form.places.clear();
        form.places_for = None;
        return Vec::new();
    }
    // Awaited from now on: `Entrée` waits for the list of this text.
    form.places_for.get_or_insert_default();
    let birth_date = BirthDate::parse(form.text(3), today).ok().map(|d| d.iso());
    let purpose = Purpose::Places(text.clone());
    let params = PlaceSearchParams { text, birth_date, limit: Some(20) };
    vec![ask_newest::<rpc::PlaceSearch>(state, &params, purpose, Slot::Pick)]
}

/// The code in front of a text such as `63220 Mazoires`.
fn place_code(text: &str) -> Option<String> {
    let code = text.split(' ').next()?;
    CogCode::parse(code).ok().map(|c| c.as_str().to_owned())
}

/// The form as the daemon takes it.
fn params_of(form: &Form) -> CreateParams {
    let optional = |rank: usize| Some(form.text(rank).to_owned()).filter(|t| !t.is_empty());
    let chosen = form.place.as_ref().map(|place| place.code.clone());
    CreateParams {
        birth_name: form.text(0).to_owned(),
        first_name: form.text(1).to_owned(),
        given_names: optional(2),
        birth_date: form.text(3).to_owned(),
        sex: form.text(4).to_uppercase(),
        birth_place: chosen.or_else(|| place_code(form.text(PLACE_FIELD))),
        used_name: optional(6),
        used_first_name: optional(7),
        phone: optional(8),
        social_security: optional(9),
        homonyms: Vec::new(),
        degraded: form.degraded.clone(),
        not_a_duplicate: false,
        request_id: Some(form.request_id.clone()).filter(|r| !r.is_empty()),
    }
}

/// Saves the form; `motive` answers the question about locked traits.
pub(super) fn save(state: &mut State, motive: Option<String>) -> Vec<Effect> {
    let today = state.today;
    let Some(Screen::Form(form)) = state.screen_mut() else { return Vec::new() };
    if form.sending {
        return Vec::new();
    }
    let faults = (0..FORM_FIELDS).filter(|i| form.is_open(*i));
    if let Some((rank, why)) = faults.into_iter().find_map(|i| fault(form, i, today).map(|why| (i, why))) {
        form.focus = rank;
        form.fault = Some((rank, why));
        return Vec::new();
    }
    let params = params_of(form);
    match form.editing {
        None => create(state, &params),
        Some((id, _)) if !form.changed(0..PLACE_FIELD + 1) => {
            if !form.changed(PLACE_FIELD + 1..FORM_FIELDS) {
                state.pop();
                state.say(Level::Info, m::NOTHING_CHANGED);
                return Vec::new();
            }
            form.sending = true;
            let params = used_of(form, id);
            vec![ask::<rpc::PatientEditUsed>(state, &params, Purpose::EditUsed)]
        }
        Some(_) if form.needs_motive && motive.is_none() => {
            // What the change does is listed before it is confirmed (STA-12).
            let note = motive_note(form);
            prompt(state, m::MOTIVE, &note, "", Prompted::EditTraits);
            Vec::new()
        }
        Some((id, version)) => {
            form.sending = true;
            let used = form.changed(PLACE_FIELD + 1..FORM_FIELDS).then(|| Box::new(used_of(form, id)));
            let params = EditTraitsParams { id, version, traits: params, motive };
            vec![ask::<rpc::PatientEditTraits>(state, &params, Purpose::EditTraits(used))]
        }
    }
}

/// What changing locked traits will do, then what is to be typed.
fn motive_note(form: &Form) -> String {
    let Some(record) = &form.record else { return m::MOTIVE_NOTE.to_owned() };
    match record.state.apply(Event::StrictTraitEdited { privileged: true }) {
        Ok(t) => {
            let lines = m::transition(record.status, &t, &record.receivers);
            format!("{}\n\n{}", lines.join("\n"), m::MOTIVE_NOTE)
        }
        Err(_) => m::MOTIVE_NOTE.to_owned(),
    }
}

/// Complementary traits as typed; what is empty is removed.
fn used_of(form: &Form, id: PatientId) -> EditUsedParams {
    let text = |rank: usize| Some(form.text(rank).to_owned()).filter(|_| form.is_open(rank));
    EditUsedParams {
        id,
        used_name: text(6),
        used_first_name: text(7),
        phone: text(8),
        social_security: text(9),
    }
}

pub(super) fn create(state: &mut State, params: &CreateParams) -> Vec<Effect> {
    if let Some(Screen::Form(form)) = state.screen_mut() {
        form.sending = true;
    }
    vec![ask::<rpc::PatientCreate>(state, params, Purpose::CreatePatient)]
}

/// Close identities: one of them, or a new patient.
pub(super) fn similar(state: &mut State, hits: &[paillasse_shared::protocol::patient::PatientHit]) {
    let Some(Screen::Form(form)) = state.screen() else { return };
    let params = CreateParams { not_a_duplicate: true, ..params_of(form) };
    let today = state.today;
    let mut items: Vec<ChoiceItem> = hits
        .iter()
        .zip(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])
        .map(|(h, letter)| ChoiceItem {
            letter,
            label: state.name(&format!("{} {}", h.birth_name, h.given_names)),
            detail: format!("{} {} · {}", state.born(&h.birth_date), h.sex, h.status.label()),
            differs: m::differs(&differences(&params, h, today)),
        })
        .collect();
    let ids = hits.iter().take(items.len()).map(|h| h.id).collect();
    for (letter, label) in [(HOMONYMS, m::SIMILAR_HOMONYMS), ('n', m::SIMILAR_NONE)] {
        let (detail, differs) = (String::new(), String::new());
        items.push(ChoiceItem { letter, label: label.to_owned(), detail, differs });
    }
    state.layers.push(Layer::Choice(Choice {
        title: m::SIMILAR.to_owned(),
        note: m::SIMILAR_NOTE.to_owned(),
        items,
        selected: 0,
        then: ChoiceThen::Similar(ids, Box::new(params)),
    }));
}

/// Names of the traits in which a close identity is not what is typed (STA-21).
fn differences(typed: &CreateParams, hit: &PatientHit, today: jiff::civil::Date) -> Vec<&'static str> {
    let strict = |text: &str| StrictName::parse(text).map(|n| n.as_str().to_owned()).unwrap_or_default();
    let born = BirthDate::parse(&typed.birth_date, today).map(|d| d.iso()).unwrap_or_default();
    [
        ("nom", strict(&typed.birth_name) != hit.birth_name),
        ("prénom", !heads(&strict(&typed.first_name), &hit.given_names)),
        ("date de naissance", born != hit.birth_date),
        ("sexe", typed.sex != hit.sex),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::prefill;

    #[test]
    fn what_was_searched_prefills_the_form() {
        assert_eq!(prefill("dup mar 12/03/80"), ["DUP", "MAR", "12/03/80"]);
        assert_eq!(prefill("de la tour jean-baptiste"), ["DE LA TOUR", "JEAN-BAPTISTE", ""]);
        assert_eq!(prefill("  "), ["", "", ""]);
        assert_eq!(prefill("12031980 lefèvre"), ["LEFÈVRE", "", "12031980"]);
        assert_eq!(prefill("de la"), ["DE LA", "", ""]);
    }
}
