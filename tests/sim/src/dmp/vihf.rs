//! The VIHF: one SAML 2.0 assertion, signed by the SIGN certificate of the structure
//! (spec/dmp.md §4).

use std::collections::HashMap;

use jiff::Timestamp;

use super::answer::Fault;
use super::values::{is_oid, patient_id};
use crate::cert::{CertFacts, same_subject};
use crate::dsig::{self, DS, Transform};
use crate::soap::{Envelope, WSSE};
use crate::xml::Element;

/// Namespace of SAML 2.0 assertions.
pub const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const HL7: &str = "urn:hl7-org:v3";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const X509_NAME: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";
/// How far ahead of ours the caller's clock may be, in seconds.
const AHEAD: i64 = 300;

/// What the assertion says, once believed.
#[derive(Debug, Clone)]
pub struct Vihf {
    /// `@ID`: each call has a new one.
    pub id: String,
    /// `Identifiant_Structure`.
    pub structure: String,
    /// `INDIRECTE`, `DIRECTE` or `INDIRECTE_RENFORCEE`.
    pub mode: String,
    /// `resource-id`: patient identifier.
    pub patient_id: String,
}

/// What the judgement leans on.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    /// Certificate of the authority.
    pub ca: &'a [u8],
    /// Certificate of the TLS client.
    pub client: &'a CertFacts,
    /// Present instant.
    pub now: Timestamp,
}

/// Verifies the only VIHF of an envelope.
///
/// # Errors
/// The fault to answer: never retryable for the caller (spec/dmp.md §4.4).
pub fn verify(envelope: &Envelope<'_>, trust: Trust<'_>) -> Result<Vihf, Fault> {
    let securities: Vec<&Element> = envelope.header.named(WSSE, "Security").collect();
    let assertions: Vec<&Element> = securities.iter().flat_map(|s| s.elements()).collect();
    let assertion = match (securities.as_slice(), assertions.as_slice()) {
        ([_], [one]) if one.is(SAML, "Assertion") => *one,
        ([], _) | ([_], []) => return Err(Fault::vihf("VIHF absent de l'en-tête wsse:Security")),
        (_, all) if all.iter().filter(|e| e.is(SAML, "Assertion")).count() > 1 => {
            return Err(Fault::vihf("plusieurs VIHF dans la requête : un seul est attendu"));
        }
        _ => return Err(Fault::vihf("wsse:Security ne doit contenir qu'une assertion SAML 2.0")),
    };
    let id = assertion.attr("ID").filter(|id| id.len() > 1 && id.starts_with('_'));
    let id = id.ok_or_else(|| Fault::vihf("Assertion/@ID absent ou ne commençant pas par « _ »"))?;
    if assertion.attr("Version") != Some("2.0") {
        return Err(Fault::vihf("Assertion/@Version doit être 2.0"));
    }
    let facts = signature(assertion, id, trust)?;
    dates(assertion, trust.now)?;
    issuer_and_subject(assertion, &facts)?;
    let attributes = attributes(assertion)?;
    let vihf = Vihf {
        id: id.to_owned(),
        structure: text(&attributes, "Identifiant_Structure")?,
        mode: one_of(&attributes, "Authentification_mode", "Authentification_Mode")?,
        patient_id: text(&attributes, "urn:oasis:names:tc:xacml:2.0:resource:resource-id")?,
    };
    if vihf.structure != facts.ou {
        return Err(Fault::vihf("Identifiant_Structure différent de l'OU du certificat de signature"));
    }
    if !matches!(vihf.mode.as_str(), "INDIRECTE" | "DIRECTE" | "INDIRECTE_RENFORCEE") {
        return Err(Fault::vihf("Authentification_mode inconnu"));
    }
    if patient_id(&vihf.patient_id).is_none() {
        return Err(Fault::vihf("resource-id doit être de la forme <matricule>^^^&<OID>&ISO^NH"));
    }
    fixed_attributes(&attributes)?;
    Ok(vihf)
}

/// The signature covers the whole assertion and was made by a SIGN certificate of the authority.
fn signature(assertion: &Element, id: &str, trust: Trust<'_>) -> Result<CertFacts, Fault> {
    let mut children = assertion.elements();
    let issuer_first = children.next().is_some_and(|e| e.is(SAML, "Issuer"));
    let signature = children.next().filter(|e| issuer_first && e.is(DS, "Signature"));
    let signature =
        signature.ok_or_else(|| Fault::vihf("la signature doit suivre Issuer dans l'assertion"))?;
    if assertion.descendants(DS, "Signature").len() != 1 {
        return Err(Fault::vihf("une seule signature attendue dans l'assertion"));
    }
    let bad = |e: dsig::DsigError| Fault::signature(format!("signature du VIHF : {e}"));
    let der = dsig::certificate(signature).map_err(bad)?;
    let facts = CertFacts::read(&der).map_err(|e| Fault::certificate(&e))?;
    if facts.der == trust.client.der {
        return Err(Fault::certificate(&"c'est celui de la connexion TLS"));
    }
    let key = facts.signing_key(trust.ca, trust.now.as_second()).map_err(|e| Fault::certificate(&e))?;
    let references = dsig::verify_signed_info(signature, &key).map_err(bad)?;
    let [reference] = references.as_slice() else {
        return Err(Fault::signature("une seule référence attendue dans la signature du VIHF"));
    };
    if reference.uri != format!("#{id}") {
        return Err(Fault::signature("la référence signée n'est pas l'assertion"));
    }
    let right = matches!(reference.transforms.as_slice(),
        [Transform::Enveloped, Transform::C14n(form)] if form.exclusive);
    if !right {
        return Err(Fault::signature("transformations attendues : enveloped-signature puis c14n exclusive"));
    }
    reference.check(&reference.form().element(assertion, Some(signature))).map_err(bad)?;
    Ok(facts)
}

fn instant(e: Option<&str>, what: &str) -> Result<Timestamp, Fault> {
    let text = e.ok_or_else(|| Fault::vihf(format!("{what} absent")))?;
    text.parse().map_err(|_| Fault::vihf(format!("{what} n'est pas une date UTC")))
}

fn dates(assertion: &Element, now: Timestamp) -> Result<(), Fault> {
    let latest = now.as_second() + AHEAD;
    if instant(assertion.attr("IssueInstant"), "IssueInstant")?.as_second() > latest {
        return Err(Fault::vihf("IssueInstant est dans le futur"));
    }
    let Some(conditions) = assertion.child(SAML, "Conditions") else { return Ok(()) };
    if conditions.child(SAML, "AudienceRestriction").is_some() {
        return Err(Fault::vihf("AudienceRestriction ne doit pas être renseigné"));
    }
    if let Some(from) = conditions.attr("NotBefore")
        && instant(Some(from), "NotBefore")?.as_second() > latest
    {
        return Err(Fault::vihf("assertion pas encore valable (NotBefore)"));
    }
    if let Some(to) = conditions.attr("NotOnOrAfter")
        && instant(Some(to), "NotOnOrAfter")? <= now
    {
        return Err(Fault::vihf("assertion périmée (NotOnOrAfter)"));
    }
    Ok(())
}

fn issuer_and_subject(assertion: &Element, facts: &CertFacts) -> Result<(), Fault> {
    let issuer = assertion.child(SAML, "Issuer").ok_or_else(|| Fault::vihf("Issuer absent"))?;
    if issuer.attr("Format") != Some(X509_NAME) {
        return Err(Fault::vihf("Issuer/@Format doit être X509SubjectName"));
    }
    if !same_subject(&issuer.text(), &facts.subject) {
        return Err(Fault::vihf("Issuer différent du sujet du certificat de signature"));
    }
    let filled = |path: &[&str]| {
        let found = assertion.path(SAML, path).map(|e| e.text().trim().to_owned()).filter(|t| !t.is_empty());
        found.ok_or_else(|| Fault::vihf(format!("{} absent ou vide", path.join("/"))))
    };
    filled(&["Subject", "NameID"])?;
    let context = filled(&["AuthnStatement", "AuthnContext", "AuthnContextClassRef"])?;
    if !context.starts_with("urn:oasis:names:tc:SAML:2.0:ac:classes:") {
        return Err(Fault::vihf("AuthnContextClassRef inconnu"));
    }
    let statement = assertion.child(SAML, "AuthnStatement");
    instant(statement.and_then(|s| s.attr("AuthnInstant")), "AuthnStatement/@AuthnInstant")?;
    Ok(())
}

type Attributes<'a> = HashMap<&'a str, Vec<&'a Element>>;

fn attributes(assertion: &Element) -> Result<Attributes<'_>, Fault> {
    let statement = assertion.child(SAML, "AttributeStatement");
    let statement = statement.ok_or_else(|| Fault::vihf("AttributeStatement absent"))?;
    let mut all = HashMap::new();
    for a in statement.named(SAML, "Attribute") {
        let name = a.attr("Name").ok_or_else(|| Fault::vihf("Attribute sans Name"))?;
        let values: Vec<&Element> = a.named(SAML, "AttributeValue").collect();
        if all.insert(name, values).is_some() {
            return Err(Fault::vihf(format!("attribut {name} répété dans le VIHF")));
        }
    }
    Ok(all)
}

fn text(all: &Attributes<'_>, name: &str) -> Result<String, Fault> {
    let value = match all.get(name).map(Vec::as_slice) {
        Some([one]) => one.text().trim().to_owned(),
        Some([]) | None => String::new(),
        Some(_) => return Err(Fault::vihf(format!("attribut {name} du VIHF : une seule valeur attendue"))),
    };
    if value.is_empty() { Err(Fault::vihf(format!("attribut {name} absent du VIHF"))) } else { Ok(value) }
}

/// The samples and the ANS mapping differ by the case of one letter: either, but not both.
fn one_of(all: &Attributes<'_>, a: &str, b: &str) -> Result<String, Fault> {
    if all.contains_key(a) && all.contains_key(b) {
        return Err(Fault::vihf(format!("attribut {a} répété dans le VIHF")));
    }
    text(all, if all.contains_key(b) { b } else { a })
}

/// A coded value `<Role>` or `<PurposeOfUse>` of type CE: code, code system.
fn coded<'a>(value: &'a Element, local: &str) -> Option<(&'a str, &'a str)> {
    let e = value.child(HL7, local)?;
    let ce = e.attr_ns(XSI, "type").is_some_and(|t| t.split(':').next_back() == Some("CE"));
    let pair = (e.attr("code")?, e.attr("codeSystem")?);
    (ce && !pair.0.is_empty() && is_oid(pair.1)).then_some(pair)
}

fn fixed_attributes(all: &Attributes<'_>) -> Result<(), Fault> {
    let sector = text(all, "Secteur_Activite")?;
    let right = sector.split_once('^').is_some_and(|(code, system)| {
        code.starts_with("SA") && code.len() > 2 && system == "1.2.250.1.71.4.2.4"
    });
    if !right {
        return Err(Fault::vihf("Secteur_Activite doit être de la forme SAnn^1.2.250.1.71.4.2.4"));
    }
    text(all, "urn:oasis:names:tc:xspa:1.0:subject:subject-id")?;
    if !matches!(text(all, "VIHF_Version")?.as_str(), "3.0" | "4.0") {
        return Err(Fault::vihf("VIHF_Version doit être 3.0 ou 4.0"));
    }
    if text(all, "Ressource_URN")? != "urn:dmp" {
        return Err(Fault::vihf("Ressource_URN doit être urn:dmp"));
    }
    for name in ["LPS_Nom", "LPS_Version", "LPS_ID_HOMOLOGATION_DMP"] {
        text(all, name)?;
    }
    let purpose = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse";
    let values = all.get(purpose).map(Vec::as_slice).unwrap_or_default();
    match values {
        [one] if coded(one, "PurposeOfUse") == Some(("normal", "1.2.250.1.213.1.1.4.248")) => {}
        _ => return Err(Fault::vihf("purposeofuse doit être « normal » (1.2.250.1.213.1.1.4.248)")),
    }
    let roles = all.get("urn:oasis:names:tc:xacml:2.0:subject:role").map(Vec::as_slice).unwrap_or_default();
    let roles: Option<Vec<(&str, &str)>> = roles.iter().map(|v| coded(v, "Role")).collect();
    match roles.as_deref() {
        Some([("AUTOMATE", "1.2.250.1.213.1.1.4.6")]) => Ok(()),
        Some([("10" | "21", "1.2.250.1.71.1.2.7")]) => Err(Fault::vihf(
            "spécialité manquante : une seconde valeur de role est attendue (médecin, pharmacien)",
        )),
        Some([(_, "1.2.250.1.71.1.2.7")] | [(_, "1.2.250.1.71.1.2.7"), (_, _)]) => Ok(()),
        _ => Err(Fault::vihf("attribut role absent ou incorrect")),
    }
}
