//! Identifiers as newtypes: inside the program no bare integer is ever an id.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.trim().parse().map($name)
            }
        }
    };
}

id!(
    /// A patient record, local to this laboratory (the basis of the IPP).
    PatientId
);
id!(
    /// A dossier: one request with its samples, examinations and results.
    DossierId
);
id!(
    /// One analysis line of a dossier.
    ResultId
);
id!(
    /// One version of one document.
    DocumentId
);
id!(
    /// One order of the outbox: one document version, one channel, one recipient; or one call to a service.
    OrderId
);
id!(
    /// One message received from an analyser, a middleware or a partner.
    InboxId
);
id!(
    /// One correction of an identity to tell to one receiver.
    PropagationId
);
id!(
    /// One version of one document received from another laboratory.
    ReceivedId
);
id!(
    /// One return of INSi waiting for a decision.
    ReturnId
);
id!(
    /// One health correspondent of the local directory.
    CorrespondentId
);
