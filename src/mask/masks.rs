//! All values, and how they are found.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use zeroize::Zeroizing;

use super::edge::own_before;
use super::form::forms;
use super::parts::parts;
use super::pattern::{EATEN, Form, Pattern, is_escaped};
use super::seed::{SEED, Seeds};
use super::value::{LONG, Value};
use super::view::skeleton;
use super::word::Words;
use crate::secret::{Secret, is_common};

/// Characters of a view from one that is looked up to the next: a pattern has at least two seeds beyond.
const STEP: usize = 3;

/// The same for bytes, at most.
const RAW_STEP: usize = 8;

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
    pub(super) words: Words,
    view: Seeds,
    raw: Seeds,
    raw_step: usize,
    pub(super) beginnings: Beginnings,
    /// Hashes of what was added, and the numbers of values.
    known: HashMap<u64, usize>,
    hasher: RandomState,
}

impl Masks {
    /// Masks for these values, in any order; a value may be there more than once.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        let mut masks = Self {
            values: Vec::new(),
            patterns: Vec::new(),
            words: Words::default(),
            view: Seeds::new(),
            raw: Seeds::new(),
            raw_step: RAW_STEP,
            beginnings: Beginnings::Letters,
            known: HashMap::new(),
            hasher: RandomState::new(),
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
        let value = value.trim_ascii();
        self.known.get(&self.hasher.hash_one(value)).is_some_and(|at| *self.values[*at].bytes == *value)
    }

    /// The letters and digits of a text, as a value's are compared with them.
    #[doc(hidden)]
    pub fn skeleton(text: &[u8]) -> Vec<u8> {
        skeleton(text, true).to_vec()
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
            self.words.add(value);
            return;
        }
        let number = self.values.len();
        self.known.insert(self.hasher.hash_one(value), number);
        self.values.push(Value::new(value));
        let mut head = Zeroizing::new(Vec::with_capacity(value.len().min(256)));
        self.add_pattern(number, Form::Raw, &mut head);
        let has_text = self.add_pattern(number, Form::Text, &mut head);
        if !self.values[number].literal.is_empty() {
            self.add_pattern(number, Form::Literal, &mut head);
        }
        self.add_pattern(number, Form::Escaped, &mut head);
        for unit in 0..self.values[number].units.len() {
            if self.values[number].text.len() >= LONG {
                self.add_pattern(
                    number,
                    Form::Split(u8::try_from(unit).expect("internal error: few units")),
                    &mut head,
                );
            }
        }
        for before in 0..3 {
            self.add_pattern(number, Form::Base64(before), &mut head);
        }
        self.add_pattern(number, Form::Hex(false), &mut head);
        if !head.iter().all(u8::is_ascii_digit) {
            self.add_pattern(number, Form::Hex(true), &mut head);
        }
        if !has_text || !value.is_ascii() {
            for form in forms(value) {
                let number = self.values.len();
                self.values.push(Value::new(&form));
                self.add_pattern(number, Form::Raw, &mut head);
            }
        }
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
        true
    }
}

/// Shows nothing, not even how many there are.
impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masks(***)")
    }
}
