//! What people type in the search box to find somebody, rightly or not: for tests and measures of the search.
//!
//! Deterministic: same seed, same texts. Each text is made from one patient, who is the answer expected. The faults are
//! those of a French reception: accents, hyphens, apostrophes and particles typed or left out, used name instead of the
//! birth name, first name before the name, day and month exchanged, one or two letters wrong.

use crate::store::patients::Patient;

/// A way of typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// 2 to 5 letters of the birth name.
    Prefix,
    /// The first letters of birth name and first name: `dup mar`.
    TwoPrefixes,
    /// Birth name and first name, whole.
    Names,
    /// Birth name, first name and year.
    NamesYear,
    /// Date and the first letters of a name or first name (INS-07).
    DateName,
    /// Date alone.
    Date,
    /// The 15 characters.
    Matricule,
    /// Accents and another case, hyphens and apostrophes doubled, left out, or replaced by spaces; with the date.
    Accents,
    /// The particle left out, or joined to the name; with first name and year.
    Particles,
    /// Used name, first name, year.
    UsedName,
    /// Used and birth name together, any order, and the date.
    BothNames,
    /// First name before the name, with the year.
    Swapped,
    /// Day and month exchanged, with both names.
    SwappedDate,
    /// One letter wrong in the name; with first name and year.
    TypoYear,
    /// Two letters wrong in the name; with first name and year.
    TwoTyposYear,
    /// One or two letters wrong in the name; with the date and the first letters of the first name.
    TypoDate,
    /// One letter wrong in the first name; with the name and the year.
    TypoFirst,
    /// One letter wrong in the name; with the first name, without any date.
    TypoNames,
    /// Two letters wrong in the name; with the first name, without any date.
    TwoTyposNames,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Prefix,
        Self::TwoPrefixes,
        Self::Names,
        Self::NamesYear,
        Self::DateName,
        Self::Date,
        Self::Matricule,
        Self::Accents,
        Self::Particles,
        Self::UsedName,
        Self::BothNames,
        Self::Swapped,
        Self::SwappedDate,
        Self::TypoYear,
        Self::TwoTyposYear,
        Self::TypoDate,
        Self::TypoFirst,
        Self::TypoNames,
        Self::TwoTyposNames,
    ];

    /// Whether the text says enough for one person to be expected among the first ten.
    #[must_use]
    pub fn identifies(self) -> bool {
        !matches!(
            self,
            Self::Prefix
                | Self::TwoPrefixes
                | Self::Names
                | Self::Date
                | Self::TypoNames
                | Self::TwoTyposNames
        )
    }

    /// Whether letters are wrong in the text.
    #[must_use]
    pub fn has_typo(self) -> bool {
        matches!(
            self,
            Self::TypoYear
                | Self::TwoTyposYear
                | Self::TypoDate
                | Self::TypoFirst
                | Self::TypoNames
                | Self::TwoTyposNames
        )
    }
}

/// A source of choices, SplitMix64.
#[derive(Debug, Clone)]
pub struct Choice(u64);

impl Choice {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        usize::try_from(z >> 33).unwrap_or(0).checked_rem(n).unwrap_or(0)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// Text typed in this way to find `p`; `None` when it makes no sense for this person (no used name, name too short…).
pub fn typed(kind: Kind, p: &Patient, c: &mut Choice) -> Option<String> {
    let name = p.traits.birth_name.as_str();
    let first = p.traits.first_name.as_str();
    let (y, m, d) = p.traits.birth_date.parts();
    let date = match c.below(3) {
        0 => format!("{d:02}/{m:02}/{y:04}"),
        1 => format!("{d:02}{m:02}{y:04}"),
        _ => format!("{d}/{m}/{y:04}"),
    };
    let words = |text: &str| text.to_lowercase();
    let letters =
        |text: &str, n: usize| -> String { text.chars().take(n).collect::<String>().to_lowercase() };
    let text = match kind {
        Kind::Prefix => {
            let n = 2 + c.below(4);
            letters(longest(name), n)
        }
        Kind::TwoPrefixes => format!("{} {}", letters(longest(name), 3), letters(first, 3)),
        Kind::Names => format!("{} {}", words(name), words(first)),
        Kind::NamesYear => format!("{} {} {y}", words(name), words(first)),
        Kind::DateName => {
            let of = if c.one_in(2) { longest(name) } else { first };
            let n = 2 + c.below(2);
            mixed(c, &[&date, &letters(of, n)])
        }
        Kind::Date => date,
        Kind::Matricule => p.ins.as_ref()?.matricule.grouped(),
        Kind::Accents => {
            let (name, first) = (accented(c, name), accented(c, first));
            let (name, first) = (separated(c, &name), separated(c, &first));
            mixed(c, &[&name, &first, &date])
        }
        Kind::Particles => {
            let (particle, rest) = particle(name)?;
            let name = if c.one_in(2) { rest.to_owned() } else { format!("{particle}{rest}") };
            format!("{} {} {y}", words(&name), words(first))
        }
        Kind::UsedName => format!("{} {} {y}", words(p.used.name.as_ref()?.as_str()), words(first)),
        Kind::BothNames => {
            let used = p.used.name.as_ref()?.as_str();
            mixed(c, &[&words(name), &words(used), &date])
        }
        Kind::Swapped => format!("{} {} {y}", words(first), words(name)),
        Kind::SwappedDate => {
            if d > 12 || d == m {
                return None;
            }
            format!("{} {} {m:02}/{d:02}/{y}", words(name), words(first))
        }
        Kind::TypoYear => format!("{} {} {y}", wrong(c, name, 1)?, words(first)),
        Kind::TwoTyposYear => format!("{} {} {y}", wrong(c, name, 2)?, words(first)),
        Kind::TypoDate => {
            let n = 1 + c.below(2);
            let name = wrong(c, name, n)?;
            mixed(c, &[&name, &letters(first, 3), &date])
        }
        Kind::TypoFirst => format!("{} {} {y}", words(name), wrong(c, first, 1)?),
        Kind::TypoNames => format!("{} {}", wrong(c, name, 1)?, words(first)),
        Kind::TwoTyposNames => format!("{} {}", wrong(c, name, 2)?, words(first)),
    };
    Some(text)
}

/// The parts in any order.
fn mixed(c: &mut Choice, parts: &[&str]) -> String {
    let mut left: Vec<&str> = parts.to_vec();
    let mut out = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let n = c.below(left.len());
        out.push(left.remove(n));
    }
    out.join(" ")
}

/// The longest word of a name: what people type first.
fn longest(name: &str) -> &str {
    name.split([' ', '-', '\'']).max_by_key(|w| w.len()).unwrap_or(name)
}

fn particle(name: &str) -> Option<(String, &str)> {
    for particle in
        ["DE LA ", "VAN DEN ", "DE ", "DU ", "DES ", "LE ", "LA ", "D'", "L'", "SAINT-", "BEN ", "EL "]
    {
        if let Some(rest) = name.strip_prefix(particle) {
            return Some((particle.replace([' ', '\'', '-'], ""), rest));
        }
    }
    None
}

fn accented(c: &mut Choice, text: &str) -> String {
    text.to_lowercase()
        .replace("oe", "œ")
        .chars()
        .map(|l| match (l, c.below(3)) {
            ('e', 0) => 'é',
            ('e', 1) => 'è',
            ('a', 0) => 'â',
            ('i', 0) => 'ï',
            ('o', 0) => 'ô',
            ('u', 0) => 'ù',
            ('c', 0) => 'ç',
            (l, _) => l,
        })
        .collect()
}

fn separated(c: &mut Choice, text: &str) -> String {
    let by = [" ", "-", "--", "'", "’", ""];
    let mut out = String::new();
    for l in text.chars() {
        if matches!(l, ' ' | '-' | '\'') {
            out.push_str(by.get(c.below(by.len())).copied().unwrap_or(" "));
        } else {
            out.push(l);
        }
    }
    out
}

/// The name with `faults` letters wrong in its longest word; none when that word is under 5 letters.
pub fn wrong(c: &mut Choice, name: &str, faults: usize) -> Option<String> {
    let word = longest(name);
    if word.len() < 5 {
        return None;
    }
    let mut letters: Vec<char> = word.chars().collect();
    for _ in 0..faults {
        fault(c, &mut letters);
    }
    let bad: String = letters.into_iter().collect();
    if bad == word {
        return None;
    }
    Some(name.replacen(word, &bad, 1).to_lowercase())
}

/// A neighbour key, a letter missing, one too many, or two exchanged.
fn fault(c: &mut Choice, letters: &mut Vec<char>) {
    let at = c.below(letters.len());
    let letter = char::from(b'A' + u8::try_from(c.below(26)).unwrap_or(0));
    match c.below(4) {
        0 => {
            if let Some(l) = letters.get_mut(at) {
                *l = letter;
            }
        }
        1 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letter),
        _ => {
            let at = at.min(letters.len().saturating_sub(2));
            letters.swap(at, at + 1);
        }
    }
}
