//! The identity desk over the real socket and a simulated INSi: what a creation needs, who may do what, what the site
//! decides, what is written about it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use paillasse_daemon::config::Config;
use paillasse_shared::domain::identity::{Attribute, DeviceKind, Status};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::cog::CogImportParams;
use paillasse_shared::protocol::document::Form;
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::patient::{
    CreateParams, Created, EditTraitsParams, EditUsedParams, InsiState, PatientRecord, PatientRef,
    SetAttributeParams,
};
use paillasse_shared::protocol::{audit, dossier, ins, patient, queue};
use support::flows::{drain, qualified, record, validated_dossier};
use support::{House, TEST_NIR, person};

const NOON: &str = "2026-11-22T12:00:00+01:00";
const NUMBER: &str = "2800399100042";

fn zoe() -> String {
    person("EXEMPLE", &["ZOE", "LINA"], "F", "1980-03-12", "69382", NUMBER, TEST_NIR)
}

fn typed() -> CreateParams {
    CreateParams {
        birth_name: "EXEMPLE".into(),
        first_name: "ZOE".into(),
        sex: "F".into(),
        birth_date: "12/03/1980".into(),
        birth_place: Some("69382".into()),
        ..CreateParams::default()
    }
}

async fn create(house: &mut House, params: CreateParams) -> PatientRecord {
    match house.call::<m::PatientCreate>(params).await {
        Created::Created { patient } => *patient,
        Created::Similar { hits } => panic!("{hits:?}"),
    }
}

async fn refused(house: &mut House, params: CreateParams) -> WireError {
    house.try_call::<m::PatientCreate>(&params).await.unwrap_err()
}

async fn qualify(house: &mut House, id: PatientId, device: DeviceKind) -> Result<PatientRecord, WireError> {
    house.try_call::<m::InsQualify>(&ins::QualifyParams { id, device, parent_device: None }).await
}

async fn accepted(house: &mut House, id: PatientId) -> PatientRecord {
    house.call::<m::InsFetch>(ins::FetchParams { id, wait: true }).await;
    let decide = ins::DecideParams { id, return_id: None, despite_contradiction: false, motive: None };
    house.call::<m::InsAccept>(decide).await
}

async fn journal(house: &mut House, id: PatientId) -> Vec<paillasse_shared::domain::audit::AuditLine> {
    let params = audit::ListParams { patient: Some(id), from: None, limit: None };
    house.call::<m::AuditList>(params).await.lines
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_05_and_sta_01_five_fields_are_needed_and_no_other() {
    let mut house = House::open(&[], NOON).await;
    type Clear = fn(&mut CreateParams);
    let empty: [(&str, &str, Clear); 5] = [
        ("birth_name", "Nom de naissance", |p| p.birth_name.clear()),
        ("first_name", "Premier prénom", |p| p.first_name.clear()),
        ("birth_date", "Date de naissance", |p| p.birth_date.clear()),
        ("sex", "Sexe", |p| p.sex.clear()),
        ("birth_place", "Lieu de naissance", |p| p.birth_place = None),
    ];
    for (field, label, clear) in empty {
        let mut params = typed();
        clear(&mut params);
        let e = refused(&mut house, params).await;
        assert_eq!((e.kind, e.field.as_deref()), (ErrorKind::Invalid, Some(field)), "{e:?}");
        assert!(e.cause.contains(label), "{}", e.cause);
    }
    let made = create(&mut house, typed()).await;
    assert_eq!(made.status, Status::Provisoire);
    assert!(made.phone.is_none() && made.used.name.is_none() && made.traits.given_names.is_none());
    let unknown = CreateParams { birth_place: Some("99999".into()), birth_name: "AUTRE".into(), ..typed() };
    let made = create(&mut house, CreateParams { not_a_duplicate: true, ..unknown }).await;
    assert_eq!(made.birth_place_label.as_deref(), Some("INCONNU"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_04_the_billing_number_is_kept_apart_from_the_ins() {
    let mut house = House::open(&[zoe()], NOON).await;
    let params = CreateParams { social_security: Some("1 55 01 69 382 001".into()), ..typed() };
    let id = create(&mut house, params).await.id;
    let after = accepted(&mut house, id).await;
    assert_eq!(after.social_security.as_deref(), Some("1550169382001"), "INSi does not touch it");
    assert_eq!(after.ins.unwrap().matricule.number(), NUMBER);
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_02_03_and_08_both_ways_to_a_status_and_their_history() {
    let mut house = House::open(&[zoe()], NOON).await;
    let id = create(&mut house, typed()).await.id;
    assert_eq!(accepted(&mut house, id).await.status, Status::Recuperee, "INSi 00 accepted, no document");
    assert_eq!(qualify(&mut house, id, DeviceKind::Passport).await.unwrap().status, Status::Qualifiee);
    let doubt =
        SetAttributeParams { id, attribute: Attribute::Douteux, on: true, motive: Some("prêt".into()) };
    house.call::<m::PatientSetAttribute>(doubt).await;
    let history = house.call::<m::PatientHistory>(PatientRef { id }).await.lines;
    let chain: Vec<_> = history.iter().rev().filter_map(|l| l.status).collect();
    use Status::{Provisoire, Qualifiee, Recuperee, Validee};
    assert_eq!(chain, [(Provisoire, Recuperee), (Recuperee, Qualifiee), (Qualifiee, Provisoire)]);
    assert!(history.iter().all(|l| l.by == "essai" && l.at.to_string().starts_with("2026-11-22")));

    let params = CreateParams { birth_name: "AUTRE".into(), not_a_duplicate: true, ..typed() };
    let other = create(&mut house, params).await.id;
    let after = qualify(&mut house, other, DeviceKind::Passport).await.unwrap();
    assert_eq!(after.status, Validee, "a passport, no INSi");
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_18_strict_fields_are_stored_as_insi_returned_them() {
    let odd =
        person("D'EXEMPLE--LE GOFF", &["ZOE-LINA", "MARIE"], "F", "1980-03-12", "69999", NUMBER, TEST_NIR);
    let mut house = House::open(&[odd], NOON).await;
    let params =
        CreateParams { birth_name: "d'exemple--le goff".into(), first_name: "Zoé-Lina".into(), ..typed() };
    let id = create(&mut house, params).await.id;
    let after = accepted(&mut house, id).await;
    let base = rusqlite::Connection::open(house.dir.path().join("p.db")).unwrap();
    let answer: String = base
        .query_row("SELECT response FROM insi_trace WHERE code = '00' ORDER BY id DESC LIMIT 1", [], |r| {
            r.get(0)
        })
        .unwrap();
    // The text of an element of the trace, whatever its prefix.
    let traced = |name: &str| {
        let (_, rest) =
            answer.split_once(&format!("{name}>")).unwrap_or_else(|| panic!("{name} in {answer}"));
        rest.split('<').next().unwrap().replace("&apos;", "'").replace("&#39;", "'")
    };
    let t = &after.traits;
    let ins = after.ins.as_ref().unwrap();
    assert_eq!(traced("NomNaissance"), t.birth_name.as_str());
    assert_eq!(traced("ListePrenom"), t.given_names.as_ref().unwrap().as_str());
    assert_eq!(traced("DateNaissance"), t.birth_date.iso());
    assert_eq!(traced("Sexe"), t.sex.letter());
    assert_eq!(traced("LieuNaissance"), t.birth_place.as_ref().unwrap().as_str());
    assert_eq!(traced("NumIdentifiant"), ins.matricule.number());
    assert_eq!(traced("OID"), ins.oid.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_11_used_names_change_whatever_the_status() {
    let mut house = House::open(&[zoe()], NOON).await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let edit = EditUsedParams {
        id,
        used_name: Some("Bergé".into()),
        used_first_name: None,
        phone: None,
        social_security: None,
    };
    let after = house.call::<m::PatientEditUsed>(edit.clone()).await;
    assert_eq!(after.used.name.as_ref().unwrap().as_str(), "BERGE");
    assert_eq!(after.status, Status::Qualifiee);
    let phone = EditUsedParams { used_name: None, phone: Some("04 72 00 00 00".into()), ..edit };
    let after = house.call::<m::PatientEditUsed>(phone).await;
    assert!(after.used.name.is_some() && after.phone.is_some(), "what is not said is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_11_view_creation_and_change_are_journalled_with_their_values() {
    let mut house = House::open(&[zoe()], NOON).await;
    let id = create(&mut house, typed()).await.id;
    record(&mut house, id).await;
    let edit = EditUsedParams {
        id,
        used_name: Some("BERGER".into()),
        used_first_name: None,
        phone: None,
        social_security: None,
    };
    house.call::<m::PatientEditUsed>(edit).await;
    let seen = record(&mut house, id).await;
    let traits = CreateParams { first_name: "ZOÉLIE".into(), ..typed() };
    let motive = Some("faute de frappe".into());
    let edit = EditTraitsParams { id, version: seen.version, traits, motive };
    house.call::<m::PatientEditTraits>(edit).await;
    let lines = journal(&mut house, id).await;
    let of = |act: &str| lines.iter().find(|l| l.act == act).unwrap_or_else(|| panic!("{act}: {lines:?}"));
    assert!(lines.iter().all(|l| !l.actor.is_empty()));
    assert_eq!(of("patient-view").actor, "essai");
    let json = |act: &str| serde_json::from_str::<serde_json::Value>(&of(act).detail).unwrap();
    assert_eq!(json("patient-create")["after"]["traits"]["birth_name"], "EXEMPLE");
    let used = json("patient-edit-used");
    assert!(used["before"]["used"]["name"].is_null());
    assert_eq!(used["after"]["used"]["name"], "BERGER");
    let traits = json("patient-edit-traits");
    assert_eq!(
        (&traits["before"]["first_name"], &traits["after"]["first_name"]),
        (&"ZOE".into(), &"ZOELIE".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_12_and_cog_04_calls_are_journalled_with_who_asked_and_the_first_has_no_place() {
    let twin = person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69383", "2800399100043", TEST_NIR);
    let second = "\n[[users]]\nlogin = \"lea\"\nname = \"L. Durand\"\nuid = UID\nprofiles = [\"accueil\"]\n";
    let mut house = House::open_with(&[zoe(), twin], NOON, second).await;
    let first = create(&mut house, typed()).await.id;
    house.call::<m::InsFetch>(ins::FetchParams { id: first, wait: true }).await;
    house.acts_for("lea").await;
    let params = CreateParams { birth_name: "AUTRE".into(), not_a_duplicate: true, ..typed() };
    let other = create(&mut house, params).await.id;
    house.call::<m::InsFetch>(ins::FetchParams { id: other, wait: true }).await;
    house.acts_for("essai").await;
    let calls = async |house: &mut House, id| {
        let mut lines = journal(house, id).await;
        lines.retain(|l| l.act == "insi-call");
        lines.sort_by_key(|l| l.seq);
        lines
    };
    let mine = calls(&mut house, first).await;
    assert!(mine.len() >= 2, "two persons answer to the traits: the place is asked about next: {mine:?}");
    let detail = |l: &paillasse_shared::domain::audit::AuditLine| -> serde_json::Value {
        serde_json::from_str(&l.detail).unwrap()
    };
    assert_eq!(detail(&mine[0])["mode"], "traits");
    assert_eq!(detail(&mine[0])["code"], "02");
    assert_ne!(detail(&mine[1])["mode"], "traits", "{mine:?}");
    let theirs = calls(&mut house, other).await;
    assert_eq!((mine[0].actor.as_str(), theirs[0].actor.as_str()), ("essai", "lea"));
    assert_eq!(detail(&theirs[0])["code"], "01");
    // What left, as the simulator got it.
    let sent: Vec<_> = house.journal().into_iter().filter(|l| l["service"] == "insi").collect();
    assert!(!sent[0].to_string().contains("69382"), "{}", sent[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cog_03_a_code_of_insi_unknown_here_is_accepted_by_one_act_and_listed() {
    let somewhere = person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69999", NUMBER, TEST_NIR);
    let mut house = House::open(&[somewhere], NOON).await;
    let place = Some("99999".to_owned());
    let id = create(&mut house, CreateParams { birth_place: place, ..typed() }).await.id;
    let after = accepted(&mut house, id).await;
    assert_eq!(after.status, Status::Recuperee);
    assert_eq!(after.traits.birth_place.as_ref().unwrap().as_str(), "69999");
    assert_eq!(after.birth_place_label.as_deref(), Some("code reçu d'INSi"));
    let status = house.call::<m::CogStatus>(m::Empty {}).await;
    assert_eq!(
        status.unknown.iter().map(|u| (u.code.as_str(), u.patients)).collect::<Vec<_>>(),
        [("69999", 1)]
    );
}

/// An edition of 2027 with one more commune, in one file.
fn edition(file: &std::path::Path, line: &str) -> String {
    let shipped =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/cog/communes-depuis-1943.tsv");
    let communes = std::fs::read_to_string(shipped).unwrap();
    let text = format!(
        "paillasse-cog 1\nedition: 2027 (1er janvier 2027)\n== communes-depuis-1943.tsv\n{communes}{line}"
    );
    std::fs::write(file, &text).unwrap();
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn cog_08_an_edition_is_imported_offline_after_its_checksum_and_survives_a_restart() {
    let somewhere = person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69999", NUMBER, TEST_NIR);
    let mut house = House::open(&[somewhere], NOON).await;
    let id = create(&mut house, typed()).await.id;
    accepted(&mut house, id).await;
    let file = house.dir.path().join("cog-2027.txt");
    let sha256 = edition(&file, "69999\t2027-01-01\t\t\t\tNouvelle-Bourgade\n");
    let params =
        |sha256: &str| CogImportParams { path: file.to_str().unwrap().into(), sha256: sha256.into() };
    let e = house.try_call::<m::CogImport>(&params(&"0".repeat(64))).await.unwrap_err();
    assert!(e.cause.contains("somme de contrôle"), "{}", e.cause);
    assert!(house.call::<m::CogStatus>(m::Empty {}).await.imported.is_none());

    let status = house.call::<m::CogImport>(params(&sha256.to_uppercase())).await;
    assert_eq!(status.imported.as_ref().unwrap().by, "essai");
    assert!(status.files.iter().any(|f| f.edition.contains("2027")));
    assert!(status.unknown.is_empty(), "known now");
    let lines = house.call::<m::AuditList>(audit::ListParams::default()).await.lines;
    let line = lines.iter().find(|l| l.act == "cog-import").unwrap();
    assert!(line.detail.contains(&sha256) && line.at.to_string().starts_with("2026-11-22"));
    let place = async |house: &mut House, text: &str, born: &str| {
        let p =
            patient::PlaceSearchParams { text: text.into(), birth_date: Some(born.into()), limit: Some(1) };
        house.call::<m::PlaceSearch>(p).await.places.into_iter().next().map(|p| p.code)
    };
    for _ in 0..2 {
        assert_eq!(place(&mut house, "nouvelle-bourgade", "2027-02-01").await.as_deref(), Some("69999"));
        assert_eq!(place(&mut house, "lanhelin", "1980-01-01").await.as_deref(), Some("35147"), "old births");
        house.reconfigure("").await;
    }
    // A file that lost codes, or that is none, changes nothing.
    std::fs::write(&file, "paillasse-cog 1\nedition: 2028\n== communes-depuis-1943.tsv\ncode\n").unwrap();
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(std::fs::read(&file).unwrap()));
    let e = house.try_call::<m::CogImport>(&params(&sha256)).await.unwrap_err();
    assert!(e.cause.contains("n'y est plus"), "{}", e.cause);
    assert!(house.call::<m::CogStatus>(m::Empty {}).await.files.iter().any(|f| f.edition.contains("2027")));
}

/// Words of the paper of a dossier that is validated now.
async fn paper(house: &mut House, patient: PatientId) -> String {
    let document = validated_dossier(house, patient).await.document.unwrap();
    let get = paillasse_shared::protocol::document::GetParams { id: document, form: Form::Pdf };
    let content = house.call::<m::DocumentGet>(get).await;
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(&content.base64).unwrap();
    let pdf = lopdf::Document::load_mem(&bytes).unwrap();
    let pages: Vec<u32> = pdf.get_pages().keys().copied().collect();
    pdf.extract_text(&pages).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_15_used_names_are_printed_when_the_site_wants_them() {
    let mut house = House::open_with(&[zoe()], NOON, "\n[reports]\nused_names = false\n").await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let edit = EditUsedParams {
        id,
        used_name: Some("BERGER".into()),
        used_first_name: None,
        phone: None,
        social_security: None,
    };
    house.call::<m::PatientEditUsed>(edit).await;
    assert!(!paper(&mut house, id).await.contains("BERGER"));
    house.reconfigure("\n[reports]\nused_names = true\n").await;
    assert!(paper(&mut house, id).await.contains("BERGER"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_18_the_slip_of_a_qualified_patient_carries_no_ins() {
    let mut house = House::open(&[zoe()], NOON).await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let edit = EditUsedParams {
        id,
        used_name: None,
        used_first_name: None,
        phone: None,
        social_security: Some("1550169382001".into()),
    };
    house.call::<m::PatientEditUsed>(edit).await;
    let new = dossier::CreateParams { patient: Some(id), analyses: vec!["NA".into()], ..Default::default() };
    let number = house.call::<m::DossierCreate>(new).await.number;
    let by_number = dossier::DossierRef { id: None, number: Some(number.clone()) };
    let slip = house.call::<m::DossierBilling>(by_number).await;
    use base64::Engine;
    let pdf = base64::engine::general_purpose::STANDARD.decode(&slip.base64).unwrap();
    assert!(pdf.starts_with(b"%PDF-") && slip.file_name.contains(&number));
    assert!(slip.text.contains("1550169382001") && slip.text.contains("EXEMPLE ZOE"), "{}", slip.text);
    for trace in [NUMBER, "1.2.250.1.213", "INS"] {
        assert!(!slip.text.contains(trace), "{trace} in {}", slip.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_13_each_right_is_separate_and_its_lack_is_named() {
    let all = [
        "see-ins",
        "call-insi",
        "qualify-identity",
        "merge-identities",
        "split-identities",
        "edit-strict-traits",
    ];
    let mut users = String::new();
    for lacking in all {
        let rights: Vec<_> =
            all.iter().filter(|r| **r != lacking).chain(["register", "read-audit"].iter()).collect();
        users += &format!(
            "\n[[users]]\nlogin = \"sans-{lacking}\"\nname = \"X\"\nuid = UID\nrights = {rights:?}\n"
        );
    }
    let mut house = House::open_with(&[zoe()], NOON, &users).await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let params = CreateParams { birth_name: "AUTRE".into(), not_a_duplicate: true, ..typed() };
    let other = create(&mut house, params).await.id;
    let version = record(&mut house, id).await.version;
    for lacking in all {
        house.acts_for(&format!("sans-{lacking}")).await;
        let seen = record(&mut house, id).await;
        assert_eq!(seen.ins.is_none(), lacking == "see-ins", "{lacking}");
        let merge = patient::MergeParams { survivor: id, absorbed: other, motive: Some("essai".into()) };
        let strict =
            EditTraitsParams { id, version: version - 1, traits: typed(), motive: Some("essai".into()) };
        let strict = EditTraitsParams { version: seen.version, ..strict };
        let strict = EditTraitsParams {
            traits: CreateParams { first_name: "ZOÉLIE".into(), ..strict.traits },
            ..strict
        };
        let (refusal, words) = match lacking {
            "see-ins" => {
                (house.try_call::<m::PatientDisclosures>(&PatientRef { id }).await.err(), "voir l'INS")
            }
            "call-insi" => {
                let fetch = ins::FetchParams { id: other, wait: false };
                (house.try_call::<m::InsFetch>(&fetch).await.err(), "appel INSi")
            }
            "qualify-identity" => {
                (qualify(&mut house, other, DeviceKind::Passport).await.err(), "valider une identité")
            }
            "merge-identities" => {
                (house.try_call::<m::PatientMerge>(&merge).await.err(), "rapprocher des identités")
            }
            "split-identities" => {
                let split = patient::SplitParams { absorbed: other, motive: "essai".into() };
                (house.try_call::<m::PatientSplit>(&split).await.err(), "dissocier des identités")
            }
            _ => (house.try_call::<m::PatientEditTraits>(&strict).await.err(), "traits stricts"),
        };
        let refusal = refusal.unwrap_or_else(|| panic!("{lacking} was not needed"));
        assert!(refusal.cause.contains(words), "{lacking}: {}", refusal.cause);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_24_a_closed_insi_never_stops_the_desk() {
    let mut house = House::open(&[zoe()], NOON).await;
    house
        .sim
        .control(&serde_json::json!({ "outage": { "service": "insi", "kind": "refuse", "variant": "503" } }));
    let id = create(&mut house, typed()).await.id;
    let new = dossier::CreateParams { patient: Some(id), analyses: vec!["NA".into()], ..Default::default() };
    let made = house.call::<m::DossierCreate>(new).await;
    let by_number = dossier::DossierRef { id: None, number: Some(made.number.clone()) };
    let labels = house.call::<m::DossierLabels>(by_number).await.labels;
    assert!(labels[0][0].contains("EXEMPLE ZOE") && labels[0][1].contains(&made.number));
    let fetch = house.call::<m::InsFetch>(ins::FetchParams { id, wait: true }).await;
    assert!(matches!(&fetch.insi, InsiState::Waiting { words: Some(_), .. }), "{fetch:?}");
    let orders = house
        .call::<m::QueueList>(queue::ListParams { service: Some(Service::Insi), ..Default::default() })
        .await;
    assert_eq!(orders.orders.len(), 1, "a retry is queued: {orders:?}");
    let order = queue::OrderRef { id: orders.orders[0].id };
    let detail = house.call::<m::QueueExplain>(order).await;
    assert_eq!(
        detail.order.identity,
        Some(Status::Provisoire),
        "an order tells the status of its patient (STA-16)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_25_a_slave_site_touches_strict_traits_by_the_degraded_procedure_only() {
    let slave = "\n[identity]\nrole = \"esclave\"\n";
    let mut house = House::open_with(&[], NOON, slave).await;
    let hello = house.call::<m::SessionHello>(Default::default()).await;
    assert_eq!(hello.identity.role, paillasse_shared::domain::identity::IdentityRole::Esclave);
    let e = refused(&mut house, typed()).await;
    assert_eq!(e.kind, ErrorKind::Refused);
    assert!(e.hint.unwrap().contains("procédure dégradée"));
    let why = Some("flux d'identités coupé".to_owned());
    let made = create(&mut house, CreateParams { degraded: why.clone(), ..typed() }).await;
    assert_eq!(made.degraded, why);
    assert!(made.traits_locked, "here nobody corrects it");
    let edit = |degraded| EditTraitsParams {
        id: made.id,
        version: made.version,
        traits: CreateParams { first_name: "ZOELIE".into(), degraded, ..typed() },
        motive: None,
    };
    assert_eq!(
        house.try_call::<m::PatientEditTraits>(&edit(None)).await.unwrap_err().kind,
        ErrorKind::Refused
    );
    let after = house.call::<m::PatientEditTraits>(edit(Some("erreur de saisie".into()))).await;
    assert_eq!(after.degraded.as_deref(), Some("erreur de saisie"));
    let history = house.call::<m::PatientHistory>(PatientRef { id: made.id }).await.lines;
    assert!(history.iter().filter(|l| l.what.contains("procédure dégradée")).count() == 2, "{history:?}");
    let created = journal(&mut house, made.id).await;
    assert!(created.iter().any(|l| l.act == "patient-create" && l.detail.contains("flux d'identités coupé")));

    // Back as référentiel, the same creation needs nothing.
    house.reconfigure("").await;
    let params = CreateParams { birth_name: "AUTRE".into(), not_a_duplicate: true, ..typed() };
    assert!(create(&mut house, params).await.degraded.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_26_and_27_the_documents_of_the_site_decide_what_validates() {
    let mut house = House::open(&[], NOON).await;
    let id = create(&mut house, typed()).await.id;
    let added = DeviceKind::parse("ASE").unwrap();
    let e = qualify(&mut house, id, added).await.unwrap_err();
    assert!(e.cause.contains("liste du laboratoire"), "{}", e.cause);
    assert!(qualify(&mut house, id, DeviceKind::DrivingLicence).await.is_err());

    let site = "\n[[identity.documents]]\ncode = \"ASE\"\nlabel = \"Attestation du foyer\"\nhigh_confidence = true\n\
        [[identity.documents]]\ncode = \"CS\"\nhigh_confidence = false\n";
    house.reconfigure(site).await;
    let hello = house.call::<m::SessionHello>(Default::default()).await;
    let level = |k| hello.identity.device(k).unwrap().high_confidence;
    assert!(level(added) && !level(DeviceKind::ResidencePermit) && level(DeviceKind::Passport));
    assert!(qualify(&mut house, id, DeviceKind::ResidencePermit).await.is_err(), "lowered here");
    let after = qualify(&mut house, id, added).await.unwrap();
    assert_eq!(after.status, Status::Validee);
    assert_eq!(after.proof.unwrap().words(), "Attestation du foyer");
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_14_recording_a_document_validates_only_where_the_site_wants_it() {
    let off = "\n[identity]\nvalidate_on_document = false\n";
    let mut house = House::open_with(&[], NOON, off).await;
    let id = create(&mut house, typed()).await.id;
    let e = house.try_call::<m::InsValidate>(&PatientRef { id }).await.unwrap_err();
    assert!(e.cause.contains("aucune pièce"), "{}", e.cause);
    let recorded = qualify(&mut house, id, DeviceKind::Passport).await.unwrap();
    assert_eq!(recorded.status, Status::Provisoire);
    assert_eq!(recorded.proof.unwrap().device, DeviceKind::Passport);
    assert_eq!(house.call::<m::InsValidate>(PatientRef { id }).await.status, Status::Validee);
    let history = house.call::<m::PatientHistory>(PatientRef { id }).await.lines;
    assert_eq!(history[0].status, Some((Status::Provisoire, Status::Validee)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_21_a_near_twin_is_listed_and_both_become_homonyms_in_one_act() {
    let mut house = House::open(&[], NOON).await;
    let first = create(&mut house, typed()).await.id;
    let near = CreateParams { birth_name: "EXAMPLE".into(), ..typed() };
    let Created::Similar { hits } = house.call::<m::PatientCreate>(near.clone()).await else { panic!() };
    assert_eq!(hits.iter().map(|h| h.id).collect::<Vec<_>>(), [first]);
    // A twin: the same name and day, another first name.
    let twin = CreateParams { first_name: "CLARISSE".into(), ..typed() };
    let Created::Similar { hits } = house.call::<m::PatientCreate>(twin).await else { panic!() };
    assert_eq!(hits.iter().map(|h| h.id).collect::<Vec<_>>(), [first]);
    let second = create(&mut house, CreateParams { homonyms: vec![first], ..near }).await;
    assert!(second.state.homonyme && record(&mut house, first).await.state.homonyme);
    let history = house.call::<m::PatientHistory>(PatientRef { id: first }).await.lines;
    assert!(history[0].what.contains("homonyme"), "{history:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_05_doubt_and_fiction_are_set_with_a_motive() {
    let mut house = House::open(&[], NOON).await;
    let id = create(&mut house, typed()).await.id;
    let doubt = |on, motive: &str| SetAttributeParams {
        id,
        attribute: Attribute::Douteux,
        on,
        motive: Some(motive.to_owned()),
    };
    let e = house.try_call::<m::PatientSetAttribute>(&doubt(true, " ")).await.unwrap_err();
    assert_eq!(e.field.as_deref(), Some("motive"));
    house.call::<m::PatientSetAttribute>(doubt(true, "carte prêtée")).await;
    let e = house.try_call::<m::PatientSetAttribute>(&doubt(false, "")).await.unwrap_err();
    assert_eq!(e.field.as_deref(), Some("motive"));
    house.call::<m::PatientSetAttribute>(doubt(false, "revu avec le patient")).await;
    drain(&mut house, Service::Insi).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_06_the_four_fields_cannot_be_hidden_by_configuration() {
    let mut house = House::open_with(&[], NOON, "\n[identity]\nhidden = [\"phone\", \"used-name\"]\n").await;
    let hello = house.call::<m::SessionHello>(Default::default()).await;
    assert_eq!(hello.identity.hidden.len(), 2);
    let path = house.dir.path().join("paillassed.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    for field in ["birth-name", "first-name", "birth-date", "sex"] {
        let bad = good.replace("\"phone\"", &format!("\"{field}\""));
        std::fs::write(&path, bad).unwrap();
        let e = Config::read(&path).unwrap_err().to_string();
        assert!(e.contains("identity.hidden") && e.contains("ne se masque pas"), "{e}");
    }
}
