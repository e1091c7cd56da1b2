//! Documents received from other laboratories: stored by hash, one line per version, with what was decided.

use jiff::Timestamp;
use paillasse_shared::domain::ids::{DossierId, ReceivedId};
use paillasse_shared::domain::report::{AttachedPdf, Chapter, Comment, Specimen};
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::received::{ListParams, ReceivedState, ReceivedView};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit::{self, Act};
use super::dossiers;
use super::engine::{Store, StoreError, Tx};
use super::patients::{self, Patient};
use super::time::{at, ms};

/// Compares the identity of a document with a patient: why it is another one.
pub type Compare = Box<dyn Fn(&Patient) -> Option<String> + Send>;

/// What enters the report of a dossier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Results, with the laboratory that made each of them.
    Results {
        /// Samples.
        specimens: Vec<Specimen>,
        /// Chapters, skipped results left out.
        chapters: Vec<Chapter>,
        /// Comments on the whole.
        comments: Vec<Comment>,
    },
    /// A PDF.
    Pdf(AttachedPdf),
}

/// A document to take in.
pub struct NewReceived {
    /// Bytes as received.
    pub cda: Vec<u8>,
    /// Identifier of the version.
    pub unique_id: String,
    /// Set of versions.
    pub set_id: String,
    /// Version.
    pub version: u32,
    /// Laboratory.
    pub sender: String,
    /// Title.
    pub title: String,
    /// Numbers that may designate the dossier or one of its tubes.
    pub numbers: Vec<String>,
    /// Comparison of identities.
    pub compare: Compare,
    /// The act.
    pub act: Act,
}

/// What a person decided about a document.
pub struct Taking {
    /// Which.
    pub id: ReceivedId,
    /// Merged or embedded.
    pub state: ReceivedState,
    /// What enters the report.
    pub part: Part,
    /// Analyses of the dossier that it answers: code and comment.
    pub answered: Vec<(String, String)>,
    /// The act.
    pub act: Act,
}

fn code(s: ReceivedState) -> &'static str {
    match s {
        ReceivedState::Unmatched => "unmatched",
        ReceivedState::Matched => "matched",
        ReceivedState::Merged => "merged",
        ReceivedState::Embedded => "embedded",
        ReceivedState::Replaced => "replaced",
        ReceivedState::Closed => "closed",
    }
}

fn state(text: &str) -> ReceivedState {
    match text {
        "matched" => ReceivedState::Matched,
        "merged" => ReceivedState::Merged,
        "embedded" => ReceivedState::Embedded,
        "replaced" => ReceivedState::Replaced,
        "closed" => ReceivedState::Closed,
        _ => ReceivedState::Unmatched,
    }
}

const VIEW: &str = "id, received_at, state, why, sender, title, unique_id, set_id, version, dossier, \
    (SELECT max(o.id) FROM received o WHERE o.set_id = received.set_id AND o.version < received.version \
     AND o.state <> 'closed')";

fn view(r: &Row<'_>) -> rusqlite::Result<ReceivedView> {
    Ok(ReceivedView {
        id: ReceivedId(r.get(0)?),
        received_at: at(r.get(1)?),
        state: state(&r.get::<_, String>(2)?),
        why: r.get(3)?,
        sender: r.get(4)?,
        title: r.get(5)?,
        unique_id: r.get(6)?,
        set_id: r.get(7)?,
        version: r.get(8)?,
        dossier: r.get::<_, Option<i64>>(9)?.map(DossierId),
        replaces: r.get::<_, Option<i64>>(10)?.map(ReceivedId),
        repeated: false,
    })
}

fn get(c: &Connection, id: ReceivedId) -> Result<ReceivedView, StoreError> {
    c.prepare_cached(&format!("SELECT {VIEW} FROM received WHERE id = ?1"))?
        .query_row([id.0], view)
        .optional()?
        .ok_or_else(|| WireError::not_found(format!("le document reçu n° {id} n'existe pas")).into())
}

/// The dossier that the numbers designate, when it is one.
fn dossier_of(tx: &Tx, numbers: &[String]) -> Result<Result<DossierId, String>, StoreError> {
    let mut found: Vec<DossierId> = Vec::new();
    for n in numbers {
        found.extend(dossiers::of_specimen(tx, n)?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(match found.as_slice() {
        [one] => Ok(*one),
        [] if numbers.is_empty() => Err("le document ne rappelle aucun numéro de dossier".to_owned()),
        [] => Err(format!("aucun dossier ne porte le numéro « {} »", numbers.join(" », « "))),
        _ => Err("ses numéros désignent plusieurs dossiers".to_owned()),
    })
}

fn patient_of(tx: &Tx, dossier: DossierId) -> Result<Patient, StoreError> {
    patients::expect(tx, dossiers::expect(tx, dossier)?.patient)
}

impl Store {
    /// Takes a document in, matched to its dossier when number and identity agree. The same version twice is one
    /// document.
    pub async fn receive_document(&self, d: NewReceived) -> Result<ReceivedView, StoreError> {
        self.write(move |tx| {
            let known: Option<i64> = tx
                .prepare_cached("SELECT id FROM received WHERE unique_id = ?1")?
                .query_row([&d.unique_id], |r| r.get(0))
                .optional()?;
            if let Some(id) = known {
                return Ok(ReceivedView { repeated: true, ..get(tx, ReceivedId(id))? });
            }
            let (dossier, why) = match dossier_of(tx, &d.numbers)? {
                Err(why) => (None, Some(why)),
                Ok(id) => match (d.compare)(&patient_of(tx, id)?) {
                    None => (Some(id), None),
                    // The dossier is not told apart from the sentence: it must not look attached.
                    Some(why) => (None, Some(why)),
                },
            };
            let state = if dossier.is_some() { ReceivedState::Matched } else { ReceivedState::Unmatched };
            let hash = super::documents::put_blob(tx, &d.cda)?;
            tx.prepare_cached(
                "INSERT INTO received (received_at, unique_id, set_id, version, dossier, state, why, sender, title, cda) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                ms(d.act.at),
                d.unique_id,
                d.set_id,
                d.version,
                dossier.map(|x| x.0),
                code(state),
                why,
                d.sender,
                d.title,
                hash
            ])?;
            let id = ReceivedId(tx.last_insert_rowid());
            let mut act = d.act.clone();
            act.subject = format!("received:{id}");
            act.detail = json!({ "unique_id": d.unique_id, "version": d.version, "dossier": dossier, "state": code(state) });
            audit::append(tx, &act)?;
            get(tx, id)
        })
        .await
    }

    /// Received documents, latest first.
    pub async fn received(&self, p: ListParams) -> Result<Vec<ReceivedView>, StoreError> {
        self.read(move |c| {
            let clause = match (p.dossier, p.all) {
                (Some(d), _) => format!("dossier = {}", d.0),
                (None, true) => "1 = 1".to_owned(),
                (None, false) => "state IN ('unmatched', 'matched')".to_owned(),
            };
            let sql = format!("SELECT {VIEW} FROM received WHERE {clause} ORDER BY id DESC LIMIT 1000");
            Ok(c.prepare_cached(&sql)?.query_map([], view)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// One received document with its bytes.
    pub async fn received_bytes(&self, id: ReceivedId) -> Result<(ReceivedView, Vec<u8>), StoreError> {
        self.read(move |c| {
            let line = get(c, id)?;
            let bytes = c
                .prepare_cached(
                    "SELECT b.bytes FROM received r JOIN blob b ON b.sha256 = r.cda WHERE r.id = ?1",
                )?
                .query_row([id.0], |r| r.get(0))?;
            Ok((line, bytes))
        })
        .await
    }

    /// What enters the report of a dossier, and whether its last document lacks some of it.
    pub async fn received_parts(&self, dossier: DossierId) -> Result<(Vec<Part>, bool), StoreError> {
        self.read(move |c| {
            let mut parts = Vec::new();
            let mut newest = 0i64;
            let mut s = c.prepare_cached(
                "SELECT part, taken_at FROM received WHERE dossier = ?1 AND state IN ('merged', 'embedded') ORDER BY id",
            )?;
            let rows = s.query_map([dossier.0], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?)))?;
            for row in rows {
                let (part, taken) = row?;
                parts.push(serde_json::from_str(&part)?);
                newest = newest.max(taken);
            }
            let built: Option<i64> = c
                .prepare_cached("SELECT max(built_at) FROM document WHERE dossier = ?1")?
                .query_row([dossier.0], |r| r.get(0))?;
            let waiting = !parts.is_empty() && built.is_none_or(|b| b < newest);
            Ok((parts, waiting))
        })
        .await
    }

    /// Attaches a document to a dossier by hand; another identity is refused unless a person takes it upon themselves.
    pub async fn attach_received(
        &self,
        id: ReceivedId,
        number: String,
        compare: Compare,
        despite: bool,
        act: Act,
    ) -> Result<ReceivedView, StoreError> {
        self.write(move |tx| {
            let line = get(tx, id)?;
            if !matches!(line.state, ReceivedState::Unmatched | ReceivedState::Matched) {
                return Err(WireError::refused(format!("ce document est « {} »", line.state.label())).into());
            }
            let dossier = dossier_of(tx, std::slice::from_ref(&number))?.map_err(WireError::not_found)?;
            if let Some(why) = compare(&patient_of(tx, dossier)?).filter(|_| !despite) {
                return Err(WireError::refused(why)
                    .hint("vérifier à qui est ce document ; sinon le rattacher malgré l'identité, avec le motif")
                    .into());
            }
            tx.prepare_cached("UPDATE received SET dossier = ?2, state = 'matched', why = NULL WHERE id = ?1")?
                .execute(params![id.0, dossier.0])?;
            audit::append(tx, &act)?;
            get(tx, id)
        })
        .await
    }

    /// Records what enters the report: the version it replaces is replaced, the analyses it answers give way.
    pub async fn take_received(
        &self,
        t: Taking,
        now: Timestamp,
    ) -> Result<(ReceivedView, DossierId), StoreError> {
        self.write(move |tx| {
            let line = get(tx, t.id)?;
            let dossier = line.dossier.filter(|_| line.state != ReceivedState::Closed).ok_or_else(|| {
                StoreError::from(WireError::refused("ce document n'est rattaché à aucun dossier"))
            })?;
            tx.prepare_cached(
                "UPDATE received SET state = 'replaced', why = ?3 WHERE set_id = ?1 AND id <> ?2 AND version < ?4 \
                 AND state IN ('matched', 'merged', 'embedded', 'unmatched')",
            )?
            .execute(params![line.set_id, t.id.0, format!("remplacé par le document reçu n° {}", t.id), line.version])?;
            tx.prepare_cached("UPDATE received SET state = ?2, part = ?3, taken_at = ?4, why = NULL WHERE id = ?1")?
                .execute(params![t.id.0, code(t.state), serde_json::to_string(&t.part)?, ms(now)])?;
            for (analysis, comment) in &t.answered {
                tx.prepare_cached(
                    "UPDATE result SET state = 'cancelled', comment = ?3 WHERE dossier = ?1 AND analysis = ?2 AND state = 'pending'",
                )?
                .execute(params![dossier.0, analysis, comment])?;
            }
            dossiers::refresh(tx, dossier)?;
            audit::append(tx, &t.act)?;
            Ok((get(tx, t.id)?, dossier))
        })
        .await
    }

    /// Puts a received document aside.
    pub async fn close_received(
        &self,
        id: ReceivedId,
        motive: String,
        act: Act,
    ) -> Result<ReceivedView, StoreError> {
        self.write(move |tx| {
            get(tx, id)?;
            tx.prepare_cached("UPDATE received SET state = 'closed', why = ?2 WHERE id = ?1")?
                .execute(params![id.0, format!("écarté par {} : {motive}", act.actor)])?;
            audit::append(tx, &act)?;
            get(tx, id)
        })
        .await
    }
}
