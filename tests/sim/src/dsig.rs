//! XML signature verification, as the simulated services do it.
//!
//! RSA with SHA-1 or SHA-256 only, the two the DMP contract knows (spec/dmp.md §4.1 and §5). The
//! caller decides what each reference must point to; nothing here resolves an `Id` on its own, so
//! a wrapped signature cannot make the wrong element look signed.

use base64::Engine as _;
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use sha1::Digest as _;

use crate::c14n::C14n;
use crate::xml::Element;

/// Namespace of XML signatures.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// What is wrong with a signature, in words for the verdict.
#[derive(Debug, thiserror::Error)]
pub enum DsigError {
    /// An element or attribute of the signature is missing.
    #[error("signature incomplète : {0} manque")]
    Missing(&'static str),
    /// An algorithm outside the contract.
    #[error("algorithme refusé : {0}")]
    Algorithm(String),
    /// A base64 value cannot be read.
    #[error("valeur base64 illisible dans {0}")]
    Base64(&'static str),
    /// The digest of a reference differs.
    #[error("empreinte fausse pour la référence « {0} »")]
    Digest(String),
    /// The value of the signature does not verify under the key.
    #[error("la valeur de la signature ne correspond pas à SignedInfo")]
    Value,
}

/// Hash function of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Hash {
    /// Reads a `DigestMethod` algorithm.
    ///
    /// # Errors
    /// [`DsigError::Algorithm`] when it is neither SHA-1 nor SHA-256.
    pub fn from_uri(uri: &str) -> Result<Hash, DsigError> {
        match uri {
            "http://www.w3.org/2000/09/xmldsig#sha1" => Ok(Hash::Sha1),
            "http://www.w3.org/2001/04/xmlenc#sha256" => Ok(Hash::Sha256),
            _ => Err(DsigError::Algorithm(uri.to_owned())),
        }
    }

    /// Digest of some octets.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Hash::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
        }
    }
}

/// One step of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transform {
    /// Leave the signature itself out.
    Enveloped,
    /// Canonicalise.
    C14n(C14n),
}

/// A `Reference`, read.
#[derive(Debug)]
pub struct Reference {
    /// `URI`, as written.
    pub uri: String,
    /// `Type`, "" when absent.
    pub kind: String,
    /// Transforms in order.
    pub transforms: Vec<Transform>,
    /// Digest function.
    pub hash: Hash,
    /// Expected digest.
    pub value: Vec<u8>,
    /// `DigestValue` as written, trimmed.
    pub value_text: String,
}

/// Reads base64 with line breaks.
pub fn base64_text(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(compact).ok()
}

impl Reference {
    /// Reads a `ds:Reference`.
    ///
    /// # Errors
    /// Missing parts, unknown algorithms, unreadable base64.
    pub fn read(e: &Element) -> Result<Reference, DsigError> {
        let mut transforms = Vec::new();
        if let Some(list) = e.child(DS, "Transforms") {
            for t in list.named(DS, "Transform") {
                let uri = t.attr("Algorithm").ok_or(DsigError::Missing("Transform/@Algorithm"))?;
                transforms.push(if uri == ENVELOPED {
                    Transform::Enveloped
                } else {
                    let form = C14n::from_algorithm(uri, t);
                    Transform::C14n(form.ok_or_else(|| DsigError::Algorithm(uri.to_owned()))?)
                });
            }
        }
        let method = e.child(DS, "DigestMethod").and_then(|m| m.attr("Algorithm"));
        let hash = Hash::from_uri(method.ok_or(DsigError::Missing("DigestMethod"))?)?;
        let value_text = e.child(DS, "DigestValue").ok_or(DsigError::Missing("DigestValue"))?.text();
        Ok(Reference {
            uri: e.attr("URI").ok_or(DsigError::Missing("Reference/@URI"))?.to_owned(),
            kind: e.attr("Type").unwrap_or_default().to_owned(),
            transforms,
            hash,
            value: base64_text(&value_text).ok_or(DsigError::Base64("DigestValue"))?,
            value_text: value_text.trim().to_owned(),
        })
    }

    /// Checks the digest against octets.
    ///
    /// # Errors
    /// [`DsigError::Digest`] when they differ.
    pub fn check(&self, octets: &[u8]) -> Result<(), DsigError> {
        if self.hash.digest(octets) == self.value { Ok(()) } else { Err(DsigError::Digest(self.uri.clone())) }
    }

    /// The canonical form asked for; without one, inclusive without comments (XMLDSig §4.3.3.2).
    pub fn form(&self) -> C14n {
        self.transforms
            .iter()
            .rev()
            .find_map(|t| match t {
                Transform::C14n(form) => Some(form.clone()),
                Transform::Enveloped => None,
            })
            .unwrap_or(C14n::INCLUSIVE)
    }
}

/// The references of a signature, after its `SignedInfo` was verified under `key`.
///
/// # Errors
/// [`DsigError`]: nothing of the signature may be believed then.
pub fn verify_signed_info(signature: &Element, key: &RsaPublicKey) -> Result<Vec<Reference>, DsigError> {
    let info = signature.child(DS, "SignedInfo").ok_or(DsigError::Missing("SignedInfo"))?;
    let method =
        info.child(DS, "CanonicalizationMethod").ok_or(DsigError::Missing("CanonicalizationMethod"))?;
    let uri = method.attr("Algorithm").unwrap_or_default();
    let form = C14n::from_algorithm(uri, method).ok_or_else(|| DsigError::Algorithm(uri.to_owned()))?;
    let octets = form.element(info, None);
    let value = signature.child(DS, "SignatureValue").ok_or(DsigError::Missing("SignatureValue"))?.text();
    let value = base64_text(&value).ok_or(DsigError::Base64("SignatureValue"))?;
    let value = Signature::try_from(value.as_slice()).map_err(|_| DsigError::Value)?;
    let method = info.child(DS, "SignatureMethod").and_then(|m| m.attr("Algorithm"));
    let verified = match method.ok_or(DsigError::Missing("SignatureMethod"))? {
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => {
            VerifyingKey::<sha1::Sha1>::new(key.clone()).verify(&octets, &value)
        }
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => {
            VerifyingKey::<sha2::Sha256>::new(key.clone()).verify(&octets, &value)
        }
        other => return Err(DsigError::Algorithm(other.to_owned())),
    };
    verified.map_err(|_| DsigError::Value)?;
    let references: Result<Vec<_>, _> = info.named(DS, "Reference").map(Reference::read).collect();
    let references = references?;
    if references.is_empty() { Err(DsigError::Missing("Reference")) } else { Ok(references) }
}

/// DER of the first `KeyInfo/X509Data/X509Certificate`.
///
/// # Errors
/// Missing or unreadable.
pub fn certificate(signature: &Element) -> Result<Vec<u8>, DsigError> {
    let text = signature
        .path(DS, &["KeyInfo", "X509Data", "X509Certificate"])
        .ok_or(DsigError::Missing("KeyInfo/X509Data/X509Certificate"))?
        .text();
    let der = base64_text(&text).ok_or(DsigError::Base64("X509Certificate"))?;
    if der.is_empty() { Err(DsigError::Missing("X509Certificate")) } else { Ok(der) }
}
