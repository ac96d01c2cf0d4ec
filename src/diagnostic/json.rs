//! Complaints for programs: one JSON array.

use std::borrow::Cow;

use serde::Serialize;

use super::{Diagnostics, Label};
use crate::source::Location;

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
    file: Cow<'d, str>,
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
            places: diagnostic.labels.iter().map(place).collect(),
            help: diagnostic.help.as_deref(),
        })
        .collect();
    let mut out = serde_json::to_string_pretty(&entries).expect("internal error: entries are plain JSON");
    out.push('\n');
    out
}

/// What has no lines is a line of its own.
fn place(label: &Label) -> Place<'_> {
    let location = label.source.locate(label.span.start);
    let (file, line, column) = match location {
        Location::File { name, place } => (Cow::Borrowed(name), place.line, place.column),
        Location::Variable(_) | Location::Place(_) => (Cow::Owned(location.to_string()), 1, 1),
    };
    Place { file, line, column, text: &label.text }
}
