//! Corrections of identities to be told to those who received them: proposed in the transaction of the correction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use paillasse_shared::domain::identity::propagation::{
    Held, PropagationState, Receiver, is_correction, task,
};
use paillasse_shared::domain::ids::{CorrespondentId, DocumentId, DossierId, PatientId, PropagationId};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::propagation::{ListParams, PropagationView};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::audit::{self, Act};
use super::documents::{self, NewDocument};
use super::engine::{Store, StoreError, Tx};
use super::outbox::{self, Changed, GateContext, NewOrder, PATIENT_MAILBOX};
use super::patients::{Patient, json};
use super::time::{at, ms};

/// A receiver, and the dossiers whose documents it holds.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    receiver: Receiver,
    recipient: String,
    correspondent: Option<i64>,
    dossiers: Vec<i64>,
}

fn held(p: &Patient) -> Held<'_> {
    Held { traits: &p.traits, ins: p.ins.as_ref().map(|i| (&i.matricule, i.oid)) }
}

/// Who holds an identity: receivers of documents since a time, and partners who sent it.
pub(super) fn holders(
    c: &Connection,
    patient: PatientId,
    since: Timestamp,
) -> Result<Vec<Holder>, StoreError> {
    let mut all: BTreeMap<(String, String), Holder> = BTreeMap::new();
    let mut s = c.prepare_cached(
        "SELECT service, recipient, correspondent, dossier FROM outbox WHERE patient = ?1 AND document IS NOT NULL \
         AND state IN ('delivered', 'unknown') AND since >= ?2 ORDER BY id",
    )?;
    type Sent = (String, String, Option<i64>, i64);
    let sent: Vec<Sent> = s
        .query_map(params![patient.0, ms(since)], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
        .collect::<Result<_, _>>()?;
    for (service, recipient, correspondent, dossier) in sent {
        let receiver = match (service.as_str(), correspondent) {
            ("dmp", _) => Receiver::Dmp,
            (_, Some(_)) => Receiver::Professional,
            (_, None) => Receiver::PatientMailbox,
        };
        let recipient =
            if receiver == Receiver::PatientMailbox { PATIENT_MAILBOX.to_owned() } else { recipient };
        let holder = all.entry((service, recipient.clone())).or_insert_with(|| Holder {
            receiver,
            recipient,
            correspondent,
            dossiers: vec![],
        });
        if !holder.dossiers.contains(&dossier) {
            holder.dossiers.push(dossier);
        }
    }
    let mut s = c.prepare_cached(
        "SELECT DISTINCT sender FROM received_ins WHERE patient = ?1 AND purpose = 'identity' AND state IN ('confirmed', 'known') AND at >= ?2",
    )?;
    let partners: Vec<String> =
        s.query_map(params![patient.0, ms(since)], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for name in partners {
        all.entry(("partner".into(), name.clone())).or_insert(Holder {
            receiver: Receiver::Partner,
            recipient: name,
            correspondent: None,
            dossiers: vec![],
        });
    }
    Ok(all.into_values().collect())
}

/// Proposes to tell a correction to those who hold the former identity; nothing when the change is none.
pub(super) fn propose(
    tx: &Tx,
    holders: &[Holder],
    (before, after): (&Patient, &Patient),
    why: &str,
    act: &Act,
) -> Result<(), StoreError> {
    if !is_correction(held(before), held(after)) {
        return Ok(());
    }
    for h in holders {
        // One that nobody has decided yet tells this correction too.
        let waits: bool = tx
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM propagation WHERE patient = ?1 AND receiver = ?2 AND recipient = ?3 AND state = 'to_confirm')",
            )?
            .query_row(params![after.id.0, code(h.receiver)?, h.recipient], |r| r.get(0))?;
        if waits {
            continue;
        }
        tx.prepare_cached(
            "INSERT INTO propagation (patient, at, by, why, receiver, recipient, correspondent, dossiers, ins, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'to_confirm')",
        )?
        .execute(params![
            after.id.0,
            ms(act.at),
            act.actor,
            why,
            code(h.receiver)?,
            h.recipient,
            h.correspondent,
            serde_json::to_string(&h.dossiers)?,
            before.ins.as_ref().map(|i| format!("{}@{}", i.matricule.compact(), i.oid.as_str())),
        ])?;
        let detail = serde_json::json!({ "propagation": tx.last_insert_rowid(), "recipient": h.recipient, "receiver": h.receiver });
        let subject = format!("patient:{}", after.id);
        audit::append(tx, &Act::new(act.at, &act.actor, "propagation-propose", subject, detail))?;
    }
    Ok(())
}

fn code(receiver: Receiver) -> Result<String, StoreError> {
    Ok(serde_json::to_value(receiver)?.as_str().unwrap_or_default().to_owned())
}

/// One correction to tell, with what deciding it needs.
#[derive(Debug, Clone)]
pub struct Stored {
    /// As shown.
    pub view: PropagationView,
    /// Correspondent.
    pub correspondent: Option<CorrespondentId>,
    /// Dossiers concerned.
    pub dossiers: Vec<DossierId>,
    /// Matricule and authority under which the documents left.
    pub ins: Option<String>,
}

const VIEW: &str = "r.id, r.patient, p.birth_name || ' ' || p.first_name, r.at, r.by, r.why, r.receiver, r.recipient, r.dossiers, \
     r.state, r.decided_by, r.decided_at, r.note, r.correspondent, r.ins";

fn stored(r: &Row<'_>) -> rusqlite::Result<Stored> {
    let receiver: Receiver =
        serde_json::from_value(serde_json::Value::String(r.get(6)?)).unwrap_or(Receiver::Partner);
    let state = PropagationState::parse(&r.get::<_, String>(9)?).unwrap_or(PropagationState::ToConfirm);
    let decided: (Option<String>, Option<i64>) = (r.get(10)?, r.get(11)?);
    Ok(Stored {
        view: PropagationView {
            id: PropagationId(r.get(0)?),
            patient: PatientId(r.get(1)?),
            patient_name: r.get(2)?,
            at: at(r.get(3)?),
            by: r.get(4)?,
            why: r.get(5)?,
            receiver,
            recipient: r.get(7)?,
            dossiers: vec![],
            state,
            task: (state == PropagationState::ToDo).then(|| task(receiver).to_owned()),
            decided: decided.0.zip(decided.1.map(at)),
            note: r.get(12)?,
        },
        correspondent: r.get::<_, Option<i64>>(13)?.map(CorrespondentId),
        dossiers: json(r, 8)?,
        ins: r.get(14)?,
    })
}

fn numbered(c: &Connection, mut s: Stored) -> Result<Stored, StoreError> {
    for d in &s.dossiers {
        let number: Option<String> = c
            .prepare_cached("SELECT number FROM dossier WHERE id = ?1")?
            .query_row([d.0], |r| r.get(0))
            .optional()?;
        s.view.dossiers.extend(number);
    }
    Ok(s)
}

fn get(c: &Connection, id: PropagationId) -> Result<Stored, StoreError> {
    let sql = format!("SELECT {VIEW} FROM propagation r JOIN patient p ON p.id = r.patient WHERE r.id = ?1");
    let found = c.prepare_cached(&sql)?.query_row([id.0], stored).optional()?;
    let found = found.ok_or_else(|| {
        StoreError::from(WireError::not_found(format!("la correction à propager n° {id} n'existe pas")))
    })?;
    numbered(c, found)
}

/// A decision, worked out by a service.
#[derive(Debug)]
pub struct Decided {
    /// Which.
    pub id: PropagationId,
    /// State that was read.
    pub from: PropagationState,
    /// State now.
    pub to: PropagationState,
    /// Note of the person.
    pub note: Option<String>,
    /// Version of the record that was read.
    pub patient: (PatientId, i64),
    /// Documents to send, built anew or there already, each with its order.
    pub sendings: Vec<(Result<NewDocument, DocumentId>, NewOrder)>,
    /// Line of the journal.
    pub act: Act,
}

impl Store {
    /// Corrections to tell, latest first.
    pub async fn propagations(&self, filter: ListParams) -> Result<Vec<PropagationView>, StoreError> {
        self.read(move |c| {
            let open = if filter.all { "1 = 1" } else { "r.state IN ('to_confirm', 'to_do')" };
            let who = if filter.patient.is_some() { "r.patient = ?1" } else { "?1 IS NULL" };
            let sql = format!(
                "SELECT {VIEW} FROM propagation r JOIN patient p ON p.id = r.patient WHERE {open} AND {who} ORDER BY r.id DESC LIMIT 500"
            );
            let rows: Vec<Stored> = c
                .prepare_cached(&sql)?
                .query_map(params![filter.patient.map(|p| p.0)], stored)?
                .collect::<Result<_, _>>()?;
            rows.into_iter().map(|s| numbered(c, s).map(|s| s.view)).collect()
        })
        .await
    }

    /// One correction to tell.
    pub async fn propagation(&self, id: PropagationId) -> Result<Stored, StoreError> {
        self.read(move |c| get(c, id)).await
    }

    /// Names of those who hold the identity of a record.
    pub async fn receivers(&self, patient: PatientId) -> Result<Vec<String>, StoreError> {
        self.read(move |c| {
            let all = holders(c, patient, Timestamp::UNIX_EPOCH)?;
            Ok(all
                .into_iter()
                .map(|h| match h.receiver {
                    Receiver::PatientMailbox => "le patient".to_owned(),
                    _ => h.recipient,
                })
                .collect())
        })
        .await
    }

    /// Carries out a decision.
    ///
    /// # Errors
    /// A conflict when it was decided, or the record changed, meanwhile.
    pub async fn decide_propagation(
        &self,
        d: Decided,
        gates: GateContext,
    ) -> Result<(PropagationView, Changed), StoreError> {
        self.write(move |tx| {
            let now = d.act.at;
            let n = tx
                .prepare_cached(
                    "UPDATE propagation SET state = ?3, decided_by = ?4, decided_at = ?5, note = coalesce(?6, note) \
                     WHERE id = ?1 AND state = ?2",
                )?
                .execute(params![d.id.0, d.from.code(), d.to.code(), d.act.actor, ms(now), d.note])?;
            let same = super::patients::expect(tx, d.patient.0)?.version == d.patient.1;
            if n == 0 || !same {
                return Err(WireError::new(ErrorKind::Conflict, "une autre personne vient de décider")
                    .hint("relire la liste, puis refaire le geste si besoin")
                    .into());
            }
            let mut changed = Changed::default();
            for (document, order) in &d.sendings {
                let document = match document {
                    Ok(new) => documents::insert_reissue(tx, new, now)?,
                    Err(there) => *there,
                };
                let already: bool = tx
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM outbox WHERE document = ?1 AND service = ?2 AND recipient = ?3 AND state <> 'cancelled')",
                    )?
                    .query_row(params![document.0, order.service.code(), order.recipient], |r| r.get(0))?;
                if !already {
                    let order = NewOrder { document: Some(document), ..order.clone() };
                    changed.orders.extend(outbox::insert(tx, &order, &gates)?.orders);
                }
            }
            audit::append(tx, &d.act)?;
            Ok((get(tx, d.id)?.view, changed))
        })
        .await
    }

    /// The latest version of the documents of a dossier.
    pub async fn latest_document(&self, dossier: DossierId) -> Result<Option<DocumentId>, StoreError> {
        self.read(move |c| {
            Ok(c.prepare_cached(
                "SELECT id FROM document WHERE dossier = ?1 ORDER BY version DESC, id DESC LIMIT 1",
            )?
            .query_row([dossier.0], |r| r.get(0).map(DocumentId))
            .optional()?)
        })
        .await
    }
}
