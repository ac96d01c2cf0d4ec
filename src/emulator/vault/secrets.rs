//! Requests to a vault: what each method does to what a path names.

use std::collections::HashMap;

use hyper::body::Bytes;

use super::access::{Permission, authorized, denied, permitted};
use super::bundle::Bundle;
use super::page::page;
use super::refusal::refuse;
use super::{Access, Recovery, Vault, backup, change, deleted};
use crate::emulator::World;
use crate::emulator::answer::Answer;
use crate::emulator::entra::Grant;
use crate::emulator::route::Item;
use crate::reference::SecretName;

/// The api-versions that the service has, as Microsoft's specifications list them.
const API_VERSIONS: &[&str] = &[
    "2015-06-01",
    "2016-10-01",
    "7.0",
    "7.1-preview",
    "7.1",
    "7.2",
    "7.3-preview",
    "7.3",
    "7.4-preview.1",
    "7.4",
    "7.5-preview.1",
    "7.5",
    "7.6-preview.1",
    "7.6-preview.2",
    "7.6",
    "2025-06-01-preview",
    "2025-07-01",
    "2026-01-01-preview",
    "2026-03-01-preview",
    NEWEST_STABLE,
    "2026-05-01-preview",
    "2026-07-01-preview",
];

const NEWEST_STABLE: &str = "2026-04-01";

/// A request to a vault, as far as it matters.
pub(in crate::emulator) struct Call<'c> {
    pub(in crate::emulator) method: &'c str,
    pub(in crate::emulator) item: Item<'c>,
    /// The address by which the vault was reached; ids and links begin with it.
    pub(in crate::emulator) base: String,
    pub(in crate::emulator) query: HashMap<String, String>,
    /// The token of the Authorization header.
    pub(in crate::emulator) bearer: Option<&'c str>,
    pub(in crate::emulator) body: Bytes,
    /// The time, in seconds since 1970.
    pub(in crate::emulator) now: i64,
    /// How the vault's deleted secrets can be recovered.
    pub(in crate::emulator) recovery: Recovery,
    /// A network that is closed to the caller by a fault.
    pub(in crate::emulator) closed: Option<Access>,
    /// Whether a page of a list is empty by a fault.
    pub(in crate::emulator) is_page_empty: bool,
}

impl Call<'_> {
    /// The api-version; empty when there is none.
    pub(in crate::emulator) fn api_version(&self) -> &str {
        self.query.get("api-version").map_or("", String::as_str)
    }

    /// Whether the api-version is 2025-06-01-preview or newer. Dates compare as texts do, and the older versions begin
    /// with a smaller digit or a smaller year.
    pub(in crate::emulator) fn is_since_2025(&self) -> bool {
        self.api_version().starts_with("20") && self.api_version() >= "2025-06-01"
    }

    /// Whether the api-version is older than 7.1, which told how long a deleted secret can be recovered.
    pub(in crate::emulator) fn is_before_7_1(&self) -> bool {
        matches!(self.api_version(), "2015-06-01" | "2016-10-01" | "7.0")
    }
}

/// Answers a request to a vault.
pub(in crate::emulator) fn answer(world: &World, vault: &Vault, call: &Call<'_>) -> Answer {
    checked(world, vault, call).unwrap_or_else(|refusal| refusal)
}

/// The answer to a throttled request, as seen in public issues.
pub(in crate::emulator) fn throttled() -> Answer {
    let message =
        "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached";
    refuse(429, "Throttled", None, message)
}

/// The answer of a service that fails. The body is ours: none was recorded.
pub(in crate::emulator) fn failed(status: u16) -> Answer {
    match status {
        503 => refuse(status, "ServiceUnavailable", None, "The service is temporarily unavailable."),
        _ => refuse(status, "InternalServerError", None, "An unexpected error occurred while processing the request."),
    }
}

fn checked(world: &World, vault: &Vault, call: &Call<'_>) -> Result<Answer, Answer> {
    if (call.method, call.item) == ("GET", Item::Health) {
        // Four bytes, as Microsoft documents; which ones wasn't seen.
        return Ok(Answer::json(200, &()));
    }
    // What nobody recovered in time is gone.
    vault.contents().purge_overdue(call.now, vault.recovery());
    let grant = &authorized(world, vault, &call.base, call.bearer)?;
    known(call.api_version())?;
    if let Some(closed) = call.closed {
        return Err(denied(vault, grant, Permission::Get, closed));
    }
    match (call.method, call.item) {
        ("GET", Item::Secrets) => {
            permitted(vault, grant, Permission::List)?;
            let contents = vault.contents();
            let items = contents.names().map(|(name, stored)| (key(name), Bundle::listed(call, name, None, stored)));
            page(call, "secrets", items)
        }
        ("GET", Item::Versions(name)) => {
            let name = named(name)?;
            permitted(vault, grant, Permission::List)?;
            let contents = vault.contents();
            // The service has an empty list, not a 404, for a secret that it doesn't have.
            let versions = contents.versions(&name).into_iter();
            let items = versions.flat_map(|(name, versions)| {
                // Versions are only ever added: the place of one is its key.
                let placed = versions.iter().enumerate();
                placed.map(move |(place, it)| (format!("{place:08}"), Bundle::listed(call, name, Some(it.id), it)))
            });
            page(call, &format!("secrets/{name}/versions"), items)
        }
        ("GET", Item::Secret(name, version)) => get(vault, grant, call, name, version),
        ("PUT", Item::Secret(name, None)) => change::set(vault, grant, call, name),
        ("PATCH", Item::Secret(name, version)) => change::update(vault, grant, call, name, version),
        ("DELETE", Item::Secret(name, None)) => change::delete(vault, grant, call, name),
        ("POST", Item::Backup(name)) => backup::backup(vault, grant, name),
        ("POST", Item::Restore) => backup::restore(vault, grant, call),
        ("GET", Item::AllDeleted) => deleted::list(vault, grant, call),
        ("GET", Item::Deleted(name)) => deleted::get(vault, grant, call, name),
        ("DELETE", Item::Deleted(name)) => deleted::purge(vault, grant, name),
        ("POST", Item::Recover(name)) => deleted::recover(vault, grant, call, name),
        (_, Item::Other) => Err(refuse(404, "NotFound", None, "The resource was not found.")),
        (method, _) => Err(refuse(405, "MethodNotAllowed", None, &format!("HTTP {method} not allowed"))),
    }
}

/// Refuses an api-version that is missing or unknown. The texts are near those of Azure Stack Hub; the public cloud's
/// weren't seen.
fn known(version: &str) -> Result<(), Answer> {
    if API_VERSIONS.contains(&version) {
        return Ok(());
    }
    let message = if version.is_empty() {
        "The api-version query parameter is required.".to_owned()
    } else {
        format!(
            "The specified version ({version}) is not recognized. Consider using the latest supported version ({NEWEST_STABLE})."
        )
    };
    Err(bad(&message))
}

/// A name in a path, or the refusal of one that can't be.
pub(in crate::emulator) fn named(name: &str) -> Result<SecretName, Answer> {
    name.parse().map_err(|_| bad(&format!("The request URI contains an invalid name: {name}")))
}

/// What a name is in a list: case doesn't tell names apart.
pub(in crate::emulator) fn key(name: &SecretName) -> String {
    name.as_str().to_ascii_lowercase()
}

/// The refusal of a request that isn't as it must be.
pub(in crate::emulator) fn bad(message: &str) -> Answer {
    refuse(400, "BadParameter", None, message)
}

/// The refusal for a secret or version that isn't there, or is deleted.
pub(in crate::emulator) fn not_found(name: &str, version: Option<&str>) -> Answer {
    let id = version.map_or_else(|| name.to_owned(), |version| format!("{name}/{version}"));
    let message = format!(
        "A secret with (name/id) {id} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
    );
    refuse(404, "SecretNotFound", None, &message)
}

fn get(vault: &Vault, grant: &Grant, call: &Call<'_>, name: &str, version: Option<&str>) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Get)?;
    let contents = vault.contents();
    let (name, stored, before) = contents.version(&asked, version).ok_or_else(|| not_found(name, version))?;
    // Its time may not have come, or be over: that keeps nobody from reading it, as Microsoft documents.
    if !stored.version.enabled {
        let message = "Operation get is not allowed on a disabled secret.";
        return Err(refuse(403, "Forbidden", Some("SecretDisabled"), message));
    }
    // Older api-versions don't know the parameter.
    if let Some(form) = call.query.get("outContentType").filter(|_| call.is_since_2025()) {
        // The emulator converts nothing: a certificate is given as it was put in.
        let is_pem = stored.version.content_type.as_deref() == Some("application/x-pem-file");
        if form != "application/x-pem-file" || !is_pem {
            return Err(bad(&format!("The secret cannot be converted to the content type {form}.")));
        }
    }
    Ok(Answer::json(200, &Bundle::with_value(call, name, stored, before)))
}
