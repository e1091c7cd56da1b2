//! The worker of INSi orders: the whole sequence of searches, each call traced, and what it ends with.

use paillasse_connectors::insi::sequence::{Last, Sequence, Step, Verdict};
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
        self.traces.push(trace(self.order, query, at, took_ms, &answer));
        match answer {
            Ok(a) => Ok(a.found),
            Err(e) => Err(e.kind),
        }
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

/// Runs the order of a patient: asks INSi, records, tells. A fault or an outage leaves the order for later.
pub async fn run(app: &App, clients: &Clients, order: &Claimed) -> Outcome {
    let Some(client) = &clients.insi else {
        return Outcome::Held { reason: Reason::NotConfigured { service: Service::Insi } };
    };
    let (patient, state) = match app.store.patient_with_insi(order.patient).await {
        Ok(Some(found)) => found,
        Ok(None) => return internal("la fiche n'existe plus"),
        Err(e) => return Outcome::Retry { words: e.to_string(), transport: false },
    };
    let started = app.env.now();
    // An interruption came between the record of the answer and the end of the order: it was answered, perhaps decided.
    let asked = matches!(state, InsiState::NotCalled | InsiState::Waiting { .. } | InsiState::Running { .. });
    let tell = || app.tell(Event::InsiChanged { patient: patient.id, asked_by: order.asked_by.clone() });
    if !asked || patient.state.from_insi || !patient.state.may_call_insi() {
        // Decided otherwise meanwhile.
        return Outcome::Delivered { receipt: "sans objet".into() };
    }
    if app.store.set_insi_state(patient.id, InsiState::Running { since: started }, started).await.is_ok() {
        tell();
    }
    let origin = if order.asked_by == "paillassed" { CallOrigin::Auto } else { CallOrigin::Manu };
    let mut round = Round::new(app, client, order, origin);
    let ended = round.search(&patient.traits).await;
    let traces = round.traces();
    let now = app.env.now();
    let took = now.as_millisecond().saturating_sub(started.as_millisecond());
    let insi = match ended {
        Ok((Verdict::Several, _)) => {
            return finish(app, order, traces, InsiState::Several { at: now }, "02").await;
        }
        Ok((_, None)) => return finish(app, order, traces, InsiState::NotFound { at: now }, "01").await,
        Ok((_, Some(insi))) => insi,
        Err(kind) => return failed(app, order, traces, &kind).await,
    };
    if let Some(why) = insi.impossible() {
        return finish_failed(app, order, traces, why).await;
    }
    let with_place = traces.iter().any(|t| t.mode == WITH_PLACE);
    let how = how(traces.len(), with_place, took);
    let exact = is_exact(app, &patient, &insi);
    let outcome = InsiOutcome {
        patient: patient.id,
        state: InsiState::ToDecide { since: now },
        returned: Some((*insi, how)),
        traces,
        at: now,
    };
    if let Err(e) = app.store.record_insi(outcome).await {
        return Outcome::Retry { words: e.to_string(), transport: false };
    }
    tell();
    if exact && app.config.insi.as_ref().is_some_and(|c| c.accept_exact) {
        accept_exact(app, order).await;
    }
    Outcome::Delivered { receipt: "00".into() }
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

/// `par traits, sans lieu puis avec le lieu, 0,8 s`
fn how(calls: usize, with_place: bool, took_ms: i64) -> String {
    let seconds = format!("{:.1}", took_ms as f64 / 1000.0).replace('.', ",");
    let place = if with_place { ", sans lieu puis avec le lieu" } else { "" };
    let names = if calls > 1 && !with_place { ", prénom par prénom" } else { "" };
    format!("par traits{place}{names}, {seconds} s")
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
async fn accept_exact(app: &App, order: &Claimed) {
    let Some(user) = app.config.users.iter().find(|u| u.login == order.asked_by) else { return };
    let caller = Caller::new(user.clone());
    let params =
        DecideParams { id: order.patient, return_id: None, despite_contradiction: false, motive: None };
    if let Err(e) = identity::accept(app, &caller, params).await {
        tracing::warn!(patient = order.patient.0, kind = ?e.kind, "exact return not accepted by itself");
    }
}

fn trace(
    order: &Claimed,
    query: &TraitsQuery,
    at: jiff::Timestamp,
    took_ms: i64,
    answer: &Result<InsiAnswer, InsiError>,
) -> InsiTrace {
    let (exchanged, code) = match answer {
        Ok(a) => (&a.trace, return_code(&a.found).to_owned()),
        Err(e) => (&*e.trace, code_of(&e.kind)),
    };
    InsiTrace {
        at,
        by: order.asked_by.clone(),
        mode: if query.birth_place.is_some() { WITH_PLACE } else { "traits" }.to_owned(),
        request: String::from_utf8_lossy(&exchanged.request).into_owned(),
        code,
        response: exchanged.answer.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned(),
        message_id: exchanged.message_id.clone(),
        took_ms,
    }
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
        InsiErrorKind::NoCertificate(_) => "certificat".to_owned(),
    }
}

async fn finish(app: &App, order: &Claimed, traces: Vec<InsiTrace>, state: InsiState, code: &str) -> Outcome {
    let at = app.env.now();
    let outcome = InsiOutcome { patient: order.patient, state, returned: None, traces, at };
    if let Err(e) = app.store.record_insi(outcome).await {
        return Outcome::Retry { words: e.to_string(), transport: false };
    }
    app.tell(Event::InsiChanged { patient: order.patient, asked_by: order.asked_by.clone() });
    Outcome::Delivered { receipt: code.to_owned() }
}

async fn finish_failed(app: &App, order: &Claimed, traces: Vec<InsiTrace>, words: &str) -> Outcome {
    let state = InsiState::Failed { at: app.env.now(), words: words.to_owned() };
    finish(app, order, traces, state, "refus").await
}

/// After three trials with "temporarily unreachable", the person goes on without INS (the qualification platform says
/// the same of people whom it does not hold).
const TRIES_OF_UNAVAILABLE: u32 = 3;

async fn failed(app: &App, order: &Claimed, traces: Vec<InsiTrace>, kind: &InsiErrorKind) -> Outcome {
    let words = words(kind);
    if let InsiErrorKind::Fault(f) = kind {
        if matches!(f.kind, FaultKind::SoftwareNotAuthorised | FaultKind::CertificateRights) {
            waiting(app, order, traces, &words).await;
            return Outcome::Suspend { words };
        }
        if f.kind == FaultKind::Unavailable && order.attempt >= TRIES_OF_UNAVAILABLE {
            return finish_failed(app, order, traces, &words).await;
        }
    }
    if kind.retryable() || is_certificate(kind) {
        waiting(app, order, traces, &words).await;
        return Outcome::Retry { words, transport: matches!(kind, InsiErrorKind::Transport(_)) };
    }
    finish_failed(app, order, traces, &words).await
}

/// A certificate that expired on the other side is an outage for us: trials go on.
fn is_certificate(kind: &InsiErrorKind) -> bool {
    matches!(kind, InsiErrorKind::Transport(SoapError::Network { kind: NetworkKind::PeerCertificate(_), .. }))
}

async fn waiting(app: &App, order: &Claimed, traces: Vec<InsiTrace>, words: &str) {
    let at = app.env.now();
    let state = InsiState::Waiting { since: order.created_at, words: Some(words.to_owned()) };
    let outcome = InsiOutcome { patient: order.patient, state, returned: None, traces, at };
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
