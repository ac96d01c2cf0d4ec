//! Comparing the first characters of a pattern with a track.

use std::ops::Range;

use super::super::pattern::{Form, Pattern};
use super::super::track::Track;
use super::super::value::Value;

/// A value of which so many characters are there may be cut off behind them.
pub(super) const CUT_OFF: usize = 8;

/// So many bytes may stand between what a unit has swallowed and the next character.
pub(super) const APART: usize = 64;

/// What comparing gave.
pub(super) enum Verdict {
    Differs,
    TooShort,
    /// It is cut off behind so many characters.
    CutOff(usize),
    Is,
}

/// Compares the head of a pattern, but for its first characters that come `late`.
pub(super) fn compare(
    track: &impl Track,
    pattern: &Pattern,
    value: &Value,
    at: usize,
    late: usize,
    is_end: bool,
) -> Verdict {
    let chars = track.chars();
    let wanted = pattern.head() - late;
    let there = wanted.min(chars.len() - at);
    let mut place = 0;
    if late > 0 {
        let Some(swallowed) = swallowed(track, at, late) else { return Verdict::Differs };
        if !track.text()[swallowed].iter().all(|byte| pattern.form.next(value, &mut place) == Some(*byte)) {
            return Verdict::Differs;
        }
    }
    let chars = &chars[at..(at + there).min(track.next_break(at))];
    let agreeing = pattern.form.agreeing(value, &mut place, chars);
    if agreeing == wanted {
        Verdict::Is
    } else if agreeing == there && !is_end && !track.is_broken() {
        Verdict::TooShort
    } else if agreeing >= CUT_OFF && late == 0 && pattern.form == Form::Text && is_cut_off(track, at + agreeing - 1) {
        Verdict::CutOff(agreeing)
    } else {
        Verdict::Differs
    }
}

/// Where the bytes before a character are that a unit may have swallowed; nothing if they are characters themselves.
pub(in super::super) fn swallowed(track: &impl Track, at: usize, late: usize) -> Option<Range<usize>> {
    let (text, mut end) = (track.text(), track.start(at));
    let nearest = end.saturating_sub(APART);
    // What stands before a line of a dump is none of its column's.
    let is_end = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'\n' && track.column().is_some();
    while end > nearest && !is_end(text[end - 1]) {
        end -= 1;
    }
    let is_plain = at > 0 && track.start(at - 1) + 1 == end;
    (!is_plain && end >= late).then(|| end - late..end)
}

/// Whether an ellipsis follows a character.
pub(super) fn is_cut_off(track: &impl Track, at: usize) -> bool {
    let rest = &track.text()[track.end(at)..];
    track.column().is_none() && (rest.starts_with(b"...") || rest.starts_with("\u{2026}".as_bytes()))
}
