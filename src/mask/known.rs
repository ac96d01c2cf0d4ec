//! Which values there are, without a copy of them or a hash.

use std::hash::{BuildHasher, RandomState};

use super::buffer::Buffer;
use super::value::Value;

/// The numbers of values, where their hashes put them.
pub(super) struct Known {
    /// One more than a value's number; 0 for none. There is always one.
    slots: Buffer<u32>,
    count: usize,
    hasher: RandomState,
}

impl Known {
    pub(super) fn new() -> Self {
        let mut slots = Buffer::new();
        slots.resize(64);
        Self { slots, count: 0, hasher: RandomState::new() }
    }

    /// Whether a value is among them.
    pub(super) fn has(&self, value: &[u8], values: &[Value]) -> bool {
        let mut at = self.slot(value);
        while let Some(number) = self.slots[at].checked_sub(1) {
            if *values[number as usize].bytes == *value {
                return true;
            }
            at = self.behind(at);
        }
        false
    }

    /// Takes down one that isn't.
    pub(super) fn add(&mut self, number: usize, values: &[Value]) {
        self.count += 1;
        let number = u32::try_from(number + 1).expect("internal error: there are less than 4 G values");
        let mut numbers = vec![number];
        if 2 * self.count > self.slots.len() {
            numbers.extend(self.slots.iter().filter(|number| **number > 0));
            self.slots.fill(0);
            self.slots.resize(4 * self.count.next_power_of_two());
        }
        for number in numbers {
            let mut at = self.slot(&values[number as usize - 1].bytes);
            while self.slots[at] > 0 {
                at = self.behind(at);
            }
            self.slots[at] = number;
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits do")]
    fn slot(&self, value: &[u8]) -> usize {
        self.hasher.hash_one(value) as usize & (self.slots.len() - 1)
    }

    fn behind(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }
}
