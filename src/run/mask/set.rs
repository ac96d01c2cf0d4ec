//! The values that must not be seen, of which there may be more while a workflow runs.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Masks;
use crate::secret::Secret;

/// So many values can be added: each makes all masks anew.
const MOST_ADDED: usize = 1000;

/// Masks to which values can be added while output goes through them.
pub struct MaskSet {
    inner: Mutex<Inner>,
    /// How often the masks were made anew.
    edition: AtomicUsize,
}

struct Inner {
    secrets: Vec<Arc<Secret>>,
    added: usize,
    /// Made when somebody wants them.
    masks: Option<Arc<Masks>>,
}

impl MaskSet {
    /// The masks of these values.
    pub fn new(secrets: impl IntoIterator<Item = Arc<Secret>>) -> Self {
        let secrets: Vec<Arc<Secret>> = secrets.into_iter().collect();
        Self { inner: Mutex::new(Inner { secrets, added: 0, masks: None }), edition: AtomicUsize::new(0) }
    }

    /// Masks one more value from now on, in every output that goes through these masks. A thousand can be added; one after
    /// them is not masked, and `false` says so: whoever asked must show no more of what holds it.
    pub fn add(&self, secret: Secret) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.secrets.iter().any(|known| known.expose() == secret.expose()) {
            return true;
        }
        if inner.added == MOST_ADDED {
            return false;
        }
        inner.added += 1;
        inner.secrets.push(Arc::new(secret));
        inner.masks = None;
        self.edition.fetch_add(1, Ordering::Release);
        true
    }

    /// The masks as they are now.
    pub fn masks(&self) -> Arc<Masks> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { secrets, masks, .. } = &mut *inner;
        Arc::clone(masks.get_or_insert_with(|| Arc::new(Masks::new(secrets.iter().map(|secret| &**secret)))))
    }

    /// The values, for a process that is to mask them as well.
    #[cfg(unix)]
    pub(in crate::run) fn values(&self) -> Vec<Arc<Secret>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).secrets.clone()
    }

    /// A number that changes with the masks.
    pub(super) fn edition(&self) -> usize {
        self.edition.load(Ordering::Acquire)
    }
}

/// Shows nothing, not even how many there are.
impl fmt::Debug for MaskSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskSet(***)")
    }
}
