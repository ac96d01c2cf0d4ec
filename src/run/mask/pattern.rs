//! What must not be seen: the byte strings that give a value away.

use zeroize::Zeroizing;

use super::encoding;
use crate::secret::{Secret, is_common};

/// One byte string to mask, in memory that is wiped.
pub(super) struct Pattern {
    /// The bytes; at least one.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// Whether it is masked only where no letter, digit or `_` stands next to it.
    pub(super) word: bool,
}

/// The patterns of some values, sorted, each once: the whole value, the value without the white space around it, the
/// lines of a value that has more than one, and the forms in which tools print them. A blank value gives none.
pub(super) fn patterns<'s>(secrets: impl IntoIterator<Item = &'s Secret>) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for secret in secrets {
        let value = secret.expose();
        let whole = value.trim();
        if whole.is_empty() {
            continue;
        }
        if secret.is_common() {
            patterns.extend([value, whole].map(|text| Pattern::new(text, true)));
            continue;
        }
        let lines = whole.split(['\r', '\n']).map(str::trim).filter(|line| !is_common(line));
        for text in [value, whole].into_iter().chain(lines) {
            patterns.push(Pattern::new(text, false));
            patterns.extend(encoding::forms(text).into_iter().map(|bytes| Pattern { bytes, word: false }));
        }
    }
    patterns.sort_unstable_by(|a, b| a.bytes.cmp(&b.bytes).then(a.word.cmp(&b.word)));
    // Where the same bytes are there twice, the one that is masked everywhere comes first.
    patterns.dedup_by(|later, earlier| later.bytes == earlier.bytes);
    patterns
}

impl Pattern {
    fn new(text: &str, word: bool) -> Self {
        Self { bytes: Zeroizing::new(text.as_bytes().to_vec()), word }
    }
}

/// Whether a byte belongs to a word.
pub(super) fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
