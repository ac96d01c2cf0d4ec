//! What surrounds a match: the ends of a value that are no letters or digits, however they are encoded there.

use zeroize::Zeroizing;

use super::pattern::{Form, is_escaped};
use super::tail;
use super::track::{Track, units};
use super::value::Value;

/// So many characters of an end are looked for, at most.
const LONGEST: usize = 64;

/// So many bytes that aren't the end's own may stand before one of its characters.
const BETWEEN: usize = 64;

/// The characters of a part of a value that are no units for nothing.
fn own(bytes: &[u8]) -> impl Iterator<Item = u32> {
    units(bytes, 0, bytes.len()).filter_map(|(_, character)| character)
}

/// What stands in a value before the characters of a form.
pub(super) fn own_before(value: &Value, form: Form) -> &[u8] {
    match form {
        Form::Text => &value.bytes[..value.text_place.start],
        Form::Literal => &value.bytes[..value.literal_place.start],
        _ => &[],
    }
}

/// What stands behind them.
fn own_after(value: &Value, form: Form) -> &[u8] {
    match form {
        Form::Text => &value.bytes[value.text_place.end..],
        Form::Literal => &value.bytes[value.literal_place.end..],
        _ => &[],
    }
}

/// Where a match that begins with a character begins in the text, with what stands before it.
pub(super) fn before(track: &impl Track, value: &Value, form: Form, at: usize) -> usize {
    let start = track.start(at);
    if form == Form::Escaped {
        let own = value.bytes.iter().position(|byte| is_escaped(*byte)).unwrap_or_default();
        let (text, first) = (track.text(), track.gap_before(at));
        let mut found = start.saturating_sub(1);
        for byte in value.bytes[..own].iter().rev() {
            if found < first + 2 || text[found - 2..found] != [b'\\', *byte] {
                break;
            }
            found -= 2;
        }
        return found;
    }
    let bytes = own_before(value, form);
    if bytes.is_empty() {
        return start;
    }
    let from = bytes.len().saturating_sub(LONGEST);
    let mut last = Zeroizing::new(Vec::with_capacity(LONGEST));
    last.extend(own(&bytes[from..]));
    let text = track.text();
    let mut begin = track.gap_before(at);
    let mut gap = Zeroizing::new(Vec::with_capacity(start - begin));
    gap.extend(units(text, begin, start).map(|(end, character)| (std::mem::replace(&mut begin, end), character)));
    let mut found = start;
    let mut own = last.iter().rev().peekable();
    for (begin, character) in gap.iter().rev() {
        match (character, own.peek()) {
            (None, Some(_)) if found - begin <= BETWEEN => {}
            (Some(character), Some(next)) if character == *next => {
                found = *begin;
                own.next();
            }
            // However often the backslashes at the value's end were doubled.
            (None, None) if bytes.starts_with(b"\\") && text[*begin] == b'\\' => return *begin,
            _ => break,
        }
    }
    found
}

/// Whether a value has something behind what a match finds.
pub(super) fn has_end(value: &Value, form: Form) -> bool {
    match form {
        Form::Escaped => true,
        Form::Base64(before) => tail::has_more(value, before),
        _ => !own_after(value, form).is_empty(),
    }
}

/// Where a match ends with what follows it; nothing if too little is there to tell.
pub(super) fn after(track: &impl Track, value: &Value, form: Form, place: usize, is_end: bool) -> Option<usize> {
    match form {
        Form::Escaped => return after_escaped(track, value, place, is_end),
        Form::Base64(before) => return tail::after(track, value, before, place, is_end),
        _ => {}
    }
    let bytes = own_after(value, form);
    let ends_in_backslashes = bytes.ends_with(b"\\");
    let mut own = own(&bytes[..bytes.len().min(LONGEST)]).peekable();
    let (mut begin, mut found) = (place, place);
    for (end, character) in units(track.text(), place, track.frontier()) {
        match (character, own.peek()) {
            (None, Some(_)) if end - found <= BETWEEN => {}
            (Some(character), Some(next)) if character == *next => {
                found = end;
                own.next();
            }
            // However often the backslashes at the value's end were doubled.
            (None, None) if ends_in_backslashes && track.text()[begin] == b'\\' => return Some(end),
            _ => return Some(found),
        }
        begin = end;
    }
    (is_end || own.peek().is_none() && !ends_in_backslashes).then_some(found)
}

/// The same where each character has a backslash.
fn after_escaped(track: &impl Track, value: &Value, mut place: usize, is_end: bool) -> Option<usize> {
    let own = value.bytes.iter().rposition(|byte| is_escaped(*byte)).map_or(0, |last| last + 1);
    let text = &track.text()[..track.frontier()];
    for byte in value.bytes[own..].iter().take(LONGEST) {
        let pair = [b'\\', *byte];
        match text.get(place..place + 2) {
            Some(found) if found == pair => place += 2,
            None if !is_end && pair.starts_with(&text[place..]) => return None,
            _ => break,
        }
    }
    Some(place)
}
