//! Growing memory that leaves no copies behind.

use std::ops::{Deref, DerefMut, Range};

use zeroize::{Zeroize, Zeroizing};

/// A vector that wipes the memory that it outgrows.
pub(super) struct Buffer<T: Zeroize>(Zeroizing<Vec<T>>);

impl<T: Zeroize + Copy + Default> Buffer<T> {
    /// No memory yet.
    pub(super) fn new() -> Self {
        Self(Zeroizing::new(Vec::new()))
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(self.0.capacity() * 2)));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
    }

    /// Appends one.
    pub(super) fn push(&mut self, item: T) {
        self.reserve(1);
        self.0.push(item);
    }

    /// Appends some.
    pub(super) fn extend(&mut self, items: &[T]) {
        self.reserve(items.len());
        self.0.extend_from_slice(items);
    }

    /// Makes them so many.
    pub(super) fn resize(&mut self, length: usize) {
        self.reserve(length.saturating_sub(self.0.len()));
        self.0.resize(length, T::default());
    }

    /// Drops the first ones, and the last.
    pub(super) fn keep(&mut self, kept: Range<usize>) {
        self.0.truncate(kept.end);
        self.0.drain(..kept.start);
    }
}

impl<T: Zeroize> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Zeroize> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}
