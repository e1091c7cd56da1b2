//! Whatever comes in wrong gets an error that names its cause; nothing recorded before is lost; work goes on.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use paillasse_shared::domain::order::{OrderState, Service};
use paillasse_shared::protocol::methods::{
    AuditVerify, DossierCreate, Empty, InboxList, Method, PatientCreate, PatientSearch, QueuePause,
    QueueResume, ResultEnter, StatusGet,
};
use paillasse_shared::protocol::patient::{CreateParams, SearchParams};
use paillasse_shared::protocol::queue::ServiceParams;
use paillasse_shared::protocol::{ErrorKind, MAX_REQUEST, audit, dossier, inbox};
use paillasse_tests::bins::bins;
use paillasse_tests::mllp::{acknowledged, oru, send};
use paillasse_tests::process::{Child, run};
use paillasse_tests::{Client, House, Options, lab, tools};
use serde_json::json;

/// Something recorded, and the proof that it is still there.
struct Recorded {
    name: String,
    dossier: paillasse_shared::domain::ids::DossierId,
}

impl Recorded {
    fn make(c: &mut Client) -> Self {
        let person = &lab::people()[0];
        let patient = lab::register(c, &person.typed()).id;
        let by = lab::prescriber(c, "dr.roux");
        let dossier = lab::dossier(c, patient, &["K", "NA"], by).id;
        lab::enter(c, dossier, "K", "4,1");
        Self { name: person.birth_name.clone(), dossier }
    }

    #[track_caller]
    fn still_there(&self, c: &mut Client) {
        let found = c.ok::<PatientSearch>(&SearchParams { text: self.name.clone(), limit: None });
        assert!(found.hits.iter().any(|h| h.birth_name == self.name));
        assert_eq!(lab::results(&lab::view(c, self.dossier))["K"].shown, "4,1");
        assert!(c.ok::<AuditVerify>(&audit::VerifyParams::default()).ok);
    }
}

#[test]
fn values_that_cannot_be_are_refused_by_name() {
    let mut house = House::open();
    let mut c = house.client();
    let recorded = Recorded::make(&mut c);
    let good = lab::people()[1].typed();
    let wrong: [(&str, &str, CreateParams); 6] = [
        ("birth_date", "31/02/1980", CreateParams { birth_date: "31/02/1980".into(), ..good.clone() }),
        ("birth_date", "futur", CreateParams { birth_date: "01/01/2999".into(), ..good.clone() }),
        (
            "birth_name",
            "3000000 caractères ; 100 au plus",
            CreateParams { birth_name: "A".repeat(3_000_000), ..good.clone() },
        ),
        ("birth_name", "7", CreateParams { birth_name: "DUP7ONT".into(), ..good.clone() }),
        ("sex", "Sexe", CreateParams { sex: "X".into(), ..good.clone() }),
        ("birth_place", "5 caractères", CreateParams { birth_place: Some("69".into()), ..good.clone() }),
    ];
    for (field, words, typed) in wrong {
        let e = c.refused::<PatientCreate>(&typed);
        assert_eq!((e.kind, e.field.as_deref()), (ErrorKind::Invalid, Some(field)), "{e:?}");
        assert!(e.cause.contains(words) && e.cause.len() < 400, "{e:?}");
    }
    // A matricule with a wrong key, as typed or scanned in the search.
    let e = c.refused::<PatientSearch>(&SearchParams { text: "2 55 08 14 168 025 39".into(), limit: None });
    assert_eq!(e.kind, ErrorKind::Invalid);
    assert!(e.cause.contains("la clé 39 ne correspond pas"), "{e:?}");
    // A code that the catalogue does not have, a result that no dossier asked for, a dossier that does not exist.
    let e = c.refused::<DossierCreate>(&dossier::CreateParams {
        patient: Some(paillasse_shared::domain::ids::PatientId(1)),
        analyses: vec!["ZZZ".into()],
        ..dossier::CreateParams::default()
    });
    assert!(e.cause.contains("ZZZ"), "{e:?}");
    let enter = |dossier, analysis: &str| dossier::ResultEnterParams {
        dossier,
        analysis: analysis.into(),
        value: "1".into(),
        comment: None,
    };
    let e = c.refused::<ResultEnter>(&enter(recorded.dossier, "GLY"));
    assert!(e.cause.contains("Glucose n'est pas demandé"), "{e:?}");
    let e = c.refused::<ResultEnter>(&enter(paillasse_shared::domain::ids::DossierId(999), "K"));
    assert!(e.kind == ErrorKind::NotFound && e.cause.contains("999"), "{e:?}");

    // By command line: the cause on standard error, an exit code of its kind, nothing on standard output.
    let said = house.cli(&[
        "patient",
        "create",
        "--name",
        "Dupont",
        "--first-name",
        "Jean",
        "--sex",
        "M",
        "--birth-date",
        "31/02/1980",
    ]);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
    assert!(said.err.contains("31/02/1980"), "{said:?}");

    recorded.still_there(&mut c);
    house.stop();
    house.start();
    recorded.still_there(&mut house.client());
}

#[test]
fn what_is_not_the_protocol_is_told_so_and_the_line_goes_on() {
    let house = House::open();
    let mut c = house.client();
    let recorded = Recorded::make(&mut c);

    // Garbage, twice, then a good request on the same line.
    let mut g = Client::raw(&house.socket()).unwrap();
    g.write(b"\x00\xff\xfe\x80garbage\n{\"jsonrpc\": \n").unwrap();
    for _ in 0..2 {
        let e = g.complaint();
        assert!(e.kind == ErrorKind::Protocol && e.cause.contains("JSON-RPC"), "{e:?}");
    }
    g.ok::<StatusGet>(&Empty {});

    // A frame beyond the limit: said as soon as it ends, in bounded memory; the line goes on.
    let long = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"patient.search\",\"params\":{{\"text\":\"{}",
        "A".repeat(10_000_000)
    );
    g.write(long.as_bytes()).unwrap();
    g.write(b"\"}}\n").unwrap();
    let e = g.complaint();
    assert!(e.kind == ErrorKind::Protocol && e.cause.contains("dépasse 4 Mio"), "{e:?}");
    g.ok::<StatusGet>(&Empty {});

    // Unknown method, wrong parameters, another protocol: each named, with the number of the request.
    let unknown = g.start_value("patient.erase", json!({})).unwrap();
    let e = g.answer(unknown).unwrap_err().said();
    assert!(e.kind == ErrorKind::Protocol && e.cause.contains("patient.erase") && e.hint.is_some(), "{e:?}");
    let wrong = g.start_value("patient.get", json!({ "id": "douze" })).unwrap();
    let e = g.answer(wrong).unwrap_err().said();
    assert!(e.kind == ErrorKind::Invalid && e.cause.contains("douze"), "{e:?}");
    let missing = g.start_value("result.enter", json!({ "dossier": 1 })).unwrap();
    let e = g.answer(missing).unwrap_err().said();
    assert!(e.kind == ErrorKind::Invalid && e.cause.contains("analysis"), "{e:?}");

    // A frame cut in the middle is not carried out.
    let mut t = Client::raw(&house.socket()).unwrap();
    let half = json!({ "jsonrpc": "2.0", "id": 1, "method": PatientCreate::NAME,
        "params": lab::people()[1].typed() })
    .to_string();
    t.write(&half.as_bytes()[..half.len() - 1]).unwrap();
    t.close_write();
    let e = t.complaint();
    assert!(e.kind == ErrorKind::Protocol && e.cause.contains("coupé"), "{e:?}");
    assert!(t.closed());
    assert_eq!(c.ok::<StatusGet>(&Empty {}).patients, 1);

    // 10 MB by command line.
    let name = json!({ "text": "A".repeat(10_000_000) }).to_string();
    let mut call = Command::new(&bins().cli);
    let said =
        run(call.arg("--socket").arg(house.socket()).args(["call", "patient.search", "-"]), name.as_bytes());
    assert!(said.code != 0 && said.err.contains(&format!("{} Mio", MAX_REQUEST >> 20)), "{said:?}");
    recorded.still_there(&mut c);
}

#[test]
fn an_account_that_is_nobodys_is_refused_by_name() {
    if !rustix::process::getuid().is_root() {
        return tools::skip("another account", "only root can start a program as another account");
    }
    let house = House::open();
    // A copy that the other account can reach, wherever the build stands.
    let cli = house.dir().join("paillasse");
    fs::copy(&bins().cli, &cli).unwrap();
    let mut command = Command::new(&cli);
    command.uid(65_534).gid(65_534).arg("--socket").arg(house.socket()).args(["patient", "search", "A"]);
    let said = run(&mut command, b"");
    assert_eq!(said.code, i32::from(ErrorKind::Forbidden.exit_code()), "{said:?}");
    assert!(said.err.contains("n'est celui de personne dans Paillasse"), "{said:?}");
    house.client().ok::<StatusGet>(&Empty {});
}

/// A small disk of its own, in a mount namespace that a sleeping program holds open. Nothing to clean: the kernel takes
/// it back with the last program inside.
struct SmallDisk {
    holder: Child,
    dir: PathBuf,
}

impl SmallDisk {
    fn new(dir: &Path) -> Option<Self> {
        let own: &[&str] = if rustix::process::getuid().is_root() { &["-m"] } else { &["-r", "-m"] };
        let script =
            "mount -t tmpfs -o size=12m,mode=755 tmpfs \"$0\" && echo mounted && exec sleep infinity";
        if !tools::has("unshare") || !tools::has("nsenter") {
            tools::skip("full disk", "unshare and nsenter are not installed");
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(own).args(["sh", "-c", script]).arg(dir).stdin(Stdio::null());
        let mut holder = Child::start("unshare", &mut command);
        if holder.line(|l| l == "mounted").is_none() {
            tools::skip(
                "full disk",
                &format!("a small disk cannot be mounted here: {}", holder.words().trim()),
            );
            return None;
        }
        Some(Self { holder, dir: dir.to_owned() })
    }

    /// What enters the namespace before it starts a program.
    fn wrapper(&self) -> Vec<String> {
        let mut words = vec!["nsenter".to_owned(), "-t".into(), self.holder.pid().to_string(), "-m".into()];
        if !rustix::process::getuid().is_root() {
            words.extend(["-U".into(), "--preserve-credentials".into()]);
        }
        words
    }

    fn filler(&self) -> PathBuf {
        let root = format!("/proc/{}/root", self.holder.pid());
        Path::new(&root).join(self.dir.strip_prefix("/").unwrap()).join("filler")
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.filler()).unwrap();
        for size in [65_536, 4096, 256, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let folder = tempfile::Builder::new().prefix("paillasse-small-").tempdir().unwrap();
    let Some(disk) = SmallDisk::new(folder.path()) else { return };
    let uid = if rustix::process::getuid().is_root() { Options::default().uid } else { 0 };
    let mut house = House::with(Options {
        database_dir: Some(folder.path().to_owned()),
        wrapper: disk.wrapper(),
        uid,
        ..Options::default()
    });
    let mut c = house.client();
    let recorded = Recorded::make(&mut c);
    let people = lab::people();
    let patient = lab::qualified(&mut c, &people[1]);
    let by = lab::prescriber(&mut c, "dr.roux");
    // An order is on its way when the disk fills up: what comes of it cannot be recorded at once.
    house.sim(&json!({ "outage": { "service": "dmp", "kind": "slow", "delay_ms": 1_500 } }));
    let sent = lab::reported(&mut c, patient, by);
    lab::order_in(&mut c, sent, Service::Dmp, OrderState::Leased);
    lab::order_in(&mut c, sent, Service::Mss, OrderState::Delivered);
    let tube = lab::tubes(&mut c, recorded.dossier).remove(0);
    disk.fill();

    // Every act is refused, with the cause; reading goes on.
    let full = |e: paillasse_shared::protocol::WireError| {
        assert_eq!(e.kind, ErrorKind::Unavailable, "{e:?}");
        assert!(e.cause.contains("disque") && e.cause.contains("plein"), "{e:?}");
        assert!(e.hint.as_ref().unwrap().contains("rien de ce qui était enregistré n'est perdu"), "{e:?}");
    };
    // What little room the database kept for itself is used up first.
    let mut refused = None;
    let mut taken = Vec::new();
    for person in &people[2..] {
        match c.call::<PatientCreate>(&person.typed()) {
            Ok(_) => taken.push(person.birth_name.clone()),
            Err(e) => {
                refused = Some(e.said());
                break;
            }
        }
    }
    tools::say(&format!("{} registrations before the disk was full", taken.len()));
    full(refused.expect("the disk is full"));
    // The answer of the DMP comes while it cannot be recorded.
    let attempted = |l: &str| l.contains("order attempted") && l.contains("service=\"dmp\"");
    house.daemon.as_mut().unwrap().line(attempted).expect("the DMP answers");
    let k = dossier::ResultEnterParams {
        dossier: recorded.dossier,
        analysis: "NA".into(),
        value: "140".into(),
        comment: Some("x".repeat(9_000)),
    };
    full(c.refused::<ResultEnter>(&k));
    // The analyser is told to keep its message and send it again.
    let message = oru("MW-1", &[(&tube, &[("NA", "139", "mmol/L")])]);
    assert_eq!(acknowledged(&send(&house.mllp(), &message)).0, "AR");
    recorded.still_there(&mut c);

    // Room again: everything goes on, the message sent again is filed, the order that was on its way ends well.
    disk.free();
    assert_eq!(acknowledged(&send(&house.mllp(), &message)).0, "AA");
    assert_eq!(lab::results(&lab::view(&mut c, recorded.dossier))["NA"].shown, "139");
    lab::register(&mut c, &CreateParams { first_name: "ZOE".into(), ..people[2].typed() });
    c.ok::<QueuePause>(&ServiceParams { service: Service::Insi });
    c.ok::<QueueResume>(&ServiceParams { service: Service::Insi });
    lab::delivered(&mut c, sent);
    assert_eq!(house.received().of("dmp", "TD2.1").len(), 1, "sent once");
    recorded.still_there(&mut c);

    // After a restart too.
    house.stop();
    house.start();
    let mut c = house.client();
    recorded.still_there(&mut c);
    for name in taken {
        let found = c.ok::<PatientSearch>(&SearchParams { text: name.clone(), limit: Some(200) });
        assert!(found.hits.iter().any(|h| h.birth_name == name), "{name} was acknowledged");
    }
    assert!(c.ok::<InboxList>(&inbox::ListParams::default()).messages.is_empty());
}
