//! The workers of documents: DMP (TD2.1) and MSSanté mail. They read the stored bytes, send, and say what came of it.
//!
//! Everything a receiver recognises a replay by (uniqueId, Message-ID, OID of the lot) was fixed when the order was
//! created, so an attempt never differs from the one before but by its assertion.

use jiff::Timestamp;
use paillasse_connectors::dmp::{
    CallContext, DmpError, DmpErrorKind, ErrorClass, FindRequest, Td21Document, Td21Request,
};
use paillasse_connectors::mail::{
    Attachment, MailAddress, MailDraft, PermanentCause, SecurityCause, SmtpError, SmtpErrorKind,
    XdmAttachment, compose, xdm_subject,
};
use paillasse_connectors::soap::{NetworkKind, SoapError};
use paillasse_documents::lot_signature::{self, LotToSign};
use paillasse_documents::xds::{
    Channel, Code, EntryContext, EntryUuid, Lot, Replacement, Rules, SetContext, Visibility, check,
    entry_from_report, patient_id, set_for_entry, signature_entry, submit_objects_request,
};
use paillasse_documents::{DOCUMENT_CODE, DOCUMENT_LABEL, xdm};
use paillasse_shared::domain::ids::DocumentId;
use paillasse_shared::domain::order::{Reason, Service};
use paillasse_shared::domain::report::Report;
use paillasse_shared::protocol::WireError;
use paillasse_xml::Digest;
use uuid::Uuid;

use super::insi::network_words;
use super::{App, reporting};
use crate::clients::{Clients, Dmp, SOFTWARE, VERSION};
use crate::outbox::Outcome;
use crate::store::documents::StoredDocument;
use crate::store::outbox::Claimed;

/// A Message-ID, fixed when the order is created.
#[must_use]
pub fn new_message_id(app: &App) -> String {
    let domain = app
        .config
        .mss
        .as_ref()
        .and_then(|m| m.address.split_once('@').map(|(_, d)| d.to_owned()))
        .unwrap_or_else(|| "localhost".to_owned());
    let id = Uuid::from_u64_pair(app.env.random(), app.env.random());
    format!("<{}@{domain}>", id.simple())
}

fn internal(words: impl Into<String>) -> Outcome {
    let words = words.into();
    Outcome::Parked { reason: Reason::Internal { words: words.clone() }, words }
}

fn payload<'a>(order: &'a Claimed, key: &str) -> Option<&'a str> {
    order.payload.get(key).and_then(serde_json::Value::as_str)
}

async fn document(app: &App, id: Option<DocumentId>) -> Result<(StoredDocument, Report), Outcome> {
    let Some(id) = id else { return Err(internal("ordre sans document")) };
    let d = match app.store.document(id).await {
        Ok(Some(d)) => d,
        Ok(None) => return Err(internal("le document n'existe plus")),
        Err(e) => return Err(Outcome::Retry { words: e.to_string(), transport: false }),
    };
    let report = reporting::read_report(&d).map_err(|e| internal(e.cause))?;
    Ok((d, report))
}

fn context(app: &App) -> CallContext {
    let id = || {
        let raw = Uuid::from_u64_pair(app.env.random(), app.env.random());
        uuid::Builder::from_random_bytes(*raw.as_bytes()).into_uuid()
    };
    CallContext { now: app.env.now(), message_id: id(), assertion_id: id() }
}

/// Time of the sending, the same at each attempt: a version built after the order (the identity was qualified
/// meanwhile) makes it later, for a lot is never older than its document.
fn sent_at(order: &Claimed, d: &StoredDocument) -> Timestamp {
    order.created_at.max(d.built_at)
}

fn visibility(d: &StoredDocument) -> Visibility {
    Visibility { invisible_to_patient: d.invisible, ..Visibility::default() }
}

// ---------------------------------------------------------------- DMP

/// Runs a DMP order. When the repository may already have the document, it is asked first.
pub async fn dmp(app: &App, clients: &Clients, order: &Claimed) -> Outcome {
    let Some(dmp) = &clients.dmp else {
        return Outcome::Held { reason: Reason::NotConfigured { service: Service::Dmp } };
    };
    let (d, report) = match document(app, order.document).await {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let patient = patient_id(&report).cx();
    if order.ask_first || order.attempt > 1 {
        // A former attempt may have been taken although no answer came back.
        let request =
            FindRequest { patient_id: &patient, unique_id: &d.unique_id, actor: None, context: context(app) };
        match dmp.client.find(&request).await {
            Ok(Some(entry)) => {
                return Outcome::Delivered { receipt: format!("retrouvé dans le DMP ({})", entry.0) };
            }
            Ok(None) => {}
            Err(e) => {
                return match dmp_error(&e, order) {
                    // Not knowing whether it is there is still not knowing whether it was sent.
                    Outcome::Retry { words, .. } if order.ask_first => Outcome::Unknown { words },
                    other => other,
                };
            }
        }
    }
    let replaced = match replaced(app, dmp, &d, &patient).await {
        Ok(r) => r,
        Err(e) => return dmp_error(&e, order),
    };
    let lot = match build_lot(app, dmp, order, &d, &report, replaced) {
        Ok(lot) => lot,
        Err(words) => return internal(words),
    };
    let request = Td21Request {
        patient_id: &patient,
        submit_objects_request: &lot.request,
        documents: vec![
            Td21Document { entry_id: &lot.document_symbol, mime_type: "text/xml", bytes: &d.cda },
            Td21Document { entry_id: &lot.signature_symbol, mime_type: "text/xml", bytes: &lot.signature },
        ],
        actor: None,
        context: context(app),
    };
    match dmp.client.submit(&request).await {
        Ok(receipt) => {
            let warnings: Vec<&str> = receipt.warnings.iter().map(|w| w.code.as_str()).collect();
            let more =
                if warnings.is_empty() { String::new() } else { format!(" ({})", warnings.join(", ")) };
            Outcome::Delivered { receipt: format!("{}{more}", receipt.status) }
        }
        Err(e) => dmp_error(&e, order),
    }
}

/// The registry identifier of the version replaced, when the DMP has it.
async fn replaced(
    app: &App,
    dmp: &Dmp,
    d: &StoredDocument,
    patient: &str,
) -> Result<Option<EntryUuid>, DmpError> {
    let Some(old) = d.replaces else { return Ok(None) };
    let Ok(Some(old)) = app.store.document(old).await else { return Ok(None) };
    let request =
        FindRequest { patient_id: patient, unique_id: &old.unique_id, actor: None, context: context(app) };
    Ok(dmp.client.find(&request).await?.and_then(|e| EntryUuid::parse(&e.0)))
}

struct BuiltLot {
    request: String,
    document_symbol: String,
    signature_symbol: String,
    signature: Vec<u8>,
}

fn build_lot(
    app: &App,
    dmp: &Dmp,
    order: &Claimed,
    d: &StoredDocument,
    report: &Report,
    replaced: Option<EntryUuid>,
) -> Result<BuiltLot, String> {
    let set_id = payload(order, "set").ok_or("identifiant de lot absent")?;
    let signature_id = payload(order, "signature").ok_or("identifiant de signature absent")?;
    let entry = entry_from_report(
        report,
        &EntryContext { symbol: "Document01", uri: None, visibility: visibility(d), cda: &d.cda },
    )
    .map_err(|e| e.to_string())?;
    let set = set_for_entry(
        &entry,
        SetContext {
            submission_time: sent_at(order, d),
            source_id: app.config.laboratory.oid_root.clone(),
            unique_id: set_id.to_owned(),
            content_type: Code::content_type_biology(),
        },
    )
    .map_err(|e| e.to_string())?;
    let signature = lot_signature::sign(
        &LotToSign {
            signature_id: &format!("S{}", order.id),
            signing_time: sent_at(order, d),
            set_unique_id: set_id,
            documents: vec![(&d.unique_id, &d.cda)],
            digest: Digest::Sha1,
        },
        &dmp.signer,
    )
    .map_err(|e| e.to_string())?;
    let seal = signature_entry(&set, &entry, signature_id, &signature);
    let document_symbol = entry.symbol.clone();
    let signature_symbol = seal.symbol.clone();
    let replacements = replaced
        .map(|replaced| vec![Replacement { document: document_symbol.clone(), replaced }])
        .unwrap_or_default();
    let lot = Lot { set, documents: vec![entry], signature: Some(seal), replacements };
    let accepted = app.config.accepted_oids();
    let rules = Rules {
        channel: Channel::Dmp,
        authorities: &accepted,
        structures: &[],
        cda_patient: None,
        allow_hidden_from_all: false,
    };
    let faults = check(&lot, &[&d.cda, &signature], &rules);
    if let Some(first) = faults.first() {
        return Err(format!("métadonnées refusées avant envoi : {first}"));
    }
    Ok(BuiltLot { request: submit_objects_request(&lot), document_symbol, signature_symbol, signature })
}

fn dmp_words(e: &DmpError) -> String {
    match &e.kind {
        DmpErrorKind::Transport(t) => network_words(t),
        DmpErrorKind::Fault(f) => format!("« {} »", f.reason),
        DmpErrorKind::Refused => {
            let said: Vec<String> = e
                .peer
                .iter()
                .filter(|p| !p.warning)
                .map(|p| {
                    if p.context.is_empty() { p.code.clone() } else { format!("{} : {}", p.code, p.context) }
                })
                .collect();
            format!("« {} »", said.join(" ; "))
        }
        DmpErrorKind::Unreadable(what) => format!("réponse illisible : {what}"),
        DmpErrorKind::TooLarge { size, limit } => {
            format!("lot de {size} octets, plus que les {limit} permis")
        }
        DmpErrorKind::Identity(e) => format!("signature impossible : {e}"),
    }
}

fn dmp_code(e: &DmpError) -> String {
    e.peer.iter().find(|p| !p.warning).map(|p| p.code.clone()).unwrap_or_default()
}

/// Trials of a cause that the contract wants tried a few times only.
const FEW: u32 = 3;

fn dmp_error(e: &DmpError, order: &Claimed) -> Outcome {
    let words = dmp_words(e);
    if e.unknown_outcome() {
        return Outcome::Unknown { words };
    }
    let transport = matches!(e.kind, DmpErrorKind::Transport(_));
    // A certificate that expired on the other side is an outage for us: trials go on, nothing leaves meanwhile.
    let peer_certificate = matches!(
        e.kind,
        DmpErrorKind::Transport(SoapError::Network { kind: NetworkKind::PeerCertificate(_), .. })
    );
    let parked = |words: String| Outcome::Parked {
        reason: Reason::Refused { code: dmp_code(e), words: words.clone() },
        words,
    };
    match e.class {
        _ if peer_certificate => Outcome::Retry { words, transport },
        ErrorClass::Retry | ErrorClass::RetrySlow => Outcome::Retry { words, transport },
        ErrorClass::RetryFew if order.attempt < FEW => Outcome::Retry { words, transport },
        ErrorClass::RefreshTarget if order.attempt < 2 => Outcome::Retry { words, transport: false },
        ErrorClass::Success => Outcome::Delivered { receipt: words },
        // The repository has this uniqueId, which is ours alone: the next attempt finds it there.
        ErrorClass::AlreadyThere => Outcome::Retry { words, transport: false },
        ErrorClass::SuspendService => Outcome::Suspend { words },
        ErrorClass::RetryFew | ErrorClass::RefreshTarget | ErrorClass::Permanent => parked(words),
    }
}

// ---------------------------------------------------------------- MSSanté

/// The IHE_XDM.zip of a document.
pub fn archive(app: &App, d: &StoredDocument, set_id: &str, at: Timestamp) -> Result<Vec<u8>, WireError> {
    let report = reporting::read_report(d)?;
    build_archive(app, d, &report, set_id, at)
        .map_err(|words| WireError::refused(format!("l'archive ne peut pas être construite : {words}")))
}

fn build_archive(
    app: &App,
    d: &StoredDocument,
    report: &Report,
    set_id: &str,
    at: Timestamp,
) -> Result<Vec<u8>, String> {
    let entry = entry_from_report(
        report,
        &EntryContext {
            symbol: "Document01",
            uri: Some("DOC00001.XML"),
            visibility: visibility(d),
            cda: &d.cda,
        },
    )
    .map_err(|e| e.to_string())?;
    let set = set_for_entry(
        &entry,
        SetContext {
            submission_time: at,
            source_id: app.config.laboratory.oid_root.clone(),
            unique_id: set_id.to_owned(),
            content_type: Code::content_type_biology(),
        },
    )
    .map_err(|e| e.to_string())?;
    let lot = Lot { set, documents: vec![entry], signature: None, replacements: vec![] };
    let lab = &app.config.laboratory;
    let sender = xdm::Sender {
        organisation: lab.name.clone(),
        responsible: app.config.director().map(|u| u.name.clone()).unwrap_or_default(),
        address: format!("{}, {} {}", lab.address, lab.postal_code, lab.city),
        phone: lab.phone.clone(),
    };
    let software =
        xdm::Software { name: SOFTWARE.to_owned(), version: VERSION.to_owned(), vendor: SOFTWARE.to_owned() };
    let files = vec![
        xdm::XdmFile { name: "DOC00001.XML", label: DOCUMENT_LABEL, bytes: &d.cda },
        xdm::XdmFile { name: "DOC00001.PDF", label: DOCUMENT_LABEL, bytes: &d.pdf },
    ];
    let input = xdm::XdmInput { lot: &lot, files, sender: &sender, software: &software };
    let zip = xdm::build(&input).map_err(|e| e.to_string())?;
    Ok(zip)
}

fn body(app: &App, d: &StoredDocument, report: &Report) -> String {
    let lab = &app.config.laboratory;
    let t = &report.patient.traits;
    let mut text = format!(
        "Bonjour,\n\nVeuillez trouver ci-joint le compte rendu d'examens biologiques de {} {}, né(e) le {}.\n",
        t.birth_name,
        t.first_name,
        t.birth_date.french()
    );
    if let Some(number) = report.prescriptions.first() {
        text.push_str(&format!("Votre numéro de dossier : {}\n", number.extension));
    }
    if d.version > 1 {
        text.push_str("Il annule et remplace la version précédente.\n");
    }
    if d.invisible {
        text.push_str(
            "\nCe document est dans Mon espace santé de façon invisible pour le patient : merci d'assurer l'annonce, \
             puis de nous le dire pour qu'il soit rendu visible.\n",
        );
    }
    let reply_to = app.config.mss.as_ref().map(|m| m.reply_to.clone()).unwrap_or_default();
    text.push_str(&format!(
        "\n{}\n{}, {} {}\nTéléphone : {}\n\nMessage généré automatiquement. Pour nous répondre : {reply_to}\n",
        lab.name, lab.address, lab.postal_code, lab.city, lab.phone
    ));
    text
}

/// Runs an MSSanté order.
pub async fn mss(app: &App, clients: &Clients, order: &Claimed) -> Outcome {
    let (Some(mss), Some(config)) = (&clients.mss, &app.config.mss) else {
        return Outcome::Held { reason: Reason::NotConfigured { service: Service::Mss } };
    };
    let (d, report) = match document(app, order.document).await {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let address = match order.correspondent {
        Some(who) => match app.store.correspondent(who).await {
            Ok(c) => c.and_then(|c| c.facts.mss_address),
            Err(e) => return Outcome::Retry { words: e.to_string(), transport: false },
        },
        None => report.patient.ins.as_ref().map(|i| format!("{}@patient.mssante.fr", i.matricule.compact())),
    };
    let Some(address) = address.map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()) else {
        return Outcome::Held { reason: Reason::NoAddress { recipient: order.recipient.clone() } };
    };
    let (Some(set_id), Some(message_id)) = (payload(order, "set"), order.identifier.clone()) else {
        return internal("identifiants de l'envoi absents");
    };
    let zip = match build_archive(app, &d, &report, set_id, sent_at(order, &d)) {
        Ok(zip) => zip,
        Err(words) => return internal(words),
    };
    let t = &report.patient.traits;
    let to_patient = order.correspondent.is_none();
    let draft = MailDraft {
        message_id,
        date: sent_at(order, &d),
        from: MailAddress { label: Some(config.label.clone()), address: config.address.clone() },
        to: vec![MailAddress {
            label: (!to_patient).then(|| order.recipient.clone()),
            address: address.clone(),
        }],
        reply_to: Some(MailAddress::bare(config.reply_to.clone())),
        subject: xdm_subject(
            DOCUMENT_LABEL,
            t.birth_name.as_str(),
            t.first_name.as_str(),
            t.birth_date.civil(),
        ),
        body: body(app, &d, &report),
        nil: config.nil.clone(),
        close_exchange: false,
        ask_read_receipt: true,
        ask_delivery_receipt: true,
        in_reply_to: None,
        references: vec![],
        xdm: Some(XdmAttachment {
            zip,
            cda_codes: vec![DOCUMENT_CODE.to_owned()],
            qualified_ins: report.patient.ins.is_some(),
        }),
        attachments: vec![Attachment {
            name: d.file_name.clone(),
            media_type: "application/pdf".to_owned(),
            bytes: d.pdf.clone(),
        }],
    };
    let mail = match compose(&draft) {
        Ok(mail) => mail,
        Err(e) => return internal(e.to_string()),
    };
    // From the final dot on, the operator may have it: a crash from there makes the outcome unknown.
    let store = app.store.clone();
    let (id, attempt) = (order.id, order.attempt);
    let before_dot = move || async move { store.mark_in_doubt(id, attempt).await.map_err(|e| e.to_string()) };
    let sent = mss.client.send_marked(&mail, &config.address, &[&address], &mss.deadlines, before_dot).await;
    match sent {
        Ok(receipt) => {
            Outcome::Delivered { receipt: format!("{} {}", receipt.reply.code, receipt.reply.text) }
        }
        Err(e) => smtp_error(&e, &address),
    }
}

fn smtp_words(e: &SmtpError) -> String {
    if let Some(reply) = &e.reply {
        return format!("« {} {} »", reply.code, reply.text);
    }
    match &e.kind {
        SmtpErrorKind::Security(SecurityCause::NoStartTls) => {
            "l'opérateur n'offre pas de connexion chiffrée".into()
        }
        SmtpErrorKind::Security(SecurityCause::PeerCertificate(why))
            if why.to_lowercase().contains("expired") =>
        {
            "certificat de l'opérateur expiré".into()
        }
        SmtpErrorKind::Security(SecurityCause::PeerCertificate(why)) => {
            format!("certificat de l'opérateur refusé : {why}")
        }
        SmtpErrorKind::Security(SecurityCause::OwnCertificate(why)) => {
            format!("notre certificat est refusé : {why}")
        }
        SmtpErrorKind::UnknownOutcome => "connexion coupée après l'envoi, avant la réponse".into(),
        SmtpErrorKind::Temporary => "l'opérateur ne répond pas".into(),
        _ => e.detail.clone(),
    }
}

fn smtp_error(e: &SmtpError, address: &str) -> Outcome {
    let words = smtp_words(e);
    let transport = e.reply.is_none();
    match &e.kind {
        SmtpErrorKind::Temporary => Outcome::Retry { words, transport },
        SmtpErrorKind::UnknownOutcome => Outcome::Unknown { words },
        SmtpErrorKind::Authentication | SmtpErrorKind::Security(SecurityCause::OwnCertificate(_)) => {
            Outcome::Suspend { words }
        }
        // An operator whose certificate expired, or who fails to secure the line, is out of order: trials go on.
        SmtpErrorKind::Security(_) => Outcome::Retry { words, transport: true },
        SmtpErrorKind::Permanent(PermanentCause::UnknownMailbox) => Outcome::Parked {
            reason: Reason::UnknownMailbox { address: address.to_owned(), words: words.clone() },
            words,
        },
        SmtpErrorKind::Permanent(cause) => {
            let code = match (cause, &e.reply) {
                (_, Some(r)) => r.code.to_string(),
                (PermanentCause::TooLarge, None) => "trop grand".to_owned(),
                (_, None) => String::new(),
            };
            Outcome::Parked { reason: Reason::Refused { code, words: words.clone() }, words }
        }
    }
}
