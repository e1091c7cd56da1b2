//! HPRIM: results as French software exchanges them outside HL7, written and read. Pure: domain in, bytes out, and back.
//!
//! Contract: the project's fact sheet on HPRIM result formats. Two formats bear the name, both are here:
//! * [`sante`]: **HPRIM Santé** 2.4, delimited segments (H, P, OBR, OBX, C, L) after ASTM E1238, laboratory to clinic,
//!   hospital or other laboratory;
//! * [`medecin`]: **HPRIM Médecin**, twelve lines, the report as text, and a `****LAB****` block, for the software
//!   of practices.
//!
//! Invariants:
//! * Only results of a report are written; a result still awaited says so and holds no value.
//! * The matricule INS is in no field (the readable text shows what the paper shows): HPRIM 2.4 knows only the older INS-C, and no rule says how to carry INS-NIR
//!   (fact sheet, "certain / not found"). A field that arrives there is kept raw as a hint, never as an identity.
//! * Readers never panic, are bounded by the `MAX_*` limits, and name the line of what is wrong.
//! * What a reader could not place is a [`Remark`] with its line, never a silent loss; the caller keeps the raw file.
//!
//! Deliberately not here: file transport and witness files, the ERR answer (sent only by agreement), orders.

pub mod medecin;
pub mod sante;

mod latin1;
mod segment;

use thiserror::Error;

/// Largest file read, in bytes: a report with an embedded PDF stays far under.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Most lines of a file.
pub const MAX_LINES: usize = 200_000;
/// Most fields of one segment (the widest, OBR, has 50).
pub const MAX_FIELDS: usize = 200;
/// Longest line that is written, end of line included (HPRIM Santé 2.4).
pub const LINE: usize = 220;

/// Why a file cannot be read at all. `line` counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HprimError {
    /// Beyond [`MAX_BYTES`].
    #[error("fichier trop grand ({0} octets)")]
    TooLarge(usize),
    /// Beyond [`MAX_LINES`] or [`MAX_FIELDS`].
    #[error("ligne {line} : trop de {what}")]
    TooMany {
        /// Line where the limit was passed.
        line: usize,
        /// What there is too much of.
        what: &'static str,
    },
    /// Nothing in it.
    #[error("fichier vide")]
    Empty,
    /// The first line is no segment H with its delimiters.
    #[error("ligne {line} : {what}")]
    NotHprim {
        /// Line.
        line: usize,
        /// What is expected there.
        what: &'static str,
    },
    /// A segment stands where the hierarchy has no place for it.
    #[error("ligne {line} : segment {segment} hors de sa place ({expected})")]
    Misplaced {
        /// Line.
        line: usize,
        /// Its name.
        segment: String,
        /// What must stand before it.
        expected: &'static str,
    },
    /// A mandatory field is absent.
    #[error("ligne {line} : champ {segment}.{field} absent ({what})")]
    Missing {
        /// Line.
        line: usize,
        /// Segment.
        segment: &'static str,
        /// Number of the field, as the recommendation counts.
        field: usize,
        /// What it holds.
        what: &'static str,
    },
}

/// Something odd that did not stop the reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Line, from 1.
    pub line: usize,
    /// What, in French, without any value of the file.
    pub text: String,
}

impl Remark {
    fn new(line: usize, text: impl Into<String>) -> Self {
        Self { line, text: text.into() }
    }
}
