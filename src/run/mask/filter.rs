//! Where a pattern may begin: most text is skipped without a look at the patterns.

use zeroize::Zeroize;

use super::pattern::Pattern;

/// How many bytes decide.
pub(super) const WINDOW: usize = 4;

/// Bits of a window's hash. The table has 128 KiB, of which ordinary text touches little; with ten thousand patterns it
/// is still seldom wrong.
const BITS: u32 = 20;

/// Words of the table.
const WORDS: usize = 1 << (BITS - 6);

/// The beginnings of all patterns, as a table of hashes.
pub(super) struct Filter {
    /// A bit for each hash of a pattern's first four bytes.
    windows: Box<[u64; WORDS]>,
    /// First bytes of patterns that are shorter than a window.
    short: [bool; 256],
    any_short: bool,
}

impl Filter {
    pub(super) fn new(patterns: &[Pattern]) -> Self {
        let windows = Box::try_from(vec![0; WORDS]).expect("internal error: the table has its own length");
        let mut filter = Self { windows, short: [false; 256], any_short: false };
        for pattern in patterns {
            if let Some(&window) = pattern.bytes.first_chunk() {
                let (word, bit) = place(window);
                filter.windows[word] |= 1 << bit;
            } else {
                filter.short[usize::from(pattern.bytes[0])] = true;
                filter.any_short = true;
            }
        }
        filter
    }

    /// The first place from `from` on where a pattern may begin: its window says so, or it ends before a window does.
    pub(super) fn next(&self, text: &[u8], from: usize) -> usize {
        let found = if self.any_short { self.find::<true>(&text[from..]) } else { self.find::<false>(&text[from..]) };
        found.map_or_else(|| from.max(text.len().saturating_sub(WINDOW - 1)), |skipped| from + skipped)
    }

    #[inline]
    fn find<const SHORT: bool>(&self, text: &[u8]) -> Option<usize> {
        text.windows(WINDOW).position(|window| {
            let (word, bit) = place([window[0], window[1], window[2], window[3]]);
            self.windows[word] >> bit & 1 != 0 || (SHORT && self.short[usize::from(window[0])])
        })
    }
}

/// Fibonacci hashing: the word of the table and the bit in it.
#[inline]
fn place(window: [u8; WINDOW]) -> (usize, u32) {
    let hash = u32::from_le_bytes(window).wrapping_mul(0x9e37_79b1) >> (32 - BITS);
    ((hash >> 6) as usize, hash & 63)
}

/// These are the first bytes of values, or nearly.
impl Drop for Filter {
    fn drop(&mut self) {
        self.windows.zeroize();
        self.short.zeroize();
    }
}
