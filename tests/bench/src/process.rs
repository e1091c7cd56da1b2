//! What the kernel says of a process: memory, wake-ups, processor.

use std::fs;
use std::time::Duration;

use crate::Outcome;

/// Memory of a process, in MiB.
pub struct Memory {
    /// Resident pages.
    pub rss: f64,
    /// Resident pages, shared ones divided among those who share them.
    pub pss: f64,
}

/// Memory of a process now.
pub fn memory(pid: u32) -> Outcome<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let mib = |key: &str| -> f64 {
        let line = text.lines().find(|l| l.starts_with(key)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    };
    Ok(Memory { rss: mib("Rss:"), pss: mib("Pss:") })
}

/// What a process does when nothing is asked of it.
pub struct Idle {
    /// Times a second that any of its threads was put on a processor.
    pub wakes: f64,
    /// Share of one core, in percent.
    pub cpu: f64,
}

/// Watches a process for a while.
pub fn idle(pid: u32, during: Duration) -> Outcome<Idle> {
    let (wakes, ticks) = (switches(pid)?, ticks(pid)?);
    std::thread::sleep(during);
    let (wakes, ticks) = (switches(pid)?.saturating_sub(wakes), self::ticks(pid)?.saturating_sub(ticks));
    let seconds = during.as_secs_f64();
    let per_second = rustix::param::clock_ticks_per_second() as f64;
    Ok(Idle { wakes: wakes as f64 / seconds, cpu: 100.0 * ticks as f64 / per_second / seconds })
}

/// Context switches of all threads: each voluntary one is followed by a wake-up.
fn switches(pid: u32) -> Outcome<u64> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = fs::read_to_string(task?.path().join("status")).unwrap_or_default();
        total += status
            .lines()
            .filter(|l| l.starts_with("voluntary_ctxt_switches"))
            .filter_map(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok())
            .sum::<u64>();
    }
    Ok(total)
}

fn ticks(pid: u32) -> Outcome<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold anything: what follows it does not.
    let after = text.rsplit_once(')').map(|(_, a)| a).unwrap_or_default();
    Ok(after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum())
}
