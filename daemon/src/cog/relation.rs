//! How two codes hang together: what a place became, what it came from, and the French sentence that says so
//! (COG-02, COG-09).

use std::collections::VecDeque;

use paillasse_shared::domain::identity::BirthDate;
use paillasse_shared::domain::identity::compare::PlaceRelation;

use super::{Code, Cog, Day, Days, Kind, Link, Period, code_of, code_text};

/// Longest chain of events followed.
const MAX_STEPS: usize = 8;

/// Most codes that one place is followed into.
const MAX_CODES: usize = 64;

/// Prefix of the arrondissements of a whole city, whose own code is no place of birth.
pub(super) fn whole_city(code: &Code) -> Option<&'static str> {
    match code {
        b"75056" => Some("751"),
        b"69123" => Some("6938"),
        b"13055" => Some("132"),
        _ => None,
    }
}

/// The city of an arrondissement.
fn city_of(code: &Code) -> Option<Code> {
    [b"75056", b"69123", b"13055"]
        .into_iter()
        .find(|city| whole_city(city).is_some_and(|prefix| code_text(code).starts_with(prefix)))
        .copied()
}

fn add(codes: &mut Vec<Code>, code: Code) {
    if codes.len() < MAX_CODES && !codes.contains(&code) {
        codes.push(code);
    }
}

/// `à Rennes`, `au Havre`, `aux Sables-d'Olonne`; `de` likewise.
fn with(preposition: &str, label: &str) -> String {
    let contracted = match preposition {
        "à" => [("Le ", "au "), ("Les ", "aux ")],
        _ => [("Le ", "du "), ("Les ", "des ")],
    };
    for (article, short) in contracted {
        if let Some(rest) = label.strip_prefix(article) {
            return format!("{short}{rest}");
        }
    }
    let vowel = label.starts_with(|c: char| "AEÉÈÊIÎOÔUÛYH".contains(c));
    if preposition == "de" && vowel { format!("d'{label}") } else { format!("{preposition} {label}") }
}

impl Cog {
    /// What the reference says of the local code and of the one INSi returned. The sentence is for users; the codes
    /// themselves are never rewritten.
    ///
    /// Two codes are the same place when they belong to the same commune of today, or when the territory of one
    /// belonged to the other at the date of birth (sheet INS, E.3).
    #[must_use]
    pub fn relation(&self, local: &str, returned: &str, birth_date: Option<&BirthDate>) -> PlaceRelation {
        let Some(theirs) = code_of(returned).filter(|_| self.contains(returned)) else {
            return PlaceRelation::UnknownReturned;
        };
        let Some(ours) = code_of(local) else { return PlaceRelation::Different };
        if ours == theirs {
            return PlaceRelation::Same("même code".to_owned());
        }
        let days = birth_date.map(Days::of);
        let (Some(here), Some(there)) = (self.period_near(&ours, days), self.period_near(&theirs, days))
        else {
            return PlaceRelation::Different;
        };
        if let Some(sentence) = self.city_relation(here, there) {
            return sentence;
        }
        let today = self.currents(here).any(|c| self.currents(there).any(|d| c == d));
        let then = days.is_some_and(|days| {
            let theirs = self.territory(&theirs, days);
            self.territory(&ours, days).iter().any(|c| theirs.contains(c))
        });
        if !today && !then {
            return PlaceRelation::Different;
        }
        // The story starts from what stood at birth: a later event is the one that explains the difference.
        let stood = |p: &Period| days.is_none_or(|d| p.covers(d));
        let (from, to) = if stood(here) || !stood(there) { (here, there) } else { (there, here) };
        let told = self.path(from, &to.code).or_else(|| self.path(to, &from.code));
        PlaceRelation::Same(told.unwrap_or_else(|| self.common(here, there)))
    }

    /// Arrondissements: different from one another, part of their city and of what the city absorbed.
    fn city_relation(&self, here: &Period, there: &Period) -> Option<PlaceRelation> {
        let arrondissement = |p: &Period| p.kind == Kind::Arrondissement;
        let (part, other) = match (arrondissement(here), arrondissement(there)) {
            (false, false) => return None,
            (true, true) => return Some(PlaceRelation::Different),
            (true, false) => (here, there),
            (false, true) => (there, here),
        };
        let city = city_of(&part.code)?;
        if other.code == city {
            return Some(PlaceRelation::Same(format!(
                "{} est un arrondissement {}",
                self.label_of(part),
                with("de", self.label_of(other))
            )));
        }
        if self.currents(other).any(|c| c == city) {
            let told = self.path(other, &city).unwrap_or_else(|| self.common(other, part));
            return Some(PlaceRelation::Same(told));
        }
        Some(PlaceRelation::Different)
    }

    /// Codes that a code stood for at a date: itself, or what it came from, or what it became.
    fn territory(&self, code: &Code, days: Days) -> Vec<Code> {
        let mut codes = Vec::new();
        let periods = self.periods_of(code);
        if periods.iter().any(|p| p.covers(days)) {
            return vec![*code];
        }
        let ended = periods.iter().rfind(|p| p.to <= days.first);
        let to_come = periods.iter().find(|p| p.from > days.last);
        for period in [ended, to_come].into_iter().flatten() {
            for code in self.standing(period, days) {
                add(&mut codes, code);
            }
        }
        codes
    }

    /// Codes that stood at a date in the place of a period that did not.
    pub(super) fn standing(&self, period: &Period, days: Days) -> Vec<Code> {
        let mut codes = Vec::new();
        if period.to <= days.first {
            self.onward(period, days, MAX_STEPS, &mut codes);
        } else {
            self.backward(period, days, MAX_STEPS, &mut codes);
        }
        if codes.is_empty() {
            for code in self.currents(period) {
                if self.periods_of(&code).iter().any(|p| p.covers(days)) {
                    add(&mut codes, code);
                }
            }
        }
        codes
    }

    fn onward(&self, period: &Period, days: Days, steps: usize, codes: &mut Vec<Code>) {
        if steps == 0 || period.is_open() {
            return;
        }
        let links = self.links_from(&period.code).filter(|l| l.day == period.to).map(|l| l.after);
        for code in std::iter::once(period.code).chain(links) {
            let next = self.periods_of(&code).iter().find(|p| p.from <= period.to && period.to < p.to);
            match next {
                Some(next) if next.covers(days) => add(codes, code),
                Some(next) if next.to <= days.first => self.onward(next, days, steps - 1, codes),
                _ => {}
            }
        }
    }

    fn backward(&self, period: &Period, days: Days, steps: usize, codes: &mut Vec<Code>) {
        if steps == 0 || period.from == Day::MIN {
            return;
        }
        let links = self.links_to(&period.code).filter(|l| l.day == period.from).map(|l| l.before);
        for code in std::iter::once(period.code).chain(links) {
            let before = self.periods_of(&code).iter().rfind(|p| p.from < period.from && period.from <= p.to);
            match before {
                Some(before) if before.covers(days) => add(codes, code),
                Some(before) if before.from > days.last => self.backward(before, days, steps - 1, codes),
                _ => {}
            }
        }
    }

    fn links_from(&self, code: &Code) -> impl Iterator<Item = &Link> {
        let start = self.links.partition_point(|l| l.before < *code);
        let code = *code;
        self.links.get(start..).unwrap_or(&[]).iter().take_while(move |l| l.before == code)
    }

    fn links_to(&self, code: &Code) -> impl Iterator<Item = &Link> {
        let link = |n: &u32| self.links.get(*n as usize);
        let start = self.links_by_after.partition_point(|n| link(n).is_some_and(|l| l.after < *code));
        let code = *code;
        let rest = self.links_by_after.get(start..).unwrap_or(&[]);
        rest.iter().filter_map(move |n| self.links.get(*n as usize)).take_while(move |l| l.after == code)
    }

    /// The events that lead from a period to a code, shortest chain first, told one after the other.
    fn path(&self, from: &Period, to: &Code) -> Option<String> {
        let mut seen = vec![from.code];
        let mut queue: VecDeque<Vec<&Link>> = VecDeque::from([Vec::new()]);
        while let Some(chain) = queue.pop_front() {
            let (code, day) = chain.last().map_or((from.code, from.from), |l: &&Link| (l.after, l.day));
            for link in self.links_from(&code).filter(|l| l.day >= day) {
                let mut longer = chain.clone();
                longer.push(link);
                if link.after == *to {
                    return Some(self.tell(from, &longer));
                }
                if !seen.contains(&link.after) && longer.len() < MAX_STEPS && seen.len() < MAX_CODES {
                    seen.push(link.after);
                    queue.push_back(longer);
                }
            }
        }
        None
    }

    fn tell(&self, from: &Period, chain: &[&Link]) -> String {
        let mut shown = self.label_of(from);
        let mut told = Vec::new();
        for link in chain {
            let before = self.periods_of(&link.before);
            let before = before.iter().rfind(|p| p.from < link.day && link.day <= p.to);
            let after = self.periods_of(&link.after).iter().rfind(|p| p.from <= link.day);
            let (Some(before), Some(after)) = (before, after) else { continue };
            let (a, b, day) = (self.label_of(before), self.label_of(after), link.day.french());
            if a != shown {
                told.push(format!("{shown} devenue {a} le {}", before.from.french()));
            }
            shown = b;
            let (old, new) = (code_text(&link.before), code_text(&link.after));
            told.push(match link.event {
                20 => format!("{b} créée à partir {} le {day}", with("de", a)),
                21 => format!("{b} rétablie, séparée {} le {day}", with("de", a)),
                30 => format!("{a} supprimée, territoire réuni {} le {day}", with("à", b)),
                41 => format!("{b} : code {old} devenu {new} le {day} (changement de département)"),
                50 => format!("{b} : code {old} devenu {new} le {day} (changement de chef-lieu)"),
                Link::COUNTRY => format!("{a}, puis {b} à partir du {day}"),
                _ => format!("{a} réunie {} le {day}", with("à", b)),
            });
        }
        told.join(", puis ")
    }

    /// Two places that now belong to the same one.
    fn common(&self, here: &Period, there: &Period) -> String {
        let shared = self.currents(here).find(|c| self.currents(there).any(|d| *c == d));
        let today = shared.and_then(|c| self.periods_of(&c).last()).map(|p| self.label_of(p));
        let (a, b) = (self.label_of(here), self.label_of(there));
        match today {
            Some(today) => format!("{a} et {b} appartiennent aujourd'hui {}", with("à", today)),
            None => format!("{a} et {b} étaient un même territoire à la date de naissance"),
        }
    }
}
