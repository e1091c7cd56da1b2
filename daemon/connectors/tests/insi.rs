//! INSi against the simulator of the service, which is written from the published contract and not from this code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

use paillasse_connectors::insi::sequence::{Last, Sequence, Step, Verdict};
use paillasse_connectors::insi::{
    CallOrigin, CallStamp, CardQuery, FaultKind, InsiClient, InsiConfigError, InsiError, InsiErrorKind,
    InsiReturn, InsiSettings, LpsIdentity, Nir, TraitsQuery,
};
use paillasse_connectors::soap::{NetworkKind, SoapError};
use paillasse_connectors::tls::{Deadlines, TlsMaterial};
use paillasse_shared::domain::identity::{BirthDate, CogCode, InsOid, Sex, StrictName, StrictTraits};
use paillasse_sim::ca::Pki;
use paillasse_sim::http::serve;
use paillasse_sim::insi::Insi;
use paillasse_sim::journal::Journal;
use paillasse_sim::outage::{Kind, Outage, Outages, Service};
use paillasse_sim::people::Base;
use paillasse_sim::tls::{Profile, faces};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| Pki::generate(jiff::Timestamp::now()).unwrap())
}

struct Bench {
    port: u16,
    outages: Arc<Outages>,
    _folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

impl Bench {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Arc::new(Insi {
            people: Arc::new(Base::load(None).unwrap()),
            journal: Arc::new(Journal::open(folder.path(), jiff::Timestamp::now).unwrap()),
            idams: vec!["PAILLASSE01".into()],
            ca: pki().ca.to_vec(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outages = Arc::new(Outages::default());
        let (stop, stopping) = watch::channel(false);
        let faces = faces(pki(), Profile::Insi).unwrap();
        tokio::spawn(serve(listener, faces, service, Arc::clone(&outages), stopping));
        Self { port, outages, _folder: folder, _stop: stop }
    }

    fn settings(&self) -> InsiSettings {
        InsiSettings {
            url: format!("https://localhost:{}{}", self.port, paillasse_sim::insi::PATH),
            lps: LpsIdentity {
                authorisation: "PAILLASSE01".into(),
                version: "01.00".into(),
                instance: Uuid::from_u128(7),
                name: "urn:lps:paillasse:01.00".into(),
            },
            accepted_oids: vec![InsOid::Nir, InsOid::Nia],
            deadlines: InsiSettings::DEADLINES,
        }
    }

    fn client(&self) -> InsiClient {
        InsiClient::new(
            self.settings(),
            Some(&material(&pki().insi_manu.pem)),
            Some(&material(&pki().insi_auto.pem)),
        )
        .unwrap()
    }

    fn outage(&self, kind: Kind, busy: bool) {
        let outage = Outage { kind, delay: Duration::from_secs(60), busy, until: None };
        self.outages.start(Service::Insi, outage);
    }
}

fn material(identity: &str) -> TlsMaterial {
    TlsMaterial::new(pki().ca_pem.clone().into_bytes(), Some(identity.as_bytes().to_vec()))
}

fn stamp() -> CallStamp {
    CallStamp {
        bam_id: Uuid::new_v4(),
        lps_id: Uuid::new_v4(),
        message: Uuid::new_v4(),
        time: jiff::Timestamp::now(),
    }
}

fn query(name: &str, given: &str, sex: Sex, date: &str) -> TraitsQuery {
    TraitsQuery {
        birth_name: StrictName::parse(name).unwrap(),
        given_name: StrictName::parse(given).unwrap(),
        sex,
        birth_date: BirthDate::lunar(date).unwrap(),
        birth_place: None,
    }
}

fn person(name: &str, list: &str, sex: Sex, date: &str, place: &str) -> StrictTraits {
    StrictTraits {
        birth_name: StrictName::parse(name).unwrap(),
        first_name: StrictName::parse(list.split(' ').next().unwrap()).unwrap(),
        given_names: Some(StrictName::parse(list).unwrap()),
        sex,
        birth_date: BirthDate::lunar(date).unwrap(),
        birth_place: Some(CogCode::parse(place).unwrap()),
    }
}

/// The sequence as the daemon drives it.
async fn search(client: &InsiClient, traits: &StrictTraits) -> (Verdict, Vec<InsiReturn>) {
    let mut sequence = Sequence::new(traits).unwrap();
    let mut returns = Vec::new();
    let mut step = sequence.start();
    loop {
        match step {
            Step::Over(verdict) => return (verdict, returns),
            Step::Ask(query) => {
                let answer = client.search_by_traits(&query, CallOrigin::Manu, &stamp()).await;
                let last = match &answer {
                    Err(_) => Last::Failed,
                    Ok(answer) => match answer.found {
                        InsiReturn::Found(_) => Last::Found,
                        InsiReturn::NotFound => Last::NotFound,
                        InsiReturn::Several => Last::Several,
                    },
                };
                returns.extend(answer.map(|answer| answer.found));
                step = sequence.next(last);
            }
        }
    }
}

async fn fails(client: &InsiClient, query: &TraitsQuery) -> InsiError {
    client.search_by_traits(query, CallOrigin::Manu, &stamp()).await.unwrap_err()
}

#[tokio::test]
async fn ret_03_05_a_search_by_traits_gives_the_identity_and_both_sides_of_the_call() {
    let bench = Bench::start().await;
    let client = bench.client();
    let stamp = stamp();
    for origin in [CallOrigin::Manu, CallOrigin::Auto] {
        let asked = query("ADRTROIS", "DOMINIQUE", Sex::F, "1997-02-26");
        let answer = client.search_by_traits(&asked, origin, &stamp).await.unwrap();
        let InsiReturn::Found(insi) = &answer.found else { panic!("{answer:?}") };
        assert_eq!(insi.matricule.compact(), "297022A02077878");
        assert_eq!(insi.birth_place.as_ref().unwrap().as_str(), "2A020");
        assert_eq!(answer.trace.message_id, format!("uuid:{}", stamp.message));
        assert_eq!(answer.trace.http_status, Some(200));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text(&answer.trace.request).contains(&answer.trace.message_id));
        assert!(text(answer.trace.answer.as_ref().unwrap()).contains("297022A020778"));
    }
}

#[tokio::test]
async fn the_public_test_identities_come_back_as_the_contract_says() {
    let bench = Bench::start().await;
    let client = bench.client();
    for (traits, verdict, calls) in [
        (person("ADRUN", "ZOE", Sex::F, "1975-12-31", "63220"), Verdict::Found, 1),
        (person("TCHITCHI", "OLA CATARINA BELLA", Sex::F, "1936-06-21", "63220"), Verdict::Found, 2),
        (
            person("HOUILLES", "PIERRE PAUL JACQUES", Sex::M, "1993-01-27", "63220"),
            Verdict::NotFound { capped: false },
            4,
        ),
        (
            person("D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN MURIEL FLORIANT", Sex::M, "2001-06-17", "63220"),
            Verdict::Found,
            1,
        ),
        (person("PROVISOIRE", "MATRICULE", Sex::M, "2009-07-01", "63220"), Verdict::Found, 1),
        (person("DE VINCI", "LEONARDO", Sex::M, "2014-02-01", "99999"), Verdict::Several, 1),
    ] {
        let (seen, returns) = search(&client, &traits).await;
        assert_eq!((seen, returns.len()), (verdict, calls), "{}", traits.birth_name.as_str());
        if let Some(InsiReturn::Found(insi)) = returns.last() {
            assert!(insi.key_is_right);
            assert_eq!(insi.oid == InsOid::Nia, traits.birth_name.as_str() == "PROVISOIRE");
        }
    }
}

#[tokio::test]
async fn a_key_the_service_gives_wrong_is_told() {
    let bench = Bench::start().await;
    let asked = query("HERMANN", "GATIEN", Sex::M, "1981-03-24");
    let answer = bench.client().search_by_traits(&asked, CallOrigin::Manu, &stamp()).await.unwrap();
    let InsiReturn::Found(insi) = &answer.found else { panic!("{answer:?}") };
    assert!(!insi.key_is_right && !insi.history.is_empty());
    assert_eq!(answer.warnings.len(), 1);
}

#[tokio::test]
async fn ret_03_a_search_by_card_is_accepted_with_an_assertion_and_refused_without() {
    let bench = Bench::start().await;
    let client = bench.client();
    let nir = Nir { number: "2360663220836".into(), key: Some("56".into()) };
    let mut asked = CardQuery {
        holder: nir.clone(),
        beneficiary: Some(nir),
        birth_name: Some("TCHITCHI".into()),
        birth_date: Some(BirthDate::lunar("1936-06-21").unwrap()),
        birth_rank: Some(1),
        regime: Some(("01".into(), "751".into(), "0000".into())),
        assertions: vec![],
    };
    let refused = client.search_by_card(&asked, CallOrigin::Manu, &stamp()).await.unwrap_err();
    assert!(
        matches!(&refused.kind, InsiErrorKind::Fault(fault) if fault.kind == FaultKind::Request),
        "{refused:?}"
    );
    asked.assertions = vec![format!(
        "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_1\" Version=\"2.0\" \
         IssueInstant=\"{}\"><Issuer>essai</Issuer></Assertion>",
        jiff::Timestamp::now()
    )];
    let answer = client.search_by_card(&asked, CallOrigin::Manu, &stamp()).await.unwrap();
    assert!(
        matches!(&answer.found, InsiReturn::Found(insi) if insi.matricule.compact() == "236066322083656")
    );
}

#[tokio::test]
async fn faults_of_the_service_say_who_must_act() {
    let bench = Bench::start().await;
    let asked = query("ADRUN", "ZOE", Sex::F, "1975-12-31");
    let mut settings = bench.settings();
    settings.lps.authorisation = "AUTRE".into();
    let unknown = InsiClient::new(settings, Some(&material(&pki().insi_manu.pem)), None).unwrap();
    let error = fails(&unknown, &asked).await;
    let InsiErrorKind::Fault(fault) = &error.kind else { panic!("{error:?}") };
    assert_eq!((fault.code.as_str(), fault.kind), ("desir_550", FaultKind::SoftwareNotAuthorised));
    assert!(!error.kind.retryable() && error.trace.answer.is_some() && error.trace.http_status == Some(500));

    let technical = fails(&bench.client(), &query("DE VINCI", "RUTH", Sex::F, "1976-07-14")).await;
    let InsiErrorKind::Fault(fault) = &technical.kind else { panic!("{technical:?}") };
    assert_eq!((fault.subcode.as_str(), fault.code.as_str()), ("siram_40", "insi_102"));
    assert!(technical.kind.retryable());
}

#[tokio::test]
async fn ret_04_each_origin_needs_its_own_certificate() {
    let bench = Bench::start().await;
    let swapped = InsiClient::new(bench.settings(), Some(&material(&pki().insi_auto.pem)), None).unwrap_err();
    let found = Some("INSI-AUTO".to_owned());
    assert_eq!(swapped, InsiConfigError::CommonName { expected: "INSI-MANU", found });
    let bare = TlsMaterial::new(pki().ca_pem.clone().into_bytes(), None);
    assert_eq!(
        InsiClient::new(bench.settings(), None, Some(&bare)).unwrap_err(),
        InsiConfigError::NoIdentity("INSI-AUTO")
    );
    let manu_only = InsiClient::new(bench.settings(), Some(&material(&pki().insi_manu.pem)), None).unwrap();
    assert!(
        manu_only.certificate(CallOrigin::Manu).is_some()
            && manu_only.certificate(CallOrigin::Auto).is_none()
    );
    let asked = query("ADRUN", "ZOE", Sex::F, "1975-12-31");
    let error = manu_only.search_by_traits(&asked, CallOrigin::Auto, &stamp()).await.unwrap_err();
    assert_eq!(error.kind, InsiErrorKind::NoCertificate(CallOrigin::Auto));
    assert!(error.trace.request.is_empty());
}

#[tokio::test]
async fn ret_14_outages_are_told_apart_and_never_last_longer_than_the_deadline() {
    let bench = Bench::start().await;
    let asked = query("ADRUN", "ZOE", Sex::F, "1975-12-31");
    let mut settings = bench.settings();
    settings.deadlines = Deadlines { connect: Duration::from_secs(5), total: Duration::from_secs(1) };
    let hasty = InsiClient::new(settings, Some(&material(&pki().insi_manu.pem)), None).unwrap();

    bench.outage(Kind::Slow, false);
    let kind = fails(&hasty, &asked).await.kind;
    let timeout = SoapError::Network { kind: NetworkKind::AnswerTimeout, sent_maybe: true };
    assert_eq!(kind, InsiErrorKind::Transport(timeout));
    assert!(kind.retryable());

    bench.outage(Kind::Cut, false);
    let kind = fails(&bench.client(), &asked).await.kind;
    assert!(
        matches!(kind, InsiErrorKind::Transport(SoapError::Network { sent_maybe: true, .. })),
        "{kind:?}"
    );
    assert!(kind.retryable());

    bench.outage(Kind::Refuse, false);
    let kind = fails(&bench.client(), &asked).await.kind;
    assert!(
        matches!(kind, InsiErrorKind::Transport(SoapError::Network { .. })) && kind.retryable(),
        "{kind:?}"
    );

    bench.outage(Kind::Refuse, true);
    let kind = fails(&bench.client(), &asked).await.kind;
    assert_eq!(kind, InsiErrorKind::Transport(SoapError::HttpStatus { status: 503 }));
    assert!(kind.retryable());

    bench.outage(Kind::Expired, false);
    let kind = fails(&bench.client(), &asked).await.kind;
    let InsiErrorKind::Transport(SoapError::Network { kind: NetworkKind::PeerCertificate(_), .. }) = &kind
    else {
        panic!("{kind:?}")
    };
    assert!(!kind.retryable());

    bench.outages.clear(Service::Insi);
    assert!(bench.client().search_by_traits(&asked, CallOrigin::Manu, &stamp()).await.is_ok());
}
