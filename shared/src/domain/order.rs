//! Orders of the outbox: what must leave the building, in which state, and why it has not left.

use serde::{Deserialize, Serialize};

/// Where an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Téléservice INSi.
    Insi,
    /// DMP / Mon espace santé.
    Dmp,
    /// MSSanté mail.
    Mss,
    /// Verification of identities that came from INSi: same téléservice, a queue of its own, which can be paused alone.
    Verify,
}

impl Service {
    /// Services of the outside, in the order shown.
    pub const ALL: [Self; 3] = [Self::Insi, Self::Dmp, Self::Mss];
    /// Queues of the outbox: the services, and the verifications.
    pub const QUEUES: [Self; 4] = [Self::Insi, Self::Dmp, Self::Mss, Self::Verify];

    /// Name shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Insi => "INSi",
            Self::Dmp => "DMP",
            Self::Mss => "MSSanté",
            Self::Verify => "Vérification INSi",
        }
    }

    /// Name on the command line and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Insi => "insi",
            Self::Dmp => "dmp",
            Self::Mss => "mss",
            Self::Verify => "ins-verify",
        }
    }

    /// Reads [`Self::code`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::QUEUES.into_iter().find(|s| s.code() == text.trim().to_ascii_lowercase())
    }
}

/// State of an order (see the table of the outbox in ARCHITECTURE.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// A gate said no.
    Held,
    /// Due at a time.
    Scheduled,
    /// A worker has it until its lease ends.
    Leased,
    /// Sent, no answer: to be reconciled before anything is sent again.
    Unknown,
    /// Accepted by the receiver.
    Delivered,
    /// Permanent refusal: needs a person.
    Parked,
    /// Withdrawn before leaving.
    Cancelled,
}

impl OrderState {
    /// Sign and word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Held => "retenu",
            Self::Scheduled => "prévu",
            Self::Leased => "en cours",
            Self::Unknown => "à vérifier",
            Self::Delivered => "remis",
            Self::Parked => "à traiter",
            Self::Cancelled => "annulé",
        }
    }

    /// Name in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Scheduled => "scheduled",
            Self::Leased => "leased",
            Self::Unknown => "unknown",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads [`Self::code`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Held,
            Self::Scheduled,
            Self::Leased,
            Self::Unknown,
            Self::Delivered,
            Self::Parked,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|s| s.code() == text)
    }

    /// True when nothing more will happen by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Cancelled)
    }
}

/// Why an order has not left. One variant per cause; the sentences stand in [`crate::messages`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Reason {
    /// The identity is not qualified; what is missing.
    IdentityNotQualified {
        /// INSi must still be called.
        insi: bool,
        /// A device must still be checked.
        device: bool,
    },
    /// INSi now returns something else for this identity: a person has to look at it first.
    IdentityToControl,
    /// The patient opposed the feeding of the DMP.
    PatientOpposed,
    /// A person holds this document back.
    HeldByUser {
        /// Login.
        by: String,
    },
    /// The document is invisible to the patient: nothing is mailed to the patient.
    InvisibleToPatient,
    /// The recipient has no usable address.
    NoAddress {
        /// Name of the recipient.
        recipient: String,
    },
    /// An administrator paused the service.
    ServicePaused {
        /// Which.
        service: Service,
    },
    /// The service does not answer; trials go on by themselves.
    ServiceDown {
        /// Which.
        service: Service,
        /// The peer's or the network's words.
        words: String,
    },
    /// The service refused for a reason of configuration (certificate, rights): everything to it waits.
    ServiceSuspended {
        /// Which.
        service: Service,
        /// The peer's words.
        words: String,
    },
    /// The receiver refused this order for good.
    Refused {
        /// Code of the receiver.
        code: String,
        /// The receiver's words.
        words: String,
    },
    /// The operator knows no such mailbox.
    UnknownMailbox {
        /// The address as it was tried.
        address: String,
        /// The operator's words.
        words: String,
    },
    /// Sent, but no answer came: what the receiver has is being asked.
    OutcomeUnknown {
        /// What was observed.
        words: String,
    },
    /// It waits for its time (deferred sending, or the next trial).
    NotYet {
        /// When.
        at: jiff::Timestamp,
    },
    /// A former version of the same document has to leave first.
    AfterPredecessor,
    /// The dossier comes from another laboratory, which alone receives the report.
    ReceivedFromLaboratory {
        /// Its name.
        laboratory: String,
    },
    /// The service is not configured here.
    NotConfigured {
        /// Which.
        service: Service,
    },
    /// The document could not be prepared.
    Internal {
        /// What happened.
        words: String,
    },
}

impl Reason {
    /// Stable code of the cause, by which orders are grouped and replayed.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::IdentityNotQualified { .. } => "identity_not_qualified",
            Self::IdentityToControl => "identity_to_control",
            Self::PatientOpposed => "patient_opposed",
            Self::HeldByUser { .. } => "held_by_user",
            Self::InvisibleToPatient => "invisible_to_patient",
            Self::NoAddress { .. } => "no_address",
            Self::ServicePaused { .. } => "service_paused",
            Self::ServiceDown { .. } => "service_down",
            Self::ServiceSuspended { .. } => "service_suspended",
            Self::Refused { .. } => "refused",
            Self::UnknownMailbox { .. } => "unknown_mailbox",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::NotYet { .. } => "not_yet",
            Self::AfterPredecessor => "after_predecessor",
            Self::ReceivedFromLaboratory { .. } => "received_from_laboratory",
            Self::NotConfigured { .. } => "not_configured",
            Self::Internal { .. } => "internal",
        }
    }
}
