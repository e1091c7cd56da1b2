//! The folder where the simulators keep what they received, read as an outsider would.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One exchange of the simulators' journal.
#[derive(Debug, Clone, Deserialize)]
pub struct Exchange {
    /// Number of the exchange, the prefix of its files.
    pub n: u64,
    /// `insi`, `dmp` or `mss`.
    pub service: String,
    /// Operation, such as `TD2.1` or `mail`.
    pub operation: String,
    /// Message-ID.
    pub message_id: String,
    /// uniqueId of the documents concerned.
    #[serde(default)]
    pub unique_ids: Vec<String>,
    /// Recipients of a mail.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// What the service made of it.
    pub outcome: String,
}

/// The folder.
#[derive(Debug, Clone)]
pub struct Received(PathBuf);

impl Received {
    /// The folder at `path`.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every exchange so far, in order.
    ///
    /// # Panics
    /// The journal is not readable.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        let text = fs::read_to_string(self.0.join("journal.jsonl")).unwrap_or_default();
        // The last line may be being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }

    /// Exchanges of a service with this operation.
    #[must_use]
    pub fn of(&self, service: &str, operation: &str) -> Vec<Exchange> {
        let all = self.exchanges();
        all.into_iter().filter(|e| e.service == service && e.operation == operation).collect()
    }

    /// TD2.1 submissions that the DMP registered.
    #[must_use]
    pub fn registered(&self) -> Vec<Exchange> {
        self.of("dmp", "TD2.1").into_iter().filter(|e| e.outcome == "success").collect()
    }

    /// Mails that the operator took.
    #[must_use]
    pub fn mails(&self) -> Vec<Exchange> {
        let mails = self.exchanges().into_iter().filter(|e| e.service == "mss");
        mails.filter(|e| matches!(e.outcome.as_str(), "accepted" | "duplicate")).collect()
    }

    /// Path of the mail of an exchange.
    #[must_use]
    pub fn mail(&self, e: &Exchange) -> PathBuf {
        self.0.join("mail").join(format!("{:06}.eml", e.n))
    }

    /// Folder of the files of a DMP exchange.
    #[must_use]
    pub fn dmp(&self, e: &Exchange) -> PathBuf {
        self.0.join("dmp").join(format!("{:06}", e.n))
    }
}
