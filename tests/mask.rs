//! Masking as people see it: what is covered, when it is shown, and that no encoding gets through.

use std::sync::Arc;

use credflow::run::{Masker, Masks};
use credflow::secret::Secret;
use proptest::prelude::*;

fn masks(values: &[String]) -> Arc<Masks> {
    let secrets: Vec<Secret> = values.iter().cloned().map(Secret::new).collect();
    Arc::new(Masks::new(&secrets))
}

proptest! {
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
