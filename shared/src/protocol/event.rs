//! Events pushed to subscribed connections. They carry identifiers and counts, never traits.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{DocumentId, DossierId, InboxId, OrderId, PatientId};
use crate::domain::order::OrderState;
use crate::protocol::status::{ServiceStatus, Worklists};

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A patient record changed.
    PatientChanged {
        /// Which.
        patient: PatientId,
    },
    /// A call to INSi for a patient started or ended.
    InsiChanged {
        /// Which patient.
        patient: PatientId,
        /// Login of the person who asked.
        asked_by: String,
    },
    /// INSi returned exactly what was known, and it was accepted without a gesture.
    InsiAcceptedByItself {
        /// Which patient.
        patient: PatientId,
        /// Login of the person who asked.
        asked_by: String,
    },
    /// A card was read on a workstation, or left its reader. What it holds is asked for, never pushed.
    CardChanged {
        /// Login of the person at that workstation.
        login: String,
    },
    /// A dossier changed.
    DossierChanged {
        /// Which.
        dossier: DossierId,
    },
    /// A document changed.
    DocumentChanged {
        /// Which.
        document: DocumentId,
    },
    /// An order changed state.
    OrderChanged {
        /// Which.
        order: OrderId,
        /// State now.
        state: OrderState,
        /// Dossier it belongs to.
        dossier: Option<DossierId>,
    },
    /// A message arrived that did not find its place, or found it.
    InboxChanged {
        /// Which.
        message: InboxId,
    },
    /// A service changed state.
    ServiceChanged {
        /// The service now.
        service: ServiceStatus,
    },
    /// Counts of the work lists changed.
    WorklistsChanged {
        /// Counts now.
        worklists: Worklists,
    },
    /// Events were lost because this client was too slow: read again what is shown.
    Lagged,
    /// The daemon stops.
    Stopping,
}
