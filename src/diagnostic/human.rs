//! Complaints for people: the line, carets under what is wrong, and help.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{Code, Diagnostic, Diagnostics, Label, Severity, printable};
use crate::source::Location;

/// How many places of one complaint are shown.
const MAX_LABELS: usize = 8;

/// The longest part of a line that is shown, in characters; the rest is `…`.
const MAX_WIDTH: usize = 120;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Bytes for a file or a pipe.
    Plain,
    /// ANSI colours for a terminal.
    Colour,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// All complaints, one after the other, with an empty line between them; those that are a line each stand together.
pub fn write(diagnostics: &Diagnostics, style: Style) -> String {
    let mut out = String::new();
    let mut before = None;
    for diagnostic in diagnostics {
        let is_line = is_line(diagnostic);
        if before.is_some_and(|before| !(before && is_line)) {
            out.push('\n');
        }
        before = Some(is_line);
        one(&mut out, diagnostic, style);
    }
    out
}

/// Whether a complaint is told in one line: what a run refuses of a file of GitHub's is known there, and much.
fn is_line(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == Code::CannotRun
}

fn one(out: &mut String, diagnostic: &Diagnostic, style: Style) {
    let colour = match diagnostic.severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
    };
    let head = format!("{}[{}]", diagnostic.severity.as_str(), diagnostic.code.as_str());
    let message = printable(&diagnostic.message);
    if is_line(diagnostic) {
        let place = diagnostic.labels.first().map_or_else(String::new, |label| {
            format!("{}: ", printable(&label.source.locate(label.span.start).to_string()))
        });
        let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("; {}", printable(help)));
        let _ = writeln!(out, "{}: {place}{}{help}", style.paint(colour, &head), style.paint("1", &message));
        return;
    }
    let _ = writeln!(out, "{}: {}", style.paint(colour, &head), style.paint("1", &message));
    let shown = &diagnostic.labels[..diagnostic.labels.len().min(MAX_LABELS)];
    let margin = shown.iter().map(|label| line_number(label).len()).max().unwrap_or(1);
    for label in shown {
        snippet(out, label, margin, colour, style);
    }
    let hidden = diagnostic.labels.len() - shown.len();
    if hidden > 0 {
        let _ = writeln!(out, "{:margin$} = and at {hidden} more places", "");
    }
    if let Some(help) = &diagnostic.help {
        for (index, line) in help.lines().enumerate() {
            let lead = if index == 0 { "= help:" } else { "       " };
            let lead = style.paint("1;34", lead);
            let _ = writeln!(out, "{:margin$} {lead} {}", "", printable(line));
        }
    }
}

fn snippet(out: &mut String, label: &Label, margin: usize, colour: &str, style: Style) {
    let source = &label.source;
    let location = source.locate(label.span.start).to_string();
    let arrow = style.paint("1;34", "-->");
    let _ = writeln!(out, "{:margin$}{arrow} {}", "", printable(&location));
    let bar = style.paint("1;34", "|");
    if source.is_private() || source.text().is_empty() {
        if !label.text.is_empty() {
            let _ = writeln!(out, "{:margin$} {bar} {}", "", printable(&label.text));
        }
        return;
    }
    let line = source.line_at(label.span.start).range();
    let start = (label.span.start as usize).clamp(line.start, line.end);
    let end = (label.span.end as usize).clamp(start, line.end);
    let text = source.text();
    let (before, marked, after) = window(&text[line.start..start], &text[start..end], &text[end..line.end]);
    let number = style.paint("1;34", &format!("{:>margin$} |", line_number(label)));
    let text = format!("{before}{marked}{after}");
    let _ = writeln!(out, "{:margin$} {bar}", "");
    let _ = writeln!(out, "{number} {}", text.trim_end());
    let carets = "^".repeat(marked.width().max(1));
    let words = format!("{carets} {}", printable(&label.text));
    let _ = writeln!(
        out,
        "{:margin$} {bar} {:indent$}{}",
        "",
        "",
        style.paint(colour, words.trim_end()),
        indent = before.width()
    );
}

/// The number of a label's line; a blank where nobody knows lines.
fn line_number(label: &Label) -> String {
    match label.source.locate(label.span.start) {
        Location::Place(_) => " ".to_owned(),
        Location::File { .. } | Location::Variable(_) => label.source.place(label.span.start).line.to_string(),
    }
}

/// The parts of a line before, in and behind what is marked, printable, and cut where they would not fit. Looks at no
/// more of a long line than it shows.
fn window(before: &str, marked: &str, after: &str) -> (String, String, String) {
    let (shown, more_marked) = first(marked, MAX_WIDTH);
    let room = MAX_WIDTH - shown.chars().count();
    let fits = before.chars().chain(after.chars()).nth(room).is_none();
    let width = if fits || before.chars().nth(room / 2).is_none() { room } else { room / 4 };
    let (left, more_left) = last(before, width);
    let (right, more_right) = first(after, room - left.chars().count());
    let cut = |more: bool| if more { "…" } else { "" };
    let left = format!("{}{}", cut(more_left), printable(left));
    let right = format!("{}{}", printable(if more_marked { "" } else { right }), cut(more_right || more_marked));
    (left, printable(shown), right)
}

/// The first characters of a text, and whether there are more.
fn first(text: &str, count: usize) -> (&str, bool) {
    let end = text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    (&text[..end], end < text.len())
}

/// The last characters of a text, and whether there are more.
fn last(text: &str, count: usize) -> (&str, bool) {
    if count == 0 {
        return ("", !text.is_empty());
    }
    let start = text.char_indices().rev().nth(count - 1).map_or(0, |(at, _)| at);
    (&text[start..], start > 0)
}

/// `1 secret`, `2 secrets`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
