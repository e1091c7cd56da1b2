//! Gestures of the laboratory, as typed requests: what several tests do on their way to what they are about.

use std::collections::BTreeMap;

use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::identity::DeviceKind;
use paillasse_shared::domain::ids::{CorrespondentId, DossierId, OrderId, PatientId};
use paillasse_shared::domain::order::{OrderState, Service};
use paillasse_shared::protocol::dossier::{
    CorrespondentChoice, CorrespondentParams, CreateParams as DossierParams, DossierRef, DossierView,
    ResultEnterParams, ResultView, ValidateParams,
};
use paillasse_shared::protocol::ins::{DecideParams, QualifyParams};
use paillasse_shared::protocol::methods::{
    CorrespondentCreate, DossierCreate, DossierGet, DossierLabels, DossierValidate, DossierValidateTechnical,
    InsAccept, InsQualify, PatientCreate, PatientGet, QueueExplain, QueueList, ResultEnter,
};
use paillasse_shared::protocol::patient::{CreateParams, Created, InsiState, PatientRecord, PatientRef};
use paillasse_shared::protocol::queue::{ListParams, OrderDetail, OrderRef, OrderView};
use serde::Deserialize;

use crate::bins::repository;
use crate::client::Client;

/// A person as the simulated INSi knows her; fictitious.
#[derive(Debug, Clone, Deserialize)]
pub struct Person {
    /// Nom de naissance.
    pub birth_name: String,
    /// Prénoms de naissance, in order.
    pub given_names: Vec<String>,
    /// `M` or `F`.
    pub sex: String,
    /// `AAAA-MM-JJ`.
    pub birth_date: String,
    /// Code of the place of birth.
    pub birth_place: String,
    /// Matricule without its key.
    pub matricule: String,
    /// Its key.
    pub key: String,
    /// Authority.
    pub oid: String,
}

impl Person {
    /// What a secretary types of her.
    #[must_use]
    pub fn typed(&self) -> CreateParams {
        CreateParams {
            birth_name: self.birth_name.clone(),
            first_name: self.given_names.first().cloned().unwrap_or_default(),
            sex: self.sex.clone(),
            birth_date: self.birth_date.clone(),
            birth_place: Some(self.birth_place.clone()),
            not_a_duplicate: true,
            ..CreateParams::default()
        }
    }
}

/// Synthetic people of the simulators whose search by traits finds one person: no namesake born the same day.
///
/// # Panics
/// The file of the demonstration is not readable.
#[must_use]
pub fn people() -> Vec<Person> {
    let path = repository().join("data/demo/insi-people.jsonl");
    let text = std::fs::read_to_string(path).expect("people of the demonstration");
    let all: Vec<Person> = text.lines().map(|l| serde_json::from_str(l).expect("a person")).collect();
    let mut known: BTreeMap<(String, String), u32> = BTreeMap::new();
    let key = |p: &Person| (p.birth_name.clone(), p.birth_date.clone());
    for p in &all {
        *known.entry(key(p)).or_default() += 1;
    }
    all.into_iter().filter(|p| known[&key(p)] == 1).collect()
}

/// Registers somebody.
///
/// # Panics
/// Refused.
#[track_caller]
pub fn register(c: &mut Client, typed: &CreateParams) -> PatientRecord {
    match c.ok::<PatientCreate>(typed) {
        Created::Created { patient } => *patient,
        Created::Similar { hits } => panic!("taken for a duplicate of {hits:?}"),
    }
}

/// Waits until INSi has said something about a patient.
#[track_caller]
pub fn insi_settled(c: &mut Client, id: PatientId) -> PatientRecord {
    c.until("INSi has answered", |c| {
        let record = c.ok::<PatientGet>(&PatientRef { id });
        let open = matches!(
            record.insi,
            InsiState::NotCalled | InsiState::Waiting { .. } | InsiState::Running { .. }
        );
        (!open).then_some(record)
    })
}

/// Accepts the return that waits.
#[track_caller]
pub fn accept(c: &mut Client, id: PatientId) -> PatientRecord {
    c.ok::<InsAccept>(&DecideParams { id, return_id: None, despite_contradiction: false, motive: None })
}

/// Records that an identity card was shown.
#[track_caller]
pub fn qualify(c: &mut Client, id: PatientId) -> PatientRecord {
    c.ok::<InsQualify>(&QualifyParams { id, device: DeviceKind::NationalIdCard, parent_device: None })
}

/// Registers, awaits INSi, accepts, qualifies.
#[track_caller]
pub fn qualified(c: &mut Client, person: &Person) -> PatientId {
    let id = register(c, &person.typed()).id;
    insi_settled(c, id);
    accept(c, id);
    qualify(c, id);
    id
}

/// A prescriber with an MSSanté mailbox.
#[track_caller]
pub fn prescriber(c: &mut Client, mailbox: &str) -> CorrespondentId {
    let facts = CorrespondentParams {
        family: "ROUX".into(),
        given: "Claire".into(),
        title: Some("DR".into()),
        rpps: Some("10000000017".into()),
        profession: Some("G15_10/SM54".into()),
        profession_label: Some("Médecin - Médecine Générale (SM)".into()),
        mss_address: Some(format!("{mailbox}@medecin.mssante.example")),
        town: Some("Lyon".into()),
    };
    c.ok::<CorrespondentCreate>(&facts).id
}

/// Opens a dossier for somebody, for a prescriber.
#[track_caller]
pub fn dossier(c: &mut Client, patient: PatientId, exams: &[&str], by: CorrespondentId) -> DossierView {
    c.ok::<DossierCreate>(&DossierParams {
        patient: Some(patient),
        analyses: exams.iter().map(|&e| e.to_owned()).collect(),
        correspondents: vec![CorrespondentChoice { correspondent: by, role: CorrespondentRole::Prescriber }],
        ..DossierParams::default()
    })
}

/// A dossier as it is now.
#[track_caller]
pub fn view(c: &mut Client, id: DossierId) -> DossierView {
    c.ok::<DossierGet>(&DossierRef { id: Some(id), number: None })
}

/// The numbers of the tubes of a dossier, as its labels carry them.
#[track_caller]
pub fn tubes(c: &mut Client, id: DossierId) -> Vec<String> {
    let labels = c.ok::<DossierLabels>(&DossierRef { id: Some(id), number: None }).labels;
    labels.iter().map(|l| l.last().expect("a label has lines").clone()).collect()
}

/// Every result of a dossier, by code of analysis.
#[must_use]
pub fn results(view: &DossierView) -> BTreeMap<String, ResultView> {
    let all = view.chapters.iter().flat_map(|c| &c.results);
    all.map(|r| (r.analysis.clone(), r.clone())).collect()
}

/// Enters a result by hand.
#[track_caller]
pub fn enter(c: &mut Client, dossier: DossierId, analysis: &str, value: &str) -> DossierView {
    c.ok::<ResultEnter>(&ResultEnterParams {
        dossier,
        analysis: analysis.into(),
        value: value.into(),
        comment: None,
    })
}

/// Validates technically, then biologically.
#[track_caller]
pub fn validate(c: &mut Client, dossier: DossierId) -> DossierView {
    let which = ValidateParams { id: Some(dossier), ..ValidateParams::default() };
    c.ok::<DossierValidateTechnical>(&which);
    c.ok::<DossierValidate>(&which)
}

/// A validated dossier with one result (potassium 4,1), for a prescriber of this mailbox.
#[track_caller]
pub fn reported(c: &mut Client, patient: PatientId, by: CorrespondentId) -> DossierId {
    let id = dossier(c, patient, &["K"], by).id;
    enter(c, id, "K", "4,1");
    validate(c, id);
    id
}

/// Orders of a dossier.
#[track_caller]
pub fn orders(c: &mut Client, dossier: DossierId) -> Vec<OrderView> {
    c.ok::<QueueList>(&ListParams { dossier: Some(dossier), ..ListParams::default() }).orders
}

/// The order of a dossier to a service.
#[track_caller]
pub fn order(c: &mut Client, dossier: DossierId, service: Service) -> OrderView {
    let found = orders(c, dossier).into_iter().find(|o| o.service == service);
    found.unwrap_or_else(|| panic!("no order to {service:?}"))
}

/// « Pourquoi pas parti ? »
#[track_caller]
pub fn explain(c: &mut Client, id: OrderId) -> OrderDetail {
    c.ok::<QueueExplain>(&OrderRef { id })
}

/// Waits until the order of a dossier to a service is in a state.
#[track_caller]
pub fn order_in(c: &mut Client, dossier: DossierId, service: Service, state: OrderState) -> OrderView {
    c.until(&format!("the order to {} is {}", service.code(), state.code()), |c| {
        let found = orders(c, dossier).into_iter().find(|o| o.service == service);
        found.filter(|o| o.state == state)
    })
}

/// Waits until everything of a dossier is delivered.
#[track_caller]
pub fn delivered(c: &mut Client, dossier: DossierId) -> Vec<OrderView> {
    c.until("every order of the dossier is delivered", |c| {
        let all = orders(c, dossier);
        if let Some(parked) = all.iter().find(|o| o.state == OrderState::Parked) {
            panic!("parked: {:?}", explain(c, parked.id));
        }
        (!all.is_empty() && all.iter().all(|o| o.state == OrderState::Delivered)).then_some(all)
    })
}
