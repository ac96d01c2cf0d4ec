//! Applications that may ask for tokens, and what proves them.

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
    /// Its client secret.
    pub secret: Arc<Secret>,
    /// Its certificates.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) federations: Vec<Federation>,
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

impl Application {
    /// An application with a secret that nobody else knows.
    pub fn new(tenant: impl Into<String>, client: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            client: client.into(),
            secret: Arc::new(Secret::new(random())),
            certificates: Vec::new(),
            federations: Vec::new(),
        }
    }

    /// The same application with that client secret.
    #[must_use]
    pub fn secret(self, secret: &str) -> Self {
        Self { secret: Arc::new(Secret::concat([secret])), ..self }
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
