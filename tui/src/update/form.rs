//! The form of a patient: a new one, or traits corrected. What the search or a code knows already comes filled.

use paillasse_shared::domain::identity::{BirthDate, CogCode, Sex};
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::patient::{CreateParams, EditTraitsParams, PlaceSearchParams};

use crate::action::Effect;
use crate::client::Slot;
use crate::messages as m;
use crate::state::layer::{Choice, ChoiceItem, ChoiceThen, Layer, Prompted};
use crate::state::screen::{FORM_FIELDS, Form, PLACE_FIELD, Screen};
use crate::state::{Purpose, State, french_date};
use crate::update::reception::prompt;
use crate::wire::{ask, ask_newest};

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
            let texts = [&t.birth_name, &t.first_name, &t.given_names, &born, &t.sex, place, "", ""];
            Form::with(texts, request_id)
        }
        None => {
            let [name, first, born] = prefill(&searched);
            Form::with([&name, &first, "", &born, "", "", "", ""], request_id)
        }
    };
    form.searched = searched;
    // The cursor waits in the first field that the search did not fill.
    form.focus = (0..FORM_FIELDS).find(|i| form.text(*i).is_empty()).unwrap_or(0);
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

pub(super) fn edit_form(state: &mut State) -> Vec<Effect> {
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
        record.phone.as_deref().unwrap_or_default(),
    ];
    let mut form = Form::with(texts, String::new());
    form.editing = Some((record.id, record.version));
    form.needs_motive = record.state.traits_locked();
    state.push(Screen::Form(form));
    Vec::new()
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
    if let (0 | 1 | 2 | 4 | 6, Some(field)) = (form.focus, form.fields.get_mut(form.focus))
        && field.text() != upper
    {
        field.set(&upper);
    }
    // What the search or the code filled already is not gone through again.
    let filled = |f: &Form, rank: usize| f.editing.is_none() && f.known.contains(&rank);
    let next = (form.focus + 1..FORM_FIELDS).find(|rank| !filled(form, *rank));
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
        used_first_name: None,
        phone: optional(7),
        social_security: None,
        homonyms: Vec::new(),
        degraded: None,
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
    if let Some((rank, why)) = (0..FORM_FIELDS).find_map(|i| fault(form, i, today).map(|why| (i, why))) {
        form.focus = rank;
        form.fault = Some((rank, why));
        return Vec::new();
    }
    let params = params_of(form);
    match form.editing {
        None => create(state, &params),
        Some(_) if form.needs_motive && motive.is_none() => {
            prompt(state, m::MOTIVE, m::MOTIVE_NOTE, "", Prompted::EditTraits);
            Vec::new()
        }
        Some((id, version)) => {
            form.sending = true;
            let params = EditTraitsParams { id, version, traits: params, motive };
            vec![ask::<rpc::PatientEditTraits>(state, &params, Purpose::EditTraits)]
        }
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
    let mut items: Vec<ChoiceItem> = hits
        .iter()
        .zip(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])
        .map(|(h, letter)| ChoiceItem {
            letter,
            label: format!("{} {}", h.birth_name, h.given_names),
            detail: format!("{} {} · {}", french_date(&h.birth_date), h.sex, h.status.label()),
        })
        .collect();
    let ids = hits.iter().take(items.len()).map(|h| h.id).collect();
    items.push(ChoiceItem { letter: 'n', label: m::SIMILAR_NONE.to_owned(), detail: String::new() });
    state.layers.push(Layer::Choice(Choice {
        title: m::SIMILAR.to_owned(),
        note: m::SIMILAR_NOTE.to_owned(),
        items,
        selected: 0,
        then: ChoiceThen::Similar(ids, Box::new(params)),
    }));
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
