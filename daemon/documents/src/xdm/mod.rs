//! The IHE_XDM archive of an MSSanté mail: built byte-identical from the same input, read with distrust.
//!
//! Contract: XDM sheet sections 3 (layout), 4 (metadata), 10 (checks on receipt), 11 (acceptance). Sender side:
//! one subset, one patient. Receiver side: several subsets of one patient, bounded memory, and a reason for each
//! refusal.
//!
//! Deliberately not here: the mail around the archive, the decision to integrate a document, and schema validity
//! of received CDAs (the receiving service judges the bytes this module hands over).

mod build;
mod read;

pub use build::{Sender, Software, XdmError, XdmFile, XdmInput, build};
pub use read::{ReadDocument, XdmContent, XdmLimits, XdmReadError, XdmSubset, read};

/// Name of the attachment, as the French référentiel spells it; receivers compare without case.
pub const ARCHIVE_NAME: &str = "IHE_XDM.zip";
/// Folder of the only subset we write.
pub const SUBSET: &str = "IHE_XDM/SUBSET01";
/// Name of the metadata file of a subset.
pub const METADATA_NAME: &str = "METADATA.XML";
