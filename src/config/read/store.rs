//! One store of `credflow.yaml`.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::identifier;
use super::identity::{self, Chosen, ProofDraft};
use super::properties::{Meant, Properties};
use super::text::{path, text};
use crate::config::address::{Cloud, is_loopback, origin};
use crate::config::{
    DEFAULT_API_VERSION, DEFAULT_CONCURRENCY, DEFAULT_REQUEST_TIMEOUT, Identity, PROVIDER, Proof, Store,
};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::yaml::{Entry, NodeId, Reader, Tree, listed, shorten};

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
    "client-certificate",
    "token-file",
    "ca-file",
    "max-concurrency",
    "timeout",
    "allow-custom-domain",
    "enforce-validity",
];

/// What a store's keys say, before it is known to be whole.
#[derive(Default)]
struct Draft {
    vault_url: Option<(Url, NodeId)>,
    tenant: Option<String>,
    proof: ProofDraft,
    /// Whether the ids are Entra ID's.
    is_entra: bool,
    resource: Option<String>,
    authority: Option<Url>,
    api_version: Option<String>,
    ca_file: Option<PathBuf>,
    max_concurrency: Option<NonZeroU16>,
    timeout: Option<Duration>,
    allow_custom_domain: bool,
    enforce_validity: bool,
}

/// A whole store.
pub(super) fn store(reader: &mut Reader<'_>, properties: &Properties) -> Option<Store> {
    let name = &properties.name;
    let (draft, proof, keys) = draft(reader, properties, is_entra(reader.tree, &properties.entries));
    let missing = missing(&proof, &keys);
    match &properties.meant {
        _ if !properties.is_mapping || properties.is_misspelt => {}
        Some(meant) => misnamed(reader, properties, meant, &missing),
        None if missing.is_empty() => {}
        None => {
            let message = format!("the store `{name}` has no {}", listed(&missing));
            let help = if properties.has_new_identity {
                "another kind of identity replaces the whole identity of `stores`; say all of it here"
            } else {
                proof.help(&missing)
            };
            reader.fault(Code::MissingKey, properties.key, message, "", help);
        }
    }
    let (vault_url, vault_node) = draft.vault_url?;
    let mut store = Store {
        name: name.clone(),
        vault_url,
        identity: Identity {
            authority: draft.authority,
            tenant: draft.tenant,
            resource: draft.resource,
            proof: Proof::Environment,
        },
        api_version: draft.api_version.unwrap_or_else(|| DEFAULT_API_VERSION.to_owned()),
        ca_file: draft.ca_file,
        max_concurrency: draft.max_concurrency.unwrap_or(DEFAULT_CONCURRENCY),
        request_timeout: DEFAULT_REQUEST_TIMEOUT,
        timeout: draft.timeout,
        allow_custom_domain: draft.allow_custom_domain,
        enforce_validity: draft.enforce_validity,
    };
    domain(reader, &store, vault_node);
    store.identity.proof = proof.proof()?;
    Some(store)
}

/// The keys that a store needs and that are neither there nor meant.
fn missing<'k>(proof: &Chosen, keys: &[&'k str]) -> Vec<&'k str> {
    let required = ["vault-url"].into_iter().chain(proof.required().iter().copied());
    required.filter(|key| !keys.contains(key)).collect()
}

/// Whether a store lacks a key that it needs.
pub(super) fn is_incomplete(tree: &Tree, properties: &Properties) -> bool {
    let is_entra = is_entra(tree, &properties.entries);
    let (_, proof, keys) = draft(&mut Reader::new(tree), properties, is_entra);
    properties.is_mapping && !missing(&proof, &keys).is_empty()
}

/// What the properties say that environments have others over, with the faults that they have in each environment; and how
/// it would prove who asks, if that is whole.
pub(super) fn base(reader: &mut Reader<'_>, properties: &Properties, over: &[&Properties]) -> Option<Proof> {
    let mut all = std::iter::once(properties).chain(over.iter().copied());
    let is_entra = all.all(|properties| is_entra(reader.tree, &properties.entries));
    draft(reader, properties, is_entra).1.proof()
}

/// What is known of a store, its identity, and the keys that are there or meant.
fn draft(reader: &mut Reader<'_>, properties: &Properties, is_entra: bool) -> (Draft, Chosen, Vec<&'static str>) {
    let mut draft = Draft { is_entra, proof: ProofDraft::new(is_entra), ..Draft::default() };
    let mut keys = Vec::new();
    for &entry in &properties.entries {
        let Some(key) = reader.key(entry) else { continue };
        // A misspelt key is told as such; the key that it was meant as isn't missing.
        let known = STORE_KEYS.iter().copied();
        keys.extend(known.clone().find(|&known| known == key).or_else(|| nearest(key, known)));
        property(reader, &mut draft, key, entry);
    }
    let proof = std::mem::take(&mut draft.proof).finish(reader, &keys);
    (draft, proof, keys)
}

/// Complains of a store that an environment alone has, and whose name is nearly that of another one.
fn misnamed(reader: &mut Reader<'_>, properties: &Properties, meant: &Meant, missing: &[&str]) {
    let (name, Meant { name: meant, is_incomplete }) = (&properties.name, meant);
    if missing.is_empty() && !is_incomplete {
        let message = format!("the store `{name}` is not in `stores`, and not in each environment");
        let span = reader.tree.span(properties.key);
        let warning = Diagnostic::warning(Code::UnknownStore, message).at(reader.tree.source(), span, "");
        let help = format!("did you mean `{meant}`? It keeps its properties of `stores` here");
        return reader.faults.push(warning.help(help));
    }
    let message = format!("no store is named `{name}`");
    let help = match missing {
        [] => format!("did you mean `{meant}`? It lacks properties that stand here"),
        missing => format!("did you mean `{meant}`? A new one needs {} as well", listed(missing)),
    };
    reader.fault(Code::UnknownStore, properties.key, message, "", &help);
}

/// Whether a store's authority is Entra ID, and none of one's own.
fn is_entra(tree: &Tree, entries: &[Entry]) -> bool {
    let mut authority = entries.iter().filter(|entry| tree.text(entry.key) == Some("authority"));
    authority.all(|entry| tree.text(entry.value).is_some_and(Cloud::has_authority))
}

/// A token must not leave the domain that it is for.
fn domain(reader: &mut Reader<'_>, store: &Store, node: NodeId) {
    let host = store.vault_url.host_str().unwrap_or_default();
    let wrong = match store.resource() {
        Some(resource) if store.may_receive(resource) => return,
        Some(_) if is_loopback(&store.vault_url) => {
            let message = "the vault is on this machine, and its token would come from elsewhere";
            let help = "set `authority` to the emulator's, or `allow-custom-domain: true`";
            return reader.fault(Code::BadUrl, node, message, "", help);
        }
        Some(resource) => {
            let domain = resource.trim_start_matches("https://");
            format!("`vault-url` is outside of its resource's domain, {domain}")
        }
        None if store.allow_custom_domain => return,
        None if host.contains("privatelink") => "`vault-url` is the name of a private endpoint".to_owned(),
        // What no cloud has may be a cloud of one's own; the vault itself tells its resource, and is held to it.
        None => match Cloud::meant(host) {
            Some(domain) => {
                let (name, _) = host.split_once('.').unwrap_or((host, ""));
                let message = "`vault-url` is in no cloud's domain";
                let help = format!("write `vault-url: https://{name}.{domain}`");
                return reader.fault(Code::BadUrl, node, message, "no token is sent there", &help);
            }
            None => return,
        },
    };
    let help = if host.contains("privatelink") {
        "use the vault's ordinary name, https://NAME.vault.azure.net; DNS leads it to the private address"
    } else {
        "correct `vault-url` or `azure-resource`; `allow-custom-domain: true` sends the token there all the same"
    };
    reader.fault(Code::BadUrl, node, wrong, "no token is sent there", help);
}

fn property(reader: &mut Reader<'_>, draft: &mut Draft, key: &str, entry: Entry) {
    let node = entry.value;
    match key {
        "vault-url" => draft.vault_url = vault_url(reader, node, key).map(|url| (url, node)),
        "authority" => draft.authority = url(reader, node, key),
        "tenant-id" => draft.tenant = identifier(reader, node, key, draft.is_entra),
        "azure-resource" => draft.resource = resource(reader, node),
        "api-version" => draft.api_version = api_version(reader, node),
        "ca-file" => draft.ca_file = path(reader, node, key),
        "provider" => only(reader, node, key, PROVIDER),
        "grant-type" => only(reader, node, key, "client_credentials"),
        "max-concurrency" => {
            draft.max_concurrency = reader.tree.text(node).and_then(|text| text.parse().ok());
            if draft.max_concurrency.is_none() {
                let message = format!("`{key}` must be a whole number from 1 to 65535");
                let help = format!("leave it out, or write `max-concurrency: {DEFAULT_CONCURRENCY}`, the default");
                reader.fault(Code::WrongValue, node, message, "", &help);
            }
        }
        "timeout" => {
            let seconds = reader.tree.text(node).and_then(|text| text.parse::<f64>().ok());
            draft.timeout = seconds.filter(|it| *it > 0.0 && *it <= 86_400.0).map(Duration::from_secs_f64);
            if draft.timeout.is_none() {
                reader.wrong_type(node, key, "a number of seconds, more than 0 and at most a day");
            }
        }
        "allow-custom-domain" => draft.allow_custom_domain = reader.boolean(node, key).unwrap_or_default(),
        "enforce-validity" => draft.enforce_validity = reader.boolean(node, key).unwrap_or_default(),
        _ if identity::KEYS.contains(&key) => draft.proof.property(reader, key, entry),
        _ => reader.unknown(entry.key, STORE_KEYS, true),
    }
}

fn url(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<Url> {
    let text = text(reader, node, key)?;
    match origin(text) {
        Ok(url) => Some(url),
        Err(wrong) => {
            let help = "an address is https://HOST, with a port if it needs one";
            reader.fault(Code::BadUrl, node, format!("`{key}` {wrong}"), "", help);
            None
        }
    }
}

/// A vault's address. Those of Azure's clouds have names of letters, digits and hyphens.
fn vault_url(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<Url> {
    let url = url(reader, node, key)?;
    let name = url.host_str().unwrap_or_default().split('.').next().unwrap_or_default();
    if Cloud::knows(&url) && !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        let help = "a vault's name has letters, digits and `-`";
        reader.fault(Code::BadUrl, node, "`vault-url` has a character that no vault's name has", "", help);
        return None;
    }
    Some(url)
}

fn resource(reader: &mut Reader<'_>, node: NodeId) -> Option<String> {
    let text = text(reader, node, "azure-resource")?;
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

fn api_version(reader: &mut Reader<'_>, node: NodeId) -> Option<String> {
    let text = text(reader, node, "api-version")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let has_parts = text.starts_with(|first: char| first.is_ascii_digit()) && text.contains(['.', '-']);
    if has_parts && text.bytes().all(plain) && text.len() <= 40 {
        return Some(text.to_owned());
    }
    let help = "it is like 7.4 or 2025-07-01";
    reader.fault(Code::WrongValue, node, "`api-version` is not a version", "", help);
    None
}

/// A property that has one value so far.
fn only(reader: &mut Reader<'_>, node: NodeId, key: &str, value: &str) {
    if let Some(text) = text(reader, node, key).filter(|&text| text != value) {
        let message = format!("`{key}` can't be `{}`", shorten(text));
        reader.fault(
            Code::WrongValue,
            node,
            message,
            "",
            &format!("leave it out, or write `{key}: {value}`, the only one there is"),
        );
    }
}
