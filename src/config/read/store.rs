//! One store of `credflow.yaml`.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::{listed, named};
use crate::config::address::{Cloud, is_loopback, is_under, origin};
use crate::config::{DEFAULT_API_VERSION, DEFAULT_CONCURRENCY, DEFAULT_REQUEST_TIMEOUT, Identity, SecretSource, Store};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::secret::Secret;
use crate::yaml::{Entry, Kind, NodeId, Reader, shorten};

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

pub(super) fn store(reader: &mut Reader<'_>, entry: Entry) -> Option<Store> {
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
