//! What official clients ask the emulator before they ask for a secret: where endpoints are, and what a vault's
//! challenge names.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use credflow::emulator::{Authority, Builder, CLIENT, Emulator, TENANT, Vault};
use reqwest::{Certificate, Client};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

struct World {
    emulator: Emulator,
    client: Client,
}

impl World {
    async fn start() -> Self {
        Self::start_at(Emulator::builder()).await
    }

    async fn start_at(builder: Builder) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authority = Authority::new();
        let certificate = Certificate::from_pem(authority.pem().as_bytes()).expect("a certificate");
        let vault = Vault::new("payments").secret("plain", "value");
        let emulator = builder.vault(vault).https(authority).start().await.expect("an emulator");
        let local = ["localhost", "login.vault.localhost", "payments.localhost", "payments.vault.localhost"];
        let hosts = local.into_iter().chain(["emu.test", "payments.emu.test"]);
        let builder = Client::builder().no_proxy().add_root_certificate(certificate);
        let builder = hosts.fold(builder, |builder, host| builder.resolve(host, emulator.address()));
        Self { client: builder.build().expect("a client"), emulator }
    }

    fn port(&self) -> u16 {
        self.emulator.address().port()
    }

    async fn get(&self, address: &str) -> (u16, Value) {
        let answer = self.client.get(address).send().await.expect("an answer");
        let (status, body) = (answer.status().as_u16(), answer.text().await.expect("a body"));
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    async fn token(&self, resource: &str) -> String {
        let application = &self.emulator.applications()[0];
        let (client, secret) = (&application.client, application.client_secret());
        let secret = secret.expose();
        let form = format!(
            "grant_type=client_credentials&client_id={client}&client_secret={secret}&scope={resource}/.default"
        );
        let url = self.emulator.authority().join(&format!("{TENANT}/oauth2/v2.0/token")).expect("a URL");
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
        let body = request.send().await.expect("an answer").text().await.expect("a body");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        body["access_token"].as_str().expect("a token").to_owned()
    }
}

#[tokio::test]
async fn endpoints_have_the_origin_by_which_they_were_asked_for() {
    let world = World::start().await;
    let port = world.port();
    for host in ["localhost", "login.vault.localhost"] {
        let origin = format!("https://{host}:{port}");
        for (tenant, path) in [(TENANT, "/v2.0"), (TENANT, ""), ("common", "/v2.0"), ("organizations", "/v2.0")] {
            let address = format!("{origin}/{tenant}{path}/.well-known/openid-configuration");
            let (status, body) = world.get(&address).await;
            assert_eq!(status, 200, "{address}");
            for member in
                ["token_endpoint", "authorization_endpoint", "issuer", "jwks_uri", "device_authorization_endpoint"]
            {
                let value = body[member].as_str().expect("a text");
                assert!(value.starts_with(&format!("{origin}/{tenant}/")), "{member}: {value}");
            }
        }
        let instance = format!("{origin}/common/discovery/instance?api-version=1.1&authorization_endpoint=x");
        let (_, body) = world.get(&instance).await;
        assert_eq!(body["metadata"][0]["aliases"][0], format!("{host}:{port}"));
    }
    // The key that is told is the one that signs.
    let (_, keys) = world.get(&format!("https://localhost:{port}/{TENANT}/discovery/v2.0/keys")).await;
    let half =
        |name: &str| BASE64_URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().expect("a text")).expect("base64");
    let point = [vec![4], half("x"), half("y")].concat();
    let token = world.token("https://vault.azure.net").await;
    let (signed, signature) = token.rsplit_once('.').expect("a JWT");
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64");
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(signed.as_bytes(), &signature).expect("its signature");
    let unknown = "11111111-1111-1111-1111-111111111111";
    let address = format!("https://localhost:{port}/{unknown}/v2.0/.well-known/openid-configuration");
    let (status, body) = world.get(&address).await;
    assert_eq!((status, &body["error"], &body["error_codes"][0]), (400, &"invalid_tenant".into(), &90_002.into()));
    let address = format!("https://localhost:{port}/nonsense/v2.0/.well-known/openid-configuration");
    let (status, body) = world.get(&address).await;
    assert_eq!((status, &body["error_codes"][0]), (400, &900_023.into()));
    for (version, path) in [("", "/oauth2/token"), ("/v2.0", "/oauth2/v2.0/token")] {
        let address = format!("https://localhost:{port}/{TENANT}{version}/.well-known/openid-configuration");
        let (_, body) = world.get(&address).await;
        assert_eq!(body["token_endpoint"], format!("https://localhost:{port}/{TENANT}{path}"));
    }
}

#[tokio::test]
async fn an_identity_is_asked_for_by_any_id_that_it_has() {
    let world = World::start_at(Emulator::builder().managed_identity(CLIENT).managed_identity("second")).await;
    let ask = async |query: &str| {
        let address = format!("https://localhost:{}/metadata/identity/oauth2/token", world.port());
        let address = format!("{address}?api-version=2018-02-01&resource=https://vault.azure.net{query}");
        let answer = world.client.get(address).header("metadata", "true").send().await.expect("an answer");
        let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        body["client_id"].as_str().or(body["error_description"].as_str()).expect("a text").to_owned()
    };
    for (query, found) in [
        ("", CLIENT),
        ("&client_id=second", "second"),
        ("&object_id=SECOND", "second"),
        ("&object_id=none", "Identity not found"),
        ("&client_id=second&object_id=none", "Identity not found"),
        ("&msi_res_id=/subscriptions/x", "Identity not found"),
    ] {
        assert_eq!(ask(query).await, found, "{query}");
    }
}

#[tokio::test]
async fn a_challenge_names_the_domain_by_which_the_vault_was_reached() {
    let world = World::start().await;
    let port = world.port();
    for (host, resource) in [
        ("payments.localhost", "https://vault.azure.net".to_owned()),
        ("payments.vault.localhost", format!("https://vault.localhost:{port}")),
    ] {
        let address = format!("https://{host}:{port}/secrets/plain?api-version=7.4");
        let answer = world.client.get(&address).send().await.expect("an answer");
        let challenge = answer.headers()["www-authenticate"].to_str().expect("a text");
        let expected = format!("Bearer authorization=\"https://localhost:{port}/{TENANT}\", resource=\"{resource}\"");
        assert_eq!(challenge, expected);
        // The token that it asks for opens the vault, and ids go on with the host.
        let token = world.token(&resource).await;
        let answer = world.client.get(&address).bearer_auth(token).send().await.expect("an answer");
        let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        assert!(body["id"].as_str().is_some_and(|id| id.starts_with(&format!("https://{host}:{port}/secrets/plain/"))));
    }
}

#[tokio::test]
async fn it_is_reached_by_the_address_and_the_names_that_it_was_given() {
    let listen = ([127, 0, 0, 2], 0).into();
    let world = World::start_at(Emulator::builder().listen(listen).host("Emu.Test")).await;
    let port = world.port();
    assert_eq!(world.emulator.authority().as_str(), format!("https://emu.test:{port}/"));
    let url = world.emulator.client_url("payments").expect("a vault");
    assert_eq!(url.as_str(), format!("https://payments.emu.test:{port}/"));
    assert!(world.emulator.ca_pem().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
    let domain = format!("https://emu.test:{port}");
    for (base, resource) in [
        (format!("https://payments.emu.test:{port}"), domain.as_str()),
        (format!("https://127.0.0.2:{port}/payments"), "https://vault.azure.net"),
        (format!("https://emu.test:{port}/payments"), "https://vault.azure.net"),
    ] {
        let address = format!("{base}/secrets/plain?api-version=7.4");
        let answer = world.client.get(&address).send().await.expect("an answer");
        let challenge = answer.headers()["www-authenticate"].to_str().expect("a text");
        assert_eq!(challenge, format!("Bearer authorization=\"{domain}/{TENANT}\", resource=\"{resource}\""));
        let token = world.token(resource).await;
        let answer = world.client.get(&address).bearer_auth(token).send().await.expect("an answer");
        let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        assert!(body["id"].as_str().is_some_and(|id| id.starts_with(&format!("{base}/secrets/plain/"))), "{body}");
    }
    for host in ["", "a b", "a/b"] {
        assert!(Emulator::builder().host(host).start().await.is_err(), "{host:?}");
    }
}
