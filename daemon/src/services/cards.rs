//! Cards of patients, as the card inlet hands them over: kept in memory only, one per workstation account, until the
//! card leaves, another comes, or its assertion is too old; what a call used is forgotten when the call is over.
//!
//! A call by card is bound to one reading: when another card was read since, it is refused (RET-13). The bindings do not
//! outlive the daemon: after a restart the queued call goes by traits, which the journal shows.
//!
//! Deliberately not here: the contracts of the licensed components (not public). A reading of the appli carte Vitale
//! goes the same way with `source = "apcv"`: what its context really carries, and the operation that takes it, are
//! still to be joined to it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use paillasse_connectors::insi::{CardQuery, Nir};
use paillasse_shared::domain::card::{
    self, ASSERTION_LIFE, Beneficiary, CardSource, MAX_ASSERTION, MAX_BENEFICIARIES,
};
use paillasse_shared::domain::identity::{BirthDate, Matricule, Sex, StrictName, TraitField};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::card::{
    CallParams, CardView, PersonView, PushParams, ReadingId, ShowParams, Shown,
};
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::ins::{FetchParams, FetchState};
use paillasse_shared::protocol::methods::Empty;

use super::{App, Caller, identity};
use crate::store::patients::Patient;

/// Most workstations whose card is kept.
const MAX_CARDS: usize = 64;
/// Most calls that wait with a wish.
const MAX_WISHES: usize = 1000;

struct Reading {
    id: ReadingId,
    source: CardSource,
    reader: String,
    read_at: Timestamp,
    holder: Option<Nir>,
    regime: Option<(String, String, String)>,
    people: Vec<Beneficiary>,
}

/// How the next call for a patient is to be made, when not simply by traits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// By the card of this workstation, if it is still the one that was read.
    Card {
        /// Whose workstation.
        login: String,
        /// Which reading.
        reading: ReadingId,
        /// Which of its people, from 1.
        position: u8,
    },
    /// Every given name and the birth place at once.
    AllNames,
}

#[derive(Default)]
struct Kept {
    last: u64,
    cards: HashMap<String, Reading>,
    wishes: HashMap<PatientId, Wish>,
}

/// Cards and wishes, in memory.
#[derive(Default)]
pub struct Cards(Mutex<Kept>);

/// Why a call by card is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCall {
    /// No card any more.
    Gone,
    /// Another card was read since.
    Changed,
    /// The assertion is older than twenty minutes.
    TooOld,
    /// The card was read without a licensed component.
    NoAssertion,
}

impl NoCall {
    /// The sentence, with what to do.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Gone => {
                "la carte n'est plus là : la remettre dans le lecteur, ou appeler INSi par les traits"
            }
            Self::Changed => {
                "la carte du lecteur n'est plus celle qui avait été lue : vérifier à qui elle est, puis rappeler INSi"
            }
            Self::TooOld => "la carte a été lue il y a plus de 20 minutes : la relire, puis rappeler INSi",
            Self::NoAssertion => {
                "cette lecture de la carte n'est pas authentifiée : elle préremplit la fiche, l'appel se fait par les traits"
            }
        }
    }
}

/// A card ready to serve for one call.
pub struct Chosen {
    /// What to ask.
    pub query: CardQuery,
    /// Which kind of card.
    pub source: CardSource,
    /// The NIR read on the card, to be compared with the one returned.
    pub nir: Option<Nir>,
}

impl Cards {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic while it was held left a whole map: no invariant spans two operations.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next call for this patient was asked to be.
    #[must_use]
    pub fn wish(&self, patient: PatientId) -> Option<Wish> {
        self.lock().wishes.get(&patient).cloned()
    }

    fn wish_for(&self, patient: PatientId, wish: Wish) {
        let mut kept = self.lock();
        if kept.wishes.len() < MAX_WISHES || kept.wishes.contains_key(&patient) {
            kept.wishes.insert(patient, wish);
        }
    }

    /// The call is over: what it used of the card is forgotten, and the card itself when nothing of it is left.
    pub fn over(&self, patient: PatientId) {
        let mut kept = self.lock();
        if let Some(Wish::Card { login, reading, position }) = kept.wishes.remove(&patient)
            && let Some(card) = kept.cards.get_mut(&login)
            && card.id == reading
        {
            if let Some(person) = card.people.get_mut(usize::from(position.saturating_sub(1))) {
                person.assertion = None;
                person.nir = None;
            }
            if card.people.iter().all(|p| p.assertion.is_none()) {
                kept.cards.remove(&login);
            }
        }
    }

    /// The question to ask by card, when the card is still the one that was read and its assertion still good.
    ///
    /// # Errors
    /// Why it is not.
    pub fn chosen(
        &self,
        login: &str,
        reading: ReadingId,
        position: u8,
        now: Timestamp,
    ) -> Result<Chosen, NoCall> {
        let kept = self.lock();
        let card = kept.cards.get(login).ok_or(NoCall::Gone)?;
        if card.id != reading {
            return Err(NoCall::Changed);
        }
        let person = card.people.get(usize::from(position.saturating_sub(1))).ok_or(NoCall::Changed)?;
        let assertion = person.assertion.as_ref().ok_or(NoCall::NoAssertion)?;
        if !person.callable(card.read_at, now) {
            return Err(NoCall::TooOld);
        }
        let nir = person.nir.as_deref().and_then(nir);
        Ok(Chosen {
            query: CardQuery {
                holder: card.holder.clone().or_else(|| nir.clone()).ok_or(NoCall::NoAssertion)?,
                beneficiary: nir.clone(),
                birth_name: Some(upper(person.name())),
                birth_date: BirthDate::lunar(&person.birth_date).ok(),
                birth_rank: Some(person.rank.unwrap_or(1)),
                regime: card.regime.clone(),
                assertions: vec![assertion.xml.clone()],
            },
            source: card.source,
            nir,
        })
    }

    /// When the card of this workstation is the patient's, and may serve, the next call goes by it (RET-01).
    pub fn offer(&self, login: &str, p: &Patient, now: Timestamp) {
        let mut kept = self.lock();
        let Some(card) = kept.cards.get(login) else { return };
        let mut fit = card
            .people
            .iter()
            .zip(1u8..)
            .filter(|(b, _)| b.callable(card.read_at, now) && b.differs(&p.traits, &p.used).is_empty());
        if let (Some((_, position)), None) = (fit.next(), fit.next()) {
            let wish = Wish::Card { login: login.to_owned(), reading: card.id, position };
            if kept.wishes.len() < MAX_WISHES {
                kept.wishes.insert(p.id, wish);
            }
        }
    }

    /// The wish is given up.
    pub fn forget(&self, patient: PatientId) {
        self.lock().wishes.remove(&patient);
    }

    fn remove(&self, login: &str, only: Option<ReadingId>) -> bool {
        let mut kept = self.lock();
        let there = kept.cards.get(login).is_some_and(|c| only.is_none_or(|id| id == c.id));
        if there {
            kept.cards.remove(login);
        }
        there
    }
}

/// The names of a card go out in the capitals of the strict traits.
fn upper(name: &str) -> String {
    StrictName::parse(name).map_or_else(|_| name.to_owned(), |n| n.as_str().to_owned())
}

fn nir(text: &str) -> Option<Nir> {
    card::split_nir(text).map(|(number, key)| Nir { number, key })
}

/// The first thing wrong with a card handed over, by field.
fn wrong(p: &PushParams, now: Timestamp) -> Option<WireError> {
    let no = |field: &'static str, why: &str| Some(WireError::invalid(field, why));
    if p.beneficiaries.is_empty() || p.beneficiaries.len() > MAX_BENEFICIARIES {
        return no("beneficiaries", "une carte porte de 1 à 20 personnes");
    }
    if p.holder.as_deref().is_some_and(|h| nir(h).is_none()) {
        return no("holder", "un NIR a 13 caractères, et une clé de 2 chiffres s'il y en a une");
    }
    if let Some((a, b, c)) = &p.regime
        && [a, b, c]
            .iter()
            .any(|t| t.is_empty() || t.len() > 4 || !t.bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        return no("regime", "régime, caisse et centre : 1 à 4 lettres ou chiffres chacun");
    }
    if p.read_at.is_some_and(|at| at.duration_since(now) > card::AHEAD) {
        return no("read_at", "cette lecture serait dans le futur : l'heure du poste est à régler");
    }
    for b in &p.beneficiaries {
        for (field, name) in [
            ("name", Some(&b.name)),
            ("birth_name", b.birth_name.as_ref()),
            ("given_name", Some(&b.given_name)),
        ] {
            if name.is_some_and(|n| StrictName::parse(n).is_err()) {
                return no(field, "un nom de la carte ne se lit pas");
            }
        }
        if BirthDate::lunar(&b.birth_date).is_err() {
            return no("birth_date", "la date de naissance s'écrit AAAA-MM-JJ");
        }
        if b.rank.is_some_and(|r| !(1..=9).contains(&r)) {
            return no("rank", "le rang gémellaire va de 1 à 9");
        }
        if b.sex.as_deref().is_some_and(|s| !matches!(Sex::parse(s), Some(Sex::M | Sex::F))) {
            return no("sex", "le sexe est M ou F");
        }
        if b.nir.as_deref().is_some_and(|n| nir(n).is_none()) {
            return no("nir", "un NIR a 13 caractères, et une clé de 2 chiffres s'il y en a une");
        }
        if let Some(a) = &b.assertion {
            if p.source == CardSource::VitaleLibre {
                return no("assertion", "une lecture libre n'a pas d'assertion");
            }
            if a.xml.len() > MAX_ASSERTION {
                return no("assertion", "assertion trop longue");
            }
            if p.holder.is_none() && b.nir.is_none() {
                return no(
                    "holder",
                    "avec une assertion, le NIR de l'ouvrant droit ou du bénéficiaire est nécessaire",
                );
            }
            let issued = a.issued_at.or(p.read_at).unwrap_or(now);
            if !card::is_fresh(issued, now) {
                return Some(WireError::refused(NoCall::TooOld.words()));
            }
        }
    }
    None
}

/// A card was read: it replaces the one of the same workstation.
pub fn push(app: &App, caller: &Caller, p: PushParams) -> Result<Shown, WireError> {
    caller.require(Right::Register)?;
    let now = app.env.now();
    if let Some(wrong) = wrong(&p, now) {
        return Err(wrong);
    }
    let login = match p.login {
        None => caller.user.login.clone(),
        Some(login) => {
            // One system account may stand for several people; none may speak for another account.
            let same = app.config.users.iter().any(|u| u.login == login && u.uid == caller.user.uid);
            if !same {
                return Err(WireError::invalid("login", "ce compte n'est pas de ce poste"));
            }
            login
        }
    };
    let reader = p.reader.unwrap_or_else(|| "lecteur".to_owned()).chars().take(40).collect::<String>();
    let id = {
        let mut kept = app.cards.lock();
        kept.last += 1;
        let id = ReadingId(kept.last);
        if kept.cards.len() >= MAX_CARDS && !kept.cards.contains_key(&login) {
            return Err(WireError::refused("trop de cartes à la fois : retirer celles qui ne servent plus"));
        }
        let reading = Reading {
            id,
            source: p.source,
            reader,
            read_at: p.read_at.unwrap_or(now),
            holder: p.holder.as_deref().and_then(nir),
            regime: p.regime,
            people: p.beneficiaries,
        };
        kept.cards.insert(login.clone(), reading);
        id
    };
    // Nothing is kept longer than it may serve.
    let (later, whose) = (app.clone(), login.clone());
    tokio::spawn(async move {
        tokio::time::sleep(ASSERTION_LIFE.unsigned_abs()).await;
        if later.cards.remove(&whose, Some(id)) {
            later.tell(Event::CardChanged { login: whose });
        }
    });
    app.tell(Event::CardChanged { login: login.clone() });
    Ok(Shown { card: view(app, &login, None) })
}

fn view(app: &App, login: &str, patient: Option<&Patient>) -> Option<CardView> {
    let now = app.env.now();
    let kept = app.cards.lock();
    let card = kept.cards.get(login)?;
    let people = card.people.iter().zip(1u8..).map(|(b, position)| {
        let born = BirthDate::lunar(&b.birth_date);
        PersonView {
            position,
            name: upper(b.name()),
            name_is_birth_name: b.birth_name.is_some(),
            given_name: upper(&b.given_name),
            birth_date_shown: born.map_or_else(|_| b.birth_date.clone(), |d| d.french()),
            birth_date: b.birth_date.clone(),
            sex: b.sex.clone(),
            callable: b.callable(card.read_at, now),
            differs: patient.map(|p| b.differs(&p.traits, &p.used)).unwrap_or_default(),
        }
    });
    Some(CardView {
        reading: card.id,
        source: card.source,
        reader: card.reader.clone(),
        read_at: card.read_at,
        people: people.collect(),
    })
}

/// The card read last on this workstation.
pub async fn show(app: &App, caller: &Caller, p: ShowParams) -> Result<Shown, WireError> {
    caller.require(Right::Register)?;
    let patient = match p.patient {
        Some(id) => Some(identity::load(app, id).await?),
        None => None,
    };
    Ok(Shown { card: view(app, &caller.user.login, patient.as_ref()) })
}

/// The card left the reader.
pub fn remove(app: &App, caller: &Caller) -> Result<Empty, WireError> {
    if app.cards.remove(&caller.user.login, None) {
        app.tell(Event::CardChanged { login: caller.user.login.clone() });
    }
    Ok(Empty {})
}

fn trait_word(field: TraitField) -> &'static str {
    match field {
        TraitField::BirthName => "le nom",
        TraitField::FirstName | TraitField::GivenNames => "le prénom",
        TraitField::BirthDate => "la date de naissance",
        TraitField::Sex => "le sexe",
        TraitField::BirthPlace => "le lieu de naissance",
        TraitField::Matricule => "le matricule",
    }
}

/// Calls INSi by the card that was on screen, for the patient on screen.
///
/// # Errors
/// Refused, with what to do, when the card is not the patient's, changed, or is too old.
pub async fn fetch(app: &App, caller: &Caller, p: CallParams) -> Result<FetchState, WireError> {
    caller.require(Right::CallInsi)?;
    let patient = identity::load(app, p.id).await?;
    let login = &caller.user.login;
    let card = view(app, login, Some(&patient)).ok_or_else(|| WireError::refused(NoCall::Gone.words()))?;
    if card.reading != p.reading {
        return Err(WireError::refused(NoCall::Changed.words()));
    }
    let agreeing: Vec<&PersonView> = card.people.iter().filter(|v| v.differs.is_empty()).collect();
    let person = match (p.position, agreeing.as_slice()) {
        (Some(n), _) => card
            .people
            .iter()
            .find(|v| v.position == n)
            .ok_or_else(|| WireError::invalid("position", "la carte n'a pas cette personne"))?,
        (None, [one]) => one,
        (None, []) => {
            return Err(WireError::refused("aucune personne de la carte n'est le patient à l'écran")
                .hint("vérifier à qui est la carte, ou appeler INSi par les traits"));
        }
        (None, _) => {
            return Err(WireError::invalid(
                "position",
                "plusieurs personnes de la carte conviennent : choisir",
            )
            .hint("choisir la personne dans la liste"));
        }
    };
    if !person.differs.is_empty() {
        let what: Vec<&str> = person.differs.iter().map(|f| trait_word(*f)).collect();
        return Err(WireError::refused(format!(
            "la personne de la carte n'est pas le patient à l'écran : {} ne concorde{} pas",
            what.join(", "),
            if what.len() > 1 { "nt" } else { "" }
        ))
        .hint("vérifier à qui est la carte, ou appeler INSi par les traits"));
    }
    app.cards
        .chosen(login, p.reading, person.position, app.env.now())
        .map_err(|no| WireError::refused(no.words()))?;
    let wish = Wish::Card { login: login.clone(), reading: p.reading, position: person.position };
    app.cards.wish_for(patient.id, wish);
    asked(app, caller, FetchParams { id: p.id, wait: p.wait }).await
}

/// A call with a wish; refused, the wish goes too.
async fn asked(app: &App, caller: &Caller, p: FetchParams) -> Result<FetchState, WireError> {
    let answer = identity::fetch(app, caller, p).await;
    if answer.is_err() {
        app.cards.forget(p.id);
    }
    answer
}

/// Asks with every given name and the birth place at once (the last lever after a return 02).
///
/// # Errors
/// Refused when the birth place is not known.
pub async fn fetch_all_names(app: &App, caller: &Caller, p: FetchParams) -> Result<FetchState, WireError> {
    caller.require(Right::CallInsi)?;
    let patient = identity::load(app, p.id).await?;
    if patient.traits.birth_place.as_ref().is_none_or(|place| place.is_unknown()) {
        return Err(WireError::refused("il faut le lieu de naissance pour cette recherche")
            .hint("le renseigner dans la fiche"));
    }
    app.cards.wish_for(patient.id, Wish::AllNames);
    asked(app, caller, p).await
}

/// True when the number read on the card is the one that was returned.
#[must_use]
pub fn same_number(read: Option<&Nir>, returned: &Matricule) -> bool {
    read.is_some_and(|nir| nir.number == returned.number())
}
