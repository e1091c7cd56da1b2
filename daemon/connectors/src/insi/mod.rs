//! INSi: searching the national identity (INS) by traits or by carte Vitale.
//!
//! Contract: fact sheet on the INS, part B; WSDL `DESIR_ICIR_EXP_1.5.0` and its schemas.
//!
//! * [`InsiClient`] makes one call and says how it ended, with the bytes of both sides for the trace (RET-05). It
//!   never retries: the daemon does, with its queue and circuit breaker.
//! * [`sequence`] is the required order of searches, pure, driven by the daemon one call at a time.
//! * [`read_answer`] reads bytes from anywhere: the answers the certification centre hands over as files go the same
//!   way as those of the service.
//!
//! Invariants: the traits sent are those given, byte for byte; an answer that lacks what it must carry changes nothing
//! (typed refusal naming the element); a key that does not match its matricule is told, not refused; dates stay text.
//!
//! * [`cpx`] writes the assertion of a professional who holds a CPx card; who signs it is the caller's.
//!
//! Deliberately not here: the verification operations and the Pro Santé Connect mode (their contracts are not public),
//! the card itself, comparison with the local identity (domain).

mod answer;
pub mod cpx;
mod fault;
mod request;
pub mod sequence;

#[cfg(test)]
mod tests;

pub use answer::{AnswerError, AnswerWarning, InsiReturn, read_answer};
pub use fault::{FAULT_RULES, FaultKind, FaultRule, InsiFault};
pub use request::{CallStamp, CardQuery, LpsIdentity, Nir, QueryError, TraitsQuery};

use crate::soap::{self, SoapError};
use crate::tls::{CertificateFacts, Deadlines, TlsError, TlsMaterial};
use cpx::Professional;
use paillasse_shared::domain::identity::InsOid;
use request::Operation;
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// Largest answer accepted; real ones are under 4 KB.
const MAX_ANSWER: usize = 1024 * 1024;

/// Who started the call: it decides which organisation certificate is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOrigin {
    /// A person authenticated in the software (reception screen): certificate `INSI-MANU`.
    Manu,
    /// A process (nightly verification): certificate `INSI-AUTO`.
    Auto,
    /// A professional who holds a CPx card: no organisation certificate, a signed assertion.
    Cpx,
}

impl CallOrigin {
    /// The common name the certificate must bear, exactly; the name of the mode for a card.
    #[must_use]
    pub fn common_name(self) -> &'static str {
        match self {
            CallOrigin::Cpx => "CPx",
            CallOrigin::Manu => "INSI-MANU",
            CallOrigin::Auto => "INSI-AUTO",
        }
    }
}

/// What an installation sets.
#[derive(Debug, Clone)]
pub struct InsiSettings {
    /// Endpoint, `https`.
    pub url: String,
    /// How the software presents itself.
    pub lps: LpsIdentity,
    /// OIDs accepted in an answer: production ones, or test ones on a test base, never both.
    pub accepted_oids: Vec<InsOid>,
    /// Connection, and the whole call.
    pub deadlines: Deadlines,
}

impl InsiSettings {
    /// Connect 5 s, answer 15 s after it.
    pub const DEADLINES: Deadlines =
        Deadlines { connect: Duration::from_secs(5), total: Duration::from_secs(20) };
}

/// Why the client cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InsiConfigError {
    /// Certificate, key or roots.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The service answers `desir_560` to any other common name, so it is refused at start.
    #[error("the certificate for {expected} bears the common name {found:?}")]
    CommonName {
        /// What the contract wants.
        expected: &'static str,
        /// What the certificate says.
        found: Option<String>,
    },
    /// No structure identifier in the subject: `Emetteur` cannot be written.
    #[error("the certificate for {0} has no OU (structure identifier)")]
    NoStructure(&'static str),
    /// No client certificate in the material.
    #[error("no client certificate for {0}")]
    NoIdentity(&'static str),
}

struct Channel {
    http: reqwest::Client,
    /// `OU` of the certificate, `1` + FINESS; or the identifier of the professional.
    emitter: String,
    facts: Option<CertificateFacts>,
    /// Where this mode is answered.
    url: String,
    professional: Option<Professional>,
}

impl Channel {
    fn new(
        origin: CallOrigin,
        material: &TlsMaterial,
        settings: &InsiSettings,
    ) -> Result<Self, InsiConfigError> {
        let expected = origin.common_name();
        let facts = material.check()?.into_iter().next().ok_or(InsiConfigError::NoIdentity(expected))?;
        if facts.subject_cn.as_deref() != Some(expected) {
            return Err(InsiConfigError::CommonName { expected, found: facts.subject_cn });
        }
        let emitter = facts.subject_ou.first().cloned().ok_or(InsiConfigError::NoStructure(expected))?;
        let http = material.http_client(settings.deadlines)?;
        Ok(Self { http, emitter, facts: Some(facts), url: settings.url.clone(), professional: None })
    }
}

/// Both sides of one call, for the trace and the hotline. Holds traits: kept encrypted, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct CallTrace {
    /// `rechercherInsAvecTraitsIdentite` or `rechercherInsAvecCarteVitale`.
    pub operation: &'static str,
    /// Our `wsa:MessageID`.
    pub message_id: String,
    /// The request as sent; empty when it was refused before.
    pub request: Vec<u8>,
    /// HTTP status, when there was an answer.
    pub http_status: Option<u16>,
    /// The answer as received, when there was one.
    pub answer: Option<Vec<u8>>,
}

impl fmt::Debug for CallTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallTrace")
            .field("operation", &self.operation)
            .field("message_id", &self.message_id)
            .field("http_status", &self.http_status)
            .field("request", &format_args!("{} bytes", self.request.len()))
            .field("answer", &self.answer.as_ref().map(Vec::len))
            .finish()
    }
}

/// The service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsiAnswer {
    /// What it found.
    pub found: InsiReturn,
    /// Oddities to show and keep.
    pub warnings: Vec<AnswerWarning>,
    /// Both sides.
    pub trace: CallTrace,
}

/// The call gave no identity decision. `Display` gives codes, never traits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("INSi: {kind}")]
pub struct InsiError {
    /// What happened.
    pub kind: InsiErrorKind,
    /// What was exchanged until then.
    pub trace: Box<CallTrace>,
}

/// How a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InsiErrorKind {
    /// Nothing was sent: the question cannot be asked.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// Nothing was sent: the card of the professional did not sign.
    #[error(transparent)]
    Card(#[from] cpx::SignerError),
    /// Nothing was sent: no certificate for this origin.
    #[error("no certificate {}", .0.common_name())]
    NoCertificate(CallOrigin),
    /// Below SOAP: network, TLS, HTTP, an envelope that is not one.
    #[error(transparent)]
    Transport(SoapError),
    /// The service refused, in its own words.
    #[error(transparent)]
    Fault(Box<InsiFault>),
    /// An answer that lacks what it must carry: nothing is changed.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl InsiErrorKind {
    /// Worth asking again later without anybody changing anything. A search has no effect, so an unknown outcome is
    /// as good as none.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Query(_) | Self::Card(_) | Self::NoCertificate(_) | Self::Answer(_) => false,
            Self::Transport(SoapError::Network { kind, .. }) => {
                use soap::NetworkKind as Net;
                !matches!(kind, Net::BadRequest | Net::PeerCertificate(_) | Net::OwnCertificate(_))
            }
            Self::Transport(error) => error.retryable(),
            Self::Fault(fault) => fault.retryable,
        }
    }
}

/// The way to the service, one certificate per origin.
pub struct InsiClient {
    settings: InsiSettings,
    manu: Option<Channel>,
    auto: Option<Channel>,
    cpx: Option<Channel>,
}

impl fmt::Debug for InsiClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InsiClient").field("url", &self.settings.url).finish_non_exhaustive()
    }
}

impl InsiClient {
    /// Reads the certificates and checks their common names. An origin without certificate can be configured later;
    /// its calls are refused until then.
    ///
    /// # Errors
    /// [`InsiConfigError`].
    pub fn new(
        settings: InsiSettings,
        manu: Option<&TlsMaterial>,
        auto: Option<&TlsMaterial>,
    ) -> Result<Self, InsiConfigError> {
        let channel = |origin, material: Option<&TlsMaterial>| {
            material.map(|material| Channel::new(origin, material, &settings)).transpose()
        };
        let (manu, auto) = (channel(CallOrigin::Manu, manu)?, channel(CallOrigin::Auto, auto)?);
        Ok(Self { settings, manu, auto, cpx: None })
    }

    /// Adds the mode by CPx card, at its own address; `roots` judges the server, no client certificate is shown.
    ///
    /// # Errors
    /// [`InsiConfigError::Tls`].
    pub fn with_card(
        mut self,
        url: &str,
        roots: &TlsMaterial,
        professional: Professional,
    ) -> Result<Self, InsiConfigError> {
        self.cpx = Some(Channel {
            http: roots.http_client(self.settings.deadlines)?,
            emitter: professional.name_id.clone(),
            facts: None,
            url: url.to_owned(),
            professional: Some(professional),
        });
        Ok(self)
    }

    /// Facts of the certificate of an origin, for the alerts before its end.
    #[must_use]
    pub fn certificate(&self, origin: CallOrigin) -> Option<&CertificateFacts> {
        self.channel(origin).and_then(|channel| channel.facts.as_ref())
    }

    fn channel(&self, origin: CallOrigin) -> Option<&Channel> {
        match origin {
            CallOrigin::Manu => self.manu.as_ref(),
            CallOrigin::Auto => self.auto.as_ref(),
            CallOrigin::Cpx => self.cpx.as_ref(),
        }
    }

    /// WS_INS2: one search by traits. The order of searches is [`sequence`]'s.
    ///
    /// # Errors
    /// [`InsiError`]; a fault is an error, the codes 00, 01 and 02 are answers.
    pub async fn search_by_traits(
        &self,
        query: &TraitsQuery,
        origin: CallOrigin,
        stamp: &CallStamp,
    ) -> Result<InsiAnswer, InsiError> {
        self.call(Operation::Traits(query), origin, stamp).await
    }

    /// WS_INS1: search by carte Vitale. The Vitale assertion comes from licensed card components; without one the
    /// service refuses, which is why it is optional here and required by the caller's settings.
    ///
    /// # Errors
    /// As [`search_by_traits`](Self::search_by_traits).
    pub async fn search_by_card(
        &self,
        query: &CardQuery,
        origin: CallOrigin,
        stamp: &CallStamp,
    ) -> Result<InsiAnswer, InsiError> {
        self.call(Operation::Card(query), origin, stamp).await
    }

    async fn call(
        &self,
        operation: Operation<'_>,
        origin: CallOrigin,
        stamp: &CallStamp,
    ) -> Result<InsiAnswer, InsiError> {
        let mut trace = CallTrace {
            operation: operation.name(),
            message_id: stamp.message_id(),
            request: Vec::new(),
            http_status: None,
            answer: None,
        };
        let kind = match self.exchange(operation, origin, stamp, &mut trace).await {
            Ok((found, warnings)) => return Ok(InsiAnswer { found, warnings, trace }),
            Err(kind) => kind,
        };
        Err(InsiError { kind, trace: Box::new(trace) })
    }

    async fn exchange(
        &self,
        operation: Operation<'_>,
        origin: CallOrigin,
        stamp: &CallStamp,
        trace: &mut CallTrace,
    ) -> Result<(InsiReturn, Vec<AnswerWarning>), InsiErrorKind> {
        let channel = self.channel(origin).ok_or(InsiErrorKind::NoCertificate(origin))?;
        let professional = match &channel.professional {
            Some(professional) => Some(professional.assertion(stamp)?),
            None => None,
        };
        let request = operation
            .envelope(&self.settings.lps, &channel.emitter, professional.as_deref(), stamp)?
            .into_bytes();
        trace.request.clone_from(&request);
        let post = soap::Post {
            url: &channel.url,
            content_type: soap::content_type(&operation.action()),
            body: request,
            timeout: None,
            max_response: MAX_ANSWER,
        };
        let raw = soap::exchange(&channel.http, post).await.map_err(InsiErrorKind::Transport)?;
        trace.http_status = Some(raw.http_status);
        trace.answer = Some(raw.bytes.clone());
        answer::read_message(
            soap::read_answer(raw.http_status, &raw.media, raw.bytes),
            &self.settings.accepted_oids,
        )
    }
}
