//! HPRIM Santé and HPRIM Médecin: golden files, what comes back, a second reader, and what must be refused.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod golden;
mod support;

use std::path::PathBuf;

use golden::*;
use paillasse_documents::hprim::{HprimError, LINE, medecin, sante};
use paillasse_documents::pdf;
use paillasse_shared::domain::report::*;

fn party(code: &str, name: &str) -> sante::Party {
    sante::Party { code: code.into(), name: name.into() }
}

fn settings() -> sante::Settings<'static> {
    sante::Settings {
        file: "LABT0001.HPR",
        sender: party("LABTEST", "LBM de démonstration"),
        receiver: party("CLIN01", "Clinique d'essai"),
        requester_patient: Some("IPP000102"),
        readable_text: false,
        pdf: None,
    }
}

fn doctor() -> (medecin::Party, medecin::Party) {
    let party = |code: &str, label: &str| medecin::Party { code: code.into(), label: label.into() };
    (party("LABTEST", "Laboratoire de démonstration"), party("DRMODELE", "Dr Paul MODELE"))
}

/// Compares with a file of the repository; `PAILLASSE_WRITE=1` writes it instead.
fn golden_file(name: &str, bytes: &[u8]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/hprim").join(name);
    if std::env::var_os("PAILLASSE_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let kept = std::fs::read(&path).unwrap_or_default();
    assert!(kept == bytes, "{name} differs; PAILLASSE_WRITE=1 writes it again");
}

/// Every result of a report that has a value, with the label it is printed under.
fn done(report: &Report) -> Vec<(String, ResultItem)> {
    let mut out = Vec::new();
    let mut push = |items: &[ResultItem]| {
        let done = items.iter().filter(|i| matches!(i.outcome, Outcome::Done(_)));
        out.extend(done.map(|i| (i.label.clone(), i.clone())));
    };
    for block in report.chapters.iter().flat_map(|c| &c.sub_chapters).flat_map(|s| &s.blocks) {
        match block {
            Block::Result(i) => push(std::slice::from_ref(i)),
            Block::Battery(b) => push(&b.results),
            Block::Isolate(i) => {
                push(&i.results);
                i.antibiograms.iter().for_each(|b| push(&b.results));
            }
            Block::Image(_) => {}
        }
    }
    out
}

#[test]
fn hprim_sante_golden_files() {
    golden_file("ionogramme.hpr", &sante::write(&ionogram_report(), &settings()).unwrap());
    golden_file("ecbu.hpr", &sante::write(&urine_report(), &settings()).unwrap());
    golden_file("partiel.hpr", &sante::write(&partial_report(), &settings()).unwrap());
}

#[test]
fn hprim_medecin_golden_file() {
    let (from, to) = doctor();
    golden_file("lipides.txt", &medecin::write(&lipids_report(), &from, &to).unwrap());
}

#[test]
fn hprim_sante_every_report_comes_back_with_its_values() {
    for (name, report) in all() {
        let bytes = sante::write(&report, &settings()).unwrap();
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            assert!(line.len() <= LINE && line.ends_with(b"\r\n"), "{name}: {} bytes", line.len());
            assert!(!line.ends_with(b"|\r\n") || line.starts_with(b"A|"), "{name}: trailing delimiter");
        }
        let read = sante::read(&bytes).unwrap();
        assert!(read.remarks.is_empty(), "{name}: {:?}", read.remarks);
        let patient = &read.patients[0];
        assert_eq!(patient.birth_name.as_deref(), Some(report.patient.traits.birth_name.as_str()));
        assert_eq!(patient.laboratory_id.as_deref(), Some(report.patient.local_id.extension.as_str()));
        assert_eq!(patient.ins_raw, None, "{name}: no rule carries the INS in this format");
        assert_eq!(read.processing, if report.training { 'T' } else { 'P' }, "{name}");
        let lines: Vec<&sante::Line> = patient.requests.iter().flat_map(|r| &r.results).collect();
        for (label, item) in done(&report) {
            let Outcome::Done(value) = &item.outcome else { unreachable!() };
            let expected = |l: &&sante::Line| match (value, &l.value) {
                (ReportedValue::Numeric { comparator: None, value, .. }, sante::Value::Number(n)) => {
                    value.as_str() == n
                }
                (ReportedValue::Numeric { comparator: Some(_), value, .. }, sante::Value::Short(n)) => {
                    n.trim_start_matches(['<', '>', '=']) == value.as_str() && n.starts_with(['<', '>'])
                }
                (ReportedValue::Interval { low, high, .. }, sante::Value::Short(n)) => {
                    *n == format!("{} - {}", low.as_str(), high.as_str())
                }
                (ReportedValue::Titre { numerator, denominator }, sante::Value::Short(n)) => {
                    *n == format!("{}/{}", numerator.as_str(), denominator.as_str())
                }
                (ReportedValue::Coded { code, text }, sante::Value::Coded(c)) => {
                    c.code == code.code && c.label == *text
                }
                (ReportedValue::Text(_), sante::Value::Text(t)) => !t.is_empty(),
                _ => false,
            };
            let same_place = |l: &&&sante::Line| match &item.code.loinc {
                Some(loinc) => l.second.as_ref().is_some_and(|c| c.code == loinc.code && c.table == "LN"),
                None => l.test.code == item.code.local.as_ref().unwrap().code,
            };
            let found = lines.iter().filter(same_place).find(|l| expected(l));
            let found = found.unwrap_or_else(|| panic!("{name}: {label} lost"));
            assert_eq!(found.status, 'F');
            if let Some(range) = &item.reference {
                let text = |b: &Option<paillasse_shared::domain::result::Decimal>| {
                    b.as_ref().map(|d| d.as_str().to_owned())
                };
                assert_eq!(found.normals, (text(&range.low), text(&range.high)), "{name}: {label}");
            }
        }
    }
}

#[test]
fn hprim_sante_the_antibiogram_stays_with_its_isolate() {
    let read = sante::read(&sante::write(&urine_report(), &settings()).unwrap()).unwrap();
    let lines = &read.patients[0].requests[0].results;
    let germ = lines.iter().find(|l| matches!(&l.value, sante::Value::Coded(c) if c.table == "SCT")).unwrap();
    let tested: Vec<_> = lines.iter().filter(|l| l.flags == ["R"] || l.flags == ["S"]).collect();
    assert_eq!(tested.len(), 3);
    assert!(tested.iter().all(|l| l.group == germ.group && l.sub_id == germ.sub_id && germ.group.is_some()));
}

#[test]
fn hprim_sante_what_is_awaited_or_not_done_holds_no_value_and_says_why() {
    let read = sante::read(&sante::write(&partial_report(), &settings()).unwrap()).unwrap();
    assert_eq!(read.patients[0].requests[0].status, Some('M'));
    let lines: Vec<_> = read.patients[0].requests.iter().flat_map(|r| &r.results).collect();
    let refused = lines.iter().find(|l| l.test.label == "Potassium").unwrap();
    assert_eq!((refused.status, &refused.value), ('X', &sante::Value::None));
    assert_eq!(refused.comments, ["échantillon hémolysé"]);
    let awaited = lines.iter().find(|l| l.test.label == "TSH").unwrap();
    assert_eq!((awaited.status, &awaited.value), ('I', &sante::Value::None));
    assert_eq!(awaited.normals, (None, None), "bounds without a unit mislead");
}

#[test]
fn hprim_sante_carries_the_text_and_the_pdf_over_continuation_lines() {
    let report = training_report();
    let pdf = pdf::build(&report).unwrap();
    let settings = sante::Settings { readable_text: true, pdf: Some(&pdf), ..settings() };
    let bytes = sante::write(&report, &settings).unwrap();
    assert!(bytes.split(|b| *b == b'\n').filter(|l| l.starts_with(b"A|")).count() > 100);
    let read = sante::read(&bytes).unwrap();
    let lines: Vec<_> = read.patients[0].requests.iter().flat_map(|r| &r.results).collect();
    let sante::Value::File { kind, base64 } = &lines.last().unwrap().value else { panic!("no file") };
    use base64::Engine as _;
    assert_eq!(kind, "PDF");
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(base64).unwrap(), pdf);
    let text = lines.iter().find(|l| l.test.code == "CREDITABLE").unwrap();
    let sante::Value::Text(text) = &text.value else { panic!("no text") };
    assert!(
        text.lines().count() > 10 && text.contains("rapport > 2 ; bêta-lactamines évitées, 10*-3"),
        "{text}"
    );
}

#[test]
fn hprim_sante_delimiters_in_a_text_come_back() {
    let mut report = lipids_report();
    let awkward = "a|b~c^d\\e&f \\F\\ \\";
    report.comments.push(Comment { title: None, text: format!("{awkward}\nseconde ligne") });
    let bytes = sante::write(&report, &settings()).unwrap();
    let read = sante::read(&bytes).unwrap();
    let general = read.patients[0].requests.last().unwrap().results.last().unwrap();
    assert_eq!(general.value, sante::Value::Text(format!("Commentaire : {awkward}\nseconde ligne")));
}

/// A reader of another language, from the sheet alone: splits, joins, unescapes, and prints one line per result.
const SECOND_READER: &str = r#"
import sys
raw = sys.stdin.buffer.read().decode("latin-1")
lines = [l for l in raw.split("\r\n") if l]
assert all(len(l) <= 218 for l in lines), "length"
joined = []
for l in lines:
    if l.startswith("A|"):
        joined[-1] += l[2:]
    else:
        joined.append(l)
head = joined[0]
assert head[0] == "H" and head[1:6] == "|~^\\&", head[:8]
h = head.split("|")
assert h[6] == "ORU" and h[12] == "H2.4~C" and len(h[13]) == 12 and h[11] in "PTD", h
assert [l.split("|")[0] for l in joined][-1] == "L"
tail = joined[-1].split("|")
assert tail[3] == "1" and int(tail[4]) == len(lines), tail
state = "H"
for l in joined[1:-1]:
    name = l.split("|")[0]
    assert name in ("P", "OBR", "OBX", "C"), name
    if name == "OBX":
        assert state in ("OBR", "OBX"), state
    if name == "OBR":
        assert state in ("P", "OBR", "OBX"), state
    if name != "C":
        state = name
out = []
for l in joined:
    f = l.split("|") + [""] * 20
    if f[0] == "OBX" and f[2] in ("NM", "ST", "CE") and f[5]:
        value = f[5].split("~")
        shown = value[1] if f[2] == "CE" else value[0]
        for a, b in (("\\F\\", "|"), ("\\S\\", "~"), ("\\R\\", "^"), ("\\T\\", "&"), ("\\E\\", "\\")):
            shown = shown.replace(a, b)
        out.append(f[3].split("~")[1] + "=" + shown)
sys.stdout.buffer.write("\n".join(out).encode("utf-8"))
"#;

#[test]
fn hprim_sante_a_second_reader_finds_the_same_values() {
    for (name, report) in all() {
        let bytes = sante::write(&report, &settings()).unwrap();
        let Some(said) = support::run("python3", &["-c", SECOND_READER], &bytes) else { return };
        let said = String::from_utf8(said.unwrap_or_else(|e| panic!("{name}: {e}"))).unwrap();
        let read = sante::read(&bytes).unwrap();
        let ours: Vec<String> = read.patients[0]
            .requests
            .iter()
            .flat_map(|r| &r.results)
            .filter_map(|l| match &l.value {
                sante::Value::Number(t) | sante::Value::Short(t) => Some(format!("{}={t}", l.test.label)),
                sante::Value::Coded(c) => Some(format!("{}={}", l.test.label, c.label)),
                _ => None,
            })
            .collect();
        assert_eq!(said, ours.join("\n"), "{name}");
    }
}

#[test]
fn hprim_sante_reads_the_example_of_other_senders() {
    let text = "H|~^\\&|LABT0001.HPR||LABTEST~LBM DE DEMONSTRATION||ORU|||CLIN01~CLINIQUE ESSAI||P|H2.4~C|202605181015\r\
        P|1|IPP000102|P4711|26000124|ESSAI~MARIE~~~Mme|DUPUY|19921203|F||3 RUE X~~TOURS~~37000\r\
        OBR|1|~DEM2605181|TUBE01~LAB260518|IONO~Ionogramme sanguin~L|R||202605180755|||||||202605180810|S&S\u{e9}rum&L|||||||202605181005|||F|||||||R123~BIOL&JEAN\r\
        OBX|1|NM|NA~Sodium~L~2951-2~Sodium~LN||128|mmol/L|136-145|L||N|F|||202605180835|BIOCH~10~IONO~1~1\r\
        OBX|2|NM|K~Potassium~L||6.7|mmol/L|3.5-5.1|HH|||F\r\
        C|1|L|S\u{e9}rum h\u{e9}molys\u{e9}^R\u{e9}sultat \u{e0} contr\u{f4}ler\r\
        OBX|3|TX|CREDITABLE~Compte rendu~L||BIOCHIMIE^Sodium 128 mmol/L||||||F\r\
        OBX|4|NM|BE~Base exc\u{e8}s~L||-2.5|mmol/L|-3.0-1.2|A^N|||\r\
        L|1||1|9\r";
    let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let read = sante::read(&bytes).unwrap();
    assert!(read.remarks.is_empty(), "{:?}", read.remarks);
    let request = &read.patients[0].requests[0];
    assert_eq!(request.specimen.as_deref(), Some("Sérum"));
    assert_eq!(request.laboratory.1.as_deref(), Some("LAB260518"));
    let [sodium, potassium, text, excess] = &request.results[..] else { panic!() };
    assert_eq!(sodium.second.as_ref().unwrap().code, "2951-2");
    assert_eq!(potassium.comments, ["Sérum hémolysé\nRésultat à contrôler"]);
    assert_eq!(text.value, sante::Value::Text("BIOCHIMIE\nSodium 128 mmol/L".into()));
    assert_eq!((excess.status, excess.flags.len()), ('F', 2));
    assert_eq!(excess.normals, (Some("-3.0".into()), Some("1.2".into())));
}

#[test]
fn hprim_sante_other_delimiters_and_line_ends_are_read() {
    let text = "H!*^\\&!F!!LAB*X!!ORU!!!C!!P!H2.1*C!2026\nP!1!A\nOBR!1\nOBX!1!NM!K*Potassium*L!!4,1!mmol/L\nA!\nL!1!!1\n";
    let read = sante::read(text.as_bytes()).unwrap();
    let line = &read.patients[0].requests[0].results[0];
    assert_eq!((&line.value, line.unit.as_deref()), (&sante::Value::Number("4.1".into()), Some("mmol/L")));
}

#[test]
fn hprim_sante_errors_name_their_line() {
    let head = "H|~^\\&|F||LAB~X||ORU|||C||P|H2.4~C|2026\r\n";
    let read = |rest: &str| sante::read(format!("{head}{rest}").as_bytes());
    let line = |e: HprimError| match e {
        HprimError::Misplaced { line, .. }
        | HprimError::Missing { line, .. }
        | HprimError::NotHprim { line, .. }
        | HprimError::TooMany { line, .. } => line,
        other => panic!("{other}"),
    };
    assert_eq!(line(read("OBR|1\r\n").unwrap_err()), 2);
    assert_eq!(line(read("P|1\r\nOBX|1|NM|K\r\n").unwrap_err()), 3);
    assert_eq!(line(read("P|1\r\nOBR|1\r\nOBX|1|NM|||1\r\n").unwrap_err()), 4);
    assert_eq!(line(read(&format!("P|1{}\r\n", "|".repeat(500))).unwrap_err()), 2);
    assert_eq!(line(sante::read(b"H|~^\\&|F||LAB||ORU|||C||P|H3.0|2026").unwrap_err()), 1);
    assert_eq!(line(sante::read(b"H|~^\\&|F||LAB||ADM|||C||P|H2.4|2026").unwrap_err()), 1);
    assert_eq!(line(sante::read(b"\r\nMSH|^~\\&|").unwrap_err()), 2);
    assert_eq!(sante::read(b" \r\n").unwrap_err(), HprimError::Empty);
    let cut = read("P|1\r\nOBR|1\r\nOBX|1|NM|K~Potassium~L||abc\r\n").unwrap();
    let told: Vec<_> = cut.remarks.iter().map(|r| (r.line, r.text.as_str())).collect();
    assert_eq!(told[0].0, 4, "{told:?}");
    assert!(told[1].1.contains("sans segment L"), "{told:?}");
    assert_eq!(cut.patients[0].requests[0].results[0].value, sante::Value::Short("abc".into()));
}

#[test]
fn hprim_medecin_every_report_comes_back() {
    let (from, to) = doctor();
    for (name, report) in all() {
        let bytes = medecin::write(&report, &from, &to).unwrap();
        let file = medecin::read(&bytes).unwrap();
        assert!(file.remarks.is_empty(), "{name}: {:?}", file.remarks);
        let entry = &file.entries[0];
        assert_eq!(entry.header[7], "", "{name}: no matricule");
        assert_eq!(entry.header[10], "LABTEST    Laboratoire de démonstration");
        assert!(entry.text.contains("Compte rendu d'examens biologiques"), "{name}");
        let done = done(&report);
        assert_eq!(entry.results.len(), done.len(), "{name}");
        for ((label, item), res) in done.iter().zip(&entry.results) {
            assert!(res.status == "F", "{name}: {label}");
            if let Outcome::Done(ReportedValue::Numeric { comparator: None, value, .. }) = &item.outcome {
                assert_eq!((res.kind.as_str(), res.values[0][0].as_str()), ("N", value.as_str()));
            } else {
                assert_eq!(res.kind, "A", "{name}: {label}");
            }
            assert_eq!(res.values.len(), 1 + usize::from(item.second.is_some()), "{name}: {label}");
        }
    }
}

#[test]
fn hprim_medecin_tolerates_what_is_seen_and_tells_what_is_odd() {
    let header = "P1\nTESTARD\nLEON\n.\n\n37000 TOURS\n15/01/1980\n\nD1\n18/05/2026\nLAB\nDR\n";
    let file = medecin::read(
        format!("{header}Texte\n ****LAB**** \nRES|Glycémie|GLY|N|0.92|g/L\n****FIN***\n\n").as_bytes(),
    );
    let file = file.unwrap();
    assert_eq!(file.entries[0].results[0].values, [["0.92", "g/L", "", ""].map(str::to_owned)]);
    assert_eq!(file.entries[0].header[3], "");
    assert_eq!(file.remarks.len(), 1, "the end of the file is missing: {:?}", file.remarks);
    let two = format!("{header}a\n****FIN****\n{header}b\n****FIN****\n****FINFICHIER****\n");
    assert_eq!(medecin::read(two.as_bytes()).unwrap().entries.len(), 2);
    let shifted = format!("X\n{header}a\n****FIN****\n****FINFICHIER****\n");
    assert!(medecin::read(shifted.as_bytes()).unwrap().remarks[0].text.contains("peu plausible"));
    assert!(matches!(medecin::read(b"a\nb\n****FIN****\n"), Err(HprimError::NotHprim { line: 1, .. })));
}
