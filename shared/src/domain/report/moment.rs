//! Instants of a report, with the local time and offset of the place where they were recorded.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// A text that is not a date and time with its offset (RFC 3339).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("« {0} » n'est pas une date et heure avec décalage horaire")]
pub struct MomentError(String);

/// An instant with the local time and the offset of the place where it was recorded.
///
/// The offset is stored and never recomputed: a rebuilt document shows the same local time whatever the
/// time zone tables say by then. Text form (also in JSON): RFC 3339, `2024-01-04T07:35:00+01:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment {
    local: jiff::civil::DateTime,
    offset_minutes: i16,
}

impl Moment {
    /// An instant from a local time (fractions of a second are dropped) and its offset east of UTC, in minutes
    /// (-900 to 900; outside values are brought back to the bound).
    #[must_use]
    pub fn new(local: jiff::civil::DateTime, offset_minutes: i16) -> Self {
        let local = local.with().subsec_nanosecond(0).build().unwrap_or(local);
        Self { local, offset_minutes: offset_minutes.clamp(-900, 900) }
    }

    /// The instant of a zoned time (the zone is normally the laboratory's, `Europe/Paris` in mainland France).
    #[must_use]
    pub fn from_zoned(zoned: &jiff::Zoned) -> Self {
        let minutes = zoned.offset().seconds() / 60;
        Self::new(zoned.datetime(), i16::try_from(minutes).unwrap_or(0))
    }

    /// Reads the RFC 3339 form with a numeric offset or `Z`; seconds may be absent.
    ///
    /// # Errors
    /// [`MomentError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, MomentError> {
        let refused = || MomentError(text.chars().take(40).collect());
        let text = text.trim();
        let (local, offset_minutes) = if let Some(local) = text.strip_suffix('Z') {
            (local, 0)
        } else {
            let split = text.len().checked_sub(6).ok_or_else(refused)?;
            let (local, offset) = text.split_at_checked(split).ok_or_else(refused)?;
            let sign = match offset.as_bytes().first() {
                Some(b'+') => 1,
                Some(b'-') => -1,
                _ => return Err(refused()),
            };
            let (hours, minutes) = offset.get(1..).and_then(|o| o.split_once(':')).ok_or_else(refused)?;
            let number = |part: &str| {
                Some(part)
                    .filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|p| p.parse().ok())
            };
            let hours: i16 = number(hours).filter(|h| *h <= 15).ok_or_else(refused)?;
            let minutes: i16 = number(minutes).filter(|m| *m < 60).ok_or_else(refused)?;
            (local, sign * (hours * 60 + minutes))
        };
        let local: jiff::civil::DateTime = local.parse().map_err(|_| refused())?;
        Ok(Self::new(local, offset_minutes))
    }

    /// Local date and time.
    #[must_use]
    pub fn local(&self) -> jiff::civil::DateTime {
        self.local
    }

    /// Offset east of UTC, in minutes.
    #[must_use]
    pub fn offset_minutes(&self) -> i16 {
        self.offset_minutes
    }

    /// HL7 form with seconds and offset: `20240104073500+0100`.
    #[must_use]
    pub fn hl7(&self) -> String {
        let (l, o) = (self.local, self.offset_minutes);
        let sign = if o < 0 { '-' } else { '+' };
        format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}{sign}{:02}{:02}",
            l.year(),
            l.month(),
            l.day(),
            l.hour(),
            l.minute(),
            l.second(),
            o.abs() / 60,
            o.abs() % 60
        )
    }

    /// The day alone: `20240104`.
    #[must_use]
    pub fn day(&self) -> String {
        format!("{:04}{:02}{:02}", self.local.year(), self.local.month(), self.local.day())
    }

    /// As a French reader writes the day: `04/01/2024`.
    #[must_use]
    pub fn french_day(&self) -> String {
        format!("{:02}/{:02}/{:04}", self.local.day(), self.local.month(), self.local.year())
    }

    /// As a French reader writes day and time: `04/01/2024 07:35`.
    #[must_use]
    pub fn french(&self) -> String {
        format!("{} {:02}:{:02}", self.french_day(), self.local.hour(), self.local.minute())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let o = self.offset_minutes;
        let sign = if o < 0 { '-' } else { '+' };
        write!(f, "{}{sign}{:02}:{:02}", self.local, o.abs() / 60, o.abs() % 60)
    }
}

impl TryFrom<String> for Moment {
    type Error = MomentError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_keeps_local_time_and_offset() {
        let summer = Moment::parse("2024-07-04T07:35:00+02:00").unwrap();
        assert_eq!(summer.hl7(), "20240704073500+0200");
        assert_eq!(summer.french(), "04/07/2024 07:35");
        assert_eq!(summer.to_string(), "2024-07-04T07:35:00+02:00");
        let reunion = Moment::parse("2024-01-04T23:05:09-03:30").unwrap();
        assert_eq!(reunion.hl7(), "20240104230509-0330");
        assert_eq!(
            serde_json::from_str::<Moment>(&serde_json::to_string(&reunion).unwrap()).unwrap(),
            reunion
        );
        assert_eq!(Moment::parse("2024-07-04T07:35:00Z").unwrap().offset_minutes(), 0);
    }

    #[test]
    fn a_moment_without_offset_is_refused() {
        for text in [
            "2024-07-04T07:35:00",
            "2024-07-04",
            "",
            "é+01:00",
            "2024-07-04T07:35:00+1:00",
            "2024-07-04T07:35:00+99:00",
        ] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }
}
