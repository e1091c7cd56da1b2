//! TLS material shared by every connector: a dedicated root store and, where the peer asks for it, a client
//! certificate.
//!
//! Invariants
//! - The peer is always verified, against the given roots only: the system's store is never consulted, no
//!   switch turns verification off (requirements MSS-18, MSS-19; contract DMP section 2).
//! - TLS 1.2 at least, forward-secret suites only (what the ring provider offers).
//! - Key bytes are wiped when dropped and never reach `Debug`, an error text or a log.
//!
//! Not here: where the PEM bytes come from (configuration, systemd credentials), PKCS#12 (converted to PEM when
//! installed), the download of revocation lists.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};
use zeroize::Zeroizing;

/// Why TLS material cannot be used. The texts name the part at fault, never its bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// No certificate authority in the roots.
    #[error("no root certificate in the PEM given")]
    NoRoot,
    /// A root is not a usable certificate.
    #[error("unusable root certificate: {0}")]
    BadRoot(String),
    /// The identity holds no certificate.
    #[error("no client certificate in the identity PEM")]
    NoCertificate,
    /// The identity holds no readable private key (an encrypted key counts as none).
    #[error("no readable private key in the identity PEM")]
    NoKey,
    /// Certificate and key cannot be used together, or the certificate cannot be read.
    #[error("unusable client identity: {0}")]
    BadIdentity(String),
    /// A revocation list cannot be read.
    #[error("unusable revocation list: {0}")]
    BadRevocationList(String),
    /// The HTTP client could not be made.
    #[error("HTTP client: {0}")]
    Client(String),
}

/// Roots, optional client identity and optional revocation lists of one peer.
#[derive(Clone)]
pub struct TlsMaterial {
    roots_pem: Vec<u8>,
    identity_pem: Option<Zeroizing<Vec<u8>>>,
    crls: Vec<Vec<u8>>,
}

impl fmt::Debug for TlsMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsMaterial")
            .field("roots_pem", &format_args!("{} bytes", self.roots_pem.len()))
            .field("identity_pem", &self.identity_pem.as_ref().map(|_| "***"))
            .field("crls", &self.crls.len())
            .finish()
    }
}

/// Deadlines of an HTTP exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name resolution, TCP and TLS handshake together.
    pub connect: Duration,
    /// The whole call, from the first packet to the last byte of the answer.
    pub total: Duration,
}

impl TlsMaterial {
    /// Takes the PEM bytes as they are; they are read by [`Self::client_config`] or [`Self::check`].
    /// `identity_pem` is the certificate chain (leaf first) and the private key, in any order.
    #[must_use]
    pub fn new(roots_pem: Vec<u8>, identity_pem: Option<Vec<u8>>) -> Self {
        Self { roots_pem, identity_pem: identity_pem.map(Zeroizing::new), crls: Vec::new() }
    }

    /// Adds revocation lists (DER). A certificate that none of them covers is accepted; one that is listed is
    /// refused. An outdated list stays in use, so that a failed download does not close the laboratory's
    /// channels (MSS-19).
    #[must_use]
    pub fn with_crls(mut self, crls: Vec<Vec<u8>>) -> Self {
        self.crls = crls;
        self
    }

    /// The roots as given, for libraries that take PEM themselves.
    #[must_use]
    pub fn roots_pem(&self) -> &[u8] {
        &self.roots_pem
    }

    /// The identity as given, for libraries that take PEM themselves.
    #[must_use]
    pub fn identity_pem(&self) -> Option<&[u8]> {
        self.identity_pem.as_ref().map(|pem| pem.as_slice())
    }

    /// Reads everything once, for start-up: the facts of the client certificate chain (leaf first, empty when
    /// there is no identity).
    ///
    /// # Errors
    /// Whatever would make a later connection impossible.
    pub fn check(&self) -> Result<Vec<CertificateFacts>, TlsError> {
        self.client_config()?;
        match self.identity_pem() {
            None => Ok(Vec::new()),
            Some(pem) => certificate_facts(pem),
        }
    }

    /// The rustls configuration: ring provider given explicitly, these roots only, TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// [`TlsError`] naming the part that cannot be used.
    pub fn client_config(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = self.verifier(&provider)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| TlsError::Client(e.to_string()))?
            .with_webpki_verifier(verifier);
        match self.identity_pem() {
            None => Ok(builder.with_no_client_auth()),
            Some(pem) => {
                let chain = read_chain(pem)?;
                let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError::NoKey)?;
                builder.with_client_auth_cert(chain, key).map_err(|e| TlsError::BadIdentity(e.to_string()))
            }
        }
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(&self.roots_pem) {
            let root = root.map_err(|e| TlsError::BadRoot(e.to_string()))?;
            roots.add(root).map_err(|e| TlsError::BadRoot(e.to_string()))?;
        }
        if roots.is_empty() {
            return Err(TlsError::NoRoot);
        }
        let mut builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        if !self.crls.is_empty() {
            builder = builder
                .with_crls(self.crls.iter().cloned().map(CertificateRevocationListDer::from))
                .allow_unknown_revocation_status();
        }
        builder.build().map_err(|e| TlsError::BadRevocationList(e.to_string()))
    }

    /// An HTTP/1.1 client over this material: no proxy, no redirect, no retry of its own (the send queue
    /// decides), deadlines as given. Idle connections live 5 s at most, so that a request seldom meets a
    /// connection which the peer is closing.
    ///
    /// # Errors
    /// As [`Self::client_config`].
    pub fn http_client(&self, deadlines: Deadlines) -> Result<reqwest::Client, TlsError> {
        reqwest::Client::builder()
            .tls_backend_preconfigured(self.client_config()?)
            .https_only(true)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(deadlines.connect)
            .timeout(deadlines.total)
            .pool_idle_timeout(Duration::from_secs(5))
            .pool_max_idle_per_host(4)
            .user_agent(concat!("Paillasse/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| TlsError::Client(e.without_url().to_string()))
    }
}

fn read_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|e| TlsError::BadIdentity(e.to_string()))?;
    if chain.is_empty() { Err(TlsError::NoCertificate) } else { Ok(chain) }
}

/// What an administrator reads about a certificate at start-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Common name of the subject, when there is one.
    pub subject_cn: Option<String>,
    /// Organisational units of the subject, in the order of the certificate. IGC-Santé puts the structure's
    /// national identifier (Struct_IdNat) here.
    pub subject_ou: Vec<String>,
    /// The whole subject, as text.
    pub subject: String,
    /// Common name of the issuer, when there is one.
    pub issuer_cn: Option<String>,
    /// The whole issuer, as text.
    pub issuer: String,
    /// Serial number, hexadecimal with colons.
    pub serial: String,
    /// Not valid before.
    pub not_before: Timestamp,
    /// Not valid after.
    pub not_after: Timestamp,
}

impl CertificateFacts {
    /// Reads one certificate (DER).
    ///
    /// # Errors
    /// [`TlsError::BadIdentity`] when it is not an X.509 certificate with readable dates.
    pub fn from_der(der: &[u8]) -> Result<Self, TlsError> {
        let (_, cert) =
            X509Certificate::from_der(der).map_err(|e| TlsError::BadIdentity(format!("not X.509: {e}")))?;
        let time = |t: x509_parser::time::ASN1Time| {
            Timestamp::from_second(t.timestamp())
                .map_err(|_| TlsError::BadIdentity("date out of range".into()))
        };
        Ok(Self {
            subject_cn: common_name(cert.subject()),
            subject_ou: cert
                .subject()
                .iter_organizational_unit()
                .filter_map(|a| a.as_str().ok().map(str::to_owned))
                .collect(),
            subject: cert.subject().to_string(),
            issuer_cn: common_name(cert.issuer()),
            issuer: cert.issuer().to_string(),
            serial: cert.raw_serial_as_string(),
            not_before: time(cert.validity().not_before)?,
            not_after: time(cert.validity().not_after)?,
        })
    }

    /// Whole days left at `now`; negative once expired.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after.as_second() - now.as_second()).div_euclid(86_400)
    }

    /// Whether the certificate may be used at `now`.
    #[must_use]
    pub fn valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().find_map(|a| a.as_str().ok().map(str::to_owned))
}

/// Facts of every certificate of a PEM text, in its order.
///
/// # Errors
/// [`TlsError::NoCertificate`] or [`TlsError::BadIdentity`].
pub fn certificate_facts(pem: &[u8]) -> Result<Vec<CertificateFacts>, TlsError> {
    read_chain(pem)?.iter().map(|der| CertificateFacts::from_der(der)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    fn ca() -> (String, Issuer<'static, KeyPair>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "AC d'essai");
        let pem = params.self_signed(&key).unwrap().pem();
        (pem, Issuer::new(params, key))
    }

    fn leaf(issuer: &Issuer<'static, KeyPair>) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "lbm-des-charmes");
        params.distinguished_name.push(DnType::OrganizationalUnitName, "1120459876");
        params.not_before = rcgen::date_time_ymd(2025, 1, 1);
        params.not_after = rcgen::date_time_ymd(2028, 1, 1);
        (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn identity_and_roots_make_a_client_and_give_their_facts() {
        let (ca_pem, issuer) = ca();
        let (cert, key) = leaf(&issuer);
        let material = TlsMaterial::new(ca_pem.into_bytes(), Some(format!("{key}\n{cert}").into_bytes()));
        let facts = material.check().unwrap();
        assert_eq!(facts.len(), 1);
        assert_eq!(facts[0].subject_cn.as_deref(), Some("lbm-des-charmes"));
        assert_eq!(facts[0].subject_ou, ["1120459876"]);
        assert_eq!(facts[0].issuer_cn.as_deref(), Some("AC d'essai"));
        assert_eq!(facts[0].days_left("2027-12-30T00:00:00Z".parse().unwrap()), 2);
        assert!(!facts[0].valid_at("2028-01-02T00:00:00Z".parse().unwrap()));
        let deadlines = Deadlines { connect: Duration::from_secs(1), total: Duration::from_secs(2) };
        assert!(material.http_client(deadlines).is_ok());
    }

    #[test]
    fn debug_shows_no_key_byte() {
        let material = TlsMaterial::new(b"roots".to_vec(), Some(b"-----BEGIN PRIVATE KEY-----".to_vec()));
        let shown = format!("{material:?}");
        assert!(shown.contains("***") && !shown.contains("PRIVATE") && !shown.contains("45, 45"), "{shown}");
    }

    #[test]
    fn each_missing_part_is_named() {
        let (ca_pem, issuer) = ca();
        let (cert, key) = leaf(&issuer);
        let roots = ca_pem.into_bytes();
        let check = |roots: &[u8], id: Option<&str>| {
            TlsMaterial::new(roots.to_vec(), id.map(|s| s.as_bytes().to_vec())).check().unwrap_err()
        };
        assert_eq!(check(b"", None), TlsError::NoRoot);
        assert_eq!(check(&roots, Some(&key)), TlsError::NoCertificate);
        assert_eq!(check(&roots, Some(&cert)), TlsError::NoKey);
        let (_, other_key) = leaf(&issuer);
        assert!(matches!(check(&roots, Some(&format!("{cert}{other_key}"))), TlsError::BadIdentity(_)));
    }
}
