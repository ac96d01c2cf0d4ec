//! Comparing the first characters of a pattern with a track.

use std::ops::Range;

use super::super::edge;
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
    // Mostly nothing is there that could have been swallowed.
    if late > 0 && (reach(track, at).len() < late || swallowed(track, at, &pattern.first(value)[..late]).is_none()) {
        return Verdict::Differs;
    }
    for _ in 0..late {
        pattern.form.next(value, &mut place);
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

/// Where a match begins in the text whose first characters but for the `late` ones begin at a character.
pub(super) fn begin(track: &impl Track, pattern: &Pattern, value: &Value, at: usize, late: usize) -> usize {
    let swallowed = (late > 0).then(|| swallowed(track, at, &pattern.first(value)[..late])).flatten();
    swallowed.map_or_else(|| edge::before(track, value, pattern.form, at), |swallowed| swallowed.start)
}

/// Where units may have swallowed the first characters of a pattern: before the next one is at least one of theirs, and
/// no other character.
fn reach(track: &impl Track, at: usize) -> Range<usize> {
    let (start, mut from) = (track.start(at), behind(track, at, track.start(at)));
    if track.column().is_some() {
        // What stands before a line of a dump is none of its column's.
        from += track.text()[from..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |line| line + 1);
    }
    from..start
}

/// Behind the character before another one, if that isn't too far away from a place.
fn behind(track: &impl Track, at: usize, place: usize) -> usize {
    let behind = at.checked_sub(1).map_or(0, |before| track.start(before) + 1);
    behind.max(place.saturating_sub(APART)).min(place)
}

/// Where these first characters of a pattern are before the next one, if units have swallowed them: the farthest, so that
/// none is left.
pub(in super::super) fn swallowed(track: &impl Track, at: usize, own: &[u8]) -> Option<Range<usize>> {
    let (text, reach) = (track.text(), reach(track, at));
    let mut ends = reach.start + own.len()..=reach.end;
    let end = ends.find(|end| text[end - own.len()..*end] == *own)?;
    Some(end - own.len()..end)
}

/// Where the first characters of a pattern may begin that units have swallowed before a character.
pub(super) fn may_be_swallowed(track: &impl Track, at: usize) -> Option<usize> {
    let reach = reach(track, at);
    first_letter(track.text(), reach.start, reach.end)
}

/// The same before what comes next.
pub(super) fn may_be_swallowed_next(track: &impl Track) -> usize {
    let frontier = track.frontier();
    if track.column().is_some() {
        return frontier;
    }
    first_letter(track.text(), behind(track, track.chars().len(), frontier), frontier).unwrap_or(frontier)
}

fn first_letter(text: &[u8], from: usize, to: usize) -> Option<usize> {
    text[from..to].iter().position(u8::is_ascii_alphanumeric).map(|at| from + at)
}

/// Whether an ellipsis follows a character.
pub(super) fn is_cut_off(track: &impl Track, at: usize) -> bool {
    let rest = &track.text()[track.end(at)..];
    track.column().is_none() && (rest.starts_with(b"...") || rest.starts_with("\u{2026}".as_bytes()))
}
