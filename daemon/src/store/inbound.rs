//! INS that other parties sent: set aside with the message they came in, settled when INSi has answered. The records
//! themselves change in [`super::identity`] and [`super::patients`].

use jiff::Timestamp;
use paillasse_shared::domain::identity::inbound::ReceivedIns;
use paillasse_shared::domain::identity::{InsOid, Matricule};
use paillasse_shared::domain::ids::{InboxId, PatientId};
use paillasse_shared::protocol::inbox::{InboxState, MessageView};
use paillasse_shared::protocol::patient::{InsiState, ReceivedFrom};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::audit::{self, Act};
use super::engine::{Store, StoreError, Tx};
use super::identity::put_insi;
use super::inbox;
use super::outbox::{self, Changed, GateContext, NewOrder};
use super::patients::{self, Patient, json};
use super::time::{at, ms};

/// Why an INS was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A message of identity: the INS may go to the record.
    Identity,
    /// Results: they are filed or not, the record never changes.
    Results,
}

impl Purpose {
    fn code(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Results => "results",
        }
    }
}

/// Where an INS set aside stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// INSi is being asked.
    Verifying,
    /// INSi said the same.
    Confirmed,
    /// A person compares.
    Compare,
    /// INSi does not know it.
    Refused,
    /// It was already known here, or stands on the word of the partner.
    Known,
}

impl Standing {
    fn code(self) -> &'static str {
        match self {
            Self::Verifying => "verifying",
            Self::Confirmed => "confirmed",
            Self::Compare => "compare",
            Self::Refused => "refused",
            Self::Known => "known",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "confirmed" => Self::Confirmed,
            "compare" => Self::Compare,
            "refused" => Self::Refused,
            "known" => Self::Known,
            _ => Self::Verifying,
        }
    }
}

/// An INS set aside.
#[derive(Debug, Clone)]
pub struct Aside {
    /// Which.
    pub id: i64,
    /// Message it came in.
    pub message: InboxId,
    /// Record concerned.
    pub patient: PatientId,
    /// Who sent it.
    pub sender: String,
    /// What for.
    pub purpose: Purpose,
    /// Where it stands.
    pub standing: Standing,
    /// The record was created by the message.
    pub created: bool,
    /// What was received.
    pub said: ReceivedIns,
}

const ASIDE: &str = "id, message, patient, sender, purpose, state, created, said";

fn aside(r: &rusqlite::Row<'_>) -> rusqlite::Result<Aside> {
    Ok(Aside {
        id: r.get(0)?,
        message: InboxId(r.get(1)?),
        patient: PatientId(r.get(2)?),
        sender: r.get(3)?,
        purpose: if r.get::<_, String>(4)? == "results" { Purpose::Results } else { Purpose::Identity },
        standing: Standing::parse(&r.get::<_, String>(5)?),
        created: r.get(6)?,
        said: json(r, 7)?,
    })
}

fn same(said: &ReceivedIns, matricule: &Matricule, oid: InsOid) -> bool {
    said.matricule == *matricule && said.oid == oid
}

/// The INS of a message about a record, when it was set aside before.
pub(super) fn of_message(
    c: &Connection,
    message: InboxId,
    patient: PatientId,
    matricule: &Matricule,
    oid: InsOid,
) -> Result<Option<Standing>, StoreError> {
    let mut s = c.prepare_cached(&format!(
        "SELECT {ASIDE} FROM received_ins WHERE message = ?1 AND patient = ?2 ORDER BY id DESC"
    ))?;
    let rows = s.query_map(params![message.0, patient.0], aside)?;
    for row in rows {
        let row = row?;
        if same(&row.said, matricule, oid) {
            return Ok(Some(row.standing));
        }
    }
    Ok(None)
}

/// Forgets what INSi refused for a message, so that it is asked again.
pub(super) fn ask_again(tx: &Tx, message: InboxId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM received_ins WHERE message = ?1 AND state = 'refused'")?
        .execute([message.0])?;
    Ok(())
}

/// An INS to set aside.
#[derive(Debug, Clone)]
pub struct NewAside {
    /// Record concerned.
    pub patient: PatientId,
    /// Who sent it.
    pub sender: String,
    /// What for.
    pub purpose: Purpose,
    /// The record was created by the message.
    pub created: bool,
    /// Whom the answer is for: the person who took the message, or the daemon.
    pub asked_by: String,
    /// INSi is to be asked; otherwise it is known already.
    pub verify: bool,
    /// What was received.
    pub said: ReceivedIns,
}

/// Sets an INS aside and queues its verification, unless the same one of the same record is being verified.
pub(super) fn set_aside(
    tx: &Tx,
    message: InboxId,
    new: &NewAside,
    gates: &GateContext,
    now: Timestamp,
) -> Result<Changed, StoreError> {
    let waiting = open_of(tx, new.patient)?.iter().any(|a| same(&a.said, &new.said.matricule, new.said.oid));
    let standing = if new.verify { Standing::Verifying } else { Standing::Known };
    tx.prepare_cached(
        "INSERT INTO received_ins (message, patient, at, sender, purpose, state, created, said) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        message.0,
        new.patient.0,
        ms(now),
        new.sender,
        new.purpose.code(),
        standing.code(),
        new.created,
        serde_json::to_string(&new.said)?
    ])?;
    if !new.verify || waiting {
        return Ok(Changed::default());
    }
    let order = NewOrder {
        payload: serde_json::json!({ "received": tx.last_insert_rowid() }),
        ..NewOrder::verification(new.patient, &new.asked_by, now)
    };
    outbox::insert(tx, &order, gates)
}

fn open_of(c: &Connection, patient: PatientId) -> Result<Vec<Aside>, StoreError> {
    let mut s = c.prepare_cached(&format!(
        "SELECT {ASIDE} FROM received_ins WHERE patient = ?1 AND state = 'verifying' ORDER BY id"
    ))?;
    Ok(s.query_map([patient.0], aside)?.collect::<Result<_, _>>()?)
}

/// A message of identity, read and decided.
#[derive(Debug)]
pub struct Inbound {
    /// Bytes as received.
    pub raw: Vec<u8>,
    /// Sender, as the message says.
    pub sender: String,
    /// Control id of the sender.
    pub control_id: Option<String>,
    /// Kind, such as `ADT^A28`.
    pub kind: String,
    /// What it does.
    pub does: Does,
    /// The message that is read again; a new one otherwise.
    pub again: Option<InboxId>,
    /// Line of the journal.
    pub act: Act,
}

/// What a message of identity does.
#[derive(Debug)]
pub enum Does {
    /// It waits for a person.
    Wait {
        /// It could not be read at all.
        unreadable: bool,
        /// Why, in plain French.
        why: String,
    },
    /// A record is created.
    Create {
        /// The record; with an INS when it stands on the word of the partner.
        patient: Box<Patient>,
        /// Sentence of its history.
        what: String,
        /// The INS that came with it.
        ins: Option<NewAside>,
    },
    /// A record is there already.
    Known {
        /// Which.
        patient: PatientId,
        /// The INS that came, when there is one.
        ins: Option<NewAside>,
        /// What is to be said of it, in plain French.
        why: Option<String>,
    },
}

/// What became of a message of identity.
#[derive(Debug)]
pub struct Taken {
    /// The message.
    pub message: MessageView,
    /// The record, when there is one.
    pub patient: Option<PatientId>,
    /// Orders queued.
    pub changed: Changed,
}

impl Store {
    /// Stores a message of identity and does what was decided, in one transaction; an exact repetition does nothing.
    pub async fn receive_identity(&self, m: Inbound, gates: GateContext) -> Result<Taken, StoreError> {
        self.write(move |tx| {
            let now = m.act.at;
            let hash = hex::encode(Sha256::digest(&m.raw));
            if m.again.is_none() {
                let known: Option<(i64, Option<i64>)> = tx
                    .prepare_cached("SELECT id, patient FROM inbox WHERE sender = ?1 AND control_id IS ?2 AND sha256 = ?3 AND door = 'identity'")?
                    .query_row(params![m.sender, m.control_id, hash], |r| Ok((r.get(0)?, r.get(1)?)))
                    .optional()?;
                if let Some((id, patient)) = known {
                    let message = inbox::get(tx, InboxId(id))?;
                    return Ok(Taken { message, patient: patient.map(PatientId), changed: Changed::default() });
                }
            }
            let id = match m.again {
                Some(id) => {
                    inbox::get(tx, id)?;
                    ask_again(tx, id)?;
                    id
                }
                None => {
                    tx.prepare_cached(
                        "INSERT INTO inbox (received_at, peer, sender, control_id, kind, state, sha256, raw, dossiers, remarks, ack, door) \
                         VALUES (?1, ?2, ?3, ?4, ?5, 'filed', ?6, ?7, '[]', '[]', '', 'identity')",
                    )?
                    .execute(params![ms(now), m.act.actor, m.sender, m.control_id, m.kind, hash, m.raw])?;
                    InboxId(tx.last_insert_rowid())
                }
            };
            let (patient, ins, state, why) = match m.does {
                Does::Wait { unreadable, why } => {
                    let state = if unreadable { InboxState::Unreadable } else { InboxState::Unmatched };
                    (None, None, state, Some(why))
                }
                Does::Create { patient, what, ins } => {
                    let p = patients::insert(tx, *patient, None, &m.act.actor, &what)?;
                    (Some(p.id), ins, InboxState::Filed, Some(format!("fiche n° {} créée", p.id)))
                }
                Does::Known { patient, ins, why } => (Some(patient), ins, InboxState::Filed, why),
            };
            let mut changed = Changed::default();
            let mut state = state;
            if let (Some(patient), Some(mut ins)) = (patient, ins) {
                ins.patient = patient;
                let p = patients::expect(tx, patient)?;
                if ins.created && ins.verify && p.ins.is_some() {
                    // It stands on the word of the partner: the usual verification says whether INSi agrees.
                    ins.verify = false;
                    let order = NewOrder::verification(patient, &ins.asked_by, now);
                    changed.orders.extend(outbox::insert(tx, &order, &gates)?.orders);
                } else if ins.verify {
                    state = InboxState::Verifying;
                    if ins.created {
                        put_insi(tx, patient, &InsiState::Waiting { since: now, words: None }, Some(&m.act.actor), now)?;
                    }
                }
                changed.orders.extend(set_aside(tx, id, &ins, &gates, now)?.orders);
            }
            tx.prepare_cached("UPDATE inbox SET state = ?2, why = ?3, patient = ?4 WHERE id = ?1")?.execute(params![
                id.0,
                inbox::code(state),
                why,
                patient.map(|p| p.0)
            ])?;
            audit::append(tx, &Act { subject: format!("inbox:{id}"), ..m.act })?;
            Ok(Taken { message: inbox::get(tx, id)?, patient, changed })
        })
        .await
    }

    /// An INS set aside, and the others of the same record that say the same and wait too (the one asked for first).
    pub async fn set_aside(&self, id: i64) -> Result<Vec<Aside>, StoreError> {
        self.read(move |c| {
            let Some(first) = c
                .prepare_cached(&format!(
                    "SELECT {ASIDE} FROM received_ins WHERE id = ?1 AND state = 'verifying'"
                ))?
                .query_row([id], aside)
                .optional()?
            else {
                return Ok(vec![]);
            };
            let others = open_of(c, first.patient)?
                .into_iter()
                .filter(|a| a.id != id && same(&a.said, &first.said.matricule, first.said.oid));
            Ok(std::iter::once(first.clone()).chain(others).collect())
        })
        .await
    }

    /// Says what INSi answered about INS set aside. A message of identity takes the state and the sentence given; one of
    /// results is filed by its own service.
    pub async fn settle_aside(
        &self,
        rows: Vec<Aside>,
        standing: Standing,
        message: (InboxState, Option<String>),
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            for a in &rows {
                tx.prepare_cached("UPDATE received_ins SET state = ?2 WHERE id = ?1")?
                    .execute(params![a.id, standing.code()])?;
                if a.created && standing == Standing::Refused {
                    put_insi(tx, a.patient, &InsiState::NotFound { at: act.at }, None, act.at)?;
                }
                if a.purpose == Purpose::Identity {
                    tx.prepare_cached(
                        "UPDATE inbox SET state = ?2, why = ?3 WHERE id = ?1 AND state = 'verifying'",
                    )?
                    .execute(params![a.message.0, inbox::code(message.0), message.1])?;
                }
            }
            audit::append(tx, &act)?;
            Ok(())
        })
        .await
    }

    /// Records whose strict traits are those given, letter for letter, and the one that carries the INS given.
    pub async fn designated(
        &self,
        p: Patient,
        ins: Option<(Matricule, InsOid)>,
    ) -> Result<(Vec<PatientId>, Option<PatientId>), StoreError> {
        self.read(move |c| {
            let ids = c
                .prepare_cached(
                    "SELECT id FROM patient WHERE birth_date = ?1 AND birth_name = ?2 AND first_name = ?3 AND sex = ?4 \
                     AND merged_into IS NULL LIMIT 10",
                )?
                .query_map(
                    params![
                        p.traits.birth_date.iso(),
                        p.traits.birth_name.as_str(),
                        p.traits.first_name.as_str(),
                        p.traits.sex.letter()
                    ],
                    |r| r.get(0).map(PatientId),
                )?
                .collect::<Result<_, _>>()?;
            let holder = match ins {
                Some((matricule, oid)) => c
                    .prepare_cached("SELECT id FROM patient WHERE matricule = ?1 AND oid = ?2")?
                    .query_row(params![matricule.compact(), oid.as_str()], |r| r.get(0).map(PatientId))
                    .optional()?,
                None => None,
            };
            Ok((ids, holder))
        })
        .await
    }

    /// Which service reads a message.
    pub async fn is_identity_message(&self, id: InboxId) -> Result<bool, StoreError> {
        self.read(move |c| {
            let door: Option<String> = c
                .prepare_cached("SELECT door FROM inbox WHERE id = ?1")?
                .query_row([id.0], |r| r.get(0))
                .optional()?;
            Ok(door.as_deref() == Some("identity"))
        })
        .await
    }

    /// Who sent the INS of a record, latest first (INS-19).
    pub async fn received_from(&self, patient: PatientId) -> Result<Vec<ReceivedFrom>, StoreError> {
        self.read(move |c| {
            let mut s = c.prepare_cached(
                "SELECT r.at, r.sender, m.kind FROM received_ins r JOIN inbox m ON m.id = r.message WHERE r.patient = ?1 \
                 ORDER BY r.id DESC LIMIT 1000",
            )?;
            Ok(s.query_map([patient.0], |r| {
                Ok(ReceivedFrom { at: at(r.get(0)?), partner: r.get(1)?, kind: r.get(2)? })
            })?
            .collect::<Result<_, _>>()?)
        })
        .await
    }
}
