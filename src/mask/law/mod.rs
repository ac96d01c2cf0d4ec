//! The laws of masking.

mod case;
mod dump;
mod encoder;
mod naive;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::masks::Masks;
use super::pattern::Form;
use super::stream::Stream;
use super::value::Value;
use crate::secret::is_common;
use case::{Case, case, show};
use dump::Dump;
use encoder::Encoder;
use naive::{masks, naive};

proptest! {
    #[test]
    fn any_cutting_masks_as_the_simple_way(Case(values, text, cuts) in case()) {
        let expected = naive(&values, &text);
        let masks = masks(&values);
        prop_assert_eq!(show(&masks.mask(&text)), show(&expected), "whole");
        let mut stream = Stream::new();
        let (mut out, mut at) = (Vec::new(), 0);
        for cut in cuts.iter().cycle().take(3000) {
            let end = (at + cut).min(text.len());
            stream.push(&masks, &text[at..end], &mut out);
            at = end;
        }
        stream.push(&masks, &text[at..], &mut out);
        stream.finish(&masks, &mut out);
        prop_assert_eq!(show(&out), show(&expected), "cut");
    }

    #[test]
    fn pauses_show_no_more_than_candidates(Case(values, text, cuts) in case(), waits in prop::collection::vec(0..4, 1..30)) {
        let masks = masks(&values);
        let mut stream = Stream::new();
        let (mut out, mut at) = (Vec::new(), 0);
        for (cut, wait) in cuts.iter().cycle().zip(waits.iter().cycle()).take(3000) {
            let end = (at + cut).min(text.len());
            stream.push(&masks, &text[at..end], &mut out);
            at = end;
            match wait {
                0 => stream.pause(&masks, &mut out),
                1 => {
                    stream.silence(&masks, &mut out);
                    prop_assert_eq!(stream.held(), 0);
                }
                _ => {}
            }
        }
        stream.push(&masks, &text[at..], &mut out);
        stream.finish(&masks, &mut out);
        // A pause is the end of a word.
        if masks.words.all().iter().all(|word| !word.is_alone) && masks.mask(&text) == text {
            prop_assert_eq!(show(&out), show(&text));
        }
    }
}

/// Letters and digits, as they are and decoded.
fn letters(text: &[u8]) -> [Vec<u8>; 2] {
    let plain = text.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    [plain, Masks::skeleton(text)]
}

/// What may stand before a value, and behind it.
const BEFORE: [&str; 11] = ["", "\\", "%", "&", "0x", "7", "%4", "\\x4", "\\u00", "token=", "\\\\"];
const BEHIND: [&str; 10] = ["", "\\", "%", "&", "0x", "7", ";", "\"}", "n", "4"];

/// What is left of a value's characters where a unit has swallowed the first ones.
fn swallowed(skeleton: &[u8], text: &[u8]) -> usize {
    let shown = Masks::skeleton(text);
    (0..6).find(|late| memchr::memmem::find(&shown, &skeleton[*late..]).is_some()).unwrap_or_default()
}

/// Letters, digits, and signs that no quoting adds, from the first character of a value to its last.
fn evidence(value: &[u8]) -> usize {
    let value = Value::new(value);
    value.text.len() + value.text_gaps.iter().map(|gap| gap.hard.len()).sum::<usize>()
}

/// Whether a value has enough letters and digits to be looked for in views.
fn is_in_views(value: &str) -> bool {
    let skeleton = Masks::skeleton(value.as_bytes());
    let distinct: std::collections::BTreeSet<&u8> = skeleton.iter().collect();
    skeleton.len() >= 6 && distinct.len() >= 4
}

/// Whether nothing of a value can be read in a text in which it is encoded, or it is one of those that can't be found:
///
/// - what is encoded all over, behind the beginning of a unit that swallows some of it;
/// - fewer than six characters behind what such a unit swallowed, but for those at the end that may be part of a unit with
///   what follows;
/// - fewer than eight characters and signs of its own, folded: any short lines would be such a value.
fn is_masked(value: &str, encoder: Encoder, is_twice: bool, before: &str, behind: &str) -> Result<(), String> {
    use Encoder::{Base64, Base64Behind, Folded, Hex, Html, Json, Percent, PercentSome, Raw, ShellQuote};
    let skeleton = Masks::skeleton(value.as_bytes());
    let is_plain = matches!(encoder, Raw | Json | ShellQuote | Hex | Base64 | Base64Behind);
    let may_swallow = !before.is_empty() && !before.ends_with('=');
    if may_swallow && !is_plain || encoder == Folded && evidence(value.as_bytes()) < 8 {
        return Ok(());
    }
    let mut encoded = encoder.encode(value.as_bytes());
    // Folds and dumps stand in lines of their own, and base64 of base64 isn't covered.
    if is_twice && matches!(encoder, Raw | Percent | PercentSome | Json | ShellQuote | Html) {
        encoded = encoder.encode(&encoded);
    }
    let line = if encoder.is_lines() { "\n" } else { "" };
    let text = [before.as_bytes(), line.as_bytes(), &encoded, line.as_bytes(), behind.as_bytes()].concat();
    if Value::new(value.as_bytes()).text.len() < 6 + swallowed(&skeleton, &text) {
        return Ok(());
    }
    let out = masks(&[value.as_bytes().to_vec()]).mask(&text);
    let shown = String::from_utf8_lossy(&out);
    for row in shown.split("***").flat_map(|piece| letters(piece.as_bytes())) {
        if row.windows(5).any(|row| skeleton.windows(5).any(|own| own == row)) {
            return Err(format!("{value} by {encoder:?} in {} gives {}", show(&text), show(&out)));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_encoding_gets_through_in_part_at_most(
        value in "[!-~]{6,30}|[a-zA-Z0-9]{6,24}|[a-f0-9]{6,40}".prop_filter("too few letters", |value| is_in_views(value)),
        encoder in prop::sample::select(&Encoder::ALL[..]),
        is_twice in any::<bool>(),
        before in prop::sample::select(&BEFORE[..]),
        behind in prop::sample::select(&BEHIND[..]),
    ) {
        is_masked(&value, encoder, is_twice, before, behind).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_dump_of_an_encoding_gets_through_in_part_at_most(
        value in "[!-~]{6,30}|[a-zA-Z0-9]{6,24}|[a-f0-9]{6,40}".prop_filter("too few letters", |value| is_in_views(value)),
        encoder in prop::sample::select(&Encoder::ALL[..]),
        dump in prop::sample::select(&Dump::ALL[..]),
        before in "|user=|[ -~]{1,20}=",
    ) {
        let bytes = value.as_bytes();
        let is_open = Value::new(bytes).text.len() < 6;
        // What short values need where they aren't dumped holds here as well, and so does what can't be dumped twice.
        prop_assume!(!is_open && (encoder != Encoder::Folded || evidence(bytes) >= 8) && !encoder.is_lines());
        let encoded = encoder.encode(bytes);
        let text = dump.of(&[before.as_bytes(), &encoded].concat());
        let masked = masks(&[bytes.to_vec()]).mask(&text);
        let is_digits = matches!(encoder, Encoder::Hex | Encoder::Base64 | Encoder::Base64Behind);
        let own = if is_digits { encoded } else { Masks::skeleton(bytes) };
        for read in dump.read(&masked) {
            for row in letters(&read) {
                let is_read = row.windows(5).any(|row| own.windows(5).any(|own| own == row));
                prop_assert!(!is_read, "{:?} {}\n{}", encoder, String::from_utf8_lossy(&text), String::from_utf8_lossy(&masked));
            }
        }
    }

    #[test]
    fn base64_that_ends_with_a_value_shows_no_digit_of_its_end(
        value in "[!-~]{7,40}",
        before in 0..3_usize,
        is_url in any::<bool>(),
    ) {
        let bytes = [&b"xy"[..before.min(2)], value.as_bytes()].concat();
        let encoded = if is_url { BASE64_URL_SAFE_NO_PAD.encode(&bytes) } else { BASE64_STANDARD.encode(&bytes) };
        let digits: Vec<char> = encoded[4..].chars().filter(char::is_ascii_alphanumeric).collect();
        let distinct: std::collections::BTreeSet<&char> = digits.iter().collect();
        prop_assume!(digits.len() >= 7 && distinct.len() >= 5 && !is_common(&value));
        for behind in ["", "\n", "\"}"] {
            let out = masks(&[value.as_bytes().to_vec()]).mask(format!("{encoded}{behind}").as_bytes());
            prop_assert!(out.ends_with(format!("***{behind}").as_bytes()), "{} {}", encoded, show(&out));
        }
    }

    #[test]
    fn a_skeleton_stays_the_same_however_often_it_is_encoded(value in "[ -~\n\t]{0,30}") {
        let skeleton = Masks::skeleton(value.as_bytes());
        for encoder in [Encoder::PercentSome, Encoder::Json, Encoder::Html] {
            // A backslash that is encoded otherwise escapes nothing, and `0x` behind a letter or digit is none, be that the
            // end of an escape.
            let ends_in_letter = |byte: &u8| encoder.encode(&[*byte]).last().is_some_and(u8::is_ascii_alphanumeric);
            let is_changed = |bytes: &[u8]| {
                bytes[1..].eq_ignore_ascii_case(b"0x") && !bytes[0].is_ascii_alphanumeric() && ends_in_letter(&bytes[0])
            };
            if value.as_bytes().windows(3).any(is_changed) || encoder != Encoder::Json && value.contains('\\') {
                continue;
            }
            let mut encoded = value.clone().into_bytes();
            for times in 1..4 {
                encoded = encoder.encode(&encoded);
                prop_assert_eq!(show(&Masks::skeleton(&encoded)), show(&skeleton), "{:?} times {}", encoder, times);
            }
        }
    }

    #[test]
    fn a_value_that_is_added_is_masked_in_what_is_held(
        Case(values, text, cuts) in case(),
        at in any::<prop::sample::Index>(),
    ) {
        let (first, later) = values.split_at(values.len() / 2);
        let mut some = masks(first);
        let mut stream = Stream::new();
        let (mut out, at) = (Vec::new(), at.index(text.len() + 1));
        let mut from = 0;
        for cut in &cuts {
            let to = (from + cut).min(at);
            stream.push(&some, &text[from..to], &mut out);
            from = to;
        }
        stream.push(&some, &text[from..at], &mut out);
        let held = stream.held();
        for value in later {
            some.add(value);
        }
        stream.push(&some, &text[at..], &mut out);
        stream.finish(&some, &mut out);
        // What begins in what was held, or later, is masked.
        let rest = &text[at - held..];
        for value in later.iter().map(|value| value.trim_ascii()).filter(|value| value.len() >= 4) {
            let is_raw = some.patterns.iter().any(|pattern| {
                pattern.form == Form::Raw && some.values[pattern.value].bytes[..] == *value
            });
            if is_raw && rest.windows(value.len()).any(|window| window == value) {
                let stands = |text: &[u8]| text.windows(value.len()).filter(|window| *window == value).count();
                prop_assert!(stands(&out) <= stands(&text) - stands(rest), "{}", show(&out));
            }
        }
    }
}

#[test]
fn what_is_held_is_bounded() {
    let value: Vec<u8> = (0..400_u32).map(|at| b'a' + u8::try_from(at * at % 26).expect("a letter")).collect();
    let masks = masks(std::slice::from_ref(&value));
    let mut stream = Stream::new();
    let mut out = Vec::new();
    for byte in &value[..255] {
        stream.push(&masks, &[&[*byte][..], &[b' '; 250]].concat(), &mut out);
        assert!(stream.held() <= 66 << 10);
    }
    stream.push(&masks, &[b' '; 20], &mut out);
    assert!(stream.held() <= 64);
    for text in ["\x1b]0;", "\\", "%25", "&amp;", "0000: 61 62 63", "0000: a"] {
        let mut stream = Stream::new();
        for _ in 0..3000 {
            stream.push(&masks, text.as_bytes(), &mut out);
            assert!(stream.held() <= 8 << 10, "{text}");
        }
    }
}

#[test]
fn prompts_are_shown_at_once() {
    let masks = masks(&[b"hunter2".to_vec(), b"correct-horse-battery".to_vec(), b"no".to_vec()]);
    let mut stream = Stream::new();
    let mut step = |input: &str, is_silent: bool| {
        let mut out = Vec::new();
        stream.push(&masks, input.as_bytes(), &mut out);
        stream.pause(&masks, &mut out);
        if is_silent {
            stream.silence(&masks, &mut out);
        }
        (String::from_utf8_lossy(&out).into_owned(), stream.held())
    };
    let shown = |text: &str, held| (text.to_owned(), held);
    assert_eq!(step("Password: ", false), shown("Password: ", 0));
    assert_eq!(step("h", false), shown("h", 0));
    assert_eq!(step("u", false), shown("u", 0));
    // What was shown of a candidate stays shown, and the rest waits.
    assert_eq!(step("n", false), shown("", 1));
    assert_eq!(step("", true), shown("n", 0));
    assert_eq!(step("ter2", false), shown("***", 0));
    assert_eq!(step("\nC:\\> ", false), shown("\nC:\\> ", 0));
    assert_eq!(step("corr", false), shown("", 4));
    assert_eq!(step("ida", false), shown("corrida", 0));
    assert_eq!(step(" hunter2\n", false), shown(" ***\n", 0));
    assert_eq!(step("no", false), shown("***", 0));
}
