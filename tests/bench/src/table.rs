//! The table: rows of one figure, or of a distribution.

use std::fmt;
use std::time::Duration;

/// Rows under headings, and the machine they were measured on.
pub struct Table {
    machine: String,
    rows: Vec<Row>,
}

enum Row {
    Heading(&'static str),
    One { what: String, unit: &'static str, n: usize, value: f64 },
    Spread { what: String, unit: &'static str, n: usize, p50: f64, p95: f64, p99: f64 },
}

impl Table {
    /// An empty table.
    pub fn new(machine: String) -> Self {
        Self { machine, rows: Vec::new() }
    }

    /// Begins a part.
    pub fn heading(&mut self, name: &'static str) {
        self.rows.push(Row::Heading(name));
    }

    /// One figure; `n` is the number of things counted to get it.
    pub fn one(&mut self, what: impl Into<String>, unit: &'static str, n: usize, value: f64) {
        self.rows.push(Row::One { what: what.into(), unit, n, value });
    }

    /// A distribution of durations, in milliseconds.
    pub fn spread(&mut self, what: impl Into<String>, durations: &[Duration]) {
        let ms: Vec<f64> = durations.iter().map(|d| d.as_secs_f64() * 1000.0).collect();
        self.numbers(what, "ms", ms);
    }

    /// A distribution of numbers.
    pub fn numbers(&mut self, what: impl Into<String>, unit: &'static str, mut values: Vec<f64>) {
        values.sort_by(f64::total_cmp);
        let at = |p| percentile(&values, p);
        let (p50, p95, p99) = (at(50), at(95), at(99));
        self.rows.push(Row::Spread { what: what.into(), unit, n: values.len(), p50, p95, p99 });
    }
}

/// The value that `p` percent of a sorted list do not exceed (nearest rank); 0 of an empty list.
fn percentile(sorted: &[f64], p: usize) -> f64 {
    let rank = (sorted.len() * p).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}

/// Three figures that matter, whatever the size.
fn figure(v: f64) -> String {
    if v >= 100.0 {
        format!("{v:.0}")
    } else if v >= 10.0 {
        format!("{v:.1}")
    } else {
        format!("{v:.2}")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.machine)?;
        writeln!(f, "{:<66} {:>11} {:>6} {:>9} {:>9} {:>9}", "", "unit", "n", "p50", "p95", "p99")?;
        for row in &self.rows {
            match row {
                Row::Heading(name) => writeln!(f, "{name}")?,
                Row::One { what, unit, n, value } => {
                    writeln!(f, "  {what:<64} {unit:>11} {n:>6} {:>9}", figure(*value))?;
                }
                Row::Spread { what, unit, n, p50, p95, p99 } => {
                    let (p50, p95, p99) = (figure(*p50), figure(*p95), figure(*p99));
                    writeln!(f, "  {what:<64} {unit:>11} {n:>6} {p50:>9} {p95:>9} {p99:>9}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&hundred, 50), 50.0);
        assert_eq!(percentile(&hundred, 99), 99.0);
        assert_eq!(percentile(&[7.0], 99), 7.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }
}
