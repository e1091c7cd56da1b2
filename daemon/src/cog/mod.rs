//! Places of birth: the Code officiel géographique of INSEE with its history (COG-01 to COG-09).
//!
//! One immutable table, built once at start from the text files of `data/cog` (or of a newer edition: see
//! [`Sources`]) and shared. Labels are slices of the source text, never copied; the only derived texts are the
//! folded labels that the search compares.
//!
//! Invariants: periods are sorted by code then by start; the periods of one code do not overlap; an end date is
//! exclusive; a start in 1943 means "1943 or before". Codes are never rewritten here: the strict trait is the code
//! that INSi returned, and [`Cog::relation`] only explains how two codes hang together.
//!
//! Deliberately not here: the list of codes received from INSi that are absent from the reference (COG-03, kept with
//! the identities), the checksum of an imported edition and its journal line (COG-08, in the services), the départements of former colonies (not in the files of INSEE: a code inside an old
//! matricule is not a place to be searched).

mod areas;
mod edition;
mod load;
mod relation;
mod search;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use paillasse_shared::domain::identity::{BirthDate, CogCode};
use paillasse_shared::protocol::patient::Place;
use serde::{Deserialize, Serialize};

pub use edition::{InUse, MAX_EDITION};
pub use load::{CogError, Sources};

/// Label of the code `99999`.
pub const UNKNOWN_LABEL: &str = "INCONNU";

/// A day as `AAAAMMJJ`, comparable; [`Day::MIN`] is "always", [`Day::MAX`] "never".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(u32);

impl Day {
    const MIN: Self = Self(0);
    const MAX: Self = Self(u32::MAX);

    fn parts(self) -> (u32, u32, u32) {
        (self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }

    /// `JJ/MM/AAAA`.
    fn french(self) -> String {
        let (y, m, d) = self.parts();
        format!("{d:02}/{m:02}/{y:04}")
    }

    /// `AAAA-MM-JJ`.
    fn iso(self) -> String {
        let (y, m, d) = self.parts();
        format!("{y:04}-{m:02}-{d:02}")
    }

    /// The day before, for calendar days.
    fn eve(self) -> Option<Self> {
        let (y, m, d) = self.parts();
        let day =
            jiff::civil::Date::new(i16::try_from(y).ok()?, i8::try_from(m).ok()?, i8::try_from(d).ok()?)
                .ok()?;
        let eve = day.yesterday().ok()?;
        let number = |n: i8| u32::try_from(n).ok();
        Some(Self(u32::try_from(eve.year()).ok()? * 10_000 + number(eve.month())? * 100 + number(eve.day())?))
    }
}

/// The days that a date of birth may stand for: one, or a month or a year when a part is unknown or lunar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Days {
    first: Day,
    last: Day,
}

impl Days {
    fn of(birth: &BirthDate) -> Self {
        let (y, m, d) = birth.parts();
        let (y, m, d) = (u32::from(y) * 10_000, u32::from(m), u32::from(d));
        let (first, last) = match (m, d) {
            (1..=12, 1..=31) => (m * 100 + d, m * 100 + d),
            (1..=12, _) => (m * 100 + 1, m * 100 + 31),
            _ => (101, 1231),
        };
        Self { first: Day(y + first), last: Day(y + last) }
    }
}

/// A code of five characters.
pub(crate) type Code = [u8; 5];

fn code_text(code: &Code) -> &str {
    std::str::from_utf8(code).unwrap_or("")
}

fn code_of(text: &str) -> Option<Code> {
    let upper = text.trim().to_ascii_uppercase();
    let bytes: Code = upper.as_bytes().try_into().ok()?;
    bytes.iter().all(u8::is_ascii_alphanumeric).then_some(bytes)
}

/// What a period stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A commune.
    Commune,
    /// An arrondissement of Paris, Lyon or Marseille: births are recorded there, not in the whole city.
    Arrondissement,
    /// A code that was only ever an associated or delegated commune: known, never offered for a birth.
    Part,
    /// A country or foreign territory.
    Country,
    /// A commune or district of an overseas collectivity.
    Overseas,
}

/// A span of text: of the source for labels, of the folded texts for the search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: u32,
    len: u16,
}

impl Span {
    fn of(self, text: &str) -> &str {
        let start = self.start as usize;
        text.get(start..start + usize::from(self.len)).unwrap_or("")
    }
}

/// One name of one code during one period.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    from: Day,
    /// Exclusive.
    to: Day,
    label: Span,
    folded: Span,
    code: Code,
    /// Code of the commune of today; its own for what still exists. Further ones in [`Cog::shared_out`].
    current: Code,
    kind: Kind,
}

impl Period {
    fn covers(&self, days: Days) -> bool {
        self.from <= days.last && days.first < self.to
    }

    fn is_open(&self) -> bool {
        self.to == Day::MAX
    }
}

/// Something that turned one code into another (merger, restoration, change of département…).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    before: Code,
    day: Day,
    after: Code,
    /// INSEE event code; [`Link::COUNTRY`] for the succession of countries.
    event: u8,
}

impl Link {
    const COUNTRY: u8 = 0;
}

/// One reference file, as `cog status` shows it (COG-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatus {
    /// What it holds.
    pub title: String,
    /// File of `data/cog` it comes from.
    pub file: String,
    /// Millésime.
    pub edition: String,
    /// Rows loaded.
    pub rows: u32,
}

/// The reference, whole and immutable.
#[derive(Debug)]
pub struct Cog {
    /// The source texts, one after the other; labels point into them.
    texts: Vec<Cow<'static, str>>,
    /// First position of each source text in the numbering of [`Span::start`].
    bases: Vec<u32>,
    periods: Vec<Period>,
    /// Further current communes of the rare territories that were shared out.
    shared_out: Vec<(Code, Code)>,
    links: Vec<Link>,
    /// Positions in `links`, ordered by what came after.
    links_by_after: Vec<u32>,
    folded: String,
    index: search::Index,
    files: Vec<FileStatus>,
}

impl Cog {
    /// The edition shipped with the program, built at the first call and shared afterwards.
    ///
    /// # Errors
    /// [`CogError`] if the embedded files are damaged (a test excludes it).
    pub fn embedded() -> Result<Arc<Self>, CogError> {
        static BUILT: OnceLock<Arc<Cog>> = OnceLock::new();
        if let Some(cog) = BUILT.get() {
            return Ok(Arc::clone(cog));
        }
        let cog = Arc::new(Self::from_sources(Sources::embedded())?);
        Ok(Arc::clone(BUILT.get_or_init(|| cog)))
    }

    /// The five files with millésime and row count (COG-01), then the table of successions of countries.
    #[must_use]
    pub fn status(&self) -> Vec<FileStatus> {
        self.files.clone()
    }

    /// True when the code was ever valid here, or is `99999`.
    #[must_use]
    pub fn contains(&self, code: &str) -> bool {
        code_of(code).is_some_and(|c| code_text(&c) == CogCode::UNKNOWN || !self.periods_of(&c).is_empty())
    }

    /// The label as it stood at the date of birth, else the nearest in time; the latest without a date.
    /// `None` for a code absent from the reference.
    #[must_use]
    pub fn label(&self, code: &str, birth_date: Option<&BirthDate>) -> Option<String> {
        let code = code_of(code)?;
        if code_text(&code) == CogCode::UNKNOWN {
            return Some(UNKNOWN_LABEL.to_owned());
        }
        self.period_near(&code, birth_date.map(Days::of)).map(|p| self.label_of(p).to_owned())
    }

    /// One code as a place of the protocol, as it stood at the date of birth.
    #[must_use]
    pub fn place(&self, code: &str, birth_date: Option<&BirthDate>) -> Option<Place> {
        let code = code_of(code)?;
        if code_text(&code) == CogCode::UNKNOWN {
            return Some(unknown_place());
        }
        self.period_near(&code, birth_date.map(Days::of)).map(|p| self.place_of(p))
    }

    /// The periods of a code, oldest first.
    fn periods_of(&self, code: &Code) -> &[Period] {
        let start = self.periods.partition_point(|p| p.code < *code);
        let rest = self.periods.get(start..).unwrap_or(&[]);
        rest.get(..rest.partition_point(|p| p.code == *code)).unwrap_or(&[])
    }

    /// The period of a code at a date; else the last that ended before; else the first that came after.
    fn period_near(&self, code: &Code, days: Option<Days>) -> Option<&Period> {
        let periods = self.periods_of(code);
        let Some(days) = days else { return periods.last() };
        periods
            .iter()
            .find(|p| p.covers(days))
            .or_else(|| periods.iter().rfind(|p| p.to <= days.first))
            .or_else(|| periods.first())
    }

    fn label_of(&self, period: &Period) -> &str {
        let n = self.bases.partition_point(|b| *b <= period.label.start).saturating_sub(1);
        let (Some(text), Some(base)) = (self.texts.get(n), self.bases.get(n)) else { return "" };
        Span { start: period.label.start - base, len: period.label.len }.of(text)
    }

    fn folded_of(&self, period: &Period) -> &str {
        period.folded.of(&self.folded)
    }

    /// Codes of today that a period belongs to: one, more when its territory was shared out.
    fn currents<'a>(&'a self, period: &'a Period) -> impl Iterator<Item = Code> + 'a {
        let more = self.shared_out.iter().filter(move |(code, _)| !period.is_open() && *code == period.code);
        std::iter::once(period.current).chain(more.map(|(_, c)| *c))
    }

    fn place_of(&self, period: &Period) -> Place {
        let label = self.label_of(period);
        let mut today: Vec<&str> = Vec::new();
        for code in self.currents(period) {
            if let Some(now) = self.periods_of(&code).last().filter(|p| p.is_open()) {
                let now = self.label_of(now);
                if (code != period.code || now != label) && !today.contains(&now) {
                    today.push(now);
                }
            }
        }
        Place {
            code: code_text(&period.code).to_owned(),
            label: label.to_owned(),
            area: areas::area(period),
            from: (period.from > Day::MIN).then(|| period.from.iso()),
            to: period.to.eve().map(Day::iso),
            today: (!today.is_empty()).then(|| today.join(", ")),
        }
    }
}

/// `INCONNU 99999`: offered when asked for, never by default (COG-05).
fn unknown_place() -> Place {
    Place {
        code: CogCode::UNKNOWN.to_owned(),
        label: UNKNOWN_LABEL.to_owned(),
        area: "lieu inconnu".to_owned(),
        from: None,
        to: None,
        today: None,
    }
}
