//! Each identity that a store may have, from its configuration to a value: the command as a process, the emulator's
//! Entra ID and managed identities, and an `az` of our own.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use credflow::emulator::{Application, Authority, CLIENT, Emulator, Fault, Federation, Requests, Role, TENANT, Vault};
use ring::rand::SystemRandom;
use ring::{rsa, signature};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;

const CANARY: &str = "canary-7f3a9c";
const SECRET: &str = "canary-client-secret";
const ISSUER: &str = "https://oidc.cluster.example/";
const SUBJECT: &str = "system:serviceaccount:deploy:runner";
const AUDIENCE: &str = "api://AzureADTokenExchange";

fn key(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys").join(name)
}

fn pem(name: &str) -> String {
    fs::read_to_string(key(name)).expect("a key")
}

/// The token of a platform, signed by its key.
fn federated_token(subject: &str, signer: &str) -> String {
    let part = |json: String| BASE64_URL_SAFE_NO_PAD.encode(json);
    let claims =
        format!(r#"{{"iss":"{ISSUER}","sub":"{subject}","aud":["{AUDIENCE}"],"exp":4102444800,"nbf":1000000000}}"#);
    let signed = format!("{}.{}", part(r#"{"alg":"RS256","typ":"JWT","kid":"1"}"#.to_owned()), part(claims));
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem(signer).as_bytes()).expect("a key");
    let key = rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("an RSA key");
    let mut bytes = vec![0; key.public().modulus_len()];
    key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut bytes).expect("a signature");
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// An emulator whose one application has everything, and a folder for a configuration.
struct World {
    emulator: Emulator,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let application = Application::new(TENANT, CLIENT)
            .secret(SECRET)
            .certificate(&pem("application.pem"))
            .expect("a certificate")
            .federated(Federation {
                issuer: ISSUER.to_owned(),
                subject: SUBJECT.to_owned(),
                audience: AUDIENCE.to_owned(),
                certificate: pem("other.pem"),
            });
        let vault = Vault::new("payments")
            .secret("plain", CANARY)
            .role(CLIENT, Role::SecretsUser)
            .role("user-assigned", Role::SecretsUser);
        let emulator = Emulator::builder()
            .application(application)
            .managed_identity(CLIENT)
            .managed_identity("user-assigned")
            .vault(vault)
            .start()
            .await
            .expect("an emulator");
        Self { emulator, folder: tempfile::tempdir().expect("a folder") }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    fn config(&self, properties: &str) -> String {
        let url = self.emulator.vault_url("payments").expect("a vault");
        let authority = self.emulator.authority();
        let properties = properties.lines().map(str::trim).collect::<Vec<_>>().join("\n    ");
        format!("stores:\n  payments:\n    vault-url: {url}\n    authority: {authority}\n    {properties}\n")
    }

    /// A command that needs the value, and so much time for it.
    fn command(&self, seconds: u64) -> Command {
        let mut command = crate::project::program();
        command.args(["exec", "--timeout", &seconds.to_string(), "--", "/bin/sh", "-c", "test \"$V\" = canary-7f3a9c"]);
        command.current_dir(self.folder.path()).env_clear().env("PATH", self.folder.path());
        command.env("V", "$<credential:payments/plain>");
        command
    }

    /// Runs a command that needs the value, through a store with these further properties. `ok`, or what was said.
    async fn exec(&self, properties: &str, variables: &[(&str, &str)]) -> Result<(), String> {
        self.write("credflow.yaml", &self.config(properties));
        // So much that only a hang takes it.
        let mut command = self.command(300);
        command.envs(variables.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("a process");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("canary"), "{said}");
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    /// A token of the application, as somebody else gets it.
    async fn token(&self) -> String {
        let body = format!(
            "grant_type=client_credentials&client_id={CLIENT}&client_secret={SECRET}&resource=https://vault.azure.net"
        );
        let url = self.emulator.authority().join(&format!("{TENANT}/oauth2/token")).expect("an address");
        let answer = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(no_tls())
            .build()
            .expect("a client")
            .post(url.as_str().replace("localhost", "127.0.0.1"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("a body");
        let token = answer.split("access_token\":\"").nth(1).and_then(|rest| rest.split('"').next());
        token.expect("a token").to_owned()
    }

    async fn works(&self, properties: &str, variables: &[(&str, &str)]) {
        let before = self.emulator.counts().of_secret("payments", "plain");
        let result = self.exec(properties, variables).await;
        assert_eq!(result, Ok(()), "{properties} {variables:?}");
        assert_eq!(self.emulator.counts().of_secret("payments", "plain"), before + 1);
    }

    async fn fails(&self, properties: &str, variables: &[(&str, &str)], expected: &[&str]) {
        let said = self.exec(properties, variables).await.expect_err("no value");
        for expected in expected {
            assert!(said.contains(expected), "{said}\ndoes not say {expected}");
        }
    }
}

#[tokio::test]
async fn a_client_secret_may_leave_the_rest_to_the_vault() {
    let world = World::start().await;
    let store = format!("client-id: {CLIENT}\nclient-secret: {{ env: S }}");
    world.works(&store, &[("S", SECRET)]).await;
    world.works(&format!("{store}\ntenant-id: {TENANT}"), &[("S", SECRET)]).await;
    world.works(&format!("{store}\nazure-resource: https://vault.azure.net/"), &[("S", SECRET)]).await;
    world.fails(&store, &[("S", "wrong")], &["wrong-client-secret", "az ad app credential reset"]).await;
}

#[tokio::test]
async fn a_client_certificate_signs_an_assertion() {
    let world = World::start().await;
    let store = |name: &str| format!("client-id: {CLIENT}\nclient-certificate: {}", key(name).display());
    world.works(&store("application.pem"), &[]).await;
    // The same key in OpenSSL's older form.
    world.works(&store("pkcs1.pem"), &[]).await;
    world.fails(&store("other.pem"), &[], &["unknown-certificate", "--append --cert"]).await;
    world.fails(&store("ec.pem"), &[], &["not an RSA key"]).await;
    world.fails(&store("README.md"), &[], &["holds no certificate"]).await;
    world.fails(&store("missing.pem"), &[], &["client certificate"]).await;
}

#[tokio::test]
async fn a_workload_shows_the_token_of_its_platform() {
    let world = World::start().await;
    let token = world.write("token", &format!("{}\n", federated_token(SUBJECT, "other.pem")));
    world.works(&format!("client-id: {CLIENT}\ntoken-file: token"), &[]).await;
    let path = token.display().to_string();
    let variables = [("AZURE_CLIENT_ID", CLIENT), ("AZURE_TENANT_ID", TENANT), ("AZURE_FEDERATED_TOKEN_FILE", &path)];
    world.works("identity: workload-identity", &variables).await;
    world.fails("identity: workload-identity", &[], &["environment-unset", "AZURE_FEDERATED_TOKEN_FILE"]).await;
    world.fails("identity: workload-identity\ntoken-file: none", &variables, &["federated-token"]).await;
    world.write("token", &federated_token("System:serviceaccount:deploy:runner", "other.pem"));
    let no = ["no-federated-credential", "az ad app federated-credential list"];
    world.fails("identity: workload-identity", &variables, &no).await;
    world.write("token", &federated_token(SUBJECT, "application.pem"));
    world.fails("identity: workload-identity", &variables, &["token-refused"]).await;
}

#[tokio::test]
async fn a_managed_identity_needs_no_secret() {
    let world = World::start().await;
    let host = world.emulator.authority().to_string();
    let metadata = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", host.as_str())];
    world.works("identity: managed-identity", &metadata).await;
    world.works("identity: managed-identity\nclient-id: user-assigned", &metadata).await;
    let unknown = ["unknown-managed-identity", "az identity list"];
    world.fails("identity: managed-identity\nclient-id: another", &metadata, &unknown).await;
    let endpoint = world.emulator.identity_endpoint().to_string();
    let header = world.emulator.identity_header().expose();
    let app = [("IDENTITY_ENDPOINT", endpoint.as_str()), ("IDENTITY_HEADER", header)];
    // App Service and Container Apps serve real tokens on loopback.
    world.fails("identity: managed-identity", &app, &["foreign-host", "allow-custom-domain"]).await;
    let store = "identity: managed-identity\nallow-custom-domain: true";
    world.works(store, &app).await;
    let wrong = [("IDENTITY_ENDPOINT", endpoint.as_str()), ("IDENTITY_HEADER", "wrong")];
    world.fails(store, &wrong, &["token-refused"]).await;
    world.fails("identity: managed-identity", &app[..1], &["Azure Arc"]).await;
    let none = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")];
    world.fails("identity: managed-identity", &none, &["no-managed-identity", "azure-cli"]).await;
    let far = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://metadata.example")];
    world.fails("identity: managed-identity", &[], &["foreign-host"]).await;
    world.fails("identity: managed-identity", &far, &["plain-http"]).await;
    // The service restarts now and then.
    world.emulator.add_fault(Fault::failed(503).on(Requests::Tokens).times(2));
    world.works("identity: managed-identity", &metadata).await;
}

#[tokio::test]
async fn the_azure_cli_is_asked() {
    let world = World::start().await;
    let wrong = ["bad-url", "`azure-cli`", "allow-custom-domain"];
    world.fails("identity: azure-cli", &[], &wrong).await;
    let store = "identity: azure-cli\nallow-custom-domain: true";
    world.fails(store, &[], &["no-azure-cli"]).await;
    let az = |script: &str| {
        let path = world.write("az", &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("an executable");
    };
    az("exit 1");
    world.fails(&format!("{store}\ntenant-id: {TENANT}"), &[], &["azure-cli", "az login --tenant"]).await;
    az("echo not json");
    world.fails(store, &[], &["az login"]).await;
    let token = world.token().await;
    // Without a tenant of its own, the store asks for the vault's.
    let script = |tenant: &str| {
        format!(
            r#"test "$*" = 'account get-access-token --output json --scope https://vault.azure.net/.default --tenant {tenant}' || exit 1
echo '{{"accessToken":"{token}","expiresOn":"2100-01-01 00:00:00.000000","expires_on":4102444800,"tokenType":"Bearer"}}'"#
        )
    };
    az(&script(TENANT));
    world.works(store, &[]).await;
    az(&script("corp.example"));
    world.works(&format!("{store}\ntenant-id: corp.example"), &[]).await;
    let login = format!("az login --tenant {TENANT}");
    world.fails(store, &[], &["azure-cli", &login]).await;
}

/// A command that finds credflow's own credentials can't show them.
#[tokio::test]
async fn what_proves_who_asks_is_masked() {
    let world = World::start().await;
    let shown = async |properties: &str, variables: &[(&str, &str)], script: &str| {
        world.write("credflow.yaml", &world.config(properties));
        let mut command = crate::project::program();
        command.args(["exec", "--", "/bin/sh", "-c", script]).current_dir(world.folder.path()).env_clear();
        command.env("PATH", world.folder.path()).env("V", "$<credential:payments/plain>");
        command.envs(variables.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("a process");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // A token that was fetched, its parts, and the header of it.
    let token = world.token().await;
    let script = format!("#!/bin/sh\necho '{{\"accessToken\":\"{token}\",\"expires_on\":4102444800}}'\n");
    let az = world.write("az", &script);
    fs::set_permissions(az, fs::Permissions::from_mode(0o755)).expect("an executable");
    let parts = "echo \"Bearer $T\"; P=${T#*.}; echo \"${P%.*}\"; echo \"${P#*.}\"; echo \"${T%%.*}\"";
    let head = token.split('.').next().expect("a head");
    let store = "identity: azure-cli\nallow-custom-domain: true";
    assert_eq!(shown(store, &[("T", &token)], parts).await, format!("Bearer ***\n***\n***\n{head}\n"));
    // The token of a platform, by a file of the environment.
    let federated = federated_token(SUBJECT, "other.pem");
    let file = world.write("federated", &federated).display().to_string();
    let variables = [("AZURE_CLIENT_ID", CLIENT), ("AZURE_TENANT_ID", TENANT), ("AZURE_FEDERATED_TOKEN_FILE", &file)];
    for properties in ["identity: workload-identity", "identity: environment"] {
        assert_eq!(shown(properties, &variables, "/bin/cat federated").await, "***", "{properties}");
    }
    // The key of a certificate of the environment, and what it would be encrypted with.
    let certificate = key("application.pem").display().to_string();
    let variables = [
        ("AZURE_CLIENT_ID", CLIENT),
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_CLIENT_CERTIFICATE_PATH", &certificate),
        ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "pfx-password"),
    ];
    let script = "/bin/cat \"$AZURE_CLIENT_CERTIFICATE_PATH\"; echo $AZURE_CLIENT_CERTIFICATE_PASSWORD";
    let text = shown("identity: environment", &variables, script).await;
    assert!(text.ends_with("***\n") && !text.contains("PRIVATE KEY-----\nMI"), "{text}");
    assert!(text.contains("BEGIN CERTIFICATE-----\nMI"), "{text}");
}

#[tokio::test]
async fn an_azure_cli_that_hangs_is_named_and_not_left_behind() {
    let world = World::start().await;
    let script = "#!/bin/sh\nPATH=/bin:/usr/bin\nsleep 300 &\necho $! > child\nwait\n";
    let path = world.write("az", script);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("an executable");
    world.write("credflow.yaml", &world.config("identity: azure-cli\nallow-custom-domain: true"));
    let child = world.folder.path().join("child");
    // However slow the machine is, some time is enough to start it.
    for seconds in (0..8).map(|doubled| 1 << doubled) {
        let mut command = world.command(seconds);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("a process");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(125), "{said}");
        if has_line(&child) {
            assert!(said.contains("while the Azure CLI was asked for a token"), "{said}");
            break;
        }
    }
    is_over(&child).await;
    fs::remove_file(&child).expect("a file");
    // Somebody started it, and interrupts it.
    let started = world.command(300).stderr(std::process::Stdio::piped()).spawn().expect("a process");
    until("the Azure CLI runs", || has_line(&child)).await;
    let id = rustix::process::Pid::from_child(&started);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("a signal");
    let output = tokio::task::spawn_blocking(move || started.wait_with_output());
    let output = output.await.expect("a thread").expect("an end");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    is_over(&child).await;
}

fn has_line(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.ends_with('\n'))
}

/// Waits for the end of the process whose id is in that file.
async fn is_over(child: &Path) {
    let id = fs::read_to_string(child).expect("a number").trim().parse().expect("a number");
    let id = rustix::process::Pid::from_raw(id).expect("a process");
    // Where nobody reaps it, its end is seen in its state.
    until("it ends", || {
        let status = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).unwrap_or_default();
        rustix::process::test_kill_process(id).is_err() || status.contains(") Z ")
    })
    .await;
}

/// Waits for what another process does, in a time that only a hang takes.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let looks = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), looks).await.unwrap_or_else(|_| panic!("{what}, at last"));
}

#[tokio::test]
async fn a_managed_identity_of_the_emulator_may_speak_https() {
    let authority = Authority::new();
    let pem = authority.pem().to_owned();
    let vault = Vault::new("payments").secret("plain", CANARY);
    let emulator = Emulator::builder().vault(vault).https(authority).start().await.expect("an emulator");
    let world = World { emulator, folder: tempfile::tempdir().expect("a folder") };
    world.write("ca.pem", &pem);
    let store = "identity: managed-identity\nca-file: ca.pem";
    let host = world.emulator.authority().to_string();
    world.works(store, &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &host)]).await;
    let endpoint = world.emulator.identity_endpoint().to_string();
    assert!(endpoint.starts_with("https://localhost:"), "{endpoint}");
    let header = world.emulator.identity_header().expose();
    let app = [("IDENTITY_ENDPOINT", endpoint.as_str()), ("IDENTITY_HEADER", header)];
    world.works(&format!("{store}\nallow-custom-domain: true"), &app).await;
    let far = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", "https://metadata.example")];
    world.fails(store, &far, &["plain-http"]).await;
}

fn no_tls() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

#[tokio::test]
async fn the_environment_says_which_identity_it_is() {
    let world = World::start().await;
    let store = "identity: environment";
    let application = ("AZURE_CLIENT_ID", CLIENT);
    world.works(store, &[application, ("AZURE_CLIENT_SECRET", SECRET), ("AZURE_TENANT_ID", TENANT)]).await;
    world.works(store, &[application, ("AZURE_CLIENT_SECRET", SECRET)]).await;
    let certificate = key("application.pem").display().to_string();
    world.works(store, &[application, ("AZURE_CLIENT_CERTIFICATE_PATH", &certificate)]).await;
    let token = world.write("token", &federated_token(SUBJECT, "other.pem")).display().to_string();
    world.works(store, &[application, ("AZURE_FEDERATED_TOKEN_FILE", &token)]).await;
    world.fails(store, &[], &["environment-unset", "AZURE_CLIENT_ID"]).await;
    world.fails(store, &[application], &["AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH"]).await;
    let tenant = ("AZURE_TENANT_ID", "11111111-1111-1111-1111-111111111111");
    world.fails(store, &[application, ("AZURE_CLIENT_SECRET", SECRET), tenant], &["unknown-tenant"]).await;
}
