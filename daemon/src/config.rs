//! Configuration of the daemon: one TOML file. Service addresses stand here and nowhere else.
//!
//! Paths are relative to the folder of the file. Unknown keys are refused so that a typing mistake is seen at once.

use std::path::{Path, PathBuf};

use paillasse_shared::domain::identity::{
    DeviceKind, DeviceRule, IdentityRole, InsOid, ShownField, SiteIdentity,
};
use paillasse_shared::domain::report::DisplayOptions;
use paillasse_shared::domain::rights::{Profile, Right};
use serde::Deserialize;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("le fichier de configuration {path} ne se lit pas : {source}")]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("le fichier de configuration {path} n'est pas correct : {source}")]
    Form {
        /// Path of the file.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A rule between values.
    #[error("configuration : {0}")]
    Rule(String),
}

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The daemon itself.
    pub daemon: Daemon,
    /// The laboratory.
    pub laboratory: Laboratory,
    /// Persons who work here.
    #[serde(default)]
    pub users: Vec<User>,
    /// Téléservice INSi.
    pub insi: Option<Insi>,
    /// DMP.
    pub dmp: Option<Dmp>,
    /// MSSanté operator.
    pub mss: Option<Mss>,
    /// Results by MLLP.
    pub mllp: Option<Mllp>,
    /// The send queue.
    #[serde(default)]
    pub outbox: Outbox,
    /// Reports.
    #[serde(default)]
    pub reports: Reports,
    /// Verification of identities.
    #[serde(default)]
    pub verification: Verification,
    /// What the site decides about identities.
    #[serde(default)]
    pub identity: Identity,
    /// Parties with whom identities are exchanged.
    #[serde(default)]
    pub partners: Vec<Partner>,
    /// Folder of the file, for relative paths.
    #[serde(skip)]
    pub base: PathBuf,
}

/// The daemon itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Daemon {
    /// SQLite file.
    pub database: PathBuf,
    /// Unix socket.
    pub socket: PathBuf,
    /// Training or test: test OIDs are accepted, ÉCOLE is shown everywhere.
    #[serde(default)]
    pub training: bool,
    /// A catalogue of the laboratory instead of the one shipped.
    pub catalogue: Option<PathBuf>,
    /// Longest time given to a request that names no deadline, in milliseconds.
    #[serde(default = "thirty_seconds")]
    pub deadline_ms: u64,
}

fn thirty_seconds() -> u64 {
    30_000
}

/// The laboratory, as documents and services name it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Laboratory {
    /// Name.
    pub name: String,
    /// Site or desk shown on screen.
    pub site: String,
    /// Geographic FINESS, 9 characters.
    pub finess: String,
    /// Telephone.
    pub phone: String,
    /// Street.
    pub address: String,
    /// Postal code.
    pub postal_code: String,
    /// Town.
    pub city: String,
    /// Arc under which this laboratory makes its identifiers, at most 40 characters.
    pub oid_root: String,
    /// Time zone of the laboratory.
    #[serde(default = "paris")]
    pub time_zone: String,
    /// COFRAC accreditation number.
    pub cofrac: Option<String>,
    /// Login of the director; the first biologist when absent.
    pub director: Option<String>,
}

fn paris() -> String {
    "Europe/Paris".to_owned()
}

/// A person who works here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Login in Paillasse.
    pub login: String,
    /// Name shown.
    pub name: String,
    /// System account that may act as this person.
    pub uid: u32,
    /// Profiles.
    #[serde(default)]
    pub profiles: Vec<Profile>,
    /// Rights given one by one.
    #[serde(default)]
    pub rights: Vec<Right>,
    /// RPPS, 11 digits, for biologists.
    pub rpps: Option<String>,
    /// Profession code (JDV J01) for documents; Médecin, biologie médicale when absent.
    pub profession: Option<String>,
    /// Family name, for documents.
    #[serde(default)]
    pub family: String,
    /// First name, for documents.
    #[serde(default)]
    pub given: String,
}

impl User {
    /// Rights of the profiles and those given one by one, without doubles.
    #[must_use]
    pub fn all_rights(&self) -> Vec<Right> {
        let mut rights: Vec<Right> = self
            .profiles
            .iter()
            .flat_map(|p| p.rights().iter().copied())
            .chain(self.rights.clone())
            .collect();
        rights.sort_unstable();
        rights.dedup();
        rights
    }
}

/// Téléservice INSi, by organisation certificate; by the CPx card of a professional when it is described.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Insi {
    /// Address of the téléservice.
    pub url: String,
    /// Authorities trusted for this service.
    pub roots: PathBuf,
    /// Certificate and key with CN INSI-MANU.
    pub manu: PathBuf,
    /// Certificate and key with CN INSI-AUTO.
    pub auto: PathBuf,
    /// Authorisation number of the software.
    pub idam: String,
    /// OIDs that a return may carry here.
    pub accepted_oids: Vec<String>,
    /// Accept by itself a return where every known trait is the same.
    #[serde(default)]
    pub accept_exact: bool,
    /// Seconds given to an answer.
    #[serde(default = "fifteen")]
    pub answer_seconds: u64,
    /// Calls started by a person are made in CPx mode.
    #[serde(default)]
    pub cpx: Option<Cpx>,
}

/// Calls to INSi in the name of a professional who holds a CPx card.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpx {
    /// Address of the téléservice in this mode.
    pub url: String,
    /// Certificate of signature and its key (PEM): a key of tests, in training only.
    pub key: PathBuf,
    /// `identifiantFacturation`: nine digits.
    pub billing: String,
    /// `secteurActivite`.
    #[serde(default = "sa25")]
    pub sector: String,
}

fn sa25() -> String {
    "SA25".to_owned()
}

fn fifteen() -> u64 {
    15
}

/// DMP, indirect authentication.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dmp {
    /// Base address of the services.
    pub url: String,
    /// Authorities trusted for this service.
    pub roots: PathBuf,
    /// Certificate and key for TLS (AUTH_CLI).
    pub auth: PathBuf,
    /// Certificate and key for signatures (cachet serveur).
    pub sign: PathBuf,
    /// Homologation number.
    pub homologation: String,
    /// Seconds given to an answer.
    #[serde(default = "sixty")]
    pub answer_seconds: u64,
}

fn sixty() -> u64 {
    60
}

/// MSSanté operator, applicative mailbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mss {
    /// Host of the operator.
    pub host: String,
    /// Submission port.
    pub port: u16,
    /// Authorities trusted for this service.
    pub roots: PathBuf,
    /// Certificate and key of the mailbox.
    pub identity: PathBuf,
    /// Address of the mailbox.
    pub address: String,
    /// Label of the sender.
    pub label: String,
    /// Where people may answer.
    pub reply_to: String,
    /// Product reference of the convergence portal.
    pub nil: String,
    /// Also send to the patient's own mailbox.
    #[serde(default)]
    pub patients: bool,
    /// Seconds given to each step.
    #[serde(default = "sixty")]
    pub answer_seconds: u64,
}

/// Results by MLLP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mllp {
    /// Address and port; port 0 takes a free one, written in the state file.
    pub listen: String,
}

/// The send queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outbox {
    /// Delays before trials 2, 3, …; the last one repeats. Seconds.
    pub backoff_seconds: Vec<u64>,
    /// Time a worker has before its order is taken as cut. Seconds.
    pub lease_seconds: u64,
    /// Orders of one service on the wire at once.
    pub concurrency: u32,
    /// Most orders of one service started per second.
    pub rate: u32,
    /// Failures of transport in a row before the service is taken as down.
    pub breaker: u32,
    /// Attempts after which an order needs a person.
    pub max_attempts: u32,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            backoff_seconds: vec![60, 300, 900, 3600],
            lease_seconds: 180,
            concurrency: 4,
            rate: 10,
            breaker: 3,
            max_attempts: 170,
        }
    }
}

/// Reports.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reports {
    /// Send partial reports too.
    pub send_partial: bool,
    /// Notice printed at the end of each report.
    pub notice: Option<String>,
    /// Print nom utilisé and prénom utilisé beside the strict traits (INS-15).
    pub used_names: bool,
    /// Print the place of birth (INS-15).
    pub birth_place: bool,
    /// Print the whole list of prénoms (INS-15).
    pub all_given_names: bool,
    /// Print the INS datamatrix of a qualified identity (INS-16).
    pub datamatrix: bool,
}

impl Default for Reports {
    fn default() -> Self {
        let d = DisplayOptions::default();
        Self {
            send_partial: false,
            notice: None,
            used_names: d.used_names,
            birth_place: d.birth_place,
            all_given_names: d.all_given_names,
            datamatrix: d.datamatrix,
        }
    }
}

impl Reports {
    /// What is printed beside the strict traits.
    #[must_use]
    pub fn display(&self) -> DisplayOptions {
        DisplayOptions {
            used_names: self.used_names,
            birth_place: self.birth_place,
            all_given_names: self.all_given_names,
            datamatrix: self.datamatrix,
        }
    }
}

/// What the site decides about identities (INS-06, INS-25, INS-27, STA-14).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// Who keeps the identities.
    pub role: IdentityRole,
    /// Fields that the screens do not show.
    pub hidden: Vec<ShownField>,
    /// Recording a document of high confidence validates the identity.
    pub validate_on_document: bool,
    /// Kinds of document added or changed by the laboratory.
    pub documents: Vec<Document>,
}

impl Default for Identity {
    fn default() -> Self {
        Self { role: IdentityRole::default(), hidden: vec![], validate_on_document: true, documents: vec![] }
    }
}

/// A kind of document, added or changed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Code of the national list, or a new one of 2 to 8 letters or digits.
    pub code: String,
    /// Words shown; those of the national list when absent.
    pub label: Option<String>,
    /// It proves an identity.
    pub high_confidence: bool,
    /// For a minor only, with a document of a parent.
    pub with_parent: Option<bool>,
}

impl Identity {
    /// As workstations get it.
    #[must_use]
    pub fn site(&self) -> SiteIdentity {
        let mut site = SiteIdentity {
            role: self.role,
            hidden: self.hidden.clone(),
            validate_on_document: self.validate_on_document,
            ..SiteIdentity::default()
        };
        for d in &self.documents {
            let Some(kind) = DeviceKind::parse(&d.code) else { continue };
            let known = site.device(kind).cloned().unwrap_or_else(|| DeviceRule::national(kind));
            site.put(DeviceRule {
                kind,
                label: d.label.clone().unwrap_or(known.label),
                high_confidence: d.high_confidence,
                with_parent: d.with_parent.unwrap_or(known.with_parent),
            });
        }
        site
    }
}

/// Verification of identities that came from INSi (VER-01, VER-02, VER-10).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Verification {
    /// An identity recovered or verified longer ago than this is verified. Years; the guide says 4, 3 to 5 are seen.
    pub after_years: u16,
    /// First hour of the night in which they are spread, 0 to 23, local time.
    pub from_hour: i8,
    /// Hour at which the night ends.
    pub to_hour: i8,
    /// Most identities verified in one night.
    pub per_night: u32,
}

impl Default for Verification {
    fn default() -> Self {
        Self { after_years: 4, from_hour: 1, to_hour: 6, per_night: 5_000 }
    }
}

/// A party that sends us identities, or gets them from us (STA-13, INS-19, INS-20).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Name shown to users.
    pub name: String,
    /// Sending application (MSH-3) by which its messages are recognised.
    pub application: Option<String>,
    /// Sending facility (MSH-4); with both, both must agree.
    pub facility: Option<String>,
    /// Date from which a contract of trust about identities is in force.
    pub contract: Option<jiff::civil::Date>,
    /// The laboratory sees the persons this partner sends. Where it does, the partner's qualification is not enough.
    #[serde(default = "yes")]
    pub direct_care: bool,
}

fn yes() -> bool {
    true
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Unreadable, not of the form, or a rule between values; each names the file or the key.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|source| ConfigError::Form { path: path.to_owned(), source: Box::new(source) })?;
        config.base = path.parent().map(Path::to_owned).unwrap_or_default();
        config.check()?;
        Ok(config)
    }

    /// A path of the file, made absolute.
    #[must_use]
    pub fn path(&self, p: &Path) -> PathBuf {
        self.base.join(p)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let rule = |ok: bool, why: &str| if ok { Ok(()) } else { Err(ConfigError::Rule(why.to_owned())) };
        let root = &self.laboratory.oid_root;
        rule(
            !root.is_empty()
                && root.len() <= 40
                && root.split('.').all(|a| !a.is_empty() && a.bytes().all(|b| b.is_ascii_digit())),
            "laboratory.oid_root : chiffres et points, 40 caractères au plus",
        )?;
        rule(self.laboratory.finess.len() == 9, "laboratory.finess : 9 caractères")?;
        rule(!self.users.is_empty(), "users : au moins une personne")?;
        let v = &self.verification;
        rule(
            (0..24).contains(&v.from_hour) && (1..=24).contains(&v.to_hour) && v.from_hour < v.to_hour,
            "verification : from_hour avant to_hour, entre 0 et 24",
        )?;
        rule((1..=20).contains(&v.after_years), "verification.after_years : de 1 à 20")?;
        rule(!self.outbox.backoff_seconds.is_empty(), "outbox.backoff_seconds : au moins un délai")?;
        rule(self.outbox.concurrency > 0 && self.outbox.rate > 0, "outbox : concurrency et rate au moins 1")?;
        if let Some(field) = self.identity.hidden.iter().find(|f| !f.may_be_hidden()) {
            return Err(ConfigError::Rule(format!(
                "identity.hidden : {} ne se masque pas ; nom de naissance, premier prénom, date de naissance et sexe \
                 restent toujours à l'écran",
                field.label()
            )));
        }
        for d in &self.identity.documents {
            let known = DeviceKind::parse(&d.code);
            rule(known.is_some(), "identity.documents : code de 2 à 8 lettres ou chiffres")?;
            let added = matches!(known, Some(DeviceKind::Site(_)));
            rule(
                !added || d.label.is_some(),
                "identity.documents : dire le nom (label) d'un document ajouté",
            )?;
        }
        for p in &self.partners {
            let named = |v: &Option<String>| v.as_deref().is_some_and(|v| !v.trim().is_empty());
            rule(!p.name.trim().is_empty(), "partners.name : à donner")?;
            rule(
                named(&p.application) || named(&p.facility),
                "partners : application ou facility, sans quoi aucun message n'est reconnu",
            )?;
            rule(
                self.partners.iter().filter(|o| o.name == p.name).count() == 1,
                "partners.name : deux partenaires portent le même nom",
            )?;
        }
        if let Some(cpx) = self.insi.as_ref().and_then(|i| i.cpx.as_ref()) {
            rule(
                self.daemon.training,
                "insi.cpx : une clé dans un fichier n'est permise qu'en formation ; signer avec une carte n'est pas encore possible",
            )?;
            rule(
                cpx.billing.len() == 9 && cpx.billing.bytes().all(|b| b.is_ascii_digit()),
                "insi.cpx.billing : neuf chiffres",
            )?;
        }
        if let (Some(insi), false) = (&self.insi, self.daemon.training) {
            let test = |o: &String| InsOid::parse(o).is_some_and(|o| o.is_test());
            rule(
                !insi.accepted_oids.iter().any(test),
                "insi.accepted_oids : un OID de test n'est pas permis hors formation",
            )?;
        }
        Ok(())
    }

    /// Authorities of an INS accepted here: those configured with INSi, else those of production.
    #[must_use]
    pub fn accepted_oids(&self) -> Vec<InsOid> {
        match &self.insi {
            Some(insi) => insi.accepted_oids.iter().filter_map(|o| InsOid::parse(o)).collect(),
            None => vec![InsOid::Nir, InsOid::Nia],
        }
    }

    /// The person whom a system account acts for; with a login, that one if the account may.
    #[must_use]
    pub fn user(&self, uid: u32, login: Option<&str>) -> Option<&User> {
        self.users.iter().find(|u| u.uid == uid && login.is_none_or(|l| l == u.login))
    }

    /// The person who directs the laboratory, for documents.
    #[must_use]
    pub fn director(&self) -> Option<&User> {
        match &self.laboratory.director {
            Some(login) => self.users.iter().find(|u| u.login == *login),
            None => self.users.iter().find(|u| u.rpps.is_some()),
        }
    }
}
