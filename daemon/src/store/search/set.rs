//! A set of patient numbers: one bit for each. Pure.
//!
//! Patients are numbered from 1 without holes, so a set over a million of them takes 125 KB for the time of a query.

/// Set of patient numbers.
#[derive(Debug, Clone, Default)]
pub struct Set {
    bits: Vec<u64>,
}

fn place(id: u32) -> (usize, u64) {
    (usize::try_from(id / 64).unwrap_or(usize::MAX), 1 << (id % 64))
}

impl Set {
    /// Adds a patient.
    pub fn insert(&mut self, id: u32) {
        let (at, bit) = place(id);
        if at >= self.bits.len() {
            // Lists ascend: room for more than this one, or it is made again at each step.
            self.bits.resize((at + 1 + at / 2).max(64), 0);
        }
        if let Some(word) = self.bits.get_mut(at) {
            *word |= bit;
        }
    }

    /// Whether a patient is in it.
    #[must_use]
    pub fn contains(&self, id: u32) -> bool {
        let (at, bit) = place(id);
        self.bits.get(at).is_some_and(|w| w & bit != 0)
    }

    /// Keeps who is also in `other`.
    pub fn keep(&mut self, other: &Self) {
        self.bits.truncate(other.bits.len());
        for (a, b) in self.bits.iter_mut().zip(&other.bits) {
            *a &= b;
        }
    }

    /// Adds who is in `a` and in `b`.
    pub fn add_common(&mut self, a: &Self, b: &Self) {
        let n = a.bits.len().min(b.bits.len());
        if self.bits.len() < n {
            self.bits.resize(n, 0);
        }
        for (s, (a, b)) in self.bits.iter_mut().zip(a.bits.iter().zip(&b.bits)) {
            *s |= a & b;
        }
    }

    /// Adds who is in `other`.
    pub fn add(&mut self, other: &Self) {
        if self.bits.len() < other.bits.len() {
            self.bits.resize(other.bits.len(), 0);
        }
        for (a, b) in self.bits.iter_mut().zip(&other.bits) {
            *a |= b;
        }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.iter().map(|w| usize::try_from(w.count_ones()).unwrap_or(0)).sum()
    }

    /// Nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|w| *w == 0)
    }

    /// From the latest created to the first.
    pub fn latest_first(&self) -> impl Iterator<Item = u32> + '_ {
        self.bits.iter().enumerate().rev().filter(|(_, w)| **w != 0).flat_map(|(at, word)| {
            let base = u32::try_from(at).unwrap_or(0) * 64;
            let mut left = *word;
            std::iter::from_fn(move || {
                let top = left.checked_ilog2()?;
                left &= !(1 << top);
                Some(base + top)
            })
        })
    }
}

impl FromIterator<u32> for Set {
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> Self {
        let mut set = Self::default();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_set(
            a in prop::collection::btree_set(0u32..500, 0..60),
            b in prop::collection::btree_set(0u32..900, 0..60),
        ) {
            let (x, y): (Set, Set) = (a.iter().copied().collect(), b.iter().copied().collect());
            let back = |s: &Set| s.latest_first().collect::<Vec<_>>();
            let reverse = |s: BTreeSet<u32>| s.into_iter().rev().collect::<Vec<_>>();
            prop_assert_eq!(back(&x), reverse(a.clone()));
            prop_assert_eq!(x.len(), a.len());
            prop_assert_eq!(x.is_empty(), a.is_empty());
            let mut both = x.clone();
            both.keep(&y);
            prop_assert_eq!(back(&both), reverse(a.intersection(&b).copied().collect()));
            let mut common = Set::default();
            common.add_common(&x, &y);
            prop_assert_eq!(back(&common), back(&both));
            let mut either = x.clone();
            either.add(&y);
            prop_assert_eq!(back(&either), reverse(a.union(&b).copied().collect()));
            prop_assert!(b.iter().all(|n| either.contains(*n)));
        }
    }
}
