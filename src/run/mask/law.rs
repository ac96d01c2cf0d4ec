//! The law of masking, against an implementation that is too simple to be wrong.

use std::sync::Arc;

use proptest::prelude::*;

use super::pattern::{self, Pattern, patterns};
use super::{Masker, Masks};
use crate::secret::Secret;

fn in_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| pattern::in_word(*byte))
}

fn starts_inside_word(text: &[u8], start: usize) -> bool {
    start > 0 && in_word(text.get(start - 1))
}

/// The places of a text without the breaks that encoders make in long lines, and the breaks' places.
fn unbroken(text: &[u8]) -> (Vec<usize>, Vec<usize>) {
    let (mut places, mut breaks) = (Vec::new(), Vec::new());
    // The line ends and the blanks of the break that ends the text so far.
    let (mut run, mut ends, mut blanks) = (0, 0, 0);
    for (at, byte) in text.iter().enumerate() {
        if matches!(byte, b'\r' | b'\n') && (run >= 24 || (ends == 1 && blanks == 0)) {
            breaks.push(at);
            (run, ends, blanks) = (0, ends + 1, 0);
            continue;
        }
        if matches!(byte, b' ' | b'\t') && ends > 0 && blanks < 16 {
            breaks.push(at);
            blanks += 1;
            continue;
        }
        places.push(at);
        (ends, blanks) = (0, 0);
        run = if byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte) { run + 1 } else { 0 };
    }
    (places, breaks)
}

/// Which bytes are covered. Without the `end` of the stream, a word at the end isn't one yet.
fn covered(patterns: &[Pattern], text: &[u8], end: bool) -> Vec<bool> {
    let mut covered = vec![false; text.len()];
    let (places, _) = unbroken(text);
    let line: Vec<u8> = places.iter().map(|place| text[*place]).collect();
    for Pattern { bytes, word } in patterns {
        for start in 0..text.len() {
            let stop = start + bytes.len();
            let stands = text[start..].starts_with(bytes);
            let open = in_word(text.get(stop)) || (stop == text.len() && !end);
            if stands && !(*word && (starts_inside_word(text, start) || open)) {
                covered[start..stop].fill(true);
            }
        }
        let is_whole = !*word && !bytes.iter().any(|byte| b"\r\n".contains(byte));
        for start in (0..line.len()).filter(|start| is_whole && line[*start..].starts_with(bytes)) {
            covered[places[start]..=places[start + bytes.len() - 1]].fill(true);
        }
    }
    covered
}

fn starred(text: &[u8], covered: &[bool]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        match covered[at] {
            false => out.push(*byte),
            true if at == 0 || !covered[at - 1] => out.extend_from_slice(b"***"),
            true => {}
        }
    }
    out
}

/// How many bytes at the end can still become a pattern.
fn growing(patterns: &[Pattern], text: &[u8]) -> usize {
    let could = |length: &usize| {
        let start = text.len() - length;
        let tail = &text[start..];
        patterns.iter().any(|Pattern { bytes, word }| {
            let complete = bytes.len() == tail.len();
            bytes.starts_with(tail) && (!complete || *word) && !(*word && starts_inside_word(text, start))
        })
    };
    let whole = (1..=text.len()).rev().find(could).unwrap_or_default();
    let (places, breaks) = unbroken(text);
    let line: Vec<u8> = places.iter().map(|place| text[*place]).collect();
    let broken = (0..line.len()).find(|&start| {
        let tail = &line[start..];
        let grows = |Pattern { bytes, word }: &Pattern| !word && bytes.len() > tail.len() && bytes.starts_with(tail);
        let is_whole = !tail.iter().any(|byte| b"\r\n".contains(byte));
        is_whole && breaks.last().is_some_and(|last| places[start] < *last) && patterns.iter().any(grows)
    });
    whole.max(broken.map_or(0, |start| text.len() - places[start]))
}

fn values() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[ab\\-]{0,9}|[abc]{1,3}|[ab\r\n ]{3,24}|a{1,20}|[a-z]{4,8}|root|[ab]{20,50}", 0..6)
}

/// Text that often holds a value, a part of one, or a form of one, in lines that may be broken.
fn text(values: &[String]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let mut pieces: Vec<BoxedStrategy<Vec<u8>>> = vec![
        "[ab \\-c\r\n]{0,6}".prop_map(String::into_bytes).boxed(),
        prop::collection::vec(any::<u8>(), 0..3).boxed(),
        "[xa]{20,28}".prop_map(String::into_bytes).boxed(),
    ];
    let secrets: Vec<Secret> = values.iter().cloned().map(Secret::new).collect();
    let mut forms: Vec<Vec<u8>> = patterns(&secrets).iter().map(|pattern| pattern.bytes.to_vec()).collect();
    forms.extend(values.iter().cloned().map(String::into_bytes));
    for bytes in forms {
        let part = bytes.clone();
        pieces.push((0..=part.len(), 0..=part.len()).prop_map(move |(a, b)| part[a.min(b)..a.max(b)].to_vec()).boxed());
        let broken = bytes.clone();
        let breaks = prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n", "\n\n\n"]);
        let blanks = prop::sample::select(vec!["", " ", "\t ", "               \t", "                 ", "  \n"]);
        pieces.push(
            (0..=broken.len(), breaks, blanks)
                .prop_map(move |(at, ends, blanks)| {
                    [&broken[..at], ends.as_bytes(), blanks.as_bytes(), &broken[at..]].concat()
                })
                .boxed(),
        );
        let lines = bytes.clone();
        let breaks = prop::sample::select(vec!["\n", "\r\n", "\n  ", "\r\n\t              \t"]);
        pieces.push(
            (23..30_usize, breaks)
                .prop_map(move |(width, ends)| lines.chunks(width).collect::<Vec<_>>().join(ends.as_bytes()))
                .boxed(),
        );
        pieces.push(Just(bytes).boxed());
    }
    prop::collection::vec(prop::strategy::Union::new(pieces), 0..14).prop_map(|pieces| pieces.concat())
}

fn case() -> impl Strategy<Value = (Vec<String>, Vec<u8>, Vec<usize>)> {
    values().prop_flat_map(|values| {
        let text = text(&values);
        (Just(values), text, prop::collection::vec(0..9_usize, 1..20))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_chunking_masks_as_the_simple_way_and_holds_back_no_more_than_it_must((values, text, cuts) in case()) {
        let secrets: Vec<Secret> = values.into_iter().map(Secret::new).collect();
        let patterns = patterns(&secrets);
        let masks = Arc::new(Masks::new(&secrets));
        let mut masker = Masker::new(Arc::clone(&masks));
        let (mut out, mut at) = (Vec::new(), 0);
        for cut in cuts.iter().cycle().take(60) {
            let end = (at + cut).min(text.len());
            masker.push(&text[at..end], &mut out);
            at = end;
            let seen = &text[..at];
            let covered = covered(&patterns, seen, false);
            let mut settled = at - growing(&patterns, seen);
            while covered.get(settled) == Some(&true) {
                settled += 1;
            }
            prop_assert_eq!(&out, &starred(&seen[..settled], &covered));
        }
        masker.push(&text[at..], &mut out);
        masker.finish(&mut out);
        let expected = starred(&text, &covered(&patterns, &text, true));
        prop_assert_eq!(&out, &expected);
        prop_assert_eq!(&masks.mask(&text), &expected);
        for Pattern { bytes, word } in &patterns {
            prop_assert!(*word || !out.windows(bytes.len()).any(|window| window == **bytes));
        }
        // A finished masker is at the beginning again.
        let mut again = Vec::new();
        masker.push(&text, &mut again);
        masker.finish(&mut again);
        prop_assert_eq!(again, expected);
    }
}
