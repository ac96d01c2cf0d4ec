//! The leaf of a rendered workflow: a value with everything filled in.

use std::sync::Arc;

use super::Reveal;
use crate::secret::Secret;

/// What stands for a value that isn't shown.
pub const MASK: &str = "***";

/// What a variable is bound to after rendering. A clone shares the values.
#[derive(Debug, Clone)]
pub struct Filled(Inner);

#[derive(Debug, Clone)]
enum Inner {
    /// Text without a credential in it.
    Plain(Arc<str>),
    /// Text that holds at least one credential.
    Secret(Arc<Composed>),
}

#[derive(Debug)]
struct Composed {
    text: Secret,
    masked: Box<str>,
}

impl Filled {
    /// Text without a credential in it.
    pub(super) fn plain(text: impl Into<Arc<str>>) -> Self {
        Self(Inner::Plain(text.into()))
    }

    /// Text with credentials in it: the whole, and the whole with masks.
    pub(super) fn secret(text: Secret, masked: impl Into<Box<str>>) -> Self {
        Self(Inner::Secret(Arc::new(Composed { text, masked: masked.into() })))
    }

    /// Whether a credential is in it.
    pub fn is_secret(&self) -> bool {
        matches!(self.0, Inner::Secret(_))
    }

    /// The value as the process gets it; counts as an [`expose`](Secret::expose).
    pub fn expose(&self) -> &str {
        match &self.0 {
            Inner::Plain(text) => text,
            Inner::Secret(composed) => composed.text.expose(),
        }
    }

    /// The value as it is shown.
    pub fn show(&self, reveal: Reveal) -> &str {
        match (&self.0, reveal) {
            (Inner::Secret(composed), Reveal::Masked) => &composed.masked,
            _ => self.expose(),
        }
    }
}
