//! Facts read from X.509 certificates: subject, issuer, serial, usage, key.

use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CertError {
    /// Not DER of an X.509 certificate.
    #[error("certificat illisible")]
    Unreadable,
    /// Not signed by the authority of the simulators.
    #[error("certificat émis par une autorité inconnue")]
    Issuer,
    /// Outside its dates.
    #[error("certificat hors de sa période de validité")]
    Validity,
    /// Not a SIGN certificate (cachet serveur).
    #[error("ce n'est pas un certificat de signature (cachet serveur)")]
    Usage,
    /// The key is not RSA.
    #[error("la clé du certificat n'est pas RSA")]
    Key,
}

/// What the checks need to know of a certificate; the default is that of a caller who showed none.
#[derive(Debug, Clone, Default)]
pub struct CertFacts {
    /// The certificate itself.
    pub der: Vec<u8>,
    /// Last common name of the subject, "" when none.
    pub cn: String,
    /// Last organizational unit: the structure identifier in IGC-Santé certificates.
    pub ou: String,
    /// Organisation.
    pub o: String,
    /// Subject, as (short type, value), in the order of the certificate.
    pub subject: Vec<(String, String)>,
    /// Issuer, in the same form.
    pub issuer: Vec<(String, String)>,
    /// Serial number in decimal.
    pub serial: String,
    /// Carries the TLS client extended usage.
    pub client_auth: bool,
    /// Key usage holds both digitalSignature and nonRepudiation.
    pub signs: bool,
    /// Validity, seconds since 1970.
    pub validity: (i64, i64),
}

impl CertFacts {
    /// Reads a certificate.
    ///
    /// # Errors
    /// [`CertError::Unreadable`].
    pub fn read(der: &[u8]) -> Result<CertFacts, CertError> {
        let (_, cert) = X509Certificate::from_der(der).map_err(|_| CertError::Unreadable)?;
        let subject = name(cert.subject());
        let last = |wanted: &str| {
            let found = subject.iter().rev().find(|(t, _)| t == wanted);
            found.map(|(_, v)| v.clone()).unwrap_or_default()
        };
        let client_auth =
            matches!(cert.extended_key_usage(), Ok(Some(eku)) if eku.value.client_auth || eku.value.any);
        let signs = matches!(cert.key_usage(), Ok(Some(ku))
            if ku.value.digital_signature() && ku.value.non_repudiation());
        Ok(CertFacts {
            der: der.to_vec(),
            cn: last("CN"),
            ou: last("OU"),
            o: last("O"),
            issuer: name(cert.issuer()),
            serial: cert.tbs_certificate.serial.to_string(),
            client_auth,
            signs,
            validity: (cert.validity().not_before.timestamp(), cert.validity().not_after.timestamp()),
            subject,
        })
    }

    /// Checks that the certificate was issued by `ca`, is valid at `now` (seconds since 1970) and is
    /// a SIGN certificate, then gives its key.
    ///
    /// # Errors
    /// The first [`CertError`] met, issuer before dates before usage.
    pub fn signing_key(&self, ca: &[u8], now: i64) -> Result<RsaPublicKey, CertError> {
        let (_, ca) = X509Certificate::from_der(ca).map_err(|_| CertError::Unreadable)?;
        let (_, cert) = X509Certificate::from_der(&self.der).map_err(|_| CertError::Unreadable)?;
        cert.verify_signature(Some(ca.public_key())).map_err(|_| CertError::Issuer)?;
        if now < self.validity.0 || now > self.validity.1 {
            return Err(CertError::Validity);
        }
        if self.client_auth || !self.signs {
            return Err(CertError::Usage);
        }
        rsa_key(&self.der)
    }

    /// Subject in RFC 2253 order and form.
    pub fn subject_rfc2253(&self) -> String {
        rfc2253(&self.subject)
    }

    /// Issuer in RFC 2253 order and form.
    pub fn issuer_rfc2253(&self) -> String {
        rfc2253(&self.issuer)
    }
}

/// The RSA key of a certificate, without any trust in it.
///
/// # Errors
/// [`CertError::Unreadable`] or [`CertError::Key`].
pub fn rsa_key(der: &[u8]) -> Result<RsaPublicKey, CertError> {
    let (_, cert) = X509Certificate::from_der(der).map_err(|_| CertError::Unreadable)?;
    RsaPublicKey::from_public_key_der(cert.public_key().raw).map_err(|_| CertError::Key)
}

fn name(name: &X509Name<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for attr in name.iter_attributes() {
        let oid = attr.attr_type().to_id_string();
        let short = match oid.as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            "2.5.4.4" => "SN",
            "2.5.4.12" => "T",
            "2.5.4.42" => "GN",
            other => other,
        };
        all.push((short.to_owned(), attr.as_str().unwrap_or_default().to_owned()));
    }
    all
}

fn rfc2253(name: &[(String, String)]) -> String {
    let parts: Vec<String> = name.iter().rev().map(|(t, v)| format!("{t}={}", escaped(v))).collect();
    parts.join(",")
}

fn escaped(value: &str) -> String {
    let mut out = String::new();
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        let edge = (c == ' ' && (i == 0 || i == last)) || (c == '#' && i == 0);
        if edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// True when `text` names the same subject as `facts`, in RFC 2253 order or reversed, spaces after
/// the commas ignored: the contract shows both (spec/dmp.md §4.1).
pub fn same_subject(text: &str, subject: &[(String, String)]) -> bool {
    let wanted: Vec<String> = subject.iter().map(|(t, v)| format!("{t}={v}")).collect();
    let mut given = Vec::new();
    let mut current = String::new();
    let mut chars = text.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => current.extend(chars.next()),
            ',' => given.push(std::mem::take(&mut current).trim().to_owned()),
            c => current.push(c),
        }
    }
    given.push(current.trim().to_owned());
    given == wanted || given.iter().rev().eq(wanted.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Vec<(String, String)> {
        [("C", "FR"), ("O", "LBM A, B"), ("CN", "x")].map(|(t, v)| (t.to_owned(), v.to_owned())).to_vec()
    }

    #[test]
    fn a_distinguished_name_is_recognised_in_both_orders() {
        assert_eq!(rfc2253(&subject()), r"CN=x,O=LBM A\, B,C=FR");
        assert!(same_subject(r"CN=x,O=LBM A\, B,C=FR", &subject()));
        assert!(same_subject(r"C=FR, O=LBM A\, B, CN=x", &subject()));
        assert!(!same_subject("CN=y,C=FR", &subject()));
    }
}
