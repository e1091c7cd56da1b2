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
}

impl DeviceKind {
    /// Every kind, in the order shown.
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
    pub fn code(self) -> &'static str {
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
        }
    }

    /// Reads a code or the name used on the command line.
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
            _ => return None,
        })
    }

    /// True when the device proves an identity with high confidence, alone or (for minors) with a parent's device.
    #[must_use]
    pub fn is_high_confidence(self) -> bool {
        !matches!(self, Self::DrivingLicence | Self::VitaleCard)
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
}
