//! The hash chain of the audit journal: each line seals the one before.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the first line is chained to.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line of the journal, as exported and as verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Number of the line, from 1, without gap.
    pub seq: i64,
    /// When.
    pub at: jiff::Timestamp,
    /// Login of the person, or name of the automatic task.
    pub actor: String,
    /// What was done: stable kebab-case name.
    pub act: String,
    /// What it was done to: `patient:12`, `dossier:4`, `order:7`.
    pub subject: String,
    /// Facts of the act, as JSON text.
    pub detail: String,
    /// Seal of the line before, 64 hexadecimal digits.
    pub previous: String,
    /// Seal of this line.
    pub seal: String,
}

/// Seal of a line: SHA-256 over its fields, each preceded by its length so that no two lines share a text.
#[must_use]
pub fn seal(
    seq: i64,
    at: jiff::Timestamp,
    actor: &str,
    act: &str,
    subject: &str,
    detail: &str,
    previous: &str,
) -> String {
    let mut hash = Sha256::new();
    let seq = seq.to_string();
    let at = at.to_string();
    for field in [seq.as_str(), at.as_str(), actor, act, subject, detail, previous] {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A line is missing or out of place.
    #[error("la ligne {expected} du journal manque (la suivante porte le numéro {found})")]
    Gap {
        /// Number that should come.
        expected: i64,
        /// Number that came.
        found: i64,
    },
    /// The line does not follow the one before.
    #[error("la ligne {seq} du journal ne suit pas la précédente : une ligne a été remplacée ou retirée")]
    Broken {
        /// Number of the line.
        seq: i64,
    },
    /// The content of the line is not what was sealed.
    #[error("la ligne {seq} du journal a été modifiée après coup")]
    Altered {
        /// Number of the line.
        seq: i64,
    },
}

/// Verifies a journal line by line, in constant memory.
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    next: i64,
    previous: String,
}

impl Default for ChainVerifier {
    fn default() -> Self {
        Self { next: 1, previous: GENESIS.to_owned() }
    }
}

impl ChainVerifier {
    /// Checks the next line.
    ///
    /// # Errors
    /// What is wrong, with the number of the line.
    pub fn check(&mut self, line: &AuditLine) -> Result<(), ChainError> {
        if line.seq != self.next {
            return Err(ChainError::Gap { expected: self.next, found: line.seq });
        }
        let expected =
            seal(line.seq, line.at, &line.actor, &line.act, &line.subject, &line.detail, &line.previous);
        if expected != line.seal {
            return Err(ChainError::Altered { seq: line.seq });
        }
        if line.previous != self.previous {
            return Err(ChainError::Broken { seq: line.seq });
        }
        self.next += 1;
        self.previous.clone_from(&line.seal);
        Ok(())
    }

    /// Lines checked so far.
    #[must_use]
    pub fn checked(&self) -> i64 {
        self.next - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn journal(n: i64) -> Vec<AuditLine> {
        let mut previous = GENESIS.to_owned();
        (1..=n)
            .map(|seq| {
                let at = jiff::Timestamp::from_second(1_800_000_000 + seq).unwrap();
                let detail = format!("{{\"n\":{seq}}}");
                let s = seal(seq, at, "n.martin", "patient-create", "patient:1", &detail, &previous);
                let line = AuditLine {
                    seq,
                    at,
                    actor: "n.martin".into(),
                    act: "patient-create".into(),
                    subject: "patient:1".into(),
                    detail,
                    previous: previous.clone(),
                    seal: s.clone(),
                };
                previous = s;
                line
            })
            .collect()
    }

    fn verify(lines: &[AuditLine]) -> Result<i64, ChainError> {
        let mut v = ChainVerifier::default();
        lines.iter().try_for_each(|l| v.check(l))?;
        Ok(v.checked())
    }

    proptest! {
        #[test]
        fn any_altered_byte_is_noticed_at_its_line(at in 0usize..20, byte in 0usize..8) {
            let mut lines = journal(20);
            prop_assert_eq!(verify(&lines), Ok(20));
            let mut d = lines[at].detail.clone().into_bytes();
            let i = byte % d.len();
            d[i] ^= 1;
            lines[at].detail = String::from_utf8_lossy(&d).into_owned();
            prop_assert_eq!(verify(&lines), Err(ChainError::Altered { seq: lines[at].seq }));
        }

        #[test]
        fn a_removed_line_is_noticed(at in 0usize..19) {
            let mut lines = journal(20);
            lines.remove(at);
            prop_assert!(verify(&lines).is_err());
        }
    }
}
