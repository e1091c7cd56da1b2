//! Times (milliseconds since 1970) and counts in the database.

use jiff::Timestamp;

/// To the database.
pub fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// From the database; a number outside jiff's range counts as 1970 (never written by this program).
pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A count; the database never holds a negative one.
pub fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
