//! Server TLS settings of the simulated services.
//!
//! No session resumption at all: a resumed session would hide the `expired` outage, since the
//! certificate is not shown again.

use std::sync::Arc;

use rustls::crypto::ring::{cipher_suite, default_provider};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

use crate::ca::{Identity, Pki};

/// What a service asks of its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// INSi: TLS 1.2 or 1.3, client certificate required (spec/ins.md B.4).
    Insi,
    /// INSi by CPx card: no client certificate, the caller is known by a signed assertion (spec/ins.md B.2, B.4).
    InsiCard,
    /// DMP: TLS 1.2 with the ECDHE_RSA suites of the LPS channel, client certificate required
    /// (spec/dmp.md §2).
    Dmp,
    /// MSSanté: TLS 1.2 or 1.3; the certificate is asked for, and judged at AUTH, so that a client
    /// without one gets an SMTP answer rather than a broken handshake (spec/mssante.md §3 A1, §4).
    Mss,
}

/// The ordinary and the expired face of one service.
#[derive(Debug, Clone)]
pub struct Faces {
    /// Valid server certificate.
    pub good: Arc<ServerConfig>,
    /// Expired server certificate.
    pub expired: Arc<ServerConfig>,
}

/// Why the settings could not be built, as text: only a defect of the authority can cause it.
#[derive(Debug, thiserror::Error)]
#[error("réglages TLS : {0}")]
pub struct TlsError(String);

/// Both faces of a service.
///
/// # Errors
/// [`TlsError`].
pub fn faces(pki: &Pki, profile: Profile) -> Result<Faces, TlsError> {
    Ok(Faces { good: config(pki, &pki.server, profile)?, expired: config(pki, &pki.expired, profile)? })
}

fn config(pki: &Pki, server: &Identity, profile: Profile) -> Result<Arc<ServerConfig>, TlsError> {
    let err = |e: &dyn std::fmt::Display| TlsError(e.to_string());
    let mut provider = default_provider();
    let versions: &[&SupportedProtocolVersion] = match profile {
        Profile::Dmp => {
            provider.cipher_suites = vec![
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            ];
            &[&version::TLS12]
        }
        Profile::Insi | Profile::InsiCard | Profile::Mss => &[&version::TLS12, &version::TLS13],
    };
    let provider = Arc::new(provider);
    let mut roots = RootCertStore::empty();
    roots.add(pki.ca.clone()).map_err(|e| err(&e))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = match profile {
        Profile::Mss | Profile::InsiCard => verifier.allow_unauthenticated(),
        Profile::Insi | Profile::Dmp => verifier,
    };
    let verifier = verifier.build().map_err(|e| err(&e))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|e| err(&e))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.cert.clone()], server.key.clone_key())
        .map_err(|e| err(&e))?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
