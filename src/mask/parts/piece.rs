//! Pieces of a line: what separators part, quotes and braces aside, and the key and value of one.

use super::look::{is_key, letters};

/// The longest key.
const KEY: usize = 64;

/// The pieces of a text between separators. What quotes or braces hold at the beginning of a piece or of a value is one.
pub(super) fn pieces(text: &[u8], is_separator: impl Fn(u8) -> bool) -> Vec<&[u8]> {
    let (mut pieces, mut start, mut at) = (Vec::new(), 0, 0);
    let mut may_open = true;
    // An opening sign that isn't closed is looked for once.
    let mut open = Vec::new();
    while at < text.len() {
        let byte = text[at];
        if may_open && closing(byte).is_some() && !open.contains(&byte) {
            if let Some(end) = closed(&text[at..]) {
                at += end;
                may_open = false;
                continue;
            }
            open.push(byte);
        }
        if is_separator(byte) {
            pieces.push(&text[start..at]);
            (start, may_open) = (at + 1, true);
        } else {
            may_open = matches!(byte, b'=' | b':') || may_open && byte.is_ascii_whitespace();
        }
        at += 1;
    }
    pieces.push(&text[start..]);
    pieces
}

/// The pieces of a text that is a list of pairs: it has several, or one behind something else.
pub(super) fn list(text: &[u8], is_separator: fn(u8) -> bool) -> Option<Vec<&[u8]>> {
    let pieces = pieces(text, is_separator);
    let pairs = pieces.iter().filter(|piece| pair(piece).is_some()).count();
    (pairs > 1 || pairs == 1 && pair(pieces[0]).is_none()).then_some(pieces)
}

/// What closes what a sign opens.
fn closing(open: u8) -> Option<u8> {
    match open {
        b'"' | b'\'' => Some(open),
        b'{' => Some(b'}'),
        b'[' => Some(b']'),
        _ => None,
    }
}

/// Where what a text opens at its beginning ends. A closing sign that is doubled, or a quote behind a backslash, is none.
fn closed(text: &[u8]) -> Option<usize> {
    let open = *text.first()?;
    let close = closing(open)?;
    let (mut depth, mut at) = (1, 1);
    while at < text.len() {
        let byte = text[at];
        if byte == b'\\' && open == b'"' {
            at += 1;
        } else if byte == close {
            let is_doubled = depth == 1 && text.get(at + 1) == Some(&close) && text[at + 2..].contains(&close);
            if is_doubled {
                at += 1;
            } else {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
        } else if byte == open {
            depth += 1;
        }
        at += 1;
    }
    None
}

/// The key and the value of `key=value`, `key: value`, `"key":"value"`.
pub(super) fn pair(piece: &[u8]) -> Option<(&[u8], &[u8])> {
    let piece = piece.trim_ascii();
    let is_separator = |at: &usize| match piece[*at] {
        b'=' => true,
        b':' => piece.get(at + 1).is_some_and(|next| matches!(next, b' ' | b'\t' | b'"' | b'\'')),
        _ => false,
    };
    let at = (0..piece.len().min(KEY)).find(is_separator)?;
    let (key, value) = (piece[..at].trim_ascii(), piece[at + 1..].trim_ascii());
    (is_key(key) && letters(value).next().is_some()).then(|| (unquoted(key), value))
}

/// A text without the quotes around it.
pub(super) fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => text,
    }
}

/// What brackets hold that are all of a text.
pub(super) fn bracketed(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'{', inner @ .., b'}'] | [b'[', inner @ .., b']'] => Some(inner),
        _ => None,
    }
}

/// What a value means, be there a comment or a comma behind it: what its quotes hold, or the text without the comment.
pub(super) fn bare(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    if let [b'"' | b'\'', ..] = value
        && let Some(end) = closed(value)
        && is_rest(&value[end..])
    {
        return &value[1..end - 1];
    }
    let comment = memchr::memmem::find(value, b" #").unwrap_or(value.len());
    let value = value[..comment].trim_ascii_end();
    value.strip_suffix(b",").or_else(|| value.strip_suffix(b";")).unwrap_or(value)
}

/// Whether what stands behind a value isn't its own.
fn is_rest(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b",").or_else(|| text.strip_prefix(b";")).unwrap_or(text).trim_ascii();
    text.is_empty() || text.starts_with(b"#") || text.starts_with(b"//")
}
