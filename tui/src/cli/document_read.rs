//! `paillasse document read`: any CDA, read here, without the daemon: text, page, joined PDF, data.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use paillasse_documents::cda::reading::{self, Document, Style, html, text};
use paillasse_documents::cda::stylesheet;
use paillasse_shared::protocol::{ErrorKind, WireError};

use super::messages;
use super::session::{Outcome, Session, file_error};

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
        let bytes = take(&self.file)?;
        let document = reading::read(&bytes).map_err(|e| {
            WireError::new(ErrorKind::Invalid, messages::not_read(&self.file, &e.to_string()))
        })?;
        if let Some(path) = &self.html {
            let own = (document.style == Style::Embedded && !stylesheet::is_ours(&bytes)).then_some(&*bytes);
            write(path, html::page(&document, own).as_bytes())?;
        }
        if let Some(path) = &self.pdf {
            let pdf = document.attachments.iter().find(|a| a.is_pdf());
            let pdf = pdf.ok_or_else(|| WireError::new(ErrorKind::NotFound, messages::NO_PDF))?;
            write(path, &pdf.bytes)?;
        }
        let written = self.html.iter().chain(&self.pdf);
        let options =
            text::Options { styled: s.style.bold, structured: self.structured, ..Default::default() };
        s.print::<Document>(&document, |p, d| {
            match (self.html.is_some() || self.pdf.is_some(), self.structured) {
                (true, false) => written.for_each(|path| p.line(path.display().to_string())),
                _ => p.line(text::render(d, options).trim_end()),
            }
        })
    }
}

/// The bytes of a file, no more than a document may have and one: the reader then says why it is refused.
pub fn take(path: &Path) -> Result<Vec<u8>, WireError> {
    let refused = |e: std::io::Error| file_error(path, &e);
    let file = File::open(path).map_err(refused)?;
    let size = file.metadata().map_err(refused)?.len();
    if size > reading::MAX_SIZE as u64 {
        let told = reading::too_large(usize::try_from(size).unwrap_or(usize::MAX));
        return Err(WireError::new(ErrorKind::Invalid, messages::not_read(path, &told.to_string())));
    }
    let mut bytes = Vec::new();
    file.take(reading::MAX_SIZE as u64 + 1).read_to_end(&mut bytes).map_err(refused)?;
    Ok(bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), WireError> {
    fs::write(path, bytes).map_err(|e| file_error(path, &e))
}
