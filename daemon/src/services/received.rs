//! Documents received from other laboratories (subcontracting): taken in, compared, attached, merged or embedded.
//!
//! Invariant: no order ever leaves for a received document; it goes out only inside the report of its dossier (SUB-05).
//! Deliberately not here: the mailbox it may come from. A person gives the file; another inlet would call the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paillasse_documents::cda::domain;
use paillasse_documents::cda::reading::{self, Document, Style, html, text, words};
use paillasse_documents::cda::stylesheet;
use paillasse_shared::domain::ids::ReceivedId;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::document::Content;
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::received::{
    AttachParams, CloseParams, GetParams, How, ListParams, ReadParams, ReceiveParams, ReceivedDetail,
    ReceivedForm, ReceivedList, ReceivedState, ReceivedView, TakeParams,
};
use serde_json::json;

use super::subcontract::{self, SUBCONTRACTED};
use super::{App, Caller, laboratory};
use crate::store::received::{NewReceived, Taking};

/// Reading takes processor time that grows with the document: off the event loop.
async fn read(bytes: Vec<u8>) -> Result<(Document, Vec<u8>), WireError> {
    let read = tokio::task::spawn_blocking(move || (reading::read(&bytes), bytes))
        .await
        .map_err(|_| WireError::new(ErrorKind::Internal, "la lecture du document s'est interrompue"))?;
    match read {
        (Ok(document), bytes) => Ok((document, bytes)),
        (Err(e), _) => Err(WireError::new(ErrorKind::Invalid, e.to_string())),
    }
}

async fn load(app: &App, id: ReceivedId) -> Result<(ReceivedView, Document, Vec<u8>), WireError> {
    let (line, bytes) = app.store.received_bytes(id).await?;
    let (document, bytes) = read(bytes).await?;
    Ok((line, document, bytes))
}

/// A document that came with a request.
async fn given(base64: &str) -> Result<(Document, Vec<u8>), WireError> {
    let bytes = STANDARD
        .decode(base64.as_bytes())
        .map_err(|_| WireError::invalid("base64", "le contenu n'est pas du base64"))?;
    read(bytes).await
}

/// A view of a document given; nothing of it is kept.
///
/// # Errors
/// It is not a CDA that can be read, or it holds no PDF.
pub async fn read_only(p: ReadParams) -> Result<Content, WireError> {
    let (d, bytes) = given(&p.base64).await?;
    view(&d, bytes, p.form, "document")
}

/// One form of a document read.
fn view(d: &Document, bytes: Vec<u8>, form: ReceivedForm, name: &str) -> Result<Content, WireError> {
    let options = text::Options::default();
    let plain = |t: String| ("txt", "text/plain", t.into_bytes());
    let (extension, media_type, bytes) = match form {
        ReceivedForm::Cda => ("xml", "text/xml", bytes),
        ReceivedForm::Text => plain(text::render(d, options)),
        ReceivedForm::Header => plain(text::header(d, options)),
        ReceivedForm::Structured => plain(text::structured(d, options)),
        ReceivedForm::Data => {
            let data =
                serde_json::to_vec(d).map_err(|e| WireError::new(ErrorKind::Internal, e.to_string()))?;
            ("json", "application/json", data)
        }
        ReceivedForm::Html => {
            let own = (d.style == Style::Embedded && !stylesheet::is_ours(&bytes)).then_some(&*bytes);
            ("html", "text/html", html::page(d, own).into_bytes())
        }
        ReceivedForm::Pdf => {
            let pdf = d.attachments.iter().find(|a| a.is_pdf());
            let pdf = pdf.ok_or_else(|| WireError::not_found("le document ne contient pas de PDF"))?;
            ("pdf", "application/pdf", pdf.bytes.clone())
        }
    };
    Ok(Content {
        file_name: format!("{name}.{extension}"),
        media_type: media_type.to_owned(),
        base64: STANDARD.encode(&bytes),
    })
}

/// Takes a document in.
pub async fn receive(app: &App, caller: &Caller, p: ReceiveParams) -> Result<ReceivedView, WireError> {
    caller.require(Right::EnterResults)?;
    let (d, bytes) = given(&p.base64).await?;
    let full = |id: &reading::model::Id| match &id.extension {
        Some(extension) => format!("{}^{extension}", id.root),
        None => id.root.clone(),
    };
    let unique_id = d.header.id.as_ref().map(full).filter(|id| !id.is_empty());
    let unique_id = unique_id.ok_or_else(|| {
        WireError::new(ErrorKind::Invalid, "le document n'a pas d'identifiant : il ne peut pas être suivi")
    })?;
    let sender = d
        .header
        .custodian
        .as_ref()
        .map(words::organization)
        .unwrap_or_else(|| "laboratoire inconnu".to_owned());
    let act = caller.act(app.env.now(), "document-received", String::new(), json!({}));
    let compared = d.clone();
    let view = app
        .store
        .receive_document(NewReceived {
            cda: bytes,
            set_id: d.header.set_id.as_ref().map(full).unwrap_or_else(|| unique_id.clone()),
            unique_id,
            version: d.header.version.as_deref().and_then(|v| v.parse().ok()).unwrap_or(1),
            sender,
            title: d.header.title.clone().unwrap_or_else(|| "Document sans titre".to_owned()),
            numbers: d.header.orders.iter().filter_map(|o| o.extension.clone()).collect(),
            compare: Box::new(move |patient| subcontract::other_identity(&compared, patient)),
            act,
        })
        .await?;
    tell(app, &view);
    Ok(view)
}

fn tell(app: &App, view: &ReceivedView) {
    if let Some(dossier) = view.dossier {
        app.tell(Event::DossierChanged { dossier });
    }
}

/// Lists received documents.
pub async fn list(app: &App, p: ListParams) -> Result<ReceivedList, WireError> {
    Ok(ReceivedList { documents: app.store.received(p).await? })
}

/// One document with what a merge would need.
pub async fn show(app: &App, id: ReceivedId) -> Result<ReceivedDetail, WireError> {
    let (line, d, _) = load(app, id).await?;
    let results = domain::results(&d);
    let own = match line.dossier {
        Some(dossier) => laboratory::load(app, dossier).await?.results,
        None => vec![],
    };
    Ok(ReceivedDetail {
        flags: d.flags.iter().map(reading::Flag::french).collect(),
        results: u32::try_from(subcontract::count(&results)).unwrap_or(u32::MAX),
        conflicts: subcontract::conflicts(&results, &app.catalogue, &own),
        has_pdf: d.attachments.iter().any(reading::Attachment::is_pdf),
        document: line,
    })
}

/// A view of a document; the reading is journalled.
pub async fn content(app: &App, caller: &Caller, p: GetParams) -> Result<Content, WireError> {
    let (line, d, bytes) = load(app, p.id).await?;
    let act =
        caller.act(app.env.now(), "received-read", format!("received:{}", p.id), json!({ "form": p.form }));
    app.store.journal(act).await?;
    view(&d, bytes, p.form, &format!("recu-{}", line.id))
}

/// Attaches by hand.
pub async fn attach(app: &App, caller: &Caller, p: AttachParams) -> Result<ReceivedView, WireError> {
    caller.require(Right::EnterResults)?;
    let motive = p.motive.unwrap_or_default();
    if p.despite_identity && motive.trim().is_empty() {
        return Err(WireError::invalid("motive", "dire pourquoi ce document est rattaché malgré l'identité"));
    }
    let (_, d, _) = load(app, p.id).await?;
    let act = caller.act(
        app.env.now(),
        "received-attach",
        format!("received:{}", p.id),
        json!({ "number": p.number, "despite_identity": p.despite_identity, "motive": motive }),
    );
    let compare = Box::new(move |patient: &_| subcontract::other_identity(&d, patient));
    let view = app.store.attach_received(p.id, p.number, compare, p.despite_identity, act).await?;
    tell(app, &view);
    Ok(view)
}

/// Takes a document into the report of its dossier. What is already validated stays; the report goes out by the next
/// validation.
pub async fn take(app: &App, caller: &Caller, p: TakeParams) -> Result<ReceivedView, WireError> {
    caller.require(Right::EnterResults)?;
    let (line, d, _) = load(app, p.id).await?;
    let dossier = line.dossier.ok_or_else(|| {
        WireError::refused("ce document n'est rattaché à aucun dossier").hint("le rattacher d'abord")
    })?;
    if !matches!(line.state, ReceivedState::Matched | ReceivedState::Merged | ReceivedState::Embedded) {
        return Err(WireError::refused(format!("ce document est « {} »", line.state.label())));
    }
    let full = laboratory::load(app, dossier).await?;
    let results = domain::results(&d);
    let codes = subcontract::codes(&results);
    let mut conflicts = subcontract::conflicts(&results, &app.catalogue, &full.results);
    let (state, part) = match p.how {
        How::Merge => {
            subcontract::decide(&mut conflicts, &p.keep, &p.skip).map_err(|why| {
                WireError::refused(why).hint("voir les points avec « paillasse received show »")
            })?;
            (ReceivedState::Merged, subcontract::part(&d, results, &conflicts).map_err(WireError::refused)?)
        }
        How::Embed => {
            let part = subcontract::pdf(&d, &line.sender);
            (
                ReceivedState::Embedded,
                part.ok_or_else(|| WireError::refused("le document ne contient pas de PDF"))?,
            )
        }
    };
    let skipped: Vec<&str> =
        conflicts.iter().filter(|c| c.kept == Some(false)).map(|c| c.item.as_str()).collect();
    let answers = |code: &str| {
        p.analyses.iter().any(|a| a == code)
            || app.catalogue.analysis(code).and_then(|a| a.loinc.as_ref()).is_some_and(|l| codes.contains(l))
    };
    let answered = full
        .results
        .iter()
        .filter(|r| answers(&r.analysis))
        .map(|r| (r.analysis.clone(), format!("{SUBCONTRACTED} : {}", line.sender)))
        .collect();
    let act = caller.act(
        app.env.now(),
        "received-take",
        format!("received:{}", p.id),
        json!({
            "dossier": dossier, "how": p.how, "kept": p.keep, "skipped": skipped, "analyses": p.analyses,
        }),
    );
    let taking = Taking { id: p.id, state, part, answered, act };
    let (view, dossier) = app.store.take_received(taking, app.env.now()).await?;
    app.tell(Event::DossierChanged { dossier });
    Ok(view)
}

/// Puts a document aside.
pub async fn close(app: &App, caller: &Caller, p: CloseParams) -> Result<ReceivedView, WireError> {
    caller.require(Right::EnterResults)?;
    if p.motive.trim().is_empty() {
        return Err(WireError::invalid("motive", "dire pourquoi ce document est écarté"));
    }
    let act = caller.act(
        app.env.now(),
        "received-close",
        format!("received:{}", p.id),
        json!({ "motive": p.motive }),
    );
    let view = app.store.close_received(p.id, p.motive, act).await?;
    tell(app, &view);
    Ok(view)
}
