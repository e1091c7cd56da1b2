//! Results in: messages of analysers and middlewares. A message is stored and filed in one transaction, and only then
//! answered; what finds no place stays visible and can be read again.

use jiff::Timestamp;
use paillasse_connectors::mllp::Frame;
use paillasse_documents::hl7::{
    AckCode, AckStamp, AckTarget, DeclaredStatus, ErrDetail, ErrorCondition, Hl7Time, InboundResults,
    Observation, ObservedValue, ReadError, Severity, SyntaxError, ack, read_results,
};
use paillasse_shared::domain::ids::{DossierId, InboxId};
use paillasse_shared::domain::order::Service;
use paillasse_shared::domain::result::{Comparator, Decimal, Flag, ResultValue};
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::inbox::{
    AttachParams, CloseParams, ListParams, MessageDetail, MessageView, Messages,
};
use serde_json::json;

use super::{App, Caller, inbound_identity, partners, reception};
use crate::store::Act;
use crate::store::dossiers::Entry;
use crate::store::inbox::{ByHand, Checking, Named, NamedIns, NewMessage, Received};

/// Takes one message of the line and gives the answer.
pub async fn receive(app: &App, frame: Frame) -> Vec<u8> {
    let now = app.env.now();
    let target = AckTarget::from_bytes(&frame.bytes);
    let answer = |code: AckCode, detail: Option<&ErrDetail>| {
        let control = format!("P{}{:03}", now.as_millisecond(), app.env.below(1000));
        let stamp = AckStamp { control_id: &control, time: app.env.zone().to_datetime(now) };
        ack(&target, code, detail, stamp)
    };
    let (message, code, detail) = match frame.oversize {
        Some(size) => {
            let why =
                format!("message de {size} octets, plus grand que la limite : seul son début est gardé");
            let detail = detail(ErrorCondition::ApplicationError, "message too large");
            (unreadable(app, &frame.bytes, &frame.peer.to_string(), why, now), AckCode::Error, Some(detail))
        }
        None => prepare(app, &frame.bytes, &frame.peer.to_string(), now),
    };
    match app.store.receive_message(message, app.catalogue.clone(), app.env.today()).await {
        Ok(filed) => {
            if !filed.repeated {
                told(app, filed.id, filed.dossiers);
                app.tell_orders(&filed.changed);
            }
            answer(code, detail.as_ref())
        }
        Err(e) => {
            // Nothing was kept: the sender keeps it and sends again.
            tracing::error!(error = %e, "message not stored");
            let why = self::detail(ErrorCondition::ApplicationError, "temporarily unable to store");
            answer(AckCode::Reject, Some(&why))
        }
    }
}

fn detail(condition: ErrorCondition, text: &str) -> ErrDetail {
    ErrDetail {
        location: None,
        condition,
        severity: Severity::Error,
        application: None,
        text: Some(text.to_owned()),
    }
}

fn told(app: &App, message: InboxId, dossiers: Vec<DossierId>) {
    app.tell(Event::InboxChanged { message });
    for dossier in dossiers {
        app.tell(Event::DossierChanged { dossier });
    }
}

/// How the INS of a message is checked now.
fn checking(app: &App, sender: String, at: Timestamp) -> Checking {
    Checking {
        possible: app.gates().insi,
        now: app.board.reason(Service::Verify).is_none() && app.board.reason(Service::Insi).is_none(),
        again: false,
        sender,
        gates: app.gates(),
        at,
    }
}

fn unreadable(app: &App, raw: &[u8], peer: &str, why: String, now: Timestamp) -> NewMessage {
    NewMessage {
        raw: raw.to_vec(),
        peer: peer.to_owned(),
        sender: String::new(),
        control_id: None,
        kind: "illisible".to_owned(),
        unreadable: Some(why),
        values: vec![],
        remarks: vec![],
        checking: checking(app, String::new(), now),
        ack: AckCode::Error.as_str().to_owned(),
        at: now,
    }
}

/// Reads a message into what is to be stored, filed and answered.
fn prepare(app: &App, raw: &[u8], peer: &str, now: Timestamp) -> (NewMessage, AckCode, Option<ErrDetail>) {
    match read_results(raw) {
        Ok(results) => {
            let message = readable(app, raw, peer, &results, now);
            (message, AckCode::Accept, None)
        }
        Err(e) => {
            let mut message = unreadable(app, raw, peer, why(&e), now);
            if let ReadError::Unsupported(header) = &e {
                message.sender = sender(&header.sending_application, &header.sending_facility);
                message.control_id = Some(header.control_id.clone());
                message.kind = format!("{}^{}", header.message_type.code, header.message_type.trigger);
            }
            (message, AckCode::Error, Some(e.detail()))
        }
    }
}

fn why(e: &ReadError) -> String {
    match e {
        ReadError::Syntax(s) => format!("message illisible : {}", syntax(s)),
        ReadError::Unsupported(h) => format!(
            "le message {}^{} n'est pas un message de résultats",
            h.message_type.code, h.message_type.trigger
        ),
        ReadError::Version { version } => format!("la version HL7 « {version} » n'est pas lue"),
        ReadError::Missing { segment, field } => format!("le champ obligatoire {segment}-{field} manque"),
    }
}

/// A fault of syntax as a user reads it; the answer to the analyser keeps the words of the standard.
fn syntax(e: &SyntaxError) -> String {
    match e {
        SyntaxError::Empty => "il est vide".to_owned(),
        SyntaxError::TooLarge { bytes } => format!("il est trop long ({bytes} octets)"),
        SyntaxError::NoMsh => "il ne commence pas par un segment MSH".to_owned(),
        SyntaxError::Delimiters => "ses séparateurs (MSH-1, MSH-2) sont inutilisables".to_owned(),
        SyntaxError::Charset { announced } => format!("son jeu de caractères « {announced} » n'est pas lu"),
        SyntaxError::TooManySegments => "il compte trop de segments".to_owned(),
        SyntaxError::TooManyFields { segment } => format!("son segment {segment} compte trop de champs"),
        SyntaxError::SeveralMessages => "plusieurs messages arrivent dans une seule trame".to_owned(),
    }
}

fn sender(application: &str, facility: &str) -> String {
    if facility.is_empty() { application.to_owned() } else { format!("{application} ({facility})") }
}

fn readable(app: &App, raw: &[u8], peer: &str, r: &InboundResults, now: Timestamp) -> NewMessage {
    let header = &r.header;
    let mut values = Vec::new();
    let mut remarks = Vec::new();
    let mut ignored = 0u32;
    for group in &r.groups {
        // Controls, calibrators and exercises never enter a dossier; a training house takes exercises for its own.
        let training = app.config.daemon.training && r.role(group).enters_dossier();
        if !training && !r.enters_dossier(group) {
            tracing::info!(specimen_role = ?r.role(group), "control or exercise not filed");
            ignored += 1;
            continue;
        }
        let tubes: Vec<String> = r.specimen_ids(group).into_iter().map(str::to_owned).collect();
        let said = group.patient.and_then(|i| r.patients.get(i));
        let ins = match said.map(|p| inbound_identity::ins_said(app, p)).transpose() {
            Ok(ins) => ins.flatten(),
            Err(why) => {
                remarks.push(format!("{why} : résultat retenu"));
                continue;
            }
        };
        let person = said.map(|p| Named {
            family: p.family_name.clone(),
            birth_date: p.birth_date.as_ref().and_then(|t| t.date).map(|d| d.to_string()),
            ins: ins.map(|(matricule, oid)| NamedIns {
                matricule,
                oid,
                traits: inbound_identity::traits_said(p, app.env.today()).ok().map(|(traits, _)| traits),
            }),
        });
        for o in &group.observations {
            match received(app, header.sending_application.as_str(), &tubes, o, now) {
                Ok(Some(v)) => values.push(Received { person: person.clone(), ..v }),
                Ok(None) => {
                    ignored += u32::from(matches!(
                        o.status,
                        DeclaredStatus::Pending | DeclaredStatus::NotObtainable
                    ));
                }
                Err(remark) => remarks.push(remark),
            }
        }
    }
    if values.is_empty() && remarks.is_empty() && ignored == 0 {
        remarks.push("le message ne porte aucun résultat".to_owned());
    }
    NewMessage {
        raw: raw.to_vec(),
        peer: peer.to_owned(),
        sender: sender(&header.sending_application, &header.sending_facility),
        control_id: Some(header.control_id.clone()),
        kind: format!("{}^{}", header.message_type.code, header.message_type.trigger),
        unreadable: None,
        values,
        remarks,
        checking: checking(app, partners::sender_name(&app.config, header), now),
        ack: AckCode::Accept.as_str().to_owned(),
        at: now,
    }
}

/// One observation into one value of the catalogue; a sentence when it has no place, nothing when it carries no value.
fn received(
    app: &App,
    application: &str,
    tubes: &[String],
    o: &Observation,
    now: Timestamp,
) -> Result<Option<Received>, String> {
    let local = o.code.local.as_ref().map(|c| c.code.as_str());
    let loinc = o.code.loinc.as_ref().map(|c| c.code.as_str());
    let shown = o.code.shown().map(|c| if c.label.is_empty() { c.code.clone() } else { c.label.clone() });
    let shown = shown.unwrap_or_else(|| "sans code".to_owned());
    match o.status {
        DeclaredStatus::Pending | DeclaredStatus::NotObtainable => return Ok(None),
        DeclaredStatus::Delete | DeclaredStatus::WrongPatient => {
            return Err(format!("{shown} : l'automate demande un retrait, à traiter à la main"));
        }
        _ => {}
    }
    let Some(value) = value(&o.value) else {
        return match o.value {
            ObservedValue::Absent | ObservedValue::Deleted => Ok(None),
            _ => Err(format!("{shown} : cette forme de valeur ne se classe pas toute seule")),
        };
    };
    let analysis = app.catalogue.map(application, local.unwrap_or_default(), loinc).ok_or_else(|| {
        format!(
            "le code « {} » de {application} n'a pas de correspondance au catalogue ({shown})",
            local.or(loinc).unwrap_or("")
        )
    })?;
    if let Some(unit) = &o.unit {
        let known = [analysis.unit.as_deref(), analysis.ucum.as_deref()];
        let same = known.iter().flatten().any(|k| k.eq_ignore_ascii_case(&unit.code));
        let expects = known.iter().flatten().next().is_some();
        if expects && !same && !unit.code.is_empty() {
            return Err(format!(
                "{} : reçu en « {} », attendu en « {} »",
                analysis.label,
                unit.code,
                analysis.unit.as_deref().unwrap_or_default()
            ));
        }
    }
    if tubes.is_empty() {
        return Err(format!("{shown} : aucun numéro de tube"));
    }
    let instrument = o.instruments.first().map_or(application, |i| i.id.as_str());
    let flag = o.flags.iter().find_map(|f| Flag::parse(&f.code));
    Ok(Some(Received {
        tubes: tubes.to_vec(),
        person: None,
        entry: Entry {
            analysis: analysis.code.clone(),
            value: Some(value),
            flag,
            comment: None,
            origin: instrument.to_owned(),
            obtained_at: o
                .analysed
                .as_ref()
                .and_then(|t| instant(t, app.env.zone()))
                .filter(|t| *t <= now)
                .unwrap_or(now),
            remarks: o.notes.iter().filter(|n| !n.trim().is_empty()).cloned().collect(),
        },
    }))
}

/// An instant; without an offset the time is that of the laboratory.
fn instant(t: &Hl7Time, zone: &jiff::tz::TimeZone) -> Option<Timestamp> {
    let local = t.local?;
    match t.offset {
        Some(offset) => offset.to_timestamp(local).ok(),
        None => local.to_zoned(zone.clone()).ok().map(|z| z.timestamp()),
    }
}

fn value(v: &ObservedValue) -> Option<ResultValue> {
    use paillasse_documents::hl7::Comparator as Received;
    let sign = |c: &Option<Received>| {
        c.map(|c| match c {
            Received::Less => Comparator::Less,
            Received::LessOrEqual => Comparator::AtMost,
            Received::Greater => Comparator::More,
            Received::GreaterOrEqual => Comparator::AtLeast,
        })
    };
    Some(match v {
        ObservedValue::Number { comparator, number } => {
            ResultValue::Numeric { comparator: sign(comparator), value: Decimal::parse(number)? }
        }
        ObservedValue::Pair { comparator: None, first: Some(a), separator, second: Some(b) }
            if matches!(separator.as_str(), ":" | "/") =>
        {
            ResultValue::Ratio { numerator: Decimal::parse(a)?, denominator: Decimal::parse(b)? }
        }
        ObservedValue::Pair { first, separator, second, .. } => ResultValue::Text {
            text: format!(
                "{}{separator}{}",
                first.as_deref().unwrap_or_default(),
                second.as_deref().unwrap_or_default()
            ),
        },
        ObservedValue::Coded(pair) => {
            let code = pair.shown()?;
            ResultValue::Text {
                text: if code.label.is_empty() { code.code.clone() } else { code.label.clone() },
            }
        }
        ObservedValue::Text(t) if !t.trim().is_empty() => ResultValue::parse(t)?,
        _ => return None,
    })
}

/// Lists messages.
pub async fn list(app: &App, p: ListParams) -> Result<Messages, WireError> {
    let limit = u32::from(p.limit.unwrap_or(100).clamp(1, 1000));
    Ok(Messages { messages: app.store.messages(p.all, limit).await? })
}

/// One message with its text.
pub async fn get(app: &App, id: InboxId) -> Result<MessageDetail, WireError> {
    Ok(app.store.message(id).await?)
}

/// Reads a message again, after a mapping or a dossier was completed.
pub async fn replay(app: &App, caller: &Caller, id: InboxId) -> Result<MessageView, WireError> {
    if app.store.is_identity_message(id).await? {
        return inbound_identity::replay(app, caller, id).await;
    }
    caller.require(Right::EnterResults)?;
    let act = caller.act(app.env.now(), "message-replay", format!("inbox:{id}"), json!({}));
    refile(app, id, act, true, false).await
}

/// Files a message again by itself: INSi has answered about the INS it bears, or cannot be asked now.
pub async fn refile_after_verification(app: &App, id: InboxId, answered: bool) -> Result<(), WireError> {
    let act = Caller::automatic().act(
        app.env.now(),
        "message-refile",
        format!("inbox:{id}"),
        json!({ "insi_answered": answered }),
    );
    refile(app, id, act, false, !answered).await.map(|_| ())
}

async fn refile(
    app: &App,
    id: InboxId,
    act: Act,
    again: bool,
    without_waiting: bool,
) -> Result<MessageView, WireError> {
    let (raw, peer) = app.store.message_raw(id).await?;
    let (mut message, _, _) = prepare(app, &raw, &peer, app.env.now());
    message.checking.again = again;
    message.checking.now &= !without_waiting;
    let (view, dossiers, changed) =
        app.store.refile_message(id, message, app.catalogue.clone(), app.env.today(), act).await?;
    told(app, id, dossiers);
    app.tell_orders(&changed);
    Ok(view)
}

/// Files a message by hand.
pub async fn attach(app: &App, caller: &Caller, p: AttachParams) -> Result<MessageView, WireError> {
    if app.store.is_identity_message(p.id).await? {
        return inbound_identity::attach(app, caller, p).await;
    }
    caller.require(Right::EnterResults)?;
    if p.dossier.is_none() && p.number.is_none() {
        return Err(WireError::invalid("number", "donner le dossier sous lequel classer ce message"));
    }
    let dossier = reception::resolve(app, p.dossier, p.number.as_deref()).await?;
    let (raw, peer) = app.store.message_raw(p.id).await?;
    let (message, _, _) = prepare(app, &raw, &peer, app.env.now());
    let act = caller.act(
        app.env.now(),
        "message-attach",
        format!("inbox:{}", p.id),
        json!({ "dossier": dossier, "despite_identity": p.despite_identity, "motive": p.motive }),
    );
    let (view, dossiers) = app
        .store
        .attach_message(
            p.id,
            message,
            ByHand { dossier, despite: p.despite_identity },
            app.catalogue.clone(),
            app.env.today(),
            act,
        )
        .await?;
    told(app, p.id, dossiers);
    Ok(view)
}

/// Puts a message aside, with a reason.
pub async fn close(app: &App, caller: &Caller, p: CloseParams) -> Result<MessageView, WireError> {
    caller.require(Right::EnterResults)?;
    if p.motive.trim().is_empty() {
        return Err(WireError::invalid("motive", "dire pourquoi ce message est écarté"));
    }
    let act =
        caller.act(app.env.now(), "message-close", format!("inbox:{}", p.id), json!({ "motive": p.motive }));
    let view = app.store.close_message(p.id, p.motive, act).await?;
    app.tell(Event::InboxChanged { message: p.id });
    Ok(view)
}
