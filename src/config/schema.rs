//! How the stores of a provider stand in a configuration.

use super::own::OwnSettings;
use super::read::PropertyReader;

/// How the stores of a provider stand in a configuration: which keys they have, and what their values may be.
///
/// [`Config::parse_with`](super::Config::parse_with) takes the schemas of all providers but Azure's. An engine implements this
/// and [`Provider`](crate::store::Provider) for one type.
pub trait StoreSchema: Send + Sync {
    /// What `provider:` says.
    fn provider(&self) -> &str;

    /// The keys that each store has.
    fn required_keys(&self) -> &[&str];

    /// The keys that a store may have beside them. `provider`, `max-concurrency`, `timeout` and `enforce-validity` are everybody's.
    fn optional_keys(&self) -> &[&str] {
        &[]
    }

    /// Reads the values, and complains of those that can't be. Nothing when some value isn't usable, or isn't there: that was
    /// told, or is told.
    fn read(&self, properties: &mut PropertyReader<'_, '_>) -> Option<OwnSettings>;
}
