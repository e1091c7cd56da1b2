//! Messages received from analysers and middlewares: stored as they came, filed in the same transaction.

use std::sync::Arc;

use jiff::Timestamp;
use paillasse_shared::domain::identity::inbound::{Claim, ReceivedIns};
use paillasse_shared::domain::identity::normalise::fold;
use paillasse_shared::domain::identity::{InsOid, Matricule, StrictName, StrictTraits};
use paillasse_shared::domain::ids::{DossierId, InboxId};
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::inbox::{InboxState, MessageDetail, MessageView};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::audit::{self, Act};
use super::dossiers::{self, Entry, Put};
use super::engine::{Store, StoreError, Tx};
use super::inbound::{self, NewAside, Purpose, Standing};
use super::outbox::{Changed, GateContext};
use super::patients::{self, json};
use super::time::{at, count, ms};
use crate::catalogue::Catalogue;

/// A value received, already mapped to the catalogue.
#[derive(Debug, Clone)]
pub struct Received {
    /// Numbers that may designate the tube or the dossier, most trustworthy first.
    pub tubes: Vec<String>,
    /// Whom the sender says it is; never used to change an identity, only to hold a result that is not hers.
    pub person: Option<Named>,
    /// The value.
    pub entry: Entry,
}

/// A person as a sender names one.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// Family name, birth or used.
    pub family: Option<String>,
    /// `AAAA-MM-JJ`.
    pub birth_date: Option<String>,
    /// Her INS, when the sender gives one.
    pub ins: Option<NamedIns>,
}

/// An INS as a sender gives one beside results.
#[derive(Debug, Clone)]
pub struct NamedIns {
    /// Matricule.
    pub matricule: Matricule,
    /// Authority.
    pub oid: InsOid,
    /// Traits beside it, when they are complete; those of the record otherwise.
    pub traits: Option<StrictTraits>,
}

/// How INS that come with results are checked (VER-07, VER-08).
#[derive(Debug, Clone)]
pub struct Checking {
    /// INSi can be asked at some time.
    pub possible: bool,
    /// INSi can be asked now: results wait for its answer. Otherwise they are filed on tube and name, the INS unused.
    pub now: bool,
    /// What was refused before is asked again.
    pub again: bool,
    /// Who sends, for the list of partners.
    pub sender: String,
    /// Gates of the verification.
    pub gates: GateContext,
    /// When.
    pub at: Timestamp,
}

/// A message to store and file.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Bytes as received.
    pub raw: Vec<u8>,
    /// Address of the peer.
    pub peer: String,
    /// Sender, as the message says.
    pub sender: String,
    /// Control id of the sender.
    pub control_id: Option<String>,
    /// Kind, such as `ORU^R01`.
    pub kind: String,
    /// Why it could not be read at all.
    pub unreadable: Option<String>,
    /// Values to file.
    pub values: Vec<Received>,
    /// Sentences about what could not be mapped.
    pub remarks: Vec<String>,
    /// How the INS beside the values is checked.
    pub checking: Checking,
    /// Code answered.
    pub ack: String,
    /// When.
    pub at: Timestamp,
}

/// Where a person files a message.
#[derive(Debug, Clone, Copy)]
pub struct ByHand {
    /// Under which dossier.
    pub dossier: DossierId,
    /// She has seen that the message names somebody else.
    pub despite: bool,
}

/// What became of a message.
#[derive(Debug, Clone)]
pub struct Filed {
    /// Which.
    pub id: InboxId,
    /// State.
    pub state: InboxState,
    /// Dossiers that changed.
    pub dossiers: Vec<DossierId>,
    /// Verifications queued.
    pub changed: Changed,
    /// The same message came before: the same answer is given, nothing is done.
    pub repeated: bool,
    /// Code to answer.
    pub ack: String,
}

/// The dossier that the numbers designate; two known numbers that disagree designate none.
fn dossier_of(tx: &Tx, tubes: &[String]) -> Result<Result<DossierId, String>, StoreError> {
    let mut found: Option<DossierId> = None;
    for tube in tubes {
        match (dossiers::of_specimen(tx, tube)?, found) {
            (Some(id), None) => found = Some(id),
            (Some(id), Some(other)) if id != other => {
                return Ok(Err(format!(
                    "les numéros de tube « {} » désignent deux dossiers",
                    tubes.join(" », « ")
                )));
            }
            _ => {}
        }
    }
    let shown = tubes.first().map_or("", String::as_str);
    Ok(found.ok_or_else(|| format!("aucun dossier ne porte le tube « {shown} »")))
}

/// Why a result is held although its tube is known: the sender names somebody else.
fn other_person(tx: &Tx, dossier: DossierId, named: Option<&Named>) -> Result<Option<String>, StoreError> {
    let Some(named) = named else { return Ok(None) };
    let Some(d) = dossiers::get(tx, dossier)? else { return Ok(None) };
    let p = patients::expect(tx, d.patient)?;
    let same = |name: &StrictName, theirs: &str| fold(name.as_str()) == fold(theirs);
    let family =
        named.family.as_deref().filter(|f| !f.trim().is_empty()).is_none_or(|f| {
            same(&p.traits.birth_name, f) || p.used.name.as_ref().is_some_and(|u| same(u, f))
        });
    let born = named.birth_date.as_deref().is_none_or(|b| b == p.traits.birth_date.iso());
    Ok((!family || !born).then(|| {
        let what = if family { "une autre date de naissance" } else { "un autre nom" };
        format!("le message porte {what} que le dossier {} : résultat retenu", d.number)
    }))
}

/// What the INS beside a result says.
enum InsSays {
    /// Nothing against it.
    Fine,
    /// INSi is being asked: the result waits.
    Wait,
    /// INSi cannot be asked now: the result is filed as if there were no INS.
    Unchecked,
    /// It is not hers.
    Held(String),
}

fn check_ins(
    tx: &Tx,
    message: InboxId,
    dossier: DossierId,
    ins: Option<&NamedIns>,
    c: &Checking,
    changed: &mut Changed,
) -> Result<InsSays, StoreError> {
    let Some(ins) = ins else { return Ok(InsSays::Fine) };
    let Some(d) = dossiers::get(tx, dossier)? else { return Ok(InsSays::Fine) };
    let p = patients::expect(tx, d.patient)?;
    if let Some(mine) = &p.ins {
        let same = mine.matricule == ins.matricule && mine.oid == ins.oid;
        return Ok(if same {
            InsSays::Fine
        } else {
            InsSays::Held(format!(
                "le message porte un autre matricule INS que le dossier {} : résultat retenu",
                d.number
            ))
        });
    }
    let wait = || if c.now { InsSays::Wait } else { InsSays::Unchecked };
    match inbound::of_message(tx, message, p.id, &ins.matricule, ins.oid)? {
        Some(Standing::Confirmed | Standing::Known) => Ok(InsSays::Fine),
        Some(Standing::Refused | Standing::Compare) => {
            Ok(InsSays::Held("INSi ne reconnaît pas l'INS que porte ce message : résultat retenu".to_owned()))
        }
        Some(Standing::Verifying) => Ok(wait()),
        None if !c.possible => Ok(InsSays::Unchecked),
        None => {
            let said = ReceivedIns {
                matricule: ins.matricule.clone(),
                oid: ins.oid,
                traits: ins.traits.clone().unwrap_or_else(|| p.traits.clone()),
                claim: Claim::Provisoire,
                trusted: false,
            };
            let new = NewAside {
                patient: p.id,
                sender: c.sender.clone(),
                purpose: Purpose::Results,
                asked_by: "paillassed".to_owned(),
                created: false,
                verify: true,
                said,
            };
            changed.orders.extend(inbound::set_aside(tx, message, &new, &c.gates, c.at)?.orders);
            Ok(wait())
        }
    }
}

/// What became of the values of a message.
#[derive(Default)]
struct Filing {
    touched: Vec<DossierId>,
    waits: bool,
    unchecked: bool,
    changed: Changed,
}

fn file(
    tx: &Tx,
    message: InboxId,
    m: &NewMessage,
    remarks: &mut Vec<String>,
    catalogue: &Catalogue,
    today: jiff::civil::Date,
) -> Result<Filing, StoreError> {
    let mut done = Filing::default();
    if m.checking.again {
        inbound::ask_again(tx, message)?;
    }
    for v in &m.values {
        let id = match dossier_of(tx, &v.tubes)? {
            Ok(id) => id,
            Err(why) => {
                remarks.push(why);
                continue;
            }
        };
        if let Some(why) = other_person(tx, id, v.person.as_ref())? {
            remarks.push(why);
            continue;
        }
        let ins = v.person.as_ref().and_then(|p| p.ins.as_ref());
        match check_ins(tx, message, id, ins, &m.checking, &mut done.changed)? {
            InsSays::Fine => {}
            InsSays::Unchecked => done.unchecked = true,
            InsSays::Wait => {
                done.waits = true;
                continue;
            }
            InsSays::Held(why) => {
                remarks.push(why);
                continue;
            }
        }
        match dossiers::put_value(tx, id, &v.entry, catalogue, today)? {
            Put::Done => done.touched.push(id),
            Put::Same => {}
            Put::No(why) => remarks.push(why),
        }
    }
    finish(tx, &mut done)?;
    remarks.dedup();
    Ok(done)
}

fn finish(tx: &Tx, done: &mut Filing) -> Result<(), StoreError> {
    done.touched.sort_unstable();
    done.touched.dedup();
    for id in &done.touched {
        dossiers::touched(tx, *id)?;
    }
    Ok(())
}

/// State and sentence of a message.
fn state_of(unreadable: Option<&String>, remarks: &[String], done: &Filing) -> (InboxState, Option<String>) {
    if let Some(why) = unreadable {
        (InboxState::Unreadable, Some(why.clone()))
    } else if done.waits {
        (
            InboxState::Verifying,
            Some("INSi vérifie l'INS reçu ; les résultats attendent sa réponse".to_owned()),
        )
    } else if let Some(first) = remarks.first() {
        (InboxState::Unmatched, Some(first.clone()))
    } else {
        let why = "classé sans utiliser l'INS reçu : INSi n'a pas pu être interrogé";
        (InboxState::Filed, done.unchecked.then(|| why.to_owned()))
    }
}

pub(super) fn code(state: InboxState) -> &'static str {
    match state {
        InboxState::Filed => "filed",
        InboxState::Verifying => "verifying",
        InboxState::Unmatched => "unmatched",
        InboxState::Unreadable => "unreadable",
        InboxState::Closed => "closed",
    }
}

fn parse(text: &str) -> InboxState {
    match text {
        "filed" => InboxState::Filed,
        "verifying" => InboxState::Verifying,
        "unmatched" => InboxState::Unmatched,
        "closed" => InboxState::Closed,
        _ => InboxState::Unreadable,
    }
}

const VIEW: &str = "id, received_at, sender, kind, state, why, dossiers, length(raw), peer";

fn view(r: &Row<'_>) -> rusqlite::Result<MessageView> {
    let sender: String = r.get(2)?;
    Ok(MessageView {
        id: InboxId(r.get(0)?),
        received_at: at(r.get(1)?),
        sender: if sender.is_empty() { r.get(8)? } else { sender },
        kind: r.get(3)?,
        state: parse(&r.get::<_, String>(4)?),
        why: r.get(5)?,
        dossiers: json(r, 6)?,
        size: count(r.get(7)?),
    })
}

pub(super) fn get(c: &Connection, id: InboxId) -> Result<MessageView, StoreError> {
    c.prepare_cached(&format!("SELECT {VIEW} FROM inbox WHERE id = ?1"))?
        .query_row([id.0], view)
        .optional()?
        .ok_or_else(|| WireError::not_found(format!("le message n° {id} n'existe pas")).into())
}

/// Said of a message whose results were filed before INSi answered that it does not know its INS.
const ALREADY_FILED: &str = "des résultats de ce message sont déjà classés alors que son INS n'est pas reconnu : à contrôler avec l'expéditeur";

/// Records what became of a message; dossiers reached before stay named.
fn put_filing(
    tx: &Tx,
    id: InboxId,
    m: &NewMessage,
    remarks: &[String],
    done: &Filing,
) -> Result<InboxState, StoreError> {
    let (state, why) = state_of(m.unreadable.as_ref(), remarks, done);
    tx.prepare_cached(
        "UPDATE inbox SET state = ?2, why = ?3, remarks = ?4, kind = ?5, sender = ?6, \
         dossiers = CASE WHEN ?7 = '[]' THEN dossiers ELSE ?7 END WHERE id = ?1",
    )?
    .execute(params![
        id.0,
        code(state),
        why,
        serde_json::to_string(remarks)?,
        m.kind,
        m.sender,
        serde_json::to_string(&done.touched)?
    ])?;
    Ok(state)
}

impl Store {
    /// Stores a message and files what it carries, in one transaction; an exact repetition gets the same answer.
    pub async fn receive_message(
        &self,
        m: NewMessage,
        catalogue: Arc<Catalogue>,
        today: jiff::civil::Date,
    ) -> Result<Filed, StoreError> {
        self.write(move |tx| {
            let hash = hex::encode(Sha256::digest(&m.raw));
            if let Some(control) = &m.control_id {
                let known: Option<(i64, String, String)> = tx
                    .prepare_cached("SELECT id, ack, state FROM inbox WHERE sender = ?1 AND control_id = ?2 AND sha256 = ?3")?
                    .query_row(params![m.sender, control, hash], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
                    .optional()?;
                if let Some((id, ack, state)) = known {
                    return Ok(Filed { id: InboxId(id), state: parse(&state), dossiers: vec![], changed: Changed::default(), repeated: true, ack });
                }
            }
            tx.prepare_cached(
                "INSERT INTO inbox (received_at, peer, sender, control_id, kind, state, sha256, raw, dossiers, remarks, ack) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 'unmatched', ?6, ?7, '[]', '[]', ?8)",
            )?
            .execute(params![ms(m.at), m.peer, m.sender, m.control_id, m.kind, hash, m.raw, m.ack])?;
            let id = InboxId(tx.last_insert_rowid());
            let mut remarks = m.remarks.clone();
            let done = file(tx, id, &m, &mut remarks, &catalogue, today)?;
            let state = put_filing(tx, id, &m, &remarks, &done)?;
            audit::append(
                tx,
                &Act::new(
                    m.at,
                    "paillassed",
                    "message-received",
                    format!("inbox:{id}"),
                    serde_json::json!({ "sender": m.sender, "kind": m.kind, "state": code(state), "dossiers": done.touched }),
                ),
            )?;
            Ok(Filed {
                id,
                state,
                dossiers: done.touched,
                changed: done.changed,
                repeated: false,
                ack: m.ack.clone(),
            })
        })
        .await
    }

    /// The bytes of a message, with sender and peer, to read it again.
    pub async fn message_raw(&self, id: InboxId) -> Result<(Vec<u8>, String), StoreError> {
        self.read(move |c| {
            c.prepare_cached("SELECT raw, peer FROM inbox WHERE id = ?1")?
                .query_row([id.0], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()?
                .ok_or_else(|| WireError::not_found(format!("le message n° {id} n'existe pas")).into())
        })
        .await
    }

    /// Files a message again, after a mapping or a dossier was completed.
    pub async fn refile_message(
        &self,
        id: InboxId,
        m: NewMessage,
        catalogue: Arc<Catalogue>,
        today: jiff::civil::Date,
        act: Act,
    ) -> Result<(MessageView, Vec<DossierId>, Changed), StoreError> {
        self.write(move |tx| {
            let before = get(tx, id)?;
            let mut remarks = m.remarks.clone();
            let done = file(tx, id, &m, &mut remarks, &catalogue, today)?;
            if !before.dossiers.is_empty()
                && done.touched.is_empty()
                && remarks.iter().any(|r| r.contains("INSi"))
            {
                remarks.insert(0, ALREADY_FILED.to_owned());
            }
            put_filing(tx, id, &m, &remarks, &done)?;
            audit::append(tx, &act)?;
            Ok((get(tx, id)?, done.touched, done.changed))
        })
        .await
    }

    /// Files what a message carries under the dossier that a person chose, whatever tube or person it names.
    ///
    /// # Errors
    /// Refused when the message names another person and `despite` is false, with what it says.
    pub async fn attach_message(
        &self,
        id: InboxId,
        m: NewMessage,
        to: ByHand,
        catalogue: Arc<Catalogue>,
        today: jiff::civil::Date,
        act: Act,
    ) -> Result<(MessageView, Vec<DossierId>), StoreError> {
        self.write(move |tx| {
            let ByHand { dossier, despite } = to;
            get(tx, id)?;
            let mut remarks = m.remarks.clone();
            let mut done = Filing::default();
            for v in &m.values {
                let mut against = other_person(tx, dossier, v.person.as_ref())?;
                if against.is_none() {
                    let ins = v.person.as_ref().and_then(|p| p.ins.as_ref());
                    let look = Checking { possible: false, ..m.checking.clone() };
                    if let InsSays::Held(why) = check_ins(tx, id, dossier, ins, &look, &mut done.changed)? {
                        against = Some(why);
                    }
                }
                if let Some(why) = against.filter(|_| !despite) {
                    return Err(WireError::refused(why)
                        .hint(
                            "vérifier qu'il s'agit de la même personne, puis confirmer malgré la différence",
                        )
                        .into());
                }
                match dossiers::put_value(tx, dossier, &v.entry, &catalogue, today)? {
                    Put::Done => done.touched.push(dossier),
                    Put::Same => {}
                    Put::No(why) => remarks.push(why),
                }
            }
            if m.values.is_empty() {
                return Err(WireError::refused(
                    m.unreadable
                        .clone()
                        .unwrap_or_else(|| "ce message ne porte aucun résultat à classer".into()),
                )
                .into());
            }
            finish(tx, &mut done)?;
            put_filing(tx, id, &m, &remarks, &done)?;
            audit::append(tx, &act)?;
            Ok((get(tx, id)?, done.touched))
        })
        .await
    }

    /// Puts a message aside.
    pub async fn close_message(
        &self,
        id: InboxId,
        motive: String,
        act: Act,
    ) -> Result<MessageView, StoreError> {
        self.write(move |tx| {
            get(tx, id)?;
            tx.prepare_cached("UPDATE inbox SET state = 'closed', why = ?2 WHERE id = ?1")?
                .execute(params![id.0, format!("écarté par {} : {motive}", act.actor)])?;
            audit::append(tx, &act)?;
            get(tx, id)
        })
        .await
    }

    /// Messages, latest first; those that wait for somebody, or all.
    pub async fn messages(&self, all: bool, limit: u32) -> Result<Vec<MessageView>, StoreError> {
        self.read(move |c| {
            let clause = if all { "1 = 1" } else { "state IN ('unmatched', 'unreadable', 'verifying')" };
            let sql = format!("SELECT {VIEW} FROM inbox WHERE {clause} ORDER BY id DESC LIMIT ?1");
            Ok(c.prepare_cached(&sql)?.query_map([limit], view)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// One message with its text.
    pub async fn message(&self, id: InboxId) -> Result<MessageDetail, StoreError> {
        self.read(move |c| {
            let message = get(c, id)?;
            let (raw, remarks): (Vec<u8>, Vec<String>) = c
                .prepare_cached("SELECT substr(raw, 1, 262144), remarks FROM inbox WHERE id = ?1")?
                .query_row([id.0], |r| Ok((r.get(0)?, json(r, 1)?)))?;
            Ok(MessageDetail { message, text: String::from_utf8_lossy(&raw).replace('\r', "\n"), remarks })
        })
        .await
    }

    /// Counts of the work lists, and of patients and dossiers.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|c| {
            let one = |sql: &str| -> Result<u64, StoreError> {
                Ok(c.prepare_cached(sql)?.query_row([], |r| Ok(count(r.get(0)?)))?)
            };
            Ok(Counts {
                insi: one("SELECT count(*) FROM insi WHERE open = 1")?,
                inbox: one(
                    // The form of the partial index.
                    "SELECT count(*) FROM inbox WHERE state IN ('unmatched', 'unreadable', 'verifying') AND state <> 'verifying'",
                )?,
                urgent: one("SELECT count(*) FROM dossier WHERE state = 'to_validate' AND urgent = 1")?,
                to_validate: one("SELECT count(*) FROM dossier WHERE state = 'to_validate' AND urgent = 0")?,
                parked: one("SELECT count(*) FROM outbox WHERE state = 'parked'")?,
                held: one("SELECT count(*) FROM outbox WHERE state = 'held'")?,
                waiting: one(
                    "SELECT count(*) FROM outbox WHERE state IN ('scheduled', 'leased', 'unknown')",
                )?,
                patients: one("SELECT coalesce(max(id), 0) FROM patient")?,
                dossiers: one("SELECT coalesce(max(id), 0) FROM dossier")?,
            })
        })
        .await
    }
}

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Returns of INSi to decide.
    pub insi: u64,
    /// Messages without a place.
    pub inbox: u64,
    /// Urgent dossiers to validate.
    pub urgent: u64,
    /// Other dossiers to validate.
    pub to_validate: u64,
    /// Orders that need a person.
    pub parked: u64,
    /// Orders held.
    pub held: u64,
    /// Orders on their way.
    pub waiting: u64,
    /// Patients.
    pub patients: u64,
    /// Dossiers.
    pub dossiers: u64,
}
