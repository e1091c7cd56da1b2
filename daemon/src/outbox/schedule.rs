//! When to try again: delays that grow, with jitter so that many workstations do not come back at the same instant.

use std::time::Duration;

/// Delay before the next trial after `attempts` failures (from 1); `random` spreads it by ±10 %.
#[must_use]
pub fn delay(backoff_seconds: &[u64], attempts: u32, random: u64) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let seconds = backoff_seconds.get(index).or(backoff_seconds.last()).copied().unwrap_or(60);
    let base = seconds.saturating_mul(1000);
    let spread = base / 5;
    let jitter = random.checked_rem(spread.max(1)).unwrap_or(0);
    Duration::from_millis(base.saturating_sub(base / 10).saturating_add(jitter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn delays_follow_the_table_within_ten_percent(attempts in 1u32..20, random in any::<u64>()) {
            let table = [60u64, 300, 900, 3600];
            let base = table[(attempts as usize - 1).min(3)] as f64;
            let d = delay(&table, attempts, random).as_secs_f64();
            prop_assert!(d >= base * 0.9 - 0.001 && d <= base * 1.1 + 0.001, "{d}");
        }
    }

    #[test]
    fn an_empty_table_still_waits() {
        assert!(delay(&[], 3, 7) >= Duration::from_secs(50));
    }
}
