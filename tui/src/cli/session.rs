//! One run of one command: the connection, opened when first needed, and the place where answers are shown.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paillasse_shared::domain::ids::{DocumentId, DossierId, PatientId};
use paillasse_shared::protocol::document::ListParams as DocumentFilter;
use paillasse_shared::protocol::dossier::{DossierRef, DossierView};
use paillasse_shared::protocol::methods::{DocumentList, DossierGet, Method};
use paillasse_shared::protocol::{ErrorKind, WireError};
use serde::Serialize;
use serde_json::Value;

use super::client::Client;
use super::messages;
use super::page::{Page, Style};
use super::value::Target;

/// How long the daemon may take when nothing else is asked for.
const LIMIT: Duration = Duration::from_secs(30);

/// Outcome of a command: an exit code, or the one error shown.
pub type Outcome = Result<u8, WireError>;

/// Everything a command needs.
pub struct Session<'a> {
    socket: PathBuf,
    login: Option<String>,
    limit: Option<Duration>,
    client: Option<Client>,
    /// Answers as JSON.
    pub json: bool,
    /// How pages look.
    pub style: Style,
    /// Where answers go.
    pub out: &'a mut dyn Write,
}

impl<'a> Session<'a> {
    /// Connects to nothing yet.
    pub fn new(
        socket: PathBuf,
        login: Option<String>,
        limit: Option<Duration>,
        json: bool,
        style: Style,
        out: &'a mut dyn Write,
    ) -> Self {
        Self { socket, login, limit, client: None, json, style, out }
    }

    /// Calls a method, waiting as long as the user or the default says.
    pub fn call<M: Method>(&mut self, params: &M::Params) -> Result<M::Result, WireError> {
        self.call_within::<M>(params, LIMIT)
    }

    /// Calls a method that may take `usual` unless the user said otherwise.
    pub fn call_within<M: Method>(
        &mut self,
        params: &M::Params,
        usual: Duration,
    ) -> Result<M::Result, WireError> {
        let limit = self.limit.unwrap_or(usual);
        Ok(self.client(limit)?.call::<M>(params, limit)?)
    }

    /// Calls a method by name.
    pub fn call_named(&mut self, method: &str, params: Value) -> Result<Value, WireError> {
        let limit = self.limit.unwrap_or(LIMIT);
        Ok(self.client(limit)?.call_named(method, params, limit)?)
    }

    fn client(&mut self, limit: Duration) -> Result<&mut Client, WireError> {
        if self.client.is_none() {
            let client = Client::connect(&self.socket, self.login.clone(), limit)?;
            if let Some(zone) = client.hello.laboratory.zone() {
                self.style.zone = zone;
            }
            self.client = Some(client);
        }
        self.client.as_mut().ok_or_else(|| WireError::new(ErrorKind::Internal, messages::CLOSED))
    }

    /// Calls a method and shows its answer: as JSON, or as the page that `human` writes.
    pub fn show<M: Method>(
        &mut self,
        params: &M::Params,
        human: impl FnOnce(&mut Page, &M::Result),
    ) -> Outcome {
        let answer = self.call::<M>(params)?;
        self.print(&answer, human)
    }

    /// Shows an answer.
    pub fn print<T: Serialize>(&mut self, answer: &T, human: impl FnOnce(&mut Page, &T)) -> Outcome {
        if self.json {
            let text = serde_json::to_string(answer)
                .map_err(|e| WireError::new(ErrorKind::Internal, messages::unreadable(&e.to_string())))?;
            self.write(&format!("{text}\n"))?;
        } else {
            let mut page = Page::new(self.style.clone());
            human(&mut page, answer);
            self.write(&page.into_text())?;
        }
        Ok(0)
    }

    /// Writes as it is.
    pub fn write(&mut self, text: &str) -> Result<(), WireError> {
        self.write_bytes(text.as_bytes())
    }

    /// Writes bytes as they are. A reader that went away (`| head`) is no error.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(file_error(Path::new("-"), &e)),
            _ => Ok(()),
        }
    }

    /// A dossier by its number.
    fn dossier(&mut self, number: String) -> Result<DossierView, WireError> {
        self.call::<DossierGet>(&DossierRef { id: None, number: Some(number) })
    }

    /// Id of a dossier.
    pub fn dossier_id(&mut self, target: Target) -> Result<DossierId, WireError> {
        match target {
            Target::Id(id) => Ok(DossierId(id)),
            Target::Number(number) => self.dossier(number).map(|d| d.id),
        }
    }

    /// Id of a patient; a dossier number stands for its patient.
    pub fn patient_id(&mut self, target: Target) -> Result<PatientId, WireError> {
        match target {
            Target::Id(id) => Ok(PatientId(id)),
            Target::Number(number) => self.dossier(number).map(|d| d.patient),
        }
    }

    /// Id of a document; a dossier number stands for its latest document.
    pub fn document_id(&mut self, target: Target) -> Result<DocumentId, WireError> {
        match target {
            Target::Id(id) => Ok(DocumentId(id)),
            Target::Number(number) => {
                let dossier = self.dossier(number.clone())?.id;
                let filter = DocumentFilter { dossier: Some(dossier), limit: Some(1), patient: None };
                let found = self.call::<DocumentList>(&filter)?.documents;
                let latest = found.first().map(|d| d.id);
                latest.ok_or_else(|| WireError::not_found(messages::no_document(&number)))
            }
        }
    }

    /// Optional [`Self::patient_id`].
    pub fn patient_filter(&mut self, target: Option<Target>) -> Result<Option<PatientId>, WireError> {
        target.map(|t| self.patient_id(t)).transpose()
    }

    /// Optional [`Self::dossier_id`].
    pub fn dossier_filter(&mut self, target: Option<Target>) -> Result<Option<DossierId>, WireError> {
        target.map(|t| self.dossier_id(t)).transpose()
    }
}

/// A dossier as the protocol names it.
pub fn dossier_ref(target: Target) -> DossierRef {
    match target {
        Target::Id(id) => DossierRef { id: Some(DossierId(id)), number: None },
        Target::Number(number) => DossierRef { id: None, number: Some(number) },
    }
}

/// The bytes that the daemon put in an answer.
pub fn bytes_of(base64: &str) -> Result<Vec<u8>, WireError> {
    STANDARD
        .decode(base64)
        .map_err(|e| WireError::new(ErrorKind::Protocol, messages::unreadable(&e.to_string())))
}

/// A fault of a file, as shown.
pub fn file_error(path: &Path, error: &io::Error) -> WireError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => ErrorKind::Forbidden,
        _ => ErrorKind::Unavailable,
    };
    WireError::new(kind, messages::file(path, &french_io(error)))
}

/// The usual faults of files in French; the system's own words for the others.
pub fn french_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "ce fichier ou ce dossier n'existe pas".into(),
        io::ErrorKind::PermissionDenied => "ce compte n'en a pas le droit".into(),
        io::ErrorKind::AlreadyExists => "il existe déjà".into(),
        io::ErrorKind::StorageFull => "le disque est plein".into(),
        io::ErrorKind::IsADirectory => "c'est un dossier".into(),
        _ => error.to_string(),
    }
}
