//! Azure Key Vault: its dialect, its identities and their tokens.

mod answer;
mod failure;
mod http;
mod identity;
mod key_vault;
mod list;
mod names;
mod probe;
mod remedy;
pub(super) mod spoilt;
mod target;
mod token;
mod token_source;
mod vault;

pub use answer::challenge::Challenge;
pub use answer::grant::Grant;
pub use answer::wait::wait;
pub use key_vault::AzureKeyVault;
pub use spoilt::Spoilt;
pub use target::TokenTarget;
pub use token_source::{TenantUse, TokenSource};
