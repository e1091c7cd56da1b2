//! A DMP submission built by hand from spec/dmp.md. Signed parts are written directly in their
//! canonical form, so that the canonicalisation under test is not used to make them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paillasse_sim::ca::Identity;
use paillasse_sim::cert::CertFacts;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::common::pki;

pub const PATIENT: &str = "207058575627097^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH";
const PERSON: &str = "899900063480^MAX^LIBRE^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS";
const PLACE: &str = "LABORATOIRE^^^^^&amp;1.2.250.1.71.4.2.2&amp;ISO^IDNST^^^10B0152872";

fn key(identity: &Identity) -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_der(identity.key.secret_der()).unwrap()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

pub fn sha1_hex(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// What may be varied in the assertion.
pub struct Vihf {
    pub signer: &'static str,
    pub patient: String,
    pub mode: &'static str,
    pub role: &'static str,
    pub sha1: bool,
}

impl Default for Vihf {
    fn default() -> Self {
        Vihf {
            signer: "sign",
            patient: PATIENT.to_owned(),
            mode: "INDIRECTE",
            role: r#"<Role xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" code="AUTOMATE" codeSystem="1.2.250.1.213.1.1.4.6" displayName="AUTOMATE" xsi:type="CE"></Role>"#,
            sha1: false,
        }
    }
}

impl Vihf {
    pub fn xml(&self) -> String {
        let pki = pki();
        let identity = match self.signer {
            "auth" => &pki.dmp_auth,
            _ => &pki.dmp_sign,
        };
        let facts = CertFacts::read(&identity.cert).unwrap();
        let id = format!("_{}", uuid::Uuid::new_v4());
        let now = jiff::Timestamp::now();
        let attribute = |name: &str, value: &str| {
            format!(
                r#"<saml2:Attribute Name="{name}"><saml2:AttributeValue>{value}</saml2:AttributeValue></saml2:Attribute>"#
            )
        };
        let purpose = r#"<PurposeOfUse xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" code="normal" codeSystem="1.2.250.1.213.1.1.4.248" codeSystemName="mode acces VIHF 2.0" displayName="Accès normal" xsi:type="CE"></PurposeOfUse>"#;
        let attributes: String = [
            attribute("Identifiant_Structure", "10B0152872"),
            attribute("Secteur_Activite", "SA25^1.2.250.1.71.4.2.4"),
            attribute("urn:oasis:names:tc:xspa:1.0:subject:subject-id", "Paillasse, essai"),
            attribute("urn:oasis:names:tc:xacml:2.0:subject:role", self.role),
            attribute("VIHF_Version", "3.0"),
            attribute("Authentification_mode", self.mode),
            attribute("urn:oasis:names:tc:xacml:2.0:resource:resource-id", &self.patient),
            attribute("Ressource_URN", "urn:dmp"),
            attribute("urn:oasis:names:tc:xspa:1.0:subject:purposeofuse", purpose),
            attribute("LPS_Nom", "Paillasse"),
            attribute("LPS_Version", "1"),
            attribute("LPS_ID_HOMOLOGATION_DMP", "NumAutorisation"),
        ]
        .concat();
        // Canonical from the start: declarations then attributes in order, no empty-element tags.
        let open = format!(
            r#"<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" IssueInstant="{now}" Version="2.0"><saml2:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">{}</saml2:Issuer>"#,
            facts.subject_rfc2253()
        );
        let close = format!(
            r#"<saml2:Subject><saml2:NameID>899900063480</saml2:NameID></saml2:Subject><saml2:AuthnStatement AuthnInstant="{now}"><saml2:AuthnContext><saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement><saml2:AttributeStatement>{attributes}</saml2:AttributeStatement></saml2:Assertion>"#
        );
        let covered = format!("{open}{close}");
        let (method, digest_method, digest) = if self.sha1 {
            (
                "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                "http://www.w3.org/2000/09/xmldsig#sha1",
                b64(Sha1::digest(&covered)),
            )
        } else {
            (
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "http://www.w3.org/2001/04/xmlenc#sha256",
                b64(Sha256::digest(&covered)),
            )
        };
        let info = |ns: &str| {
            format!(
                r##"<ds:SignedInfo{ns}><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="{digest_method}"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"##
            )
        };
        let canonical = info(r#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#""#);
        let value = if self.sha1 {
            SigningKey::<Sha1>::new(key(identity)).sign(canonical.as_bytes()).to_bytes()
        } else {
            SigningKey::<Sha256>::new(key(identity)).sign(canonical.as_bytes()).to_bytes()
        };
        let signature = format!(
            r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{}<ds:SignatureValue>{}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"#,
            info(""),
            b64(value),
            b64(&identity.cert)
        );
        format!("{open}{signature}{close}")
    }
}

/// A lot with one document.
pub struct Lot {
    pub n: u32,
    pub version: u32,
    pub set: u32,
    pub parent: Option<String>,
    pub replaces: Option<String>,
    pub codes: &'static [&'static str],
    pub vihf: Vihf,
    /// Replacements made on each signed or hashed thing before hashing, then on the envelope.
    pub cda_edit: Option<(&'static str, &'static str)>,
    pub lot_edit: Option<(&'static str, &'static str)>,
    pub edits: Vec<(String, String)>,
    pub escaped_cid: bool,
}

impl Lot {
    pub fn new(n: u32) -> Lot {
        Lot {
            n,
            version: 1,
            set: n,
            parent: None,
            replaces: None,
            codes: &[],
            vihf: Vihf::default(),
            cda_edit: None,
            lot_edit: None,
            edits: Vec::new(),
            escaped_cid: true,
        }
    }

    pub fn edit(mut self, from: &str, to: &str) -> Lot {
        self.edits.push((from.to_owned(), to.to_owned()));
        self
    }

    pub fn unique_id(&self) -> String {
        format!("1.2.250.1.999.1.1.3.{}", self.n)
    }

    /// Byte-for-byte canonical (with comments): its digest in the manifest is that of these bytes.
    pub fn cda(&self) -> Vec<u8> {
        let related = self
            .parent
            .as_ref()
            .map(|p| format!(r#"<relatedDocument typeCode="RPLC"><parentDocument><id root="{p}"></id></parentDocument></relatedDocument>"#))
            .unwrap_or_default();
        let text = format!(
            r#"<ClinicalDocument xmlns="urn:hl7-org:v3"><!-- essai --><id root="{}"></id><code code="11502-2" codeSystem="2.16.840.1.113883.6.1"></code><title>CR d'examens biologiques</title><effectiveTime value="20260301120000+0100"></effectiveTime><languageCode code="fr-FR"></languageCode><setId root="1.2.250.1.999.1.1.5.{}"></setId><versionNumber value="{}"></versionNumber><recordTarget><patientRole><id extension="207058575627097" root="1.2.250.1.213.1.4.10"></id></patientRole></recordTarget>{related}<documentationOf><serviceEvent><effectiveTime><low value="20260301080000+0100"></low><high value="20260301113000+0100"></high></effectiveTime></serviceEvent></documentationOf></ClinicalDocument>"#,
            self.unique_id(),
            self.set,
            self.version
        );
        let (from, to) = self.cda_edit.unwrap_or(("", ""));
        (if from.is_empty() { text } else { text.replace(from, to) }).into_bytes()
    }

    pub fn signature(&self) -> Vec<u8> {
        let pki = pki();
        let facts = CertFacts::read(&pki.dmp_sign.cert).unwrap();
        let ns = r#" xmlns="http://www.w3.org/2000/09/xmldsig#""#;
        let manifest = |ns: &str| {
            format!(
                r#"<Manifest{ns} Id="IHEManifest"><Reference URI="urn:oid:1.2.250.1.999.1.1.1.{n}"><DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"></DigestMethod><DigestValue>AA==</DigestValue></Reference><Reference URI="urn:oid:{}"><Transforms><Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"></DigestMethod><DigestValue>{}</DigestValue></Reference></Manifest>"#,
                self.unique_id(),
                b64(Sha1::digest(self.cda())),
                n = self.n
            )
        };
        let xades = r#" xmlns="http://uri.etsi.org/01903/v1.1.1#""#;
        let properties = |ns: &str| {
            format!(
                r#"<SignedProperties{ns} Id="S0-SignedProperties"><SignedSignatureProperties><SigningTime>2026-03-01T12:00:00Z</SigningTime><SigningCertificate><Cert><CertDigest><DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"></DigestMethod><DigestValue>{}</DigestValue></CertDigest><IssuerSerial><X509IssuerName xmlns="http://www.w3.org/2000/09/xmldsig#">{}</X509IssuerName><X509SerialNumber xmlns="http://www.w3.org/2000/09/xmldsig#">{}</X509SerialNumber></IssuerSerial></Cert></SigningCertificate><SignaturePolicyIdentifier><SignaturePolicyImplied></SignaturePolicyImplied></SignaturePolicyIdentifier></SignedSignatureProperties><SignedDataObjectProperties></SignedDataObjectProperties></SignedProperties>"#,
                b64(Sha1::digest(&pki.dmp_sign.cert)),
                facts.issuer_rfc2253(),
                facts.serial
            )
        };
        let info = |ns: &str| {
            format!(
                r##"<SignedInfo{ns}><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"></CanonicalizationMethod><SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"></SignatureMethod><Reference Type="http://www.w3.org/2000/09/xmldsig#Manifest" URI="#IHEManifest"><DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"></DigestMethod><DigestValue>{}</DigestValue></Reference><Reference Type="http://uri.etsi.org/01903/v1.1.1#SignedProperties" URI="#S0-SignedProperties"><DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"></DigestMethod><DigestValue>{}</DigestValue></Reference></SignedInfo>"##,
                b64(Sha1::digest(manifest(ns_of_manifest()))),
                b64(Sha1::digest(properties(xades)))
            )
        };
        fn ns_of_manifest() -> &'static str {
            r#" xmlns="http://www.w3.org/2000/09/xmldsig#""#
        }
        let value = SigningKey::<Sha1>::new(key(&pki.dmp_sign)).sign(info(ns).as_bytes()).to_bytes();
        let text = format!(
            r##"<Signature{ns} Id="S0">{}<SignatureValue>{}</SignatureValue><KeyInfo><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo><Object>{}</Object><Object><SignatureProperties xmlns=""><SignatureProperty Id="purposeOfSignature" Target="#S0">1.2.840.10065.1.12.1.14</SignatureProperty></SignatureProperties></Object><Object><QualifyingProperties{xades} Target="#S0">{}</QualifyingProperties></Object></Signature>"##,
            info(""),
            b64(value),
            b64(&pki.dmp_sign.cert),
            manifest(""),
            properties("")
        );
        let (from, to) = self.lot_edit.unwrap_or(("", ""));
        (if from.is_empty() { text } else { text.replace(from, to) }).into_bytes()
    }

    fn entry(&self, signature: bool) -> String {
        let (id, bytes, unique) = if signature {
            ("Signature01", self.signature(), format!("1.2.250.1.999.1.1.4.{}", self.n))
        } else {
            ("Document01", self.cda(), self.unique_id())
        };
        let (creation, start, stop) = if signature {
            ("20260301110500", "20260301110500", "20260301110500")
        } else {
            ("20260301110000", "20260301070000", "20260301103000")
        };
        let mut slots = String::new();
        for (name, value) in [
            ("creationTime", creation),
            ("hash", &sha1_hex(&bytes)),
            ("languageCode", if signature { "art" } else { "fr-FR" }),
            ("legalAuthenticator", PERSON),
            ("serviceStartTime", start),
            ("serviceStopTime", stop),
            ("size", &bytes.len().to_string()),
            ("sourcePatientId", PATIENT),
        ] {
            slots += &slot(name, &[value]);
        }
        if !signature {
            slots += &slot(
                "sourcePatientInfo",
                &["PID-5|PATB-QUATRE^LAURENCE^^^^^L", "PID-7|19070525", "PID-8|F"],
            );
        }
        let mut c = String::new();
        let mut class = |scheme: &str, code: &str, system: &str, name: &str| {
            c += &classification(id, scheme, code, system, name);
        };
        let uuid = |s: &str| format!("urn:uuid:{s}");
        if signature {
            class(
                &uuid("41a5887f-8865-4c09-adf7-e362475b143a"),
                "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1",
                "URN",
                "Digital Signature",
            );
            class(&uuid("f0306f51-975f-434e-a61c-c59651d33983"), "E1762", "ASTM", "Full Document");
            class(
                &uuid("a09d5840-386c-46f2-b5ad-9c3699a4309d"),
                "http://www.w3.org/2000/09/xmldsig#",
                "URN",
                "Default Signature Style",
            );
            class(
                &uuid("2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"),
                "1.2.840.10065.1.12.1.14",
                "1.2.840.10065.1.12",
                "Source",
            );
        } else {
            class(
                &uuid("41a5887f-8865-4c09-adf7-e362475b143a"),
                "10",
                "1.2.250.1.213.1.1.4.1",
                "Compte rendu",
            );
            class(
                &uuid("f0306f51-975f-434e-a61c-c59651d33983"),
                "11502-2",
                "2.16.840.1.113883.6.1",
                "CR d'examens biologiques",
            );
            class(
                &uuid("a09d5840-386c-46f2-b5ad-9c3699a4309d"),
                "urn:ihe:lab:xd-lab:2008",
                "1.3.6.1.4.1.19376.1.2.3",
                "CR-BIO",
            );
        }
        let visibility = if signature { &["MASQUE_PS", "INVISIBLE_PATIENT"] } else { self.codes };
        let confidentiality = uuid("f4f85eac-e6cb-4883-b524-f2705394840f");
        class(&confidentiality, "N", "2.16.840.1.113883.5.25", "Normal");
        for code in visibility {
            class(&confidentiality, code, "1.2.250.1.213.1.1.4.13", code);
        }
        class(
            &uuid("f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"),
            "SA25",
            "1.2.250.1.71.4.2.4",
            "Laboratoire de biologie médicale",
        );
        class(
            &uuid("cccf5598-8b07-4b77-a05e-ae952c785ead"),
            "AMBULATOIRE",
            "1.2.250.1.213.1.1.4.9",
            "Ambulatoire",
        );
        format!(
            r#"<ExtrinsicObject id="{id}" mimeType="text/xml" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">{slots}{}{}{c}{}{}</ExtrinsicObject>"#,
            name(if signature { "Source" } else { "CR d'examens biologiques" }),
            author(id, "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"),
            external(id, "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427", PATIENT),
            external(id, "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab", &unique),
        )
    }

    pub fn envelope(&self) -> String {
        let set = submission_set(&format!("1.2.250.1.999.1.1.1.{}", self.n));
        let (has, signs) = (
            "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember",
            "urn:ihe:iti:2007:AssociationType:signs",
        );
        let original = slot("SubmissionSetStatus", &["Original"]);
        let mut associations = association("a1", has, "SubmissionSet01", "Document01", &original)
            + &association("a2", has, "SubmissionSet01", "Signature01", &original)
            + &association("a3", signs, "Signature01", "SubmissionSet01", &original);
        if let Some(old) = &self.replaces {
            associations +=
                &association("a4", "urn:ihe:iti:2007:AssociationType:RPLC", "Document01", old, "");
        }
        let cid = if self.escaped_cid { "urn%3Adoc%3A1" } else { "urn:doc:1" };
        let body = format!(
            r#"<x:ProvideAndRegisterDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007" xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><l:SubmitObjectsRequest xmlns:l="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"><RegistryObjectList>{set}{}{}{associations}</RegistryObjectList></l:SubmitObjectsRequest><x:Document id="Document01"><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:{cid}"/></x:Document><x:Document id="Signature01"><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:sig"/></x:Document></x:ProvideAndRegisterDocumentSetRequest>"#,
            self.entry(false),
            self.entry(true)
        );
        let action = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b";
        let mut text = envelope(action, &self.vihf.xml(), &body);
        for (from, to) in &self.edits {
            assert!(text.contains(from.as_str()), "{from}");
            text = text.replacen(from.as_str(), to, 1);
        }
        text
    }

    /// Content type and body of the HTTP request.
    pub fn mtom(&self) -> (String, Vec<u8>) {
        let mut body = Vec::new();
        let mut part = |headers: &str, bytes: &[u8]| {
            body.extend_from_slice(format!("--b0undary\r\n{headers}\r\n\r\n").as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        };
        part(
            "Content-Type: application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"\r\nContent-ID: <root>",
            self.envelope().as_bytes(),
        );
        part(
            "Content-Type: text/xml\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <urn:doc:1>",
            &self.cda(),
        );
        part(
            "Content-Type: text/xml\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <sig>",
            &self.signature(),
        );
        body.extend_from_slice(b"--b0undary--\r\n");
        let kind = "multipart/related; type=\"application/xop+xml\"; start=\"<root>\"; start-info=\"application/soap+xml\"; boundary=\"b0undary\"; action=\"urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b\"";
        (kind.to_owned(), body)
    }
}

pub fn slot(name: &str, values: &[&str]) -> String {
    let values: String = values.iter().map(|v| format!("<Value>{v}</Value>")).collect();
    format!(r#"<Slot name="{name}"><ValueList>{values}</ValueList></Slot>"#)
}

fn name(text: &str) -> String {
    format!(r#"<Name><LocalizedString charset="UTF-8" value="{text}" xml:lang="fr-FR"/></Name>"#)
}

fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::new_v4())
}

fn classification(of: &str, scheme: &str, code: &str, system: &str, label: &str) -> String {
    format!(
        r#"<Classification id="{}" classificationScheme="{scheme}" classifiedObject="{of}" nodeRepresentation="{code}">{}{}</Classification>"#,
        unique("c"),
        slot("codingScheme", &[system]),
        name(label)
    )
}

fn author(of: &str, scheme: &str) -> String {
    format!(
        r#"<Classification id="{}" classificationScheme="{scheme}" classifiedObject="{of}" nodeRepresentation="">{}{}</Classification>"#,
        unique("c"),
        slot("authorPerson", &[PERSON]),
        slot("authorInstitution", &[PLACE])
    )
}

fn external(of: &str, scheme: &str, value: &str) -> String {
    format!(
        r#"<ExternalIdentifier id="{}" identificationScheme="{scheme}" registryObject="{of}" value="{value}">{}</ExternalIdentifier>"#,
        unique("e"),
        name("x")
    )
}

fn association(id: &str, kind: &str, source: &str, target: &str, slots: &str) -> String {
    format!(
        r#"<Association id="{id}" associationType="{kind}" sourceObject="{source}" targetObject="{target}">{slots}</Association>"#
    )
}

fn submission_set(unique_id: &str) -> String {
    let id = "SubmissionSet01";
    format!(
        r#"<RegistryPackage id="{id}">{}{}{}<Classification id="c0" classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd" classifiedObject="{id}"/>{}{}{}</RegistryPackage>"#,
        slot("submissionTime", &["20260301110500"]),
        author(id, "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"),
        classification(
            id,
            "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500",
            "26",
            "1.2.250.1.213.2.2",
            "Analyses"
        ),
        external(id, "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446", PATIENT),
        external(id, "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832", "1.2.250.1.999.1"),
        external(id, "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8", unique_id)
    )
}

pub fn envelope(action: &str, vihf: &str, body: &str) -> String {
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header xmlns:a="http://www.w3.org/2005/08/addressing"><a:MessageID>urn:uuid:{}</a:MessageID><a:To/><a:ReplyTo s:mustUnderstand="true"><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">{action}</a:Action><w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">{vihf}</w:Security></s:Header><s:Body>{body}</s:Body></s:Envelope>"#,
        uuid::Uuid::new_v4()
    )
}

/// TD3.1b for one uniqueId.
pub fn query(unique_id: &str) -> String {
    let body = format!(
        r#"<q:AdhocQueryRequest xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><q:ResponseOption returnComposedObjects="true" returnType="ObjectRef"/><AdhocQuery id="urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4">{}</AdhocQuery></q:AdhocQueryRequest>"#,
        slot("$XDSDocumentEntryUniqueId", &[&format!("('{unique_id}')")])
    );
    envelope("urn:ihe:iti:2007:RegistryStoredQuery", &Vihf::default().xml(), &body)
}

/// TD3.3c for one entryUUID.
pub fn deletion(set: u32, entry_uuid: &str, original: &str, new: &str) -> String {
    let slots = slot("OriginalStatus", &[original]) + &slot("NewStatus", &[new]);
    let kind = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus";
    let body = format!(
        r#"<l:SubmitObjectsRequest xmlns:l="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><RegistryObjectList>{}{}</RegistryObjectList></l:SubmitObjectsRequest>"#,
        submission_set(&format!("1.2.250.1.999.1.1.2.{set}")),
        association("a1", kind, "SubmissionSet01", entry_uuid, &slots)
    );
    envelope("urn:ihe:iti:2010:UpdateDocumentSet", &Vihf::default().xml(), &body)
}
