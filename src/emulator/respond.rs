//! One request: its faults, its count, its answer.

use std::future::Future;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http_body_util::{BodyExt, Collected, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Method, Request};
use tokio::time::Instant;
use url::form_urlencoded;

use super::answer::Answer;
use super::entra::{self, Edition, ManagedRequest, Platform, TokenRequest, guid};
use super::fault::{self, Effect, Requests};
use super::observe::Observed;
use super::pace::Pace;
use super::route::{Item, Route, decoded, without_port};
use super::vault::{self, Access, Call};
use super::{World, control};

/// The largest body of a request, in bytes: a backup of some hundred versions.
const MAX_BODY: usize = 16 << 20;

/// Answers a request; nothing when the connection is to be reset instead.
pub(super) async fn respond(world: &World, request: Request<Incoming>) -> Option<Answer> {
    let began = Instant::now();
    let path = request.uri().path().to_owned();
    // HTTP/2 has the host in the address, HTTP/1.1 in a header.
    let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let host = host.or_else(|| header(request.headers(), HOST.as_str()).map(str::to_owned)).unwrap_or_default();
    // Clients behind proxies that know only GET and POST say in a header what they mean.
    let meant = header(request.headers(), "x-http-method").filter(|_| request.method() == Method::POST);
    let method = meant.unwrap_or(request.method().as_str()).to_ascii_uppercase();
    let answer = routed(world, &host, &decoded(&path), &method, request).await;
    let status = answer.as_ref().map(Answer::status);
    world.observer.tell(&Observed { method: &method, host: &host, path: &path, status, elapsed: began.elapsed() });
    answer.map(|answer| if world.clock.offset() == 0 { answer } else { answer.header("date", world.clock.date()) })
}

async fn routed(world: &World, host: &str, path: &str, method: &str, request: Request<Incoming>) -> Option<Answer> {
    match Route::of(world, method, host, path) {
        Route::Token(edition, tenant) => token(world, &authority(world, host), edition, tenant, request).await,
        Route::Vault { index, base, item } => vault(world, index, base, item, method, request).await,
        Route::Configuration(edition, tenant) => {
            Some(entra::configuration(world, edition, &authority(world, host), tenant))
        }
        Route::Instance => Some(entra::instance(&authority(world, host))),
        Route::Keys => Some(entra::keys(world)),
        Route::Managed(platform) => managed(world, platform, &request).await,
        Route::Control(path) => {
            let (head, body) = request.into_parts();
            let key = credential(&head.headers, "bearer").map(str::to_owned);
            Some(control::answer(world, method, path, key.as_deref(), &read(body).await).await)
        }
        Route::Nowhere => {
            let fate = world.fate(&fault::Request::of(Requests::All));
            tokio::time::sleep(fate.delay).await;
            // The service has no answer to this: an unknown vault is an unknown host name.
            Some(vault::refuse(404, "NotFound", None, "No vault of that name is emulated."))
        }
    }
}

/// Entra ID's address as the client reached it.
fn authority(world: &World, host: &str) -> String {
    world.origin.of(without_port(host))
}

async fn token(
    world: &World,
    authority: &str,
    edition: Edition,
    tenant: &str,
    request: Request<Incoming>,
) -> Option<Answer> {
    if request.method() != Method::POST {
        return Some(entra::only_post(world, request.method().as_str()));
    }
    token_fate(world, async {
        let basic = basic(request.headers());
        let is_form = header(request.headers(), CONTENT_TYPE.as_str()).is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default();
            kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        let form = if is_form { read(request.into_body()).await } else { Bytes::new() };
        let mut fields: TokenRequest = form_urlencoded::parse(&form).into_owned().collect();
        if let Some((client, secret)) = basic {
            fields.insert("client_id".to_owned(), client);
            fields.insert("client_secret".to_owned(), secret);
        }
        entra::token(world, authority, edition, tenant, &fields)
    })
    .await
}

async fn managed(world: &World, platform: Platform, request: &Request<Incoming>) -> Option<Answer> {
    token_fate(world, async {
        let name = match platform {
            Platform::MetadataService => "metadata",
            Platform::AppService => "x-identity-header",
        };
        let query = request.uri().query().unwrap_or_default();
        let request = ManagedRequest {
            platform,
            header: header(request.headers(), name),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        };
        entra::managed_token(world, &request)
    })
    .await
}

/// What becomes of a request for a token.
async fn token_fate(world: &World, answer: impl Future<Output = Answer>) -> Option<Answer> {
    world.counters.token();
    let fate = world.fate(&fault::Request::of(Requests::Tokens));
    if !fate.delay.is_zero() {
        tokio::time::sleep(fate.delay).await;
    }
    match fate.effect {
        Some(Effect::Throttled { retry_after }) => Some(entra::throttled(retry_after)),
        Some(Effect::Failed { status, retry_after }) => Some(retried(entra::failed(world, status), retry_after)),
        Some(Effect::Reset) => None,
        effect => Some(answer.await.paced(pace(effect))),
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
    let vault = &world.vaults[index];
    let (kind, secret) = kind(method, item);
    let query = request.uri().query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let follows_empty_page = vault::follows_empty_page(&query);
    let is_create = method == "PUT" && matches!(item, Item::Secret(..));
    let of = Some((index, vault.name()));
    let fate = world.fate(&fault::Request { kind, vault: of, secret, is_create, follows_empty_page });
    if let (Requests::Gets, Some(name)) = (kind, secret) {
        match fate.effect {
            Some(Effect::Throttled { .. }) => world.counters.throttled(),
            _ => world.counters.get(index, name),
        }
    }
    if !fate.delay.is_zero() {
        tokio::time::sleep(fate.delay).await;
    }
    let answer = match fate.effect {
        Some(Effect::Throttled { retry_after }) => retried(vault::throttled(), retry_after),
        Some(Effect::Failed { status, retry_after }) => retried(vault::failed(status), retry_after),
        Some(Effect::Reset) => return None,
        effect => {
            let (head, body) = request.into_parts();
            let call = Call {
                method,
                item,
                base,
                query,
                bearer: credential(&head.headers, "bearer"),
                body: read(body).await,
                now: world.clock.now(),
                recovery: vault.recovery(),
                closed: match effect {
                    Some(Effect::Firewall) => Some(Access::Firewall),
                    Some(Effect::PrivateLink) => Some(Access::PrivateLink),
                    Some(Effect::Policy) => Some(Access::Delegated),
                    _ => None,
                },
                is_page_empty: effect == Some(Effect::EmptyPage),
            };
            let answer = if kind == Requests::Writes {
                changed(world, || vault::answer(world, vault, &call)).await
            } else {
                vault::answer(world, vault, &call)
            };
            answer.paced(pace(effect))
        }
    };
    Some(dressed(answer, vault.has_roles(), client_request_id.as_deref()))
}

/// What a request is to faults, and the secret that it names.
fn kind<'i>(method: &str, item: Item<'i>) -> (Requests, Option<&'i str>) {
    match item {
        Item::Secret(name, _) if method == "GET" => (Requests::Gets, Some(name)),
        Item::Secrets | Item::AllDeleted if method == "GET" => (Requests::Lists, None),
        Item::Versions(name) | Item::Deleted(name) if method == "GET" => (Requests::Lists, Some(name)),
        Item::Secret(name, _)
        | Item::Versions(name)
        | Item::Backup(name)
        | Item::Deleted(name)
        | Item::Recover(name) => (Requests::Writes, Some(name)),
        Item::Secrets | Item::AllDeleted | Item::Restore => (Requests::Writes, None),
        Item::Health | Item::Other => (Requests::All, None),
    }
}

/// The answer to a change once it is made and kept, or what says that it can't be.
pub(super) async fn changed(world: &World, change: impl FnOnce() -> Answer) -> Answer {
    let Some(state) = &world.state else { return change() };
    let changing = state.change().await;
    let answer = change();
    if answer.status() >= 300 {
        return answer;
    }
    match state.save(world, changing.made()).await {
        Ok(()) => answer,
        Err(error) => {
            world.observer.complain(&format!("cannot keep the state in {}: {error}", state.path().display()));
            vault::refuse(500, "InternalServerError", None, "The emulator's state could not be saved.")
        }
    }
}

/// How the body of an answer comes with that effect.
fn pace(effect: Option<Effect>) -> Pace {
    match effect {
        Some(Effect::Cut) => Pace::Cut,
        Some(Effect::Slow { bytes_per_second }) => Pace::Slow(bytes_per_second),
        _ => Pace::Whole,
    }
}

/// A request's body; empty when it is too large or broken off.
async fn read(body: Incoming) -> Bytes {
    Limited::new(body, MAX_BODY).collect().await.map(Collected::to_bytes).unwrap_or_default()
}

/// The headers that the service was recorded with.
fn dressed(answer: Answer, has_roles: bool, client_request_id: Option<&str>) -> Answer {
    let mut answer = answer
        .header("cache-control", "no-cache")
        .header("pragma", "no-cache")
        .header("expires", "-1")
        .header("x-ms-keyvault-region", "westus2")
        .header("x-ms-request-id", guid())
        .header("x-ms-keyvault-service-version", "1.9.1720.1")
        .header("x-ms-keyvault-network-info", "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;")
        .header("x-content-type-options", "nosniff")
        .header("strict-transport-security", "max-age=31536000;includeSubDomains");
    if has_roles && answer.status() < 300 {
        answer =
            answer.header("x-ms-keyvault-rbac-assignment-id", guid()).header("x-ms-keyvault-rbac-cache", "emulated");
    }
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
