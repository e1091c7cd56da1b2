//! The signature of a lot against xmlsec1, lxml, the XAdES schema and the official sample.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)] // helpers of tests

mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use paillasse_documents::lot_signature::{DSIG_NS, LotSignatureError, LotToSign, XADES_NS, sign};
use paillasse_xml::testing::TestAuthority;
use paillasse_xml::{Digest, Element, SigningIdentity, canonicalize};
use support::{python_lxml, reference, run};

const CDA: &[u8] = "\u{FEFF}<?xml version=\"1.0\"?>\r\n<!-- c -->\r\n<ClinicalDocument xmlns='urn:hl7-org:v3'><title>Caf\u{e9}</title><text/></ClinicalDocument>".as_bytes();

fn lot(digest: Digest) -> LotToSign<'static> {
    LotToSign {
        signature_id: "S-0421d1cc-b27b-4b0d-bab2-7ebcd54d47f6",
        signing_time: "2024-04-04T12:20:12.282Z".parse().unwrap(),
        set_unique_id: "1.2.250.1.999.1.1.7898.3",
        documents: vec![("1.2.250.1.999.1.1.7898.4", CDA)],
        digest,
    }
}

fn authority() -> (TestAuthority, SigningIdentity) {
    let ca = TestAuthority::new("AC ESSAI ORGANISATIONS");
    let identity = SigningIdentity::from_pem(ca.issue(1, "DMP SIGN", "1120459876", &[]).as_bytes()).unwrap();
    (ca, identity)
}

/// Verdict of xmlsec1; `None` when it is not installed.
fn xmlsec(ca: &TestAuthority, signature: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let dir = tempfile::tempdir().unwrap();
    let (root, file) = (dir.path().join("ca.pem"), dir.path().join("s.xml"));
    std::fs::write(&root, &ca.ca_pem).unwrap();
    std::fs::write(&file, signature).unwrap();
    let properties = format!("{XADES_NS}:SignedProperties");
    run(
        "xmlsec1",
        &[
            "--verify",
            "--ignore-manifests",
            "--enabled-key-data",
            "x509,rsa",
            "--id-attr:Id",
            &properties,
            "--id-attr:Id",
            &format!("{DSIG_NS}:Manifest"),
            "--trusted-pem",
            root.to_str()?,
            file.to_str()?,
        ],
        b"",
    )
}

#[test]
fn xmlsec1_accepts_the_signature_and_refuses_an_altered_one() {
    let (ca, identity) = authority();
    for digest in [Digest::Sha1, Digest::Sha256] {
        let signature = sign(&lot(digest), &identity).unwrap();
        let Some(verdict) = xmlsec(&ca, &signature) else { return };
        assert!(verdict.is_ok(), "{digest:?}: {verdict:?}");
        for (from, to) in [("7898.4", "7898.5"), ("12:20:12", "12:20:13"), ("7898.3", "7898.9")] {
            let altered = String::from_utf8(signature.clone()).unwrap().replacen(from, to, 1);
            assert!(xmlsec(&ca, altered.as_bytes()).unwrap().is_err(), "{from} changed");
        }
    }
}

#[test]
fn the_manifest_holds_the_digest_of_the_canonical_document() {
    let (_, identity) = authority();
    let signature = sign(&lot(Digest::Sha256), &identity).unwrap();
    let script = "import sys,hashlib,base64,lxml.etree as e,io\n\
        t=e.fromstring(sys.stdin.buffer.read()).getroottree()\no=io.BytesIO()\nt.write_c14n(o,with_comments=True)\n\
        sys.stdout.write(base64.b64encode(hashlib.sha256(o.getvalue()).digest()).decode())";
    let Some(digest) = python_lxml(script, CDA) else { return };
    let digest = String::from_utf8(digest.unwrap()).unwrap();
    let root = paillasse_xml::parse(&signature).unwrap();
    let references = root.find(DSIG_NS, "Manifest").unwrap().find_all(DSIG_NS, "Reference");
    let read: Vec<(&str, String)> = references
        .iter()
        .map(|r| (r.attr("URI").unwrap(), r.child_text(DSIG_NS, "DigestValue").unwrap()))
        .collect();
    assert_eq!(
        read,
        [
            ("urn:oid:1.2.250.1.999.1.1.7898.3", "AA==".to_owned()),
            ("urn:oid:1.2.250.1.999.1.1.7898.4", digest)
        ]
    );
}

/// Names of all elements in document order, with their depth; certificates repeat, so only the first is kept.
fn skeleton(element: &Element, depth: usize, out: &mut Vec<(usize, String, String)>) {
    let certs = out.iter().filter(|e| e.2 == "Cert").count();
    if element.name == "Cert" && certs > 0 {
        return;
    }
    out.push((depth, element.ns.to_string(), element.name.clone()));
    element.children().for_each(|c| skeleton(c, depth + 1, out));
}

#[test]
fn the_structure_is_that_of_the_official_sample() {
    let Some(path) = reference("xds/td2.1_lot_signature_xades.xml") else { return };
    let sample = paillasse_xml::parse(&std::fs::read(path).unwrap()).unwrap();
    let (_, identity) = authority();
    let ours = paillasse_xml::parse(&sign(&lot(Digest::Sha1), &identity).unwrap()).unwrap();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    skeleton(&sample, 0, &mut a);
    skeleton(&ours, 0, &mut b);
    assert_eq!(b, a);
    let algorithms = |root: &Element| -> Vec<String> {
        ["CanonicalizationMethod", "SignatureMethod", "Transform"]
            .iter()
            .filter_map(|n| root.find(DSIG_NS, n).and_then(|e| e.attr("Algorithm")).map(str::to_owned))
            .collect()
    };
    assert_eq!(algorithms(&ours), algorithms(&sample));
}

#[test]
fn our_reading_of_the_canonical_forms_reproduces_the_digests_of_the_official_sample() {
    let Some(path) = reference("xds/td2.1_lot_signature_xades.xml") else { return };
    let sample = std::fs::read_to_string(path).unwrap();
    let digests = paillasse_xml::parse(sample.as_bytes()).unwrap();
    let expected: Vec<String> = digests
        .child(DSIG_NS, "SignedInfo")
        .unwrap()
        .children_named(DSIG_NS, "Reference")
        .map(|r| r.child_text(DSIG_NS, "DigestValue").unwrap())
        .collect();
    let digest = |name: &str, ns: &str| {
        let from = sample.find(&format!("<{name} ")).unwrap();
        let end = format!("</{name}>");
        let piece = &sample[from..sample.find(&end).unwrap() + end.len()];
        let alone = piece.replacen(name, &format!("{name} xmlns=\"{ns}\""), 1);
        BASE64.encode(Digest::Sha1.hash(&canonicalize(alone.as_bytes(), false).unwrap()))
    };
    assert_eq!([digest("Manifest", DSIG_NS), digest("SignedProperties", XADES_NS)], expected.as_slice());
}

#[test]
fn the_same_lot_gives_the_same_bytes_and_a_document_that_is_not_xml_is_refused() {
    let (_, identity) = authority();
    let one = sign(&lot(Digest::Sha1), &identity).unwrap();
    assert_eq!(one, sign(&lot(Digest::Sha1), &identity).unwrap());
    let mut pdf = lot(Digest::Sha1);
    pdf.documents.push(("1.2.3", b"%PDF-1.4\n\xff"));
    assert!(
        matches!(sign(&pdf, &identity), Err(LotSignatureError::Document { unique_id, .. }) if unique_id == "1.2.3")
    );
    pdf.documents.clear();
    assert_eq!(sign(&pdf, &identity), Err(LotSignatureError::Empty));
}

#[test]
fn qualifying_properties_validate_against_the_xades_schema() {
    let Some(xsd) = reference("xds/xsd/security/XAdES.xsd") else { return };
    let dsig = reference("xds/xsd/security/xmldsig-core-schema.xsd").unwrap();
    let (_, identity) = authority();
    let signature = sign(&lot(Digest::Sha1), &identity).unwrap();
    // The schema imports xmldsig by its public address: resolved to the local copy.
    let script = format!(
        "import sys,lxml.etree as e\n\
         class R(e.Resolver):\n  def resolve(self,u,i,c):\n    return self.resolve_filename({:?},c) if u.endswith('xmldsig-core-schema.xsd') else None\n\
         p=e.XMLParser(no_network=True,load_dtd=False)\np.resolvers.add(R())\n\
         s=e.XMLSchema(e.parse({:?},p))\nd=e.fromstring(sys.stdin.buffer.read())\n\
         q=d.find('.//{{{XADES_NS}}}QualifyingProperties')\ns.assertValid(e.fromstring(e.tostring(q)))",
        dsig.to_str().unwrap(),
        xsd.to_str().unwrap()
    );
    if let Some(verdict) = python_lxml(&script, &signature) {
        assert!(verdict.is_ok(), "{verdict:?}");
    }
}
