//! Complaints for people: the line, carets under what is wrong, and help.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{Diagnostic, Diagnostics, Label, Severity, printable};

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

/// All complaints, one after the other, with an empty line between them.
pub fn write(diagnostics: &Diagnostics, style: Style) -> String {
    let mut out = String::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        one(&mut out, diagnostic, style);
    }
    out
}

fn one(out: &mut String, diagnostic: &Diagnostic, style: Style) {
    let colour = match diagnostic.severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
    };
    let head = format!("{}[{}]", diagnostic.severity.as_str(), diagnostic.code.as_str());
    let message = printable(&diagnostic.message);
    let _ = writeln!(out, "{}: {}", style.paint(colour, &head), style.paint("1", &message));
    let shown = &diagnostic.labels[..diagnostic.labels.len().min(MAX_LABELS)];
    let margin =
        shown.iter().map(|label| label.source.place(label.span.start).line.to_string().len()).max().unwrap_or(1);
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
    let place = source.place(label.span.start);
    let arrow = style.paint("1;34", "-->");
    let _ = writeln!(out, "{:margin$}{arrow} {}:{place}", "", printable(source.name()));
    let bar = style.paint("1;34", "|");
    if source.is_private() || source.text().is_empty() {
        if !label.text.is_empty() {
            let _ = writeln!(out, "{:margin$} {bar} {}", "", printable(&label.text));
        }
        return;
    }
    let line = source.line_at(label.span.start);
    let (before, marked, after) = window(source.slice(line), place.column - 1, {
        let end = label.span.end.min(line.end).max(label.span.start);
        source.text()[label.span.start as usize..end as usize].chars().count()
    });
    let number = style.paint("1;34", &format!("{:>margin$} |", place.line));
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

/// The part of a line around what is marked, printable, in three pieces.
fn window(line: &str, start: usize, length: usize) -> (String, String, String) {
    let fits = line.chars().nth(MAX_WIDTH).is_none();
    let first = if !fits && start > MAX_WIDTH / 2 { start - MAX_WIDTH / 4 } else { 0 };
    let mut characters = line.chars().skip(first);
    let mut before: String = characters.by_ref().take(start - first).collect();
    let marked: String = characters.by_ref().take(length.min(MAX_WIDTH)).collect();
    let room = MAX_WIDTH.saturating_sub(start - first + length);
    let mut after: String = characters.by_ref().take(room).collect();
    if first > 0 {
        before.insert(0, '…');
    }
    if characters.next().is_some() {
        after.push('…');
    }
    (printable(&before), printable(&marked), printable(&after))
}

/// `1 secret`, `2 secrets`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
