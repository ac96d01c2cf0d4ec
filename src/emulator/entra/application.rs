//! Applications that may ask for tokens, and what proves them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error as PemError, PemObject};

use super::token::random;
use crate::secret::Secret;

/// An application that may ask for tokens.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its tenant.
    pub tenant: String,
    /// Its client id.
    pub client: String,
    /// Its client secrets; any of them proves it while it lasts.
    pub secrets: Vec<ClientSecret>,
    /// Its certificates.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) federations: Vec<Federation>,
    /// A file that holds one of its certificates with the key.
    key_file: Option<PathBuf>,
    /// What the emulator itself proves it with, for stores that it redirects to itself.
    own: Arc<Secret>,
}

/// A client secret of an application.
#[derive(Debug, Clone)]
pub struct ClientSecret {
    /// The secret itself.
    pub value: Arc<Secret>,
    /// When it ceases to count, in seconds since 1970.
    pub expires: Option<i64>,
}

/// A platform's tokens that an application trusts: a federated credential.
#[derive(Debug, Clone)]
pub struct Federation {
    /// The `iss` of the tokens.
    pub issuer: String,
    /// Their `sub`. Case counts.
    pub subject: String,
    /// Their `aud`: `api://AzureADTokenExchange` in the public cloud.
    pub audience: String,
    /// The certificate, as PEM, whose key signs them.
    pub certificate: String,
}

impl ClientSecret {
    /// One that nobody else knows, and that lasts.
    pub fn random() -> Self {
        Self { value: Arc::new(Secret::new(random())), expires: None }
    }
}

impl Application {
    /// An application with a secret that nobody else knows.
    pub fn new(tenant: impl Into<String>, client: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            client: client.into(),
            secrets: vec![ClientSecret::random()],
            certificates: Vec::new(),
            federations: Vec::new(),
            key_file: None,
            own: ClientSecret::random().value,
        }
    }

    /// The same application with that client secret alone.
    #[must_use]
    pub fn secret(self, secret: &str) -> Self {
        let value = Arc::new(Secret::concat([secret]));
        Self { secrets: vec![ClientSecret { value, expires: None }], ..self }
    }

    /// A client secret that counts at that time, in seconds since 1970.
    pub fn secret_at(&self, now: i64) -> Option<&Arc<Secret>> {
        self.secrets.iter().find(|secret| secret.expires.is_none_or(|end| end > now)).map(|secret| &secret.value)
    }

    /// The file, if one is known, that holds a certificate of it with the key.
    pub fn key_file(&self) -> Option<&Path> {
        self.key_file.as_deref()
    }

    /// The same application, whose certificate and key are in that file.
    #[must_use]
    pub fn with_key_file(self, path: impl Into<PathBuf>) -> Self {
        Self { key_file: Some(path.into()), ..self }
    }

    /// What the emulator itself proves it with: it always counts.
    pub(in crate::emulator) fn own_secret(&self) -> &Arc<Secret> {
        &self.own
    }

    /// The first of its client secrets; empty when it has none.
    pub fn client_secret(&self) -> Arc<Secret> {
        self.secrets.first().map_or_else(|| Arc::new(Secret::new(String::new())), |first| Arc::clone(&first.value))
    }

    /// The same application with one more certificate, as PEM.
    ///
    /// # Errors
    /// When the text holds no certificate.
    pub fn certificate(mut self, pem: &str) -> Result<Self, PemError> {
        self.certificates.push(CertificateDer::from_pem_slice(pem.as_bytes())?);
        Ok(self)
    }

    /// The same application that trusts one more platform.
    #[must_use]
    pub fn federated(mut self, federation: Federation) -> Self {
        self.federations.push(federation);
        self
    }
}
