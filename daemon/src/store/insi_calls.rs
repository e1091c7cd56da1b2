//! Figures about the calls made to INSi (RET-16), from their traces, month by month through one covering index.

use jiff::Timestamp;
use paillasse_shared::protocol::ins::StatsLine;
use rusqlite::params;

use super::engine::{Store, StoreError};
use super::time::ms;

const MONTH_SQL: &str = "SELECT site, mode, code, count(*), sum(took_ms) FROM insi_trace INDEXED BY insi_trace_month \
                         WHERE at >= ?1 AND at < ?2 GROUP BY site, mode, code ORDER BY site, mode, code";

/// Statements of this file, for the test of query plans.
#[cfg(test)]
pub(super) const PLANS: [(&str, &str); 1] =
    [(MONTH_SQL, "SEARCH insi_trace USING COVERING INDEX insi_trace_month (at>? AND at<?)")];

impl Store {
    /// Calls of one month, from and to its ends, by site and mode.
    pub async fn insi_calls(
        &self,
        month: String,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<StatsLine>, StoreError> {
        self.read(move |c| {
            let mut lines: Vec<(StatsLine, u64)> = Vec::new();
            let mut s = c.prepare_cached(MONTH_SQL)?;
            let mut rows = s.query(params![ms(from), ms(to)])?;
            while let Some(r) = rows.next()? {
                let (site, mode, code): (String, String, String) = (r.get(0)?, r.get(1)?, r.get(2)?);
                let number = |i: usize| r.get::<_, i64>(i).map(|n| u64::try_from(n).unwrap_or(0));
                let (count, took) = (number(3)?, number(4)?);
                if lines.last().is_none_or(|(l, _)| l.site != site || l.mode != mode) {
                    let line = StatsLine {
                        month: month.clone(),
                        site,
                        mode,
                        calls: 0,
                        found: 0,
                        not_found: 0,
                        several: 0,
                        failed: 0,
                        mean_ms: 0,
                    };
                    lines.push((line, 0));
                }
                let Some((line, total)) = lines.last_mut() else { continue };
                line.calls += count;
                *total += took;
                *match code.as_str() {
                    "00" => &mut line.found,
                    "01" => &mut line.not_found,
                    "02" => &mut line.several,
                    _ => &mut line.failed,
                } += count;
            }
            Ok(lines
                .into_iter()
                .map(|(line, total)| StatsLine { mean_ms: total / line.calls.max(1), ..line })
                .collect())
        })
        .await
    }
}
