//! Values that are at hand for a while, for runs that share a resolver.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Mutex as Turn;
use tokio::time::Instant;

use crate::reference::{SecretName, SecretVersion};
use crate::store::{Call, FetchError, Fetched, OpenStore, PastFailure, after};

/// Values by store, secret and version. A value is wiped when its time is over: by a timer while the runtime that fetched
/// it lives, and by the next fetch whatever became of that.
pub(super) struct Cache {
    lifetime: Duration,
    kept: Shared,
}

type Shared = Arc<Mutex<Kept>>;

#[derive(Default)]
struct Kept {
    entries: HashMap<Key, Arc<Entry>>,
    /// When the time of which entry's value is over, the first one first.
    ends: VecDeque<(Instant, Key, Weak<Entry>)>,
}

/// A secret as one identity sees it: another open store may not have the right to it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// The open store, by its place in memory; the entry keeps it there.
    store: usize,
    secret: SecretName,
    version: Option<SecretVersion>,
}

/// One secret. Whoever comes while it is being fetched waits for that.
struct Entry {
    _store: Arc<OpenStore>,
    last: Turn<Option<Last>>,
}

/// What came of the last fetch.
enum Last {
    /// A value, and when its time is over.
    Value(Fetched, Instant),
    Failure(PastFailure),
}

/// Somebody's use of an entry. The last one takes it away with it, unless it has a value by then.
struct Claim<'c> {
    kept: &'c Shared,
    key: Key,
    entry: Arc<Entry>,
}

impl Cache {
    /// Nothing yet; each value stays so long.
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, kept: Shared::default() }
    }

    /// The value, fetched if it isn't at hand, and whether it was.
    pub(super) async fn fetch(
        &self,
        store: &Arc<OpenStore>,
        secret: &SecretName,
        version: Option<SecretVersion>,
        call: &Call,
    ) -> Result<(Fetched, bool), FetchError> {
        let asked = Instant::now();
        sweep(&self.kept, asked);
        let claim = self.claim(store, secret, version);
        // A call that is over while another one fetches tries for itself, and says what it couldn't wait for.
        let Ok(mut last) = tokio::time::timeout_at(call.deadline, claim.entry.last.lock()).await else {
            return store.fetch(secret, version, call).await.map(|fetched| (fetched, false));
        };
        match last.as_ref() {
            Some(Last::Value(fetched, end)) if Instant::now() < *end => return Ok((fetched.clone(), true)),
            Some(Last::Failure(failure)) => {
                if let Some(error) = failure.counts_for(asked, call) {
                    return Err(error);
                }
            }
            _ => {}
        }
        match store.fetch(secret, version, call).await {
            Ok(fetched) => {
                let end = after(Instant::now(), self.lifetime);
                *last = Some(Last::Value(fetched.clone(), end));
                self.wipe_at(end, &claim);
                Ok((fetched, false))
            }
            Err(error) => {
                *last = Some(Last::Failure(PastFailure::new(error.clone(), call)));
                Err(error)
            }
        }
    }

    /// Forgets everything now.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *lock(&self.kept));
        drop(all);
    }

    fn claim(&self, store: &Arc<OpenStore>, secret: &SecretName, version: Option<SecretVersion>) -> Claim<'_> {
        let key = Key { store: Arc::as_ptr(store) as usize, secret: secret.clone(), version };
        let mut kept = lock(&self.kept);
        let entry = kept
            .entries
            .entry(key.clone())
            .or_insert_with(|| Arc::new(Entry { _store: Arc::clone(store), last: Turn::new(None) }));
        Claim { kept: &self.kept, key, entry: Arc::clone(entry) }
    }

    /// Forgets an entry at its end.
    fn wipe_at(&self, end: Instant, claim: &Claim<'_>) {
        lock(&self.kept).ends.push_back((end, claim.key.clone(), Arc::downgrade(&claim.entry)));
        let kept = Arc::downgrade(&self.kept);
        tokio::spawn(async move {
            tokio::time::sleep_until(end).await;
            if let Some(kept) = kept.upgrade() {
                sweep(&kept, end);
            }
        });
    }
}

impl Kept {
    /// Takes away what is over.
    fn take_over(&mut self, now: Instant) -> Vec<Arc<Entry>> {
        let mut over = Vec::new();
        while self.ends.front().is_some_and(|(end, ..)| *end <= now) {
            let Some((_, key, entry)) = self.ends.pop_front() else { break };
            over.extend(self.take(&key, entry.as_ptr()));
        }
        over
    }

    /// Takes an entry away, unless another one has its place by now.
    fn take(&mut self, key: &Key, entry: *const Entry) -> Option<Arc<Entry>> {
        let is_there = self.entries.get(key).is_some_and(|now| Arc::as_ptr(now) == entry);
        is_there.then(|| self.entries.remove(key)).flatten()
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut kept = lock(self.kept);
        // Its own one and the map's: nobody else uses it, nor can come to while this holds the lock.
        let is_last = Arc::strong_count(&self.entry) == 2;
        let has_value = || self.entry.last.try_lock().is_ok_and(|last| matches!(*last, Some(Last::Value(..))));
        let empty = if is_last && !has_value() { kept.take(&self.key, Arc::as_ptr(&self.entry)) } else { None };
        drop(kept);
        drop(empty);
    }
}

/// Wipes what is over, without the lock: a store may do what it likes when it is closed.
fn sweep(kept: &Shared, now: Instant) {
    let over = lock(kept).take_over(now);
    drop(over);
}

fn lock(kept: &Shared) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
