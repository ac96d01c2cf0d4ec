//! Each key once, and all of them in the documentation.

use std::fmt::Write;

use super::*;

#[test]
fn a_key_has_its_own_row() {
    for (at, row) in KEYS.iter().enumerate() {
        assert_eq!(row.key as usize, at, "{}", row.name);
        assert_eq!(row.key.name(), row.name);
    }
}

#[test]
fn no_name_means_two_things_at_one_level() {
    for level in [Workflow, Job, Step, Retry] {
        let names: Vec<_> = level.names().collect();
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{level:?}");
        for row in KEYS.iter().filter(|row| row.levels.contains(&level)) {
            let unclear = |also: &&&str| KEYS.iter().any(|other| other.name == **also && other.levels.contains(&level));
            assert!(!row.also.iter().any(|also| unclear(&also)), "{}", row.name);
        }
    }
}

/// The tables of the keys in the documentation.
#[test]
fn the_documentation_has_all_keys() {
    let levels = |levels: &[Level]| {
        let name = |level: &Level| format!("{level:?}").to_lowercase();
        levels.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    let mut page = String::from("| key | where | meaning |\n|---|---|---|\n");
    for row in &KEYS {
        let _ = writeln!(page, "| `{}` | {} | {} |", row.name, levels(row.levels), row.meaning);
    }
    page += "\n| GitHub's key | where | `run` |\n|---|---|---|\n";
    for key in &FOREIGN {
        let _ = writeln!(page, "| `{}` | {} | refuses it: {} |", key.name, levels(key.levels), key.advice);
    }
    for (name, at) in &HARMLESS {
        let _ = writeln!(page, "| `{name}` | {} | passes over it |", levels(at));
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/running.md");
    let text = std::fs::read_to_string(&path).expect("the page");
    let (begin, end) = ("<!-- keys: made by a test -->\n", "<!-- end of keys -->");
    let (before, rest) = text.split_once(begin).expect("the beginning of the keys");
    let (_, after) = rest.split_once(end).expect("their end");
    let expected = format!("{before}{begin}{page}{end}{after}");
    if text != expected {
        if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
            std::fs::write(&path, expected).expect("the page");
        }
        panic!("docs/running.md has other keys; INSTA_UPDATE=always writes them");
    }
}
