//! Patterns: the rows of characters by which a value is found in a track. They are made from the value as they are
//! compared, and take no memory of their own.

use zeroize::Zeroize;

use super::value::{LEAST, Value, is_pattern};

/// What a pattern makes of its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// Its skeleton.
    Text,
    /// Its letters and digits undecoded.
    Literal,
    /// Digits of base64 with so many bytes before it, but for those that other bytes have a part in.
    Base64(u8),
    /// Hexadecimal digits, upper case or lower.
    Hex(bool),
    /// Its letters and digits where each character has a backslash: all but those that are an escape then.
    Escaped,
    /// Its skeleton with one of its own units undecoded, because something stands within it.
    Split(u8),
    /// The bytes themselves.
    Raw,
}

/// A match of a text is decided after so many characters.
pub(super) const HEAD: usize = 256;

/// A match of digits is decided after so many.
const DIGITS: usize = 96;

/// How many characters at a pattern's beginning may be part of a unit that began before it.
pub(super) const EATEN: usize = 5;

/// So many characters are compared together.
const BLOCK: usize = 32;

/// A pattern of a value.
pub(super) struct Pattern {
    /// Which value's.
    pub(super) value: usize,
    pub(super) form: Form,
    /// How many characters there are.
    pub(super) length: usize,
    /// By bits: how many of its characters may be part of a unit that began before it.
    pub(super) eaten: u8,
    /// How its beginning repeats itself, if it does.
    pub(super) period: Option<Box<Period>>,
}

/// How a pattern's beginning repeats itself.
pub(super) struct Period {
    /// After so many characters.
    pub(super) length: usize,
    /// How many characters the repetition has.
    pub(super) run: usize,
    /// The character with which it would go on.
    pub(super) next: u8,
    /// The place in the value behind the one that has that character.
    pub(super) resume: usize,
}

impl Form {
    /// Whether it writes a value's bytes as digits.
    fn is_digits(self) -> bool {
        matches!(self, Self::Base64(_) | Self::Hex(_))
    }

    /// A match is decided after so many characters.
    fn head(self) -> usize {
        match self {
            Self::Text | Self::Literal | Self::Escaped | Self::Split(_) | Self::Raw => HEAD,
            Self::Base64(_) | Self::Hex(_) => DIGITS,
        }
    }

    /// The character at a place, and the place moves on. A place is a character's number, or a digit's.
    #[inline]
    pub(super) fn next(self, value: &Value, place: &mut usize) -> Option<u8> {
        let bytes = &value.bytes;
        loop {
            let at = *place;
            *place += 1;
            return match self {
                Self::Text => value.text.get(at).copied(),
                Self::Literal => value.literal.get(at).copied(),
                Self::Raw => bytes.get(at).copied(),
                Self::Escaped => match *bytes.get(at)? {
                    byte if is_escaped(byte) => Some(byte),
                    _ => continue,
                },
                Self::Split(number) => {
                    let own = &value.units[usize::from(number)];
                    match at.checked_sub(own.at) {
                        None => value.text.get(at).copied(),
                        Some(at) if at < own.literal.len() => Some(own.literal[at]),
                        Some(_) => value.text.get(at + own.decoded - own.literal.len()).copied(),
                    }
                }
                Self::Hex(is_upper) => {
                    let byte = *bytes.get(at / 2)?;
                    let digit = usize::from(if at.is_multiple_of(2) { byte >> 4 } else { byte & 15 });
                    Some(if is_upper { b"0123456789ABCDEF"[digit] } else { b"0123456789abcdef"[digit] })
                }
                Self::Base64(before) => {
                    let before = 8 * usize::from(before);
                    let bit = 6 * (at + before.div_ceil(6)) - before;
                    if bit + 6 > 8 * bytes.len() {
                        return None;
                    }
                    let low = bytes.get(bit / 8 + 1).copied().unwrap_or_default();
                    let word = u16::from_be_bytes([bytes[bit / 8], low]);
                    let digit = usize::from(word >> (10 - bit % 8) & 63);
                    // Two digits differ between the alphabets and are no letters.
                    let Some(digit) = ALPHABET.get(digit) else { continue };
                    Some(*digit)
                }
            };
        }
    }

    /// How many characters agree with its own from a place on, which moves on by them.
    pub(super) fn agreeing(self, value: &Value, place: &mut usize, chars: &[u8]) -> usize {
        let own = match self {
            Self::Text => &value.text,
            Self::Literal => &value.literal,
            Self::Raw => &value.bytes,
            Self::Base64(_) | Self::Hex(_) | Self::Escaped | Self::Split(_) => {
                let is_next = |byte: &&u8| {
                    let mut behind = *place;
                    let is_next = self.next(value, &mut behind) == Some(**byte);
                    if is_next {
                        *place = behind;
                    }
                    is_next
                };
                return chars.iter().take_while(is_next).count();
            }
        };
        let count = common(&own[*place..], chars);
        *place += count;
        count
    }

    /// Its characters.
    pub(super) fn chars(self, value: &Value) -> impl Iterator<Item = u8> {
        let mut place = 0;
        std::iter::from_fn(move || self.next(value, &mut place))
    }
}

/// How many characters two rows begin with in common.
pub(super) fn common(one: &[u8], other: &[u8]) -> usize {
    let count = one.len().min(other.len());
    let mut at = 0;
    while at + BLOCK <= count && one[at..at + BLOCK] == other[at..at + BLOCK] {
        at += BLOCK;
    }
    at + one[at..].iter().zip(&other[at..]).take_while(|(a, b)| a == b).count()
}

/// Whether a backslash leaves a letter or digit what it is.
pub(super) fn is_escaped(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() && !b"abeEfnrtv01234567".contains(&byte)
}

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Pattern {
    /// A pattern, and its head; nothing if it isn't worth looking for.
    pub(super) fn new(number: usize, value: &Value, form: Form, head: &mut Vec<u8>) -> Option<Self> {
        head.zeroize();
        head.extend(form.chars(value).take(form.head()));
        // Few digits may say what has different characters enough.
        let is_varied = || form.is_digits() && head.len() >= LEAST && is_pattern(&value.text);
        if form != Form::Raw && !is_pattern(head) && !is_varied() {
            return None;
        }
        let length = match form {
            Form::Text => value.text.len(),
            Form::Literal => value.literal.len(),
            Form::Raw => value.bytes.len(),
            Form::Hex(_) => 2 * value.bytes.len(),
            _ if head.len() < form.head() => head.len(),
            Form::Base64(_) | Form::Escaped | Form::Split(_) => form.chars(value).count(),
        };
        let eaten = if matches!(form, Form::Raw | Form::Escaped) { 0 } else { eaten(head) };
        Some(Self { value: number, form, length, eaten, period: period(value, form, head, length) })
    }

    /// Its first characters, of which units may swallow some.
    pub(super) fn first(&self, value: &Value) -> [u8; EATEN] {
        let (mut first, mut place) = ([0; EATEN], 0);
        first.fill_with(|| self.form.next(value, &mut place).unwrap_or_default());
        first
    }

    /// How many characters decide.
    pub(super) fn head(&self) -> usize {
        self.length.min(self.form.head())
    }
}

/// It is a character of a value.
impl Drop for Period {
    fn drop(&mut self) {
        self.next.zeroize();
    }
}

/// Which numbers of characters at a beginning may be digits, or the letter, of a unit that began before.
fn eaten(head: &[u8]) -> u8 {
    // What is left must still have a seed that is looked up.
    let most = head.len() - LEAST;
    let hex = head.iter().take(4.min(most)).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let mut eaten = 0;
    for count in 1..=hex {
        eaten |= 1 << count;
    }
    let are_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    if most >= 1 && b"abeEfnrtv".contains(&head[0]) {
        eaten |= 1 << 1;
    }
    if most >= 3 && head[0] == b'x' && are_hex(&head[1..3]) {
        eaten |= 1 << 3;
    }
    if most >= 5 && head[0] == b'u' && are_hex(&head[1..5]) {
        eaten |= 1 << 5;
    }
    eaten
}

/// How a head repeats itself, if it does at least twice.
fn period(value: &Value, form: Form, head: &[u8], length: usize) -> Option<Box<Period>> {
    // How long a beginning each beginning ends with.
    let mut borders = [0_usize; HEAD + 1];
    let mut border = 0;
    for at in 1..head.len() {
        while border > 0 && head[at] != head[border] {
            border = borders[border];
        }
        border += usize::from(head[at] == head[border]);
        borders[at + 1] = border;
    }
    let period = head.len() - border;
    if 2 * period > head.len() || length <= LEAST {
        return None;
    }
    let (mut lead, mut lag, mut run) = (0, 0, 0);
    while run < period {
        form.next(value, &mut lead);
        run += 1;
    }
    loop {
        let expected = form.next(value, &mut lag).expect("internal error: it lags behind");
        if form.next(value, &mut lead) != Some(expected) {
            return Some(Box::new(Period { length: period, run, next: expected, resume: lag }));
        }
        run += 1;
    }
}
