//! A report for a viewer outside the terminal, before validation too (DOC-14). Nothing is kept; the reading is journalled.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paillasse_documents::cda::reading::{self, html};
use paillasse_documents::{DocumentError, cda, pdf};
use paillasse_shared::domain::report::Report;
use paillasse_shared::protocol::dossier::{DossierRef, PreviewFiles};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use serde_json::json;

use super::reporting::{Previewed, Shown, document_error, read_report, shown};
use super::{App, Caller};

/// The page and the PDF of the report as it would leave now; of the document itself once everything is validated.
pub async fn files(app: &App, caller: &Caller, p: DossierRef) -> Result<PreviewFiles, WireError> {
    let Previewed { dossier, patient, what } = shown(app, caller, p).await?;
    let number = match &what {
        Shown::Kept(d) => read_report(d)?.request.extension,
        Shown::Draft(report) => report.request.extension.clone(),
    };
    let details = json!({ "patient": patient });
    let act = caller.act(app.env.now(), "dossier-preview", format!("dossier:{dossier}"), details);
    app.store.journal(act).await?;
    let built = tokio::task::spawn_blocking(move || match what {
        Shown::Kept(d) => Ok((page(&d.cda, html_of_document)?, d.pdf)),
        Shown::Draft(report) => draft(&report),
    })
    .await
    .map_err(|_| WireError::new(ErrorKind::Internal, "la construction de l'aperçu s'est interrompue"))?;
    let (html, pdf) = built.map_err(|e: DocumentError| document_error(&e))?;
    Ok(PreviewFiles {
        stem: format!("apercu-{}", stem(&number)),
        html: STANDARD.encode(html),
        pdf: STANDARD.encode(pdf),
    })
}

fn draft(report: &Report) -> Result<(String, Vec<u8>), DocumentError> {
    let pdf = pdf::preview(report)?;
    let cda = cda::build(report, &pdf)?;
    Ok((page(&cda, html::preview)?, pdf))
}

fn html_of_document(document: &reading::Document) -> String {
    html::page(document, None)
}

fn page(cda: &[u8], write: fn(&reading::Document) -> String) -> Result<String, DocumentError> {
    Ok(write(&reading::read(cda)?))
}

/// The number of a dossier as part of a file name.
fn stem(number: &str) -> String {
    number.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect()
}
