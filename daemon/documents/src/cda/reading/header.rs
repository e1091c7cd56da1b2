//! The header of a CDA.

use paillasse_xml::Element;

use super::super::NAMESPACE;
use super::model::{Encounter, Header, Org, Party, Patient, Related, ServiceAct};
use super::narrative::clean;
use super::parts::{Context, addresses, attr_of, id, ids, name, telecoms, text_of};

/// Reads everything before the body.
pub(super) fn read(c: &Context<'_>, root: &Element) -> Header {
    let own_id = |name| root.child(NAMESPACE, name).map(id);
    Header {
        templates: root.children_named(NAMESPACE, "templateId").map(id).collect(),
        id: own_id("id"),
        code: c.code_of(root, "code"),
        title: text_of(root, "title"),
        created: c.time_of(root, "effectiveTime"),
        confidentiality: c.code_of(root, "confidentialityCode"),
        language: attr_of(root, "languageCode", "code"),
        set_id: own_id("setId"),
        version: attr_of(root, "versionNumber", "value"),
        patient: root
            .child(NAMESPACE, "recordTarget")
            .and_then(|t| t.child(NAMESPACE, "patientRole"))
            .map(|p| patient(c, p))
            .unwrap_or_default(),
        parties: parties(c, root),
        custodian: root
            .child(NAMESPACE, "custodian")
            .and_then(|k| k.find(NAMESPACE, "representedCustodianOrganization"))
            .map(|o| c.organization(o)),
        orders: root
            .children_named(NAMESPACE, "inFulfillmentOf")
            .filter_map(|f| f.child(NAMESPACE, "order"))
            .flat_map(ids)
            .collect(),
        acts: root
            .children_named(NAMESPACE, "documentationOf")
            .filter_map(|d| d.child(NAMESPACE, "serviceEvent"))
            .map(|e| act(c, e))
            .collect(),
        related: root.children_named(NAMESPACE, "relatedDocument").map(related).collect(),
        consents: root
            .children_named(NAMESPACE, "authorization")
            .filter_map(|a| a.child(NAMESPACE, "consent"))
            .filter_map(|consent| c.code_of(consent, "code"))
            .collect(),
        encounter: root
            .child(NAMESPACE, "componentOf")
            .and_then(|o| o.child(NAMESPACE, "encompassingEncounter"))
            .map(|e| encounter(c, e)),
    }
}

/// The entity of a participation.
pub(super) fn entity(holder: &Element) -> Option<&Element> {
    const ENTITIES: [&str; 7] = [
        "assignedEntity",
        "assignedAuthor",
        "associatedEntity",
        "intendedRecipient",
        "relatedEntity",
        "participantRole",
        "relatedSubject",
    ];
    ENTITIES.iter().find_map(|n| holder.child(NAMESPACE, n))
}

fn parties(c: &Context<'_>, root: &Element) -> Vec<Party> {
    const HOLDERS: [&str; 7] = [
        "author",
        "dataEnterer",
        "informant",
        "informationRecipient",
        "legalAuthenticator",
        "authenticator",
        "participant",
    ];
    root.children()
        .filter(|e| &*e.ns == NAMESPACE && HOLDERS.contains(&e.name.as_str()))
        .filter_map(|holder| entity(holder).map(|e| c.party(holder, e)))
        .collect()
}

fn patient(c: &Context<'_>, role: &Element) -> Patient {
    let person = role.child(NAMESPACE, "patient");
    let place = person.and_then(|p| p.child(NAMESPACE, "birthplace")).and_then(|b| b.find(NAMESPACE, "addr"));
    Patient {
        ids: ids(role),
        name: person.and_then(|p| p.child(NAMESPACE, "name")).map(name).unwrap_or_default(),
        gender: person.and_then(|p| c.code_of(p, "administrativeGenderCode")),
        born: person.and_then(|p| attr_of(p, "birthTime", "value")),
        birth_place_code: place.and_then(|a| text_of(a, "county")),
        birth_place: place.and_then(|a| text_of(a, "city")),
        addresses: addresses(role),
        telecoms: telecoms(role),
        guardians: person
            .into_iter()
            .flat_map(|p| p.children_named(NAMESPACE, "guardian"))
            .map(|g| c.party(g, g))
            .collect(),
    }
}

/// An act with who did it; `lab:statusCode` is in a namespace of its own.
fn act(c: &Context<'_>, e: &Element) -> ServiceAct {
    let status = e.children().find(|s| s.name == "statusCode").and_then(|s| s.attr("code"));
    ServiceAct {
        ids: ids(e),
        code: c.code_of(e, "code"),
        status: status.map(clean),
        time: c.time_of(e, "effectiveTime"),
        performers: e
            .children_named(NAMESPACE, "performer")
            .filter_map(|p| entity(p).map(|a| c.party(p, a)))
            .collect(),
    }
}

fn related(e: &Element) -> Related {
    let parent = e.child(NAMESPACE, "parentDocument");
    Related {
        type_code: e.attr("typeCode").map(clean).unwrap_or_default(),
        ids: parent.map(ids).unwrap_or_default(),
        set_id: parent.and_then(|p| p.child(NAMESPACE, "setId")).map(id),
        version: parent.and_then(|p| attr_of(p, "versionNumber", "value")),
    }
}

fn encounter(c: &Context<'_>, e: &Element) -> Encounter {
    let facility = e.find(NAMESPACE, "healthCareFacility");
    let people = e.children().filter(|x| x.name == "responsibleParty" || x.name == "encounterParticipant");
    Encounter {
        ids: ids(e),
        code: c.code_of(e, "code"),
        time: c.time_of(e, "effectiveTime"),
        parties: people.filter_map(|p| entity(p).map(|a| c.party(p, a))).collect(),
        facility: facility.and_then(|f| c.code_of(f, "code")),
        place: facility.and_then(|f| f.child(NAMESPACE, "location")).map(|l| Org {
            ids: ids(l),
            name: text_of(l, "name"),
            addresses: addresses(l),
            ..Org::default()
        }),
    }
}
