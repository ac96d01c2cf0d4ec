//! What open stores share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use super::apart::apart;
use super::azure::http::Clients;
use super::azure::identity::{Environment, Source};
use super::azure::token::Tokens;
use super::azure::vault::Vault;
use super::call::Call;
use super::error::FetchError;
use super::throttle::Throttle;
use crate::config::{Proof, Store};

/// Open stores, for as long as it lives; clones are the same. Those that are reached alike share connections, those of one identity their tokens, those of one vault a
/// throttle. A store that is opened again is the one that is open.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    clients: Clients,
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    identities: Vec<(Store, Environment, Arc<Tokens>)>,
    throttles: Vec<(Url, Arc<Throttle>)>,
    vaults: Vec<(Store, Environment, Arc<Vault>)>,
}

impl Pool {
    /// Nothing is open yet.
    pub fn new() -> Self {
        Self(Arc::new(Inner { clients: Clients::new(), shared: Mutex::default() }))
    }

    /// Tells which stores are going to be opened together: a vault of several gets what the most careful one allows.
    pub fn announce<'s>(&self, stores: impl IntoIterator<Item = &'s Store>) {
        let mut shared = self.0.shared();
        for store in stores {
            shared.throttle(store);
        }
    }

    /// A store that is open.
    pub(crate) fn opened(&self, store: &Store) -> Option<Arc<Vault>> {
        self.0.shared().vault(store, &Environment::of(&store.identity.proof))
    }

    /// Opens a store; no request is sent yet.
    ///
    /// # Errors
    /// When its `ca-file` can't be used, its addresses are neither https nor this machine's, or its identity needs
    /// variables that aren't there. When that isn't known in time.
    pub async fn open(&self, store: &Store, call: &Call) -> Result<Arc<Vault>, FetchError> {
        if let Some(vault) = self.opened(store) {
            return Ok(vault);
        }
        let environment = Environment::of(&store.identity.proof);
        if is_plain(store) {
            return self.0.make(store, environment);
        }
        let (pool, opened) = (Arc::clone(&self.0), store.clone());
        let opening = apart(move || pool.make(&opened, environment));
        let late = || FetchError::Deadline { host: store.host().to_owned(), what: "its certificate authorities" };
        tokio::time::timeout_at(call.deadline, opening).await.unwrap_or_else(|_| Err(late()))
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows nothing.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl Inner {
    /// Opens a store, which may wait for its files.
    fn make(&self, store: &Store, environment: Environment) -> Result<Arc<Vault>, FetchError> {
        let client = self.clients.of(store, &store.vault_url)?;
        let source = Source::new(store, &self.clients)?;
        let mut shared = self.shared();
        // Somebody may have been faster.
        if let Some(vault) = shared.vault(store, &environment) {
            return Ok(vault);
        }
        let tokens = shared.tokens(store, &environment, source);
        let throttle = shared.throttle(store);
        let vault = Arc::new(Vault::new(store, client, tokens, throttle));
        shared.vaults.push((store.clone(), environment, Arc::clone(&vault)));
        Ok(vault)
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn vault(&self, store: &Store, environment: &Environment) -> Option<Arc<Vault>> {
        let is_it = |(other, of, _): &&(Store, Environment, _)| other == store && of == environment;
        self.vaults.iter().find(is_it).map(|(.., vault)| Arc::clone(vault))
    }

    fn tokens(&mut self, store: &Store, environment: &Environment, source: Source) -> Arc<Tokens> {
        let is_it = |(other, of, _): &&(Store, Environment, _)| same_identity(other, store) && of == environment;
        if let Some((.., tokens)) = self.identities.iter().find(is_it) {
            return Arc::clone(tokens);
        }
        let tokens = Arc::new(Tokens::new(source));
        self.identities.push((store.clone(), environment.clone(), Arc::clone(&tokens)));
        tokens
    }

    /// Each store of a vault gets what the most careful one of them allows.
    fn throttle(&mut self, store: &Store) -> Arc<Throttle> {
        if let Some((_, throttle)) = self.throttles.iter().find(|(vault, _)| *vault == store.vault_url) {
            throttle.bound(store.max_concurrency);
            return Arc::clone(throttle);
        }
        let throttle = Arc::new(Throttle::new(store.max_concurrency));
        self.throttles.push((store.vault_url.clone(), Arc::clone(&throttle)));
        throttle
    }
}

/// Whether it is reached without TLS, so that no file says whom to trust.
fn is_plain(store: &Store) -> bool {
    let is_own = matches!(store.identity.proof, Proof::ClientSecret { .. } | Proof::ClientCertificate { .. });
    is_own && store.vault_url.scheme() == "http" && store.authority().scheme() == "http"
}

fn same_identity(one: &Store, other: &Store) -> bool {
    one.identity.proof == other.identity.proof
        && one.authority() == other.authority()
        && one.identity.authority.is_some() == other.identity.authority.is_some()
        && one.identity.tenant == other.identity.tenant
        && one.ca_file == other.ca_file
        && one.request_timeout == other.request_timeout
}
