//! Reception: search, creation, record, INSi, device, consent.

use paillasse_shared::domain::identity::{Attribute, BirthDate, CogCode, DeviceKind, Event, Sex, Status};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::protocol::ins::{DecideParams, FetchParams};
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::patient::{
    CreateParams, EditTraitsParams, InsiState, PatientRecord, PatientRef, PlaceSearchParams, SearchParams,
};

use crate::action::Effect;
use crate::client::Slot;
use crate::command::Cmd;
use crate::messages as m;
use crate::state::field::Field;
use crate::state::layer::{Choice, ChoiceItem, ChoiceThen, Confirm, Confirmed, Layer, Prompt, Prompted};
use crate::state::screen::{
    Compare, FORM_FIELDS, Form, InsList, PLACE_FIELD, Pane, PaneKind, PatientScreen, Screen,
};
use crate::state::{Level, Purpose, State, french_date};
use crate::update::laboratory;
use crate::wire::{ask, ask_newest, ask_plain};

/// Letters of the devices, in the order of [`DeviceKind::ALL`].
const DEVICE_LETTERS: [char; 9] = ['c', 'p', 't', 'e', 'd', 'l', 'a', 'x', 'v'];
/// Longest list asked for: more than a person reads.
const HITS: u16 = 100;

pub(super) fn run(state: &mut State, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::PatientCreate => create_form(state),
        Cmd::FieldNext => field_next(state),
        Cmd::FieldPrevious => {
            if let Some(Screen::Form(form)) = state.screen_mut() {
                form.focus = form.focus.saturating_sub(1);
            }
            Vec::new()
        }
        Cmd::FormSave => save(state, None),
        Cmd::PatientNext => patient_next(state),
        Cmd::PatientShow => match state.patient() {
            Some(id) => show_patient(state, id),
            None => Vec::new(),
        },
        Cmd::InsFetch => match state.patient() {
            Some(id) => {
                state.say(Level::Done, m::DONE_FETCH);
                vec![ask::<rpc::InsFetch>(state, &FetchParams { id, wait: false }, Purpose::Fetch)]
            }
            None => Vec::new(),
        },
        Cmd::InsManual => edit_form(state),
        Cmd::ConsentEdit => consent(state),
        Cmd::PatientHistory => history(state),
        Cmd::AttributeHomonyme => attribute(state, Attribute::Homonyme),
        Cmd::AttributeDouteux => attribute(state, Attribute::Douteux),
        Cmd::AttributeFictif => attribute(state, Attribute::Fictif),
        Cmd::InsQualify => qualify(state),
        Cmd::InsAccept => accept(state, false),
        Cmd::InsRefuse => {
            let Some(Screen::Compare(c)) = state.screen() else { return Vec::new() };
            let Some(pending) = &c.pending else { return Vec::new() };
            let then = Prompted::RefuseReturn(c.record.id, pending.id);
            prompt(state, m::REFUSE, m::REFUSE_NOTE, "", then);
            Vec::new()
        }
        Cmd::GoIns => {
            state.go_home();
            state.push(Screen::InsList(InsList::default()));
            vec![read_ins_list(state)]
        }
        _ => Vec::new(),
    }
}

/// Opens a one-line question.
pub(super) fn prompt(state: &mut State, title: &str, note: &str, text: &str, then: Prompted) {
    let (title, note) = (title.to_owned(), note.to_owned());
    state.layers.push(Layer::Prompt(Prompt { title, note, field: Field::with(text), then }));
}

/// Searches for what is typed; the answer to an older text is dropped on both sides.
pub(super) fn search(state: &mut State) -> Vec<Effect> {
    let Some(home) = state.home_mut() else { return Vec::new() };
    home.in_list = false;
    home.create_when_ready = false;
    let text = home.field.text().to_owned();
    let params = SearchParams { text: text.clone(), limit: Some(HITS) };
    vec![ask_newest::<rpc::PatientSearch>(state, &params, Purpose::Search(text), Slot::Search)]
}

/// Opens the chosen patient; typed ahead of the answer, it waits for it.
pub(super) fn open_hit(state: &mut State) -> Vec<Effect> {
    let Some(home) = state.home_mut() else { return Vec::new() };
    if !home.is_current() {
        home.open_when_ready = true;
        return Vec::new();
    }
    home.open_when_ready = false;
    if let Some(dossier) = home.dossier {
        return laboratory::show_dossier(state, dossier, None);
    }
    match home.hits.get(home.selected).map(|h| h.id) {
        Some(id) => show_patient(state, id),
        None => Vec::new(),
    }
}

/// Shows a patient at once, then reads the record.
pub(super) fn show_patient(state: &mut State, id: PatientId) -> Vec<Effect> {
    let record = state.record().filter(|r| r.id == id).cloned().map(Box::new);
    state.push(Screen::Patient(PatientScreen { id, record, selected: 0 }));
    vec![read_patient(state, id)]
}

pub(super) fn read_patient(state: &mut State, id: PatientId) -> Effect {
    ask::<rpc::PatientGet>(state, &PatientRef { id }, Purpose::Patient(id))
}

pub(super) fn read_return(state: &mut State, id: PatientId) -> Effect {
    ask::<rpc::InsCompare>(state, &PatientRef { id }, Purpose::Compare(id))
}

pub(super) fn read_ins_list(state: &mut State) -> Effect {
    ask_plain::<rpc::InsWorklist>(state, Purpose::InsList)
}

// ---- the form ------------------------------------------------------------------------------

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

fn edit_form(state: &mut State) -> Vec<Effect> {
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

// ---- the record ----------------------------------------------------------------------------

fn patient_next(state: &mut State) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    if matches!(record.insi, InsiState::ToDecide { .. }) {
        let (id, record) = (record.id, Box::new(record.clone()));
        state.push(Screen::Compare(Compare { record, pending: None, sending: false }));
        return vec![read_return(state, id)];
    }
    if record.status == Status::Recuperee && state.may_qualify() {
        return qualify(state);
    }
    let Some(Screen::Patient(p)) = state.screen() else { return Vec::new() };
    let chosen = p.record.as_ref().and_then(|r| r.dossiers.get(p.selected)).map(|d| d.id);
    match chosen {
        Some(id) => laboratory::show_dossier(state, id, None),
        None => laboratory::run(state, Cmd::DossierCreate),
    }
}

/// Sets or removes an attribute, its effects listed before they happen.
fn attribute(state: &mut State, attribute: Attribute) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    let now = record.state;
    let on = match attribute {
        Attribute::Homonyme => !now.homonyme,
        Attribute::Douteux => !now.douteux,
        Attribute::Fictif => !now.fictif,
    };
    let id = record.id;
    match now.apply(Event::AttributeChanged { attribute, on }) {
        Err(refusal) => state.say(Level::Warning, m::capital(&refusal.to_string())),
        Ok(transition) => {
            let question = m::attribute_question(attribute, on);
            let lines = m::transition(now.status(), &transition);
            let then = Confirmed::Attribute(id, attribute, on);
            state.layers.push(Layer::Confirm(Confirm { question, lines, then }));
        }
    }
    Vec::new()
}

fn qualify(state: &mut State) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    let then = ChoiceThen::Qualify(record.id);
    state.layers.push(Layer::Choice(devices(m::QUALIFY, record, then)));
    Vec::new()
}

/// The choice of a device; the traits to compare with it stay readable in the bandeau above.
pub(super) fn devices(title: &str, record: &PatientRecord, then: ChoiceThen) -> Choice {
    let minor = record.age.is_some_and(|a| a < 18);
    let items = DeviceKind::ALL
        .iter()
        .zip(DEVICE_LETTERS)
        .filter(|(d, _)| minor || !d.needs_parent_device())
        .filter(|(d, _)| !(matches!(then, ChoiceThen::QualifyParent(..)) && d.needs_parent_device()))
        .map(|(d, letter)| ChoiceItem {
            letter,
            label: d.label().to_owned(),
            detail: if d.is_high_confidence() { String::new() } else { m::WEAK_DEVICE.to_owned() },
        })
        .collect();
    Choice { title: title.to_owned(), note: m::QUALIFY_NOTE.to_owned(), items, selected: 0, then }
}

/// The device of that letter.
pub(super) fn device_of(letter: char) -> Option<DeviceKind> {
    DeviceKind::ALL.iter().zip(DEVICE_LETTERS).find(|(_, l)| *l == letter).map(|(d, _)| *d)
}

/// Accepts the return on screen in one key; a contradiction asks first.
pub(super) fn accept(state: &mut State, despite_contradiction: bool) -> Vec<Effect> {
    let Some(Screen::Compare(c)) = state.screen_mut() else { return Vec::new() };
    let Some(pending) = &c.pending else { return Vec::new() };
    let (id, return_id) = (c.record.id, pending.id);
    if pending.comparison.contradictions() > 0 && !despite_contradiction {
        let lines = m::contradictions(&pending.comparison);
        let (question, then) = (m::CONTRADICTION.to_owned(), Confirmed::AcceptDespite(id, return_id));
        state.layers.push(Layer::Confirm(Confirm { question, lines, then }));
        return Vec::new();
    }
    c.sending = true;
    let params = DecideParams { id, return_id: Some(return_id), despite_contradiction, motive: None };
    vec![ask::<rpc::InsAccept>(state, &params, Purpose::Decide(true))]
}

fn consent(state: &mut State) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    let now = record.consent;
    let then = ChoiceThen::Consent(record.id);
    let items = m::CONSENT_CHOICES
        .iter()
        .map(|(letter, label, detail)| ChoiceItem {
            letter: *letter,
            label: (*label).to_owned(),
            detail: (*detail).to_owned(),
        })
        .collect();
    let selected = match (now.informed, now.opposed) {
        (true, false) => 0,
        (_, true) => 1,
        (false, false) => 2,
    };
    let (title, note) = (m::CONSENT.to_owned(), String::new());
    state.layers.push(Layer::Choice(Choice { title, note, items, selected, then }));
    Vec::new()
}

fn history(state: &mut State) -> Vec<Effect> {
    let Some(id) = state.patient() else { return Vec::new() };
    let (kind, title) = (PaneKind::History(id), m::HISTORY.to_owned());
    state.push(Screen::Pane(Pane { kind, title, lines: None, top: 0 }));
    vec![ask::<rpc::PatientHistory>(state, &PatientRef { id }, Purpose::Pane)]
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
