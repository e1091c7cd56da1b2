//! What travels in `wsse:Security`: the assertion of the professional, signed with the key of a CPx card, and the one
//! of the Vitale card (spec/ins.md B.4, B.6).
//!
//! The Vitale assertion is made by licensed components and its content is not public: only its presence, its place and
//! its age can be judged. Codes start with `sim_`, since the national ones are not public either.

use jiff::{SignedDuration, Timestamp};

use super::answer::Fault;
use super::request::Trust;
use crate::cert::{CertFacts, same_subject};
use crate::dsig::{self, DS, Transform};
use crate::xml::Element;

/// Namespace of SAML 2.0 assertions.
pub const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const X509_NAME: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";
/// Age at which the assertion of a professional is too old (about one hour, spec/ins.md B.4).
const PROFESSIONAL_LIFE: SignedDuration = SignedDuration::from_mins(60);
/// Age at which the assertion of a Vitale card is too old (CNDA test 1.02).
const VITALE_LIFE: SignedDuration = SignedDuration::from_mins(20);
/// How far ahead of ours the caller's clock may be.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

fn refused(code: &'static str, detail: &str) -> Fault {
    let reason = "L'assertion jointe à la requête n'est pas acceptée.".to_owned();
    Fault { receiver: false, subcode: "sim_assertion", code, reason, detail: detail.to_owned() }
}

fn assertions(security: Option<&Element>) -> Vec<&Element> {
    security.map(|s| s.named(SAML, "Assertion").collect()).unwrap_or_default()
}

fn fresh(assertion: &Element, now: Timestamp, life: SignedDuration) -> bool {
    let at = assertion.attr("IssueInstant").and_then(|at| at.parse::<Timestamp>().ok());
    at.is_some_and(|at| now.duration_since(at) <= life && at.duration_since(now) <= AHEAD)
}

/// The professional who signed the first assertion: the value of its `NameID`.
///
/// # Errors
/// The fault to answer, naming what is wrong.
pub fn professional(security: Option<&Element>, trust: &Trust<'_>) -> Result<String, Fault> {
    let no = |detail: &str| refused("sim_cpx", detail);
    let all = assertions(security);
    let assertion =
        all.first().ok_or_else(|| no("ni certificat d'organisation, ni assertion du professionnel"))?;
    let id = assertion.attr("ID").filter(|id| id.len() > 1 && id.starts_with('_'));
    let id = id.ok_or_else(|| no("Assertion/@ID absent ou ne commençant pas par « _ »"))?;
    if assertion.attr("Version") != Some("2.0") {
        return Err(no("Assertion/@Version doit être 2.0"));
    }
    if !fresh(assertion, trust.now, PROFESSIONAL_LIFE) {
        return Err(no("assertion du professionnel périmée (IssueInstant)"));
    }
    let children: Vec<&Element> = assertion.elements().collect();
    let [issuer, signature, subject, statement] = children.as_slice() else {
        return Err(no("Issuer, Signature, Subject et AttributeStatement attendus dans cet ordre"));
    };
    let in_order = issuer.is(SAML, "Issuer")
        && signature.is(DS, "Signature")
        && subject.is(SAML, "Subject")
        && statement.is(SAML, "AttributeStatement");
    if !in_order || assertion.descendants(DS, "Signature").len() != 1 {
        return Err(no("Issuer, Signature, Subject et AttributeStatement attendus dans cet ordre"));
    }
    let facts = signer(assertion, signature, id, trust)?;
    if issuer.attr("Format") != Some(X509_NAME) || !same_subject(&issuer.text(), &facts.subject) {
        return Err(no("Issuer n'est pas le sujet du certificat de la carte"));
    }
    let name_id = subject.child(SAML, "NameID").ok_or_else(|| no("Subject/NameID absent"))?;
    if name_id.attr("NameQualifier") != Some("CPS") || name_id.text() != facts.cn {
        return Err(no("Subject/NameID n'est pas l'identifiant de la carte, qualifié par CPS"));
    }
    attributes(statement)?;
    Ok(name_id.text())
}

fn attributes(statement: &Element) -> Result<(), Fault> {
    let value = |name: &str| {
        let found = statement.named(SAML, "Attribute").find(|a| a.attr("Name") == Some(name));
        found.and_then(|a| a.child(SAML, "AttributeValue")).map(Element::text)
    };
    let billing = value("identifiantFacturation");
    if !billing.is_some_and(|b| b.len() == 9 && b.bytes().all(|c| c.is_ascii_digit())) {
        return Err(refused("sim_cpx", "identifiantFacturation : neuf chiffres attendus"));
    }
    let sector = value("secteurActivite");
    let right = sector.and_then(|s| s.strip_prefix("SA").map(str::to_owned));
    if !right.is_some_and(|n| n.len() == 2 && n.bytes().all(|c| c.is_ascii_digit())) {
        return Err(refused("sim_cpx", "secteurActivite : SA suivi de deux chiffres attendu"));
    }
    Ok(())
}

/// The signature covers the whole assertion: RSA-SHA256, exclusive canonical form, certificate of the authority.
fn signer(assertion: &Element, signature: &Element, id: &str, trust: &Trust<'_>) -> Result<CertFacts, Fault> {
    let bad =
        |what: &dyn std::fmt::Display| refused("sim_cpx", &format!("signature de l'assertion : {what}"));
    let der = dsig::certificate(signature).map_err(|e| bad(&e))?;
    let facts = CertFacts::read(&der).map_err(|e| bad(&e))?;
    let key = facts.signing_key(trust.ca, trust.now.as_second()).map_err(|e| bad(&e))?;
    let references = dsig::verify_signed_info(signature, &key).map_err(|e| bad(&e))?;
    let [reference] = references.as_slice() else { return Err(bad(&"une seule référence attendue")) };
    let right = matches!(reference.transforms.as_slice(),
        [Transform::Enveloped, Transform::C14n(form)] if form.exclusive);
    if reference.uri != format!("#{id}") || !right {
        return Err(bad(&"référence ou transformations inattendues"));
    }
    reference.check(&reference.form().element(assertion, Some(signature))).map_err(|e| bad(&e))?;
    Ok(facts)
}

/// The assertion of the Vitale card comes last, after the professional's when the caller holds a CPx card, and is at
/// most twenty minutes old.
///
/// # Errors
/// The fault to answer.
pub fn vitale(security: Option<&Element>, by_card: bool, now: Timestamp) -> Result<(), Fault> {
    let all = assertions(security);
    if all.len() < 1 + usize::from(by_card) {
        return Err(Fault::schema("assertion Vitale absente de wsse:Security".into()));
    }
    if !all.last().is_some_and(|last| fresh(last, now, VITALE_LIFE)) {
        return Err(refused("sim_vitale", "assertion Vitale de plus de vingt minutes : relire la carte"));
    }
    Ok(())
}
