//! TD2.1: feeding and replacing (spec/dmp.md §3.4, §5, §6, §7).

use super::answer::{Answer, Fault, Refusal};
use super::cda::{self, Facts};
use super::lot::{self, LotError};
use super::message::{Part, Raw};
use super::metadata::{self, Lot};
use super::registry::{Registry, Status, Stored};
use super::rim::{self, LCM, Rigour};
use super::vihf::Vihf;
use super::{DENIED, Dmp, Exchange};
use crate::c14n::C14n;
use crate::dsig::Hash;
use crate::mime;
use crate::soap::Envelope;
use crate::xml::{self, Document, Element};

const XDSB: &str = "urn:ihe:iti:xds-b:2007";
const XOP: &str = "http://www.w3.org/2004/08/xop/include";
const ACTION: &str = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse";

fn refused(refusals: Vec<Refusal>) -> Answer {
    Answer::Registry { action: ACTION, refusals }
}

/// A document with the registry facts of its CDA.
struct Opened {
    unique_id: String,
    doc: Document,
    facts: Facts,
}

impl Dmp {
    /// Judges a submission and, if it holds, registers it.
    ///
    /// # Errors
    /// The faults of spec/dmp.md §2 and §4.4; business refusals are answers.
    pub(super) fn submit(
        &self,
        envelope: &Envelope<'_>,
        raw: &Raw,
        vihf: &Vihf,
        exchange: &mut Exchange,
    ) -> Result<Answer, Fault> {
        let request = envelope.payload;
        if !request.is(XDSB, "ProvideAndRegisterDocumentSetRequest") {
            return Err(Fault::sender("ProvideAndRegisterDocumentSetRequest attendu dans soap:Body"));
        }
        let mut children = request.elements();
        let submit = children.next().filter(|e| e.is(LCM, "SubmitObjectsRequest"));
        let submit = submit.ok_or_else(|| Fault::sender("SubmitObjectsRequest attendu en premier"))?;
        if let Some(extra) = children.find(|e| !e.is(XDSB, "Document")) {
            return Err(Fault::sender(format!("{} inattendu après SubmitObjectsRequest", extra.local)));
        }
        // Written on its own so that it can be read without the envelope.
        let alone = C14n::INCLUSIVE.element(submit, None);
        if let Err(e) = self.keep(exchange.n, "metadata.xml", &alone) {
            return Err(Fault::sender(format!("le simulateur ne peut pas écrire : {e}")));
        }
        let objects = match rim::read(submit, Rigour::Schema) {
            Ok(objects) => objects,
            Err(errors) => {
                let all = errors.into_iter().map(|e| Refusal::new("XDSRepositoryMetadataError", e)).collect();
                return Ok(refused(all));
            }
        };
        let lot = match metadata::lot(&objects) {
            Ok(lot) => lot,
            Err(refusals) => return Ok(refused(refusals)),
        };
        exchange.unique_ids = lot.documents.iter().map(|d| d.unique_id.clone()).collect();
        if vihf.mode == "INDIRECTE_RENFORCEE" {
            return Ok(refused(vec![Refusal::new(
                DENIED,
                "TD2.1 n'est pas ouvert en authentification renforcée",
            )]));
        }
        if lot.patient_id != vihf.patient_id {
            let text = "resource-id du VIHF différent du patientId du lot";
            return Ok(refused(vec![Refusal::new("XDSPatientIdDoesNotMatch", text)]));
        }
        if lot.structure != vihf.structure {
            let text = "la structure de l'auteur du lot n'est pas celle du VIHF";
            return Ok(refused(vec![Refusal::new(DENIED, text)]));
        }
        let parts = match link(request, raw, &lot) {
            Ok(parts) => parts,
            Err(refusals) => return Ok(refused(refusals)),
        };
        let documents = match open(&lot, &parts) {
            Ok(documents) => documents,
            Err(refusals) => return Ok(refused(refusals)),
        };
        match self.signature(&lot, &parts, &documents) {
            Ok(()) => {}
            Err(LotError::Certificate(fault)) => return Err(fault),
            Err(LotError::Content(text)) => {
                return Ok(refused(vec![Refusal::new("InvalidDocumentContent", text)]));
            }
        }
        Ok(refused(self.register(&lot, vihf, &documents, exchange.n)))
    }

    fn signature(&self, lot: &Lot, parts: &[&Part], documents: &[Opened]) -> Result<(), LotError> {
        let bytes = parts.last().map(|p| p.bytes.as_slice()).unwrap_or_default();
        let doc = xml::parse(bytes).map_err(|e| LotError::Content(format!("signature du lot : {e}")))?;
        let signed = lot::verify(&doc.root)?;
        let now = self.journal.now().as_second();
        signed
            .certificate
            .signing_key(&self.ca, now)
            .map_err(|e| LotError::Certificate(Fault::certificate(&e)))?;
        let documents: Vec<(&str, &Document)> =
            documents.iter().map(|d| (d.unique_id.as_str(), &d.doc)).collect();
        lot::compare(&signed, lot, &documents)
    }

    fn register(&self, lot: &Lot, vihf: &Vihf, documents: &[Opened], n: u64) -> Vec<Refusal> {
        let mut registry = self.registry();
        let mut refusals = duplicates(&registry, lot);
        let mut changes = Vec::new();
        if refusals.is_empty() {
            for (entry, opened) in lot.documents.iter().zip(documents) {
                if let Some(target) = &entry.replaces {
                    match replaced(&registry, target, lot, vihf, &opened.facts) {
                        Ok(old) => changes.push(Stored { status: Status::Deprecated, ..old.clone() }),
                        Err(refusal) => refusals.push(refusal),
                    }
                }
            }
        }
        if !refusals.is_empty() {
            return refusals;
        }
        let facts = documents.iter().map(|d| d.facts.clone()).chain(std::iter::once(Facts::default()));
        for (entry, facts) in lot.documents.iter().chain(std::iter::once(&lot.signature)).zip(facts) {
            changes.push(Stored {
                entry_uuid: format!("urn:uuid:{}", uuid::Uuid::new_v4()),
                unique_id: entry.unique_id.clone(),
                hash: entry.hash.clone(),
                patient_id: lot.patient_id.clone(),
                structure: vihf.structure.clone(),
                set_id: facts.set_id,
                version: facts.version,
                status: Status::Approved,
                exchange: n,
            });
        }
        match registry.commit(changes, &lot.unique_id) {
            Ok(()) => Vec::new(),
            Err(e) => vec![Refusal::new("XDSRepositoryOutOfResources", e.to_string())],
        }
    }
}

fn duplicates(registry: &Registry, lot: &Lot) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for entry in lot.documents.iter().chain(std::iter::once(&lot.signature)) {
        if let Some(known) = registry.unique(&entry.unique_id) {
            let hash = if known.hash == entry.hash { "empreinte identique" } else { "empreinte différente" };
            let text = format!("uniqueId {} déjà présent, {hash}", entry.unique_id);
            refusals.push(Refusal::new("XDSDuplicateUniqueIdInRegistry", text));
        }
    }
    if refusals.is_empty() && registry.has_set(&lot.unique_id) {
        let text = format!("uniqueId du lot {} déjà présent", lot.unique_id);
        refusals.push(Refusal::new("XDSDuplicateUniqueIdInRegistry", text));
    }
    refusals
}

/// The entry to replace, if it may be.
fn replaced<'a>(
    registry: &'a Registry,
    target: &str,
    lot: &Lot,
    vihf: &Vihf,
    facts: &Facts,
) -> Result<&'a Stored, Refusal> {
    let old = registry.entry(target).filter(|e| e.status != Status::Deleted);
    let old =
        old.ok_or_else(|| Refusal::new("UnresolvedReferenceException", format!("RPLC : {target} inconnu")))?;
    let deprecated =
        || Refusal::new("XDSRegistryDeprecatedDocumentError", format!("RPLC : {target} n'est plus Approved"));
    if old.status != Status::Approved {
        return Err(deprecated());
    }
    if old.patient_id != lot.patient_id {
        return Err(Refusal::new(
            "XDSPatientIdDoesNotMatch",
            "RPLC : le document remplacé est d'un autre patient",
        ));
    }
    if old.structure != vihf.structure {
        return Err(Refusal::new(DENIED, "RPLC : le document remplacé est d'une autre structure"));
    }
    let content = |text: &str| Refusal::new("InvalidDocumentContent", text);
    if !facts.replaces.contains(&old.unique_id) {
        return Err(content("RPLC : relatedDocument du CDA ne désigne pas le document remplacé"));
    }
    if facts.set_id != old.set_id || facts.version <= old.version {
        return Err(content("RPLC : même setId et versionNumber supérieur attendus dans le CDA"));
    }
    Ok(old)
}

/// Gives the part of each entry, documents first, the signature last; each part is used once.
fn link<'a>(request: &Element, raw: &'a Raw, lot: &Lot) -> Result<Vec<&'a Part>, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let entries = || lot.documents.iter().chain(std::iter::once(&lot.signature));
    let elements: Vec<&Element> = request.named(XDSB, "Document").collect();
    for e in &elements {
        let id = e.attr("id").unwrap_or_default();
        if !entries().any(|entry| entry.id == id) {
            let text = format!("Document « {id} » sans ExtrinsicObject de même id");
            refusals.push(Refusal::new("XDSMissingDocumentMetadata", text));
        }
    }
    let mut parts: Vec<&Part> = Vec::new();
    for entry in entries() {
        let missing = |text: &str| Refusal::new("XDSMissingDocument", format!("« {} » : {text}", entry.id));
        let found: Vec<&&Element> = elements.iter().filter(|e| e.attr("id") == Some(&entry.id)).collect();
        let [element] = found.as_slice() else {
            refusals.push(missing("exactement un xdsb:Document de même id attendu"));
            continue;
        };
        let include = element.child(XOP, "Include").and_then(|i| i.attr("href"));
        let Some(escaped) = include.and_then(|h| h.strip_prefix("cid:")) else {
            refusals.push(missing("xop:Include avec href=\"cid:…\" attendu"));
            continue;
        };
        let cid = String::from_utf8_lossy(&mime::percent_decode(escaped)).into_owned();
        let Some(part) = raw.parts.iter().find(|p| p.cid == cid) else {
            refusals.push(missing(&format!("aucune partie MIME « {cid} »")));
            continue;
        };
        if parts.iter().any(|p| std::ptr::eq(*p, part)) {
            refusals.push(missing(&format!("la partie « {cid} » sert deux fois")));
        }
        let kind = mime::value(&part.content_type);
        if kind.value != entry.mime_type
            || kind.param("charset").is_some_and(|c| !c.eq_ignore_ascii_case("utf-8"))
        {
            let text =
                format!("Content-Type de la partie « {} » au lieu de {}", part.content_type, entry.mime_type);
            refusals.push(Refusal::new("XDSRepositoryMetadataError", text));
        }
        let hash: String = Hash::Sha1.digest(&part.bytes).iter().map(|b| format!("{b:02x}")).collect();
        if hash != entry.hash {
            let text = format!("« {} » : hash {} au lieu de {hash}", entry.id, entry.hash);
            refusals.push(Refusal::new("XDSRepositoryMetadataError", text));
        }
        if entry.size.parse() != Ok(part.bytes.len()) {
            let text = format!("« {} » : size {} au lieu de {}", entry.id, entry.size, part.bytes.len());
            refusals.push(Refusal::new("XDSRepositoryMetadataError", text));
        }
        parts.push(part);
    }
    if refusals.is_empty() && parts.len() != raw.parts.len() {
        refusals.push(Refusal::new(
            "XDSMissingDocumentMetadata",
            "une partie MIME n'est désignée par aucun document",
        ));
    }
    if refusals.is_empty() { Ok(parts) } else { Err(refusals) }
}

fn open(lot: &Lot, parts: &[&Part]) -> Result<Vec<Opened>, Vec<Refusal>> {
    let (mut documents, mut refusals) = (Vec::new(), Vec::new());
    for (entry, part) in lot.documents.iter().zip(parts) {
        match xml::parse(&part.bytes) {
            Err(e) => {
                let text = format!("« {} » : {e}", entry.id);
                refusals.push(Refusal::new("InvalidDocumentContent", text));
            }
            Ok(doc) => match cda::check(&doc, entry, &lot.patient_id) {
                Ok(facts) => documents.push(Opened { unique_id: entry.unique_id.clone(), doc, facts }),
                Err(errors) => {
                    refusals.extend(errors.into_iter().map(|e| Refusal::new("InvalidDocumentContent", e)));
                }
            },
        }
    }
    if refusals.is_empty() { Ok(documents) } else { Err(refusals) }
}
