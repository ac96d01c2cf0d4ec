//! An implementation that is too simple to be wrong: each pattern is compared at each place of the whole text.

use crate::mask::column::Columns;
use crate::mask::cover::Cover;
use crate::mask::edge;
use crate::mask::escape::{Unit, is_special, unit};
use crate::mask::fit::fit;
use crate::mask::masks::Masks;
use crate::mask::matcher::swallowed;
use crate::mask::pattern::{EATEN, Form};
use crate::mask::track::{Raw, Track};
use crate::mask::view::View;
use crate::mask::word::{Word, in_word};

pub(super) fn masks(values: &[Vec<u8>]) -> Masks {
    let mut masks = Masks::new([]);
    for value in values {
        masks.add(value);
    }
    masks
}

/// Each pattern at each place.
fn naive_track(masks: &Masks, track: &impl Track, is_raw: bool, cover: &mut Cover) {
    let chars = track.chars();
    for pattern in masks.patterns.iter().filter(|pattern| (pattern.form == Form::Raw) == is_raw) {
        let value = &masks.values[pattern.value];
        let own: Vec<u8> = pattern.form.chars(value).collect();
        for at in 0..chars.len() {
            for late in (0..=EATEN).filter(|late| *late == 0 || pattern.eaten & 1 << late != 0) {
                let start = track.start(at);
                let swallowed = swallowed(track, at, &own[..late]);
                if swallowed.is_none() {
                    continue;
                }
                let agreeing = chars[at..].iter().zip(&own[late..]).take_while(|(a, b)| a == b).count();
                let agreeing = agreeing.min(track.next_break(at).saturating_sub(at));
                let end = at + pattern.head() - late;
                if agreeing + late < pattern.head()
                    && late == 0
                    && pattern.form == Form::Text
                    && track.column().is_none()
                    && agreeing >= 8
                    && (track.text()[track.end(at + agreeing - 1)..].starts_with(b"...")
                        || track.text()[track.end(at + agreeing - 1)..].starts_with("\u{2026}".as_bytes()))
                {
                    cover.add(edge::before(track, value, pattern.form, at)..start);
                    track.cover(at, at + agreeing, cover);
                }
                if agreeing + late < pattern.head() || !fit(track, pattern, value, at, end, late) {
                    continue;
                }
                let from = match swallowed {
                    Some(swallowed) if late > 0 => swallowed.start,
                    _ => edge::before(track, value, pattern.form, at),
                };
                cover.add(from..start);
                track.cover(at, at + agreeing, cover);
                if agreeing + late == pattern.length && track.column().is_none() {
                    let to = track.end(at + agreeing - 1);
                    let end = edge::after(track, value, pattern.form, to, true).expect("the end is known");
                    cover.add(to..end);
                }
            }
        }
    }
}

pub(super) fn naive(values: &[Vec<u8>], text: &[u8]) -> Vec<u8> {
    let masks = masks(values);
    let mut cover = Cover::default();
    let mut view = View::new();
    view.advance(text, true);
    naive_track(&masks, &view.track(text), false, &mut cover);
    naive_track(&masks, &Raw(text), true, &mut cover);
    let mut columns = Columns::new();
    columns.view(text, true);
    for lane in columns.lanes(text) {
        naive_track(&masks, &lane, false, &mut cover);
    }
    for content in columns.contents() {
        let mut found = Cover::default();
        let mut view = View::new();
        view.advance(content.bytes(), true);
        naive_track(&masks, &view.track(content.bytes()), false, &mut found);
        naive_track(&masks, &Raw(content.bytes()), true, &mut found);
        content.cover(&found, &mut cover);
    }
    let is_letter = |character: u32| u8::try_from(character).is_ok_and(in_word);
    let parts = |from, at| matches!(unit(text, from), Unit::Coded(length, character) if from + length == at && !character.is_some_and(is_letter));
    let is_behind_unit = |at: usize| (0..at).any(|from| is_special(text[from]) && parts(from, at));
    for at in 0..text.len() {
        for word in masks.words.all() {
            let Some(end) = end_of_word(word, text, at) else { continue };
            let is_within = at > 0 && in_word(text[at - 1]) && !is_behind_unit(at);
            if !word.is_alone || !is_within && !text.get(end).copied().is_some_and(in_word) {
                cover.add(at..end);
            }
        }
    }
    let mut out = Vec::new();
    let mut shown = 0;
    for range in cover.take(usize::MAX) {
        out.extend_from_slice(&text[shown..range.start]);
        out.extend_from_slice(b"***");
        shown = range.end;
    }
    out.extend_from_slice(&text[shown..]);
    out
}

/// Where a word ends that begins at a place, without what a terminal doesn't show.
fn end_of_word(word: &Word, text: &[u8], at: usize) -> Option<usize> {
    let mut place = at;
    for (number, byte) in word.bytes.iter().enumerate() {
        let from = place;
        while text.get(place)? != byte {
            place += match (text[place], unit(text, place)) {
                (0, _) => 1,
                (b'\r', _) if !word.is_alone => 1,
                (0x1b, Unit::Coded(length, _)) => length,
                _ => return None,
            };
            if number == 0 || place - from > 64 {
                return None;
            }
        }
        place += 1;
    }
    Some(place)
}
