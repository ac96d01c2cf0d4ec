//! How the stores of a provider stand in a configuration.

use super::own::OwnSettings;
use super::read::PropertyReader;

/// How the stores of a provider stand in a configuration: which keys they have, and what their values may be.
///
/// [`Config::read_with`](super::Config::read_with) and [`parse_with`](super::Config::parse_with) take the schemas of all
/// providers but Azure's. An engine implements this and [`Provider`](crate::store::Provider) for one type; the two are found by
/// one name, and each is registered for itself.
pub trait StoreSchema: Send + Sync {
    /// What `provider:` says: the same as [`Provider::name`](crate::store::Provider::name).
    fn provider(&self) -> &str;

    /// The keys that each store has.
    fn required_keys(&self) -> &[&str];

    /// The keys that a store may have beside them. `provider`, `max-concurrency`, `timeout` and `enforce-validity` are everybody's.
    fn optional_keys(&self) -> &[&str] {
        &[]
    }

    /// Reads the values, and complains of those that can't be. Nothing when some value isn't usable, or isn't there: the
    /// [`PropertyReader`] has told the one, and a required key that is missing is told for the provider.
    fn read(&self, properties: &mut PropertyReader<'_, '_>) -> Option<OwnSettings>;
}
