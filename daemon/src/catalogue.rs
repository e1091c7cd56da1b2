//! The test catalogue of the laboratory, read from a TOML file (LAB-02): chapters, analyses, panels, and what
//! instruments call the analyses.
//!
//! A catalogue is checked whole when it is read and never changes afterwards: a code that documents cannot carry (unit
//! outside the closed list, LOINC code with a wrong check digit, unknown chapter) is refused here, with its line, and
//! not at the hour of sending. It is shared as `Arc<Catalogue>`.
//!
//! Deliberately not here: the exchange files of transcoding and their trace (LOINC_1 to LOINC_6), the national value
//! set itself (a laboratory obtains it from the national server), validation rules.

mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use paillasse_shared::domain::catalogue::{Analysis, Chapter, Group, Specimen, Technique};
use paillasse_shared::domain::identity::normalise::{fold, fold_words};
use paillasse_shared::protocol::dossier::Panel;

pub use read::is_loinc;
use read::{Definitions, File, Reader, define, read_panels};

/// Largest catalogue file read, in bytes.
const MAX_FILE: usize = 16 * 1024 * 1024;

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
