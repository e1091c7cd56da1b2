//! Everything received, on disk before the answer is given.
//!
//! `received/insi`, `received/dmp`, `received/mail` hold what came and what was answered, numbered
//! per service; `received/journal.jsonl` holds one line per exchange. Journal lines carry
//! identifiers and outcomes, never traits. Numbers continue after a restart in the same folder.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::outage::Service;

/// The clock, a parameter so that tests own it.
pub type Clock = fn() -> Timestamp;

/// One exchange, one line of `journal.jsonl`.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Number of the exchange, the prefix of its files.
    pub n: u64,
    /// When it was recorded, UTC.
    pub time: Timestamp,
    /// Which service.
    pub service: Service,
    /// Operation, e.g. `rechercherInsAvecTraitsIdentite`, `TD2.1`, `mail`.
    pub operation: String,
    /// WS-Addressing MessageID or mail Message-ID, "" when unreadable.
    pub message_id: String,
    /// uniqueId of the documents concerned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unique_ids: Vec<String>,
    /// Recipients of a mail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// `00`, `01`, `02`, `success`, `accepted`, `duplicate`, or the code of the refusal.
    pub outcome: String,
    /// False when an outage keeps the answer from leaving (`cut`).
    pub answered: bool,
    /// The outage in force, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    next: BTreeMap<Service, u64>,
    counts: BTreeMap<Service, BTreeMap<String, u64>>,
}

/// The folder of received exchanges.
#[derive(Debug)]
pub struct Journal {
    root: PathBuf,
    clock: Clock,
    state: Mutex<State>,
}

impl Journal {
    /// Opens (and creates) the folder; numbering continues after what is there.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn open(root: &Path, clock: Clock) -> std::io::Result<Journal> {
        let mut state = State::default();
        for service in Service::ALL {
            let dir = root.join(service.folder());
            std::fs::create_dir_all(&dir)?;
            let mut last = 0;
            for file in std::fs::read_dir(&dir)? {
                let name = file?.file_name();
                let digits: String = name.to_string_lossy().chars().take(6).collect();
                last = last.max(digits.parse().unwrap_or(0));
            }
            state.next.insert(service, last + 1);
        }
        Ok(Journal { root: root.to_owned(), clock, state: Mutex::new(state) })
    }

    /// Where everything is kept.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Takes the next number of a service.
    pub fn number(&self, service: Service) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let next = state.next.entry(service).or_insert(1);
        let n = *next;
        *next += 1;
        n
    }

    /// Path of `name` in the folder of a service.
    pub fn path(&self, service: Service, name: &str) -> PathBuf {
        self.root.join(service.folder()).join(name)
    }

    /// Writes one file in the folder of a service, folders made on the way.
    ///
    /// # Errors
    /// The disk said no: the exchange must then be answered as a server failure.
    pub fn keep(&self, service: Service, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let path = self.path(service, name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, bytes)
    }

    /// Appends the line of an exchange and counts it.
    ///
    /// # Errors
    /// The disk said no.
    pub fn record(&self, entry: &Entry) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file =
            std::fs::OpenOptions::new().create(true).append(true).open(self.root.join("journal.jsonl"))?;
        file.write_all(&line)?;
        *state.counts.entry(entry.service).or_default().entry(entry.outcome.clone()).or_default() += 1;
        Ok(())
    }

    /// Exchanges since the start (or the last reset), per service and outcome.
    pub fn counts(&self) -> BTreeMap<Service, BTreeMap<String, u64>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
    }

    /// Empties the folder and starts the numbers again.
    ///
    /// # Errors
    /// The disk said no.
    pub fn reset(&self) -> std::io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for service in Service::ALL {
            let dir = self.root.join(service.folder());
            if dir.exists() {
                std::fs::remove_dir_all(&dir)?;
            }
            std::fs::create_dir_all(&dir)?;
        }
        let journal = self.root.join("journal.jsonl");
        if journal.exists() {
            std::fs::remove_file(journal)?;
        }
        *state = State::default();
        Ok(())
    }
}
