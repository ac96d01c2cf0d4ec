//! An identity: who asks for a vault's token, and how it proves who it is.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use url::Url;

use crate::secret::Secret;

/// Who asks for tokens. Stores with equal identities share their tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The authority's address, without the tenant; the cloud's when it isn't set.
    pub authority: Option<Url>,
    /// Directory (tenant) id or domain; learnt from the vault when it isn't set and is needed.
    pub tenant: Option<String>,
    /// What the token is for, without a trailing slash; the cloud's, or learnt from the vault, when it isn't set.
    pub resource: Option<String>,
    /// How it proves who it is.
    pub proof: Proof,
}

/// How an identity proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// An application with a secret.
    ClientSecret {
        /// Application (client) id.
        client: String,
        /// Where the secret comes from.
        secret: SecretSource,
    },
    /// An application with a certificate.
    ClientCertificate {
        /// Application (client) id.
        client: String,
        /// A PEM file with the certificate and its RSA key, not encrypted.
        certificate: PathBuf,
    },
    /// An application that trusts the token of a platform, as Kubernetes gives to its pods.
    WorkloadIdentity {
        /// Application (client) id; `AZURE_CLIENT_ID` when it isn't set.
        client: Option<String>,
        /// The file that holds the platform's token; `AZURE_FEDERATED_TOKEN_FILE` when it isn't set.
        token_file: Option<PathBuf>,
    },
    /// The identity that Azure gives to the machine or the app.
    ManagedIdentity {
        /// The client id of one that the user assigned; the machine's own when it isn't set.
        client: Option<String>,
    },
    /// Who is logged in to the Azure CLI.
    AzureCli,
    /// What the variables `AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, `AZURE_CLIENT_SECRET`,
    /// `AZURE_CLIENT_CERTIFICATE_PATH` and `AZURE_FEDERATED_TOKEN_FILE` say when a token is first needed.
    Environment,
}

/// Where a secret comes from that a store proves itself by. It is [read](Self::read) when it is needed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SecretSource {
    /// Written in the configuration itself.
    Literal(Arc<Secret>),
    /// An environment variable.
    Variable(String),
    /// A file; one line break at its end doesn't belong to the secret.
    File(PathBuf),
}

/// The variable that holds the client secret of an [`Environment`](Proof::Environment).
pub const CLIENT_SECRET_VARIABLE: &str = "AZURE_CLIENT_SECRET";

impl Proof {
    /// Its name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ClientSecret { .. } => "client-secret",
            Self::ClientCertificate { .. } => "client-certificate",
            Self::WorkloadIdentity { .. } => "workload-identity",
            Self::ManagedIdentity { .. } => "managed-identity",
            Self::AzureCli => "azure-cli",
            Self::Environment => "environment",
        }
    }

    /// The application's (client) id, where the configuration names one.
    pub fn client(&self) -> Option<&str> {
        match self {
            Self::ClientSecret { client, .. } | Self::ClientCertificate { client, .. } => Some(client),
            Self::WorkloadIdentity { client, .. } | Self::ManagedIdentity { client } => client.as_deref(),
            Self::AzureCli | Self::Environment => None,
        }
    }

    /// The variable that holds the client secret, which a step has no use for.
    pub fn secret_variable(&self) -> Option<&str> {
        match self {
            Self::ClientSecret { secret, .. } => secret.variable(),
            Self::Environment => Some(CLIENT_SECRET_VARIABLE),
            _ => None,
        }
    }
}

impl SecretSource {
    /// The variable that it comes from.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            Self::Literal(_) | Self::File(_) => None,
        }
    }
}

/// Who it is, for an audit: `client-secret CLIENT in TENANT`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.proof.name())?;
        if let Some(client) = self.proof.client() {
            write!(f, " {client}")?;
        }
        self.tenant.as_ref().map_or(Ok(()), |tenant| write!(f, " in {tenant}"))
    }
}

impl PartialEq for SecretSource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(a), Self::Literal(b)) => a.expose() == b.expose(),
            (Self::Variable(a), Self::Variable(b)) => a == b,
            (Self::File(a), Self::File(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for SecretSource {}
