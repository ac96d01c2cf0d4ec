//! A short run of the fuzzers' targets: every fixture and every case that a fuzzer once found, damaged in the same ways
//! each time.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::targets::mask::BETWEEN;

/// Damaged copies of each input, for each target.
const ROUNDS: usize = 60;

/// The largest input, in bytes.
const MAX_LENGTH: usize = 4096;

/// Pieces that mean something to somebody.
const WORDS: &[&str] = &[
    "$<credential:",
    "$$<credential:",
    ">",
    "#/",
    "~1",
    "\n",
    "\r\n",
    "\t",
    "  ",
    "- ",
    ": ",
    "|-\n",
    ">+2\n",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "---\n",
    "...\n",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\0",
    "null",
    "~",
    "010",
    "1e400",
    "-1",
    "18446744073709551616",
    "env:",
    "run:",
    "steps:",
    "needs:",
    "stores:",
    "credentials:",
    "identity:",
    "Bearer ",
    "authorization=\"",
    "Retry-After: ",
    "x-ms-retry-after-ms: ",
    "GMT",
    ",",
];

/// The same sequence every time (splitmix64, by Sebastiano Vigna; in the public domain).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let sides = u64::try_from(sides.max(1)).expect("a small number");
        usize::try_from((z ^ (z >> 31)) % sides).expect("a small number")
    }
}

fn damage(input: &[u8], others: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.roll(5) {
        let at = dice.roll(bytes.len() + 1);
        let to = (at + dice.roll(20)).min(bytes.len());
        match dice.roll(7) {
            0 => drop(bytes.drain(at..to)),
            1 => bytes.truncate(at),
            2 => {
                let copy = bytes[at..to].to_vec();
                bytes.splice(at..at, copy);
            }
            3 => {
                let other = &others[dice.roll(others.len())];
                let from = dice.roll(other.len() + 1);
                let piece = other[from..(from + dice.roll(80)).min(other.len())].to_vec();
                bytes.splice(at..to, piece);
            }
            4 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            _ => drop(bytes.splice(at..at, WORDS[dice.roll(WORDS.len())].bytes())),
        }
    }
    bytes.truncate(MAX_LENGTH);
    bytes
}

/// The files of a folder of fixtures, in the order of their names.
fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| path.is_file() && !path.ends_with(".gitkeep"));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a file")).collect()
}

/// One in so many of the outputs that were recorded, each behind its value.
fn recorded(step: usize) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/masks/forms.jsonl");
    let corpus = std::fs::read_to_string(path).expect("the corpus");
    let inputs = corpus.lines().step_by(step).map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let bytes = |name: &str| BASE64_STANDARD.decode(line[name].as_str().expect("text")).expect("base64");
        let mut input = [bytes("value"), vec![BETWEEN], bytes("output")].concat();
        input.truncate(MAX_LENGTH);
        input
    });
    inputs.collect()
}

fn run(name: &str, seed: u64, rounds: usize) {
    let target = crate::targets::ALL.iter().find(|(other, _)| *other == name).expect("a target").1;
    let mut inputs = match name {
        "mask" => recorded(if cfg!(debug_assertions) { 97 } else { 7 }),
        "vault_answer" | "entra_answer" => files("answers"),
        "config" => [files("ok"), files("err"), files("seeds")].concat(),
        _ => [files("ok"), files("err")].concat(),
    };
    inputs.extend(files(&format!("fuzzed/{name}")));
    let mut dice = Dice(seed);
    for input in &inputs {
        target(input);
        for _ in 0..rounds {
            target(&damage(input, &inputs, &mut dice));
        }
    }
}

#[test]
fn references_come_back() {
    run("reference", 1, ROUNDS);
}

#[test]
fn workflows_come_back() {
    run("workflow", 2, ROUNDS);
}

#[test]
fn rewriting_keeps_its_law() {
    run("render", 3, ROUNDS);
}

#[test]
fn configurations_come_back() {
    run("config", 4, ROUNDS);
}

#[test]
fn answers_of_vaults_come_back() {
    run("vault_answer", 5, ROUNDS * 20);
}

#[test]
fn answers_of_entra_come_back() {
    run("entra_answer", 6, ROUNDS * 20);
}

#[test]
fn masks_keep_their_laws() {
    run("mask", 7, if cfg!(debug_assertions) { 2 } else { ROUNDS });
}

/// Writes what the fuzzer of masks begins with into a folder.
#[test]
#[ignore = "it makes the folder that the variable SEEDS names"]
fn seeds_of_the_fuzzer_of_masks() {
    let folder = std::env::var_os("SEEDS").expect("SEEDS names a folder");
    std::fs::create_dir_all(&folder).expect("a folder");
    for (number, input) in recorded(1).iter().enumerate() {
        std::fs::write(Path::new(&folder).join(number.to_string()), input).expect("a file");
    }
}
