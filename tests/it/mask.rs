//! Masking as people see it: what is covered, when it is shown, and that no encoding gets through.

use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use credflow::mask::{MaskSet, Masker, Masks, OutputMasker};
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
    // The line break that ends a value stays.
    assert_eq!(mask(&[key], key), "***\n");
    // Lines of words are harmless, others are masked each.
    assert_eq!(mask(&[key], "first-line last-line"), "first-line last-line");
    let key = "-----BEGIN-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEHBG0w\n-----END-----\n";
    assert_eq!(mask(&[key], "- MIGHAgEAMBMGByqGSM49\n- AgEGCCqGSM49AwEHBG0w"), "- ***\n- ***");
    assert_eq!(mask(&[key], "> MIGHAgEAMBMGByqGSM49\n\n- x"), "> ***\n\n- x");
    assert_eq!(mask(&["abc\n"], "abc abcd"), "*** abcd");
}

/// Digits count by what they say, be they few different ones.
#[test]
fn digits_of_few_kinds_are_masked() {
    assert_eq!(mask(&["c0c33f"], "633063333366 333663663336"), "*** 333663663336");
    assert_eq!(mask(&["36cf36"], "633063333366 333663663336"), "633063333366 ***");
}

/// Only what looks like a value, or is called one, is masked alone.
#[test]
fn harmless_lines_of_a_value_stay_readable() {
    let value = "apiVersion: v1\nkind: Config\nuser: admin\npassword: q1w2e3\ntoken: none\n7x\n}\nlong-enough";
    assert_eq!(
        mask(&[value], "apiVersion: v1, kind: Config, admin, q1w2e3, none, 7x } long-enough"),
        "apiVersion: v1, kind: Config, admin, ***, none, 7x } long-enough"
    );
    assert_eq!(mask(&[value], &format!("it is {value}!")), "it is ***!");
}

#[test]
fn a_value_is_masked_as_a_terminal_shows_it() {
    assert_eq!(mask(&["{\n}\n[\n]"], "x{\r\n}\r\n[\r\n]x {\n}\n[\n] {\r\n}"), "x***x *** {\r\n}");
    // Blanks around a value are no part of it, and the line break that ends it stays.
    assert_eq!(mask(&["  {\r\n}\n"], "  {\r\r\n}\r\n."), "  ***\r\n.");
}

#[test]
fn base64_of_few_bytes_is_masked_wherever_it_stands() {
    for value in ["xk3y", "xk3yQ"] {
        for before in ["", "a", "ab", "abc", "pw="] {
            for after in ["", "\n", "!!", "end"] {
                let text = BASE64_STANDARD.encode(format!("{before}{value}{after}"));
                let out = mask(&[value], &text);
                assert!(out.contains("***") && out.len() <= text.len() - value.len() + 3, "{text} {out}");
            }
        }
    }
}

#[test]
fn what_an_encoder_broke_may_be_short_and_indented() {
    let value = "a-token-that-is-as-long-as-two-lines-of-an-encoder!";
    let encoded = BASE64_STANDARD.encode(value);
    for width in [24, 30, 64] {
        for indentation in ["", "    ", "\t", "                "] {
            for end in ["\n", "\r\n"] {
                let lines: Vec<&str> =
                    encoded.as_bytes().chunks(width).map(|line| str::from_utf8(line).expect("ASCII")).collect();
                let text = format!("key:{end}{indentation}{}{end}", lines.join(&format!("{end}{indentation}")));
                assert_eq!(mask(&[value], &text), format!("key:{end}{indentation}***{end}"), "{text}");
            }
        }
    }
    // However few digits a line has, and however far they are apart, up to a bound.
    let (first, rest) = encoded.split_at(23);
    assert_eq!(mask(&[value], &format!("{first}\n{rest}")), "***");
    assert_eq!(mask(&[value], &format!("{first}\n{:200}{rest}", "")), "***");
    let text = format!("{first}\n{:300}{rest}", "");
    assert_eq!(mask(&[value], &text), text);
    // The last digit, of which some bits are none of the value's, where the value is the last that is encoded.
    for value in [&value[1..], &value[2..], &value[..8], "ab?~>?~>?"] {
        let text = BASE64_STANDARD.encode(value);
        for behind in ["", "\n", "\r\n", " x", "\"}"] {
            assert_eq!(mask(&[value], &format!("{text}{behind}")), format!("***{behind}"), "{text}");
            let bare = text.trim_end_matches('=');
            assert_eq!(mask(&[value], &format!("{bare}{behind}")), format!("***{behind}"), "{bare}");
        }
        let folded = text.replace('=', "").len() - 1;
        let folded = format!("{}\r\n {}", &text[..folded], &text[folded..]);
        assert_eq!(mask(&[value], &folded), "***", "{folded}");
    }
    // Of one that others follow only its own digits.
    assert_eq!(mask(&[&value[1..]], &BASE64_STANDARD.encode(format!("{} and more", &value[1..]))), "***EgYW5kIG1vcmU=");
}

#[test]
fn a_line_is_an_encoders_also_where_masks_were_added_in_it() {
    let secret = |value: &str| Secret::new(value.to_owned());
    let set = Arc::new(MaskSet::new([Arc::new(secret("tokentokentoken"))]));
    let mut masker = OutputMasker::new(Arc::clone(&set));
    let mut out = Vec::new();
    masker.push(b"MTIzNDU2Nzg5MDEyMzQ1dG9rZW5", &mut out);
    assert!(set.add(secret("another")));
    masker.push(b"\n  0b2tlbnRva2Vu", &mut out);
    masker.finish(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), "MTIzNDU2Nzg5MDEyMzQ1***");
}

/// What bash quoted, without its quotes and backslashes, and without blanks around it: these are no part of a value.
#[cfg(unix)]
fn unquoted(text: &str) -> String {
    match text.strip_prefix("$'").and_then(|text| text.strip_suffix('\'')) {
        Some(text) => text.replace("\\t", " ").replace("\\r", " ").replace('\\', "").trim().to_owned(),
        None => text.replace('\\', "").trim().to_owned(),
    }
}

/// It is said once that there is no bash, and not for each case.
#[cfg(unix)]
static NO_BASH: std::sync::Once = std::sync::Once::new();

#[cfg(unix)]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_bash_quotes_is_masked(
        values in prop::collection::vec(
            "[ -~]{4,12}|[#~:=a ]{4,8}|[ -~\\t\\r\x07\x1b\x7f\u{e4}\u{1f600}]{4,8}",
            1..50,
        ),
    ) {
        for locale in ["C", "C.UTF-8"] {
            let mut bash = std::process::Command::new("bash");
            bash.args(["-c", r#"for value; do printf '%q\0%q\0' "$value" "x=$value"; done"#, "bash"]).args(&values);
            let output = match bash.env("LC_ALL", locale).output() {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    prop_assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "there is no bash");
                    NO_BASH.call_once(|| crate::waiting::skipped("what bash quotes: there is no bash"));
                    return Ok(());
                }
                output => output.expect("bash"),
            };
            prop_assert!(output.status.success(), "{output:?}");
            let quoted = output.stdout.split(|byte| *byte == 0);
            for (at, text) in quoted.take(2 * values.len()).enumerate() {
                let value = &values[at / 2];
                let common = Secret::new(value.clone()).is_common();
                let out = masks(std::slice::from_ref(value)).mask(text);
                let left = String::from_utf8_lossy(&out).replacen("x=", "", at % 2);
                let shown = unquoted(&left) == "***"
                    // What is nothing but equals signs is found in the one before it too.
                    || (at % 2 == 1 && value.bytes().all(|byte| byte == b'=') && left == "x***");
                prop_assert!(common || shown, "{value:?} {:?} {left:?}", String::from_utf8_lossy(text));
            }
        }
    }
}

/// What is dumped may be encoded itself: it is covered in both columns.
#[test]
fn a_dump_of_what_is_encoded_is_masked_in_both_columns() {
    let value = "aB3+dE5/gH7=jK9pQ2";
    for (text, masked) in [
        (
            "0030: 74 69 6f 6e 3a 20 42 61 73 69 63 20 59 58 42 77 tion: Basic YXBw\n\
             0040: 4f 6d 46 43 4d 79 74 6b 52 54 55 76 5a 30 67 33 OmFCMytkRTUvZ0g3\n\
             0050: 50 57 70 4c 4f 58 42 52 4d 67 3d 3d             PWpLOXBRMg==\n",
            "0030: 74 69 6f 6e 3a 20 42 61 73 69 63 20 59 58 42 77 tion: Basic YXBw\n\
             0040: 4f 6d *** Om***\n\
             0050: ***             ***\n",
        ),
        (
            "00000000: 6142 3325 3242 6445 3525 3246 6748 3725  aB3%2BdE5%2FgH7%\n\
             00000010: 3344 6a4b 3970 5132                      3DjK9pQ2\n",
            "00000000: ***  ***\n00000010: ***                      ***\n",
        ),
        (" 61 42 33 25 32 42 64 45 35 25 32 46 67 48 37 25\n 33 44 6a 4b 39 70 51 32\n", " ***\n ***\n"),
        ("614233253242644535253246674837253344\n6a4b39705132\n", "***\n***\n"),
        (
            "0000000   a   B   3   %   2   B   d   E   5   %   2   F   g   H   7   %\n\
             0000020   3   D   j   K   9   p   Q   2  \\n\n0000031\n",
            "0000000   ***\n0000020   ***  \\n\n0000031\n",
        ),
    ] {
        assert_eq!(mask(&[value], text), masked, "{text}");
        assert_eq!(mask_bytes(value, text), masked, "{text}");
    }
}

/// A column waits for its next character only so long.
#[test]
fn a_dump_without_text_is_not_held() {
    let offsets = |line: fn(usize) -> String| (0..10_000).map(line).collect::<String>();
    for text in [
        " 61 62 63\n".repeat(10_000),
        "1: abc\n".repeat(10_000),
        "12345 678\n".repeat(10_000),
        "0000000 61 62 63 64\n".repeat(10_000),
        "1: \\\n".repeat(10_000),
        "1\t\x1b]0;x\n".repeat(10_000),
        "   .   .\n".repeat(10_000),
        offsets(|at| format!("{:08x}: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f  ................\n", 16 * at)),
        // A character once, and dots from there on.
        format!("0000: 6101 a.\n{}", "0000: 0102 ..\n".repeat(10_000)),
        format!("   a   b\n{}", "   .   .\n".repeat(10_000)),
        format!("1: abc\n{}", "1: ...\n".repeat(10_000)),
        // An escape that goes on in the next line.
        " 5c 78\n".repeat(10_000),
        format!("616263646566\n{}", "...\n".repeat(10_000)),
    ] {
        for width in [1, 7, 4096] {
            let mut masker = Masker::new(masks(&["q7LmZ2vKx9TrB4nWc8HyJ5dP".to_owned()]));
            let mut out = Vec::new();
            for piece in text.as_bytes().chunks(width) {
                masker.push(piece, &mut out);
                assert!(masker.held() <= 6 << 10, "{} {:?}", masker.held(), &text[..40]);
            }
            masker.finish(&mut out);
            assert!(out == text.as_bytes());
        }
    }
}

/// Where a value that repeats itself goes on for less than itself and is cut off, the rest is masked as well.
#[test]
fn a_value_that_repeats_itself_may_be_cut_off() {
    let value = "abc1abc1abc1abc1";
    for (text, masked) in [("abc1abc1abc1abc1ab...L", "***...L"), ("abc1abc1abc1abc1ab...", "***...")] {
        assert_eq!(mask(&[value], text), masked);
        assert_eq!(mask_bytes(value, text), masked);
    }
}

/// Where an escape ends in the first hexadecimal digit of a value, that digit is masked as well, and all from the first place
/// on that could be it.
#[test]
fn a_digit_that_an_escape_swallows_is_masked() {
    for (text, masked) in [("%7616263646566", "%7***"), ("%6616263646566", "%***")] {
        assert_eq!(mask(&["abcdef"], text), masked);
        assert_eq!(mask_bytes("abcdef", text), masked);
    }
}

/// Whatever stands between it and the next character, and before it.
#[test]
fn what_a_unit_swallows_may_be_far_away() {
    let blanks = " ".repeat(300);
    for (value, text, masked) in [
        ("0\\aAaAa0B", "\\0\\\\aAaAa0B", "\\***"),
        ("1bcdefg", "%21\x1b[31mbcdefg", "%2***"),
        ("1bcdefg", &format!("x{blanks}%21bcdefg"), &format!("x{blanks}%2***")),
        ("1bcdefg", "%21\n\n-bcdefg", "%2***"),
    ] {
        assert_eq!(mask(&[value], text), masked, "{text:?}");
        assert_eq!(mask_bytes(value, text), masked, "{text:?}");
    }
}

#[test]
fn what_could_begin_a_unit_at_the_end_counts_where_the_rest_is_too_little() {
    for text in ["A0a\\0a$$&ab", "A0a\\\\0a$&amp;ab", "A0a\\0a$$&ab\n"] {
        assert_eq!(mask(&["A0a\\0a$&ab"], text).trim_end(), "***", "{text:?}");
    }
}

/// The same text byte by byte.
fn mask_bytes(value: &str, text: &str) -> String {
    let (mut masker, mut out) = (Masker::new(masks(&[value.to_owned()])), Vec::new());
    for byte in text.bytes() {
        masker.push(&[byte], &mut out);
    }
    masker.finish(&mut out);
    String::from_utf8(out).expect("UTF-8 in, UTF-8 out")
}

#[test]
fn a_short_value_is_masked_as_a_word() {
    assert_eq!(mask(&["1"], "1 of 11, v1, 1"), "*** of 11, v1, ***");
    assert_eq!(mask(&["a-b"], "a-b xa-b a-b_ (a-b)"), "*** xa-b a-b_ (***)");
    assert_eq!(mask(&["", " ", "\n\n\n\n\n"], "a  b\n\n\n\n\n"), "a  b\n\n\n\n\n");
    // An escape of a letter, digit or `_` before it goes on the word; any other one, and what follows it, parts it.
    for (text, masked) in [
        (r"\nabc\n x\tabc\x41", r"\n***\n x\t***\x41"),
        (r"%20abc%20 &amp;abc&amp; \u0020abc \x20abc", r"%20***%20 &amp;***&amp; \u0020*** \x20***"),
        (r"\x41abc %41abc \u005fabc &#65;abc", r"\x41abc %41abc \u005fabc &#65;***"),
        ("\x1b[1mabc\x1b[0m \x1b[31mabcd", "\x1b[1m***\x1b[0m \x1b[31mabcd"),
    ] {
        assert_eq!(mask(&["abc"], text), masked, "{text:?}");
    }
}

/// Values that are too short for a view, too.
#[test]
fn what_a_terminal_does_not_show_parts_no_value() {
    for (value, text, masked) in [
        ("a1!b", "xa1\0!bx", "x***x"),
        ("a1!b", "a\x1b[31m1\x1b[0m!b", "***"),
        ("a1!b", "\ra\r1\r!\rb\r", "\r***\r"),
        ("\u{5bc6}\u{7801}1", "\u{5bc6}\x1b[1m\u{7801}\x001", "***"),
        ("a-b", "\x1b[31ma-b\x1b[0m", "\x1b[31m***\x1b[0m"),
        ("a-b", "a\x1b[1m-\0b", "***"),
        // These are words of their own.
        ("12", "10%\r11%\r12%\r1\r2", "10%\r11%\r***%\r1\r2"),
        ("12", "\x1b[12m 1 2", "\x1b[12m 1 2"),
        ("a1!b", "a1\x1b[3", "a1\x1b[3"),
    ] {
        assert_eq!(mask(&[value], text), masked, "{text:?}");
        assert_eq!(mask_bytes(value, text), masked, "{text:?}");
    }
    let mut masker = Masker::new(masks(&["a1!b".to_owned()]));
    let mut out = Vec::new();
    masker.push(&[b"a1!".as_slice(), &[0; 4096]].concat(), &mut out);
    assert!(masker.held() < 8);
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
    let mask = |size: usize| {
        let masks = masks(&["a".repeat(size), "ab".repeat(size / 2), "b".repeat(size / 4)]);
        let text = ("a".repeat(size - 1) + "b").repeat(20);
        // A value that is cut off is masked as far as it goes.
        assert_eq!(masks.mask(text.as_bytes()), b"***b".repeat(20));
    };
    mask(25_000);
    // A comparison at each place would take a square of time.
    crate::clock::grows_evenly("masks", 5000, mask);
}

#[test]
fn nothing_is_shown_of_masks() {
    let masks = masks(&["hunter2".to_owned()]);
    assert_eq!(format!("{masks:?} {:?}", Masker::new(Arc::clone(&masks))), "Masks(***) Masker(***)");
}

#[test]
fn a_short_value_is_a_word_behind_an_escape() {
    let masks = Masks::new([&Secret::new("x7q".to_owned())]);
    for (text, shown) in [
        ("\u{1b}[31mx7q\u{1b}[0m", "\u{1b}[31m***\u{1b}[0m"),
        ("a%20x7q%20b", "a%20***%20b"),
        ("'a\\nx7q'", "'a\\n***'"),
        ("a\\x41x7q %41x7q ax7q", "a\\x41x7q %41x7q ax7q"),
    ] {
        assert_eq!(String::from_utf8_lossy(&masks.mask(text.as_bytes())), shown);
    }
    // Also one that could begin an escape itself.
    assert_eq!(mask(&["\\"], "x\u{1b}[1;31m\\\u{1b}[0m"), "x\u{1b}[1;31m***\u{1b}[0m");
}

#[test]
fn a_line_of_documentation_adds_no_sign() {
    let set = Arc::new(MaskSet::new([]));
    let mut masker = OutputMasker::new(Arc::clone(&set));
    let mut out = Vec::new();
    masker.push(b"::add-mask::`\n##[add-mask]x\n##[add-mask]...\n##[add-mask]----------\n##[add-mask]abcd\n::add-mask::!#~;?&%+^\n", &mut out);
    masker.finish(&mut out);
    assert_eq!(String::from_utf8_lossy(&set.mask(b"` x ... ---------- abcd !#~;?&%+^")), "` x ... ---------- *** ***");
}
