//! A credential: a name for one secret, and where it may be used.

use super::Scope;
use crate::reference::{CredentialName, SecretName, SecretVersion, StoreName};

/// A named credential of the configuration.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The name by which references call it; unique across stores.
    pub name: CredentialName,
    /// The store that has it.
    pub store: StoreName,
    /// The secret in the store.
    pub secret: SecretName,
    /// The version; the latest without one.
    pub version: Option<SecretVersion>,
    /// Where it may be used.
    pub scope: Scope,
}
