//! Seeds: where in a track a pattern may stand. Each pattern has a few of its first four-character pieces here, and the
//! track is looked up at every so many places; most of it is skipped by a table of bits that fits the processor's cache.

use zeroize::Zeroize;

use super::buffer::Buffer;

/// Characters of a seed.
pub(super) const SEED: usize = 4;

/// The number of a pattern's beginning that is shorter than a seed.
const BEGINNING: u8 = u8::MAX;

/// Bits of the smallest table's index.
const SMALL: u32 = 18;

/// A seed, in a list of those that fall into the same slot.
#[derive(Clone, Copy, Default)]
struct Entry {
    seed: u32,
    /// One more than the next entry of the slot; 0 for none.
    next: u32,
    pattern: u32,
    offset: u8,
}

impl Zeroize for Entry {
    fn zeroize(&mut self) {
        self.seed.zeroize();
    }
}

/// The seeds of many patterns.
pub(super) struct Seeds {
    /// A bit for each seed's hash.
    bits: Buffer<u64>,
    /// How far a hash is shifted for it.
    shift: u32,
    entries: Buffer<Entry>,
    /// One more than the first entry of each slot.
    slots: Buffer<u32>,
    /// A bit for each of the pairs that patterns begin with.
    pairs: Buffer<u64>,
}

impl Seeds {
    pub(super) fn new() -> Self {
        let mut seeds = Self {
            bits: Buffer::new(),
            shift: 32 - SMALL,
            entries: Buffer::new(),
            slots: Buffer::new(),
            pairs: Buffer::new(),
        };
        seeds.pairs.resize(1 << 10);
        seeds.bits.resize(1 << (SMALL - 6));
        seeds.slots.resize(64);
        seeds
    }

    /// Adds the seeds of a pattern that begins with these characters, at its first places.
    pub(super) fn add(&mut self, pattern: usize, head: &[u8], places: usize) {
        let pattern = u32::try_from(pattern).expect("internal error: there are less than 4 G patterns");
        for (at, seed) in head.windows(SEED).take(places).enumerate() {
            let seed = u32::from_le_bytes(seed.try_into().expect("internal error: a window has its length"));
            self.insert(seed, pattern, u8::try_from(at).expect("internal error: the first places are few"));
        }
        self.insert(beginning(head), pattern, BEGINNING);
        let pair = usize::from(u16::from_be_bytes([head[0], head[1]]));
        self.pairs[pair >> 6] |= 1 << (pair & 63);
    }

    /// Whether some characters may be the first ones of a pattern. More are looked up.
    pub(super) fn may_begin(&self, chars: &[u8]) -> bool {
        match *chars {
            [] => true,
            [first] => self.pairs[4 * usize::from(first)..][..4].iter().any(|bits| *bits != 0),
            [first, second] => {
                let pair = usize::from(u16::from_be_bytes([first, second]));
                self.pairs[pair >> 6] >> (pair & 63) & 1 != 0
            }
            _ => self.beginning(chars).next().is_some(),
        }
    }

    fn insert(&mut self, seed: u32, pattern: u32, offset: u8) {
        self.entries.push(Entry { seed, next: 0, pattern, offset });
        let count = self.entries.len();
        if count > self.slots.len() {
            self.slots.resize(2 * count.next_power_of_two());
            self.slots.fill(0);
            (0..count).for_each(|at| self.link(at));
        } else {
            self.link(count - 1);
        }
        // One bit of some dozens is set at most, where there is memory for it.
        let bits = (count.next_power_of_two().ilog2() + 5).clamp(SMALL, 24).next_multiple_of(3);
        if 32 - bits < self.shift {
            self.shift = 32 - bits;
            self.bits.resize(1 << (bits - 6));
            self.bits.fill(0);
            (0..count).for_each(|at| self.mark(at));
        } else {
            self.mark(count - 1);
        }
    }

    fn link(&mut self, at: usize) {
        let slot = self.slot(self.entries[at].seed);
        self.entries[at].next = self.slots[slot];
        self.slots[slot] = u32::try_from(at + 1).expect("internal error: there are less than 4 G seeds");
    }

    fn mark(&mut self, at: usize) {
        let Entry { seed, offset, .. } = self.entries[at];
        if offset != BEGINNING {
            let hash = hash(seed) >> self.shift;
            self.bits[(hash >> 6) as usize] |= 1 << (hash & 63);
        }
    }

    fn slot(&self, seed: u32) -> usize {
        // The low bits of a product are bad.
        (hash(seed) as usize ^ hash(seed) as usize >> 15) & (self.slots.len() - 1)
    }

    /// The first place from `at` on, in steps, where a seed may stand; the place behind the last one if there is none.
    #[inline]
    pub(super) fn next(&self, chars: &[u8], mut at: usize, step: usize) -> usize {
        let (bits, shift) = (&self.bits[..], self.shift);
        while let Some(seed) = chars.get(at..at + SEED) {
            let seed = u32::from_le_bytes(seed.try_into().expect("internal error: four characters"));
            let hash = hash(seed) >> shift;
            if bits[(hash >> 6) as usize] >> (hash & 63) & 1 != 0 {
                return at;
            }
            at += step;
        }
        at
    }

    /// The patterns whose seed stands at a place, and how far into them.
    pub(super) fn at(&self, chars: &[u8], at: usize) -> impl Iterator<Item = (usize, usize)> {
        let seed = chars.get(at..at + SEED).and_then(|seed| seed.try_into().ok()).map(u32::from_le_bytes);
        self.find(seed).filter(|(_, offset)| *offset != BEGINNING).map(|(pattern, offset)| (pattern, offset.into()))
    }

    /// The patterns that begin with three characters.
    pub(super) fn beginning(&self, chars: &[u8]) -> impl Iterator<Item = usize> {
        self.find(Some(beginning(chars))).filter(|(_, offset)| *offset == BEGINNING).map(|(pattern, _)| pattern)
    }

    fn find(&self, seed: Option<u32>) -> impl Iterator<Item = (usize, u8)> {
        let mut next = seed.map_or(0, |seed| self.slots[self.slot(seed)]);
        std::iter::from_fn(move || {
            while next > 0 {
                let entry = &self.entries[next as usize - 1];
                next = entry.next;
                if Some(entry.seed) == seed {
                    return Some((entry.pattern as usize, entry.offset));
                }
            }
            None
        })
    }
}

/// Three characters, and a mark.
fn beginning(chars: &[u8]) -> u32 {
    u32::from_le_bytes([chars[0], chars[1], chars[2], 0xff])
}

/// Fibonacci hashing.
#[inline]
fn hash(seed: u32) -> u32 {
    seed.wrapping_mul(0x9e37_79b1)
}
