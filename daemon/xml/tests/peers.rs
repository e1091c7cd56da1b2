//! Canonical forms against lxml, names and signatures against openssl. A missing peer skips the test aloud.

use std::io::Write;
use std::process::{Command, Stdio};

use paillasse_xml::testing::TestAuthority;
use paillasse_xml::{CanonError, Digest, DnOrder, IdentityError, SigningIdentity, canonicalize};

/// Output of a program fed with `input`; `None` when the program is not there.
fn run(program: &str, args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(input).ok()?;
    let out = child.wait_with_output().ok()?;
    out.status.success().then_some(out.stdout)
}

fn lxml_c14n(xml: &[u8], comments: bool) -> Option<Vec<u8>> {
    let script = format!(
        "import sys,lxml.etree as e\nt=e.fromstring(sys.stdin.buffer.read()).getroottree()\nt.write_c14n(sys.stdout.buffer,with_comments={})",
        if comments { "True" } else { "False" }
    );
    run("python3", &["-c", &script], xml)
}

const CASES: &[&str] = &[
    "<a/>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- before -->\r\n<?pi  some data ?><a>\r\n<b/>\r</a>\n<!-- after -->\n<?end?>\n",
    "<a z='1' b=\"2\" a=' x\ty\nz &#9;&#10;&#13; '>&lt;&gt;&amp;\"'&#13;&#xE9;</a>",
    "<a xmlns='urn:a' xmlns:y='urn:y' xmlns:x='urn:x' y:k='1' x:k='2' k='3' xml:lang='fr'><b xmlns='urn:a' xmlns:x='urn:x2' x:k='1'><c xmlns=''><d xmlns='urn:a'/></c></b></a>",
    "<p:a xmlns:p='urn:p' xmlns:q='urn:a'><p:b xmlns:q='urn:b' q:z='1' p:a='2'/><q:c/></p:a>",
    "<a><![CDATA[<x> & y]]>tail<!-- inside\r\n --><?p?><?q  r s?></a>",
    "<ClinicalDocument xmlns='urn:hl7-org:v3' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='urn:hl7-org:v3 CDA.xsd'><text>h\u{e9}mo &#x1F9EA; \u{10000}</text></ClinicalDocument>",
];

#[test]
fn canonical_form_equals_that_of_lxml() {
    let Some(_) = lxml_c14n(b"<a/>", true) else {
        println!("skipped: no python3 with lxml");
        return;
    };
    for case in CASES {
        for comments in [true, false] {
            let theirs = lxml_c14n(case.as_bytes(), comments).expect("lxml reads the case");
            let ours = canonicalize(case.as_bytes(), comments).unwrap();
            assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs), "case {case}");
            assert_eq!(canonicalize(&ours, comments).unwrap(), ours, "canonical form is a fixed point");
        }
    }
}

#[test]
fn canonical_form_of_every_published_cda_example_equals_that_of_lxml() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/cda/ExemplesCDA");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: no published examples beside the repository");
        return;
    };
    let mut compared = 0;
    for file in files.flatten().map(|f| f.path()).filter(|p| p.extension().is_some_and(|e| e == "xml")) {
        let xml = std::fs::read(&file).unwrap();
        let Some(theirs) = lxml_c14n(&xml, true) else { continue };
        assert!(canonicalize(&xml, true).unwrap() == theirs, "{}", file.display());
        compared += 1;
    }
    println!("{compared} documents compared");
}

#[test]
fn documents_without_a_safe_canonical_form_are_refused() {
    let refused = |s: &str| canonicalize(s.as_bytes(), true).unwrap_err();
    assert_eq!(refused("<!DOCTYPE a [<!ATTLIST a k CDATA 'v'>]><a/>"), CanonError::Doctype);
    assert!(matches!(refused("<a>&e;</a>"), CanonError::Entity(_)));
    assert!(matches!(refused("<p:a/>"), CanonError::Prefix(_)));
    assert!(matches!(refused("<a><b></a>"), CanonError::Syntax(_)));
    assert!(matches!(refused("<a/><a/>"), CanonError::Syntax(_)));
    assert!(matches!(refused("<a>"), CanonError::Syntax(_)));
    assert_eq!(canonicalize(b"<a>\xff</a>", true), Err(CanonError::NotUtf8));
}

#[test]
fn names_follow_rfc_2253_and_the_signature_verifies_with_openssl() {
    let ca = TestAuthority::new("AC ESSAI");
    let identity = SigningIdentity::from_pem(ca.issue(1, "DMP SIGN", "1120459876", &[]).as_bytes()).unwrap();
    assert_eq!(
        identity.subject(DnOrder::Rfc2253),
        "CN=DMP SIGN,OU=1120459876,O=LABORATOIRE DES CHARMES,ST=Sarthe (72),C=FR"
    );
    assert_eq!(
        identity.subject(DnOrder::Certificate),
        "C=FR, ST=Sarthe (72), O=LABORATOIRE DES CHARMES, OU=1120459876, CN=DMP SIGN"
    );
    assert_eq!(identity.names()[0].issuer, "CN=AC ESSAI,O=ESSAI\\, \\\"SANTE\\\",C=FR");
    assert_eq!(identity.chain().len(), 2);

    let dir = std::env::temp_dir().join(format!("paillasse-xml-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (cert, sig) = (dir.join("leaf.der"), dir.join("sig"));
    std::fs::write(&cert, identity.leaf()).unwrap();
    let public =
        run("openssl", &["x509", "-inform", "DER", "-in", cert.to_str().unwrap(), "-noout", "-pubkey"], b"");
    let Some(public) = public else {
        println!("skipped: no openssl");
        return;
    };
    let key = dir.join("pub.pem");
    std::fs::write(&key, public).unwrap();
    for (digest, name) in [(Digest::Sha1, "-sha1"), (Digest::Sha256, "-sha256")] {
        std::fs::write(&sig, identity.sign(digest, b"lot").unwrap()).unwrap();
        let args = ["dgst", name, "-verify", key.to_str().unwrap(), "-signature", sig.to_str().unwrap()];
        assert!(run("openssl", &args, b"lot").is_some(), "{name}");
        assert!(run("openssl", &args, b"lot!").is_none(), "{name}");
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn an_identity_that_cannot_sign_is_refused_at_load() {
    let ca = TestAuthority::new("AC ESSAI");
    let (one, two) = (ca.issue(1, "A", "1", &[]), ca.issue(2, "B", "2", &[]));
    let key_of = |pem: &str| pem[pem.find("-----BEGIN PRIVATE KEY").unwrap()..].to_owned();
    let error = |pem: &str| SigningIdentity::from_pem(pem.as_bytes()).unwrap_err();
    assert_eq!(error(&key_of(&one)), IdentityError::NoCertificate);
    assert_eq!(error(&ca.ca_pem), IdentityError::NoKey);
    assert_eq!(
        error(&format!("{}{}", one.replace(&key_of(&one), ""), key_of(&two))),
        IdentityError::Mismatch
    );
    let shown = format!("{:?}", SigningIdentity::from_pem(one.as_bytes()).unwrap());
    assert!(shown.contains("***") && shown.len() < 80, "{shown}");
}
