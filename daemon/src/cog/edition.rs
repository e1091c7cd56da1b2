//! A newer edition in one file, and the edition in use (COG-08).
//!
//! The file is plain text, so that it can be read, compared and carried on a key:
//!
//! ```text
//! paillasse-cog 1
//! edition: 2027 (1er janvier 2027)
//! pays: 2026
//! == communes-depuis-1943.tsv
//! code<TAB>debut<TAB>…
//! == evenements-communes.tsv
//! …
//! ```
//! Sections are the files of `data/cog`, in the same form; one that is absent stays as the program ships it. The form is
//! ours: INSEE publishes other files, from which a millésime of `data/cog` is prepared.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use paillasse_shared::domain::identity::{BirthDate, compare::PlaceRelation};
use paillasse_shared::protocol::patient::Place;

use super::{Cog, CogError, Sources, code_text};

/// First line of an edition.
const HEAD: &str = "paillasse-cog 1";

/// Largest edition file read, in bytes; that of 2026 has 1.3 MB.
pub const MAX_EDITION: u64 = 64 * 1024 * 1024;

impl Sources {
    /// Reads an edition in one file; what it does not hold stays as shipped.
    ///
    /// # Errors
    /// Not of that form, or a section that is none of the five files.
    pub fn edition(text: &str) -> Result<Self, CogError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut parts = text.split("\n== ");
        let head = parts.next().unwrap_or_default();
        let mut lines = head.lines();
        if lines.next().map(str::trim_end) != Some(HEAD) {
            return Err(CogError::Edition("la première ligne n'est pas « paillasse-cog 1 »"));
        }
        let mut sources = Self::embedded();
        let mut named = false;
        for line in lines.map(str::trim).filter(|l| !l.is_empty()) {
            match line.split_once(": ") {
                Some(("edition", value)) => {
                    value.clone_into(&mut sources.edition);
                    named = true;
                }
                Some(("pays", value)) => value.clone_into(&mut sources.countries_edition),
                _ => return Err(CogError::Edition("l'en-tête ne connaît que « edition: » et « pays: »")),
            }
        }
        if !named {
            return Err(CogError::Edition("le millésime (« edition: ») manque"));
        }
        let mut sections = 0;
        for part in parts {
            let (name, content) = part.split_once('\n').unwrap_or((part, ""));
            let slot = match name.trim() {
                "communes-depuis-1943.tsv" => &mut sources.communes,
                "evenements-communes.tsv" => &mut sources.events,
                "pays-depuis-1943.tsv" => &mut sources.countries,
                "successions-pays.tsv" => &mut sources.successions,
                "collectivites-outre-mer.tsv" => &mut sources.overseas,
                _ => return Err(CogError::Edition("une section ne porte pas le nom d'un des cinq fichiers")),
            };
            *slot = Cow::Owned(content.to_owned());
            sections += 1;
        }
        if sections == 0 {
            return Err(CogError::Edition("aucun fichier n'est dedans"));
        }
        Ok(sources)
    }
}

impl Cog {
    /// A code known here that another edition does not know any more, if any: old births need it (COG-08).
    #[must_use]
    pub fn lost_in(&self, other: &Self) -> Option<String> {
        self.periods
            .iter()
            .find(|p| other.periods_of(&p.code).is_empty())
            .map(|p| code_text(&p.code).to_owned())
    }
}

/// The edition in use, replaced whole by an import; readers keep the one they began with.
#[derive(Debug)]
pub struct InUse(RwLock<Arc<Cog>>);

impl InUse {
    /// Starts with an edition.
    #[must_use]
    pub fn new(cog: Arc<Cog>) -> Self {
        Self(RwLock::new(cog))
    }

    /// The edition now.
    #[must_use]
    pub fn now(&self) -> Arc<Cog> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses another edition from now on.
    pub fn replace(&self, cog: Arc<Cog>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = cog;
    }

    /// [`Cog::search`].
    #[must_use]
    pub fn search(&self, text: &str, birth_date: Option<&BirthDate>, limit: usize) -> Vec<Place> {
        self.now().search(text, birth_date, limit)
    }

    /// [`Cog::label`].
    #[must_use]
    pub fn label(&self, code: &str, birth_date: Option<&BirthDate>) -> Option<String> {
        self.now().label(code, birth_date)
    }

    /// [`Cog::relation`].
    #[must_use]
    pub fn relation(&self, a: &str, b: &str, birth_date: Option<&BirthDate>) -> PlaceRelation {
        self.now().relation(a, b, birth_date)
    }

    /// [`Cog::contains`].
    #[must_use]
    pub fn contains(&self, code: &str) -> bool {
        self.now().contains(code)
    }
}
