//! Whether what stands between the characters of a match is what stands between a value's own.

use super::gap::{Gap, gaps};
use super::pattern::{Form, Pattern};
use super::track::{Track, units};
use super::value::{LONG, Value};
use super::view::View;

/// A value with fewer characters and signs of its own is never taken for folded: lines of other text would be it.
const FOLDED: usize = 8;

/// The widest gap between two digits of a short value.
const NARROW: usize = 40;

/// What may stand between the digits of a short value.
const BETWEEN_DIGITS: &[u8] = b"+/-_=\r\n \t\\'\"%:,n\x1b";

/// Whether what stands between the characters `from..to` of a track lets them be a pattern, of which they are all but
/// the first `late`.
pub(super) fn fit(track: &impl Track, pattern: &Pattern, value: &Value, from: usize, to: usize, late: usize) -> bool {
    if track.next_break(from) < to {
        return false;
    }
    if let Some(least) = track.column() {
        return pattern.length >= least;
    }
    let places = |at: usize| (track.end(at - 1), track.start(at));
    let text = track.text();
    match pattern.form {
        Form::Raw => true,
        Form::Escaped => (from..to).all(|at| text[..track.start(at)].ends_with(b"\\")),
        Form::Hex(_) if !(from + 1..to).all(|at| is_even(text, places(at), (at - from + late).is_multiple_of(2))) => {
            false
        }
        _ if pattern.length >= LONG => true,
        Form::Split(unit) => fit_text(track, &split_gaps(value, unit), from, to, late),
        Form::Text => fit_text(track, &value.text_gaps, from, to, late),
        Form::Literal => fit_text(track, &value.literal_gaps, from, to, late),
        Form::Hex(_) | Form::Base64(_) => (from + 1..to).all(|at| {
            let (start, end) = places(at);
            end - start <= NARROW
                && units(text, start, end)
                    .all(|(end, _)| end > start + 1 && text[end - 1] != b';' || BETWEEN_DIGITS.contains(&text[end - 1]))
        }),
    }
}

/// The gaps between the characters of a value one of whose units is split.
fn split_gaps(value: &Value, unit: u8) -> Vec<Gap> {
    let bytes = value.split(unit);
    let mut view = View::new();
    view.advance(&bytes, true);
    gaps(&view.track(&bytes), view.count())
}

/// Whether a gap between digits of two a byte has separators only where a byte ends.
fn is_even(text: &[u8], (from, to): (usize, usize), is_end: bool) -> bool {
    is_end || from == to || !text[from..to].iter().any(|byte| b" ,:".contains(byte))
}

/// Whether the gaps are the value's own, up to what quoting does with them.
fn fit_text(track: &impl Track, own: &[Gap], from: usize, to: usize, late: usize) -> bool {
    let text = track.text();
    let gap = |at: usize| Gap::new(text, track.end(at - 1), track.start(at));
    let evidence = to - from + late + own.iter().map(|own| own.hard.len()).sum::<usize>();
    let mut is_separated = true;
    let mut fits = true;
    for at in from + 1..to {
        let gap = gap(at);
        let own = own.get(at - from + late - 1);
        let (hard, blank) = own.map_or((&[][..], false), |own| (&own.hard[..], own.has_blank || own.has_encoded));
        if gap.hard[..] != *hard && !but_commas(&gap.hard).eq(but_commas(hard)) {
            return false;
        }
        is_separated &= gap.has_blank || gap.hard.contains(&b',');
        fits &= gap.hard[..] == *hard
            && if blank {
                gap.has_blank || gap.has_encoded
            } else {
                !gap.has_blank || (gap.has_break && evidence >= FOLDED)
            };
    }
    fits || is_separated
}

fn but_commas(hard: &[u8]) -> impl Iterator<Item = u8> {
    hard.iter().copied().filter(|byte| *byte != b',')
}
