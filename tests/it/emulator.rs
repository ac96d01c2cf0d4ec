//! The emulator over real HTTP: what it answers, refuses, counts and breaks.

#![cfg(feature = "emulator")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use credflow::diagnostic::Diagnostics;
use credflow::emulator::{
    Access, Application, Builder, Emulator, Fault, MAX_VALUE, Permission, Requests, Role, Seed, StartError, Vault,
    Version,
};
use credflow::secret::Secret;
use credflow::source::Source;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::clock::pace;

const TENANT: &str = "7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90";
const OTHER_TENANT: &str = "11111111-4b1e-4d7a-9c3f-2f8e6a1b5c90";
const CLIENT: &str = "3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08";
const CLIENT_SECRET: &str = "canary client&=%+:secret";
const RESOURCE: &str = "https://vault.azure.net";
const SCOPE: &str = "https://vault.azure.net/.default";
const OLD: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const API: &str = "api-version=7.4";

fn application(tenant: &str, client: &str) -> Application {
    Application::new(tenant, client).secret(CLIENT_SECRET)
}

fn version(value: &str) -> Version {
    Version::new(Secret::new(value.to_owned()))
}

fn payments() -> Vault {
    let mut old = version("old");
    old.id = OLD.parse().ok();
    let mut disabled = version("disabled");
    disabled.enabled = false;
    let mut past = version("past");
    (past.not_before, past.expires) = (Some(4_000_000_000), Some(1));
    (past.created, past.updated) = (Some(1_600_000_000), Some(1_700_000_000));
    past.content_type = Some("text/plain".to_owned());
    past.tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    past.id = OLD.parse().ok();
    let name = |name: &str| name.parse().expect("a name");
    Vault::new("payments")
        .tenant(TENANT)
        .version(&name("DB-Password"), old)
        .version(&name("DB-Password"), version("new \"quoted\""))
        .version(&name("off"), disabled)
        .version(&name("past"), past)
}

fn builder() -> Builder {
    Emulator::builder().vault(payments()).application(application(TENANT, CLIENT))
}

fn client(emulator: &Emulator) -> Client {
    plain_client(emulator).build().expect("a client")
}

fn plain_client(emulator: &Emulator) -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let local = ["localhost", "payments.localhost", "shared.localhost", "common.localhost", "common.vault.localhost"];
    let hosts = local.into_iter().chain(["Payments.Vault.Example", "common.example", "login.example"]);
    let builder = Client::builder().no_proxy();
    hosts.fold(builder, |builder, host| builder.resolve(host, emulator.address()))
}

/// An emulator, a client of it, and a token.
struct World {
    emulator: Emulator,
    client: Client,
    token: String,
}

impl World {
    async fn start(builder: Builder) -> Self {
        let emulator = builder.start().await.expect("an emulator");
        let mut world = Self { client: client(&emulator), emulator, token: String::new() };
        world.token = world.granted(&[]).await;
        world
    }

    async fn ask(&self, path: &str, changes: &[(&str, &str)]) -> Response {
        let mut fields = BTreeMap::from([
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_secret", CLIENT_SECRET),
            ("scope", SCOPE),
        ]);
        fields.extend(changes.iter().copied());
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let address = self.emulator.authority().join(path).expect("an address");
        let request = self.client.post(address).header("content-type", "application/x-www-form-urlencoded");
        request.body(form.finish()).send().await.expect("an answer")
    }

    async fn granted(&self, changes: &[(&str, &str)]) -> String {
        let answer = self.ask(&format!("{TENANT}/oauth2/v2.0/token"), changes).await;
        json_of(answer).await["access_token"].as_str().expect("a token").to_owned()
    }

    /// The AADSTS code, the status and the `error` of a refused token request.
    async fn refused(&self, path: &str, changes: &[(&str, &str)]) -> (u64, u16, String) {
        let answer = self.ask(path, changes).await;
        let status = answer.status().as_u16();
        let body = json_of(answer).await;
        (body["error_codes"][0].as_u64().expect("a code"), status, body["error"].as_str().expect("an error").to_owned())
    }

    async fn get(&self, path: &str) -> Response {
        let base = self.emulator.vault_url("payments").expect("a vault");
        self.get_at(base.join(path).expect("an address").as_str(), &self.token).await
    }

    async fn get_at(&self, address: &str, token: &str) -> Response {
        let request = self.client.get(address).header("authorization", format!("Bearer {token}"));
        request.send().await.expect("an answer")
    }

    async fn value(&self, path: &str) -> Value {
        json_of(self.get(path).await).await["value"].take()
    }

    fn port(&self) -> u16 {
        self.emulator.address().port()
    }
}

async fn text_of(answer: Response) -> (u16, String) {
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

async fn json_of(answer: Response) -> Value {
    serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON")
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_guid(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

#[tokio::test]
async fn a_secret_has_the_recorded_body_and_headers() {
    let world = World::start(builder()).await;
    let base = world.emulator.vault_url("payments").expect("a vault");
    let answer = world.client.get(base.join(&format!("secrets/past/?{API}")).expect("an address"));
    let answer = answer.header("authorization", format!("Bearer {}", world.token));
    let answer = answer.header("x-ms-client-request-id", "the-id").send().await.expect("an answer");
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
        ("expires", "-1"),
        ("content-type", "application/json; charset=utf-8"),
        ("x-ms-keyvault-region", "westus2"),
        ("x-ms-client-request-id", "the-id"),
        ("x-ms-keyvault-service-version", "1.9.1720.1"),
        ("x-ms-keyvault-network-info", "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;"),
        ("x-content-type-options", "nosniff"),
        ("strict-transport-security", "max-age=31536000;includeSubDomains"),
    ] {
        assert_eq!(header(&answer, name), value, "{name}");
    }
    assert!(is_guid(header(&answer, "x-ms-request-id")));
    // Neither its beginning nor its end keeps it from being read.
    let body = format!(
        r#"{{"value":"past","contentType":"text/plain","id":"http://payments.localhost:{}/secrets/past/{OLD}","attributes":{{"enabled":true,"nbf":4000000000,"exp":1,"created":1600000000,"updated":1700000000,"recoveryLevel":"Recoverable+Purgeable","recoverableDays":90}},"tags":{{"k":"v"}}}}"#,
        world.port()
    );
    assert_eq!(text_of(answer).await, (200, body));
}

#[tokio::test]
async fn versions_are_told_apart_and_absent_members_are_left_out() {
    let world = World::start(builder()).await;
    for path in ["secrets/db-password", "secrets/db-password/", "secrets/DB-PASSWORD/"] {
        assert_eq!(world.value(&format!("{path}?{API}")).await, "new \"quoted\"", "{path}");
    }
    for path in [format!("secrets/db-password/{OLD}"), format!("secrets/db-password/{OLD}/")] {
        assert_eq!(world.value(&format!("{path}?{API}")).await, "old", "{path}");
    }
    let secret = json_of(world.get(&format!("secrets/db-password?{API}")).await).await;
    // The id has the case that the secret was made with, and a made version.
    let id = secret["id"].as_str().expect("an id");
    let made = id.strip_prefix(&format!("http://payments.localhost:{}/secrets/DB-Password/", world.port()));
    let made = made.expect("the case of creation");
    assert!(made.len() == 32 && made.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{made}");
    let members: Vec<&String> = secret.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["attributes", "id", "value"]);
    let created = secret["attributes"]["created"].as_i64().expect("a time");
    assert!(created > 1_700_000_000 && secret["attributes"]["updated"] == created);
    // Days came with 7.1.
    let old = json_of(world.get("secrets/db-password?api-version=2016-10-01").await).await;
    assert_eq!(old["attributes"]["recoverableDays"], Value::Null);
}

#[tokio::test]
async fn an_api_version_is_mandatory_and_known() {
    let world = World::start(builder()).await;
    for version in ["2016-10-01", "7.0", "7.4", "7.6-preview.2", "2025-07-01", "2026-04-01"] {
        assert_eq!(world.get(&format!("secrets/off?api-version={version}")).await.status(), 403, "{version}");
    }
    // As the official JavaScript client writes it.
    assert_eq!(world.value("secrets/past/?api%2Dversion=7.4").await, "past");
    let missing = r#"{"error":{"code":"BadParameter","message":"The api-version query parameter is required."}}"#;
    assert_eq!(text_of(world.get("secrets/past").await).await, (400, missing.to_owned()));
    for version in ["7.7", "7.4-preview.9", "2015-12-31"] {
        let body = json_of(world.get(&format!("secrets/past?api-version={version}")).await).await;
        assert_eq!(body["error"]["code"], "BadParameter");
        let message = format!(
            "The specified version ({version}) is not recognized. Consider using the latest supported version (2026-04-01)."
        );
        assert_eq!(body["error"]["message"], message);
    }
}

#[tokio::test]
async fn a_vault_refuses_with_the_recorded_bodies() {
    let world = World::start(builder()).await;
    let bad = |name: &str| {
        format!(r#"{{"error":{{"code":"BadParameter","message":"The request URI contains an invalid name: {name}"}}}}"#)
    };
    let missing = |id: &str| {
        format!(
            r#"{{"error":{{"code":"SecretNotFound","message":"A secret with (name/id) {id} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"}}}}"#
        )
    };
    let disabled = r#"{"error":{"code":"Forbidden","message":"Operation get is not allowed on a disabled secret.","innererror":{"code":"SecretDisabled"}}}"#;
    // The length that was recorded.
    assert_eq!(disabled.len(), 132);
    let unknown = OLD.replace('0', "1");
    for (path, status, body) in [
        ("secrets/a_b".to_owned(), 400, bad("a_b")),
        (format!("secrets/{}", "a".repeat(128)), 400, bad(&"a".repeat(128))),
        ("secrets/None".to_owned(), 404, missing("None")),
        (format!("secrets/past/{unknown}"), 404, missing(&format!("past/{unknown}"))),
        ("secrets/off".to_owned(), 403, disabled.to_owned()),
        ("secrets/off/".to_owned(), 403, disabled.to_owned()),
    ] {
        assert_eq!(text_of(world.get(&format!("{path}?{API}")).await).await, (status, body), "{path}");
    }
    let base = world.emulator.vault_url("payments").expect("a vault");
    for method in [Method::PUT, Method::POST, Method::DELETE, Method::PATCH] {
        let request = world.client.request(method.clone(), base.join(&format!("secrets/?{API}")).expect("an address"));
        let request = request.header("authorization", format!("Bearer {}", world.token));
        let body = format!(r#"{{"error":{{"code":"MethodNotAllowed","message":"HTTP {method} not allowed"}}}}"#);
        assert_eq!(text_of(request.send().await.expect("an answer")).await, (405, body));
    }
    assert_eq!(world.get(&format!("keys/past?{API}")).await.status(), 404);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let many = (0..60).fold(Vault::new("payments").tenant(TENANT), |vault, number| {
        (0..3).fold(vault, |vault, _| vault.secret(&format!("s{number:02}"), "value"))
    });
    let world = World::start(Emulator::builder().vault(many).application(application(TENANT, CLIENT))).await;
    let port = world.port();
    world.emulator.add_fault(Fault::empty_page().times(1));
    let mut next = format!("http://payments.localhost:{port}/secrets?{API}");
    let (mut sizes, mut ids) = (Vec::new(), Vec::new());
    loop {
        let page = json_of(world.get_at(&next, &world.token).await).await;
        let items = page["value"].as_array().expect("items");
        sizes.push(items.len());
        ids.extend(items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
        assert!(items.iter().all(|item| item.get("value").is_none()));
        let link = page.as_object().expect("an object").get("nextLink").expect("a link, or null");
        let Some(link) = link.as_str() else { break };
        let rest = link.strip_prefix(&format!("http://payments.localhost:{port}/secrets?{API}&$skiptoken="));
        assert!(rest.is_some_and(|rest| rest.ends_with("&maxresults=25")), "{link}");
        // As the official Rust client writes it.
        next = link.replace('$', "%24");
    }
    assert_eq!(sizes, [0, 25, 25, 10]);
    ids.dedup();
    assert_eq!((ids.len(), &*ids[0]), (60, &*format!("http://payments.localhost:{port}/secrets/s00")));

    let page = json_of(world.get(&format!("secrets/S07/versions?{API}&maxresults=2")).await).await;
    let id = page["value"][0]["id"].as_str().expect("an id");
    assert_eq!(id.len(), format!("http://payments.localhost:{port}/secrets/s07/").len() + 32);
    let link = page["nextLink"].as_str().expect("a link");
    let page = json_of(world.get_at(link, &world.token).await).await;
    assert_eq!((page["value"].as_array().map(Vec::len), &page["nextLink"]), (Some(1), &Value::Null));
    // As recorded: not a 404.
    let empty = text_of(world.get(&format!("secrets/none/versions?{API}")).await).await;
    assert_eq!(empty, (200, r#"{"value":[],"nextLink":null}"#.to_owned()));
    for wrong in ["maxresults=0", "maxresults=26", "maxresults=x", "$skiptoken=99", "$skiptoken=x"] {
        assert_eq!(world.get(&format!("secrets?{API}&{wrong}")).await.status(), 400, "{wrong}");
    }
    assert_eq!(world.emulator.counts().total(), 0);
}

/// The names on all pages of a list, and the sizes of the pages; `between` is done after each.
async fn pages(world: &World, path: &str, mut between: impl AsyncFnMut(&[String])) -> (Vec<String>, Vec<usize>) {
    let mut next = Some(format!("http://payments.localhost:{}/{path}?{API}&maxresults=5", world.port()));
    let (mut names, mut sizes) = (Vec::new(), Vec::new());
    while let Some(link) = next {
        assert!(sizes.len() < 100, "the list doesn't end");
        let page = json_of(world.get_at(&link, &world.token).await).await;
        let ids = page["value"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("an id"));
        let found: Vec<String> = ids.map(|id| id.rsplit('/').next().expect("a name").to_owned()).collect();
        sizes.push(found.len());
        between(&found).await;
        names.extend(found);
        next = page["nextLink"].as_str().map(str::to_owned);
    }
    (names, sizes)
}

#[tokio::test]
async fn what_is_deleted_while_it_is_listed_moves_nothing() {
    let many = (0..23)
        .fold(Vault::new("payments").tenant(TENANT), |vault, number| vault.secret(&format!("s{number:02}"), "value"));
    let world = World::start(Emulator::builder().vault(many).application(application(TENANT, CLIENT))).await;
    let base = format!("http://payments.localhost:{}", world.port());
    let send = async |method: Method, path: String| {
        let request = world.client.request(method, format!("{base}/{path}?{API}"));
        let request = request.header("authorization", format!("Bearer {}", world.token));
        request.send().await.expect("an answer").status().as_u16()
    };
    let all: Vec<String> = (0..23).map(|number| format!("s{number:02}")).collect();
    let delete = async |found: &[String]| {
        for name in found {
            assert_eq!(send(Method::DELETE, format!("secrets/{name}")).await, 200);
        }
    };
    assert_eq!(pages(&world, "secrets", delete).await.0, all);
    let purge = async |found: &[String]| {
        for name in found {
            assert_eq!(send(Method::DELETE, format!("deletedsecrets/{name}")).await, 204);
        }
    };
    assert_eq!(pages(&world, "deletedsecrets", purge).await.0, all);
}

#[tokio::test]
async fn one_page_before_each_other_is_empty() {
    let many = (0..12)
        .fold(Vault::new("payments").tenant(TENANT), |vault, number| vault.secret(&format!("s{number:02}"), "value"));
    let world = World::start(Emulator::builder().vault(many).application(application(TENANT, CLIENT))).await;
    world.emulator.add_fault(Fault::empty_page());
    assert_eq!(pages(&world, "secrets", async |_: &[String]| ()).await.1, [0, 5, 0, 5, 0, 2]);
    assert_eq!(pages(&world, "secrets/s00/versions", async |_: &[String]| ()).await.1, [0, 1]);
}

#[tokio::test]
async fn a_vault_checks_tokens() {
    let other = Vault::new("shared").tenant(OTHER_TENANT);
    let world = World::start(builder().vault(other)).await;
    let port = world.port();
    let challenge = format!(r#"Bearer authorization="http://localhost:{port}/{TENANT}", resource="{RESOURCE}""#);
    let address = format!("http://payments.localhost:{port}/secrets/past?{API}");

    let answer = world.client.get(&address).send().await.expect("an answer");
    assert_eq!(header(&answer, "www-authenticate"), challenge);
    assert_eq!(answer.headers().get_all("www-authenticate").iter().count(), 1);
    let body = r#"{"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}}"#;
    // The length that was recorded.
    assert_eq!(body.len(), 97);
    assert_eq!(text_of(answer).await, (401, body.to_owned()));

    let elsewhere = world.granted(&[("scope", "https://graph.microsoft.com//.default")]).await;
    let by_id = world.granted(&[("scope", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093/.default")]).await;
    assert_eq!(world.get_at(&address, &by_id).await.status(), 200);
    for known in ["https://management.azure.com", "https://management.azure.com/", "https://storage.azure.com"] {
        assert!(!world.granted(&[("scope", &format!("{known}/.default"))]).await.is_empty(), "{known}");
    }
    let slashed = world.granted(&[("scope", "https://vault.azure.net//.default")]).await;
    for (address, token, message) in [
        (&*address, "made-up", "AKV10046: Unable to resolve the key used for signature validation.".to_owned()),
        (
            &*address,
            &*elsewhere,
            format!("AKV10022: Invalid audience. Expected {RESOURCE}, found: https://graph.microsoft.com/."),
        ),
        (&*address, &*slashed, format!("AKV10022: Invalid audience. Expected {RESOURCE}, found: {RESOURCE}/.")),
        (
            &*format!("http://shared.localhost:{port}/secrets/a?{API}"),
            &*world.token,
            format!(
                "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{OTHER_TENANT}/, found https://sts.windows.net/{TENANT}/."
            ),
        ),
    ] {
        let answer = world.get_at(address, token).await;
        assert!(header(&answer, "www-authenticate").starts_with("Bearer authorization="));
        assert_eq!(answer.status(), 401);
        assert_eq!(json_of(answer).await, json!({"error": {"code": "Unauthorized", "message": message}}));
    }

    world.emulator.expire_tokens();
    let answer = world.get_at(&address, &world.token).await;
    assert_eq!(header(&answer, "www-authenticate"), challenge);
    let message = "[TokenExpired] Error validating token: 'S2S12086'.";
    assert_eq!(json_of(answer).await["error"]["message"], message);
    let fresh = world.granted(&[]).await;
    assert_eq!(world.get_at(&address, &fresh).await.status(), 200);
    let lower = world.client.get(&address).header("authorization", format!("bearer {fresh}"));
    assert_eq!(lower.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn tokens_end() {
    let world = World::start(builder().token_lifetime(Duration::from_secs(1000))).await;
    assert_eq!(world.get(&format!("secrets/past?{API}")).await.status(), 200);
    world.emulator.shift_clock(1000);
    let body = json_of(world.get(&format!("secrets/past?{API}")).await).await;
    assert_eq!(body["error"]["message"], "[TokenExpired] Error validating token: 'S2S12086'.");
}

#[tokio::test]
async fn a_vault_refuses_whom_it_does_not_know() {
    let caller = format!("appid={CLIENT};oid={CLIENT};iss=https://sts.windows.net/{TENANT}/");
    for (vault, inner, beginning) in [
        (payments().access(Access::NoRole), "ForbiddenByRbac", "Caller is not authorized to perform action".to_owned()),
        (
            payments().role("another", Role::Administrator),
            "ForbiddenByRbac",
            "Caller is not authorized to perform action".to_owned(),
        ),
        (
            payments().access(Access::NoPolicy),
            "AccessDenied",
            format!(
                "The user, group or application '{caller}' does not have secrets get permission on key vault 'payments;location=westus2'."
            ),
        ),
        (
            payments().role(CLIENT, Role::Administrator).access(Access::Firewall),
            "ForbiddenByFirewall",
            "Client address is not authorized and caller is not a trusted service.\r\n".to_owned(),
        ),
        (
            payments().access(Access::PrivateLink),
            "ForbiddenByConnection",
            "Public network access is disabled".to_owned(),
        ),
    ] {
        let world = World::start(Emulator::builder().vault(vault).application(application(TENANT, CLIENT))).await;
        let answer = world.get(&format!("secrets/past?{API}")).await;
        assert_eq!(answer.status(), 403);
        let error = json_of(answer).await["error"].take();
        assert_eq!((&error["code"], &error["innererror"]["code"]), (&json!("Forbidden"), &json!(inner)));
        let message = error["message"].as_str().expect("a message");
        assert!(message.starts_with(&beginning), "{message}");
        assert_eq!(world.get(&format!("secrets?{API}")).await.status(), 403);
    }
    for vault in [
        payments(),
        payments().role(CLIENT.to_uppercase(), Role::SecretsUser),
        payments().policy(CLIENT.to_uppercase(), &[Permission::Get]),
    ] {
        let world = World::start(Emulator::builder().vault(vault).application(application(TENANT, CLIENT))).await;
        assert_eq!(world.get(&format!("secrets/past?{API}")).await.status(), 200);
    }
}

#[tokio::test]
async fn vaults_are_told_apart_by_host_or_path() {
    let shared = Vault::new("Shared").tenant(TENANT).secret("past", "of shared");
    let shared = shared.alias("Common").alias("common.example");
    let world = World::start(builder().vault(shared)).await;
    let port = world.port();
    assert_eq!(world.emulator.vault_url("SHARED").map(String::from), Some(format!("http://shared.localhost:{port}/")));
    assert_eq!(world.emulator.vault_url("none"), None);
    for (base, value) in [
        (format!("http://payments.localhost:{port}"), "past"),
        (format!("http://Payments.Vault.Example:{port}"), "past"),
        (format!("http://shared.localhost:{port}"), "of shared"),
        (format!("http://localhost:{port}/shared"), "of shared"),
        (format!("http://localhost:{port}/COMMON"), "of shared"),
        (format!("http://common.localhost:{port}"), "of shared"),
        (format!("http://common.vault.localhost:{port}"), "of shared"),
        (format!("http://common.example:{port}"), "of shared"),
        (format!("http://127.0.0.1:{port}/Payments"), "past"),
    ] {
        let secret = json_of(world.get_at(&format!("{base}/secrets/past?{API}"), &world.token).await).await;
        assert_eq!(secret["value"], value, "{base}");
    }
    // What is reached by a path is linked by that path.
    let secret = world.get_at(&format!("http://localhost:{port}/shared/secrets/past?{API}"), &world.token).await;
    let id = json_of(secret).await["id"].take();
    assert!(id.as_str().is_some_and(|id| id.starts_with(&format!("http://localhost:{port}/shared/secrets/past/"))));
    for nowhere in [
        format!("http://localhost:{port}/secrets/past"),
        format!("http://localhost:{port}/none/secrets/past"),
        format!("http://login.example:{port}/payments/secrets/past"),
    ] {
        assert_eq!(world.get_at(&format!("{nowhere}?{API}"), &world.token).await.status(), 404, "{nowhere}");
    }
}

#[tokio::test]
async fn both_versions_of_http_are_answered() {
    let world = World::start(builder()).await;
    for client in [plain_client(&world.emulator).http1_only(), plain_client(&world.emulator).http2_prior_knowledge()] {
        let client = client.build().expect("a client");
        let address = format!("http://payments.localhost:{}/secrets/past?{API}", world.port());
        let request = client.get(address).header("authorization", format!("Bearer {}", world.token));
        let answer = request.send().await.expect("an answer");
        assert_eq!(json_of(answer).await["value"], "past");
    }
}

#[tokio::test]
async fn entra_grants_tokens() {
    let world = World::start(builder()).await;
    let answer = world.ask(&format!("{TENANT}/oauth2/v2.0/token"), &[]).await;
    assert_eq!(answer.status(), 200);
    for (name, value) in [
        ("cache-control", "no-store, no-cache"),
        ("pragma", "no-cache"),
        ("expires", "-1"),
        ("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\""),
        ("x-ms-ests-server", "2.1.0 - emulated"),
    ] {
        assert_eq!(header(&answer, name), value, "{name}");
    }
    assert!(is_guid(header(&answer, "x-ms-request-id")));
    let cookies: Vec<&str> = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|cookie| cookie.to_str().ok()?.split('=').next())
        .collect();
    assert_eq!(cookies, ["fpc", "x-ms-gateway-slice", "stsservicecookie"]);
    let (_, body) = text_of(answer).await;
    let rest = body.strip_prefix(r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":""#);
    assert!(rest.is_some_and(|rest| rest.ends_with("\"}")));

    let v1 = world.ask(&format!("{}/oauth2/token", TENANT.to_uppercase()), &[("resource", RESOURCE)]).await;
    let (_, body) = text_of(v1).await;
    let members =
        ["token_type", "expires_in", "ext_expires_in", "expires_on", "not_before", "resource", "access_token"];
    let places: Vec<Option<usize>> = members.iter().map(|name| body.find(&format!("\"{name}\":\""))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((&body["expires_in"], &body["resource"]), (&json!("3599"), &json!(RESOURCE)));
    let token = body["access_token"].as_str().expect("a token");
    let address = format!("http://payments.localhost:{}/secrets/past?{API}", world.port());
    assert_eq!(world.get_at(&address, token).await.status(), 200);
    assert_eq!(world.emulator.counts().tokens, 3);
}

#[tokio::test]
async fn entra_takes_http_basic() {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let world = World::start(builder()).await;
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let address = format!("http://localhost:{}/{TENANT}/oauth2/v2.0/token", world.port());
    for (secret, status) in [(CLIENT_SECRET, 200), ("wrong&client_secret=x", 401)] {
        let basic = BASE64_STANDARD.encode(format!("{}:{}", encode(CLIENT), encode(secret)));
        let request = world.client.post(&address).header("authorization", format!("Basic {basic}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let request = request.body(format!("grant_type=client_credentials&scope={}", encode(SCOPE)));
        assert_eq!(request.send().await.expect("an answer").status(), status);
    }
}

#[tokio::test]
async fn entra_refuses_with_the_recorded_codes() {
    let world = World::start(builder().vault(Vault::new("shared").tenant(OTHER_TENANT))).await;
    let v2 = format!("{TENANT}/oauth2/v2.0/token");
    let unknown = "22222222-4b1e-4d7a-9c3f-2f8e6a1b5c90";
    for (path, changes, code, status, error) in [
        (&*v2, ("client_secret", "wrong"), 7_000_215, 401, "invalid_client"),
        (&*v2, ("client_secret", ""), 7_000_218, 401, "invalid_client"),
        (&*v2, ("client_id", unknown), 700_016, 400, "unauthorized_client"),
        (&*format!("{OTHER_TENANT}/oauth2/v2.0/token"), ("", ""), 700_016, 400, "unauthorized_client"),
        (&*format!("{unknown}/oauth2/v2.0/token"), ("", ""), 90_002, 400, "invalid_request"),
        ("none.example/oauth2/token", ("", ""), 90_002, 400, "invalid_request"),
        ("none/oauth2/v2.0/token", ("", ""), 900_023, 400, "invalid_request"),
        (&*v2, ("grant_type", ""), 900_144, 400, "invalid_request"),
        (&*v2, ("client_id", ""), 900_144, 400, "invalid_request"),
        (&*v2, ("scope", ""), 900_144, 400, "invalid_request"),
        (&*format!("{TENANT}/oauth2/token"), ("", ""), 900_144, 400, "invalid_request"),
        (&*v2, ("grant_type", "password"), 70_003, 400, "unsupported_grant_type"),
        (&*v2, ("scope", RESOURCE), 70_011, 400, "invalid_scope"),
        (&*v2, ("scope", "https://a.example/.default https://vault.azure.net/.default"), 70_011, 400, "invalid_scope"),
        (&*v2, ("scope", "https://a.example/.default"), 500_011, 400, "invalid_resource"),
        (&*v2, ("scope", "nonsense/.default"), 50_001, 400, "invalid_resource"),
    ] {
        let found = world.refused(path, &[changes]).await;
        assert_eq!(found, (code, status, error.to_owned()), "{path} {changes:?}");
    }
    let answer = world.ask(&v2, &[("client_secret", "wrong")]).await;
    let trace = header(&answer, "x-ms-request-id").to_owned();
    let (_, body) = text_of(answer).await;
    assert!(!body.contains("wrong") && !body.contains(CLIENT_SECRET));
    let members: Vec<usize> =
        ["error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri"]
            .iter()
            .map(|name| body.find(&format!("\"{name}\":")).expect("a member"))
            .collect();
    assert!(members.is_sorted());
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let text = |name: &str| body[name].as_str().expect("a text");
    assert_eq!(text("trace_id"), trace);
    assert_eq!(text("error_uri"), "https://login.microsoftonline.com/error?code=7000215");
    assert!(text("timestamp").len() == 20 && text("timestamp").ends_with('Z'));
    let end = format!(" Trace ID: {trace} Correlation ID: {} Timestamp: {}", text("correlation_id"), text("timestamp"));
    assert!(text("error_description").starts_with("AADSTS7000215: Invalid client secret provided."));
    assert!(text("error_description").ends_with(&end));

    let address = world.emulator.authority().join(&v2).expect("an address");
    let answer = world.client.get(address.clone()).send().await.expect("an answer");
    assert_eq!(answer.status(), 405);
    let answer = world.client.post(address).body("grant_type=client_credentials").send().await.expect("an answer");
    assert_eq!(json_of(answer).await["error_codes"], json!([900_144]), "a form says that it is one");
}

#[tokio::test]
async fn faults_come_in_their_number() {
    let faults = [
        Fault::throttled(None).times(1),
        Fault::throttled(Some(7)).times(1),
        Fault::failed(503).retry_after(7).times(1),
    ];
    let world = World::start(builder().faults(faults)).await;
    let path = format!("secrets/past?{API}");
    let body = r#"{"error":{"code":"Throttled","message":"Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached"}}"#;
    // The length that was recorded.
    assert_eq!(body.len(), 146);
    let answer = world.get(&path).await;
    assert_eq!(answer.headers().get("retry-after"), None);
    assert_eq!(text_of(answer).await, (429, body.to_owned()));
    let answer = world.get(&path).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (429, "7"));
    let answer = world.get(&path).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (503, "7"));
    let address = format!("http://payments.localhost:{}/{path}", world.port());
    let h2 = plain_client(&world.emulator).http2_prior_knowledge().retry(reqwest::retry::never());
    let h2 = h2.build().expect("a client");
    for client in [&world.client, &h2] {
        world.emulator.add_fault(Fault::reset().times(1));
        assert!(client.get(&address).send().await.is_err());
    }
    assert_eq!(world.emulator.faults(), []);
    assert_eq!(world.get(&path).await.status(), 200);
    let counts = world.emulator.counts();
    assert_eq!((counts.throttled, counts.of_secret("payments", "past")), (2, 4));

    world.emulator.set_faults([Fault::failed(500).times(1), Fault::failed(200)]);
    assert_eq!(world.get(&path).await.status(), 500);
    assert_eq!(world.get(&path).await.status(), 503);
}

#[tokio::test]
async fn entra_has_faults_too() {
    let world = World::start(builder()).await;
    let path = format!("{TENANT}/oauth2/v2.0/token");
    world.emulator.set_faults(
        [Fault::throttled(None).times(1), Fault::throttled(Some(1)).times(1), Fault::failed(503).times(1)]
            .map(|fault| fault.on(Requests::Tokens)),
    );
    let answer = world.ask(&path, &[]).await;
    assert_eq!((header(&answer, "retry-after"), header(&answer, "content-type")), ("60", "text/plain; charset=utf-8"));
    assert_eq!(text_of(answer).await, (429, "Too Many Requests".to_owned()));
    assert_eq!(header(&world.ask(&path, &[]).await, "retry-after"), "1");
    assert_eq!(world.refused(&path, &[]).await, (90_033, 503, "temporarily_unavailable".to_owned()));
    world.emulator.add_fault(Fault::reset().on(Requests::Tokens).times(1));
    let request = world.client.post(world.emulator.authority().join(&path).expect("an address"));
    assert!(request.send().await.is_err());
    assert_eq!(world.ask(&path, &[]).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn latency_is_by_kind() {
    let _pace = pace();
    let world = World::start(builder()).await;
    let (short, long) = (Duration::from_secs(1), Duration::from_secs(2));
    // A second more would be one of the faults more.
    let takes = |took: Duration, expected: Duration| {
        assert!(took >= expected && took < expected + short, "{took:?} {expected:?}");
    };
    world.emulator.set_faults([Fault::delayed(short), Fault::delayed(short).on(Requests::Gets)]);
    let since = Instant::now();
    world.granted(&[]).await;
    takes(since.elapsed(), short);
    let since = Instant::now();
    world.get(&format!("secrets/past?{API}")).await;
    takes(since.elapsed(), long);
    world.emulator.set_faults([Fault::delayed(long).on(Requests::Tokens)]);
    let since = Instant::now();
    world.granted(&[]).await;
    takes(since.elapsed(), long);
}

#[tokio::test(start_paused = true)]
async fn requests_are_counted() {
    let _pace = pace();
    let shared = Vault::new("shared").tenant(TENANT).secret("a", "1");
    let world = World::start(builder().vault(shared)).await;
    // Long enough for requests to be under way at once.
    world.emulator.add_fault(Fault::delayed(Duration::from_secs(1)));
    let path = format!("secrets/past?{API}");
    tokio::join!(world.get(&path), world.get(&path), world.get(&path));
    world.get(&format!("secrets/PAST/{OLD}/?{API}")).await;
    world.get(&format!("secrets/none?{API}")).await;
    world.get(&format!("secrets?{API}")).await;
    world.get(&format!("secrets/?{API}")).await;
    world.get(&format!("secrets/past/versions?{API}")).await;
    world.get_at(&format!("http://shared.localhost:{}/secrets/a?{API}", world.port()), &world.token).await;
    let counts = world.emulator.counts();
    assert_eq!((counts.tokens, counts.total(), counts.throttled), (1, 6, 0));
    assert_eq!((counts.of_vault("Payments"), counts.of_vault("shared"), counts.of_vault("none")), (5, 1, 0));
    assert_eq!((counts.of_secret("payments", "Past"), counts.of_secret("payments", "none")), (4, 1));
    assert_eq!((counts.peak("payments"), counts.peak("shared")), (3, 1));
}

#[tokio::test]
async fn it_stops() {
    let world = World::start(builder()).await;
    let address = world.emulator.address();
    let path = format!("http://payments.localhost:{}/secrets/past?{API}", world.port());
    world.emulator.add_fault(Fault::delayed(Duration::from_secs(3600)));
    for prior_knowledge in [false, true] {
        let client = plain_client(&world.emulator).retry(reqwest::retry::never());
        let client = if prior_knowledge { client.http2_prior_knowledge() } else { client };
        let request = client.build().expect("a client").get(&path);
        tokio::spawn(async move {
            let waiting = request.send().await;
            assert!(waiting.is_err());
        });
    }
    while world.emulator.counts().peak("payments") < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.emulator.stop().await;
    let again = builder().listen(address).start().await.expect("its port is free again");
    drop(again);
    tokio::time::timeout(Duration::from_secs(120), async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("dropping stops it");
}

#[tokio::test]
async fn it_does_not_start_where_it_must_not() {
    let running = builder().start().await.expect("an emulator");
    let error = builder().listen(running.address()).start().await.expect_err("a port in use");
    assert!(matches!(error, StartError::Listen { address, .. } if address == running.address()));
    assert!(error.to_string().starts_with(&format!("cannot listen on {}: ", running.address())), "{error}");
    let everywhere: SocketAddr = ([0, 0, 0, 0], 0).into();
    let error = builder().listen(everywhere).start().await.expect_err("no loopback");
    assert_eq!(error.to_string(), "the emulator listens on loopback alone, not on 0.0.0.0:0, unless it is exposed");
    let error = builder().vault(Vault::new("PAYMENTS")).start().await.expect_err("a duplicate");
    assert_eq!(error.to_string(), "two vaults are called \"payments\"");
    for name in ["", "a b", "a/b", "a:1"] {
        let error = builder().vault(Vault::new(name)).start().await.expect_err("no host");
        assert!(matches!(error, StartError::Name(_)), "{name:?}");
    }
    let v6: SocketAddr = ([0, 0, 0, 0, 0, 0, 0, 1], 0).into();
    // Where the machine has none there is nothing to see.
    if let Ok(emulator) = builder().listen(v6).start().await {
        let address = format!("http://[::1]:{}/payments/secrets/past?{API}", emulator.address().port());
        assert_eq!(client(&emulator).get(address).send().await.expect("an answer").status(), 401);
    }
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let world = World::start(builder()).await;
    let shown = format!("{:?}", world.emulator) + &format!("{:?}", builder());
    assert!(shown.contains("DB-Password"));
    for secret in ["canary", &*world.token, "quoted"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

fn seed(text: &str) -> Result<Vec<Vault>, Diagnostics> {
    Seed::parse(&Source::private("vaults.yaml", text)).map(|seed| seed.vaults)
}

#[tokio::test]
async fn a_seed_fills_vaults() {
    let vaults = seed(&format!(
        "payments:
  past: text
  db-password:
    - {{ version: {OLD}, value: '', enabled: false }}
    - value: |
        two
        lines
      content-type: application/x-pem-file
      not-before: 5
      expires: 6
    - latest
empty:
"
    ));
    let vaults = vaults.expect("a good seed");
    let lengths: Vec<usize> = vaults.iter().map(Vault::len).collect();
    assert_eq!(lengths, [2, 0]);
    let mut builder = Emulator::builder().application(application(TENANT, CLIENT));
    for vault in vaults {
        builder = builder.vault(vault.tenant(TENANT));
    }
    let world = World::start(builder).await;
    assert_eq!(world.value(&format!("secrets/past?{API}")).await, "text");
    assert_eq!(world.value(&format!("secrets/db-password?{API}")).await, "latest");
    assert_eq!(world.get(&format!("secrets/db-password/{OLD}?{API}")).await.status(), 403);
    let versions = json_of(world.get(&format!("secrets/db-password/versions?{API}")).await).await;
    let id = versions["value"][1]["id"].as_str().expect("an id").to_owned();
    let secret = json_of(world.get_at(&format!("{id}?{API}"), &world.token).await).await;
    assert_eq!(secret["value"], "two\nlines\n");
    assert_eq!(secret["contentType"], "application/x-pem-file");
    assert_eq!((&secret["attributes"]["nbf"], &secret["attributes"]["exp"]), (&json!(5), &json!(6)));
}

#[test]
fn a_bad_seed_says_all_that_is_wrong_and_where() {
    let long = "canary".repeat(MAX_VALUE / 6 + 1);
    let text = format!(
        "payments:
  a_b: canary
  twice: canary
  TWICE: canary
  big: {long}
  list: [[canary]]
  empty: []
  keys:
    - {{ value: canary, colour: red }}
    - {{ valeu: canary }}
    - {{ enabled: maybe, version: 7 }}
    - {{ value: [canary], expires: soon }}
    - {{ version: {OLD}, value: canary }}
    - {{ version: {OLD}, value: canary }}
PAYMENTS:
  x: canary
'b/ad':
  x: canary
flat: canary
"
    );
    let faults = seed(&text).expect_err("a bad seed");
    let found: Vec<String> = faults
        .iter()
        .map(|fault| {
            let label = fault.labels.first().expect("a place");
            let place = label.source.place(u32::try_from(label.span.range().start).expect("a small file"));
            format!("{place} {}: {}", fault.code.as_str(), fault.message)
        })
        .collect();
    let expected = "\
2:3 wrong-value: the secret's name can't have `_`
4:3 duplicate-key: the secret `TWICE` stands twice
5:8 too-large: a value of 25602 bytes; Key Vault takes 25600
6:10 wrong-type: `list` must be a value, and is a list
7:10 wrong-type: `empty` must be a value or a list of versions, and is a list
9:24 unknown-key: unknown key `colour`
10:9 unknown-key: unknown key `valeu`
11:7 missing-key: a version of `keys` has no `value`
11:18 wrong-type: `enabled` must be `true` or `false`, and is a text
11:34 wrong-type: `version` must be 32 hexadecimal digits, and is a text
12:16 wrong-type: `value` must be a value, and is a list
12:35 wrong-type: `expires` must be a time: `2027-01-31`, `2027-01-31T12:00:00Z`, or seconds since 1970, and is a text
14:7 duplicate-name: two versions of `keys` have one id
15:1 duplicate-key: the vault `payments` stands twice
17:1 wrong-value: the vault's name can't have `/`
19:7 wrong-type: `flat` must be a mapping, and is a text";
    assert_eq!(found.join("\n"), expected);
    assert!(!found.concat().contains("canary"));
}
