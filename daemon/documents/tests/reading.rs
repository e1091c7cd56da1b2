//! CDA read back: the published examples without loss, our own, hostile ones.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, dead_code)]

mod golden;
mod support;

use base64::Engine as _;
use golden::*;
use paillasse_documents::cda::reading::model::{Kind, Value};
use paillasse_documents::cda::reading::{self, Document, Flag, Level, Section, Statement, Style, html, text};
use paillasse_documents::{cda, pdf};
use paillasse_shared::domain::report::Report;
use paillasse_xml::{Element, Node, parse};

const NS: &str = cda::NAMESPACE;
const EXAMPLES: [&str; 6] = [
    "BIO-CR-BIO_2021.01_CDA-R2-Niveau-1",
    "BIO-CR-BIO_2024.01_CR-2nde-intention-PDF",
    "BIO-CR-BIO_2024.01_CRP_non_LOINC",
    "BIO-CR-BIO_2024.01_Glycemie_deux_unites_principales_mole_masse",
    "BIO-CR-BIO_2024.01_Microbiologie_V1",
    "BIO-CR-BIO_2024.01_TSH_1",
];

/// The published examples; none (said aloud) when they are not beside the repository.
fn examples() -> Vec<(&'static str, Vec<u8>)> {
    let read = |name| {
        Some((name, std::fs::read(support::reference(&format!("cda/ExemplesCDA/{name}.xml"))?).unwrap()))
    };
    EXAMPLES.into_iter().filter_map(read).collect()
}

fn ours(report: &Report) -> Vec<u8> {
    cda::build(report, &pdf::build(report).unwrap()).unwrap()
}

fn statements(d: &Document) -> Vec<&Statement> {
    fn below<'a>(s: &'a Statement, out: &mut Vec<&'a Statement>) {
        out.push(s);
        s.parts.iter().for_each(|p| below(p, out));
    }
    fn sections<'a>(s: &'a Section, out: &mut Vec<&'a Statement>) {
        s.entries.iter().for_each(|e| below(e, out));
        s.sections.iter().for_each(|x| sections(x, out));
    }
    let mut out = Vec::new();
    d.sections.iter().for_each(|s| sections(s, &mut out));
    out
}

/// Every piece of information of a tree that a reader could want: attributes and texts, without the narrative, the
/// payloads, and what only steers schemas.
fn facts(e: &Element, inside_media: bool, out: &mut Vec<String>) {
    const STEERING: [&str; 20] = [
        "classCode",
        "moodCode",
        "typeCode",
        "ID",
        "determinerCode",
        "contextControlCode",
        "representation",
        "type",
        "use",
        "nullFlavor",
        "negationInd",
        "independentInd",
        "inversionInd",
        "schemaLocation",
        "qualifier",
        "contextConductionInd",
        "referencedObject",
        "inclusive",
        "value#",
        "operator",
    ];
    if e.name == "typeId" || e.name == "realmCode" || e.name == "signatureCode" {
        return;
    }
    if e.name == "templateId" {
        out.extend(e.attr("root").map(str::to_owned));
        return;
    }
    for a in &e.attributes {
        let reference = e.name == "reference" && a.name == "value";
        if !STEERING.contains(&a.name.as_str()) && !reference {
            out.push(a.value.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    let narrative = e.name == "text" && !e.children().any(|c| c.name == "reference");
    let media = inside_media || e.name == "observationMedia" || e.name == "nonXMLBody";
    for node in &e.nodes {
        match node {
            Node::Element(_) if narrative => {}
            Node::Element(child) => facts(child, media, out),
            Node::Text(t) if !narrative && !media && !t.trim().is_empty() => {
                out.push(t.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            Node::Text(_) => {}
        }
    }
}

#[test]
fn doc_15_every_fact_of_the_published_examples_is_read() {
    for (name, bytes) in examples() {
        let d = reading::read(&bytes).unwrap();
        let read = serde_json::to_string(&d).unwrap();
        let read: serde_json::Value = serde_json::from_str(&read).unwrap();
        let mut known = std::collections::BTreeSet::new();
        fn strings(v: &serde_json::Value, out: &mut std::collections::BTreeSet<String>) {
            match v {
                serde_json::Value::String(s) => drop(out.insert(s.clone())),
                serde_json::Value::Array(a) => a.iter().for_each(|x| strings(x, out)),
                serde_json::Value::Object(o) => o.values().for_each(|x| strings(x, out)),
                _ => {}
            }
        }
        strings(&read, &mut known);
        let mut wanted = Vec::new();
        facts(&parse(&bytes).unwrap(), false, &mut wanted);
        assert!(wanted.len() > 150, "{name}: {}", wanted.len());
        // Parts of an address are joined in lines.
        let lost: Vec<_> = wanted
            .iter()
            .filter(|w| {
                !known.iter().any(|k| k == *w || k.split(' ').any(|p| p == *w) || k.contains(w.as_str()))
            })
            .collect();
        assert!(lost.is_empty(), "{name}: {lost:?}");
    }
}

/// Values counted by another program: type, value, unit, bounds, code, in document order.
const COUNT: &str = r#"
import sys, lxml.etree as E
X='{http://www.w3.org/2001/XMLSchema-instance}type'
H='{urn:hl7-org:v3}'
t=E.parse(sys.stdin.buffer).getroot()
out=[]
for o in t.iter(H+'observation'):
    for v in o.findall(H+'value'):
        k=(v.get(X) or '').split(':')[-1]
        if k in('PQ','REAL','INT'): out.append('N %s %s'%(v.get('value'),v.get('unit')))
        elif k.startswith('IVL'):
            b=lambda n:(lambda e:'-' if e is None else '%s %s %s'%(e.get('value'),e.get('unit'),e.get('inclusive')!='false'))(v.find(H+n))
            out.append('I %s | %s'%(b('low'),b('high')))
        elif k in('CD','CE'): out.append('C %s %s'%(v.get('code'),v.get('displayName')))
        else: out.append('? '+k)
print('\n'.join(out))
"#;

fn counted(d: &Document) -> Vec<String> {
    let none = || "None".to_owned();
    let bound = |b: &Option<reading::model::Bound>| match b {
        None => "-".to_owned(),
        Some(b) => {
            let inside = if b.inclusive { "True" } else { "False" };
            format!("{} {} {inside}", b.value, b.unit.clone().unwrap_or_else(none))
        }
    };
    statements(d)
        .into_iter()
        .flat_map(|s| &s.values)
        .map(|v| match v {
            Value::Number { value, unit, .. } => format!("N {value} {}", unit.clone().unwrap_or_else(none)),
            Value::Interval { low, high } => format!("I {} | {}", bound(low), bound(high)),
            Value::Coded { code } => format!(
                "C {} {}",
                code.code.clone().unwrap_or_else(none),
                code.label.clone().unwrap_or_else(none)
            ),
            other => format!("? {other:?}"),
        })
        .collect()
}

#[test]
fn doc_15_values_are_those_another_reader_counts() {
    let mut all: Vec<(String, Vec<u8>)> = examples().into_iter().map(|(n, b)| (n.to_owned(), b)).collect();
    all.extend(
        golden::all()
            .into_iter()
            .filter(|(n, _)| ["06-ecbu", "03-lipides"].contains(n))
            .map(|(n, r)| (n.to_owned(), ours(&r))),
    );
    for (name, bytes) in all {
        let Some(counted_there) = support::python_lxml(COUNT, &bytes) else { return };
        let there = String::from_utf8(counted_there.unwrap()).unwrap();
        let there: Vec<String> = there.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect();
        assert_eq!(counted(&reading::read(&bytes).unwrap()), there, "{name}");
    }
}

fn narrative_words(root: &Element) -> Vec<String> {
    fn deep(e: &Element, out: &mut String) {
        for node in &e.nodes {
            match node {
                Node::Text(t) => out.push_str(t),
                Node::Element(c) => {
                    let apart = !matches!(c.name.as_str(), "content" | "sub" | "sup");
                    out.push_str(if apart { " " } else { "" });
                    deep(c, out);
                    out.push_str(if apart { " " } else { "" });
                }
            }
        }
    }
    let mut out = String::new();
    for s in root.find_all(NS, "section") {
        s.child(NS, "title").into_iter().chain(s.child(NS, "text")).for_each(|t| {
            deep(t, &mut out);
            out.push(' ');
        });
    }
    out.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn doc_15_and_16_every_word_of_the_narrative_is_in_the_text_and_in_the_page() {
    for (name, bytes) in examples() {
        let d = reading::read(&bytes).unwrap();
        let options = text::Options { width: 400, ..text::Options::default() };
        let shown = text::render(&d, options).to_lowercase();
        let page = html::page(&d, None);
        let page = page
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
            .to_lowercase();
        for word in narrative_words(&parse(&bytes).unwrap()) {
            let word = word.to_lowercase();
            assert!(shown.contains(&word), "{name}, text: {word}\n{shown}");
            assert!(page.contains(&word) || word == "copie", "{name}, page: {word}");
        }
    }
}

#[test]
fn doc_15_the_header_of_an_example_is_shown() {
    let Some((_, bytes)) = examples().into_iter().find(|(n, _)| n.contains("Microbiologie")) else { return };
    let d = reading::read(&bytes).unwrap();
    assert_eq!(d.level, Level::Three);
    let shown = text::render(&d, text::Options { width: 200, ..text::Options::default() });
    for expected in [
        "CDA N3, compte rendu définitif, version 1",
        "Patient : PAT-TROIS DOMINIQUE",
        "Matricule INS : 279035121518989",
        "Prescripteur : ",
        "Exécutant : ",
        "Responsable : ",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    let isolates: Vec<_> = statements(&d)
        .into_iter()
        .filter(|s| {
            s.kind == Kind::Cluster && s.specimens.iter().any(|x| x.class_code.as_deref() == Some("MIC"))
        })
        .map(|s| s.specimens[0].code.as_ref().unwrap().name().unwrap().to_owned())
        .collect();
    assert_eq!(isolates.len(), 2, "{isolates:?}");
    let antibiograms = statements(&d)
        .into_iter()
        .filter(|s| {
            s.kind == Kind::Battery && s.code.as_ref().and_then(|c| c.code.as_deref()) == Some("18769-0")
        })
        .count();
    assert_eq!(antibiograms, 2);
}

#[test]
fn doc_15_the_pdf_of_a_level_1_document_is_its_bytes() {
    let Some((_, bytes)) = examples().into_iter().find(|(n, _)| n.contains("Niveau-1")) else { return };
    let d = reading::read(&bytes).unwrap();
    assert_eq!((d.level, d.attachments.len()), (Level::One, 1));
    assert!(d.attachments[0].is_pdf());
    let root = parse(&bytes).unwrap();
    let raw: String =
        root.find(NS, "nonXMLBody").unwrap().child(NS, "text").unwrap().text().split_whitespace().collect();
    assert_eq!(d.attachments[0].bytes, base64::engine::general_purpose::STANDARD.decode(raw).unwrap());
    assert!(text::render(&d, text::Options::default()).contains("Document N1"));
    assert!(html::page(&d, None).contains("download=\"document.pdf\""));
}

#[test]
fn doc_15_our_own_documents_are_read_without_a_remark() {
    for (name, report) in golden::all() {
        let bytes = ours(&report);
        let d = reading::read(&bytes).unwrap();
        assert_eq!(d.flags, Vec::new(), "{name}");
        assert_eq!(d.style, Style::Embedded, "{name}");
        assert_eq!(d.header.id.as_ref().unwrap().root, report.id);
        assert_eq!(d.header.replaces().map(|i| i.root.clone()), report.replaces);
        assert_eq!(d.header.of_role("informationRecipient").count(), report.recipients.len(), "{name}");
        assert_eq!(d.header.patient.ins().is_some(), report.patient.ins.is_some(), "{name}");
        assert!(d.attachments.iter().any(|a| a.is_pdf() && a.id == "copie-pdf"));
    }
}

fn with_text(narrative: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\"?><ClinicalDocument xmlns=\"{NS}\"><title>t</title><component><structuredBody><component><section><title>s</title><text>{narrative}</text></section></component></structuredBody></component></ClinicalDocument>").into_bytes()
}

#[test]
fn doc_17_scripts_and_addresses_are_ignored_and_told() {
    let bytes = with_text(
        "<paragraph onclick='steal()'>avant<script>alert(1)</script> après</paragraph><linkHtml href='javascript:alert(1)'>lien</linkHtml><linkHtml href='https://example.org/x'>site</linkHtml><blink>mot</blink>&#x202e;<content styleCode='Bold'>&lt;script>faux&lt;/script></content>",
    );
    let d = reading::read(&bytes).unwrap();
    let scripts = d.flags.iter().filter(|f| matches!(f, Flag::Script(_))).count();
    assert_eq!(scripts, 3, "{:?}", d.flags);
    assert!(d.flags.contains(&Flag::ExternalAddress("https://example.org/x".into())));
    assert!(d.flags.contains(&Flag::UnknownMarkup("blink".into())));
    let page = html::page(&d, None);
    for forbidden in ["<script", "alert(1)", "onclick=", "href=\"http", "javascript:alert", "\u{202e}"] {
        assert!(!page.contains(forbidden), "{forbidden}: {page}");
    }
    assert!(
        page.contains("&lt;script&gt;faux") && page.contains("mot") && page.contains("avant après"),
        "{page}"
    );
    let shown = text::render(&d, text::Options::default());
    assert!(
        shown.contains("! script ignoré") && shown.contains("site (adresse : https://example.org/x)"),
        "{shown}"
    );
}

#[test]
fn doc_17_a_terminal_is_not_commanded_by_a_document() {
    let bytes = with_text("<paragraph>\u{9b}31m\u{85}rouge \u{e000}gras</paragraph>");
    let shown = text::render(&reading::read(&bytes).unwrap(), text::Options::default());
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    assert!(shown.contains("31mrouge gras"), "{shown:?}");
}

#[test]
fn doc_16_an_embedded_style_sheet_is_shown_in_a_closed_frame_and_its_script_told() {
    let xsl = base64::engine::general_purpose::STANDARD
        .encode("<xsl:stylesheet><script>x</script></xsl:stylesheet>");
    let body = String::from_utf8(with_text("<paragraph>corps</paragraph>")).unwrap();
    let bytes = body.replace(
        "<ClinicalDocument",
        &format!("<?xml-stylesheet type=\"text/xsl\" href=\"data:text/xsl;base64,{xsl}\"?><ClinicalDocument"),
    );
    let d = reading::read(bytes.as_bytes()).unwrap();
    assert_eq!(d.style, Style::Embedded);
    assert!(d.flags.contains(&Flag::Script("feuille de style du document".into())), "{:?}", d.flags);
    let page = html::page(&d, Some(bytes.as_bytes()));
    assert!(page.contains("<iframe sandbox=\"\"") && page.contains("default-src 'none'"));
    let encoded = page.split("application/xml;base64,").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap(), bytes.as_bytes());
    assert!(!html::page(&d, None).contains("<iframe"));

    let other = body.replace(
        "<ClinicalDocument",
        "<?xml-stylesheet type='text/xsl' href='../CDA-FO.xsl'?><ClinicalDocument",
    );
    let d = reading::read(other.as_bytes()).unwrap();
    assert_eq!(d.style, Style::External("../CDA-FO.xsl".into()));
    assert!(d.flags.contains(&Flag::ExternalStyle("../CDA-FO.xsl".into())));
}

#[test]
fn doc_16_the_self_presenting_form_is_read() {
    let inside = String::from_utf8(ours(&ionogram_report())).unwrap();
    let inside = &inside[inside.find("<ClinicalDocument").unwrap()..];
    let wrapped = format!(
        "<?xml version=\"1.0\"?><?xml-stylesheet type=\"text/xsl\" href=\"#\"?><xsl:stylesheet version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" xmlns:data=\"urn:asip-sante:ci-sis\"><data:Contenu>{inside}</data:Contenu><xsl:template match=\"/\"><html><script>x()</script></html></xsl:template></xsl:stylesheet>"
    );
    let d = reading::read(wrapped.as_bytes()).unwrap();
    assert_eq!((d.level, d.style.clone()), (Level::Three, Style::Embedded));
    assert_eq!(d.flags, [Flag::Script("feuille de style du document".into())]);
    assert_eq!(d.header.title.as_deref(), Some("Compte rendu d'examens biologiques"));
}

#[test]
fn doc_16_a_browser_runs_the_style_sheet_in_the_frame_without_its_script() {
    let xsl = r#"<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="html"/><xsl:template match="/"><html><body><p>PRESENTATION</p><script>document.body.append("EXECUTE")</script></body></html></xsl:template></xsl:stylesheet>"#;
    let body = String::from_utf8(with_text("<paragraph>corps</paragraph>")).unwrap();
    let xsl = base64::engine::general_purpose::STANDARD.encode(xsl);
    let bytes = body.replace(
        "<ClinicalDocument",
        &format!("<?xml-stylesheet type=\"text/xsl\" href=\"data:text/xsl;base64,{xsl}\"?><ClinicalDocument"),
    );
    let d = reading::read(bytes.as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (page, print) = (folder.path().join("p.html"), folder.path().join("p.pdf"));
    std::fs::write(&page, html::page(&d, Some(bytes.as_bytes())).replace("<details>", "<details open>"))
        .unwrap();
    let (to, data) = (
        format!("--print-to-pdf={}", print.display()),
        format!("--user-data-dir={}", folder.path().join("u").display()),
    );
    let url = format!("file://{}", page.display());
    if support::run("chromium", &["--headless", "--no-sandbox", "--disable-gpu", &data, &to, &url], b"")
        .is_none()
    {
        return;
    }
    let Some(text) = support::run("pdftotext", &[print.to_str().unwrap(), "-"], b"") else { return };
    let text = String::from_utf8(text.unwrap()).unwrap();
    assert!(text.contains("corps") && !text.contains("EXECUTE"), "{text}");
    if !text.contains("PRESENTATION") {
        println!("skipped: this browser no longer runs XSLT");
    }
}

#[test]
fn doc_15_hostile_documents_are_refused_in_french() {
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY a \"{}\"><!ENTITY b \"&a;&a;&a;&a;\">]><ClinicalDocument xmlns=\"{NS}\">&b;</ClinicalDocument>",
        "x".repeat(1000)
    );
    let deep = format!("<ClinicalDocument xmlns=\"{NS}\">{}", "<component>".repeat(100_000));
    let wide = format!("<ClinicalDocument xmlns=\"{NS}\">{}</ClinicalDocument>", "<id/>".repeat(500_000));
    let large = vec![b' '; 40 << 20];
    for (bytes, said) in [
        (bomb.as_bytes(), "type de document (DTD)"),
        (deep.as_bytes(), "imbriqués"),
        (wide.as_bytes(), "éléments et textes"),
        (&large[..], "trop volumineux (40 Mo ; au plus 20 Mo)"),
        (b"<?xml version='1.0' encoding='UTF-8'?><a>\xe9</a>", "pas en UTF-8 comme annoncé"),
        (b"\xff\xfe<\0a\0", "UTF-16"),
        (b"<a>&nom;</a>", "entité inconnue"),
        (b"<a/>", "ce n'est pas un document CDA"),
        (b"", "pas un document XML"),
        (b"%PDF-1.4", "pas un document XML"),
        (b"<a><b></a>", "XML mal formé"),
    ] {
        let told = reading::read(bytes).unwrap_err().to_string();
        assert!(told.starts_with("document illisible : ") && told.contains(said), "{told}");
    }
}

#[test]
fn doc_15_a_small_document_does_not_become_a_large_one() {
    // One long text, referred to by many codes; one image, shown many times; a table with an enormous span.
    let long = "mot ".repeat(20_000);
    let codes = "<entry><observation classCode=\"OBS\" moodCode=\"EVN\"><code><originalText><reference value=\"#a\"/></originalText></code></observation></entry>".repeat(5_000);
    let bytes = String::from_utf8(with_text(&format!("<content ID=\"a\">{long}</content><table><tbody><tr><td colspan=\"999999999\" rowspan=\"999999999\">x</td></tr></tbody></table>"))).unwrap();
    let bytes = bytes.replace("</text></section>", &format!("</text>{codes}</section>"));
    let d = reading::read(bytes.as_bytes()).unwrap();
    assert!(d.flags.contains(&Flag::Shortened), "{:?}", d.flags);
    assert!(serde_json::to_string(&d).unwrap().len() < 12_000_000);
    let picture = base64::engine::general_purpose::STANDARD
        .encode([b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 60_000]].concat());
    let shows = "<renderMultiMedia referencedObject=\"i\"/>".repeat(2_000);
    let bytes = String::from_utf8(with_text(&shows)).unwrap();
    let bytes = bytes.replace("</text></section>", &format!("</text><entry><observationMedia classCode=\"OBS\" moodCode=\"EVN\" ID=\"i\"><value mediaType=\"image/png\" representation=\"B64\">{picture}</value></observationMedia></entry></section>"));
    let page = html::page(&reading::read(bytes.as_bytes()).unwrap(), None);
    assert_eq!(page.matches("<img").count(), 1);
}
