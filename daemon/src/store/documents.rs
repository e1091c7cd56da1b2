//! Documents: built once, stored by hash; versions, decisions about their diffusion.

use jiff::Timestamp;
use paillasse_shared::domain::ids::{DocumentId, DossierId, PatientId};
use paillasse_shared::protocol::document::{Decision, DocumentView, ListParams};
use paillasse_shared::protocol::dossier::OrderLine;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::queue::OrderView;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::audit::{self, Act};
use super::engine::{Store, StoreError, Tx};
use super::outbox::{self, Changed, GateContext, Scope};
use super::time::{at, ms};

/// A document to store: its bytes are already built.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Dossier.
    pub dossier: DossierId,
    /// Patient.
    pub patient: PatientId,
    /// OID of this version.
    pub unique_id: String,
    /// Same for all versions.
    pub set_id: String,
    /// Version.
    pub version: u32,
    /// Version that this one replaces.
    pub replaces: Option<DocumentId>,
    /// Built at.
    pub built_at: Timestamp,
    /// Final or partial.
    pub is_final: bool,
    /// Held back by a person from the start.
    pub held_by: Option<String>,
    /// Invisible to the patient from the start.
    pub invisible: bool,
    /// Built with the INS.
    pub with_ins: bool,
    /// CDA bytes.
    pub cda: Vec<u8>,
    /// PDF bytes.
    pub pdf: Vec<u8>,
    /// JSON of the report.
    pub report: Vec<u8>,
    /// Name of the PDF file.
    pub file_name: String,
}

/// The bytes and facts from which a document leaves.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    /// Which.
    pub id: DocumentId,
    /// Built at.
    pub built_at: Timestamp,
    /// Dossier.
    pub dossier: DossierId,
    /// Patient.
    pub patient: PatientId,
    /// OID of this version.
    pub unique_id: String,
    /// Same for all versions.
    pub set_id: String,
    /// Version.
    pub version: u32,
    /// Version that this one replaces.
    pub replaces: Option<DocumentId>,
    /// Final or partial.
    pub is_final: bool,
    /// Held back by a person.
    pub held_by: Option<String>,
    /// Invisible to the patient.
    pub invisible: bool,
    /// CDA bytes.
    pub cda: Vec<u8>,
    /// PDF bytes.
    pub pdf: Vec<u8>,
    /// JSON of the report.
    pub report: Vec<u8>,
    /// Name of the PDF file.
    pub file_name: String,
}

pub(super) fn put_blob(tx: &Tx, bytes: &[u8]) -> Result<String, StoreError> {
    let hash = hex::encode(Sha256::digest(bytes));
    tx.prepare_cached("INSERT OR IGNORE INTO blob VALUES (?1, ?2)")?.execute(params![hash, bytes])?;
    Ok(hash)
}

/// Inserts a document and its bytes.
pub(super) fn insert(tx: &Tx, d: &NewDocument) -> Result<DocumentId, StoreError> {
    let (cda, pdf, report) = (put_blob(tx, &d.cda)?, put_blob(tx, &d.pdf)?, put_blob(tx, &d.report)?);
    tx.prepare_cached(
        "INSERT INTO document (dossier, patient, unique_id, set_id, version, replaces, built_at, is_final, held_by, invisible, with_ins, \
         cda, pdf, report, file_name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        d.dossier.0,
        d.patient.0,
        d.unique_id,
        d.set_id,
        d.version,
        d.replaces.map(|r| r.0),
        ms(d.built_at),
        d.is_final,
        d.held_by,
        d.invisible,
        d.with_ins,
        cda,
        pdf,
        report,
        d.file_name
    ])?;
    Ok(DocumentId(tx.last_insert_rowid()))
}

/// Inserts a new version of a document whose content is the same but whose identity changed; orders that have not left
/// follow it. Its decisions (held, invisible) are those of the version it replaces.
pub(super) fn insert_reissue(tx: &Tx, d: &NewDocument, now: Timestamp) -> Result<DocumentId, StoreError> {
    let id = insert(tx, d)?;
    if let Some(old) = d.replaces {
        tx.prepare_cached(
            "UPDATE document SET held_by = (SELECT held_by FROM document WHERE id = ?2), \
             invisible = (SELECT invisible FROM document WHERE id = ?2) WHERE id = ?1",
        )?
        .execute(params![id.0, old.0])?;
        tx.prepare_cached(
            "UPDATE outbox SET document = ?1, identifier = CASE service WHEN 'dmp' THEN ?3 ELSE identifier END \
             WHERE document = ?2 AND state = 'held'",
        )?
        .execute(params![id.0, old.0, d.unique_id])?;
    }
    audit::append(
        tx,
        &Act::new(
            now,
            "paillassed",
            "document-reissue",
            format!("document:{id}"),
            serde_json::json!({ "replaces": d.replaces, "unique_id": d.unique_id, "dossier": d.dossier }),
        ),
    )?;
    Ok(id)
}

fn blob(c: &Connection, hash: &str) -> Result<Vec<u8>, StoreError> {
    let bytes: Vec<u8> =
        c.prepare_cached("SELECT bytes FROM blob WHERE sha256 = ?1")?.query_row([hash], |r| r.get(0))?;
    if hex::encode(Sha256::digest(&bytes)) == hash {
        Ok(bytes)
    } else {
        Err(StoreError::Disk("un document relu n'est pas celui qui a été enregistré".into()))
    }
}

fn stored(c: &Connection, id: DocumentId) -> Result<Option<StoredDocument>, StoreError> {
    let found = c
        .prepare_cached(
            "SELECT dossier, patient, unique_id, set_id, version, replaces, is_final, invisible, cda, pdf, report, file_name, held_by, built_at \
             FROM document WHERE id = ?1",
        )?
        .query_row([id.0], |r| {
            Ok((
                StoredDocument {
                    id,
                    built_at: at(r.get(13)?),
                    dossier: DossierId(r.get(0)?),
                    patient: PatientId(r.get(1)?),
                    unique_id: r.get(2)?,
                    set_id: r.get(3)?,
                    version: r.get(4)?,
                    replaces: r.get::<_, Option<i64>>(5)?.map(DocumentId),
                    is_final: r.get(6)?,
                    held_by: r.get(12)?,
                    invisible: r.get(7)?,
                    cda: Vec::new(),
                    pdf: Vec::new(),
                    report: Vec::new(),
                    file_name: r.get(11)?,
                },
                r.get::<_, String>(8)?,
                r.get::<_, String>(9)?,
                r.get::<_, String>(10)?,
            ))
        })
        .optional()?;
    let Some((mut d, cda, pdf, report)) = found else { return Ok(None) };
    d.cda = blob(c, &cda)?;
    d.pdf = blob(c, &pdf)?;
    d.report = blob(c, &report)?;
    Ok(Some(d))
}

pub(super) fn order_line(o: OrderView) -> OrderLine {
    OrderLine {
        id: o.id,
        service: o.service,
        recipient: o.recipient,
        state: o.state,
        reason: o.reason,
        why: o.why,
        since: o.since,
    }
}

fn view(r: &Row<'_>) -> rusqlite::Result<DocumentView> {
    Ok(DocumentView {
        id: DocumentId(r.get(0)?),
        unique_id: r.get(1)?,
        set_id: r.get(2)?,
        version: r.get(3)?,
        dossier: DossierId(r.get(4)?),
        number: r.get(5)?,
        patient: PatientId(r.get(6)?),
        built_at: at(r.get(7)?),
        is_final: r.get(8)?,
        held: r.get::<_, Option<String>>(9)?.is_some(),
        invisible: r.get(10)?,
        with_ins: r.get(11)?,
        cda_sha256: r.get(12)?,
        pdf_sha256: r.get(13)?,
        orders: Vec::new(),
    })
}

const VIEW: &str = "d.id, d.unique_id, d.set_id, d.version, d.dossier, o.number, d.patient, d.built_at, d.is_final, d.held_by, \
     d.invisible, d.with_ins, d.cda, d.pdf";

/// Documents of a dossier, latest first, with their orders.
pub(super) fn of_dossier(c: &Connection, dossier: DossierId) -> Result<Vec<DocumentView>, StoreError> {
    list(c, ListParams { dossier: Some(dossier), ..ListParams::default() })
}

fn list(c: &Connection, filter: ListParams) -> Result<Vec<DocumentView>, StoreError> {
    let clause = match (filter.dossier, filter.patient) {
        (Some(d), _) => format!("d.dossier = {}", d.0),
        (None, Some(p)) => format!("d.patient = {}", p.0),
        (None, None) => "1 = 1".to_owned(),
    };
    let limit = filter.limit.unwrap_or(100).clamp(1, 1000);
    let sql = format!(
        "SELECT {VIEW} FROM document d JOIN dossier o ON o.id = d.dossier WHERE {clause} ORDER BY d.id DESC LIMIT {limit}"
    );
    let mut documents: Vec<DocumentView> = c.prepare(&sql)?.query_map([], view)?.collect::<Result<_, _>>()?;
    for d in &mut documents {
        d.orders = outbox::of_document(c, d.id)?.into_iter().map(order_line).collect();
    }
    Ok(documents)
}

impl Store {
    /// Documents, latest first.
    pub async fn documents(&self, filter: ListParams) -> Result<Vec<DocumentView>, StoreError> {
        self.read(move |c| list(c, filter)).await
    }

    /// One document with its bytes, checked against their hash.
    pub async fn document(&self, id: DocumentId) -> Result<Option<StoredDocument>, StoreError> {
        self.read(move |c| stored(c, id)).await
    }

    /// The latest version of the documents of a patient that still have an order held back, or were never followed by a
    /// version with the INS: those that a change of identity may have to build anew.
    pub async fn documents_waiting_for_identity(
        &self,
        patient: PatientId,
    ) -> Result<Vec<StoredDocument>, StoreError> {
        self.read(move |c| {
            let mut s = c.prepare_cached(
                "SELECT DISTINCT o.document FROM outbox o JOIN document d ON d.id = o.document \
                 WHERE o.patient = ?1 AND o.state = 'held' AND o.document IS NOT NULL \
                 AND NOT EXISTS (SELECT 1 FROM document n WHERE n.dossier = d.dossier AND n.set_id = d.set_id AND n.version > d.version) ORDER BY 1",
            )?;
            let ids: Vec<i64> = s.query_map([patient.0], |r| r.get(0))?.collect::<Result<_, _>>()?;
            ids.into_iter().filter_map(|id| stored(c, DocumentId(id)).transpose()).collect()
        })
        .await
    }

    /// One explicit act about one document.
    pub async fn decide_document(
        &self,
        id: DocumentId,
        decision: Decision,
        act: Act,
        gates: GateContext,
    ) -> Result<(DocumentView, Changed), StoreError> {
        self.write(move |tx| {
            let (set, value): (&str, Option<&str>) = match decision {
                Decision::Hold => ("held_by = ?2", Some(&act.actor)),
                Decision::Release => ("held_by = ?2", None),
                Decision::Hide => ("invisible = ?2", Some("1")),
                Decision::Show => ("invisible = ?2", Some("0")),
            };
            if matches!(decision, Decision::Hide | Decision::Show) {
                let gone: bool = tx
                    .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE document = ?1 AND service = 'dmp' AND state IN ('leased', 'unknown', 'delivered'))")?
                    .query_row([id.0], |r| r.get(0))?;
                if gone {
                    return Err(WireError::refused("ce document est déjà dans Mon espace santé : sa visibilité ne se change plus avant l'envoi")
                        .hint("le remplacer par une nouvelle version")
                        .into());
                }
            }
            let n = tx
                .prepare_cached(&format!("UPDATE document SET {set} WHERE id = ?1"))?
                .execute(params![id.0, value])?;
            if n == 0 {
                return Err(WireError::not_found(format!("le document n° {id} n'existe pas")).into());
            }
            audit::append(tx, &act)?;
            let changed = outbox::reevaluate(tx, Scope::Document(id), &gates, act.at)?;
            let mut d = tx
                .prepare_cached(&format!(
                    "SELECT {VIEW} FROM document d JOIN dossier o ON o.id = d.dossier WHERE d.id = ?1"
                ))?
                .query_row([id.0], view)?;
            d.orders = outbox::of_document(tx, id)?.into_iter().map(order_line).collect();
            Ok((d, changed))
        })
        .await
    }
}
