//! A store: one vault, and the identity that reads it.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::reference::StoreName;
use crate::secret::Secret;

/// The api-version that is sent when a store names none: the newest that every cloud serves.
pub const DEFAULT_API_VERSION: &str = "7.4";

/// Requests in flight for one vault when a store names no bound.
pub const DEFAULT_CONCURRENCY: NonZeroU16 = NonZeroU16::new(32).expect("32 is not zero");

/// How long one request may take before it counts as broken.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// One vault and how to be let in, as the configuration has it. Every field was checked when it was read.
#[derive(Debug, Clone)]
pub struct Store {
    /// The name by which references call it.
    pub name: StoreName,
    /// `https://….vault.azure.net`, or plain http to loopback: no path, query or user.
    pub vault_url: Url,
    /// How a token for it is had. Stores with equal identities share one token.
    pub identity: Identity,
    /// `api-version` of every request.
    pub api_version: String,
    /// Certificate authorities to trust beside the system's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// The most requests in flight at once.
    pub max_concurrency: NonZeroU16,
    /// How long one request may take before it counts as broken.
    pub request_timeout: Duration,
}

/// An application that asks Entra ID for tokens with the client credentials grant.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The authority's address, without the tenant: `https://login.microsoftonline.com`.
    pub authority: Url,
    /// Directory (tenant) id or domain.
    pub tenant: String,
    /// Application (client) id.
    pub client: String,
    /// Where the client secret comes from.
    pub client_secret: SecretSource,
    /// What the token is for, without a trailing slash: `https://vault.azure.net`.
    pub resource: String,
}

/// Where a client secret comes from. It is read when a token is first needed.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Written in the configuration itself.
    Literal(Arc<Secret>),
    /// An environment variable.
    Variable(String),
    /// A file; one line break at its end doesn't belong to the secret.
    File(PathBuf),
}
