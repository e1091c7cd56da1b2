//! Reports of other laboratories over the real socket: taken in, compared, merged with the performer named, embedded,
//! and never sent on their own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paillasse_documents::cda::domain;
use paillasse_documents::cda::reading;
use paillasse_shared::domain::ids::{DossierId, PatientId};
use paillasse_shared::domain::report::Block;
use paillasse_shared::protocol::document::{Form, GetParams};
use paillasse_shared::protocol::error::ErrorKind;
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::received::{
    AttachParams, ConflictKind, How, ListParams, ReceiveParams, ReceivedDetail, ReceivedForm, ReceivedRef,
    ReceivedState, ReceivedView, TakeParams,
};
use paillasse_shared::protocol::{document, dossier, queue, received};
use support::House;
use support::flows::create;

const NOON: &str = "2026-11-22T12:00:00+01:00";

async fn open_dossier(house: &mut House, patient: PatientId, analyses: &[&str]) -> dossier::DossierView {
    house
        .call::<m::DossierCreate>(dossier::CreateParams {
            patient: Some(patient),
            analyses: analyses.iter().map(|a| (*a).to_owned()).collect(),
            ..dossier::CreateParams::default()
        })
        .await
}

async fn enter(house: &mut House, dossier: DossierId, analysis: &str, value: &str) {
    let params =
        dossier::ResultEnterParams { dossier, analysis: analysis.into(), value: value.into(), comment: None };
    house.call::<m::ResultEnter>(params).await;
}

async fn validate(house: &mut House, id: DossierId) {
    let validate = dossier::ValidateParams { id: Some(id), ..dossier::ValidateParams::default() };
    house.call::<m::DossierValidate>(validate).await;
}

/// The last CDA of a dossier.
async fn cda(house: &mut House, id: DossierId) -> Vec<u8> {
    let filter = document::ListParams { dossier: Some(id), ..document::ListParams::default() };
    let last = house.call::<m::DocumentList>(filter).await.documents.remove(0);
    let content = house.call::<m::DocumentGet>(GetParams { id: last.id, form: Form::Cda }).await;
    STANDARD.decode(content.base64).unwrap()
}

/// A report as another laboratory could have made it for this patient: potassium 6,4, answering dossier `number`.
async fn foreign(house: &mut House, patient: PatientId, number: &str) -> String {
    let d = open_dossier(house, patient, &["K"]).await;
    enter(house, d.id, "K", "6,4").await;
    validate(house, d.id).await;
    let text = String::from_utf8(cda(house, d.id).await).unwrap();
    let order = format!(
        "<inFulfillmentOf><order><id root=\"1.2.3\" extension=\"{number}\"/></order></inFulfillmentOf>\n<documentationOf>"
    );
    text.replacen("<documentationOf>", &order, 1).replace("LBM du Port", "Laboratoire des Fougères")
}

async fn receive(house: &mut House, cda: &str) -> ReceivedView {
    house.call::<m::ReceivedTakeIn>(ReceiveParams { base64: STANDARD.encode(cda) }).await
}

async fn show(house: &mut House, r: &ReceivedView) -> ReceivedDetail {
    house.call::<m::ReceivedShow>(ReceivedRef { id: r.id }).await
}

fn taking(r: &ReceivedView, how: How) -> TakeParams {
    TakeParams { id: r.id, how, keep: vec![], skip: vec![], analyses: vec![] }
}

async fn orders(house: &mut House) -> usize {
    house.call::<m::QueueList>(queue::ListParams::default()).await.orders.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_01_03_and_05_results_of_another_laboratory_enter_the_report_with_its_name_and_nothing_else_leaves()
 {
    let mut house = House::open(&[], NOON).await;
    let patient = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let d = open_dossier(&mut house, patient, &["NA", "K"]).await;
    let text = foreign(&mut house, patient, &d.number).await;
    let before = orders(&mut house).await;
    let r = receive(&mut house, &text).await;
    assert_eq!((r.state, r.dossier, &r.why), (ReceivedState::Matched, Some(d.id), &None));
    let detail = show(&mut house, &r).await;
    assert_eq!((detail.results, detail.has_pdf, detail.conflicts), (1, true, vec![]));
    assert_eq!(house.call::<m::ReceivedTake>(taking(&r, How::Merge)).await.state, ReceivedState::Merged);
    assert_eq!(orders(&mut house).await, before, "a received document is no order");
    enter(&mut house, d.id, "NA", "140").await;
    validate(&mut house, d.id).await;

    let bytes = cda(&mut house, d.id).await;
    let read = reading::read(&bytes).unwrap();
    let results = domain::results(&read);
    let subs: Vec<_> = results.chapters.iter().flat_map(|c| &c.sub_chapters).collect();
    let of = |label: &str| {
        subs.iter()
            .find(|s| s.blocks.iter().any(|b| matches!(b, Block::Result(i) if i.label == label)))
            .unwrap_or_else(|| panic!("{label}: {subs:?}"))
    };
    let performer = of("Potassium").subcontractor.as_ref().unwrap();
    assert_eq!(performer.organization.name, "Laboratoire des Fougères");
    assert!(performer.organization.address.is_some() && !performer.organization.telecoms.is_empty());
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documents");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("sous-traitance-integree.xml"), &bytes).unwrap();
    assert!(of("Sodium").subcontractor.is_none());
    let whole = String::from_utf8(bytes).unwrap();
    assert!(whole.contains("Examens réalisés par") && !whole.contains("non réalisé"), "the line gave way");
    // One document for the dossier; the orders are those of that document.
    let documents = document::ListParams { dossier: Some(d.id), ..document::ListParams::default() };
    assert_eq!(house.call::<m::DocumentList>(documents).await.documents.len(), 1);
    let filter = queue::ListParams { dossier: Some(d.id), ..queue::ListParams::default() };
    assert_eq!(house.call::<m::QueueList>(filter).await.orders.len(), orders(&mut house).await - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_02_04_and_05_its_views_are_shown_and_its_pdf_is_embedded() {
    let mut house = House::open(&[], NOON).await;
    let patient = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let d = open_dossier(&mut house, patient, &["NA", "K"]).await;
    let text = foreign(&mut house, patient, &d.number).await;
    let r = receive(&mut house, &text).await;
    for (form, begin) in [
        (ReceivedForm::Pdf, "%PDF-"),
        (ReceivedForm::Text, "Compte rendu d'examens biologiques"),
        (ReceivedForm::Header, "\nPatient : EXEMPLE ZOE"),
        (ReceivedForm::Structured, "Acte"),
        (ReceivedForm::Html, "<!DOCTYPE html>"),
        (ReceivedForm::Cda, "<?xml"),
    ] {
        let content = house.call::<m::ReceivedGet>(received::GetParams { id: r.id, form }).await;
        let bytes = STANDARD.decode(content.base64).unwrap();
        let start = String::from_utf8_lossy(&bytes[..200.min(bytes.len())]).into_owned();
        assert!(start.trim_start().starts_with(begin.trim_start()), "{form:?}: {start}");
    }
    assert_eq!(house.call::<m::ReceivedTake>(taking(&r, How::Embed)).await.state, ReceivedState::Embedded);
    enter(&mut house, d.id, "NA", "140").await;
    validate(&mut house, d.id).await;
    let read = reading::read(&cda(&mut house, d.id).await).unwrap();
    let theirs = reading::read(text.as_bytes()).unwrap();
    let attached = read.attachments.iter().find(|a| a.id == "seconde-intention").unwrap();
    assert_eq!(attached.bytes, theirs.attachments.iter().find(|a| a.is_pdf()).unwrap().bytes);
    let shown = String::from_utf8(cda(&mut house, d.id).await).unwrap();
    assert!(!shown.contains("linkHtml"), "neither a link nor a picture of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_06_conflicts_are_listed_decided_and_journalled() {
    let mut house = House::open(&[], NOON).await;
    let patient = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let d = open_dossier(&mut house, patient, &["NA", "K"]).await;
    let text = foreign(&mut house, patient, &d.number).await;
    let loinc = text.split("<observation classCode=\"OBS\"").nth(1).unwrap();
    let loinc = loinc.split("<code code=\"").nth(1).unwrap().split('"').next().unwrap();
    let kinds = |detail: &ReceivedDetail| detail.conflicts.iter().map(|c| c.kind).collect::<Vec<_>>();

    // Already here, in another unit, and an interpretation that no report of ours has.
    enter(&mut house, d.id, "K", "5,9").await;
    let odd = text.replace("unit=\"mmol/L\"", "unit=\"umol/L\"");
    let r = receive(&mut house, &odd).await;
    let detail = show(&mut house, &r).await;
    assert_eq!(kinds(&detail), [ConflictKind::Unit], "{detail:?}");
    assert!(detail.conflicts[0].what.contains("attendu en « mmol/L »"), "{detail:?}");
    let refused = house.try_call::<m::ReceivedTake>(&taking(&r, How::Merge)).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Refused);
    assert!(refused.cause.contains("1 point(s) restent à décider"), "{refused:?}");
    let none_left = TakeParams { skip: vec![detail.conflicts[0].item.clone()], ..taking(&r, How::Merge) };
    let refused = house.try_call::<m::ReceivedTake>(&none_left).await.unwrap_err();
    assert!(refused.cause.contains("n'apporte aucun résultat"), "{refused:?}");

    let again = |id: &str, text: &str| {
        let at = text.find("<id root=\"").unwrap();
        let end = at + text[at..].find("/>").unwrap();
        format!("{}<id root=\"1.2.250.1.999.{id}\"{}", &text[..at], &text[end..])
    };
    let r = receive(&mut house, &again("1", &text)).await;
    assert_eq!(kinds(&show(&mut house, &r).await), [ConflictKind::Duplicate]);
    let unknown = again("2", &text.replace(&format!("code=\"{loinc}\""), "code=\"99999-9\""));
    let r = receive(&mut house, &unknown).await;
    let detail = show(&mut house, &r).await;
    assert_eq!(kinds(&detail), [ConflictKind::UnknownCode]);
    let keep = TakeParams { keep: vec![detail.conflicts[0].item.clone()], ..taking(&r, How::Merge) };
    assert_eq!(house.call::<m::ReceivedTake>(keep).await.state, ReceivedState::Merged);
    let all = paillasse_shared::protocol::audit::ListParams { patient: None, from: None, limit: None };
    let journal = house.call::<m::AuditList>(all).await.lines;
    let line = journal.iter().find(|l| l.act == "received-take").unwrap();
    assert!(format!("{line:?}").contains(&detail.conflicts[0].item), "{line:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_01_08_and_ver_08_another_identity_or_no_number_goes_to_the_work_list() {
    let mut house = House::open(&[], NOON).await;
    let zoe = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let lea = create(&mut house, "MODELE", "LEA", "F", "01/02/1975").await;
    let d = open_dossier(&mut house, lea, &["NA"]).await;
    // The report of Zoé, with the number of Léa's dossier.
    let text = foreign(&mut house, zoe, &d.number).await;
    let r = receive(&mut house, &text).await;
    assert_eq!((r.state, r.dossier), (ReceivedState::Unmatched, None));
    let why = r.why.clone().unwrap();
    assert!(
        why.contains("un autre nom de naissance") && why.contains("une autre date de naissance"),
        "{why}"
    );
    let waiting = house.call::<m::ReceivedList>(ListParams::default()).await.documents;
    assert_eq!(waiting.iter().map(|x| x.id).collect::<Vec<_>>(), [r.id]);
    let refused = house.try_call::<m::ReceivedTake>(&taking(&r, How::Merge)).await.unwrap_err();
    assert!(refused.cause.contains("n'est rattaché à aucun dossier"), "{refused:?}");
    let attach = AttachParams { id: r.id, number: d.number.clone(), despite_identity: false, motive: None };
    let refused = house.try_call::<m::ReceivedAttach>(&attach).await.unwrap_err();
    assert_eq!((refused.kind, refused.cause), (ErrorKind::Refused, why));
    let silent = AttachParams { despite_identity: true, ..attach.clone() };
    assert_eq!(house.try_call::<m::ReceivedAttach>(&silent).await.unwrap_err().kind, ErrorKind::Invalid);
    // The right dossier takes it.
    let own = open_dossier(&mut house, zoe, &["K"]).await;
    let right = AttachParams { number: own.number.clone(), ..attach };
    let attached = house.call::<m::ReceivedAttach>(right).await;
    assert_eq!(
        (attached.state, attached.dossier, attached.why),
        (ReceivedState::Matched, Some(own.id), None)
    );
    // No number at all.
    let bare = text.replacen(&format!("extension=\"{}\"", d.number), "extension=\"ailleurs\"", 1);
    let bare = bare.replacen("<id root=\"", "<id root=\"1.2.250.1.999.9.", 1);
    let r = receive(&mut house, &bare).await;
    assert!(r.state == ReceivedState::Unmatched && r.why.unwrap().contains("aucun dossier ne porte"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_10_a_document_twice_is_one_and_a_newer_version_takes_its_place() {
    let mut house = House::open(&[], NOON).await;
    let patient = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let d = open_dossier(&mut house, patient, &["K"]).await;
    let text = foreign(&mut house, patient, &d.number).await;
    let first = receive(&mut house, &text).await;
    let again = receive(&mut house, &text).await;
    assert!(!first.repeated && again.repeated && again.id == first.id);
    house.call::<m::ReceivedTake>(taking(&first, How::Merge)).await;
    // The only line of the dossier is answered elsewhere: its document can be validated all the same.
    validate(&mut house, d.id).await;

    let at = text.find("<id root=\"").unwrap();
    let end = at + text[at..].find("/>").unwrap();
    let second = format!("{}<id root=\"1.2.250.1.999.7\"{}", &text[..at], &text[end..]);
    let second = second
        .replacen("<versionNumber value=\"1\"", "<versionNumber value=\"2\"", 1)
        .replace("value=\"6.4\"", "value=\"5.1\"");
    let newer = receive(&mut house, &second).await;
    assert_eq!((newer.replaces, newer.state), (Some(first.id), ReceivedState::Matched), "proposed");
    house.later(jiff::Span::new().minutes(5));
    house.call::<m::ReceivedTake>(taking(&newer, How::Merge)).await;
    let all = ListParams { all: true, dossier: None };
    let all = house.call::<m::ReceivedList>(all).await.documents;
    assert_eq!(all.iter().find(|r| r.id == first.id).unwrap().state, ReceivedState::Replaced);
    validate(&mut house, d.id).await;
    let read = reading::read(&cda(&mut house, d.id).await).unwrap();
    assert_eq!(read.header.version.as_deref(), Some("2"));
    let text = String::from_utf8(cda(&mut house, d.id).await).unwrap();
    assert!(text.contains("value=\"5.1\"") && !text.contains("value=\"6.4\""));
}

/// A CDA of one section, with an own style sheet and a script.
const FOREIGN: &str = "<?xml version=\"1.0\"?><?xml-stylesheet type=\"text/xsl\" href=\"data:text/xsl,%3Cscript\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\"><title>Lettre</title><recordTarget><patientRole><patient><name><family qualifier=\"BR\">ESSAI</family></name></patient></patientRole></recordTarget><component><structuredBody><component><section><title>Bilan</title><text><table><tbody><tr><td>Sodium</td><td>140</td></tr></tbody></table><script>x</script></text></section></component></structuredBody></component></ClinicalDocument>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doc_15_and_17_any_cda_is_read_and_nothing_of_it_is_kept() {
    let mut house = House::open(&[], NOON).await;
    let params = |text: &str, form| received::ReadParams { base64: STANDARD.encode(text), form };
    let bytes = |content: document::Content| STANDARD.decode(content.base64).unwrap();
    let read = house.call::<m::ReceivedRead>(params(FOREIGN, ReceivedForm::Text)).await;
    let text = String::from_utf8(bytes(read)).unwrap();
    assert!(text.contains("Lettre\n") && text.contains("Sodium  140"), "{text}");
    assert!(text.contains("! script ignoré (feuille de style du document)"), "{text}");
    assert!(text.contains("! script ignoré (balise « script » du texte)"), "{text}");
    let read = house.call::<m::ReceivedRead>(params(FOREIGN, ReceivedForm::Data)).await;
    let data: serde_json::Value = serde_json::from_slice(&bytes(read)).unwrap();
    assert_eq!((data["header"]["title"].as_str(), data["level"].as_str()), (Some("Lettre"), Some("two")));
    let read = house.call::<m::ReceivedRead>(params(FOREIGN, ReceivedForm::Html)).await;
    let page = String::from_utf8(bytes(read)).unwrap();
    assert!(page.contains("<iframe sandbox=\"\"") && !page.contains("<script"), "{page}");
    let none = house.try_call::<m::ReceivedRead>(&params(FOREIGN, ReceivedForm::Pdf)).await.unwrap_err();
    assert_eq!(none.kind, ErrorKind::NotFound);
    assert!(none.cause.contains("ne contient pas de PDF"), "{}", none.cause);
    let bomb = "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>";
    let refused = house.try_call::<m::ReceivedRead>(&params(bomb, ReceivedForm::Text)).await.unwrap_err();
    assert!(refused.cause.contains("DTD"), "{}", refused.cause);
    let kept = house.call::<m::ReceivedList>(ListParams { all: true, ..ListParams::default() }).await;
    assert!(kept.documents.is_empty());
}
