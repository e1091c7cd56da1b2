//! What is thrown at: one function for each reader, bytes in, the kind of answer out.

use paillasse_documents::hl7::{self, AckCode, AckStamp, AckTarget};
use paillasse_documents::xdm::{self, XdmLimits};
use paillasse_documents::{cda, compare, datamatrix, hprim, xds};

/// A reader under test.
pub struct Target {
    /// Name, and folder of the corpus.
    pub name: &'static str,
    /// Largest input that is made for it.
    pub max_bytes: usize,
    /// Words that mean something to it.
    pub words: &'static [&'static str],
    /// Reads; the text tells answers of one kind from another and is never shown.
    pub read: fn(&[u8]) -> String,
}

/// All readers.
pub const ALL: &[Target] = &[
    Target { name: "cda", max_bytes: 200_000, words: XML, read: read_cda },
    Target { name: "xds", max_bytes: 100_000, words: XML, read: read_xds },
    Target { name: "xdm", max_bytes: 100_000, words: ZIP, read: read_xdm },
    Target { name: "hl7", max_bytes: 60_000, words: HL7, read: read_hl7 },
    Target { name: "hprim", max_bytes: 60_000, words: HPRIM, read: read_hprim },
    Target { name: "datamatrix", max_bytes: 2_000, words: DATAMATRIX, read: read_datamatrix },
    Target { name: "pdf", max_bytes: 120_000, words: PDF, read: read_pdf },
];

/// The target of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|t| t.name == name)
}

const XML: &[&str] = &[
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "&b;",
    "&#0;",
    "&#x10FFFF;",
    "&lt;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml ?>",
    "<section>",
    "<component>",
    "</component>",
    "xmlns=\"\"",
    "xmlns:x=\"urn:hl7-org:v3\"",
    "nullFlavor=\"UNK\"",
    "value=\"-1\"",
    "value=\"99999999999999999999\"",
    "ID=\"c1s1b1\"",
    "value=\"#c1s1b1\"",
    "\u{0}",
    "\u{feff}",
    "<td colspan=\"99999999\">",
    "xsi:type=\"IVL_PQ\"",
    "xsi:type=\"RTO\"",
    "referencedObject=\"copie-pdf\"",
    "representation=\"B64\"",
    "mediaType=\"application/pdf\"",
    "urn:oid:",
    "é",
    "\u{1f480}",
];
const ZIP: &[&str] = &[
    "PK\u{3}\u{4}",
    "PK\u{1}\u{2}",
    "PK\u{5}\u{6}",
    "IHE_XDM/",
    "../",
    "SUBSET01/METADATA.XML",
    "\u{0}\u{0}\u{0}\u{0}",
    "INDEX.HTM",
    "\\",
    "/etc/passwd",
    "é",
];
const HL7: &[&str] = &[
    "MSH|^~\\&|",
    "\rPID|",
    "\rOBR|",
    "\rOBX|",
    "\rSPM|",
    "\rNTE|",
    "\\F\\",
    "\\X",
    "\\.br\\",
    "|",
    "^",
    "~",
    "&",
    "\\",
    "\r",
    "\n",
    "\"\"",
    "20260304",
    "+0100",
    "<^5",
    "99999999999999999999",
    "8859/15",
    "UNICODE UTF-8",
    "é",
    "\u{b}",
    "\u{1c}\r",
];
const HPRIM: &[&str] = &[
    "H|~^\\&|",
    "\r\nP|",
    "\r\nOBR|",
    "\r\nOBX|",
    "\r\nA|",
    "\r\nC|",
    "\r\nL|",
    "\\F\\",
    "\\E\\",
    "|",
    "~",
    "^",
    "&",
    "\\",
    "****LAB****",
    "****FIN****",
    "****FINFICHIER****",
    "RES|",
    "TEX|",
    "\r",
    "\n",
    "-",
    "1.2-3.4",
    "\u{feff}",
    "é",
];
const DATAMATRIX: &[&str] = &[
    "IS010000000000000000000000",
    "S1",
    "S2",
    "S3",
    "S4",
    "S5",
    "S6",
    "S7",
    "\u{1d}",
    "<GS>",
    "^]",
    "\\x1d",
    "2A",
    "é",
    "&é\"'",
];
const PDF: &[&str] = &[
    "%PDF-1.4",
    "obj",
    "endobj",
    "stream",
    "endstream",
    "xref",
    "trailer",
    "<<",
    ">>",
    "[",
    "]",
    "/Length 9999999999",
    "/Type",
    "/Kids",
    "/Parent",
    "/Prev",
    "/Root",
    "0 R",
    "startxref",
    "%%EOF",
    "(",
    ")",
    "<",
    ">",
    "/Filter/FlateDecode",
    "Tj",
    "BT",
];

fn read_cda(bytes: &[u8]) -> String {
    use cda::reading;
    let values = match cda::values(bytes) {
        Ok(values) => format!("{} values", bucket(values.len())),
        Err(e) => kind(&e),
    };
    let read = match reading::read(bytes) {
        Ok(document) => {
            let shown = reading::text::render(&document, reading::text::Options::default());
            let page = reading::html::page(&document, None);
            format!("{} {}", bucket(shown.len()), bucket(page.len()))
        }
        Err(e) => kind(&e),
    };
    format!("{values}, {read}")
}

fn read_xds(bytes: &[u8]) -> String {
    match xds::read_metadata(bytes) {
        Ok(set) => format!("{} entries", bucket(set.entries.len())),
        Err(e) => kind(&e),
    }
}

fn read_xdm(bytes: &[u8]) -> String {
    // Small limits, so that a bomb is one at this size already.
    let limits = XdmLimits::default();
    match xdm::read(bytes, &limits) {
        Ok(content) => format!("{} subsets", bucket(content.subsets.len())),
        Err(e) => kind(&e),
    }
}

fn read_hl7(bytes: &[u8]) -> String {
    let stamp = AckStamp { control_id: "1", time: jiff::civil::DateTime::constant(2026, 3, 4, 0, 0, 0, 0) };
    let ack = hl7::ack(&AckTarget::from_bytes(bytes), AckCode::Error, None, stamp);
    let answered = hl7::Message::parse(&ack).is_ok();
    match hl7::read_results(bytes) {
        Ok(r) => {
            let lines: usize = r.groups.iter().map(|g| g.observations.len()).sum();
            let entering = r.groups.iter().filter(|g| r.enters_dossier(g)).count();
            format!("{} {} {} {answered}", bucket(lines), bucket(entering), bucket(r.warnings.len()))
        }
        Err(e) => format!("{} {answered}", kind(&e)),
    }
}

fn read_hprim(bytes: &[u8]) -> String {
    let sante = match hprim::sante::read(bytes) {
        Ok(m) => {
            let lines: usize = m.patients.iter().flat_map(|p| &p.requests).map(|r| r.results.len()).sum();
            format!("{} {}", bucket(lines), bucket(m.remarks.len()))
        }
        Err(e) => kind(&e),
    };
    let medecin = match hprim::medecin::read(bytes) {
        Ok(f) => format!("{} {}", bucket(f.entries.len()), bucket(f.remarks.len())),
        Err(e) => kind(&e),
    };
    format!("{sante}, {medecin}")
}

fn read_datamatrix(bytes: &[u8]) -> String {
    match datamatrix::parse_ins(&String::from_utf8_lossy(bytes)) {
        Ok(ins) => format!("read {}", ins.birth_place.is_some()),
        Err(e) => kind(&e),
    }
}

fn read_pdf(bytes: &[u8]) -> String {
    match compare::pdf_text(bytes) {
        Ok(text) => bucket(text.len()),
        Err(e) => kind(&e),
    }
}

/// Powers of four: how many, roughly.
fn bucket(n: usize) -> String {
    (usize::BITS - n.leading_zeros()).div_ceil(2).to_string()
}

/// The words of an error without its numbers and names.
fn kind(error: &dyn std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.chars().filter(|c| c.is_alphabetic() || *c == '(').take(60).collect()
}
