//! Identity: traits, matricule, statuses, comparison with an INSi return.
//!
//! Source: `référentiel INS`, RNIV and the Ségur guide of the SGL. The status is never stored freely: it is computed
//! from what was proven (see [`status`]).

pub mod birth_date;
pub mod compare;
pub mod inbound;
pub mod matricule;
pub mod normalise;
pub mod proof;
pub mod propagation;
pub mod site;
pub mod status;
pub mod traits;

pub use birth_date::{BirthDate, BirthDateError};
pub use compare::{Comparison, FieldComparison, Level, TraitField};
pub use matricule::{InsNature, InsOid, Matricule, MatriculeError};
pub use normalise::{NameError, StrictName};
pub use proof::{DeviceKind, Proof, SiteCode};
pub use site::{DeviceRule, IdentityRole, ShownField, SiteIdentity};
pub use status::{Attribute, Event, IdentityState, Status};
pub use traits::{CogCode, Insi, Sex, StrictTraits, UsedNames};
