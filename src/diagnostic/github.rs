//! Complaints as GitHub Actions annotations: `::error file=…,line=…::…`.

use std::fmt::Write;

use super::Diagnostics;

/// One workflow command a line, as GitHub documents them.
pub fn write(diagnostics: &Diagnostics) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let _ = write!(out, "::{} ", diagnostic.severity.as_str());
        if let Some(label) = diagnostic.labels.first() {
            let place = label.source.place(label.span.start);
            let file = escape(label.source.name(), true);
            let _ = write!(out, "file={file},line={},col={},", place.line, place.column);
        }
        let mut message = diagnostic.message.clone();
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
