//! Every remedy that the code can print is one that works: its settings are read, its options exist, its `az` lines have
//! verbs that the Azure CLI has.
//!
//! They are collected from the code itself: every text that is written in it, but for those of tests and documentation,
//! is parsed as Rust parses it. A remedy can't be added without being read here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use credflow::config::Config;
use credflow::diagnostic::{Code, Diagnostics};
use credflow::emulator::Seed;
use credflow::source::Source;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::visit_mut::VisitMut;

use crate::project::{root, run, text};

/// A text of the code, with what is put in replaced by `X`.
struct Text {
    place: String,
    text: String,
}

/// Takes documentation and tests away.
struct Shown;

impl VisitMut for Shown {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
        attributes.retain(|attribute| attribute.path().is_ident("error"));
    }

    fn visit_file_mut(&mut self, file: &mut syn::File) {
        let is_test = |item: &syn::Item| matches!(item, syn::Item::Mod(module) if module.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")));
        file.items.retain(|item| !is_test(item));
        syn::visit_mut::visit_file_mut(self, file);
    }
}

fn texts() -> Vec<Text> {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    let mut found = Vec::new();
    // Nobody is shown what tests say.
    for path in files.into_iter().filter(|path| !path.ends_with("tests.rs")) {
        let mut file = syn::parse_file(&fs::read_to_string(&path).expect("a file")).expect("Rust");
        Shown.visit_file_mut(&mut file);
        let name = path.strip_prefix(root()).expect("below").display().to_string();
        literals(file.into_token_stream(), &name, &mut found);
    }
    found
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn literals(tokens: TokenStream, file: &str, found: &mut Vec<Text>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => literals(group.stream(), file, found),
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    let place = format!("{file}:{}", literal.span().start().line);
                    found.push(Text { place, text: filled(&text.value()) });
                }
            }
            _ => {}
        }
    }
}

/// A text with what `format!` puts in replaced.
fn filled(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('}').filter(|_| rest.starts_with('{'));
        let hole = end.filter(|&end| !rest[1..end].contains([' ', '{', '`', ',']));
        if rest.starts_with("{{") || rest.starts_with("}}") {
            out.push_str(&rest[..1]);
            rest = &rest[2..];
        } else if let Some(end) = hole {
            out.push('X');
            rest = &rest[end + 1..];
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out + rest
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_known(faults: &Result<(), Diagnostics>, key: &str) -> bool {
    let message = format!("unknown key `{key}`");
    faults
        .as_ref()
        .err()
        .is_none_or(|faults| faults.iter().all(|it| it.code != Code::UnknownKey || it.message != message))
}

/// Whether a key is one of the configuration or of a seed, as their readers say.
fn is_setting(key: &str) -> bool {
    let configs = [
        format!("{key}: {{}}\n"),
        format!("stores: {{ s: {{ {key}: x }} }}\n"),
        format!("stores: {{ s: {{ client-secret: {{ {key}: x }} }} }}\n"),
        format!("stores: {{}}\ncredentials: {{ c: {{ {key}: x }} }}\n"),
    ];
    let seeds = [
        format!("vaults: {{}}\n{key}: {{}}\n"),
        format!("vaults: {{ v: {{ {key}: x }} }}\n"),
        format!("vaults: {{ v: {{ secrets: {{ s: {{ value: x, {key}: x }} }} }} }}\n"),
        format!("vaults: {{}}\napplications: {{ a: {{ {key}: x }} }}\n"),
        format!("vaults: {{}}\napplications: {{ a: {{ federations: [{{ {key}: x }}] }} }}\n"),
        format!("vaults: {{}}\nfaults: [{{ fault: throttled, {key}: x }}]\n"),
        format!("vaults: {{}}\nfaults: [{{ fault: limited, {key}: x }}]\n"),
    ];
    let config = |text: &String| Config::parse(&Source::private("c", text.as_str())).map(drop);
    let seed = |text: &String| Seed::parse(&Source::private("s", text.as_str())).map(drop);
    configs.iter().any(|text| is_known(&config(text), key)) || seeds.iter().any(|text| is_known(&seed(text), key))
}

/// The keys of a workflow, by the tables that a test keeps as the code has them: a file may have others, so that its reader
/// can't be asked. GitHub's `matrix` is named as well.
fn workflow_keys() -> BTreeSet<String> {
    let page = fs::read_to_string(root().join("docs/running.md")).expect("the page");
    let (_, rest) = page.split_once("<!-- keys: made by a test -->").expect("the beginning of the keys");
    let (tables, _) = rest.split_once("<!-- end of keys -->").expect("their end");
    let keys = tables.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()));
    let keys: BTreeSet<String> = keys.chain(["matrix".to_owned()]).collect();
    assert!(keys.len() > 30, "{keys:?}");
    keys
}

/// Values and names that messages speak of, by where they come from.
const OTHERS: &[&str] = &[
    // Values of settings.
    "true",
    "false",
    "client-secret",
    "client-certificate",
    "workload-identity",
    "managed-identity",
    "azure-cli",
    "environment",
    "azure-key-vault",
    "open",
    "firewall",
    "private-link",
    "get",
    // The job of a file with `steps`, and how free keys begin.
    "main",
    "x-",
    // Claims of a token (RFC 7519).
    "iss",
    "sub",
    "aud",
    // Programs.
    "az",
    "bash",
    "sh",
    "tail",
    // What is called so in a message about itself.
    "step",
    "default",
    "echo",
    "null",
    "rights",
    "workflow",
    "password",
];

/// Every text that messages have in backticks and that looks like a key, a setting or a command is one.
#[test]
fn what_remedies_name_exists() {
    let tree = text(&run(&root(), &["completions", "bash"]).stdout);
    let tokens: BTreeSet<&str> = tree.split(|it: char| !(it.is_ascii_alphanumeric() || it == '-')).collect();
    let (az, workflow) = (az(), workflow_keys());
    let mut wrong = Vec::new();
    for Text { place, text } in texts() {
        let mut tell = |what: &str, part: &str| wrong.push(format!("{place}: {what}: {part}"));
        for part in quoted(&text).filter(|part| !part.contains('\n')) {
            let is_word = |part: &str| {
                !part.is_empty()
                    && part.starts_with(|first: char| first.is_ascii_lowercase())
                    && part.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-')
            };
            if is_word(part) {
                let is_known = OTHERS.contains(&part) || workflow.contains(part) || tokens.contains(part);
                if !is_known && !is_setting(part) {
                    tell("no key or word that is known", part);
                }
            } else if let Some((key, value)) = part.split_once(": ").filter(|(key, _)| is_word(key)) {
                // A whole seed, with names of its own.
                let is_seed = Seed::parse(&Source::private("s", part)).is_ok();
                if !workflow.contains(key) && !is_setting(key) && !is_seed {
                    tell("no setting", part);
                }
                if let Some(faults) = faults_of_setting(key, value) {
                    tell("is not read", &format!("{part}\n{faults}"));
                }
            }
        }
        for command in commands(&text, &az) {
            if !az.iter().any(|known| fits(known, command)) {
                tell("no command of the Azure CLI that is listed", command);
            }
        }
        // Options of other programs, and those that the code itself gives to one.
        if text.contains("az ") || text.starts_with("--") || text.starts_with("bash ") {
            continue;
        }
        let words = text.split(|it: char| it.is_whitespace() || "`'\"(),;:=".contains(it));
        for flag in words.filter(|word| word.strip_prefix("--").is_some_and(is_flag)) {
            if !tokens.contains(flag) {
                tell("no option", flag);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_flag(name: &str) -> bool {
    name.len() > 1 && name.chars().all(|it| it.is_ascii_lowercase() || it == '-') && !name.starts_with('-')
}

/// What the configuration's reader says of a setting with a value that isn't a placeholder.
fn faults_of_setting(key: &str, value: &str) -> Option<Diagnostics> {
    let is_placeholder = value.contains(|it: char| it.is_ascii_uppercase() || it == '…');
    let text = format!("stores: {{ s: {{ vault-url: https://s.vault.azure.net, {key}: {value} }} }}\n");
    let faults = Config::parse(&Source::private("c", text)).err()?;
    let is_of_store = |faults: &Diagnostics| faults.iter().all(|it| it.code != Code::UnknownKey);
    let is_wrong = |faults: &Diagnostics| {
        faults.iter().any(|it| matches!(it.code, Code::WrongValue | Code::WrongType | Code::Yaml))
    };
    (!is_placeholder && is_of_store(&faults) && is_wrong(&faults)).then_some(faults)
}

/// The commands of the Azure CLI in a text: what stands on a line of its own, and what begins as a known one does.
fn commands<'t>(text: &'t str, known: &[(Vec<String>, Vec<String>)]) -> Vec<&'t str> {
    let begins = |at: usize| at == 0 || text[..at].ends_with([' ', '(', '`', '\n']);
    let starts = text.match_indices("az ").map(|(at, _)| at).filter(|&at| begins(at));
    let command = |at: usize| {
        let rest = &text[at..];
        let ends =
            rest.char_indices().find(|&(end, it)| ")`|&;>$".contains(it) || it == '\n' && !rest[..end].ends_with('\\'));
        let end = ends.map_or(rest.len(), |(end, _)| end);
        let is_line = at == 0 || text[..at].ends_with('\n');
        let first = rest[3..].split_whitespace().next().unwrap_or_default();
        (is_line || known.iter().any(|(verbs, _)| verbs[0] == first)).then_some(&rest[..end])
    };
    starts.filter_map(command).collect()
}

/// The commands of the Azure CLI that are listed, with their options.
fn az() -> Vec<(Vec<String>, Vec<String>)> {
    let list = fs::read_to_string(root().join("tests/fixtures/az-commands.txt")).expect("a list");
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| words(line).into_iter().partition(|word| !word.starts_with('-'))).collect()
}

fn fits((verbs, options): &(Vec<String>, Vec<String>), command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().skip(1).filter(|word| *word != "\\").collect();
    let given: Vec<&str> = words.iter().copied().filter(|word| word.starts_with('-') && word.len() > 1).collect();
    let is_value =
        |word: &str| word.starts_with(['X', '"', '$', '@']) || word.chars().any(|it| it.is_ascii_uppercase());
    let first_option = words.iter().position(|word| word.starts_with('-') || is_value(word)).unwrap_or(words.len());
    let said: Vec<&str> = words[..first_option].to_vec();
    let is_verb = said.len() >= verbs.len() && said.iter().zip(verbs).all(|(said, verb)| said == verb);
    let known = |option: &&str| {
        matches!(*option, "--query" | "-o" | "--output" | "--only-show-errors")
            || options.iter().any(|known| known == option)
    };
    is_verb && given.iter().all(known)
}

/// The configuration that is shown where there is none is one.
#[test]
fn the_configuration_that_is_shown_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let steps = "steps:\n  - run: x\n    env:\n      A: $<credential:pay_ments/a>\n      B: $<credential:-.-/b>\n      C: $<credential:named_one>\n";
    for workflow in [steps, "steps: [{ run: x, env: { A: $<credential:alone> } }]\n"] {
        fs::write(folder.path().join("w.yaml"), workflow).expect("a file");
        let output: Output = run(folder.path(), &["check", "w.yaml", "--format", "json"]);
        let faults: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let help = faults[0]["help"].as_str().expect("a remedy");
        let (_, shown) = help.split_once(":\n").expect("an example");
        fs::write(folder.path().join("credflow.yaml"), shown).expect("a file");
        let output = run(folder.path(), &["check", "w.yaml"]);
        assert_eq!(output.status.code(), Some(0), "{shown}{}", text(&output.stderr));
        fs::remove_file(folder.path().join("credflow.yaml")).expect("removed");
    }
}
