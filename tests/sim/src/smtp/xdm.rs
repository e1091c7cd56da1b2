//! The `IHE_XDM.zip` of a mail, opened and judged (layout, metadata, hashes, CDA).

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use crate::dmp::rim::{self, Rigour};
use crate::dmp::values::patient_id;
use crate::dsig::Hash;
use crate::xml;

const CDA: &str = "urn:hl7-org:v3";
const PATIENT: &str = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427";
const CONFIDENTIALITY: &str = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f";
/// Most entries in an archive.
const MAX_ENTRIES: usize = 100;
/// Most bytes once expanded.
const MAX_EXPANDED: u64 = 100 * 1024 * 1024;

/// What the headers of the mail must agree with.
#[derive(Debug, Default)]
pub struct Facts {
    /// Codes of the CDA documents, in the order of the archive.
    pub codes: Vec<String>,
    /// Patient identifiers of the entries, without repetition.
    pub patients: Vec<String>,
    /// True when every CDA carries an INS (an identifier under an INS authority).
    pub ins: bool,
    /// Birth name of the patient, from the metadata.
    pub family: String,
    /// True when an entry is hidden from the patient.
    pub invisible: bool,
}

/// Opens and judges the archive.
///
/// # Errors
/// Every defect found, in words.
pub fn open(bytes: &[u8]) -> Result<Facts, Vec<String>> {
    let files = expand(bytes).map_err(|e| vec![e])?;
    let mut errors = Vec::new();
    for required in ["README.TXT", "INDEX.HTM"] {
        if !files.contains_key(required) {
            errors.push(format!("{required} absent de l'archive"));
        }
    }
    let subsets: Vec<&str> = files
        .keys()
        .filter_map(|name| name.strip_suffix("METADATA.XML"))
        .filter(|dir| dir.starts_with("IHE_XDM/") && dir.matches('/').count() == 2)
        .collect();
    if subsets.len() != 1 {
        errors.push(format!("un seul IHE_XDM/SUBSETnn/METADATA.XML attendu, {} trouvé(s)", subsets.len()));
    }
    let mut facts = Facts { ins: true, ..Facts::default() };
    for dir in subsets {
        subset(dir, &files, &mut facts, &mut errors);
    }
    if facts.codes.is_empty() {
        errors.push("aucun CDA décrit dans METADATA.XML".into());
    }
    if errors.is_empty() { Ok(facts) } else { Err(errors) }
}

fn expand(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| format!("archive illisible : {e}"))?;
    if archive.len() > MAX_ENTRIES {
        return Err("trop de fichiers dans l'archive".into());
    }
    let mut files = BTreeMap::new();
    let mut left = MAX_EXPANDED;
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).map_err(|e| format!("archive illisible : {e}"))?;
        let name = file.name().map_err(|e| format!("archive illisible : {e}"))?.into_owned();
        if name.starts_with('/') || name.contains("..") || name.contains('\\') || name.contains(':') {
            return Err(format!("nom de fichier interdit dans l'archive : {name}"));
        }
        if file.is_dir() {
            continue;
        }
        let mut content = Vec::new();
        let read = file.by_ref().take(left + 1).read_to_end(&mut content);
        let read = read.map_err(|e| format!("archive illisible : {e}"))? as u64;
        left = left.checked_sub(read).ok_or("archive trop grande une fois ouverte")?;
        if files.insert(name.clone(), content).is_some() {
            return Err(format!("fichier répété dans l'archive : {name}"));
        }
    }
    Ok(files)
}

fn subset(dir: &str, files: &BTreeMap<String, Vec<u8>>, facts: &mut Facts, errors: &mut Vec<String>) {
    let metadata = files.get(&format!("{dir}METADATA.XML")).map(Vec::as_slice).unwrap_or_default();
    let doc = match xml::parse(metadata) {
        Ok(doc) => doc,
        Err(e) => return errors.push(format!("METADATA.XML : {e}")),
    };
    let objects = match rim::read(&doc.root, Rigour::Schema) {
        Ok(objects) => objects,
        Err(e) => return errors.extend(e.into_iter().map(|e| format!("METADATA.XML : {e}"))),
    };
    for entry in &objects.entries {
        let uri = entry.slot("URI").unwrap_or_default();
        let Some(bytes) = files.get(&format!("{dir}{uri}")) else {
            errors.push(format!("URI « {uri} » de « {} » absent de l'archive", entry.id));
            continue;
        };
        let hash: String = Hash::Sha1.digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        if !entry.slot("hash").is_some_and(|h| h.eq_ignore_ascii_case(&hash)) {
            errors.push(format!("hash de « {} » absent ou faux", entry.id));
        }
        if entry.slot("size").and_then(|s| s.parse().ok()) != Some(bytes.len()) {
            errors.push(format!("size de « {} » absent ou faux", entry.id));
        }
        let patient = entry.identifier(PATIENT).unwrap_or_default().to_owned();
        facts.invisible |= entry.classified(CONFIDENTIALITY).any(|c| c.code == "INVISIBLE_PATIENT");
        if let Some(name) = entry.slots.get("sourcePatientInfo").into_iter().flatten().find_map(|v| {
            let name = v.strip_prefix("PID-5|")?;
            name.ends_with("^L").then(|| name.split('^').next().unwrap_or_default().to_owned())
        }) {
            facts.family = name;
        }
        if entry.mime_type == "text/xml" {
            cda(&entry.id, bytes, &patient, facts, errors);
        }
        if !facts.patients.contains(&patient) {
            facts.patients.push(patient);
        }
    }
    if facts.patients.len() > 1 {
        errors.push("plusieurs patients dans la même archive".into());
    }
}

fn cda(id: &str, bytes: &[u8], patient: &str, facts: &mut Facts, errors: &mut Vec<String>) {
    let doc = match xml::parse(bytes) {
        Ok(doc) if doc.root.is(CDA, "ClinicalDocument") => doc,
        Ok(_) => return errors.push(format!("« {id} » n'est pas un CDA")),
        Err(e) => return errors.push(format!("« {id} » : {e}")),
    };
    let code = doc.root.child(CDA, "code").and_then(|c| c.attr("code")).unwrap_or_default();
    facts.codes.push(code.to_owned());
    let role = doc.root.path(CDA, &["recordTarget", "patientRole"]);
    let ids: Vec<(&str, &str)> = role
        .into_iter()
        .flat_map(|r| r.named(CDA, "id"))
        .map(|i| (i.attr("root").unwrap_or_default(), i.attr("extension").unwrap_or_default()))
        .collect();
    facts.ins &= ids.iter().any(|(root, _)| crate::dmp::INS_OIDS.contains(root));
    if let Some(p) = patient_id(patient)
        && !ids.contains(&(p.oid.as_str(), p.matricule.as_str()))
    {
        errors.push(format!("« {id} » : l'INS du CDA diffère du patientId de METADATA.XML"));
    }
}
