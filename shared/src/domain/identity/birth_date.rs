//! Dates of birth. INSi's type is a *date lunaire*: `AAAA-MM-JJ` whose month or day may be `00` or outside the
//! calendar. It is kept as it came and never parsed by a calendar type; a calendar reading exists beside it.

use serde::{Deserialize, Serialize};

/// Earliest year accepted when a person types.
pub const FIRST_YEAR: u16 = 1850;

/// Why a text is not a date of birth.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BirthDateError {
    /// Not of the form `JJ/MM/AAAA` (or `JJMMAAAA`, or `AAAA-MM-JJ`).
    #[error("« {0} » n'est pas une date ; écrire jour, mois et année, par exemple 12/03/1980")]
    Form(String),
    /// Day outside 1 to 31.
    #[error("le jour {0} n'existe pas : il va de 1 à 31")]
    Day(u8),
    /// Month outside 1 to 12.
    #[error("le mois {0} n'existe pas : il va de 1 à 12")]
    Month(u8),
    /// A day that this month does not have.
    #[error("le {day:02}/{month:02}/{year} n'existe pas : ce mois compte {last} jours")]
    Calendar {
        /// Day typed.
        day: u8,
        /// Month typed.
        month: u8,
        /// Year typed.
        year: u16,
        /// Last day of that month.
        last: u8,
    },
    /// Before 1850.
    #[error("l'année {0} est trop ancienne : vérifier la saisie")]
    TooOld(u16),
    /// After the day given as today.
    #[error("la date de naissance est dans le futur")]
    Future,
}

/// A date of birth as INSi writes it; the order of text is the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BirthDate {
    year: u16,
    month: u8,
    day: u8,
}

impl BirthDate {
    /// Takes `AAAA-MM-JJ` as INSi returns it: digits only are required (lunar dates are legal).
    ///
    /// # Errors
    /// [`BirthDateError::Form`].
    pub fn lunar(text: &str) -> Result<Self, BirthDateError> {
        let form = || BirthDateError::Form(text.chars().take(20).collect());
        let mut parts = text.split('-');
        let (Some(y), Some(m), Some(d), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(form());
        };
        let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
        if !(digits(y, 4) && digits(m, 2) && digits(d, 2)) {
            return Err(form());
        }
        Ok(Self {
            year: y.parse().map_err(|_| form())?,
            month: m.parse().map_err(|_| form())?,
            day: d.parse().map_err(|_| form())?,
        })
    }

    /// Reads what a person types: `JJ/MM/AAAA`, `JJ/MM/AA`, `JJMMAAAA`, `JJMMAA`, `AAAA-MM-JJ`, with `00` for an
    /// unknown day or month (see [`Self::interpreted`]). Two-digit years are read as at most `today`.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str, today: jiff::civil::Date) -> Result<Self, BirthDateError> {
        let text = text.trim();
        let form = || BirthDateError::Form(text.chars().take(20).collect());
        if text.len() == 10 && text.as_bytes().get(4) == Some(&b'-') {
            return Self::lunar(text)?.checked(today);
        }
        let parts: Vec<&str> = text.split(['/', '.', '-', ' ']).filter(|p| !p.is_empty()).collect();
        let (d, m, y) = match parts.as_slice() {
            [d, m, y] => (*d, *m, *y),
            [one] if one.is_ascii() && (one.len() == 8 || one.len() == 6) => (
                one.get(0..2).ok_or_else(form)?,
                one.get(2..4).ok_or_else(form)?,
                one.get(4..).ok_or_else(form)?,
            ),
            _ => return Err(form()),
        };
        let number = |s: &str, max: usize| -> Result<u16, BirthDateError> {
            if s.is_empty() || s.len() > max || !s.bytes().all(|b| b.is_ascii_digit()) {
                return Err(form());
            }
            s.parse().map_err(|_| form())
        };
        let day = u8::try_from(number(d, 2)?).map_err(|_| form())?;
        let month = u8::try_from(number(m, 2)?).map_err(|_| form())?;
        let mut year = number(y, 4)?;
        match y.len() {
            4 => {}
            2 => {
                let this_year = u16::try_from(today.year()).unwrap_or(2000);
                let century = this_year / 100 * 100;
                year += if year <= this_year % 100 { century } else { century.saturating_sub(100) };
            }
            _ => return Err(form()),
        }
        Self { year, month, day }.checked(today)
    }

    /// Calendar rules for something typed; `00` is allowed for an unknown day or month.
    fn checked(self, today: jiff::civil::Date) -> Result<Self, BirthDateError> {
        if self.day > 31 {
            return Err(BirthDateError::Day(self.day));
        }
        if self.month > 12 {
            return Err(BirthDateError::Month(self.month));
        }
        if self.year < FIRST_YEAR {
            return Err(BirthDateError::TooOld(self.year));
        }
        if self.month != 0 {
            let last = days_in_month(self.year, self.month);
            if self.day > last {
                return Err(BirthDateError::Calendar {
                    day: self.day,
                    month: self.month,
                    year: self.year,
                    last,
                });
            }
        }
        if self.interpreted() > Self::from_civil(today) {
            return Err(BirthDateError::Future);
        }
        Ok(self)
    }

    /// From a calendar date.
    #[must_use]
    pub fn from_civil(date: jiff::civil::Date) -> Self {
        Self {
            year: u16::try_from(date.year()).unwrap_or(0),
            month: u8::try_from(date.month()).unwrap_or(0),
            day: u8::try_from(date.day()).unwrap_or(0),
        }
    }

    /// RNIV interpretation of unknown parts: unknown day → the 1st; unknown month → January; both → 31 December.
    #[must_use]
    pub fn interpreted(&self) -> Self {
        let (month, day) = match (self.month, self.day) {
            (0, 0) => (12, 31),
            (0, d) => (1, d),
            (m, 0) => (m, 1),
            (m, d) => (m, d),
        };
        Self { year: self.year, month, day }
    }

    /// True when day or month is `00`.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.month == 0 || self.day == 0
    }

    /// The calendar date after interpretation; `None` for a lunar date that no calendar has.
    #[must_use]
    pub fn civil(&self) -> Option<jiff::civil::Date> {
        let i = self.interpreted();
        jiff::civil::Date::new(
            i16::try_from(i.year).ok()?,
            i8::try_from(i.month).ok()?,
            i8::try_from(i.day).ok()?,
        )
        .ok()
    }

    /// Full years on the day given as today; `None` for a lunar date.
    #[must_use]
    pub fn age(&self, today: jiff::civil::Date) -> Option<i16> {
        let birth = self.civil()?;
        let mut years = today.year() - birth.year();
        if (today.month(), today.day()) < (birth.month(), birth.day()) {
            years -= 1;
        }
        Some(years)
    }

    /// `JJ/MM/AAAA`.
    #[must_use]
    pub fn french(&self) -> String {
        format!("{:02}/{:02}/{:04}", self.day, self.month, self.year)
    }

    /// `AAAA-MM-JJ`, as INSi writes it.
    #[must_use]
    pub fn iso(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `AAAAMMJJ`, as HL7 writes it.
    #[must_use]
    pub fn compact(&self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// Year, month (0 to 99), day (0 to 99).
    #[must_use]
    pub fn parts(&self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }
}

impl TryFrom<String> for BirthDate {
    type Error = BirthDateError;
    fn try_from(value: String) -> Result<Self, Self::Error> {
        Self::lunar(&value)
    }
}

impl From<BirthDate> for String {
    fn from(value: BirthDate) -> Self {
        value.iso()
    }
}

/// Days of a month; 31 for a month outside the calendar.
fn days_in_month(year: u16, month: u8) -> u8 {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn ins_03_impossible_days_and_months_are_refused_by_name() {
        let today = date(2026, 11, 22);
        let parse = |t: &str| BirthDate::parse(t, today);
        assert_eq!(parse("32/13/1980"), Err(BirthDateError::Day(32)));
        assert_eq!(parse("12/13/1980"), Err(BirthDateError::Month(13)));
        assert_eq!(
            parse("31/02/1980"),
            Err(BirthDateError::Calendar { day: 31, month: 2, year: 1980, last: 29 })
        );
        assert_eq!(parse("23/11/2026"), Err(BirthDateError::Future));
        assert!(matches!(parse("demain"), Err(BirthDateError::Form(_))));
        assert_eq!(parse("22/11/2026").unwrap().iso(), "2026-11-22");
    }

    #[test]
    fn forms_a_secretary_types() {
        let today = date(2026, 11, 22);
        for t in ["12/03/1980", "12/03/80", "12031980", "120380", "12.03.1980", "1980-03-12", "12 3 80"] {
            assert_eq!(BirthDate::parse(t, today).unwrap().iso(), "1980-03-12", "{t}");
        }
        assert_eq!(BirthDate::parse("01/01/26", today).unwrap().iso(), "2026-01-01");
        assert_eq!(BirthDate::parse("01/01/27", today).unwrap().iso(), "1927-01-01");
    }

    #[test]
    fn unknown_parts_follow_the_rniv() {
        let today = date(2026, 11, 22);
        assert_eq!(BirthDate::parse("00/00/1950", today).unwrap().interpreted().iso(), "1950-12-31");
        assert_eq!(BirthDate::parse("00/06/1950", today).unwrap().interpreted().iso(), "1950-06-01");
        assert_eq!(BirthDate::parse("15/00/1950", today).unwrap().interpreted().iso(), "1950-01-15");
    }

    #[test]
    fn lunar_dates_are_kept_as_they_came() {
        let d = BirthDate::lunar("1950-31-42").unwrap();
        assert_eq!(d.iso(), "1950-31-42");
        assert_eq!(d.civil(), None);
        assert!(BirthDate::lunar("1950-3-4").is_err());
    }

    #[test]
    fn age_counts_full_years() {
        let d = BirthDate::lunar("1961-07-04").unwrap();
        assert_eq!(d.age(date(2026, 7, 3)), Some(64));
        assert_eq!(d.age(date(2026, 7, 4)), Some(65));
    }
}
