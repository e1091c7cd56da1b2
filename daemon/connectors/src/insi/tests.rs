//! The contract's samples and schemas, and every answer the contract warns about.

use super::request::Operation;
use super::*;
use paillasse_shared::domain::identity::{BirthDate, CogCode, Sex, StrictName};
use paillasse_xml::Element;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use uuid::uuid;

const ACCEPTED: &[InsOid] = &[InsOid::Nir, InsOid::Nia];

/// Folder of the published contract, beside the checkout; absent on a machine that has only the repository.
fn reference() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/insi");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the reference samples are not beside this checkout");
    None
}

fn read(bytes: &[u8]) -> Result<(InsiReturn, Vec<AnswerWarning>), InsiErrorKind> {
    read_answer(200, "application/soap+xml; charset=utf-8", bytes, ACCEPTED)
}

fn found(bytes: &[u8]) -> (Box<paillasse_shared::domain::identity::Insi>, Vec<AnswerWarning>) {
    match read(bytes).unwrap() {
        (InsiReturn::Found(insi), warnings) => (insi, warnings),
        other => panic!("{other:?}"),
    }
}

fn lps() -> LpsIdentity {
    LpsIdentity {
        authorisation: "NumAutorisation".into(),
        version: "01.00".into(),
        instance: uuid!("b3549edd-4ae9-472a-b26f-fd2fb4ef397f"),
        name: "urn:lps:exemple:01.00".into(),
    }
}

fn stamp() -> CallStamp {
    CallStamp {
        bam_id: uuid!("db0184e1-c933-462b-acbd-8f24a4f8a338"),
        lps_id: uuid!("596fa3a6-c56f-4b8f-96cf-2d89769fc332"),
        message: uuid!("b3549edd-4ae9-472a-b26f-fd2fb4ef397f"),
        time: "2022-03-01T10:29:58.604Z".parse().unwrap(),
    }
}

fn traits(name: &str, given: &str, sex: Sex, date: &str, place: Option<&str>) -> TraitsQuery {
    TraitsQuery {
        birth_name: StrictName::parse(name).unwrap(),
        given_name: StrictName::parse(given).unwrap(),
        sex,
        birth_date: BirthDate::lunar(date).unwrap(),
        birth_place: place.map(|code| CogCode::parse(code).unwrap()),
    }
}

fn card() -> CardQuery {
    let nir = Nir { number: "2360663220836".into(), key: None };
    CardQuery {
        holder: nir.clone(),
        beneficiary: Some(nir),
        birth_name: Some("TCHITCHI".into()),
        birth_date: Some(BirthDate::lunar("1936-06-21").unwrap()),
        birth_rank: Some(1),
        regime: None,
        assertions: vec![],
    }
}

fn written(operation: Operation<'_>) -> String {
    operation.envelope(&lps(), "10B0152872", None, &stamp()).unwrap()
}

/// An element as namespace, name, attributes, text and children: what is left once prefixes and blanks are gone.
fn canonical(element: &Element, depth: usize, out: &mut String) {
    let mut attributes: Vec<String> = element
        .attributes
        .iter()
        .map(|a| format!("{}={}", a.name, a.value))
        .filter(|a| !a.starts_with("xmlns"))
        .collect();
    attributes.sort();
    let children: Vec<&Element> = element.children().collect();
    let text = if children.is_empty() { element.text().trim().to_owned() } else { String::new() };
    out.push_str(&format!(
        "{}{{{}}}{} {attributes:?} {text}\n",
        "  ".repeat(depth),
        element.ns,
        element.name
    ));
    children.iter().for_each(|child| canonical(child, depth + 1, out));
}

fn same_xml(ours: &str, sample: &str) {
    let flat = |xml: &str| {
        let mut out = String::new();
        canonical(&paillasse_xml::parse(xml.as_bytes()).unwrap(), 0, &mut out);
        out
    };
    assert_eq!(flat(ours), flat(sample));
}

#[test]
fn ret_03_our_requests_are_those_of_the_samples() {
    let Some(folder) = reference() else { return };
    let sample = |name: &str| std::fs::read_to_string(folder.join("samples").join(name)).unwrap();
    for (name, query) in [
        (
            "req_traits_mtls_adrtrois_dominique.xml",
            traits("ADRTROIS", "DOMINIQUE", Sex::F, "1997-02-26", None),
        ),
        (
            "req_traits_cog_adrdeux_laurent.xml",
            traits("ADRDEUX", "LAURENT", Sex::M, "1981-01-01", Some("63220")),
        ),
        (
            "req_traits_apostrophes_espaces.xml",
            traits("D'Artagnan de l’Hérault", "Pierre-Alain", Sex::M, "2001-06-17", Some("99999")),
        ),
    ] {
        same_xml(&written(Operation::Traits(&query)), &sample(name));
    }
    // The card request carries the assertion of its sample, byte for byte.
    let vitale = sample("req_vitale_template.xml");
    let start = vitale.find("<Assertion").unwrap();
    let end = vitale.find("</Assertion>").unwrap() + "</Assertion>".len();
    let assertion = vitale[start..end].to_owned();
    let query = CardQuery { assertions: vec![format!("<?xml version=\"1.0\"?>\n{assertion}")], ..card() };
    let ours = written(Operation::Card(&query));
    assert!(ours.contains(&assertion));
    same_xml(&ours, &vitale);
}

/// Every block of our requests against its schema, by lxml where it is installed.
#[test]
fn ret_17_requests_are_valid_against_the_schemas_in_every_case() {
    let Some(folder) = reference() else { return };
    let script = include_str!("../../tests/common/insi_schemas.py");
    let mut odd = card();
    odd.regime = Some(("01".into(), "751".into(), "0000 <&>".into()));
    odd.holder.key = Some("56".into());
    odd.holder.number = "297022A020778".into();
    let bare =
        CardQuery { beneficiary: None, birth_name: None, birth_date: None, birth_rank: None, ..card() };
    let traits = [
        traits("ADRTROIS", "DOMINIQUE", Sex::F, "1997-02-26", None),
        traits(
            "D'ARTAGNAN DE L'HERAULT",
            "PIERRE-ALAIN MURIEL FLORIANT",
            Sex::M,
            "2001-00-00",
            Some("2A020"),
        ),
    ];
    let mut requests: Vec<String> = traits.iter().map(|query| written(Operation::Traits(query))).collect();
    requests.extend([card(), odd, bare].iter().map(|query| written(Operation::Card(query))));
    let child = Command::new("python3")
        .args(["-c", script, folder.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: no python3 on this machine");
        return;
    };
    child.stdin.take().unwrap().write_all(requests.join("\0").as_bytes()).unwrap();
    let verdict = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    if verdict.starts_with("missing") {
        println!("skipped: the Python package lxml is not installed");
        return;
    }
    assert_eq!(verdict.trim(), "checked 15");
}

#[test]
fn a_question_that_cannot_be_asked_is_refused_before_any_network() {
    let mut query = traits("A", "B", Sex::I, "2000-01-01", None);
    let refused = |operation: Operation<'_>| operation.envelope(&lps(), "1", None, &stamp()).unwrap_err();
    assert_eq!(refused(Operation::Traits(&query)), QueryError::Sex);
    query.sex = Sex::F;
    for wide in ["D' ADRUN", "ADRUN'"] {
        let wide = TraitsQuery { birth_name: StrictName::verbatim(wide).unwrap(), ..query.clone() };
        assert_eq!(refused(Operation::Traits(&wide)), QueryError::Name("NomNaissance"));
    }
    assert!(!written(Operation::Traits(&query)).contains("Security"));
    for number in ["", "236066322083", "2360663220836X", "23606 3220836", "2360663C20836"] {
        let bad = CardQuery { holder: Nir { number: number.into(), key: None }, ..card() };
        assert_eq!(refused(Operation::Card(&bad)), QueryError::Nir, "{number}");
    }
    for assertion in ["", "<a", "<Assertion/>", "<?xml <Assertion/>"] {
        let bad = CardQuery { assertions: vec![assertion.into()], ..card() };
        assert_eq!(refused(Operation::Card(&bad)), QueryError::Assertion, "{assertion}");
    }
}

#[test]
fn ret_05_every_sample_answer_is_read_as_the_contract_says() {
    let Some(folder) = reference() else { return };
    let sample = |name: &str| std::fs::read(folder.join("samples").join(name)).unwrap();
    for (name, matricule, oid, list, date, place, history) in [
        (
            "resp_00_adrtrois_dominique_corse.xml",
            "297022A02077878",
            InsOid::Nir,
            "DOMINIQUE",
            "1997-02-26",
            "2A020",
            0,
        ),
        (
            "resp_00_live_inshisto_ordre_reel.xml",
            "109076322083489",
            InsOid::Nir,
            "PIERRE-ALAIN MURIEL FLORIANT",
            "2009-07-14",
            "63220",
            1,
        ),
        (
            "resp_00_test_2.04_inshisto_dates.xml",
            "109076322083489",
            InsOid::Nir,
            "PIERRE-ALAIN MURIEL FLORIANT",
            "2009-07-14",
            "63220",
            2,
        ),
        ("resp_00_test_2.05_nia.xml", "109076322088835", InsOid::Nia, "MATRICULE", "2009-07-01", "63220", 0),
        (
            "resp_00_test_2.08_cas1_corse.xml",
            "180032B02040123",
            InsOid::Nir,
            "ANTHONY",
            "1980-03-02",
            "2B020",
            1,
        ),
    ] {
        let (insi, warnings) = found(&sample(name));
        assert_eq!(insi.matricule.compact(), matricule, "{name}");
        assert_eq!((insi.oid, insi.given_names.as_str()), (oid, list), "{name}");
        assert_eq!((insi.birth_date.iso().as_str(), insi.history.len()), (date, history), "{name}");
        assert_eq!(insi.birth_place.as_ref().unwrap().as_str(), place, "{name}");
        assert!(insi.key_is_right && warnings.is_empty(), "{name}: {warnings:?}");
    }
    let (simulated, _) = found(&sample("resp_00_test_2.04_inshisto_dates.xml"));
    assert_eq!(simulated.history[0].from.as_deref(), Some("2019-03-01"));
    assert_eq!(simulated.history[0].to.as_deref(), Some("2019-02-28"));
    assert_eq!(
        (simulated.history[1].number.as_str(), simulated.history[1].from.as_deref()),
        ("2090663220123", None)
    );
    let (nia, _) = found(&sample("resp_00_test_2.05_nia.xml"));
    assert_eq!(nia.first_name.unwrap().as_str(), "MATRICULE");
    assert_eq!(read(&sample("resp_01_aucune_identite.xml")).unwrap().0, InsiReturn::NotFound);
    assert_eq!(read(&sample("resp_02_plusieurs_identites.xml")).unwrap().0, InsiReturn::Several);
}

#[test]
fn faults_are_told_in_the_services_words() {
    let Some(folder) = reference() else { return };
    let fault = |name: &str| {
        let bytes = std::fs::read(folder.join("samples").join(name)).unwrap();
        match read_answer(500, "application/soap+xml", &bytes, ACCEPTED).unwrap_err() {
            InsiErrorKind::Fault(fault) => fault,
            other => panic!("{other:?}"),
        }
    };
    let unknown = fault("fault_siram_100_desir_550.xml");
    assert_eq!((unknown.subcode.as_str(), unknown.code.as_str()), ("siram_100", "desir_550"));
    assert_eq!((unknown.kind, unknown.retryable), (FaultKind::SoftwareNotAuthorised, false));
    assert_eq!(unknown.text, "Numéro d'autorisation du logiciel inconnu.");
    assert!(unknown.reason.starts_with("L'accès par ce progiciel"));
    assert_eq!(unknown.service_message_id.as_deref(), Some("uuid:b3549edd-4ae9-472a-b26f-fd2fb4ef397f"));
    let technical = fault("fault_siram_40_insi_102.xml");
    assert_eq!((technical.subcode.as_str(), technical.code.as_str()), ("siram_40", "insi_102"));
    assert_eq!((technical.kind, technical.retryable), (FaultKind::Unavailable, true));
    assert_eq!(technical.severity, "fatal");
}

/// A fault with the given parts.
fn fault_xml(side: &str, subcode: &str, code: &str) -> String {
    format!(
        "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body><e:Fault><e:Code><e:Value>e:{side}</e:Value>\
         <e:Subcode><e:Value>e:{subcode}</e:Value></e:Subcode></e:Code><e:Reason><e:Text xml:lang=\"fr\">non</e:Text></e:Reason>\
         <e:Detail><s:Erreur xmlns:s=\"urn:siram\" severite=\"erreur\" code=\"{code}\">x</s:Erreur></e:Detail></e:Fault></e:Body></e:Envelope>"
    )
}

#[test]
fn an_unlisted_fault_is_judged_by_the_side_it_blames() {
    let judge = |side: &str, subcode: &str, code: &str| {
        let error = read_answer(500, "", fault_xml(side, subcode, code).as_bytes(), ACCEPTED).unwrap_err();
        let InsiErrorKind::Fault(fault) = &error else { panic!("{error:?}") };
        assert_eq!(error.retryable(), fault.retryable);
        (fault.kind, fault.retryable)
    };
    assert_eq!(judge("Sender", "siram_1", "desir_560"), (FaultKind::CertificateRights, false));
    assert_eq!(judge("Receiver", "siram_40", "insi_999"), (FaultKind::Unavailable, true));
    assert_eq!(judge("Sender", "siram_7", "insi_7"), (FaultKind::Request, false));
    assert_eq!(judge("Receiver", "siram_7", "insi_7"), (FaultKind::Server, true));
}

const ANSWER: &str = "<x:Envelope xmlns:x=\"http://www.w3.org/2003/05/soap-envelope\"><x:Body>\
    <r:RESULTAT xmlns:r=\"http://www.cnamts.fr/INSiResultat\"><r:INDIVIDU>\
    <r:TIQ><r:LieuNaissance>63220</r:LieuNaissance><r:DateNaissance>1950-06-00</r:DateNaissance><r:Sexe>F</r:Sexe>\
    <r:ListePrenom> ZOE \n MARIE</r:ListePrenom><r:NomNaissance>D' ADRUN--X</r:NomNaissance></r:TIQ>\
    <r:INSACTIF><r:OID>1.2.250.1.213.1.4.8</r:OID><r:IdIndividu><r:Cle>74</r:Cle><r:NumIdentifiant>2751263220749</r:NumIdentifiant></r:IdIndividu></r:INSACTIF>\
    </r:INDIVIDU><r:CR><r:LibelleCR>OK</r:LibelleCR><r:CodeCR>00</r:CodeCR></r:CR></r:RESULTAT></x:Body></x:Envelope>";

#[test]
fn prefixes_order_and_lunar_dates_do_not_matter() {
    let (insi, warnings) = found(ANSWER.as_bytes());
    assert_eq!(insi.birth_date.iso(), "1950-06-00");
    assert_eq!((insi.birth_name.as_str(), insi.given_names.as_str()), ("D' ADRUN--X", "ZOE MARIE"));
    assert_eq!((insi.matricule.compact().as_str(), warnings), ("275126322074974", vec![]));
}

#[test]
fn ins_10_a_wrong_key_is_told_and_not_refused() {
    let (insi, warnings) = found(ANSWER.replace(">74<", ">60<").as_bytes());
    assert_eq!((insi.matricule.key(), insi.key_is_right), (60, false));
    assert_eq!(warnings, [AnswerWarning::WrongKey]);
    let (insi, warnings) = found(ANSWER.replace("<r:Cle>74</r:Cle>", "").as_bytes());
    assert_eq!((insi.matricule.key(), warnings), (74, vec![AnswerWarning::NoKey]));
}

#[test]
fn optional_parts_may_be_absent_or_odd() {
    let (insi, warnings) = found(ANSWER.replace("<r:LieuNaissance>63220</r:LieuNaissance>", "").as_bytes());
    assert_eq!((insi.birth_place, warnings), (None, vec![]));
    let (insi, warnings) = found(ANSWER.replace(">63220<", ">632<").as_bytes());
    assert_eq!((insi.birth_place, warnings), (None, vec![AnswerWarning::UnusableBirthPlace]));
    let unknown_place = found(ANSWER.replace(">63220<", ">9Z9Z9<").as_bytes()).0;
    assert_eq!(unknown_place.birth_place.unwrap().as_str(), "9Z9Z9");
    let history = "<r:INSHISTO><r:IdIndividu/></r:INSHISTO><r:INSHISTO><r:IdIndividu><r:NumIdentifiant>1</r:NumIdentifiant>\
        </r:IdIndividu></r:INSHISTO></r:INDIVIDU>";
    let (insi, warnings) = found(ANSWER.replace("</r:INDIVIDU>", history).as_bytes());
    assert_eq!((insi.history.len(), warnings), (1, vec![AnswerWarning::UnusableHistory]));
}

#[test]
fn ret_12_an_answer_without_what_it_must_carry_names_it() {
    let refused = |from: &str, to: &str| {
        assert!(ANSWER.contains(from), "{from}");
        match read(ANSWER.replace(from, to).as_bytes()).unwrap_err() {
            InsiErrorKind::Answer(error) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(">D' ADRUN--X<", "> <"), AnswerError::Missing("NomNaissance"));
    assert_eq!(
        refused("<r:ListePrenom> ZOE \n MARIE</r:ListePrenom>", ""),
        AnswerError::Missing("ListePrenom")
    );
    assert_eq!(refused(">F<", "><"), AnswerError::Missing("Sexe"));
    assert_eq!(refused(">F<", ">I<"), AnswerError::Invalid("Sexe"));
    assert_eq!(refused(">1950-06-00<", ">06/1950<"), AnswerError::Invalid("DateNaissance"));
    assert_eq!(refused(">2751263220749<", ">27512632207<"), AnswerError::Invalid("NumIdentifiant"));
    assert_eq!(refused(">2751263220749<", ">éé1263220749<"), AnswerError::Invalid("NumIdentifiant"));
    assert_eq!(refused(">74<", ">7<"), AnswerError::Invalid("Cle"));
    assert_eq!(refused("D' ADRUN--X", "Zoé 2"), AnswerError::Invalid("NomNaissance"));
    assert_eq!(refused("4.8<", "4.10<"), AnswerError::ForeignOid("1.2.250.1.213.1.4.10".into()));
    assert_eq!(refused("4.8<", "4.2<"), AnswerError::ForeignOid("1.2.250.1.213.1.4.2".into()));
    assert_eq!(refused(">00<", ">07<"), AnswerError::UnknownCode("07".into()));
    assert_eq!(refused("INSiResultat", "Autre"), AnswerError::NotAResult);
    assert_eq!(refused("r:INSACTIF>", "r:INSAUTRE>"), AnswerError::Missing("INSACTIF"));
    assert_eq!(refused("r:CR>", "r:XX>"), AnswerError::Missing("CodeCR"));
    for unreadable in [&b""[..], b"<html>", b"\xFF\xFE", b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"] {
        let error = read(unreadable).unwrap_err();
        assert!(matches!(error, InsiErrorKind::Transport(_)) && !error.retryable(), "{error:?}");
    }
    let gateway = read_answer(503, "text/html", b"<html>busy", ACCEPTED).unwrap_err();
    assert!(gateway.retryable(), "{gateway:?}");
}

#[test]
fn neither_errors_nor_traces_show_traits() {
    let trace = CallTrace {
        operation: "x",
        message_id: "uuid:1".into(),
        request: b"ADRUN".to_vec(),
        http_status: Some(200),
        answer: Some(b"ADRUN".to_vec()),
    };
    let error = InsiError { kind: AnswerError::Invalid("NomNaissance").into(), trace: Box::new(trace) };
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("ADRUN") && !shown.contains("65, 68"), "{shown}");
}
