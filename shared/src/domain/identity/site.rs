//! What a laboratory decides about identities: whether it keeps them or receives them, which fields its screens show,
//! which documents prove an identity. It comes from the configuration and travels with the greeting of a connection.
//!
//! Deliberately not here: rights, which belong to persons and not to the site.

use serde::{Deserialize, Serialize};

use super::{DeviceKind, IdentityState};

/// Who keeps the identities (INS-25).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityRole {
    /// This system: identities are created and corrected here.
    #[default]
    Referentiel,
    /// Another system: identities come by flow; here they are created or corrected only by the degraded procedure.
    Esclave,
}

impl IdentityRole {
    /// Words shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Referentiel => "référentiel d'identités",
            Self::Esclave => "esclave d'un référentiel d'identités",
        }
    }
}

/// An identity field of the screens (INS-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShownField {
    /// Nom de naissance: always shown.
    BirthName,
    /// Premier prénom de naissance: always shown.
    FirstName,
    /// Date de naissance: always shown.
    BirthDate,
    /// Sexe: always shown.
    Sex,
    /// Liste des prénoms.
    GivenNames,
    /// Lieu de naissance.
    BirthPlace,
    /// Nom utilisé.
    UsedName,
    /// Prénom utilisé.
    UsedFirstName,
    /// Téléphone.
    Phone,
    /// N° de sécurité sociale used for billing.
    SocialSecurity,
    /// Matricule INS.
    Matricule,
}

impl ShownField {
    /// Words shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::BirthName => "nom de naissance",
            Self::FirstName => "premier prénom",
            Self::BirthDate => "date de naissance",
            Self::Sex => "sexe",
            Self::GivenNames => "prénoms",
            Self::BirthPlace => "lieu de naissance",
            Self::UsedName => "nom utilisé",
            Self::UsedFirstName => "prénom utilisé",
            Self::Phone => "téléphone",
            Self::SocialSecurity => "n° de sécurité sociale",
            Self::Matricule => "matricule INS",
        }
    }

    /// False for the four fields by which a person is recognised: no site may hide them (PA rule 3).
    #[must_use]
    pub fn may_be_hidden(self) -> bool {
        !matches!(self, Self::BirthName | Self::FirstName | Self::BirthDate | Self::Sex)
    }
}

/// A kind of document as a site accepts it (INS-26, INS-27).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRule {
    /// Which.
    pub kind: DeviceKind,
    /// Words shown to users.
    pub label: String,
    /// It proves an identity, alone or (for minors) with a document of a parent.
    pub high_confidence: bool,
    /// It is accepted for a minor only, with a document of a parent.
    pub with_parent: bool,
}

impl DeviceRule {
    /// The rule of the national list for a kind.
    #[must_use]
    pub fn national(kind: DeviceKind) -> Self {
        Self {
            kind,
            label: kind.label().to_owned(),
            high_confidence: kind.is_high_confidence(),
            with_parent: kind.needs_parent_device(),
        }
    }

    /// Words for its level of confidence.
    #[must_use]
    pub fn confidence(&self) -> &'static str {
        if self.high_confidence { "haute confiance" } else { "ne suffit pas" }
    }
}

/// What this site decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteIdentity {
    /// Who keeps the identities.
    pub role: IdentityRole,
    /// Fields that the screens do not show; never one of the four.
    pub hidden: Vec<ShownField>,
    /// Documents, in the order shown.
    pub devices: Vec<DeviceRule>,
    /// Recording a document of high confidence validates the identity; else a person validates it by a second act
    /// (STA-14).
    pub validate_on_document: bool,
}

impl Default for SiteIdentity {
    fn default() -> Self {
        Self {
            role: IdentityRole::default(),
            hidden: Vec::new(),
            devices: DeviceKind::ALL.map(DeviceRule::national).to_vec(),
            validate_on_document: true,
        }
    }
}

impl SiteIdentity {
    /// Whether screens show a field.
    #[must_use]
    pub fn shows(&self, field: ShownField) -> bool {
        !field.may_be_hidden() || !self.hidden.contains(&field)
    }

    /// The rule of a kind; `None` when this site does not know it.
    #[must_use]
    pub fn device(&self, kind: DeviceKind) -> Option<&DeviceRule> {
        self.devices.iter().find(|d| d.kind == kind)
    }

    /// Changes the rule of a kind, or adds the kind at the end.
    pub fn put(&mut self, rule: DeviceRule) {
        match self.devices.iter_mut().find(|d| d.kind == rule.kind) {
            Some(known) => *known = rule,
            None => self.devices.push(rule),
        }
    }

    /// Whether strict traits are read-only for a person: locked by INSi without the special right (STA-09), or kept
    /// elsewhere (INS-25).
    #[must_use]
    pub fn traits_locked(&self, state: IdentityState, special_right: bool) -> bool {
        self.role == IdentityRole::Esclave || (state.traits_locked() && !special_right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ins_06_the_four_fields_are_shown_whatever_is_asked() {
        use ShownField as F;
        let site = SiteIdentity {
            hidden: vec![F::BirthName, F::FirstName, F::BirthDate, F::Sex, F::Phone],
            ..SiteIdentity::default()
        };
        assert!([F::BirthName, F::FirstName, F::BirthDate, F::Sex].into_iter().all(|f| site.shows(f)));
        assert!(!site.shows(F::Phone) && site.shows(F::UsedName));
    }

    #[test]
    fn ins_27_a_site_adds_a_kind_and_lowers_another() {
        let mut site = SiteIdentity::default();
        let added = DeviceKind::parse("ASE").unwrap();
        let lowered = DeviceRule { high_confidence: false, ..DeviceRule::national(DeviceKind::ElectronicId) };
        assert!(site.device(added).is_none());
        let mine = DeviceRule { label: "Attestation du foyer".into(), ..DeviceRule::national(added) };
        site.put(DeviceRule { high_confidence: true, ..mine });
        site.put(lowered);
        assert!(site.device(added).is_some_and(|d| d.high_confidence));
        assert!(site.device(DeviceKind::ElectronicId).is_some_and(|d| !d.high_confidence));
        assert_eq!(site.devices.len(), DeviceKind::ALL.len() + 1);
        let wire = serde_json::to_string(&site).unwrap();
        assert_eq!(serde_json::from_str::<SiteIdentity>(&wire).unwrap(), site);
    }
}
