//! The test catalogue of the laboratory, read from a TOML file (LAB-02): chapters, analyses, panels, and what
//! instruments call the analyses.
//!
//! A catalogue is checked whole when it is read and never changes afterwards: a code that documents cannot carry (unit
//! outside the closed list, LOINC code with a wrong check digit, unknown chapter) is refused here, with its line, and
//! not at the hour of sending. It is shared as `Arc<Catalogue>`.
//!
//! Deliberately not here: the exchange files of transcoding and their trace (LOINC_1 to LOINC_6), the national value
//! set itself (a laboratory obtains it from the national server), validation rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use paillasse_shared::domain::catalogue::{
    Analysis, Chapter, Correspondence, Group, ReferenceRule, Specimen, Technique,
};
use paillasse_shared::domain::identity::Sex;
use paillasse_shared::domain::identity::normalise::{fold, fold_words};
use paillasse_shared::domain::result::{Decimal, Interval};
use paillasse_shared::protocol::dossier::Panel;
use serde::Deserialize;
use toml::Spanned;

#[cfg(test)]
mod tests;

/// Largest catalogue file read, in bytes.
const MAX_FILE: usize = 16 * 1024 * 1024;

/// Longest local code, in characters.
const MAX_CODE: usize = 20;

/// The closed list of UCUM units of the CR-BIO rules.
const UNITS: &str = include_str!("../../data/cda/ucum-units.txt");

/// The catalogue shipped as an example.
const EMBEDDED: &str = include_str!("../../data/catalogue/catalogue.toml");

/// Why a catalogue is refused. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// More than 16 MiB.
    #[error("le catalogue dépasse 16 Mio")]
    TooLarge,
    /// Not TOML, or a field that no catalogue has.
    #[error("catalogue, ligne {line} : {detail}")]
    Syntax {
        /// Where.
        line: usize,
        /// The reader's words.
        detail: String,
    },
    /// A code that nothing defines.
    #[error("catalogue, ligne {line} : {kind} « {code} » n'est pas défini")]
    Unknown {
        /// Where.
        line: usize,
        /// What kind of thing.
        kind: &'static str,
        /// The code.
        code: String,
    },
    /// A code defined twice.
    #[error("catalogue, ligne {line} : {kind} « {code} » est défini deux fois")]
    Duplicate {
        /// Where the second one is.
        line: usize,
        /// What kind of thing.
        kind: &'static str,
        /// The code.
        code: String,
    },
    /// A value that is not what its field asks for.
    #[error("catalogue, ligne {line} : « {value} » {what}")]
    Value {
        /// Where.
        line: usize,
        /// The value.
        value: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    #[serde(default)]
    chapter: Vec<RawChapter>,
    #[serde(default)]
    group: Vec<RawGroup>,
    #[serde(default)]
    specimen: Vec<RawSpecimen>,
    #[serde(default)]
    technique: Vec<RawTechnique>,
    #[serde(default)]
    analysis: Vec<RawAnalysis>,
    #[serde(default)]
    panel: Vec<RawPanel>,
    #[serde(default)]
    mapping: Vec<RawMapping>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChapter {
    code: Text,
    title: String,
    rank: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    code: Text,
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpecimen {
    code: Text,
    system: String,
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTechnique {
    code: Text,
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInterval {
    low: Option<Text>,
    high: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReference {
    sex: Option<Text>,
    from_age: Option<u16>,
    to_age: Option<u16>,
    low: Option<Text>,
    high: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCorrespondence {
    loinc: Text,
    unit: String,
    ucum: Text,
    factor: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnalysis {
    code: Text,
    label: Text,
    #[serde(default)]
    synonyms: Vec<String>,
    loinc: Option<Text>,
    loinc_label: Option<String>,
    chapter: Text,
    group: Option<Text>,
    unit: Option<String>,
    ucum: Option<Text>,
    specimen: Text,
    technique: Option<Text>,
    method: Option<String>,
    #[serde(default)]
    references: Vec<Spanned<RawReference>>,
    critical: Option<Spanned<RawInterval>>,
    correspondence: Option<RawCorrespondence>,
    rank: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPanel {
    code: Text,
    label: String,
    analyses: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMapping {
    sender: Text,
    code: Text,
    analysis: Text,
}

/// What the search compares of one entry, folded once.
#[derive(Debug)]
struct Searchable {
    /// Local code, and LOINC code for analyses.
    codes: Vec<String>,
    /// Folded label.
    label: String,
    /// Folded words of label and synonyms.
    words: Vec<String>,
}

/// A catalogue, checked and immutable.
#[derive(Debug)]
pub struct Catalogue {
    version: String,
    /// In the order of reports.
    chapters: Vec<Chapter>,
    /// In the order of reports: rank of the chapter, rank inside it, code.
    analyses: Vec<Analysis>,
    /// In the order of the file.
    panels: Vec<Panel>,
    /// Position in `analyses` by local code.
    by_code: BTreeMap<String, usize>,
    /// Position in `analyses` by LOINC code; `None` where several analyses share it.
    by_loinc: BTreeMap<String, Option<usize>>,
    panel_by_code: BTreeMap<String, usize>,
    /// Sender and code, upper case, to a position in `analyses`.
    mappings: BTreeMap<(String, String), usize>,
    analysis_texts: Vec<Searchable>,
    panel_texts: Vec<Searchable>,
}

/// Codes are compared without regard to case nor to spaces around.
fn key(text: &str) -> String {
    text.trim().to_uppercase()
}

/// LOINC syntax and modulo-10 check digit.
#[must_use]
pub fn is_loinc(code: &str) -> bool {
    let Some((number, check)) = code.split_once('-') else { return false };
    let digits = |s: &str| !s.is_empty() && s.len() <= 7 && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(number) || !digits(check) || check.len() != 1 {
        return false;
    }
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, b)| {
            let digit = u32::from(b - b'0') * if n % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    check.parse() == Ok((10 - sum % 10) % 10)
}

/// True for a unit of the closed list, its annotations left out.
fn is_listed_unit(ucum: &str) -> bool {
    static LIST: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    let list = LIST.get_or_init(|| UNITS.lines().collect());
    let mut plain = String::new();
    let mut rest = ucum;
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        let Some((_, tail)) = after.split_once('}') else { return false };
        rest = tail;
    }
    plain.push_str(rest);
    // An annotation as a divisor leaves its bar: `mL/min/{1.73_m2}`.
    let plain = if rest.is_empty() { plain.strip_suffix('/').unwrap_or(&plain) } else { &plain };
    list.contains(plain) || list.contains(ucum)
}

/// The text being read, to name lines.
struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn line_at(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
    }

    fn line<T>(&self, spanned: &Spanned<T>) -> usize {
        self.line_at(spanned.span().start)
    }

    fn wrong(&self, text: &Text, what: &'static str) -> CatalogueError {
        CatalogueError::Value { line: self.line(text), value: text.get_ref().clone(), what }
    }

    fn unknown(&self, text: &Text, kind: &'static str) -> CatalogueError {
        CatalogueError::Unknown { line: self.line(text), kind, code: text.get_ref().clone() }
    }

    fn duplicate(&self, text: &Text, kind: &'static str) -> CatalogueError {
        CatalogueError::Duplicate { line: self.line(text), kind, code: text.get_ref().clone() }
    }

    fn code(&self, text: &Text) -> Result<String, CatalogueError> {
        let code = text.get_ref();
        let legal = !code.is_empty()
            && code.chars().count() <= MAX_CODE
            && code.chars().all(|c| !c.is_whitespace() && !c.is_control());
        if legal {
            Ok(code.clone())
        } else {
            Err(self.wrong(text, "n'est pas un code : 1 à 20 caractères, sans espace"))
        }
    }

    fn loinc(&self, text: &Text) -> Result<String, CatalogueError> {
        if is_loinc(text.get_ref()) {
            Ok(text.get_ref().clone())
        } else {
            Err(self.wrong(text, "n'est pas un code LOINC (chiffres, tiret, chiffre de contrôle)"))
        }
    }

    fn ucum(&self, text: &Text) -> Result<String, CatalogueError> {
        if is_listed_unit(text.get_ref()) {
            Ok(text.get_ref().clone())
        } else {
            Err(self.wrong(text, "n'est pas une unité UCUM de la liste fermée des comptes rendus"))
        }
    }

    fn number(&self, text: Option<&Text>) -> Result<Option<Decimal>, CatalogueError> {
        text.map(|t| Decimal::parse(t.get_ref()).ok_or_else(|| self.wrong(t, "n'est pas un nombre décimal")))
            .transpose()
    }

    fn interval(
        &self,
        line: usize,
        low: Option<&Text>,
        high: Option<&Text>,
    ) -> Result<Interval, CatalogueError> {
        let interval = Interval { low: self.number(low)?, high: self.number(high)? };
        let wrong = |what| CatalogueError::Value { line, value: interval.french(), what };
        match (&interval.low, &interval.high) {
            (None, None) => Err(wrong("est un intervalle sans borne")),
            (Some(low), Some(high)) if low.value() >= high.value() => {
                Err(wrong("est un intervalle à l'envers : la borne basse dépasse la haute"))
            }
            _ => Ok(interval),
        }
    }

    fn reference(&self, raw: &Spanned<RawReference>) -> Result<ReferenceRule, CatalogueError> {
        let line = self.line(raw);
        let raw = raw.get_ref();
        let sex = match &raw.sex {
            None => None,
            Some(text) => Some(
                Sex::parse(text.get_ref())
                    .filter(|s| *s != Sex::I)
                    .ok_or_else(|| self.wrong(text, "n'est pas un sexe : M ou F"))?,
            ),
        };
        if let (Some(from), Some(to)) = (raw.from_age, raw.to_age)
            && from >= to
        {
            let value = format!("{from} – {to} ans");
            return Err(CatalogueError::Value { line, value, what: "est une tranche d'âge à l'envers" });
        }
        let interval = self.interval(line, raw.low.as_ref(), raw.high.as_ref())?;
        Ok(ReferenceRule { sex, from_age: raw.from_age, to_age: raw.to_age, interval })
    }
}

/// Builds a map from code to definition and refuses doubles.
fn define<T>(
    reader: &Reader<'_>,
    kind: &'static str,
    items: impl IntoIterator<Item = (Text, T)>,
) -> Result<BTreeMap<String, T>, CatalogueError> {
    let mut map = BTreeMap::new();
    for (code, item) in items {
        reader.code(&code)?;
        if map.insert(code.get_ref().clone(), item).is_some() {
            return Err(reader.duplicate(&code, kind));
        }
    }
    Ok(map)
}

/// What analyses refer to.
struct Definitions {
    chapters: BTreeMap<String, Chapter>,
    groups: BTreeMap<String, Group>,
    specimens: BTreeMap<String, Specimen>,
    techniques: BTreeMap<String, Technique>,
}

impl Definitions {
    fn analysis(&self, reader: &Reader<'_>, raw: RawAnalysis) -> Result<Analysis, CatalogueError> {
        let code = reader.code(&raw.code)?;
        if raw.label.get_ref().trim().is_empty() {
            return Err(reader.wrong(&raw.label, "est un libellé vide"));
        }
        if !self.chapters.contains_key(raw.chapter.get_ref()) {
            return Err(reader.unknown(&raw.chapter, "le chapitre"));
        }
        let find = |text: &Option<Text>| text.as_ref().map(|t| t.get_ref().clone());
        let group = match &raw.group {
            None => None,
            Some(text) => Some(
                self.groups.get(text.get_ref()).ok_or_else(|| reader.unknown(text, "le sous-chapitre"))?,
            ),
        };
        let technique = match &raw.technique {
            None => None,
            Some(text) => Some(
                self.techniques.get(text.get_ref()).ok_or_else(|| reader.unknown(text, "la technique"))?,
            ),
        };
        let specimen = self
            .specimens
            .get(raw.specimen.get_ref())
            .ok_or_else(|| reader.unknown(&raw.specimen, "le prélèvement"))?;
        raw.loinc.as_ref().map(|t| reader.loinc(t)).transpose()?;
        raw.ucum.as_ref().map(|t| reader.ucum(t)).transpose()?;
        if let (Some(ucum), None) = (&raw.ucum, &raw.unit) {
            return Err(reader.wrong(ucum, "est une unité UCUM sans l'unité que les gens lisent (unit)"));
        }
        let critical = match &raw.critical {
            None => None,
            Some(c) => {
                let (low, high) = (c.get_ref().low.as_ref(), c.get_ref().high.as_ref());
                Some(reader.interval(reader.line(c), low, high)?)
            }
        };
        let correspondence = match &raw.correspondence {
            None => None,
            Some(c) => {
                let factor = reader.number(Some(&c.factor))?.filter(|f| f.value() > 0.0);
                let factor = factor.ok_or_else(|| reader.wrong(&c.factor, "n'est pas un facteur positif"))?;
                if raw.ucum.is_none() {
                    return Err(reader.wrong(&c.loinc, "correspond à une analyse sans unité UCUM"));
                }
                Some(Correspondence {
                    loinc: reader.loinc(&c.loinc)?,
                    unit: c.unit.clone(),
                    ucum: reader.ucum(&c.ucum)?,
                    factor,
                })
            }
        };
        let references = raw.references.iter().map(|r| reader.reference(r)).collect::<Result<_, _>>()?;
        Ok(Analysis {
            code,
            label: raw.label.get_ref().clone(),
            loinc: find(&raw.loinc),
            loinc_label: raw.loinc_label,
            chapter: raw.chapter.into_inner(),
            group: group.cloned(),
            unit: raw.unit,
            ucum: find(&raw.ucum),
            specimen: specimen.clone(),
            method: raw.method,
            references,
            critical,
            rank: raw.rank,
            synonyms: raw.synonyms,
            technique: technique.cloned(),
            correspondence,
        })
    }
}

impl Catalogue {
    /// Reads and checks a catalogue.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn load(toml: &str) -> Result<Self, CatalogueError> {
        if toml.len() > MAX_FILE {
            return Err(CatalogueError::TooLarge);
        }
        let reader = Reader { text: toml };
        let file: File = toml::from_str(toml).map_err(|e| CatalogueError::Syntax {
            line: reader.line_at(e.span().map_or(0, |s| s.start)),
            detail: e.message().to_owned(),
        })?;
        let chapters = file.chapter.into_iter().map(|c| {
            let chapter = Chapter { code: c.code.get_ref().clone(), title: c.title, rank: c.rank };
            (c.code, chapter)
        });
        let groups = file.group.into_iter().map(|g| {
            let group = Group { code: g.code.get_ref().clone(), title: g.title };
            (g.code, group)
        });
        let specimens = file.specimen.into_iter().map(|s| {
            let specimen = Specimen { code: s.code.get_ref().clone(), system: s.system, label: s.label };
            (s.code, specimen)
        });
        let techniques = file.technique.into_iter().map(|t| {
            let technique = Technique { code: t.code.get_ref().clone(), label: t.label };
            (t.code, technique)
        });
        let definitions = Definitions {
            chapters: define(&reader, "le chapitre", chapters)?,
            groups: define(&reader, "le sous-chapitre", groups)?,
            specimens: define(&reader, "le prélèvement", specimens)?,
            techniques: define(&reader, "la technique", techniques)?,
        };

        let mut codes = BTreeSet::new();
        let mut analyses = Vec::with_capacity(file.analysis.len());
        for raw in file.analysis {
            if !codes.insert(key(raw.code.get_ref())) {
                return Err(reader.duplicate(&raw.code, "l'analyse"));
            }
            analyses.push(definitions.analysis(&reader, raw)?);
        }
        let chapter_rank = |a: &Analysis| definitions.chapters.get(&a.chapter).map_or(u16::MAX, |c| c.rank);
        analyses.sort_by(|a, b| {
            (chapter_rank(a), &a.chapter, a.rank, &a.code).cmp(&(
                chapter_rank(b),
                &b.chapter,
                b.rank,
                &b.code,
            ))
        });
        let by_code: BTreeMap<String, usize> =
            analyses.iter().enumerate().map(|(n, a)| (key(&a.code), n)).collect();
        let mut by_loinc: BTreeMap<String, Option<usize>> = BTreeMap::new();
        for (n, analysis) in analyses.iter().enumerate() {
            if let Some(loinc) = &analysis.loinc {
                by_loinc.entry(loinc.clone()).and_modify(|shared| *shared = None).or_insert(Some(n));
            }
        }

        let panels = read_panels(&reader, file.panel, &by_code)?;
        let mut mappings = BTreeMap::new();
        for m in file.mapping {
            let position = by_code.get(&key(m.analysis.get_ref()));
            let position = *position.ok_or_else(|| reader.unknown(&m.analysis, "l'analyse"))?;
            if mappings.insert((key(m.sender.get_ref()), key(m.code.get_ref())), position).is_some() {
                return Err(reader.duplicate(&m.code, "le code d'automate"));
            }
        }
        let mut chapters: Vec<Chapter> = definitions.chapters.into_values().collect();
        chapters.sort_by(|a, b| (a.rank, &a.code).cmp(&(b.rank, &b.code)));
        let analysis_texts = analyses
            .iter()
            .map(|a| Searchable {
                codes: std::iter::once(&a.code).chain(&a.loinc).map(|c| fold(c)).collect(),
                label: fold(&a.label),
                words: std::iter::once(&a.label).chain(&a.synonyms).flat_map(|t| fold_words(t)).collect(),
            })
            .collect();
        let panel_texts = panels
            .iter()
            .map(|p| Searchable {
                codes: vec![fold(&p.code)],
                label: fold(&p.label),
                words: fold_words(&p.label),
            })
            .collect();
        Ok(Self {
            version: file.version,
            chapters,
            panel_by_code: panels.iter().enumerate().map(|(n, p)| (key(&p.code), n)).collect(),
            analyses,
            panels,
            by_code,
            by_loinc,
            mappings,
            analysis_texts,
            panel_texts,
        })
    }

    /// The example shipped with the program.
    ///
    /// # Errors
    /// [`CatalogueError`] if the embedded file is damaged (a test excludes it).
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::load(EMBEDDED)
    }

    /// Version that the file gives itself.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// An analysis by its local code, either case.
    #[must_use]
    pub fn analysis(&self, code: &str) -> Option<&Analysis> {
        self.at(*self.by_code.get(&key(code))?)
    }

    /// A panel by its code, either case.
    #[must_use]
    pub fn panel(&self, code: &str) -> Option<&Panel> {
        self.panels.get(*self.panel_by_code.get(&key(code))?)
    }

    /// A chapter by its code.
    #[must_use]
    pub fn chapter(&self, code: &str) -> Option<&Chapter> {
        self.chapters.iter().find(|c| c.code == code)
    }

    /// The chapters, in the order of reports.
    #[must_use]
    pub fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    /// The analyses, in the order of reports.
    #[must_use]
    pub fn analyses(&self) -> &[Analysis] {
        &self.analyses
    }

    /// The panels, in the order of the file.
    #[must_use]
    pub fn panels(&self) -> &[Panel] {
        &self.panels
    }

    /// Codes of analyses and of panels as typed → codes of analyses, each once, in the order of reports.
    ///
    /// # Errors
    /// The first code that is neither.
    pub fn expand(&self, codes: &[String]) -> Result<Vec<String>, String> {
        let mut positions = BTreeSet::new();
        for code in codes {
            if let Some(position) = self.by_code.get(&key(code)) {
                positions.insert(*position);
            } else if let Some(panel) = self.panel(code) {
                positions.extend(panel.analyses.iter().filter_map(|a| self.by_code.get(&key(a))));
            } else {
                return Err(code.clone());
            }
        }
        Ok(positions.into_iter().filter_map(|n| self.at(n)).map(|a| a.code.clone()).collect())
    }

    /// The analysis that an instrument means: by what this sender calls it, else by the LOINC code it gives (or
    /// uses as its code) when exactly one analysis bears it.
    ///
    /// When both are there and disagree the answer is `None`: a value in mg/L must not enter as µmol/L, so a person
    /// looks at it. A bare local code of an unmapped sender is never guessed.
    #[must_use]
    pub fn map(&self, sender: &str, code: &str, loinc: Option<&str>) -> Option<&Analysis> {
        let loinc = loinc.map(str::trim).filter(|l| !l.is_empty());
        if let Some(position) = self.mappings.get(&(key(sender), key(code))) {
            let analysis = self.at(*position)?;
            return match (loinc, &analysis.loinc) {
                (Some(said), Some(ours)) if said != ours => None,
                _ => Some(analysis),
            };
        }
        let code = code.trim();
        let said = loinc.or_else(|| is_loinc(code).then_some(code))?;
        (*self.by_loinc.get(said)?).and_then(|n| self.at(n))
    }

    /// Panels, then analyses, that a text names: code first, then beginning of the label, then words of label and
    /// synonyms; the order of reports among equals. Empty text lists everything. At most `limit` in all.
    #[must_use]
    pub fn search(&self, text: &str, limit: usize) -> (Vec<Panel>, Vec<Analysis>) {
        let text: String = text.chars().take(100).collect();
        let (whole, words) = (fold(&text), fold_words(&text));
        let panels = ranked(&self.panel_texts, &whole, &words, limit);
        let left = limit - panels.len();
        let panels = panels.into_iter().filter_map(|n| self.panels.get(n).cloned()).collect();
        let analyses = ranked(&self.analysis_texts, &whole, &words, left);
        (panels, analyses.into_iter().filter_map(|n| self.at(n).cloned()).collect())
    }

    fn at(&self, position: usize) -> Option<&Analysis> {
        self.analyses.get(position)
    }
}

fn read_panels(
    reader: &Reader<'_>,
    raw: Vec<RawPanel>,
    analyses: &BTreeMap<String, usize>,
) -> Result<Vec<Panel>, CatalogueError> {
    let mut panels = Vec::with_capacity(raw.len());
    let mut codes = BTreeSet::new();
    for p in raw {
        let code = reader.code(&p.code)?;
        // One code must mean one thing: a panel and an analysis never share theirs.
        if analyses.contains_key(&key(&code)) || !codes.insert(key(&code)) {
            return Err(reader.duplicate(&p.code, "le code"));
        }
        for a in &p.analyses {
            if !analyses.contains_key(&key(a.get_ref())) {
                return Err(reader.unknown(a, "l'analyse"));
            }
        }
        if p.analyses.is_empty() {
            return Err(reader.wrong(&p.code, "est un bilan sans analyse"));
        }
        let analyses = p.analyses.into_iter().map(Spanned::into_inner).collect();
        panels.push(Panel { code, label: p.label, analyses });
    }
    Ok(panels)
}

/// Positions of the entries that fit, best first.
fn ranked(entries: &[Searchable], whole: &str, words: &[String], limit: usize) -> Vec<usize> {
    let rank = |e: &Searchable| {
        if whole.is_empty() {
            return Some(0);
        }
        let fits = |word: &String| {
            e.words.iter().any(|w| w.starts_with(word.as_str()))
                || e.codes.iter().any(|c| c.starts_with(word.as_str()))
        };
        if e.codes.iter().any(|c| c == whole) {
            Some(0)
        } else if e.codes.iter().any(|c| c.starts_with(whole)) {
            Some(1)
        } else if e.label.starts_with(whole) {
            Some(2)
        } else if !words.is_empty() && words.iter().all(fits) {
            Some(3)
        } else {
            None
        }
    };
    let mut found: Vec<(i32, usize)> =
        entries.iter().enumerate().filter_map(|(n, e)| Some((rank(e)?, n))).collect();
    found.sort_unstable();
    found.into_iter().take(limit).map(|(_, n)| n).collect()
}
