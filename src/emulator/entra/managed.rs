//! The endpoints that give tokens to a machine's or an app's own identity: IMDS and App Service.

use std::collections::HashMap;

use serde::Serialize;

use super::endpoint::is_known;
use super::token::guid;
use crate::emulator::answer::Answer;
use crate::emulator::{TENANT, Vault, World};

/// Which of the two endpoints was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) enum Platform {
    /// `/metadata/identity/oauth2/token`, with the header `Metadata: true`.
    MetadataService,
    /// `/msi/token`, with the header `X-IDENTITY-HEADER`.
    AppService,
}

/// A request for a token, as far as it matters.
pub(in crate::emulator) struct Request<'c> {
    pub(in crate::emulator) platform: Platform,
    /// `Metadata` or `X-IDENTITY-HEADER`.
    pub(in crate::emulator) header: Option<&'c str>,
    pub(in crate::emulator) query: HashMap<String, String>,
}

/// All of it texts, as both endpoints write it.
#[derive(Serialize)]
struct Granted<'g> {
    access_token: String,
    client_id: &'g str,
    expires_in: String,
    expires_on: String,
    ext_expires_in: String,
    not_before: String,
    resource: &'g str,
    token_type: &'g str,
}

#[derive(Serialize)]
struct Refused<'r> {
    error: &'r str,
    error_description: &'r str,
}

/// Answers a request for a managed identity's token.
pub(in crate::emulator) fn token(world: &World, call: &Request<'_>) -> Answer {
    granted(world, call).unwrap_or_else(|refusal| refusal)
}

fn granted(world: &World, call: &Request<'_>) -> Result<Answer, Answer> {
    let refuse = |status, error, error_description| Answer::json(status, &Refused { error, error_description });
    let (header, versions): (_, &[&str]) = match call.platform {
        Platform::MetadataService => (Some("true"), &["2018-02-01", "2019-08-01"]),
        Platform::AppService => (Some(world.identity_header.expose()), &["2019-08-01"]),
    };
    if call.header != header {
        return Err(match call.platform {
            Platform::MetadataService => refuse(400, "invalid_request", "Required metadata header not specified"),
            Platform::AppService => refuse(401, "unauthorized", "The identity header is missing or wrong"),
        });
    }
    let field = |name: &str| call.query.get(name).map(String::as_str).filter(|value| !value.is_empty());
    if !field("api-version").is_some_and(|version| versions.contains(&version)) {
        return Err(refuse(400, "invalid_request", "Required query variable 'api-version' is missing or unknown"));
    }
    let resource = field("resource");
    let resource =
        resource.ok_or_else(|| refuse(400, "invalid_request", "Required query variable 'resource' is missing"))?;
    // The object id of an identity is its client id here, as in the tokens; none has a resource id.
    let asked: Vec<&str> = ["client_id", "object_id", "principal_id"].into_iter().filter_map(field).collect();
    let has_resource_id = ["msi_res_id", "mi_res_id"].into_iter().any(|name| field(name).is_some());
    let mut identities = world.identities.iter();
    let client = identities.find(|known| asked.iter().all(|asked| known.eq_ignore_ascii_case(asked)));
    let client = client.filter(|_| !has_resource_id);
    let client = client.ok_or_else(|| refuse(400, "invalid_request", "Identity not found"))?;
    let bare = resource.trim_end_matches('/');
    let is_local = world.origin.is_resource(bare);
    let vault = world.vaults.iter().find(|vault| is_local || bare == vault.resource());
    let tenant = vault
        .map(Vault::tenant_id)
        .or_else(|| is_known(resource).then(|| world.vaults.first().map_or(TENANT, Vault::tenant_id)));
    let Some(tenant) = tenant else {
        return Err(refuse(400, "invalid_resource", "The resource principal was not found in the tenant"));
    };
    let lifetime = world.tokens.lifetime.as_secs();
    let now = world.clock.now();
    let body = Granted {
        access_token: world.tokens.give(tenant, client, resource, now),
        client_id: client,
        expires_in: lifetime.to_string(),
        expires_on: now.saturating_add_unsigned(lifetime).to_string(),
        ext_expires_in: lifetime.to_string(),
        not_before: (now - 300).to_string(),
        resource,
        token_type: "Bearer",
    };
    Ok(Answer::json(200, &body).header("x-ms-request-id", guid()))
}
