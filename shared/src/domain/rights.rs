//! Habilitations: each right is separate (INS-13); profiles are sets of rights.

use serde::{Deserialize, Serialize};

/// One right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Create and edit patients and dossiers.
    Register,
    /// See matricule and OID.
    SeeIns,
    /// Call INSi.
    CallInsi,
    /// Record a device and so validate an identity.
    QualifyIdentity,
    /// Modify strict traits of a locked identity.
    EditStrictTraits,
    /// Merge two identities.
    MergeIdentities,
    /// Split identities.
    SplitIdentities,
    /// Enter results.
    EnterResults,
    /// Technical validation.
    ValidateTechnical,
    /// Biological validation.
    ValidateBiological,
    /// Hold back, release, hide or show a document.
    DecideDocuments,
    /// Pause, resume, replay orders.
    ManageQueue,
    /// Read the audit journal.
    ReadAudit,
    /// Administer.
    Administer,
}

impl Right {
    /// Words shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Register => "accueil",
            Self::SeeIns => "voir l'INS",
            Self::CallInsi => "appel INSi",
            Self::QualifyIdentity => "valider une identité",
            Self::EditStrictTraits => "modifier les traits stricts",
            Self::MergeIdentities => "rapprocher des identités",
            Self::SplitIdentities => "dissocier des identités",
            Self::EnterResults => "saisir des résultats",
            Self::ValidateTechnical => "validation technique",
            Self::ValidateBiological => "validation biologique",
            Self::DecideDocuments => "décider de la diffusion d'un document",
            Self::ManageQueue => "gérer les envois",
            Self::ReadAudit => "lire le journal",
            Self::Administer => "administrer",
        }
    }
}

/// A profile of the first configuration; each laboratory may give rights one by one instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Secrétaire d'accueil.
    Accueil,
    /// Technicien.
    Technicien,
    /// Biologiste.
    Biologiste,
    /// Cellule d'identitovigilance.
    Identitovigilance,
    /// Administrateur.
    Administrateur,
}

impl Profile {
    /// Word shown beside the name of the user.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Accueil => "accueil",
            Self::Technicien => "technicien",
            Self::Biologiste => "biologiste",
            Self::Identitovigilance => "identitovigilance",
            Self::Administrateur => "admin",
        }
    }

    /// Rights of the profile.
    #[must_use]
    pub fn rights(self) -> &'static [Right] {
        use Right as R;
        match self {
            Self::Accueil => &[R::Register, R::SeeIns, R::CallInsi, R::QualifyIdentity, R::EnterResults],
            Self::Technicien => &[R::Register, R::SeeIns, R::EnterResults, R::ValidateTechnical],
            Self::Biologiste => &[
                R::Register,
                R::SeeIns,
                R::CallInsi,
                R::QualifyIdentity,
                R::EnterResults,
                R::ValidateTechnical,
                R::ValidateBiological,
                R::DecideDocuments,
                R::ManageQueue,
            ],
            Self::Identitovigilance => &[
                R::Register,
                R::SeeIns,
                R::CallInsi,
                R::QualifyIdentity,
                R::EditStrictTraits,
                R::MergeIdentities,
                R::SplitIdentities,
                R::ReadAudit,
            ],
            Self::Administrateur => &[R::ManageQueue, R::ReadAudit, R::Administer, R::DecideDocuments],
        }
    }
}
