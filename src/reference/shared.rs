//! Texts and references that stand more than once, kept once: a large file repeats most of its own.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::{NameError, Reference, StoreName};

/// The longest text that is looked up, in bytes; longer ones are seldom repeated.
const MAX_TEXT: usize = 64;

/// What was read so far of one file.
#[derive(Debug, Default)]
pub struct Shared {
    texts: HashSet<Arc<str>>,
    stores: HashSet<StoreName>,
    /// By the hash of their texts, which are longer than themselves.
    references: HashMap<u64, Arc<Reference>>,
    state: RandomState,
}

impl Shared {
    /// A text, the same one for equal texts.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        if text.len() > MAX_TEXT {
            return text.into();
        }
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let kept: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&kept));
        kept
    }

    /// A store's name, the same one for equal names.
    pub(super) fn store(&mut self, text: &str) -> Result<StoreName, NameError> {
        if let Some(known) = self.stores.get(text) {
            return Ok(known.clone());
        }
        let kept: StoreName = text.parse()?;
        self.stores.insert(kept.clone());
        Ok(kept)
    }

    /// The reference that was read from that text before.
    pub(super) fn reference(&self, text: &str) -> Option<Arc<Reference>> {
        let known = self.references.get(&self.state.hash_one(text))?;
        known.is_written(text).then(|| Arc::clone(known))
    }

    /// Keeps a reference for the next time that its text comes.
    pub(super) fn keep(&mut self, text: &str, reference: Reference) -> Arc<Reference> {
        let kept = Arc::new(reference);
        self.references.insert(self.state.hash_one(text), Arc::clone(&kept));
        kept
    }
}
