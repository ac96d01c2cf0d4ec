//! YAML as it is read: what libyaml accepts, and slips with a place and a remedy.

use credflow::diagnostic::Diagnostics;
use credflow::source::Source;
use credflow::yaml::{Kind, Tree};
use proptest::prelude::*;

fn read(text: &str) -> Result<Tree, Diagnostics> {
    Tree::read(&Source::new("t.yaml", text))
}

/// The texts of a file, in its order.
fn texts(text: &str) -> Vec<String> {
    let tree = read(text).expect("YAML");
    tree.nodes().filter_map(|id| tree.text(id).map(str::to_owned)).collect()
}

/// Three cases of the YAML test suite are errors by the specification, which wants what a block collection holds to be
/// indented. libyaml, and with it what most people's files were written for, reads them; so does this.
#[test]
fn under_indented_lines_are_read_as_libyaml_reads_them() {
    // 9C9N, DK95/01, QB6E
    assert_eq!(texts("---\nflow: [a,\nb,\nc]\n"), ["flow", "a", "b", "c"]);
    assert_eq!(texts("foo: \"bar\n\tbaz\"\n"), ["foo", "bar baz"]);
    assert_eq!(texts("---\nquoted: \"a\nb\nc\"\n"), ["quoted", "a b c"]);
    // As real files have them.
    assert_eq!(texts("env: {\n  A: b\n}\nname: c\n"), ["env", "A", "b", "name", "c"]);
    assert_eq!(texts("- run: 'one\ntwo'\n- [\n]\n"), ["run", "one two"]);
}

#[test]
fn a_hidden_blank_within_a_text_is_part_of_it() {
    assert_eq!(texts("a: b\u{a0}c\nd\u{a0}e: \"\u{a0}\"\n"), ["a", "b\u{a0}c", "d\u{a0}e", "\u{a0}"]);
}

/// A tag swallows the beginning of what was meant as a text: `if: !failure()` has none left, `! failure()` says the opposite.
#[test]
fn a_tag_that_nobody_acts_on_is_an_error() {
    for value in
        ["!failure() true", "! failure()", "!failure()", "!cmd echo hi", "!!binary aGk=", "!!int x", "!env [a]"]
    {
        let faults = read(&format!("a: {value}\n")).expect_err(value);
        let told: Vec<_> = faults.iter().map(|fault| (fault.message.as_str(), fault.labels[0].span.start)).collect();
        assert_eq!(told, [("`!` begins a YAML tag, which credflow doesn't act on", 3)], "{value}");
    }
    for value in ["!!str x", "!!int 1", "!!float 1.5", "!!bool true", "!!null", "!!seq []", "!!map {}", "'!x'", "a !b"]
    {
        read(&format!("a: {value}\n")).expect(value);
    }
    read("a: !<tag:yaml.org,2002:str> x\n").expect("a text");
    let (_, faults) =
        credflow::workflow::Workflow::read_partly(&Source::new("w", "steps: [{ run: x, if: !failure() }]"));
    assert_eq!(faults.iter().count(), 1, "{faults}");
}

#[test]
fn a_tag_of_a_configuration_is_told_and_not_shown() {
    let text =
        "stores:\n  p: { vault-url: https://p.vault.azure.net, client-secret: !hunter2 x, identity: !env azure-cli }\n";
    let faults = credflow::config::Config::parse(&Source::private("c", text)).expect_err("tags").to_string();
    assert_eq!(faults.matches("begins a YAML tag").count(), 2, "{faults}");
    assert!(!faults.contains("hunter2"), "{faults}");
}

/// Lines and pieces of lines that YAML is made of, and what breaks it.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\n",
        "\n  ",
        "\n    ",
        "\n\t",
        "- ",
        "-",
        "a: ",
        "b:",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "\"",
        "'",
        "|\n",
        ">-\n",
        "#",
        " # c",
        "&x ",
        "*x",
        "!t ",
        "é",
        "\u{a0}",
        "\u{feff}",
        "\\",
        "\\d",
        "text",
        "two words",
        "---\n",
        "...\n",
        "? ",
        "@",
        "%",
        "`",
        "\r\n",
        "\0",
        "😀",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever a file holds, what is wrong has a place and something to do.
    #[test]
    fn each_slip_has_a_place_and_a_remedy(text in pieces()) {
        if let Err(faults) = read(&text) {
            prop_assert!(!faults.is_empty());
            for fault in &faults {
                prop_assert!(!fault.labels.is_empty() && fault.help.as_ref().is_some_and(|help| !help.is_empty()), "{faults}");
                for label in &fault.labels {
                    prop_assert!(text.get(label.span.range()).is_some(), "{faults}");
                }
            }
        }
    }

    /// A file that may hold secrets is never quoted.
    #[test]
    fn a_private_file_is_not_quoted(text in "[a-z:'\" \n\\-]{0,12}hunter2[a-z:'\" \n\\-]{0,12}") {
        if let Err(faults) = Tree::read(&Source::private("t.yaml", text.as_str())) {
            // A key is a name, and is told as one.
            let is_key = text.contains("hunter2:") || text.contains("hunter2\":") || text.contains("hunter2':");
            prop_assert!(is_key || !faults.to_string().contains("hunter2"), "{text:?}\n{faults}");
        }
    }

    /// A bracket that nobody closes is told where it opens, whatever is indented below it.
    #[test]
    fn an_open_bracket_is_told_where_it_opens(
        before in prop::collection::vec("[a-z]{1,6}: [a-z]{1,6}\n", 0..3),
        open in prop::sample::select(vec!["[a, b", "{a: b", "[", "{"]),
        after in prop::collection::vec("[A-Z]{1,6}: [a-z]{1,6}\n", 1..4),
    ) {
        let keys = before.iter().enumerate().map(|(at, line)| format!("k{at}{line}"));
        let text = format!("{}open: {open}\n{}", keys.collect::<String>(), after.concat());
        let faults = read(&text).expect_err("a fault");
        let label = &faults.iter().next().expect("a fault").labels[0];
        let opening = text.find(['[', '{']).expect("a bracket");
        prop_assert_eq!(label.span.start as usize, opening, "{}", faults);
    }
}

#[test]
fn a_tree_has_the_places_of_under_indented_lines() {
    let text = "a: \"b\nc\"\nd: {\n}\n";
    let tree = read(text).expect("YAML");
    let spans = tree
        .nodes()
        .filter(|&id| matches!(tree.kind(id), Kind::Scalar(_)))
        .map(|id| tree.source().slice(tree.span(id)));
    assert_eq!(spans.collect::<Vec<_>>(), ["a", "\"b\nc\"", "d"]);
}
