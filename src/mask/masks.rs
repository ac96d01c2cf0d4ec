//! All values, and how they are found.

use std::fmt;

use zeroize::Zeroizing;

use super::buffer::Buffer;
use super::edge::own_before;
use super::form::{backslashed, forms};
use super::known::Known;
use super::parts::parts;
use super::pattern::{EATEN, Form, HEAD, Pattern, is_escaped};
use super::seed::{SEED, Seeds};
use super::value::Value;
use super::view::skeleton;
use super::word::{LONGEST, Words};
use crate::secret::{Secret, is_common};

/// Characters of a view from one that is looked up to the next: a pattern has at least two seeds beyond.
const STEP: usize = 3;

/// The same for bytes, at most.
const RAW_STEP: usize = 8;

/// So many characters of a pattern are compared before all.
const FIRST: usize = 8;

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SeedTable {
    /// Skeletons and digits, in views.
    View,
    /// Values as they are.
    Raw,
}

/// What values have before their first letters or digits: what of it stands in the text is masked as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Beginnings {
    /// Nothing.
    Letters,
    /// Signs, with no blank among them.
    Signs,
    /// Blanks as well.
    Blanks,
}

/// The values that must not be seen, in memory that is wiped when dropped. Share it behind an [`Arc`](std::sync::Arc).
///
/// ```
/// use credflow::mask::Masks;
/// use credflow::secret::Secret;
///
/// let masks = Masks::new([&Secret::new(String::from("hunter2"))]);
/// assert_eq!(masks.mask(b"the password is hunter2!"), b"the password is ***!");
/// ```
pub struct Masks {
    pub(super) values: Vec<Value>,
    pub(super) patterns: Vec<Pattern>,
    /// The first characters of each pattern, or zeros.
    first: Buffer<[u8; FIRST]>,
    pub(super) words: Words,
    view: Seeds,
    raw: Seeds,
    raw_step: usize,
    pub(super) beginnings: Beginnings,
    /// What was added.
    known: Known,
}

impl Masks {
    /// Masks for these values, in any order; a value may be there more than once.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        let mut masks = Self {
            values: Vec::new(),
            patterns: Vec::new(),
            first: Buffer::new(),
            words: Words::default(),
            view: Seeds::new(),
            raw: Seeds::new(),
            raw_step: RAW_STEP,
            beginnings: Beginnings::Letters,
            known: Known::new(),
        };
        for secret in secrets {
            masks.add(secret.expose().as_bytes());
        }
        masks
    }

    /// Masks one more value, and what is inside it.
    pub fn add(&mut self, value: &[u8]) {
        self.add_one(value);
        for part in parts(value) {
            self.add_one(&part);
        }
    }

    /// Whether a value is among them already.
    pub(super) fn has(&self, value: &[u8]) -> bool {
        self.known.has(value.trim_ascii(), &self.values)
    }

    /// The letters and digits of a text, as a value's are compared with them.
    #[doc(hidden)]
    pub fn skeleton(text: &[u8]) -> Vec<u8> {
        skeleton(text, true).to_vec()
    }

    /// Whether some characters may be the first ones of a pattern.
    #[inline]
    pub(super) fn may_begin(&self, number: usize, chars: &[u8]) -> bool {
        let count = chars.len().min(FIRST).min(self.patterns[number].length);
        self.first[number][..count] == chars[..count]
    }

    pub(super) fn seeds(&self, table: SeedTable) -> &Seeds {
        match table {
            SeedTable::View => &self.view,
            SeedTable::Raw => &self.raw,
        }
    }

    pub(super) fn step(&self, table: SeedTable) -> usize {
        match table {
            SeedTable::View => STEP,
            SeedTable::Raw => self.raw_step,
        }
    }

    fn add_one(&mut self, value: &[u8]) {
        let value = value.trim_ascii();
        if value.is_empty() || self.has(value) {
            return;
        }
        if str::from_utf8(value).map_or(value.len() < SEED, is_common) {
            self.words.add(value, true);
            return;
        }
        let number = self.values.len();
        self.values.push(Value::new(value));
        self.known.add(number, &self.values);
        let mut head = Zeroizing::new(Vec::with_capacity(HEAD));
        self.add_pattern(number, Form::Raw, &mut head);
        let has_text = self.add_pattern(number, Form::Text, &mut head);
        if !has_text && value.len() <= LONGEST {
            self.words.add(value, false);
        }
        if !self.values[number].literal.is_empty() {
            self.add_pattern(number, Form::Literal, &mut head);
        }
        for unit in 0..self.values[number].units.len() {
            let unit = u8::try_from(unit).expect("internal error: few units");
            self.add_pattern(number, Form::Split(unit), &mut head);
        }
        for before in 0..3 {
            self.add_pattern(number, Form::Base64(before), &mut head);
        }
        self.add_pattern(number, Form::Hex(false), &mut head);
        if !head.iter().all(u8::is_ascii_digit) {
            self.add_pattern(number, Form::Hex(true), &mut head);
        }
        if !self.add_pattern(number, Form::Escaped, &mut head) && value.len() <= HEAD {
            self.add_form(&backslashed(value), &mut head);
        }
        if !has_text || self.values[number].is_open || !value.is_ascii() {
            for form in forms(value) {
                self.add_form(&form, &mut head);
            }
        }
    }

    /// Adds what is written for a value, to be looked for as it is.
    fn add_form(&mut self, form: &[u8], head: &mut Vec<u8>) {
        self.values.push(Value::new(form));
        self.add_pattern(self.values.len() - 1, Form::Raw, head);
    }

    /// Adds a pattern of a value, if it is worth looking for.
    fn add_pattern(&mut self, number: usize, form: Form, head: &mut Vec<u8>) -> bool {
        let Some(pattern) = Pattern::new(number, &self.values[number], form, head) else { return false };
        let at = self.patterns.len();
        let own = own_before(&self.values[number], form);
        let signs = self.values[number].bytes.iter().take_while(|byte| !is_escaped(**byte)).count();
        if own.iter().any(u8::is_ascii_whitespace) {
            self.beginnings = Beginnings::Blanks;
        } else if !own.is_empty() || form == Form::Escaped && signs > 0 {
            self.beginnings = self.beginnings.max(Beginnings::Signs);
        }
        if form == Form::Raw {
            self.raw.add(at, head, RAW_STEP);
            self.raw_step = self.raw_step.min(head.len() + 1 - SEED);
        } else {
            let eaten = if pattern.eaten > 0 { pattern.eaten.ilog2() as usize } else { 0 };
            debug_assert!(eaten <= EATEN, "more can't be eaten");
            self.view.add(at, head, STEP + eaten);
        }
        self.patterns.push(pattern);
        let mut first = [0; FIRST];
        let count = head.len().min(FIRST);
        first[..count].copy_from_slice(&head[..count]);
        self.first.push(first);
        true
    }
}

/// Shows nothing, not even how many there are.
impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masks(***)")
    }
}
