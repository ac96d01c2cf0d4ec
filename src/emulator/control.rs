//! The control endpoint: what a test in another language, or a person with curl, changes while the emulator runs.
//!
//! Everything is below `/_credflow/` on this machine's own names, and needs the key that the emulator was started with:
//! a page in a browser can't reach it, and another user of the machine can't either.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::respond::changed;
use super::vault::{self, Kept, Version};
use super::{World, clock, seed};
use crate::diagnostic::human::{self, Style};
use crate::secret::Secret;
use crate::source::Source;

#[derive(Serialize)]
struct Counts {
    tokens: u64,
    throttled: u64,
    /// By vault and secret.
    gets: BTreeMap<String, u64>,
    peaks: BTreeMap<String, u64>,
}

/// One of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    now: Option<String>,
    offset: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    value: String,
}

#[derive(Serialize)]
struct Offset {
    offset: i64,
}

/// Answers a request to that path below the endpoint, from who brings that key.
pub(super) async fn answer(world: &World, method: &str, path: &str, key: Option<&str>, body: &[u8]) -> Answer {
    let Some(control) = &world.control else {
        return refuse(404, "there is no control endpoint; the emulator was started without a key for it");
    };
    if key != Some(control.expose()) {
        return refuse(401, "the control endpoint needs its key: Authorization: Bearer KEY");
    }
    let segments: Vec<&str> = path.split('/').collect();
    match (method, &segments[..]) {
        ("GET", ["counts"]) => counts(world),
        ("GET", ["faults"]) => Answer::json(200, &world.faults().left()),
        ("POST" | "PUT", ["faults"]) => faults(world, method, body),
        ("DELETE", ["faults"]) => {
            *world.faults() = super::Faults::default();
            Answer::empty(204)
        }
        ("GET", ["clock"]) => Answer::json(200, &Offset { offset: world.clock.offset() }),
        ("PUT", ["clock"]) => time(world, body),
        ("POST", ["tokens", "expire"]) => {
            world.tokens.expire();
            Answer::empty(204)
        }
        ("GET", ["vaults"]) => vaults(world),
        ("PUT", ["vaults", name, "secrets", secret]) => set(world, name, secret, body).await,
        (_, ["counts" | "faults" | "clock" | "vaults"] | ["tokens", "expire"] | ["vaults", _, "secrets", _]) => {
            refuse(405, "not with that method")
        }
        _ => refuse(404, "known here: counts, faults, clock, tokens/expire, vaults, vaults/NAME/secrets/NAME"),
    }
}

fn refuse(status: u16, message: &str) -> Answer {
    vault::refuse(status, "Control", None, message)
}

fn counts(world: &World) -> Answer {
    let counts = world.counters.read(&world.vaults);
    let gets = counts.gets.into_iter().map(|((vault, secret), count)| (format!("{vault}/{secret}"), count)).collect();
    Answer::json(200, &Counts { tokens: counts.tokens, throttled: counts.throttled, gets, peaks: counts.peaks })
}

/// One fault or a list of them, as they stand in a seed: POST adds, PUT replaces.
fn faults(world: &World, method: &str, body: &[u8]) -> Answer {
    let Ok(text) = std::str::from_utf8(body) else { return refuse(400, "the body is not UTF-8") };
    // JSON is YAML.
    match seed::faults(&Source::private("body", text), &world.vaults) {
        Ok(faults) if method == "PUT" => *world.faults() = faults.into_iter().collect(),
        Ok(faults) => faults.into_iter().for_each(|fault| world.faults().add(fault)),
        Err(wrong) => return refuse(400, &human::write(&wrong, Style::Plain)),
    }
    Answer::empty(204)
}

/// `{"now": "2027-01-31T12:00:00Z"}`, or `{"offset": 3600}` in seconds.
fn time(world: &World, body: &[u8]) -> Answer {
    let offset = serde_json::from_slice(body).ok().and_then(|time: Time| match time {
        Time { now: Some(now), offset: None } => {
            clock::parse(&now).map(|now| now.saturating_sub(world.clock.now() - world.clock.offset()))
        }
        Time { now: None, offset } => offset,
        Time { .. } => None,
    });
    let Some(offset) = offset else {
        return refuse(400, r#"a time is {"now": "2027-01-31T12:00:00Z"}, or {"offset": 3600} in seconds"#);
    };
    world.clock.shift(offset);
    Answer::json(200, &Offset { offset })
}

/// What every vault holds, with the values.
fn vaults(world: &World) -> Answer {
    let all: BTreeMap<&str, BTreeMap<String, Vec<Kept>>> = world
        .vaults
        .iter()
        .map(|vault| {
            let contents = vault.contents();
            let secrets = contents.all().map(|(name, versions)| (name.to_string(), versions.iter().map(Kept::from)));
            (vault.name(), secrets.map(|(name, versions)| (name, versions.collect())).collect())
        })
        .collect();
    Answer::json(200, &all)
}

/// One more version of a secret, whatever the vault's rights are.
async fn set(world: &World, name: &str, secret: &str, body: &[u8]) -> Answer {
    let Some(vault) = world.vaults.iter().find(|vault| vault.is_called(name)) else {
        let known: Vec<&str> = world.vaults.iter().map(super::Vault::name).collect();
        return refuse(404, &format!("no vault is called {name}; there are: {}", known.join(", ")));
    };
    let Ok(Value { value }) = serde_json::from_slice(body) else {
        return refuse(400, r#"a secret is {"value": "…"}"#);
    };
    changed(world, || {
        let added = vault::add(vault, secret, Version::new(Secret::new(value)), world.clock.now());
        added.map_or_else(|refusal| refusal, |version| Answer::json(200, &version))
    })
    .await
}
