//! Judging the metadata of a submission: the SubmissionSet, its entries, its associations
//! (spec/dmp.md §3.4, §5 and §6). No document is opened here.

use super::answer::Refusal;
use super::rim::{Association, Classification, Object, Objects};
use super::values::{cx, institution, is_oid, is_specialty, is_time, is_xcn, patient_id};

const DOC: &str = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1";
const SET_AUTHOR: &str = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d";
const CONTENT_TYPE: &str = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500";
const SET_NODE: &str = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd";
const SET_PATIENT: &str = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446";
const SET_SOURCE: &str = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832";
const SET_UNIQUE: &str = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8";
const AUTHOR: &str = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d";
const CLASS: &str = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a";
const TYPE: &str = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983";
const CONFIDENTIALITY: &str = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f";
const EVENT: &str = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4";
const FORMAT: &str = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d";
const FACILITY: &str = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1";
const PRACTICE: &str = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead";
const PATIENT: &str = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427";
const UNIQUE: &str = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab";

/// `HasMember`.
pub const HAS_MEMBER: &str = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember";
/// `RPLC`.
pub const RPLC: &str = "urn:ihe:iti:2007:AssociationType:RPLC";
/// `signs`.
pub const SIGNS: &str = "urn:ihe:iti:2007:AssociationType:signs";
const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const VISIBILITY: &str = "1.2.250.1.213.1.1.4.13";

/// INS authorities accepted here: NIR, NIA, test and demonstration; never the former INS-C.
pub const INS_OIDS: [&str; 4] =
    ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9", "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"];

/// An entry, with what later checks need.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Symbolic `id` in the request.
    pub id: String,
    /// `uniqueId`.
    pub unique_id: String,
    /// `mimeType`.
    pub mime_type: String,
    /// `hash`, lower case.
    pub hash: String,
    /// `size`.
    pub size: String,
    /// `creationTime`.
    pub creation: String,
    /// `serviceStartTime`, `serviceStopTime`.
    pub service: (String, String),
    /// `typeCode`.
    pub type_code: String,
    /// `languageCode`.
    pub language: String,
    /// entryUUID replaced by this entry.
    pub replaces: Option<String>,
}

/// A submission whose metadata hold together.
#[derive(Debug, Clone)]
pub struct Lot {
    /// `uniqueId` of the SubmissionSet.
    pub unique_id: String,
    /// Patient of the lot.
    pub patient_id: String,
    /// Structure of the author of the lot.
    pub structure: String,
    /// Documents.
    pub documents: Vec<Entry>,
    /// `Signature01`.
    pub signature: Entry,
}

/// Collects what is wrong, in words.
#[derive(Debug, Default)]
struct Errors(Vec<String>);

impl Errors {
    fn unless(&mut self, right: bool, text: impl FnOnce() -> String) {
        if !right {
            self.0.push(text());
        }
    }
}

fn refusals(errors: Vec<String>) -> Vec<Refusal> {
    errors.into_iter().map(|e| Refusal::new("XDSRepositoryMetadataError", e)).collect()
}

/// The set alone, for transactions without entries (TD3.3c): unique id, patient, structure.
///
/// # Errors
/// Every mandatory part that is missing or wrong.
pub fn set(objects: &Objects) -> Result<(String, String, String), Vec<Refusal>> {
    let mut errors = Errors::default();
    let found = match objects.packages.as_slice() {
        [package] => submission_set(package, &mut errors),
        _ => {
            errors.0.push("exactement un RegistryPackage attendu".into());
            Default::default()
        }
    };
    if errors.0.is_empty() { Ok(found) } else { Err(refusals(errors.0)) }
}

/// A whole submission (TD2.1).
///
/// # Errors
/// Every departure found, as registry errors.
pub fn lot(objects: &Objects) -> Result<Lot, Vec<Refusal>> {
    let (unique_id, patient_id, structure) = set(objects)?;
    let mut errors = Errors::default();
    let Some(package) = objects.packages.first() else { return Err(Vec::new()) };
    let submission = package.slot("submissionTime").unwrap_or_default().to_owned();
    let (mut documents, mut signatures) = (Vec::new(), Vec::new());
    for object in &objects.entries {
        let signature = object.classified(FORMAT).any(|c| c.code == XMLDSIG);
        let entry = entry(object, signature, &patient_id, &submission, &mut errors);
        if signature { signatures.push(entry) } else { documents.push(entry) }
    }
    errors.unless(!documents.is_empty(), || "aucun document dans le lot".into());
    errors.unless(signatures.len() == 1, || {
        format!(
            "exactement une entrée de signature du lot (Signature01) attendue, {} trouvée(s)",
            signatures.len()
        )
    });
    associations(objects, package, &mut documents, signatures.first(), &mut errors);
    let mut seen = Vec::new();
    let mut duplicates = Vec::new();
    for id in documents.iter().chain(&signatures).map(|e| &e.unique_id).chain(std::iter::once(&unique_id)) {
        if seen.contains(&id) {
            let text = format!("uniqueId {id} présent deux fois dans le lot");
            duplicates.push(Refusal::new("XDSRegistryDuplicateUniqueIdInMessage", text));
        }
        seen.push(id);
    }
    let mut all = refusals(errors.0);
    all.extend(duplicates);
    match signatures.pop() {
        Some(signature) if all.is_empty() => {
            Ok(Lot { unique_id, patient_id, structure, documents, signature })
        }
        _ => Err(all),
    }
}

fn time(object: &Object, slot: &str, errors: &mut Errors) -> String {
    let value = object.slot(slot).unwrap_or_default().to_owned();
    errors.unless(is_time(&value), || {
        format!("{slot} de « {} » absent ou n'étant pas un temps UTC AAAAMMJJhhmmss", object.id)
    });
    value
}

fn patient(object: &Object, scheme: &str, errors: &mut Errors) -> String {
    let value = object.identifier(scheme).unwrap_or_default().to_owned();
    match patient_id(&value) {
        Some(id) if INS_OIDS.contains(&id.oid.as_str()) => {}
        Some(id) => errors.0.push(format!("patientId de « {} » : autorité {} refusée", object.id, id.oid)),
        None => errors.0.push(format!(
            "patientId de « {} » absent, répété ou différent de <matricule>^^^&<OID INS>&ISO^NH",
            object.id
        )),
    }
    value
}

fn oid(object: &Object, scheme: &str, what: &str, errors: &mut Errors) -> String {
    let value = object.identifier(scheme).unwrap_or_default().to_owned();
    errors.unless(is_oid(&value), || {
        format!("{what} de « {} » absent, répété ou n'étant pas un OID de 64 caractères au plus", object.id)
    });
    value
}

/// Author classifications; gives the structure of the first one.
fn authors(object: &Object, scheme: &str, errors: &mut Errors) -> String {
    let mut structure = String::new();
    let mut count = 0;
    for author in object.classified(scheme) {
        count += 1;
        let values = |name: &str| author.slots.get(name).map(Vec::as_slice).unwrap_or_default();
        let place = || format!("auteur de « {} »", object.id);
        let (people, places) = (values("authorPerson"), values("authorInstitution"));
        errors.unless(people.len() == 1 && people.iter().all(|p| is_xcn(p)), || {
            format!("{} : authorPerson absent ou mal formé", place())
        });
        errors.unless(places.len() == 1 && places.iter().all(|p| institution(p).is_some()), || {
            format!("{} : authorInstitution absent ou mal formé", place())
        });
        errors.unless(values("authorSpecialty").iter().all(|s| is_specialty(s)), || {
            format!("{} : authorSpecialty mal formé", place())
        });
        if structure.is_empty()
            && let Some(id) = places.first().and_then(|p| institution(p))
        {
            structure = id.to_owned();
        }
    }
    errors.unless(count > 0, || format!("classification author absente de « {} »", object.id));
    structure
}

/// The only classification of a scheme, with its code, coding scheme and name.
fn coded<'a>(
    object: &'a Object,
    scheme: &'a str,
    what: &str,
    errors: &mut Errors,
) -> Option<&'a Classification> {
    let found: Vec<&Classification> = object.classified(scheme).collect();
    errors.unless(found.len() == 1, || {
        format!("classification {what} de « {} » : exactement une attendue", object.id)
    });
    for c in &found {
        complete(c, what, &object.id, errors);
    }
    found.first().copied()
}

fn complete(c: &Classification, what: &str, id: &str, errors: &mut Errors) {
    let right = !c.code.is_empty()
        && c.slot("codingScheme").is_some_and(|s| !s.is_empty())
        && c.name.as_ref().is_some_and(|n| !n.is_empty());
    errors.unless(right, || {
        format!("classification {what} de « {id} » : code, codingScheme ou libellé absent")
    });
}

fn submission_set(package: &Object, errors: &mut Errors) -> (String, String, String) {
    time(package, "submissionTime", errors);
    let structure = authors(package, SET_AUTHOR, errors);
    coded(package, CONTENT_TYPE, "contentTypeCode", errors);
    errors.unless(package.classifications.iter().any(|c| c.node == SET_NODE), || {
        "la classification qui fait du RegistryPackage un SubmissionSet est absente".into()
    });
    oid(package, SET_SOURCE, "sourceId", errors);
    (oid(package, SET_UNIQUE, "uniqueId", errors), patient(package, SET_PATIENT, errors), structure)
}

fn entry(object: &Object, signature: bool, patient_id: &str, submission: &str, errors: &mut Errors) -> Entry {
    let id = object.id.clone();
    errors.unless(object.object_type == DOC, || format!("objectType de « {id} » incorrect"));
    let allowed: &[&str] = if signature { &["text/xml"] } else { &["text/xml", "application/xslt+xml"] };
    errors.unless(allowed.contains(&object.mime_type.as_str()), || format!("mimeType de « {id} » incorrect"));
    let creation = time(object, "creationTime", errors);
    let service = (time(object, "serviceStartTime", errors), time(object, "serviceStopTime", errors));
    errors.unless(service.0 <= service.1 && service.0 <= creation && creation.as_str() <= submission, || {
        format!(
            "temps de « {id} » dans le désordre : serviceStartTime ≤ serviceStopTime, serviceStartTime ≤ creationTime ≤ submissionTime"
        )
    });
    let language = object.slot("languageCode").unwrap_or_default().to_owned();
    let wanted = if signature { "art" } else { "fr-FR" };
    errors.unless(language == wanted, || format!("languageCode de « {id} » : {wanted} attendu"));
    errors.unless(object.slot("legalAuthenticator").is_some_and(is_xcn), || {
        format!("legalAuthenticator de « {id} » absent ou mal formé")
    });
    let source = object.slot("sourcePatientId").unwrap_or_default();
    errors.unless(matches!(cx(source), Some((_, _, "PI" | "NH"))), || {
        format!("sourcePatientId de « {id} » absent ou mal formé")
    });
    let hash = object.slot("hash").unwrap_or_default().to_ascii_lowercase();
    errors.unless(hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit()), || {
        format!("hash de « {id} » absent ou n'étant pas un SHA-1 hexadécimal")
    });
    let size = object.slot("size").unwrap_or_default().to_owned();
    errors.unless(size.parse::<u64>().is_ok(), || format!("size de « {id} » absent ou non décimal"));
    for (slot, why) in [("repositoryUniqueId", "posé par le DMP"), ("URI", "réservé à XDM")] {
        errors.unless(!object.slots.contains_key(slot), || {
            format!("{slot} de « {id} » ne doit pas être envoyé ({why})")
        });
    }
    let title = object.name.as_deref().unwrap_or_default();
    errors.unless(!title.is_empty() && title.chars().count() <= 128, || {
        format!("titre de « {id} » absent ou de plus de 128 caractères")
    });
    authors(object, AUTHOR, errors);
    let class = coded(object, CLASS, "classCode", errors).map(|c| c.code.as_str()).unwrap_or_default();
    let type_code = coded(object, TYPE, "typeCode", errors).map(|c| c.code.clone()).unwrap_or_default();
    let format = coded(object, FORMAT, "formatCode", errors).map(|c| c.code.as_str()).unwrap_or_default();
    coded(object, FACILITY, "healthcareFacilityTypeCode", errors);
    coded(object, PRACTICE, "practiceSettingCode", errors);
    for event in object.classified(EVENT) {
        complete(event, "eventCodeList", &id, errors);
    }
    confidentiality(object, signature, errors);
    if signature {
        signature_entry(object, class, &type_code, &creation, &service, submission, errors);
    } else {
        source_patient_info(object, errors);
        if type_code == "11502-2" {
            errors.unless(class == "10" && format == "urn:ihe:lab:xd-lab:2008", || {
                format!(
                    "« {id} » : typeCode 11502-2 demande classCode 10 et formatCode urn:ihe:lab:xd-lab:2008"
                )
            });
        }
    }
    let patient = patient(object, PATIENT, errors);
    errors.unless(patient == patient_id, || format!("patientId de « {id} » différent de celui du lot"));
    let unique_id = oid(object, UNIQUE, "uniqueId", errors);
    Entry {
        id,
        unique_id,
        mime_type: object.mime_type.clone(),
        hash,
        size,
        creation,
        service,
        type_code,
        language,
        replaces: None,
    }
}

fn confidentiality(object: &Object, signature: bool, errors: &mut Errors) {
    let id = &object.id;
    let found: Vec<&Classification> = object.classified(CONFIDENTIALITY).collect();
    for c in &found {
        complete(c, "confidentialityCode", id, errors);
    }
    let has = |code: &str, scheme: &str| {
        found.iter().filter(|c| c.code == code && c.slot("codingScheme") == Some(scheme)).count()
    };
    errors.unless(has("N", "2.16.840.1.113883.5.25") == 1, || {
        format!("confidentialityCode N absent (ou répété) de « {id} »")
    });
    let visible =
        ["MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"].map(|c| has(c, VISIBILITY));
    errors
        .unless(visible.iter().all(|n| *n <= 1) && visible.iter().sum::<usize>() + 1 == found.len(), || {
            format!("confidentialityCode inconnu ou répété dans « {id} »")
        });
    let [masked, invisible, _] = visible;
    if signature {
        errors.unless(masked == 1 && invisible == 1, || {
            format!("« {id} » (signature) doit porter MASQUE_PS et INVISIBLE_PATIENT")
        });
    } else {
        errors.unless(masked == 0 || invisible == 0, || {
            format!("« {id} » ne peut être à la fois MASQUE_PS et INVISIBLE_PATIENT")
        });
    }
}

fn signature_entry(
    object: &Object,
    class: &str,
    type_code: &str,
    creation: &str,
    service: &(String, String),
    submission: &str,
    errors: &mut Errors,
) {
    let id = &object.id;
    let scheme =
        |of: &str| object.classified(of).next().and_then(|c| c.slot("codingScheme").map(str::to_owned));
    let right = class == "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"
        && scheme(CLASS).as_deref() == Some("URN")
        && type_code == "E1762"
        && scheme(TYPE).as_deref() == Some("ASTM")
        && scheme(FORMAT).as_deref() == Some("URN");
    errors.unless(right, || {
        format!("« {id} » : classCode, typeCode ou formatCode d'une signature de lot incorrect")
    });
    let source = object
        .classified(EVENT)
        .any(|c| c.code == "1.2.840.10065.1.12.1.14" && c.slot("codingScheme") == Some("1.2.840.10065.1.12"));
    errors.unless(source, || format!("« {id} » : eventCodeList 1.2.840.10065.1.12.1.14 (Source) absent"));
    errors.unless(object.name.as_deref() == Some("Source"), || {
        format!("« {id} » : le titre doit être « Source »")
    });
    errors.unless(!object.slots.contains_key("sourcePatientInfo"), || {
        format!("« {id} » : sourcePatientInfo ne doit pas figurer sur la signature")
    });
    let times = [creation, service.0.as_str(), service.1.as_str()];
    errors.unless(times.iter().all(|t| *t == submission), || {
        format!("« {id} » : creationTime, serviceStartTime et serviceStopTime doivent égaler submissionTime")
    });
}

fn source_patient_info(object: &Object, errors: &mut Errors) {
    let values = object.slots.get("sourcePatientInfo").map(Vec::as_slice).unwrap_or_default();
    let field = |name: &str, right: &dyn Fn(&str) -> bool| {
        let found: Vec<&str> =
            values.iter().filter_map(|v| v.strip_prefix(name).and_then(|v| v.strip_prefix('|'))).collect();
        !found.is_empty() && found.iter().all(|v| right(v))
    };
    let name = |v: &str| {
        let c: Vec<&str> = v.split('^').collect();
        matches!(c.as_slice(), [family, .., "L" | "D"] if !family.is_empty()) && c.len() == 7
    };
    let date = |v: &str| v.len() == 8 && v.bytes().all(|b| b.is_ascii_digit());
    let sex = |v: &str| matches!(v, "M" | "F" | "U");
    let right = field("PID-5", &name)
        && values.iter().any(|v| v.starts_with("PID-5|") && v.ends_with("^L"))
        && field("PID-7", &date)
        && field("PID-8", &sex);
    errors.unless(right, || {
        format!("sourcePatientInfo de « {} » : PID-5 (dont un de type L), PID-7 et PID-8 attendus", object.id)
    });
}

fn original(a: &Association) -> bool {
    a.slots.get("SubmissionSetStatus").is_some_and(|v| v == &["Original".to_owned()])
}

fn associations(
    objects: &Objects,
    package: &Object,
    documents: &mut [Entry],
    signature: Option<&Entry>,
    errors: &mut Errors,
) {
    for object in &objects.entries {
        let members = objects.associations.iter().filter(|a| {
            a.kind == HAS_MEMBER && a.source == package.id && a.target == object.id && original(a)
        });
        errors.unless(members.count() == 1, || {
            format!("HasMember (SubmissionSetStatus=Original) du lot vers « {} » absent ou répété", object.id)
        });
    }
    let signs = |a: &&Association| {
        a.kind == SIGNS
            && Some(&a.source) == signature.map(|s| &s.id)
            && a.target == package.id
            && original(a)
    };
    errors.unless(objects.associations.iter().filter(signs).count() == 1, || {
        "association signs (SubmissionSetStatus=Original) de la signature vers le lot absente ou répétée"
            .into()
    });
    for a in &objects.associations {
        match a.kind.as_str() {
            RPLC => match documents.iter_mut().find(|d| d.id == a.source) {
                Some(d) if d.replaces.is_none() => d.replaces = Some(a.target.clone()),
                _ => errors.0.push(format!("RPLC : source « {} » inconnue ou déjà remplaçante", a.source)),
            },
            HAS_MEMBER => errors.unless(objects.entries.iter().any(|e| e.id == a.target), || {
                format!("HasMember vers un objet absent du lot « {} »", a.target)
            }),
            SIGNS => {}
            other => errors.0.push(format!("type d'association refusé « {other} »")),
        }
    }
}
