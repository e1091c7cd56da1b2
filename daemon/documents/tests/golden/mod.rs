//! Golden reports: fictitious people, one report per situation a laboratory meets.
//!
//! Used by the tests and by the examples. The matricules have an impossible place (`99999`, or a commune that does
//! not exist) and a computed key; no one bears them.
#![allow(dead_code, unused_imports, missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod chemistry;
pub mod forms;
pub mod haematology;
pub mod immunology;
pub mod life;
pub mod microbiology;
pub mod parts;
pub mod random;

pub use chemistry::*;
pub use forms::*;
pub use haematology::*;
pub use immunology::*;
pub use life::*;
pub use microbiology::*;
pub use parts::*;

use paillasse_shared::domain::identity::matricule::key_of;
use paillasse_shared::domain::identity::{
    BirthDate, CogCode, InsOid, Matricule, Sex, StrictName, StrictTraits, UsedNames,
};
use paillasse_shared::domain::report::*;
use paillasse_shared::domain::result::{Comparator, Decimal};

/// All golden reports with their file names.
pub fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("01-ionogramme", ionogram_report()),
        ("02-hemogramme", blood_count_report()),
        ("03-lipides", lipids_report()),
        ("04-inr", inr_report()),
        ("05-serologie", serology_report()),
        ("06-ecbu", urine_report()),
        ("07-partiel", partial_report()),
        ("08-remplacement", replacing_report()),
        ("09-non-qualifie", unqualified_report()),
        ("10-nia", nia_report()),
        ("11-corse", corsican_report()),
        ("12-mineur", minor_report()),
        ("13-long", long_report()),
        ("14-sous-traitance", subcontracted_report()),
        ("15-ecole", training_report()),
        ("16-minimal", minimal_report()),
        ("17-limites", limits_report()),
        ("18-nominal", nominal_report()),
        ("19-ordinal", ordinal_report()),
        ("20-rapports", ratio_report()),
        ("21-intervalles", interval_report()),
        ("22-references", several_ranges_report()),
        ("23-interpretations", interpretations_report()),
        ("24-anteriorites", history_report()),
        ("25-commentaires", comments_report()),
        ("26-image-jpeg", jpeg_report()),
        ("27-seconde-intention", second_intention_report()),
        ("28-accreditation", accredited_report()),
        ("29-validation-automatique", automatic_report()),
        ("30-information", notice_report()),
        ("31-destinataires", recipients_report()),
        ("32-prelevements", samples_report()),
        ("33-codes-attente", waiting_codes_report()),
        ("34-nombres", numbers_report()),
        ("35-caracteres", characters_report()),
        ("36-structure", structure_report()),
        ("37-etats", mixed_states_report()),
        ("38-hemoculture", blood_culture_report()),
        ("39-coproculture", stool_report()),
        ("40-correction", correction_report()),
        ("41-second-partiel", second_partial_report()),
        ("42-urgence", emergency_report()),
        ("43-domicile", home_report()),
        ("44-demonstration", demonstration_report()),
        ("45-deux-sous-traitants", two_subcontractors_report()),
    ]
}
