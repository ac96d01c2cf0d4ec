//! One request: its faults, its count, its answer.

use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http_body_util::{BodyExt, Collected, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Method, Request};
use url::form_urlencoded;

use super::answer::Answer;
use super::discovery;
use super::entra::{self, TokenRequest};
use super::error;
use super::fault::Fate;
use super::managed::{self, Platform};
use super::route::{Edition, Item, Route};
use super::secrets::{self, Call};
use super::token::guid;
use super::{Faults, World};

/// The largest body of a request, in bytes: a backup of some hundred versions.
const MAX_BODY: usize = 16 << 20;

/// Answers a request; nothing when the connection is to be dropped instead.
pub(super) async fn respond(world: &World, request: Request<Incoming>) -> Option<Answer> {
    let answer = routed(world, request).await?;
    if world.clock_offset == 0 {
        return Some(answer);
    }
    let offset = Duration::from_secs(world.clock_offset.unsigned_abs());
    let now = SystemTime::now();
    let shifted = if world.clock_offset > 0 { now.checked_add(offset) } else { now.checked_sub(offset) };
    Some(answer.header("date", httpdate::fmt_http_date(shifted.unwrap_or(now))))
}

async fn routed(world: &World, request: Request<Incoming>) -> Option<Answer> {
    let path = request.uri().path().to_owned();
    // HTTP/2 has the host in the address, HTTP/1.1 in a header.
    let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let host = host.or_else(|| header(request.headers(), HOST.as_str()).map(str::to_owned)).unwrap_or_default();
    // Clients behind proxies that know only GET and POST say in a header what they mean.
    let meant = header(request.headers(), "x-http-method").filter(|_| request.method() == Method::POST);
    let method = meant.unwrap_or(request.method().as_str()).to_ascii_uppercase();
    match Route::of(world, &method, &host, &path) {
        Route::Token(edition, tenant) => token(world, &authority(world, &host), edition, tenant, request).await,
        Route::Vault { index, base, item } => vault(world, index, base, item, &method, request).await,
        Route::Configuration(tenant) => Some(discovery::configuration(world, &authority(world, &host), tenant)),
        Route::Instance => Some(discovery::instance(&authority(world, &host))),
        Route::Managed(platform) => managed(world, platform, &request).await,
        Route::Nowhere => {
            pause(world, |faults| faults.latency).await;
            // The service has no answer to this: an unknown vault is an unknown host name.
            Some(error::vault(404, "NotFound", None, "No vault of that name is emulated."))
        }
    }
}

/// Entra ID's address as the client reached it.
fn authority(world: &World, host: &str) -> String {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    world.origin.of(name)
}

async fn token(
    world: &World,
    authority: &str,
    edition: Edition,
    tenant: &str,
    request: Request<Incoming>,
) -> Option<Answer> {
    if request.method() != Method::POST {
        return Some(entra::only_post(request.method().as_str()));
    }
    world.counters.token();
    let fate = world.faults().next_token();
    pause(world, |faults| faults.latency + faults.token_latency).await;
    match fate {
        Fate::Answered => {}
        Fate::Throttled(retry_after) => return Some(entra::throttled(retry_after)),
        Fate::Failed(status, retry_after) => return Some(retried(entra::failed(status), retry_after)),
        Fate::Dropped => return None,
    }
    let basic = basic(request.headers());
    let is_form = header(request.headers(), CONTENT_TYPE.as_str()).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    let body = Limited::new(request.into_body(), MAX_BODY).collect().await.map(Collected::to_bytes);
    let form = if is_form { body.unwrap_or_default() } else { Bytes::new() };
    let mut fields: TokenRequest = form_urlencoded::parse(&form).into_owned().collect();
    if let Some((client, secret)) = basic {
        fields.insert("client_id".to_owned(), client);
        fields.insert("client_secret".to_owned(), secret);
    }
    Some(entra::token(world, authority, edition, tenant, &fields))
}

async fn managed(world: &World, platform: Platform, request: &Request<Incoming>) -> Option<Answer> {
    world.counters.token();
    let fate = world.faults().next_token();
    pause(world, |faults| faults.latency + faults.token_latency).await;
    let name = match platform {
        Platform::MetadataService => "metadata",
        Platform::AppService => "x-identity-header",
    };
    let query = request.uri().query().unwrap_or_default();
    let call = managed::Call {
        platform,
        header: header(request.headers(), name),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
    };
    match fate {
        Fate::Answered => Some(managed::token(world, &call)),
        Fate::Throttled(retry_after) => Some(entra::throttled(retry_after)),
        Fate::Failed(status, retry_after) => Some(retried(entra::failed(status), retry_after)),
        Fate::Dropped => None,
    }
}

async fn vault(
    world: &World,
    index: usize,
    base: String,
    item: Item<'_>,
    method: &str,
    request: Request<Incoming>,
) -> Option<Answer> {
    let client_request_id = header(request.headers(), "x-ms-client-request-id").map(str::to_owned);
    let _in_flight = world.counters.enter(index);
    let fate = match item {
        Item::Secret(name, _) if method == "GET" => {
            let mut fate = world.faults().next_get();
            if fate == Fate::Answered && !world.admits(index) {
                fate = Fate::Throttled(world.faults().retry_after);
            }
            match fate {
                Fate::Throttled(_) => world.counters.throttled(),
                _ => world.counters.get(index, name),
            }
            pause(world, |faults| faults.latency + faults.get_latency).await;
            fate
        }
        _ => {
            pause(world, |faults| faults.latency).await;
            Fate::Answered
        }
    };
    let answer = match fate {
        Fate::Answered => {
            let (head, body) = request.into_parts();
            let body = Limited::new(body, MAX_BODY).collect().await.map(Collected::to_bytes);
            let query = head.uri.query().unwrap_or_default();
            let call = Call {
                method,
                item,
                base,
                query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
                bearer: credential(&head.headers, "bearer"),
                body: body.unwrap_or_default(),
            };
            secrets::answer(world, &world.vaults[index], &call)
        }
        Fate::Throttled(retry_after) => retried(secrets::throttled(), retry_after),
        Fate::Failed(status, retry_after) => retried(secrets::failed(status), retry_after),
        Fate::Dropped => return None,
    };
    Some(dressed(answer, client_request_id.as_deref()))
}

/// The headers that the service was recorded with.
fn dressed(answer: Answer, client_request_id: Option<&str>) -> Answer {
    let answer = answer
        .header("cache-control", "no-cache")
        .header("pragma", "no-cache")
        .header("expires", "-1")
        .header("x-ms-keyvault-region", "westus2")
        .header("x-ms-request-id", guid())
        .header("x-ms-keyvault-service-version", "1.9.1720.1")
        .header("x-ms-keyvault-network-info", "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;")
        .header("x-content-type-options", "nosniff")
        .header("strict-transport-security", "max-age=31536000;includeSubDomains");
    match client_request_id {
        Some(id) => answer.header("x-ms-client-request-id", id.to_owned()),
        None => answer,
    }
}

fn retried(answer: Answer, retry_after: Option<u64>) -> Answer {
    match retry_after {
        Some(seconds) => answer.header("retry-after", seconds.to_string()),
        None => answer,
    }
}

async fn pause(world: &World, latency: impl FnOnce(&Faults) -> Duration) {
    let latency = latency(&world.faults());
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// What follows the scheme of the Authorization header; a scheme's case doesn't matter (RFC 9110, section 11.1).
fn credential<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    let (found, rest) = header(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| rest.trim()).filter(|rest| !rest.is_empty())
}

/// The client's id and secret from HTTP Basic; Entra ID takes them there too, as Microsoft documents.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD.decode(credential(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (client, secret) = text.split_once(':')?;
    // Both are form-encoded before they are joined (RFC 6749, section 2.3.1).
    let decoded = |text: &str| {
        let field = form_urlencoded::parse(text.as_bytes()).next();
        field.map_or_else(String::new, |(text, _)| text.into_owned())
    };
    Some((decoded(client), decoded(secret)))
}
