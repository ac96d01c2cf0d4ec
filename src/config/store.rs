//! A store: what its provider has to know of it, and what holds for the stores of every provider.

use std::borrow::Cow;
use std::num::NonZeroU16;
use std::time::Duration;

use super::azure::AzureVault;
use super::own::OwnStore;
use crate::reference::StoreName;

/// The provider of stores that name none.
pub const AZURE_KEY_VAULT: &str = "azure-key-vault";

/// Requests in flight for one store when it names no bound.
pub const DEFAULT_CONCURRENCY: NonZeroU16 = NonZeroU16::new(32).expect("32 is not zero");

/// How long one request may take before it counts as broken.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A store, as the configuration has it. Every field was checked when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The name by which references call it.
    pub name: StoreName,
    /// Its provider, and the properties that are the provider's own.
    pub kind: StoreKind,
    /// The most requests in flight at once.
    pub max_concurrency: NonZeroU16,
    /// How long one request may take before it counts as broken.
    pub request_timeout: Duration,
    /// How long all fetches from it may take together, beside the time for everything.
    pub timeout: Option<Duration>,
    /// Whether a value that is expired or not yet valid is an error.
    pub enforce_validity: bool,
}

/// A store's provider, and the properties that are the provider's own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreKind {
    /// Azure Key Vault.
    Azure(Box<AzureVault>),
    /// A provider that an engine registers.
    Own(OwnStore),
}

impl Store {
    /// The name of its provider.
    pub fn provider(&self) -> &str {
        match &self.kind {
            StoreKind::Azure(_) => AZURE_KEY_VAULT,
            StoreKind::Own(own) => own.provider(),
        }
    }

    /// The name of its provider, unless that is the default one.
    pub fn own_provider(&self) -> Option<&str> {
        match &self.kind {
            StoreKind::Azure(_) => None,
            StoreKind::Own(own) => Some(own.provider()),
        }
    }

    /// Where its secrets are: a vault's URL, or what its provider says. Stores of one provider with the same address share a
    /// throttle.
    pub fn address(&self) -> Cow<'_, str> {
        match &self.kind {
            StoreKind::Azure(vault) => vault.url.as_str().trim_end_matches('/').into(),
            StoreKind::Own(own) => own.address().into(),
        }
    }

    /// Who reads it, for an audit: an identity, or the provider's name.
    pub fn reader(&self) -> Cow<'_, str> {
        match &self.kind {
            StoreKind::Azure(vault) => vault.identity.to_string().into(),
            StoreKind::Own(own) => own.provider().into(),
        }
    }

    /// The vault, of a store in Azure.
    pub fn azure(&self) -> Option<&AzureVault> {
        match &self.kind {
            StoreKind::Azure(vault) => Some(vault),
            StoreKind::Own(_) => None,
        }
    }

    /// The vault, of a store in Azure, to be changed.
    pub fn azure_mut(&mut self) -> Option<&mut AzureVault> {
        match &mut self.kind {
            StoreKind::Azure(vault) => Some(vault),
            StoreKind::Own(_) => None,
        }
    }

    /// The properties that its provider read, if they are of this type.
    pub fn settings<T: 'static>(&self) -> Option<&T> {
        match &self.kind {
            StoreKind::Azure(_) => None,
            StoreKind::Own(own) => own.settings(),
        }
    }
}
