//! Values that are short or usual words, masked only where they stand as words, and values that have too few letters and
//! digits for a view. What a terminal doesn't show parts neither of them.

use memchr::memchr3;
use zeroize::{Zeroize, Zeroizing};

use super::cover::Cover;
use super::escape::{Unit, is_special, unit};

/// Longer values aren't looked for where something parts them.
pub(super) const LONGEST: usize = 64;

/// So many bytes in a row may part what a terminal shows together.
const HIDDEN: usize = 64;

/// The words, sorted.
#[derive(Default)]
pub(super) struct Words {
    words: Vec<Word>,
    /// What words begin with.
    first: Vec<bool>,
}

/// A value, and where it is masked.
pub(super) struct Word {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// Only where neither letter nor digit is beside it.
    pub(super) is_alone: bool,
}

impl Words {
    /// Adds a value that isn't empty.
    pub(super) fn add(&mut self, bytes: &[u8], is_alone: bool) {
        let Err(at) = self.words.binary_search_by(|other| other.bytes[..].cmp(bytes)) else { return };
        self.words.insert(at, Word { bytes: Zeroizing::new(bytes.to_vec()), is_alone });
        self.first.resize(256, false);
        self.first[usize::from(bytes[0])] = true;
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.words.len()
    }

    /// All of them.
    #[cfg(test)]
    pub(super) fn all(&self) -> &[Word] {
        &self.words
    }

    /// Those with a first byte.
    fn with(&self, first: u8) -> &[Word] {
        let from = self.words.partition_point(|word| word.bytes[0] < first);
        let with = &self.words[from..];
        &with[..with.partition_point(|word| word.bytes[0] == first)]
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
    /// Where the last control sequences end, and the last escapes of what is no letter.
    units: Vec<usize>,
    /// The first byte from the last one that was looked up on that may part a word, or the text's end.
    hidden: usize,
    /// Whether a byte before the text is forgotten.
    is_cut: bool,
}

/// Whether a byte belongs to a word.
pub(super) fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The same of a character that is encoded.
fn is_letter(character: u32) -> bool {
    u8::try_from(character).is_ok_and(in_word)
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
            self.hidden = 0;
        }
        while self.next < text.len() {
            let at = self.next;
            if is_special(text[at]) {
                match unit(text, at) {
                    Unit::More if !is_end => return,
                    Unit::Coded(length, character) if !character.is_some_and(is_letter) => {
                        self.units.retain(|end| *end >= at);
                        self.units.push(at + length);
                    }
                    _ => {}
                }
            }
            if words.first[usize::from(text[at])] && !self.find(words, text, is_end, cover) {
                return;
            }
            self.next += 1;
        }
    }

    /// Whether a word may begin at the next byte.
    fn is_beginning(&self, text: &[u8]) -> bool {
        self.next == 0 || !in_word(text[self.next - 1]) || self.units.contains(&self.next)
    }

    /// Covers the words that begin at the next byte; whether enough of the text is there to tell.
    fn find(&mut self, words: &Words, text: &[u8], is_end: bool, cover: &mut Cover) -> bool {
        let at = self.next;
        let is_beginning = self.is_beginning(text);
        if self.hidden <= at {
            self.hidden = at + memchr3(0, b'\r', 0x1b, &text[at..]).unwrap_or(text.len() - at);
        }
        if !is_beginning && self.hidden >= at + LONGEST {
            return true;
        }
        let mut is_certain = true;
        for word in words.with(text[at]) {
            // One that nothing parts is found as it is.
            let is_parted = self.hidden < at + word.bytes.len();
            let may_be = if word.is_alone { is_beginning } else { is_parted };
            if !may_be {
                continue;
            }
            match stands(word, text, at, is_end) {
                Stands::Not => {}
                Stands::More => is_certain = false,
                Stands::To(end) => match text.get(end) {
                    Some(next) if word.is_alone && in_word(*next) => {}
                    None if word.is_alone && !is_end => is_certain = false,
                    _ => cover.add(at..end),
                },
            }
        }
        is_certain
    }

    /// Takes the end of the text for the end of a word, where the word has so few bytes; gives where one may go on.
    pub(super) fn pause(&self, words: &Words, text: &[u8], most: usize, cover: &mut Cover) -> usize {
        let tail = &text[self.next..];
        let first = tail.first().filter(|first| words.count() > 0 && words.first[usize::from(**first)]);
        let Some(first) = first else { return text.len() };
        if shown(tail) > most {
            return self.next;
        }
        let is_word = |word: &Word| matches!(stands(word, text, self.next, true), Stands::To(end) if end == text.len());
        if self.is_beginning(text) && words.with(*first).iter().any(is_word) {
            cover.add(self.next..text.len());
        }
        text.len()
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
        self.hidden = self.hidden.saturating_sub(bytes);
        self.units.retain(|end| *end >= bytes);
        self.units.iter_mut().for_each(|end| *end -= bytes);
    }
}

/// Whether a word stands at a place.
enum Stands {
    Not,
    /// Too little is there to tell.
    More,
    /// Up to another place.
    To(usize),
}

/// Whether a word stands at a place, be there something within it that a terminal doesn't show: NULs, control sequences,
/// carriage returns.
fn stands(word: &Word, text: &[u8], at: usize, is_end: bool) -> Stands {
    let (mut place, mut shown) = (at, at);
    for byte in word.bytes.iter() {
        loop {
            match text.get(place) {
                None if is_end => return Stands::Not,
                None => return Stands::More,
                Some(next) if next == byte => break,
                Some(_) => {}
            }
            match hidden(text, place, word.is_alone) {
                Unit::More if !is_end && text.len() - shown <= HIDDEN => return Stands::More,
                Unit::Coded(length, _) if place > at && place + length - shown <= HIDDEN => place += length,
                _ => return Stands::Not,
            }
        }
        place += 1;
        shown = place;
    }
    Stands::To(place)
}

/// What a terminal doesn't show at a place. A carriage return parts words as other white space does.
fn hidden(text: &[u8], at: usize, is_alone: bool) -> Unit {
    match text[at] {
        0 => Unit::Coded(1, None),
        b'\r' if !is_alone => Unit::Coded(1, None),
        0x1b => unit(text, at),
        _ => Unit::Plain,
    }
}

/// How many bytes of a text a terminal shows.
fn shown(text: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < text.len() {
        match hidden(text, at, false) {
            Unit::Coded(length, _) => at += length,
            Unit::Plain | Unit::More => (at, count) = (at + 1, count + 1),
        }
    }
    count
}
