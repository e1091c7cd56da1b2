//! Throw-away certificates for tests (feature `testing`): RSA, because the DMP contract signs with RSA only.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use std::sync::OnceLock;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, PKCS_RSA_SHA256,
};
use rsa::pkcs8::{EncodePrivateKey, LineEnding};

/// A test authority and what it issued.
pub struct TestAuthority {
    /// Certificate of the authority.
    pub ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// One of a few RSA keys, made once per process.
fn rsa_key_pem(index: usize) -> &'static str {
    static KEYS: [OnceLock<String>; 3] = [const { OnceLock::new() }; 3];
    KEYS[index % KEYS.len()].get_or_init(|| {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("RSA key");
        key.to_pkcs8_pem(LineEnding::LF).expect("PKCS#8").to_string()
    })
}

fn key_pair(index: usize) -> KeyPair {
    KeyPair::from_pkcs8_pem_and_sign_algo(rsa_key_pem(index), &PKCS_RSA_SHA256).expect("key pair")
}

impl TestAuthority {
    /// A new self-signed authority.
    #[must_use]
    pub fn new(cn: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "FR");
        params.distinguished_name.push(DnType::OrganizationName, "ESSAI, \"SANTE\"");
        params.distinguished_name.push(DnType::CommonName, cn);
        let key = key_pair(0);
        let ca_pem = params.self_signed(&key).expect("CA").pem();
        Self { ca_pem, issuer: Issuer::new(params, key) }
    }

    /// Certificate (with the authority's) and key of an organisation, in one PEM text. `which` 1 or 2 chooses the
    /// key pair, so that a TLS and a signing identity differ.
    #[must_use]
    pub fn issue(&self, which: usize, cn: &str, ou: &str, hosts: &[&str]) -> String {
        let mut params = CertificateParams::new(hosts.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>())
            .expect("params");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "FR");
        params.distinguished_name.push(DnType::StateOrProvinceName, "Sarthe (72)");
        params.distinguished_name.push(DnType::OrganizationName, "LABORATOIRE DES CHARMES");
        params.distinguished_name.push(DnType::OrganizationalUnitName, ou);
        params.distinguished_name.push(DnType::CommonName, cn);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = rcgen::date_time_ymd(2024, 1, 1);
        params.not_after = rcgen::date_time_ymd(2044, 1, 1);
        let certificate = params.signed_by(&key_pair(which), &self.issuer).expect("leaf");
        format!("{}{}{}", certificate.pem(), self.ca_pem, rsa_key_pem(which))
    }
}
