//! Reads what was typed or scanned into the search box. Pure.

use paillasse_documents::datamatrix::{InsDatamatrix, parse_ins};
use paillasse_shared::domain::identity::{BirthDate, Matricule, MatriculeError, normalise};
use paillasse_shared::protocol::WireError;
use paillasse_shared::protocol::patient::{ScannedTraits, Understood};

use crate::store::search::{MAX_WORDS, NameQuery, exchanged};

/// What is to be looked for.
#[derive(Debug, Clone)]
pub enum Query {
    /// Names and date; empty means the latest patients.
    Names(NameQuery),
    /// A matricule INS.
    Matricule(Matricule),
    /// A dossier number, or the number of a tube.
    Dossier(String),
    /// A scanned INS datamatrix.
    Datamatrix(Box<InsDatamatrix>),
}

impl Query {
    /// As told to the caller.
    #[must_use]
    pub fn understood(&self) -> Understood {
        match self {
            Self::Names(q) if q.words.is_empty() && q.date.is_none() && q.year.is_none() => {
                Understood::Recent
            }
            Self::Names(q) => {
                Understood::Names { words: q.words.clone(), date: q.date.clone(), year: q.year }
            }
            Self::Matricule(_) => Understood::Matricule,
            Self::Dossier(_) => Understood::Dossier,
            Self::Datamatrix(_) => Understood::Datamatrix,
        }
    }

    /// What a scanned code says, for the form of a new patient.
    #[must_use]
    pub fn scanned(&self) -> Option<ScannedTraits> {
        let Self::Datamatrix(d) = self else { return None };
        Some(ScannedTraits {
            birth_name: d.birth_name.clone(),
            first_name: d.given_names.split(' ').next().unwrap_or_default().to_owned(),
            given_names: d.given_names.clone(),
            birth_date: d.birth_date.iso(),
            sex: d.sex.letter().to_owned(),
            birth_place: d.birth_place.as_ref().map(|p| p.as_str().to_owned()),
        })
    }
}

/// The search by traits of a scanned identity, for a patient known without the matricule.
#[must_use]
pub fn by_traits(d: &InsDatamatrix) -> NameQuery {
    let first = d.given_names.split(' ').next().unwrap_or_default();
    let mut words = normalise::fold_words(&d.birth_name);
    words.extend(normalise::fold_words(first));
    words.truncate(MAX_WORDS);
    NameQuery { words, date: Some(d.birth_date.iso()), ..NameQuery::default() }
}

/// Longest text looked at, in characters.
const MAX: usize = 400;

/// Reads the text.
///
/// # Errors
/// A matricule with a wrong key, a datamatrix that cannot be read, or an impossible date: refused before any
/// query, with the cause.
pub fn read(text: &str, today: jiff::civil::Date) -> Result<Query, WireError> {
    if is_datamatrix(text) {
        return parse_ins(text).map(|d| Query::Datamatrix(Box::new(d))).map_err(|e| {
            WireError::invalid("text", e.to_string()).hint("scanner de nouveau, ou taper le nom et la date")
        });
    }
    if text.chars().count() > MAX {
        return Err(WireError::invalid(
            "text",
            "ce texte est trop long pour une recherche (400 caractères au plus)",
        ));
    }
    let text = text.trim();
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if let Some(q) = dossier_number(&compact, today) {
        return Ok(Query::Dossier(q));
    }
    if let Some(m) = matricule(&compact)? {
        return Ok(Query::Matricule(m));
    }
    // A matricule among other words says more than they do.
    let mut digits = String::new();
    for part in text.split_whitespace() {
        if let Some(m) = matricule(part)? {
            return Ok(Query::Matricule(m));
        }
        if part.bytes().any(|b| b.is_ascii_digit()) && part.bytes().all(|b| b.is_ascii_alphanumeric()) {
            digits.push_str(part);
        }
    }
    if let Some(m) = matricule(&digits)? {
        return Ok(Query::Matricule(m));
    }
    let mut names = NameQuery::default();
    for part in text.split_whitespace() {
        let digits = part.chars().filter(char::is_ascii_digit).count();
        if digits == 0 {
            names.words.extend(normalise::fold_words(part));
        } else if digits == part.len() && part.len() == 4 && names.year.is_none() {
            names.year = part.parse().ok().filter(|y| (1850..=2100).contains(y));
        } else if names.date.is_none() && (part.contains(['/', '.', '-']) || part.len() >= 6) {
            match BirthDate::parse(part, today) {
                Ok(d) => {
                    let iso = d.iso();
                    names.other_dates = other_dates(part, &iso, today);
                    names.date = Some(iso);
                }
                Err(e) if part.matches(['/', '.', '-']).count() == 2 => {
                    return Err(WireError::invalid("text", e.to_string()));
                }
                // A date still being typed.
                Err(_) => {}
            }
        }
    }
    names.words.truncate(MAX_WORDS);
    Ok(Query::Names(names))
}

/// What may have been meant instead of a date: day and month exchanged; a century earlier when the year has two digits.
fn other_dates(typed: &str, iso: &str, today: jiff::civil::Date) -> Vec<String> {
    /// Oldest age that two digits may mean.
    const OLDEST: i16 = 115;
    let mut dates: Vec<String> = exchanged(iso).into_iter().collect();
    let last = typed.rsplit(['/', '.', '-']).next().unwrap_or(typed);
    if last.len() == 2 || last.len() == 6 {
        let earlier = iso.get(..4).and_then(|y| y.parse::<i16>().ok()).map(|y| y - 100);
        if let (Some(y), Some(rest)) = (earlier.filter(|y| *y >= today.year() - OLDEST), iso.get(4..)) {
            dates.push(format!("{y:04}{rest}"));
        }
    }
    dates
}

/// Whether the text begins as a datamatrix does, also when the scanner is set for another keyboard.
fn is_datamatrix(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix("]d1").unwrap_or(text);
    let head: String = text.chars().take(4).collect::<String>().to_uppercase();
    ["IS01", "ISÀ&", "IS)!"].contains(&head.as_str())
}

/// `26-118733`, the same without its hyphen when that is no date, or the number of a tube: 8 digits and the rank of the
/// tube.
fn dossier_number(compact: &str, today: jiff::civil::Date) -> Option<String> {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if let Some((year, rank)) = compact.split_once('-') {
        return (year.len() == 2 && rank.len() >= 4 && digits(year) && digits(rank))
            .then(|| compact.to_owned());
    }
    let meant = match compact.len() {
        8 => BirthDate::parse(compact, today).is_err(),
        n => n == 10,
    };
    (meant && digits(compact)).then(|| compact.to_owned())
}

/// A matricule is meant from 13 digits on; its length and key are checked here (INS-10).
fn matricule(compact: &str) -> Result<Option<Matricule>, WireError> {
    let meant = compact.len() >= 13
        && compact.len() <= 18
        && compact.chars().all(|c| c.is_ascii_digit() || matches!(c, 'A' | 'B' | 'a' | 'b'))
        && compact.chars().filter(char::is_ascii_digit).count() >= 12;
    if !meant {
        return Ok(None);
    }
    Matricule::parse(compact).map(Some).map_err(|e| {
        let hint = match e {
            MatriculeError::Key { .. } => "relire le matricule : un chiffre est faux",
            _ => "saisir les 15 caractères, clé comprise",
        };
        WireError::invalid("text", e.to_string()).hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn names(text: &str) -> NameQuery {
        match read(text, date(2026, 11, 22)).unwrap() {
            Query::Names(q) => q,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_and_dates_in_any_order() {
        for text in ["dup mar 12/03/80", "12/03/1980 dup mar", "mar 120380 dup"] {
            let q = names(text);
            assert_eq!(q.date.as_deref(), Some("1980-03-12"), "{text}");
            assert_eq!(q.words.len(), 2);
        }
        assert_eq!(names("d'artagnan 1961").year, Some(1961));
        assert_eq!(names("12/03").date, None);
        assert_eq!(names("").words.len(), 0);
    }

    #[test]
    fn ins_10_wrong_key_is_refused_before_any_query() {
        let e = read("2 75 12 63 220 749 75", date(2026, 11, 22)).unwrap_err();
        assert!(e.cause.contains("clé"), "{}", e.cause);
        let e = read("27512632207497", date(2026, 11, 22)).unwrap_err();
        assert!(e.cause.contains("15 caractères"), "{}", e.cause);
        assert!(matches!(read("275126322074974", date(2026, 11, 22)), Ok(Query::Matricule(_))));
    }

    #[test]
    fn ux_08_a_datamatrix_is_understood_and_prefills() {
        let code = "IS010000000000000000000000S1278059999904242S21.2.250.1.213.1.4.8\u{1d}S3ANNE-MARIE ODETTE\u{1d}S4D'EXEMPLE DUPONT\u{1d}S5FS614-05-1978S799100";
        for text in [code.to_owned(), code.replace('\u{1d}', ""), format!("]d1{code}")] {
            let query = read(&text, date(2026, 11, 22)).unwrap();
            assert_eq!(query.understood(), Understood::Datamatrix);
            let scanned = query.scanned().unwrap();
            assert_eq!(scanned.birth_name, "D'EXEMPLE DUPONT");
            assert_eq!(
                (scanned.first_name.as_str(), scanned.birth_date.as_str()),
                ("ANNE-MARIE", "1978-05-14")
            );
            assert_eq!(scanned.birth_place.as_deref(), Some("99100"));
        }
        let e = read(&code.replace("04242", "04243"), date(2026, 11, 22)).unwrap_err();
        assert!(e.cause.contains("clé"), "{}", e.cause);
        let e = read("ISÀ&ÀÀÀÀ", date(2026, 11, 22)).unwrap_err();
        assert!(e.cause.contains("clavier"), "{}", e.cause);
    }

    #[test]
    fn a_matricule_is_seen_among_names() {
        for text in ["dupont 275126322074974", "2 75 12 63 220 749 74 dupont", "275126322074974 12/03/1980"] {
            assert!(matches!(read(text, date(2026, 11, 22)), Ok(Query::Matricule(_))), "{text}");
        }
    }

    #[test]
    fn what_else_a_date_may_mean_is_kept() {
        assert_eq!(names("dup 03/04/1980").other_dates, ["1980-03-04"]);
        assert_eq!(names("dup 13/04/1980").other_dates, Vec::<String>::new());
        assert_eq!(names("dup 130425").other_dates, ["1925-04-13"]);
        assert_eq!(names("dup 13/04/25").other_dates, ["1925-04-13"]);
        assert_eq!(names("dup 13/04/80").other_dates, Vec::<String>::new());
    }

    #[test]
    fn an_impossible_date_is_told() {
        let e = read("dupont 31/02/1980", date(2026, 11, 22)).unwrap_err();
        assert!(e.cause.contains("31/02/1980"), "{}", e.cause);
    }

    #[test]
    fn dossier_numbers_and_tubes() {
        assert!(matches!(read("26-000123", date(2026, 11, 22)), Ok(Query::Dossier(_))));
        assert!(matches!(read("26000123", date(2026, 11, 22)), Ok(Query::Dossier(_))));
        assert_eq!(names("12031980").date.as_deref(), Some("1980-03-12"));
        assert!(matches!(read("2600012301", date(2026, 11, 22)), Ok(Query::Dossier(_))));
    }

    proptest! {
        #[test]
        fn anything_typed_is_read_or_refused(text in "\\PC{0,60}") {
            let _ = read(&text, date(2026, 11, 22));
        }
    }
}
