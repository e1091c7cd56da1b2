//! The XAdES signature of the lot (spec/dmp.md §5), verified as far as the sheet fixes it: value,
//! manifest, signed properties, digest of each document, certificate.

use jiff::Timestamp;

use super::answer::Fault;
use super::metadata::Lot;
use crate::cert::{CertFacts, rsa_key};
use crate::dsig::{self, DS, Hash, Reference, base64_text};
use crate::xml::{Document, Element};

const XADES: &str = "http://uri.etsi.org/01903/v1.1.1#";
const PURPOSE: &str = "1.2.840.10065.1.12.1.14";
/// The digest given for the SubmissionSet, which has no octets to digest.
const DUMMY: &str = "AA==";

/// Why the signature was refused.
#[derive(Debug, PartialEq, Eq)]
pub enum LotError {
    /// The certificate: a fault for the whole queue.
    Certificate(Fault),
    /// The signature itself.
    Content(String),
}

fn content(text: impl std::fmt::Display) -> LotError {
    LotError::Content(format!("signature du lot : {text}"))
}

/// What a verified signature says.
#[derive(Debug)]
pub struct Signed {
    /// Certificate that signed.
    pub certificate: CertFacts,
    /// The references of the manifest, not yet compared with anything.
    pub manifest: Vec<Reference>,
}

/// Verifies value, manifest and signed properties, without trusting the certificate yet.
///
/// # Errors
/// Anything that does not verify or is missing.
pub fn verify(root: &Element) -> Result<Signed, LotError> {
    if !root.is(DS, "Signature") {
        return Err(content("la racine n'est pas ds:Signature"));
    }
    let id = root.attr("Id").ok_or_else(|| content("Signature/@Id absent"))?;
    let der = dsig::certificate(root).map_err(content)?;
    let certificate = CertFacts::read(&der).map_err(content)?;
    let key = rsa_key(&der).map_err(content)?;
    let references = dsig::verify_signed_info(root, &key).map_err(content)?;
    let one = |kind: &str| {
        let mut found = references.iter().filter(|r| r.kind == kind);
        let first = found.next().ok_or_else(|| content(format!("référence de type {kind} absente")))?;
        if found.next().is_some() {
            Err(content(format!("référence de type {kind} répétée")))
        } else {
            Ok(first)
        }
    };
    let manifest = resolve(root, one("http://www.w3.org/2000/09/xmldsig#Manifest")?, (DS, "Manifest"))?;
    let properties = resolve(
        root,
        one("http://uri.etsi.org/01903/v1.1.1#SignedProperties")?,
        (XADES, "SignedProperties"),
    )?;
    if references.len() != 2 {
        return Err(content("exactement deux références attendues : Manifest et SignedProperties"));
    }
    purpose(root, id)?;
    signed_properties(properties, &certificate)?;
    let manifest: Result<Vec<_>, _> = manifest.named(DS, "Reference").map(Reference::read).collect();
    Ok(Signed { certificate, manifest: manifest.map_err(content)? })
}

/// The only element with the `Id` a reference names, of the expected kind, its digest checked.
fn resolve<'a>(
    root: &'a Element,
    reference: &Reference,
    (ns, local): (&str, &str),
) -> Result<&'a Element, LotError> {
    let id = reference
        .uri
        .strip_prefix('#')
        .ok_or_else(|| content(format!("URI {} inattendue", reference.uri)))?;
    let mut found = Vec::new();
    root.walk(&mut |e| {
        if e.attr("Id") == Some(id) {
            found.push(e);
        }
    });
    match found.as_slice() {
        [e] if e.is(ns, local) => {
            reference.check(&reference.form().element(e, None)).map_err(content)?;
            Ok(e)
        }
        _ => Err(content(format!("#{id} ne désigne pas un seul élément {local}"))),
    }
}

fn purpose(root: &Element, id: &str) -> Result<(), LotError> {
    let mut right = false;
    root.walk(&mut |e| {
        // The sample puts these two elements in no namespace.
        if e.local == "SignatureProperty" && (e.ns.is_empty() || e.ns == DS) {
            right |= e.attr("Id") == Some("purposeOfSignature")
                && e.attr("Target") == Some(format!("#{id}").as_str())
                && e.text().trim() == PURPOSE;
        }
    });
    if right { Ok(()) } else { Err(content("SignatureProperty purposeOfSignature absente ou incorrecte")) }
}

fn signed_properties(properties: &Element, certificate: &CertFacts) -> Result<(), LotError> {
    let signed = properties.child(XADES, "SignedSignatureProperties");
    let signed = signed.ok_or_else(|| content("SignedSignatureProperties absent"))?;
    let time = signed.child(XADES, "SigningTime").map(Element::text).unwrap_or_default();
    if time.trim().parse::<Timestamp>().is_err() {
        return Err(content("SigningTime absent ou illisible"));
    }
    if signed.path(XADES, &["SignaturePolicyIdentifier", "SignaturePolicyImplied"]).is_none() {
        return Err(content("SignaturePolicyImplied absent"));
    }
    if properties.child(XADES, "SignedDataObjectProperties").is_none() {
        return Err(content("SignedDataObjectProperties (vide) absent"));
    }
    let leaf = signed.path(XADES, &["SigningCertificate", "Cert"]);
    let leaf = leaf.ok_or_else(|| content("SigningCertificate/Cert absent"))?;
    // DigestMethod and DigestValue stand in the XAdES 1.1.1 namespace in the sample; later schemas
    // put them in that of XML signatures.
    let within = |e: &Element, local: &str| {
        [XADES, DS]
            .into_iter()
            .find_map(|ns| e.child(ns, local))
            .map(|e| (e.text(), e.attr("Algorithm").map(str::to_owned)))
    };
    let digest = leaf.child(XADES, "CertDigest").ok_or_else(|| content("CertDigest absent"))?;
    let method = within(digest, "DigestMethod").and_then(|(_, a)| a).unwrap_or_default();
    let hash = Hash::from_uri(&method).map_err(content)?;
    let value = within(digest, "DigestValue").and_then(|(t, _)| base64_text(&t));
    if value.as_deref() != Some(hash.digest(&certificate.der).as_slice()) {
        return Err(content("CertDigest ne correspond pas au certificat"));
    }
    let serial = leaf.child(XADES, "IssuerSerial").ok_or_else(|| content("IssuerSerial absent"))?;
    let issuer =
        within(serial, "X509IssuerName").map(|(t, _)| t.trim().replace(", ", ",")).unwrap_or_default();
    let number = within(serial, "X509SerialNumber").map(|(t, _)| t.trim().to_owned()).unwrap_or_default();
    if issuer != certificate.issuer_rfc2253() || number != certificate.serial {
        return Err(content("IssuerSerial ne correspond pas au certificat"));
    }
    Ok(())
}

/// Compares the manifest with the lot: the SubmissionSet by its dummy digest, every document by the
/// digest of its canonical form with comments, nothing else.
///
/// # Errors
/// What is missing, superfluous or different.
pub fn compare(signed: &Signed, lot: &Lot, documents: &[(&str, &Document)]) -> Result<(), LotError> {
    let mut left: Vec<&Reference> = signed.manifest.iter().collect();
    let mut take = |oid: &str| {
        let uri = format!("urn:oid:{oid}");
        let at = left.iter().position(|r| r.uri == uri);
        at.map(|at| left.remove(at)).ok_or_else(|| content(format!("{uri} absent du Manifest")))
    };
    if take(&lot.unique_id)?.value_text != DUMMY {
        return Err(content(format!("l'empreinte du lot doit être {DUMMY}")));
    }
    for (unique_id, doc) in documents {
        let reference = take(unique_id)?;
        let form = reference.form();
        if reference.transforms.len() != 1 || form.exclusive || !form.comments {
            return Err(content(format!("{} : transformation c14n#WithComments attendue", reference.uri)));
        }
        reference.check(&form.document(doc)).map_err(content)?;
    }
    match left.first() {
        Some(extra) => Err(content(format!("{} en trop dans le Manifest", extra.uri))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    fn sample() -> Option<Vec<u8>> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/reference/xds/td2.1_lot_signature_xades.xml");
        let found = std::fs::read(path).ok();
        if found.is_none() {
            println!("skipped: the DMP samples are not beside the repository");
        }
        found
    }

    // The official sample is a valid vector: its value, manifest, signed properties and certificate
    // digests were recomputed with independent tools (spec/dmp.md §5).
    #[test]
    fn the_official_lot_signature_verifies() {
        let Some(bytes) = sample() else { return };
        let doc = xml::parse(&bytes).unwrap();
        let signed = verify(&doc.root).unwrap();
        assert_eq!(signed.certificate.cn, "899900063480");
        let uris: Vec<&str> = signed.manifest.iter().map(|r| r.uri.as_str()).collect();
        assert_eq!(
            uris,
            ["urn:oid:1.2.250.1.999.1.1.7898.3.9956570900", "urn:oid:1.2.250.1.999.1.1.7898.4.9956570902"]
        );
        assert_eq!(signed.manifest[0].value_text, DUMMY);
    }

    #[test]
    fn a_change_anywhere_under_the_signature_is_seen() {
        let Some(bytes) = sample() else { return };
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("ZHdMHCdgcMNU7PIhGp6aYG7cWU0=", "ZHdMHCdgcMNU7PIhGp6aYG7cWU4="),
            ("2019-04-04T14:20:12", "2019-04-04T14:20:13"),
            ("0w+mODuyVkOb8ijFnRzwgr8BfbY=", "0w+mODuyVkOb8ijFnRzwgr8BfbZ="),
            ("n1W7Jo0E", "n1W7Jo0F"),
            ("CLcb8PHSgDr5WgzTW", "CLcb8PHSgDr5WgzTX"),
            ("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12.1.5"),
            ("Id=\"IHEManifest\"", "Id=\"Other\""),
        ] {
            assert!(text.contains(from), "{from}");
            let doc = xml::parse(text.replacen(from, to, 1).as_bytes()).unwrap();
            assert!(matches!(verify(&doc.root), Err(LotError::Content(_))), "{from}");
        }
    }
}
