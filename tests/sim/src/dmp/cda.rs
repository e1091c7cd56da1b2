//! Facts of a CDA that must agree with its metadata (spec/dmp.md §6.2).

use super::metadata::Entry;
use super::values::{cda_time_utc, patient_id};
use crate::xml::{Document, Element};

/// Namespace of CDA.
pub const CDA: &str = "urn:hl7-org:v3";

/// What the registry remembers of a document, for its successor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `setId` root and extension.
    pub set_id: String,
    /// `versionNumber`.
    pub version: u64,
    /// `id/@root` of the documents it says it replaces.
    pub replaces: Vec<String>,
}

fn id(e: Option<&Element>) -> String {
    let Some(e) = e else { return String::new() };
    match (e.attr("root").unwrap_or_default(), e.attr("extension")) {
        (root, Some(extension)) => format!("{root}^{extension}"),
        (root, None) => root.to_owned(),
    }
}

/// Compares a CDA with its entry and with the patient of the lot.
///
/// # Errors
/// Every disagreement, in words.
pub fn check(doc: &Document, entry: &Entry, lot_patient: &str) -> Result<Facts, Vec<String>> {
    let root = &doc.root;
    if !root.is(CDA, "ClinicalDocument") {
        return Err(vec![format!("« {} » : la racine n'est pas un ClinicalDocument", entry.id)]);
    }
    let mut errors = Vec::new();
    let mut unless = |right: bool, text: String| {
        if !right {
            errors.push(format!("« {} » : {text}", entry.id));
        }
    };
    let attr =
        |path: &[&str], name: &str| root.path(CDA, path).and_then(|e| e.attr(name)).unwrap_or_default();
    let own_id = id(root.child(CDA, "id"));
    unless(
        own_id == entry.unique_id,
        format!("uniqueId {} différent de l'id du CDA {own_id}", entry.unique_id),
    );
    unless(attr(&["code"], "code") == entry.type_code, "typeCode différent du code du CDA".into());
    unless(
        attr(&["languageCode"], "code") == entry.language,
        "languageCode différent de celui du CDA".into(),
    );
    match cda_time_utc(attr(&["effectiveTime"], "value")) {
        Some(utc) => {
            unless(
                utc == entry.creation,
                format!("creationTime {} au lieu de {utc} (CDA en UTC)", entry.creation),
            );
        }
        None => unless(false, "effectiveTime du CDA absent ou sans heure ni décalage".into()),
    }
    service_times(root, entry, &mut unless);
    let patient = patient_id(lot_patient);
    let ids =
        root.path(CDA, &["recordTarget", "patientRole"]).map(|r| r.named(CDA, "id").collect::<Vec<_>>());
    let carries = ids.unwrap_or_default().iter().any(|i| {
        patient.as_ref().is_some_and(|p| {
            i.attr("root") == Some(p.oid.as_str()) && i.attr("extension") == Some(p.matricule.as_str())
        })
    });
    unless(carries, "l'INS de recordTarget diffère du patientId du lot".into());
    let version = attr(&["versionNumber"], "value").parse();
    unless(version.is_ok(), "versionNumber absent du CDA".into());
    unless(root.child(CDA, "setId").is_some(), "setId absent du CDA".into());
    let replaces = root
        .named(CDA, "relatedDocument")
        .filter(|r| r.attr("typeCode") == Some("RPLC"))
        .flat_map(|r| r.named(CDA, "parentDocument"))
        .flat_map(|p| p.named(CDA, "id"))
        .map(|i| id(Some(i)))
        .collect();
    let facts = Facts { set_id: id(root.child(CDA, "setId")), version: version.unwrap_or(0), replaces };
    if errors.is_empty() { Ok(facts) } else { Err(errors) }
}

/// serviceStart/StopTime are the bounds of one service event of the CDA, in UTC; nothing is compared
/// when no service event carries a time with an offset.
fn service_times(root: &Element, entry: &Entry, unless: &mut impl FnMut(bool, String)) {
    let events: Vec<&Element> = root
        .named(CDA, "documentationOf")
        .filter_map(|d| d.path(CDA, &["serviceEvent", "effectiveTime"]))
        .collect();
    let bounds = |local: &str| -> Vec<String> {
        events.iter().filter_map(|e| cda_time_utc(e.child(CDA, local)?.attr("value")?)).collect()
    };
    for (slot, value, local) in
        [("serviceStartTime", &entry.service.0, "low"), ("serviceStopTime", &entry.service.1, "high")]
    {
        let known = bounds(local);
        unless(
            known.is_empty() || known.contains(value),
            format!("{slot} {value} ne correspond à aucun acte du CDA (en UTC : {})", known.join(", ")),
        );
    }
}
