//! Imports point down the table of layers, never up or sideways.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules from the lowest layer up, as the crate's documentation tells them. Only the last is free.
const LAYERS: &[&[&str]] = &[
    &["source", "secret", "file"],
    &["diagnostic", "reference"],
    &["yaml", "dotenv"],
    &["workflow", "config"],
    &["plan"],
    &["store"],
    &["resolve"],
    &["render"],
    &["run"],
    &["audit"],
    &["emulator"],
    &["cli"],
];

/// The layers that may wait.
const ASYNC: &[&str] = &["store", "resolve", "run", "emulator", "cli"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("src").map(|entry| entry.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The crate's modules that a file names, with the lines; tests within it may reach anywhere.
fn imports(text: &str) -> Vec<(usize, String)> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (at, _) in line.match_indices("crate::") {
            // `$crate::` and `other_crate::` are none of ours.
            if at > 0 && line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$')
            {
                continue;
            }
            let rest = &line[at + "crate::".len()..];
            let name: String =
                rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
            found.push((number, name));
        }
    }
    found
}

fn sources() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below src").display().to_string().replace('\\', "/");
            let module = name.split(['/', '.']).next().unwrap_or_default().to_owned();
            let text = fs::read_to_string(&path).expect("a source file");
            (name, module, text)
        })
        .filter(|(_, module, _)| !["lib", "main"].contains(&module.as_str()))
        .collect()
}

#[test]
fn imports_point_downward() {
    let mut wrong = Vec::new();
    for (name, module, text) in sources() {
        let own = layer(&module).unwrap_or_else(|| panic!("{module} has no layer"));
        for (line, target) in imports(&text) {
            let below = target == module || layer(&target).is_some_and(|other| other < own);
            if !below {
                wrong.push(format!("src/{name}:{line} imports {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_outer_layers_wait() {
    for (name, module, text) in sources() {
        let waits = text.contains(".await") || text.contains("async ");
        assert!(!waits || ASYNC.contains(&module.as_str()), "src/{name} waits");
    }
}

#[test]
fn every_module_has_a_layer_and_every_layer_a_module() {
    let modules: Vec<String> = sources().into_iter().map(|(_, module, _)| module).collect();
    for layer in LAYERS.iter().flat_map(|layer| layer.iter()) {
        assert!(modules.iter().any(|module| module == layer), "no module {layer}");
    }
}

#[test]
fn nothing_exits_or_prints_around_the_command() {
    for (name, _, text) in sources() {
        for word in ["process::exit", "println!", "eprintln!", "panic = \"abort\"", "todo!", "unimplemented!"] {
            assert!(!text.contains(word), "src/{name} has {word}");
        }
    }
}
