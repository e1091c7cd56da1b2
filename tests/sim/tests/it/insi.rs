//! INSi: the public identities, the samples, refusals that name the element.

use paillasse_sim::xml::{self, Element, Node};

use super::common::{Running, client, pki, reference, start};

const TYPE: &str = "application/soap+xml; charset=utf-8; action=\"urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite\"";

/// A search by traits, written from spec/ins.md B.3 and B.5.
fn request(body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<ContexteBAM xmlns="urn:siram:bam:ctxbam" Nature="CTXBAM" Version="01_02"><Id>db0184e1-c933-462b-acbd-8f24a4f8a338</Id><Temps>2026-03-01T10:29:58.604Z</Temps><Emetteur>10B0152872</Emetteur><COUVERTURE/></ContexteBAM>
<ContexteLPS xmlns="urn:siram:lps:ctxlps" Nature="CTXLPS" Version="01_00"><Id>596fa3a6-c56f-4b8f-96cf-2d89769fc332</Id><Temps>2026-03-01T10:29:58.604Z</Temps><Emetteur>10B0152872</Emetteur><LPS><IDAM R="4">NumAutorisation</IDAM><Version>01.00</Version><Instance>b3549edd-4ae9-472a-b26f-fd2fb4ef397f</Instance><Nom>urn:lps:exemple:01.00</Nom></LPS></ContexteLPS>
<a:Action>urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite</a:Action><a:MessageID>uuid:b3549edd-4ae9-472a-b26f-fd2fb4ef397f</a:MessageID>
</s:Header><s:Body><RECSANSVITALE xmlns="http://www.cnamts.fr/INSiRecSans">{body}</RECSANSVITALE></s:Body></s:Envelope>"#
    )
}

fn traits(name: &str, given: &str, sex: &str, date: &str, place: Option<&str>) -> String {
    let place = place.map(|p| format!("<LieuNaissance>{p}</LieuNaissance>")).unwrap_or_default();
    request(&format!(
        "<NomNaissance>{name}</NomNaissance><Prenom>{given}</Prenom><Sexe>{sex}</Sexe><DateNaissance>{date}</DateNaissance>{place}"
    ))
}

async fn post_as(run: &Running, who: &reqwest::Client, body: impl Into<Vec<u8>>) -> (u16, String) {
    let response =
        who.post(&run.sim.info.insi).header("Content-Type", TYPE).body(body.into()).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn post(run: &Running, body: impl Into<Vec<u8>>) -> (u16, String) {
    post_as(run, &client(Some(&pki().insi_manu)), body).await
}

fn code(answer: &str) -> String {
    let doc = xml::parse(answer.as_bytes()).unwrap();
    let found = doc.root.descendants("http://www.cnamts.fr/INSiResultat", "CodeCR");
    match found.first() {
        Some(code) => code.text(),
        None => {
            let errors = doc.root.descendants("urn:siram", "Erreur");
            format!("fault {}", errors[0].attr("code").unwrap())
        }
    }
}

/// Structure without white space and comments: names, namespaces, text.
fn shape(e: &Element) -> String {
    let inner: String = e
        .children
        .iter()
        .map(|n| match n {
            Node::Element(e) => shape(e),
            Node::Text(t) => t.trim().to_owned(),
            _ => String::new(),
        })
        .collect();
    format!("<{{{}}}{}>{inner}</>", e.ns, e.local)
}

#[tokio::test]
async fn the_public_identities_answer_as_the_cnda_expects() {
    let run = start(|_| {}).await;
    let long = "PIERRE-ALAIN MURIEL FLORIANT";
    for (name, given, sex, date, place, expected) in [
        ("ADRUN", "ZOE", "F", "1975-12-31", None, "00"),
        ("ADRTROIS", "DOMINIQUE", "F", "1997-02-26", None, "00"),
        ("ADRTROIS", "TOUSSAINT", "M", "1960-01-01", None, "00"),
        ("ADRDEUX", "LAURENT", "M", "1981-01-01", None, "00"),
        ("ADRDEUX", "LAURENT", "M", "1981-01-01", Some("63220"), "00"),
        ("ADRDEUX", "LAURENT", "M", "1981-01-01", Some("63113"), "01"),
        ("CORSE", "ANTHONY", "M", "1980-03-02", None, "00"),
        ("HERMANN", "GATIEN", "M", "1981-03-24", None, "00"),
        ("ECETINSI", "PIERRE-ALAIN", "M", "2009-07-14", None, "00"),
        ("ECETINSI", "MURIEL", "M", "2009-07-14", None, "00"),
        ("ECETINSI", long, "M", "2009-07-14", None, "00"),
        ("ECETINSI", "PIERRE-ALAIN MURIEL", "M", "2009-07-14", None, "01"),
        ("PROVISOIRE", "MATRICULE", "M", "2009-07-01", None, "00"),
        ("NESSI", "MICHELANGELO", "M", "2010-08-07", None, "00"),
        ("TCHITCHI", "OLA", "F", "1936-06-21", None, "01"),
        ("TCHITCHI", "CATARINA", "F", "1936-06-21", None, "00"),
        ("TCHITCHI", "OLA CATARINA BELLA", "F", "1936-06-21", None, "01"),
        ("HOUILLES", "PIERRE", "M", "1993-01-27", None, "01"),
        ("HOUILLES", "PAUL", "M", "1993-01-27", None, "01"),
        ("HOUILLES", "JACQUES", "M", "1993-01-27", None, "01"),
        ("HOUILLES", "PIERRE PAUL JACQUES", "M", "1993-01-27", None, "01"),
        ("DE VINCI", "LEONARDO", "M", "2014-02-01", None, "02"),
        ("DE VINCI", "LEONARDO", "M", "2014-02-01", Some("63220"), "02"),
        ("DE VINCI", "RUTH", "F", "1976-07-14", None, "fault insi_102"),
        ("D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN", "M", "2001-06-17", None, "00"),
        ("PATB-QUATRE", "LAURENCE", "F", "1907-05-25", None, "00"),
        ("ADRUN", "ZOE", "M", "1975-12-31", None, "01"),
        ("ADRUN", "ZOE", "F", "1975-12-30", None, "01"),
    ] {
        let (status, answer) = post(&run, traits(name, given, sex, date, place)).await;
        assert_eq!(code(&answer), expected, "{name} {given} {place:?}");
        assert_eq!(status, if expected.starts_with("fault") { 500 } else { 200 });
    }
    run.sim.stop().await;
}

#[tokio::test]
async fn the_samples_are_answered_in_the_shapes_of_the_samples() {
    let run = start(|_| {}).await;
    let sample = |name: &str| reference(&format!("insi/samples/{name}"));
    for (asked, expected) in [
        ("req_traits_mtls_adrtrois_dominique.xml", "00"),
        ("req_traits_cog_adrdeux_laurent.xml", "00"),
        ("req_traits_apostrophes_espaces.xml", "00"),
        ("req_traits_cps_adrtrois_toussaint.xml", "00"),
    ] {
        let Some(request) = sample(asked) else { return };
        let (_, answer) = post(&run, request).await;
        assert_eq!(code(&answer), expected, "{asked}");
    }
    // Its assertion is of 2022, and a Vitale assertion lives twenty minutes.
    let vitale = String::from_utf8(sample("req_vitale_template.xml").unwrap()).unwrap();
    let (_, stale) = post(&run, vitale.clone()).await;
    assert_eq!(code(&stale), "fault sim_schema", "the action of the content type is not that of the card");
    let now = jiff::Timestamp::now().to_string();
    let vitale =
        vitale.replace("IssueInstant=\"2022-04-12T15:07:10.065Z\"", &format!("IssueInstant=\"{now}\""));
    let response = client(Some(&pki().insi_manu))
        .post(&run.sim.info.insi)
        .header("Content-Type", "application/soap+xml; charset=utf-8")
        .body(vitale)
        .send()
        .await
        .unwrap();
    let answer = response.text().await.unwrap();
    assert_eq!(code(&answer), "00");
    assert!(answer.contains("<NumIdentifiant>2360663220836</NumIdentifiant>"));
    for (name, given, sex, date, file) in [
        ("ADRTROIS", "DOMINIQUE", "F", "1997-02-26", "resp_00_adrtrois_dominique_corse.xml"),
        ("ECETINSI", "MURIEL", "M", "2009-07-14", "resp_00_test_2.04_inshisto_dates.xml"),
        ("PROVISOIRE", "MATRICULE", "M", "2009-07-01", "resp_00_test_2.05_nia.xml"),
        ("CORSE", "ANTHONY", "M", "1980-03-02", "resp_00_test_2.08_cas1_corse.xml"),
        ("HOUILLES", "PAUL", "M", "1993-01-27", "resp_01_aucune_identite.xml"),
        ("DE VINCI", "LEONARDO", "M", "2014-02-01", "resp_02_plusieurs_identites.xml"),
        ("DE VINCI", "RUTH", "F", "1976-07-14", "fault_siram_40_insi_102.xml"),
    ] {
        let (_, answer) = post(&run, traits(name, given, sex, date, None)).await;
        let expected = xml::parse(&sample(file).unwrap()).unwrap();
        assert_eq!(shape(&xml::parse(answer.as_bytes()).unwrap().root), shape(&expected.root), "{file}");
    }
    let unknown = traits("ADRUN", "ZOE", "F", "1975-12-31", None).replace("NumAutorisation", "Autre");
    let (status, answer) = post(&run, unknown).await;
    let expected = xml::parse(&sample("fault_siram_100_desir_550.xml").unwrap()).unwrap();
    assert_eq!(status, 500);
    assert_eq!(shape(&xml::parse(answer.as_bytes()).unwrap().root), shape(&expected.root));
    assert!(answer.contains("messageID=\"uuid:b3549edd-4ae9-472a-b26f-fd2fb4ef397f\""));
    run.sim.stop().await;
}

#[tokio::test]
async fn synthetic_homonyms_need_the_place_of_birth() {
    let run = start(|_| {}).await;
    let text =
        std::fs::read_to_string(super::common::repository().join("data/demo/insi-people.jsonl")).unwrap();
    let people = paillasse_sim::people::read(&text).unwrap();
    let homonym = people
        .iter()
        .find(|p| {
            people
                .iter()
                .filter(|o| {
                    o.birth_name == p.birth_name
                        && o.birth_date == p.birth_date
                        && o.given_names == p.given_names
                })
                .count()
                == 2
        })
        .unwrap();
    let ask = |place| {
        let given = homonym.given_names.join(" ");
        traits(&homonym.birth_name, &given, &homonym.sex, &homonym.birth_date, place)
    };
    assert_eq!(code(&post(&run, ask(None)).await.1), "02");
    let (_, answer) = post(&run, ask(Some(homonym.birth_place.as_str()))).await;
    assert_eq!(code(&answer), "00");
    assert!(answer.contains(&homonym.matricule) && answer.contains("1.2.250.1.213.1.4.10"));
    run.sim.stop().await;
}

#[tokio::test]
async fn the_client_certificate_is_required_and_must_be_for_insi() {
    let run = start(|_| {}).await;
    let body = traits("ADRUN", "ZOE", "F", "1975-12-31", None);
    let without =
        client(None).post(&run.sim.info.insi).header("Content-Type", TYPE).body(body.clone()).send().await;
    assert!(without.is_err());
    let (status, answer) = post_as(&run, &client(Some(&pki().dmp_auth)), body.clone()).await;
    assert_eq!((status, code(&answer).as_str()), (500, "fault desir_560"));
    let (_, answer) = post_as(&run, &client(Some(&pki().insi_auto)), body).await;
    assert_eq!(code(&answer), "00");
    run.sim.stop().await;
}

#[tokio::test]
async fn a_wrong_request_is_refused_and_the_element_named() {
    let run = start(|_| {}).await;
    let good = traits("ADRUN", "ZOE", "F", "1975-12-31", Some("63220"));
    for (from, to, named) in [
        ("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/", "SOAP 1.1"),
        ("Version=\"01_02\"", "Version=\"01_01\"", "ContexteBAM/@Version"),
        ("Nature=\"CTXLPS\"", "Nature=\"CTXBAM\"", "ContexteLPS/@Nature"),
        ("<COUVERTURE/>", "", "COUVERTURE"),
        ("<COUVERTURE/>", "<COUVERTURE><Organisme>1</Organisme></COUVERTURE>", "COUVERTURE"),
        (
            "<Emetteur>10B0152872</Emetteur><COUVERTURE/>",
            "<COUVERTURE/><Emetteur>10B0152872</Emetteur>",
            "Emetteur",
        ),
        ("<Emetteur>10B0152872</Emetteur><LPS>", "<Emetteur>1990001158</Emetteur><LPS>", "Emetteur"),
        ("<Id>db0184e1-c933-462b-acbd-8f24a4f8a338</Id>", "<Id>1</Id>", "ContexteBAM/Id"),
        (
            "2026-03-01T10:29:58.604Z</Temps><Emetteur>10B0152872</Emetteur><LPS>",
            "hier</Temps><LPS>",
            "ContexteLPS/Temps",
        ),
        ("IDAM R=\"4\"", "IDAM R=\"3\"", "IDAM"),
        ("<Nom>urn:lps:exemple:01.00</Nom>", "<Nom>exemple</Nom>", "LPS/Nom"),
        ("uuid:b3549edd-4ae9-472a-b26f-fd2fb4ef397f</a:MessageID>", "1</a:MessageID>", "MessageID"),
        ("<a:MessageID>uuid:b3549edd-4ae9-472a-b26f-fd2fb4ef397f</a:MessageID>", "", "MessageID"),
        ("rechercherInsAvecTraitsIdentite</a:Action>", "rechercherInsAvecCarteVitale</a:Action>", "action"),
        ("<Sexe>F</Sexe>", "<Sexe>I</Sexe>", "Sexe"),
        ("<Sexe>F</Sexe>", "", "Sexe"),
        ("<Prenom>ZOE</Prenom><Sexe>F</Sexe>", "<Sexe>F</Sexe><Prenom>ZOE</Prenom>", "Prenom"),
        ("<Prenom>ZOE</Prenom>", "<Prenom>ZOÉ</Prenom>", "Prenom"),
        ("<NomNaissance>ADRUN", "<NomNaissance>ADRUN  ", "NomNaissance"),
        ("1975-12-31", "31/12/1975", "DateNaissance"),
        ("63220", "99999", "LieuNaissance"),
        ("63220", "6322", "LieuNaissance"),
        ("</LieuNaissance>", "</LieuNaissance><Nom>X</Nom>", "Nom"),
        ("</s:Body>", "</s:Body><s:Body/>", "Body"),
        ("RECSANSVITALE>", "RECSANS>", "mal formé"),
    ] {
        assert!(good.contains(from), "{from}");
        let (status, answer) = post(&run, good.replacen(from, to, 1)).await;
        assert_eq!(status, 500, "{named}");
        let doc = xml::parse(answer.as_bytes()).unwrap();
        let error = doc.root.descendants("urn:siram", "Erreur")[0];
        assert_eq!(error.attr("code"), Some("sim_schema"), "{named}");
        assert!(error.text().contains(named), "{named}: {}", error.text());
    }
    let c = client(Some(&pki().insi_manu));
    let plain =
        c.post(&run.sim.info.insi).header("Content-Type", "text/xml").body(good).send().await.unwrap();
    assert_eq!(plain.status().as_u16(), 415);
    assert_eq!(c.get(&run.sim.info.insi).send().await.unwrap().status().as_u16(), 405);
    run.sim.stop().await;
}

#[tokio::test]
async fn everything_is_kept_before_it_is_answered() {
    let run = start(|_| {}).await;
    let body = traits("ADRUN", "ZOE", "F", "1975-12-31", None);
    let (_, answer) = post(&run, body.clone()).await;
    post(&run, "<x").await;
    assert_eq!(run.received("insi/000001-request.xml"), body.as_bytes());
    assert_eq!(run.received("insi/000001-response.xml"), answer.as_bytes());
    assert_eq!(run.received("insi/000002-request.xml"), b"<x");
    let journal = run.journal();
    assert_eq!(journal[0]["outcome"], "00");
    assert_eq!(journal[0]["message_id"], "uuid:b3549edd-4ae9-472a-b26f-fd2fb4ef397f");
    assert_eq!(journal[1]["outcome"], "fault sim_schema");
    assert!(!journal.iter().any(|l| l.to_string().contains("ADRUN")));
    run.sim.stop().await;
}
