//! From `credflow.yaml` to a configuration, with every fault that is in it.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::address::{Cloud, is_loopback, is_under, origin};
use super::{
    Config, Credential, DEFAULT_API_VERSION, DEFAULT_CONCURRENCY, DEFAULT_REQUEST_TIMEOUT, Identity, Scope,
    SecretSource, Store,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::reference::NameError;
use crate::secret::Secret;
use crate::source::Source;
use crate::yaml::{Entry, Kind, NodeId, Reader, Tree, shorten};

const STORE_KEYS: &[&str] = &[
    "provider",
    "vault-url",
    "tenant-id",
    "client-id",
    "client-secret",
    "azure-resource",
    "grant-type",
    "api-version",
    "authority",
    "identity",
    "ca-file",
    "max-concurrency",
    "allow-custom-domain",
];

impl Config {
    /// Reads a configuration file, and gives its warnings beside it. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// When it can't be read, and all faults that are in it.
    pub fn read(path: &Path) -> Result<(Self, Diagnostics), Diagnostics> {
        let source = Source::read_private(path).map_err(Diagnostic::from)?;
        Self::parse(&source)
    }

    /// Reads a configuration; its source should be a [private](Source::private) one.
    ///
    /// # Errors
    /// All faults that are in it.
    pub fn parse(source: &Arc<Source>) -> Result<(Self, Diagnostics), Diagnostics> {
        let tree = Tree::read(source)?;
        let mut reader = Reader::new(&tree);
        let config = config(&mut reader);
        reader.faults.finish(Some(config))
    }
}

fn config(reader: &mut Reader<'_>) -> Config {
    let mut config = Config::default();
    let documents = reader.tree.documents();
    if let Some(&second) = documents.get(1) {
        reader.fault(Code::WrongType, second, "a configuration is one document", "", "");
    }
    let root = documents.first().copied().filter(|&root| !reader.tree.is_null(root));
    let Some(root) = root else {
        let message = format!("{} is empty", reader.tree.source().name());
        let help = "a configuration has `stores`, and maybe `credentials`";
        reader.faults.push(Diagnostic::error(Code::EmptyFile, message).help(help));
        return config;
    };
    let mut credentials = None;
    for entry in reader.entries(root, "configuration") {
        match reader.key(entry) {
            Some("stores") => {
                for entry in reader.entries(entry.value, "stores") {
                    config.stores.extend(store(reader, entry));
                }
            }
            Some("credentials") => credentials = Some(entry.value),
            Some(_) => reader.unknown(entry.key, &["stores", "credentials"], true),
            None => {}
        }
    }
    if let Some(node) = credentials.filter(|&node| !reader.tree.is_null(node)) {
        // Names of stores with faults of their own are names all the same.
        let stores: Vec<String> = store_names(reader, root);
        for entry in reader.entries(node, "credentials") {
            config.credentials.extend(credential(reader, entry, &stores));
        }
    }
    config
}

fn store_names(reader: &Reader<'_>, root: NodeId) -> Vec<String> {
    let tree = reader.tree;
    let entries = tree.merged(root).entries;
    let stores = entries.iter().filter(|entry| tree.text(entry.key) == Some("stores"));
    stores
        .flat_map(|entry| tree.merged(entry.value).entries)
        .filter_map(|entry| tree.text(entry.key).map(str::to_owned))
        .collect()
}

/// What a store's keys say, before it is known to be whole.
#[derive(Default)]
struct Draft {
    vault_url: Option<(Url, NodeId)>,
    tenant: Option<String>,
    client: Option<String>,
    client_secret: Option<SecretSource>,
    resource: Option<String>,
    authority: Option<(Url, NodeId)>,
    api_version: Option<String>,
    ca_file: Option<PathBuf>,
    max_concurrency: Option<NonZeroU16>,
    allow_custom_domain: bool,
}

fn store(reader: &mut Reader<'_>, entry: Entry) -> Option<Store> {
    let name = named(reader, entry, "store")?;
    let mut draft = Draft::default();
    let mut missing = vec!["vault-url", "tenant-id", "client-id", "client-secret"];
    for entry in reader.entries(entry.value, name.as_ref()) {
        let Some(key) = reader.key(entry) else { continue };
        // A misspelt key is told as such; the key that it was meant as isn't missing.
        let meant = if STORE_KEYS.contains(&key) { Some(key) } else { nearest(key, STORE_KEYS.iter().copied()) };
        missing.retain(|&required| Some(required) != meant);
        property(reader, &mut draft, key, entry);
    }
    if !missing.is_empty() && reader.tree.kind(entry.value) == Kind::Mapping {
        let message = format!("the store `{name}` has no {}", listed(&missing));
        reader.fault(Code::MissingKey, entry.key, message, "", "");
    }
    let (vault_url, vault_node) = draft.vault_url?;
    let cloud = Cloud::of(&vault_url);
    let resource = draft.resource.unwrap_or_else(|| cloud.resource.to_owned());
    let authority = draft.authority.map(|(url, _)| url).or_else(|| Url::parse(cloud.authority).ok())?;
    if !draft.allow_custom_domain {
        domain(reader, &vault_url, vault_node, &resource, &authority);
    }
    Some(Store {
        name: name.parse().ok()?,
        vault_url,
        identity: Identity {
            authority,
            tenant: draft.tenant?,
            client: draft.client?,
            client_secret: draft.client_secret?,
            resource,
        },
        api_version: draft.api_version.unwrap_or_else(|| DEFAULT_API_VERSION.to_owned()),
        ca_file: draft.ca_file,
        max_concurrency: draft.max_concurrency.unwrap_or(DEFAULT_CONCURRENCY),
        request_timeout: DEFAULT_REQUEST_TIMEOUT,
    })
}

/// A token must not leave the domain that it is for.
fn domain(reader: &mut Reader<'_>, vault: &Url, node: NodeId, resource: &str, authority: &Url) {
    let host = vault.host_str().unwrap_or_default();
    if is_loopback(vault) {
        if !is_loopback(authority) {
            let message = "the vault is on this machine, and its token would come from elsewhere";
            let help = "set `authority` to the emulator's, or `allow-custom-domain: true`";
            reader.fault(Code::BadUrl, node, message, "", help);
        }
        return;
    }
    let resource = Url::parse(resource).ok();
    let domain = resource.as_ref().and_then(Url::host_str).unwrap_or_default();
    if is_under(host, domain) {
        return;
    }
    let message = format!("`vault-url` is outside of its resource's domain, {domain}");
    let help = if host.contains("privatelink") {
        "use the vault's ordinary name, https://NAME.vault.azure.net; DNS leads it to the private address"
    } else {
        "correct `vault-url` or `azure-resource`; `allow-custom-domain: true` sends the token there all the same"
    };
    reader.fault(Code::BadUrl, node, message, "no token is sent there", help);
}

fn property(reader: &mut Reader<'_>, draft: &mut Draft, key: &str, entry: Entry) {
    let node = entry.value;
    match key {
        "vault-url" => draft.vault_url = url(reader, node, key).map(|url| (url, node)),
        "authority" => draft.authority = url(reader, node, key).map(|url| (url, node)),
        "tenant-id" => draft.tenant = identifier(reader, node, key),
        "client-id" => draft.client = identifier(reader, node, key),
        "client-secret" => draft.client_secret = client_secret(reader, node),
        "azure-resource" => draft.resource = resource(reader, node),
        "api-version" => draft.api_version = api_version(reader, node),
        "ca-file" => draft.ca_file = reader.text(node, key).map(|path| beside(reader, path)),
        "provider" => only(reader, node, key, "azure-key-vault"),
        "grant-type" => only(reader, node, key, "client_credentials"),
        "identity" => only(reader, node, key, "client-secret"),
        "max-concurrency" => {
            draft.max_concurrency = reader.tree.text(node).and_then(|text| text.parse().ok());
            if draft.max_concurrency.is_none() {
                reader.wrong_type(node, key, "a whole number from 1 to 65535");
            }
        }
        "allow-custom-domain" => draft.allow_custom_domain = reader.boolean(node, key).unwrap_or_default(),
        _ => reader.unknown(entry.key, STORE_KEYS, true),
    }
}

fn url(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<Url> {
    let text = reader.text(node, key)?;
    match origin(text) {
        Ok(url) => Some(url),
        Err(wrong) => {
            let help = "an address is https://HOST, with a port if it needs one";
            reader.fault(Code::BadUrl, node, format!("`{key}` {wrong}"), "", help);
            None
        }
    }
}

fn resource(reader: &mut Reader<'_>, node: NodeId) -> Option<String> {
    let text = reader.text(node, "azure-resource")?;
    // Microsoft's own pages write it with a slash; the audience that a vault accepts has none.
    let text = text.strip_suffix('/').unwrap_or(text);
    match origin(text) {
        Ok(url) if url.scheme() == "https" => Some(text.to_owned()),
        _ => {
            let help = "it is https://vault.azure.net, or another cloud's";
            reader.fault(Code::BadUrl, node, "`azure-resource` is not a resource's address", "", help);
            None
        }
    }
}

/// An id or a domain, which becomes part of an address.
fn identifier(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<String> {
    let text = reader.text(node, key)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if text.bytes().all(plain) && text.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return Some(text.to_owned());
    }
    let help = "it is an id like 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90";
    reader.fault(Code::WrongValue, node, format!("`{key}` has a character that an id can't have"), "", help);
    None
}

fn api_version(reader: &mut Reader<'_>, node: NodeId) -> Option<String> {
    let text = reader.text(node, "api-version")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(plain) && text.len() <= 40 {
        return Some(text.to_owned());
    }
    let help = "it is like 7.4 or 2025-07-01";
    reader.fault(Code::WrongValue, node, "`api-version` is not a version", "", help);
    None
}

fn client_secret(reader: &mut Reader<'_>, node: NodeId) -> Option<SecretSource> {
    if reader.tree.kind(node) != Kind::Mapping {
        let text = reader.text(node, "client-secret")?;
        let secret = Secret::concat([text]);
        let span = reader.tree.span(node);
        let diagnostic = Diagnostic::warning(Code::LiteralSecret, "a client secret in the configuration itself")
            .at(reader.tree.source(), span, "")
            .help("keep it in a variable or a file: `client-secret: { env: NAME }` or `{ file: PATH }`");
        reader.faults.push(diagnostic);
        return Some(SecretSource::Literal(Arc::new(secret)));
    }
    let mut sources = Vec::new();
    for entry in reader.entries(node, "client-secret") {
        match reader.key(entry) {
            Some("env") => {
                sources.extend(reader.text(entry.value, "env").map(|name| SecretSource::Variable(name.to_owned())));
            }
            Some("file") => {
                let path = reader.text(entry.value, "file");
                sources.extend(path.map(|path| SecretSource::File(beside(reader, path))));
            }
            Some(_) => reader.unknown(entry.key, &["env", "file"], true),
            None => {}
        }
    }
    if sources.len() != 1 && !reader.faults.has_errors() {
        let message = "`client-secret` must have either `env` or `file`";
        reader.fault(Code::WrongValue, node, message, "", "");
    }
    sources.pop()
}

/// A path of the configuration, from its folder on.
fn beside(reader: &Reader<'_>, path: &str) -> PathBuf {
    let folder = Path::new(reader.tree.source().name()).parent();
    folder.unwrap_or(Path::new("")).join(path)
}

/// A property that has one value so far.
fn only(reader: &mut Reader<'_>, node: NodeId, key: &str, value: &str) {
    if let Some(text) = reader.text(node, key).filter(|&text| text != value) {
        let message = format!("`{key}` can't be `{}`", shorten(text));
        reader.fault(
            Code::WrongValue,
            node,
            message,
            "",
            &format!("the only one there is, and the default, is `{value}`"),
        );
    }
}

fn credential(reader: &mut Reader<'_>, entry: Entry, stores: &[String]) -> Option<Credential> {
    let name = named(reader, entry, "credential")?;
    let (mut store, mut secret, mut scope) = (None, None, Some(Scope::default()));
    let mut missing = vec!["store", "secret-name"];
    for entry in reader.entries(entry.value, name.as_ref()) {
        let node = entry.value;
        let Some(key) = reader.key(entry) else { continue };
        missing.retain(|&required| required != key);
        match key {
            "store" => {
                store = reader.text(node, key);
                if let Some(unknown) = store.filter(|&store| !stores.iter().any(|known| known == store)) {
                    let message = format!("no store is named `{}`", shorten(unknown));
                    let meant = nearest(unknown, stores.iter().map(String::as_str));
                    let help = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`?"));
                    reader.fault(Code::UnknownStore, node, message, "", &help);
                }
            }
            "secret-name" => secret = secret_name(reader, node),
            "scope" => scope = self::scope(reader, node),
            _ => reader.unknown(entry.key, &["store", "secret-name", "scope"], true),
        }
    }
    if !missing.is_empty() && reader.tree.kind(entry.value) == Kind::Mapping {
        let message = format!("the credential `{name}` has no {}", listed(&missing));
        reader.fault(Code::MissingKey, entry.key, message, "", "");
    }
    let (secret, version) = secret?;
    Some(Credential { name: name.parse().ok()?, store: store?.parse().ok()?, secret, version, scope: scope? })
}

/// `SecretName` or `SecretName/Version`.
fn secret_name(
    reader: &mut Reader<'_>,
    node: NodeId,
) -> Option<(crate::reference::SecretName, Option<crate::reference::SecretVersion>)> {
    let text = reader.text(node, "secret-name")?;
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
        match reader.text(item, "scope")?.parse::<Scope>() {
            Ok(scope) => scopes.push(scope),
            Err(error) => {
                reader.fault(Code::WrongValue, item, error.to_string(), "", "");
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

/// The key of an entry as a name of a store or credential.
fn named<'t>(reader: &mut Reader<'t>, entry: Entry, what: &str) -> Option<std::borrow::Cow<'t, str>> {
    let name = reader.key(entry)?;
    if let Err(error) = name.parse::<crate::reference::StoreName>() {
        let help = "names have letters, digits, `-`, `_` and `.`";
        reader.fault(Code::WrongValue, entry.key, format!("the {what}'s name {error}"), "", help);
        return None;
    }
    Some(name.into())
}

fn listed(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}
