//! Who fetches, for any number of runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::cache::Cache;
use super::own::Credentials;
use super::{DEFAULT_TIMEOUT, ResolveError, Resolved, own};
use crate::config::Store;
use crate::plan::Plan;
use crate::reference::{SecretName, SecretVersion};
use crate::store::{Call, FetchError, FetchEvent, FetchEvents, Fetched, OpenStore, Pool, Provider, after};
use crate::trace::Span;

/// Fetches what plans need. Clones are the same resolver: connections, tokens, the bounds on requests in flight and, if it
/// keeps any, values are shared by all that is resolved with it, at once or one after the other.
#[derive(Clone)]
pub struct Resolver {
    pool: Pool,
    cache: Option<Arc<Cache>>,
}

/// How a plan is resolved.
#[derive(Clone)]
pub struct ResolveOptions {
    timeout: Duration,
    events: Option<FetchEvents>,
    advise: Arc<Advise>,
}

/// What was fetched, and from where.
type Opened = (Fetched, Arc<OpenStore>);

/// What to do about the failure of a secret of a store, asked for in a version or as the latest.
pub(super) type Advise = dyn Fn(&FetchError, &Store, &SecretName, Option<SecretVersion>) -> String + Send + Sync;

impl Resolver {
    /// A resolver that keeps no values: each plan's secrets are fetched anew.
    pub fn new() -> Self {
        Self { pool: Pool::new(), cache: None }
    }

    /// A resolver that keeps each value for so long after it was fetched. What is asked for without a version may be as old as
    /// that.
    ///
    /// A value whose time is over is given to nobody. It is wiped then by a timer of the runtime that fetched it; where that
    /// runtime is gone, by the next fetch, by [`forget`](Self::forget), or with the resolver's last clone. What a
    /// [`Resolved`] still holds stays there.
    pub fn with_cache(lifetime: Duration) -> Self {
        Self { pool: Pool::new(), cache: Some(Arc::new(Cache::new(lifetime))) }
    }

    /// The same with another provider, in the place of one of the same name. It shares nothing with the one before: register
    /// providers first.
    #[must_use]
    pub fn with_provider(self, provider: Arc<dyn Provider>) -> Self {
        Self { pool: self.pool.with_provider(provider), ..self }
    }

    /// The open stores: to list, to probe, or to fetch one secret, within the same bounds as all runs.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Wipes the values that it keeps, but for those that somebody still uses.
    pub fn forget(&self) {
        if let Some(cache) = &self.cache {
            cache.clear();
        }
    }

    /// Fetches everything that a plan needs, each secret once. The plan can be resolved again.
    ///
    /// Must be called within a Tokio runtime with its timers and I/O.
    ///
    /// # Errors
    /// Every fetch that failed, and every field that a value doesn't have. A provider that panics fails its fetch.
    pub async fn resolve<P>(&self, plan: &Plan<P>, options: ResolveOptions) -> Result<Resolved<P>, ResolveError> {
        Span::resolve(plan.fetches().len()).around(self.resolve_all(plan, options)).await
    }

    async fn resolve_all<P>(&self, plan: &Plan<P>, options: ResolveOptions) -> Result<Resolved<P>, ResolveError> {
        let begun = Instant::now();
        let whole = Call::until(after(begun, options.timeout)).telling(options.events.clone());
        let call = |store: &Store| store.timeout.map_or_else(|| whole.clone(), |own| whole.before(after(begun, own)));
        self.pool.announce(plan.stores());
        let stores: Vec<Arc<Store>> = plan.stores().iter().cloned().map(Arc::new).collect();
        let reading = Credentials::of(plan.proofs(), whole.deadline);
        let mut tasks = JoinSet::new();
        for (index, fetch) in plan.fetches().iter().enumerate() {
            let store = Arc::clone(&stores[fetch.store as usize]);
            let (resolver, call) = (self.clone(), call(&store));
            let (secret, version) = (fetch.secret.clone(), fetch.version.or(fetch.pinned));
            let span = Span::fetch(&store.name, &secret);
            tasks.spawn(span.around(async move { (index, resolver.fetch(&store, &secret, version, &call).await) }));
        }
        let mut results: Vec<Option<Result<Opened, FetchError>>> = Vec::new();
        results.resize_with(plan.fetches().len(), || None);
        while let Some(finished) = tasks.join_next().await {
            let (index, result) = finished.expect("internal error: providers' panics are failures");
            results[index] = Some(result);
        }
        let (mut own, warnings) = reading.read().await;
        let mut asked = Vec::new();
        let results = results.into_iter().map(|result| -> Result<Fetched, FetchError> {
            let (fetched, open) = result.expect("internal error: every fetch has a result")?;
            if !asked.iter().any(|other| Arc::ptr_eq(other, &open)) {
                own.extend(open.tokens()?.into_iter().map(Arc::new).flat_map(|token| own::token(&token)));
                asked.push(open);
            }
            Ok(fetched)
        });
        let results: Vec<_> = results.collect();
        Resolved::answer(plan.clone(), results, own, warnings, &*options.advise)
    }

    async fn fetch(
        &self,
        store: &Store,
        secret: &SecretName,
        version: Option<SecretVersion>,
        call: &Call,
    ) -> Result<Opened, FetchError> {
        let begun = Instant::now();
        let fetched = async {
            let open = self.pool.open(store, call).await?;
            let (fetched, cached) = match &self.cache {
                None => (open.fetch(secret, version, call).await?, false),
                Some(cache) => cache.fetch(&open, secret, version, call).await?,
            };
            Ok::<_, FetchError>((fetched, cached, open))
        };
        let fetched = fetched.await;
        call.tell(|| {
            let (store, secret, took) = (store.name.clone(), secret.clone(), begun.elapsed());
            match &fetched {
                Ok((Fetched { version, .. }, cached, _)) => {
                    FetchEvent::Fetched { store, secret, version: *version, cached: *cached, took }
                }
                Err(error) => FetchEvent::Failed { store, secret, code: error.code(), took },
            }
        });
        fetched.map(|(fetched, _, open)| (fetched, open))
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows nothing of what it keeps.
impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("keeps_values", &self.cache.is_some()).finish_non_exhaustive()
    }
}

impl ResolveOptions {
    /// How long all fetches together may take; [`DEFAULT_TIMEOUT`] when nobody says. A store's own `timeout` counts within
    /// that.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Tells what happens meanwhile.
    #[must_use]
    pub fn events(self, events: FetchEvents) -> Self {
        Self { events: Some(events), ..self }
    }
}

impl ResolveOptions {
    /// Says in other words than [`FetchError::remedy`] what to do about a failure: where it isn't Azure that is to be mended.
    #[must_use]
    pub fn advise(
        self,
        advise: impl Fn(&FetchError, &Store, &SecretName, Option<SecretVersion>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self { advise: Arc::new(advise), ..self }
    }
}

impl fmt::Debug for ResolveOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ResolveOptions");
        shown.field("timeout", &self.timeout).field("events", &self.events).finish_non_exhaustive()
    }
}

impl Default for ResolveOptions {
    fn default() -> Self {
        Self { timeout: DEFAULT_TIMEOUT, events: None, advise: Arc::new(FetchError::remedy) }
    }
}
