//! Complaints as GitHub Actions annotations: `::error file=…,line=…::…`.

use std::fmt::Write;

use super::Diagnostics;
use crate::source::Location;

/// One workflow command a line, as GitHub documents them.
pub fn write(diagnostics: &Diagnostics) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let _ = write!(out, "::{} ", diagnostic.severity.as_str());
        let mut message = diagnostic.message.clone();
        match diagnostic.labels.first().map(|label| label.source.locate(label.span.start)) {
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
        let _ = writeln!(out, "title={code}::{}", escape(&message, false));
    }
    out
}

/// Escapes as GitHub's toolkit does: properties also lose `:` and `,`.
fn escape(text: &str, property: bool) -> String {
    let mut out = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    if property {
        out = out.replace(':', "%3A").replace(',', "%2C");
    }
    out
}
