//! What a script expands: `$NAME`, `${NAME…}`, `$(…)`, `$((…))`, and what is in them.

use std::ops::Range;

use super::{MAX_DEPTH, Reading, Scan};

/// Where the text that is looked at ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With the word.
    Word,
    /// At the `}` of an expansion.
    Brace,
    /// At the `]` of an index.
    Bracket,
    /// With all there is: a here-document.
    Document,
}

/// The length of `$NAME` or `${NAME}` at the beginning of a text, or of `${NAME` where something follows, and where the
/// name stands in it. For another `$` the name is empty.
pub(in crate::workflow) fn head(text: &str) -> (usize, Range<usize>) {
    let inner = text[1..].strip_prefix('{');
    let rest = inner.unwrap_or(&text[1..]);
    let length = |text: &str| text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let Some(inner) = inner else { return (1 + length(rest), 1..1 + length(rest)) };
    // `${#NAME}` and `${!NAME}`.
    let sign = usize::from(inner.starts_with(['#', '!']) && length(&inner[1..]) > 0);
    let name = 2 + sign..2 + sign + length(&inner[sign..]);
    let is_closed = text[name.end..].starts_with('}');
    (name.end + usize::from(is_closed && !name.is_empty()), name)
}

impl Scan<'_> {
    /// A text with expansions, up to its end; gives whether a credential is in it.
    pub(super) fn expansions(&mut self, depth: usize, program: Option<&str>, end: End, is_quoted: bool) -> bool {
        let (mut quoted, mut carries) = (is_quoted, false);
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.at += 2,
                b'\'' if !quoted => self.at += self.quoted_length(1),
                b'$' if !quoted && self.sees("$'") => self.at += self.quoted_length(2),
                b'"' if end != End::Document => {
                    quoted = !quoted;
                    self.at += 1;
                }
                b'`' if self.in_backticks => break,
                b'`' if depth < MAX_DEPTH => {
                    self.at += 1;
                    self.nested(depth, true);
                    self.at += 1;
                }
                b'$' => carries |= self.expansion(depth, program, quoted),
                b'}' if end == End::Brace && quoted == is_quoted => break,
                b']' if end == End::Bracket && quoted == is_quoted => break,
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
                    if end == End::Word && !quoted =>
                {
                    break;
                }
                _ => self.at += 1,
            }
            self.at = self.at.min(self.text.len());
        }
        carries
    }

    /// The length of `'…'`, or of `$'…'`, in which `\` escapes.
    fn quoted_length(&self, opening: usize) -> usize {
        let inner = self.text.as_bytes().get(self.at + opening..).unwrap_or_default();
        let mut at = 0;
        while at < inner.len() && inner[at] != b'\'' {
            at += 1 + usize::from(opening > 1 && inner[at] == b'\\');
        }
        opening + at + 1
    }

    /// What begins with `$`; gives whether it is a credential, or has one in it.
    fn expansion(&mut self, depth: usize, program: Option<&str>, quoted: bool) -> bool {
        if self.sees("$((") {
            self.at += 3;
            return depth < MAX_DEPTH && self.arithmetic(depth + 1, program);
        }
        if self.sees("$(") {
            self.at += 2;
            self.nested(depth, false);
            return false;
        }
        let (start, text) = (self.at, self.text);
        let (length, name) = head(&text[start..]);
        let name = start + name.start..start + name.end;
        self.at += length;
        if !text[start..].starts_with("${") {
            // `$$NAME` is a number and a name.
            self.at += usize::from(self.sees("$") && name.is_empty());
            return self.read(name, start..start + length, Reading::Plain, program);
        }
        if name.is_empty() {
            // `${@…}`, `${?…}`
            self.at += 1;
            self.at += usize::from(self.peek().is_some_and(|byte| byte.is_ascii() && byte != b'}'));
        } else if text[..self.at].ends_with('}') {
            let reading = if name.start == start + 2 { Reading::Plain } else { Reading::Length };
            return self.read(name, start..self.at, reading, program);
        }
        if depth >= MAX_DEPTH {
            return false;
        }
        let range = start..self.at;
        let mut carries = false;
        if self.sees("[") {
            self.at += 1;
            carries |= self.expansions(depth + 1, program, End::Bracket, quoted);
            self.at = (self.at + 1).min(text.len());
        }
        let rest = text.get(self.at..).unwrap_or_default();
        let operator = rest.strip_prefix(':').unwrap_or(rest).bytes().next().unwrap_or_default();
        let reading = match operator {
            b'-' | b'=' => Reading::Replaced,
            b'+' => Reading::Tested,
            _ => Reading::Plain,
        };
        carries |= self.read(name.clone(), range, reading, program);
        // In quotes, a quote in a pattern quotes again, and one in a word doesn't.
        let quoted = quoted && b"-=+?".contains(&operator);
        carries |= self.expansions(depth + 1, program, End::Brace, quoted);
        self.at = (self.at + 1).min(text.len());
        if operator == b'=' {
            self.set(&text[name]);
        }
        carries
    }

    /// What stands between `((` and `))`: names there are variables without a `$`.
    pub(super) fn arithmetic(&mut self, depth: usize, program: Option<&str>) -> bool {
        let (mut open, mut carries) = (0, false);
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => {
                    open += 1;
                    self.at += 1;
                }
                b')' if open == 0 => {
                    self.at += 1 + usize::from(self.sees("))"));
                    break;
                }
                b')' => {
                    open -= 1;
                    self.at += 1;
                }
                b'`' if self.in_backticks => break,
                b'$' => carries |= self.expansion(depth, program, true),
                b'\\' => self.at += 2,
                _ if byte.is_ascii_alphanumeric() || byte == b'_' => self.operand(byte),
                _ => self.at += 1,
            }
            self.at = self.at.min(self.text.len());
        }
        carries
    }

    /// A name or number of an arithmetic expression.
    fn operand(&mut self, first: u8) {
        let text = self.text;
        let start = self.at;
        let rest = &text[start..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        self.at += length;
        if first.is_ascii_digit() {
            return;
        }
        let after = rest[length..].trim_start_matches(' ');
        if after.starts_with('=') && !after.starts_with("==") {
            self.set(&rest[..length]);
        } else {
            self.read(start..self.at, start..self.at, Reading::Plain, None);
        }
    }
}
