//! A running emulator, a client that finds its names, and a token.

#![allow(dead_code, unreachable_pub, reason = "each test has its part of it")]

use credflow::emulator::{Builder, Emulator};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

pub const API: &str = "api-version=2025-07-01";

pub struct World {
    pub emulator: Emulator,
    pub client: Client,
    pub token: String,
}

impl World {
    pub async fn start(builder: Builder) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let emulator = builder.start().await.expect("an emulator");
        let hosts = ["payments.localhost", "other.localhost", "money.example", "localhost"];
        // A fault is one request's; a client that tries again would meet two.
        let client = Client::builder().no_proxy().retry(reqwest::retry::never());
        let client = hosts.iter().fold(client, |client, host| client.resolve(host, emulator.address()));
        let mut world = Self { client: client.build().expect("a client"), emulator, token: String::new() };
        let granted = world.ask_token(0).await;
        granted["access_token"].as_str().expect("a token").clone_into(&mut world.token);
        world
    }

    /// What Entra ID answers to an application, by its place, with its first secret.
    pub async fn ask_token(&self, application: usize) -> Value {
        let application = &self.emulator.applications()[application];
        let secret = application.client_secret();
        self.ask_token_with(&application.tenant, &application.client, secret.expose()).await
    }

    pub async fn ask_token_with(&self, tenant: &str, client: &str, secret: &str) -> Value {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", secret),
            ("scope", "https://vault.azure.net/.default"),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let url = self.emulator.authority().join(&format!("{tenant}/oauth2/v2.0/token")).expect("a URL");
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
        json(request.send().await.expect("an answer")).await
    }

    pub fn request(&self, vault: &str, method: &str, path: &str, body: &str) -> RequestBuilder {
        let url = self.emulator.vault_url(vault).expect("a vault").join(path).expect("a URL");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let separator = if url.query().is_some() { '&' } else { '?' };
        let request = self.client.request(method, format!("{url}{separator}{API}")).bearer_auth(&self.token);
        request.header("content-type", "application/json").body(body.to_owned())
    }

    /// The answer of a vault, and its body.
    pub async fn at(&self, vault: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
        let answer = self.request(vault, method, path, body).send().await.expect("an answer");
        (answer.status().as_u16(), json(answer).await)
    }

    pub async fn send(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.at("payments", method, path, body).await
    }

    /// A request to the control endpoint with that key.
    pub async fn control(&self, key: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
        let url = self.emulator.authority().join(&format!("_credflow/{path}")).expect("a URL");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.client.request(method, url).bearer_auth(key).body(body.to_owned());
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), json(answer).await)
    }
}

/// The status and the innermost code of an answer.
pub fn code(answer: &(u16, Value)) -> (u16, &str) {
    let error = &answer.1["error"];
    (answer.0, error["innererror"]["code"].as_str().or(error["code"].as_str()).unwrap_or_default())
}

async fn json(answer: Response) -> Value {
    serde_json::from_str(&answer.text().await.expect("a body")).unwrap_or(Value::Null)
}
