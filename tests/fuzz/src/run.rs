//! One run: for so many seconds, spoiled inputs to one reader; panics, slow answers and growth of memory are faults.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::mutate::{Dice, mutate};
use crate::targets::Target;

/// Bounds of a run.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// How long.
    pub during: Duration,
    /// Longest answer that is still good.
    pub slow: Duration,
    /// Most resident memory of the process, in megabytes.
    pub memory_mb: u64,
    /// Where faulty inputs are left.
    pub faults: PathBuf,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Inputs tried.
    pub tried: u64,
    /// Kinds of answers seen.
    pub kinds: usize,
    /// Faults, in words, each with the file of its input.
    pub faults: Vec<String>,
    /// Longest answer.
    pub slowest: Duration,
    /// Most resident memory, in megabytes.
    pub peak_mb: u64,
}

/// Most inputs that join the seeds.
const POOL: usize = 2_000;
/// A run stops after so many faults.
const ENOUGH: usize = 20;

/// Runs one target.
///
/// # Errors
/// What the file system says of the folder of the faults.
pub fn run(target: &Target, seeds: Vec<Vec<u8>>, seed: u64, bounds: &Bounds) -> std::io::Result<Outcome> {
    std::fs::create_dir_all(&bounds.faults)?;
    let current = bounds.faults.join(format!("{}.current", target.name));
    let mut d = Dice::new(seed);
    let mut pool = if seeds.is_empty() { vec![Vec::new()] } else { seeds };
    let mut kinds = std::collections::HashSet::new();
    let mut out = Outcome::default();
    let start = Instant::now();
    // The reason of a panic is in the file of the fault; the standard report would flood the terminal.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    while start.elapsed() < bounds.during && out.faults.len() < ENOUGH {
        let (a, b) = (d.below(pool.len()), d.below(pool.len()));
        let (input, other) =
            (pool.get(a).cloned().unwrap_or_default(), pool.get(b).cloned().unwrap_or_default());
        let spoiled = mutate(&mut d, &input, &other, target.words, target.max_bytes);
        // Kept before it is read: an overflow of the stack leaves no time afterwards.
        std::fs::write(&current, &spoiled)?;
        let began = Instant::now();
        let answer = catch_unwind(AssertUnwindSafe(|| (target.read)(&spoiled)));
        let took = began.elapsed();
        out.tried += 1;
        out.slowest = out.slowest.max(took);
        match answer {
            Err(_) => fault(target, bounds, &mut out, "panic", &spoiled)?,
            Ok(_) if took > bounds.slow => fault(target, bounds, &mut out, "lent", &spoiled)?,
            Ok(kind) => {
                if kinds.insert(kind) && pool.len() < POOL {
                    pool.push(spoiled.clone());
                }
            }
        }
        if out.tried.is_multiple_of(256) {
            out.peak_mb = out.peak_mb.max(resident_peak_mb());
            if out.peak_mb > bounds.memory_mb {
                fault(target, bounds, &mut out, "mémoire", &spoiled)?;
                break;
            }
        }
    }
    std::panic::set_hook(hook);
    out.kinds = kinds.len();
    out.peak_mb = out.peak_mb.max(resident_peak_mb());
    std::fs::remove_file(&current)?;
    Ok(out)
}

fn fault(target: &Target, b: &Bounds, out: &mut Outcome, what: &str, input: &[u8]) -> std::io::Result<()> {
    let file = b.faults.join(format!("{}-{what}-{}", target.name, out.tried));
    std::fs::write(&file, input)?;
    out.faults.push(format!("{what} : {}", shown(&file)));
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// VmHWM of this process; 0 where the system does not say.
fn resident_peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}
