//! The public test bench of the certification centre (fact sheet §B.11), case by case: what we ask, what the simulator
//! answers, what we read; by organisation certificate and by CPx card.
//!
//! `PAILLASSE_WRITE=1` writes the golden page anew; it is reviewed line by line against the sheet.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

use paillasse_connectors::insi::cpx::{Professional, Signer, SignerError};
use paillasse_connectors::insi::sequence::{Last, Sequence, Step};
use paillasse_connectors::insi::{
    CallOrigin, CallStamp, CardQuery, InsiAnswer, InsiClient, InsiError, InsiErrorKind, InsiReturn,
    InsiSettings, LpsIdentity, Nir, TraitsQuery, read_answer,
};
use paillasse_connectors::tls::TlsMaterial;
use paillasse_shared::domain::identity::{BirthDate, CogCode, InsOid, Sex, StrictName, StrictTraits};
use paillasse_sim::ca::{CPX_NUMBER, Pki};
use paillasse_sim::{Sim, SimConfig};
use paillasse_xml::SigningIdentity;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

const OIDS: &[InsOid] = &[InsOid::Nir, InsOid::Nia, InsOid::NirTest];

fn pki() -> Arc<Pki> {
    static PKI: OnceLock<Arc<Pki>> = OnceLock::new();
    Arc::clone(PKI.get_or_init(|| Arc::new(Pki::generate(jiff::Timestamp::now()).unwrap())))
}

struct Bench {
    sim: Sim,
    client: InsiClient,
    _folder: tempfile::TempDir,
}

fn professional(pem: &str) -> Professional {
    Professional {
        name_id: CPX_NUMBER.into(),
        billing: "123456789".into(),
        sector: "SA25".into(),
        signer: Arc::new(SigningIdentity::from_pem(pem.as_bytes()).unwrap()),
    }
}

impl Bench {
    async fn start() -> Self {
        Self::with(professional(&pki().cpx.pem)).await
    }

    async fn with(professional: Professional) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = SimConfig::new(folder.path());
        config.pki = Some(pki());
        let sim = Sim::start(config).await.unwrap();
        let settings = InsiSettings {
            url: sim.info.insi.clone(),
            lps: LpsIdentity {
                authorisation: "NumAutorisation".into(),
                version: "01.00".into(),
                instance: Uuid::from_u128(7),
                name: "urn:lps:paillasse:01.00".into(),
            },
            accepted_oids: OIDS.to_vec(),
            deadlines: InsiSettings::DEADLINES,
        };
        let roots = || pki().ca_pem.clone().into_bytes();
        let material = |pem: &str| TlsMaterial::new(roots(), Some(pem.as_bytes().to_vec()));
        let (manu, auto) = (material(&pki().insi_manu.pem), material(&pki().insi_auto.pem));
        let client = InsiClient::new(settings, Some(&manu), Some(&auto))
            .unwrap()
            .with_card(&sim.info.insi_cpx, &TlsMaterial::new(roots(), None), professional)
            .unwrap();
        Self { sim, client, _folder: folder }
    }
}

fn stamp() -> CallStamp {
    let id = Uuid::new_v4;
    CallStamp { bam_id: id(), lps_id: id(), message: id(), time: jiff::Timestamp::now() }
}

/// The rows of the sheet: name, given names as typed, sex, date, place. What comes back is in the golden page.
const CASES: &[(&str, &str, Sex, &str, &str)] = &[
    ("ADRUN", "ZOE", Sex::F, "1975-12-31", "63220"),
    ("ADRTROIS", "DOMINIQUE", Sex::F, "1997-02-26", "2A020"),
    ("ADRTROIS", "TOUSSAINT", Sex::M, "1960-01-01", "2B020"),
    ("ADRDEUX", "LAURENT", Sex::M, "1981-01-01", ""),
    ("ADRDEUX", "LAURENT", Sex::M, "1981-01-01", "63220"),
    ("CORSE", "ANTHONY", Sex::M, "1980-03-02", "2B020"),
    ("HERMANN", "GATIEN", Sex::M, "1981-03-24", "63220"),
    ("ECETINSI", "PIERRE-ALAIN MURIEL FLORIANT", Sex::M, "2009-07-14", "63220"),
    ("PROVISOIRE", "MATRICULE", Sex::M, "2009-07-01", "63220"),
    ("NESSI", "MICHELANGELO ANTHONY", Sex::M, "2010-08-07", "63220"),
    ("TCHITCHI", "OLA CATARINA BELLA", Sex::F, "1936-06-21", "63220"),
    ("HOUILLES", "PIERRE PAUL JACQUES", Sex::M, "1993-01-27", ""),
    ("DE VINCI", "LEONARDO", Sex::M, "2014-02-01", ""),
    ("DE VINCI", "LEONARDO", Sex::M, "2014-02-01", "63220"),
    ("DE VINCI", "RUTH", Sex::F, "1976-07-14", ""),
    ("D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN MURIEL FLORIANT", Sex::M, "2001-06-17", "63220"),
    ("PATB-QUATRE", "LAURENCE", Sex::F, "1907-05-25", ""),
];

/// Cards: holder, beneficiary when its NIR is certified, name, date, rank.
const CARDS: &[(&str, Option<&str>, &str, &str, u8)] = &[
    ("2760763220990", None, "DE VINCI", "1976-07-14", 1),
    ("2360663220836", Some("2360663220836"), "TCHITCHI", "1936-06-21", 1),
    ("2751263220749", Some("1100863220830"), "NESSI", "2010-08-07", 1),
    ("2751263220749", None, "ADRUN", "1975-12-31", 1),
    ("1990163220001", None, "PERSONNE", "1999-01-01", 1),
];

fn outcome(answer: &Result<InsiAnswer, InsiError>) -> String {
    match answer {
        Ok(answer) => match answer.found {
            InsiReturn::Found(_) => "00".into(),
            InsiReturn::NotFound => "01".into(),
            InsiReturn::Several => "02".into(),
        },
        Err(error) => match &error.kind {
            InsiErrorKind::Fault(fault) => {
                let retry = if fault.retryable { "à réessayer" } else { "définitif" };
                format!("{} {} ({retry})", fault.subcode, fault.code)
            }
            other => format!("{other}"),
        },
    }
}

fn identity(answer: &InsiAnswer) -> String {
    let InsiReturn::Found(insi) = &answer.found else { return String::new() };
    let former: Vec<String> = insi
        .history
        .iter()
        .map(|f| format!("{} {}", f.number, f.key.as_deref().unwrap_or("sans clé")))
        .collect();
    let mut line = format!(
        "{} {:02}{} {} | {} | {} | {} | {}",
        insi.matricule.number(),
        insi.matricule.key(),
        if insi.key_is_right { "" } else { " (clé inattendue)" },
        insi.oid.nature().label(),
        insi.birth_name,
        insi.given_names,
        insi.birth_date.iso(),
        insi.birth_place.as_ref().map_or("sans lieu", CogCode::as_str),
    );
    if !former.is_empty() {
        let _ = write!(line, " | anciens : {}", former.join(", "));
    }
    line
}

async fn by_traits(
    bench: &Bench,
    origin: CallOrigin,
    case: &(&str, &str, Sex, &str, &str),
    requests: &mut Vec<Vec<u8>>,
) -> String {
    let (name, list, sex, date, place) = case;
    let traits = StrictTraits {
        birth_name: StrictName::parse(name).unwrap(),
        first_name: StrictName::parse(list.split(' ').next().unwrap()).unwrap(),
        given_names: Some(StrictName::parse(list).unwrap()),
        sex: *sex,
        birth_date: BirthDate::lunar(date).unwrap(),
        birth_place: CogCode::parse(place).ok(),
    };
    let mut sequence = Sequence::new(&traits).unwrap();
    let mut step = sequence.start();
    let (mut calls, mut last_identity) = (Vec::new(), String::new());
    while let Step::Ask(query) = step {
        let answer = bench.client.search_by_traits(&query, origin, &stamp()).await;
        let place = query.birth_place.as_ref().map(|p| format!("@{}", p.as_str())).unwrap_or_default();
        calls.push(format!("{}{place} → {}", query.given_name.as_str(), outcome(&answer)));
        let trace = match &answer {
            Ok(a) => &a.trace,
            Err(e) => &*e.trace,
        };
        requests.push(trace.request.clone());
        let last = match &answer {
            Err(_) => Last::Failed,
            Ok(a) => match a.found {
                InsiReturn::Found(_) => Last::Found,
                InsiReturn::NotFound => Last::NotFound,
                InsiReturn::Several => Last::Several,
            },
        };
        if let Ok(a) = &answer {
            last_identity = identity(a);
        }
        step = sequence.next(last);
    }
    format!("traits  {name} {list} {} {date} {place} : {} = {last_identity}", sex.letter(), calls.join(", "))
        .trim_end_matches([' ', '='])
        .to_owned()
}

async fn by_card(
    bench: &Bench,
    origin: CallOrigin,
    case: &(&str, Option<&str>, &str, &str, u8),
    requests: &mut Vec<Vec<u8>>,
) -> String {
    let (holder, beneficiary, name, date, rank) = case;
    let nir = |n: &str| Nir { number: n.into(), key: None };
    let query = CardQuery {
        holder: nir(holder),
        beneficiary: beneficiary.map(nir),
        birth_name: Some((*name).into()),
        birth_date: Some(BirthDate::lunar(date).unwrap()),
        birth_rank: Some(*rank),
        regime: None,
        assertions: vec![vitale(jiff::Timestamp::now())],
    };
    let answer = bench.client.search_by_card(&query, origin, &stamp()).await;
    let trace = match &answer {
        Ok(a) => &a.trace,
        Err(e) => &*e.trace,
    };
    requests.push(trace.request.clone());
    let found = answer.as_ref().map(identity).unwrap_or_default();
    let beneficiary = beneficiary.map(|b| format!(" (bénéficiaire {b})")).unwrap_or_default();
    format!("carte   {holder}{beneficiary} {name} {date} : {} = {found}", outcome(&answer))
        .trim_end_matches([' ', '='])
        .to_owned()
}

/// Stands for the assertion of the licensed components, whose content is not public.
fn vitale(at: jiff::Timestamp) -> String {
    format!(
        "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_v\" Version=\"2.0\" IssueInstant=\"{at}\">\
         <Issuer>essai</Issuer></Assertion>"
    )
}

fn reference() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/insi");
    folder.is_dir().then_some(folder)
}

/// How many blocks of these requests are valid against the published schemas, or why it was not looked at.
fn valid(requests: &[Vec<u8>]) -> Result<usize, String> {
    let Some(folder) = reference() else { return Err("the schemas are not beside this checkout".into()) };
    let script = include_str!("common/insi_schemas.py");
    let mut child = Command::new("python3")
        .args(["-c", script, folder.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("no python3: {e}"))?;
    child.stdin.take().unwrap().write_all(&requests.join(&b"\0"[..])).unwrap();
    let verdict = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    if verdict.starts_with("missing") {
        return Err("the Python package lxml is not installed".into());
    }
    let checked = verdict.trim().strip_prefix("checked ").unwrap_or_else(|| panic!("{verdict}"));
    Ok(checked.parse().unwrap())
}

fn golden(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("PAILLASSE_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(page, kept, "{name} differs; PAILLASSE_WRITE=1 writes it anew");
}

#[tokio::test]
async fn ret_03_and_04_the_public_test_bench_answers_as_the_sheet_says_in_both_modes() {
    let bench = Bench::start().await;
    let mut pages = Vec::new();
    for origin in [CallOrigin::Manu, CallOrigin::Cpx] {
        let mut requests = Vec::new();
        let mut page = String::new();
        for case in CASES {
            page.push_str(&by_traits(&bench, origin, case, &mut requests).await);
            page.push('\n');
        }
        for case in CARDS {
            page.push_str(&by_card(&bench, origin, case, &mut requests).await);
            page.push('\n');
        }
        match valid(&requests) {
            // Both contexts and the body of every request.
            Ok(blocks) => assert_eq!(blocks, requests.len() * 3),
            Err(why) => println!("skipped: schemas not applied, {why}"),
        }
        pages.push(page);
    }
    assert_eq!(pages[0], pages[1], "the mode of authentication changes nothing of what is found");
    golden("insi-bench.txt", &pages[0]);
    bench.sim.stop().await;
}

#[test]
fn ret_05_every_answer_of_the_reference_folder_is_read() {
    let Some(folder) = reference() else {
        println!("skipped: the samples are not beside this checkout");
        return;
    };
    let mut files: Vec<_> =
        std::fs::read_dir(folder.join("samples")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let mut page = String::new();
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let status = if name.starts_with("fault") {
            500
        } else if name.starts_with("resp") {
            200
        } else {
            continue;
        };
        let bytes = std::fs::read(&path).unwrap();
        let read = match read_answer(status, "application/soap+xml; charset=utf-8", &bytes, OIDS) {
            Ok((InsiReturn::Found(insi), warnings)) => {
                format!(
                    "00 {} historique {} remarques {warnings:?}",
                    insi.matricule.compact(),
                    insi.history.len()
                )
            }
            Ok((InsiReturn::NotFound, _)) => "01".into(),
            Ok((InsiReturn::Several, _)) => "02".into(),
            Err(e) => format!("{e}"),
        };
        let _ = writeln!(page, "{name} : {}", read.replace('\n', " "));
    }
    golden("insi-samples.txt", &page);
}

#[tokio::test]
async fn ret_04_a_request_without_its_assertion_or_signed_by_another_key_is_refused() {
    let query = TraitsQuery {
        birth_name: StrictName::parse("ADRUN").unwrap(),
        given_name: StrictName::parse("ZOE").unwrap(),
        sex: Sex::F,
        birth_date: BirthDate::lunar("1975-12-31").unwrap(),
        birth_place: None,
    };
    let refusal = async |professional: Professional, at: jiff::Timestamp| {
        let bench = Bench::with(professional).await;
        let stamp = CallStamp { time: at, ..stamp() };
        let error = bench.client.search_by_traits(&query, CallOrigin::Cpx, &stamp).await.unwrap_err();
        bench.sim.stop().await;
        match error.kind {
            InsiErrorKind::Fault(fault) => format!("{} {}", fault.code, fault.text),
            other => format!("{other}"),
        }
    };
    let now = jiff::Timestamp::now();
    // Not the card's own number.
    let other = Professional { name_id: "899700000099".into(), ..professional(&pki().cpx.pem) };
    assert!(refusal(other, now).await.starts_with("sim_cpx Subject/NameID"));
    // Signed long ago.
    let old = now - jiff::SignedDuration::from_hours(2);
    assert!(refusal(professional(&pki().cpx.pem), old).await.contains("périmée"));
    let unbilled = Professional { billing: "12".into(), ..professional(&pki().cpx.pem) };
    assert!(refusal(unbilled, now).await.contains("identifiantFacturation"));
    // Another authority's card.
    let stranger = Pki::generate(now).unwrap();
    assert!(refusal(professional(&stranger.cpx.pem), now).await.contains("autorité inconnue"));
    // A card whose signature does not verify never reaches the service.
    struct Broken(SigningIdentity);
    impl Signer for Broken {
        fn certificate(&self) -> &[u8] {
            self.0.certificate()
        }
        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
            let mut other = message.to_vec();
            other.push(b' ');
            Signer::sign(&self.0, &other)
        }
    }
    let broken = Professional {
        signer: Arc::new(Broken(SigningIdentity::from_pem(pki().cpx.pem.as_bytes()).unwrap())),
        ..professional(&pki().cpx.pem)
    };
    let bench = Bench::with(broken).await;
    let error = bench.client.search_by_traits(&query, CallOrigin::Cpx, &stamp()).await.unwrap_err();
    assert_eq!(error.kind, InsiErrorKind::Card(SignerError::Wrong));
    assert!(error.trace.request.is_empty() && !error.kind.retryable());
}

#[tokio::test]
async fn ret_03_a_vitale_assertion_of_more_than_twenty_minutes_is_refused_by_the_service() {
    let bench = Bench::start().await;
    let nir = Nir { number: "2360663220836".into(), key: None };
    let mut query = CardQuery {
        holder: nir,
        beneficiary: None,
        birth_name: None,
        birth_date: None,
        birth_rank: None,
        regime: None,
        assertions: vec![vitale(jiff::Timestamp::now() - jiff::SignedDuration::from_mins(21))],
    };
    for origin in [CallOrigin::Manu, CallOrigin::Cpx] {
        query.assertions = vec![vitale(jiff::Timestamp::now() - jiff::SignedDuration::from_mins(21))];
        let stale = bench.client.search_by_card(&query, origin, &stamp()).await;
        assert!(outcome(&stale).starts_with("sim_assertion sim_vitale"), "{stale:?}");
        query.assertions.clear();
        let absent = bench.client.search_by_card(&query, origin, &stamp()).await;
        assert!(outcome(&absent).starts_with("sim_requete"), "{absent:?}");
    }
    bench.sim.stop().await;
}
