//! Faults of the service (fact sheet §B.8). The complete official table is not public: what is not listed is judged
//! by the side SOAP blames.

use crate::soap::Fault;
use thiserror::Error;

/// What a fault asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The authorisation number of the software is unknown: configuration.
    SoftwareNotAuthorised,
    /// The certificate has not the right common name or rights: certificate.
    CertificateRights,
    /// Temporarily unreachable. The qualification platform also says so for people it does not hold: after three
    /// tries the user goes on without INS.
    Unavailable,
    /// Something else in the request or the rights.
    Request,
    /// Something else at the service.
    Server,
}

/// One line of the table: the first one whose code, else whose subcode, matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRule {
    /// Attribute `code` of `siram:Erreur`.
    pub code: Option<&'static str>,
    /// SOAP subcode.
    pub subcode: Option<&'static str>,
    /// Meaning.
    pub kind: FaultKind,
    /// Worth asking again later.
    pub retryable: bool,
}

/// What is known.
pub const FAULT_RULES: &[FaultRule] = &[
    FaultRule {
        code: Some("desir_550"),
        subcode: Some("siram_100"),
        kind: FaultKind::SoftwareNotAuthorised,
        retryable: false,
    },
    FaultRule {
        code: Some("desir_560"),
        subcode: None,
        kind: FaultKind::CertificateRights,
        retryable: false,
    },
    FaultRule {
        code: Some("insi_102"),
        subcode: Some("siram_40"),
        kind: FaultKind::Unavailable,
        retryable: true,
    },
];

/// A fault in the service's own words; both codes and the text are what the hotline asks for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("fault {subcode} {code} ({kind:?})")]
pub struct InsiFault {
    /// `siram_nn`, empty when absent.
    pub subcode: String,
    /// `desir_nnn`, `insi_nnn`, empty when absent.
    pub code: String,
    /// `information`, `avertissement`, `erreur`, `fatale` (`fatal` seen).
    pub severity: String,
    /// Reason of SOAP: the sentence meant for people.
    pub reason: String,
    /// Text of `siram:Erreur`.
    pub text: String,
    /// Identifier the service gives to the exchange, when it does.
    pub service_message_id: Option<String>,
    /// Meaning.
    pub kind: FaultKind,
    /// Worth asking again later.
    pub retryable: bool,
}

impl InsiFault {
    pub(super) fn read(fault: &Fault) -> Self {
        let detail = fault.details.iter().find(|detail| detail.name == "Erreur");
        let attribute =
            |name: &str| detail.and_then(|detail| detail.attr(name)).unwrap_or_default().trim().to_owned();
        let code = attribute("code");
        let subcode = fault.subcodes.first().map(|subcode| subcode.trim().to_owned()).unwrap_or_default();
        let by_code = FAULT_RULES.iter().find(|rule| rule.code == Some(code.as_str()));
        let by_subcode = || FAULT_RULES.iter().find(|rule| rule.subcode == Some(subcode.as_str()));
        let (kind, retryable) = match by_code.or_else(by_subcode) {
            Some(rule) => (rule.kind, rule.retryable),
            None if fault.code == "Receiver" => (FaultKind::Server, true),
            None => (FaultKind::Request, false),
        };
        Self {
            severity: attribute("severite"),
            reason: fault.reason.trim().to_owned(),
            text: detail.map(|detail| detail.text.trim().to_owned()).unwrap_or_default(),
            service_message_id: Some(attribute("messageID")).filter(|id| !id.is_empty()),
            code,
            subcode,
            kind,
            retryable,
        }
    }
}
