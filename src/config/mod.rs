//! The configuration, `credflow.yaml`: stores, and named credentials with a scope.
//!
//! A store is one vault and the identity that reads it. A credential is a name for one secret of a store, with the
//! places where it may be used. An environment has other properties for the stores. The file may hold a client secret, so that its lines are never shown.

mod address;
mod credential;
mod environment;
mod find;
mod identity;
mod read;
mod scope;
mod store;

use std::sync::Arc;

use crate::reference::{CredentialName, EnvironmentName, StoreName};

pub(crate) use address::is_guid;
pub use address::{Cloud, is_loopback};
pub use credential::Credential;
pub use environment::{Environment, EnvironmentError};
pub use find::{FILE_NAME, find};
pub use identity::{CLIENT_SECRET_VARIABLE, Identity, Proof, SecretSource};
pub use scope::{Scope, ScopeError};
pub use store::{DEFAULT_API_VERSION, DEFAULT_CONCURRENCY, DEFAULT_REQUEST_TIMEOUT, PROVIDER, Store};

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
    /// How the stores of all environments, and those below them, prove who asks.
    proofs: Arc<[Proof]>,
}

impl Config {
    /// The store of that name.
    pub fn store(&self, name: &StoreName) -> Option<&Store> {
        self.stores.iter().find(|store| store.name == *name)
    }

    /// How the stores prove who asks, also those of environments that aren't chosen.
    pub(crate) fn proofs(&self) -> impl Iterator<Item = &Proof> {
        self.stores.iter().map(|store| &store.identity.proof).chain(self.proofs.iter())
    }

    /// The credential of that name.
    pub fn credential(&self, name: &CredentialName) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.name == *name)
    }
}
