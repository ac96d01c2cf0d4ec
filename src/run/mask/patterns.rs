//! The texts that must not be shown, and where one begins in a text.

use std::ops::Range;

use zeroize::{Zeroize, Zeroizing};

/// Texts shorter than this are masked as whole words alone: as a part of other words they would turn a log into
/// stars and give themselves away.
const SHORT: usize = 4;

/// The most bytes of a beginning that are looked up at once.
const WIDTH: usize = 4;

/// The texts, in order, behind a filter that tells quickly where none begins.
pub(super) struct Patterns {
    /// Sorted, so that those with one beginning stand together.
    texts: Vec<Zeroizing<Vec<u8>>>,
    /// How many bytes of a beginning the filter takes; the shortest text's length at most.
    width: usize,
    /// A bit for the hash of each beginning.
    filter: Zeroizing<Vec<u64>>,
}

/// What begins at a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// Nothing.
    Nothing,
    /// A text of that length, the longest that does.
    Text(usize),
    /// Perhaps a text; that depends on bytes that aren't there yet.
    Perhaps,
}

impl Patterns {
    /// The patterns of some values: each whole, and the lines of one with several.
    pub(super) fn new<'v>(values: impl IntoIterator<Item = &'v str>) -> Self {
        let mut texts: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut add = |text: &str| texts.push(Zeroizing::new(text.as_bytes().to_vec()));
        for value in values {
            if value.is_empty() {
                continue;
            }
            add(value);
            if value.contains(['\n', '\r']) {
                value.split(['\n', '\r']).map(str::trim).filter(|line| line.len() >= SHORT).for_each(&mut add);
                // Tools print a value with and without the line break at its end.
                let bare = value.trim();
                if bare.len() >= SHORT {
                    add(bare);
                }
            }
        }
        texts.sort();
        texts.dedup();
        let width = texts.iter().map(|text| text.len()).min().unwrap_or(WIDTH).min(WIDTH);
        let mut filter = Zeroizing::new(vec![0; 1024]);
        for text in &texts {
            let hash = hash(&text[..width]);
            filter[hash / 64] |= 1 << (hash % 64);
        }
        Self { texts, width, filter }
    }

    /// Whether there is nothing to find.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The next place from `at` on where a text may begin; the end of the bytes when there is none.
    pub(super) fn candidate(&self, bytes: &[u8], at: usize) -> usize {
        // The last few places are too near to the end for the filter.
        let last = (bytes.len() + 1).saturating_sub(self.width);
        let found = match self.width {
            4 => self.filtered::<4>(bytes, at),
            3 => self.filtered::<3>(bytes, at),
            2 => self.filtered::<2>(bytes, at),
            _ => self.filtered::<1>(bytes, at),
        };
        found.unwrap_or_else(|| at.max(last).min(bytes.len()))
    }

    fn filtered<const N: usize>(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let filter: &[u64; 1024] = self.filter.as_slice().try_into().ok()?;
        let windows = bytes.get(at..)?.windows(N);
        let mut hit = windows.map(|window| {
            let hash = hash(window) & 0xffff;
            filter[hash / 64] >> (hash % 64) & 1 == 1
        });
        hit.position(|hit| hit).map(|offset| at + offset)
    }

    /// What begins at a place. `before` is the byte before it; `end` says that no more bytes will come.
    pub(super) fn begins(&self, bytes: &[u8], at: usize, before: Option<u8>, end: bool) -> Begins {
        let rest = &bytes[at..];
        let mut longest = None;
        let mut perhaps = false;
        let head = &rest[..rest.len().min(self.width)];
        for text in &self.texts[self.range(head)] {
            let short = text.len() < SHORT;
            if short && before.is_some_and(is_word) {
                continue;
            }
            if rest.len() < text.len() {
                perhaps |= text.starts_with(rest);
            } else if rest.starts_with(text) {
                match rest.get(text.len()) {
                    Some(&next) if short && is_word(next) => {}
                    None if short && !end => perhaps = true,
                    _ => longest = longest.max(Some(text.len())),
                }
            }
        }
        match longest {
            _ if perhaps && !end => Begins::Perhaps,
            Some(length) => Begins::Text(length),
            None => Begins::Nothing,
        }
    }

    /// The texts that begin so.
    fn range(&self, head: &[u8]) -> Range<usize> {
        let start = self.texts.partition_point(|text| text.as_slice() < head);
        let length = self.texts[start..].partition_point(|text| text.starts_with(head));
        start..start + length
    }
}

impl Drop for Patterns {
    fn drop(&mut self) {
        self.texts.iter_mut().for_each(Zeroize::zeroize);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// 16 bits of up to four bytes.
fn hash(bytes: &[u8]) -> usize {
    let key = match *bytes {
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        [a, b, c] => u32::from_le_bytes([a, b, c, 0]),
        [a, b] => u32::from_le_bytes([a, b, 0, 0]),
        [a] => u32::from(a),
        _ => 0,
    };
    // Fibonacci hashing: the upper half of the product depends on all bytes.
    (key.wrapping_mul(0x9e37_79b1) >> 16) as usize
}
