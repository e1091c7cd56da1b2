//! The required order of searches by traits (fact sheet §B.9), as a pure state machine.
//!
//! First without the birth place; on 02 the same question again with it, silently; each given name in turn, then all
//! of them together; at most six calls for one action of the user. The daemon makes and traces each call:
//!
//! ```text
//! let mut sequence = Sequence::new(&traits)?;
//! let mut step = sequence.start();
//! while let Step::Ask(query) = step { step = sequence.next(outcome_of(call(query))); }
//! ```

use super::request::{QueryError, TraitsQuery, may_be_sent};
use paillasse_shared::domain::identity::{Sex, StrictName, StrictTraits};

/// Most calls for one action of the user.
pub const MAX_CALLS: usize = 6;

/// How the last call ended, as far as the order of searches cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// 00.
    Found,
    /// 01.
    NotFound,
    /// 02.
    Several,
    /// Fault, network, unusable answer: the sequence stops and the failure is reported.
    Failed,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make this call.
    Ask(Box<TraitsQuery>),
    /// Over.
    Over(Verdict),
}

/// How the sequence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The last answer holds the identity.
    Found,
    /// No given name was found. `capped`: some were not tried.
    NotFound {
        /// The limit of six calls stopped the search.
        capped: bool,
    },
    /// Ambiguous, with the birth place too when it is known: no other name is tried.
    Several,
    /// The last call failed.
    Failed,
}

/// A search in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    traits: StrictTraits,
    candidates: Vec<StrictName>,
    /// Some given names did not fit in [`MAX_CALLS`].
    capped: bool,
    /// Index of the candidate being asked.
    at: usize,
    with_place: bool,
    calls: usize,
}

impl Sequence {
    /// Prepares the candidates from the local identity.
    ///
    /// # Errors
    /// [`QueryError::Sex`] when the sex is neither M nor F; [`QueryError::Name`] when the birth name, or every given
    /// name, is written as INSi does not take it.
    pub fn new(traits: &StrictTraits) -> Result<Self, QueryError> {
        if !matches!(traits.sex, Sex::M | Sex::F) {
            return Err(QueryError::Sex);
        }
        if !may_be_sent(&traits.birth_name) {
            return Err(QueryError::Name("NomNaissance"));
        }
        let (candidates, capped) = candidates(traits);
        if candidates.is_empty() {
            return Err(QueryError::Name("Prenom"));
        }
        Ok(Self { traits: traits.clone(), candidates, capped, at: 0, with_place: false, calls: 0 })
    }

    /// The first call.
    pub fn start(&mut self) -> Step {
        self.at = 0;
        self.calls = 0;
        self.with_place = false;
        self.ask()
    }

    /// Calls asked for so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// What follows the answer to the last call.
    pub fn next(&mut self, last: Last) -> Step {
        match last {
            Last::Found => Step::Over(Verdict::Found),
            Last::Failed => Step::Over(Verdict::Failed),
            Last::Several if !self.with_place && self.place_is_known() => {
                self.with_place = true;
                match self.ask() {
                    Step::Over(_) => Step::Over(Verdict::Several),
                    ask => ask,
                }
            }
            Last::Several => Step::Over(Verdict::Several),
            Last::NotFound => {
                self.at += 1;
                self.with_place = false;
                self.ask()
            }
        }
    }

    fn place_is_known(&self) -> bool {
        self.traits.birth_place.as_ref().is_some_and(|place| !place.is_unknown())
    }

    fn ask(&mut self) -> Step {
        let Some(given_name) = self.candidates.get(self.at).cloned() else {
            return Step::Over(Verdict::NotFound { capped: self.capped });
        };
        if self.calls >= MAX_CALLS {
            return Step::Over(Verdict::NotFound { capped: true });
        }
        self.calls += 1;
        Step::Ask(Box::new(TraitsQuery {
            birth_name: self.traits.birth_name.clone(),
            given_name,
            sex: self.traits.sex,
            birth_date: self.traits.birth_date.clone(),
            birth_place: self.traits.birth_place.clone().filter(|_| self.with_place),
        }))
    }
}

/// The retry a user may ask for when 02 persists: every given name and the birth place at once.
#[must_use]
pub fn all_names_with_place(traits: &StrictTraits) -> Option<TraitsQuery> {
    let place = traits.birth_place.clone().filter(|place| !place.is_unknown())?;
    Some(TraitsQuery {
        birth_name: traits.birth_name.clone(),
        given_name: traits.given_names.clone().unwrap_or_else(|| traits.first_name.clone()),
        sex: traits.sex,
        birth_date: traits.birth_date.clone(),
        birth_place: Some(place),
    })
}

/// Each given name in the order of the civil status, then all of them, then the first one hyphenated when it was typed
/// in two words. Beyond the limit the single names give way first: all together is the better question.
fn candidates(traits: &StrictTraits) -> (Vec<StrictName>, bool) {
    let all = traits.given_names.as_ref().unwrap_or(&traits.first_name);
    let mut singles: Vec<StrictName> = Vec::new();
    for word in all.as_str().split(' ') {
        if let Ok(name) = StrictName::verbatim(word)
            && may_be_sent(&name)
            && !singles.contains(&name)
        {
            singles.push(name);
        }
    }
    let mut together: Vec<StrictName> = Vec::new();
    if may_be_sent(all) && !singles.contains(all) {
        together.push(all.clone());
    }
    if let Ok(compound) = StrictName::verbatim(&traits.first_name.as_str().replace(' ', "-"))
        && compound != traits.first_name
        && may_be_sent(&compound)
        && !singles.contains(&compound)
    {
        together.push(compound);
    }
    let room = MAX_CALLS.saturating_sub(together.len());
    let capped = singles.len() > room;
    singles.truncate(room);
    singles.extend(together);
    (singles, capped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use paillasse_shared::domain::identity::{BirthDate, CogCode};

    fn person(list: &str, place: Option<&str>) -> StrictTraits {
        let list = StrictName::parse(list).unwrap();
        StrictTraits {
            birth_name: StrictName::parse("TCHITCHI").unwrap(),
            first_name: StrictName::parse(list.as_str().split(' ').next().unwrap()).unwrap(),
            given_names: Some(list),
            sex: Sex::F,
            birth_date: BirthDate::lunar("1936-06-21").unwrap(),
            birth_place: place.map(|code| CogCode::parse(code).unwrap()),
        }
    }

    /// Drives a sequence with canned returns; what was asked (given name, place) and the verdict.
    fn drive(traits: &StrictTraits, mut answer: impl FnMut(&TraitsQuery) -> Last) -> (Vec<String>, Verdict) {
        let mut sequence = Sequence::new(traits).unwrap();
        let mut asked = Vec::new();
        let mut step = sequence.start();
        loop {
            match step {
                Step::Over(verdict) => {
                    assert_eq!(asked.len(), sequence.calls());
                    return (asked, verdict);
                }
                Step::Ask(query) => {
                    let place =
                        query.birth_place.as_ref().map_or_else(String::new, |p| format!(" @{}", p.as_str()));
                    asked.push(format!("{}{place}", query.given_name.as_str()));
                    step = sequence.next(answer(&query));
                }
            }
        }
    }

    #[test]
    fn ret_08_a_return_02_is_relaunched_once_with_the_birth_place() {
        let known = person("OLA", Some("63220"));
        let (asked, verdict) =
            drive(&known, |query| if query.birth_place.is_some() { Last::Found } else { Last::Several });
        assert_eq!((asked, verdict), (vec!["OLA".into(), "OLA @63220".into()], Verdict::Found));
        let (asked, verdict) = drive(&known, |_| Last::Several);
        assert_eq!((asked.len(), verdict), (2, Verdict::Several));
        for place in [None, Some("99999")] {
            let (asked, verdict) = drive(&person("OLA BELLA", place), |_| Last::Several);
            assert_eq!((asked, verdict), (vec!["OLA".to_owned()], Verdict::Several));
        }
        // Ambiguous, then unknown with the place: the next name is asked, without the place first.
        let (asked, _) = drive(&person("OLA BELLA", Some("63220")), |query| {
            if query.given_name.as_str() == "OLA" && query.birth_place.is_none() {
                Last::Several
            } else {
                Last::NotFound
            }
        });
        assert_eq!(asked, ["OLA", "OLA @63220", "BELLA", "OLA BELLA"]);
    }

    #[test]
    fn ret_10_each_given_name_then_all_together() {
        let (asked, verdict) = drive(&person("OLA CATARINA BELLA", Some("63220")), |query| {
            if query.given_name.as_str() == "CATARINA" { Last::Found } else { Last::NotFound }
        });
        assert_eq!((asked, verdict), (vec!["OLA".into(), "CATARINA".into()], Verdict::Found));
        let (asked, verdict) = drive(&person("PIERRE PAUL JACQUES", None), |_| Last::NotFound);
        assert_eq!(asked, ["PIERRE", "PAUL", "JACQUES", "PIERRE PAUL JACQUES"]);
        assert_eq!(verdict, Verdict::NotFound { capped: false });
        let (asked, _) = drive(&person("ZOE", None), |_| Last::NotFound);
        assert_eq!(asked, ["ZOE"]);
        let (asked, _) = drive(&person("ANNE ANNE", None), |_| Last::NotFound);
        assert_eq!(asked, ["ANNE", "ANNE ANNE"]);
    }

    #[test]
    fn a_first_name_in_two_words_is_also_tried_as_a_compound() {
        let mut traits = person("JEAN PIERRE MARIE", None);
        traits.first_name = StrictName::parse("JEAN PIERRE").unwrap();
        let (asked, _) = drive(&traits, |_| Last::NotFound);
        assert_eq!(asked, ["JEAN", "PIERRE", "MARIE", "JEAN PIERRE MARIE", "JEAN-PIERRE"]);
        traits.given_names = None;
        let (asked, _) = drive(&traits, |_| Last::NotFound);
        assert_eq!(asked, ["JEAN", "PIERRE", "JEAN PIERRE", "JEAN-PIERRE"]);
    }

    #[test]
    fn six_calls_at_most_and_all_names_together_among_them() {
        let many = person("A B C D E F G", Some("63220"));
        let (asked, verdict) = drive(&many, |_| Last::NotFound);
        assert_eq!(asked, ["A", "B", "C", "D", "E", "A B C D E F G"]);
        assert_eq!(verdict, Verdict::NotFound { capped: true });
        let (asked, verdict) =
            drive(
                &many,
                |query| if query.given_name.as_str().len() > 1 { Last::Several } else { Last::NotFound },
            );
        assert_eq!((asked.len(), verdict), (MAX_CALLS, Verdict::Several));
    }

    #[test]
    fn a_failure_stops_the_sequence_and_an_unknown_sex_never_starts_it() {
        let (asked, verdict) = drive(&person("OLA BELLA", None), |_| Last::Failed);
        assert_eq!((asked.len(), verdict), (1, Verdict::Failed));
        let mut unknown = person("OLA", None);
        unknown.sex = Sex::parse("I").unwrap();
        assert_eq!(Sequence::new(&unknown).unwrap_err(), QueryError::Sex);
        let mut odd = person("OLA BELLA", None);
        odd.given_names = Some(StrictName::verbatim("OLA' BELLA").unwrap());
        let (asked, _) = drive(&odd, |_| Last::NotFound);
        assert_eq!(asked, ["BELLA"]);
        odd.birth_name = StrictName::verbatim("D' ADRUN").unwrap();
        assert_eq!(Sequence::new(&odd).unwrap_err(), QueryError::Name("NomNaissance"));
    }

    #[test]
    fn the_manual_retry_joins_all_names_and_the_place() {
        let query = all_names_with_place(&person("OLA BELLA", Some("63220"))).unwrap();
        assert_eq!((query.given_name.as_str(), query.birth_place.unwrap().as_str()), ("OLA BELLA", "63220"));
        assert_eq!(all_names_with_place(&person("OLA", Some("99999"))), None);
    }
}
