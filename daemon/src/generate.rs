//! Synthetic patients at scale, for training and measures: deterministic, French-looking, nobody's.
//!
//! Same seed and same day, same people, on any machine. Names are typed as people type them (accents, hyphens, particles)
//! and go through the rules of the strict traits, as at reception. Matricules carry the test OID and order numbers from
//! 900 on; their keys are right. Refused outside training: invented people have no place among real ones.
//!
//! Deliberately not here: dossiers and results (the demonstration makes these, through the protocol).

mod names;

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use paillasse_shared::domain::identity::matricule::key_of;
use paillasse_shared::domain::identity::{
    BirthDate, CogCode, DeviceKind, IdentityState, InsOid, Matricule, Proof, Sex, StrictName, StrictTraits,
    UsedNames,
};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::protocol::patient::Consent;

use crate::config::Config;
use crate::env::Env;
use crate::server::listener;
use crate::store::Store;
use crate::store::bulk::Inserted;
use crate::store::patients::{Patient, StoredIns};

/// Patients per transaction.
const BATCH: usize = 10_000;
/// Name of this task in history and journal.
const ACTOR: &str = "paillassed-generate";

/// Why nothing, or not everything, was generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// Real people live here.
    #[error(
        "la génération n'est permise qu'en formation : mettre daemon.training = true, sur une autre base que la vraie"
    )]
    NotTraining,
    /// The daemon runs, or the socket cannot be had.
    #[error(transparent)]
    Busy(#[from] listener::ListenError),
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The time zone of the configuration.
    #[error("fuseau horaire : {0}")]
    Zone(jiff::Error),
}

/// Adds `count` synthetic patients to the database of a configuration; `told` hears the number done after each batch.
///
/// # Errors
/// Not in training, a daemon runs on this database, or the disk; what was done before stays.
pub async fn run(
    config: &Config,
    count: u64,
    seed: u64,
    mut told: impl FnMut(u64),
) -> Result<Inserted, GenerateError> {
    if !config.daemon.training {
        return Err(GenerateError::NotTraining);
    }
    let zone = jiff::tz::TimeZone::get(&config.laboratory.time_zone).map_err(GenerateError::Zone)?;
    let env = Env::system(zone);
    // The place of the daemon is taken, so that none starts on the same database meanwhile.
    let _alone = listener::bind(&config.path(&config.daemon.socket)).await?;
    let store = Store::open(&config.path(&config.daemon.database))?;
    let mut people = people(seed, env.today(), env.now()).take(usize::try_from(count).unwrap_or(usize::MAX));
    let mut total = Inserted::default();
    loop {
        let batch: Vec<Patient> = people.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(total);
        }
        let done = store.insert_patients(batch, ACTOR, env.now()).await?;
        total.created += done.created;
        total.skipped += done.skipped;
        told(total.created + total.skipped);
    }
}

/// People without end, as of a day.
pub fn people(seed: u64, today: Date, now: Timestamp) -> impl Iterator<Item = Patient> {
    let mut maker = Maker { rng: Rng(seed), orders: HashMap::new(), today, now };
    // A name that the rules refuse would only be drawn again; the lists hold none.
    std::iter::from_fn(move || {
        loop {
            if let Some(p) = maker.patient() {
                return Some(p);
            }
        }
    })
}

/// SplitMix64: small, known, and nobody's secret depends on it.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `n` (0 when `n` is 0).
    fn below(&mut self, n: u64) -> u64 {
        self.next().checked_rem(n).unwrap_or(0)
    }

    fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }

    /// One word of a list, all alike.
    fn any(&mut self, list: &'static [&'static str]) -> &'static str {
        let n = self.below(list.len() as u64);
        list.get(usize::try_from(n).unwrap_or(0)).copied().unwrap_or("Martin")
    }

    /// One word of a list, the first ones much more often.
    fn frequent(&mut self, list: &'static [&'static str]) -> &'static str {
        let (a, b) = (self.below(1000), self.below(1000));
        let n = list.len() as u64 * a * b / 1_000_000;
        list.get(usize::try_from(n).unwrap_or(0)).copied().unwrap_or("Martin")
    }
}

struct Maker {
    rng: Rng,
    /// Order numbers given, by the ten first characters of the matricule.
    orders: HashMap<String, u8>,
    today: Date,
    now: Timestamp,
}

impl Maker {
    fn surname(&mut self) -> String {
        let r = &mut self.rng;
        match r.below(100) {
            0..45 => r.frequent(names::SURNAMES).to_owned(),
            45..93 => made_up(r),
            93..97 => format!("{}{}", r.frequent(names::PARTICLES), made_up(r)),
            _ => format!("{}-{}", r.frequent(names::SURNAMES), made_up(r)),
        }
    }

    fn given(&mut self, sex: Sex) -> Vec<&'static str> {
        let list = if sex == Sex::M { names::MEN } else { names::WOMEN };
        let mut given = vec![self.rng.frequent(list)];
        for _ in 0..self.rng.below(3) {
            let next = self.rng.any(list);
            if !given.contains(&next) {
                given.push(next);
            }
        }
        given
    }

    fn birth_date(&mut self) -> Option<BirthDate> {
        // The old are seen more often than the young.
        let days = self.rng.below(36_000).max(self.rng.below(30_000));
        let date = self.today.checked_sub(i64::try_from(days).ok()?.days()).ok()?;
        Some(BirthDate::from_civil(date))
    }

    /// A matricule that nobody else of this series has; none when the month and the place are full.
    fn matricule(&mut self, sex: Sex, born: &BirthDate, place: &str) -> Option<Matricule> {
        let (year, month, _) = born.parts();
        let first = if sex == Sex::M { 1 } else { 2 };
        let begin = format!("{first}{:02}{month:02}{place}", year % 100);
        let used = self.orders.entry(begin.clone()).or_insert(0);
        if *used == 100 {
            return None;
        }
        let number = format!("{begin}{}", 900 + u16::from(*used));
        *used += 1;
        let (matricule, _) = Matricule::from_insi(&number, &format!("{:02}", key_of(&number))).ok()?;
        Some(matricule)
    }

    fn patient(&mut self) -> Option<Patient> {
        let sex = if self.rng.percent(46) { Sex::M } else { Sex::F };
        let born = self.birth_date()?;
        let birth_name = StrictName::parse(&self.surname()).ok()?;
        let given = self.given(sex);
        let first_name = StrictName::parse(given.first()?).ok()?;
        let place = self.rng.frequent(names::PLACES);
        let adult = born.age(self.today).is_some_and(|a| a > 24);
        let used = match self.rng.below(100) {
            0..35 if adult && sex == Sex::F => StrictName::parse(&self.surname()).ok(),
            35..40 if adult => StrictName::parse(&format!("{birth_name}-{}", self.surname())).ok(),
            _ => None,
        };
        // Qualified, recovered, validated, provisional.
        let (validated, from_insi) = match self.rng.below(100) {
            0..55 => (true, true),
            55..70 => (false, true),
            70..78 => (true, false),
            _ => (false, false),
        };
        let matricule = if from_insi { self.matricule(sex, &born, place) } else { None };
        let known_place = matricule.is_some() || self.rng.percent(60);
        let (informed, opposed) = (self.rng.percent(70), self.rng.percent(2));
        Some(Patient {
            id: PatientId(0),
            version: 0,
            traits: StrictTraits {
                birth_name,
                first_name,
                given_names: match matricule {
                    Some(_) => Some(StrictName::parse(&given.join(" ")).ok()?),
                    None => None,
                },
                sex,
                birth_date: born,
                birth_place: if known_place { CogCode::parse(place).ok() } else { None },
            },
            used: UsedNames { name: used, first_name: None },
            phone: Some(format!("06990{:05}", self.rng.below(100_000))),
            social_security: None,
            degraded: None,
            state: IdentityState { validated, from_insi: matricule.is_some(), ..IdentityState::default() },
            ins: matricule.map(|matricule| StoredIns {
                matricule,
                oid: InsOid::NirTest,
                recovered_at: self.now,
                verified_at: None,
            }),
            proof: validated.then(|| Proof {
                device: DeviceKind::NationalIdCard,
                parent_device: None,
                checked_at: self.now,
                label: String::new(),
                checked_by: ACTOR.to_owned(),
                partner: None,
            }),
            consent: Consent { informed, opposed },
            created_at: self.now,
        })
    }
}

fn made_up(r: &mut Rng) -> String {
    format!("{}{}{}", r.any(names::STARTS), r.any(names::MIDDLES), r.any(names::ENDS))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::civil::date;

    use super::*;

    fn some(seed: u64, n: usize) -> Vec<Patient> {
        people(seed, date(2026, 3, 5), Timestamp::UNIX_EPOCH).take(n).collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_people_and_another_seed_others() {
        assert_eq!(some(1, 500), some(1, 500));
        assert_ne!(some(1, 500), some(2, 500));
    }

    #[test]
    fn ins_10_every_matricule_is_right_single_and_of_test() {
        let all = some(1, 20_000);
        let mut seen = HashSet::new();
        for p in &all {
            assert_eq!(p.state.from_insi, p.ins.is_some());
            let Some(ins) = &p.ins else { continue };
            assert!(ins.oid.is_test());
            let text = ins.matricule.compact();
            assert_eq!(Matricule::parse(&text).as_ref(), Ok(&ins.matricule), "{text}");
            assert_eq!(text.get(5..10), p.traits.birth_place.as_ref().map(CogCode::as_str));
            assert!(seen.insert(text), "twice: {}", ins.matricule.grouped());
        }
        assert!(seen.len() > 13_000, "{}", seen.len());
    }

    #[test]
    fn every_place_is_of_the_reference() {
        let cog = crate::cog::Cog::embedded().unwrap();
        let unknown: Vec<_> = names::PLACES.iter().filter(|c| !cog.contains(c)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn names_are_as_various_as_in_a_town() {
        let all = some(1, 20_000);
        let of = |f: &dyn Fn(&Patient) -> bool| all.iter().filter(|p| f(p)).count();
        let names: HashSet<_> = all.iter().map(|p| p.traits.birth_name.as_str()).collect();
        assert!(names.len() > 5_000, "{}", names.len());
        assert!(of(&|p| p.traits.birth_name.as_str().contains('-')) > 200);
        assert!(of(&|p| p.traits.birth_name.as_str().contains(' ')) > 200);
        assert!(of(&|p| p.traits.birth_name.as_str().contains('\'')) > 20);
        assert!(of(&|p| p.traits.first_name.as_str().contains('-')) > 200);
        assert!(of(&|p| p.used.name.is_some()) > 2_000);
        assert!(all.iter().all(|p| p.traits.first_name_heads_list()));
    }

    #[tokio::test]
    async fn batches_are_found_again_and_sealed_in_the_journal() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("p.db")).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let batch = some(3, 300);
        let bearer = batch.iter().find(|p| p.ins.is_some()).unwrap().clone();
        let done = store.insert_patients(batch.clone(), ACTOR, now).await.unwrap();
        assert_eq!(done, Inserted { created: 300, skipped: 0 });
        let ins = bearer.ins.clone().unwrap();
        let found = store.search_matricule(ins.matricule).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].birth_name, bearer.traits.birth_name.as_str());
        let again = store.insert_patients(batch, ACTOR, now).await.unwrap();
        assert!(again.skipped > 200, "who bears a matricule is here once: {again:?}");
        assert!(store.verify_audit().await.unwrap().ok);
    }
}
