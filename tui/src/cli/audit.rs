//! `paillasse audit`: the journal, its export, and its verification, with the daemon or without it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use paillasse_shared::domain::audit::{AuditLine, ChainVerifier};
use paillasse_shared::protocol::audit::{ListParams, Verified, VerifyParams};
use paillasse_shared::protocol::methods::{AuditList, AuditVerify};
use paillasse_shared::protocol::{ErrorKind, WireError};

use super::page::Table;
use super::session::{Outcome, Session, file_error};
use super::value::{self, Target};

/// Lines asked for at a time by an export.
const PAGE: u16 = 5000;
/// Longest line of an export that is read.
const MAX_EXPORT_LINE: u64 = 4 * 1024 * 1024;

/// Commands about the journal.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    #[command(
        about = "Montre les dernières lignes du journal ; avec --json, exporte le journal entier, une ligne JSON par ligne"
    )]
    List {
        #[arg(long, value_name = "PATIENT", help = "Au sujet de ce patient seulement")]
        patient: Option<Target>,
        #[arg(long, value_name = "N", value_parser = value::number, help = "À partir de la ligne N")]
        from: Option<i64>,
        #[arg(long, value_name = "N", value_parser = value::count, help = "Au plus N lignes (100 à l'écran, toutes avec --json)")]
        limit: Option<u16>,
    },
    #[command(about = "Vérifie que le journal est complet et n'a pas été modifié")]
    Verify {
        #[arg(
            long,
            value_name = "BASE",
            help = "Vérifie une copie de la base, ouverte en lecture seule par le service"
        )]
        copy: Option<PathBuf>,
        #[arg(
            long,
            value_name = "EXPORT",
            conflicts_with = "copy",
            help = "Vérifie un journal exporté par « audit list --json », sans le service"
        )]
        file: Option<PathBuf>,
    },
}

impl AuditCommand {
    /// Runs it. A fault of the chain exits with the code of a refusal.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::List { patient, from, limit } => {
                let patient = s.patient_filter(patient)?;
                match limit {
                    None if s.json => {
                        export(s, ListParams { patient, from: Some(from.unwrap_or(1)), limit: Some(PAGE) })
                    }
                    limit => list(s, &ListParams { patient, from, limit }),
                }
            }
            Self::Verify { file: Some(file), .. } => {
                let verified = verify_export(&file)?;
                show(s, &verified)
            }
            Self::Verify { copy, .. } => {
                // The daemon has another current folder than the caller.
                let copy = match copy {
                    Some(path) => Some(std::path::absolute(&path).map_err(|e| file_error(&path, &e))?),
                    None => None,
                };
                let params = VerifyParams { copy: copy.map(|c| c.to_string_lossy().into_owned()) };
                let verified = s.call::<AuditVerify>(&params)?;
                show(s, &verified)
            }
        }
    }
}

/// Lines as JSON, one a line: what [`verify_export`] reads.
fn json_lines(s: &mut Session<'_>, lines: &[AuditLine]) -> Result<(), WireError> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(line).unwrap_or_default());
        text.push('\n');
    }
    s.write(&text)
}

fn list(s: &mut Session<'_>, params: &ListParams) -> Outcome {
    let answer = s.call::<AuditList>(params)?;
    if s.json {
        return json_lines(s, &answer.lines).map(|()| 0);
    }
    s.print(&answer, |p, r| {
        let mut table = Table::new(&[">N°", "Le", "Par", "Acte", "Sujet", "Détail"]);
        for line in &r.lines {
            table.row([
                line.seq.to_string(),
                p.second(line.at),
                line.actor.clone(),
                line.act.clone(),
                line.subject.clone(),
                line.detail.clone(),
            ]);
        }
        p.table(table, "Aucune ligne.");
    })
}

/// Page by page, so that neither side holds a whole journal.
fn export(s: &mut Session<'_>, mut params: ListParams) -> Outcome {
    loop {
        let lines = s.call::<AuditList>(&params)?.lines;
        json_lines(s, &lines)?;
        match lines.last() {
            Some(last) if lines.len() >= usize::from(PAGE) => params.from = Some(last.seq + 1),
            _ => return Ok(0),
        }
    }
}

fn show(s: &mut Session<'_>, verified: &Verified) -> Outcome {
    s.print(verified, |p, r| match (&r.fault, r.ok) {
        (Some(fault), _) => p.line(format!("JOURNAL ALTÉRÉ : {fault} ({} lignes vérifiées avant)", r.lines)),
        (None, false) => p.line("JOURNAL ALTÉRÉ"),
        (None, true) => {
            p.line(format!("Journal intact : {} lignes vérifiées.", r.lines));
            p.facts([("Dernier sceau", r.last_seal.clone())]);
        }
    })?;
    Ok(if verified.ok { 0 } else { ErrorKind::Refused.exit_code() })
}

/// Verifies an export line by line, in constant memory.
fn verify_export(path: &Path) -> Result<Verified, WireError> {
    let mut reader = BufReader::new(File::open(path).map_err(|e| file_error(path, &e))?);
    let mut verifier = ChainVerifier::default();
    let mut last_seal = None;
    let mut text = Vec::new();
    loop {
        text.clear();
        let size = (&mut reader)
            .take(MAX_EXPORT_LINE)
            .read_until(b'\n', &mut text)
            .map_err(|e| file_error(path, &e))?;
        if size == 0 {
            let lines = verifier.checked();
            return Ok(Verified { ok: true, lines, fault: None, line: None, last_seal });
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let checked = verifier.checked();
        let fault = |fault: String, line: i64, last_seal: Option<String>| Verified {
            ok: false,
            lines: checked,
            fault: Some(fault),
            line: Some(line),
            last_seal,
        };
        let line: AuditLine = match serde_json::from_slice(&text) {
            Ok(line) => line,
            Err(e) => {
                let n = checked + 1;
                return Ok(fault(format!("la ligne {n} de l'export est illisible : {e}"), n, last_seal));
            }
        };
        if let Err(e) = verifier.check(&line) {
            return Ok(fault(e.to_string(), line.seq, last_seal));
        }
        last_seal = Some(line.seal);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use paillasse_shared::domain::audit::{GENESIS, seal};

    use super::*;

    fn journal(n: i64) -> Vec<AuditLine> {
        let mut previous = GENESIS.to_owned();
        (1..=n)
            .map(|seq| {
                let at = jiff::Timestamp::from_second(1_800_000_000 + seq).unwrap();
                let sealed = seal(seq, at, "demo", "patient-create", "patient:1", "{}", &previous);
                let (actor, act) = ("demo".to_owned(), "patient-create".to_owned());
                let (subject, detail) = ("patient:1".to_owned(), "{}".to_owned());
                let line = AuditLine {
                    seq,
                    at,
                    actor,
                    act,
                    subject,
                    detail,
                    previous: previous.clone(),
                    seal: sealed,
                };
                previous.clone_from(&line.seal);
                line
            })
            .collect()
    }

    fn verify(lines: &[AuditLine]) -> Verified {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut text = String::new();
        lines.iter().for_each(|l| writeln!(text, "{}", serde_json::to_string(l).unwrap()).unwrap());
        std::fs::write(file.path(), text).unwrap();
        verify_export(file.path()).unwrap()
    }

    #[test]
    fn sec_13_an_altered_or_missing_line_of_an_export_is_detected() {
        let mut lines = journal(10);
        let good = verify(&lines);
        assert!(good.ok && good.lines == 10 && good.last_seal == Some(lines[9].seal.clone()));
        lines[4].actor = "autre".into();
        let altered = verify(&lines);
        assert!(!altered.ok && altered.lines == 4 && altered.line == Some(5), "{altered:?}");
        let mut lines = journal(10);
        lines.remove(6);
        assert!(verify(&lines).fault.unwrap().contains("ligne 7"));
    }
}
