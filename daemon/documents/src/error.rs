//! What can be wrong with a report that is to become a document.

use thiserror::Error;

/// Why a document could not be built or read. The sentences are for users; `field` is the path inside the report,
/// in the form `chapitres[1].« Glucose »`, so that the cause can be cured without reading XML.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// A mandatory value is absent.
    #[error("{field} : valeur obligatoire absente")]
    Missing {
        /// Path of the value.
        field: String,
    },
    /// A value breaks a rule of the format.
    #[error("{field} : {reason}")]
    Invalid {
        /// Path of the value.
        field: String,
        /// The rule, in French.
        reason: String,
    },
    /// A unit is not in the closed UCUM list of the CR-BIO.
    #[error("{field} : l'unité UCUM « {unit} » n'est pas dans la liste acceptée")]
    UnknownUnit {
        /// Path of the result.
        field: String,
        /// The UCUM text given.
        unit: String,
    },
    /// A code is not in the value set the format demands.
    #[error("{field} : le code « {code} » n'est pas dans {list}")]
    UnknownCode {
        /// Path of the value.
        field: String,
        /// The code given.
        code: String,
        /// Name of the value set.
        list: &'static str,
    },
    /// The PDF could not be written.
    #[error("le PDF n'a pas pu être écrit : {0}")]
    Pdf(String),
    /// A document could not be read back.
    #[error("document illisible : {0}")]
    Unreadable(String),
}

impl DocumentError {
    pub(crate) fn missing(field: impl Into<String>) -> Self {
        Self::Missing { field: field.into() }
    }

    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }
}
