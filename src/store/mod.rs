//! Stores of any provider: how secrets are fetched from them. Knows no workflow.
//!
//! A [`Pool`] opens stores, each through its [`Provider`]. An [`OpenStore`] fetches: within the store's bound on requests in flight, again
//! after what heals, and not at all after what doesn't. A provider only says what one request does, see [`Backend`].
//! [Azure Key Vault](azure) is the default one.

mod apart;
pub mod azure;
mod budget;
mod call;
mod capability;
mod caught;
mod error;
mod event;
mod fetched;
mod open;
mod past_failure;
mod pool;
mod probe;
mod provider;
mod provider_error;
mod rate;
mod remedy;
mod retry;
mod secret_source;
mod throttle;
mod tries;
mod unreachable;
mod window;

pub(crate) use apart::{apart_with, read_file};
pub(crate) use call::after;
pub(crate) use past_failure::PastFailure;

pub use call::Call;
pub use capability::Capability;
pub use error::FetchError;
pub use event::{Asked, FetchEvent, FetchEventStream, FetchEvents};
pub use fetched::{Fetched, Page, VersionInfo};
pub use open::OpenStore;
pub use pool::Pool;
pub use probe::{Check, Probe};
pub use provider::{Backend, BoxFuture, Listing, Opening, Probing, Provider, Versions};
pub use provider_error::ProviderError;
pub use rate::Rate;
pub use retry::Failed;
pub use unreachable::Unreachable;
