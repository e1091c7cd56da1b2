//! Identities that other parties send (STA-13, VER-05 to VER-08): read, compared with what is here, decided by the table
//! of `domain::identity::inbound`. What INSi says of the INS set aside comes behind, in [`super::inbound_verification`].
//!
//! A record that exists is never changed by what a message says: only by what INSi answers about it. The same service
//! takes what comes by command line today and what other doors will bring (movements of a hospital). Results by MLLP
//! never create a patient; they only pass by [`ins_said`] and the verification.

use base64::Engine as _;
use jiff::civil::Date;
use paillasse_documents::hl7::{PatientHints, ReadError, read_identity};
use paillasse_shared::domain::identity::inbound::{
    Arrival, Given, InsBeside, Local, ReceivedIns, claim, on_arrival,
};
use paillasse_shared::domain::identity::{
    DeviceKind, Event as StateEvent, IdentityState, InsOid, Matricule, Proof, StrictTraits, UsedNames,
};
use paillasse_shared::domain::ids::{InboxId, PatientId};
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::inbox::{AttachParams, MessageView};
use paillasse_shared::protocol::patient::{Consent, CreateParams, ReceiveParams, ReceivedIdentity};
use serde_json::json;

use super::{App, Caller, identity, partners, reception};
use crate::store::inbound::{Does, Inbound, NewAside, Purpose, Taken};
use crate::store::patients::{Patient, StoredIns};

/// Largest message taken by request, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// The INS that a message gives, when there is one. The old calculated INS is not one.
///
/// # Errors
/// A sentence, when what is given cannot be an INS of this person here: several, a wrong key, a foreign authority.
pub fn ins_said(app: &App, p: &PatientHints) -> Result<Option<(Matricule, InsOid)>, String> {
    let mut found: Option<(Matricule, InsOid)> = None;
    for id in &p.identifiers {
        let oid = InsOid::parse(&id.authority);
        if oid.is_none() && id.kind != "INS" {
            continue;
        }
        let Some(oid) = oid else {
            if id.authority == OLD_INS {
                continue;
            }
            return Err("l'INS du message n'a pas d'autorité reconnue".to_owned());
        };
        if !app.config.accepted_oids().contains(&oid) {
            return Err("l'INS du message vient d'une autorité qui n'est pas admise ici".to_owned());
        }
        let matricule = Matricule::parse(&id.value).map_err(|e| format!("INS du message : {e}"))?;
        if found.as_ref().is_some_and(|f| *f != (matricule.clone(), oid)) {
            return Err("le message porte plusieurs INS pour la même personne".to_owned());
        }
        found = Some((matricule, oid));
    }
    Ok(found)
}

/// Authority of the calculated INS of former times: read, never used.
const OLD_INS: &str = "1.2.250.1.213.1.4.2";

/// The strict traits and used names that a message gives.
///
/// # Errors
/// The first trait that is missing or wrong, named.
pub fn traits_said(p: &PatientHints, today: Date) -> Result<(StrictTraits, UsedNames), WireError> {
    let text = |v: &Option<String>| v.clone().unwrap_or_default();
    let calendar = p.birth_date.as_ref().and_then(|t| t.raw.get(..8)).and_then(|d| {
        let all = d.bytes().all(|b| b.is_ascii_digit());
        all.then(|| Some(format!("{}-{}-{}", d.get(..4)?, d.get(4..6)?, d.get(6..8)?))).flatten()
    });
    let params = CreateParams {
        birth_name: text(&p.family_name),
        first_name: text(&p.given_name),
        given_names: p.given_names.clone(),
        // Anything but M and F is unknown to the sender.
        sex: match p.sex.as_deref() {
            Some("M") => "M".into(),
            Some("F") => "F".into(),
            _ => "I".into(),
        },
        birth_date: p.lunar_date.clone().or(calendar).unwrap_or_default(),
        birth_place: p.birth_place.clone(),
        used_name: p.used_name.clone(),
        used_first_name: p.used_first_name.clone(),
        ..CreateParams::default()
    };
    let traits = match reception::read_traits(&params, today) {
        // A list that does not begin with the first name is left out rather than the person refused.
        Err(e) if e.field.as_deref() == Some("given_names") => {
            reception::read_traits(&CreateParams { given_names: None, ..params.clone() }, today)?
        }
        other => other?,
    };
    let used = reception::read_used(params.used_name.as_deref(), params.used_first_name.as_deref())
        .unwrap_or_default();
    Ok((traits, used))
}

/// Takes an identity that another party sent.
pub async fn receive(
    app: &App,
    caller: &Caller,
    params: ReceiveParams,
) -> Result<ReceivedIdentity, WireError> {
    caller.require(Right::Register)?;
    let raw = base64::engine::general_purpose::STANDARD
        .decode(params.content.as_bytes())
        .map_err(|_| WireError::invalid("content", "le contenu n'est pas en base 64"))?;
    if raw.is_empty() || raw.len() > MAX_BYTES {
        return Err(WireError::invalid("content", "le message est vide, ou plus grand que 1 Mio"));
    }
    take(app, caller, raw, Choice { seen_here: params.direct_care, ..Choice::default() }).await
}

/// What a person says of a message besides what it says itself.
#[derive(Debug, Clone, Default)]
struct Choice {
    /// The laboratory sees this person.
    seen_here: bool,
    /// The record meant.
    patient: Option<PatientId>,
    /// It is a new person.
    new_patient: bool,
    /// The message is read again.
    again: Option<InboxId>,
    /// Why.
    motive: Option<String>,
}

async fn take(
    app: &App,
    caller: &Caller,
    raw: Vec<u8>,
    choice: Choice,
) -> Result<ReceivedIdentity, WireError> {
    // Segments of a file edited by hand end by line feeds; the reader takes both.
    let read = read_identity(&raw);
    let header = match &read {
        Ok(r) => Some(&r.header),
        Err(ReadError::Unsupported(h)) => Some(&**h),
        Err(_) => None,
    };
    let partner = header.and_then(|h| partners::of_header(&app.config, h));
    let sender = header.map(|h| partners::sender_name(&app.config, h)).unwrap_or_default();
    let control_id = header.map(|h| h.control_id.clone());
    let kind = header.map_or_else(
        || "illisible".to_owned(),
        |h| format!("{}^{}", h.message_type.code, h.message_type.trigger),
    );
    let does = match &read {
        Ok(r) => {
            let trust = partners::trust(partner, app.env.today(), choice.seen_here);
            decide(app, caller, &r.person, &sender, trust, &choice).await?
        }
        Err(e) => Does::Wait { unreadable: true, why: why_unread(e) },
    };
    let act = caller.act(
        app.env.now(),
        "identity-received",
        String::new(),
        json!({ "sender": sender, "kind": kind, "does": name(&does), "motive": choice.motive }),
    );
    let inbound = Inbound { raw, sender, control_id, kind, does, again: choice.again, act };
    let Taken { message, patient, changed } = app.store.receive_identity(inbound, app.gates()).await?;
    app.tell(Event::InboxChanged { message: message.id });
    if let Some(patient) = patient {
        app.tell(Event::PatientChanged { patient });
    }
    app.tell_orders(&changed);
    let status = match patient {
        Some(id) => app.store.patient(id).await?.map(|p| p.status()),
        None => None,
    };
    Ok(ReceivedIdentity { message, partner: partner.map(|p| p.name.clone()), patient, status })
}

fn name(does: &Does) -> &'static str {
    match does {
        Does::Wait { .. } => "waits",
        Does::Create { .. } => "creates",
        Does::Known { .. } => "known",
    }
}

fn why_unread(e: &ReadError) -> String {
    match e {
        ReadError::Missing { segment: "PID", .. } => {
            "le message ne dit pas de qui il s'agit (PID)".to_owned()
        }
        ReadError::Missing { segment, field } => format!("le champ obligatoire {segment}-{field} manque"),
        ReadError::Unsupported(_) => "le message parle de plusieurs personnes".to_owned(),
        ReadError::Version { version } => format!("la version HL7 « {version} » n'est pas lue"),
        ReadError::Syntax(_) => "ce n'est pas un message HL7 lisible".to_owned(),
    }
}

fn wait(why: impl Into<String>) -> Result<Does, WireError> {
    Ok(Does::Wait { unreadable: false, why: why.into() })
}

/// Finds the record meant, and applies the table.
async fn decide(
    app: &App,
    caller: &Caller,
    person: &PatientHints,
    sender: &str,
    trust: paillasse_shared::domain::identity::inbound::Trust,
    choice: &Choice,
) -> Result<Does, WireError> {
    let ins = match ins_said(app, person) {
        Ok(ins) => ins,
        Err(why) => return wait(why),
    };
    let (traits, used) = match traits_said(person, app.env.today()) {
        Ok(read) => read,
        Err(e) => return wait(e.cause),
    };
    let mut new = Patient {
        id: PatientId(0),
        version: 0,
        traits,
        used,
        phone: None,
        social_security: None,
        degraded: None,
        state: IdentityState::default(),
        ins: None,
        proof: None,
        consent: Consent::default(),
        created_at: app.env.now(),
    };
    let claim = claim(person.reliability.iter().map(String::as_str), ins.is_some());
    let said = ins.clone().map(|(matricule, oid)| ReceivedIns {
        matricule,
        oid,
        traits: new.traits.clone(),
        claim,
        trusted: trust.is_enough(),
    });
    let aside = |patient, created, verify| {
        said.clone().map(|said| NewAside {
            patient,
            sender: sender.to_owned(),
            purpose: Purpose::Identity,
            asked_by: caller.user.login.clone(),
            created,
            verify,
            said,
        })
    };
    let (alike, holder) = app.store.designated(new.clone(), ins.clone()).await?;
    let there = match (choice.patient, holder, alike.as_slice()) {
        (Some(chosen), _, _) => Some(identity::load(app, app.store.resolve_patient(chosen).await?).await?),
        (None, Some(holder), _) => {
            let p = identity::load(app, holder).await?;
            if p.traits.birth_date != new.traits.birth_date
                || !p.traits.birth_name.same_letters(&new.traits.birth_name)
            {
                return wait(format!(
                    "la fiche n° {holder} porte cet INS sous un autre nom ou une autre date de naissance"
                ));
            }
            Some(p)
        }
        (None, None, [one]) if !choice.new_patient => Some(identity::load(app, *one).await?),
        (None, None, [_, _, ..]) if !choice.new_patient => {
            return wait("plusieurs fiches portent ces traits : choisir celle qui convient");
        }
        _ => None,
    };
    if there.is_none() && !choice.new_patient && !app.store.close_identities(new.clone()).await?.is_empty() {
        return wait(
            "des identités proches existent : choisir la fiche, ou dire que c'est une autre personne",
        );
    }
    let local = there.as_ref().map_or(Local::Absent, |p| Local::Known {
        state: p.state,
        ins: match (&p.ins, &ins) {
            (None, _) => InsBeside::NoneHere,
            (Some(a), Some((m, o))) if a.matricule == *m && a.oid == *o => InsBeside::Same,
            (Some(_), None) => InsBeside::Same,
            (Some(_), Some(_)) => InsBeside::Other,
        },
    });
    let verifiable = app.gates().insi;
    match (on_arrival(local, claim, ins.is_some(), trust), there) {
        (Arrival::Create { as_, verify }, _) => {
            let what = given(&mut new, as_, ins, sender)?;
            Ok(Does::Create {
                patient: Box::new(new),
                what,
                ins: aside(PatientId(0), true, verify && verifiable),
            })
        }
        (Arrival::Verify, Some(p)) => Ok(Does::Known {
            patient: p.id,
            ins: aside(p.id, false, verifiable),
            why: Some(format!("fiche n° {} connue ; l'INS reçu attend la réponse d'INSi", p.id)),
        }),
        (Arrival::Keep, Some(p)) => Ok(Does::Known {
            patient: p.id,
            ins: aside(p.id, false, false),
            why: Some(format!("fiche n° {} connue, laissée telle quelle", p.id)),
        }),
        (_, Some(p)) => {
            wait(format!("la fiche n° {} porte un autre matricule INS : rien n'est modifié", p.id))
        }
        (_, None) => wait("la fiche n'a pas été trouvée"),
    }
}

/// Gives a new record the facts that the sender's word is enough for; says what goes to its history.
fn given(
    new: &mut Patient,
    as_: Given,
    ins: Option<(Matricule, InsOid)>,
    sender: &str,
) -> Result<String, WireError> {
    let with_ins = match as_ {
        Given::Provisoire => return Ok(format!("Identité reçue de {sender}")),
        Given::Validee => false,
        Given::Qualifiee => true,
    };
    let transition = new
        .state
        .apply(StateEvent::PartnerVouches { with_ins })
        .map_err(|e| WireError::refused(e.to_string()))?;
    new.state = transition.to;
    new.proof = Some(third_party(sender, new.created_at));
    if with_ins {
        new.ins = ins.map(|(matricule, oid)| StoredIns {
            matricule,
            oid,
            recovered_at: new.created_at,
            verified_at: None,
        });
    }
    Ok(format!("Identité reçue de {sender}, par contrat de confiance"))
}

/// The proof that a partner's word is.
pub(super) fn third_party(partner: &str, now: jiff::Timestamp) -> Proof {
    Proof {
        device: DeviceKind::ThirdParty,
        parent_device: None,
        checked_at: now,
        checked_by: "paillassed".to_owned(),
        label: format!("Tiers de confiance ({partner})"),
        partner: Some(partner.to_owned()),
    }
}

/// Reads a message of identity again.
pub async fn replay(app: &App, caller: &Caller, id: InboxId) -> Result<MessageView, WireError> {
    caller.require(Right::Register)?;
    let (raw, _) = app.store.message_raw(id).await?;
    let choice = Choice { again: Some(id), ..Choice::default() };
    Ok(take(app, caller, raw, choice).await?.message)
}

/// Files a message of identity under the record that a person chose, or under a new one.
pub async fn attach(app: &App, caller: &Caller, p: AttachParams) -> Result<MessageView, WireError> {
    caller.require(Right::Register)?;
    if p.patient.is_none() && !p.new_patient {
        return Err(WireError::invalid(
            "patient",
            "choisir la fiche, ou dire que c'est une nouvelle personne",
        ));
    }
    let (raw, _) = app.store.message_raw(p.id).await?;
    let choice = Choice {
        patient: p.patient,
        new_patient: p.new_patient,
        again: Some(p.id),
        motive: p.motive,
        ..Choice::default()
    };
    Ok(take(app, caller, raw, choice).await?.message)
}
