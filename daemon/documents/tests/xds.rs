//! Metadata against the published schema, the derived example, and the faults a receiver would refuse.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests

mod golden;
mod support;

use paillasse_documents::xds::write::xml_document;
use paillasse_documents::xds::*;
use paillasse_shared::domain::identity::InsOid;
use paillasse_xml::{Element, Node};
use support::{derived_lot, dmp_lot, python_lxml, reference};

/// The tree without white space between elements, attributes sorted.
fn normal(element: &Element) -> Element {
    let mut e = element.clone();
    e.attributes.sort_by(|a, b| (&a.ns, &a.name).cmp(&(&b.ns, &b.name)));
    e.nodes = element
        .nodes
        .iter()
        .filter_map(|n| match n {
            Node::Element(c) => Some(Node::Element(normal(c))),
            Node::Text(t) if t.trim().is_empty() => None,
            Node::Text(t) => Some(Node::Text(t.clone())),
        })
        .collect();
    e
}

fn validate(xml: &str) -> Option<()> {
    let xsd = reference("xds/xsd/ebRS30/lcm.xsd")?;
    let script = format!(
        "import sys,lxml.etree as e\ns=e.XMLSchema(e.parse({:?}))\ns.assertValid(e.fromstring(sys.stdin.buffer.read()))",
        xsd.to_str()?
    );
    let result = python_lxml(&script, xml.as_bytes())?;
    assert_eq!(result.as_ref().err(), None, "{xml}");
    Some(())
}

#[test]
fn metadata_equal_the_derived_example_object_by_object() {
    let Some(path) = reference("xds/derived_xdm/METADATA.XML") else { return };
    let theirs = paillasse_xml::parse(&std::fs::read(path).unwrap()).unwrap();
    let ours = xml_document(&submit_objects_request(&derived_lot(None)));
    let ours = paillasse_xml::parse(ours.as_bytes()).unwrap();
    assert_eq!(normal(&ours), normal(&theirs));
}

#[test]
fn every_request_we_write_validates_against_the_schema() {
    let mut lot = dmp_lot(b"<cda/>", b"<Signature/>");
    lot.set.comments = Some("annule & remplace <v1> \"2\"".into());
    lot.documents[0].comments = Some("commentaire".into());
    lot.documents[0].reference_ids.push(ReferenceId {
        id: "D-2024-0001".into(),
        authority: "1.2.250.1.999".into(),
        kind: "urn:ihe:iti:xds:2013:order".into(),
    });
    let old = EntryUuid::parse("urn:uuid:fe5287a2-ae6a-11eb-8f5d-0050569e422e").unwrap();
    lot.replacements.push(Replacement { document: "Document01".into(), replaced: old.clone() });
    validate(&submit_objects_request(&lot));
    validate(&submit_objects_request(&derived_lot(None)));
    validate(&status_update_request(
        &lot.set,
        &old,
        AvailabilityStatus::Approved,
        AvailabilityStatus::Deleted,
    ));
}

#[test]
fn dmp_21_a_replacing_lot_for_the_dmp_has_its_signature_and_associations() {
    let mut lot = dmp_lot(b"<cda/>", b"<Signature/>");
    let old = EntryUuid::parse("urn:uuid:fe5287a2-ae6a-11eb-8f5d-0050569e422e").unwrap();
    lot.replacements.push(Replacement { document: "Document01".into(), replaced: old });
    let root = paillasse_xml::parse(submit_objects_request(&lot).as_bytes()).unwrap();
    let rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
    let associations: Vec<(String, &str, &str)> = root
        .find_all(rim, "Association")
        .into_iter()
        .map(|a| {
            let kind = a.attr("associationType").unwrap().rsplit(':').next().unwrap().to_owned();
            (kind, a.attr("sourceObject").unwrap(), a.attr("targetObject").unwrap())
        })
        .collect();
    assert_eq!(
        associations,
        [
            ("HasMember".to_owned(), "SubmissionSet01", "Document01"),
            ("HasMember".to_owned(), "SubmissionSet01", "Signature01"),
            ("signs".to_owned(), "Signature01", "SubmissionSet01"),
            ("RPLC".to_owned(), "Document01", "urn:uuid:fe5287a2-ae6a-11eb-8f5d-0050569e422e"),
        ]
    );
    let entry = root
        .find_all(rim, "ExtrinsicObject")
        .into_iter()
        .find(|e| e.attr("id") == Some("Signature01"))
        .unwrap();
    let codes: Vec<&str> =
        entry.children_named(rim, "Classification").filter_map(|c| c.attr("nodeRepresentation")).collect();
    for code in ["E1762", "MASQUE_PS", "INVISIBLE_PATIENT", "1.2.840.10065.1.12.1.14"] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    assert!(!submit_objects_request(&lot).contains("\"URI\""), "no URI slot in TD2.1");
}

/// A change made to a lot.
type Damage = Box<dyn Fn(&mut Lot)>;

const TEST: &[InsOid] = &[InsOid::NirTest, InsOid::NirDemo];
const REAL: &[InsOid] = &[InsOid::Nir, InsOid::Nia];

fn rules(channel: Channel) -> Rules<'static> {
    Rules { channel, authorities: TEST, structures: &[], cda_patient: None, allow_hidden_from_all: false }
}

#[test]
fn a_sound_lot_passes_and_each_damage_is_named() {
    let (cda, signature) = (b"<cda/>".as_slice(), b"<Signature/>".as_slice());
    let sound = dmp_lot(cda, signature);
    let contents = [cda, signature];
    let structures = ["1120459876".to_owned()];
    let dmp = Rules { structures: &structures, ..rules(Channel::Dmp) };
    assert_eq!(check(&sound, &contents, &dmp), []);
    let mail = derived_lot(Some(cda));
    assert_eq!(check(&mail, &[cda], &rules(Channel::Xdm)), []);

    let doc = || "Document01".to_owned();
    let cases: Vec<(Damage, MetadataError)> = vec![
        (
            Box::new(|l| l.documents[0].unique_id = "1.2.250^7".into()),
            MetadataError::Oid { field: "Document01 uniqueId".into() },
        ),
        (
            Box::new(|l| l.set.source_id = format!("1.2.{}", "3".repeat(61))),
            MetadataError::Oid { field: "sourceId".into() },
        ),
        (Box::new(|l| l.documents[0].patient_id.id = "1".into()), MetadataError::Patient { field: doc() }),
        (
            Box::new(|l| {
                l.set.patient_id.authority = "1.2.250.1.213.1.4.8".into();
                l.documents[0].patient_id = l.set.patient_id.clone();
                if let Some(s) = &mut l.signature {
                    s.patient_id = l.set.patient_id.clone();
                }
            }),
            MetadataError::InsEnvironment { oid: "1.2.250.1.213.1.4.8".into() },
        ),
        (
            Box::new(|l| {
                l.documents[0].service_start =
                    l.documents[0].service_stop + jiff::SignedDuration::from_secs(1)
            }),
            MetadataError::Times { field: "Document01 service".into() },
        ),
        (Box::new(|l| l.documents[0].language = "en".into()), MetadataError::Language { symbol: doc() }),
        (Box::new(|l| l.documents[0].class_code.code = "11".into()), MetadataError::Codes { symbol: doc() }),
        (
            Box::new(|l| {
                let v = Visibility {
                    masked_to_professionals: true,
                    invisible_to_patient: true,
                    ..Default::default()
                };
                l.documents[0].confidentiality = v.codes();
            }),
            MetadataError::Confidentiality { symbol: doc() },
        ),
        (
            Box::new(|l| l.documents[0].confidentiality.clear()),
            MetadataError::Confidentiality { symbol: doc() },
        ),
        (
            Box::new(|l| {
                if let Some(i) = &mut l.documents[0].authors[0].institution {
                    i.id = "1999999999".into();
                }
            }),
            MetadataError::Structure { id: "1999999999".into() },
        ),
        (Box::new(|l| l.documents[0].authors.clear()), MetadataError::Author { field: doc() }),
        (Box::new(|l| l.documents[0].size += 1), MetadataError::Content { symbol: doc() }),
        (Box::new(|l| l.documents[0].hash = "0".repeat(40)), MetadataError::Content { symbol: doc() }),
        (Box::new(|l| l.documents[0].title = "x".repeat(129)), MetadataError::Title { symbol: doc() }),
        (
            Box::new(|l| l.documents[0].uri = Some("DOC00001.XML".into())),
            MetadataError::Uri { symbol: doc() },
        ),
        (
            Box::new(|l| l.set.unique_id = l.documents[0].unique_id.clone()),
            MetadataError::Duplicate { id: "1.2.250.1.213.1.1.1.55.2024.9.1".into() },
        ),
    ];
    for (damage, expected) in cases {
        let mut lot = sound.clone();
        damage(&mut lot);
        assert_eq!(check(&lot, &contents, &dmp), [expected]);
    }
    let production = Rules { authorities: REAL, ..dmp.clone() };
    assert_eq!(
        check(&sound, &contents, &production),
        [MetadataError::InsEnvironment { oid: "1.2.250.1.213.1.4.10".into() }]
    );
    let other = PatientId { id: "1".into(), ..support::patient() };
    let cda_of_another = Rules { cda_patient: Some(&other), ..dmp.clone() };
    assert_eq!(check(&sound, &contents, &cda_of_another), [MetadataError::Patient { field: "CDA".into() }]);
    assert_eq!(check(&mail, &[cda], &dmp), [MetadataError::Signature, MetadataError::Uri { symbol: doc() }]);
}

#[test]
fn dmp_04_without_an_ins_nothing_goes_to_the_dmp_but_a_mail_may_leave() {
    let local = PatientId { id: "42".into(), authority: "1.2.250.1.999".into(), kind: PatientIdKind::Local };
    let with_local = |mut lot: Lot| {
        lot.set.patient_id = local.clone();
        lot.documents[0].patient_id = local.clone();
        if let Some(s) = &mut lot.signature {
            s.patient_id = local.clone();
        }
        lot
    };
    let cda = b"<cda/>".as_slice();
    let dmp = with_local(dmp_lot(cda, b"<S/>"));
    assert_eq!(check(&dmp, &[cda, b"<S/>"], &rules(Channel::Dmp)), [MetadataError::NoIns]);
    let mail = with_local(derived_lot(Some(cda)));
    assert_eq!(check(&mail, &[cda], &rules(Channel::Xdm)), []);
}

#[test]
fn what_we_write_is_read_back_by_our_reader() {
    let lot = derived_lot(Some(b"<cda/>"));
    let set = read_metadata(xml_document(&submit_objects_request(&lot)).as_bytes()).unwrap();
    assert_eq!((set.unique_id, set.source_id), (lot.set.unique_id, lot.set.source_id));
    assert_eq!(set.patient_id, support::patient());
    let (read, sent) = (&set.entries[0], &lot.documents[0]);
    assert_eq!(read.unique_id, sent.unique_id);
    assert_eq!((read.uri.as_deref(), read.size), (Some("DOC00001.XML"), Some(6)));
    assert_eq!(read.hash.as_deref(), Some(sent.hash.as_str()));
    assert_eq!(read.type_code.as_ref().map(|c| c.code.as_str()), Some("11502-2"));
    assert_eq!(read.source_patient_info.len(), 4);
    assert_eq!(read.author_persons, [support::biologist().xcn()]);
}

#[test]
fn foreign_metadata_are_read_or_refused_for_a_reason() {
    if let Some(path) = reference("xds/ipf_SubmitObjectsRequest_ebrs30.xml") {
        // Its patient scheme holds a stray space: without it the file is read.
        let foreign = std::fs::read_to_string(path).unwrap();
        assert_eq!(read_metadata(foreign.as_bytes()).unwrap_err(), ReadError::Missing("patientId"));
        let repaired = foreign.replace("- ", "-");
        assert_eq!(read_metadata(repaired.as_bytes()).map(|s| s.entries.len()), Ok(1));
    }
    let sound = submit_objects_request(&derived_lot(None));
    let error = |xml: String| read_metadata(xml.as_bytes()).unwrap_err();
    assert!(matches!(error("<a>".into()), ReadError::Xml(_)));
    assert!(matches!(error(format!("<!DOCTYPE a SYSTEM 'x'>{sound}")), ReadError::Xml(_)));
    assert_eq!(error("<a/>".into()), ReadError::Shape);
    assert_eq!(error(sound.replace("classificationNode", "other")), ReadError::Shape);
    let others = sound.replacen("279035121518989^^^", "123^^^", 1);
    assert_eq!(error(others), ReadError::SeveralPatients);
    assert_eq!(error(sound.replace("135156", "-1")), ReadError::Missing("size"));
    assert_eq!(error(sound.replace("6b5aea1a", "00000000")), ReadError::Missing("patientId"));
}

/// Attribute of the first element of that name in the CDA.
fn cda_attr(cda: &Element, name: &str, attribute: &str) -> String {
    cda.find("urn:hl7-org:v3", name).and_then(|e| e.attr(attribute)).unwrap_or_default().to_owned()
}

#[test]
fn metadata_of_a_report_say_what_its_cda_says_and_pass_every_check() {
    let report = golden::serology_report();
    let pdf = paillasse_documents::pdf::build(&report).unwrap();
    let cda = paillasse_documents::cda::build(&report, &pdf).unwrap();
    let context = EntryContext {
        symbol: "Document01",
        uri: None,
        visibility: Visibility::default(),
        cda: cda.as_slice(),
    };
    let entry = entry_from_report(&report, &context).unwrap();
    let read = paillasse_xml::parse(&cda).unwrap();
    assert_eq!(entry.unique_id, cda_attr(&read, "id", "root"));
    assert_eq!(entry.type_code.code, cda_attr(&read, "code", "code"));
    assert_eq!(entry.title, read.child_text("urn:hl7-org:v3", "title").unwrap());
    assert_eq!(entry.language, cda_attr(&read, "languageCode", "code"));
    let created = cda_attr(&read, "effectiveTime", "value");
    let local = jiff::fmt::strtime::parse("%Y%m%d%H%M%S%z", &created).unwrap().to_timestamp().unwrap();
    assert_eq!(entry.creation_time, local, "same instant, UTC against local");
    let role = read.find("urn:hl7-org:v3", "patientRole").unwrap();
    let ids: Vec<(&str, &str)> = role
        .children_named("urn:hl7-org:v3", "id")
        .map(|i| (i.attr("extension").unwrap_or_default(), i.attr("root").unwrap_or_default()))
        .collect();
    assert!(
        ids.contains(&(entry.patient_id.id.as_str(), entry.patient_id.authority.as_str())),
        "INS of the CDA"
    );
    assert!(ids.contains(&(entry.source_patient_id.id.as_str(), entry.source_patient_id.authority.as_str())));
    let events = read.find_all("urn:hl7-org:v3", "serviceEvent");
    let codes: Vec<&str> = events
        .iter()
        .filter_map(|e| e.child("urn:hl7-org:v3", "code"))
        .filter_map(|c| c.attr("code"))
        .collect();
    assert_eq!(entry.event_codes.iter().map(|c| c.code.as_str()).collect::<Vec<_>>(), codes);
}

#[test]
fn metadata_of_every_golden_report_pass_the_checks_of_their_channel_and_the_schema() {
    for (name, report) in golden::all() {
        let real = report.patient.ins.as_ref().is_some_and(|ins| !ins.oid.is_test());
        let authorities = if real { REAL } else { TEST };
        let channel = if report.patient.ins.is_some() { Channel::Dmp } else { Channel::Xdm };
        let uri = (channel == Channel::Xdm).then_some("DOC00001.XML");
        let cda = b"<ClinicalDocument/>".as_slice();
        let context = EntryContext { symbol: "Document01", uri, visibility: Visibility::default(), cda };
        let entry = entry_from_report(&report, &context).unwrap();
        let set = set_for_entry(
            &entry,
            SetContext {
                submission_time: entry.creation_time + jiff::SignedDuration::from_secs(60),
                source_id: golden::LAB_ARC.into(),
                unique_id: format!("{}.4.1", golden::LAB_ARC),
                content_type: Code::content_type_biology(),
            },
        )
        .unwrap();
        let signature = (channel == Channel::Dmp)
            .then(|| signature_entry(&set, &entry, &format!("{}.5.1", golden::LAB_ARC), b"<S/>"));
        let lot = Lot { set, documents: vec![entry], signature, replacements: vec![] };
        let patient = patient_id(&report);
        let structure = [format!("1{}", report.laboratory.finess)];
        let rules =
            Rules { authorities, structures: &structure, cda_patient: Some(&patient), ..rules(channel) };
        assert_eq!(check(&lot, &[cda, b"<S/>"], &rules), [], "{name}");
        validate(&submit_objects_request(&lot));
    }
}

#[test]
fn mss_04_without_a_qualified_identity_the_metadata_hold_the_local_number_only() {
    let mut report = golden::unqualified_report();
    let context = EntryContext {
        symbol: "Document01",
        uri: Some("DOC00001.XML"),
        visibility: Visibility::default(),
        cda: b"",
    };
    let entry = entry_from_report(&report, &context).unwrap();
    assert_eq!(entry.patient_id.kind, PatientIdKind::Local);
    assert_eq!(entry.patient_id.id, report.patient.local_id.extension);
    report.responsible.national_id = None;
    assert!(entry_from_report(&report, &context).is_err(), "no legal authenticator without an identifier");
}
