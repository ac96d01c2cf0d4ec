//! The control endpoint of the emulator that runs for this project.

use std::fs;
use std::sync::Arc;

use reqwest::Method;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::project::Project;
use crate::cli::waiting::Waiting;
use crate::cli::{Exit, Terminal, args};

#[derive(Deserialize)]
struct Refused {
    error: Message,
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

/// Sends a request to the control endpoint, and gives the body of its answer. What goes wrong is told.
pub(super) fn ask(
    named: &args::Project,
    method: Method,
    path: &str,
    body: Vec<u8>,
    terminal: &Terminal,
) -> Result<Zeroizing<Vec<u8>>, Exit> {
    let project = Project::find(named).ok().flatten();
    let none = || {
        terminal.error("no emulator runs for this project");
        terminal.say(&match &project {
            Some(project) => format!("looked in {}", project.path().display()),
            None => "looked for a folder `.credflow` here and above".to_owned(),
        });
        terminal.say("start one with `credflow emulate VAULTS`, or name its folder with `--folder`");
        Exit::World
    };
    let wrong = |message: &str| {
        terminal.error(message);
        Exit::World
    };
    let project = project.as_ref().ok_or_else(none)?;
    let running = project.running().ok_or_else(none)?;
    let key = project.control_key().map_err(|error| wrong(&format!("cannot read the key of the emulator: {error}")))?;
    let client = client(project).map_err(|message| wrong(&message))?;
    let request = client.request(method, format!("{}/_credflow/{path}", running.url)).bearer_auth(key.expose());
    Waiting::new(terminal)?.block_on(async {
        let answer = request.body(body).send().await.map_err(|_| none())?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(|_| wrong("the emulator's answer broke off"))?;
        let body = Zeroizing::new(Vec::from(body));
        if status < 300 {
            return Ok(body);
        }
        let message = serde_json::from_slice(&body).map(|refused: Refused| refused.error.message);
        Err(wrong(&message.unwrap_or_else(|_| format!("the emulator answered with status {status}"))))
    })
}

/// A client that trusts the project's authority and nobody else.
fn client(project: &Project) -> Result<reqwest::Client, String> {
    let mut roots = rustls::RootCertStore::empty();
    // There is none when the emulator speaks plain HTTP.
    if let Ok(pem) = fs::read(project.ca_file()) {
        let certificate = CertificateDer::from_pem_slice(&pem).ok().and_then(|it| roots.add(it).ok());
        certificate.ok_or_else(|| format!("{} holds no certificate", project.ca_file().display()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("internal error: ring has the protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
    let client = client.redirect(reqwest::redirect::Policy::none()).timeout(std::time::Duration::from_secs(30));
    client.build().map_err(|error| error.to_string())
}
