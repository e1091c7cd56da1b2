//! `paillasse document read`: any CDA, read by the daemon that keeps nothing of it: text, page, joined PDF, data.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use paillasse_shared::protocol::methods::ReceivedRead;
use paillasse_shared::protocol::received::{ReadParams, ReceivedForm};
use paillasse_shared::protocol::{ErrorKind, MAX_REQUEST, WireError};
use serde_json::Value;

use super::messages;
use super::session::{Outcome, Session, bytes_of, file_error};

/// Largest file that fits in a request, in base64 with some room for the rest of the line.
const MAX_FILE: u64 = (MAX_REQUEST as u64 - 4096) / 4 * 3;

/// What to read, and where to put what it holds.
#[derive(Debug, Args)]
pub struct ReadArgs {
    #[arg(value_name = "FICHIER", help = "Document CDA (N1 ou N3), d'où qu'il vienne")]
    file: PathBuf,
    #[arg(long, help = "Montre aussi les données structurées : codes, valeurs, unités, intervalles")]
    structured: bool,
    #[arg(long, value_name = "PAGE", help = "Écrit une page HTML, sans script, à ouvrir dans un navigateur")]
    html: Option<PathBuf>,
    #[arg(long, value_name = "PDF", help = "Écrit le PDF que le document contient")]
    pdf: Option<PathBuf>,
}

impl ReadArgs {
    /// Runs it.
    pub fn run(&self, s: &mut Session<'_>) -> Outcome {
        let base64 = STANDARD.encode(take(&self.file)?);
        let mut written = false;
        for (form, path) in [(ReceivedForm::Html, &self.html), (ReceivedForm::Pdf, &self.pdf)] {
            if let Some(path) = path {
                fs::write(path, self.view(s, &base64, form)?).map_err(|e| file_error(path, &e))?;
                s.print(&path.display().to_string(), |p, path| p.line(path))?;
                written = true;
            }
        }
        if s.json && !written {
            let data: Value = serde_json::from_slice(&self.view(s, &base64, ReceivedForm::Data)?)
                .map_err(|e| WireError::new(ErrorKind::Protocol, messages::unreadable(&e.to_string())))?;
            return s.print(&data, |_, _| ());
        }
        if !written {
            let text = self.view(s, &base64, ReceivedForm::Text)?;
            s.write_bytes(&text)?;
        }
        if self.structured {
            let text = self.view(s, &base64, ReceivedForm::Structured)?;
            s.write_bytes(&text)?;
        }
        Ok(0)
    }

    fn view(&self, s: &mut Session<'_>, base64: &str, form: ReceivedForm) -> Result<Vec<u8>, WireError> {
        let content = s
            .call::<ReceivedRead>(&ReadParams { base64: base64.to_owned(), form })
            .map_err(|e| WireError { cause: messages::not_read(&self.file, &e.cause), ..e })?;
        bytes_of(&content.base64)
    }
}

/// The bytes of a file that fits in a request.
pub fn take(path: &Path) -> Result<Vec<u8>, WireError> {
    let refused = |e: std::io::Error| file_error(path, &e);
    let too_large = |size: u64| {
        let told = messages::too_large(size.div_ceil(1 << 20), MAX_FILE >> 20);
        WireError::new(ErrorKind::Invalid, messages::not_read(path, &told))
    };
    let file = File::open(path).map_err(refused)?;
    let size = file.metadata().map_err(refused)?.len();
    if size > MAX_FILE {
        return Err(too_large(size));
    }
    // A file that grows meanwhile, or a device, has no size to trust.
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > MAX_FILE { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}
