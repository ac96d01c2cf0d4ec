//! The applications of a seed.

use std::sync::Arc;

use super::Context;
use crate::diagnostic::{Code, nearest};
use crate::emulator::{Application, ClientSecret, Federation, TENANT};
use crate::secret::Secret;
use crate::yaml::{Entry, Kind, NodeId, shorten};

/// An application, and what the seed calls it.
pub(super) struct Named {
    name: String,
    pub(super) application: Application,
}

const KEYS: &[&str] = &["client-id", "tenant-id", "client-secrets", "certificates", "federations"];
const SECRET_KEYS: &[&str] = &["value", "expires"];
const FEDERATION_KEYS: &[&str] = &["issuer", "subject", "audience", "certificate"];

/// The audience of federated tokens in the public cloud.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The client id of an application that is named, or of one that the seed doesn't describe.
pub(super) fn client(context: &mut Context<'_>, known: &[Named], node: NodeId, name: &str) -> Option<String> {
    let found = known.iter().find(|known| known.name == name || known.application.client.eq_ignore_ascii_case(name));
    if let Some(found) = found {
        return Some(found.application.client.clone());
    }
    if name.len() == 36 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return Some(name.to_owned());
    }
    let help = match nearest(name, known.iter().map(|known| known.name.as_str())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "describe it under `applications:`, or give its client id".to_owned(),
    };
    context.reader.fault(Code::WrongValue, node, format!("no application is called `{}`", shorten(name)), "", &help);
    None
}

impl Context<'_> {
    /// All applications.
    pub(super) fn applications(&mut self, node: NodeId) -> Vec<Named> {
        let mut all: Vec<Named> = Vec::new();
        for entry in self.reader.entries(node, "applications") {
            let Some(named) = self.application(entry) else { continue };
            if all.iter().any(|other| other.application.client.eq_ignore_ascii_case(&named.application.client)) {
                self.reader.fault(Code::DuplicateName, entry.key, "two applications have one client id", "", "");
            }
            all.push(named);
        }
        all
    }

    fn application(&mut self, entry: Entry) -> Option<Named> {
        let name = self.reader.key(entry)?.to_owned();
        let (mut client, mut has_client) = (None, false);
        let mut application = Application::new(TENANT, "");
        application.secrets.clear();
        for property in self.reader.entries(entry.value, &name) {
            let value = property.value;
            match self.text(property) {
                Some("client-id") => {
                    has_client = true;
                    client = self.guid(value, "client-id").map(str::to_owned);
                }
                Some("tenant-id") => {
                    if let Some(tenant) = self.guid(value, "tenant-id") {
                        tenant.clone_into(&mut application.tenant);
                    }
                }
                Some("client-secrets") => {
                    for item in self.items(value, "client-secrets") {
                        application.secrets.extend(self.client_secret(item));
                    }
                }
                Some("certificates") => {
                    for item in self.items(value, "certificates") {
                        let Some(pem) = self.pem(item, "certificates") else { continue };
                        let has_key = pem.contains("PRIVATE KEY-----") && application.key_file().is_none();
                        match application.clone().certificate(&pem) {
                            Ok(with) if has_key => application = with.with_key_file(self.beside(item)),
                            Ok(with) => application = with,
                            Err(_) => self.reader.wrong_type(item, "certificates", "a file with a certificate, as PEM"),
                        }
                    }
                }
                Some("federations") => {
                    for item in self.items(value, "federations") {
                        if let Some(federation) = self.federation(item) {
                            application = application.federated(federation);
                        }
                    }
                }
                _ => self.reader.unknown(property.key, KEYS, true),
            }
        }
        let Some(client) = client else {
            if !has_client {
                let message = format!("`{}` has no `client-id`", shorten(&name));
                self.reader.fault(Code::MissingKey, entry.key, message, "", "");
            }
            return None;
        };
        application.client = client;
        Some(Named { name, application })
    }

    /// A secret: its value, or a mapping with the time when it ends.
    fn client_secret(&mut self, node: NodeId) -> Option<ClientSecret> {
        const KEY: &str = "client-secrets";
        let of = |text: &str| ClientSecret { value: Arc::new(Secret::concat([text])), expires: None };
        if self.reader.tree.kind(node) != Kind::Mapping {
            return self.reader.text(node, KEY).map(of);
        }
        let (mut secret, mut expires) = (None, None);
        for property in self.reader.entries(node, KEY) {
            match self.text(property) {
                Some("value") => secret = self.reader.text(property.value, "value").map(of),
                Some("expires") => expires = self.time(property.value, "expires"),
                _ => self.reader.unknown(property.key, SECRET_KEYS, true),
            }
        }
        if secret.is_none() {
            self.reader.fault(Code::MissingKey, node, "a client secret has no `value`", "", "");
        }
        secret.map(|secret| ClientSecret { expires, ..secret })
    }

    fn federation(&mut self, node: NodeId) -> Option<Federation> {
        let (mut issuer, mut subject, mut audience, mut certificate) = (None, None, AUDIENCE.to_owned(), None);
        for property in self.reader.entries(node, "federations") {
            let value = property.value;
            match self.text(property) {
                Some("issuer") => issuer = self.reader.text(value, "issuer").map(str::to_owned),
                Some("subject") => subject = self.reader.text(value, "subject").map(str::to_owned),
                Some("audience") => {
                    if let Some(text) = self.reader.text(value, "audience") {
                        text.clone_into(&mut audience);
                    }
                }
                Some("certificate") => certificate = self.pem(value, "certificate"),
                _ => self.reader.unknown(property.key, FEDERATION_KEYS, true),
            }
        }
        let (Some(issuer), Some(subject), Some(certificate)) = (issuer, subject, certificate) else {
            let message = "a federation needs `issuer`, `subject` and `certificate`";
            self.reader.fault(Code::MissingKey, node, message, "", "");
            return None;
        };
        Some(Federation { issuer, subject, audience, certificate })
    }

    fn pem(&mut self, node: NodeId, key: &str) -> Option<String> {
        let text = String::from_utf8(self.file(node, key)?).ok();
        if text.is_none() {
            self.reader.wrong_type(node, key, "a file with a certificate, as PEM");
        }
        text
    }
}
