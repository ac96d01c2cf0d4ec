//! Where tokens come from.

use super::answer::grant::Grant;
use super::target::TokenTarget;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::provider::BoxFuture;
use crate::store::retry::Failed;

/// Where the tokens for a vault come from: the identity of the configuration, or what an engine gives in its place, see
/// [`AzureKeyVault::with_tokens`](super::AzureKeyVault::with_tokens).
///
/// A token is asked for once for all who wait, again after what may heal, and renewed before it ends. It is sent to the vault's
/// host alone, and only below the domain of its resource.
pub trait TokenSource: Send + Sync {
    /// Who gives them, for messages and events.
    fn host(&self) -> &str;

    /// A token for that target, in one try.
    fn token<'a>(&'a self, target: &'a TokenTarget, call: &'a Call) -> BoxFuture<'a, Result<Grant, Failed>>;

    /// Whether it looks at the tenant.
    fn tenant_use(&self) -> TenantUse {
        TenantUse::None
    }

    /// The tenant that it knows, for a store that names none.
    fn tenant(&self) -> Option<&str> {
        None
    }

    /// Whether its tokens come over the network from a host with a name, so that name resolution works once it gave one.
    fn is_remote(&self) -> bool {
        false
    }

    /// Whether its tokens are those of a local emulator. No others go to an address of this machine, where anybody may listen,
    /// unless the store's configuration says `allow-custom-domain`.
    fn is_local(&self) -> bool {
        false
    }

    /// Whether what proves the identity is there: its variable is set, its file can be read. Nobody is asked.
    fn is_there(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What a source does with the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantUse {
    /// It can do without.
    None,
    /// It gives another token when it knows it: the vault is asked for it.
    Helps,
    /// It gives no token without it.
    Needed,
}
