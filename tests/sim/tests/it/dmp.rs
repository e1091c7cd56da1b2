//! DMP: submissions, what they are refused for, search, deletion.

use paillasse_sim::dmp::ReplyForm;
use paillasse_sim::xml;

use super::common::{Running, client, pki, start};
use super::lot::{Lot, Vihf, deletion, query};

const APPROVED: &str = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved";
const DELETED: &str = "urn:asip:ci-sis:2010:StatusType:Deleted";
const RS: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0";

/// `success`, the first error code with its context, or the fault with its text.
fn outcome(answer: &str) -> String {
    let start = answer.find("<soap:Envelope").unwrap_or_else(|| panic!("{answer}"));
    let end = answer.find("</soap:Envelope>").unwrap() + "</soap:Envelope>".len();
    let doc = xml::parse(&answer.as_bytes()[start..end]).unwrap();
    let soap = "http://www.w3.org/2003/05/soap-envelope";
    if let Some(fault) = doc.root.descendants(soap, "Fault").first() {
        let values: Vec<String> = fault.descendants(soap, "Value").iter().map(|v| v.text()).collect();
        return format!("fault {} {}", values.last().unwrap(), fault.descendants(soap, "Text")[0].text());
    }
    match doc.root.descendants(RS, "RegistryError").first() {
        Some(e) => format!("{} {}", e.attr("errorCode").unwrap(), e.attr("codeContext").unwrap()),
        None => {
            assert!(answer.contains("ResponseStatusType:Success"));
            "success".to_owned()
        }
    }
}

async fn send(run: &Running, suffix: &str, kind: &str, body: Vec<u8>) -> (u16, String) {
    let response = client(Some(&pki().dmp_auth))
        .post(format!("{}/{suffix}", run.sim.info.dmp))
        .header("Content-Type", kind)
        .body(body)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

pub async fn submit(run: &Running, lot: &Lot) -> String {
    let (kind, body) = lot.mtom();
    outcome(&send(run, "repository", &kind, body).await.1)
}

async fn registry(run: &Running, body: String) -> String {
    send(run, "registry", "application/soap+xml; charset=utf-8", body.into_bytes()).await.1
}

/// entryUUIDs of a uniqueId.
async fn find(run: &Running, unique_id: &str) -> Vec<String> {
    let answer = registry(run, query(unique_id)).await;
    assert_eq!(outcome(&answer), "success");
    answer.split("ObjectRef id=\"").skip(1).map(|r| r.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_submission_written_from_the_contract_is_accepted_and_kept() {
    let run = start(|_| {}).await;
    let mut lot = Lot::new(1);
    assert_eq!(submit(&run, &lot).await, "success");
    assert_eq!(run.received("dmp/000001/document-1.xml"), lot.cda());
    assert_eq!(run.received("dmp/000001/signature-1.xml"), lot.signature());
    assert!(xml::parse(&run.received("dmp/000001/metadata.xml")).is_ok());
    let verdict: serde_json::Value =
        serde_json::from_slice(&run.received("dmp/000001/verdict.json")).unwrap();
    assert_eq!(verdict["outcome"], "success");
    assert!(run.received("dmp/000001/envelope.xml").starts_with(b"<s:Envelope"));
    assert!(!run.received("dmp/000001/response.xml").is_empty());
    let journal = run.journal();
    assert_eq!(journal[0]["unique_ids"][0], lot.unique_id());
    // SHA-1 signature, a second set, a cid that needs no decoding.
    lot = Lot { vihf: Vihf { sha1: true, ..Vihf::default() }, escaped_cid: false, ..Lot::new(2) };
    assert_eq!(submit(&run, &lot).await, "success");
    run.sim.stop().await;
}

#[tokio::test]
async fn answers_come_plain_and_multipart_in_turn_when_asked() {
    let run = start(|c| c.dmp_reply = ReplyForm::Alternate).await;
    for (n, multipart) in [(1, false), (2, true), (3, false)] {
        let (kind, body) = Lot::new(n).mtom();
        let (_, answer) = send(&run, "repository", &kind, body).await;
        assert_eq!(answer.starts_with("--"), multipart);
        assert_eq!(outcome(&answer), "success");
    }
    run.sim.stop().await;
}

#[tokio::test]
async fn the_vihf_is_judged() {
    let run = start(|_| {}).await;
    let with = |vihf| Lot { vihf, ..Lot::new(1) };
    let pharmacist = r#"<Role xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" code="21" codeSystem="1.2.250.1.71.1.2.7" displayName="Pharmacien" xsi:type="CE"></Role>"#;
    for (lot, expected) in [
        (with(Vihf { signer: "auth", ..Vihf::default() }), "fault soap:DMPInvalidCertificate"),
        (
            with(Vihf { mode: "DIRECT", ..Vihf::default() }),
            "fault wsse:InvalidSecurityToken Authentification_mode",
        ),
        (with(Vihf { mode: "INDIRECTE_RENFORCEE", ..Vihf::default() }), "DMPAccessDeniedByRightsService"),
        (with(Vihf { role: pharmacist, ..Vihf::default() }), "fault wsse:InvalidSecurityToken spécialité"),
        (
            with(Vihf {
                patient: "297022A02077878^^^&amp;1.2.250.1.213.1.4.8&amp;ISO^NH".into(),
                ..Vihf::default()
            }),
            "XDSPatientIdDoesNotMatch",
        ),
        (
            with(Vihf { patient: "207058575627097".into(), ..Vihf::default() }),
            "fault wsse:InvalidSecurityToken resource-id",
        ),
        (Lot::new(1).edit("urn:dmp<", "urn:dmq<"), "fault wsse:FailedCheck"),
        (Lot::new(1).edit("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), "fault wsse:FailedCheck"),
        (Lot::new(1).edit("<a:To/>", ""), "fault wsa:MessageAddressingHeaderRequired"),
        (Lot::new(1).edit("/addressing/anonymous<", "/addressing/none<"), "fault soap:Sender ReplyTo"),
        (
            Lot::new(1).edit("soap-envelope\"><s:Header", "soap-envelope\"><s:Head"),
            "fault soap:Sender XML mal formé",
        ),
    ] {
        let found = submit(&run, &lot).await;
        assert!(found.starts_with(expected), "{expected}: {found}");
    }
    // Two assertions, then none.
    let second = Vihf::default().xml();
    let twice = Lot::new(1).edit("</w:Security>", &format!("{second}</w:Security>"));
    assert!(submit(&run, &twice).await.contains("plusieurs VIHF"));
    let other = format!(
        "</w:Security><w:Security xmlns:w=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">{second}</w:Security>"
    );
    assert!(submit(&run, &Lot::new(1).edit("</w:Security>", &other)).await.contains("plusieurs VIHF"));
    // The same assertion again.
    let (kind, body) = Lot::new(1).mtom();
    assert_eq!(outcome(&send(&run, "repository", &kind, body.clone()).await.1), "success");
    assert!(outcome(&send(&run, "repository", &kind, body).await.1).contains("assertion déjà utilisée"));
    run.sim.stop().await;
}

#[tokio::test]
async fn the_metadata_and_the_documents_are_judged() {
    let run = start(|_| {}).await;
    let doc = || Lot::new(1);
    let meta = "XDSRepositoryMetadataError";
    for (lot, expected) in [
        (doc().edit("value=\"1.2.250.1.999.1.1.3.1\"", "value=\"1.2.250.1.999.1.1.3.1^5\""), format!("{meta} uniqueId")),
        (doc().edit("value=\"1.2.250.1.999.1.1.3.1\"", "value=\"1.2.250.1.999.1.1.3.9\""), "InvalidDocumentContent".into()),
        (doc().edit("<Value>fr-FR</Value>", "<Value>fr</Value>"), format!("{meta} languageCode")),
        (doc().edit("<Value>20260301110000</Value>", "<Value>20260301120000</Value>"), format!("{meta} temps")),
        (doc().edit("<Value>20260301110000</Value>", "<Value>20260301105959</Value>"), "InvalidDocumentContent « Document01 » : creationTime".into()),
        (doc().edit("<Value>20260301070000</Value>", "<Value>20260301080000</Value>"), "InvalidDocumentContent « Document01 » : serviceStartTime".into()),
        (doc().edit("<Slot name=\"hash\"><ValueList><Value>", "<Slot name=\"hash\"><ValueList><Value>0"), format!("{meta} hash")),
        (doc().edit("<Slot name=\"size\"><ValueList><Value>", "<Slot name=\"size\"><ValueList><Value>1"), format!("{meta} « Document01 » : size")),
        (doc().edit("<Slot name=\"size\">", "<Slot name=\"repositoryUniqueId\"><ValueList><Value>1.2</Value></ValueList></Slot><Slot name=\"size\">"), format!("{meta} repositoryUniqueId")),
        (doc().edit("<Slot name=\"size\">", "<Slot name=\"URI\"><ValueList><Value>DOC1.XML</Value></ValueList></Slot><Slot name=\"size\">"), format!("{meta} URI")),
        (doc().edit("nodeRepresentation=\"10\"", "nodeRepresentation=\"11\""), format!("{meta} « Document01 » : typeCode 11502-2")),
        (doc().edit("classifiedObject=\"Document01\"", "classifiedObject=\"Document02\""), format!("{meta} Classification/@classifiedObject")),
        (doc().edit("registryObject=\"Document01\"", "rank=\"1\""), format!("{meta} ExternalIdentifier/@registryObject")),
        (doc().edit("AssociationType:HasMember", "AssociationType:HasNothing"), format!("{meta} HasMember")),
        (doc().edit("AssociationType:signs", "AssociationType:APND"), format!("{meta} association signs")),
        (doc().edit("<Value>Original</Value>", "<Value>Reference</Value>"), format!("{meta} HasMember")),
        (doc().edit("&amp;1.2.250.1.213.1.4.10&amp;ISO^NH\"><Name", "&amp;1.2.250.1.213.1.4.2&amp;ISO^NH\"><Name"), format!("{meta} patientId")),
        (doc().edit("<Name><LocalizedString charset=\"UTF-8\" value=\"Source\" xml:lang=\"fr-FR\"/></Name><Classification", "<Classification"), format!("{meta} titre")),
        (doc().edit("^^^10B0152872", "^^^1990001158"), "DMPAccessDeniedByRightsService la structure".into()),
        (doc().edit("<Value>LABORATOIRE^", "<Value>"), format!("{meta} auteur")),
        (doc().edit("href=\"cid:urn%3Adoc%3A1\"", "href=\"cid:other\""), "XDSMissingDocument « Document01 »".into()),
        (doc().edit("<x:Document id=\"Document01\">", "<x:Document id=\"documentme\">"), "XDSMissingDocumentMetadata".into()),
        (Lot { codes: &["MASQUE_PS", "INVISIBLE_PATIENT"], ..doc() }, format!("{meta} « Document01 » ne peut être")),
        (Lot { codes: &["MASQUE"], ..doc() }, format!("{meta} confidentialityCode")),
        (Lot { cda_edit: Some(("extension=\"207058575627097\"", "extension=\"207058575627098\"")), ..doc() }, "InvalidDocumentContent « Document01 » : l'INS".into()),
        (Lot { cda_edit: Some(("<!-- essai -->", "<!DOCTYPE x>")), ..doc() }, "InvalidDocumentContent".into()),
        (Lot { lot_edit: Some(("AA==", "AQ==")), ..doc() }, "InvalidDocumentContent signature du lot".into()),
        (Lot { lot_edit: Some(("Id=\"S0-SignedProperties\"", "Id=\"S1\"")), ..doc() }, "InvalidDocumentContent signature du lot".into()),
    ] {
        let found = submit(&run, &lot).await;
        assert!(found.starts_with(&expected), "{expected}: {found}");
    }
    // A document changed after its digest went into the manifest: canonical form differs.
    let mut changed = doc();
    changed.lot_edit = None;
    let (kind, body) = changed.mtom();
    let text = String::from_utf8(body).unwrap();
    let hash = super::lot::sha1_hex(&changed.cda());
    let new = String::from_utf8(changed.cda()).unwrap().replace("essai", "Essai");
    let text = text
        .replace(&String::from_utf8(changed.cda()).unwrap(), &new)
        .replace(&hash, &super::lot::sha1_hex(new.as_bytes()));
    let found = outcome(&send(&run, "repository", &kind, text.into_bytes()).await.1);
    assert!(found.starts_with("InvalidDocumentContent signature du lot : empreinte fausse"), "{found}");
    // Nothing was registered by all that.
    assert!(find(&run, &doc().unique_id()).await.is_empty());
    run.sim.stop().await;
}

#[tokio::test]
async fn only_the_media_types_of_the_contract_pass() {
    let run = start(|_| {}).await;
    let (kind, body) = Lot::new(1).mtom();
    for (from, to) in [
        ("multipart/related", "multipart/mixed"),
        ("start-info=\"application/soap+xml\"; ", ""),
        ("type=\"application/xop+xml\"", "type=\"text/xml\""),
        ("start=\"<root>\"; ", ""),
    ] {
        let (status, answer) = send(&run, "repository", &kind.replace(from, to), body.clone()).await;
        assert_eq!(status, 415, "{from}");
        assert!(outcome(&answer).starts_with("fault"));
    }
    let soap11 = Lot::new(1).edit(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">",
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">",
    );
    assert!(submit(&run, &soap11).await.contains("SOAP 1.2"));
    let (status, _) = send(&run, "patients", "application/soap+xml", Vec::new()).await;
    assert_eq!(status, 404);
    let without = client(None).post(format!("{}/registry", run.sim.info.dmp)).send().await;
    assert!(without.is_err());
    // The signature certificate cannot open the connection.
    let signer = client(Some(&pki().dmp_sign)).post(format!("{}/registry", run.sim.info.dmp)).send().await;
    assert!(signer.is_err());
    run.sim.stop().await;
}

#[tokio::test]
async fn a_known_unique_id_is_refused_and_the_hash_compared() {
    let run = start(|_| {}).await;
    assert_eq!(submit(&run, &Lot::new(1)).await, "success");
    let again = submit(&run, &Lot::new(1)).await;
    assert!(
        again.starts_with("XDSDuplicateUniqueIdInRegistry") && again.contains("empreinte identique"),
        "{again}"
    );
    let other = Lot { cda_edit: Some(("essai", "autre")), ..Lot::new(1) };
    let other = submit(&run, &other).await;
    assert!(
        other.starts_with("XDSDuplicateUniqueIdInRegistry") && other.contains("empreinte différente"),
        "{other}"
    );
    run.sim.stop().await;
}

#[tokio::test]
async fn a_document_is_replaced_then_deleted() {
    let run = start(|_| {}).await;
    let first = Lot::new(1);
    assert_eq!(submit(&run, &first).await, "success");
    let old = find(&run, &first.unique_id()).await;
    assert_eq!(old.len(), 1);
    let next = |n| Lot {
        version: n,
        set: 1,
        parent: Some(first.unique_id()),
        replaces: Some(old[0].clone()),
        ..Lot::new(n)
    };
    let unknown = Lot { replaces: Some("urn:uuid:00000000-0000-4000-8000-000000000000".into()), ..next(2) };
    assert!(submit(&run, &unknown).await.starts_with("UnresolvedReferenceException"));
    let unrelated = Lot { parent: None, ..next(2) };
    assert!(submit(&run, &unrelated).await.starts_with("InvalidDocumentContent RPLC"));
    let same_version = Lot { version: 1, ..next(2) };
    assert!(submit(&run, &same_version).await.starts_with("InvalidDocumentContent RPLC"));
    assert_eq!(submit(&run, &next(2)).await, "success");
    assert!(submit(&run, &next(3)).await.starts_with("XDSRegistryDeprecatedDocumentError"));

    let new = find(&run, &next(2).unique_id()).await.remove(0);
    let wrong =
        registry(&run, deletion(1, &new, "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated", DELETED))
            .await;
    assert!(outcome(&wrong).starts_with("XDSMetadataUpdateError"));
    let archive =
        registry(&run, deletion(1, &new, APPROVED, "urn:asip:ci-sis:2010:StatusType:Archived")).await;
    assert!(outcome(&archive).starts_with("DMPAccessDeniedByRightsService"));
    assert_eq!(outcome(&registry(&run, deletion(1, &new, APPROVED, DELETED)).await), "success");
    assert!(find(&run, &next(2).unique_id()).await.is_empty());
    let gone = registry(&run, deletion(2, &new, APPROVED, DELETED)).await;
    assert!(outcome(&gone).starts_with("UnresolvedReferenceException"));
    run.sim.stop().await;
}

#[tokio::test]
async fn only_the_technical_search_is_open_in_indirect_mode() {
    let run = start(|_| {}).await;
    let denied = query("1.2.3").replace("returnType=\"ObjectRef\"", "returnType=\"LeafClass\"");
    assert!(outcome(&registry(&run, denied).await).starts_with("DMPAccessDeniedByRightsService"));
    let find_documents = query("1.2.3")
        .replace("5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4", "14d4debf-8f97-4251-9a74-a90016b0af0d");
    assert!(outcome(&registry(&run, find_documents).await).starts_with("DMPAccessDeniedByRightsService"));
    let bare = query("1.2.3").replace("('1.2.3')", "1.2.3");
    assert!(outcome(&registry(&run, bare).await).starts_with("XDSStoredQueryParamNumber"));
    assert!(find(&run, "1.2.3").await.is_empty());
    run.sim.stop().await;
}

#[tokio::test]
async fn the_registry_survives_a_restart_in_the_same_folder() {
    let run = start(|_| {}).await;
    assert_eq!(submit(&run, &Lot::new(1)).await, "success");
    let (dir, certs) = (run.dir, run.sim.info.certs.clone());
    let ca = std::fs::read(&certs.ca).unwrap();
    run.sim.stop().await;
    // No authority given: the files of the first start are reused.
    let sim = paillasse_sim::Sim::start(paillasse_sim::SimConfig::new(dir.path())).await.unwrap();
    assert_eq!(std::fs::read(&certs.ca).unwrap(), ca);
    let run = Running { sim, dir };
    assert_eq!(find(&run, &Lot::new(1).unique_id()).await.len(), 1);
    assert!(run.journal().last().unwrap()["n"].as_u64() == Some(2));
    run.sim.stop().await;
}
