//! How much masks star that is no secret: nothing for random values, and for weak ones no more than a ceiling for each
//! rule by which they are looked for.

use std::fs;
use std::path::{Path, PathBuf};

use credflow::mask::Masks;
use credflow::secret::Secret;
use memchr::memmem;

use crate::project::root;

/// So much of other people's source is looked at: a debug build takes seconds for it.
const SOURCE: usize = 1 << 20;

/// Values that somebody might have, by the rule that tells them from other text.
struct Kind {
    name: &'static str,
    values: &'static [&'static str],
    /// Where they stand in the logs as they are, and stars in other places there, at most.
    logs: (usize, usize),
    /// Stars in other places of source, at most, for a thousand places where they stand.
    added: usize,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "words, only as words",
        values: &["1", "v1", "abc", "test", "root", "admin", "true", "production", "password", "release"],
        logs: (6147, 0),
        added: 0,
    },
    Kind {
        name: "few letters or few different ones, as they are and in common forms",
        values: &["x86_64", "1.0.0", "112211", "a-b-c-d", "====", "00000000-0000-0000-0000-000000000000", "std=gnu"],
        logs: (504, 0),
        added: 0,
    },
    Kind {
        name: "less than sixteen letters, by what stands between them",
        values: &[
            "hello world",
            "123456",
            "registry",
            "linux-gnu",
            "node_modules",
            "import config",
            "file name",
            "type-name",
            "return value",
            "my-secret",
            "changeme",
            "Extracting",
            "express",
            "let me in",
        ],
        logs: (1088, 0),
        added: 250,
    },
    Kind {
        name: "digits that may be hexadecimal or base64",
        values: &[
            "deadbeef",
            "12345678",
            "0123456789",
            "cafebabe",
            "abcdef123456",
            "20240131",
            "cf8c6b5b557f",
            "73a79cd3",
        ],
        logs: (44, 0),
        added: 1200,
    },
    Kind {
        name: "sixteen letters and more, whatever stands between them",
        values: &[
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            "67e55044-10b1-426f-9247-bb680e5fe0c8",
            "correct horse battery staple",
            "files.pythonhosted.org",
            "https://registry.npmjs.org",
            "the quick brown fox",
            "no such file or directory",
            "0123456789abcdef0123456789abcdef",
        ],
        logs: (691, 0),
        added: 0,
    },
];

/// Places and stars of phrases that are cut from the logs, in the logs.
const PHRASES: (usize, usize) = (981, 0);

/// Places of phrases that are cut from this project's own source, as it was once, and stars in others.
const SOURCE_PHRASES: (usize, usize) = (48, 0);

/// Stars in other places for a thousand places of phrases that are cut from source.
const ADDED_PHRASES: usize = 30;

#[test]
fn random_values_star_nothing_in_logs_of_builds() {
    stars_nothing(&logs(), "the logs");
}

#[test]
fn random_values_star_nothing_in_source() {
    stars_nothing(&source(2 * SOURCE), "the source");
}

#[test]
fn weak_values_star_little_else_in_logs_of_builds() {
    let text = logs();
    let found: Vec<_> = KINDS.iter().map(|kind| (kind.name, count(kind.values, &text), kind.logs)).collect();
    let phrases = phrases(&text);
    let phrases = ("phrases of the text", count(&strs(&phrases), &text), PHRASES);
    let found: Vec<_> = found.into_iter().chain([phrases]).collect();
    assert!(found.iter().all(|(_, found, most)| found.0 == most.0 && found.1 <= most.1), "{found:?}");
}

#[test]
fn weak_values_star_little_else_in_source() {
    weak(&source(SOURCE));
}

/// The same for fifty megabytes: `cargo test --test it -- --ignored ceilings::`.
#[test]
#[ignore = "it takes minutes"]
fn fifty_megabytes_have_no_other_ceilings() {
    let text = source(50 * SOURCE);
    stars_nothing(&text, "the source");
    weak(&text);
    let phrases = phrases(&text);
    let found = count(&strs(&phrases), &text);
    assert!(found.1 <= found.0 * ADDED_PHRASES / 1000 + 3, "{found:?}");
}

/// What phrases star that are cut from a megabyte of whatever crates a machine has says more of these than of masks: twenty
/// may be anything. So it is a text that doesn't change, and the count is exact.
#[test]
fn phrases_star_little_else_in_source() {
    let text = fs::read(root().join("tests/fixtures/source.txt")).expect("some source");
    let phrases = phrases(&text);
    let found = count(&strs(&phrases), &text);
    assert!(found.0 == SOURCE_PHRASES.0 && found.1 <= SOURCE_PHRASES.1, "{found:?}");
}

/// Counts what weak values star in source.
fn weak(text: &[u8]) {
    let found: Vec<_> = KINDS.iter().map(|kind| (kind.name, count(kind.values, text), kind.added)).collect();
    // A few more, as there may be few places.
    let most = |places: usize, added: usize| places * added / 1000 + 3;
    assert!(found.iter().all(|(_, found, added)| found.1 <= most(found.0, *added)), "{found:?}");
}

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn masks(values: &[&str]) -> Masks {
    let secrets: Vec<Secret> = values.iter().map(|value| Secret::new((*value).to_owned())).collect();
    Masks::new(&secrets)
}

/// Masks of a hundred random values leave a text as it is, byte for byte.
fn stars_nothing(text: &[u8], what: &str) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for alphabet in ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "0123456789abcdef"] {
        let values: Vec<String> = (0..100).map(|_| random.text(alphabet, 24)).collect();
        let masked = masks(&strs(&values)).mask(text);
        let differs = masked.iter().zip(text).position(|(masked, byte)| masked != byte);
        let around =
            differs.map(|at| text[at.saturating_sub(40)..(at + 80).min(text.len())].escape_ascii().to_string());
        assert!(masked == text, "{what} is starred at {around:?}");
    }
}

/// Where values stand as they are, and how many stars there are in other places.
fn count(values: &[&str], text: &[u8]) -> (usize, usize) {
    let masks = masks(values);
    // Stars that are the text's own aren't counted.
    let mut text: Vec<u8> = text.iter().map(|byte| if *byte == b'*' { b'#' } else { *byte }).collect();
    let common = |value: &str| Secret::new(value.to_owned()).is_common();
    let (mut places, masked) = (0, masks.mask(&text));
    for value in values {
        let left = memmem::find(&masked, value.as_bytes());
        assert!(common(value) || left.is_none(), "{value} is left");
    }
    for value in values {
        let found: Vec<usize> = memmem::find_iter(&text, value.as_bytes()).collect();
        places += found.len();
        for at in found {
            text[at..at + value.len()].fill(b'#');
        }
    }
    (places, memmem::find_iter(&masks.mask(&text), b"***").count())
}

/// Phrases that are cut from a text.
fn phrases(text: &[u8]) -> Vec<String> {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut phrases = Vec::new();
    while phrases.len() < 20 {
        let (from, length) = (random.below(text.len()), 12 + random.below(28));
        let rest = &text[from..(from + length).min(text.len())];
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let letters: Vec<u8> = line.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
        let is_varied = (0..letters.len()).filter(|at| !letters[..*at].contains(&letters[*at])).count() >= 6;
        if let Ok(phrase) = str::from_utf8(line)
            && letters.len() >= 10
            && is_varied
            && !phrase.contains(['*', '#'])
        {
            phrases.push(phrase.trim_matches(|char: char| !char.is_ascii_alphanumeric()).to_owned());
        }
    }
    phrases
}

fn logs() -> Vec<u8> {
    let mut files = files(&root().join("tests/fixtures/logs"), "txt");
    files.sort();
    files.iter().flat_map(|file| fs::read(file).expect("a log")).collect()
}

/// Other people's source, spread over the crates that were fetched for the build; this crate's own where there are none.
fn source(size: usize) -> Vec<u8> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let mut found = home.map(|home| files(&home.join("registry/src"), "rs")).unwrap_or_default();
    if found.is_empty() {
        crate::waiting::skipped("ceilings over the source of other crates: there is none; this crate's own is taken");
        found = files(&root().join("src"), "rs");
    }
    found.sort();
    let all: u64 = found.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum();
    let step = usize::try_from(all).expect("it fits in memory").div_ceil(size).max(1);
    let mut text = Vec::with_capacity(size);
    for file in found.iter().step_by(step) {
        text.extend(fs::read(file).unwrap_or_default());
        if text.len() > size {
            text.truncate(size);
            break;
        }
    }
    text
}

/// All files below a folder whose names end so.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == end) {
                files.push(path);
            }
        }
    }
    files
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 24).expect("40 bits") % bound
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        (0..length).map(|_| char::from(alphabet.as_bytes()[self.below(alphabet.len())])).collect()
    }
}
