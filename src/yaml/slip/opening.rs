//! Quotes and brackets: what isn't closed is told where it opens.

use std::ops::Range;

use super::Slip;
use super::indentation::{behind_dashes, key};
use super::scene::Scene;
use crate::source::{Span, printable};

/// The bracket that closes another.
pub(super) fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

impl Scene<'_> {
    /// The quote that opens at an offset and isn't closed.
    pub(super) fn unclosed_quote(&self, open: usize) -> Slip {
        let quote = &self.text[open..=open];
        let line = self.value(open..self.line(open).end);
        let remedy = match self.shown(line) {
            Some(text) if text.len() > 1 && !text[1..].contains(quote) => {
                format!("close it: `{}{quote}`", printable(text))
            }
            _ => format!("close it with `{quote}` where the text ends"),
        };
        Slip::new(format!("the quote `{quote}` isn't closed"), Span::new(open, open + 1), "opens here", remedy)
    }

    /// Something stands behind a quoted text. Where that text goes over lines that look like others' keys, it was to end
    /// before them.
    pub(super) fn behind_quote(&self) -> Option<Slip> {
        let token = self.quoted_before()?;
        let first = self.line(token.start);
        let mut within = self.lines_below(&first).take_while(|line| line.start < token.end);
        let is_structure = |line: &Range<usize>| {
            let content = self.text[line.clone()].trim_start();
            content.starts_with("- ") || key(content).is_some()
        };
        if within.any(|line| is_structure(&line)) {
            let label = "the text goes on to this quote";
            return Some(self.unclosed_quote(token.start).and(Span::new(token.end - 1, token.end), label));
        }
        let quote = &self.text[token.start..=token.start];
        let value = self.value(token.start..self.line(self.at).end);
        let remedy = match self.shown(value).map(|text| requoted(text, quote)) {
            Some(text) => format!("write `{}`", printable(&text)),
            None if quote == "'" => "double each `'` within the text".to_owned(),
            None => "write `\\\"` for each `\"` within the text".to_owned(),
        };
        let message = format!("more text behind the closing `{quote}`");
        Some(Slip::new(message, self.character(), "the quoted text has ended", remedy))
    }

    /// An escape that YAML doesn't know. The parser tells where the text opens.
    pub(super) fn escape(&self) -> Slip {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        let is_known = |at: usize| b"0abt\tnvfre \"/\\N_LPxuU\n\r".contains(&bytes[at + 1]);
        while at + 1 < bytes.len() && (bytes[at] != b'\\' || is_known(at)) {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        let width = self.text.get(at + 1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = if width == 0 { self.character() } else { Span::new(at, at + 1 + width) };
        let remedy = "write `\\\\` for a backslash, or use single quotes, where a backslash is only that";
        Slip::new("an unknown escape in double quotes", span, "", remedy)
    }

    /// The last quoted text before the error.
    fn quoted_before(&self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let (mut at, mut found) = (self.last, None);
        while at < self.at {
            let begins = at == 0 || bytes[at - 1].is_ascii_whitespace() || b"[{,:-".contains(&bytes[at - 1]);
            match bytes[at] {
                b'#' if begins => at = self.line(at).end.max(at + 1),
                quote @ (b'"' | b'\'') if begins => {
                    let end = at + 1 + closing_quote(&bytes[at + 1..], quote)?;
                    found = Some(at..end + 1);
                    at = end + 1;
                }
                _ => at += 1,
            }
        }
        found.filter(|token| token.end <= self.at)
    }

    /// The bracket that opens at an offset and isn't closed.
    pub(super) fn unclosed_bracket(&self, open: usize) -> Slip {
        let bracket = self.text[open..].chars().next().unwrap_or('[');
        let remedy = format!("close it with `{}` where its last entry ends", closing(bracket));
        Slip::new(format!("the bracket `{bracket}` isn't closed"), Span::new(open, open + 1), "opens here", remedy)
    }

    /// More text behind the bracket that closes a value, which was to be a text as a whole.
    pub(super) fn behind_bracket(&self) -> Option<Slip> {
        let line = self.line(self.at);
        let (_, content) = behind_dashes(self.text[line.clone()].trim_start());
        let start = line.end - content.len() + key(content)?.len() + 1;
        let value = self.value(start..line.end);
        let start = value.end - self.text[value.clone()].trim_start().len();
        let before = self.text.get(start..self.at)?.trim_end();
        let bracket = before.chars().last().filter(|last| [']', '}'].contains(last))?;
        if !before.starts_with(['[', '{']) {
            return None;
        }
        let remedy = match self.shown(start..value.end) {
            Some(text) => format!("put all of it in quotes: `'{}'`", printable(&text.replace('\'', "''"))),
            None => "put all of it in quotes".to_owned(),
        };
        Some(Slip::new(format!("more text behind the closing `{bracket}`"), self.character(), "", remedy))
    }

    /// An expression of GitHub's within brackets: its own ones open and close collections.
    pub(super) fn expression(&self) -> Option<Slip> {
        let line = self.line(self.at);
        let openings = self.text[line.clone()].match_indices("${{").map(|(at, _)| line.start + at);
        let open = openings.take_while(|open| *open <= self.at).last()?;
        let end = open + self.text[open..line.end].find("}}")? + 2;
        if self.text[..open].ends_with(['\'', '"']) || self.at > end {
            return None;
        }
        let remedy = match self.shown(open..end) {
            Some(text) => format!("write `'{}'`", printable(&text.replace('\'', "''"))),
            None => "put it in quotes".to_owned(),
        };
        Some(Slip::new("`${{ … }}` within brackets needs quotes", Span::new(open, end), "", remedy))
    }

    /// The innermost open bracket, where a line after it stands no deeper than the bracket's own and closes nothing: there
    /// the collection was to have ended.
    pub(super) fn open_bracket(&self) -> Option<Slip> {
        let open = self.tree.nodes().filter(|&id| self.is_flow(id) && self.tree.next(id) == 0).last()?;
        let open = self.tree.nodes[open.index()].span.start as usize;
        let line = self.line(open);
        let mut below = self.lines_below(&line).take_while(|below| below.start <= self.at);
        let outside = below.find(|below| {
            let content = self.text[below.clone()].trim_start();
            let is_entry = !content.is_empty() && !content.starts_with([']', '}', '#', ',']);
            is_entry && self.indent(below) <= self.indent(&line)
        })?;
        let at = outside.start + self.indent(&outside);
        Some(self.unclosed_bracket(open).and(Span::new(at, outside.end), "before this line"))
    }
}

/// Where a quoted text ends, from behind its opening quote on.
fn closing_quote(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 2,
            byte if byte == quote && quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// A text with quotes inside, so that they are part of it.
fn requoted(text: &str, quote: &str) -> String {
    let inner = text[1..].strip_suffix(quote).filter(|_| text.len() > 1);
    match inner {
        Some(inner) if quote == "'" => format!("'{}'", inner.replace("''", "'").replace('\'', "''")),
        Some(inner) if !inner.contains(['\'', '\\']) => format!("'{inner}'"),
        Some(inner) => format!("\"{}\"", inner.replace("\\\"", "\"").replace('"', "\\\"")),
        None => format!("'{}'", text.replace('\'', "''")),
    }
}
