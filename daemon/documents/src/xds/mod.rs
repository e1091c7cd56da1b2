//! XDS metadata of a submission: one model written for the DMP (TD2.1, TD3.3c) and for the XDM archive of a mail.
//!
//! Contracts: DMP sheet section 6 (attributes, schemes, formats) and XDM sheet section 4 (what differs). The model
//! is plain data; [`check`] refuses what the receiver would refuse, before anything leaves; [`write`] is a pure
//! function from the model to `lcm:SubmitObjectsRequest`.
//!
//! Deliberately not here: transport, the decision of what is visible to whom, the metadata update of TD3.3a/b
//! (a laboratory replaces instead, DMP sheet section 3.7), FindDocuments.

pub mod check;
pub mod hl7types;
pub mod model;
pub mod read;
pub mod report;
pub mod write;

pub use check::{Channel, MetadataError, Rules, check};
pub use hl7types::{Institution, PatientId, PatientIdKind, Person, PersonKind, SourcePatientInfo, Specialty};
pub use model::{
    Author, Code, DocumentEntry, EntryUuid, Lot, ReferenceId, Replacement, SubmissionSet, Visibility,
    signature_entry,
};
pub use read::{ReadEntry, ReadError, ReadSet, read_metadata};
pub use report::{EntryContext, SetContext, entry_from_report, patient_id, set_for_entry};
pub use write::{AvailabilityStatus, status_update_request, submit_objects_request};
