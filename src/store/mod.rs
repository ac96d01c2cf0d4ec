//! One vault's dialect and its token. Knows no workflow.
//!
//! [`open`] opens stores together, so that those of one identity share a token and those of one vault share a
//! throttle. [`Vault::fetch`] fetches one secret: with the token from the first request on, within the vault's bound
//! on requests in flight, again after what heals, and not at all after what doesn't.

mod answer;
mod budget;
mod error;
mod http;
mod identity;
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

use std::sync::Arc;

use crate::config::Store;

pub use answer::bundle::Fetched;
pub use answer::challenge::Challenge;
pub use answer::grant::Grant;
pub use answer::wait::wait;
pub use error::FetchError;
pub use probe::{Check, Probe, probe};
pub use spoilt::Spoilt;
pub use unreachable::Unreachable;
pub use vault::Vault;

use http::Clients;
use identity::Source;
use throttle::Throttle;
use token::Tokens;

/// Opens stores; no request is sent yet. The vaults come in the order of the stores.
///
/// A store whose `ca-file` can't be used, whose addresses are neither https nor this machine's, or whose identity needs
/// variables that aren't there, gives an error in its place.
pub fn open<'s, S>(stores: S) -> Vec<Result<Vault, FetchError>>
where
    S: IntoIterator<Item = &'s Store>,
    S::IntoIter: Clone,
{
    let stores = stores.into_iter();
    let mut clients = Clients::new();
    let mut identities: Vec<(&Store, Result<Arc<Tokens>, FetchError>)> = Vec::new();
    let mut throttles: Vec<(&Store, Arc<Throttle>)> = Vec::new();
    let same_vault = |one: &Store, other: &Store| one.vault_url == other.vault_url;
    stores
        .clone()
        .map(|store| {
            let client = clients.of(store, &store.vault_url)?;
            let tokens = shared(&mut identities, store, same_identity, || {
                Source::new(store, &mut clients).map(|source| Arc::new(Tokens::new(source)))
            })?;
            let throttle = shared(&mut throttles, store, same_vault, || {
                // Each store of a vault gets what the most careful one of them allows.
                let bounds = stores.clone().filter(|other| same_vault(store, other)).map(|other| other.max_concurrency);
                Arc::new(Throttle::new(bounds.min().unwrap_or(store.max_concurrency)))
            });
            Ok(Vault::new(store, client, tokens, throttle))
        })
        .collect()
}

/// What stores that are the same in some respect share.
fn shared<'s, T: Clone>(
    known: &mut Vec<(&'s Store, T)>,
    store: &'s Store,
    same: impl Fn(&Store, &Store) -> bool,
    make: impl FnOnce() -> T,
) -> T {
    if let Some((_, found)) = known.iter().find(|(other, _)| same(store, other)) {
        return found.clone();
    }
    let first = make();
    known.push((store, first.clone()));
    first
}

fn same_identity(one: &Store, other: &Store) -> bool {
    one.identity.proof == other.identity.proof
        && one.authority() == other.authority()
        && one.identity.authority.is_some() == other.identity.authority.is_some()
        && one.identity.tenant == other.identity.tenant
        && one.ca_file == other.ca_file
        && one.request_timeout == other.request_timeout
}
