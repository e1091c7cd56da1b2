//! The machine, in one line: a figure without it means nothing.

use std::fs;

use crate::programs::Programs;

/// Cores, processor, memory, compiler, profile.
pub fn describe(programs: &Programs) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = line_of("/proc/cpuinfo", "model name");
    let memory: f64 = line_of("/proc/meminfo", "MemTotal")
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0.0);
    let compiler = std::process::Command::new("rustc").arg("--version").output();
    let compiler = compiler.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default();
    format!(
        "{cores} cores ({cpu}), {:.1} GiB of memory, {compiler}, profile {}, paillasse {}",
        memory / 1_048_576.0,
        programs.profile,
        env!("CARGO_PKG_VERSION"),
    )
}

fn line_of(file: &str, key: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with(key)).unwrap_or_default();
    line.split_once(':').map(|(_, v)| v.trim().to_owned()).unwrap_or_default()
}
