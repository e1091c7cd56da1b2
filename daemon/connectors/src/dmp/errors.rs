//! What an answer of the DMP means for the queue (DMP sheet section 8.1), as data.
//!
//! The complete list of the DMP's functional codes is not public: codes and texts are kept as they came, unknown
//! codes are permanent (a person decides), and every line of the table can be overridden by configuration.

use std::collections::BTreeMap;
use std::fmt;

use paillasse_xml::IdentityError;

use crate::soap::{Fault, NetworkKind, SoapError};

/// What to do after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// Send again later, with back-off.
    Retry,
    /// Send again later, more slowly.
    RetrySlow,
    /// Send again at most three times, then ask a person.
    RetryFew,
    /// Not an error (a warning that came alone).
    Success,
    /// The receiver has this document already: delivered, if the hash is the same.
    AlreadyThere,
    /// Look up the document to replace (TD3.1b) and try once more, then ask a person.
    RefreshTarget,
    /// Never by itself: ask a person.
    Permanent,
    /// Every order would fail alike: suspend the queue and alert the administrator.
    SuspendService,
}

impl ErrorClass {
    /// Reads the name used in configuration (`retry`, `retry_slow`, `retry_few`, `success`, `already_there`,
    /// `refresh_target`, `permanent`, `suspend_service`).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "retry" => Self::Retry,
            "retry_slow" => Self::RetrySlow,
            "retry_few" => Self::RetryFew,
            "success" => Self::Success,
            "already_there" => Self::AlreadyThere,
            "refresh_target" => Self::RefreshTarget,
            "permanent" => Self::Permanent,
            "suspend_service" => Self::SuspendService,
            _ => return None,
        })
    }
}

/// The table of the contract, by code without prefix.
pub const CONTRACT: &[(&str, ErrorClass)] = &[
    ("XDSRegistryBusy", ErrorClass::Retry),
    ("XDSRepositoryBusy", ErrorClass::Retry),
    ("XDSRegistryNotAvailable", ErrorClass::Retry),
    ("XDSRegistryOutOfResources", ErrorClass::RetrySlow),
    ("XDSRepositoryOutOfResources", ErrorClass::RetrySlow),
    ("XDSRegistryError", ErrorClass::RetryFew),
    ("XDSRepositoryError", ErrorClass::RetryFew),
    ("XDSMissingDocument", ErrorClass::Permanent),
    ("XDSMissingDocumentMetadata", ErrorClass::Permanent),
    ("XDSRegistryMetadataError", ErrorClass::Permanent),
    ("XDSRepositoryMetadataError", ErrorClass::Permanent),
    ("InvalidDocumentContent", ErrorClass::Permanent),
    ("XDSRegistryDuplicateUniqueIdInMessage", ErrorClass::Permanent),
    ("XDSDuplicateUniqueIdInRegistry", ErrorClass::AlreadyThere),
    ("XDSNonIdenticalHash", ErrorClass::Permanent),
    ("XDSNonIdenticalSize", ErrorClass::Permanent),
    ("XDSUnknownPatientId", ErrorClass::Permanent),
    ("XDSPatientIdDoesNotMatch", ErrorClass::Permanent),
    ("XDSRegistryDeprecatedDocumentError", ErrorClass::RefreshTarget),
    ("UnresolvedReferenceException", ErrorClass::RefreshTarget),
    ("XDSUnknownRepositoryId", ErrorClass::Permanent),
    ("XDSDocumentUniqueIdError", ErrorClass::Permanent),
    ("XDSStoredQueryMissingParam", ErrorClass::Permanent),
    ("XDSStoredQueryParamNumber", ErrorClass::Permanent),
    ("XDSUnknownStoredQuery", ErrorClass::Permanent),
    ("XDSTooManyResults", ErrorClass::Permanent),
    ("XDSMetadataUpdateError", ErrorClass::Permanent),
    ("XDSMetadataVersionError", ErrorClass::RefreshTarget),
    ("XDSMetadataUpdateOperationError", ErrorClass::Permanent),
    ("XDSExtraMetadataNotSaved", ErrorClass::Success),
    ("DMPInvalidCertificate", ErrorClass::SuspendService),
    ("DMPAccessDeniedByRightsService", ErrorClass::Permanent),
    ("DMPOk", ErrorClass::Success),
    // Standard WS-Security faults: the assertion as a whole is refused (section 4.4).
    ("UnsupportedSecurityToken", ErrorClass::SuspendService),
    ("UnsupportedAlgorithm", ErrorClass::SuspendService),
    ("InvalidSecurity", ErrorClass::SuspendService),
    ("InvalidSecurityToken", ErrorClass::SuspendService),
    ("FailedAuthentication", ErrorClass::SuspendService),
    ("FailedCheck", ErrorClass::SuspendService),
    ("SecurityTokenUnavailable", ErrorClass::SuspendService),
    // Standard WS-Addressing faults.
    ("MessageAddressingHeaderRequired", ErrorClass::SuspendService),
    ("InvalidAddressingHeader", ErrorClass::SuspendService),
    ("ActionNotSupported", ErrorClass::SuspendService),
    ("EndpointUnavailable", ErrorClass::Retry),
];

/// Words of faults that come without a code of their own and touch the whole service (section 4.4), in lower case.
pub const SUSPENDING_WORDS: &[&str] =
    &["structure introuvable", "ps et structure non liés", "addressing header", "certificat de signature"];

/// The contract's table with the configuration's changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorTable {
    /// Class by code without prefix; wins over [`CONTRACT`].
    pub overrides: BTreeMap<String, ErrorClass>,
}

impl ErrorTable {
    /// Class of a code, whatever URN it is prefixed with; `None` when nobody knows it.
    #[must_use]
    pub fn known(&self, code: &str) -> Option<ErrorClass> {
        let bare = code.rsplit([':', '#', '/']).next().unwrap_or(code).trim();
        let contract = || CONTRACT.iter().find(|(c, _)| *c == bare).map(|(_, class)| *class);
        self.overrides.get(bare).copied().or_else(contract)
    }

    fn of_fault(&self, fault: &Fault) -> ErrorClass {
        let codes = fault
            .subcodes
            .iter()
            .map(String::as_str)
            .chain(fault.details.iter().filter_map(|d| d.attr("code").or_else(|| d.attr("errorCode"))))
            .filter_map(|c| self.known(c));
        if let Some(class) = codes.max() {
            return class;
        }
        let reason = fault.reason.to_lowercase();
        if SUSPENDING_WORDS.iter().any(|w| reason.contains(w)) {
            return ErrorClass::SuspendService;
        }
        if fault.code == "Receiver" { ErrorClass::RetryFew } else { ErrorClass::Permanent }
    }
}

/// One error or warning in the DMP's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerError {
    /// Code as received.
    pub code: String,
    /// Text as received.
    pub context: String,
    /// Where, as received; often empty.
    pub location: String,
    /// Warning rather than error.
    pub warning: bool,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DmpErrorKind {
    /// No answer to work with: network, HTTP status, unreadable or oversized answer.
    Transport(SoapError),
    /// A SOAP fault.
    Fault(Box<Fault>),
    /// The registry or repository refused.
    Refused,
    /// An answer that is not the one of this transaction.
    Unreadable(&'static str),
    /// The lot is larger than the settings allow; nothing was sent.
    TooLarge {
        /// Size of the documents, bytes.
        size: usize,
        /// Bound, bytes.
        limit: usize,
    },
    /// The assertion could not be signed; nothing was sent.
    Identity(IdentityError),
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmpError {
    /// What went wrong.
    pub kind: DmpErrorKind,
    /// What to do.
    pub class: ErrorClass,
    /// The DMP's words: registry errors, or the fault as one line.
    pub peer: Vec<PeerError>,
    unknown_outcome: bool,
}

impl fmt::Display for DmpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DmpErrorKind::Transport(e) => write!(f, "DMP: {e}"),
            DmpErrorKind::Fault(fault) => write!(f, "DMP: fault {} {:?}", fault.code, fault.subcodes),
            DmpErrorKind::Refused => {
                let codes: Vec<&str> = self.peer.iter().map(|p| p.code.as_str()).collect();
                write!(f, "DMP: refused {codes:?}")
            }
            DmpErrorKind::Unreadable(what) => write!(f, "DMP: {what}"),
            DmpErrorKind::TooLarge { size, limit } => write!(f, "DMP: lot of {size} bytes, over {limit}"),
            DmpErrorKind::Identity(e) => write!(f, "DMP: {e}"),
        }
    }
}

impl std::error::Error for DmpError {}

impl DmpError {
    /// Whether the request may have taken effect: reconcile with a search before sending anything again.
    #[must_use]
    pub fn unknown_outcome(&self) -> bool {
        self.unknown_outcome
    }

    /// A fault of ours, before anything was sent.
    pub(super) fn local(kind: DmpErrorKind) -> Self {
        Self { kind, class: ErrorClass::Permanent, peer: Vec::new(), unknown_outcome: false }
    }

    pub(super) fn unreadable(what: &'static str) -> Self {
        Self {
            kind: DmpErrorKind::Unreadable(what),
            class: ErrorClass::RetryFew,
            peer: Vec::new(),
            unknown_outcome: true,
        }
    }

    /// The same error of a call that changes nothing at the receiver.
    pub(super) fn without_effect(mut self) -> Self {
        self.unknown_outcome = false;
        self
    }

    pub(super) fn refused(peer: Vec<PeerError>, table: &ErrorTable) -> Self {
        let class = peer
            .iter()
            .map(|e| table.known(&e.code).unwrap_or(ErrorClass::Permanent))
            .max()
            .unwrap_or(ErrorClass::Permanent);
        // « Success » on a refusal would lose the document: a person looks.
        let class = if class == ErrorClass::Success { ErrorClass::Permanent } else { class };
        Self { kind: DmpErrorKind::Refused, class, peer, unknown_outcome: false }
    }

    pub(super) fn from_soap(error: SoapError, table: &ErrorTable) -> Self {
        let unknown_outcome = error.unknown_outcome();
        match error {
            SoapError::Fault(fault) => {
                let class = table.of_fault(&fault);
                let code = [std::slice::from_ref(&fault.code), &fault.subcodes].concat().join("/");
                let peer = PeerError {
                    code,
                    context: fault.reason.clone(),
                    location: String::new(),
                    warning: false,
                };
                Self { kind: DmpErrorKind::Fault(fault), class, peer: vec![peer], unknown_outcome }
            }
            other => {
                let class = transport_class(&other);
                Self { kind: DmpErrorKind::Transport(other), class, peer: Vec::new(), unknown_outcome }
            }
        }
    }
}

fn transport_class(error: &SoapError) -> ErrorClass {
    match error {
        // A certificate problem stops every order alike, until somebody renews or the peer repairs.
        SoapError::Network {
            kind: NetworkKind::OwnCertificate(_) | NetworkKind::PeerCertificate(_), ..
        } => ErrorClass::SuspendService,
        SoapError::Network { kind: NetworkKind::BadRequest, .. } => ErrorClass::SuspendService,
        SoapError::Network { .. } => ErrorClass::Retry,
        SoapError::HttpStatus { status: 408 | 429 | 502 | 503 | 504 } => ErrorClass::Retry,
        SoapError::HttpStatus { status: 500..=599 } => ErrorClass::RetryFew,
        SoapError::HttpStatus { .. } => ErrorClass::Permanent,
        SoapError::Fault(_) | SoapError::Malformed { .. } | SoapError::TooLarge { .. } => {
            ErrorClass::RetryFew
        }
    }
}
