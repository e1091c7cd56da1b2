//! The one error that users see: what kind, why, and what to do next.

use serde::{Deserialize, Serialize};

/// Kind of an error; decides the exit code of the command line and the style on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// What was given is not right.
    Invalid,
    /// What was asked for does not exist.
    NotFound,
    /// A rule or the state of the thing forbids it.
    Refused,
    /// The person lacks the right.
    Forbidden,
    /// Somebody else changed it meanwhile.
    Conflict,
    /// The daemon or a service is not available; nothing is lost.
    Unavailable,
    /// The deadline passed.
    Timeout,
    /// The message itself is not of the protocol.
    Protocol,
    /// A fault of the program.
    Internal,
}

impl ErrorKind {
    /// Exit code of the command line.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Invalid => 2,
            Self::NotFound => 3,
            Self::Refused => 4,
            Self::Forbidden => 5,
            Self::Conflict => 6,
            Self::Unavailable => 7,
            Self::Timeout => 8,
            Self::Protocol => 9,
            Self::Internal => 10,
        }
    }

    /// Code of the JSON-RPC error object.
    #[must_use]
    pub fn rpc_code(self) -> i64 {
        match self {
            Self::Invalid => -32602,
            Self::Protocol => -32600,
            Self::Internal => -32603,
            other => -32000 - i64::from(other.exit_code()),
        }
    }
}

/// An error as it travels: `kind`, `cause` in plain French, `hint` the next step, `field` where the cursor goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{cause}")]
pub struct WireError {
    /// Kind.
    pub kind: ErrorKind,
    /// Why, in plain French, one sentence.
    pub cause: String,
    /// What to do next, in plain French.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Name of the parameter at fault, when one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl WireError {
    /// An error without hint.
    #[must_use]
    pub fn new(kind: ErrorKind, cause: impl Into<String>) -> Self {
        Self { kind, cause: cause.into(), hint: None, field: None }
    }

    /// What was given in `field` is not right.
    #[must_use]
    pub fn invalid(field: &str, cause: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(ErrorKind::Invalid, cause) }
    }

    /// Nothing under this name.
    #[must_use]
    pub fn not_found(cause: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, cause)
    }

    /// A rule forbids it.
    #[must_use]
    pub fn refused(cause: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, cause)
    }

    /// With the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
