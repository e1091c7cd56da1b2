//! One authority for all tests, simulators, HTTPS clients.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use paillasse_sim::ca::{Identity, Pki};
use paillasse_sim::{Sim, SimConfig};
use serde_json::Value;

pub fn pki() -> Arc<Pki> {
    static PKI: OnceLock<Arc<Pki>> = OnceLock::new();
    let _ = rustls::crypto::ring::default_provider().install_default();
    Arc::clone(PKI.get_or_init(|| Arc::new(Pki::generate(jiff::Timestamp::now()).unwrap())))
}

pub struct Running {
    pub sim: Sim,
    pub dir: tempfile::TempDir,
}

pub async fn start(change: impl FnOnce(&mut SimConfig)) -> Running {
    let dir = tempfile::tempdir().unwrap();
    let mut config = SimConfig::new(dir.path());
    config.pki = Some(pki());
    config.people = Some(repository().join("data/demo/insi-people.jsonl"));
    change(&mut config);
    Running { sim: Sim::start(config).await.unwrap(), dir }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the reference folder, or `None` with the reason said.
pub fn reference(name: &str) -> Option<Vec<u8>> {
    let found = std::fs::read(repository().join("../shared/reference").join(name)).ok();
    if found.is_none() {
        println!("skipped: reference/{name} is not beside the repository");
    }
    found
}

/// An HTTPS client that trusts the test authority only.
pub fn client(identity: Option<&Identity>) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(pki().ca_pem.as_bytes()).unwrap();
    let mut builder = reqwest::Client::builder().tls_certs_only([ca]);
    if let Some(identity) = identity {
        builder = builder.identity(reqwest::Identity::from_pem(identity.pem.as_bytes()).unwrap());
    }
    builder.build().unwrap()
}

impl Running {
    pub fn received(&self, name: &str) -> Vec<u8> {
        let path = self.sim.info.received.join(name);
        std::fs::read(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"))
    }

    pub fn journal(&self) -> Vec<Value> {
        let text = String::from_utf8(self.received("journal.jsonl")).unwrap();
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }
}
