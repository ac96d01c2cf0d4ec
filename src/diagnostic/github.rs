//! Complaints as GitHub Actions annotations: `::error file=…,line=…::…`.

use std::fmt::Write;

use super::{Diagnostic, Diagnostics, Label, Severity};
use crate::source::{Location, printable};

/// So many annotations of a severity GitHub shows of one step.
const SHOWN: usize = 10;

/// One workflow command a line, as GitHub documents them: each fault at its first place, and then, where a fault has many,
/// as many of its other places as GitHub shows.
pub fn write(diagnostics: &Diagnostics) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        annotation(&mut out, diagnostic, diagnostic.labels.first());
    }
    for severity in [Severity::Error, Severity::Warning] {
        let alike = || diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity);
        let others = alike().flat_map(|diagnostic| other_places(diagnostic).map(move |label| (diagnostic, label)));
        for (diagnostic, label) in others.take(SHOWN.saturating_sub(alike().count())) {
            annotation(&mut out, diagnostic, Some(label));
        }
    }
    out
}

/// The places of the same fault behind the first. One with words of its own is what the first has to do with.
fn other_places(diagnostic: &Diagnostic) -> impl Iterator<Item = &Label> {
    let first = diagnostic.labels.first().map(|label| &label.text);
    diagnostic.labels.iter().skip(1).filter(move |label| Some(&label.text) == first)
}

fn annotation(out: &mut String, diagnostic: &Diagnostic, label: Option<&Label>) {
    let _ = write!(out, "::{} ", diagnostic.severity.as_str());
    let mut message = diagnostic.message.clone();
    match label.map(|label| label.source.locate(label.span.start)) {
        Some(Location::File { name, place }) => {
            let _ = write!(out, "file={},line={},col={},", escape(name, true), place.line, place.column);
        }
        Some(part @ (Location::Variable(_) | Location::Place(_))) => {
            let _ = write!(message, " ({part})");
        }
        None => {}
    }
    if let Some(help) = &diagnostic.help {
        let _ = write!(message, "\n{help}");
    }
    let code = diagnostic.code.as_str();
    // What a provider says may have signs for a terminal.
    let lines: Vec<String> = message.split('\n').map(printable).collect();
    let _ = writeln!(out, "title={code}::{}", escape(&lines.join("\n"), false));
}

/// Escapes as GitHub's toolkit does: properties also lose `:` and `,`.
fn escape(text: &str, property: bool) -> String {
    let mut out = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    if property {
        out = out.replace(':', "%3A").replace(',', "%2C");
    }
    out
}
