//! Segments of the message, in the order of the guide (§8.2), fields as in §8.3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paillasse_shared::domain::identity::{InsNature, Sex};
use paillasse_shared::domain::report::{
    EncounterKind, Identifier, Moment, OID_PERSONS, OID_STRUCTURES, Professional, Report, ReportStatus,
};

use super::{Carrier, Envelope, Recipient, Reliability, Request};
use crate::cda::birth_time;
use crate::error::DocumentError;
use crate::hl7::{Charset, Delimiters};
use crate::{DOCUMENT_CODE, DOCUMENT_LABEL, check};

/// System of the instructions (OBX-3.3).
const META: &str = "MetaDMPMSS";

/// Writes the message, every segment ended by CR.
///
/// # Errors
/// [`DocumentError`] naming the first value of the report, or the rule of the envelope, that stands against it.
pub fn write(report: &Report, cda: &[u8], envelope: &Envelope) -> Result<Vec<u8>, DocumentError> {
    check::report(report)?;
    envelope.check(report)?;
    if cda.is_empty() {
        return Err(DocumentError::missing("document CDA du message HL7"));
    }
    let mut m = Out { d: Delimiters::default(), text: String::with_capacity(cda.len() * 4 / 3 + 8192) };
    msh(&mut m, report, envelope);
    if envelope.carrier == Carrier::Mdm {
        let recorded = envelope.at.strftime("%Y%m%d%H%M%S").to_string();
        m.segment("EVN", &[(2, recorded), (6, stamp(report.created_at))]);
    }
    pid(&mut m, report, envelope);
    pv1(&mut m, report);
    orc_obr(&mut m, report, envelope);
    if envelope.carrier == Carrier::Mdm {
        txa(&mut m, report, envelope);
    }
    document(&mut m, cda, envelope);
    participants(&mut m, report, envelope);
    instructions(&mut m, envelope);
    Ok(envelope.charset.encode(&m.text))
}

/// The text under construction.
struct Out {
    d: Delimiters,
    text: String,
}

impl Out {
    /// One segment from its fields by number; what was not given is empty.
    fn segment(&mut self, name: &str, fields: &[(usize, String)]) {
        self.text.push_str(name);
        let last = fields.iter().filter(|f| !f.1.is_empty()).map(|f| f.0).max().unwrap_or(0);
        for number in 1..=last {
            self.text.push(self.d.field);
            for (_, value) in fields.iter().filter(|f| f.0 == number) {
                self.text.push_str(value);
            }
        }
        self.text.push('\r');
    }

    fn word(&self, text: &str) -> String {
        self.d.escape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// Components by number, joined with `^`; values are already escaped.
fn components(parts: &[(usize, &str)]) -> String {
    joined('^', parts)
}

fn joined(separator: char, parts: &[(usize, &str)]) -> String {
    let last = parts.iter().filter(|p| !p.1.is_empty()).map(|p| p.0).max().unwrap_or(0);
    let mut out = String::new();
    for number in 1..=last {
        if number > 1 {
            out.push(separator);
        }
        parts.iter().filter(|p| p.0 == number).for_each(|p| out.push_str(p.1));
    }
    out
}

/// Local time with seconds, without offset: what the published examples of the guide have.
fn stamp(at: Moment) -> String {
    at.local().strftime("%Y%m%d%H%M%S").to_string()
}

fn trigger(request: Request) -> (&'static str, &'static str, &'static str) {
    match request {
        Request::Initial => ("T02", "NW", "F"),
        Request::Replacement => ("T10", "RO", "C"),
        Request::Deletion => ("T04", "CA", "D"),
    }
}

fn msh(m: &mut Out, r: &Report, e: &Envelope) {
    let (kind, version) = match e.carrier {
        Carrier::Oru => ("ORU^R01^ORU_R01".to_owned(), "2.5"),
        Carrier::Mdm => (format!("MDM^{}^MDM_T02", trigger(e.request).0), "2.6"),
    };
    let charset = if e.charset == Charset::Utf8 { "UNICODE UTF-8" } else { "8859/15" };
    m.text.push_str("MSH|");
    let encoding = m.d.encoding_characters();
    m.text.push_str(&encoding);
    // MSH-1 is the separator itself: field 3 is the second after MSH-2.
    let fields = [
        m.word(&e.from.application),
        m.word(&e.from.facility),
        m.word(&e.to.application),
        m.word(&e.to.facility),
        e.at.strftime("%Y%m%d%H%M%S").to_string(),
        String::new(),
        kind,
        m.word(&e.control_id),
        if r.training { "T" } else { "P" }.to_owned(),
        version.to_owned(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        "FRA".to_owned(),
        charset.to_owned(),
        String::new(),
        String::new(),
        "2.1^CISIS_CDA_HL7_V2".to_owned(),
    ];
    for field in fields {
        m.text.push('|');
        m.text.push_str(&field);
    }
    m.text.push('\r');
}

/// `id^^^&oid&ISO^type`.
fn local(m: &Out, id: &Identifier, kind: &str) -> String {
    let authority = format!("&{}&ISO", m.word(&id.root));
    components(&[(1, &m.word(&id.extension)), (4, &authority), (5, kind)])
}

fn pid(m: &mut Out, r: &Report, e: &Envelope) {
    let p = &r.patient;
    let t = &p.traits;
    let mut ids = Vec::new();
    if let Some(ins) = &p.ins {
        let space = match ins.oid.nature() {
            InsNature::Nir => "ASIP-SANTE-INS-NIR",
            InsNature::Nia => "ASIP-SANTE-INS-NIA",
        };
        let authority = format!("{space}&{}&ISO", ins.oid.as_str());
        ids.push(components(&[(1, &ins.matricule.compact()), (4, &authority), (5, "INS")]));
    }
    ids.push(local(m, &p.local_id, "PI"));
    let list = t.given_names.as_ref().map(|l| m.word(l.as_str())).unwrap_or_default();
    let (birth, first) = (m.word(t.birth_name.as_str()), m.word(t.first_name.as_str()));
    let mut names = vec![components(&[(1, &birth), (2, &first), (3, &list), (7, "L")])];
    if p.used.name.is_some() || p.used.first_name.is_some() {
        let family = p.used.name.as_ref().map_or(birth, |n| m.word(n.as_str()));
        let given = p.used.first_name.as_ref().map_or(first, |n| m.word(n.as_str()));
        names.push(components(&[(1, &family), (2, &given), (7, "D")]));
    }
    let mut places = Vec::new();
    if let Some(a) = &p.address {
        let lines = m.word(&a.lines.join(" "));
        let (city, code) = (m.word(&a.city), m.word(&a.postal_code));
        places.push(components(&[(1, &lines), (3, &city), (5, &code), (7, "H")]));
    }
    if let Some(place) = &t.birth_place {
        places.push(components(&[(7, "BDL"), (9, place.as_str())]));
    }
    let sex = match t.sex {
        Sex::F => "F",
        Sex::M => "M",
        Sex::I => "U",
    };
    let phones: Vec<String> = p
        .telecoms
        .iter()
        .filter(|t| t.kind == paillasse_shared::domain::report::TelecomKind::Phone)
        .map(|t| {
            let number: String = t.value.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
            components(&[(2, "PRN"), (3, "PH"), (12, &number)])
        })
        .collect();
    let reliability = match (&p.ins, e.reliability) {
        (Some(_), _) | (None, Reliability::Validated) => "VALI",
        (None, Reliability::Provisional) => "PROV",
    };
    m.segment(
        "PID",
        &[
            (3, ids.join("~")),
            (5, names.join("~")),
            (7, birth_time(&t.birth_date)),
            (8, sex.to_owned()),
            (11, places.join("~")),
            (13, phones.join("~")),
            (32, reliability.to_owned()),
        ],
    );
}

fn pv1(m: &mut Out, r: &Report) {
    let stay = &r.encounter;
    // A venue number is required for these classes (§8.3): without it the class says that none applies.
    let class = match (stay.kind, &stay.id) {
        (_, None) | (None, _) => "N",
        (Some(EncounterKind::Inpatient), _) => "I",
        (Some(EncounterKind::Emergency), _) => "E",
        (Some(EncounterKind::Ambulatory | EncounterKind::Outpatient | EncounterKind::Home), _) => "O",
    };
    let number = stay.id.as_ref().map(|id| local(m, id, "VN")).unwrap_or_default();
    m.segment(
        "PV1",
        &[
            (1, "1".to_owned()),
            (2, class.to_owned()),
            (19, number),
            (44, stay.start.map(stamp).unwrap_or_default()),
            (45, stay.end.map(stamp).unwrap_or_default()),
        ],
    );
}

/// XCN of a professional of the national directory: `id^nom^prénom^^^^^^ASIP-SANTE-PS&…&ISO^D^^^IDNPS`.
fn person(m: &Out, id: &str, family: &str, given: &str) -> String {
    let authority = format!("ASIP-SANTE-PS&{OID_PERSONS}&ISO");
    let national = if id.is_empty() { "" } else { authority.as_str() };
    let kind = if id.is_empty() { "" } else { "IDNPS" };
    components(&[
        (1, &m.word(id)),
        (2, &m.word(family)),
        (3, &m.word(given)),
        (9, national),
        (10, "D"),
        (13, kind),
    ])
}

fn professional(m: &Out, p: &Professional) -> String {
    person(m, p.national_id.as_deref().unwrap_or_default(), &p.family, p.given.as_deref().unwrap_or_default())
}

/// XON of a structure: `nom^^^^^ASIP-SANTE-ST&…&ISO^FINEG^^^id`.
fn structure(m: &Out, name: &str, id: &str) -> String {
    let authority = format!("ASIP-SANTE-ST&{OID_STRUCTURES}&ISO");
    // The type digit of a geographic FINESS is 1; other identifiers keep their general type.
    let kind = if id.starts_with('1') { "FINEG" } else { "IDNST" };
    components(&[(1, &m.word(name)), (6, &authority), (7, kind), (10, &m.word(id))])
}

fn code() -> String {
    format!("{DOCUMENT_CODE}^{DOCUMENT_LABEL}^LN")
}

fn orc_obr(m: &mut Out, r: &Report, e: &Envelope) {
    let placer = r.prescriptions.first().map(|p| m.word(&p.extension)).unwrap_or_default();
    let filler = m.word(&r.request.extension);
    let ordered = r.prescriber.as_ref().map(|p| professional(m, &p.professional)).unwrap_or_default();
    let orc = [
        (1, trigger(e.request).1.to_owned()),
        (2, placer.clone()),
        (3, filler.clone()),
        (9, stamp(r.created_at)),
        (12, ordered.clone()),
    ];
    m.segment("ORC", &orc);
    let status = if r.status == ReportStatus::Partial { "P" } else { "F" };
    let obr = [
        (1, "1".to_owned()),
        (2, placer),
        (3, filler),
        (4, code()),
        (7, stamp(r.service_start)),
        (16, ordered),
        (22, stamp(r.service_end)),
        (25, status.to_owned()),
    ];
    m.segment("OBR", &obr);
}

fn txa(m: &mut Out, r: &Report, e: &Envelope) {
    let parent = match (e.request, &r.replaces) {
        (Request::Replacement, Some(id)) => m.word(id),
        _ => String::new(),
    };
    let signed = professional(m, &r.responsible);
    m.segment(
        "TXA",
        &[
            (1, "1".to_owned()),
            (2, DOCUMENT_CODE.to_owned()),
            (3, "TEXT".to_owned()),
            (4, stamp(r.created_at)),
            (12, m.word(&r.id)),
            (13, parent),
            (17, "AU".to_owned()),
            (22, signed),
        ],
    );
}

fn document(m: &mut Out, cda: &[u8], e: &Envelope) {
    let kind = if e.carrier == Carrier::Oru { "TEXT" } else { "text" };
    let content = format!("^{kind}^XML^Base64^{}", STANDARD.encode(cda));
    let status = trigger(e.request).2.to_owned();
    m.segment("OBX", &[(1, "1".to_owned()), (2, "ED".to_owned()), (3, code()), (5, content), (11, status)]);
}

/// PRT segments: sender, recipients, where to answer.
fn participants(m: &mut Out, r: &Report, e: &Envelope) {
    let role = |code: &str, label: &str| format!("{code}^{label}^participation");
    let lab = structure(m, &r.laboratory.name, &format!("1{}", r.laboratory.finess));
    let sender = professional(m, &r.responsible);
    m.segment("PRT", &[(2, "UC".to_owned()), (4, role("SB", "Send by")), (5, sender), (8, lab)]);
    for recipient in &e.recipients {
        let (person_field, structure_field, address) = match recipient {
            Recipient::Professional { id, family, given, address } => {
                (person(m, id, family, given), String::new(), address)
            }
            Recipient::Structure { id, name, address } => (String::new(), structure(m, name, id), address),
            Recipient::Patient { address, .. } => (patient(m, r), String::new(), address),
        };
        let fields = [
            (2, "UC".to_owned()),
            (4, role("RCT", "Result Copies To")),
            (5, person_field),
            (8, structure_field),
            (15, mailbox(m, address)),
        ];
        m.segment("PRT", &fields);
    }
    if let Some(address) = &e.reply_to {
        let fields = [(2, "UC".to_owned()), (4, role("REPLY", "Reply To")), (15, mailbox(m, address))];
        m.segment("PRT", &fields);
    }
}

fn mailbox(m: &Out, address: &str) -> String {
    components(&[(3, "X.400"), (4, &m.word(address))])
}

/// XCN of the patient, known by the INS alone.
fn patient(m: &Out, r: &Report) -> String {
    let Some(ins) = &r.patient.ins else { return String::new() };
    let authority = format!("&{}&ISO", ins.oid.as_str());
    let t = &r.patient.traits;
    let (family, given) = (m.word(t.birth_name.as_str()), m.word(t.first_name.as_str()));
    components(&[
        (1, &ins.matricule.compact()),
        (2, &family),
        (3, &given),
        (9, &authority),
        (10, "L"),
        (13, "INS"),
    ])
}

fn instructions(m: &mut Out, e: &Envelope) {
    let i = &e.instructions;
    let to_professionals = e.recipients.iter().any(|r| !matches!(r, Recipient::Patient { .. }));
    let patient = e.recipients.iter().find_map(|r| match r {
        Recipient::Patient { may_reply, .. } => Some(*may_reply),
        _ => None,
    });
    let flags = [
        ("MASQUE_PS", "Masqué aux professionnels de Santé", i.visibility.masked_to_professionals),
        ("INVISIBLE_PATIENT", "Document Non Visible par le patient", i.visibility.invisible_to_patient),
        (
            "INVISIBLE_REP_LEGAUX",
            "Non visible par les représentants Légaux du patient",
            i.visibility.invisible_to_representatives,
        ),
        ("CONNEXION_SECRETE", "Connexion Secrete", i.secret),
        ("MODIF_CONF_CODE", "Modification Confidentiality Code", i.changes_visibility),
        ("DESTDMP", "Destinataire DMP", i.dmp),
        (
            "DESTMSSANTEPS",
            "Destinataire (Professionnel de Santé, organisation ou BAL applicative)",
            to_professionals,
        ),
        ("DESTMSSANTEPAT", "Destinataire Patient", patient.is_some()),
        ("ACK_RECEPTION", "Accusé de réception", i.acknowledge_reception),
        ("ACK_LECTURE_MSS", "Accusé de lecture", i.acknowledge_reading),
    ];
    let kind = if e.carrier == Carrier::Oru { "CE" } else { "CWE" };
    let mut number = 1;
    for (name, label, yes) in flags {
        number += 1;
        let value = format!("{}^^expandedYes-NoIndicator", if yes { "Y" } else { "N" });
        let fields = [
            (1, number.to_string()),
            (2, kind.to_owned()),
            (3, format!("{name}^{}^{META}", m.word(label))),
            (5, value),
            (11, "F".to_owned()),
        ];
        m.segment("OBX", &fields);
        if name == "DESTMSSANTEPAT" && patient == Some(false) {
            m.segment("NTE", &[(1, "1".to_owned()), (4, "FIN".to_owned())]);
        }
    }
    let mails = [
        ("CORPSMAIL_PS", "Corps du mail pour un PS", &i.mail_to_professionals),
        ("CORPSMAIL_PATIENT", "Corps du mail pour le patient", &i.mail_to_patient),
    ];
    let word = if e.carrier == Carrier::Oru { "TEXT" } else { "text" };
    for (name, label, text) in mails {
        let Some(text) = text else { continue };
        number += 1;
        let fields = [
            (1, number.to_string()),
            (2, "ED".to_owned()),
            (3, format!("{name}^{}^{META}", m.word(label))),
            (5, format!("^{word}^^Base64^{}", STANDARD.encode(text))),
            (11, "F".to_owned()),
        ];
        m.segment("OBX", &fields);
    }
}
