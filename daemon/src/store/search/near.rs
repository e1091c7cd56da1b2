//! Words with letters wrong: distance between two words, and the cuts by which the dictionary finds near ones. Pure.
//!
//! Two words within two faults of each other have a common remainder when at most two letters are cut from each. The
//! dictionary keeps the remainders of the first seven letters of every word, so that near words are found by a few
//! exact look-ups, never by going through the dictionary. Idea: symmetric deletion (W. Garbe).

use std::collections::BTreeSet;

/// Letters of a word that are cut.
const CUT_LETTERS: usize = 7;
/// Shortest word in which faults are tolerated.
const SHORTEST: usize = 4;
/// Most faults tolerated in a word.
pub const MAX_FAULTS: usize = 2;

/// Faults tolerated in a word of so many letters.
#[must_use]
pub fn tolerated(letters: usize) -> usize {
    match letters {
        0..SHORTEST => 0,
        SHORTEST => 1,
        _ => MAX_FAULTS,
    }
}

/// Faults tolerated between what was typed and a word: two letters may be missing in four.
#[must_use]
pub fn tolerated_between(typed: &str, word: &str) -> usize {
    if typed.len() == SHORTEST { tolerated(word.len()) } else { tolerated(typed.len()) }
}

/// What remains of the first letters of a word when up to `most` letters are cut, and no more than [`tolerated`].
#[must_use]
pub fn cuts(word: &str, most: usize) -> BTreeSet<String> {
    let faults = tolerated(word.len()).min(most);
    let mut all = BTreeSet::new();
    if faults == 0 {
        return all;
    }
    let mut level = vec![word.get(..CUT_LETTERS).unwrap_or(word).to_owned()];
    for _ in 0..faults {
        let mut next = BTreeSet::new();
        for text in &level {
            for at in 0..text.len() {
                let mut shorter = text.clone();
                shorter.remove(at);
                next.insert(shorter);
            }
        }
        all.extend(level);
        level = next.into_iter().collect();
    }
    all.extend(level);
    all
}

/// Faults between what was typed and a word: letters replaced, missing, too many, neighbours exchanged; and the same
/// with the best beginning of the word, for what is still being typed. Each is cut at `MAX_FAULTS + 1`.
#[must_use]
pub fn faults(typed: &str, word: &str) -> (usize, usize) {
    const FAR: usize = MAX_FAULTS + 1;
    let (a, b) = (typed.as_bytes(), word.as_bytes());
    if a.len() > b.len() + MAX_FAULTS {
        return (FAR, FAR);
    }
    // Further along the word, nothing can be within reach any more.
    let b = b.get(..a.len() + FAR).unwrap_or(b);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last = 0u8;
    for (i, ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        let mut left = i + 1;
        row.push(left);
        let mut previous = 0u8;
        for (j, cb) in b.iter().enumerate() {
            let get = |r: &[usize], n: usize| r.get(n).copied().unwrap_or(FAR);
            let mut best = (get(&above, j) + usize::from(ca != cb)).min(left + 1).min(get(&above, j + 1) + 1);
            if i > 0 && j > 0 && *ca == previous && last == *cb {
                best = best.min(get(&before, j - 1) + 1);
            }
            left = best;
            previous = *cb;
            row.push(best);
        }
        if row.iter().min().is_some_and(|m| *m > MAX_FAULTS) {
            return (FAR, FAR);
        }
        last = *ca;
        before = above;
        above = row;
    }
    // A word longer than what was compared cannot be whole within reach.
    let whole = if word.len() > a.len() + MAX_FAULTS { FAR } else { above.last().copied().unwrap_or(FAR) };
    let beginning = above.iter().min().copied().unwrap_or(FAR);
    (whole.min(FAR), beginning.min(FAR))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn faults_are_counted_as_hands_make_them() {
        assert_eq!(faults("DUPONT", "DUPONT"), (0, 0));
        assert_eq!(faults("DUPOND", "DUPONT").0, 1);
        assert_eq!(faults("MARITN", "MARTIN").0, 1, "neighbours exchanged are one fault");
        assert_eq!(faults("MATIN", "MARTIN").0, 1);
        assert_eq!(faults("MARRTIN", "MARTIN").0, 1);
        assert_eq!(faults("LEFVE", "LEFEVRE"), (2, 1));
        assert_eq!(faults("DUPOND", "DUPONTEL").1, 1);
        assert_eq!(faults("A", "ABCDEF"), (3, 0));
        assert_eq!(faults("ABCDEF", "GHIJKL"), (3, 3));
    }

    proptest! {
        #[test]
        fn two_faults_leave_a_common_cut(
            word in "[A-E]{5,12}",
            hands in prop::collection::vec((0usize..4, 0usize..12, b'A'..=b'F'), 1..=2),
        ) {
            // A letter slipped between two that were exchanged is three faults, as hands and this distance count.
            let swaps = hands.iter().any(|(what, _, _)| *what == 3);
            let places: Vec<usize> = hands.iter().map(|(_, at, _)| at % (word.len() - 1)).collect();
            prop_assume!(!swaps || places.windows(2).all(|p| p[0].abs_diff(p[1]) >= 3));
            let mut bad: Vec<u8> = word.bytes().collect();
            for ((what, _, letter), at) in hands.into_iter().zip(places) {
                let at = at.min(bad.len() - 1);
                match what {
                    0 => bad[at] = letter,
                    1 => { bad.remove(at); }
                    2 => bad.insert(at, letter),
                    _ => { let at = at.min(bad.len() - 2); bad.swap(at, at + 1); }
                }
            }
            let bad = String::from_utf8(bad).unwrap();
            prop_assert!(faults(&bad, &word).0 <= 2);
            let faults = faults(&bad, &word).0;
            if bad.len() >= 5 && faults > 0 {
                prop_assert!(!cuts(&bad, faults).is_disjoint(&cuts(&word, 2)), "{bad} {word}");
            }
        }
    }
}
