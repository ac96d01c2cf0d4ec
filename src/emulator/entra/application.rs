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
    /// Its client secrets; any of them proves it while it lasts.
    pub secrets: Vec<ClientSecret>,
    /// Its certificates.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) federations: Vec<Federation>,
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
        }
    }

    /// The same application with that client secret alone.
    #[must_use]
    pub fn secret(self, secret: &str) -> Self {
        let value = Arc::new(Secret::concat([secret]));
        Self { secrets: vec![ClientSecret { value, expires: None }], ..self }
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
