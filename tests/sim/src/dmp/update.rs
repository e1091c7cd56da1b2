//! TD3.3c: deletion, an ITI-57 status change (spec/dmp.md §3.7).

use super::answer::{Answer, Fault, Refusal};
use super::metadata;
use super::registry::{Status, Stored};
use super::rim::{self, Rigour};
use super::vihf::Vihf;
use super::{DENIED, Dmp, Exchange};
use crate::soap::Envelope;

const ACTION: &str = "urn:ihe:iti:2010:UpdateDocumentSet-Response";
const UPDATE: &str = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus";
const ARCHIVED: &str = "urn:asip:ci-sis:2010:StatusType:Archived";

fn refused(refusals: Vec<Refusal>) -> Answer {
    Answer::Registry { action: ACTION, refusals }
}

impl Dmp {
    /// Judges a status change. In indirect mode only the deletion of the structure's own documents
    /// is allowed; visibility (TD3.3a/b, an entry in the request) and archiving are refused.
    ///
    /// # Errors
    /// None beyond those of the envelope; kept for symmetry with `submit`.
    pub(super) fn update(
        &self,
        envelope: &Envelope<'_>,
        vihf: &Vihf,
        exchange: &mut Exchange,
    ) -> Result<Answer, Fault> {
        let objects = match rim::read(envelope.payload, Rigour::Samples) {
            Ok(objects) => objects,
            Err(errors) => {
                let all = errors.into_iter().map(|e| Refusal::new("XDSRegistryMetadataError", e)).collect();
                return Ok(refused(all));
            }
        };
        let one = |code, text: &str| Ok(refused(vec![Refusal::new(code, text)]));
        if !objects.entries.is_empty() {
            return one(DENIED, "TD3.3a et TD3.3b ne sont pas ouverts en authentification indirecte");
        }
        let (set_id, patient_id, structure) = match metadata::set(&objects) {
            Ok(set) => set,
            Err(refusals) => {
                let all = refusals.into_iter().map(|r| Refusal::new("XDSRegistryMetadataError", r.context));
                return Ok(refused(all.collect()));
            }
        };
        let [change] = objects.associations.as_slice() else {
            return one(
                "XDSMetadataUpdateError",
                "exactement une association UpdateAvailabilityStatus attendue",
            );
        };
        let package = objects.packages.first().map(|p| p.id.as_str());
        if change.kind != UPDATE || Some(change.source.as_str()) != package {
            return one(
                "XDSMetadataUpdateError",
                "association UpdateAvailabilityStatus depuis le lot attendue",
            );
        }
        if patient_id != vihf.patient_id {
            return one("XDSPatientIdDoesNotMatch", "resource-id du VIHF différent du patientId du lot");
        }
        if structure != vihf.structure {
            return one(DENIED, "la structure de l'auteur du lot n'est pas celle du VIHF");
        }
        let slot = |name: &str| {
            change.slots.get(name).and_then(|v| v.first()).map(String::as_str).unwrap_or_default()
        };
        match slot("NewStatus") {
            new if Status::from_urn(new) == Some(Status::Deleted) => {}
            ARCHIVED => return one(DENIED, "TD3.3d n'est pas ouvert en authentification indirecte"),
            _ => return one("XDSMetadataUpdateError", "NewStatus inconnu"),
        }
        let mut registry = self.registry();
        if registry.has_set(&set_id) {
            return one("XDSDuplicateUniqueIdInRegistry", "uniqueId du lot déjà présent");
        }
        let old = registry.entry(&change.target).filter(|e| e.status != Status::Deleted).cloned();
        let Some(old) = old else {
            return one("UnresolvedReferenceException", "document inconnu ou déjà supprimé");
        };
        exchange.unique_ids = vec![old.unique_id.clone()];
        if old.patient_id != patient_id {
            return one("XDSPatientIdDoesNotMatch", "le document est d'un autre patient");
        }
        if old.structure != vihf.structure {
            return one(DENIED, "le document est d'une autre structure");
        }
        if Status::from_urn(slot("OriginalStatus")) != Some(old.status) {
            return one("XDSMetadataUpdateError", "OriginalStatus différent du statut du document");
        }
        match registry.commit(vec![Stored { status: Status::Deleted, ..old }], &set_id) {
            Ok(()) => Ok(refused(Vec::new())),
            Err(e) => one("XDSRegistryOutOfResources", &e.to_string()),
        }
    }
}
