//! How many requests to one store may be in flight.

/// How many requests may be in flight.
pub(super) struct Window {
    pub(super) now: usize,
    most: usize,
    /// Places that are still taken and go when they are given back.
    pub(super) owed: usize,
    /// Successes since the window grew.
    successes: usize,
}

impl Window {
    /// All of so many.
    pub(super) fn new(most: usize) -> Self {
        Self { now: most, most, owed: 0, successes: 0 }
    }

    /// Halves the window, and says by how much. It ends at a quarter of what is allowed: a store's limit is a rate,
    /// which fewer requests at once would not keep better, only slower.
    pub(super) fn shrink(&mut self) -> usize {
        let least = (self.most / 4).max(1);
        let fewer = self.now - (self.now / 2).max(least).min(self.now);
        self.now -= fewer;
        self.successes = 0;
        fewer
    }

    /// Allows no more than that from now on, and says by how much the window shrinks.
    pub(super) fn bound(&mut self, most: usize) -> usize {
        self.most = self.most.min(most);
        let fewer = self.now.saturating_sub(self.most);
        self.now -= fewer;
        fewer
    }

    /// Counts a success, and says whether there is a place to add: one for each round of the window.
    pub(super) fn grows(&mut self) -> bool {
        self.successes += 1;
        if self.now == self.most || self.successes < self.now {
            return false;
        }
        self.successes = 0;
        self.now += 1;
        // A place that was still to go stays instead.
        let paid = self.owed > 0;
        self.owed -= usize::from(paid);
        !paid
    }
}
