//! The daemon killed again and again at random instants, while people work: nothing acknowledged is lost, nothing is
//! delivered twice.
//!
//! The instants come from a seed that is printed; `PAILLASSE_SEED` sets it, `PAILLASSE_KILLS` the number of kills.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use paillasse_shared::domain::dossier::{CorrespondentRole, DossierState};
use paillasse_shared::domain::identity::{DeviceKind, Status};
use paillasse_shared::domain::ids::{CorrespondentId, DossierId, PatientId};
use paillasse_shared::domain::order::{OrderState, Service};
use paillasse_shared::protocol::dossier::{
    CorrespondentChoice, CreateParams as DossierParams, DossierRef, ResultEnterParams, ValidateParams,
};
use paillasse_shared::protocol::inbox::{InboxState, ListParams as InboxParams};
use paillasse_shared::protocol::ins::{DecideParams, FetchParams, QualifyParams};
use paillasse_shared::protocol::methods::{
    AuditVerify, DossierCreate, DossierGet, DossierLabels, DossierValidate, DossierValidateTechnical, Empty,
    InboxList, InsAccept, InsFetch, InsQualify, Method, PatientCreate, PatientGet, QueueList, QueueReconcile,
    ResultEnter,
};
use paillasse_shared::protocol::patient::{CreateParams, Created, InsiState, PatientRef};
use paillasse_shared::protocol::queue::{ListParams, OrderView};
use paillasse_shared::protocol::{ErrorKind, WireError, audit};
use paillasse_tests::mllp::{acknowledged, oru, try_send};
use paillasse_tests::{Client, Failure, House, Options, PATIENCE, lab, tools};
use serde_json::json;

/// A small generator of random numbers (xorshift64*): seeded, so that a run can be told again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Below `n`.
    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
}

/// What was acknowledged to somebody.
#[derive(Default)]
struct Memory {
    patients: BTreeMap<PatientId, lab::Person>,
    accepted: BTreeSet<PatientId>,
    qualified: BTreeSet<PatientId>,
    dossiers: BTreeMap<DossierId, (String, PatientId)>,
    values: BTreeMap<(DossierId, String), String>,
    validated: BTreeSet<DossierId>,
    messages: BTreeSet<String>,
    /// Acts acknowledged, of all kinds.
    acts: u64,
    /// Requests whose answer was lost, so that they were made again.
    again: u64,
}

/// Somebody who works, and makes again every request whose answer was lost.
struct Worker {
    name: String,
    socket: PathBuf,
    client: Option<Client>,
    by: CorrespondentId,
    stop: Arc<AtomicBool>,
    memory: Memory,
}

/// The day is over.
struct Over;

impl Worker {
    fn connected(&mut self) -> Result<&mut Client, Over> {
        let deadline = Instant::now() + PATIENCE;
        while self.client.is_none() {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Over);
            }
            assert!(Instant::now() < deadline, "no daemon any more");
            match Client::connect(&self.socket) {
                Ok(client) => self.client = Some(client),
                // Nobody to tell when it is back: looked at again.
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        Ok(self.client.as_mut().expect("just connected"))
    }

    /// Makes a request until it is answered; also says whether an earlier trial may have been carried out.
    fn insist<M: Method>(
        &mut self,
        params: &M::Params,
    ) -> Result<(Result<M::Result, WireError>, bool), Over> {
        let mut again = false;
        loop {
            match self.connected()?.call::<M>(params) {
                Ok(result) => {
                    self.memory.acts += 1;
                    return Ok((Ok(result), again));
                }
                // The daemon was being stopped or started: nothing was done.
                Err(Failure::Said(e)) if e.kind == ErrorKind::Unavailable => {}
                Err(Failure::Said(e)) => return Ok((Err(e), again)),
                Err(Failure::Gone(_)) => {
                    self.client = None;
                    self.memory.again += 1;
                    again = true;
                }
            }
        }
    }

    /// The same for what must succeed, or have succeeded without its answer.
    fn act<M: Method>(
        &mut self,
        params: &M::Params,
        done_before: &[ErrorKind],
    ) -> Result<Option<M::Result>, Over> {
        match self.insist::<M>(params)? {
            (Ok(result), _) => Ok(Some(result)),
            (Err(e), true) if done_before.contains(&e.kind) => Ok(None),
            (Err(e), again) => panic!("{} (again: {again}): {e:?}", M::NAME),
        }
    }

    /// Waits until INSi has returned somebody.
    fn insi(&mut self, id: PatientId) -> Result<(), Over> {
        loop {
            let settled = self.connected()?.try_until("INSi has answered", |c| {
                let state = c.call::<InsFetch>(&FetchParams { id, wait: true })?.insi;
                Ok(matches!(state, InsiState::ToDecide { .. }).then_some(()))
            });
            match settled {
                Ok(()) => return Ok(()),
                Err(Failure::Said(e)) if e.kind == ErrorKind::Unavailable => {}
                Err(Failure::Said(e)) => panic!("{e:?}"),
                Err(Failure::Gone(_)) => self.client = None,
            }
        }
    }

    /// Sends a message until it is acknowledged.
    fn send(&mut self, message: &[u8]) -> Result<(), Over> {
        loop {
            self.connected()?;
            let state = std::fs::read(self.socket.with_extension("state.json")).unwrap_or_default();
            let state: serde_json::Value = serde_json::from_slice(&state).unwrap_or_default();
            match state["mllp"].as_str().map(|a| try_send(a, message)) {
                Some(Ok(answer)) if acknowledged(&answer).0 == "AA" => return Ok(()),
                Some(Ok(answer)) => panic!("{answer}"),
                _ => self.client = None,
            }
        }
    }

    /// The whole path of one patient.
    fn patient(&mut self, n: usize, person: &lab::Person) -> Result<(), Over> {
        let key = format!("{}-{n}", self.name);
        let typed = CreateParams { request_id: Some(format!("p-{key}")), ..person.typed() };
        let Some(Created::Created { patient }) = self.act::<PatientCreate>(&typed, &[])? else {
            panic!("similar")
        };
        let id = patient.id;
        assert!(self.memory.patients.insert(id, person.clone()).is_none(), "{id} was given twice");

        let opened = self.act::<DossierCreate>(
            &DossierParams {
                patient: Some(id),
                analyses: vec!["NA".into(), "K".into()],
                correspondents: vec![CorrespondentChoice {
                    correspondent: self.by,
                    role: CorrespondentRole::Prescriber,
                }],
                request_id: Some(format!("d-{key}")),
                ..DossierParams::default()
            },
            &[],
        )?;
        let opened = opened.expect("answered");
        let dossier = opened.id;
        let known = self.memory.dossiers.insert(dossier, (opened.number, id));
        assert!(known.is_none(), "dossier {dossier} was given twice");

        self.insi(id)?;
        let decide = DecideParams { id, return_id: None, despite_contradiction: false, motive: None };
        self.act::<InsAccept>(&decide, &[ErrorKind::Conflict])?;
        self.memory.accepted.insert(id);

        // One result by hand, one from an analyser.
        let (na, k) = (format!("{}", 130 + n % 20), format!("{},{}", 3 + n % 3, n % 10));
        let enter = ResultEnterParams { dossier, analysis: "K".into(), value: k.clone(), comment: None };
        self.act::<ResultEnter>(&enter, &[])?;
        self.memory.values.insert((dossier, "K".into()), k);
        let which = DossierRef { id: Some(dossier), number: None };
        let labels = self.act::<DossierLabels>(&which, &[])?.unwrap().labels;
        self.send(&oru(&key, &[(labels[0].last().unwrap(), &[("NA", &na, "mmol/L")])]))?;
        self.memory.acts += 1;
        self.memory.messages.insert(key);
        self.memory.values.insert((dossier, "NA".into()), na);

        // Half of them are qualified before validation, half after.
        let qualify = QualifyParams { id, device: DeviceKind::NationalIdCard, parent_device: None };
        if n.is_multiple_of(2) {
            self.act::<InsQualify>(&qualify, &[ErrorKind::Refused])?;
            self.memory.qualified.insert(id);
        }
        let which = ValidateParams { id: Some(dossier), ..ValidateParams::default() };
        self.act::<DossierValidateTechnical>(&which, &[ErrorKind::Refused])?;
        self.act::<DossierValidate>(&which, &[ErrorKind::Refused])?;
        self.memory.validated.insert(dossier);
        if !n.is_multiple_of(2) {
            self.act::<InsQualify>(&qualify, &[ErrorKind::Refused])?;
            self.memory.qualified.insert(id);
        }
        Ok(())
    }
}

/// Every order of a service.
fn all(c: &mut Client, service: Service) -> Vec<OrderView> {
    let orders =
        c.ok::<QueueList>(&ListParams { service: Some(service), limit: Some(1000), ..ListParams::default() });
    assert!(orders.orders.len() < 1000, "more orders than one list holds");
    orders.orders
}

#[test]
fn killed_at_random_nothing_acknowledged_is_lost_and_nothing_is_delivered_twice() {
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = number("PAILLASSE_SEED", clock.as_nanos() as u64) | 1;
    let kills = number("PAILLASSE_KILLS", 60);
    tools::say(&format!("seed: PAILLASSE_SEED={seed}, {kills} kills"));
    let mut random = Random(seed);
    let mut house = House::with(Options { backoff: vec![1], ..Options::default() });
    let by = lab::prescriber(&mut house.client(), "dr.roux");

    // Three people at work, each with patients of their own.
    let stop = Arc::new(AtomicBool::new(false));
    let people = lab::people();
    let workers: Vec<_> = people
        .chunks(people.len().div_ceil(3))
        .enumerate()
        .map(|(w, people)| {
            let mut worker = Worker {
                name: format!("w{w}"),
                socket: house.socket(),
                client: None,
                by,
                stop: Arc::clone(&stop),
                memory: Memory::default(),
            };
            let people = people.to_vec();
            std::thread::spawn(move || {
                for (n, person) in people.iter().enumerate() {
                    if worker.stop.load(Ordering::Relaxed) || worker.patient(n, person).is_err() {
                        break;
                    }
                }
                worker.memory
            })
        })
        .collect();

    let begun = Instant::now();
    let mut restarts = Vec::new();
    for kill in 0..kills {
        // Answers that are late, lost or never come make room for a kill between a sending and its record.
        let service = ["dmp", "mss", "insi"][random.below(3) as usize];
        match random.below(6) {
            0 => house.outage(service, "cut"),
            1 => house.outage(service, "refuse"),
            2..=3 => {
                let delay = 20 + random.below(300);
                house.sim(&json!({ "outage": { "service": service, "kind": "slow", "delay_ms": delay } }));
            }
            _ => house.clear("all"),
        }
        if kill + 1 == kills {
            house.clear("all");
        }
        // The instant is the test: here a clock is what is wanted.
        std::thread::sleep(Duration::from_millis(random.below(900)));
        house.kill();
        if random.below(10) == 0 {
            // Also while it starts.
            let mut early = house.spawn();
            std::thread::sleep(Duration::from_millis(random.below(60)));
            early.kill();
        }
        restarts.push(house.start());
    }
    stop.store(true, Ordering::Relaxed);
    let memories: Vec<Memory> = workers.into_iter().map(|w| w.join().expect("a worker")).collect();
    restarts.sort_unstable();
    let patients: usize = memories.iter().map(|m| m.patients.len()).sum();
    tools::say(&format!(
        "{kills} kills in {:.0?}; restart to ready: median {:?}, worst {:?}; {} acts acknowledged, {} answers lost, {patients} patients, {} dossiers validated",
        begun.elapsed(),
        restarts[restarts.len() / 2],
        restarts[restarts.len() - 1],
        memories.iter().map(|m| m.acts).sum::<u64>(),
        memories.iter().map(|m| m.again).sum::<u64>(),
        memories.iter().map(|m| m.validated.len()).sum::<usize>()
    ));
    assert!(patients >= 20, "the work went on: {patients}");

    // Everything that can leave leaves; receivers are asked about what is not known.
    let mut c = house.client();
    c.ok::<QueueReconcile>(&Empty {});
    c.until("nothing is on its way any more", |c| {
        let open = |s: Service| {
            move |o: &OrderView| match o.state {
                OrderState::Scheduled | OrderState::Leased => true,
                OrderState::Unknown => s != Service::Mss,
                _ => false,
            }
        };
        let none = [Service::Dmp, Service::Mss].into_iter().all(|s| !all(c, s).iter().any(open(s)));
        none.then_some(())
    });
    for memory in &memories {
        remembered(&mut c, memory);
    }
    once(&mut c, &house, &memories);
    let verified = c.ok::<AuditVerify>(&audit::VerifyParams::default());
    assert!(verified.ok, "{verified:?}");
    tools::say(&format!("journal intact: {} lines", verified.lines));
}

/// Everything that was acknowledged is there, with its values.
fn remembered(c: &mut Client, memory: &Memory) {
    for (id, person) in &memory.patients {
        let record = c.ok::<PatientGet>(&PatientRef { id: *id });
        assert_eq!(record.traits.birth_name.as_str(), person.birth_name, "patient {id}");
        if memory.qualified.contains(id) {
            assert_eq!(record.status, Status::Qualifiee, "patient {id}");
        } else if memory.accepted.contains(id) {
            assert!(matches!(record.status, Status::Recuperee | Status::Qualifiee), "patient {id}");
        }
        if memory.accepted.contains(id) {
            let given = record.traits.given_names.as_ref().map(|g| g.as_str().to_owned());
            assert_eq!(
                given,
                Some(person.given_names.join(" ")),
                "patient {id}: traits as INSi returned them"
            );
            let compact = record.ins.expect("an INS").matricule.compact();
            assert_eq!(compact, format!("{}{}", person.matricule, person.key));
        }
    }
    for (id, (number, patient)) in &memory.dossiers {
        let view = c.ok::<DossierGet>(&DossierRef { id: Some(*id), number: None });
        assert_eq!((&view.number, &view.patient), (number, patient), "dossier {id}");
        let results = lab::results(&view);
        for ((_, analysis), value) in
            memory.values.range((*id, String::new())..(DossierId(id.0 + 1), String::new()))
        {
            assert_eq!(&results[analysis].shown, value, "dossier {id}, {analysis}");
        }
        if memory.validated.contains(id) {
            assert_eq!(view.state, DossierState::Complete, "dossier {id}");
        }
    }
}

/// Each report reached the DMP once and the prescriber once, unless a mail is known to be unknown: then at most once.
fn once(c: &mut Client, house: &House, memories: &[Memory]) {
    let received = house.received().exchanges();
    let registered: Vec<&String> = received
        .iter()
        .filter(|e| e.operation == "TD2.1" && e.outcome == "success")
        .flat_map(|e| e.unique_ids.first())
        .collect();
    let documents: BTreeSet<&String> = registered.iter().copied().collect();
    assert_eq!(documents.len(), registered.len(), "a document was registered twice");
    let refused: Vec<_> =
        received.iter().filter(|e| e.operation == "TD2.1" && e.outcome != "success").collect();
    assert!(refused.is_empty(), "sent again without asking, or refused: {refused:?}");
    let mails: Vec<&str> =
        received.iter().filter(|e| e.service == "mss").map(|e| bare(&e.message_id)).collect();
    let ids: BTreeSet<&str> = mails.iter().copied().collect();
    assert_eq!(ids.len(), mails.len(), "a mail was taken twice");

    let mut unknown = 0;
    let (dmp, mss) = (all(c, Service::Dmp), all(c, Service::Mss));
    let mut delivered: BTreeMap<DossierId, [u32; 2]> = BTreeMap::new();
    for o in &dmp {
        let id = o.identifier.as_ref().unwrap();
        match o.state {
            OrderState::Delivered => {
                assert!(documents.contains(id), "order {} is delivered, the DMP has nothing", o.id);
                delivered.entry(o.dossier.unwrap()).or_default()[0] += 1;
            }
            // A worker may have been stopped before the identity was qualified.
            OrderState::Held => assert!(!documents.contains(id), "order {} is held, the DMP has it", o.id),
            state => panic!("order {} is {state:?}: {:?}", o.id, o.why),
        }
    }
    for o in &mss {
        let id = bare(o.identifier.as_ref().unwrap());
        match o.state {
            OrderState::Delivered => {
                assert!(ids.contains(id), "order {} is delivered, the operator has nothing", o.id);
                delivered.entry(o.dossier.unwrap()).or_default()[1] += 1;
            }
            OrderState::Unknown => {
                unknown += 1;
                delivered.entry(o.dossier.unwrap()).or_default()[1] += 1;
            }
            state => panic!("order {} is {state:?}: {:?}", o.id, o.why),
        }
    }
    let counted = |orders: &[OrderView]| orders.iter().filter(|o| o.state == OrderState::Delivered).count();
    assert_eq!(documents.len(), counted(&dmp), "the DMP has what no order knows");
    let lost = mss.iter().filter(|o| o.state == OrderState::Unknown);
    let taken = lost.filter(|o| ids.contains(bare(o.identifier.as_ref().unwrap()))).count();
    assert_eq!(ids.len(), counted(&mss) + taken, "the operator has what no order knows");
    for memory in memories {
        for dossier in &memory.validated {
            let patient = memory.dossiers[dossier].1;
            let to_dmp = u32::from(memory.qualified.contains(&patient));
            let [dmp, mss] = delivered.get(dossier).copied().unwrap_or_default();
            if dmp < to_dmp || dmp > 1 || mss != 1 {
                let orders: Vec<_> = lab::orders(c, *dossier).iter().map(|o| lab::explain(c, o.id)).collect();
                let record = c.ok::<PatientGet>(&PatientRef { id: patient });
                panic!("dossier {dossier}: {dmp} to the DMP, {mss} mails: {orders:#?} {record:#?}");
            }
        }
    }
    // Messages of the analyser: each kept once, each filed.
    let kept = c.ok::<InboxList>(&InboxParams { all: true, limit: Some(1000) }).messages;
    assert!(kept.iter().all(|m| m.state == InboxState::Filed), "{kept:?}");
    let acknowledged: usize = memories.iter().map(|m| m.messages.len()).sum();
    assert!((acknowledged..=acknowledged + memories.len()).contains(&kept.len()), "{} messages", kept.len());
    tools::say(&format!(
        "{} documents in the DMP, {} mails, {unknown} of them unknown ({taken} taken)",
        documents.len(),
        ids.len()
    ));
}

/// A Message-ID without its brackets.
fn bare(id: &str) -> &str {
    id.trim().trim_matches(['<', '>'])
}
