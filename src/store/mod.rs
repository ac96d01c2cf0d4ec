//! One vault's dialect and its token. Knows no workflow.
//!
//! A [`Pool`] opens stores, so that those of one identity share a token and those of one vault share a throttle, for as long
//! as it lives. [`Vault::fetch`] fetches one secret: with the token from the first request on, within the vault's bound
//! on requests in flight, again after what heals, and not at all after what doesn't.

mod apart;
mod azure;
mod budget;
mod call;
mod error;
mod event;
mod pool;
mod retry;
mod throttle;
mod unreachable;
mod window;

pub use azure::answer::bundle::Fetched;
pub use azure::answer::challenge::Challenge;
pub use azure::answer::grant::Grant;
pub use azure::answer::wait::wait;
pub use azure::probe::{Check, Probe, probe};
pub use azure::spoilt::Spoilt;
pub use azure::vault::Vault;
pub use call::Call;
pub use error::FetchError;
pub use event::{Asked, FetchEvent, FetchEventStream, FetchEvents};
pub use pool::Pool;
pub use unreachable::Unreachable;
