//! Which files are quoted in complaints: workflows, and nothing that may hold a secret.

use std::fs;

use credflow::diagnostic::Diagnostics;
use credflow::source::Source;
use credflow::workflow::Workflow;
use credflow::yaml::Tree;
use proptest::prelude::*;

use crate::project::{CANARY, project, run, text};

/// What is said of a text that is taken for a workflow.
fn complaints(content: &str) -> Diagnostics {
    Workflow::read_partly(&Source::new("w.yaml", content)).1
}

/// Configurations and seeds under names that don't tell what they are, some of them no YAML.
#[test]
fn no_verb_shows_a_line_of_a_configuration_or_seed() {
    let folder = project("");
    fs::create_dir(folder.path().join("sub")).expect("a folder");
    let store = "stores:\n  p:\n    vault-url: https://p.vault.azure.net\n";
    let files = [
        ("prod.yaml", format!("{store}    client-secret: \"{CANARY} a\n")),
        ("credflow.yml", format!("{store}    client-secret: {CANARY}: a\n")),
        ("Credflow.yaml", format!("{store}    client-secret: '{CANARY}' b\n")),
        ("sub/credflow.yaml", format!("{store}    client-secret: [{CANARY}\n")),
        ("env.yaml", format!("environments:\n  e:\n    p: {{ client-secret: {CANARY}\n")),
        ("credentials.yaml", format!("credentials: {{}}\nstores: @{CANARY}\n")),
        ("sd.yaml", format!("vaults: {{ p: {{ secrets: {{ s: {CANARY} }} }} }}\n")),
        ("seed.yaml", format!("vaults:\n  p:\n    secrets:\n      s: {CANARY}: a\n")),
        ("plain.yaml", format!("p:\n  s: {CANARY}: a\n")),
        ("steps.yaml", format!("{store}    client-secret: \"{CANARY}\nsteps:\n")),
        ("e.env", format!("TOKEN={CANARY}\n")),
    ];
    for (name, content) in &files {
        fs::write(folder.path().join(name), content).expect("a file");
        let mut calls: Vec<Vec<&str>> = ["check", "plan", "run", "render"].map(|verb| vec![verb, name]).into();
        calls.push(vec!["check", "--format", "json", name]);
        calls.push(vec!["check", "--format", "github", name]);
        calls.push(vec!["check", "--config", name, name]);
        for args in calls {
            let output = run(folder.path(), &args);
            let said = text(&output.stdout) + &text(&output.stderr);
            assert!(!said.contains(CANARY), "{args:?}: {said}");
        }
    }
}

#[test]
fn what_a_link_leads_to_counts() {
    let folder = project("");
    let real = folder.path().join("credflow.yaml");
    fs::write(&real, format!("stores:\n  p: {{ client-secret: \"{CANARY}\n")).expect("a file");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&real, folder.path().join("link.yaml")).expect("a link");
    let said = text(&run(folder.path(), &["check", "link.yaml"]).stderr);
    assert!(!said.contains(CANARY), "{said}");
}

#[test]
fn a_workflow_is_quoted() {
    for text in ["steps:\n  - run: a: b\n", "name: w\njobs: [a\n", "on: push\njobs:\n\tx: y\n", "- run: a: b\n"] {
        let said = complaints(text).to_string();
        assert!(said.contains(" | "), "{said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Wherever its section stands, and whatever breaks the file: nothing of it is quoted.
    #[test]
    fn a_section_of_a_configuration_hides_the_file(
        section in prop::sample::select(vec!["stores", "credentials", "environments", "vaults", "applications"]),
        form in prop::sample::select(vec!["{}:", "'{}':", "\"{}\" :", "? {}\n:"]),
        broken in "[ \t:'\"{}\\[\\]@`|>&*!#-]{0,6}",
        before in prop::sample::select(vec!["", "# c\n", "---\n", "steps: []\n", "x: y\r\n", "\u{feff}"]),
        after in prop::sample::select(vec!["", "\nsteps:\n  - run: x", "\r\njobs: {}", "\n\tx"]),
    ) {
        let text = format!("{before}{}\n  s: {broken}{CANARY}{broken} x{after}\n", form.replace("{}", section));
        let source = Source::new("w.yaml", text.as_str());
        prop_assert!(source.is_private(), "{text:?}");
        if let Err(faults) = Tree::read(&source) {
            let is_key = [":", "\":", "':", " :"].iter().any(|behind| text.contains(&format!("{CANARY}{behind}")));
            prop_assert!(is_key || !faults.to_string().contains(CANARY), "{text:?}\n{faults}");
        }
    }
}
