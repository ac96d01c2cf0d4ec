//! Values that are at hand for a while, for runs that share a resolver.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Mutex as Turn;
use tokio::time::Instant;

use crate::reference::{SecretName, SecretVersion};
use crate::store::{Call, FetchError, Fetched, OpenStore};

/// Values by store, secret and version. A value is wiped when its time is over, whether somebody asks for it or not.
pub(super) struct Cache {
    lifetime: Duration,
    entries: Entries,
}

type Entries = Arc<Mutex<HashMap<Key, Arc<Entry>>>>;

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
struct Last {
    result: Result<Fetched, FetchError>,
    at: Instant,
    /// How long it had.
    deadline: Instant,
}

impl Cache {
    /// Nothing yet; each value stays so long.
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, entries: Entries::default() }
    }

    /// The value, fetched if it isn't at hand, and whether it was.
    pub(super) async fn fetch(
        &self,
        store: &Arc<OpenStore>,
        secret: &SecretName,
        version: Option<SecretVersion>,
        call: &Call,
    ) -> Result<(Fetched, bool), FetchError> {
        let key = Key { store: Arc::as_ptr(store) as usize, secret: secret.clone(), version };
        let entry = self.entry(&key, store);
        let asked = Instant::now();
        // A call that is over while another one fetches tries for itself, and says what it couldn't wait for.
        let Ok(mut last) = tokio::time::timeout_at(call.deadline, entry.last.lock()).await else {
            return store.fetch(secret, version, call).await.map(|fetched| (fetched, false));
        };
        if let Some(known) = last.as_ref() {
            match &known.result {
                Ok(fetched) if known.at.elapsed() < self.lifetime => return Ok((fetched.clone(), true)),
                Err(error) if asked <= known.at && call.deadline <= known.deadline => return Err(error.clone()),
                _ => {}
            }
        }
        let result = store.fetch(secret, version, call).await;
        *last = Some(Last { result: result.clone(), at: Instant::now(), deadline: call.deadline });
        drop(last);
        self.forget_later(key, &entry, if result.is_ok() { self.lifetime } else { Duration::ZERO });
        result.map(|fetched| (fetched, false))
    }

    /// Forgets everything now.
    pub(super) fn clear(&self) {
        lock(&self.entries).clear();
    }

    fn entry(&self, key: &Key, store: &Arc<OpenStore>) -> Arc<Entry> {
        let mut entries = lock(&self.entries);
        let entry = entries
            .entry(key.clone())
            .or_insert_with(|| Arc::new(Entry { _store: Arc::clone(store), last: Turn::new(None) }));
        Arc::clone(entry)
    }

    /// Forgets an entry after a while, unless another one has its place by then.
    fn forget_later(&self, key: Key, entry: &Arc<Entry>, after: Duration) {
        let (entries, entry): (Weak<_>, Weak<_>) = (Arc::downgrade(&self.entries), Arc::downgrade(entry));
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let Some(entries) = entries.upgrade() else { return };
            let mut entries = lock(&entries);
            if entries.get(&key).is_some_and(|now| Arc::as_ptr(now) == entry.as_ptr()) {
                entries.remove(&key);
            }
        });
    }
}

fn lock(entries: &Entries) -> MutexGuard<'_, HashMap<Key, Arc<Entry>>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}
