//! The identity of a store of `credflow.yaml`.

use std::path::PathBuf;
use std::sync::Arc;

use super::identifier;
use super::text::{path, text};
use crate::config::{Proof, SecretSource};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::secret::Secret;
use crate::yaml::{Entry, Kind, NodeId, Reader, Tree, listed, shorten};

/// An identity's name, the keys that it needs, and those that it may have beside them.
struct Form {
    name: &'static str,
    needs: &'static [&'static str],
    takes: &'static [&'static str],
}

impl Form {
    fn has(&self, key: &str) -> bool {
        self.needs.contains(&key) || self.takes.contains(&key)
    }
}

const FORMS: [Form; 6] = [
    Form { name: "client-secret", needs: &["client-id", "client-secret"], takes: &[] },
    Form { name: "client-certificate", needs: &["client-id", "client-certificate"], takes: &[] },
    Form { name: "workload-identity", needs: &[], takes: &["client-id", "token-file"] },
    Form { name: "managed-identity", needs: &[], takes: &["client-id"] },
    Form { name: "azure-cli", needs: &[], takes: &[] },
    Form { name: "environment", needs: &[], takes: &[] },
];

/// The keys that alone tell which identity is meant.
const TELLING: [(&str, &str); 3] = [
    ("client-secret", "client-secret"),
    ("client-certificate", "client-certificate"),
    ("token-file", "workload-identity"),
];

/// The keys of an identity.
pub(super) const KEYS: [&str; 5] = ["identity", "client-id", "client-secret", "client-certificate", "token-file"];

/// The kind of identity that a store's entries name or tell, if they do.
pub(super) fn kind<'t>(tree: &'t Tree, entries: &[Entry]) -> Option<&'t str> {
    let find = |wanted: &str| entries.iter().find(|entry| tree.text(tree.resolve(entry.key)) == Some(wanted));
    match find("identity") {
        Some(named) => tree.text(named.value),
        None => TELLING.iter().find(|(key, _)| find(key).is_some()).map(|(_, name)| *name),
    }
}

/// Whether a key is one of identities, and none of that kind.
pub(super) fn has_no_use(key: &str, kind: &str) -> bool {
    let form = FORMS.iter().find(|form| form.name == kind);
    KEYS.contains(&key) && form.is_some_and(|form| !form.has(key))
}

/// What a store's keys say of its identity, before it is known to be whole.
#[derive(Default)]
pub(super) struct ProofDraft {
    identity: Option<(String, NodeId)>,
    /// Whether the ids are Entra ID's.
    is_entra: bool,
    /// The keys that are there, with their places.
    keys: Vec<(&'static str, NodeId)>,
    client: Option<String>,
    secret: Option<SecretSource>,
    certificate: Option<PathBuf>,
    token_file: Option<PathBuf>,
}

/// A draft whose identity is known, as far as it can be.
pub(super) struct Chosen {
    form: Option<&'static Form>,
    draft: ProofDraft,
}

impl ProofDraft {
    /// Nothing yet.
    pub(super) fn new(is_entra: bool) -> Self {
        Self { is_entra, ..Self::default() }
    }

    pub(super) fn property(&mut self, reader: &mut Reader<'_>, key: &str, entry: Entry) {
        let node = entry.value;
        match key {
            "identity" => self.identity = text(reader, node, key).map(|text| (text.to_owned(), node)),
            "client-id" => {
                self.keys.push(("client-id", entry.key));
                self.client = identifier(reader, node, key, self.is_entra);
            }
            "client-secret" => {
                self.keys.push(("client-secret", entry.key));
                self.secret = secret_source(reader, node, key);
            }
            "client-certificate" => {
                self.keys.push(("client-certificate", entry.key));
                self.certificate = path(reader, node, key);
            }
            _ => {
                self.keys.push(("token-file", entry.key));
                self.token_file = path(reader, node, key);
            }
        }
    }

    /// Which identity it is: the one that is named, or else what the keys say. `keys` are those of the store that are
    /// there or meant.
    pub(super) fn finish(self, reader: &mut Reader<'_>, keys: &[&'static str]) -> Chosen {
        let form = match &self.identity {
            Some((name, node)) => {
                let form = FORMS.iter().find(|form| form.name == name);
                if form.is_none() {
                    let names = FORMS.map(|form| form.name);
                    let message = format!("`identity` can't be `{}`", shorten(name));
                    let help = match nearest(name, names) {
                        Some(meant) => format!("write `identity: {meant}`"),
                        None => format!("it is one of {}", listed(&names)),
                    };
                    reader.fault(Code::WrongValue, *node, message, "", &help);
                }
                form
            }
            None => self.told(reader, keys),
        };
        if let Some(form) = form {
            for (key, node) in &self.keys {
                if !form.has(key) {
                    let message = format!("`{key}` has no use with the identity `{}`", form.name);
                    let help = "remove it, or correct `identity`; a store has one identity";
                    reader.fault(Code::WrongValue, *node, message, "", help);
                }
            }
        }
        Chosen { form, draft: self }
    }

    /// The identity that the keys tell.
    fn told(&self, reader: &mut Reader<'_>, keys: &[&'static str]) -> Option<&'static Form> {
        let told: Vec<&str> = TELLING.iter().filter(|(key, _)| keys.contains(key)).map(|(_, name)| *name).collect();
        if let [_, second, ..] = told[..]
            && let Some((_, node)) = self.keys.iter().find(|(key, _)| TELLING.contains(&(key, second)))
        {
            let message = format!("the store has keys of more than one identity: {}", listed(&told));
            reader.fault(Code::WrongValue, *node, message, "", "say which one is meant with `identity`");
            return None;
        }
        let name = told.first().copied().unwrap_or("client-secret");
        FORMS.iter().find(|form| form.name == name)
    }
}

impl Chosen {
    /// The keys that the identity needs.
    pub(super) fn required(&self) -> &'static [&'static str] {
        self.form.map_or(&[], |form| form.needs)
    }

    /// What to do when keys of it are missing.
    pub(super) fn help(&self, missing: &[&str]) -> &'static str {
        match self.draft.identity {
            None if missing.contains(&"client-secret") => {
                "or name another `identity`: client-certificate, workload-identity, managed-identity, azure-cli, environment"
            }
            _ => "",
        }
    }

    /// The identity, if it is whole.
    pub(super) fn proof(self) -> Option<Proof> {
        let draft = self.draft;
        Some(match self.form?.name {
            "client-secret" => Proof::ClientSecret { client: draft.client?, secret: draft.secret? },
            "client-certificate" => Proof::ClientCertificate { client: draft.client?, certificate: draft.certificate? },
            "workload-identity" => Proof::WorkloadIdentity { client: draft.client, token_file: draft.token_file },
            "managed-identity" => Proof::ManagedIdentity { client: draft.client },
            "azure-cli" => Proof::AzureCli,
            _ => Proof::Environment,
        })
    }
}

/// Where a secret comes from that stands under a key.
pub(super) fn secret_source(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<SecretSource> {
    if reader.tree.kind(node) != Kind::Mapping {
        let secret = Secret::concat([text(reader, node, key)?]);
        let span = reader.tree.span(node);
        let what = if key == "client-secret" { "a client secret".to_owned() } else { format!("the value of `{key}`") };
        let diagnostic = Diagnostic::warning(Code::LiteralSecret, format!("{what} in the configuration itself"))
            .at(reader.tree.source(), span, "")
            .help(format!("keep it in a variable or a file: `{key}: {{ env: NAME }}` or `{{ file: PATH }}`"));
        reader.faults.push(diagnostic);
        return Some(SecretSource::Literal(Arc::new(secret)));
    }
    let mut sources = Vec::new();
    for entry in reader.entries(node, key) {
        match reader.key(entry) {
            Some("env") => {
                sources.extend(variable(reader, entry.value).map(SecretSource::Variable));
            }
            Some("file") => {
                sources.extend(path(reader, entry.value, "file").map(SecretSource::File));
            }
            Some(_) => reader.unknown(entry.key, &["env", "file"], true),
            None => {}
        }
    }
    if sources.len() != 1 && !reader.faults.has_errors() {
        let message = format!("`{key}` must have either `env` or `file`");
        let help = format!("write `{key}: {{ env: NAME }}` or `{key}: {{ file: PATH }}`");
        reader.fault(Code::WrongValue, node, message, "", &help);
    }
    sources.pop()
}

/// The name of a variable.
fn variable(reader: &mut Reader<'_>, node: NodeId) -> Option<String> {
    let name = text(reader, node, "env")?;
    if name.contains(|character: char| character.is_whitespace() || matches!(character, '=' | '\0')) {
        let help = "write the name of one variable, which has no blank and no `=`";
        reader.fault(Code::WrongValue, node, "`env` is no name of a variable", "", help);
        return None;
    }
    Some(name.to_owned())
}
