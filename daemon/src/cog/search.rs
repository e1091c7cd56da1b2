//! Incremental search of a place of birth (COG-02, COG-05 to COG-07).
//!
//! Every word of every folded label is filed under its first two characters. One word of the query chooses the
//! drawer, the others filter; then each match is turned into what stood at the date of birth. Matching ignores
//! spaces, hyphens and apostrophes inside a name (`LAROCHELLE`, `LABERGEMENT`).

use paillasse_shared::domain::identity::BirthDate;
use paillasse_shared::domain::identity::normalise::{fold, fold_words};
use paillasse_shared::protocol::patient::Place;

use super::relation::whole_city;
use super::{Code, Cog, Days, Kind, Period, UNKNOWN_LABEL, areas, code_text, unknown_place};

/// Longest query looked at, in characters; longer text is cut.
const MAX_QUERY: usize = 100;

/// Most words of a query looked at.
const MAX_WORDS: usize = 10;

/// Most places returned, whatever is asked.
const MAX_LIMIT: usize = 200;

/// Characters of a key: none, letters, digits.
const SYMBOLS: usize = 37;

/// Bits of a posting that hold the position of the word inside its label.
const OFFSET_BITS: u32 = 12;

/// Words that link others: dropped when nothing is found with them.
const LINKS: [&str; 17] =
    ["A", "AU", "AUX", "D", "DE", "DES", "DU", "EN", "ET", "L", "LA", "LE", "LES", "SOUS", "SUR", "S", "LAS"];

/// Articles that may stand or not at the head of a name.
const ARTICLES: [&str; 7] = ["LE", "LA", "LES", "L", "AUX", "LAS", "LOS"];

/// Words of the labels, filed under their first two characters.
#[derive(Debug)]
pub(super) struct Index {
    /// Start of each drawer in `postings`, and the end of the last.
    starts: Vec<u32>,
    /// Position of the period, then of the word inside its folded label.
    postings: Vec<u32>,
}

fn symbol(b: u8) -> Option<usize> {
    match b {
        b'A'..=b'Z' => Some(usize::from(b - b'A') + 1),
        b'0'..=b'9' => Some(usize::from(b - b'0') + 27),
        _ => None,
    }
}

/// Positions where a word starts.
fn word_starts(folded: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let gap = |b: &u8| matches!(b, b' ' | b'|');
    folded
        .iter()
        .enumerate()
        .filter(move |(n, b)| !gap(b) && n.checked_sub(1).and_then(|p| folded.get(p)).is_none_or(gap))
        .map(|(n, _)| n)
}

/// The drawer of a word: its first two characters, the gap between two words left out.
fn drawer(word: &[u8]) -> usize {
    let mut letters = word.iter().take_while(|b| **b != b'|').filter_map(|b| symbol(*b));
    let first = letters.next().unwrap_or(0);
    first * SYMBOLS + letters.next().unwrap_or(0)
}

impl Index {
    pub(super) fn build(periods: &[Period], folded: &str) -> Self {
        let words = || {
            periods.iter().enumerate().filter(|(_, p)| p.kind != Kind::Part).flat_map(|(n, p)| {
                let text = p.folded.of(folded).as_bytes();
                word_starts(text)
                    .filter(|at| *at < 1 << OFFSET_BITS)
                    .map(move |at| (n, at, drawer(text.get(at..).unwrap_or(&[]))))
            })
        };
        let mut starts = vec![0u32; SYMBOLS * SYMBOLS + 1];
        for (_, _, key) in words() {
            if let Some(count) = starts.get_mut(key + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut postings = vec![0u32; sum as usize];
        for (n, at, key) in words() {
            if let Some(place) = next.get_mut(key) {
                if let Some(posting) = postings.get_mut(*place as usize) {
                    *posting = u32::try_from(n << OFFSET_BITS | at).unwrap_or(0);
                }
                *place += 1;
            }
        }
        Self { starts, postings }
    }

    /// The postings that a word may be among: one drawer, or all those of a single letter.
    fn drawers(&self, word: &str) -> &[u32] {
        let key = drawer(word.as_bytes());
        let last = if word.len() == 1 { key + SYMBOLS } else { key + 1 };
        let at = |n: usize| self.starts.get(n).map_or(0, |s| *s as usize);
        self.postings.get(at(key)..at(last)).unwrap_or(&[])
    }
}

/// One way to read a word of the query.
#[derive(Debug, Clone)]
struct Reading {
    text: String,
    /// The whole word, not its beginning: `ST` reads as `SAINT`, never as `SAINTE`.
    whole: bool,
}

/// One word of the query, with its readings.
#[derive(Debug, Clone)]
struct Word {
    readings: Vec<Reading>,
    digits: bool,
}

impl Word {
    fn new(text: String) -> Self {
        let digits = text.starts_with(|c: char| c.is_ascii_digit());
        let long = match text.as_str() {
            "ST" => Some("SAINT"),
            "STE" => Some("SAINTE"),
            "STS" => Some("SAINTS"),
            "STES" => Some("SAINTES"),
            _ => None,
        };
        let mut readings = vec![Reading { text, whole: false }];
        readings.extend(long.map(|l| Reading { text: l.to_owned(), whole: true }));
        Self { readings, digits }
    }

    fn text(&self) -> &str {
        self.readings.first().map_or("", |r| r.text.as_str())
    }
}

/// Where `word` ends when it begins at `at` in a folded label, gaps skipped.
fn ends(folded: &[u8], at: usize, word: &str) -> Option<usize> {
    let mut pos = at;
    for b in word.bytes() {
        while folded.get(pos) == Some(&b' ') {
            pos += 1;
        }
        if folded.get(pos) != Some(&b) {
            return None;
        }
        pos += 1;
    }
    Some(pos)
}

fn at_boundary(folded: &[u8], pos: usize) -> bool {
    folded.get(pos).is_none_or(|b| matches!(b, b' ' | b'|'))
}

/// The end of a word of the query that begins at `at`, the reading that ends a word of the label preferred.
fn word_at(folded: &[u8], at: usize, word: &Word) -> Option<usize> {
    let found = |r: &Reading| ends(folded, at, &r.text).filter(|end| !r.whole || at_boundary(folded, *end));
    let mut all = word.readings.iter().filter_map(found);
    let first = all.next()?;
    Some(if at_boundary(folded, first) { first } else { all.next().unwrap_or(first) })
}

/// How good a match is; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The code typed in full, or the whole name.
    Whole,
    /// The name begins with the words typed.
    Head,
    /// The name begins with the text typed.
    Prefix,
    /// The words typed are words of the name.
    Words,
    /// The words typed begin words of the name.
    Beginnings,
    /// A word typed names the département.
    Departement,
}

/// How near to the date of birth; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// Stood at the date (or no date is known).
    AtBirth,
    /// What stood at the date in the place of what was typed.
    Instead,
    /// Did not stand at the date.
    Relaxed,
}

#[derive(Debug, Clone, Copy)]
struct Hit {
    standing: Standing,
    rank: Rank,
    period: u32,
}

struct Query {
    words: Vec<Word>,
}

impl Query {
    fn parse(text: &str) -> Self {
        let cut: String = text.chars().take(MAX_QUERY).collect();
        Self { words: fold_words(&cut).into_iter().take(MAX_WORDS).map(Word::new).collect() }
    }

    /// Matches a period, given the word that chose it and where; `None` when another word does not fit.
    fn rank(&self, period: &Period, folded: &str, driver: Option<usize>) -> Option<Rank> {
        let bytes = folded.as_bytes();
        let mut whole_words = true;
        let mut by_area = false;
        for (n, word) in self.words.iter().enumerate() {
            if Some(n) == driver {
                continue;
            }
            if word.digits && code_fits(period, word.text()) {
                continue;
            }
            let best = word_starts(bytes)
                .filter_map(|at| word_at(bytes, at, word))
                .map(|end| at_boundary(bytes, end))
                .max();
            match best {
                Some(boundary) => whole_words &= boundary,
                None if areas::names(period, word.text()) => by_area = true,
                None => return None,
            }
        }
        if by_area {
            return Some(Rank::Departement);
        }
        if self.words.iter().any(|w| w.digits && w.text() == code_text(&period.code)) {
            return Some(Rank::Whole);
        }
        if let Some(rank) = self.aligned(period, bytes) {
            return Some(rank);
        }
        let driven = driver.and_then(|n| self.words.get(n)).is_none_or(|word| {
            word_starts(bytes).filter_map(|at| word_at(bytes, at, word)).any(|end| at_boundary(bytes, end))
        });
        Some(if whole_words && driven { Rank::Words } else { Rank::Beginnings })
    }

    /// Rank of a label that the words typed begin, in order, with or without article on either side.
    fn aligned(&self, period: &Period, folded: &[u8]) -> Option<Rank> {
        let names = folded.split(|b| *b == b'|');
        names
            .filter_map(|name| {
                let mut best: Option<Rank> = None;
                for skip_label in [false, true] {
                    let start = if skip_label { after_article(name) } else { Some(0) };
                    for skip_query in [false, true] {
                        let (Some(start), false) = (start, skip_query && !self.has_article()) else {
                            continue;
                        };
                        let rank = self.aligned_at(period, name, start, usize::from(skip_query));
                        best = match (best, rank) {
                            (Some(a), Some(b)) => Some(a.min(b)),
                            (a, b) => a.or(b),
                        };
                    }
                }
                best
            })
            .min()
    }

    fn has_article(&self) -> bool {
        self.words.len() > 1 && self.words.first().is_some_and(|w| ARTICLES.contains(&w.text()))
    }

    fn aligned_at(&self, period: &Period, name: &[u8], start: usize, skip: usize) -> Option<Rank> {
        let mut pos = start;
        let mut rank = Rank::Whole;
        let is_code = |w: &&Word| w.digits && code_fits(period, w.text());
        let mut words = self.words.iter().skip(skip).filter(|w| !is_code(w)).peekable();
        words.peek()?;
        while let Some(word) = words.next() {
            while name.get(pos) == Some(&b' ') {
                pos += 1;
            }
            pos = word_at(name, pos, word)?;
            if !at_boundary(name, pos) {
                // An arrondissement is called by its number alone: `PARIS 1` is the 1st before the 10th.
                let number = word.digits && name.get(pos).is_some_and(u8::is_ascii_alphabetic);
                if number {
                    while !at_boundary(name, pos) {
                        pos += 1;
                    }
                } else if words.peek().is_none() {
                    return Some(Rank::Prefix);
                } else {
                    // A word of the label runs on: `LA ROCHE` in front of `LAROCHETTE`.
                    rank = Rank::Prefix;
                }
            }
        }
        // All births of a city are recorded in its arrondissements: its name alone means them.
        let complete = pos >= name.len() || period.kind == Kind::Arrondissement;
        Some(if rank == Rank::Prefix || complete { rank } else { Rank::Head })
    }
}

/// The position after the article of a name.
fn after_article(name: &[u8]) -> Option<usize> {
    let end = name.iter().position(|b| *b == b' ')?;
    let first = std::str::from_utf8(name.get(..end)?).ok()?;
    ARTICLES.contains(&first).then_some(end + 1)
}

/// True when a code begins so; `20` stands for both départements of Corsica.
fn code_fits(period: &Period, digits: &str) -> bool {
    let code = code_text(&period.code);
    code.starts_with(digits) || (digits == "20" && (code.starts_with("2A") || code.starts_with("2B")))
}

impl Cog {
    /// Places for a text typed so far, best first: those that stood at the date of birth, then what stood then in
    /// the place of what was typed, then the others. Without a date, those of today come first among equals.
    ///
    /// Name (accents, hyphens, apostrophes, article and `ST`/`STE` do not matter), code or département; words in
    /// any order. At most `limit` (and never more than 200).
    #[must_use]
    pub fn search(&self, text: &str, birth_date: Option<&BirthDate>, limit: usize) -> Vec<Place> {
        let limit = limit.min(MAX_LIMIT);
        let folded = fold(&text.chars().take(MAX_QUERY).collect::<String>());
        if folded.is_empty() || limit == 0 {
            return Vec::new();
        }
        if folded == super::CogCode::UNKNOWN {
            return vec![unknown_place()];
        }
        let days = birth_date.map(Days::of);
        let mut query = Query::parse(text);
        let mut hits = self.hits(&query, days);
        if hits.is_empty() {
            // A postal code where a code was expected, or a linking word that the name does not have.
            for word in &mut query.words {
                if word.digits && word.text().len() == 5 {
                    let departement: String = word.text().chars().take(2).collect();
                    *word = Word::new(departement);
                }
            }
            query.words.retain(|w| !LINKS.contains(&w.text()));
            let alone = query.words.iter().all(|w| w.digits);
            hits = if alone { Vec::new() } else { self.hits(&query, days) };
        }
        let unknown = folded.len() >= 3 && UNKNOWN_LABEL.starts_with(&folded);
        let mut places: Vec<Place> = self
            .best(hits, days.is_some(), if unknown { limit.saturating_sub(1) } else { limit })
            .into_iter()
            .map(|p| self.place_of(p))
            .collect();
        if unknown {
            places.push(unknown_place());
        }
        places
    }

    fn hits(&self, query: &Query, days: Option<Days>) -> Vec<Hit> {
        let mut hits = Vec::new();
        let names = query.words.iter().enumerate().filter(|(_, w)| !w.digits);
        let mut any = false;
        for (n, word) in names {
            any = true;
            for reading in &word.readings {
                for posting in self.index.drawers(&reading.text) {
                    let (position, at) = (posting >> OFFSET_BITS, posting & ((1 << OFFSET_BITS) - 1));
                    let Some(period) = self.periods.get(position as usize) else { continue };
                    let folded = self.folded_of(period);
                    let found = ends(folded.as_bytes(), at as usize, &reading.text)
                        .is_some_and(|end| !reading.whole || at_boundary(folded.as_bytes(), end));
                    if found && let Some(rank) = query.rank(period, folded, Some(n)) {
                        self.offer(position, rank, days, &mut hits);
                    }
                }
            }
            if !hits.is_empty() {
                return hits;
            }
        }
        if let (false, Some(first)) = (any, query.words.first()) {
            let from = self.periods.partition_point(|p| code_text(&p.code) < first.text());
            let rest = self.periods.get(from..).unwrap_or(&[]);
            for (n, period) in
                rest.iter().enumerate().take_while(|(_, p)| code_text(&p.code).starts_with(first.text()))
            {
                if period.kind != Kind::Part
                    && let Some(rank) = query.rank(period, self.folded_of(period), None)
                {
                    self.offer(u32::try_from(from + n).unwrap_or(u32::MAX), rank, days, &mut hits);
                }
            }
        }
        hits
    }

    /// Turns a match into what stood at the date of birth, with the match itself where it did not.
    fn offer(&self, position: u32, rank: Rank, days: Option<Days>, hits: &mut Vec<Hit>) {
        let Some(period) = self.periods.get(position as usize) else { return };
        let mut push = |standing, period| hits.push(Hit { standing, rank, period });
        if let Some(prefix) = whole_city(&period.code) {
            let mut arrondissements = 0;
            for n in self.positions_with(prefix) {
                let stood = self.periods.get(n as usize).is_some_and(|p| {
                    p.kind == Kind::Arrondissement && days.map_or(p.is_open(), |d| p.covers(d))
                });
                if stood {
                    arrondissements += 1;
                    push(Standing::AtBirth, n);
                }
            }
            if arrondissements > 0 {
                return;
            }
        }
        let Some(days) = days else { return push(Standing::AtBirth, position) };
        if period.covers(days) {
            return push(Standing::AtBirth, position);
        }
        let covering = |code: &Code| {
            let start = self.periods.partition_point(|p| p.code < *code);
            let rest = self.periods.get(start..).unwrap_or(&[]);
            rest.iter()
                .take_while(|p| p.code == *code)
                .position(|p| p.covers(days) && p.kind != Kind::Part)
                .and_then(|n| u32::try_from(start + n).ok())
        };
        // Another name of the same code counts as another place: what bore the name typed comes first.
        if let Some(same_code) = covering(&period.code) {
            push(Standing::Instead, same_code);
        }
        for code in self.standing(period, days) {
            if code != period.code
                && whole_city(&code).is_none()
                && let Some(other) = covering(&code)
            {
                push(Standing::Instead, other);
            }
        }
        push(Standing::Relaxed, position);
    }

    fn positions_with(&self, prefix: &str) -> impl Iterator<Item = u32> + '_ {
        let from = self.periods.partition_point(|p| code_text(&p.code) < prefix);
        let prefix = prefix.to_owned();
        let rest = self.periods.get(from..).unwrap_or(&[]);
        rest.iter()
            .take_while(move |p| code_text(&p.code).starts_with(&prefix))
            .enumerate()
            .filter_map(move |(n, _)| u32::try_from(from + n).ok())
    }

    /// One hit per code, the best ones in order; without a date of birth, what stands today before what does not.
    fn best(&self, hits: Vec<Hit>, dated: bool, limit: usize) -> Vec<&Period> {
        let mut found: Vec<(Hit, &Period)> =
            hits.into_iter().filter_map(|h| Some((h, self.periods.get(h.period as usize)?))).collect();
        let merit = |(h, p): &(Hit, &Period)| {
            (h.standing == Standing::Relaxed, h.rank, h.standing, !dated && !p.is_open())
        };
        found.sort_unstable_by_key(|f| (f.1.code, merit(f), std::cmp::Reverse(f.1.from)));
        found.dedup_by_key(|(_, p)| p.code);
        let order = |a: &(Hit, &Period), b: &(Hit, &Period)| {
            let names = if a.1.kind == Kind::Arrondissement && b.1.kind == Kind::Arrondissement {
                std::cmp::Ordering::Equal
            } else {
                self.folded_of(a.1).cmp(self.folded_of(b.1))
            };
            merit(a).cmp(&merit(b)).then(names).then(a.1.code.cmp(&b.1.code))
        };
        if found.len() > limit && limit > 0 {
            found.select_nth_unstable_by(limit - 1, order);
        }
        found.truncate(limit);
        found.sort_unstable_by(order);
        found.into_iter().map(|(_, p)| p).collect()
    }
}
