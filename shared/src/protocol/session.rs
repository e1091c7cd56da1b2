//! Opening of a connection.

use serde::{Deserialize, Serialize};

use crate::domain::identity::SiteIdentity;
use crate::domain::rights::Right;

/// Who calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloParams {
    /// Name and version of the client.
    #[serde(default)]
    pub client: String,
    /// Version of the protocol that the client speaks.
    #[serde(default)]
    pub protocol: u32,
    /// Login wanted, when the system account may act for several persons (training).
    #[serde(default)]
    pub login: Option<String>,
}

/// Whom the daemon took the caller for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the daemon.
    pub daemon: String,
    /// Version of the protocol that the daemon speaks.
    pub protocol: u32,
    /// The person.
    pub user: User,
    /// The laboratory.
    pub laboratory: Laboratory,
    /// Training or test: ÉCOLE is always shown.
    pub training: bool,
    /// What the site decided about identities.
    #[serde(default)]
    pub identity: SiteIdentity,
}

impl Laboratory {
    /// The zone in which times are shown; `None` when the laboratory names none, or one that is not known here.
    #[must_use]
    pub fn zone(&self) -> Option<jiff::tz::TimeZone> {
        if self.time_zone.is_empty() { None } else { jiff::tz::TimeZone::get(&self.time_zone).ok() }
    }
}

/// A person who works here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Login.
    pub login: String,
    /// Name shown, such as `N. Martin`.
    pub name: String,
    /// Profile shown, such as `accueil`.
    pub profile: String,
    /// Rights.
    pub rights: Vec<Right>,
    /// RPPS number, for biologists.
    #[serde(default)]
    pub rpps: Option<String>,
}

/// The laboratory and the site of this workstation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Laboratory {
    /// Name.
    pub name: String,
    /// Site or desk.
    pub site: String,
    /// Geographic FINESS of the site.
    pub finess: String,
    /// Time zone in which this laboratory reads times, such as `Europe/Paris`; that of the machine when empty.
    #[serde(default)]
    pub time_zone: String,
}
