//! Samples of the contract, the grammar's corners, and two independent readers as referees.

use super::*;
use base64::Engine as _;
use jiff::civil::date;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder of the reference samples, beside the checkout; absent on a machine that has only the repository.
fn samples() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/hl7v2");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the reference samples are not beside this checkout");
    None
}

fn sample(name: &str) -> Option<Vec<u8>> {
    samples().map(|folder| std::fs::read(folder.join(name)).unwrap())
}

fn stamp() -> AckStamp<'static> {
    AckStamp { control_id: "PA-1", time: date(2026, 5, 18).at(9, 30, 5, 0) }
}

fn oru(body: &str) -> Vec<u8> {
    format!("MSH|^~\\&|A|B|C|D|20260518093000||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1\rOBR|1|P1|F1|X\r{body}")
        .into_bytes()
}

fn first(body: &str) -> Observation {
    let results = read_results(&oru(body)).unwrap();
    results.groups[0].observations[0].clone()
}

#[test]
fn lab_03_middleware_results_are_read_with_instrument_and_time() {
    let Some(bytes) = sample("synth_oru_r01_middleware.hl7") else { return };
    let results = read_results(&bytes).unwrap();
    assert_eq!(results.header.idempotency_key(), ("MIDDLEWARE", "LBM-TEST", "MW-0005"));
    assert_eq!(results.header.processing, ProcessingId::Production);
    assert_eq!(results.patients[0].family_name.as_deref(), Some("ESSAI"));
    assert_eq!(results.patients[0].identifiers[0].kind, "PI");
    assert_eq!(results.patients[0].birth_date.as_ref().unwrap().date, Some(date(1992, 12, 3)));
    let group = &results.groups[0];
    assert_eq!(group.order.placer.as_deref(), Some("DEM260518001"));
    assert_eq!(results.specimen_ids(group), ["26051800123", "DEM260518001"]);
    assert!(results.enters_dossier(group));
    let specimen = &results.specimens[group.specimen.unwrap()];
    assert_eq!(specimen.role, SpecimenRole::Unstated);
    assert_eq!(specimen.kind.as_ref().unwrap().code, "SER");
    assert_eq!(specimen.collected.as_ref().unwrap().local, Some(date(2026, 5, 18).at(7, 55, 0, 0)));
    assert_eq!(group.observations.len(), 3);
    let sodium = &group.observations[0];
    assert_eq!(sodium.code.local.as_ref().unwrap().code, "NA");
    assert_eq!(sodium.code.loinc.as_ref().unwrap().code, "2951-2");
    assert_eq!(sodium.value, ObservedValue::Number { comparator: None, number: "128".into() });
    assert_eq!(sodium.unit, Some(Unit { code: "mmol/L".into(), is_ucum: true }));
    assert_eq!(sodium.range.as_deref(), Some("136 - 145"));
    assert_eq!(sodium.instruments[0].id, "AU5800-1");
    assert_eq!(sodium.operator.as_deref(), Some("TECH1"));
    assert_eq!(sodium.analysed.as_ref().unwrap().local, Some(date(2026, 5, 18).at(8, 35, 12, 0)));
    assert_eq!(sodium.status, DeclaredStatus::Final);
    let potassium = &group.observations[1];
    assert_eq!(potassium.flags[0].code, "HH");
    assert_eq!(potassium.notes, ["Serum hemolyse H=2"]);
    let creatinine = &group.observations[2];
    assert_eq!(
        creatinine.value,
        ObservedValue::Number { comparator: Some(Comparator::Less), number: "18".into() }
    );
    assert!(creatinine.notes.is_empty());
    assert_eq!(results.warnings, []);
}

#[test]
fn lab_03_law_results_belong_to_the_specimen_that_precedes_them() {
    let Some(bytes) = sample("synth_oul_r22_law.hl7") else { return };
    let results = read_results(&bytes).unwrap();
    assert_eq!(results.header.profiles, ["LAB-29"]);
    assert_eq!(results.specimens.len(), 1);
    assert_eq!(results.specimens[0].role, SpecimenRole::Patient);
    assert_eq!(results.specimens[0].ids, ["26051800123"]);
    let group = &results.groups[0];
    assert_eq!(group.order.placer.as_deref(), Some("AWOS-26051800123-CREA"));
    assert_eq!(results.specimen_ids(group), ["26051800123", "AWOS-26051800123-CREA"]);
    let creatinine = &group.observations[0];
    assert!(creatinine.code.local.is_none());
    assert_eq!(creatinine.code.loinc.as_ref().unwrap().code, "14682-9");
    assert_eq!(creatinine.sub_id.as_deref(), Some("1"));
    assert_eq!(creatinine.flags[0].code, "H");
    assert_eq!(creatinine.instruments.len(), 2);
    assert_eq!(creatinine.instruments[1], Instrument { id: "c503".into(), namespace: "Roche".into() });
    assert_eq!(creatinine.analysed.as_ref().unwrap().local, Some(date(2026, 5, 18).at(8, 40, 10, 0)));
}

#[test]
fn a_whole_report_in_base64_is_read() {
    let Some(bytes) = sample("ans_oru_r01_crbio_init_base64.hl7") else { return };
    let results = read_results(&bytes).unwrap();
    let ObservedValue::Data(document) = &results.groups[0].observations[0].value else {
        panic!("no document")
    };
    assert_eq!(
        (document.kind.as_str(), document.subtype.as_str(), document.encoding.as_str()),
        ("TEXT", "XML", "Base64")
    );
    let cda = base64::engine::general_purpose::STANDARD.decode(&document.data).unwrap();
    assert!(cda.starts_with(b"<?xml"));
    let flag = &results.groups[0].observations[1];
    assert_eq!(flag.code.local.as_ref().unwrap().label, "Masqué aux professionnels de Santé");
    let ObservedValue::Coded(no) = &flag.value else { panic!("not coded") };
    assert_eq!(no.local.as_ref().unwrap().code, "N");
}

#[test]
fn every_sample_is_hl7_and_other_messages_are_told_unsupported() {
    let Some(folder) = samples() else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ext| ext == "md") {
            continue;
        }
        seen += 1;
        let bytes = std::fs::read(&path).unwrap();
        let message = Message::parse(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let header = read_header(&message).unwrap();
        match (header.message_type.code.as_str(), read_results(&bytes)) {
            ("ORU" | "OUL", Ok(_)) => {}
            (_, Err(ReadError::Unsupported(unsupported))) => assert_eq!(*unsupported, header),
            (code, outcome) => panic!("{}: {code} gave {outcome:?}", path.display()),
        }
    }
    assert!(seen >= 13, "{seen} samples");
}

/// The same messages through PyPI `hl7` (segments and fields) and `hl7apy` (structure), where they are installed.
#[test]
fn two_python_readers_agree_with_ours() {
    let Some(folder) = samples() else { return };
    let script = r#"
import sys, json
try:
    import hl7
except ImportError:
    print("missing hl7"); sys.exit(0)
raw = open(sys.argv[1], "rb").read().decode("utf-8").replace("\r\n", "\r").replace("\n", "\r").strip("\r")
message = hl7.parse(raw)
print(json.dumps([[str(field) for field in segment] for segment in message]))
"#;
    for name in [
        "synth_oru_r01_middleware.hl7",
        "synth_oul_r22_law.hl7",
        "ans_adt_a01_admission.er7",
        "synth_orm_o01_demande.hl7",
    ] {
        let path = folder.join(name);
        let Ok(output) = Command::new("python3").arg("-c").arg(script).arg(&path).output() else {
            println!("skipped: no python3 on this machine");
            return;
        };
        let text = String::from_utf8(output.stdout).unwrap();
        if text.starts_with("missing") {
            println!("skipped: the Python package hl7 is not installed");
            return;
        }
        let theirs: Vec<Vec<String>> = serde_json_lines(&text);
        let message = Message::parse(&std::fs::read(&path).unwrap()).unwrap();
        let ours: Vec<Segment<'_>> = message.segments().collect();
        assert_eq!(ours.len(), theirs.len(), "{name}: segments");
        for (segment, fields) in ours.iter().zip(&theirs) {
            assert_eq!(segment.name(), fields[0], "{name}");
            for (number, field) in fields.iter().enumerate().skip(1) {
                assert_eq!(segment.field(number).raw(), field, "{name} {}-{number}", segment.name());
            }
        }
    }
}

/// Reads the referee's JSON (a list of lists of strings) without a JSON dependency in this crate.
fn serde_json_lines(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut chars) = (Vec::new(), Vec::new(), text.trim().chars());
    let mut depth = 0;
    while let Some(c) = chars.next() {
        match c {
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                if depth == 1 {
                    rows.push(std::mem::take(&mut row));
                }
            }
            '"' => {
                let mut value = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => match chars.next().unwrap() {
                            'u' => {
                                let hex: String = chars.by_ref().take(4).collect();
                                value.push(char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap());
                            }
                            other => value.push(other),
                        },
                        _ => value.push(c),
                    }
                }
                row.push(value);
            }
            _ => {}
        }
    }
    rows
}

#[test]
fn acknowledgements_satisfy_the_structure_referee() {
    let script = r#"
import sys
try:
    from hl7apy.parser import parse_message
    from hl7apy.validation import Validator
except ImportError:
    print("missing hl7apy"); sys.exit(0)
message = parse_message(sys.stdin.buffer.read().decode("utf-8"))
print("valid" if Validator.validate(message) else "invalid")
print(message.msa.msa_1.to_er7(), message.msa.msa_2.to_er7())
"#;
    let message = Message::parse(&oru("OBX|1|NM|K||4\r")).unwrap();
    let target = AckTarget::from_message(&message);
    let detail = ReadError::Missing { segment: "MSH", field: 10 }.detail();
    for (code, expected) in [(AckCode::Accept, "AA"), (AckCode::Error, "AE")] {
        let bytes = ack(&target, code, Some(&detail), stamp());
        let child = Command::new("python3")
            .args(["-c", script])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            println!("skipped: no python3 on this machine");
            return;
        };
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &bytes).unwrap();
        let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        if text.starts_with("missing") {
            println!("skipped: the Python package hl7apy is not installed");
            return;
        }
        assert_eq!(text.lines().collect::<Vec<_>>(), ["valid", &format!("{expected} 1")]);
    }
}

#[test]
fn delimiters_are_those_of_the_message() {
    let bytes =
        b"MSH#*~!$#A#B#C#D#20260101##ORU*R01*ORU_R01#9#P#2.4\rOBR#1#P##X\rOBX#1#ST#K*Potassium##a!F!b";
    let results = read_results(bytes).unwrap();
    let potassium = &results.groups[0].observations[0];
    assert_eq!(potassium.code.local.as_ref().unwrap().label, "Potassium");
    assert_eq!(potassium.value, ObservedValue::Text("a#b".into()));
    for unusable in [&b"MSH"[..], b"MSH|", b"MSH|||A", b"MSHA^~\\&A", b"MSH|^^\\&|A", b"MSH|\xC3\xA9~\\&|A"] {
        assert_eq!(Message::parse(unusable).unwrap_err(), SyntaxError::Delimiters, "{unusable:?}");
    }
}

#[test]
fn segments_may_end_with_cr_lf_or_both_and_text_keeps_its_line_breaks() {
    let cr = oru("OBX|1|ST|K||ok\rNTE|1||fin\r");
    let expected = read_results(&cr).unwrap();
    for end in ["\n", "\r\n", "\r\r\n"] {
        let other = String::from_utf8(cr.clone()).unwrap().replace('\r', end);
        assert_eq!(read_results(other.as_bytes()).unwrap(), expected, "{end:?}");
    }
    let broken = read_results(&oru("OBX|1|TX|C||première ligne\nseconde, suite|||||F\rNTE|1||fin")).unwrap();
    let comment = &broken.groups[0].observations[0];
    assert_eq!(comment.value, ObservedValue::Text("première ligne\nseconde, suite".into()));
    assert_eq!(comment.notes, ["fin"]);
    assert_eq!(broken.warnings, [Warning::LineBreakInField]);
}

#[test]
fn escapes_are_resolved_and_unknown_ones_kept() {
    let text = |raw: &str| match first(&format!("OBX|1|TX|C||{raw}|||||F")).value {
        ObservedValue::Text(text) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(text(r"a\F\b\S\c\T\d\R\e\E\f"), r"a|b^c&d~e\f");
    assert_eq!(text(r"un\.br\deux"), "un\ndeux");
    assert_eq!(text(r"\XC3A9\t\X41\"), "étA");
    assert_eq!(text(r"\Zinconnu\ 5\6"), r"\Zinconnu\ 5\6");
    assert_eq!(text(r"\H\gras\N\"), "gras");
    let delimiters = Delimiters::default();
    assert_eq!(delimiters.escape("a|b^c&d~e\\f\ng\u{1}"), r"a\F\b\S\c\T\d\R\e\E\f\.br\g");
}

#[test]
fn character_sets_are_read_as_announced_else_guessed() {
    let with = |msh18: &str, name: &[u8]| {
        let mut bytes =
            format!("MSH|^~\\&|A|B|C|D|2026||ORU^R01^ORU_R01|1|P|2.5||||||{msh18}\rPID|1||||").into_bytes();
        bytes.extend_from_slice(name);
        bytes
    };
    let name = |bytes: &[u8]| {
        let results = read_results(bytes).unwrap();
        (results.patients[0].family_name.clone().unwrap(), results.warnings)
    };
    assert_eq!(name(&with("UNICODE UTF-8", "Œdipe".as_bytes())), ("Œdipe".into(), vec![]));
    assert_eq!(name(&with("8859/15", b"\xBCdipe \xA4")), ("Œdipe €".into(), vec![]));
    assert_eq!(name(&with("8859/1", b"Ren\xE9 \xBC")), ("René ¼".into(), vec![]));
    assert_eq!(name(&with("", "Noël".as_bytes())), ("Noël".into(), vec![]));
    assert_eq!(name(&with("", b"No\xEBl")), ("Noël".into(), vec![]));
    assert_eq!(
        name(&with("UNICODE UTF-8", b"No\xEBl")),
        ("Noël".into(), vec![Warning::NotTheAnnouncedCharset])
    );
    assert_eq!(name(&with("ASCII", b"No\xEBl")), ("Noël".into(), vec![Warning::NotTheAnnouncedCharset]));
    assert_eq!(name(&with("JIS X0208", b"NOEL")), ("NOEL".into(), vec![]));
    assert!(matches!(
        read_results(&with("JIS X0208", b"No\xEBl")),
        Err(ReadError::Syntax(SyntaxError::Charset { .. }))
    ));
}

#[test]
fn values_follow_their_declared_type_and_fall_back_to_text() {
    let value = |kind: &str, raw: &str| first(&format!("OBX|1|{kind}|C||{raw}|||||F")).value;
    let number = |comparator, digits: &str| ObservedValue::Number { comparator, number: digits.into() };
    assert_eq!(value("NM", "6.7"), number(None, "6.7"));
    assert_eq!(value("NM", "-0,50"), number(None, "-0.50"));
    assert_eq!(value("NM", ">=100"), number(Some(Comparator::GreaterOrEqual), "100"));
    assert_eq!(value("SN", "<^18"), number(Some(Comparator::Less), "18"));
    assert_eq!(value("SN", "^12"), number(None, "12"));
    let titre = ObservedValue::Pair {
        comparator: None,
        first: Some("1".into()),
        separator: ":".into(),
        second: Some("128".into()),
    };
    assert_eq!(value("SN", "^1^:^128"), titre);
    let grade = ObservedValue::Pair {
        comparator: None,
        first: Some("2".into()),
        separator: "+".into(),
        second: None,
    };
    assert_eq!(value("SN", "^2^+"), grade);
    assert_eq!(value("ST", "≤ 3"), number(Some(Comparator::LessOrEqual), "3"));
    assert_eq!(value("ST", "Absence"), ObservedValue::Text("Absence".into()));
    assert_eq!(value("FT", "un~deux"), ObservedValue::Text("un\ndeux".into()));
    assert_eq!(value("NM", ""), ObservedValue::Absent);
    assert_eq!(value("NM", "\"\""), ObservedValue::Deleted);
    assert!(
        matches!(value("CWE", "POS^Positif^L~NEG^Négatif^L"), ObservedValue::Several(all) if all.len() == 2)
    );
    assert!(matches!(value("TS", "202605180930+0200"), ObservedValue::Time(time) if time.offset.is_some()));
    let odd = read_results(&oru("OBX|1|NM|C||coagulé|||||F")).unwrap();
    assert_eq!(odd.groups[0].observations[0].value, ObservedValue::Text("coagulé".into()));
    assert_eq!(odd.warnings, [Warning::ValueNotOfItsType]);
    for not_a_number in ["1e5", "1.2.3", ".", "--4", "٣", "1 000"] {
        assert_eq!(value("NM", not_a_number), ObservedValue::Text(not_a_number.into()));
    }
}

#[test]
fn times_keep_their_precision_and_their_offset() {
    let paris = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
    let day = Hl7Time::parse("20260518").unwrap();
    assert_eq!((day.date, day.local), (Some(date(2026, 5, 18)), None));
    assert_eq!(day.instant(&paris), None);
    let local = Hl7Time::parse("202605180930").unwrap();
    assert_eq!(local.instant(&paris).unwrap().to_string(), "2026-05-18T07:30:00Z");
    let shifted = Hl7Time::parse("20260518093015.25-0330").unwrap();
    assert_eq!(shifted.instant(&paris).unwrap().to_string(), "2026-05-18T13:00:15.25Z");
    for unreadable in ["2026", "20261340", "hier", "2026051809300", "20260518+02"] {
        let time = Hl7Time::parse(unreadable).unwrap();
        assert_eq!((time.raw.as_str(), time.local), (unreadable, None));
    }
    assert_eq!(Hl7Time::parse("\"\""), None);
}

#[test]
fn quality_control_and_training_never_enter_a_dossier() {
    let law = |role: &str, processing: &str| {
        let bytes = format!(
            "MSH|^~\\&|C|L|S|L|20260518||OUL^R22^OUL_R22|1|{processing}|2.5.1\r\
             SPM|1|LOT-1||SER|||||||{role}\rOBR|1|A\rOBX|1|NM|K||4|||||F\r"
        );
        let results = read_results(bytes.as_bytes()).unwrap();
        results.enters_dossier(&results.groups[0])
    };
    assert!(law("P", "P"));
    assert!(law("", "P"));
    for role in ["Q", "C", "B", "R", "L", "Z", "P~Q", "Q~P"] {
        assert!(!law(role, "P"), "{role}");
    }
    assert!(!law("P", "T"));
    assert!(!law("P", "D"));
    assert!(!law("P", "X"));
}

#[test]
fn each_group_says_whose_and_which_specimen_it_is() {
    let bytes = b"MSH|^~\\&|C|L|S|L|20260518||OUL^R22^OUL_R22|1|P|2.5.1\r\
        PID|||A^^^L^PI\rSPM|1|S1\rOBR|1|O1\rORC|SC|O1|F9\rOBX|1|NM|K||4|||||F\rOBR|2|O2\rOBX|1|NM|NA||140|||||F\r\
        SPM|2|^S2\rSAC|||C2\rOBR|1|O3\rOBX|1|NM|CL||100|||||F\r";
    let results = read_results(bytes).unwrap();
    let ids: Vec<Vec<&str>> = results.groups.iter().map(|group| results.specimen_ids(group)).collect();
    assert_eq!(ids, [vec!["S1", "F9", "O1"], vec!["S1", "O2"], vec!["S2", "C2", "O3"]]);

    let two_people = b"MSH|^~\\&|C|L|S|L|20260518||ORU^R01|1|P|2.5.1\r\
        PID|||A^^^L^PI\rORC|RE|P1|F1\rOBR|1\rOBX|1|NM|K||4|||||F\rSPM|1|T1||SER^Serum\r\
        PID|||B^^^L^PI\rOBR|1|P2|F2\rNTE|1||note\rOBX|1|NM|K||5|||||F\r";
    let results = read_results(two_people).unwrap();
    assert_eq!(results.groups.iter().map(|group| group.patient).collect::<Vec<_>>(), [Some(0), Some(1)]);
    assert_eq!(results.specimen_ids(&results.groups[0]), ["F1", "T1", "P1"]);
    assert_eq!(results.specimens[0].kind.as_ref().unwrap().label, "Serum");
    assert_eq!(results.groups[1].notes, ["note"]);
    assert_eq!(results.warnings, [Warning::StructureMissing]);
}

#[test]
fn what_cannot_be_handled_is_told_with_its_place() {
    let missing = |bytes: &[u8]| read_results(bytes).unwrap_err();
    assert_eq!(
        missing(b"MSH|^~\\&|A|B|C|D|2026||ORU^R01||P|2.5\r"),
        ReadError::Missing { segment: "MSH", field: 10 }
    );
    assert_eq!(
        missing(b"MSH|^~\\&|A|B|C|D|2026|||1|P|2.5\r"),
        ReadError::Missing { segment: "MSH", field: 9 }
    );
    assert!(matches!(missing(b"MSH|^~\\&|A|B|C|D|2026||ORU^R01|1|P|3.0\r"), ReadError::Version { .. }));
    assert_eq!(missing(b" \r\n "), SyntaxError::Empty.into());
    assert_eq!(missing(b"PID|1"), SyntaxError::NoMsh.into());
    let twice = [oru(""), oru("")].concat();
    assert_eq!(missing(&twice), SyntaxError::SeveralMessages.into());
    let wide = oru(&format!("OBX{}", "|".repeat(MAX_FIELDS + 1)));
    assert_eq!(missing(&wide), SyntaxError::TooManyFields { segment: "OBX".into() }.into());
    let long = oru(&"ZZZ|\r".repeat(MAX_SEGMENTS));
    assert_eq!(missing(&long), SyntaxError::TooManySegments.into());
    let huge = vec![b' '; MAX_MESSAGE_BYTES + 1];
    assert_eq!(missing(&huge), SyntaxError::TooLarge { bytes: MAX_MESSAGE_BYTES + 1 }.into());
    let many =
        read_results(&oru(&format!("OBX|1|CE|K||{}|||||F", "a~".repeat(MAX_REPETITIONS + 5)))).unwrap();
    assert_eq!(many.warnings, [Warning::TooManyRepetitions]);
    let orphan = read_results(b"MSH|^~\\&|A|B|C|D|2026||ORU^R01^ORU_R01|1|P|2.5\rOBX|1|NM|||4\r").unwrap();
    assert_eq!(orphan.warnings, [Warning::ObservationWithoutCode, Warning::ObservationWithoutOrder]);
    assert_eq!(orphan.groups[0].observations[0].status, DeclaredStatus::Absent);
}

#[test]
fn an_acknowledgement_mirrors_the_message_it_answers() {
    let request =
        b"MSH|^~\\&|PFI&1.2&ISO|Org|SGL|LBM|2026||MDM^T10^MDM_T02|015|P|2.6|||||FRA|UNICODE UTF-8\r";
    let message = Message::parse(request).unwrap();
    let bytes = ack(&AckTarget::from_message(&message), AckCode::Accept, None, stamp());
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "MSH|^~\\&|SGL|LBM|PFI&1.2&ISO|Org|20260518093005||ACK^T10^ACK|PA-1|P|2.6|||||FRA|UNICODE UTF-8\rMSA|AA|015\r"
    );
    let detail = read_results(b"MSH|^~\\&|A|B|C|D|2026||ORU^R01|7|P|3.0\r").unwrap_err().detail();
    let refused = ack(&AckTarget::from_message(&message), AckCode::Error, Some(&detail), stamp());
    let refused = String::from_utf8(refused).unwrap();
    let err = refused.split('\r').nth(2).unwrap();
    assert!(err.starts_with("ERR||MSH^1^12|203^Unsupported version id^messageErrorCondition|E|"), "{err}");
}

#[test]
fn an_unreadable_message_is_still_answered() {
    let text = |bytes: &[u8]| {
        String::from_utf8(ack(&AckTarget::from_bytes(bytes), AckCode::Error, None, stamp())).unwrap()
    };
    let garbage = text(b"\x00\xFF not hl7");
    assert!(garbage.starts_with("MSH|^~\\&|||||20260518093005||ACK|PA-1|P|2.5\rMSA|AE|\rERR||"), "{garbage}");
    let prefixed = text(b"garbage\nMSH|^~\\&|A|B|C|D|2026||XXX^Y|42|P|2.5||||||JIS\xFF\rPID|\xFF");
    assert!(prefixed.contains("\rMSA|AE|42\r") && prefixed.contains("|C|D|A|B|"), "{prefixed}");
    let several = text(&[oru(""), oru("")].concat());
    assert!(several.contains("\rMSA|AE|1\r"), "{several}");
}

#[test]
fn the_acknowledgement_is_in_the_senders_character_set() {
    let request = b"MSH|^~\\&|A|B\xE9|C|D|2026||ORU^R01|7|P|2.5||||||8859/15\r";
    let detail = ErrDetail {
        location: None,
        condition: ErrorCondition::ApplicationError,
        severity: Severity::Error,
        application: Some(("902".into(), "Patient inconnu".into())),
        text: Some("œuvre | 漢".into()),
    };
    let bytes = ack(&AckTarget::from_bytes(request), AckCode::Error, Some(&detail), stamp());
    assert!(bytes.windows(2).any(|pair| pair == b"B\xE9"));
    assert!(bytes.windows(11).any(|words| words == b"\xBDuvre \\F\\ ?"));
}

/// Near-HL7 bytes: random ones hardly pass the first check, so delimiters and names are frequent.
fn near_hl7() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        Just(b"|".to_vec()),
        Just(b"^".to_vec()),
        Just(b"~".to_vec()),
        Just(b"\\".to_vec()),
        Just(b"&".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\rOBX|1|NM|".to_vec()),
        Just(b"\rOBX|1|SN|a||".to_vec()),
        Just(b"\rSPM|1|".to_vec()),
        Just(b"\rOBR|".to_vec()),
        Just(b"\rNTE|1||".to_vec()),
        Just(b"\rPID|".to_vec()),
        Just(b"\rORC|".to_vec()),
        Just(b"\"\"".to_vec()),
        Just(b"\\X".to_vec()),
        Just(b"\xE9".to_vec()),
        Just("é".as_bytes().to_vec()),
        Just(b"20260518093000+0200".to_vec()),
        Just(b"<".to_vec()),
        Just(b"12".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    let heads = prop_oneof![
        Just(b"MSH|^~\\&|A|B|C|D|2026||ORU^R01|1|P|2.5".to_vec()),
        Just(b"MSH|^~\\&|A|B|C|D|2026||OUL^R22|1|P|2.5".to_vec()),
        Just(b"MSH|".to_vec()),
        Just(Vec::new()),
    ];
    (heads, proptest::collection::vec(token, 0..60)).prop_map(|(head, rest)| [head, rest.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic_and_every_answer_is_hl7(bytes in near_hl7()) {
        let _ = read_results(&bytes);
        let answer = ack(&AckTarget::from_bytes(&bytes), AckCode::Error, None, stamp());
        prop_assert!(Message::parse(&answer).is_ok(), "{:?}", String::from_utf8_lossy(&answer));
    }

    #[test]
    fn escaping_then_reading_gives_the_text_back(text in "[ -~éœ\n]{0,40}") {
        let d = Delimiters::default();
        let escaped = d.escape(&text);
        prop_assert_eq!(d.unescape(&escaped, Charset::Utf8), text);
    }
}
