//! A certificate authority of the emulator's own, for HTTPS on loopback.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fmt, fs, io};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::file;
use crate::secret::Secret;

const DAY: Duration = Duration::from_secs(86_400);

/// How long an authority's certificate counts, and a server's: clients refuse servers' that count for longer.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);
const SERVER_LIFETIME: Duration = Duration::from_secs(397 * 86_400);

/// A certificate authority of the emulator's own: made when it is asked for, or once for a file.
///
/// ```
/// use credflow::emulator::Authority;
///
/// let authority = Authority::new();
/// assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// ```
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The certificate that clients know; the issuer's may be another one of the same name and key.
    pem: String,
}

/// Why an authority's file isn't used. It stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// It can't be read or written.
    #[error("cannot keep the certificate authority in {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It holds no key and certificate of an authority of ours.
    #[error("{0} holds no certificate authority of the emulator; remove it to have a new one made")]
    Broken(PathBuf),
}

impl Authority {
    /// A new one. Its key stays in this process.
    pub fn new() -> Self {
        let issuer = issuer(KeyPair::generate().expect("internal error: ring makes keys"));
        Self { pem: issuer.pem(), issuer }
    }

    /// The one in a file, which is made, for its owner alone, when there is none.
    ///
    /// # Errors
    /// When the file can't be read or written, or holds something else.
    pub fn open(path: &Path) -> Result<Self, AuthorityError> {
        let file = |error| AuthorityError::File { path: path.to_owned(), error };
        let text = match fs::read_to_string(path) {
            Ok(text) => Secret::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = Self::new();
                let key = Secret::new(made.issuer.key().serialize_pem());
                let text = Secret::concat([key.expose(), made.pem.as_str()]);
                file::write(path, text.expose().as_bytes()).map_err(file)?;
                return Ok(made);
            }
            Err(error) => return Err(file(error)),
        };
        let broken = || AuthorityError::Broken(path.to_owned());
        let key = KeyPair::from_pem(text.expose()).map_err(|_| broken())?;
        let begin = text.expose().find("-----BEGIN CERTIFICATE-----").ok_or_else(broken)?;
        let pem = text.expose()[begin..].to_owned();
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| broken())?;
        let certified = webpki::EndEntityCert::try_from(&certificate).map_err(|_| broken())?;
        if certified.subject_public_key_info().as_ref() != key.subject_public_key_info() {
            return Err(broken());
        }
        Ok(Self { issuer: issuer(key), pem })
    }

    /// Its certificate, as a `ca-file` has it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What a server needs that is called by these names.
    pub(super) fn server(&self, names: Vec<String>) -> Result<Arc<rustls::ServerConfig>, rcgen::Error> {
        let mut params = params(names, "credflow emulator", SERVER_LIFETIME);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
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

/// An authority's name and rights, with that key.
fn issuer(key: KeyPair) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params(Vec::new(), "credflow emulator's authority", AUTHORITY_LIFETIME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, key).expect("internal error: the authority's parameters are fixed")
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
