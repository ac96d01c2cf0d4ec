//! Texts and references that stand more than once, kept once: a large file repeats most of its own.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Reference;

/// The longest text that is looked up, in bytes; longer ones are seldom repeated.
const MAX_TEXT: usize = 64;

/// What was read so far of one file.
#[derive(Debug, Default)]
pub struct Shared {
    texts: HashSet<Arc<str>>,
    references: HashMap<Box<str>, Arc<Reference>>,
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

    /// The reference that was read from that text before.
    pub(super) fn reference(&self, text: &str) -> Option<Arc<Reference>> {
        self.references.get(text).cloned()
    }

    /// Keeps a reference for the next time that its text comes.
    pub(super) fn keep(&mut self, text: &str, reference: Reference) -> Arc<Reference> {
        let kept = Arc::new(reference);
        self.references.insert(text.into(), Arc::clone(&kept));
        kept
    }
}
