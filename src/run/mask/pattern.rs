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
/// lines of a value that has more than one, and the forms in which tools print them. A blank value gives none, nor does
/// a line of one byte, or one without letters and digits that is as short as a common value: ordinary output is full of
/// them.
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
        for text in [value, whole] {
            patterns.extend(on_terminal(text).map(|bytes| Pattern { bytes, word: false }));
        }
        let (common, lines): (Vec<&str>, Vec<&str>) =
            whole.split(['\r', '\n']).map(str::trim).partition(|line| is_common(line));
        let words = common.into_iter().filter(|line| line.len() > 1 && line.contains(char::is_alphanumeric));
        patterns.extend(words.map(|line| Pattern::new(line, true)));
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

/// A text that has line breaks as a terminal shows it, which puts a carriage return before each.
fn on_terminal(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    (breaks > 0).then(|| {
        // Never grows, which would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + breaks));
        for byte in text.bytes() {
            if byte == b'\n' {
                bytes.push(b'\r');
            }
            bytes.push(byte);
        }
        bytes
    })
}

/// Whether a byte belongs to a word.
pub(super) fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
