//! What holds for any input: references print and parse, rewriting changes what it should and nothing else, and no
//! input makes the readers panic or run away.

#![allow(clippy::format_collect, clippy::format_push_string, reason = "documents are built to be read")]

use std::collections::BTreeMap;

use credflow::config::Config;
use credflow::emulator::Seed;
use credflow::reference::{OPENING, PieceKind, Reference, pieces};
use credflow::source::Source;
use credflow::workflow::Workflow;
use credflow::yaml::{Kind, MAX_MERGED, MAX_SCALAR, NodeId, Rewrite, Tree, quoted};
use proptest::prelude::*;

use crate::clock::grows_evenly;

/// The only reference of a text.
fn reference(text: &str) -> Option<Reference> {
    match &pieces(text)[..] {
        [piece] => match &piece.kind {
            PieceKind::Reference(reference) => Some((**reference).clone()),
            _ => None,
        },
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_reference_prints_and_parses_to_itself(
        path in "[A-Za-z0-9._-]{1,20}(/[A-Za-z0-9-]{1,20}(/[0-9a-fA-F]{32})?)?",
        pointer in "(#(/([^~/>\r\n]|~0|~1){0,6}){1,3})?",
    ) {
        let first = reference(&format!("{OPENING}{path}{pointer}>"));
        prop_assert!(first.is_some());
        let printed = first.as_ref().map(ToString::to_string).unwrap_or_default();
        prop_assert_eq!(reference(&printed), first);
    }

    #[test]
    fn pieces_joined_give_the_text_back(text in "(\\$<credential:|\\$|<|>|/|#|~|[a-z]|\n|ü|.){0,40}") {
        let mut end = 0;
        for piece in pieces(&text) {
            prop_assert_eq!(piece.range.start, end);
            prop_assert!(piece.range.end > piece.range.start);
            end = piece.range.end;
        }
        prop_assert_eq!(end, text.len());
    }

    #[test]
    fn a_quoted_text_reads_back(text in nasty()) {
        let source = Source::new("t", format!("key: {}\n", *quoted(&text)));
        let tree = Tree::read(&source).expect("YAML");
        let (_, value) = tree.pairs(tree.documents()[0]).next().expect("a pair");
        prop_assert_eq!(tree.text(value), Some(text.as_str()));
    }
}

/// Values that break naive substitution.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        "(\"|'|\\\\|\n|\r|\t|: | #|\u{0}|\u{1b}|\u{85}|\u{2028}|\u{feff}|\u{1f600}|[a-z]| ){0,12}",
        Just("~".to_owned()),
        Just("010".to_owned()),
        Just("- a".to_owned()),
        Just("{a: b}".to_owned()),
        Just("*alias".to_owned()),
        Just("$<credential:a/b>".to_owned()),
        Just(String::new()),
    ]
}

/// One scalar in some style, for a line that is indented by so many blanks.
fn scalar(indent: usize) -> impl Strategy<Value = String> {
    let pad = " ".repeat(indent + 2);
    let block = move |header: String, lines: Vec<String>| {
        let body: String = lines.iter().map(|line| format!("{pad}{line}\n")).collect();
        format!("{header}\n{body}")
    };
    let header = prop_oneof![Just("|"), Just(">"), Just("|-"), Just("|+"), Just(">-"), Just("| # why")];
    prop_oneof![
        "[a-z][a-z0-9 ]{0,8}[a-z]".prop_map(|text| format!("{text}\n")),
        "[a-z ]{0,8}".prop_map(|text| format!("'it''s {text}'\n")),
        "[a-z ]{0,8}".prop_map(|text| format!("\"tab\\t{text}\\u00e9\"   # a comment\n")),
        "[a-z]{1,5}".prop_map(|text| format!("!!str {text}\n")),
        (header, prop::collection::vec("[a-z:#'\"{]{1,8}", 1..4))
            .prop_map(move |(header, lines)| block(header.to_owned(), lines)),
        Just("\n".to_owned()),
        "[a-z]{1,4}".prop_map(|text| format!("[{text}, \"{text}\", {{ {text}: 'x' }}]\n")),
    ]
}

/// A document of block mappings and sequences, with comments and anchors.
fn document() -> impl Strategy<Value = String> {
    let entry = (scalar(2), scalar(4), any::<bool>(), any::<bool>());
    prop::collection::vec(entry, 1..5).prop_map(|entries| {
        let mut text = String::from("# a comment\n");
        for (index, (outer, inner, anchored, listed)) in entries.into_iter().enumerate() {
            text += &format!("key-{index}:\n  a: ");
            if anchored && !outer.trim_start().is_empty() {
                text += &format!("&anchor-{index} ");
            }
            text += &outer;
            text += if listed { "  list:\n    - " } else { "  nested:\n    b: " };
            text += &inner;
            text += "\n  # between\n";
            if anchored && !outer.trim_start().is_empty() {
                text += &format!("  again: *anchor-{index}\n");
            }
        }
        text
    })
}

/// The scalars of a tree that are values. A missing value has no token that could be replaced.
fn values(tree: &Tree) -> Vec<NodeId> {
    let keys: Vec<NodeId> =
        tree.nodes().flat_map(|node| tree.pairs(node).map(|(key, _)| key).collect::<Vec<_>>()).collect();
    tree.nodes()
        .filter(|node| {
            let span = tree.span(*node);
            matches!(tree.kind(*node), Kind::Scalar(_)) && span.start < span.end && !keys.contains(node)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn rewriting_changes_what_it_should_and_nothing_else(
        text in document(),
        chosen in prop::collection::vec((any::<prop::sample::Index>(), nasty()), 1..4),
        crlf in any::<bool>(),
        bom in any::<bool>(),
        cut in any::<bool>(),
        twice in any::<bool>(),
    ) {
        let mut text = if twice { format!("---\n{text}...\n---\n{text}") } else { text };
        if cut {
            text.truncate(text.trim_end().len());
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if bom {
            text.insert(0, '\u{feff}');
        }
        let source = Source::new("t", text.clone());
        let tree = Tree::read(&source).unwrap_or_else(|faults| panic!("{faults}\n{text}"));
        let candidates = values(&tree);
        prop_assume!(!candidates.is_empty());
        let chosen: BTreeMap<NodeId, String> =
            chosen.into_iter().map(|(index, value)| (*index.get(&candidates), value)).collect();
        let mut rewrite = Rewrite::new(&tree);
        for (node, value) in &chosen {
            rewrite.replace(*node, value);
        }
        let rendered = rewrite.write().unwrap_or_else(|error| panic!("{error}\n{text}"));
        // Read independently of the rewriting's own check: the same nodes, with the new texts and all others as before.
        let again = Tree::read(&Source::new("r", rendered.as_str())).unwrap_or_else(|faults| panic!("{faults}\n{}", *rendered));
        prop_assert_eq!(tree.nodes().count(), again.nodes().count());
        for node in tree.nodes() {
            let expected = chosen.get(&node).map_or_else(|| tree.text(node), |value| Some(value.as_str()));
            prop_assert_eq!(again.text(node), expected, "{}", *rendered);
            prop_assert_eq!(tree.tag(node), again.tag(node));
        }
        // What is outside of the replaced tokens stands there byte for byte, in order.
        let mut rest = rendered.as_str();
        let mut done = 0;
        for (node, value) in &chosen {
            let span = tree.span(*node).range();
            let before = &text[done..span.start];
            prop_assert!(rest.starts_with(before), "{:?} does not begin with {:?}", rest, before);
            rest = &rest[before.len()..];
            let token = quoted(value);
            prop_assert!(rest.starts_with(token.as_str()));
            rest = &rest[token.len()..];
            done = span.end;
            if tree.kind(*node) == Kind::Scalar(credflow::yaml::Style::Block) {
                // The header's comment and line break stay, as do blank lines after the content.
                let line = text[span.start..].find('\n').map_or(text.len(), |at| span.start + at + 1);
                let comment = text[span.start..line].trim_start_matches(['|', '>', '+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
                prop_assert!(rest.starts_with(comment), "{:?} does not begin with {:?}", rest, comment);
                rest = &rest[comment.len()..];
                let content = text[line.min(span.end)..span.end].trim_end();
                done = line.min(span.end) + content.len();
                if !content.is_empty() {
                    done += text[done..].find('\n').map_or(text.len() - done, |at| at + 1);
                }
            }
        }
        prop_assert_eq!(rest, &text[done..]);
    }

    #[test]
    fn no_damage_makes_a_reader_panic(
        base in prop::sample::select(bases()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..5_u8, "(\\$<credential:|[\\[\\]{}:&*!|>'\"#\n\t -]|<<: |\\*a|.)"), 1..8),
    ) {
        let mut text: Vec<char> = base.chars().collect();
        for (index, kind, piece) in edits {
            let at = index.index(text.len() + 1);
            match kind {
                0 => { text.truncate(at.max(1)); }
                1 if at < text.len() => { text.remove(at); }
                2 => {
                    let copy: Vec<char> = text[at..].iter().take(20).copied().collect();
                    text.splice(at..at, copy);
                }
                _ => { text.splice(at..at, piece.chars()); }
            }
        }
        let text: String = text.into_iter().collect();
        let (config, _) = Config::parse(&Source::private("c", CONFIG)).expect("a configuration");
        let (workflow, faults) = Workflow::read_partly(&Source::new("w", text.as_str()));
        let _ = faults.to_string();
        if let Some(Err(faults)) = workflow.map(|workflow| workflow.plan(Some(&config))) {
            let _ = faults.to_string();
        }
        let _ = Config::parse(&Source::private("c", text.as_str()));
        let _ = Seed::parse(&Source::private("v", text));
    }
}

const CONFIG: &str = include_str!("../fixtures/ok/credflow.config");

fn bases() -> Vec<&'static str> {
    vec![
        include_str!("../fixtures/ok/design.yaml"),
        include_str!("../fixtures/ok/styles.yaml"),
        include_str!("../fixtures/ok/github.yaml"),
        include_str!("../fixtures/ok/several-documents.yaml"),
        include_str!("../../examples/vaults.yaml"),
        CONFIG,
    ]
}

/// Reads a text as everything that it could be.
fn read(text: String) -> bool {
    let source = Source::new("hostile", text);
    let (workflow, faults) = Workflow::read_partly(&source);
    let _ = faults.to_string();
    let _ = Config::parse(&source);
    let _ = Seed::parse(&source);
    workflow.is_some() && !faults.has_errors()
}

#[test]
fn bombs_are_refused_or_stay_small() {
    let mut sequences = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    let mut merges = String::from("m0: &m0 { k0: v, k1: v, k2: v, k3: v }\n");
    for level in 1..40 {
        let (before, nine) = (level - 1, "*aN, ".repeat(9));
        sequences += &format!("a{level}: &a{level} [{}]\n", nine.replace('N', &before.to_string()));
        merges += &format!("m{level}: &m{level} {{ <<: [{}] }}\n", "*mN, ".repeat(9).replace('N', &before.to_string()));
    }
    let steps = "s: &s [{ run: &r \"".to_owned() + &"x".repeat(100_000) + "\", env: { A: *r, B: *r, C: *r } }]\n";
    let jobs: String = (0..5000).map(|job| format!("  j{job}: {{ steps: *s }}\n")).collect();
    assert!(!read(format!("{sequences}steps: *a39\n")), "lists of lists");
    assert!(!read(format!("{merges}steps: [{{ run: x, env: *m39 }}]\n")), "merges of merges");
    assert!(!read(format!("{steps}jobs:\n{jobs}")), "one long step in many jobs");
}

#[test]
fn much_of_one_kind_takes_no_square_of_time() {
    grows_evenly("near misses", 10_000, |size| {
        assert!(read(format!("steps: [{{ run: x, env: {{ A: '{}' }} }}]\n", "$(".repeat(size))));
    });
    grows_evenly("merges of a large mapping", 700, |size| {
        let keys: String = (0..size).map(|key| format!("k{key}: v, ")).collect();
        let merging = "  - { <<: *big, run: x }\n".repeat(200);
        let is_read = read(format!("x: &big {{ {keys} }}\nsteps:\n{merging}"));
        assert_eq!(is_read, size * 200 < MAX_MERGED);
    });
    grows_evenly("needs of no job", 500, |size| {
        let jobs: String =
            (0..size).map(|job| format!("  j{job}: {{ needs: none{job}, steps: [{{ run: x }}] }}\n")).collect();
        assert!(!read(format!("jobs:\n{jobs}")));
    });
    grows_evenly("references that are escaped", 1000, |size| {
        let escaped = r"\x24<credential:payments/a>".repeat(size);
        assert!(read(format!("steps: [{{ run: x, env: {{ A: \"{escaped}\" }} }}]\n")));
    });
    grows_evenly("malformed references", 1500, |size| {
        let malformed = "$<credential:payments/a_b>".repeat(size);
        let source = Source::new("many", format!("steps: [{{ run: x, env: {{ A: '{malformed}' }} }}]\n"));
        let (_, faults) = Workflow::read_partly(&source);
        assert_eq!(faults.iter().count(), 1001, "a thousand, and one that says that there are more");
    });
    let config = Source::private("config", CONFIG);
    let (config, _) = Config::parse(&config).expect("a configuration");
    grows_evenly("fields of a secret", 1000, |size| {
        let pointers: String = (0..size).map(|field| format!("$<credential:payments/a#/f{field}>")).collect();
        let source = Source::new("many", format!("steps: [{{ run: x, env: {{ A: '{pointers}' }} }}]\n"));
        let plan = Workflow::read(&source).expect("a workflow").0.plan(Some(&config)).expect("a plan");
        assert_eq!(plan.fetches()[0].fields.len(), size);
    });
    grows_evenly("variables", 2000, |size| {
        let variables: String = (0..size).map(|line| format!("V{line}=x\nV{}=y\n", line / 2)).collect();
        let (_, faults) = Workflow::of_variables(&Source::private("many", variables), "exec");
        assert!(faults.is_empty());
    });
}

#[test]
fn depth_and_size_are_bounded() {
    let too_long = MAX_SCALAR + 1;
    assert!(!read("[".repeat(100_000)));
    assert!(!read("- ".repeat(100_000)));
    assert!(!read(format!("a: {}{}", "{a: ".repeat(5000), "}".repeat(5000))));
    assert!(!read(format!("steps: [{{ run: \"{}\" }}]", "x".repeat(too_long))));
    let lines = format!("      {}\n", "x".repeat(63)).repeat(too_long / 64 + 1);
    assert!(!read(format!("steps:\n  - run: |\n{lines}")));
    assert!(!read(format!("steps: [{{ run: x, env: {{ A: \"{}\" }} }}]", "$<credential:".repeat(100_000))));
    assert!(!read("\0".repeat(1000)));
}

#[test]
fn a_long_line_of_many_references_is_read() {
    let entries: String =
        (0..50_000).map(|index| format!("\"V{index}\": \"é$<credential:payments/s{index}>\", ")).collect();
    assert!(read(format!("steps: [{{ run: x, env: {{ {entries} }} }}]\n")));
}
