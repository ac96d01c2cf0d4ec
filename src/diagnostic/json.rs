//! Complaints for programs: one JSON array.

use serde::Serialize;

use super::Diagnostics;

#[derive(Serialize)]
struct Entry<'d> {
    code: &'static str,
    severity: &'static str,
    message: &'d str,
    places: Vec<Place<'d>>,
    help: Option<&'d str>,
}

#[derive(Serialize)]
struct Place<'d> {
    file: &'d str,
    line: usize,
    column: usize,
    text: &'d str,
}

/// An array of `{code, severity, message, places: [{file, line, column, text}], help}`, with a line break at its end.
pub fn write(diagnostics: &Diagnostics) -> String {
    let entries: Vec<Entry<'_>> = diagnostics
        .iter()
        .map(|diagnostic| Entry {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity.as_str(),
            message: &diagnostic.message,
            places: diagnostic
                .labels
                .iter()
                .map(|label| {
                    let place = label.source.place(label.span.start);
                    Place { file: label.source.name(), line: place.line, column: place.column, text: &label.text }
                })
                .collect(),
            help: diagnostic.help.as_deref(),
        })
        .collect();
    let mut out = serde_json::to_string_pretty(&entries).expect("internal error: entries are plain JSON");
    out.push('\n');
    out
}
