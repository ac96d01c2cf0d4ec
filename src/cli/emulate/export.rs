//! `emulate export`: what the vaults of the emulator that runs hold, as a seed or a dotenv file.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;

use super::remote;
use crate::cli::args::{Export, ExportFormat};
use crate::cli::{Exit, Terminal};
use crate::dotenv;
use crate::file;
use crate::secret::{Buffer, Secret};
use crate::yaml::quoted;

/// A version as the control endpoint gives it.
#[derive(Deserialize)]
struct Version {
    id: String,
    #[serde(deserialize_with = "secret")]
    value: Secret,
    enabled: bool,
    content_type: Option<String>,
    not_before: Option<i64>,
    expires: Option<i64>,
    created: i64,
    updated: Option<i64>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    managed: bool,
}

type Vaults = BTreeMap<String, BTreeMap<String, Vec<Version>>>;

fn secret<'d, D: serde::Deserializer<'d>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

pub(super) fn export(args: &Export, terminal: &Terminal) -> Exit {
    let body = match remote::ask(&args.project, Method::GET, "vaults", Vec::new(), terminal) {
        Ok(body) => body,
        Err(exit) => return exit,
    };
    let Ok(mut vaults) = serde_json::from_slice::<Vaults>(&body) else {
        terminal.error("the emulator that runs is of another version of credflow");
        return Exit::World;
    };
    if let Some(store) = &args.store {
        vaults.retain(|name, _| name.eq_ignore_ascii_case(store));
        if vaults.is_empty() {
            terminal.error(&format!("the emulator has no vault called {store}"));
            return Exit::Faults;
        }
    }
    let written = match args.format {
        ExportFormat::Yaml => {
            terminal.say(LEFT_OUT);
            Ok(yaml(&vaults, args.reveal))
        }
        ExportFormat::Dotenv => variables(&vaults, args.reveal),
    };
    let text = match written {
        Ok(text) => text,
        Err(message) => {
            terminal.error(&message);
            return Exit::Faults;
        }
    };
    let Some(path) = &args.output else { return terminal.result(text.as_bytes()) };
    match file::write(path, text.as_bytes()) {
        Ok(()) => Exit::Success,
        Err(error) => {
            terminal.error(&format!("cannot write {}: {error}", path.display()));
            Exit::World
        }
    }
}

/// What stands in a seed and not in its export.
const LEFT_OUT: &str = "secrets alone are exported: applications, rights, aliases and other properties of vaults, faults and deleted secrets are not";

/// What stands in the place of a value: no value at all, so that nobody takes stars for one.
const MASKED: &str = "masked; --reveal shows it";

/// As a seed, from which the same vaults come again, when the values are shown.
fn yaml(vaults: &Vaults, reveal: bool) -> Buffer {
    let mut out = Buffer::default();
    out.push(format!("# {LEFT_OUT}\n").as_bytes());
    for (vault, secrets) in vaults {
        out.push(format!("{vault}:\n").as_bytes());
        for (name, versions) in secrets {
            out.push(format!("  {name}:\n").as_bytes());
            for version in versions {
                out.push(format!("    - version: {}\n      value: ", quoted(&version.id).as_str()).as_bytes());
                if reveal {
                    out.push(quoted(version.value.expose()).as_bytes());
                } else {
                    out.push(format!("# {MASKED}").as_bytes());
                }
                out.push(b"\n");
                if !version.enabled {
                    out.push(b"      enabled: false\n");
                }
                if version.managed {
                    out.push(b"      managed: true\n");
                }
                if let Some(text) = &version.content_type {
                    out.push(format!("      content-type: {}\n", quoted(text).as_str()).as_bytes());
                }
                for (key, time) in [
                    ("not-before", version.not_before),
                    ("expires", version.expires),
                    ("created", Some(version.created)),
                    ("updated", version.updated),
                ] {
                    if let Some(time) = time {
                        out.push(format!("      {key}: {time}\n").as_bytes());
                    }
                }
                for (index, (name, value)) in version.tags.iter().enumerate() {
                    let head = if index == 0 { "      tags:\n" } else { "" };
                    let line = format!("{head}        {}: {}\n", quoted(name).as_str(), quoted(value).as_str());
                    out.push(line.as_bytes());
                }
            }
        }
        if secrets.is_empty() {
            out.push(b"  {}\n");
        }
    }
    out
}

/// The latest versions, `db-password` as `DB_PASSWORD`.
fn variables(vaults: &Vaults, reveal: bool) -> Result<Buffer, String> {
    let mut out = Buffer::default();
    for (name, versions) in vaults.values().flatten() {
        let Some(latest) = versions.last().filter(|latest| latest.enabled) else { continue };
        let value = latest.value.expose();
        let variable = name.replace('-', "_").to_ascii_uppercase();
        if !reveal {
            out.push(format!("# {variable} is {MASKED}\n").as_bytes());
            continue;
        }
        out.push(format!("{variable}=").as_bytes());
        let quoted = if value.contains('\0') { Err("it has a NUL character") } else { dotenv::quote(&mut out, value) };
        quoted.map_err(|why| {
            format!("the value of {name} can't be written to a dotenv file so that all its readers agree: {why}; take `--format yaml`")
        })?;
        out.push(b"\n");
    }
    Ok(out)
}
