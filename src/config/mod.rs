//! The configuration, `credflow.yaml`: stores, and named credentials with a scope.
//!
//! A store is a place that has secrets: a vault of Azure and the identity that reads it, or what another provider makes of its
//! own properties by its [`StoreSchema`]. A credential is a name for one secret of a store, with the
//! places where it may be used. An environment has other properties for the stores. The file may hold a client secret, so that its lines are never shown.

mod address;
mod azure;
mod credential;
mod environment;
mod find;
mod identity;
mod own;
mod read;
mod schema;
mod scope;
mod store;

use std::sync::Arc;

use crate::reference::{CredentialName, EnvironmentName, StoreName};

pub(crate) use address::is_guid;
pub use address::{Cloud, is_loopback};
pub use azure::{AzureVault, DEFAULT_API_VERSION};
pub use credential::Credential;
pub use environment::{Environment, EnvironmentError};
pub use find::{FILE_NAME, find};
pub use identity::{CLIENT_SECRET_VARIABLE, Identity, Proof, SecretSource};
pub use own::{OwnSettings, OwnStore};
pub use read::PropertyReader;
pub use schema::StoreSchema;
pub use scope::{Scope, ScopeError};
pub use store::{AZURE_KEY_VAULT, DEFAULT_CONCURRENCY, DEFAULT_REQUEST_TIMEOUT, Store, StoreKind};

/// What `credflow.yaml` says. Every name that it uses is one that it defines.
///
/// One with [environments](Self::environments) has no stores until one of them is [chosen](Self::choose).
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The stores, in the order of the file.
    pub stores: Vec<Store>,
    /// The named credentials, in the order of the file.
    pub credentials: Vec<Credential>,
    environments: Arc<[Environment]>,
    /// The one that is chosen.
    environment: Option<EnvironmentName>,
    /// What the stores of all environments, and those below them, prove themselves by.
    below: Arc<[StoreProof]>,
}

/// What a store proves itself by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreProof {
    /// A vault of Azure.
    Azure(Proof),
    /// A store of another provider, by what it reads.
    Own(Vec<SecretSource>),
}

impl StoreProof {
    pub(crate) fn of(kind: &StoreKind) -> Self {
        match kind {
            StoreKind::Azure(vault) => Self::Azure(vault.identity.proof.clone()),
            StoreKind::Own(own) => Self::Own(own.secrets().to_vec()),
        }
    }

    /// The variables that hold what proves it.
    pub(crate) fn variables(&self) -> Vec<&str> {
        match self {
            Self::Azure(proof) => proof.secret_variable().into_iter().collect(),
            Self::Own(sources) => sources.iter().filter_map(SecretSource::variable).collect(),
        }
    }
}

impl Config {
    /// The store of that name.
    pub fn store(&self, name: &StoreName) -> Option<&Store> {
        self.stores.iter().find(|store| store.name == *name)
    }

    /// What the stores prove themselves by, also those of environments that aren't chosen.
    pub(crate) fn proofs(&self) -> Vec<StoreProof> {
        self.stores.iter().map(|store| StoreProof::of(&store.kind)).chain(self.below.iter().cloned()).collect()
    }

    /// The credential of that name.
    pub fn credential(&self, name: &CredentialName) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.name == *name)
    }
}
