//! What real programs printed with a secret, masked: nothing of it that could be read is left, with a floor for each form.
//!
//! `tests/fixtures/masks` has the programs' outputs, and says how they were recorded. `WRITE_FORMS=1 cargo test forms::`
//! writes the floors and the table of `docs/running.md` anew.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use credflow::mask::Masks;
use credflow::secret::Secret;

use crate::project::root;

const CORPUS: &str = "tests/fixtures/masks";

/// So many of a hundred outputs are masked without residue.
const GOAL: usize = 98;

/// Consecutive letters and digits of a value that tell of it, digits of base64, and hexadecimal digits.
const ROWS: [usize; 3] = [5, 8, 10];

/// An output that was recorded.
struct Record {
    form: String,
    tool: String,
    /// What must not be seen: the value, or a part of it.
    part: Vec<u8>,
    /// The output, masked.
    shown: Vec<u8>,
}

/// How many outputs of a form are clean, of how many.
#[derive(Default)]
struct Form {
    tool: String,
    clean: usize,
    all: usize,
    /// What the first one that isn't has left.
    left: Option<String>,
}

/// An output, and what is left of it.
type Output<'r> = (&'r Record, Vec<Vec<u8>>);

fn letters(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(u8::is_ascii_alphanumeric).collect()
}

/// Rows of characters of a value, as text and as digits.
struct Rows([HashSet<Vec<u8>>; 3]);

impl Rows {
    fn new(value: &[u8]) -> Self {
        let rows = |size: usize, texts: Vec<Vec<u8>>| {
            let windows = texts.iter().flat_map(|text| text.windows(size).map(<[u8]>::to_vec));
            // A row that is the same throughout tells nothing.
            windows.filter(|row| row.iter().any(|byte| *byte != row[0])).collect()
        };
        // The first digits and the last ones hold bits of the neighbours.
        let base64 = (0..3).map(|before| {
            let digits = letters(BASE64_STANDARD.encode([&b"   "[..before], value].concat()).as_bytes());
            digits[4.min(digits.len())..digits.len().saturating_sub(2)].to_vec()
        });
        let base64 = base64.filter(|digits| digits.len() >= ROWS[1]).collect();
        let mut hex = String::new();
        for byte in value {
            write!(hex, "{byte:02x}").expect("a string");
        }
        let hex = vec![hex.to_uppercase().into_bytes(), hex.into_bytes()];
        Self([rows(ROWS[0], vec![letters(value), Masks::skeleton(value)]), rows(ROWS[1], base64), rows(ROWS[2], hex)])
    }

    fn has(&self, row: &[u8]) -> bool {
        self.0.iter().any(|rows| rows.contains(row))
    }

    /// The rows that are left in a text, as it is and decoded.
    fn left<'t>(&self, texts: &'t [Vec<u8>]) -> Vec<&'t [u8]> {
        let sizes = || ROWS.iter().zip(&self.0);
        let rows = texts.iter().flat_map(|text| {
            sizes().flat_map(move |(size, rows)| text.windows(*size).filter(|row| rows.contains(*row)))
        });
        rows.collect()
    }
}

/// The letters and digits between the stars, as they are and decoded.
fn texts(shown: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(shown);
    text.split("***").flat_map(|piece| [letters(piece.as_bytes()), Masks::skeleton(piece.as_bytes())]).collect()
}

fn records(file: &str) -> Vec<Record> {
    let path = root().join(CORPUS).join(file);
    let lines = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut masks: BTreeMap<Vec<u8>, Masks> = BTreeMap::new();
    let record = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        let bytes = |name: &str| text(name).map(|text| BASE64_STANDARD.decode(text).expect("base64"));
        let (value, output) = (bytes("value").expect("a value"), bytes("output").expect("an output"));
        let masks = masks.entry(value.clone()).or_insert_with(|| {
            let secret = Secret::new(String::from_utf8(value.clone()).expect("a value is UTF-8"));
            Masks::new([&secret])
        });
        let (form, tool) = (text("form").expect("a form"), text("tool").expect("a tool"));
        Record { form, tool, part: bytes("part").unwrap_or(value), shown: masks.mask(&output) }
    };
    lines.lines().map(record).collect()
}

/// Each form's outputs, looked at.
fn forms(records: &[Record]) -> BTreeMap<String, Form> {
    let mut rows: BTreeMap<&[u8], Rows> = BTreeMap::new();
    for record in records {
        rows.entry(&record.part).or_insert_with(|| Rows::new(&record.part));
    }
    let mut of_form: BTreeMap<&str, Vec<Output<'_>>> = BTreeMap::new();
    for record in records {
        of_form.entry(&record.form).or_default().push((record, texts(&record.shown)));
    }
    let mut forms = BTreeMap::new();
    for (name, records) in of_form {
        let tool = records[0].0.tool.split(' ').next().unwrap_or_default().to_owned();
        let mut form = Form { tool, ..Form::default() };
        for (record, own) in &records {
            // What the program prints with another value, in which it isn't, is the program's own.
            let is_own = |row: &[u8]| {
                records.iter().any(|(other, texts)| {
                    !rows[&other.part[..]].has(row)
                        && texts.iter().any(|text| text.windows(row.len()).any(|window| window == row))
                })
            };
            let left = rows[&record.part[..]].left(own).into_iter().find(|row| !is_own(row));
            form.all += 1;
            match left {
                None => form.clean += 1,
                Some(row) if form.left.is_none() => {
                    let (row, value) = (row.escape_ascii(), record.part.escape_ascii());
                    let shown = &record.shown[..record.shown.len().min(300)];
                    form.left = Some(format!("{row} of {value} in {}", shown.escape_ascii()));
                }
                Some(_) => {}
            }
        }
        forms.insert(name.to_owned(), form);
    }
    forms
}

/// A line for each form.
fn floors(forms: &BTreeMap<String, Form>) -> String {
    let mut text =
        String::from("# Of each form, how many outputs are masked without residue, and how many there are.\n");
    for (name, form) in forms {
        writeln!(text, "{name} {}/{}", form.clean, form.all).expect("a string");
    }
    text
}

/// The section of the page.
fn section(forms: &BTreeMap<String, Form>, uncovered: &BTreeMap<String, Form>) -> String {
    let (clean, all) = total(forms);
    let mut text = format!(
        "Of {all} outputs of real programs, in {} forms, {clean} show nothing of the value. A form with two numbers shows \
         something of a value in some of its outputs.\n\n| program | forms |\n|---|---|\n",
        forms.len()
    );
    let mut tools: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, form) in forms {
        let some = if form.clean < form.all { format!(" ({} of {})", form.clean, form.all) } else { String::new() };
        tools.entry(&form.tool).or_default().push(format!("{name}{some}"));
    }
    for (tool, forms) in tools {
        writeln!(text, "| {tool} | {} |", forms.join(", ")).expect("a string");
    }
    let names: Vec<&str> = uncovered.keys().map(String::as_str).collect();
    writeln!(text, "\nForms that no mask is expected to find: {}.", names.join(", ")).expect("a string");
    text
}

fn total(forms: &BTreeMap<String, Form>) -> (usize, usize) {
    forms.values().fold((0, 0), |(clean, all), form| (clean + form.clean, all + form.all))
}

/// What stands between two marks of the page.
const MARKS: [&str; 2] = ["<!-- forms: made by a test -->\n", "<!-- /forms -->\n"];

#[test]
fn what_programs_print_is_masked() {
    let found = forms(&records("forms.jsonl"));
    let (clean, all) = total(&found);
    assert!(found.len() >= 140 && all >= 1500, "{all} outputs in {} forms", found.len());
    let left: Vec<String> =
        found.iter().filter_map(|(name, form)| Some(format!("{name}: {}", form.left.as_ref()?))).collect();
    assert!(100 * clean >= GOAL * all, "{clean} of {all}:\n{}", left.join("\n"));
    let (floors_file, page_file) = (root().join(CORPUS).join("floors.txt"), root().join("docs/running.md"));
    let (expected, page) = (floors(&found), fs::read_to_string(&page_file).expect("the page"));
    let section = section(&found, &forms(&records("uncovered.jsonl")));
    let (before, rest) = page.split_once(MARKS[0]).expect("a mark");
    let (_, after) = rest.split_once(MARKS[1]).expect("another mark");
    let whole = [before, MARKS[0], &section, MARKS[1], after].concat();
    if std::env::var_os("WRITE_FORMS").is_some() {
        fs::write(&floors_file, expected).expect("a file");
        fs::write(&page_file, whole).expect("a file");
        return;
    }
    let committed = fs::read_to_string(&floors_file).expect("the floors");
    let differs = expected.lines().filter(|line| !committed.lines().any(|other| other == *line));
    let differs: Vec<&str> = differs.collect();
    assert!(
        committed == expected,
        "other floors than floors.txt has: {differs:#?}\n{}\nwrite them anew with WRITE_FORMS=1",
        left.join("\n")
    );
    assert!(page == whole, "docs/running.md has another table of forms; write it anew with WRITE_FORMS=1");
}
