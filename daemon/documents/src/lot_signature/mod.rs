//! XAdES signature of a DMP submission lot (DMP sheet section 5), entry `Signature01` of TD2.1.
//!
//! The signature covers a manifest: the submission set by its identifier (with the dummy digest the contract
//! imposes) and each document by the digest of its canonical form. Shape, namespaces and algorithms follow the
//! official sample; SHA-256 is a setting until the CNDA says whether it is accepted.
//!
//! The pieces that are digested are written directly in canonical form, so their digest is that of the text
//! written; the documents are canonicalised by [`paillasse_xml::canonicalize`]. The result depends on the input
//! alone (PKCS#1 v1.5 signatures are deterministic): a rebuilt lot has the same bytes.
//!
//! Deliberately not here: counter-signatures, timestamps, verification of signatures received.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use paillasse_xml::{CanonError, Digest, IdentityError, SigningIdentity, canonicalize, escape};

/// Namespace of XML signatures.
pub const DSIG_NS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Namespace of XAdES, in the version of the official sample.
pub const XADES_NS: &str = "http://uri.etsi.org/01903/v1.1.1#";
/// Canonical XML 1.0 with comments.
pub const C14N_WITH_COMMENTS: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
/// Purpose of the signature: source of the lot.
pub const PURPOSE_SOURCE: &str = "1.2.840.10065.1.12.1.14";

const MANIFEST_ID: &str = "IHEManifest";
const PROPERTIES_ID: &str = "S0-SignedProperties";

/// What is signed.
#[derive(Debug, Clone)]
pub struct LotToSign<'a> {
    /// `Id` of the signature: an XML name, unique, chosen when the order is created.
    pub signature_id: &'a str,
    /// When it is signed.
    pub signing_time: Timestamp,
    /// uniqueId of the submission set.
    pub set_unique_id: &'a str,
    /// uniqueId and exact bytes (XML) of each document of the lot.
    pub documents: Vec<(&'a str, &'a [u8])>,
    /// Algorithms: SHA-1 as in the official sample, or SHA-256.
    pub digest: Digest,
}

/// Why a lot is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LotSignatureError {
    /// A document has no canonical form.
    #[error("document {unique_id} cannot be canonicalised: {cause}")]
    Document {
        /// Document at fault.
        unique_id: String,
        /// Why.
        cause: CanonError,
    },
    /// The lot has no document.
    #[error("nothing to sign")]
    Empty,
    /// The key does not sign.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// The signature file of a lot, UTF-8 XML without declaration.
///
/// # Errors
/// See [`LotSignatureError`].
pub fn sign(lot: &LotToSign<'_>, identity: &SigningIdentity) -> Result<Vec<u8>, LotSignatureError> {
    if lot.documents.is_empty() {
        return Err(LotSignatureError::Empty);
    }
    let manifest = manifest(lot)?;
    let properties = signed_properties(lot, identity);
    let signed_info = signed_info(lot.digest, &manifest, &properties);
    let value = identity.sign(lot.digest, with_ns("SignedInfo", DSIG_NS, &signed_info).as_bytes())?;
    let id = escape::attribute(lot.signature_id);
    let certificate = BASE64.encode(identity.leaf());
    let signature = format!(
        "<Signature xmlns=\"{DSIG_NS}\" Id=\"{id}\">{signed_info}<SignatureValue>{value}</SignatureValue>\
         <KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>\
         <Object>{manifest}</Object>\
         <Object><SignatureProperties xmlns=\"\"><SignatureProperty Id=\"purposeOfSignature\" Target=\"#{id}\">{PURPOSE_SOURCE}</SignatureProperty></SignatureProperties></Object>\
         <Object><QualifyingProperties xmlns=\"{XADES_NS}\" Target=\"#{id}\">{properties}</QualifyingProperties></Object></Signature>",
        value = BASE64.encode(value),
    );
    Ok(signature.into_bytes())
}

/// The element as it stands alone: with the default namespace that it inherits inside the signature. `xml` starts
/// with `<name`.
fn with_ns(name: &str, ns: &str, xml: &str) -> String {
    let rest = xml.strip_prefix('<').and_then(|x| x.strip_prefix(name)).unwrap_or(xml);
    format!("<{name} xmlns=\"{ns}\"{rest}")
}

fn digest_method(digest: Digest) -> String {
    format!("<DigestMethod Algorithm=\"{}\"></DigestMethod>", digest.digest_uri())
}

fn digest_of(digest: Digest, bytes: &[u8]) -> String {
    format!("{}<DigestValue>{}</DigestValue>", digest_method(digest), BASE64.encode(digest.hash(bytes)))
}

fn manifest(lot: &LotToSign<'_>) -> Result<String, LotSignatureError> {
    let mut out = format!(
        "<Manifest Id=\"{MANIFEST_ID}\"><Reference URI=\"urn:oid:{}\">{}<DigestValue>AA==</DigestValue></Reference>",
        escape::attribute(lot.set_unique_id),
        digest_method(lot.digest)
    );
    for (unique_id, bytes) in &lot.documents {
        let canonical = canonicalize(bytes, true)
            .map_err(|cause| LotSignatureError::Document { unique_id: (*unique_id).to_owned(), cause })?;
        out.push_str(&format!(
            "<Reference URI=\"urn:oid:{}\"><Transforms><Transform Algorithm=\"{C14N_WITH_COMMENTS}\"></Transform></Transforms>{}</Reference>",
            escape::attribute(unique_id),
            digest_of(lot.digest, &canonical)
        ));
    }
    out.push_str("</Manifest>");
    Ok(out)
}

fn signed_properties(lot: &LotToSign<'_>, identity: &SigningIdentity) -> String {
    let mut out = format!(
        "<SignedProperties Id=\"{PROPERTIES_ID}\"><SignedSignatureProperties><SigningTime>{:.3}</SigningTime><SigningCertificate>",
        lot.signing_time
    );
    for (der, name) in identity.chain().iter().zip(identity.names()) {
        out.push_str(&format!(
            "<Cert><CertDigest>{}</CertDigest><IssuerSerial><X509IssuerName xmlns=\"{DSIG_NS}\">{}</X509IssuerName>\
             <X509SerialNumber xmlns=\"{DSIG_NS}\">{}</X509SerialNumber></IssuerSerial></Cert>",
            digest_of(lot.digest, der),
            escape::text(&name.issuer),
            name.serial
        ));
    }
    out.push_str(
        "</SigningCertificate><SignaturePolicyIdentifier><SignaturePolicyImplied></SignaturePolicyImplied>\
         </SignaturePolicyIdentifier></SignedSignatureProperties>\
         <SignedDataObjectProperties></SignedDataObjectProperties></SignedProperties>",
    );
    out
}

fn signed_info(digest: Digest, manifest: &str, properties: &str) -> String {
    let reference = |kind: String, id: &str, canonical: String| {
        format!(
            "<Reference Type=\"{kind}\" URI=\"#{id}\">{}</Reference>",
            digest_of(digest, canonical.as_bytes())
        )
    };
    format!(
        "<SignedInfo><CanonicalizationMethod Algorithm=\"{C14N_WITH_COMMENTS}\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"{}\"></SignatureMethod>{}{}</SignedInfo>",
        digest.rsa_uri(),
        reference(format!("{DSIG_NS}Manifest"), MANIFEST_ID, with_ns("Manifest", DSIG_NS, manifest)),
        reference(
            format!("{XADES_NS}SignedProperties"),
            PROPERTIES_ID,
            with_ns("SignedProperties", XADES_NS, properties)
        ),
    )
}
