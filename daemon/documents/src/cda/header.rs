//! Header of the CR-BIO, in the order of the schema.

use paillasse_shared::domain::identity::{BirthDate, Sex};
use paillasse_shared::domain::report::{
    Address, Author, Civility, Confidentiality, EncounterKind, Identifier, Laboratory, Moment, OID_PERSONS,
    OID_STRUCTURES, Organization, Professional, ProfessionalTitle, Report, ReportStatus, Telecom,
    TelecomKind,
};

use super::xml::Xml;
use super::{TEMPLATE, TEMPLATE_VERSION, coded, templates};
use crate::{DOCUMENT_CODE, DOCUMENT_LABEL, DOCUMENT_TITLE, tables};

const OID_COFRAC: &str = "1.2.250.1.213.6.3.1";

/// Level of the body the header is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// A wrapped file: templates of XDS-SD.
    One,
    /// Structured: templates of the volet CR-BIO.
    Three,
}

/// Writes everything from `realmCode` to `componentOf`.
pub(super) fn write(x: &mut Xml, r: &Report, level: Level) {
    identification(x, r, level);
    record_target(x, r);
    author(x, r);
    custodian(x, &r.laboratory);
    r.recipients.iter().for_each(|recipient| {
        x.nest("informationRecipient", &[], |x| {
            x.nest("intendedRecipient", &[], |x| {
                templates(x, &["1.3.6.1.4.1.19376.1.3.3.1.4"]);
                let person = recipient.person.as_ref();
                let org = recipient.organization.as_ref().or(person.and_then(|p| p.organization.as_ref()));
                if let Some(id) = person.and_then(|p| p.national_id.as_deref()) {
                    x.empty("id", &[("root", OID_PERSONS), ("extension", id)]);
                }
                address(x, person.and_then(|p| p.address.as_ref()).or(org.and_then(|o| o.address.as_ref())));
                match person {
                    Some(p) if !p.telecoms.is_empty() => telecoms(x, &p.telecoms),
                    _ => telecoms(x, org.map(|o| o.telecoms.as_slice()).unwrap_or_default()),
                }
                if let Some(p) = person {
                    x.nest("informationRecipient", &[], |x| name(x, p));
                }
                if let Some(o) = org {
                    x.nest("receivedOrganization", &[], |x| organization(x, o, false));
                }
            });
        });
    });
    x.nest("legalAuthenticator", &[], |x| {
        time(x, "time", r.signed_at);
        x.empty("signatureCode", &[("code", "S")]);
        let lab = Some(&r.laboratory);
        x.nest("assignedEntity", &[], |x| {
            entity(x, &r.responsible, lab, "assignedPerson", "representedOrganization")
        });
    });
    for v in &r.validations {
        x.nest("authenticator", &[], |x| {
            templates(x, &["1.3.6.1.4.1.19376.1.3.3.1.5"]);
            time(x, "time", v.at);
            x.empty("signatureCode", &[("code", "S")]);
            let lab = Some(&r.laboratory);
            x.nest("assignedEntity", &[], |x| {
                entity(x, &v.biologist, lab, "assignedPerson", "representedOrganization");
            });
        });
    }
    participants(x, r);
    for order in &r.prescriptions {
        x.nest("inFulfillmentOf", &[], |x| x.nest("order", &[], |x| identifier(x, order)));
    }
    acts(x, r);
    if let Some(replaced) = &r.replaces {
        x.nest("relatedDocument", &[("typeCode", "RPLC")], |x| {
            x.nest("parentDocument", &[], |x| {
                x.empty("id", &[("root", replaced)]);
                x.empty("versionNumber", &[("value", &r.version.saturating_sub(1).to_string())]);
            });
        });
    }
    encounter(x, r);
}

fn identification(x: &mut Xml, r: &Report, level: Level) {
    x.empty("realmCode", &[("code", "FR")]);
    x.empty("typeId", &[("root", "2.16.840.1.113883.1.3"), ("extension", "POCD_HD000040")]);
    templates(x, &["2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"]);
    match level {
        Level::One => templates(x, &["1.3.6.1.4.1.19376.1.2.20"]),
        Level::Three => {
            templates(x, &["1.3.6.1.4.1.19376.1.3.3"]);
            x.empty("templateId", &[("root", TEMPLATE), ("extension", TEMPLATE_VERSION)]);
        }
    }
    x.empty("id", &[("root", &r.id)]);
    super::loinc(x, DOCUMENT_CODE, DOCUMENT_LABEL);
    x.leaf("title", &[], DOCUMENT_TITLE);
    time(x, "effectiveTime", r.created_at);
    let (code, label) = match r.confidentiality {
        Confidentiality::Normal => ("N", "Normal"),
        Confidentiality::Restricted => ("R", "Restreint"),
        Confidentiality::VeryRestricted => ("V", "Très restreint"),
    };
    x.empty(
        "confidentialityCode",
        &[("code", code), ("displayName", label), ("codeSystem", "2.16.840.1.113883.5.25")],
    );
    x.empty("languageCode", &[("code", "fr-FR")]);
    x.empty("setId", &[("root", &r.set_id)]);
    x.empty("versionNumber", &[("value", &r.version.to_string())]);
}

fn record_target(x: &mut Xml, r: &Report) {
    let p = &r.patient;
    let t = &p.traits;
    x.nest("recordTarget", &[], |x| {
        x.nest("patientRole", &[], |x| {
            if let Some(ins) = &p.ins {
                x.empty("id", &[("root", ins.oid.as_str()), ("extension", &ins.matricule.compact())]);
            }
            identifier(x, &p.local_id);
            address(x, p.address.as_ref());
            if p.telecoms.is_empty() {
                x.empty("telecom", &[("nullFlavor", "UNK")]);
            }
            p.telecoms.iter().for_each(|t| x.empty("telecom", &[("value", &telecom_uri(t))]));
            x.nest("patient", &[("classCode", "PSN")], |x| {
                x.nest("name", &[], |x| {
                    x.leaf("family", &[("qualifier", "BR")], t.birth_name.as_str());
                    if let Some(used) = &p.used.name {
                        x.leaf("family", &[("qualifier", "CL")], used.as_str());
                    }
                    let list = t.given_names.as_ref().unwrap_or(&t.first_name);
                    x.leaf("given", &[], list.as_str());
                    x.leaf("given", &[("qualifier", "BR")], t.first_name.as_str());
                    if let Some(used) = &p.used.first_name {
                        x.leaf("given", &[("qualifier", "CL")], used.as_str());
                    }
                });
                let (code, label) = match t.sex {
                    Sex::F => ("F", "Féminin"),
                    Sex::M => ("M", "Masculin"),
                    Sex::I => ("UN", "Inconnu"),
                };
                x.empty(
                    "administrativeGenderCode",
                    &[("code", code), ("displayName", label), ("codeSystem", "2.16.840.1.113883.5.1")],
                );
                x.empty("birthTime", &[("value", &birth_time(&t.birth_date))]);
                if let Some(place) = &t.birth_place {
                    x.nest("birthplace", &[], |x| {
                        x.nest("place", &[], |x| {
                            x.nest("addr", &[], |x| {
                                x.leaf("county", &[], place.as_str());
                                if let Some(label) = filled(p.birth_place_label.as_deref()) {
                                    x.leaf("city", &[], label);
                                }
                            });
                        });
                    });
                }
            });
        });
    });
}

/// An HL7 timestamp exists in the calendar: unknown parts are interpreted as the identity rules (RNIV) say, and of a
/// lunar date no calendar has, only the year is written.
pub(crate) fn birth_time(date: &BirthDate) -> String {
    match date.civil() {
        Some(_) => date.interpreted().compact(),
        None => format!("{:04}", date.parts().0),
    }
}

fn author(x: &mut Xml, r: &Report) {
    x.nest("author", &[], |x| {
        time(x, "time", r.created_at);
        x.nest("assignedAuthor", &[], |x| match &r.author {
            Author::Person(p) => {
                entity(x, p, Some(&r.laboratory), "assignedPerson", "representedOrganization")
            }
            Author::System { id, manufacturer, software } => {
                identifier(x, id);
                address(x, Some(&r.laboratory.address));
                telecoms(x, &r.laboratory.telecoms);
                x.nest("assignedAuthoringDevice", &[], |x| {
                    x.leaf("manufacturerModelName", &[], manufacturer);
                    x.leaf("softwareName", &[], software);
                });
                laboratory(x, "representedOrganization", &r.laboratory, None);
            }
        });
    });
}

fn custodian(x: &mut Xml, lab: &Laboratory) {
    x.nest("custodian", &[], |x| {
        x.nest("assignedCustodian", &[], |x| {
            x.nest("representedCustodianOrganization", &[], |x| {
                x.empty("id", &[("root", OID_STRUCTURES), ("extension", &finess(lab))]);
                x.leaf("name", &[], &lab.name);
                // The schema allows one telecom here.
                if let Some(first) = lab.telecoms.first() {
                    telecoms(x, std::slice::from_ref(first));
                }
                address(x, Some(&lab.address));
            });
        });
    });
}

fn participants(x: &mut Xml, r: &Report) {
    if let Some(p) = &r.prescriber {
        x.nest("participant", &[("typeCode", "REF")], |x| {
            templates(x, &["1.3.6.1.4.1.19376.1.3.3.1.6"]);
            high(x, p.prescribed_at);
            associated(x, &p.professional);
        });
    }
    if let Some(p) = &r.sampler {
        x.nest("participant", &[("typeCode", "PRF")], |x| {
            x.empty(
                "functionCode",
                &[
                    ("code", "PRELV"),
                    ("displayName", "Préleveur"),
                    ("codeSystem", "1.2.250.1.213.1.1.4.2.280"),
                ],
            );
            let last = r.specimens.iter().filter_map(|s| s.sampled_at).max_by_key(|at| at.local());
            high(x, last);
            associated(x, p);
        });
    }
    if let Some(p) = &r.attending_physician {
        x.nest("participant", &[("typeCode", "INF")], |x| {
            x.empty(
                "functionCode",
                &[
                    ("code", "PCP"),
                    ("displayName", "Médecin traitant"),
                    ("codeSystem", "2.16.840.1.113883.5.88"),
                ],
            );
            x.empty("time", &[("nullFlavor", "NA")]);
            associated(x, p);
        });
    }
}

/// `time` with only its end, as prescriber and sampler have it.
fn high(x: &mut Xml, at: Option<Moment>) {
    match at {
        Some(at) => x.nest("time", &[("xsi:type", "IVL_TS")], |x| time(x, "high", at)),
        None => x.empty("time", &[("nullFlavor", "UNK")]),
    }
}

fn associated(x: &mut Xml, p: &Professional) {
    x.nest("associatedEntity", &[("classCode", "PROV")], |x| {
        entity(x, p, None, "associatedPerson", "scopingOrganization");
    });
}

fn acts(x: &mut Xml, r: &Report) {
    for (i, chapter) in r.chapters.iter().enumerate() {
        x.nest("documentationOf", &[], |x| {
            x.nest("serviceEvent", &[], |x| {
                if i > 0 {
                    return coded(x, "code", &chapter.code);
                }
                identifier(x, &r.request);
                coded(x, "code", &chapter.code);
                x.empty("lab:statusCode", &[("code", status(r.status))]);
                x.nest("effectiveTime", &[], |x| {
                    time(x, "low", r.service_start);
                    time(x, "high", r.service_end);
                });
                x.nest("performer", &[("typeCode", "PRF")], |x| {
                    templates(x, &["1.3.6.1.4.1.19376.1.3.3.1.7", "1.2.250.1.213.1.1.3.23"]);
                    x.nest("time", &[], |x| time(x, "high", r.service_end));
                    x.nest("assignedEntity", &[], |x| {
                        let own = Professional { organization: None, ..r.director.clone() };
                        entity(x, &own, Some(&r.laboratory), "assignedPerson", "representedOrganization");
                    });
                });
            });
        });
    }
    if r.second_intention.is_some() {
        x.nest("documentationOf", &[], |x| {
            x.nest("serviceEvent", &[], |x| {
                x.empty(
                    "code",
                    &[
                        ("code", "1443252"),
                        ("displayName", "Résultats des examens de biologie de seconde intention"),
                        ("codeSystem", paillasse_shared::domain::report::OID_WAITING_CODES),
                    ],
                );
            });
        });
    }
}

fn encounter(x: &mut Xml, r: &Report) {
    let e = &r.encounter;
    let lab = &r.laboratory;
    x.nest("componentOf", &[], |x| {
        x.nest("encompassingEncounter", &[], |x| {
            if let Some(id) = &e.id {
                identifier(x, id);
            }
            if let Some(kind) = e.kind {
                let (code, label, system) = encounter_code(kind);
                x.empty("code", &[("code", code), ("displayName", label), ("codeSystem", system)]);
            }
            x.nest("effectiveTime", &[], |x| {
                time(x, "low", e.start.unwrap_or(r.service_start));
                if let Some(end) = e.end {
                    time(x, "high", end);
                }
            });
            x.nest("responsibleParty", &[], |x| {
                x.nest("assignedEntity", &[], |x| {
                    person(x, &r.responsible, Some(lab), "assignedPerson");
                    laboratory(x, "representedOrganization", lab, crate::narrative::accreditation(r));
                });
            });
            x.nest("location", &[], |x| {
                x.nest("healthCareFacility", &[], |x| {
                    table_code(x, "code", &lab.facility_type, tables::facility_type);
                    x.nest("location", &[], |x| {
                        x.leaf("name", &[], &lab.name);
                        address(x, Some(&lab.address));
                    });
                });
            });
        });
    });
}

fn encounter_code(kind: EncounterKind) -> (&'static str, &'static str, &'static str) {
    const HL7: &str = "2.16.840.1.113883.5.4";
    match kind {
        EncounterKind::Ambulatory => ("AMB", "Ambulatoire (hors établissement)", HL7),
        EncounterKind::Inpatient => ("IMP", "Hospitalisation (établissement, y compris HAD)", HL7),
        EncounterKind::Emergency => ("EMER", "Passage aux urgences (établissement)", HL7),
        EncounterKind::Home => ("HH", "Soins à domicile (hors établissement)", HL7),
        EncounterKind::Outpatient => {
            ("EXTERNE", "Acte et consultation externe (établissement)", "1.2.250.1.213.1.1.4.2.291")
        }
    }
}

/// HL7 status of the report.
pub(super) fn status(status: ReportStatus) -> &'static str {
    match status {
        ReportStatus::Final => "completed",
        ReportStatus::Partial => "active",
    }
}

/// Content of an `assignedEntity`, `assignedAuthor` or `associatedEntity`. With a laboratory, the person works
/// there: what is unknown of the person is the laboratory's.
pub(super) fn entity(
    x: &mut Xml,
    p: &Professional,
    lab: Option<&Laboratory>,
    person_element: &str,
    organization_element: &str,
) {
    person(x, p, lab, person_element);
    match (&p.organization, lab) {
        (Some(org), _) => x.nest(organization_element, &[], |x| organization(x, org, lab.is_some())),
        (None, Some(lab)) => laboratory(x, organization_element, lab, None),
        (None, None) => {}
    }
}

/// Identifier, profession, address, telecoms and name of a person.
fn person(x: &mut Xml, p: &Professional, lab: Option<&Laboratory>, element: &str) {
    if let Some(id) = &p.national_id {
        x.empty("id", &[("root", OID_PERSONS), ("extension", id)]);
    }
    if let Some(code) = &p.profession {
        table_code(x, "code", code, tables::profession);
    }
    address(x, p.address.as_ref().or(lab.map(|l| &l.address)));
    match lab {
        Some(lab) if p.telecoms.is_empty() => telecoms(x, &lab.telecoms),
        _ => telecoms(x, &p.telecoms),
    }
    x.nest(element, &[], |x| name(x, p));
}

pub(super) fn name(x: &mut Xml, p: &Professional) {
    x.nest("name", &[], |x| {
        match p.civility {
            Some(Civility::Mister) => x.leaf("prefix", &[], "M"),
            Some(Civility::Madam) => x.leaf("prefix", &[], "MME"),
            None => {}
        }
        if let Some(given) = filled(p.given.as_deref()) {
            x.leaf("given", &[], given);
        }
        x.leaf("family", &[], &p.family);
        match p.title {
            Some(ProfessionalTitle::Doctor) => x.leaf("suffix", &[], "DR"),
            Some(ProfessionalTitle::Professor) => x.leaf("suffix", &[], "PR"),
            None => {}
        }
    });
}

/// Content of an organization; with `complete`, address and telecom are written even when unknown.
pub(super) fn organization(x: &mut Xml, o: &Organization, complete: bool) {
    if let Some(id) = &o.national_id {
        x.empty("id", &[("root", OID_STRUCTURES), ("extension", id)]);
    }
    x.leaf("name", &[], &o.name);
    if complete || !o.telecoms.is_empty() {
        telecoms(x, &o.telecoms);
    }
    if complete || o.address.is_some() {
        address(x, o.address.as_ref());
    }
    if let Some(setting) = &o.practice_setting {
        table_code(x, "standardIndustryClassCode", setting, tables::practice_setting);
    }
}

/// The laboratory as an organization; the Cofrac number belongs to the responsible party only.
fn laboratory(x: &mut Xml, element: &str, lab: &Laboratory, cofrac: Option<&str>) {
    x.nest(element, &[], |x| {
        x.empty("id", &[("root", OID_STRUCTURES), ("extension", &finess(lab))]);
        if let Some(number) = cofrac {
            x.empty(
                "id",
                &[("root", OID_COFRAC), ("extension", number), ("assigningAuthorityName", "COFRAC")],
            );
        }
        x.leaf("name", &[], &lab.name);
        telecoms(x, &lab.telecoms);
        address(x, Some(&lab.address));
        table_code(x, "standardIndustryClassCode", &lab.practice_setting, tables::practice_setting);
    });
}

/// FINESS géographique in the national form of structure identifiers.
pub(super) fn finess(lab: &Laboratory) -> String {
    format!("1{}", lab.finess)
}

fn table_code(x: &mut Xml, element: &str, code: &str, table: fn(&str) -> Option<tables::Concept>) {
    // Presence in the table was checked before writing.
    if let Some(concept) = table(code) {
        x.empty(element, &[("code", code), ("displayName", concept.label), ("codeSystem", concept.system)]);
    }
}

/// `addr` as lines, or unknown.
pub(super) fn address(x: &mut Xml, a: Option<&Address>) {
    let lines = a.map(crate::wording::address).unwrap_or_default();
    if lines.is_empty() {
        return x.empty("addr", &[("nullFlavor", "UNK")]);
    }
    x.nest("addr", &[], |x| lines.iter().take(7).for_each(|l| x.leaf("streetAddressLine", &[], l)));
}

/// Professional telecoms, or unknown.
pub(super) fn telecoms(x: &mut Xml, telecoms: &[Telecom]) {
    if telecoms.is_empty() {
        return x.empty("telecom", &[("nullFlavor", "UNK")]);
    }
    telecoms.iter().for_each(|t| x.empty("telecom", &[("value", &telecom_uri(t)), ("use", "WP")]));
}

fn telecom_uri(t: &Telecom) -> String {
    let number = || t.value.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect::<String>();
    match t.kind {
        TelecomKind::Phone => format!("tel:{}", number()),
        TelecomKind::Fax => format!("fax:{}", number()),
        TelecomKind::Email | TelecomKind::Mssante => format!("mailto:{}", t.value.trim()),
    }
}

pub(super) fn identifier(x: &mut Xml, id: &Identifier) {
    if id.extension.is_empty() {
        return x.empty("id", &[("root", &id.root)]);
    }
    x.empty("id", &[("root", &id.root), ("extension", &id.extension)]);
}

pub(super) fn time(x: &mut Xml, element: &str, at: Moment) {
    x.empty(element, &[("value", &at.hl7())]);
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|t| !t.is_empty())
}
