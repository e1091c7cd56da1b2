//! Connections, the writer thread with group commit, the readers, migrations.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use paillasse_shared::protocol::error::{ErrorKind, WireError};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

/// A transaction in progress; only functions of the store see it.
pub type Tx = Connection;

/// Why the store did not do what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full.
    #[error("le disque où se trouve la base est plein")]
    Full,
    /// The disk or the file fails.
    #[error("la base de données ne répond plus : {0}")]
    Disk(String),
    /// A rule of the laboratory, found inside the transaction.
    #[error(transparent)]
    Rule(#[from] WireError),
    /// The file is not ours, too new, or on a network drive.
    #[error("{0}")]
    Unusable(String),
    /// The store is closing.
    #[error("le service s'arrête")]
    Closed,
    /// A fault of the program.
    #[error("faute interne de la base : {0}")]
    Fault(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(e: rusqlite::Error) -> Self {
        match &e {
            rusqlite::Error::SqliteFailure(f, _) => match f.code {
                rusqlite::ErrorCode::DiskFull => Self::Full,
                rusqlite::ErrorCode::SystemIoFailure
                | rusqlite::ErrorCode::ReadOnly
                | rusqlite::ErrorCode::CannotOpen
                | rusqlite::ErrorCode::DatabaseCorrupt
                | rusqlite::ErrorCode::NotADatabase => Self::Disk(e.to_string()),
                _ => Self::Fault(e.to_string()),
            },
            _ => Self::Fault(e.to_string()),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(e: serde_json::Error) -> Self {
        Self::Fault(e.to_string())
    }
}

impl From<StoreError> for WireError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Rule(w) => w,
            StoreError::Full => WireError::new(ErrorKind::Unavailable, StoreError::Full.to_string()).hint(
                "rien de ce qui était enregistré n'est perdu ; libérer de la place puis refaire le geste",
            ),
            StoreError::Disk(_) => WireError::new(ErrorKind::Unavailable, e.to_string())
                .hint("rien de ce qui était enregistré n'est perdu ; prévenir l'administrateur"),
            StoreError::Closed => {
                WireError::new(ErrorKind::Unavailable, e.to_string()).hint("refaire le geste dans un instant")
            }
            StoreError::Unusable(_) | StoreError::Fault(_) => {
                WireError::new(ErrorKind::Internal, e.to_string())
                    .hint("prévenir l'administrateur avec l'heure de l'incident")
            }
        }
    }
}

/// A piece of work for the writer: run inside the transaction, told afterwards whether it was committed.
trait Job: Send {
    fn run(&mut self, tx: &Tx) -> bool;
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Piece<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&Tx) -> Result<T, StoreError> + Send> Job for Piece<T, F> {
    fn run(&mut self, tx: &Tx) -> bool {
        let outcome = match self.work.take() {
            Some(work) => work(tx),
            None => Err(StoreError::Closed),
        };
        let ok = outcome.is_ok();
        self.outcome = Some(outcome);
        ok
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = match (committed, self.outcome) {
            (_, Some(Err(e))) | (Err(e), _) => Err(e),
            (Ok(()), Some(Ok(v))) => Ok(v),
            (Ok(()), None) => Err(StoreError::Closed),
        };
        // The asker may have given up waiting; what was committed stays.
        let _ = self.reply.send(outcome);
    }
}

type ReadJob = Box<dyn FnOnce(&Connection) + Send>;

/// Handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    writer: mpsc::Sender<Box<dyn Job>>,
    readers: Arc<Vec<mpsc::Sender<ReadJob>>>,
    next_reader: Arc<AtomicUsize>,
    path: Arc<PathBuf>,
    // Held for the life of the process: the kernel frees it whatever kills us.
    _owned: Arc<std::fs::File>,
}

/// Pieces of work put into one commit at most.
const GROUP: usize = 256;
/// Reading connections.
const READERS: usize = 2;

impl Store {
    /// Opens (or makes) the database, brings it to this version, starts writer and readers.
    ///
    /// # Errors
    /// Not usable: on a network drive, made by a newer version, damaged, no place.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        refuse_network_drive(path)?;
        let owned = own(path)?;
        let mut connection = Connection::open(path)?;
        prepare_writer(&connection)?;
        migrate(&mut connection)?;
        let (writer, jobs) = mpsc::channel::<Box<dyn Job>>();
        spawn("store-writer", move || write_loop(&connection, &jobs))?;
        let mut readers = Vec::with_capacity(READERS);
        for n in 0..READERS {
            let connection = Connection::open_with_flags(
                path,
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?;
            prepare_reader(&connection)?;
            let (sender, jobs) = mpsc::channel::<ReadJob>();
            spawn(&format!("store-reader-{n}"), move || {
                for job in jobs {
                    job(&connection);
                }
            })?;
            readers.push(sender);
        }
        Ok(Self {
            writer,
            readers: Arc::new(readers),
            next_reader: Arc::new(AtomicUsize::new(0)),
            path: Arc::new(path.to_owned()),
            _owned: Arc::new(owned),
        })
    }

    /// At the end: everything into the one file, so that a copy of it at rest is whole.
    ///
    /// # Errors
    /// The disk says no; nothing is lost, the file of the recent writes stays beside the database.
    pub async fn settle(&self) -> Result<(), StoreError> {
        let path = self.path.clone();
        let settled = tokio::task::spawn_blocking(move || {
            let c = Connection::open_with_flags(path.as_path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get::<_, i64>(0))
        });
        match settled.await {
            Ok(Ok(0)) => Ok(()),
            Ok(Ok(_)) => Err(StoreError::Disk("une lecture dure encore".into())),
            Ok(Err(e)) => Err(e.into()),
            Err(_) => Err(StoreError::Closed),
        }
    }

    /// File of the database.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` inside the next commit; the answer comes after the commit is on the disk.
    ///
    /// # Errors
    /// What `work` says, or what the disk says; then nothing of it was kept.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let piece = Piece { work: Some(work), outcome: None, reply };
        self.writer.send(Box::new(piece)).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` on a reading connection.
    ///
    /// # Errors
    /// What `work` says, or what the disk says.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let n = self.next_reader.fetch_add(1, Ordering::Relaxed) % self.readers.len().max(1);
        let reader = self.readers.get(n).ok_or(StoreError::Closed)?;
        let job: ReadJob = Box::new(move |c| {
            // Nobody waits any more: a superseded search costs nothing.
            if !reply.is_closed() {
                let _ = reply.send(work(c));
            }
        });
        reader.send(job).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(drop)
        .map_err(|e| StoreError::Unusable(format!("le système ne peut plus démarrer de tâche : {e}")))
}

/// One turn: take what waits, run it in one transaction, commit, answer.
fn write_loop(connection: &Connection, jobs: &mpsc::Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        while group.len() < GROUP {
            match jobs.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        let committed = run_group(connection, &mut group);
        let lost = committed.as_ref().err().map(ToString::to_string);
        let full = matches!(committed, Err(StoreError::Full));
        for job in group {
            job.finish(match &lost {
                None => Ok(()),
                Some(_) if full => Err(StoreError::Full),
                Some(words) => Err(StoreError::Disk(words.clone())),
            });
        }
    }
}

fn run_group(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let outcome = (|| -> Result<(), StoreError> {
        for job in group.iter_mut() {
            connection.execute_batch("SAVEPOINT piece")?;
            if !job.run(connection) {
                connection.execute_batch("ROLLBACK TO piece")?;
            }
            connection.execute_batch("RELEASE piece")?;
        }
        connection.execute_batch("COMMIT")?;
        Ok(())
    })();
    if outcome.is_err() && !connection.is_autocommit() {
        // The transaction is lost either way; what matters is that the next one starts clean.
        let _ = connection.execute_batch("ROLLBACK");
    }
    outcome
}

fn prepare_writer(c: &Connection) -> Result<(), StoreError> {
    c.busy_timeout(Duration::from_secs(5))?;
    c.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -8192;
         PRAGMA wal_autocheckpoint = 1000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    c.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn prepare_reader(c: &Connection) -> Result<(), StoreError> {
    c.busy_timeout(Duration::from_secs(5))?;
    c.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;")?;
    c.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Migrations, in order; the number of a migration is its place. Appended to, never edited.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_first_house.sql")];

/// Marks a file as ours.
const APPLICATION_ID: i64 = 0x5061_696C;

fn migrate(c: &mut Connection) -> Result<(), StoreError> {
    let application: i64 = c.query_row("PRAGMA application_id", [], |r| r.get(0))?;
    let version: i64 = c.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    if application != APPLICATION_ID && (application != 0 || version != 0) {
        return Err(StoreError::Unusable("ce fichier n'est pas une base de Paillasse".into()));
    }
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        return Err(StoreError::Unusable(format!(
            "la base a été faite par une version plus récente de Paillasse (format {version}) : mettre à jour le programme"
        )));
    }
    for (n, sql) in MIGRATIONS.iter().enumerate().skip(done) {
        let tx = c.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", i64::try_from(n + 1).unwrap_or(i64::MAX))?;
        tx.commit()?;
    }
    Ok(())
}

/// Takes the database for this process alone, by a lock file beside it: two daemons, each on a socket of its own, would
/// both send what the other has on its way.
fn own(path: &Path) -> Result<std::fs::File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|e| StoreError::Unusable(format!("{} ne s'ouvre pas : {e}", name.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Unusable(format!(
            "un autre paillassed a ouvert la base {} : l'arrêter, ou choisir une autre base",
            path.display()
        ))),
        Err(std::fs::TryLockError::Error(e)) => {
            Err(StoreError::Unusable(format!("{} ne se verrouille pas : {e}", name.display())))
        }
    }
}

/// WAL needs shared memory and honest locks: a network file system gives neither.
fn refuse_network_drive(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return Ok(()) };
    let Ok(folder) = folder.canonicalize() else { return Ok(()) };
    let kind = mounts
        .lines()
        .filter_map(|line| {
            let (left, right) = line.split_once(" - ")?;
            let point = left.split(' ').nth(4)?;
            folder.starts_with(point).then(|| (point.len(), right.split(' ').next().unwrap_or("").to_owned()))
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind)
        .unwrap_or_default();
    if matches!(kind.as_str(), "nfs" | "nfs4" | "cifs" | "smb3" | "9p" | "fuse.sshfs" | "afs") {
        return Err(StoreError::Unusable(format!(
            "la base est sur un disque réseau ({kind}) : la placer sur un disque local de la machine"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("p.db")).unwrap();
        (dir, store)
    }

    #[tokio::test]
    async fn a_failed_piece_leaves_its_neighbours_alone() {
        let (_dir, store) = store().await;
        let put = |key: &'static str, fail: bool| {
            store.write(move |tx| {
                tx.execute("INSERT INTO meta VALUES (?1, 'x')", [key])?;
                if fail { Err(WireError::refused("non").into()) } else { Ok(()) }
            })
        };
        let (a, b, c) = tokio::join!(put("a", false), put("b", true), put("c", false));
        assert!(a.is_ok() && b.is_err() && c.is_ok());
        let n: i64 =
            store.read(|c| Ok(c.query_row("SELECT count(*) FROM meta", [], |r| r.get(0))?)).await.unwrap();
        assert_eq!(n, 2);
    }

    #[tokio::test]
    async fn durability_settings_are_the_promised_ones() {
        let (_dir, store) = store().await;
        let (mode, sync): (String, i64) = store
            .write(|tx| {
                Ok((
                    tx.query_row("PRAGMA journal_mode", [], |r| r.get(0))?,
                    tx.query_row("PRAGMA synchronous", [], |r| r.get(0))?,
                ))
            })
            .await
            .unwrap();
        assert_eq!((mode.as_str(), sync), ("wal", 2));
    }

    #[test]
    fn a_newer_database_or_a_foreign_file_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let newer = dir.path().join("newer.db");
        drop(Store::open(&newer).unwrap());
        let c = Connection::open(&newer).unwrap();
        c.pragma_update(None, "user_version", 9999).unwrap();
        drop(c);
        let refused = Store::open(&newer).err().unwrap().to_string();
        assert!(refused.contains("plus récente"), "{refused}");
        let foreign = dir.path().join("foreign.db");
        let c = Connection::open(&foreign).unwrap();
        c.pragma_update(None, "application_id", 12).unwrap();
        c.execute_batch("CREATE TABLE t (a)").unwrap();
        drop(c);
        assert!(Store::open(&foreign).err().unwrap().to_string().contains("n'est pas une base"));
        let text = dir.path().join("text.db");
        std::fs::write(&text, vec![b'x'; 5000]).unwrap();
        assert!(Store::open(&text).is_err());
    }
}
