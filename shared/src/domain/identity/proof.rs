//! Devices of identification: which documents prove an identity with high confidence (RNIV; FR Core codes).

use serde::{Deserialize, Serialize};

/// Kind of device shown to prove an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// Passeport (PA).
    Passport,
    /// Carte nationale d'identité (CN).
    NationalIdCard,
    /// Titre de séjour (CS).
    ResidencePermit,
    /// Document de circulation pour étranger mineur (DC).
    MinorCirculation,
    /// Livret de famille (LE): a minor, with a device of a parent.
    FamilyBook,
    /// Extrait ou copie d'acte de naissance (AN): a minor, with a device of a parent.
    BirthCertificate,
    /// Identification électronique de niveau substantiel (France Identité…).
    ElectronicId,
    /// Permis de conduire (PC): not accepted.
    DrivingLicence,
    /// Carte Vitale alone: not accepted.
    VitaleCard,
    /// Tiers de confiance: another actor checked the device, under a contract. Never chosen by hand.
    ThirdParty,
    /// Appli carte Vitale: recorded by its reading, never declared by hand.
    Apcv,
    /// A kind added by the laboratory (INS-27); its words and its level stand in the configuration.
    #[serde(untagged)]
    Site(SiteCode),
}

/// Code of a kind of document added by a laboratory: 2 to 8 characters `[A-Z0-9]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SiteCode([u8; 8]);

impl SiteCode {
    /// Reads a code, either case.
    ///
    /// # Errors
    /// A sentence that says what a code looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_uppercase();
        let mut code = [0; 8];
        if !(2..=8).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err("code de document : 2 à 8 lettres ou chiffres".to_owned());
        }
        for (slot, byte) in code.iter_mut().zip(text.bytes()) {
            *slot = byte;
        }
        Ok(Self(code))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default().trim_end_matches('\0')
    }
}

impl TryFrom<String> for SiteCode {
    type Error = String;
    fn try_from(value: String) -> Result<Self, Self::Error> {
        Self::parse(&value)
    }
}

impl From<SiteCode> for String {
    fn from(value: SiteCode) -> Self {
        value.as_str().to_owned()
    }
}

impl DeviceKind {
    /// Every kind of the national list, in the order shown.
    pub const ALL: [Self; 9] = [
        Self::NationalIdCard,
        Self::Passport,
        Self::ResidencePermit,
        Self::ElectronicId,
        Self::MinorCirculation,
        Self::FamilyBook,
        Self::BirthCertificate,
        Self::DrivingLicence,
        Self::VitaleCard,
    ];

    /// Code of table FR Core / HL7 (ZFD-7) where there is one.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Passport => "PA",
            Self::NationalIdCard => "CN",
            Self::ResidencePermit => "CS",
            Self::MinorCirculation => "DC",
            Self::FamilyBook => "LE",
            Self::BirthCertificate => "AN",
            Self::ElectronicId => "EID",
            Self::DrivingLicence => "PC",
            Self::VitaleCard => "CV",
            Self::ThirdParty => "TC",
            Self::Apcv => "APCV",
            Self::Site(code) => code.as_str(),
        }
    }

    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Passport => "Passeport",
            Self::NationalIdCard => "Carte nationale d'identité",
            Self::ResidencePermit => "Titre de séjour",
            Self::MinorCirculation => "Document de circulation (mineur)",
            Self::FamilyBook => "Livret de famille (mineur, avec la pièce d'un parent)",
            Self::BirthCertificate => "Acte de naissance (mineur, avec la pièce d'un parent)",
            Self::ElectronicId => "Identité numérique (France Identité)",
            Self::DrivingLicence => "Permis de conduire",
            Self::VitaleCard => "Carte Vitale",
            Self::ThirdParty => "Tiers de confiance",
            Self::Apcv => "Appli carte Vitale",
            Self::Site(_) => "Document admis par le laboratoire",
        }
    }

    /// Reads a code or the name used on the command line; another code is one that a laboratory may have added.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let t = text.trim().to_ascii_lowercase();
        Some(match t.as_str() {
            "pa" | "passeport" | "passport" => Self::Passport,
            "cn" | "cni" => Self::NationalIdCard,
            "cs" | "sejour" | "titre-sejour" => Self::ResidencePermit,
            "dc" | "circulation" => Self::MinorCirculation,
            "le" | "livret" => Self::FamilyBook,
            "an" | "acte" => Self::BirthCertificate,
            "eid" | "france-identite" => Self::ElectronicId,
            "pc" | "permis" => Self::DrivingLicence,
            "cv" | "vitale" => Self::VitaleCard,
            "apcv" => Self::Apcv,
            _ => return SiteCode::parse(&t).ok().map(Self::Site),
        })
    }

    /// True when the national list has it prove an identity with high confidence, alone or (for minors) with a parent's
    /// device. What a site decided stands in [`super::SiteIdentity`].
    #[must_use]
    pub fn is_high_confidence(self) -> bool {
        !matches!(self, Self::DrivingLicence | Self::VitaleCard | Self::ThirdParty | Self::Site(_))
    }

    /// True when a second device, of a parent, must be recorded.
    #[must_use]
    pub fn needs_parent_device(self) -> bool {
        matches!(self, Self::FamilyBook | Self::BirthCertificate)
    }
}

/// A device that was shown and checked. The number of the document is deliberately not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Kind of device.
    pub device: DeviceKind,
    /// Device of the parent, for a minor.
    pub parent_device: Option<DeviceKind>,
    /// When it was checked.
    pub checked_at: jiff::Timestamp,
    /// Who checked it (login).
    pub checked_by: String,
    /// How the site named the document that day; empty in older records.
    #[serde(default)]
    pub label: String,
    /// Partner on whose word it stands, for [`DeviceKind::ThirdParty`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
}

impl Proof {
    /// Words shown to users.
    #[must_use]
    pub fn words(&self) -> &str {
        if self.label.is_empty() { self.device.label() } else { &self.label }
    }
}
