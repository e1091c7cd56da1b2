//! Checks of a stored document: do its two forms say the same (DOC-04), is it what the base would build again (DOC-29)?

use paillasse_documents::DocumentError;
use paillasse_shared::protocol::document::{Compared, ComparedValue, DocumentRef, Rebuilt};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use serde_json::json;

use super::reporting::{load, read_report};
use super::{App, Caller};
use crate::store::documents::StoredDocument;

/// Compares the values of the CDA with those of the PDF; the reading is journalled.
pub async fn compare(app: &App, caller: &Caller, p: DocumentRef) -> Result<Compared, WireError> {
    let d = read(app, caller, p, "document-compare").await?;
    let compared = blocking(move || paillasse_documents::compare::values(&d.cda, &d.pdf)).await?;
    let only_in_cda = compared.missing.iter().filter_map(|i| compared.values.get(*i));
    Ok(Compared {
        id: p.id,
        identical: compared.is_identical(),
        values: u32::try_from(compared.values.len()).unwrap_or(u32::MAX),
        only_in_cda: only_in_cda
            .map(|v| ComparedValue { label: v.label.clone(), value: v.text.clone() })
            .collect(),
        only_in_pdf: compared.only_in_pdf,
    })
}

/// Builds the document again from the report that was kept with it. A later version of the program may write other
/// bytes: then the answer says so, and the kept document stays the one that counts.
pub async fn rebuild(app: &App, caller: &Caller, p: DocumentRef) -> Result<Rebuilt, WireError> {
    let d = read(app, caller, p, "document-rebuild").await?;
    let report = read_report(&d)?;
    blocking(move || {
        let pdf = paillasse_documents::pdf::build(&report)?;
        let cda = paillasse_documents::cda::build(&report, &pdf)?;
        Ok(Rebuilt { id: p.id, same_cda: cda == d.cda, same_pdf: pdf == d.pdf })
    })
    .await
}

async fn read(
    app: &App,
    caller: &Caller,
    p: DocumentRef,
    act: &'static str,
) -> Result<StoredDocument, WireError> {
    let d = load(app, p.id).await?;
    let details = json!({ "patient": d.patient });
    app.store.journal(caller.act(app.env.now(), act, format!("document:{}", p.id), details)).await?;
    Ok(d)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DocumentError> + Send + 'static,
) -> Result<T, WireError> {
    let internal = |text: String| WireError::new(ErrorKind::Internal, text);
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| internal("le contrôle du document s'est interrompu".to_owned()))?
        .map_err(|e| internal(format!("le document enregistré ne se relit pas : {e}")))
}
