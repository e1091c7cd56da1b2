//! The results of a report: chapters, sub-chapters, blocks, values, interpretations, comments.

use serde::{Deserialize, Serialize};

use super::{Coded, Identifier, Moment, Organization, Professional, Validation};
use crate::domain::result::{Comparator, Decimal};

/// A free comment. Line breaks are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Title on paper, when it is not simply "Commentaire".
    pub title: Option<String>,
    /// Text.
    pub text: String,
}

/// A chapter (discipline) with its LOINC or waiting code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    /// Chapter code and label.
    pub code: Coded,
    /// Title as printed, when it differs from the label.
    pub title: Option<String>,
    /// Sub-chapters; at least one. A chapter without sub-chapters of its own has one without title.
    pub sub_chapters: Vec<SubChapter>,
    /// Comments on the chapter.
    pub comments: Vec<Comment>,
}

/// A sub-chapter: one table of the paper, one entry of the CDA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubChapter {
    /// Code (LOINC panel or chapter code); the chapter's is used when absent.
    pub code: Option<Coded>,
    /// Title as printed.
    pub title: Option<String>,
    /// Numbers (extension of [`Specimen::id`]) of the samples used.
    pub specimens: Vec<String>,
    /// Results, batteries, isolates and images in printing order; at least one.
    pub blocks: Vec<Block>,
    /// Comments on the sub-chapter.
    pub comments: Vec<Comment>,
    /// The laboratory that did the work, when it is another one (sous-traitance).
    pub subcontractor: Option<Subcontractor>,
    /// Validation of this sub-chapter, when known at this level.
    pub validation: Option<Validation>,
}

/// Another laboratory that performed examinations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subcontractor {
    /// Responsible person there; `national_id` required.
    pub professional: Professional,
    /// The laboratory; national identifier, name and practice setting required.
    pub organization: Organization,
    /// When the results were released there.
    pub at: Moment,
}

/// One block of a sub-chapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "results are the common case; boxing them would cost more than it saves"
)]
pub enum Block {
    /// A single result.
    Result(ResultItem),
    /// An examination made of several results (CDA battery).
    Battery(Battery),
    /// A germ found by culture.
    Isolate(Isolate),
    /// A picture, such as an electrophoresis curve.
    Image(Image),
}

/// An examination made of several results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Battery {
    /// LOINC panel or local code; optional.
    pub code: Option<AnalysisCode>,
    /// Title as printed.
    pub title: String,
    /// Results in printing order; at least one.
    pub results: Vec<ResultItem>,
    /// Comments on the examination.
    pub comments: Vec<Comment>,
}

/// A germ, its counts and its antibiograms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolate {
    /// Number of the isolate.
    pub id: Identifier,
    /// Germ (SNOMED CT), label as printed.
    pub organism: Coded,
    /// The same germ in the NCBI taxonomy.
    pub ncbi: Option<Coded>,
    /// Time of identification.
    pub at: Moment,
    /// Results on the isolate itself (count…).
    pub results: Vec<ResultItem>,
    /// Antibiograms.
    pub antibiograms: Vec<Battery>,
    /// Comments.
    pub comments: Vec<Comment>,
}

/// A picture: PNG without transparency (PDF/A-1 forbids it) or JPEG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Caption.
    pub title: String,
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// Content in base64.
    pub base64: String,
}

/// A PDF embedded as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedPdf {
    /// Caption, naming the laboratory that wrote it.
    pub title: String,
    /// Content in base64.
    pub base64: String,
}

/// Code of an analysis: LOINC of the "Circuit de la biologie", and/or a waiting or local code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisCode {
    /// LOINC code with its French label.
    pub loinc: Option<Coded>,
    /// Waiting code (system [`OID_WAITING_CODES`]) or local code of the laboratory; required when `loinc` is absent.
    pub local: Option<Coded>,
}

/// A unit as printed and as UCUM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Printed form (`G/L`, `µmol/L`).
    pub display: String,
    /// UCUM form (`10*9/L`, `umol/L`); a pure annotation such as `{INR}` means "no unit".
    pub ucum: String,
}

/// Value of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedValue {
    /// A number, possibly beyond a limit.
    Numeric {
        /// Sign when the value lies beyond a limit.
        comparator: Option<Comparator>,
        /// Number.
        value: Decimal,
        /// Unit; none for INR or a ratio.
        unit: Option<Unit>,
    },
    /// A range (microscopy fields, cells).
    Interval {
        /// Lower bound.
        low: Decimal,
        /// Upper bound.
        high: Decimal,
        /// Unit.
        unit: Option<Unit>,
    },
    /// A titre such as 1/160.
    Titre {
        /// Numerator, normally 1.
        numerator: Decimal,
        /// Denominator.
        denominator: Decimal,
    },
    /// A coded qualitative result; `text` is what is printed.
    Coded {
        /// Code, normally SNOMED CT.
        code: Coded,
        /// Printed text.
        text: String,
    },
    /// Free text.
    Text(String),
}

/// What came out of the analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A result is there (CDA `completed`).
    Done(ReportedValue),
    /// Still awaited in a partial report (CDA `active`).
    Pending,
    /// Will not be done (CDA `aborted`), with the reason for the reader.
    NotDone(Option<String>),
}

/// Interpretation of a result: codes of HL7 ObservationInterpretation allowed by the volet.
/// In JSON the code itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the published codes; their French labels are in data/cda")]
pub enum Interpretation {
    N,
    L,
    H,
    LL,
    HH,
    LU,
    HU,
    A,
    AA,
    #[serde(rename = "<")]
    BelowLimit,
    #[serde(rename = ">")]
    AboveLimit,
    B,
    W,
    U,
    D,
    S,
    SDD,
    I,
    R,
    NS,
    POS,
    NEG,
    DET,
    ND,
    IND,
    E,
    RR,
    WR,
    NR,
}

impl Interpretation {
    /// The published code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::N => "N",
            Self::L => "L",
            Self::H => "H",
            Self::LL => "LL",
            Self::HH => "HH",
            Self::LU => "LU",
            Self::HU => "HU",
            Self::A => "A",
            Self::AA => "AA",
            Self::BelowLimit => "<",
            Self::AboveLimit => ">",
            Self::B => "B",
            Self::W => "W",
            Self::U => "U",
            Self::D => "D",
            Self::S => "S",
            Self::SDD => "SDD",
            Self::I => "I",
            Self::R => "R",
            Self::NS => "NS",
            Self::POS => "POS",
            Self::NEG => "NEG",
            Self::DET => "DET",
            Self::ND => "ND",
            Self::IND => "IND",
            Self::E => "E",
            Self::RR => "RR",
            Self::WR => "WR",
            Self::NR => "NR",
        }
    }

    /// Sign printed beside the result by French laboratories: `H` haut, `B` bas, doubled for an alert, `*` for a
    /// qualitative anomaly, `S`/`I`/`R` on an antibiogram; nothing where the result speaks for itself.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::L | Self::LU => "B",
            Self::H | Self::HU => "H",
            Self::LL => "BB",
            Self::HH => "HH",
            Self::A => "*",
            Self::AA => "**",
            Self::S => "S",
            Self::SDD => "SFD",
            Self::I => "I",
            Self::R => "R",
            Self::NS => "NS",
            _ => "",
        }
    }

    /// Whether the result is printed in bold.
    #[must_use]
    pub fn is_abnormal(self) -> bool {
        matches!(
            self,
            Self::L
                | Self::H
                | Self::LL
                | Self::HH
                | Self::LU
                | Self::HU
                | Self::A
                | Self::AA
                | Self::I
                | Self::R
                | Self::NS
        )
    }
}

/// Reference range of a result, in the unit of the result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReferenceRange {
    /// Lower bound.
    pub low: Option<Decimal>,
    /// Upper bound.
    pub high: Option<Decimal>,
    /// The upper bound itself is outside (`< 5` instead of `≤ 5`).
    #[serde(default)]
    pub high_excluded: bool,
    /// The lower bound itself is outside (`> 1` instead of `≥ 1`).
    #[serde(default)]
    pub low_excluded: bool,
    /// Text printed instead of the bounds, or after them when there are bounds (condition of age, sex, targets).
    pub text: Option<String>,
}

/// A comparable earlier result, in the same unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousResult {
    /// Value.
    pub value: ReportedValue,
    /// Time of that result.
    pub at: Moment,
    /// Interpretation then.
    pub interpretation: Option<Interpretation>,
}

/// The same measure in a second unit, with its own LOINC code (mass beside substance).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondExpression {
    /// Code of the second analysis.
    pub code: AnalysisCode,
    /// Sign when the value lies beyond a limit.
    pub comparator: Option<Comparator>,
    /// Number.
    pub value: Decimal,
    /// Unit.
    pub unit: Unit,
    /// Reference range in that unit.
    pub reference: Option<ReferenceRange>,
}

/// One result line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultItem {
    /// Code of the analysis.
    pub code: AnalysisCode,
    /// Label as printed.
    pub label: String,
    /// What came out.
    pub outcome: Outcome,
    /// Time of the result; required when there is a value.
    pub at: Option<Moment>,
    /// Interpretation.
    pub interpretation: Option<Interpretation>,
    /// Technique (JDV 1.2.250.1.213.1.1.5.789), when coded.
    pub technique: Option<Coded>,
    /// Method as printed (technique, analyser); the label of the technique when absent.
    pub method: Option<String>,
    /// Reference range.
    pub reference: Option<ReferenceRange>,
    /// Further ranges that are shown beside the first, each with its condition as text (pregnancy, targets, other sex
    /// or age). The first range alone decides of the interpretation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_references: Vec<ReferenceRange>,
    /// Covered by the accreditation of the laboratory (LAB-10).
    #[serde(default)]
    pub accredited: bool,
    /// Earlier results, the latest first.
    pub previous: Vec<PreviousResult>,
    /// The same measure in a second unit.
    pub second: Option<Box<SecondExpression>>,
    /// Comments on the result.
    pub comments: Vec<Comment>,
}
