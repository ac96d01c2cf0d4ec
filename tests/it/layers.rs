//! Imports point down the table of layers, never up or sideways, and files import each other in no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Item, UseTree};

use crate::project::root;

/// The modules from the lowest layer up.
const LAYERS: &[&[&str]] = &[
    &["source", "secret", "file", "place", "trace"],
    &["diagnostic", "reference"],
    &["yaml", "dotenv"],
    &["workflow", "config"],
    &["plan"],
    &["store"],
    &["resolve"],
    &["render"],
    &["mask"],
    &["run"],
    &["event"],
    &["audit"],
    &["emulator"],
    &["cli"],
];

/// The layers that may wait. The audit's futures wait for its own thread alone.
const ASYNC: &[&str] = &["store", "resolve", "run", "event", "audit", "emulator", "cli"];

/// The circles that are still there, each by its files. One that is broken leaves the list.
const CIRCLES: &[&[&str]] = &[
    &[
        "emulator/builder.rs",
        "emulator/control.rs",
        "emulator/respond.rs",
        "emulator/seed/mod.rs",
        "emulator/server.rs",
    ],
    &["emulator/seed/application.rs", "emulator/seed/context.rs"],
    &[
        "emulator/vault/backup.rs",
        "emulator/vault/bundle.rs",
        "emulator/vault/change.rs",
        "emulator/vault/deleted.rs",
        "emulator/vault/page.rs",
        "emulator/vault/secrets.rs",
    ],
];

/// A module's path below the crate: `["store", "identity"]`.
type Module = Vec<String>;

/// A source file, and what it says of others.
struct File {
    /// Below `src`.
    name: String,
    text: String,
    /// What names mean here that come from elsewhere.
    aliases: BTreeMap<String, Vec<String>>,
    /// Paths that are used here, absolute, with their lines. What is only handed on isn't used.
    paths: Vec<(usize, Vec<String>)>,
}

/// The whole crate.
struct Crate(BTreeMap<Module, File>);

/// Read once for all tests.
static WHOLE: LazyLock<Crate> = LazyLock::new(Crate::read);

impl Crate {
    fn read() -> Self {
        let src = root().join("src");
        let mut paths = Vec::new();
        files(&src, &mut paths);
        let names = paths.iter().map(|path| path.strip_prefix(&src).expect("below src").display().to_string());
        let texts = paths.iter().map(|path| fs::read_to_string(path).expect("a source file"));
        let sources: Vec<(Module, String, String)> =
            names.zip(texts).map(|(name, text)| (module(&name), name, text)).collect();
        let modules: BTreeSet<Module> = sources.iter().map(|(module, ..)| module.clone()).collect();
        let read = |(module, name, text): (Module, String, String)| {
            let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("src/{name}: {error}"));
            let mut reader = Reader { modules: &modules, module: &module, aliases: BTreeMap::new(), paths: Vec::new() };
            reader.items(&file.items);
            let Reader { aliases, paths, .. } = reader;
            (module, File { name, text, aliases, paths })
        };
        Self(sources.into_iter().map(read).collect())
    }

    /// The file that defines what a path names, whoever hands it on.
    fn file_of(&self, path: &[String]) -> Option<&File> {
        let (mut at, mut path): (Module, Vec<String>) = (Vec::new(), path.to_vec());
        // Two modules that hand on each other's names would go on for ever.
        for _ in 0..100 {
            let file = self.0.get(&at)?;
            let Some(first) = path.first().cloned() else { return Some(file) };
            let child: Module = at.iter().cloned().chain([first.clone()]).collect();
            if self.0.contains_key(&child) {
                at = child;
                path.remove(0);
            } else if let Some(target) = file.aliases.get(&first) {
                path.splice(..1, target.iter().cloned());
                at.clear();
            } else {
                return Some(file);
            }
        }
        None
    }

    /// Each file that a file imports, with the line.
    fn imports<'c>(&'c self, file: &'c File) -> impl Iterator<Item = (usize, &'c File)> {
        let found = file.paths.iter().filter_map(|(line, path)| Some((*line, self.file_of(path)?)));
        found.filter(|(_, target)| target.name != file.name)
    }

    fn files(&self) -> impl Iterator<Item = &File> {
        self.0.values().filter(|file| !["lib.rs", "main.rs"].contains(&&*file.name))
    }
}

impl File {
    /// The module of the crate that it belongs to.
    fn part(&self) -> &str {
        self.name.split(['/', '.']).next().unwrap_or_default()
    }
}

/// Collects what a file says of others. What stands under `#[cfg(test)]` may reach anywhere.
struct Reader<'r> {
    modules: &'r BTreeSet<Module>,
    module: &'r Module,
    aliases: BTreeMap<String, Vec<String>>,
    paths: Vec<(usize, Vec<String>)>,
}

impl Reader<'_> {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Use(import) => {
                    let is_used = matches!(import.vis, syn::Visibility::Inherited);
                    self.import(&import.tree, &mut Vec::new(), is_used);
                }
                Item::Mod(inner) if is_test(&inner.attrs) || inner.content.is_none() => {}
                other => self.tokens(other.to_token_stream()),
            }
        }
    }

    fn import(&mut self, tree: &UseTree, before: &mut Vec<String>, is_used: bool) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.import(&path.tree, before, is_used);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before, is_used)),
            UseTree::Name(name) => self.name(&name.ident, &name.ident, before, is_used),
            UseTree::Rename(name) => self.name(&name.ident, &name.rename, before, is_used),
            UseTree::Glob(_) => {}
        }
    }

    fn name(&mut self, ident: &syn::Ident, alias: &syn::Ident, before: &[String], is_used: bool) {
        let mut path = before.to_vec();
        if ident != "self" {
            path.push(ident.to_string());
        }
        let alias = if alias == "self" { before.last().cloned().unwrap_or_default() } else { alias.to_string() };
        let Some(absolute) = self.absolute(&path) else { return };
        self.aliases.insert(alias, absolute.clone());
        if is_used {
            self.paths.push((ident.span().start().line, absolute));
        }
    }

    /// Paths in the rest of the code, macros included.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => {
                    // A `use` within a function is one as well.
                    self.tokens(group.stream());
                    at += 1;
                }
                TokenTree::Ident(first) => {
                    let is_start = at == 0 || !is_colon(&tokens[at - 1]);
                    let (mut path, line) = (vec![first.to_string()], first.span().start().line);
                    at += 1;
                    while tokens.len() > at + 1 && is_colon(&tokens[at]) && is_colon(&tokens[at + 1]) {
                        match tokens.get(at + 2) {
                            Some(TokenTree::Ident(next)) => path.push(next.to_string()),
                            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {}
                            _ => break,
                        }
                        at += 3;
                    }
                    if is_start
                        && path.len() > 1
                        && let Some(absolute) = self.absolute(&path)
                    {
                        self.paths.push((line, absolute));
                    }
                }
                _ => at += 1,
            }
        }
    }

    /// From the crate's root; nothing for what isn't the crate's own.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut at: Module = self.module.clone();
        let mut rest = path.iter();
        let first = path.first()?;
        match &**first {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop();
            }
            _ => {
                let child: Module = at.iter().cloned().chain([first.clone()]).collect();
                return self.modules.contains(&child).then(|| at.into_iter().chain(path.iter().cloned()).collect());
            }
        }
        rest.next();
        for segment in rest {
            if segment == "super" {
                at.pop();
            } else {
                at.push(segment.clone());
            }
        }
        Some(at)
    }
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':')
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("test"))
    })
}

/// `store/identity/mod.rs` is `store::identity`, and `lib.rs` the crate itself.
fn module(name: &str) -> Module {
    let name = name.replace('\\', "/");
    let stem = name.trim_end_matches(".rs");
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if stem == "lib" { Vec::new() } else { stem.split('/').map(ToOwned::to_owned).collect() }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("src").map(|entry| entry.expect("entry").path());
    for path in entries.collect::<BTreeSet<_>>() {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn layer(part: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&part))
}

#[test]
fn imports_point_downward() {
    let whole = &*WHOLE;
    let mut wrong = Vec::new();
    for file in whole.files() {
        let own = layer(file.part()).unwrap_or_else(|| panic!("{} has no layer", file.part()));
        for (line, target) in whole.imports(file).filter(|(_, target)| target.name != "lib.rs") {
            let is_below = target.part() == file.part() || layer(target.part()).is_some_and(|other| other < own);
            if !is_below {
                wrong.push(format!("src/{}:{line} imports {}", file.name, target.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_import_each_other_in_no_circle() {
    let whole = &*WHOLE;
    // What the parts of a module share may stand in the module's own file, which also leads to the parts.
    let is_around = |target: &File, file: &File| {
        let folder = target.name.strip_suffix("mod.rs").or_else(|| target.name.strip_suffix(".rs"));
        folder.is_some_and(|folder| file.name.starts_with(&format!("{}/", folder.trim_end_matches('/'))))
    };
    let imported = |file: &File| -> BTreeSet<String> {
        let others = whole.imports(file).filter(|(_, target)| !is_around(target, file));
        others.map(|(_, target)| target.name.clone()).collect()
    };
    let imports: BTreeMap<String, BTreeSet<String>> =
        whole.files().map(|file| (file.name.clone(), imported(file))).collect();
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|file| (file, reach(&imports, file))).collect();
    let circle_of = |file: &String| -> Vec<&str> {
        let others = reached[file].iter().filter(|other| reached.get(**other).is_some_and(|back| back.contains(file)));
        others.map(|other| other.as_str()).collect()
    };
    let found: BTreeSet<Vec<&str>> = imports.keys().map(circle_of).filter(|circle| !circle.is_empty()).collect();
    let known: BTreeSet<Vec<&str>> = CIRCLES.iter().map(|circle| circle.to_vec()).collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "new circles: {new:#?}\ncircles to take off the list: {gone:#?}");
}

/// All that a file imports, near or far.
fn reach<'i>(imports: &'i BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<&'i String> {
    let (mut reached, mut waiting) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(file) = waiting.pop() {
        for target in imports.get(&file).into_iter().flatten() {
            if reached.insert(target) {
                waiting.push(target.clone());
            }
        }
    }
    reached
}

#[test]
fn only_the_outer_layers_wait() {
    for file in WHOLE.files() {
        let waits = file.text.contains(".await") || file.text.contains("async ");
        assert!(!waits || ASYNC.contains(&file.part()), "src/{} waits", file.name);
    }
}

#[test]
fn every_module_has_a_layer_and_every_layer_a_module() {
    let whole = &*WHOLE;
    let parts: BTreeSet<&str> = whole.files().map(File::part).collect();
    let layers: BTreeSet<&str> = LAYERS.iter().flat_map(|layer| layer.iter().copied()).collect();
    assert_eq!(parts, layers);
}

#[test]
fn values_are_wiped_before_the_process_ends() {
    for file in WHOLE.files() {
        for word in ["process::exit", "process::abort", "mem::forget"] {
            assert!(!file.text.contains(word), "src/{} has {word}", file.name);
        }
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let profiles = manifest.split("[profile.").skip(1);
    for profile in profiles {
        assert!(!profile.lines().any(|line| line.replace(' ', "").starts_with("panic=")), "[profile.{profile}");
    }
}

#[test]
fn nothing_prints_around_the_command() {
    for file in WHOLE.files() {
        for word in ["println!", "eprintln!", "print!(", "todo!", "unimplemented!"] {
            assert!(!file.text.contains(word), "src/{} has {word}", file.name);
        }
    }
}

#[test]
fn imports_are_seen_wherever_they_stand() {
    let modules: BTreeSet<Module> = ["", "run", "run/job", "run/step", "secret"]
        .map(|name| match name {
            "" => Vec::new(),
            name => name.split('/').map(ToOwned::to_owned).collect(),
        })
        .into();
    let module: Module = vec!["run".to_owned(), "job".to_owned()];
    let mut reader = Reader { modules: &modules, module: &module, aliases: BTreeMap::new(), paths: Vec::new() };
    let text = "use super::{step::{self, Bound as Step}, Run};\npub use crate::secret::Secret;\n\
                #[cfg(test)]\nmod tests { use crate::cli::Exit; }\nfn all() {\n    select! { _ = super::graph::next() => {} }\n}\n";
    reader.items(&syn::parse_file(text).expect("Rust").items);
    let paths: Vec<(usize, String)> = reader.paths.iter().map(|(line, path)| (*line, path.join("::"))).collect();
    let expected = [(1, "run::step"), (1, "run::step::Bound"), (1, "run::Run"), (6, "run::graph::next")];
    assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
    assert_eq!(reader.aliases["Secret"].join("::"), "secret::Secret");
}
