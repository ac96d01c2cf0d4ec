//! The values that must not be seen, of which there may be more while a workflow runs.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use zeroize::Zeroizing;

use super::Masks;
use crate::secret::Secret;

/// So many values can be added: who adds more has lost control of its output.
const MOST_ADDED: usize = 1000;

/// Masks to which values can be added while output goes through them.
pub struct MaskSet {
    inner: RwLock<Inner>,
    /// Whether there was one value too many.
    is_full: AtomicBool,
}

struct Inner {
    masks: Masks,
    /// What they were made of.
    originals: Vec<Original>,
    added: usize,
}

/// A value as it was given.
enum Original {
    Shared(Arc<Secret>),
    Added(Zeroizing<Vec<u8>>),
}

impl MaskSet {
    /// The masks of these values, and of what is inside them.
    pub fn new(secrets: impl IntoIterator<Item = Arc<Secret>>) -> Self {
        Self::of(secrets.into_iter().map(Original::Shared))
    }

    /// The same of values that needn't be text.
    pub fn of_bytes(values: impl IntoIterator<Item = Zeroizing<Vec<u8>>>) -> Self {
        Self::of(values.into_iter().map(Original::Added))
    }

    fn of(originals: impl Iterator<Item = Original>) -> Self {
        let (mut masks, originals) = (Masks::new([]), originals.collect::<Vec<_>>());
        for original in &originals {
            masks.add(original.bytes());
        }
        Self { inner: RwLock::new(Inner { masks, originals, added: 0 }), is_full: AtomicBool::new(false) }
    }

    /// Gives each value as it was given, for a process that is to mask them as well.
    ///
    /// # Errors
    /// Those of `give`.
    pub fn each<E>(&self, mut give: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.originals.iter().try_for_each(|original| give(original.bytes()))
    }

    /// Masks one more value from now on, in every output that goes through these masks, also in what is held of it. A
    /// thousand can be added; one after them is not masked, and `false` says so: nothing more is shown of any output.
    #[expect(clippy::needless_pass_by_value, reason = "the value is wiped once it is among the masks")]
    pub fn add(&self, secret: Secret) -> bool {
        self.add_bytes(secret.expose().as_bytes())
    }

    /// The same for a value that needn't be text.
    pub fn add_bytes(&self, value: &[u8]) -> bool {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if inner.masks.has(value) {
            return true;
        }
        if inner.added == MOST_ADDED {
            self.is_full.store(true, Ordering::Release);
            return false;
        }
        inner.added += 1;
        inner.masks.add(value);
        inner.originals.push(Original::Added(Zeroizing::new(value.to_vec())));
        true
    }

    /// A whole text, masked.
    pub fn mask(&self, text: &[u8]) -> Vec<u8> {
        self.read().mask(text)
    }

    /// Whether there was one value too many: no output that goes through these masks may be shown any more.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Acquire)
    }

    /// The masks as they are now. Nothing can be added while they are read.
    pub(super) fn read(&self) -> Reading<'_> {
        Reading(self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Original {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Shared(secret) => secret.expose().as_bytes(),
            Self::Added(bytes) => bytes,
        }
    }
}

/// The masks while they are read.
pub(super) struct Reading<'s>(RwLockReadGuard<'s, Inner>);

impl std::ops::Deref for Reading<'_> {
    type Target = Masks;

    fn deref(&self) -> &Masks {
        &self.0.masks
    }
}

/// Shows nothing, not even how many there are.
impl fmt::Debug for MaskSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskSet(***)")
    }
}
