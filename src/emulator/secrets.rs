//! Key Vault's GETs: a secret, a version, the lists.

use std::collections::HashMap;

use serde::Serialize;

use super::World;
use super::answer::Answer;
use super::error::{unauthorized, vault as refuse};
use super::token::Grant;
use super::vault::{Access, Stored, Vault};
use crate::reference::SecretName;

/// The api-versions that the service has, as Microsoft's specifications list them; previews go by their stable name.
const API_VERSIONS: &[&str] = &[
    "2015-06-01",
    "2016-10-01",
    "7.0",
    "7.1",
    "7.2",
    "7.3",
    "7.4",
    "7.5",
    "7.6",
    "2025-06-01",
    "2025-07-01",
    "2026-01-01",
    "2026-03-01",
    "2026-04-01",
    "2026-05-01",
    "2026-07-01",
];

/// The items of a page, at most and by default.
const PAGE: usize = 25;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bundle<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'v str>,
    id: String,
    attributes: Attributes,
    tags: HashMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    created: i64,
    updated: i64,
    recovery_level: &'static str,
    recoverable_days: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'v> {
    value: Vec<Bundle<'v>>,
    next_link: Option<String>,
}

/// A request to a vault, as far as it matters.
pub(super) struct Request<'r> {
    pub(super) method: &'r str,
    /// The path from `/secrets` on, without a vault's alias, in its segments.
    pub(super) path: Vec<&'r str>,
    pub(super) query: HashMap<String, String>,
    /// The token of the Authorization header.
    pub(super) bearer: Option<&'r str>,
}

/// Answers a request to a vault.
pub(super) fn answer(world: &World, vault: &Vault, request: &Request<'_>) -> Answer {
    respond(world, vault, request).unwrap_or_else(|refusal| refusal)
}

/// The answer to a throttled request, as pasted in public issues.
pub(super) fn throttled(retry_after: Option<u64>) -> Answer {
    let message =
        "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached";
    let answer = refuse(429, "Throttled", None, message);
    match retry_after {
        Some(seconds) => answer.header("retry-after", seconds.to_string()),
        None => answer,
    }
}

fn respond(world: &World, vault: &Vault, request: &Request<'_>) -> Result<Answer, Answer> {
    let grant = authorized(world, vault, request.bearer)?;
    let version = request.query.get("api-version").map_or("", String::as_str);
    let stable = version.split("-preview").next().unwrap_or_default();
    if !API_VERSIONS.contains(&stable) {
        let message = format!(
            "The specified version ({version}) is not recognized. Consider using the latest supported version (2025-07-01)."
        );
        return Err(refuse(400, "BadParameter", None, &message));
    }
    if request.method != "GET" {
        return Err(refuse(405, "MethodNotAllowed", None, &format!("HTTP {} not allowed", request.method)));
    }
    let path: Vec<&str> = request.path.iter().copied().filter(|segment| !segment.is_empty()).collect();
    match path[..] {
        ["secrets"] => {
            permitted(vault, &grant, "list", "readMetadata/action")?;
            let items = vault.names().map(|(name, stored)| item(world, vault, name, stored, false)).collect();
            page(world, vault, "secrets", items, request)
        }
        ["secrets", name, "versions"] => {
            let name = named(name)?;
            permitted(vault, &grant, "list", "readMetadata/action")?;
            // The service answers with an empty list for a secret that it doesn't have.
            let items = vault.versions(&name).map_or_else(Vec::new, |(name, versions)| {
                versions.iter().map(|stored| item(world, vault, name, stored, true)).collect()
            });
            page(world, vault, &format!("secrets/{name}/versions"), items, request)
        }
        ["secrets", name] => get(world, vault, &grant, name, None),
        ["secrets", name, version] => get(world, vault, &grant, name, Some(version)),
        _ => Err(refuse(404, "NotFound", None, "The resource was not found.")),
    }
}

/// What the token is good for, or why it isn't.
fn authorized(world: &World, vault: &Vault, bearer: Option<&str>) -> Result<Grant, Answer> {
    let refused = |message: &str| unauthorized(message, vault.tenant_id(), vault.resource());
    let token = bearer.ok_or_else(|| refused("AKV10000: Request is missing a Bearer or PoP token."))?;
    let grant = world
        .tokens
        .find(token)
        .ok_or_else(|| refused("AKV10046: Unable to resolve the key used for signature validation."))?;
    if grant.has_expired() {
        return Err(refused("[TokenExpired] Error validating token: 'S2S12086'."));
    }
    if grant.audience != vault.resource() {
        let message = format!("AKV10022: Invalid audience. Expected {}, found: {}.", vault.resource(), grant.audience);
        return Err(refused(&message));
    }
    if !grant.tenant.eq_ignore_ascii_case(vault.tenant_id()) {
        let message = format!(
            "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{}/, found https://sts.windows.net/{}/.",
            vault.tenant_id(),
            grant.tenant
        );
        return Err(refused(&message));
    }
    Ok(grant)
}

/// Whether the vault lets the application in.
fn permitted(vault: &Vault, grant: &Grant, permission: &str, action: &str) -> Result<(), Answer> {
    let (client, tenant, name) = (&grant.client, &grant.tenant, vault.name());
    let caller = format!("appid={client};oid={client};iss=https://sts.windows.net/{tenant}/");
    let place = format!("{name};location=westus2");
    let (inner, message) = match vault.rights() {
        Access::Allowed => return Ok(()),
        Access::NoRole => (
            "ForbiddenByRbac",
            format!(
                "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: {caller}\r\nAction: 'Microsoft.KeyVault/vaults/secrets/{action}'\r\nResource: '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/emulated/providers/microsoft.keyvault/vaults/{name}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: {place}\r\n"
            ),
        ),
        Access::NoPolicy => (
            "AccessDenied",
            format!(
                "The user, group or application '{caller}' does not have secrets {permission} permission on key vault '{place}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287"
            ),
        ),
        Access::Firewall => (
            "ForbiddenByFirewall",
            format!(
                "Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\nCaller: {caller}\r\nVault: {place}"
            ),
        ),
        Access::PrivateLink => (
            "ForbiddenByConnection",
            format!(
                "Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nCaller: {caller}\r\nVault: {place}"
            ),
        ),
    };
    Err(refuse(403, "Forbidden", Some(inner), &message))
}

fn named(name: &str) -> Result<SecretName, Answer> {
    name.parse().map_err(|_| {
        let message = format!("The request URI contains an invalid name: {name}");
        refuse(400, "BadParameter", None, &message)
    })
}

fn get(world: &World, vault: &Vault, grant: &Grant, name: &str, version: Option<&str>) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, "get", "getSecret/action")?;
    let found = vault.versions(&asked).and_then(|(name, versions)| {
        let stored = match version {
            None => versions.last(),
            Some(version) => {
                let id = version.parse().ok()?;
                versions.iter().find(|stored| stored.id == id)
            }
        };
        Some((name, stored?))
    });
    let Some((name, stored)) = found else {
        let id = version.map_or_else(|| name.to_owned(), |version| format!("{name}/{version}"));
        let message = format!(
            "A secret with (name/id) {id} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
        );
        return Err(refuse(404, "SecretNotFound", None, &message));
    };
    if !stored.version.enabled {
        let message = "Operation get is not allowed on a disabled secret.";
        return Err(refuse(403, "Forbidden", Some("SecretDisabled"), message));
    }
    let mut bundle = item(world, vault, name, stored, true);
    bundle.value = Some(stored.version.value.expose());
    Ok(Answer::json(200, &bundle))
}

/// A version without its value; an item of the list of secrets has no version in its id.
fn item<'v>(world: &World, vault: &Vault, name: &SecretName, stored: &'v Stored, with_version: bool) -> Bundle<'v> {
    let mut id = format!("{}/secrets/{name}", vault.url(world.port));
    if with_version {
        id = format!("{id}/{}", stored.id);
    }
    let version = &stored.version;
    Bundle {
        value: None,
        content_type: version.content_type.as_deref(),
        id,
        attributes: Attributes {
            enabled: version.enabled,
            nbf: version.not_before,
            exp: version.expires,
            created: stored.created,
            updated: stored.created,
            recovery_level: "Recoverable+Purgeable",
            recoverable_days: 90,
        },
        tags: HashMap::new(),
    }
}

fn page(
    world: &World,
    vault: &Vault,
    path: &str,
    mut items: Vec<Bundle<'_>>,
    request: &Request<'_>,
) -> Result<Answer, Answer> {
    let size = match request.query.get("maxresults").map(|size| size.parse()) {
        None => PAGE,
        Some(Ok(size)) if (1..=PAGE).contains(&size) => size,
        Some(_) => {
            let message = "Parameter 'maxresults' must be an integer value from 1 to 25.";
            return Err(refuse(400, "BadParameter", None, message));
        }
    };
    let skip = request.query.get("$skiptoken").and_then(|skip| skip.parse().ok()).unwrap_or(0).min(items.len());
    let rest = items.split_off(skip);
    let mut value = rest;
    let more = value.len() > size;
    value.truncate(size);
    let version = request.query.get("api-version").map_or("", String::as_str);
    let next_link = more.then(|| {
        let next = skip + size;
        format!("{}/{path}?api-version={version}&$skiptoken={next}&maxresults={size}", vault.url(world.port))
    });
    Ok(Answer::json(200, &Page { value, next_link }))
}
