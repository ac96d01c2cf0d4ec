//! The laws of masking, against an implementation that is too simple to be wrong.

use proptest::prelude::*;

use super::cover::Cover;
use super::edge;
use super::fit::fit;
use super::masks::Masks;
use super::pattern::{EATEN, Form};
use super::stream::Stream;
use super::track::{Raw, Track};
use super::view::View;
use super::word::in_word;

fn masks(values: &[Vec<u8>]) -> Masks {
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
                let swallowed = super::matcher::swallowed(track, at, late);
                if late > 0 && swallowed.clone().is_none_or(|place| track.text()[place] != own[..late]) {
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

fn naive(values: &[Vec<u8>], text: &[u8]) -> Vec<u8> {
    let masks = masks(values);
    let mut cover = Cover::default();
    let mut view = View::new();
    view.advance(text, true);
    naive_track(&masks, &view.track(text), false, &mut cover);
    naive_track(&masks, &Raw(text), true, &mut cover);
    let mut columns = super::column::Columns::new();
    columns.view(text, true);
    for lane in columns.lanes(text) {
        naive_track(&masks, &lane, false, &mut cover);
    }
    for at in 0..text.len() {
        for word in masks.words.all().filter(|word| text[at..].starts_with(word)) {
            let before = at.checked_sub(1).map(|at| text[at]);
            if !before.is_some_and(in_word) && !text.get(at + word.len()).copied().is_some_and(in_word) {
                cover.add(at..at + word.len());
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

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[ab\\-0x4%\\\\n&;<> \"']{1,14}",
        4 => "[a-f0-9x]{4,20}",
        2 => "[!-~]{6,30}",
        1 => "[a-zA-Z0-9]{24}",
        1 => "\\PC{1,12}",
        1 => "(abcdef){2,80}[a-g]{0,3}",
        1 => "(ab){1,50}",
        1 => "a{4,300}",
        1 => "(a1b2(c3){0,3}){1,60}[\\-a-f]{0,6}",
        1 => "[A-Za-z0-9+/\n]{100,400}",
        1 => "1|abc|root|production|\u{e9}",
        1 => "[a-z]{3,6}\n[a-z]{3,6}\r\n\t[A-Z]{2,5}",
    ]
    .prop_map(String::into_bytes)
}

pub(super) fn encode(kind: usize, value: &[u8]) -> Vec<u8> {
    use std::fmt::Write;
    let text = String::from_utf8_lossy(value);
    let mut out = String::new();
    match kind {
        0 => return value.to_vec(),
        1 => value.iter().for_each(|byte| write!(out, "%{byte:02X}").expect("a string")),
        2 => text.chars().for_each(|char| match char {
            _ if char.is_ascii_alphanumeric() || "-_.~".contains(char) => out.push(char),
            _ => char.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| write!(out, "%{byte:02x}").expect("a string")),
        }),
        3 => {
            let json = serde_json::to_string(&text).expect("JSON");
            out.push_str(&json[1..json.len() - 1]);
        }
        4 => text.chars().for_each(|char| match char {
            '\'' => out.push_str("'\\''"),
            _ => out.push(char),
        }),
        5 => text.chars().for_each(|char| match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            _ => out.push(char),
        }),
        6 => value.iter().for_each(|byte| write!(out, "{byte:02x}").expect("a string")),
        7 => value.iter().for_each(|byte| write!(out, "{byte:02X} ").expect("a string")),
        8 => return base64::Engine::encode(&base64::prelude::BASE64_STANDARD, value).into_bytes(),
        9 => {
            return base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, [b"xy", value].concat())
                .into_bytes();
        }
        10 => value.iter().for_each(|byte| write!(out, "\\x{byte:02x}").expect("a string")),
        11 => value.iter().for_each(|byte| write!(out, "\\{byte:03o}").expect("a string")),
        12 => value.iter().for_each(|byte| write!(out, "0x{byte:02x}, ").expect("a string")),
        13 => text.encode_utf16().for_each(|unit| write!(out, "\\u{unit:04X}").expect("a string")),
        14 => return value.iter().flat_map(|byte| [*byte, 0]).collect(),
        15 => text.chars().for_each(|char| {
            out.push(char);
            out.push_str("\x1b[1;31m");
        }),
        16 => text.chars().enumerate().for_each(|(at, char)| {
            if at > 0 && at % 11 == 0 {
                out.push_str("\r\n    ");
            }
            out.push(char);
        }),
        17 => text.chars().for_each(|char| match char {
            '$' | '%' | '"' | '\'' => out.extend([char, char]),
            _ => out.push(char),
        }),
        18 => text.chars().for_each(|char| {
            if !char.is_alphanumeric() {
                out.push('\\');
            }
            out.push(char);
        }),
        19 => text.chars().for_each(|char| write!(out, "&#{};", u32::from(char)).expect("a string")),
        20 => value.chunks(16).enumerate().for_each(|(at, chunk)| {
            write!(out, "{:08x}  ", 16 * at).expect("a string");
            for byte in chunk {
                write!(out, "{byte:02x} ").expect("a string");
            }
            let shown: String =
                chunk.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
            writeln!(out, " |{shown}|").expect("a string");
        }),
        21 => value.chunks(9).enumerate().for_each(|(at, chunk)| {
            write!(out, "{:04x}:", 9 * at).expect("a string");
            for byte in chunk {
                write!(out, " {byte:02x}").expect("a string");
            }
            let shown: String =
                chunk.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
            writeln!(out, " {shown}").expect("a string");
        }),
        _ => unreachable!("there are {KINDS} kinds"),
    }
    out.into_bytes()
}

pub(super) const KINDS: usize = 22;

/// Text that often holds a value, a part of one, or a form of one.
fn text(values: &[Vec<u8>]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let mut pieces: Vec<BoxedStrategy<Vec<u8>>> = vec![
        "[ab \\-c\r\n0x%&;\\\\4.]{0,6}|\\.\\.\\.".prop_map(String::into_bytes).boxed(),
        prop::collection::vec(any::<u8>(), 0..3).boxed(),
        prop::sample::select(vec![
            &b"\\"[..],
            b"%",
            b"&",
            b"0x",
            b"0",
            b"%4",
            b"\\x4",
            b"&#",
            b"\x1b]0;t",
            b"\x1b[31m",
            b"\\u00",
            b"%25",
            b"\"",
        ])
        .prop_map(<[u8]>::to_vec)
        .boxed(),
        (250_usize..260).prop_map(|count| vec![b' '; count]).boxed(),
    ];
    for value in values {
        let value = value.clone();
        let forms = (0..KINDS, 0..KINDS).prop_map(move |(first, second)| {
            let once = encode(first, &value);
            if second % 3 == 0 { encode(second, &once) } else { once }
        });
        pieces.push(forms.clone().boxed());
        pieces.push(
            (forms.clone(), any::<prop::sample::Index>(), any::<prop::sample::Index>())
                .prop_map(|(form, from, to)| {
                    let (from, to) = (from.index(form.len() + 1), to.index(form.len() + 1));
                    form[from.min(to)..from.max(to)].to_vec()
                })
                .boxed(),
        );
        pieces.push(
            (forms, 2..40_usize).prop_map(|(form, times)| form.repeat(times.min(1 + 3000 / (form.len() + 1)))).boxed(),
        );
    }
    prop::collection::vec(prop::strategy::Union::new(pieces), 0..10).prop_map(|pieces| pieces.concat())
}

fn case() -> impl Strategy<Value = Case> {
    prop::collection::vec(value(), 1..5).prop_flat_map(|values| {
        let text = text(&values);
        let cuts = prop_oneof![prop::collection::vec(0..9_usize, 1..20), prop::collection::vec(0..300_usize, 1..20)];
        (Just(values), text, cuts).prop_map(|(values, text, cuts)| Case(values, text, cuts))
    })
}

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
        if masks.words.count() == 0 && masks.mask(&text) == text {
            prop_assert_eq!(show(&out), show(&text));
        }
    }
}

/// Values, a text, and where it is cut, as one line.
#[derive(Clone)]
struct Case(Vec<Vec<u8>>, Vec<u8>, Vec<usize>);

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values: Vec<String> = self.0.iter().map(|value| show(value)).collect();
        write!(f, "{} in b\"{}\" cut {:?}", values.join(" | "), show(&self.1), self.2)
    }
}

/// Letters and digits, as they are and decoded.
fn letters(text: &[u8]) -> [Vec<u8>; 2] {
    let plain = text.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    [plain, Masks::skeleton(text)]
}

proptest! {
    #[test]
    fn an_encoding_of_ten_characters_and_more_gets_through_in_part_at_most(
        value in "[!-~]{10,30}|[a-zA-Z0-9]{10,24}|[a-f0-9]{12,40}",
        kinds in (0..KINDS, 0..3_usize),
        before in prop::sample::select(vec!["", "\\", "%", "&", "0x", "7", "%4", "\\x4", "\\u00", "token=", "\\\\"]),
        behind in prop::sample::select(vec!["", "\\", "%", "&", "0x", "7", ";", "\"}", "n", "4"]),
    ) {
        let skeleton = Masks::skeleton(value.as_bytes());
        let distinct: std::collections::BTreeSet<&u8> = skeleton.iter().collect();
        let (kind, times) = kinds;
        // What a unit before the value swallowed is known only where nothing encoded follows it.
        let is_glued = !before.is_empty() && !before.ends_with('=') && !matches!(kind, 0 | 3 | 4 | 6 | 8 | 9);
        prop_assume!(skeleton.len() >= 10 && distinct.len() >= 4 && !is_glued);
        let mut encoded = encode(kind, value.as_bytes());
        // Folds and dumps stand in lines of their own, and base64 of base64 isn't covered.
        if times == 2 && kind < 6 {
            encoded = encode(kind, &encoded);
        }
        let line = if kind == 16 || kind >= 20 { "\n" } else { "" };
        let text = [before.as_bytes(), line.as_bytes(), &encoded, line.as_bytes(), behind.as_bytes()].concat();
        let out = masks(&[value.as_bytes().to_vec()]).mask(&text);
        for shown in String::from_utf8_lossy(&out).split("***") {
            for letters in letters(shown.as_bytes()) {
                let left = letters.windows(5).find(|row| skeleton.windows(5).any(|own| own == *row));
                prop_assert!(left.is_none(), "{} in {} gives {}", value, show(&text), show(&out));
            }
        }
    }

    #[test]
    fn a_skeleton_stays_the_same_however_often_it_is_encoded(value in "[ -~\n\t]{0,30}") {
        let skeleton = Masks::skeleton(value.as_bytes());
        // A backslash that is encoded otherwise escapes nothing, and `0x` behind a digit is none.
        for kind in [2, 3, 5].into_iter().filter(|kind| *kind == 3 || !value.contains('\\') && !value.contains("0x") && !value.contains("0X")) {
            let mut encoded = value.clone().into_bytes();
            for times in 1..4 {
                encoded = encode(kind, &encoded);
                prop_assert_eq!(show(&Masks::skeleton(&encoded)), show(&skeleton), "{} times {}", kind, times);
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

fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
