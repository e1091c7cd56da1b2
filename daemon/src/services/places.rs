//! The reference of places of birth: its state, what INSi knows and it does not, its renewal from a file, offline.
//!
//! An edition is checked before anything changes: its SHA-256, its form, and that no code of an old birth is lost. It is
//! kept beside the database under its checksum, so that a restart finds it, and an interruption leaves the former one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::cog::{CogFile, CogImportParams, CogImported, CogStatus};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{App, Caller};
use crate::cog::{Cog, MAX_EDITION, Sources};
use crate::store::Store;

/// Where an edition of that checksum is kept.
fn kept(store: &Store, sha256: &str) -> PathBuf {
    store.path().with_extension(format!("cog-{}.txt", sha256.get(..16).unwrap_or(sha256)))
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > MAX_EDITION {
        return Err("fichier trop volumineux pour une édition".to_owned());
    }
    std::fs::read(path).map_err(|e| e.to_string())
}

/// Reads, checks and builds an edition.
fn build(path: &Path, sha256: &str) -> Result<(Vec<u8>, Cog), String> {
    let bytes = read_bounded(path)?;
    let found = hex::encode(Sha256::digest(&bytes));
    if found != sha256 {
        return Err(format!("la somme de contrôle ne correspond pas : le fichier donne {found}"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "le fichier n'est pas du texte UTF-8".to_owned())?;
    let sources = Sources::edition(text).map_err(|e| e.to_string())?;
    let cog = Cog::from_sources(sources).map_err(|e| e.to_string())?;
    Ok((bytes, cog))
}

/// The edition to start with: the imported one, else the one shipped, with a remark when an import is not usable.
///
/// # Errors
/// The database or the shipped edition cannot be read.
pub async fn at_start(store: &Store) -> Result<(Arc<Cog>, Option<String>), WireError> {
    let shipped = Cog::embedded()
        .map_err(|e| WireError::new(ErrorKind::Internal, format!("code officiel géographique : {e}")))?;
    let Some(imported) = store.cog_imported().await? else { return Ok((shipped, None)) };
    let path = kept(store, &imported.sha256);
    let built = tokio::task::spawn_blocking(move || build(&path, &imported.sha256)).await;
    match built.map_err(|e| e.to_string()).and_then(|b| b) {
        Ok((_, cog)) => Ok((Arc::new(cog), None)),
        Err(why) => {
            tracing::error!(why, "the imported edition of places is not usable");
            Ok((
                shipped,
                Some(format!(
                    "l'édition importée des lieux ne se lit plus ({why}) : celle du programme sert"
                )),
            ))
        }
    }
}

/// The edition in use and what it lacks.
pub async fn status(app: &App) -> Result<CogStatus, WireError> {
    let cog = app.cog.now();
    let files = cog
        .status()
        .into_iter()
        .map(|f| CogFile { title: f.title, file: f.file, edition: f.edition, rows: f.rows })
        .collect();
    let mut unknown = app.store.unknown_places().await?;
    unknown.retain(|u| !cog.contains(&u.code));
    let remark = app.cog_remark.clone();
    let imported = app.store.cog_imported().await?.filter(|_| remark.is_none());
    Ok(CogStatus { files, imported, unknown, remark })
}

/// Imports an edition; in use at once, and after a restart.
pub async fn import(app: &App, caller: &Caller, p: CogImportParams) -> Result<CogStatus, WireError> {
    caller.require(Right::Administer)?;
    let sha256 = p.sha256.trim().to_ascii_lowercase();
    if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(WireError::invalid("sha256", "somme de contrôle SHA-256 : 64 chiffres hexadécimaux"));
    }
    let path = PathBuf::from(&p.path);
    if !path.is_absolute() {
        return Err(WireError::invalid("path", "chemin complet du fichier attendu"));
    }
    let wanted = sha256.clone();
    let built = tokio::task::spawn_blocking(move || build(&path, &wanted)).await;
    let (bytes, cog) = built
        .map_err(|e| e.to_string())
        .and_then(|b| b)
        .map_err(|why| WireError::refused(format!("édition refusée : {why}")).hint("rien n'est changé"))?;
    if let Some(code) = app.cog.now().lost_in(&cog) {
        return Err(WireError::refused(format!(
            "édition refusée : le code {code}, connu aujourd'hui, n'y est plus ; d'anciennes naissances en ont besoin"
        ))
        .hint("rien n'est changé"));
    }
    keep(&kept(&app.store, &sha256), &bytes).map_err(|e| {
        WireError::new(ErrorKind::Unavailable, format!("l'édition ne s'enregistre pas : {e}"))
    })?;
    let before: Vec<_> = app.cog.now().status().into_iter().map(|f| (f.file, f.edition, f.rows)).collect();
    let after: Vec<_> = cog.status().into_iter().map(|f| (f.file, f.edition, f.rows)).collect();
    let now = app.env.now();
    let act =
        caller.act(now, "cog-import", "", json!({ "sha256": sha256, "before": before, "after": after }));
    let imported = CogImported { sha256, at: now, by: caller.user.login.clone() };
    app.store.set_cog_imported(imported, act).await?;
    app.cog.replace(Arc::new(cog));
    status(app).await
}

/// Writes a file whole or not at all.
fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let part = path.with_extension("part");
    let mut file = std::fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)
}
