//! One secret to fetch, and everybody who uses it.

use crate::reference::{Pointer, SecretName, SecretVersion};
use crate::source::Span;
use crate::workflow::BindingPlace;

/// A fetch of a [`Plan`](super::Plan), by its place in the order of first use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchId(pub(crate) u32);

impl FetchId {
    /// The index into [`Plan::fetches`](super::Plan::fetches).
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A distinct secret: store, name (without regard to case) and version.
#[derive(Debug, Clone)]
pub struct Fetch {
    pub(crate) store: u32,
    /// The secret, as its first use writes it.
    pub secret: SecretName,
    /// The version; the latest without one.
    pub version: Option<SecretVersion>,
    /// The version that "latest" means here, where that was decided before: see [`Plan::pinned`](super::Plan::pinned).
    pub pinned: Option<SecretVersion>,
    /// The fields of its value that are used, each once, in the order of first use.
    pub fields: Vec<Pointer>,
    /// Its uses, in the order of the workflow.
    pub uses: Vec<Use>,
}

impl Fetch {
    /// The references of the uses, each once: one that aliases bind in many places stands once in the file.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans: Vec<Span> = self.uses.iter().map(|used| used.span).collect();
        spans.sort_unstable();
        spans.dedup();
        spans
    }
}

/// A place in the workflow that uses a fetch.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// The binding.
    pub place: BindingPlace,
    /// The reference in the file.
    pub span: Span,
    /// The field, an index into [`Fetch::fields`].
    pub field: Option<u32>,
}
