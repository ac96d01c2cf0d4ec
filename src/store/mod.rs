//! One vault's dialect and its token. Knows no workflow.
//!
//! A [`Pool`] opens stores, so that those of one identity share a token and those of one vault share a throttle, for as long
//! as it lives. [`Vault::fetch`] fetches one secret: with the token from the first request on, within the vault's bound
//! on requests in flight, again after what heals, and not at all after what doesn't.

mod answer;
mod apart;
mod budget;
mod call;
mod error;
mod event;
mod http;
mod identity;
mod pool;
mod probe;
mod remedy;
mod retry;
mod spoilt;
mod target;
mod throttle;
mod token;
mod unreachable;
mod vault;
mod window;

pub(crate) use apart::apart;

pub use answer::bundle::Fetched;
pub use answer::challenge::Challenge;
pub use answer::grant::Grant;
pub use answer::wait::wait;
pub use call::Call;
pub use error::FetchError;
pub use event::{Asked, FetchEvent, FetchEventStream, FetchEvents};
pub use pool::Pool;
pub use probe::{Check, Probe, probe};
pub use spoilt::Spoilt;
pub use unreachable::Unreachable;
pub use vault::Vault;
