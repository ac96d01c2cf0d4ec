//! The emulator inside of a test, with the official client.

use std::error::Error;
use std::sync::Arc;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::Secret;
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use credflow::emulator::{Authority, Emulator, Fault, Vault};

/// A client of one of the emulator's vaults.
fn client(emulator: &Emulator, vault: &str) -> Result<SecretClient, Box<dyn Error>> {
    let url = emulator.client_url(vault).ok_or("no such vault")?;
    let pem = emulator.ca_pem().ok_or("plain HTTP")?;
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes())?])
        // Where every name below localhost is this machine, this isn't needed.
        .resolve(url.host_str().unwrap_or_default(), emulator.address())
        .build()?;
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host = emulator.authority().to_string();
    let options = ClientOptions {
        cloud: Some(Arc::new(cloud.into())),
        transport: Some(Transport::new(Arc::new(http))),
        ..ClientOptions::default()
    };
    let application = &emulator.applications()[0];
    let secret = Secret::new(application.client_secret().expose().to_owned());
    let credential_options = ClientSecretCredentialOptions { client_options: options.clone() };
    let credential =
        ClientSecretCredential::new(&application.tenant, application.client.clone(), secret, Some(credential_options))?;
    let mut secret_options = SecretClientOptions::default();
    secret_options.client_options = options;
    Ok(SecretClient::new(url.as_str(), credential, Some(secret_options))?)
}

pub(crate) async fn a_test_has_its_own_emulator() -> Result<(), Box<dyn Error>> {
    let vault = Vault::new("payments").secret("db-password", "hunter2");
    let fault = Fault::throttled(Some(0)).times(1);
    let emulator = Emulator::builder().vault(vault).fault(fault).https(Authority::new()).start().await?;
    let secret = client(&emulator, "payments")?.get_secret("db-password", None).await?.into_model()?;
    assert_eq!(secret.value.as_deref(), Some("hunter2"));
    assert_eq!(emulator.counts().throttled, 1);
    Ok(())
}
