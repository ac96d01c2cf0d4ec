//! What to do about an error, for a person with the rights to do it.

use super::error::FetchError;
use crate::config::{Store, StoreKind};
use crate::reference::{SecretName, SecretVersion};

impl FetchError {
    /// What to do, for a person with the rights to do it: which property, which role, which command. `version` is the one
    /// that was asked for, if it wasn't the latest.
    pub fn remedy(&self, store: &Store, secret: &SecretName, version: Option<SecretVersion>) -> String {
        match (self, &store.kind) {
            (Self::UnknownProvider(name), _) => format!("register the provider `{name}` where the resolver is made"),
            (Self::Unsupported { .. }, _) => "use a store of another provider for that".to_owned(),
            (Self::Panicked(name), _) => {
                format!("report it to the authors of the provider `{name}`; stderr may say more")
            }
            (Self::Provider(error), _) if !error.told_remedy().is_empty() => error.told_remedy().to_owned(),
            (_, StoreKind::Azure(vault)) => self.azure_remedy(&store.name, vault, secret, version),
            (Self::SecretUnset(name) | Self::SecretNotText(name), _) => {
                format!("set {name} to the secret of the store `{}`", store.name)
            }
            (Self::SecretUnreadable(..), _) => {
                format!("correct the file's path in the store `{}`, or its permissions", store.name)
            }
            (Self::NotFound, _) if version.is_some() => {
                "correct the version, or leave it out to have the latest".to_owned()
            }
            (Self::NotFound, _) => format!("correct the name, or make the secret in {}", store.address()),
            (Self::Throttled, _) => "try again later, or lower `max-concurrency` of the store".to_owned(),
            (Self::Deadline { .. } | Self::Server(_), _) => {
                "try again later, or give it more time with `--timeout`".to_owned()
            }
            _ => format!("check the store `{}` ({})", store.name, store.address()),
        }
    }
}
