//! `emulate set`: one more version of a secret of the emulator that runs.

use std::io::{self, IsTerminal, Read};

use reqwest::Method;
use serde::Serialize;
use zeroize::Zeroizing;

use super::remote;
use crate::cli::{Exit, Terminal, args};
use crate::emulator::MAX_VALUE;
use crate::reference::{SecretName, StoreName};

#[derive(Serialize)]
struct Body<'v> {
    value: &'v str,
}

pub(super) fn set(secret: &str, project: &args::Project, terminal: &Terminal) -> Exit {
    let parts = secret
        .split_once('/')
        .and_then(|(vault, name)| Some((vault.parse::<StoreName>().ok()?, name.parse::<SecretName>().ok()?)));
    let Some((vault, name)) = parts else {
        terminal.error("a secret is STORE/SECRET; names have letters, digits and dashes");
        return Exit::Usage;
    };
    if io::stdin().is_terminal() {
        terminal.say("type the value, and Ctrl-D at its end");
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_VALUE + 2));
    if let Err(error) = io::stdin().take(MAX_VALUE as u64 + 1).read_to_end(&mut bytes) {
        terminal.error(&format!("cannot read the value from standard input: {error}"));
        return Exit::World;
    }
    if bytes.len() > MAX_VALUE {
        terminal.error(&format!("the value is longer than {MAX_VALUE} bytes, which is what Key Vault takes"));
        return Exit::Faults;
    }
    let Ok(value) = std::str::from_utf8(&bytes) else {
        terminal.error("the value is not UTF-8; Key Vault holds text, so encode it, with base64 for example");
        return Exit::Faults;
    };
    if value.ends_with('\n') {
        terminal.say("note: the value ends with a line break; `printf %s VALUE` gives none");
    }
    let body = Zeroizing::new(serde_json::to_vec(&Body { value }).expect("internal error: a text is JSON"));
    let path = format!("vaults/{vault}/secrets/{name}");
    match remote::ask(project, Method::PUT, &path, body.to_vec(), terminal) {
        Ok(_) => {
            terminal.say(&format!("set {vault}/{name}"));
            Exit::Success
        }
        Err(exit) => exit,
    }
}
