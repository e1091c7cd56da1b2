//! The test certificate authority of the simulators and everything it issues.
//!
//! Made afresh in the throw-away folder: no key is ever shipped. The authority's own key is
//! forgotten as soon as the certificates are written, so that a folder left behind cannot issue
//! more; a later start in the same folder reuses the files. Subjects imitate IGC-Santé
//! (spec/ins.md B.4, spec/dmp.md §2): `C=FR, ST, O, OU=<type><structure>, CN`.
//!
//! Server, DMP authentication and DMP signature keys are RSA 2048 because the contracts ask for it
//! (ECDHE_RSA suites, RSA signatures); the others are P-256, which costs nothing to make.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Serialize;

/// Structure identifier of every client certificate: `1` (FINESS) then a FINESS number that the
/// INSi samples use as a placeholder.
pub const STRUCTURE: &str = "10B0152872";
/// Organisation name of every client certificate.
pub const ORGANISATION: &str = "LABORATOIRE DE DEMONSTRATION";
/// Identifier on the professional's card: `8` and a fictitious RPPS number.
pub const CPX_NUMBER: &str = "899700000017";
/// Common name of the authority, imitating the test branch of IGC-Santé.
pub const CA_NAME: &str = "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS";

/// Why the certificates could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The certificate builder refused.
    #[error("fabrication du certificat « {0} » : {1}")]
    Make(&'static str, String),
    /// An RSA key could not be generated.
    #[error("génération d'une clé RSA : {0}")]
    Rsa(String),
    /// A file could not be read or written.
    #[error("{0} : {1}")]
    File(PathBuf, std::io::Error),
    /// A PEM file does not hold what it should.
    #[error("{0} ne contient pas le certificat et la clé attendus")]
    Pem(PathBuf),
}

/// A certificate with its key.
#[derive(Debug)]
pub struct Identity {
    /// Key (PKCS#8) then certificate, in one PEM text.
    pub pem: String,
    /// The certificate.
    pub cert: CertificateDer<'static>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    fn from_pem(pem: String, path: &Path) -> Result<Identity, PkiError> {
        let bad = |_| PkiError::Pem(path.to_owned());
        let cert = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(bad)?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(bad)?;
        Ok(Identity { pem, cert, key })
    }
}

/// Everything issued.
#[derive(Debug)]
pub struct Pki {
    /// Certificate of the authority, PEM.
    pub ca_pem: String,
    /// Certificate of the authority.
    pub ca: CertificateDer<'static>,
    /// Server certificate for localhost and 127.0.0.1.
    pub server: Identity,
    /// The same, expired for a month.
    pub expired: Identity,
    /// INSi, call started by a person.
    pub insi_manu: Identity,
    /// INSi, call started by a process.
    pub insi_auto: Identity,
    /// INSi, signature of a professional's card (the key of the cachet serveur serves again: keys are slow to make).
    pub cpx: Identity,
    /// DMP, TLS client (AUTH_CLI).
    pub dmp_auth: Identity,
    /// DMP, VIHF and lot signature (SIGN, cachet serveur).
    pub dmp_sign: Identity,
    /// MSSanté applicative mailbox, TLS client (AUTH_CLI).
    pub mss_app: Identity,
}

/// Where the PEM files are; the names are a contract with whoever starts the simulators.
#[derive(Debug, Clone, Serialize)]
pub struct CertPaths {
    /// `ca.pem`.
    pub ca: PathBuf,
    /// `insi-manu.pem`.
    pub insi_manu: PathBuf,
    /// `insi-auto.pem`.
    pub insi_auto: PathBuf,
    /// `cpx.pem`.
    pub cpx: PathBuf,
    /// `dmp-auth.pem`.
    pub dmp_auth: PathBuf,
    /// `dmp-sign.pem`.
    pub dmp_sign: PathBuf,
    /// `mss-app.pem`.
    pub mss_app: PathBuf,
}

enum Usage {
    Server,
    Client,
    Sign,
    Card,
}

struct Maker<'a> {
    issuer: Issuer<'a, KeyPair>,
    now: Timestamp,
}

impl Pki {
    /// Makes the authority and all certificates, valid from yesterday for three years.
    ///
    /// # Errors
    /// [`PkiError`] from the key or certificate builders.
    pub fn generate(now: Timestamp) -> Result<Pki, PkiError> {
        // The three RSA keys are the only slow part: side by side.
        let rsa: Vec<Result<String, PkiError>> = std::thread::scope(|scope| {
            let jobs: Vec<_> = (0..3).map(|_| scope.spawn(rsa_key_pem)).collect();
            jobs.into_iter()
                .map(|j| j.join().unwrap_or_else(|_| Err(PkiError::Rsa("fil interrompu".into()))))
                .collect()
        });
        let mut rsa = rsa.into_iter();
        let mut next_rsa = || rsa.next().unwrap_or_else(|| Err(PkiError::Rsa("clé absente".into())));
        let (server_key, auth_key, sign_key) = (next_rsa()?, next_rsa()?, next_rsa()?);

        let ca_key = ec_key()?;
        let mut params = params("ca", CA_NAME, None, Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_dates(&mut params, now, (-1, 1095));
        let ca = params.self_signed(&ca_key).map_err(|e| PkiError::Make("ca", e.to_string()))?;
        let (ca_pem, ca_der) = (ca.pem(), ca.der().clone());
        let make = Maker { issuer: Issuer::new(params, ca_key), now };
        let ec = || ec_key().map(|k| k.serialize_pem());
        Ok(Pki {
            ca_pem,
            ca: ca_der,
            server: make.one("server", "localhost", &server_key, Usage::Server, (-1, 1095))?,
            expired: make.one("server-expired", "localhost", &server_key, Usage::Server, (-400, -30))?,
            insi_manu: make.one("insi-manu", "INSI-MANU", &ec()?, Usage::Client, (-1, 1095))?,
            insi_auto: make.one("insi-auto", "INSI-AUTO", &ec()?, Usage::Client, (-1, 1095))?,
            cpx: make.one("cpx", CPX_NUMBER, &sign_key, Usage::Card, (-1, 1095))?,
            dmp_auth: make.one("dmp-auth", "DMP AUTH", &auth_key, Usage::Client, (-1, 1095))?,
            dmp_sign: make.one("dmp-sign", "DMP SIGN", &sign_key, Usage::Sign, (-1, 1095))?,
            mss_app: make.one("mss-app", "MSS APP", &ec()?, Usage::Client, (-1, 1095))?,
        })
    }

    /// Reads the certificates of an earlier start in `dir`, or makes and writes new ones.
    ///
    /// # Errors
    /// [`PkiError`]: files that cannot be read or written, or a builder that refuses.
    pub fn load_or_generate(dir: &Path, now: Timestamp) -> Result<Pki, PkiError> {
        if dir.join("ca.pem").exists()
            && let Ok(pki) = Pki::load(dir)
            && crate::cert::CertFacts::read(&pki.server.cert)
                .is_ok_and(|c| c.validity.0 <= now.as_second() && now.as_second() <= c.validity.1)
        {
            return Ok(pki);
        }
        Pki::generate(now)
    }

    fn load(dir: &Path) -> Result<Pki, PkiError> {
        let read = |name: &str| {
            let path = dir.join(name);
            std::fs::read_to_string(&path).map_err(|e| PkiError::File(path, e))
        };
        let identity = |name: &str| Identity::from_pem(read(name)?, &dir.join(name));
        let ca_pem = read("ca.pem")?;
        let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes())
            .map_err(|_| PkiError::Pem(dir.join("ca.pem")))?;
        Ok(Pki {
            ca_pem,
            ca,
            server: identity("server.pem")?,
            expired: identity("server-expired.pem")?,
            insi_manu: identity("insi-manu.pem")?,
            insi_auto: identity("insi-auto.pem")?,
            cpx: identity("cpx.pem")?,
            dmp_auth: identity("dmp-auth.pem")?,
            dmp_sign: identity("dmp-sign.pem")?,
            mss_app: identity("mss-app.pem")?,
        })
    }

    /// Writes every PEM file into `dir`, created if needed, keys readable by the owner only.
    ///
    /// # Errors
    /// [`PkiError::File`].
    pub fn write(&self, dir: &Path) -> Result<CertPaths, PkiError> {
        std::fs::create_dir_all(dir).map_err(|e| PkiError::File(dir.to_owned(), e))?;
        let put = |name: &str, text: &str| -> Result<PathBuf, PkiError> {
            let path = dir.join(name);
            write_private(&path, text).map_err(|e| PkiError::File(path.clone(), e))?;
            Ok(path)
        };
        put("server.pem", &self.server.pem)?;
        put("server-expired.pem", &self.expired.pem)?;
        Ok(CertPaths {
            insi_manu: put("insi-manu.pem", &self.insi_manu.pem)?,
            insi_auto: put("insi-auto.pem", &self.insi_auto.pem)?,
            cpx: put("cpx.pem", &self.cpx.pem)?,
            dmp_auth: put("dmp-auth.pem", &self.dmp_auth.pem)?,
            dmp_sign: put("dmp-sign.pem", &self.dmp_sign.pem)?,
            mss_app: put("mss-app.pem", &self.mss_app.pem)?,
            ca: put("ca.pem", &self.ca_pem)?,
        })
    }
}

impl Maker<'_> {
    fn one(
        &self,
        what: &'static str,
        cn: &str,
        key_pem: &str,
        usage: Usage,
        days: (i64, i64),
    ) -> Result<Identity, PkiError> {
        let err = |e: rcgen::Error| PkiError::Make(what, e.to_string());
        let key = KeyPair::from_pem(key_pem).map_err(err)?;
        let names = match usage {
            Usage::Server => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            Usage::Client | Usage::Sign | Usage::Card => Vec::new(),
        };
        let mut params = params(what, cn, Some(STRUCTURE), names)?;
        if matches!(usage, Usage::Card) {
            params.distinguished_name = professional();
            params.custom_extensions = card_extensions();
        }
        set_dates(&mut params, self.now, days);
        params.use_authority_key_identifier_extension = true;
        (params.key_usages, params.extended_key_usages) = match usage {
            Usage::Server => (
                vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment],
                vec![ExtendedKeyUsagePurpose::ServerAuth],
            ),
            Usage::Client => {
                (vec![KeyUsagePurpose::DigitalSignature], vec![ExtendedKeyUsagePurpose::ClientAuth])
            }
            Usage::Card => {
                (vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment], vec![])
            }
            Usage::Sign => (
                vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment],
                vec![ExtendedKeyUsagePurpose::EmailProtection],
            ),
        };
        let cert = params.signed_by(&key, &self.issuer).map_err(err)?;
        let pem = format!("{}{}", key_pem.trim_end().to_owned() + "\n", cert.pem());
        Identity::from_pem(pem, Path::new(what))
    }
}

fn params(
    what: &'static str,
    cn: &str,
    ou: Option<&str>,
    names: Vec<String>,
) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::new(names).map_err(|e| PkiError::Make(what, e.to_string()))?;
    let mut dn = DistinguishedName::new();
    dn.push(DnType::CountryName, "FR");
    if let Some(ou) = ou {
        dn.push(DnType::StateOrProvinceName, "Puy-de-Dome (63)");
        dn.push(DnType::OrganizationName, ORGANISATION);
        dn.push(DnType::OrganizationalUnitName, ou);
    } else {
        dn.push(DnType::OrganizationName, "SIMULATEUR");
        dn.push(DnType::OrganizationalUnitName, "CERTIFICATS DE TEST");
    }
    dn.push(DnType::CommonName, cn);
    params.distinguished_name = dn;
    Ok(params)
}

/// Subject of a professional's card (spec/ins.md B.4): profession, given name, identifier, name.
fn professional() -> DistinguishedName {
    let mut dn = DistinguishedName::new();
    dn.push(DnType::CountryName, "FR");
    dn.push(DnType::CustomDnType(vec![2, 5, 4, 12]), "Pharmacien");
    dn.push(DnType::CustomDnType(vec![2, 5, 4, 4]), "BIOLOGISTE");
    dn.push(DnType::CommonName, CPX_NUMBER);
    dn.push(DnType::CustomDnType(vec![2, 5, 4, 42]), "CAMILLE");
    dn
}

/// Private extensions of the card: type (.2) and number (.3), as DER texts. Their exact syntax is not public.
fn card_extensions() -> Vec<CustomExtension> {
    [(2, "CPS"), (3, "2800012345")]
        .map(|(arc, text)| {
            let mut der = vec![0x0c, u8::try_from(text.len()).unwrap_or(0)];
            der.extend(text.bytes());
            CustomExtension::from_oid_content(&[1, 2, 250, 1, 71, 1, 2, arc], der)
        })
        .into()
}

fn ec_key() -> Result<KeyPair, PkiError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| PkiError::Make("clé", e.to_string()))
}

fn rsa_key_pem() -> Result<String, PkiError> {
    let key =
        RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(|e| PkiError::Rsa(e.to_string()))?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| PkiError::Rsa(e.to_string()))?;
    Ok(pem.to_string())
}

/// Sets the validity, in days from `now`, from midnight UTC to midnight UTC.
fn set_dates(params: &mut CertificateParams, now: Timestamp, (from, to): (i64, i64)) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let part = |n: i8| u8::try_from(n).unwrap_or(1);
    let day = |days: i64| {
        let date = today.checked_add(days.days()).unwrap_or(today);
        rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()))
    };
    params.not_before = day(from);
    params.not_after = day(to);
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}
