//! A store of Azure Key Vault.

use std::path::PathBuf;

use url::Url;

use super::identifier;
use super::identity::{Chosen, ProofDraft};
use super::properties::{COMMON, Properties};
use super::registered::{AZURE_KEYS as KEYS, Registered};
use super::text::{path, text};
use crate::config::address::{Cloud, is_loopback, origin};
use crate::config::{AZURE_KEY_VAULT, AzureVault, DEFAULT_API_VERSION, Identity, Proof};
use crate::diagnostic::{Code, nearest};
use crate::yaml::{Entry, NodeId, Reader, Tree, shorten};

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
    allow_custom_domain: bool,
}

/// A whole vault.
pub(super) fn vault(
    reader: &mut Reader<'_>,
    properties: &Properties,
    registered: Registered<'_>,
) -> Option<AzureVault> {
    let is_entra = is_entra(reader.tree, &properties.entries);
    let (draft, proof, keys) = draft(reader, properties, registered, is_entra);
    let required = ["vault-url"].into_iter().chain(proof.required().iter().copied());
    let missing: Vec<&str> = required.filter(|key| !keys.contains(key)).collect();
    properties.complain_of_missing(reader, &missing, proof.help(&missing));
    let (url, node) = draft.vault_url?;
    let proof = proof.proof();
    let vault = AzureVault {
        url,
        identity: Identity {
            authority: draft.authority,
            tenant: draft.tenant,
            resource: draft.resource,
            proof: proof.clone().unwrap_or(Proof::Environment),
        },
        api_version: draft.api_version.unwrap_or_else(|| DEFAULT_API_VERSION.to_owned()),
        ca_file: draft.ca_file,
        allow_custom_domain: draft.allow_custom_domain,
    };
    domain(reader, &vault, node);
    proof.map(|_| vault)
}

/// What the properties say that environments have others over, with the faults that they have in each environment; and how
/// it would prove who asks, if that is whole.
pub(super) fn base(
    reader: &mut Reader<'_>,
    properties: &Properties,
    over: &[&Properties],
    registered: Registered<'_>,
) -> Option<Proof> {
    let mut all = std::iter::once(properties).chain(over.iter().copied());
    let is_entra = all.all(|properties| is_entra(reader.tree, &properties.entries));
    draft(reader, properties, registered, is_entra).1.proof()
}

/// What is known of a store, its identity, and the keys that are there or meant.
fn draft(
    reader: &mut Reader<'_>,
    properties: &Properties,
    registered: Registered<'_>,
    is_entra: bool,
) -> (Draft, Chosen, Vec<&'static str>) {
    let mut draft = Draft { is_entra, proof: ProofDraft::new(is_entra), ..Draft::default() };
    let mut keys = Vec::new();
    for &entry in &properties.entries {
        let Some(key) = reader.key(entry) else { continue };
        // A misspelt key is told as such; the key that it was meant as isn't missing.
        let known = || KEYS.iter().chain(COMMON).copied();
        keys.extend(known().find(|&known| known == key).or_else(|| nearest(key, known())));
        if COMMON.contains(&key) {
            continue;
        }
        if KEYS.contains(&key) {
            property(reader, &mut draft, key, entry);
        } else {
            registered.unknown_key(reader, entry, AZURE_KEY_VAULT);
        }
    }
    let proof = std::mem::take(&mut draft.proof).finish(reader, &keys);
    (draft, proof, keys)
}

/// Whether a store's authority is Entra ID, and none of one's own.
fn is_entra(tree: &Tree, entries: &[Entry]) -> bool {
    let mut authority = entries.iter().filter(|entry| tree.text(entry.key) == Some("authority"));
    authority.all(|entry| tree.text(entry.value).is_some_and(Cloud::has_authority))
}

/// A token must not leave the domain that it is for.
fn domain(reader: &mut Reader<'_>, vault: &AzureVault, node: NodeId) {
    let host = vault.host();
    let wrong = match vault.resource() {
        Some(resource) if vault.may_receive(resource, vault.may_have_local_tokens()) => return,
        Some(_) if is_loopback(&vault.url) => {
            let message = "the vault is on this machine, and its token would come from elsewhere";
            let help = match vault.identity.proof {
                Proof::AzureCli => {
                    "use another `identity` with the emulator's `authority`: the tokens of `azure-cli` are Entra ID's; \
                     `allow-custom-domain: true` sends one there all the same"
                }
                _ => "set `authority` to the emulator's, or `allow-custom-domain: true`",
            };
            return reader.fault(Code::BadUrl, node, message, "", help);
        }
        Some(resource) => {
            let domain = resource.trim_start_matches("https://");
            format!("`vault-url` is outside of its resource's domain, {domain}")
        }
        None if vault.allow_custom_domain => return,
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
        "grant-type" => only(reader, node, key, "client_credentials"),
        "allow-custom-domain" => draft.allow_custom_domain = reader.boolean(node, key).unwrap_or_default(),
        _ => draft.proof.property(reader, key, entry),
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
