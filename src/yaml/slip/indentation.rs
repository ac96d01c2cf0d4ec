//! Lines at the wrong indentation: a key too deep, a dash beside its list, a text that ends before its time.

use std::ops::Range;

use super::Slip;
use super::scene::{Level, Scene};
use crate::source::{Span, printable};
use crate::yaml::tree::{Kind, Style};

/// The key that a line begins with.
pub(super) fn key(content: &str) -> Option<&str> {
    let end =
        content.match_indices(':').find(|(at, _)| content[at + 1..].chars().next().is_none_or(char::is_whitespace));
    let key = &content[..end?.0];
    let is_word = !key.is_empty() && !key.contains(char::is_whitespace) && !key.starts_with(['#', '{', '[', '-', '?']);
    is_word.then_some(key)
}

/// What stands behind the dashes of a line, and how far from its start.
pub(super) fn behind_dashes(content: &str) -> (usize, &str) {
    let mut rest = content;
    while let Some(behind) = rest.strip_prefix('-').filter(|behind| behind.is_empty() || behind.starts_with(' ')) {
        rest = behind.trim_start_matches(' ');
    }
    (content.len() - rest.len(), rest)
}

fn spaces(count: usize) -> String {
    match count {
        0 => "not at all".to_owned(),
        1 => "by 1 space".to_owned(),
        count => format!("by {count} spaces"),
    }
}

impl Scene<'_> {
    /// A `:` where no key can be: within a text, or behind a key that stands too deep and goes on the text above.
    pub(super) fn colon(&self) -> Option<Slip> {
        let line = self.line(self.at);
        let start = line.start + self.indent(&line);
        let (dashes, content) = behind_dashes(&self.text[start..line.end]);
        let begins = start + dashes;
        let first = key(content)?;
        if begins + first.len() == self.at {
            return self.too_deep(&line, begins..self.at);
        }
        // `run: a: b`
        let value = self.value(begins + first.len() + 1..line.end);
        let text = self.text[value.clone()].trim_start();
        let value = value.end - text.len()..value.end;
        let is_plain = !text.starts_with(['"', '\'', '[', '{', '|', '>', '&', '*', '!']);
        let remedy = match self.shown(value).filter(|_| is_plain) {
            Some(text) => format!("write `{}: '{}'`", printable(first), printable(&text.replace('\'', "''"))),
            None => "put quotes around a text that holds `: `".to_owned(),
        };
        Some(Slip::new("a `: ` within a text without quotes", self.character(), "", remedy))
    }

    /// A key that the text of the line above goes on to.
    fn too_deep(&self, line: &Range<usize>, name: Range<usize>) -> Option<Slip> {
        let above = self.line_above(line)?;
        let start = above.start + self.indent(&above);
        let (dashes, content) = behind_dashes(&self.text[start..above.end]);
        let begins = start + dashes;
        if key(content).is_none() && begins - above.start == name.start - line.start {
            return Some(self.without_colon(begins..above.end));
        }
        self.misaligned(Span::new(name.start, name.end), name.start - line.start, false)
    }

    /// A line that can't stand where it does.
    pub(super) fn misplaced_line(&self) -> Option<Slip> {
        let line = self.line(self.at);
        let column = self.indent(&line);
        let start = line.start + column;
        // The text of a key that has none yet would stand before it.
        if self.text[start..self.at.max(start)].contains(": ") {
            return None;
        }
        let content = &self.text[start..line.end];
        let is_dash = content == "-" || content.starts_with("- ");
        let name = key(content).filter(|_| !is_dash);
        if let Some(slip) = self.outside_block(&line, start, is_dash || name.is_some()) {
            return Some(slip);
        }
        match name {
            Some(name) => self.misaligned(Span::new(start, start + name.len()), column, false),
            None if is_dash => self.misaligned(Span::new(start, start + 1), column, true),
            None => Some(self.without_colon(start..line.end)),
        }
    }

    /// A line that ends the text of a block and was to be one of its lines.
    fn outside_block(&self, line: &Range<usize>, start: usize, is_structure: bool) -> Option<Slip> {
        let block = self.tree.nodes().last().filter(|&id| self.tree.kind(id) == Kind::Scalar(Style::Block))?;
        let span = self.tree.span(block);
        if !self.text[span.range().end.min(start)..line.start.max(span.range().end)].trim().is_empty() {
            return None;
        }
        let column = start - line.start;
        let level = self.levels().into_iter().find(|level| !level.is_dash).map_or(0, |level| level.column);
        if is_structure && column <= level {
            return None;
        }
        let header = self.line(span.start as usize);
        let mut lines = self.lines_below(&header).filter(|line| !self.text[line.clone()].trim().is_empty());
        let wanted = lines.next().map(|first| self.indent(&first)).filter(|&wanted| wanted > column)?;
        let remedy = format!("indent it {}, as the text above, if it belongs to it", spaces(wanted));
        let header = Span::new(span.start as usize, span.start as usize + 1);
        let slip = Slip::new(
            "a line that stands less deep than the text that it follows",
            Span::new(start, line.end),
            "ends the text",
            remedy,
        );
        Some(slip.and(header, "the text begins here"))
    }

    /// A key or dash that no collection has at this column.
    fn misaligned(&self, span: Span, column: usize, is_dash: bool) -> Option<Slip> {
        let levels = self.levels();
        let distance = |level: &&Level| (level.column.abs_diff(column), level.column < column);
        let Some(near) = levels.iter().filter(|level| level.is_dash == is_dash).min_by_key(distance) else {
            let other = levels.first()?;
            let (message, remedy) = if is_dash {
                ("a `-` among the keys of a mapping", "put the list below a key of its own, or delete the `-`")
            } else {
                ("a key among the items of a list", "begin it with `- `, or align it with the key above the list")
            };
            return Some(Slip::new(message, span, "", remedy).and(other.span, "begins here"));
        };
        let what = if is_dash { "the `-`".to_owned() } else { self.named(span) };
        let beside = if is_dash { "the `-`".to_owned() } else { self.named(near.span) };
        let how = if levels.iter().all(|level| level.column < column) { "indented too deep" } else { "not aligned" };
        let message = format!("{what} is {how}");
        let number = self.number(near.span.start as usize);
        let remedy = format!("indent it {}, as {beside} in line {number}", spaces(near.column));
        Some(Slip::new(message, span, "", remedy).and(near.span, "align it with this"))
    }

    /// A key for a message. Files that may hold secrets have keys that are none, and texts that look like keys.
    fn named(&self, span: Span) -> String {
        match self.shown(span.range()) {
            Some(name) => format!("`{}`", printable(name)),
            None => "the key".to_owned(),
        }
    }

    /// The text of a `|` or `>` that stands no deeper than its key.
    fn beside_header(&self, start: usize) -> Option<Slip> {
        let mut line = self.line(start);
        let (column, end) = (start - line.start, line.end);
        loop {
            line = self.line_above(&line)?;
            let begins = line.start + self.indent(&line);
            let (dashes, content) = behind_dashes(&self.text[begins..line.end]);
            let Some(name) = key(content) else { continue };
            let value = content[name.len() + 1..].trim();
            if !value.starts_with(['|', '>']) || begins + dashes - line.start < column {
                return None;
            }
            let name = begins + dashes..begins + dashes + name.len();
            let header = name.start + content.len() - content[name.len() + 1..].trim_start().len();
            let what = self
                .shown(name.start..header + 1)
                .map_or("the key".to_owned(), |text| format!("`{}`", printable(text)));
            let message = format!("the text of {what} must stand deeper than the key");
            let remedy = format!("indent it {} at least", spaces(name.start - line.start + 1));
            let slip = Slip::new(message, Span::new(start, end), "", remedy);
            return Some(slip.and(Span::new(header, header + 1), "the text begins here"));
        }
    }

    /// A text in the place of a key and its value.
    fn without_colon(&self, range: Range<usize>) -> Slip {
        if let Some(slip) = self.beside_header(range.start) {
            return slip;
        }
        let range = self.value(range);
        let span = Span::new(range.start, range.end);
        let words =
            self.shown(range).and_then(|text| text.split_once(' ')).filter(|(word, _)| !word.contains(['"', '\'']));
        let remedy = match words {
            Some((word, rest)) => {
                format!("write `{}: {}`, if it is a key and its value", printable(word), printable(rest.trim()))
            }
            None => "write it as `KEY: VALUE`, or indent it deeper than the key whose text it belongs to".to_owned(),
        };
        Slip::new("a line without `: ` in the place of a key and its value", span, "", remedy)
    }
}
