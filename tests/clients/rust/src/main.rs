//! The official Rust clients against the emulator, with challenge and TLS verification on.

mod library;

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use azure_core::Error as ClientError;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::Secret;
use azure_core::error::ErrorKind;
use azure_core::http::{ClientOptions, RequestContent, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use azure_security_keyvault_secrets::models::{
    RestoreSecretParameters, SecretClientGetSecretOptions, SecretClientListSecretPropertiesOptions,
    SetSecretParameters, UpdateSecretPropertiesParameters,
};
use azure_security_keyvault_secrets::{ResourceExt as _, SecretClient, SecretClientOptions};
use futures::TryStreamExt as _;
use serde_json::{Value, json};

const TENANT: &str = "22222222-2222-4222-8222-222222222222";
const OWNER: &str = "11111111-1111-4111-8111-111111111111";
const READER: &str = "33333333-3333-4333-8333-333333333333";

/// Longer than anything takes on the busiest machine: only a hang reaches it.
const HANG: Duration = Duration::from_secs(120);

type Done = Result<(), Box<dyn Error>>;

/// The emulator that runs.
struct World {
    port: String,
    key: String,
    http: reqwest::Client,
}

impl World {
    fn new() -> Result<Self, Box<dyn Error>> {
        let (folder, port) = (env::var("EMULATOR_FOLDER")?, env::var("EMULATOR_PORT")?);
        let pem = fs::read(format!("{folder}/.credflow/ca.pem"))?;
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            // The emulator's authority, and no other: certificates are checked.
            .tls_certs_only([reqwest::Certificate::from_pem(&pem)?]);
        for vault in ["payments", "policies", "closed"] {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?));
            builder = builder.resolve(&format!("{vault}.vault.localhost"), address);
        }
        Ok(Self { key: fs::read_to_string(format!("{folder}/.credflow/control-key"))?, http: builder.build()?, port })
    }

    async fn control(&self, method: reqwest::Method, path: &str, body: Value) -> Result<Value, Box<dyn Error>> {
        let address = format!("https://localhost:{}/_credflow/{path}", self.port);
        let request = self.http.request(method, address).bearer_auth(&self.key).body(body.to_string());
        let answer = request.send().await?.error_for_status()?.text().await?;
        Ok(serde_json::from_str(&answer).unwrap_or(Value::Null))
    }

    fn options(&self) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = format!("https://localhost:{}", self.port);
        ClientOptions {
            cloud: Some(Arc::new(cloud.into())),
            transport: Some(Transport::new(Arc::new(self.http.clone()))),
            ..ClientOptions::default()
        }
    }

    fn client(&self, vault: &str, application: &str, secret: &str) -> Result<SecretClient, ClientError> {
        let options = ClientSecretCredentialOptions { client_options: self.options() };
        let secret = Secret::new(secret.to_owned());
        let credential = ClientSecretCredential::new(TENANT, application.to_owned(), secret, Some(options))?;
        let mut options = SecretClientOptions::default();
        options.client_options = self.options();
        let address = format!("https://{vault}.vault.localhost:{}", self.port);
        SecretClient::new(&address, credential, Some(options))
    }

    fn owner(&self) -> Result<SecretClient, ClientError> {
        self.client("payments", OWNER, "an owner's secret")
    }
}

/// The status and code of what a call was refused with.
fn refusal<T>(result: Result<T, ClientError>) -> (u16, String) {
    match result.err().map(|error| error.kind().clone()) {
        Some(ErrorKind::HttpResponse { status, error_code, .. }) => (status.into(), error_code.unwrap_or_default()),
        other => panic!("not refused by the service: {other:?}"),
    }
}

fn set(value: &str) -> Result<RequestContent<SetSecretParameters>, ClientError> {
    SetSecretParameters { value: Some(value.to_owned()), ..SetSecretParameters::default() }.try_into()
}

/// Waits until the service has settled a change.
async fn settled<T, F: Future<Output = Result<T, ClientError>>>(call: impl Fn() -> F) -> Result<T, ClientError> {
    let begun = Instant::now();
    loop {
        match call().await {
            // It is a refusal when it goes on for longer than anything takes on the busiest machine.
            Err(error) if matches!(error.http_status().map(u16::from), Some(404 | 409)) && begun.elapsed() < HANG => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            result => return result,
        }
    }
}

async fn every_operation(world: &World) -> Done {
    let client = world.owner()?;
    let parameters = SetSecretParameters {
        value: Some("hunter2 ü 🔑".to_owned()),
        content_type: Some("text/plain".to_owned()),
        tags: Some(HashMap::from([("a".to_owned(), "b".to_owned())])),
        ..SetSecretParameters::default()
    };
    let made = client.set_secret("Db-Password", parameters.try_into()?, None).await?.into_model()?;
    assert_eq!(made.value.as_deref(), Some("hunter2 ü 🔑"));
    let first = made.resource_id()?.version;
    let second = client.set_secret("db-password", set("second")?, None).await?.into_model()?;
    assert_eq!(second.resource_id()?.name, "Db-Password");
    assert_eq!(client.get_secret("DB-PASSWORD", None).await?.into_model()?.value.as_deref(), Some("second"));
    let options = SecretClientGetSecretOptions { secret_version: first.clone(), ..Default::default() };
    let old = client.get_secret("db-password", Some(options)).await?.into_model()?;
    assert_eq!((old.value, old.tags), (made.value.clone(), made.tags));

    let parameters =
        UpdateSecretPropertiesParameters { content_type: Some("text/csv".to_owned()), ..Default::default() };
    let changed = client.update_secret_properties("db-password", parameters.try_into()?, None).await?.into_model()?;
    assert_eq!(changed.content_type.as_deref(), Some("text/csv"));
    let versions: Vec<_> = client.list_secret_properties_versions("db-password", None)?.try_collect().await?;
    assert_eq!(versions.len(), 2);
    let backup = client.backup_secret("db-password", None).await?.into_model()?;

    client.delete_secret("db-password", None).await?;
    assert_eq!(refusal(client.set_secret("db-password", set("x")?, None).await).0, 409);
    settled(|| client.get_deleted_secret("db-password", None)).await?;
    assert_eq!(refusal(client.get_secret("db-password", None).await).0, 404);
    let deleted: Vec<_> = client.list_deleted_secret_properties(None)?.try_collect().await?;
    assert_eq!(deleted.len(), 1);
    client.recover_deleted_secret("db-password", None).await?;
    settled(|| client.get_secret("db-password", None)).await?;
    client.delete_secret("db-password", None).await?;
    settled(|| client.purge_deleted_secret("db-password", None)).await?;
    let parameters = RestoreSecretParameters { secret_backup: backup.value, ..Default::default() };
    let restored = client.restore_secret(parameters.try_into()?, None).await?.into_model()?;
    assert_eq!(restored.resource_id()?.name, "Db-Password");
    client.delete_secret("db-password", None).await?;
    settled(|| client.purge_deleted_secret("db-password", None)).await?;
    Ok(())
}

async fn lists_come_in_pages(world: &World) -> Done {
    let client = world.owner()?;
    for index in 0..60 {
        client.set_secret(&format!("rust-{index}"), set("x")?, None).await?;
    }
    world.control(reqwest::Method::POST, "faults", json!({"fault": "empty-page", "count": 1})).await?;
    let options = SecretClientListSecretPropertiesOptions { maxresults: Some(7), ..Default::default() };
    let all: Vec<_> = client.list_secret_properties(Some(options))?.try_collect().await?;
    let mut names = Vec::new();
    for properties in &all {
        names.push(properties.resource_id()?.name);
    }
    assert_eq!(names.iter().filter(|name| name.starts_with("rust-")).count(), 60);
    Ok(())
}

async fn errors_are_the_clients_own(world: &World) -> Done {
    let client = world.owner()?;
    assert_eq!(refusal(client.get_secret("none", None).await), (404, "SecretNotFound".to_owned()));
    assert_eq!(refusal(client.get_secret("disabled", None).await).0, 403);
    assert_eq!(refusal(client.set_secret("a_b", set("x")?, None).await), (400, "BadParameter".to_owned()));
    let reader = world.client("payments", READER, "a reader's secret")?;
    assert!(reader.get_secret("expired", None).await?.into_model()?.value.is_some());
    assert_eq!(refusal(reader.set_secret("x", set("x")?, None).await).0, 403);
    let closed = world.client("closed", OWNER, "an owner's secret")?;
    assert_eq!(refusal(closed.get_secret("plain", None).await).0, 403);
    let wrong = world.client("payments", OWNER, "wrong")?.get_secret("web", None).await;
    let message = wrong.err().map(|error| format!("{error:?}")).unwrap_or_default();
    assert!(message.contains("AADSTS7000215"), "{message}");
    Ok(())
}

async fn a_throttle_is_waited_for(world: &World) -> Done {
    let throttled = async || {
        let counts = world.control(reqwest::Method::GET, "counts", Value::Null).await?;
        counts["throttled"].as_u64().ok_or_else(|| Box::<dyn Error>::from("no count"))
    };
    let before = throttled().await?;
    let faults = json!([{"fault": "throttled", "count": 2, "retry-after": 1}, {"fault": "failed", "count": 1}]);
    world.control(reqwest::Method::POST, "faults", faults).await?;
    let begun = Instant::now();
    let web = world.owner()?.get_secret("web", None).await?.into_model()?;
    assert_eq!((web.value.as_deref(), web.managed), (Some("a certificate"), Some(true)));
    assert_eq!(throttled().await?, before + 2);
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    Ok(())
}

#[tokio::main]
async fn main() -> Done {
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "a provider is installed already")?;
    let world = World::new()?;
    every_operation(&world).await?;
    lists_come_in_pages(&world).await?;
    errors_are_the_clients_own(&world).await?;
    a_throttle_is_waited_for(&world).await?;
    library::a_test_has_its_own_emulator().await?;
    println!("the Rust clients: 5 of 5 passed");
    Ok(())
}
