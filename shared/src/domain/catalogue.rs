//! The local test catalogue: chapters, analyses, units, reference intervals, codes.

use serde::{Deserialize, Serialize};

use super::identity::Sex;
use super::result::{Decimal, Interval};

/// One reference interval, for one sex and an age in full years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceRule {
    /// For this sex only, or everybody.
    #[serde(default)]
    pub sex: Option<Sex>,
    /// From this age in years, inclusive.
    #[serde(default)]
    pub from_age: Option<u16>,
    /// Up to this age in years, exclusive.
    #[serde(default)]
    pub to_age: Option<u16>,
    /// The interval.
    pub interval: Interval,
}

/// One analysis of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// Local code, 1 to 20 characters.
    pub code: String,
    /// Label on screen and on reports.
    pub label: String,
    /// LOINC code of the "Circuit de la biologie", when mapped.
    pub loinc: Option<String>,
    /// French LOINC label that goes with it.
    pub loinc_label: Option<String>,
    /// LOINC code of the chapter.
    pub chapter: String,
    /// Sub-chapter code and title, when the analysis stands in one (for instance the haemogram).
    pub group: Option<Group>,
    /// Unit shown.
    pub unit: Option<String>,
    /// UCUM unit of the closed list, when the result is a number with a unit.
    pub ucum: Option<String>,
    /// Specimen kind (JDV 1.2.250.1.213.1.1.5.819), with its label.
    pub specimen: Specimen,
    /// Method, as printed.
    pub method: Option<String>,
    /// Reference intervals, the first that fits is used.
    #[serde(default)]
    pub references: Vec<ReferenceRule>,
    /// Critical limits.
    pub critical: Option<Interval>,
    /// Rank on reports inside the chapter.
    pub rank: u16,
    /// Other words that people type to find it.
    #[serde(default)]
    pub synonyms: Vec<String>,
    /// Technique of the national list (JDV 1.2.250.1.213.1.1.5.789, system 1.2.250.1.213.2.3.5).
    #[serde(default)]
    pub technique: Option<Technique>,
    /// The same quantity in the other system of units (mass or moles), for results of before and elsewhere (LAB-06).
    #[serde(default)]
    pub correspondence: Option<Correspondence>,
    /// Covered by the accreditation of the laboratory: marked on reports (LAB-10).
    #[serde(default)]
    pub accredited: bool,
}

/// A technique of the national list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Technique {
    /// Three characters.
    pub code: String,
    /// Label of the list.
    pub label: String,
}

/// How a value of an analysis is written in the other system of units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correspondence {
    /// LOINC code of the same analyte in the other system.
    pub loinc: String,
    /// Unit shown there.
    pub unit: String,
    /// UCUM unit there.
    pub ucum: String,
    /// Value there = value here × factor; never applied to a value in another unit than the analysis' own.
    pub factor: Decimal,
}

/// A sub-chapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// LOINC panel code.
    pub code: String,
    /// Title.
    pub title: String,
}

/// A kind of specimen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Specimen {
    /// Code of the value set.
    pub code: String,
    /// Code system OID.
    pub system: String,
    /// Label.
    pub label: String,
}

/// A chapter of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    /// LOINC code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Rank on reports.
    pub rank: u16,
}

impl Analysis {
    /// The interval that fits a person; `age` in full years, unknown for lunar dates.
    #[must_use]
    pub fn reference_for(&self, sex: Sex, age: Option<i16>) -> Option<&Interval> {
        self.references
            .iter()
            .find(|r| {
                r.sex.is_none_or(|s| s == sex)
                    && r.from_age
                        .is_none_or(|from| age.is_some_and(|a| a >= i16::try_from(from).unwrap_or(i16::MAX)))
                    && r.to_age
                        .is_none_or(|to| age.is_some_and(|a| a < i16::try_from(to).unwrap_or(i16::MAX)))
            })
            .map(|r| &r.interval)
    }
}
