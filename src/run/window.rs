//! The size of the terminal in front of a person, which the pseudo-terminals of steps follow.

use std::sync::Arc;

use tokio::sync::watch;

/// A terminal's size, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

/// A handle to a size that may change; clones have the same size.
#[derive(Debug, Clone)]
pub struct Window(Arc<watch::Sender<Size>>);

impl Window {
    /// A window of that size.
    pub fn new(size: Size) -> Self {
        Self(Arc::new(watch::Sender::new(size)))
    }

    /// Changes the size; programs on its pseudo-terminals are told.
    pub fn resize(&self, size: Size) {
        self.0.send_if_modified(|known| std::mem::replace(known, size) != size);
    }

    /// The size, and its changes.
    pub(super) fn follow(&self) -> watch::Receiver<Size> {
        self.0.subscribe()
    }
}
