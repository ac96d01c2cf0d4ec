//! Values in files of GitHub's: none of them is an expression, whatever it is and whatever stands around it.
#![allow(clippy::format_collect, clippy::format_push_string, reason = "files are built to be read")]

use std::fs;
use std::path::Path;

use credflow::source::Source;
use credflow::yaml::{Kind, Tree, quoted};
use proptest::prelude::*;

use crate::project::{CANARY, EMULATE, code, project, run, text};

/// A part of a scalar.
#[derive(Debug, Clone)]
enum Part {
    Text(&'static str),
    /// A value by its number, and whatever it is.
    Value(usize),
}

const SHA: &str = "${{ github.sha }}";
const VALUES: usize = 6;

fn scalar() -> impl Strategy<Value = Vec<Part>> {
    let texts = vec!["$", "{", "${", "{{", "x", " ", "'", "}", "}}", "' }}", SHA];
    let part = prop_oneof![prop::sample::select(texts).prop_map(Part::Text), (0..VALUES).prop_map(Part::Value)];
    prop::collection::vec(part, 1..7).prop_filter(
        "the author's own text is another expression, or an escape",
        |parts| {
            let whole: String =
                parts.iter().map(|part| if let Part::Text(text) = part { *text } else { "\n" }).collect();
            let whole = whole.replace(SHA, "\n");
            !whole.contains("${{") && !whole.contains("$\n")
        },
    )
}

fn value() -> impl Strategy<Value = String> {
    let pieces = vec![
        "$",
        "{",
        "${{",
        "{{",
        "}}",
        "'",
        "''",
        "a' || secrets.OTHER || 'b",
        "}",
        " ",
        "\n",
        "{0}",
        "x",
        "é",
        "\\",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..6).prop_map(|pieces| pieces.concat())
}

/// What GitHub makes of a scalar, as its runner reads it (`TemplateReader.cs`): literals are what they stand for.
fn consume(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${{") {
        out += before;
        let mut is_quoted = false;
        let end = (0..after.len()).find(|&at| {
            is_quoted ^= after.as_bytes()[at] == b'\'';
            !is_quoted && after.as_bytes()[at..].starts_with(b"}}")
        });
        let end = end.unwrap_or_else(|| panic!("an expression without an end in {text:?}"));
        let expression = after[..end].trim_matches(' ');
        match expression.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')) {
            Some(inner) => {
                assert!(!inner.replace("''", "").contains('\''), "more than a literal in {text:?}");
                out += &inner.replace("''", "'");
            }
            None if expression == "github.sha" => out += "SHA",
            None => panic!("another expression in {text:?}"),
        }
        rest = &after[end + 2..];
    }
    out + rest
}

/// A workflow of GitHub's with these scalars, and vaults with these values.
fn write(folder: &Path, scalars: &[Vec<Part>], values: &[String]) {
    let mut workflow = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: x\n        env:\n".to_owned();
    for (at, parts) in scalars.iter().enumerate() {
        let parts = parts.iter().map(|part| match part {
            Part::Text(text) => (*text).to_owned(),
            Part::Value(value) => format!("$<credential:payments/v-{value}>"),
        });
        workflow += &format!("          V{at}: {}\n", quoted(&parts.collect::<String>()).as_str());
    }
    let vaults: String =
        values.iter().enumerate().map(|(at, value)| format!("  v-{at}: {}\n", quoted(value).as_str())).collect();
    fs::write(folder.join("w.yaml"), workflow).expect("a file");
    fs::write(folder.join("vaults.yaml"), format!("payments:\n{vaults}")).expect("a file");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn github_reads_every_value_as_it_is(
        scalars in prop::collection::vec(scalar(), 20),
        values in prop::collection::vec(value(), VALUES),
    ) {
        let folder = project("");
        write(folder.path(), &scalars, &values);
        let output = run(folder.path(), &[&["render", "w.yaml", "--reveal"], &EMULATE[..]].concat());
        prop_assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
        let tree = Tree::read(&Source::new("r", text(&output.stdout))).expect("YAML");
        let mappings: Vec<_> = tree.nodes().filter(|&node| tree.kind(node) == Kind::Mapping).collect();
        for (at, parts) in scalars.iter().enumerate() {
            let name = format!("V{at}");
            let mut pairs = mappings.iter().flat_map(|&mapping| tree.pairs(mapping));
            let scalar = pairs.find(|&(key, _)| tree.text(key) == Some(&name)).and_then(|(_, node)| tree.text(node));
            let scalar = scalar.expect("a value");
            let expected: String = parts.iter().map(|part| match part {
                Part::Text(text) => text.replace(SHA, "SHA"),
                Part::Value(value) => values[*value].clone(),
            }).collect();
            prop_assert_eq!(consume(scalar), expected, "{:?}", scalar);
        }
    }
}

#[test]
fn a_value_that_would_rewrite_an_expression_is_a_literal() {
    let value = "a' || secrets.OTHER || 'b ${{ x }}";
    let folder =
        project("on: push\njobs: { a: { runs-on: x, steps: [{ run: x, env: { A: $<credential:payments/odd> } }] } }\n");
    fs::write(folder.path().join("vaults.yaml"), format!("payments: {{ odd: {} }}\n", quoted(value).as_str()))
        .expect("a file");
    let render = |args: &[&str]| text(&run(folder.path(), &[&["render", "w.yaml"], args, &EMULATE].concat()).stdout);
    let literal = "A: \"${{ 'a'' || secrets.OTHER || ''b ${{ x }}' }}\"";
    assert!(render(&["--reveal"]).contains(literal), "{}", render(&["--reveal"]));
    assert!(render(&[]).contains("A: \"***\""));
    // Only GitHub reads expressions.
    assert!(render(&["--reveal", "--format", "shell"]).contains("secrets.OTHER || '\\''b ${{ x }}'"));
    fs::write(folder.path().join("w.yaml"), "steps: [{ run: x, env: { A: $<credential:payments/odd> } }]\n")
        .expect("a file");
    assert!(render(&["--reveal"]).contains(&format!("A: \"{value}\"")));
}

#[test]
fn a_value_that_makes_too_long_a_literal_is_refused_and_nothing_is_written() {
    let folder = project(
        "on: push\nenv: { OK: $<credential:payments/long> }\njobs:\n  a:\n    runs-on: x\n    env: { B: \"$<credential:payments/plain> $<credential:payments/longer>\" }\n    steps: [{ uses: x/y@v1, with: { C: $<credential:payments/longer> } }]\n",
    );
    let vaults = format!(
        "payments: {{ plain: {CANARY}, long: \"{}\", longer: \"{CANARY} ${{{{ {}\" }}\n",
        "x".repeat(25_000),
        "x".repeat(20_950)
    );
    fs::write(folder.path().join("vaults.yaml"), vaults).expect("a file");
    let output = run(folder.path(), &[&["render", "w.yaml", "--reveal", "-o", "out.yaml"], &EMULATE[..]].concat());
    let shown = text(&output.stderr);
    assert!(code(&output) == Some(1) && output.stdout.is_empty() && !folder.path().join("out.yaml").exists());
    assert!(!shown.contains(CANARY), "{shown}");
    insta::assert_snapshot!("too_long_a_literal", shown);
    // Stars are written.
    assert_eq!(code(&run(folder.path(), &[&["render", "w.yaml"], &EMULATE[..]].concat())), Some(0));
}
