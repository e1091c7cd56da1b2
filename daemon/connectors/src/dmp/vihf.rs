//! VIHF: the signed SAML 2.0 assertion that says who acts, for which structure, on which patient (DMP sheet
//! section 4).
//!
//! Each assertion is made for one call. It is written twice from one function: once in exclusive canonical form
//! without its signature, for the digest, and once with its signature and the `xs` prefix that values of type
//! `xs:string` need (a prefix used in content only, which the canonical form leaves out).
//!
//! Deliberately not here: the confidentiality attribute of a *connexion secrète*, AuthnContextDecl (AIR).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use paillasse_xml::{Digest, DnOrder, IdentityError, SigningIdentity, escape};

use super::CallContext;

const SAML_NS: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const DSIG_NS: &str = "http://www.w3.org/2000/09/xmldsig#";
const XSI_NS: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XS_NS: &str = "http://www.w3.org/2001/XMLSchema";
const HL7_NS: &str = "urn:hl7-org:v3";
const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// A code, its system and its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedValue {
    /// Code.
    pub code: String,
    /// OID of the system.
    pub system: String,
    /// Label.
    pub label: String,
}

impl CodedValue {
    /// A code from its parts.
    #[must_use]
    pub fn new(code: &str, system: &str, label: &str) -> Self {
        Self { code: code.to_owned(), system: system.to_owned(), label: label.to_owned() }
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `Subject/NameID`: national identifier (`8` + RPPS). For the automate: that of the person responsible for
    /// the processing.
    pub name_id: String,
    /// Name shown: the person's, or software, model and service of the automate.
    pub subject_id: String,
    /// Roles: profession, then speciality for a médecin or a pharmacien; or the automate alone.
    pub roles: Vec<CodedValue>,
    /// AuthnContextClassRef, coherent with the local login.
    pub authn_context: String,
}

impl Actor {
    /// The daemon acting by itself.
    #[must_use]
    pub fn automate(responsible: &str, description: &str) -> Self {
        Self {
            name_id: responsible.to_owned(),
            subject_id: description.to_owned(),
            roles: vec![CodedValue::new("AUTOMATE", "1.2.250.1.213.1.1.4.6", "AUTOMATE")],
            authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified".to_owned(),
        }
    }
}

/// Software as homologated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Software {
    /// `LPS_ID`, optional.
    pub id: Option<String>,
    /// `LPS_Nom`.
    pub name: String,
    /// `LPS_Version`.
    pub version: String,
    /// `LPS_ID_HOMOLOGATION_DMP`.
    pub homologation: String,
}

/// What the configuration says about assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VihfSettings {
    /// `Identifiant_Structure`: Struct_IdNat, equal to the OU of the certificate.
    pub structure_id: String,
    /// `Secteur_Activite`, `SA25^1.2.250.1.71.4.2.4` for a private laboratory.
    pub sector: String,
    /// `VIHF_Version`.
    pub version: String,
    /// Name of the attribute of the authentication mode: its case differs between sources.
    pub mode_attribute: String,
    /// Authentication mode.
    pub mode: String,
    /// Order of the issuer's name.
    pub issuer_order: DnOrder,
    /// Algorithms.
    pub digest: Digest,
    /// `codeSystemName` of the purpose of use: samples differ.
    pub purpose_system_name: String,
    /// Software.
    pub software: Software,
    /// Who acts when the daemon acts by itself.
    pub automate: Actor,
}

impl VihfSettings {
    /// The defaults of the contract for a private laboratory.
    #[must_use]
    pub fn new(structure_id: &str, software: Software, automate: Actor) -> Self {
        Self {
            structure_id: structure_id.to_owned(),
            sector: "SA25^1.2.250.1.71.4.2.4".to_owned(),
            version: "3.0".to_owned(),
            mode_attribute: "Authentification_mode".to_owned(),
            mode: "INDIRECTE".to_owned(),
            issuer_order: DnOrder::Rfc2253,
            digest: Digest::Sha256,
            purpose_system_name: "mode acces VIHF 2.0".to_owned(),
            software,
            automate,
        }
    }
}

/// The signed assertion as XML, to be put inside `wsse:Security`.
///
/// # Errors
/// [`IdentityError::Sign`].
pub fn assertion(
    settings: &VihfSettings,
    actor: Option<&Actor>,
    patient_id: &str,
    context: &CallContext,
    identity: &SigningIdentity,
) -> Result<String, IdentityError> {
    let writer = Writer {
        settings,
        actor: actor.unwrap_or(&settings.automate),
        patient_id,
        context,
        issuer: identity.subject(settings.issuer_order),
    };
    let id = writer.id();
    let digest = settings.digest;
    let value = BASE64.encode(digest.hash(writer.write(None).as_bytes()));
    let signed_info = format!(
        "<CanonicalizationMethod Algorithm=\"{EXC_C14N}\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"{}\"></SignatureMethod><Reference URI=\"#{id}\"><Transforms>\
         <Transform Algorithm=\"{DSIG_NS}enveloped-signature\"></Transform><Transform Algorithm=\"{EXC_C14N}\"></Transform>\
         </Transforms><DigestMethod Algorithm=\"{}\"></DigestMethod><DigestValue>{value}</DigestValue></Reference></SignedInfo>",
        digest.rsa_uri(),
        digest.digest_uri(),
    );
    let signature =
        identity.sign(digest, format!("<SignedInfo xmlns=\"{DSIG_NS}\">{signed_info}").as_bytes())?;
    Ok(writer.write(Some(&format!(
        "<Signature xmlns=\"{DSIG_NS}\"><SignedInfo>{signed_info}<SignatureValue>{}</SignatureValue>\
         <KeyInfo><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo></Signature>",
        BASE64.encode(signature),
        BASE64.encode(identity.leaf()),
    ))))
}

struct Writer<'a> {
    settings: &'a VihfSettings,
    actor: &'a Actor,
    patient_id: &'a str,
    context: &'a CallContext,
    issuer: &'a str,
}

impl Writer<'_> {
    fn id(&self) -> String {
        format!("_{}", self.context.assertion_id)
    }

    /// The assertion: canonical without a signature, as sent with one.
    fn write(&self, signature: Option<&str>) -> String {
        let s = self.settings;
        let instant = format!("{:.3}", self.context.now);
        let mut out = format!(
            "<saml2:Assertion xmlns:saml2=\"{SAML_NS}\" ID=\"{}\" IssueInstant=\"{instant}\" Version=\"2.0\">\
             <saml2:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName\">{}</saml2:Issuer>",
            self.id(),
            escape::text(self.issuer)
        );
        out.push_str(signature.unwrap_or_default());
        out.push_str(&format!(
            "<saml2:Subject><saml2:NameID>{}</saml2:NameID></saml2:Subject><saml2:AuthnStatement AuthnInstant=\"{instant}\">\
             <saml2:AuthnContext><saml2:AuthnContextClassRef>{}</saml2:AuthnContextClassRef></saml2:AuthnContext>\
             </saml2:AuthnStatement><saml2:AttributeStatement>",
            escape::text(&self.actor.name_id),
            escape::text(&self.actor.authn_context)
        ));
        let canonical = signature.is_none();
        let role = |r: &CodedValue| coded("Role", r, None);
        let purpose = CodedValue::new("normal", "1.2.250.1.213.1.1.4.248", "Accès normal");
        let attributes: Vec<(&str, Vec<String>)> = vec![
            ("Identifiant_Structure", vec![string(&s.structure_id, canonical)]),
            ("Secteur_Activite", vec![string(&s.sector, canonical)]),
            (
                "urn:oasis:names:tc:xspa:1.0:subject:subject-id",
                vec![string(&self.actor.subject_id, canonical)],
            ),
            ("urn:oasis:names:tc:xacml:2.0:subject:role", self.actor.roles.iter().map(role).collect()),
            ("VIHF_Version", vec![string(&s.version, canonical)]),
            (&s.mode_attribute, vec![string(&s.mode, canonical)]),
            ("urn:oasis:names:tc:xacml:2.0:resource:resource-id", vec![string(self.patient_id, canonical)]),
            ("Ressource_URN", vec![string("urn:dmp", canonical)]),
            (
                "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse",
                vec![coded("PurposeOfUse", &purpose, Some(&s.purpose_system_name))],
            ),
            ("LPS_ID", s.software.id.iter().map(|id| string(id, canonical)).collect()),
            ("LPS_Nom", vec![string(&s.software.name, canonical)]),
            ("LPS_Version", vec![string(&s.software.version, canonical)]),
            ("LPS_ID_HOMOLOGATION_DMP", vec![string(&s.software.homologation, canonical)]),
        ];
        for (name, values) in attributes.into_iter().filter(|(_, values)| !values.is_empty()) {
            out.push_str(&format!("<saml2:Attribute Name=\"{}\">", escape::attribute(name)));
            values.iter().for_each(|v| out.push_str(v));
            out.push_str("</saml2:Attribute>");
        }
        out.push_str("</saml2:AttributeStatement></saml2:Assertion>");
        out
    }
}

fn string(value: &str, canonical: bool) -> String {
    let xs = if canonical { String::new() } else { format!(" xmlns:xs=\"{XS_NS}\"") };
    format!(
        "<saml2:AttributeValue{xs} xmlns:xsi=\"{XSI_NS}\" xsi:type=\"xs:string\">{}</saml2:AttributeValue>",
        escape::text(value)
    )
}

fn coded(element: &str, value: &CodedValue, system_name: Option<&str>) -> String {
    let system_name =
        system_name.map(|n| format!(" codeSystemName=\"{}\"", escape::attribute(n))).unwrap_or_default();
    format!(
        "<saml2:AttributeValue><{element} xmlns=\"{HL7_NS}\" xmlns:xsi=\"{XSI_NS}\" code=\"{}\" codeSystem=\"{}\"{system_name} \
         displayName=\"{}\" xsi:type=\"CE\"></{element}></saml2:AttributeValue>",
        escape::attribute(&value.code),
        escape::attribute(&value.system),
        escape::attribute(&value.label)
    )
}
