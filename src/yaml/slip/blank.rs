//! Blanks that aren't YAML's: tabs in the indentation, and spaces that are letters to YAML.

use granit_parser::ErrorKind;

use super::Slip;
use super::scene::Scene;
use crate::source::{Source, Span};

/// The first character that looks like a blank, or like nothing, and is a letter to YAML. Within a text it is one of
/// it; what counts is where it stands in the place of a blank: at an end, or behind a `-` or `:`.
pub(in crate::yaml) fn hidden_blank(text: &str) -> Option<(usize, &'static str)> {
    let edge = |at: usize, character: char| {
        let (before, after) = (&text[..at], &text[at + character.len_utf8()..]);
        let blank = |character: char| character.is_whitespace() || name(character).is_some();
        before.chars().all(blank) || after.chars().all(blank) || before.ends_with([':', '-'])
    };
    let mut found = text.char_indices().filter(|(_, character)| !character.is_ascii());
    found.find_map(|(at, character)| name(character).filter(|_| edge(at, character)).map(|name| (at, name)))
}

fn name(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{a0}' => "a no-break space (U+00A0)",
        '\u{202f}' => "a narrow no-break space (U+202F)",
        '\u{2007}' => "a figure space (U+2007)",
        '\u{3000}' => "an ideographic space (U+3000)",
        '\u{200b}' => "a zero-width space (U+200B)",
        '\u{2060}' => "a word joiner (U+2060)",
        '\u{feff}' => "a byte-order mark (U+FEFF)",
        '\u{2000}'..='\u{200a}' | '\u{205f}' | '\u{1680}' => "a space that isn't U+0020",
        _ => return None,
    })
}

impl Slip {
    /// That a blank is none.
    pub(in crate::yaml) fn hidden_blank(source: &Source, at: usize, name: &str) -> Self {
        let width = source.text()[at..].chars().next().map_or(1, char::len_utf8);
        let remedy = "replace it with an ordinary space, or delete it";
        Self::new(format!("{name} where YAML takes only ordinary spaces"), Span::new(at, at + width), "here", remedy)
    }
}

impl Scene<'_> {
    /// A tab in the place of indentation.
    pub(super) fn tab(&self, kind: &ErrorKind) -> Option<Slip> {
        let is_tab = matches!(
            kind,
            ErrorKind::TabNotAllowed
                | ErrorKind::TabInBlockIndentation
                | ErrorKind::TabInIndentation
                | ErrorKind::TabAtBlockScalarStart
                | ErrorKind::TabInPlainScalar
        );
        if !is_tab {
            return None;
        }
        // The parser stops behind the tab, or at the text that a line with the tab was to go on.
        let line = self.line(self.at);
        let mut lines = std::iter::once(line.clone()).chain(self.lines_below(&line));
        let at = lines.find_map(|line| {
            let text = &self.text[line.clone()];
            let blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
            text[..blanks].find('\t').map(|tab| line.start + tab)
        });
        let at = at.or_else(|| self.text[line.start..].find('\t').map(|tab| line.start + tab))?;
        let tabs = self.text[at..].bytes().take_while(|&byte| byte == b'\t').count();
        let remedy = "indent with spaces; YAML takes no tabs there";
        Some(Slip::new("a tab in the indentation", Span::new(at, at + tabs), "", remedy))
    }

    /// A blank that is none in the line of the error, or in the one before.
    pub(super) fn hidden_blank(&self) -> Option<Slip> {
        let line = self.line(self.at);
        let above = self.line_above(&line);
        let found = [Some(line), above]
            .into_iter()
            .flatten()
            .find_map(|line| hidden_blank(&self.text[line.clone()]).map(|(at, name)| (line.start + at, name)));
        let (at, name) = found?;
        Some(Slip::hidden_blank(self.source(), at, name))
    }
}
