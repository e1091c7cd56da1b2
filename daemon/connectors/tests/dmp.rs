//! The DMP client over mutual TLS: what it writes, against independent tools and the published schemas; what it
//! makes of each kind of answer.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)] // helpers of tests

mod common;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use common::{Behaviour, http, material, serve};
use paillasse_connectors::dmp::*;
use paillasse_connectors::soap;
use paillasse_connectors::tls::TlsMaterial;
use paillasse_xml::testing::TestAuthority;
use paillasse_xml::{Digest, DnOrder, Element, SigningIdentity, parse};
use uuid::Uuid;

const PATIENT: &str = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH";
const SOAP: &str = soap::SOAP12_NS;
const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

fn reference(path: &str) -> Option<PathBuf> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference").join(path);
    if !file.exists() {
        println!("skipped: no published references beside the repository ({path})");
        return None;
    }
    Some(file)
}

/// Output of a program fed with `input`; `None` (said aloud) when it is not installed.
fn run(program: &str, args: &[&str], input: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let spawned = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        println!("skipped: {program} is not installed");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let out = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    if out.status.success() {
        Some(Ok(out.stdout))
    } else {
        Some(Err(String::from_utf8_lossy(&out.stderr).into()))
    }
}

fn authority() -> &'static TestAuthority {
    static CA: OnceLock<TestAuthority> = OnceLock::new();
    CA.get_or_init(|| TestAuthority::new("AC ESSAI ORGANISATIONS"))
}

fn sign_identity() -> SigningIdentity {
    SigningIdentity::from_pem(authority().issue(2, "DMP SIGN", "1120459876", &[]).as_bytes()).unwrap()
}

fn vihf_settings() -> VihfSettings {
    let software = Software {
        id: Some("01.01.01.01".into()),
        name: "Paillasse & Cie".into(),
        version: "0.1".into(),
        homologation: "NumAutorisation".into(),
    };
    VihfSettings::new("1120459876", software, Actor::automate("801234534765", "Paillasse <automate>"))
}

fn settings(url: &str) -> DmpSettings {
    DmpSettings::new(url, vihf_settings())
}

fn client(url: &str) -> DmpClient {
    DmpClient::new(settings(url), &material(authority()), sign_identity()).unwrap()
}

fn context(n: u128) -> CallContext {
    CallContext {
        now: "2026-02-03T04:05:06.7Z".parse().unwrap(),
        message_id: Uuid::from_u128(n),
        assertion_id: Uuid::from_u128(n + 1000),
    }
}

const METADATA: &str =
    "<lcm:SubmitObjectsRequest xmlns:lcm=\"urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0\"/>";
/// Bytes a careless writer would change: BOM, CRLF, boundary look-alikes, bytes that are not UTF-8.
const CDA: &[u8] = b"\xEF\xBB\xBF<cda>\r\n--paillasse_\r\n\xFF</cda>\r\n\r\n";

fn lot(context: CallContext) -> Td21Request<'static> {
    Td21Request {
        patient_id: PATIENT,
        submit_objects_request: METADATA,
        documents: vec![
            Td21Document { entry_id: "Document01", mime_type: "text/xml", bytes: CDA },
            Td21Document { entry_id: "Signature01", mime_type: "text/xml", bytes: b"<Signature/>" },
        ],
        actor: None,
        context,
    }
}

fn find(n: u128) -> FindRequest<'static> {
    FindRequest { patient_id: PATIENT, unique_id: "1.2.250.1.999.7", actor: None, context: context(n) }
}

fn registry_response(status: &str, errors: &[(&str, &str, &str)]) -> String {
    let list: String = errors
        .iter()
        .map(|(code, words, severity)| {
            format!(
                "<rs:RegistryError errorCode=\"{code}\" codeContext=\"{words}\" location=\"\" severity=\"urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:{severity}\"/>"
            )
        })
        .collect();
    let list = if errors.is_empty() {
        String::new()
    } else {
        format!("<rs:RegistryErrorList>{list}</rs:RegistryErrorList>")
    };
    format!(
        "<rs:RegistryResponse xmlns:rs=\"urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0\" status=\"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:{status}\">{list}</rs:RegistryResponse>"
    )
}

fn found(refs: &str) -> String {
    format!(
        "<q:AdhocQueryResponse xmlns:q=\"urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0\" xmlns:r=\"urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0\" status=\"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success\"><r:RegistryObjectList>{refs}</r:RegistryObjectList></q:AdhocQueryResponse>"
    )
}

fn fault(code: &str, subcode: &str, reason: &str) -> String {
    format!(
        "<soap:Fault xmlns:soap=\"{SOAP}\"><soap:Code><soap:Value>soap:{code}</soap:Value><soap:Subcode><soap:Value>soap:{subcode}</soap:Value></soap:Subcode></soap:Code><soap:Reason><soap:Text xml:lang=\"fr\">{reason}</soap:Text></soap:Reason></soap:Fault>"
    )
}

/// The same answer plain and as multipart: the DMP may choose either, for faults too.
fn both_forms(status: u16, body: &str) -> [Behaviour; 2] {
    let envelope = soap::envelope(&[], body);
    let multipart = format!(
        "--x\r\nContent-Type: application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"\r\nContent-ID: <root@x>\r\n\r\n{envelope}\r\n--x--\r\n"
    );
    let kind = "multipart/related; type=\"application/xop+xml\"; start=\"<root@x>\"; boundary=x";
    [
        http(status, "application/soap+xml; charset=utf-8", envelope.as_bytes()),
        http(status, kind, multipart.as_bytes()),
    ]
}

fn success() -> Behaviour {
    let [plain, _] = both_forms(200, &registry_response("Success", &[]));
    plain
}

/// Head and body of the request a successful call sends.
async fn captured(call: impl AsyncFn(&DmpClient)) -> (String, Vec<u8>) {
    let mut server = serve(authority(), success()).await;
    call(&client(&server.url)).await;
    let request = server.received.recv().await.unwrap();
    let split = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    (String::from_utf8(request[..split].to_vec()).unwrap(), request[split + 4..].to_vec())
}

fn header(head: &str, name: &str) -> String {
    head.lines()
        .filter_map(|l| l.split_once(": "))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .unwrap()
        .1
        .to_owned()
}

#[tokio::test]
async fn dmp_11_the_lot_leaves_as_mtom_that_python_takes_apart_byte_for_byte() {
    let (head, body) = captured(async |dmp| {
        let receipt = dmp.submit(&lot(context(1))).await.unwrap();
        assert_eq!(receipt.message_id, Uuid::from_u128(1));
        assert!(receipt.status.ends_with(":Success") && receipt.warnings.is_empty());
    })
    .await;
    assert!(head.starts_with("POST /si-dmp-server/v2/services/repository HTTP/1.1"));
    let content_type = header(&head, "Content-Type");
    let script = "import sys,json,base64,email\nfrom email import policy\n\
        m=email.message_from_bytes(sys.stdin.buffer.read(),policy=policy.HTTP)\n\
        assert m.get_content_type()=='multipart/related' and not m.defects\n\
        ps=list(m.iter_parts())\nassert not any(p.defects for p in ps)\n\
        print(json.dumps([dict(m.get_params()[1:]),[[p['Content-Type'],p['Content-ID'],p['Content-Transfer-Encoding'],base64.b64encode(p.get_payload(decode=True)).decode()] for p in ps]]))";
    let message = [format!("Content-Type: {content_type}\r\n\r\n").as_bytes(), &body].concat();
    let Some(out) = run("python3", &["-c", script], &message) else { return };
    type Parsed = (std::collections::BTreeMap<String, String>, Vec<(String, String, String, String)>);
    let (parameters, parts): Parsed = serde_json::from_slice(&out.unwrap()).unwrap();
    let of = |name: &str| parameters.get(name).map(String::as_str).unwrap();
    assert_eq!(of("type"), "application/xop+xml");
    assert_eq!(of("start-info"), "application/soap+xml");
    assert_eq!(of("action"), "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b");
    assert_eq!(of("start"), parts[0].1);
    // The library puts quotes around the charset of its own accord.
    let root_type = parts[0].0.replace("\"UTF-8\"", "UTF-8");
    assert_eq!(root_type, "application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"");
    let bytes = |i: usize| paillasse_connectors::mime::decode_base64(parts[i].3.as_bytes()).unwrap();
    assert_eq!(bytes(1), CDA);
    assert_eq!(bytes(2), b"<Signature/>");
    assert!(parts[1..].iter().all(|p| p.0 == "text/xml" && p.2 == "binary"));

    let envelope = parse(&bytes(0)).unwrap();
    let request = envelope.find("urn:ihe:iti:xds-b:2007", "ProvideAndRegisterDocumentSetRequest").unwrap();
    assert_eq!(request.children().next().unwrap().name, "SubmitObjectsRequest");
    let links: Vec<(&str, String)> = request
        .children_named("urn:ihe:iti:xds-b:2007", "Document")
        .map(|d| {
            let include = d.child("http://www.w3.org/2004/08/xop/include", "Include").unwrap();
            (
                d.attr("id").unwrap(),
                format!("<{}>", include.attr("href").unwrap().strip_prefix("cid:").unwrap()),
            )
        })
        .collect();
    assert_eq!(links, [("Document01", parts[1].1.clone()), ("Signature01", parts[2].1.clone())]);
}

#[tokio::test]
async fn each_request_has_its_addressing_and_one_assertion() {
    let (head, body) = captured(async |dmp| {
        let delete = DeleteRequest {
            patient_id: PATIENT,
            status_update_request: METADATA,
            actor: None,
            context: context(2),
        };
        assert!(dmp.delete(&delete).await.is_ok());
    })
    .await;
    assert!(head.starts_with("POST /si-dmp-server/v2/services/registry HTTP/1.1"));
    assert!(header(&head, "Content-Type").ends_with("action=\"urn:ihe:iti:2010:UpdateDocumentSet\""));
    let envelope = parse(&body).unwrap();
    let blocks: Vec<&Element> = envelope.child(SOAP, "Header").unwrap().children().collect();
    let wsa = |name: &str| *blocks.iter().find(|b| b.is(soap::WSA_NS, name)).unwrap();
    assert_eq!(wsa("Action").text(), "urn:ihe:iti:2010:UpdateDocumentSet");
    assert_eq!(wsa("Action").attr_ns(SOAP, "mustUnderstand"), Some("true"));
    assert_eq!(wsa("MessageID").text(), format!("urn:uuid:{}", Uuid::from_u128(2)));
    assert!(wsa("To").text().ends_with("/si-dmp-server/v2/services/registry"));
    assert_eq!(wsa("ReplyTo").attr_ns(SOAP, "mustUnderstand"), Some("true"));
    assert_eq!(wsa("ReplyTo").child_text(soap::WSA_NS, "Address").as_deref(), Some(soap::WSA_ANONYMOUS));
    let security: Vec<&&Element> = blocks.iter().filter(|b| b.is(soap::WSSE_NS, "Security")).collect();
    assert_eq!(security.len(), 1);
    assert_eq!(security[0].children().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Assertion"]);
}

/// Verdict of xmlsec1 on the assertion inside an envelope.
fn xmlsec(document: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let dir = tempfile::tempdir().unwrap();
    let (root, file) = (dir.path().join("ca.pem"), dir.path().join("e.xml"));
    std::fs::write(&root, &authority().ca_pem).unwrap();
    std::fs::write(&file, document).unwrap();
    let id = format!("{SAML}:Assertion");
    let args = [
        "--verify",
        "--enabled-key-data",
        "x509,rsa",
        "--id-attr:ID",
        &id,
        "--trusted-pem",
        root.to_str()?,
        file.to_str()?,
    ];
    run("xmlsec1", &args, b"")
}

fn envelope_with(settings: &VihfSettings, actor: Option<&Actor>) -> String {
    let assertion = vihf::assertion(settings, actor, PATIENT, &context(3), &sign_identity()).unwrap();
    let security = format!(
        "<wsse:Security xmlns:wsse=\"{}\" xmlns:xsi=\"urn:other\">{assertion}</wsse:Security>",
        soap::WSSE_NS
    );
    soap::envelope(&[&security], "<body/>")
}

#[test]
fn dmp_11_xmlsec1_accepts_the_assertion_inside_its_envelope_and_refuses_an_altered_one() {
    for digest in [Digest::Sha256, Digest::Sha1] {
        let envelope = envelope_with(&VihfSettings { digest, ..vihf_settings() }, None);
        let Some(verdict) = xmlsec(envelope.as_bytes()) else { return };
        assert!(verdict.is_ok(), "{verdict:?}");
        for (from, to) in [
            ("279035121518989", "279035121518988"),
            ("SA25^", "SA07^"),
            ("AUTOMATE", "MEDECIN"),
            ("04:05:06.7", "04:05:07.7"),
        ] {
            let altered = envelope.replacen(from, to, 1);
            assert_ne!(altered, envelope);
            assert!(xmlsec(altered.as_bytes()).unwrap().is_err(), "{from}");
        }
    }
}

#[test]
fn the_assertion_validates_against_the_saml_schema() {
    // The type CE of the HL7 values is defined in another schema: taken off before validation.
    let Some(xsd) = reference("xds/xsd/security/saml-schema-assertion-2.xsd") else { return };
    let folder = xsd.parent().unwrap();
    let script = format!(
        "import sys,lxml.etree as e\n\
         class R(e.Resolver):\n  def resolve(self,u,i,c):\n    n=u.rsplit('/',1)[-1]\n    return self.resolve_filename({:?}+'/'+n,c) if n in ('xmldsig-core-schema.xsd','xenc-schema.xsd') else None\n\
         p=e.XMLParser(no_network=True,load_dtd=False)\np.resolvers.add(R())\n\
         s=e.XMLSchema(e.parse({:?},p))\nd=e.fromstring(sys.stdin.buffer.read())\n\
         a=e.fromstring(e.tostring(d.find('.//{{{SAML}}}Assertion')))\n\
         for h in a.iter('{{urn:hl7-org:v3}}*'): del h.attrib['{{http://www.w3.org/2001/XMLSchema-instance}}type']\n\
         s.assertValid(a)",
        folder.to_str().unwrap(),
        xsd.to_str().unwrap()
    );
    if run("python3", &["-c", "import lxml"], b"").is_none_or(|r| r.is_err()) {
        println!("skipped: no lxml");
        return;
    }
    let verdict = run("python3", &["-c", &script], envelope_with(&vihf_settings(), None).as_bytes()).unwrap();
    assert!(verdict.is_ok(), "{verdict:?}");
}

/// Names of the attributes with, for coded values, the element and its attribute names.
fn attribute_shapes(assertion: &Element) -> Vec<String> {
    assertion
        .find_all(SAML, "Attribute")
        .iter()
        .map(|a| {
            let value = a.child(SAML, "AttributeValue").unwrap();
            let coded = value.children().next().map(|c| {
                let mut names: Vec<&str> = c.attributes.iter().map(|a| a.name.as_str()).collect();
                names.sort_unstable();
                format!(" {}{names:?}", c.name)
            });
            format!("{}{}", a.attr("Name").unwrap(), coded.unwrap_or_default())
        })
        .collect()
}

#[test]
fn the_assertion_has_the_attributes_and_the_layout_of_the_official_sample() {
    let assertion = parse(envelope_with(&vihf_settings(), None).as_bytes()).unwrap();
    let assertion = assertion.find(SAML, "Assertion").unwrap();
    assert_eq!(
        assertion.child_text(SAML, "Issuer").unwrap(),
        "CN=DMP SIGN,OU=1120459876,O=LABORATOIRE DES CHARMES,ST=Sarthe (72),C=FR"
    );
    let value = |name: &str| {
        let attribute =
            assertion.find_all(SAML, "Attribute").into_iter().find(|a| a.attr("Name") == Some(name));
        attribute.unwrap().child(SAML, "AttributeValue").unwrap().clone()
    };
    assert_eq!(value("Identifiant_Structure").text(), "1120459876");
    assert_eq!(value("Secteur_Activite").text(), "SA25^1.2.250.1.71.4.2.4");
    assert_eq!(value("urn:oasis:names:tc:xacml:2.0:resource:resource-id").text(), PATIENT);
    assert_eq!(value("Authentification_mode").text(), "INDIRECTE");
    assert_eq!(value("LPS_Nom").text(), "Paillasse & Cie");
    let role = value("urn:oasis:names:tc:xacml:2.0:subject:role");
    assert_eq!(role.children().next().unwrap().attr("code"), Some("AUTOMATE"));

    let Some(path) = reference("xds/vihf_indirecte_signed.xml") else { return };
    let sample = parse(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(attribute_shapes(assertion), attribute_shapes(&sample));
    let layout = |a: &Element| a.children().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(layout(assertion), layout(&sample));
    let signature = |a: &Element| {
        let info = a.find(DSIG, "SignedInfo").unwrap();
        let transforms = info
            .find_all(DSIG, "Transform")
            .iter()
            .map(|t| t.attr("Algorithm").unwrap().to_owned())
            .collect::<Vec<_>>();
        (
            info.child(DSIG, "CanonicalizationMethod").unwrap().attr("Algorithm").unwrap().to_owned(),
            transforms,
        )
    };
    assert_eq!(signature(assertion), signature(&sample));
}

#[test]
fn a_person_may_act_and_settings_change_what_sources_disagree_on() {
    let actor = Actor {
        name_id: "801234534765".into(),
        subject_id: "Marcel CAMPARINI".into(),
        roles: vec![
            CodedValue::new("10", "1.2.250.1.71.1.2.7", "Médecin"),
            CodedValue::new("SM03", "1.2.250.1.71.4.2.5", "Biologie médicale (SM)"),
        ],
        authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".into(),
    };
    let mut settings = vihf_settings();
    settings.mode_attribute = "Authentification_Mode".into();
    settings.issuer_order = DnOrder::Certificate;
    settings.software.id = None;
    let envelope = envelope_with(&settings, Some(&actor));
    if let Some(verdict) = xmlsec(envelope.as_bytes()) {
        assert!(verdict.is_ok(), "{verdict:?}");
    }
    let read = parse(envelope.as_bytes()).unwrap();
    assert_eq!(read.find(SAML, "NameID").unwrap().text(), "801234534765");
    assert!(read.find(SAML, "Issuer").unwrap().text().starts_with("C=FR, "));
    let roles = read.find_all("urn:hl7-org:v3", "Role");
    assert_eq!(roles.iter().map(|r| r.attr("code").unwrap()).collect::<Vec<_>>(), ["10", "SM03"]);
    let names: Vec<&str> = read.find_all(SAML, "Attribute").iter().filter_map(|a| a.attr("Name")).collect();
    assert!(names.contains(&"Authentification_Mode") && !names.contains(&"LPS_ID"));
}

#[test]
fn a_client_with_the_wrong_certificates_is_not_made() {
    let tls = material(authority());
    let url = "https://localhost/si-dmp-server/v2/services";
    let mut other = settings(url);
    other.vihf.structure_id = "1999999999".into();
    assert_eq!(
        DmpClient::new(other, &tls, sign_identity()).unwrap_err(),
        DmpSetupError::Structure { structure: "1999999999".into(), found: vec!["1120459876".into()] }
    );
    let pem = authority().issue(1, "AUTH_CLI", "1120459876", &[]);
    let same = TlsMaterial::new(authority().ca_pem.clone().into_bytes(), Some(pem.clone().into_bytes()));
    let identity = SigningIdentity::from_pem(pem.as_bytes()).unwrap();
    assert_eq!(DmpClient::new(settings(url), &same, identity).unwrap_err(), DmpSetupError::SameCertificate);
    let shown = format!("{:?}", client(url));
    assert!(!shown.contains("PRIVATE"), "{shown}");
}

#[tokio::test]
async fn official_answers_are_successes_plain_and_multipart() {
    for (sample, delete) in [("xds/td2.1_response.xml", false), ("xds/td3.3c_response.xml", true)] {
        let Some(path) = reference(sample) else { return };
        // The samples answer somebody else's message.
        let text = std::fs::read_to_string(path).unwrap();
        let ours = format!("urn:uuid:{}", Uuid::from_u128(5));
        let theirs = parse(text.as_bytes()).unwrap().find(soap::WSA_NS, "RelatesTo").unwrap().text();
        let answer = text.replace(&theirs, &ours);
        let server = serve(authority(), http(200, "application/soap+xml", answer.as_bytes())).await;
        let dmp = client(&server.url);
        let request = DeleteRequest {
            patient_id: PATIENT,
            status_update_request: METADATA,
            actor: None,
            context: context(5),
        };
        let receipt = if delete { dmp.delete(&request).await } else { dmp.submit(&lot(context(5))).await };
        assert!(receipt.unwrap().status.ends_with(":Success"), "{sample}");
    }
}

#[tokio::test]
async fn a_success_with_warnings_keeps_their_words() {
    let warning =
        registry_response("Success", &[("XDSExtraMetadataNotSaved", "métadonnée ignorée", "Warning")]);
    for form in both_forms(200, &warning) {
        let server = serve(authority(), form).await;
        let receipt = client(&server.url).submit(&lot(context(6))).await.unwrap();
        assert_eq!(receipt.warnings[0].context, "métadonnée ignorée");
        assert!(receipt.warnings[0].warning);
    }
}

async fn submit_error(answer: Behaviour) -> DmpError {
    let server = serve(authority(), answer).await;
    client(&server.url).submit(&lot(context(7))).await.unwrap_err()
}

#[tokio::test]
async fn refusals_are_classified_and_keep_the_words_of_the_dmp() {
    type Errors = &'static [(&'static str, &'static str, &'static str)];
    let cases: [(Errors, ErrorClass); 7] = [
        (&[("XDSRegistryBusy", "occupé", "Error")], ErrorClass::Retry),
        (&[("XDSRepositoryOutOfResources", "", "Error")], ErrorClass::RetrySlow),
        (&[("urn:ihe:XDSDuplicateUniqueIdInRegistry", "déjà là", "Error")], ErrorClass::AlreadyThere),
        (&[("XDSRegistryDeprecatedDocumentError", "", "Error")], ErrorClass::RefreshTarget),
        (&[("DMPInconnu42", "code jamais vu", "Error")], ErrorClass::Permanent),
        (&[("XDSRegistryBusy", "", "Error"), ("XDSUnknownPatientId", "", "Error")], ErrorClass::Permanent),
        (&[("XDSExtraMetadataNotSaved", "", "Warning")], ErrorClass::Permanent),
    ];
    for (errors, class) in cases {
        for form in both_forms(200, &registry_response("Failure", errors)) {
            let error = submit_error(form).await;
            assert_eq!(error.class, class, "{errors:?}");
            assert_eq!(
                (error.peer[0].code.as_str(), error.peer[0].context.as_str()),
                (errors[0].0, errors[0].1)
            );
            assert!(!error.unknown_outcome());
        }
    }
}

#[tokio::test]
async fn faults_of_the_assertion_suspend_the_service_and_others_do_not() {
    let cases = [
        (
            500,
            "Sender",
            "DMPInvalidCertificate",
            "Le certificat n'est pas valide",
            ErrorClass::SuspendService,
        ),
        (500, "Sender", "DMPAutre", "Structure introuvable ou Inactive", ErrorClass::SuspendService),
        (400, "Sender", "DMPAutre", "A required addressing header is absent", ErrorClass::SuspendService),
        (500, "Sender", "DMPAccessDeniedByRightsService", "droit insuffisant", ErrorClass::Permanent),
        (400, "Sender", "DMPAutre", "mauvaise requête", ErrorClass::Permanent),
        (500, "Receiver", "DMPAutre", "panne", ErrorClass::RetryFew),
    ];
    for (status, code, subcode, reason, class) in cases {
        for form in both_forms(status, &fault(code, subcode, reason)) {
            let error = submit_error(form).await;
            assert_eq!(error.class, class, "{reason}");
            assert_eq!(error.peer[0].code, format!("{code}/{subcode}"));
            assert_eq!(error.peer[0].context, reason);
            assert!(!error.unknown_outcome());
        }
    }
}

#[tokio::test]
async fn an_override_of_the_configuration_wins_over_the_contract() {
    let busy =
        registry_response("Failure", &[("XDSRegistryBusy", "", "Error"), ("DMPInconnu42", "", "Error")]);
    let [form, _] = both_forms(200, &busy);
    let server = serve(authority(), form).await;
    let mut settings = settings(&server.url);
    for (code, class) in [("XDSRegistryBusy", "suspend_service"), ("DMPInconnu42", "retry")] {
        settings.errors.overrides.insert(code.into(), ErrorClass::parse(class).unwrap());
    }
    let dmp = DmpClient::new(settings, &material(authority()), sign_identity()).unwrap();
    assert_eq!(dmp.submit(&lot(context(8))).await.unwrap_err().class, ErrorClass::SuspendService);
}

#[tokio::test]
async fn a_lost_or_foreign_answer_leaves_the_outcome_unknown() {
    let elsewhere = soap::envelope(
        &["<w:RelatesTo xmlns:w=\"http://www.w3.org/2005/08/addressing\">urn:uuid:another</w:RelatesTo>"],
        &registry_response("Success", &[]),
    );
    let cases = [
        Behaviour::Cut,
        http(502, "text/html", b"<html>"),
        http(200, "text/html", b"<html><body>portail</body></html>"),
        http(200, "application/soap+xml", elsewhere.as_bytes()),
        http(200, "application/soap+xml", soap::envelope(&[], "<x/>").as_bytes()),
        http(200, "application/soap+xml", soap::envelope(&[], &registry_response("Autre", &[])).as_bytes()),
    ];
    for case in cases {
        let error = submit_error(case).await;
        assert!(error.unknown_outcome(), "{error:?}");
        assert!(matches!(error.class, ErrorClass::Retry | ErrorClass::RetryFew), "{error:?}");
    }
    let closed =
        client("https://localhost:1/si-dmp-server/v2/services").submit(&lot(context(9))).await.unwrap_err();
    assert!(!closed.unknown_outcome());
    assert_eq!(closed.class, ErrorClass::Retry);
}

#[tokio::test]
async fn dmp_08_a_certificate_refused_by_either_side_suspends_the_service() {
    let server = serve(&TestAuthority::new("AUTRE AC"), success()).await;
    // Same key, other name: neither side trusts the other's authority.
    let error = client(&server.url).submit(&lot(context(10))).await.unwrap_err();
    assert_eq!((error.class, error.unknown_outcome()), (ErrorClass::SuspendService, false), "{error:?}");
}

#[tokio::test]
async fn a_lot_over_the_bound_is_not_sent() {
    let mut server = serve(authority(), success()).await;
    let settings = DmpSettings { max_documents: 10, ..settings(&server.url) };
    let dmp = DmpClient::new(settings, &material(authority()), sign_identity()).unwrap();
    let error = dmp.submit(&lot(context(11))).await.unwrap_err();
    assert_eq!(error.kind, DmpErrorKind::TooLarge { size: CDA.len() + 12, limit: 10 });
    assert!(!error.unknown_outcome() && server.received.try_recv().is_err());
}

#[tokio::test]
async fn a_search_finds_a_reference_or_nothing_and_its_request_validates() {
    let id = "urn:uuid:fe5287a2-ae6a-11eb-8f5d-0050569e422e";
    let cases = [
        (found(&format!("<r:ObjectRef id=\"{id}\"/>")), Some(EntryUuid(id.into()))),
        (
            found(&format!("<r:ExtrinsicObject id=\"{id}\" mimeType=\"text/xml\"/>")),
            Some(EntryUuid(id.into())),
        ),
        (found(""), None),
    ];
    for (answer, expected) in cases {
        for form in both_forms(200, &answer) {
            let mut server = serve(authority(), form).await;
            assert_eq!(client(&server.url).find(&find(12)).await, Ok(expected.clone()));
            let request = server.received.recv().await.unwrap();
            let text = String::from_utf8(request).unwrap();
            assert!(text.starts_with("POST /si-dmp-server/v2/services/registry "));
            assert!(text.contains("<rim:Value>('1.2.250.1.999.7')</rim:Value>"));
            let Some(xsd) = reference("xds/xsd/ebRS30/query.xsd") else { continue };
            let from = text.find("<query:AdhocQueryRequest").unwrap();
            let end = "</query:AdhocQueryRequest>";
            let body = &text[from..text.find(end).unwrap() + end.len()];
            let script = format!(
                "import sys,lxml.etree as e\ne.XMLSchema(e.parse({:?})).assertValid(e.fromstring(sys.stdin.buffer.read()))",
                xsd.to_str().unwrap()
            );
            if run("python3", &["-c", "import lxml"], b"").is_some_and(|r| r.is_ok()) {
                let verdict = run("python3", &["-c", &script], body.as_bytes()).unwrap();
                assert!(verdict.is_ok(), "{verdict:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_failed_search_never_leaves_an_unknown_outcome() {
    for case in [Behaviour::Cut, http(200, "text/html", b"<html>"), http(502, "text/html", b"")] {
        let server = serve(authority(), case).await;
        let error = client(&server.url).find(&find(13)).await.unwrap_err();
        assert!(!error.unknown_outcome());
    }
    let [form, _] = both_forms(200, &found("<r:ObjectRef id=\"Document01\"/>"));
    let server = serve(authority(), form).await;
    assert!(client(&server.url).find(&find(14)).await.is_err(), "a symbolic id is no registry identifier");
}

#[test]
fn every_code_of_the_contract_has_one_class() {
    let mut codes: Vec<&str> = errors::CONTRACT.iter().map(|(c, _)| *c).collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
    let table = ErrorTable::default();
    assert_eq!(
        table.known("urn:oasis:names:tc:ebxml-regrep:ErrorCodes:XDSRegistryBusy"),
        Some(ErrorClass::Retry)
    );
    assert_eq!(table.known("jamais vu"), None);
}
