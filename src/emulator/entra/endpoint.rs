//! Entra ID's token endpoint, v1 and v2.

use std::collections::HashMap;

use serde::Serialize;
use url::Url;

use super::application::Application;
use super::assertion;
use super::refusal::{Refusal, refuse};
use super::token::guid;
use crate::config::is_guid;
use crate::emulator::World;
use crate::emulator::answer::Answer;

/// The type of an assertion (RFC 7523, section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Which of the two token endpoints was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) enum Edition {
    /// `/oauth2/token`: a resource, and numbers as strings.
    V1,
    /// `/oauth2/v2.0/token`: a scope, and numbers as integers.
    V2,
}

/// Resources that every tenant has beside Key Vault: who mistakes one for the other is given a token, and a vault refuses
/// it as it does elsewhere.
const OTHERS: &[&str] = &["https://management.azure.com", "https://graph.microsoft.com", "https://storage.azure.com"];

/// Key Vault's own application id, which vaults name beside their resource as an audience that they expect.
pub(in crate::emulator) const KEY_VAULT_ID: &str = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093";

/// Whether a resource is in every tenant; a slash at its end makes another audience, and no other resource.
pub(super) fn is_known(resource: &str) -> bool {
    let bare = resource.strip_suffix('/').unwrap_or(resource);
    OTHERS.contains(&bare) || resource.eq_ignore_ascii_case(KEY_VAULT_ID)
}

/// The fields of a token request.
pub(in crate::emulator) type TokenRequest = HashMap<String, String>;

#[derive(Serialize)]
struct GrantedV1<'g> {
    token_type: &'g str,
    expires_in: String,
    ext_expires_in: String,
    expires_on: String,
    not_before: String,
    resource: &'g str,
    access_token: String,
}

#[derive(Serialize)]
struct GrantedV2<'g> {
    token_type: &'g str,
    expires_in: u64,
    ext_expires_in: u64,
    access_token: String,
}

/// Answers a token request that came to that authority's address.
pub(in crate::emulator) fn token(
    world: &World,
    authority: &str,
    edition: Edition,
    tenant: &str,
    fields: &TokenRequest,
) -> Answer {
    dressed(
        granted(world, authority, edition, tenant, fields).unwrap_or_else(|refusal| refusal.answer(world.clock.now())),
    )
}

/// The answer to a throttled request, as seen in public issues: plain text, and a minute.
pub(in crate::emulator) fn throttled(retry_after: Option<u64>) -> Answer {
    let seconds = retry_after.unwrap_or(60);
    Answer::text(429, "Too Many Requests").header("retry-after", seconds.to_string())
}

/// The answer of a service that fails.
pub(in crate::emulator) fn failed(world: &World, status: u16) -> Answer {
    let text = "A transient error has occurred. Please try again.";
    dressed(refuse(status, "temporarily_unavailable", 90_033, text).answer(world.clock.now()))
}

/// The answer to another method than POST. That it has status 405 is ours.
pub(in crate::emulator) fn only_post(world: &World, method: &str) -> Answer {
    let text = format!("The endpoint only accepts POST requests. Received a {method} request.");
    let refusal = refuse(405, "invalid_request", 900_561, text);
    dressed(refusal.answer(world.clock.now()).header("allow", "POST"))
}

/// The headers that the service was recorded with.
fn dressed(answer: Answer) -> Answer {
    answer
        .header("cache-control", "no-store, no-cache")
        .header("pragma", "no-cache")
        .header("expires", "-1")
        .header("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\"")
        .header("x-ms-ests-server", "2.1.0 - emulated")
        .header("set-cookie", "fpc=emulated; path=/; secure; HttpOnly; SameSite=None")
        .header("set-cookie", "x-ms-gateway-slice=emulated; path=/; secure; httponly")
        .header("set-cookie", "stsservicecookie=emulated; path=/; secure; httponly")
}

/// The one who asks, or why Entra ID doesn't believe it.
fn application<'w>(
    world: &'w World,
    authority: &str,
    tenant: &str,
    fields: &TokenRequest,
) -> Result<&'w Application, Refusal> {
    let mut of_tenant = world.applications.iter().filter(|known| known.tenant.eq_ignore_ascii_case(tenant)).peekable();
    let has_vault = world.vaults.iter().any(|vault| vault.tenant_id().eq_ignore_ascii_case(tenant));
    if of_tenant.peek().is_none() && !has_vault {
        return Err(unknown_tenant(tenant, "invalid_request"));
    }
    match field(fields, "grant_type")? {
        "client_credentials" => {}
        _ => return Err(refuse(400, "unsupported_grant_type", 70_003, "The app requested an unsupported grant type.")),
    }
    let client = field(fields, "client_id")?;
    let Some(application) = of_tenant.find(|known| known.client.eq_ignore_ascii_case(client)) else {
        let text = format!("Application with identifier '{client}' was not found in the directory '{tenant}'.");
        return Err(refuse(400, "unauthorized_client", 700_016, text));
    };
    if let Ok(assertion) = field(fields, "client_assertion") {
        if field(fields, "client_assertion_type")? != JWT_BEARER {
            let text = "The client assertion type is not supported.";
            return Err(refuse(400, "invalid_request", 50_027, text));
        }
        let addresses = ["oauth2/token", "oauth2/v2.0/token", "v2.0"].map(|it| format!("{authority}/{tenant}/{it}"));
        return assertion::check(application, assertion, &addresses, world.clock.now()).map(|()| application);
    }
    let Ok(secret) = field(fields, "client_secret") else {
        let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(refuse(401, "invalid_client", 7_000_218, text));
    };
    if application.own_secret().expose() == secret {
        return Ok(application);
    }
    let known = application.secrets.iter().find(|known| known.value.expose() == secret);
    let known = known.ok_or_else(|| {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
        );
        refuse(401, "invalid_client", 7_000_215, text)
    })?;
    if known.expires.is_some_and(|end| end <= world.clock.now()) {
        let text = format!("The provided client secret keys for app '{client}' are expired.");
        return Err(refuse(401, "invalid_client", 7_000_222, text));
    }
    Ok(application)
}

fn field<'f>(fields: &'f TokenRequest, name: &str) -> Result<&'f str, Refusal> {
    fields.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(|| {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        refuse(400, "invalid_request", 900_144, text)
    })
}

/// The refusal of a tenant that isn't there; the OAuth error of one that could be is another one by endpoint.
pub(super) fn unknown_tenant(tenant: &str, error: &'static str) -> Refusal {
    let is_domain =
        tenant.contains('.') && tenant.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if is_guid(tenant) || is_domain {
        let text = format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        return refuse(400, error, 90_002, text);
    }
    let text =
        format!("Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.");
    refuse(400, "invalid_request", 900_023, text)
}

/// What the token is to be for, exactly as it becomes the token's audience: a slash before `/.default` stays, and a
/// vault then refuses it.
fn resource<'f>(world: &World, edition: Edition, tenant: &str, fields: &'f TokenRequest) -> Result<&'f str, Refusal> {
    let resource = match edition {
        Edition::V1 => field(fields, "resource")?,
        Edition::V2 => {
            let scope = field(fields, "scope")?;
            scope.strip_suffix("/.default").filter(|resource| !resource.contains(' ')).ok_or_else(|| {
                let text = format!(
                    "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
                );
                refuse(400, "invalid_scope", 70_011, text)
            })?
        }
    };
    let bare = resource.trim_end_matches('/');
    // The command az asks for a token for its own endpoint when it logs in.
    let is_local = world.origin.is_resource(bare) || world.origin.is_management(bare);
    if is_local || is_known(resource) || world.vaults.iter().any(|vault| bare == vault.resource()) {
        return Ok(resource);
    }
    if Url::parse(resource).is_err() && !is_guid(resource) {
        let text = format!("The resource '{resource}' is not valid.");
        return Err(refuse(400, "invalid_resource", 50_001, text));
    }
    let text = format!("The resource principal named {resource} was not found in the tenant named {tenant}.");
    Err(refuse(400, "invalid_resource", 500_011, text))
}

fn granted(
    world: &World,
    authority: &str,
    edition: Edition,
    tenant: &str,
    fields: &TokenRequest,
) -> Result<Answer, Refusal> {
    let application = application(world, authority, tenant, fields)?;
    let resource = resource(world, edition, tenant, fields)?;
    let lifetime = world.tokens.lifetime.as_secs();
    let now = world.clock.now();
    let access_token = world.tokens.give(&application.tenant, &application.client, resource, now);
    let answer = match edition {
        Edition::V1 => Answer::json(
            200,
            &GrantedV1 {
                token_type: "Bearer",
                expires_in: lifetime.to_string(),
                ext_expires_in: lifetime.to_string(),
                expires_on: now.saturating_add_unsigned(lifetime).to_string(),
                not_before: (now - 300).to_string(),
                resource,
                access_token,
            },
        ),
        Edition::V2 => Answer::json(
            200,
            &GrantedV2 { token_type: "Bearer", expires_in: lifetime, ext_expires_in: lifetime, access_token },
        ),
    };
    Ok(answer.header("x-ms-request-id", guid()))
}
