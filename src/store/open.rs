//! An open store: what all providers' stores do alike.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::Instant;

use super::call::Call;
use super::capability::Capability;
use super::caught::{caught, caught_async};
use super::error::FetchError;
use super::fetched::{Fetched, Page, VersionInfo};
use super::probe::Probe;
use super::provider::{Backend, BoxFuture};
use super::retry::Failed;
use super::throttle::Throttle;
use super::tries::Tries;
use crate::config::Store;
use crate::reference::{SecretName, SecretVersion};
use crate::secret::Secret;

/// An open store of any provider. Requests keep its bound on those in flight, wait while it has asked for a pause, and are
/// tried again after what may heal, until the call is over.
pub struct OpenStore {
    provider: Arc<str>,
    /// Who is asked, for messages and events.
    host: Arc<str>,
    backend: Arc<dyn Backend>,
    throttle: Arc<Throttle>,
}

impl OpenStore {
    pub(super) fn new(store: &Store, backend: Arc<dyn Backend>, throttle: Arc<Throttle>) -> Self {
        let host = store.azure().map_or_else(|| store.address().into(), |vault| vault.host().into());
        Self { provider: store.provider().into(), host, backend, throttle }
    }

    /// Fetches one secret, the latest version of it without one.
    ///
    /// # Errors
    /// What won't heal, at once; what may heal, when tries or time are used up.
    pub async fn fetch(
        &self,
        secret: &SecretName,
        version: Option<SecretVersion>,
        call: &Call,
    ) -> Result<Fetched, FetchError> {
        let tries = self.tries("a secret", call);
        let fetched = tries.run(|| self.backend.ready(call), || self.backend.fetch(secret, version, call));
        let fetched = async { fetched.await.map_err(|error| self.backend.explain(error)) };
        match caught_async(&self.provider, fetched).await? {
            fetched if version.is_some_and(|version| version != fetched.version) => {
                Err(FetchError::Answer("it is another version than the one asked for"))
            }
            fetched => Ok(fetched),
        }
    }

    /// The names of its secrets.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch); [`FetchError::Unsupported`] when its provider can't list them.
    pub async fn names(&self, call: &Call) -> Result<Vec<SecretName>, FetchError> {
        let names = async {
            let listing = self.backend.listing().ok_or_else(|| self.cannot(Capability::Listing))?;
            let list = |page: Option<String>| -> BoxFuture<'_, _> {
                Box::pin(async move { listing.names(page.as_deref(), call).await })
            };
            self.pages("its secrets", call, list).await
        };
        caught_async(&self.provider, names).await
    }

    /// The versions of a secret, the latest first.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch); [`FetchError::Unsupported`] when its provider can't list them.
    pub async fn versions(&self, secret: &SecretName, call: &Call) -> Result<Vec<VersionInfo>, FetchError> {
        let versions = async {
            let versions = self.backend.versions().ok_or_else(|| self.cannot(Capability::Versions))?;
            let list = |page: Option<String>| -> BoxFuture<'_, _> {
                Box::pin(async move { versions.versions(secret, page.as_deref(), call).await })
            };
            self.pages("a secret's versions", call, list).await
        };
        let mut all = caught_async(&self.provider, versions).await?;
        all.sort_by_key(|version| Reverse(version.created));
        Ok(all)
    }

    /// Checks whether it works, without fetching a value.
    ///
    /// # Errors
    /// [`FetchError::Unsupported`] when its provider can't check it. What is wrong with the store is in the checks.
    pub async fn probe(&self, call: &Call) -> Result<Probe, FetchError> {
        let probe = async {
            let probing = self.backend.probing().ok_or_else(|| self.cannot(Capability::Probing))?;
            let probe = tokio::time::timeout_at(call.deadline, probing.probe(call)).await;
            probe.map_err(|_| FetchError::Deadline { host: self.host.to_string(), what: "its checks" })
        };
        caught_async(&self.provider, probe).await
    }

    /// The tokens that count.
    ///
    /// # Errors
    /// When its provider panics.
    pub(crate) fn tokens(&self) -> Result<Vec<Secret>, FetchError> {
        caught(&self.provider, || self.backend.tokens())
    }

    /// Whether it would be opened alike now; it wouldn't by a provider that panics.
    pub(super) fn is_current(&self) -> bool {
        caught(&self.provider, || self.backend.is_current()).unwrap_or(false)
    }

    /// All pages of a list, each in its turn.
    async fn pages<'l, T>(
        &'l self,
        what: &'static str,
        call: &'l Call,
        list: impl Fn(Option<String>) -> BoxFuture<'l, Result<Page<T>, Failed>>,
    ) -> Result<Vec<T>, FetchError> {
        let tries = self.tries(what, call);
        let (mut all, mut next, mut read) = (Vec::new(), None::<String>, HashSet::new());
        loop {
            // Pages that come at once wait for nothing, so that no timer ends them.
            if Instant::now() >= call.deadline {
                return Err(tries.late());
            }
            let page = tries.run(|| self.backend.ready(call), || list(next.clone())).await;
            let page = page.map_err(|error| self.backend.explain(error))?;
            all.extend(page.items);
            let Some(after) = page.next else { return Ok(all) };
            // Pages in a circle would never end.
            if !read.insert(after.clone()) {
                return Err(FetchError::Answer("its list names a page twice"));
            }
            next = Some(after);
        }
    }

    fn tries<'t>(&'t self, what: &'static str, call: &'t Call) -> Tries<'t> {
        Tries { throttle: &self.throttle, host: &self.host, what, call }
    }

    fn cannot(&self, what: Capability) -> FetchError {
        FetchError::Unsupported { provider: self.provider.to_string(), what }
    }
}
