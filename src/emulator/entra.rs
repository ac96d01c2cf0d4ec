//! Entra ID's token endpoint, v1 and v2.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use serde::Serialize;
use url::form_urlencoded;

use super::World;
use super::answer::Answer;
use super::clock;
use super::error::entra as refuse;
use super::token::guid;

/// Which of the two endpoints was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    /// `/oauth2/token`: a resource, and numbers as strings.
    V1,
    /// `/oauth2/v2.0/token`: a scope, and numbers as integers.
    V2,
}

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

/// Answers a token request.
pub(super) fn token(world: &World, edition: Edition, tenant: &str, form: &[u8]) -> Answer {
    world.counters.tokens.fetch_add(1, Ordering::Relaxed);
    {
        let mut faults = world.faults();
        if faults.next_token() {
            // As pasted in public issues: plain text, and a minute.
            let seconds = faults.retry_after.unwrap_or(60);
            return Answer::text(429, "Too Many Requests").header("retry-after", seconds.to_string());
        }
    }
    let form: HashMap<String, String> = form_urlencoded::parse(form).into_owned().collect();
    let answer = granted(world, edition, tenant, &form).unwrap_or_else(|refusal| refusal);
    answer
        .header("cache-control", "no-store, no-cache")
        .header("pragma", "no-cache")
        .header("expires", "-1")
        .header("x-ms-request-id", guid())
        .header("x-ms-ests-server", "2.1.0 - emulated")
}

fn granted(world: &World, edition: Edition, tenant: &str, form: &HashMap<String, String>) -> Result<Answer, Answer> {
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let parameter = |name: &str| {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        refuse(400, "invalid_request", 900_144, &text)
    };
    let of_tenant = |known: &str| known.eq_ignore_ascii_case(tenant);
    if !world.applications.iter().any(|application| of_tenant(&application.tenant)) {
        let text = format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        return Err(refuse(400, "invalid_request", 90_002, &text));
    }
    match field("grant_type").ok_or_else(|| parameter("grant_type"))? {
        "client_credentials" => {}
        _ => return Err(refuse(400, "unsupported_grant_type", 70_003, "The app requested an unsupported grant type.")),
    }
    let client = field("client_id").ok_or_else(|| parameter("client_id"))?;
    let mut applications = world.applications.iter().filter(|application| of_tenant(&application.tenant));
    let Some(application) = applications.find(|application| application.client.eq_ignore_ascii_case(client)) else {
        let text = format!("Application with identifier '{client}' was not found in the directory '{tenant}'.");
        return Err(refuse(400, "unauthorized_client", 700_016, &text));
    };
    match field("client_secret") {
        None => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(refuse(401, "invalid_client", 7_000_218, text));
        }
        Some(secret) if secret != application.secret.expose() => {
            let text = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
            );
            return Err(refuse(401, "invalid_client", 7_000_215, &text));
        }
        Some(_) => {}
    }
    let resource = match edition {
        Edition::V1 => field("resource").ok_or_else(|| parameter("resource"))?,
        Edition::V2 => {
            let scope = field("scope").ok_or_else(|| parameter("scope"))?;
            scope.strip_suffix("/.default").filter(|resource| !resource.contains(' ')).ok_or_else(|| {
                let text = format!("The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).");
                refuse(400, "invalid_scope", 70_011, &text)
            })?
        }
    };
    // The audience keeps what precedes `/.default`, a slash included, which a vault then refuses.
    let known = |vault: &super::Vault| resource.trim_end_matches('/') == vault.resource();
    if !world.vaults.iter().any(known) {
        let text = format!("The resource principal named {resource} was not found in the tenant named {tenant}.");
        return Err(refuse(400, "invalid_resource", 500_011, &text));
    }
    let lifetime = world.tokens.lifetime.as_secs();
    let access_token = world.tokens.give(&application.tenant, &application.client, resource);
    let now = clock::now();
    Ok(match edition {
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
    })
}
