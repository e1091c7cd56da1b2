//! The certificate of a professional's card (CPS, CPF, CPE…), read without PIN (fact sheet on the INS, §F.3).
//!
//! Deliberately not here: the keys of the card (a PIN and a PKCS#11 module), the chain and its revocation (TLS and the
//! service judge them). The exact syntax of the private extensions is not public: they are read as text where they hold
//! a text, and left out otherwise.

use jiff::Timestamp;
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

/// Private extensions of health cards.
const ARC: &str = "1.2.250.1.71.1.2.";
/// Longest certificate read.
const MAX_CERTIFICATE: usize = 16 * 1024;
/// Longest value kept of an extension.
const MAX_TEXT: usize = 200;

/// How the professional is identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifierKind {
    /// `8` and the RPPS, 11 digits.
    Rpps,
    /// `0` and the ADELI number, 9 digits.
    Adeli,
    /// Anything else: an identifier based on a structure.
    Other,
}

/// What a certificate of a card says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpxCertificate {
    /// National identifier, as INSi wants it in `NameID`.
    pub identifier: String,
    /// Which kind.
    pub kind: IdentifierKind,
    /// Name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Profession, as written.
    pub profession: Option<String>,
    /// Type of the card (extension .2).
    pub card_type: Option<String>,
    /// Number of the card (extension .3).
    pub card_number: Option<String>,
    /// Other private extensions that hold a text: last number of the arc, text.
    pub others: Vec<(u32, String)>,
    /// The key signs (non-repudiation): the certificate of signature of the two.
    pub signs: bool,
    /// Issued by a test authority.
    pub is_test: bool,
    /// Valid from.
    pub from: Timestamp,
    /// Valid to.
    pub to: Timestamp,
}

/// Why a certificate is not that of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CpxError {
    /// Not a certificate.
    #[error("ce n'est pas un certificat")]
    Unreadable,
    /// No identifier in the subject.
    #[error("ce certificat ne nomme pas de professionnel")]
    NoIdentifier,
}

impl CpxCertificate {
    /// Reads a certificate (DER).
    ///
    /// # Errors
    /// [`CpxError`].
    pub fn read(der: &[u8]) -> Result<Self, CpxError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CpxError::Unreadable);
        }
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CpxError::Unreadable)?;
        let subject = certificate.subject();
        let part = |oid: &str| attribute(subject, oid);
        let identifier = part("2.5.4.3").map(|cn| cn.trim().to_owned()).unwrap_or_default();
        if identifier.is_empty() || !identifier.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'/') {
            return Err(CpxError::NoIdentifier);
        }
        let (mut card_type, mut card_number, mut others) = (None, None, Vec::new());
        for extension in certificate.extensions() {
            let oid = extension.oid.to_id_string();
            let Some(arc) = oid.strip_prefix(ARC).and_then(|last| last.parse::<u32>().ok()) else { continue };
            let Some(text) = text_of(extension.value) else { continue };
            match arc {
                2 => card_type = Some(text),
                3 => card_number = Some(text),
                _ => others.push((arc, text)),
            }
        }
        let moment = |seconds: i64| Timestamp::from_second(seconds).map_err(|_| CpxError::Unreadable);
        let issuer = attribute(certificate.issuer(), "2.5.4.3").unwrap_or_default();
        Ok(Self {
            kind: kind(&identifier),
            identifier,
            family: part("2.5.4.4").unwrap_or_default(),
            given: part("2.5.4.42").unwrap_or_default(),
            profession: part("2.5.4.12"),
            card_type,
            card_number,
            others,
            signs: matches!(certificate.key_usage(), Ok(Some(usage)) if usage.value.non_repudiation()),
            is_test: issuer.to_uppercase().starts_with("TEST "),
            from: moment(certificate.validity().not_before.timestamp())?,
            to: moment(certificate.validity().not_after.timestamp())?,
        })
    }

    /// True between its dates.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.from <= now && now <= self.to
    }
}

fn kind(identifier: &str) -> IdentifierKind {
    let digits = identifier.bytes().all(|b| b.is_ascii_digit());
    match (identifier.as_bytes().first(), identifier.len()) {
        (Some(b'8'), 12) if digits => IdentifierKind::Rpps,
        (Some(b'0'), 10) if digits => IdentifierKind::Adeli,
        _ => IdentifierKind::Other,
    }
}

fn attribute(name: &X509Name<'_>, oid: &str) -> Option<String> {
    let found = name.iter_attributes().find(|a| a.attr_type().to_id_string() == oid)?;
    found.as_str().ok().map(str::to_owned)
}

/// The text of an extension: the value of a DER string, or the bytes when they are a text by themselves.
fn text_of(value: &[u8]) -> Option<String> {
    let bytes = match value {
        // UTF8String, PrintableString, IA5String, OCTET STRING with a short length that fits.
        [0x0C | 0x13 | 0x16 | 0x04, length, rest @ ..] if usize::from(*length) == rest.len() => rest,
        other => other,
    };
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let plain = !text.is_empty() && text.len() <= MAX_TEXT && text.chars().all(|c| !c.is_control());
    plain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        CertificateParams, CustomExtension, DistinguishedName, DnType, Issuer, KeyPair, KeyUsagePurpose,
        date_time_ymd,
    };

    /// A certificate as the sheet describes those of the test authority; fictitious.
    fn card(cn: &str, extensions: &[(u64, &[u8])]) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(vec![]).unwrap();
        authority.distinguished_name = DistinguishedName::new();
        authority.distinguished_name.push(DnType::CommonName, "TEST AC IGC-SANTE FORT PERSONNES");
        let issuer = Issuer::new(authority, KeyPair::generate().unwrap());
        let mut params = CertificateParams::new(vec![]).unwrap();
        let mut dn = DistinguishedName::new();
        dn.push(DnType::CountryName, "FR");
        dn.push(DnType::CustomDnType(vec![2, 5, 4, 12]), "Pharmacien");
        dn.push(DnType::CustomDnType(vec![2, 5, 4, 4]), "ESSAI");
        if !cn.is_empty() {
            dn.push(DnType::CommonName, cn);
        }
        dn.push(DnType::CustomDnType(vec![2, 5, 4, 42]), "CAMILLE");
        params.distinguished_name = dn;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2028, 1, 1);
        params.custom_extensions = extensions
            .iter()
            .map(|(arc, value)| {
                CustomExtension::from_oid_content(&[1, 2, 250, 1, 71, 1, 2, *arc], value.to_vec())
            })
            .collect();
        params.signed_by(&key, &issuer).unwrap().der().to_vec()
    }

    #[test]
    fn ret_04_the_certificate_of_a_card_says_who_holds_it() {
        let der = card(
            "899700000017",
            &[
                (2, b"\x0c\x03CPS"),
                (3, b"\x13\x0a2800012345"),
                (5, b"\x30\x03\x02\x01\x07"),
                (7, b"G15_10/SM54"),
            ],
        );
        let read = CpxCertificate::read(&der).unwrap();
        assert_eq!((read.identifier.as_str(), read.kind), ("899700000017", IdentifierKind::Rpps));
        assert_eq!((read.family.as_str(), read.given.as_str()), ("ESSAI", "CAMILLE"));
        assert_eq!(read.profession.as_deref(), Some("Pharmacien"));
        assert_eq!(
            (read.card_type.as_deref(), read.card_number.as_deref()),
            (Some("CPS"), Some("2800012345"))
        );
        assert_eq!(read.others, [(7, "G15_10/SM54".to_owned())], "what is no text is left out");
        assert!(read.signs && read.is_test);
        let at = |day: &str| day.parse::<Timestamp>().unwrap();
        assert!(read.is_valid(at("2026-05-18T00:00:00Z")));
        assert!(!read.is_valid(at("2028-05-18T00:00:00Z")) && !read.is_valid(at("2024-05-18T00:00:00Z")));
    }

    #[test]
    fn identifiers_of_each_kind_and_certificates_that_are_none() {
        for (cn, expected) in [
            ("0123456789", IdentifierKind::Adeli),
            ("10B0152872/12", IdentifierKind::Other),
            ("8997", IdentifierKind::Other),
        ] {
            assert_eq!(CpxCertificate::read(&card(cn, &[])).unwrap().kind, expected, "{cn}");
        }
        assert_eq!(CpxCertificate::read(&card("", &[])), Err(CpxError::NoIdentifier));
        assert_eq!(CpxCertificate::read(&card("<a>", &[])), Err(CpxError::NoIdentifier));
        for bytes in [&b""[..], b"\x30\x03\x02\x01\x01", &[0x30; 20_000]] {
            assert_eq!(CpxCertificate::read(bytes), Err(CpxError::Unreadable));
        }
    }
}
