//! The assertion of a professional who calls INSi with a CPx card (fact sheet §B.4): SAML 2.0, signed by the card's
//! signature key.
//!
//! The key stays where it is: a [`Signer`] signs, whatever holds it (a PKCS#11 module, a key of tests). What a card
//! signed is verified here with its certificate before anything leaves, since a card that signs wrong looks like a
//! refusal of rights from the outside.
//!
//! The assertion is written in exclusive canonical form from the start, so that its digest needs no canonicaliser. One
//! is made for each call: its identifier is that of the message, unique like it.

use super::request::CallStamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use paillasse_xml::{Digest, SigningIdentity, card_name, escape};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

const SAML_NS: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const DSIG_NS: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Why the assertion was not signed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignerError {
    /// The card is absent, its PIN was not given, or it refused: in the words of its component.
    #[error("the card did not sign: {0}")]
    Refused(String),
    /// The certificate cannot be read, or its key is not RSA.
    #[error("unusable certificate of the card")]
    Certificate,
    /// The signature does not verify with the card's own certificate.
    #[error("the signature of the card does not verify")]
    Wrong,
}

/// Whatever holds the signature key of a card.
pub trait Signer: Send + Sync {
    /// DER of the signature certificate.
    fn certificate(&self) -> &[u8];

    /// PKCS#1 v1.5 signature of the message with SHA-256.
    ///
    /// # Errors
    /// [`SignerError::Refused`] in the words of the component.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError>;
}

impl Signer for SigningIdentity {
    fn certificate(&self) -> &[u8] {
        self.leaf()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        SigningIdentity::sign(self, Digest::Sha256, message).map_err(|e| SignerError::Refused(e.to_string()))
    }
}

/// The professional who holds the card.
#[derive(Clone)]
pub struct Professional {
    /// National identifier: `8` + RPPS, `0` + ADELI.
    pub name_id: String,
    /// `identifiantFacturation`: nine digits of the Assurance maladie.
    pub billing: String,
    /// `secteurActivite`: `SA25` for a private laboratory.
    pub sector: String,
    /// What signs.
    pub signer: Arc<dyn Signer>,
}

impl fmt::Debug for Professional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Professional").field("sector", &self.sector).finish_non_exhaustive()
    }
}

impl Professional {
    /// The signed assertion of one call.
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn assertion(&self, stamp: &CallStamp) -> Result<String, SignerError> {
        let der = self.signer.certificate();
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| SignerError::Certificate)?;
        let issuer = card_name(certificate.subject());
        let id = format!("_{}", stamp.message);
        let digest = BASE64.encode(Digest::Sha256.hash(self.write(&id, stamp, &issuer, "").as_bytes()));
        let info = format!(
            "<CanonicalizationMethod Algorithm=\"{EXC_C14N}\"></CanonicalizationMethod>\
             <SignatureMethod Algorithm=\"{}\"></SignatureMethod><Reference URI=\"#{id}\"><Transforms>\
             <Transform Algorithm=\"{DSIG_NS}enveloped-signature\"></Transform>\
             <Transform Algorithm=\"{EXC_C14N}\"></Transform></Transforms>\
             <DigestMethod Algorithm=\"{}\"></DigestMethod><DigestValue>{digest}</DigestValue></Reference></SignedInfo>",
            Digest::Sha256.rsa_uri(),
            Digest::Sha256.digest_uri(),
        );
        let message = format!("<SignedInfo xmlns=\"{DSIG_NS}\">{info}");
        let signature = self.signer.sign(message.as_bytes())?;
        verify(&certificate, message.as_bytes(), &signature)?;
        let signature = format!(
            "<Signature xmlns=\"{DSIG_NS}\"><SignedInfo>{info}<SignatureValue>{}</SignatureValue><KeyInfo>\
             <X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo></Signature>",
            BASE64.encode(signature),
            BASE64.encode(der),
        );
        Ok(self.write(&id, stamp, &issuer, &signature))
    }

    fn write(&self, id: &str, stamp: &CallStamp, issuer: &str, signature: &str) -> String {
        let attribute = |name: &str, value: &str| {
            format!(
                "<Attribute Name=\"{name}\"><AttributeValue>{}</AttributeValue></Attribute>",
                escape::text(value)
            )
        };
        format!(
            "<Assertion xmlns=\"{SAML_NS}\" ID=\"{id}\" IssueInstant=\"{:.3}\" Version=\"2.0\">\
             <Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName\">{}</Issuer>{signature}\
             <Subject><NameID NameQualifier=\"CPS\">{}</NameID></Subject><AttributeStatement>{}{}\
             </AttributeStatement></Assertion>",
            stamp.time,
            escape::text(issuer),
            escape::text(&self.name_id),
            attribute("identifiantFacturation", &self.billing),
            attribute("secteurActivite", &self.sector),
        )
    }
}

fn verify(certificate: &X509Certificate<'_>, message: &[u8], signature: &[u8]) -> Result<(), SignerError> {
    let key = rsa::RsaPublicKey::from_public_key_der(certificate.public_key().raw)
        .map_err(|_| SignerError::Certificate)?;
    let signature = Signature::try_from(signature).map_err(|_| SignerError::Wrong)?;
    VerifyingKey::<Sha256>::new(key).verify(message, &signature).map_err(|_| SignerError::Wrong)
}
