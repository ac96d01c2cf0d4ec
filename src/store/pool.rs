//! What open stores share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Turn;
use tokio::task::JoinSet;

use super::azure::AzureKeyVault;
use super::call::Call;
use super::caught::{caught, caught_async};
use super::error::FetchError;
use super::open::OpenStore;
use super::probe::{Check, Probe};
use super::provider::{Opening, Provider};
use super::throttle::Throttle;
use crate::config::Store;

/// How long one request of a check may take, at most: whoever waits for it is a person.
const PROBE_REQUEST_TIME: Duration = Duration::from_secs(10);

/// Open stores, for as long as it lives; clones are the same. Stores of one address share a throttle, and what else their
/// provider has them share: connections and tokens. A store that is opened again is the one that is open.
#[derive(Clone)]
pub struct Pool {
    providers: Vec<Arc<dyn Provider>>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// By provider and address.
    throttles: Vec<(String, String, Arc<Throttle>)>,
    stores: Vec<(Store, Arc<OpenStore>)>,
    /// Whose turn it is to open a store.
    turns: Vec<(Store, Arc<Turn<()>>)>,
}

impl Pool {
    /// Nothing is open yet. It knows Azure Key Vault.
    pub fn new() -> Self {
        Self { providers: vec![Arc::new(AzureKeyVault::new())], shared: Arc::default() }
    }

    /// The same with another provider, in the place of one of the same name. Nothing is open yet.
    #[must_use]
    pub fn with_provider(mut self, provider: Arc<dyn Provider>) -> Self {
        self.providers.retain(|other| other.name() != provider.name());
        self.providers.push(provider);
        Self { providers: self.providers, shared: Arc::default() }
    }

    /// Tells which stores are going to be opened together: an address of several gets what the most careful one allows.
    pub fn announce<'s>(&self, stores: impl IntoIterator<Item = &'s Store>) {
        for store in stores {
            if let Ok(provider) = self.provider(store) {
                // One that panics is told by whoever opens it.
                let _ = self.shared().throttle(store, provider);
            }
        }
    }

    /// A store that is open.
    fn opened(&self, store: &Store) -> Option<Arc<OpenStore>> {
        self.shared().opened(store)
    }

    /// Opens a store; no request is sent yet.
    ///
    /// # Errors
    /// What its provider says: for Azure, when its `ca-file` can't be used, its addresses are neither https nor this
    /// machine's, or its identity needs variables that aren't there. When that isn't known in time. When its provider isn't
    /// registered.
    pub async fn open(&self, store: &Store, call: &Call) -> Result<Arc<OpenStore>, FetchError> {
        if let Some(open) = self.opened(store) {
            return Ok(open);
        }
        let provider = self.provider(store)?;
        let turn = self.shared().turn(store);
        // A call that is over meanwhile tries for itself, and says what it couldn't wait for.
        let _turn = tokio::time::timeout_at(call.deadline, turn.lock()).await;
        if let Some(open) = self.opened(store) {
            return Ok(open);
        }
        let throttle = self.shared().throttle(store, provider)?;
        let opening = async { provider.open(Opening { store, call, throttle: Arc::clone(&throttle) }).await };
        let opening = caught_async(provider.name(), opening);
        let late = || FetchError::Deadline { host: store.address().into_owned(), what: "access" };
        let backend = tokio::time::timeout_at(call.deadline, opening).await.unwrap_or_else(|_| Err(late()))?;
        let mut shared = self.shared();
        // Somebody may have been faster.
        if let Some(open) = shared.opened(store) {
            return Ok(open);
        }
        let open = Arc::new(OpenStore::new(store, backend, throttle));
        shared.stores.retain(|(other, _)| other != store);
        shared.stores.push((store.clone(), Arc::clone(&open)));
        Ok(open)
    }

    /// Checks stores side by side, within that time, each as far as its provider can. What was found comes in their order.
    pub async fn probe(&self, stores: &[Store], timeout: Duration) -> Vec<Result<Probe, FetchError>> {
        let call = Call::within(timeout);
        // A request that is late says more than a time that is over.
        let time = PROBE_REQUEST_TIME.min(timeout / 3);
        let mut tasks = JoinSet::new();
        for (index, store) in stores.iter().enumerate() {
            let store = Store { request_timeout: store.request_timeout.min(time), ..store.clone() };
            let (pool, call) = (self.clone(), call.clone());
            tasks.spawn(async move {
                let probe = match pool.open(&store, &call).await {
                    Ok(open) => open.probe(&call).await,
                    Err(error) => Ok(pool.unopened(&store, error)),
                };
                (index, probe)
            });
        }
        // Providers' panics are failures by now; one that is left is credflow's own, and ends whoever waits.
        let mut found = tasks.join_all().await;
        found.sort_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, probe)| probe).collect()
    }

    /// What is known of a store that can't be opened.
    fn unopened(&self, store: &Store, error: FetchError) -> Probe {
        match self.provider(store) {
            Ok(provider) => caught(provider.name(), || provider.unopened(error))
                .unwrap_or_else(|panicked| Probe::of([("open", Check::Failed(panicked))])),
            Err(_) => Probe::of([("provider", Check::Failed(error))]),
        }
    }

    fn provider(&self, store: &Store) -> Result<&dyn Provider, FetchError> {
        let name = store.provider();
        let provider = self.providers.iter().find(|provider| provider.name() == name);
        provider.map(|provider| &**provider).ok_or_else(|| FetchError::UnknownProvider(name.to_owned()))
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows nothing of what is open.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl Shared {
    fn opened(&self, store: &Store) -> Option<Arc<OpenStore>> {
        let open = self.stores.iter().find(|(other, open)| other == store && open.is_current());
        open.map(|(_, open)| Arc::clone(open))
    }

    fn turn(&mut self, store: &Store) -> Arc<Turn<()>> {
        if let Some((_, turn)) = self.turns.iter().find(|(other, _)| other == store) {
            return Arc::clone(turn);
        }
        let turn = Arc::<Turn<()>>::default();
        self.turns.push((store.clone(), Arc::clone(&turn)));
        turn
    }

    /// Each store of an address gets what the most careful one of them allows.
    fn throttle(&mut self, store: &Store, provider: &dyn Provider) -> Result<Arc<Throttle>, FetchError> {
        let (name, address) = (store.provider(), store.address());
        if let Some((.., throttle)) = self.throttles.iter().find(|(of, at, _)| *of == name && *at == address) {
            throttle.bound(store.max_concurrency);
            return Ok(Arc::clone(throttle));
        }
        let rate = caught(name, || provider.rate())?;
        let throttle = Arc::new(Throttle::new(store.max_concurrency, rate));
        self.throttles.push((name.to_owned(), address.into_owned(), Arc::clone(&throttle)));
        Ok(throttle)
    }
}
