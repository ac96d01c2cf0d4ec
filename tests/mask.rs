//! The law of masking, against an implementation that is too simple to be wrong.

use std::sync::Arc;

use credflow::run::{Masker, Masks};
use credflow::secret::Secret;
use proptest::prelude::*;

/// A pattern, and whether it is masked as a word.
type Pattern = (Vec<u8>, bool);

fn patterns(values: &[String]) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for value in values {
        let whole = value.trim();
        if whole.is_empty() {
            continue;
        }
        patterns.push((value.clone().into_bytes(), value.len() < 4));
        patterns.push((whole.as_bytes().to_vec(), whole.len() < 4));
        for line in whole.split(['\r', '\n']).map(str::trim).filter(|line| line.len() >= 4) {
            patterns.push((line.as_bytes().to_vec(), false));
        }
    }
    patterns
}

fn in_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn starts_inside_word(text: &[u8], start: usize) -> bool {
    start > 0 && in_word(text.get(start - 1))
}

/// Which bytes are covered. Without the `end` of the stream, a word at the end isn't one yet.
fn covered(patterns: &[Pattern], text: &[u8], end: bool) -> Vec<bool> {
    let mut covered = vec![false; text.len()];
    for (bytes, word) in patterns {
        for start in 0..text.len() {
            let stop = start + bytes.len();
            let stands = text[start..].starts_with(bytes);
            let open = in_word(text.get(stop)) || (stop == text.len() && !end);
            if stands && !(*word && (starts_inside_word(text, start) || open)) {
                covered[start..stop].fill(true);
            }
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
        patterns.iter().any(|(bytes, word)| {
            let complete = bytes.len() == tail.len();
            bytes.starts_with(tail) && (!complete || *word) && !(*word && starts_inside_word(text, start))
        })
    };
    (1..=text.len()).rev().find(could).unwrap_or_default()
}

fn masks(values: &[String]) -> Arc<Masks> {
    let secrets: Vec<Secret> = values.iter().cloned().map(Secret::new).collect();
    Arc::new(Masks::new(&secrets))
}

fn values() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[ab\\-]{0,9}|[abc]{1,3}|[ab\r\n ]{3,24}|a{1,20}|[a-z]{4,8}", 0..6)
}

/// Text that often holds a value or a part of one.
fn text(values: &[String]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let mut pieces: Vec<BoxedStrategy<Vec<u8>>> = vec![
        "[ab \\-c\r\n]{0,6}".prop_map(String::into_bytes).boxed(),
        prop::collection::vec(any::<u8>(), 0..3).boxed(),
    ];
    for value in values {
        let bytes = value.clone().into_bytes();
        pieces.push(
            (0..=bytes.len(), 0..=bytes.len()).prop_map(move |(a, b)| bytes[a.min(b)..a.max(b)].to_vec()).boxed(),
        );
        pieces.push(Just(value.clone().into_bytes()).boxed());
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
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_chunking_masks_as_the_simple_way_and_holds_back_no_more_than_it_must((values, text, cuts) in case()) {
        let patterns = patterns(&values);
        let masks = masks(&values);
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
        for (pattern, word) in &patterns {
            prop_assert!(*word || !out.windows(pattern.len()).any(|window| window == pattern));
        }
        // A finished masker is at the beginning again.
        let mut again = Vec::new();
        masker.push(&text, &mut again);
        masker.finish(&mut again);
        prop_assert_eq!(again, expected);
    }

    #[test]
    fn a_value_in_any_text_is_masked(value in "[!-)+-~]{4,40}", before in any::<Vec<u8>>(), after in any::<Vec<u8>>()) {
        let masks = masks(std::slice::from_ref(&value));
        let out = masks.mask(&[&before, value.as_bytes(), &after].concat());
        prop_assert!(!out.windows(value.len()).any(|window| window == value.as_bytes()));
    }
}

fn mask(values: &[&str], text: &str) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    String::from_utf8(masks(&values).mask(text.as_bytes())).expect("UTF-8 in, UTF-8 out")
}

#[test]
fn values_that_overlap_or_touch_show_nothing() {
    assert_eq!(mask(&["abcd", "cdef"], "xabcdefx"), "x***x");
    assert_eq!(mask(&["abcd", "efgh"], "abcdefgh"), "***");
    assert_eq!(mask(&["abcd", "abcdefgh"], "abcdefg abcdefgh"), "***efg ***");
    assert_eq!(mask(&["aaaa"], "aaaaaaa aaa"), "*** aaa");
}

#[test]
fn the_lines_of_a_value_are_masked_each() {
    let key = "-----BEGIN-----\r\n  first-line\nx\nlast-line\n";
    assert_eq!(mask(&[key], key), "***");
    assert_eq!(mask(&[key], "> first-line\n> x\n> last-line"), "> ***\n> x\n> ***");
    assert_eq!(mask(&["abc\n"], "abc abcd"), "*** abcd");
}

#[test]
fn a_short_value_is_masked_as_a_word() {
    assert_eq!(mask(&["1"], "1 of 11, v1, 1"), "*** of 11, v1, ***");
    assert_eq!(mask(&["a-b"], "a-b xa-b a-b_ (a-b)"), "*** xa-b a-b_ (***)");
    assert_eq!(mask(&["", " ", "\n\n\n\n\n"], "a  b\n\n\n\n\n"), "a  b\n\n\n\n\n");
}

#[test]
fn a_prompt_without_a_newline_is_shown_at_once() {
    let masks = masks(&["hunter2".to_owned()]);
    let mut masker = Masker::new(masks);
    let mut out = Vec::new();
    masker.push(b"password: hunt", &mut out);
    assert_eq!(out, b"password: ");
    masker.push(b"er2", &mut out);
    assert_eq!(out, b"password: ***");
    masker.push(b"? h", &mut out);
    masker.finish(&mut out);
    assert_eq!(out, b"password: ***? h");
}

#[test]
fn repetitive_values_and_output_take_linear_time() {
    let value = "a".repeat(25_000);
    let masks = masks(&[value, "ab".repeat(10_000), "b".repeat(5_000)]);
    let mut text = "a".repeat(24_999) + "b";
    text = text.repeat(400);
    let began = std::time::Instant::now();
    let out = masks.mask(text.as_bytes());
    assert_eq!(out.len(), text.len());
    // Ten million bytes; a comparison at each place would take minutes.
    assert!(began.elapsed().as_secs() < 20);
}

#[test]
fn nothing_is_shown_of_masks() {
    let masks = masks(&["hunter2".to_owned()]);
    assert_eq!(format!("{masks:?} {:?}", Masker::new(Arc::clone(&masks))), "Masks(***) Masker(***)");
}
