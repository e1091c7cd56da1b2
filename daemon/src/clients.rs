//! The ways to the outside, made once at start from the configuration. A service whose certificate or key cannot be used
//! is told at start and left out; the others work.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use paillasse_connectors::dmp::{Actor, DmpClient, DmpSettings, Software, VihfSettings};
use paillasse_connectors::insi::cpx::Professional;
use paillasse_connectors::insi::{InsiClient, InsiSettings, LpsIdentity};
use paillasse_connectors::mail::{MailDeadlines, SmtpAuth, SmtpClient, SmtpEndpoint};
use paillasse_connectors::tls::{Deadlines, TlsMaterial, certificate_facts};
use paillasse_xml::SigningIdentity;
use uuid::Uuid;

use crate::config::Config;

/// Name of the software, as services see it.
pub const SOFTWARE: &str = "Paillasse";
/// Version of the software.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The way to the DMP, with the key that signs lots.
pub struct Dmp {
    /// Transactions.
    pub client: DmpClient,
    /// Key and certificate of the cachet serveur.
    pub signer: SigningIdentity,
}

/// The way to the MSSanté operator.
pub struct Mss {
    /// Submission.
    pub client: SmtpClient,
    /// Deadlines of a mail.
    pub deadlines: MailDeadlines,
}

/// All of them.
#[derive(Default)]
pub struct Clients {
    /// INSi.
    pub insi: Option<InsiClient>,
    /// DMP.
    pub dmp: Option<Dmp>,
    /// MSSanté.
    pub mss: Option<Mss>,
    /// Sentences about what could not be made.
    pub remarks: Vec<String>,
}

fn read(config: &Config, path: &Path) -> Result<Vec<u8>, String> {
    let path = config.path(path);
    std::fs::read(&path).map_err(|e| format!("le fichier {} ne se lit pas : {e}", path.display()))
}

fn material(config: &Config, roots: &Path, identity: &Path) -> Result<TlsMaterial, String> {
    Ok(TlsMaterial::new(read(config, roots)?, Some(read(config, identity)?)))
}

fn insi(config: &Config, instance: Uuid) -> Result<Option<InsiClient>, String> {
    let Some(c) = &config.insi else { return Ok(None) };
    let settings = InsiSettings {
        url: c.url.clone(),
        lps: LpsIdentity {
            authorisation: c.idam.clone(),
            version: VERSION.to_owned(),
            instance,
            name: format!("urn:lps:{}:{VERSION}", SOFTWARE.to_lowercase()),
        },
        accepted_oids: config.accepted_oids(),
        deadlines: Deadlines {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(c.answer_seconds.max(1)),
        },
    };
    let manu = material(config, &c.roots, &c.manu)?;
    let auto = material(config, &c.roots, &c.auto)?;
    let client = InsiClient::new(settings, Some(&manu), Some(&auto)).map_err(|e| e.to_string())?;
    let Some(cpx) = &c.cpx else { return Ok(Some(client)) };
    let key = read(config, &cpx.key)?;
    let facts = certificate_facts(&key).map_err(|e| e.to_string())?;
    let name_id = facts.first().and_then(|f| f.subject_cn.clone());
    let professional = Professional {
        name_id: name_id.ok_or("le certificat de la carte ne nomme pas de professionnel (CN)")?,
        billing: cpx.billing.clone(),
        sector: cpx.sector.clone(),
        signer: Arc::new(SigningIdentity::from_pem(&key).map_err(|e| e.to_string())?),
    };
    let roots = TlsMaterial::new(read(config, &c.roots)?, None);
    client.with_card(&cpx.url, &roots, professional).map(Some).map_err(|e| e.to_string())
}

fn dmp(config: &Config) -> Result<Option<Dmp>, String> {
    let Some(c) = &config.dmp else { return Ok(None) };
    let tls = material(config, &c.roots, &c.auth)?;
    let sign = read(config, &c.sign)?;
    let structure = certificate_facts(&sign)
        .map_err(|e| e.to_string())?
        .first()
        .and_then(|f| f.subject_ou.first().cloned())
        .ok_or("le certificat de signature ne nomme pas de structure (OU)")?;
    let responsible = config.director().and_then(|d| d.rpps.clone()).unwrap_or_default();
    let software = Software {
        id: None,
        name: SOFTWARE.to_owned(),
        version: VERSION.to_owned(),
        homologation: c.homologation.clone(),
    };
    let automate = Actor::automate(
        &format!("8{responsible}"),
        &format!("{SOFTWARE} {VERSION} {}", config.laboratory.name),
    );
    let mut settings = DmpSettings::new(&c.url, VihfSettings::new(&structure, software, automate));
    settings.submit_timeout = Duration::from_secs(c.answer_seconds.max(1));
    settings.call_timeout = Duration::from_secs(c.answer_seconds.max(1));
    let identity = || SigningIdentity::from_pem(&sign).map_err(|e| e.to_string());
    let client = DmpClient::new(settings, &tls, identity()?).map_err(|e| e.to_string())?;
    Ok(Some(Dmp { client, signer: identity()? }))
}

fn mss(config: &Config) -> Result<Option<Mss>, String> {
    let Some(c) = &config.mss else { return Ok(None) };
    let tls = material(config, &c.roots, &c.identity)?;
    let domain = c.address.split_once('@').map_or("localhost", |(_, d)| d);
    let endpoint =
        SmtpEndpoint { host: c.host.clone(), port: c.port, hello: domain.to_owned(), size_limit: None };
    let auth = SmtpAuth::Plain { mailbox: c.address.clone(), password: String::new().into() };
    let client = SmtpClient::new(endpoint, &tls, auth).map_err(|e| e.to_string())?;
    let step = Duration::from_secs(c.answer_seconds.max(1));
    let deadlines = MailDeadlines { command: step, data: step, acceptance: step, ..MailDeadlines::default() };
    Ok(Some(Mss { client, deadlines }))
}

/// A sentence when the certificate that signs names another structure than the laboratory configured: the DMP would
/// refuse each submission (its contract compares both). A structure known by its FINESS is written 1 then the FINESS.
fn another_structure(config: &Config) -> Option<String> {
    let sign = read(config, &config.dmp.as_ref()?.sign).ok()?;
    let facts = certificate_facts(&sign).ok()?;
    let named = facts.first()?.subject_ou.first()?;
    let signs = named.strip_prefix('1').filter(|n| n.len() == 9)?;
    let finess = &config.laboratory.finess;
    (signs != finess).then(|| {
        format!(
            "le certificat de signature du DMP désigne la structure {named}, le FINESS configuré est {finess} : \
             le DMP refusera les envois tant que l'un des deux n'est pas corrigé"
        )
    })
}

impl Clients {
    /// Makes what the configuration describes; `instance` identifies this installation.
    #[must_use]
    pub fn new(config: &Config, instance: Uuid) -> Self {
        let mut remarks = Vec::new();
        let mut keep = |name: &str, e: String| remarks.push(format!("{name} ne peut pas servir : {e}"));
        let insi = insi(config, instance).unwrap_or_else(|e| {
            keep("INSi", e);
            None
        });
        let dmp = dmp(config).unwrap_or_else(|e| {
            keep("DMP", e);
            None
        });
        let mss = mss(config).unwrap_or_else(|e| {
            keep("MSSanté", e);
            None
        });
        remarks.extend(another_structure(config));
        Self { insi, dmp, mss, remarks }
    }
}
