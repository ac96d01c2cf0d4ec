//! One credential of `credflow.yaml`.

use super::named;
use super::text::text;
use crate::config::{Credential, Scope};
use crate::diagnostic::{Code, nearest};
use crate::reference::{NameError, SecretName, SecretVersion};
use crate::yaml::{Entry, Kind, NodeId, Reader, listed, shorten};

const KEYS: &[&str] = &["store", "secret-name", "scope"];

pub(super) fn credential(reader: &mut Reader<'_>, entry: Entry, stores: &[String]) -> Option<Credential> {
    let name = named(reader, entry, "credential")?;
    let (mut store, mut secret, mut scope) = (None, None, Some(Scope::default()));
    let mut missing = vec!["store", "secret-name"];
    for entry in reader.entries(entry.value, name.as_ref()) {
        let node = entry.value;
        let Some(key) = reader.key(entry) else { continue };
        // A misspelt key is told as such; the key that it was meant as isn't missing.
        missing.retain(|&required| required != key && nearest(key, KEYS.iter().copied()) != Some(required));
        match key {
            "store" => {
                store = text(reader, node, key);
                if let Some(unknown) = store.filter(|&store| !stores.iter().any(|known| known == store)) {
                    let message = format!("no store is named `{}`", shorten(unknown));
                    let meant = nearest(unknown, stores.iter().map(String::as_str));
                    let help = match meant {
                        Some(meant) => format!("write `store: {meant}`"),
                        None if stores.is_empty() => "add it under `stores:`".to_owned(),
                        None => format!("it is one of those under `stores:`: {}", shorten(&stores.join(", "))),
                    };
                    reader.fault(Code::UnknownStore, node, message, "", &help);
                }
            }
            "secret-name" => secret = secret_name(reader, node),
            "scope" => scope = self::scope(reader, node),
            _ => reader.unknown(entry.key, KEYS, true),
        }
    }
    if !missing.is_empty() && reader.tree.kind(entry.value) == Kind::Mapping {
        let message = format!("the credential `{name}` has no {}", listed(&missing));
        let help = "a credential has a store and a secret's name: `{ store: STORE, secret-name: NAME }`";
        reader.fault(Code::MissingKey, entry.key, message, "", help);
    }
    let (secret, version) = secret?;
    Some(Credential { name: name.parse().ok()?, store: store?.parse().ok()?, secret, version, scope: scope? })
}

/// `SecretName` or `SecretName/Version`.
fn secret_name(reader: &mut Reader<'_>, node: NodeId) -> Option<(SecretName, Option<SecretVersion>)> {
    let text = text(reader, node, "secret-name")?;
    let (name, version) = match text.split_once('/') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let help =
        "it is the name that the vault has (letters, digits, dashes), or NAME/VERSION with 32 hexadecimal digits";
    let mut wrong = |what: &str, error: NameError| {
        reader.fault(Code::WrongValue, node, format!("the {what} in `secret-name` {error}"), "", help);
    };
    let name = name.parse().map_err(|error| wrong("name", error)).ok();
    let version = version.map(|version| version.parse().map_err(|error| wrong("version", error)));
    match version {
        Some(version) => Some((name?, Some(version.ok()?))),
        None => Some((name?, None)),
    }
}

fn scope(reader: &mut Reader<'_>, node: NodeId) -> Option<Scope> {
    let tree = reader.tree;
    let items: Vec<NodeId> = match tree.kind(node) {
        Kind::Sequence => tree.children(node).map(|item| tree.resolve(item)).collect(),
        _ => vec![node],
    };
    let mut scopes = Vec::new();
    for item in items {
        match text(reader, item, "scope")?.parse::<Scope>() {
            Ok(scope) => scopes.push(scope),
            Err(error) => {
                let help = "write `scope: WORKFLOW/JOB/STEP`, with `*` for any";
                reader.fault(Code::WrongValue, item, error.to_string(), "", help);
                return None;
            }
        }
    }
    if scopes.is_empty() {
        // An empty list would read as "nowhere" and mean "everywhere".
        reader.fault(Code::WrongValue, node, "`scope` has no pattern", "", "leave it out to allow every place");
        return None;
    }
    Some(Scope::any(scopes))
}
