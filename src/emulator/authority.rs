//! A certificate authority of the emulator's own, for HTTPS on loopback.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

const DAY: Duration = Duration::from_secs(86_400);

/// How long an authority's certificate counts, and a server's: clients refuse servers' that count for longer.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);
const SERVER_LIFETIME: Duration = Duration::from_secs(397 * 86_400);

/// A certificate authority, made when it is asked for. Its key stays in this process.
///
/// ```
/// use credflow::emulator::Authority;
///
/// let authority = Authority::new();
/// assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// ```
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let mut params = params(Vec::new(), "credflow emulator's authority", AUTHORITY_LIFETIME);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("internal error: ring makes keys");
        Self(CertifiedIssuer::self_signed(params, key).expect("internal error: the authority's parameters are fixed"))
    }

    /// Its certificate, as a `ca-file` has it.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// What a server needs that is called by these names.
    pub(super) fn server(&self, names: Vec<String>) -> Result<Arc<rustls::ServerConfig>, rcgen::Error> {
        let mut params = params(names, "credflow emulator", SERVER_LIFETIME);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("internal error: ring has the protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], der)
            .expect("internal error: the key is the certificate's");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn params(names: Vec<String>, name: &str, lifetime: Duration) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap_or_default();
    params.distinguished_name.push(DnType::CommonName, name);
    // A day back, for clocks that are apart.
    params.not_before = (SystemTime::now() - DAY).into();
    params.not_after = (SystemTime::now() - DAY + lifetime).into();
    params
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows nothing: it holds a key.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(***)")
    }
}
