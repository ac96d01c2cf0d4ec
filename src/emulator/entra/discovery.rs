//! What clients ask of Entra ID before they ask for a token: where its endpoints are.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::Serialize;

use super::endpoint::{Edition, unknown_tenant};
use super::token::KEY_ID;
use crate::emulator::answer::Answer;
use crate::emulator::{Vault, World};

#[derive(Serialize)]
struct Configuration {
    token_endpoint: String,
    token_endpoint_auth_methods_supported: [&'static str; 3],
    jwks_uri: String,
    response_modes_supported: [&'static str; 3],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    response_types_supported: [&'static str; 1],
    scopes_supported: [&'static str; 1],
    issuer: String,
    authorization_endpoint: String,
    device_authorization_endpoint: String,
    tenant_region_scope: &'static str,
    cloud_instance_name: &'static str,
}

#[derive(Serialize)]
struct Instance {
    tenant_discovery_endpoint: String,
    #[serde(rename = "api-version")]
    api_version: &'static str,
    metadata: [Cloud; 1],
}

#[derive(Serialize)]
struct Cloud {
    preferred_network: String,
    preferred_cache: String,
    aliases: [String; 1],
}

#[derive(Serialize)]
struct Keys {
    keys: [Key; 1],
}

/// A key as RFC 7518, section 6.2, writes it.
#[derive(Serialize)]
struct Key {
    kty: &'static str,
    #[serde(rename = "use")]
    purpose: &'static str,
    kid: &'static str,
    alg: &'static str,
    crv: &'static str,
    x: String,
    y: String,
}

/// `/TENANT/discovery/v2.0/keys`: what the signatures of tokens can be checked with.
pub(in crate::emulator) fn keys(world: &World) -> Answer {
    let (x, y) = world.tokens.public_key();
    let [x, y] = [x, y].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
    Answer::json(
        200,
        &Keys { keys: [Key { kty: "EC", purpose: "sig", kid: KEY_ID, alg: "ES256", crv: "P-256", x, y }] },
    )
}

/// `/TENANT/v2.0/.well-known/openid-configuration`, and `/TENANT/.well-known/openid-configuration` for v1. Everything in
/// it has the scheme, host and port by which it was asked for: clients compare them.
pub(in crate::emulator) fn configuration(world: &World, edition: Edition, authority: &str, tenant: &str) -> Answer {
    let known = world.applications.iter().map(|application| application.tenant.as_str());
    let mut known = known.chain(world.vaults.iter().map(Vault::tenant_id));
    let is_any = ["common", "organizations"].contains(&tenant);
    if !is_any && !known.any(|known| known.eq_ignore_ascii_case(tenant)) {
        return unknown_tenant(tenant, "invalid_tenant").answer(world.clock.now());
    }
    let base = format!("{authority}/{tenant}");
    let version = match edition {
        Edition::V1 => "",
        Edition::V2 => "/v2.0",
    };
    Answer::json(
        200,
        &Configuration {
            token_endpoint: format!("{base}/oauth2{version}/token"),
            token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            jwks_uri: format!("{base}/discovery/v2.0/keys"),
            response_modes_supported: ["query", "fragment", "form_post"],
            subject_types_supported: ["pairwise"],
            id_token_signing_alg_values_supported: ["ES256"],
            response_types_supported: ["code"],
            scopes_supported: ["openid"],
            issuer: if version.is_empty() { format!("{base}/") } else { format!("{base}{version}") },
            authorization_endpoint: format!("{base}/oauth2{version}/authorize"),
            device_authorization_endpoint: format!("{base}/oauth2{version}/devicecode"),
            tenant_region_scope: "WW",
            cloud_instance_name: "emulated",
        },
    )
}

/// `/common/discovery/instance`: the hosts that are one cloud with the one that was asked.
pub(in crate::emulator) fn instance(authority: &str) -> Answer {
    let host = authority.split("://").nth(1).unwrap_or_default();
    Answer::json(
        200,
        &Instance {
            tenant_discovery_endpoint: format!("{authority}/common/v2.0/.well-known/openid-configuration"),
            api_version: "1.1",
            metadata: [Cloud {
                preferred_network: host.to_owned(),
                preferred_cache: host.to_owned(),
                aliases: [host.to_owned()],
            }],
        },
    )
}
