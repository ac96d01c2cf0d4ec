//! A store of a provider that an engine registers.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::identity::SecretSource;

/// What a provider made of a store's properties.
#[derive(Clone)]
pub struct OwnSettings {
    address: Arc<str>,
    value: Arc<dyn Value>,
}

/// A store of a provider that an engine registers.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnStore {
    provider: Arc<str>,
    settings: OwnSettings,
    secrets: Vec<SecretSource>,
}

/// A value that can be compared with others, of whatever type.
trait Value: Any + Send + Sync {
    fn is_equal(&self, other: &dyn Any) -> bool;
}

impl<T: PartialEq + Any + Send + Sync> Value for T {
    fn is_equal(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }
}

impl OwnSettings {
    /// Settings of a store, and where its secrets are: people are shown that, and a plan from elsewhere is compared by it.
    pub fn new<T: PartialEq + Send + Sync + 'static>(address: impl Into<Arc<str>>, settings: T) -> Self {
        Self { address: address.into(), value: Arc::new(settings) }
    }
}

impl PartialEq for OwnSettings {
    fn eq(&self, other: &Self) -> bool {
        let value: &dyn Any = &*other.value;
        self.address == other.address && self.value.is_equal(value)
    }
}

impl Eq for OwnSettings {}

/// Shows where it is, and none of the settings: a token may be among them.
impl fmt::Debug for OwnSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnSettings").field("address", &self.address).finish_non_exhaustive()
    }
}

impl OwnStore {
    /// A store of the provider of that name.
    pub fn new(provider: impl Into<Arc<str>>, settings: OwnSettings) -> Self {
        Self { provider: provider.into(), settings, secrets: Vec::new() }
    }

    /// The same with what it proves itself by, which no step has a use for.
    #[must_use]
    pub fn with_secrets(self, secrets: Vec<SecretSource>) -> Self {
        Self { secrets, ..self }
    }

    /// The name of its provider.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Where its secrets are.
    pub fn address(&self) -> &str {
        &self.settings.address
    }

    /// What it proves itself by.
    pub fn secrets(&self) -> &[SecretSource] {
        &self.secrets
    }

    /// What its provider made of its properties, if it is of this type.
    pub fn settings<T: 'static>(&self) -> Option<&T> {
        let value: &dyn Any = &*self.settings.value;
        value.downcast_ref()
    }
}

impl fmt::Debug for OwnStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnStore")
            .field("provider", &self.provider)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
