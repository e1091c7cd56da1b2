//! The audit journal: append inside the transaction of the act, list, verify.

use std::path::Path;

use jiff::Timestamp;
use paillasse_shared::domain::audit::{AuditLine, ChainVerifier, GENESIS, seal};
use paillasse_shared::protocol::audit::Verified;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use serde_json::Value;

use super::engine::{Store, StoreError, Tx};
use super::time::{at, ms};

/// One act of a person or of an automatic task, to be written in the transaction that carries it out.
#[derive(Debug, Clone)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Login, or name of the automatic task.
    pub actor: String,
    /// Stable kebab-case name.
    pub act: &'static str,
    /// `patient:12`, `dossier:4`…
    pub subject: String,
    /// Facts.
    pub detail: Value,
}

impl Act {
    /// An act.
    #[must_use]
    pub fn new(
        at: Timestamp,
        actor: &str,
        act: &'static str,
        subject: impl Into<String>,
        detail: Value,
    ) -> Self {
        Self { at, actor: actor.to_owned(), act, subject: subject.into(), detail }
    }
}

/// Appends one line, sealed to the one before.
pub fn append(tx: &Tx, act: &Act) -> Result<i64, StoreError> {
    let last: Option<(i64, String)> = tx
        .prepare_cached("SELECT seq, seal FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (seq, previous) = last.map_or((1, GENESIS.to_owned()), |(s, p)| (s + 1, p));
    let detail = act.detail.to_string();
    let sealed = seal(seq, act.at, &act.actor, act.act, &act.subject, &detail, &previous);
    tx.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(params![
        seq,
        ms(act.at),
        act.actor,
        act.act,
        act.subject,
        detail,
        previous,
        sealed
    ])?;
    Ok(seq)
}

fn line(r: &Row<'_>) -> rusqlite::Result<AuditLine> {
    Ok(AuditLine {
        seq: r.get(0)?,
        at: at(r.get(1)?),
        actor: r.get(2)?,
        act: r.get(3)?,
        subject: r.get(4)?,
        detail: r.get(5)?,
        previous: r.get(6)?,
        seal: r.get(7)?,
    })
}

const COLUMNS: &str = "seq, at, actor, act, subject, detail, previous, seal";

/// Walks the whole journal in constant memory.
fn verify(c: &Connection) -> Result<Verified, StoreError> {
    let mut verifier = ChainVerifier::default();
    let mut last = None;
    let mut statement = c.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    loop {
        let expected = verifier.checked() + 1;
        let broken = |words: String| Verified {
            ok: false,
            lines: expected - 1,
            fault: Some(words),
            line: Some(expected),
            last_seal: None,
        };
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(e) => return Ok(broken(format!("la ligne {expected} du journal ne se lit plus : {e}"))),
        };
        let line = match line(row) {
            Ok(line) => line,
            Err(e) => return Ok(broken(format!("la ligne {expected} du journal ne se lit plus : {e}"))),
        };
        if let Err(fault) = verifier.check(&line) {
            return Ok(broken(fault.to_string()));
        }
        last = Some(line.seal);
    }
    Ok(Verified { ok: true, lines: verifier.checked(), fault: None, line: None, last_seal: last })
}

impl Store {
    /// Writes one line that stands alone (a consultation, a refusal).
    pub async fn journal(&self, act: Act) -> Result<i64, StoreError> {
        self.write(move |tx| append(tx, &act)).await
    }

    /// Lines from `from` on, or the latest ones; of one subject or of all.
    pub async fn audit_lines(
        &self,
        subject: Option<String>,
        from: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        self.read(move |c| {
            let (order, start) = match from {
                Some(f) => ("ASC", f),
                None => ("DESC", 0),
            };
            let sql = format!(
                "SELECT {COLUMNS} FROM audit WHERE seq >= ?1 AND (?2 IS NULL OR subject = ?2) ORDER BY seq {order} LIMIT ?3"
            );
            let mut statement = c.prepare_cached(&sql)?;
            let mut lines =
                statement.query_map(params![start, subject, limit], line)?.collect::<Result<Vec<_>, _>>()?;
            lines.sort_by_key(|l| l.seq);
            Ok(lines)
        })
        .await
    }

    /// Verifies the journal of this database.
    pub async fn verify_audit(&self) -> Result<Verified, StoreError> {
        // A connection of its own: the walk may be long and must not stand in the way of searches.
        let path = self.path().to_owned();
        spawn_verify(path).await
    }

    /// Verifies the journal of a copy, opened read-only.
    pub async fn verify_audit_copy(&self, copy: std::path::PathBuf) -> Result<Verified, StoreError> {
        spawn_verify(copy).await
    }
}

async fn spawn_verify(path: std::path::PathBuf) -> Result<Verified, StoreError> {
    tokio::task::spawn_blocking(move || verify_file(&path)).await.map_err(|_| StoreError::Closed)?
}

/// Verifies the journal of a database file; used on copies too.
pub fn verify_file(path: &Path) -> Result<Verified, StoreError> {
    let shown = path.display();
    if !path.is_file() {
        return Err(StoreError::Rule(paillasse_shared::protocol::WireError::not_found(format!(
            "le fichier {shown} n'existe pas"
        ))));
    }
    let c = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let there: bool = c.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'audit')",
        [],
        |r| r.get(0),
    )?;
    if !there {
        let e = paillasse_shared::protocol::WireError::invalid(
            "copy",
            format!("{shown} n'est pas une copie entière d'une base de Paillasse"),
        );
        return Err(StoreError::Rule(
            e.hint("copier aussi le fichier -wal, ou copier la base à l'arrêt du service"),
        ));
    }
    verify(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_changed_byte_is_found_at_its_line_on_a_copy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.db");
        let store = Store::open(&path).unwrap();
        for n in 0..50 {
            let now = Timestamp::from_second(1_800_000_000 + n).unwrap();
            store
                .journal(Act::new(now, "n.martin", "patient-view", "patient:1", serde_json::json!({"n": n})))
                .await
                .unwrap();
        }
        let verified = store.verify_audit().await.unwrap();
        assert_eq!((verified.ok, verified.lines), (true, 50));

        let copy = dir.path().join("copy.db");
        let c = Connection::open(&path).unwrap();
        c.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        let mut bytes = std::fs::read(&copy).unwrap();
        let needle = b"{\"n\":23}";
        let place = bytes.windows(needle.len()).position(|w| w == needle).unwrap();
        bytes[place + 5] ^= 1;
        std::fs::write(&copy, bytes).unwrap();
        let verified = store.verify_audit_copy(copy).await.unwrap();
        assert_eq!((verified.ok, verified.line), (false, Some(24)));
        assert!(verified.fault.unwrap().contains("24"));

        let e = c.execute("UPDATE audit SET actor = 'x' WHERE seq = 3", []).unwrap_err().to_string();
        assert!(e.contains("append-only"), "{e}");
    }
}
