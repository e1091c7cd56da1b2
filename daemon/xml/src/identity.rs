//! The RSA identity (private key and certificate chain) that signs VIHF assertions and DMP lots.
//!
//! The key is held in memory only, wiped on drop by its type, absent from `Debug` and from every error. Not here:
//! keys in a token or a card; a seam for them is any type that offers what [`SigningIdentity`] offers.

use std::fmt;

use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::OsRng;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::traits::PublicKeyParts;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{AttributeTypeAndValue, FromDer, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

/// Digest and signature algorithms of the DMP contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Digest {
    /// SHA-1 and RSA-SHA1: what the official samples of the lot signature use.
    Sha1,
    /// SHA-256 and RSA-SHA256.
    Sha256,
}

impl Digest {
    /// Identifier for `ds:DigestMethod`.
    #[must_use]
    pub fn digest_uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        }
    }

    /// Identifier for `ds:SignatureMethod`.
    #[must_use]
    pub fn rsa_uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            Self::Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        }
    }

    /// Digest of `bytes`.
    #[must_use]
    pub fn hash(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
        }
    }
}

/// Order in which a distinguished name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DnOrder {
    /// RFC 2253: last component first (`CN=…,OU=…,C=FR`).
    Rfc2253,
    /// Order of the certificate, separated by `, ` (`C=FR, …, CN=…`), as one ANS example prints it.
    Certificate,
}

/// Why an identity cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No unencrypted RSA private key (PKCS#8 or PKCS#1) in the PEM.
    #[error("no readable RSA private key in the PEM")]
    NoKey,
    /// No certificate in the PEM.
    #[error("no certificate in the PEM")]
    NoCertificate,
    /// A certificate cannot be read.
    #[error("unreadable certificate (number {0} in the PEM)")]
    BadCertificate(usize),
    /// The first certificate does not hold the public part of the key.
    #[error("the first certificate does not belong to the private key")]
    Mismatch,
    /// The key refused to sign (too small for the digest, for instance).
    #[error("the private key cannot sign")]
    Sign,
}

/// Names of one certificate, as XML signatures write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateName {
    /// Subject, RFC 2253 order.
    pub subject: String,
    /// Subject, order of the certificate.
    pub subject_in_order: String,
    /// Issuer, RFC 2253 order.
    pub issuer: String,
    /// Serial number in decimal.
    pub serial: String,
}

/// RSA private key with its certificate chain, leaf first.
pub struct SigningIdentity {
    key: RsaPrivateKey,
    chain: Vec<Vec<u8>>,
    names: Vec<CertificateName>,
}

impl fmt::Debug for SigningIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningIdentity")
            .field("key", &"***")
            .field("certificates", &self.chain.len())
            .finish()
    }
}

impl SigningIdentity {
    /// Reads a key and its chain (leaf first) from one PEM text, in any order of sections.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, IdentityError> {
        let text = std::str::from_utf8(pem).map_err(|_| IdentityError::NoKey)?;
        let key = section(text, "PRIVATE KEY")
            .and_then(|s| RsaPrivateKey::from_pkcs8_pem(s).ok())
            .or_else(|| section(text, "RSA PRIVATE KEY").and_then(|s| RsaPrivateKey::from_pkcs1_pem(s).ok()))
            .ok_or(IdentityError::NoKey)?;
        let mut chain = Vec::new();
        let mut names = Vec::new();
        for (number, block) in x509_parser::pem::Pem::iter_from_buffer(pem).enumerate() {
            let block = block.map_err(|_| IdentityError::BadCertificate(number + 1))?;
            if block.label != "CERTIFICATE" {
                continue;
            }
            let bad = IdentityError::BadCertificate(chain.len() + 1);
            let (_, certificate) = X509Certificate::from_der(&block.contents).map_err(|_| bad.clone())?;
            if chain.is_empty() && !belongs(&certificate, &key) {
                return Err(IdentityError::Mismatch);
            }
            names.push(CertificateName {
                subject: distinguished_name(certificate.subject(), DnOrder::Rfc2253),
                subject_in_order: distinguished_name(certificate.subject(), DnOrder::Certificate),
                issuer: distinguished_name(certificate.issuer(), DnOrder::Rfc2253),
                serial: certificate.serial.to_str_radix(10),
            });
            chain.push(block.contents.clone());
        }
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        Ok(Self { key, chain, names })
    }

    /// PKCS#1 v1.5 signature of `message`. Blinded, and deterministic in its result.
    ///
    /// # Errors
    /// [`IdentityError::Sign`].
    pub fn sign(&self, digest: Digest, message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        let signature = match digest {
            Digest::Sha1 => SigningKey::<Sha1>::new(self.key.clone()).try_sign_with_rng(&mut OsRng, message),
            Digest::Sha256 => {
                SigningKey::<Sha256>::new(self.key.clone()).try_sign_with_rng(&mut OsRng, message)
            }
        };
        signature.map(|s| s.to_vec()).map_err(|_| IdentityError::Sign)
    }

    /// DER of the leaf certificate.
    #[must_use]
    pub fn leaf(&self) -> &[u8] {
        self.chain.first().map_or(&[], Vec::as_slice)
    }

    /// DER of every certificate, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// Names of every certificate, leaf first; as many as [`Self::chain`].
    #[must_use]
    pub fn names(&self) -> &[CertificateName] {
        &self.names
    }

    /// Subject of the leaf.
    #[must_use]
    pub fn subject(&self, order: DnOrder) -> &str {
        self.names.first().map_or("", |n| match order {
            DnOrder::Rfc2253 => &n.subject,
            DnOrder::Certificate => &n.subject_in_order,
        })
    }
}

/// The PEM section with exactly that label, markers included.
fn section<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let from = text.find(&begin)?;
    let rest = text.get(from..)?;
    rest.get(..rest.find(&end)? + end.len())
}

fn belongs(certificate: &X509Certificate<'_>, key: &RsaPrivateKey) -> bool {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(public)) => {
            rsa::BigUint::from_bytes_be(public.modulus) == *key.n()
                && rsa::BigUint::from_bytes_be(public.exponent) == *key.e()
        }
        _ => false,
    }
}

/// Writes a distinguished name the way Java's `X500Principal` and the official samples do: the ten keywords of
/// RFC 2253, any other type as dotted OID with the DER value in hexadecimal.
#[must_use]
pub fn distinguished_name(name: &X509Name<'_>, order: DnOrder) -> String {
    let mut parts: Vec<String> = name
        .iter()
        .map(|rdn| rdn.iter().map(attribute_type_and_value).collect::<Vec<_>>().join("+"))
        .collect();
    match order {
        DnOrder::Rfc2253 => {
            parts.reverse();
            parts.join(",")
        }
        DnOrder::Certificate => parts.join(", "),
    }
}

/// The subject of a card as the assertions of the health cards print it: as [`distinguished_name`] in RFC 2253 order,
/// with the keywords `GN`, `SN` and `T` for given name, name and profession (INS sheet section B.4).
#[must_use]
pub fn card_name(name: &X509Name<'_>) -> String {
    let one = |attribute: &AttributeTypeAndValue<'_>| {
        let keyword = match attribute.attr_type().to_id_string().as_str() {
            "2.5.4.4" => "SN",
            "2.5.4.12" => "T",
            "2.5.4.42" => "GN",
            _ => return attribute_type_and_value(attribute),
        };
        match string_value(attribute) {
            Some(value) => format!("{keyword}={}", escape_value(&value)),
            None => attribute_type_and_value(attribute),
        }
    };
    let mut parts: Vec<String> =
        name.iter().map(|rdn| rdn.iter().map(one).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    parts.join(",")
}

fn attribute_type_and_value(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let keyword = match oid.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => return format!("{oid}=#{}", der_hex(attribute)),
    };
    match string_value(attribute) {
        Some(value) => format!("{keyword}={}", escape_value(&value)),
        None => format!("{keyword}=#{}", der_hex(attribute)),
    }
}

fn string_value(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    const TELETEX: u32 = 20;
    const BMP: u32 = 30;
    let value = attribute.attr_value();
    match value.header.tag().0 {
        TELETEX => Some(value.data.iter().map(|b| char::from(*b)).collect()),
        BMP => {
            let units: Vec<u16> =
                value.data.chunks_exact(2).map(|c| c.iter().fold(0, |u, b| u << 8 | u16::from(*b))).collect();
            String::from_utf16(&units).ok()
        }
        _ => attribute.as_str().ok().map(str::to_owned),
    }
}

/// Escaping of RFC 2253 section 2.4.
fn escape_value(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        let edge = (i == 0 && matches!(c, ' ' | '#')) || (i == last && c == ' ');
        if special || edge {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Hexadecimal DER (tag, length, content) of the value. Tags of name attributes are universal and below 31.
fn der_hex(attribute: &AttributeTypeAndValue<'_>) -> String {
    let value = attribute.attr_value();
    let mut der = vec![u8::try_from(value.header.tag().0).unwrap_or(0x0C)];
    let length = value.data.len();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => der.push(short),
        _ => {
            let bytes: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
            der.push(0x80 | u8::try_from(bytes.len()).unwrap_or(0));
            der.extend(bytes);
        }
    }
    der.extend_from_slice(value.data);
    der.iter().map(|b| format!("{b:02x}")).collect()
}
