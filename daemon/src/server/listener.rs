//! The Unix socket: one instance at a time, a stale socket is replaced, a live one never is.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::connection;
use crate::services::App;

/// Connections at once; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 256;

/// Why the socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another daemon answers on it, or holds the lock.
    #[error("paillassed tourne déjà sur {0} : arrêter l'autre, ou choisir une autre socket")]
    AlreadyRunning(PathBuf),
    /// Something else stands there.
    #[error("{0} existe et n'est pas une socket : rien n'a été touché")]
    NotASocket(PathBuf),
    /// The system says no.
    #[error("la socket {path} ne s'ouvre pas : {source}")]
    System {
        /// Path.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

/// A bound socket; its file goes when this goes.
pub struct Bound {
    listener: UnixListener,
    path: PathBuf,
    // Held for the life of the process: the kernel frees it whatever kills us.
    _lock: std::fs::File,
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Binds the socket, with a lock file beside it.
///
/// # Errors
/// See [`ListenError`].
pub async fn bind(path: &Path) -> Result<Bound, ListenError> {
    let system = |source| ListenError::System { path: path.to_owned(), source };
    let lock_path = path.with_extension("lock");
    let lock = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(system)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Err(ListenError::AlreadyRunning(path.to_owned())),
        Err(std::fs::TryLockError::Error(e)) => return Err(system(e)),
    }
    if let Ok(meta) = std::fs::symlink_metadata(path) {
        if !meta.file_type().is_socket() {
            return Err(ListenError::NotASocket(path.to_owned()));
        }
        // The lock is ours, so nobody should answer; somebody who does is not replaced all the same.
        if UnixStream::connect(path).await.is_ok() {
            return Err(ListenError::AlreadyRunning(path.to_owned()));
        }
        std::fs::remove_file(path).map_err(system)?;
    }
    let listener = UnixListener::bind(path).map_err(system)?;
    // Every account of the machine may connect; who it is, and what it may do, is decided by the peer credentials.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).map_err(system)?;
    Ok(Bound { listener, path: path.to_owned(), _lock: lock })
}

/// Serves until `stop`, then lets requests in progress end.
pub async fn serve(app: App, bound: Bound, remarks: Arc<Vec<String>>, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let place = tokio::select! {
            () = crate::stopped(&mut stop) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            place = places.clone().acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = crate::stopped(&mut stop) => break,
            accepted = bound.listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (app, stop, remarks) = (app.clone(), stop.clone(), remarks.clone());
                connections.spawn(async move {
                    connection::run(app, stream, remarks, stop).await;
                    drop(place);
                });
            }
            Err(e) => {
                tracing::warn!(error = %e, "accept failed");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
    drop(bound);
    while connections.join_next().await.is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.sock");
        let stale = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(stale);
        assert!(path.exists(), "the file of a killed daemon stays");
        let first = bind(&path).await.unwrap();
        assert!(matches!(bind(&path).await, Err(ListenError::AlreadyRunning(_))));
        drop(first);
        assert!(!path.exists());
        std::fs::write(&path, "notes").unwrap();
        assert!(matches!(bind(&path).await, Err(ListenError::NotASocket(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "notes");
    }
}
