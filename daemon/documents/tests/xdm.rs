//! The archive against Python's zipfile, the derived example, and every trap of the contract.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)] // helpers of tests

mod support;

use std::io::{Cursor, Write};

use paillasse_documents::xdm::*;
use paillasse_documents::xds::{Lot, ReadError, submit_objects_request};
use support::{derived_lot, reference, run};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const CDA: &[u8] = b"<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>";
const PDF: &[u8] = b"%PDF-1.4\n";

fn sender() -> Sender {
    Sender {
        organisation: "Laboratoire des Cèdres & fils".into(),
        responsible: "Dr Zoé L’HÉRITIER".into(),
        address: "8 rue de l'Œuvre\r\n72000 LE MANS".into(),
        phone: "02 00 00 00 00".into(),
    }
}

fn software() -> Software {
    Software { name: "Paillasse".into(), version: "0.1".into(), vendor: "projet Paillasse".into() }
}

fn archive(lot: &Lot, files: Vec<XdmFile<'_>>) -> Result<Vec<u8>, XdmError> {
    build(&XdmInput { lot, files, sender: &sender(), software: &software() })
}

fn files() -> Vec<XdmFile<'static>> {
    vec![
        XdmFile { name: "DOC00001.XML", label: "Compte rendu d'examens biologiques", bytes: CDA },
        XdmFile { name: "DOC00001.PDF", label: "Même document, à lire", bytes: PDF },
    ]
}

#[test]
fn mss_05_the_same_input_gives_the_same_archive_and_python_reads_it() {
    let lot = derived_lot(Some(CDA));
    let zip = archive(&lot, files()).unwrap();
    assert_eq!(zip, archive(&lot, files()).unwrap());
    let script = "import sys,io,zipfile,json\n\
        z=zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\nassert z.testzip() is None\n\
        print(json.dumps([[i.filename,i.date_time[0],i.flag_bits,z.read(i).decode('utf-8','replace')] for i in z.infolist()]))";
    let Some(out) = run("python3", &["-c", script], &zip) else { return };
    let listed: Vec<(String, u16, u16, String)> = serde_json::from_slice(&out.unwrap()).unwrap();
    let names: Vec<&str> = listed.iter().map(|e| e.0.as_str()).collect();
    assert_eq!(
        names,
        [
            "README.TXT",
            "INDEX.HTM",
            "IHE_XDM/SUBSET01/METADATA.XML",
            "IHE_XDM/SUBSET01/DOC00001.XML",
            "IHE_XDM/SUBSET01/DOC00001.PDF"
        ]
    );
    assert!(listed.iter().all(|e| e.1 == 1980 && e.2 == 0), "fixed date, no encryption, no data descriptor");
    let readme = &listed[0].3;
    assert!(readme.is_ascii() && readme.contains("Laboratoire des Cedres & fils\r\n"));
    assert!(readme.contains("8 rue de l'OEuvre  72000 LE MANS\r\n"));
    assert!(readme.lines().count() > 20 && !readme.replace("\r\n", "").contains('\n'));
    let index = &listed[1].3;
    assert!(
        index.contains("C&#232;dres &amp; fils") && index.contains("href=\"IHE_XDM/SUBSET01/DOC00001.PDF\"")
    );
    assert!(
        paillasse_xml::parse(index.split_once(".dtd\">").unwrap().1.as_bytes()).is_ok(),
        "well-formed page"
    );
    assert_eq!(listed[3].3.as_bytes(), CDA);
}

#[test]
fn what_we_build_is_read_with_the_pdf_as_an_extra() {
    let content = read(&archive(&derived_lot(Some(CDA)), files()).unwrap(), &XdmLimits::default()).unwrap();
    let [subset] = content.subsets.as_slice() else { unreachable!("one subset") };
    assert_eq!(subset.metadata.patient_id, support::patient());
    assert_eq!(subset.documents[0].bytes, CDA);
    assert!(subset.documents[0].verified);
    assert_eq!(subset.extras, [("DOC00001.PDF".to_owned(), PDF.to_vec())]);
}

#[test]
fn the_derived_archive_is_accepted() {
    let Some(path) = reference("xds/derived_xdm/IHE_XDM.zip") else { return };
    let content = read(&std::fs::read(path).unwrap(), &XdmLimits::default()).unwrap();
    let document = &content.subsets[0].documents[0];
    assert!(document.verified && document.bytes.len() == 135_156);
}

#[test]
fn an_archive_that_contradicts_itself_is_not_built() {
    let lot = derived_lot(Some(CDA));
    let error = |lot: &Lot, files| archive(lot, files).unwrap_err();
    assert_eq!(error(&lot, vec![]), XdmError::NoFile("Document01".into()));
    let wrong = vec![XdmFile { bytes: PDF, ..files()[0] }];
    assert_eq!(error(&lot, wrong), XdmError::Content("Document01".into()));
    assert_eq!(error(&lot, vec![files()[0], files()[0]]), XdmError::Duplicate("DOC00001.XML".into()));
    for name in ["doc00001.xml", "DOCUMENT01.XML", "../A.XML", "A.XHTML", "METADATA.XML", "A", "É.XML"] {
        assert_eq!(error(&lot, vec![XdmFile { name, ..files()[1] }]), XdmError::Name(name.into()));
    }
}

/// An archive with these entries, whatever they are.
fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn refused(zip: &[u8]) -> XdmReadError {
    read(zip, &XdmLimits::default()).unwrap_err()
}

const META: &str = "IHE_XDM/SUBSET01/METADATA.XML";
const DOC: &str = "IHE_XDM/SUBSET01/DOC00001.XML";

fn metadata() -> Vec<u8> {
    submit_objects_request(&derived_lot(Some(CDA))).into_bytes()
}

#[test]
fn wrong_case_names_are_found() {
    let zip =
        zip_of(&[("ihe_xdm/subset01/Metadata.xml", &metadata()), ("Ihe_Xdm\\SubSet01\\doc00001.xml", CDA)]);
    assert_eq!(read(&zip, &XdmLimits::default()).unwrap().subsets[0].documents[0].name, "doc00001.xml");
}

#[test]
fn unsafe_names_duplicates_and_nested_archives_go_to_quarantine() {
    let good: [(&str, &[u8]); 2] = [(META, &metadata()), (DOC, CDA)];
    for name in [
        "../../etc/cron.d/x",
        "/etc/passwd",
        "IHE_XDM/SUBSET01/../../x",
        "C:/x",
        "IHE_XDM//x",
        "..\\x",
        "a\u{1}b",
    ] {
        let zip = zip_of(&[good[0], good[1], (name, b"x")]);
        assert_eq!(refused(&zip), XdmReadError::UnsafeName, "{name}");
        assert_eq!(refused(&zip).code(), None);
    }
    let twice = zip_of(&[good[0], good[1], ("IHE_XDM/SUBSET01/doc00001.xml", b"<other/>")]);
    assert_eq!(refused(&twice), XdmReadError::DuplicateName);
    // The library refuses to write one name twice: rename an entry of equal length in the finished archive.
    let placeholder = zip_of(&[good[0], good[1], ("IHE_XDM/SUBSET01/DOC0000Z.XML", b"<other/>")]);
    let renamed = replace_all(&placeholder, b"DOC0000Z", b"DOC00001");
    assert_eq!(refused(&renamed), XdmReadError::DuplicateName);
    let inner = zip_of(&[("a", b"b")]);
    assert_eq!(
        refused(&zip_of(&[good[0], good[1], ("IHE_XDM/SUBSET01/A.XML", &inner)])),
        XdmReadError::Nested
    );
    let mut link = ZipWriter::new(Cursor::new(Vec::new()));
    link.add_symlink(DOC, "/etc/passwd", SimpleFileOptions::default()).unwrap();
    assert_eq!(refused(&link.finish().unwrap().into_inner()), XdmReadError::UnsafeName);
    assert_eq!(refused(b"not a zip"), XdmReadError::NotZip);
    assert_eq!(refused(&zip_of(&good)[..200]), XdmReadError::NotZip);
}

fn replace_all(haystack: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = haystack.to_vec();
    let mut at = 0;
    while let Some(i) = out[at..].windows(from.len()).position(|w| w == from) {
        out[at + i..at + i + to.len()].copy_from_slice(to);
        at += i + to.len();
    }
    out
}

#[test]
fn bombs_are_stopped_by_bounds_and_a_lying_size_is_not_believed() {
    let zeros = vec![0u8; 4 << 20];
    let bomb = zip_of(&[(META, &metadata()), (DOC, &zeros)]);
    assert_eq!(refused(&bomb), XdmReadError::Limit("compression ratio"));
    let small = XdmLimits { file_bytes: 1 << 20, ..XdmLimits::default() };
    assert_eq!(read(&bomb, &small).unwrap_err(), XdmReadError::Limit("file size"));
    let total = XdmLimits { total_bytes: 1000, ..XdmLimits::default() };
    assert_eq!(read(&bomb, &total).unwrap_err(), XdmReadError::Limit("total size"));
    let entries = XdmLimits { entries: 1, ..XdmLimits::default() };
    assert_eq!(read(&bomb, &entries).unwrap_err(), XdmReadError::Limit("entries"));
    let bytes = XdmLimits { archive_bytes: 100, ..XdmLimits::default() };
    assert_eq!(read(&bomb, &bytes).unwrap_err(), XdmReadError::Limit("archive size"));
    // The inflated size declared as 10 bytes, in the local header and in the directory.
    let lying = replace_all(&bomb, &(4u32 << 20).to_le_bytes(), &10u32.to_le_bytes());
    assert_ne!(lying, bomb);
    assert_eq!(refused(&lying), XdmReadError::NotZip);
}

#[test]
fn altered_contents_are_refused_with_the_code_for_the_sender() {
    let sound = String::from_utf8(metadata()).unwrap();
    let with = |metadata: &str, doc: &[u8]| zip_of(&[(META, metadata.as_bytes()), (DOC, doc)]);
    assert!(read(&with(&sound, CDA), &XdmLimits::default()).is_ok());
    let id = || "1.2.250.1.213.1.1.1.55.2024.9.1".to_owned();
    let mut flipped = CDA.to_vec();
    flipped[3] ^= 1;
    let cases = [
        (with(&sound, &flipped), XdmReadError::Content(id()), 906),
        (with(&sound, b"<short/>"), XdmReadError::Content(id()), 906),
        (zip_of(&[(META, sound.as_bytes())]), XdmReadError::MissingFile(id()), 906),
        (with(&sound.replace("DOC00001.XML", "../X.XML"), CDA), XdmReadError::MissingFile(id()), 906),
        (zip_of(&[("METADATA.XML", sound.as_bytes()), (DOC, CDA)]), XdmReadError::NoMetadata, 906),
        (with("<a/>", CDA), XdmReadError::Metadata(ReadError::Shape), 906),
        (
            with(&sound.replacen("279035121518989", "999", 1), CDA),
            XdmReadError::Metadata(ReadError::SeveralPatients),
            904,
        ),
        (
            zip_of(&[
                (META, sound.as_bytes()),
                (DOC, CDA),
                ("IHE_XDM/SUBSET02/METADATA.XML", sound.replace("279035121518989", "999").as_bytes()),
                ("IHE_XDM/SUBSET02/DOC00001.XML", CDA),
            ]),
            XdmReadError::SeveralPatients,
            904,
        ),
    ];
    for (zip, expected, code) in cases {
        let error = refused(&zip);
        assert_eq!(error, expected);
        assert_eq!(error.code(), Some(code));
    }
    let no_hash = sound.replace("\"hash\"", "\"other\"");
    let content = read(&with(&no_hash, CDA), &XdmLimits::default()).unwrap();
    assert!(!content.subsets[0].documents[0].verified, "accepted, and said to be unverified");
}

proptest::proptest! {
    /// No flipped byte and no cut makes the reader panic, and what it still accepts is bounded.
    #[test]
    fn damaged_archives_never_panic(at in 0usize..4096, value: u8, cut in 0usize..4096) {
        let mut zip = zip_of(&[(META, &metadata()), (DOC, CDA)]);
        let length = zip.len();
        zip[at % length] = value;
        let _ = read(&zip, &XdmLimits::default());
        zip.truncate(cut % length);
        let _ = read(&zip, &XdmLimits::default());
    }
}
