//! How well a text fits a person: faults, then where the words stand. Pure.

use super::near;
use super::words::{Form, Place, is_particle};

/// What is tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tolerance {
    /// Each word begins a word of the names.
    None,
    /// Letters may be wrong, particles too many.
    Letters,
    /// One word may also be unknown to us: only beside a date of birth.
    OneWord,
}

/// How well; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fit {
    /// Faults of letters; an unknown word counts [`UNKNOWN`].
    pub faults: usize,
    /// Sum of what each word is worth by its place.
    pub rank: usize,
}

/// Faults that an unknown word counts for.
pub const UNKNOWN: usize = 8;
/// Words joined at most: `DE LA FONTAINE`.
pub const JOINED: usize = 3;
/// Shortest word of a couple typed without separator.
pub const COUPLE: usize = 4;

/// What one word is worth.
fn rank(place: Place, exact: bool) -> usize {
    match (place, exact) {
        (Place::Whole, true) => 0,
        (Place::Start, true) => 1,
        (Place::Whole | Place::Start, false) => 2,
        (Place::Name, true) => 3,
        (Place::Name, false) => 4,
        (Place::First, true) => 5,
        (Place::First, false) => 6,
        (Place::Given, true) => 7,
        (Place::Given, false) => 8,
    }
}

fn fit_word(word: &str, forms: &[Form], tolerance: Tolerance) -> Option<Fit> {
    let mut best: Option<Fit> = None;
    let offer = |best: &mut Option<Fit>, faults: usize, rank: usize| {
        let fit = Fit { faults, rank };
        if best.is_none_or(|b| fit < b) {
            *best = Some(fit);
        }
    };
    for f in forms {
        if let Some(rest) = f.word.strip_prefix(word) {
            offer(&mut best, 0, rank(f.place, rest.is_empty()));
        } else if f.word.len() >= COUPLE
            && let Some(rest) = word.strip_prefix(f.word.as_str())
            && forms.iter().any(|g| g.word.starts_with(rest))
        {
            offer(&mut best, 0, rank(f.place, false));
        }
    }
    if best.is_none() && near::tolerated(word.len()) > 0 && tolerance != Tolerance::None {
        for f in forms {
            let tolerated = near::tolerated_between(word, &f.word);
            let (whole, beginning) = near::faults(word, &f.word);
            if whole <= tolerated {
                offer(&mut best, whole, rank(f.place, true));
            }
            if word.len() >= 5 && beginning <= tolerated {
                offer(&mut best, beginning, rank(f.place, false));
            }
        }
    }
    best
}

/// Fits the words typed, in any order, to the words of a person.
#[must_use]
pub fn fit(words: &[String], forms: &[Form], tolerance: Tolerance) -> Option<Fit> {
    // Best so far after each word, without and with an unknown word.
    let mut best: Vec<[Option<Fit>; 2]> = vec![[Some(Fit { faults: 0, rank: 0 }), None]];
    let mut known = false;
    for end in 1..=words.len() {
        let mut here: [Option<Fit>; 2] = [None, None];
        let mut offer = |slot: usize, fit: Fit| {
            if let Some(h) = here.get_mut(slot)
                && h.is_none_or(|b| fit < b)
            {
                *h = Some(fit);
            }
        };
        for n in 1..=JOINED.min(end) {
            let part = words.get(end - n..end).unwrap_or_default();
            let Some(from) = best.get(end - n).copied() else { continue };
            let found = match part {
                [one] => fit_word(one, forms, tolerance),
                more => fit_word(&more.concat(), forms, tolerance),
            };
            if let Some(f) = found {
                known |= part.concat().len() > 1;
                for (slot, from) in from.into_iter().enumerate() {
                    if let Some(b) = from {
                        offer(slot, Fit { faults: b.faults + f.faults, rank: b.rank + f.rank });
                    }
                }
            }
            if let (Tolerance::Letters | Tolerance::OneWord, [one]) = (tolerance, part)
                && words.len() > 1
            {
                for (slot, from) in from.into_iter().enumerate() {
                    if let Some(b) = from.filter(|_| is_particle(one)) {
                        offer(slot, Fit { faults: b.faults, rank: b.rank + 4 });
                    }
                }
                if let (Tolerance::OneWord, [Some(b), _]) = (tolerance, from) {
                    offer(1, Fit { faults: b.faults + UNKNOWN, rank: b.rank + 8 });
                }
            }
        }
        best.push(here);
    }
    // Particles alone, or one unknown word alone, say nothing of anybody.
    if !known && !words.is_empty() {
        return best.last().copied().and_then(|[b, _]| b).filter(|_| tolerance == Tolerance::None);
    }
    best.last().copied().and_then(|b| b.into_iter().flatten().min())
}

#[cfg(test)]
mod tests {
    use super::super::words::Names;
    use super::*;

    fn forms(birth: &str, first: &str) -> Vec<Form> {
        Names { birth: birth.into(), first: first.into(), ..Names::default() }.forms()
    }

    fn faults(typed: &str, forms: &[Form], tolerance: Tolerance) -> Option<usize> {
        let words: Vec<String> = typed.split(' ').map(str::to_owned).collect();
        fit(&words, forms, tolerance).map(|f| f.faults)
    }

    #[test]
    fn particles_and_separators_do_not_count() {
        let f = forms("DE LA FONTAINE", "JEAN-PIERRE");
        for typed in [
            "DE LA FONTAINE",
            "FONTAINE",
            "DELAFONT",
            "LA FONTAINE JEAN",
            "JEANPIERRE LAFONTAINE",
            "PIERRE FON",
        ] {
            assert_eq!(faults(typed, &f, Tolerance::None), Some(0), "{typed}");
        }
        let f = forms("FONTAINE", "JEAN");
        assert_eq!(faults("DE LA FONTAINE", &f, Tolerance::None), None);
        assert_eq!(faults("DE LA FONTAINE", &f, Tolerance::Letters), Some(0));
        assert_eq!(faults("DE LA", &f, Tolerance::Letters), None);
        assert_eq!(faults("LE GOFF", &forms("LEGOFF", "ANNE"), Tolerance::None), Some(0));
    }

    #[test]
    fn wrong_letters_count_and_one_word_may_be_unknown_beside_a_date() {
        let f = forms("LEFEVRE", "ANNE");
        assert_eq!(faults("LEFEVER ANNE", &f, Tolerance::None), None);
        assert_eq!(faults("LEFEVER ANNE", &f, Tolerance::Letters), Some(1));
        assert_eq!(faults("DURAND ANNE", &f, Tolerance::Letters), None);
        assert_eq!(faults("DURAND ANNE", &f, Tolerance::OneWord), Some(UNKNOWN));
        assert_eq!(faults("DURAND", &f, Tolerance::OneWord), None);
        assert_eq!(faults("DURAND MARIE", &f, Tolerance::OneWord), None);
    }

    #[test]
    fn the_birth_name_comes_before_what_only_resembles_it() {
        let typed = ["MARTIN".to_owned()];
        let of = |birth: &str, first: &str, used: Option<&str>| {
            let names = Names {
                birth: birth.into(),
                first: first.into(),
                used: used.map(Into::into),
                ..Names::default()
            };
            fit(&typed, &names.forms(), Tolerance::Letters)
        };
        let order = [
            of("MARTIN", "ANNE", None),
            of("MARTIN-DUPONT", "ANNE", None),
            of("MARTINEZ", "ANNE", None),
            of("DUPONT", "ANNE", Some("MARTIN")),
            of("DUPONT", "MARTIN", None),
            of("MARTEN", "ANNE", None),
        ];
        assert!(order.iter().all(Option::is_some) && order.is_sorted() && order[0] < order[5], "{order:?}");
    }
}
