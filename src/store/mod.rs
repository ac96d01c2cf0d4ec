//! One vault's dialect and its token. Knows no workflow.
//!
//! [`open`] opens stores together, so that those of one identity share a token and those of one vault share a
//! throttle. [`Vault::fetch`] fetches one secret: with the token from the first request on, within the vault's bound
//! on requests in flight, again after what heals, and not at all after what doesn't.

mod error;
mod http;
mod retry;
mod throttle;
mod token;
mod vault;

use std::sync::Arc;

use crate::config::{SecretSource, Store};

pub use error::{FetchError, Unreachable};
pub use vault::{Fetched, Vault};

use http::Clients;
use throttle::Throttle;
use token::Tokens;

/// Opens stores; no request is sent yet. The vaults come in the order of the stores.
///
/// A store whose `ca-file` can't be used, or whose addresses are neither https nor this machine's, gives an error in
/// its place.
pub fn open<'s>(stores: impl IntoIterator<Item = &'s Store>) -> Vec<Result<Vault, FetchError>> {
    let mut clients = Clients::default();
    let mut identities: Vec<(&Store, Arc<Tokens>)> = Vec::new();
    let mut throttles: Vec<(&Store, Arc<Throttle>)> = Vec::new();
    stores
        .into_iter()
        .map(|store| {
            let (client, authority) =
                (clients.of(store, &store.vault_url)?, clients.of(store, &store.identity.authority)?);
            let tokens = shared(&mut identities, store, same_identity, || Tokens::new(store, authority));
            let same_vault = |one: &Store, other: &Store| one.vault_url == other.vault_url;
            let throttle = shared(&mut throttles, store, same_vault, || Throttle::new(store.max_concurrency));
            Ok(Vault::new(store, client, tokens, throttle))
        })
        .collect()
}

/// What stores that are the same in some respect share.
fn shared<'s, T>(
    known: &mut Vec<(&'s Store, Arc<T>)>,
    store: &'s Store,
    same: impl Fn(&Store, &Store) -> bool,
    make: impl FnOnce() -> T,
) -> Arc<T> {
    if let Some((_, found)) = known.iter().find(|(other, _)| same(store, other)) {
        return Arc::clone(found);
    }
    let first = Arc::new(make());
    known.push((store, Arc::clone(&first)));
    first
}

fn same_identity(one: &Store, other: &Store) -> bool {
    let (a, b) = (&one.identity, &other.identity);
    let secrets = match (&a.client_secret, &b.client_secret) {
        (SecretSource::Literal(a), SecretSource::Literal(b)) => a.expose() == b.expose(),
        (SecretSource::Variable(a), SecretSource::Variable(b)) => a == b,
        (SecretSource::File(a), SecretSource::File(b)) => a == b,
        _ => false,
    };
    let parts = |identity: &crate::config::Identity| {
        (identity.authority.clone(), identity.tenant.clone(), identity.client.clone(), identity.resource.clone())
    };
    secrets && parts(a) == parts(b) && one.ca_file == other.ca_file
}
