//! The worker of INSi orders: the whole sequence of searches, each call traced, and what it ends with.

use paillasse_connectors::insi::sequence::{Last, Sequence, Step, Verdict, all_names_with_place};
use paillasse_connectors::insi::{
    CallOrigin, CallStamp, FaultKind, InsiAnswer, InsiClient, InsiError, InsiErrorKind, InsiReturn,
    TraitsQuery,
};
use paillasse_connectors::soap::{NetworkKind, SoapError};
use paillasse_shared::domain::identity::{Insi, StrictTraits, compare, compare::PlaceRelation};
use paillasse_shared::domain::order::{Reason, Service};
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::ins::DecideParams;
use paillasse_shared::protocol::patient::InsiState;
use uuid::Uuid;

use super::cards::{Chosen, NoCall, Wish, same_number};
use super::{App, Caller, identity};
use crate::clients::Clients;
use crate::outbox::Outcome;
use crate::store::identity::{InsiOutcome, InsiTrace};
use crate::store::outbox::Claimed;

/// The calls made for one order, each traced.
pub struct Round<'a> {
    app: &'a App,
    client: &'a InsiClient,
    order: &'a Claimed,
    origin: CallOrigin,
    traces: Vec<InsiTrace>,
}

impl<'a> Round<'a> {
    /// No call yet.
    #[must_use]
    pub fn new(app: &'a App, client: &'a InsiClient, order: &'a Claimed, origin: CallOrigin) -> Self {
        Self { app, client, order, origin, traces: Vec::new() }
    }

    /// One call by traits.
    pub async fn ask(&mut self, query: &TraitsQuery) -> Result<InsiReturn, InsiErrorKind> {
        let at = self.app.env.now();
        let answer = self.client.search_by_traits(query, self.origin, &stamp(self.app)).await;
        let took_ms = self.app.env.now().as_millisecond().saturating_sub(at.as_millisecond());
        let mode = if query.birth_place.is_some() { WITH_PLACE } else { "traits" };
        self.keep(mode, at, took_ms, answer)
    }

    /// One call by card.
    pub async fn ask_by_card(&mut self, chosen: &Chosen) -> Result<InsiReturn, InsiErrorKind> {
        let at = self.app.env.now();
        let answer = self.client.search_by_card(&chosen.query, self.origin, &stamp(self.app)).await;
        let took_ms = self.app.env.now().as_millisecond().saturating_sub(at.as_millisecond());
        self.keep(chosen.source.mode(), at, took_ms, answer)
    }

    fn keep(
        &mut self,
        mode: &'static str,
        at: jiff::Timestamp,
        took_ms: i64,
        answer: Result<InsiAnswer, InsiError>,
    ) -> Result<InsiReturn, InsiErrorKind> {
        let by_card = mode != "traits" && mode != WITH_PLACE;
        let (exchanged, code) = match &answer {
            Ok(a) => (&a.trace, return_code(&a.found).to_owned()),
            Err(e) => (&*e.trace, code_of(&e.kind)),
        };
        // What the card gave is not kept longer than the call: neither NIR nor assertion stays in the trace.
        let request = if by_card {
            format!("{} (contenu de la carte non conservé)", exchanged.operation)
        } else {
            String::from_utf8_lossy(&exchanged.request).into_owned()
        };
        let answered = exchanged.answer.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        self.traces.push(InsiTrace {
            at,
            by: self.order.asked_by.clone(),
            mode: mode.to_owned(),
            auth: self.origin.common_name(),
            site: self.app.config.laboratory.site.clone(),
            request,
            code,
            response: answered.into_owned(),
            message_id: exchanged.message_id.clone(),
            took_ms,
        });
        answer.map(|a| a.found).map_err(|e| e.kind)
    }

    /// The whole sequence of searches.
    pub async fn search(
        &mut self,
        traits: &StrictTraits,
    ) -> Result<(Verdict, Option<Box<Insi>>), InsiErrorKind> {
        let mut sequence = Sequence::new(traits)?;
        let mut found = None;
        let mut step = sequence.start();
        loop {
            let query = match step {
                Step::Ask(query) => query,
                Step::Over(verdict) => return Ok((verdict, found)),
            };
            let last = match self.ask(&query).await? {
                InsiReturn::Found(insi) => {
                    found = Some(insi);
                    Last::Found
                }
                InsiReturn::NotFound => Last::NotFound,
                InsiReturn::Several => Last::Several,
            };
            step = sequence.next(last);
        }
    }

    /// What was exchanged.
    #[must_use]
    pub fn traces(self) -> Vec<InsiTrace> {
        self.traces
    }
}

/// How often the traits may be corrected while INSi answers before the order waits its turn again.
const CORRECTIONS: usize = 4;

/// Runs the order of a patient: asks INSi, records, tells. A fault or an outage leaves the order for later. An answer to
/// traits that were corrected meanwhile is only traced, and INSi is asked about the new ones.
pub async fn run(app: &App, clients: &Clients, order: &Claimed) -> Outcome {
    for _ in 0..CORRECTIONS {
        if let Some(outcome) = once(app, clients, order).await {
            return outcome;
        }
    }
    Outcome::Retry { words: "l'identité change pendant les appels".into(), transport: false }
}

/// One round of searches; `None` when the record was corrected meanwhile.
async fn once(app: &App, clients: &Clients, order: &Claimed) -> Option<Outcome> {
    let Some(client) = &clients.insi else {
        return Some(Outcome::Held { reason: Reason::NotConfigured { service: Service::Insi } });
    };
    let (patient, state) = match app.store.patient_with_insi(order.patient).await {
        Ok(Some(found)) => found,
        Ok(None) => return Some(internal("la fiche n'existe plus")),
        Err(e) => return Some(Outcome::Retry { words: e.to_string(), transport: false }),
    };
    let started = app.env.now();
    // An interruption came between the record of the answer and the end of the order: it was answered, perhaps decided.
    let asked = matches!(state, InsiState::NotCalled | InsiState::Waiting { .. } | InsiState::Running { .. });
    let tell = || app.tell(Event::InsiChanged { patient: patient.id, asked_by: order.asked_by.clone() });
    if !asked || patient.state.from_insi || !patient.state.may_call_insi() {
        // Decided otherwise meanwhile.
        return Some(Outcome::Delivered { receipt: "sans objet".into() });
    }
    if app.store.set_insi_state(patient.id, InsiState::Running { since: started }, started).await.is_ok() {
        tell();
    }
    let origin = match order.asked_by == "paillassed" {
        true => CallOrigin::Auto,
        false if app.config.insi.as_ref().is_some_and(|c| c.cpx.is_some()) => CallOrigin::Cpx,
        false => CallOrigin::Manu,
    };
    let mut round = Round::new(app, client, order, origin);
    let wish = app.cards.wish(patient.id);
    let card = match &wish {
        Some(Wish::Card { login, reading, position }) => {
            match app.cards.chosen(login, *reading, *position, app.env.now()) {
                Ok(card) => Some(card),
                // Another card is in the reader: whose identity would come back is not known (RET-13).
                Err(no @ NoCall::Changed) => {
                    app.cards.over(patient.id);
                    return finish_failed(app, order, None, vec![], no.words()).await;
                }
                // Gone or too old, after an outage for instance: the search by traits needs no card.
                Err(_) => None,
            }
        }
        _ => None,
    };
    let ended = search(&mut round, &patient.traits, card.as_ref(), wish == Some(Wish::AllNames)).await;
    let traces = round.traces();
    let later = matches!(&ended, Err(kind) if kind.retryable() || is_certificate(kind));
    if !later {
        app.cards.over(patient.id);
    }
    let asked = || Some(patient.traits.clone());
    let now = app.env.now();
    let took = now.as_millisecond().saturating_sub(started.as_millisecond());
    let insi = match ended {
        Ok((Verdict::Several, _)) => {
            return finish(app, order, asked(), traces, InsiState::Several { at: now }, "02").await;
        }
        Ok((_, None)) => {
            return finish(app, order, asked(), traces, InsiState::NotFound { at: now }, "01").await;
        }
        Ok((_, Some(insi))) => insi,
        Err(kind) => return failed(app, order, asked(), traces, &kind).await,
    };
    if let Some(why) = insi.impossible() {
        return finish_failed(app, order, asked(), traces, why).await;
    }
    let mode = traces.last().map_or("traits", |t| match t.mode.as_str() {
        "vitale" => "vitale",
        "apcv" => "apcv",
        _ => "traits",
    });
    let how = how(&traces, took);
    let card = card.filter(|_| mode != "traits");
    let numbers = card.as_ref().and_then(|c| c.nir.as_ref());
    let exact =
        is_exact(app, &patient, &insi) && (numbers.is_none() || same_number(numbers, &insi.matricule));
    // The phone proved who the person is; for the plastic card and the traits it is the site's choice.
    let by_itself = exact && (mode == "apcv" || app.config.insi.as_ref().is_some_and(|c| c.accept_exact));
    let outcome = InsiOutcome {
        patient: patient.id,
        asked: asked(),
        state: InsiState::ToDecide { since: now },
        returned: Some((*insi, how, mode)),
        traces,
        at: now,
    };
    match app.store.record_insi(outcome).await {
        Ok(true) => {}
        Ok(false) => return None,
        Err(e) => return Some(Outcome::Retry { words: e.to_string(), transport: false }),
    }
    tell();
    if by_itself && accept_exact(app, order).await {
        app.tell(Event::InsiAcceptedByItself { patient: patient.id, asked_by: order.asked_by.clone() });
    }
    Some(Outcome::Delivered { receipt: "00".into() })
}

/// Mode of a call that gave the place of birth, in the trace.
const WITH_PLACE: &str = "traits+lieu";

fn internal(words: &str) -> Outcome {
    Outcome::Parked { reason: Reason::Internal { words: words.to_owned() }, words: words.to_owned() }
}

fn stamp(app: &App) -> CallStamp {
    let id = || Uuid::from_u64_pair(app.env.random(), app.env.random());
    let v4 = |id: Uuid| uuid::Builder::from_random_bytes(*id.as_bytes()).into_uuid();
    CallStamp { bam_id: v4(id()), lps_id: v4(id()), message: v4(id()), time: app.env.now() }
}

/// `par carte Vitale, 0,4 s`; `par traits, sans lieu puis avec le lieu, 0,8 s`
fn how(traces: &[InsiTrace], took_ms: i64) -> String {
    let seconds = format!("{:.1}", took_ms as f64 / 1000.0).replace('.', ",");
    let by = |mode: &str| traces.iter().any(|t| t.mode == mode);
    let last = traces.last().map_or("", |t| t.mode.as_str());
    let card = match last {
        "vitale" => return format!("par carte Vitale, {seconds} s"),
        "apcv" => return format!("par appli carte Vitale, {seconds} s"),
        _ if by("vitale") || by("apcv") => "par la carte puis ",
        _ => "",
    };
    let with_place = by(WITH_PLACE);
    let place = match (with_place, by("traits")) {
        (true, true) => ", sans lieu puis avec le lieu",
        (true, false) => ", tous les prénoms et le lieu",
        _ => "",
    };
    let names = if traces.iter().filter(|t| t.mode == "traits").count() > 1 && !with_place {
        ", prénom par prénom"
    } else {
        ""
    };
    format!("{card}par traits{place}{names}, {seconds} s")
}

/// The order of preference (RET-01): the card when there is one, then the traits.
async fn search(
    round: &mut Round<'_>,
    traits: &StrictTraits,
    card: Option<&Chosen>,
    all_names: bool,
) -> Result<(Verdict, Option<Box<Insi>>), InsiErrorKind> {
    if let Some(card) = card {
        match round.ask_by_card(card).await? {
            InsiReturn::Found(insi) => return Ok((Verdict::Found, Some(insi))),
            InsiReturn::NotFound | InsiReturn::Several => {}
        }
    }
    if let (true, Some(query)) = (all_names, all_names_with_place(traits)) {
        return Ok(match round.ask(&query).await? {
            InsiReturn::Found(insi) => (Verdict::Found, Some(insi)),
            InsiReturn::NotFound => (Verdict::NotFound { capped: false }, None),
            InsiReturn::Several => (Verdict::Several, None),
        });
    }
    round.search(traits).await
}

/// True when nothing of a return contradicts the record.
#[must_use]
pub fn is_exact(app: &App, p: &crate::store::patients::Patient, insi: &Insi) -> bool {
    let relation = match (&p.traits.birth_place, &insi.birth_place) {
        (Some(a), Some(b)) => app.cog.relation(a.as_str(), b.as_str(), Some(&insi.birth_date)),
        _ => PlaceRelation::Different,
    };
    compare::compare(&p.traits, None, insi, &relation, str::to_owned).is_exact()
}

/// Accepts in the name of the person who asked; a failure leaves the return to be decided.
async fn accept_exact(app: &App, order: &Claimed) -> bool {
    let Some(user) = app.config.users.iter().find(|u| u.login == order.asked_by) else { return false };
    let caller = Caller::new(user.clone());
    let params =
        DecideParams { id: order.patient, return_id: None, despite_contradiction: false, motive: None };
    let accepted = identity::accept(app, &caller, params).await;
    if let Err(e) = &accepted {
        tracing::warn!(patient = order.patient.0, kind = ?e.kind, "exact return not accepted by itself");
    }
    accepted.is_ok()
}

fn return_code(r: &InsiReturn) -> &'static str {
    match r {
        InsiReturn::Found(_) => "00",
        InsiReturn::NotFound => "01",
        InsiReturn::Several => "02",
    }
}

fn code_of(kind: &InsiErrorKind) -> String {
    match kind {
        InsiErrorKind::Fault(f) => format!("{}/{}", f.subcode, f.code),
        InsiErrorKind::Transport(_) => "transport".to_owned(),
        InsiErrorKind::Answer(_) => "illisible".to_owned(),
        InsiErrorKind::Query(_) => "question".to_owned(),
        InsiErrorKind::Card(_) => "cpx".to_owned(),
        InsiErrorKind::NoCertificate(_) => "certificat".to_owned(),
    }
}

async fn finish(
    app: &App,
    order: &Claimed,
    asked: Option<StrictTraits>,
    traces: Vec<InsiTrace>,
    state: InsiState,
    code: &str,
) -> Option<Outcome> {
    let at = app.env.now();
    let outcome = InsiOutcome { patient: order.patient, asked, state, returned: None, traces, at };
    match app.store.record_insi(outcome).await {
        Ok(true) => {}
        Ok(false) => return None,
        Err(e) => return Some(Outcome::Retry { words: e.to_string(), transport: false }),
    }
    app.tell(Event::InsiChanged { patient: order.patient, asked_by: order.asked_by.clone() });
    Some(Outcome::Delivered { receipt: code.to_owned() })
}

async fn finish_failed(
    app: &App,
    order: &Claimed,
    asked: Option<StrictTraits>,
    traces: Vec<InsiTrace>,
    words: &str,
) -> Option<Outcome> {
    let state = InsiState::Failed { at: app.env.now(), words: words.to_owned() };
    finish(app, order, asked, traces, state, "refus").await
}

/// After three trials with "temporarily unreachable", the person goes on without INS (the qualification platform says
/// the same of people whom it does not hold).
const TRIES_OF_UNAVAILABLE: u32 = 3;

async fn failed(
    app: &App,
    order: &Claimed,
    asked: Option<StrictTraits>,
    traces: Vec<InsiTrace>,
    kind: &InsiErrorKind,
) -> Option<Outcome> {
    let words = words(kind);
    if let InsiErrorKind::Fault(f) = kind {
        if matches!(f.kind, FaultKind::SoftwareNotAuthorised | FaultKind::CertificateRights) {
            waiting(app, order, traces, &words).await;
            return Some(Outcome::Suspend { words });
        }
        if f.kind == FaultKind::Unavailable && order.attempt >= TRIES_OF_UNAVAILABLE {
            return finish_failed(app, order, asked, traces, &words).await;
        }
    }
    if kind.retryable() || is_certificate(kind) {
        waiting(app, order, traces, &words).await;
        return Some(Outcome::Retry { words, transport: matches!(kind, InsiErrorKind::Transport(_)) });
    }
    finish_failed(app, order, asked, traces, &words).await
}

/// A certificate that expired on the other side is an outage for us: trials go on.
fn is_certificate(kind: &InsiErrorKind) -> bool {
    matches!(kind, InsiErrorKind::Transport(SoapError::Network { kind: NetworkKind::PeerCertificate(_), .. }))
}

async fn waiting(app: &App, order: &Claimed, traces: Vec<InsiTrace>, words: &str) {
    let at = app.env.now();
    let state = InsiState::Waiting { since: order.created_at, words: Some(words.to_owned()) };
    let outcome = InsiOutcome { patient: order.patient, asked: None, state, returned: None, traces, at };
    if let Err(e) = app.store.record_insi(outcome).await {
        tracing::error!(error = %e, "INSi trace not recorded");
    }
    app.tell(Event::InsiChanged { patient: order.patient, asked_by: order.asked_by.clone() });
}

/// The failure in plain French, with the service's own words.
#[must_use]
pub fn words(kind: &InsiErrorKind) -> String {
    match kind {
        InsiErrorKind::Transport(e) => network_words(e),
        InsiErrorKind::Fault(f) => {
            let said = if f.text.is_empty() { &f.reason } else { &f.text };
            format!("« {said} » ({} {})", f.subcode, f.code)
        }
        InsiErrorKind::Answer(e) => format!("réponse d'INSi inutilisable : {e}"),
        InsiErrorKind::Query(e) => format!("question impossible : {e}"),
        InsiErrorKind::Card(e) => format!("la carte CPx n'a pas signé : {e}"),
        InsiErrorKind::NoCertificate(o) => format!("pas de certificat {} configuré", o.common_name()),
    }
}

/// A failure of transport in plain French.
#[must_use]
pub fn network_words(e: &SoapError) -> String {
    match e {
        SoapError::Network { kind, .. } => match kind {
            NetworkKind::Dns => "nom de serveur introuvable".into(),
            NetworkKind::Connect => "connexion refusée".into(),
            NetworkKind::ConnectTimeout => "pas de connexion dans le délai".into(),
            NetworkKind::PeerCertificate(why) if why.to_lowercase().contains("expired") => {
                "certificat du service expiré".into()
            }
            NetworkKind::PeerCertificate(why) => format!("certificat du service refusé : {why}"),
            NetworkKind::OwnCertificate(why) => format!("notre certificat est refusé : {why}"),
            NetworkKind::Tls(why) => format!("échec de la connexion sécurisée : {why}"),
            NetworkKind::AnswerTimeout => "pas de réponse dans le délai".into(),
            NetworkKind::Interrupted => "connexion coupée avant la réponse".into(),
            NetworkKind::BadRequest => "adresse du service incorrecte".into(),
        },
        SoapError::HttpStatus { status } => format!("erreur HTTP {status}"),
        SoapError::Fault(f) => format!("« {} »", f.reason),
        SoapError::Malformed { what } => format!("réponse illisible : {what}"),
        SoapError::TooLarge { .. } => "réponse trop grande".into(),
    }
}
