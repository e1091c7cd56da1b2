//! Fills the demonstration with fictitious patients, through the protocol and nothing else.
//!
//! What is made is always the same (see [`plan`]). Acts that give out numbers (patients, dossiers, documents) go one by
//! one, the others many at a time: all of it takes a few seconds.

mod analyser;
mod chance;
mod plan;
mod values;

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::identity::{Attribute, CogCode, DeviceKind};
use paillasse_shared::domain::ids::{CorrespondentId, DossierId, PatientId};
use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::dossier::{
    CorrespondentChoice, CorrespondentParams, CreateParams as NewDossier, ResultEnterParams, ValidateParams,
};
use paillasse_shared::protocol::ins::{DecideParams, QualifyParams};
use paillasse_shared::protocol::methods::{
    CorrespondentCreate, DossierCreate, DossierValidate, DossierValidateTechnical, Empty, InsAccept,
    InsQualify, InsRefuse, Method, PatientCreate, PatientSetAttribute, PatientSetConsent, QueueDrain,
    ResultEnter, StatusGet,
};
use paillasse_shared::protocol::patient::{CreateParams, Created, SetAttributeParams, SetConsentParams};
use paillasse_shared::protocol::queue::DrainParams;
use paillasse_shared::protocol::{ErrorKind, WireError};

use super::state;
use crate::cli::client::Client;
use chance::Chance;
use plan::{Identity, PRESCRIBERS, Patient, Progress};

/// People known to the simulated INSi: synthetic, made for the demonstration.
pub const PEOPLE: &str = include_str!("../../../../data/demo/insi-people.jsonl");

/// The longest any single answer may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Acts on their way at once.
const AT_ONCE: usize = 32;

/// Fills a new laboratory; leaves one that has patients alone. `registered` is called once
/// all identities are there.
///
/// # Errors
/// The first act refused.
pub fn run(socket: &Path, registered: impl FnOnce()) -> Result<(), WireError> {
    let mut seeder = Seeder { client: Client::connect(socket, None, LIMIT)?, now: Timestamp::now() };
    if seeder.client.call::<StatusGet>(&Empty {}, LIMIT)?.patients > 0 {
        return Ok(());
    }
    let patients = plan::patients(PEOPLE);
    let prescribers = seeder.prescribers()?;
    let ids = seeder.register(&patients)?;
    seeder.identities(&patients, &ids)?;
    registered();
    seeder.dossiers(&patients, &ids, &prescribers)?;
    if let Some(address) = state::mllp(socket) {
        analyser::send_strays(&address, seeder.now)
            .map_err(|e| WireError::new(ErrorKind::Unavailable, format!("automate simulé : {e}")))?;
    }
    Ok(())
}

struct Seeder {
    client: Client,
    now: Timestamp,
}

/// A dossier that was opened, with its results.
struct Opened<'a> {
    id: DossierId,
    plan: &'a plan::Dossier,
    /// Panel by panel.
    results: Vec<Vec<(&'static str, String)>>,
}

impl Seeder {
    fn call<M: Method>(&mut self, params: &M::Params) -> Result<M::Result, WireError> {
        Ok(self.client.call::<M>(params, LIMIT)?)
    }

    /// Many acts at once, in no order.
    fn many<M: Method>(&mut self, params: Vec<M::Params>) -> Result<(), WireError> {
        let calls = params
            .iter()
            .map(|p| serde_json::to_value(p).map(|p| (M::NAME.to_owned(), p)))
            .collect::<Result<_, _>>()
            .map_err(|e| WireError::new(ErrorKind::Internal, e.to_string()))?;
        let outcomes = self.client.pipeline(calls, AT_ONCE, LIMIT)?;
        outcomes.into_iter().find_map(Result::err).map_or(Ok(()), Err)
    }

    fn prescribers(&mut self) -> Result<Vec<CorrespondentId>, WireError> {
        let mut ids = Vec::new();
        for (n, p) in (0_u64..).zip(&PRESCRIBERS) {
            let params = CorrespondentParams {
                family: p.family.to_owned(),
                given: p.given.to_owned(),
                title: Some("DR".to_owned()),
                // Fictitious, as every RPPS that begins with 9999.
                rpps: Some(format!("9999{:07}", n + 1)),
                profession: Some(p.profession.0.to_owned()),
                profession_label: Some(p.profession.1.to_owned()),
                mss_address: p.mss.map(str::to_owned),
                town: Some(p.town.to_owned()),
            };
            ids.push(self.call::<CorrespondentCreate>(&params)?.id);
        }
        Ok(ids)
    }

    fn register(&mut self, patients: &[Patient]) -> Result<Vec<PatientId>, WireError> {
        let mut ids = Vec::new();
        for (n, p) in patients.iter().enumerate() {
            let who = &p.person;
            let params = CreateParams {
                birth_name: who.birth_name.clone(),
                first_name: who.given_names.first().cloned().unwrap_or_default(),
                given_names: (!p.typed_short).then(|| who.given_names.join(" ")),
                sex: who.sex.clone(),
                birth_date: who.birth_date.clone(),
                // Who gives few facts does not know the place either: it is said, not left empty.
                birth_place: Some(if p.typed_short { CogCode::UNKNOWN } else { &who.birth_place }.to_owned()),
                used_name: p.used_name.map(str::to_owned),
                used_first_name: None,
                // Numbers that the regulator keeps for fiction.
                phone: (n % 4 != 0).then(|| format!("06 39 98 {:02} {:02}", n / 100, n % 100)),
                not_a_duplicate: true,
                social_security: None,
                homonyms: Vec::new(),
                degraded: None,
                request_id: Some(format!("demo-patient-{n}")),
            };
            match self.call::<PatientCreate>(&params)? {
                Created::Created { patient } => ids.push(patient.id),
                Created::Similar { .. } => {
                    return Err(WireError::new(
                        ErrorKind::Internal,
                        "la démonstration n'a pas pu créer ses patients",
                    ));
                }
            }
        }
        Ok(ids)
    }

    fn identities(&mut self, patients: &[Patient], ids: &[PatientId]) -> Result<(), WireError> {
        let of = |wanted: &[Identity]| -> Vec<(PatientId, &Patient)> {
            ids.iter().copied().zip(patients).filter(|(_, p)| wanted.contains(&p.identity)).collect()
        };
        // Every creation called INSi by itself.
        self.call::<QueueDrain>(&DrainParams { service: Some(Service::Insi) })?;
        let decide =
            |id: PatientId| DecideParams { id, return_id: None, despite_contradiction: false, motive: None };
        let accepted = of(&[Identity::Recovered, Identity::Doubtful, Identity::Qualified]);
        self.many::<InsAccept>(accepted.iter().map(|(id, _)| decide(*id)).collect())?;
        let refused = of(&[Identity::Validated]);
        let motive = || Some("Le patient dit ne pas être cette personne".to_owned());
        self.many::<InsRefuse>(
            refused.iter().map(|(id, _)| DecideParams { motive: motive(), ..decide(*id) }).collect(),
        )?;
        let seen = of(&[Identity::Validated, Identity::Qualified]);
        let qualify = |(id, p): &(PatientId, &Patient)| {
            // The identity card for adults, the passport of the very young.
            let device = if p.person.birth_date.as_str() < "2008" {
                DeviceKind::NationalIdCard
            } else {
                DeviceKind::Passport
            };
            QualifyParams { id: *id, device, parent_device: None }
        };
        self.many::<InsQualify>(seen.iter().map(qualify).collect())?;
        let doubtful = of(&[Identity::Doubtful]);
        let doubt = |(id, _): &(PatientId, &Patient)| SetAttributeParams {
            id: *id,
            attribute: Attribute::Douteux,
            on: true,
            motive: Some("Carte Vitale prêtée ?".to_owned()),
        };
        self.many::<PatientSetAttribute>(doubtful.iter().map(doubt).collect())?;
        let told = |(id, p): &(PatientId, &Patient)| SetConsentParams {
            id: *id,
            informed: true,
            opposed: p.opposed,
        };
        self.many::<PatientSetConsent>(of(&[Identity::Qualified]).iter().map(told).collect())
    }

    fn dossiers(
        &mut self,
        patients: &[Patient],
        ids: &[PatientId],
        prescribers: &[CorrespondentId],
    ) -> Result<(), WireError> {
        // Former dossiers of everybody first: a laboratory numbers its dossiers in the order of their opening.
        let most = patients.iter().map(|p| p.dossiers.len()).max().unwrap_or(0);
        for turn in 0..most {
            let mut opened = Vec::new();
            for (n, (id, p)) in ids.iter().zip(patients).enumerate() {
                // Those with fewer dossiers take part in the last turns only.
                if let Some(plan) =
                    (turn + p.dossiers.len()).checked_sub(most).and_then(|k| p.dossiers.get(k))
                {
                    let key = format!("demo-dossier-{n}-{turn}");
                    opened.push(self.open(*id, p, plan, prescribers, key)?);
                }
            }
            self.results(&opened)?;
            self.validations(&opened)?;
        }
        Ok(())
    }

    fn open<'a>(
        &mut self,
        patient: PatientId,
        who: &Patient,
        plan: &'a plan::Dossier,
        prescribers: &[CorrespondentId],
        key: String,
    ) -> Result<Opened<'a>, WireError> {
        let choose = |n: usize, role| {
            prescribers
                .get(n)
                .map(|correspondent| CorrespondentChoice { correspondent: *correspondent, role })
        };
        let copy =
            plan.copy.filter(|c| *c != plan.prescriber).and_then(|c| choose(c, CorrespondentRole::Copy));
        let ago = SignedDuration::from_mins(plan.minutes_ago);
        let params = NewDossier {
            patient: Some(patient),
            analyses: plan.panels.iter().map(|p| (*p).to_owned()).collect(),
            correspondents: choose(plan.prescriber, CorrespondentRole::Prescriber)
                .into_iter()
                .chain(copy)
                .collect(),
            sampled_at: self.now.checked_sub(ago).ok(),
            urgent: plan.urgent,
            prescribed_on: None,
            received_from: None,
            request_id: Some(key.clone()),
        };
        let id = self.call::<DossierCreate>(&params)?.id;
        let born: i16 = who.person.birth_date.get(..4).and_then(|y| y.parse().ok()).unwrap_or(1980);
        let age = f64::from(self.now.to_zoned(jiff::tz::TimeZone::UTC).year() - born);
        let mut chance = Chance::new(key.bytes().fold(7, |sum, b| sum * 31 % 1_000_003 + u64::from(b)));
        let female = who.person.sex == "F";
        let results =
            plan.panels.iter().map(|p| values::of(p, plan.health, female, age, &mut chance)).collect();
        Ok(Opened { id, plan, results })
    }

    fn results(&mut self, opened: &[Opened<'_>]) -> Result<(), WireError> {
        let mut params = Vec::new();
        for dossier in opened {
            let all: Vec<_> = dossier.results.iter().flatten().collect();
            let done = match dossier.plan.progress {
                Progress::Registered => 0,
                Progress::Begun => all.len().div_ceil(2),
                _ => all.len(),
            };
            params.extend(all.into_iter().take(done).map(|(code, value)| ResultEnterParams {
                dossier: dossier.id,
                analysis: (*code).to_owned(),
                value: value.clone(),
                comment: None,
            }));
        }
        self.many::<ResultEnter>(params)
    }

    fn validations(&mut self, opened: &[Opened<'_>]) -> Result<(), WireError> {
        for dossier in opened {
            let first = || dossier.results.first().into_iter().flatten().map(|r| r.0.to_owned()).collect();
            let all = ValidateParams { id: Some(dossier.id), ..ValidateParams::default() };
            match dossier.plan.progress {
                Progress::Registered | Progress::Begun => {}
                Progress::ToValidate => {
                    let params = ValidateParams { analyses: first(), ..all };
                    self.call::<DossierValidateTechnical>(&params)?;
                }
                Progress::Partial => {
                    self.call::<DossierValidate>(&ValidateParams { analyses: first(), ..all })?;
                }
                Progress::Complete => {
                    self.call::<DossierValidate>(&all)?;
                }
                Progress::Held => {
                    self.call::<DossierValidate>(&ValidateParams { hold: true, ..all })?;
                }
                Progress::Hidden => {
                    self.call::<DossierValidate>(&ValidateParams { invisible: true, ..all })?;
                }
            }
        }
        Ok(())
    }
}
