//! Connections and routes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HOST};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::form_urlencoded;

use super::World;
use super::answer::Answer;
use super::entra::{self, Edition};
use super::error;
use super::fault::Fate;
use super::secrets;
use super::token::guid;

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// Answers connections until it is aborted, and ends them with itself.
pub(super) async fn serve(listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Out of descriptors, for example; others will be closed.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let world = Arc::clone(&world);
                connections.spawn(async move {
                    let service = service_fn(|request| respond(Arc::clone(&world), request));
                    let server = auto::Builder::new(TokioExecutor::new());
                    // A connection that breaks is its client's matter.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A connection is dropped by failing its service.
#[derive(Debug, thiserror::Error)]
enum Dropped {
    #[error("dropped on purpose")]
    OnPurpose,
}

impl From<Infallible> for Dropped {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

async fn respond(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Dropped> {
    let latency = world.faults().latency;
    let path = request.uri().path().to_owned();
    let mut segments: Vec<&str> = path.split('/').skip(1).collect();
    let edition = match segments[..] {
        [_, "oauth2", "token"] => Some(Edition::V1),
        [_, "oauth2", "v2.0", "token"] => Some(Edition::V2),
        _ => None,
    };
    if let (Some(edition), &Method::POST) = (edition, request.method()) {
        let tenant = segments[0].to_owned();
        let basic = basic(&request);
        let body = Limited::new(request.into_body(), MAX_BODY).collect().await;
        let mut form = body.map_or_else(|_| Vec::new(), |body| body.to_bytes().to_vec());
        form.extend_from_slice(basic.unwrap_or_default().as_bytes());
        pause(latency).await;
        return Ok(entra::token(&world, edition, &tenant, &form).into_response());
    }
    let host = host(&request);
    let vault = world.vaults.iter().position(|vault| vault.name() == host).or_else(|| {
        // Tools that can't do host names put the vault's name before the path.
        let alias = segments.first()?.to_ascii_lowercase();
        let found = world.vaults.iter().position(|vault| vault.name() == alias)?;
        segments.remove(0);
        Some(found)
    });
    let Some(vault) = vault else {
        pause(latency).await;
        return Ok(error::vault(404, "NotFound", None, "No vault of that name is emulated.").into_response());
    };
    let _in_flight = world.counters.enter(vault);
    pause(latency).await;
    let secret = match segments[..] {
        ["secrets", name] | ["secrets", name, ""] => Some(name),
        ["secrets", name, version] if version != "versions" => Some(name),
        _ => None,
    };
    let fate = match secret {
        Some(_) if request.method() == Method::GET => world.faults().next_get(),
        _ => Fate::Answered,
    };
    if let (Some(secret), &Method::GET) = (secret, request.method()) {
        match fate {
            Fate::Throttled(_) => {
                world.counters.throttled.fetch_add(1, Ordering::Relaxed);
            }
            _ => world.counters.get(vault, secret),
        }
    }
    let answer = match fate {
        Fate::Answered => {
            let header = |name: hyper::header::HeaderName| request.headers().get(name)?.to_str().ok();
            let query = request.uri().query().unwrap_or_default();
            let asked = secrets::Request {
                method: request.method().as_str(),
                path: segments,
                query: form_urlencoded::parse(query.as_bytes()).into_owned().collect::<HashMap<_, _>>(),
                bearer: header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")),
            };
            secrets::answer(&world, &world.vaults[vault], &asked)
        }
        Fate::Throttled(retry_after) => secrets::throttled(retry_after),
        Fate::Failed => error::vault(503, "ServiceUnavailable", None, "The service is temporarily unavailable."),
        Fate::Dropped => return Err(Dropped::OnPurpose),
    };
    let echo = request.headers().get("x-ms-client-request-id").and_then(|id| id.to_str().ok());
    Ok(dressed(answer, echo).into_response())
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
        Some(id) => answer.header("x-ms-client-request-id", id),
        None => answer,
    }
}

async fn pause(latency: Duration) {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}

/// The vault's name in the host that was asked: what stands before `.localhost`, or the first label.
fn host(request: &Request<Incoming>) -> String {
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(hyper::http::uri::Authority::as_str).or(header).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    match name.strip_suffix(".localhost") {
        Some(label) => label.strip_suffix(".vault").unwrap_or(label).to_owned(),
        None => name,
    }
}

/// The client's id and secret from HTTP Basic, as more of the form; Entra ID takes them there too.
fn basic(request: &Request<Incoming>) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let decoded = BASE64_STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (client, secret) = text.split_once(':')?;
    // Both are form-encoded before they are joined (RFC 6749, section 2.3.1).
    Some(format!("&client_id={client}&client_secret={secret}"))
}
