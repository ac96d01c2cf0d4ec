//! Values that are short or usual words: masked only where they stand as words.

use zeroize::{Zeroize, Zeroizing};

use super::cover::Cover;

/// The words, sorted.
#[derive(Default)]
pub(super) struct Words {
    words: Vec<Zeroizing<Vec<u8>>>,
    /// What words begin with.
    first: Vec<bool>,
}

impl Words {
    /// Adds a word that isn't empty.
    pub(super) fn add(&mut self, word: &[u8]) {
        let Err(at) = self.words.binary_search_by(|other| other[..].cmp(word)) else { return };
        self.words.insert(at, Zeroizing::new(word.to_vec()));
        self.first.resize(256, false);
        self.first[usize::from(word[0])] = true;
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.words.len()
    }

    /// All of them.
    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.words.iter().map(|word| &word[..])
    }

    /// Those with a first byte.
    fn with(&self, first: u8) -> &[Zeroizing<Vec<u8>>] {
        let from = self.words.partition_point(|word| word[0] < first);
        let with = &self.words[from..];
        &with[..with.partition_point(|word| word[0] == first)]
    }
}

/// These are the first bytes of values.
impl Drop for Words {
    fn drop(&mut self) {
        self.first.zeroize();
    }
}

/// Finds words in a text that grows.
#[derive(Default)]
pub(super) struct WordFinder {
    /// The first byte that isn't looked at.
    next: usize,
    /// How many words were known.
    known: usize,
    /// Whether a byte before the text is forgotten.
    is_cut: bool,
}

/// Whether a byte belongs to a word.
pub(super) fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl WordFinder {
    /// Looks at what is new in a text.
    pub(super) fn advance(&mut self, words: &Words, text: &[u8], is_end: bool, cover: &mut Cover) {
        if words.count() == 0 {
            self.next = text.len();
            return;
        }
        if self.known < words.count() {
            self.known = words.count();
            self.next = self.next.min(usize::from(self.is_cut));
        }
        while self.next < text.len() {
            let at = self.next;
            let may_start = words.first[usize::from(text[at])] && (at == 0 || !in_word(text[at - 1]));
            if may_start && !find(words, text, at, is_end, cover) {
                return;
            }
            self.next += 1;
        }
    }

    /// Takes the end of the text for the end of a word, where the word has so few bytes; gives where one may go on.
    pub(super) fn pause(&self, words: &Words, text: &[u8], most: usize, cover: &mut Cover) -> usize {
        let tail = &text[self.next..];
        let Some(first) = tail.first() else { return text.len() };
        let is_word = words.with(*first).iter().any(|word| word[..] == *tail);
        if is_word && tail.len() <= most {
            cover.add(self.next..text.len());
        }
        if tail.len() <= most { text.len() } else { self.next }
    }

    /// Up to where the text can be shown.
    pub(super) fn live(&self) -> usize {
        self.next
    }

    /// From where on the text is still needed.
    pub(super) fn needed(&self) -> usize {
        self.next.saturating_sub(1)
    }

    /// Counts from a later place on.
    pub(super) fn forget(&mut self, bytes: usize) {
        self.is_cut |= bytes > 0;
        self.next -= bytes;
    }
}

/// Covers the words that begin at a place; whether enough of the text is there to tell.
fn find(words: &Words, text: &[u8], at: usize, is_end: bool, cover: &mut Cover) -> bool {
    let rest = &text[at..];
    let mut is_certain = true;
    for word in words.with(rest[0]) {
        if rest.starts_with(word) {
            match rest.get(word.len()) {
                Some(next) if in_word(*next) => {}
                None if !is_end => is_certain = false,
                _ => cover.add(at..at + word.len()),
            }
        } else if word.starts_with(rest) && !is_end {
            is_certain = false;
        }
    }
    is_certain
}
