//! Dotenv files: `NAME=VALUE`, a line each.

mod quote;

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Source, Span};

pub(crate) use quote::quote;

/// One `NAME=VALUE` and where the value stands.
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Where the value begins, when it stands in the source as it is.
    pub(crate) verbatim: Option<usize>,
    pub(crate) span: Span,
}

/// The assignments of a text, in its order. Every line that is none, no comment and not empty is a fault.
pub(crate) fn assignments(source: &Arc<Source>, faults: &mut Diagnostics) -> Vec<Assignment> {
    let text = source.text();
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        // At the beginning of each file that a source is joined from.
        if text[at..].starts_with('\u{feff}') {
            at += '\u{feff}'.len_utf8();
        }
        let line = &text[at..];
        let length = line.find('\n').unwrap_or(line.len());
        match assignment(text, at, at + length) {
            Ok(None) => at += length + 1,
            Ok(Some((assignment, end))) => {
                faults.extend(unexpanded(source, &assignment));
                found.push(assignment);
                at = end;
            }
            Err((message, help)) => {
                let span = Span::new(at, at + line[..length].trim_end().len());
                faults.push(Diagnostic::error(Code::WrongValue, message).at(source, span, "").help(help));
                at += length + 1;
            }
        }
    }
    found
}

type Wrong = (&'static str, &'static str);

/// One line from `start`, which ends at `end`; a quoted value may go on beyond. Gives where the next line begins.
fn assignment(text: &str, start: usize, end: usize) -> Result<Option<(Assignment, usize)>, Wrong> {
    const FORM: &str = "a line is NAME=VALUE, a comment that begins with `#`, or empty";
    let line = &text[start..end];
    let bare = line.trim_start();
    if bare.trim_end().is_empty() || bare.starts_with('#') {
        return Ok(None);
    }
    let (name, raw) = bare.split_once('=').ok_or(("this line has no `=`", FORM))?;
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(("this can't be the name of a variable", FORM));
    }
    let value_start = end - raw.trim_start_matches([' ', '\t']).len();
    let make = |value: String, verbatim, value_end| Assignment {
        name: name.to_owned(),
        value,
        verbatim,
        span: Span::new(value_start, value_end),
    };
    let Some(quote) = text[value_start..].chars().next().filter(|first| matches!(first, '\'' | '"')) else {
        let value = without_comment(&text[end - raw.len()..end], value_start + raw.len() - end).trim_end();
        let assignment = make(value.to_owned(), Some(value_start), value_start + value.len());
        return Ok(Some((assignment, end + 1)));
    };
    let open = value_start + 1;
    let (value, close) =
        quoted(&text[open..], quote).ok_or(("the quote is not closed", "close it, or take it away"))?;
    let after = open + close + 1;
    let rest = text[after..].split('\n').next().unwrap_or_default();
    if !rest.trim().is_empty() && !rest.trim_start().starts_with('#') {
        return Err(("there is something after the closing quote", FORM));
    }
    let verbatim = (value == text[open..open + close]).then_some(open);
    Ok(Some((make(value, verbatim, after), after + rest.len() + 1)))
}

/// The text up to the closing quote, with escapes undone in double quotes, and where the quote is.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            _ if character == quote => return Some((value, at)),
            '\\' if quote == '"' => match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            _ => value.push(character),
        }
    }
    None
}

/// What stands between the `=` of a line and its comment, from an offset on. A comment needs a blank or tab before it, so that `#`
/// can be part of a value.
fn without_comment(raw: &str, from: usize) -> &str {
    let comment = raw.match_indices('#').map(|(at, _)| at).find(|&at| raw[..at].ends_with([' ', '\t']));
    raw.get(from..comment.unwrap_or(raw.len())).unwrap_or_default()
}

/// A warning of what a shell and other readers would expand, unless single quotes, or a backslash in double ones, say that it is text.
fn unexpanded(source: &Arc<Source>, assignment: &Assignment) -> Option<Diagnostic> {
    let text = source.slice(assignment.span);
    let is_quoted = text.starts_with('"');
    let has_expansion = text.match_indices("${").any(|(at, _)| {
        let name = &text[at + 2..];
        let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        length > 0 && name[length..].contains('}') && !(is_quoted && text[..at].ends_with('\\'))
    });
    if !has_expansion || text.starts_with('\'') {
        return None;
    }
    let message = format!("`{}` has `${{…}}`, which is taken as it is: nothing is expanded here", assignment.name);
    let help = "write the value itself; if it is meant as text, put it in single quotes";
    Some(Diagnostic::warning(Code::NotExpanded, message).at(source, assignment.span, "").help(help))
}
