//! The faults of a seed.

use std::time::Duration;

use super::Context;
use crate::diagnostic::{Code, nearest};
use crate::emulator::fault::Effect;
use crate::emulator::{Fault, Limit, Requests};
use crate::yaml::{NodeId, shorten};

const KEYS: &[&str] = &[
    "fault",
    "on",
    "vault",
    "secret",
    "count",
    "rate",
    "status",
    "retry-after",
    "delay",
    "jitter",
    "bytes-per-second",
    "requests",
    "window",
];

const SHARE: &str = "a share from 0 to 1";
const STATUS: &str = "a status from 500 to 599";

const FAULTS: &[&str] =
    &["delayed", "throttled", "failed", "limited", "reset", "cut", "slow", "firewall", "private-link", "empty-page"];

const REQUESTS: &[(&str, Requests)] = &[
    ("all", Requests::All),
    ("tokens", Requests::Tokens),
    ("vaults", Requests::Vaults),
    ("gets", Requests::Gets),
    ("lists", Requests::Lists),
    ("writes", Requests::Writes),
];

/// The parameters of a fault, whichever it is.
#[derive(Default)]
struct Parameters {
    vault: Option<String>,
    secret: Option<String>,
    count: Option<u32>,
    rate: Option<f64>,
    status: Option<u16>,
    retry_after: Option<u64>,
    delay: Option<Duration>,
    jitter: Option<Duration>,
    bytes_per_second: Option<u32>,
    requests: Option<usize>,
    window: Option<Duration>,
}

impl Context<'_> {
    /// A list of faults.
    pub(super) fn faults(&mut self, node: NodeId) -> Vec<Fault> {
        let items = self.items(node, "faults");
        items.into_iter().filter_map(|item| self.fault(item)).collect()
    }

    /// One fault.
    pub(super) fn fault(&mut self, node: NodeId) -> Option<Fault> {
        let (mut name, mut on, mut given) = (None, None, Parameters::default());
        let mut keys = Vec::new();
        for property in self.reader.entries(node, "faults") {
            let value = property.value;
            let key = self.text(property);
            keys.extend(key.map(|key| (key, property.key)));
            match key {
                Some("fault") => name = self.known(value, "fault", FAULTS.iter().map(|name| (*name, *name))),
                Some("on") => on = self.known(value, "on", REQUESTS.iter().copied()),
                Some("vault") => given.vault = self.reader.text(value, "vault").map(str::to_owned),
                Some("secret") => given.secret = self.reader.text(value, "secret").map(str::to_owned),
                Some("count") => given.count = self.number(value, "count", "a number of requests"),
                Some("rate") => {
                    given.rate = self.number(value, "rate", SHARE);
                    if given.rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
                        self.reader.wrong_type(value, "rate", SHARE);
                    }
                }
                Some("status") => {
                    given.status = self.number(value, "status", STATUS);
                    if given.status.is_some_and(|status| !(500..600).contains(&status)) {
                        self.reader.wrong_type(value, "status", STATUS);
                    }
                }
                Some("retry-after") => given.retry_after = self.number(value, "retry-after", "whole seconds"),
                Some("delay") => given.delay = self.duration(value, "delay"),
                Some("jitter") => given.jitter = self.duration(value, "jitter"),
                Some("bytes-per-second") => {
                    given.bytes_per_second = self.number(value, "bytes-per-second", "a number of bytes");
                }
                Some("requests") => given.requests = self.number(value, "requests", "a number of requests"),
                Some("window") => given.window = self.duration(value, "window"),
                _ => self.reader.unknown(property.key, KEYS, true),
            }
        }
        let Some(name) = name else {
            if keys.iter().all(|(key, _)| *key != "fault") {
                let help = format!("it is one of {}", FAULTS.join(", "));
                self.reader.fault(Code::MissingKey, node, "a fault has no `fault`", "", &help);
            }
            return None;
        };
        let fits = fitting(name);
        for (key, node) in keys {
            let is_common = ["fault", "on", "vault", "secret", "count", "rate"].contains(&key);
            if !is_common && KEYS.contains(&key) && !fits.contains(&key) {
                self.reader.fault(Code::UnknownKey, node, format!("`{key}` says nothing of `{name}`"), "", "");
            }
        }
        let mut fault = Fault::new(effect(name, &given));
        if let Some(on) = on {
            fault = fault.on(on);
        }
        if let Some(vault) = given.vault {
            fault = fault.of_vault(vault);
        }
        if let Some(secret) = given.secret {
            fault = fault.of_secret(secret);
        }
        if let Some(count) = given.count {
            fault = fault.times(count);
        }
        if let Some(rate) = given.rate {
            fault = fault.rate(rate);
        }
        Some(fault)
    }

    /// One of some names.
    fn known<T>(
        &mut self,
        node: NodeId,
        key: &str,
        known: impl Iterator<Item = (&'static str, T)> + Clone,
    ) -> Option<T> {
        let text = self.reader.text(node, key)?;
        let names = known.clone().map(|(name, _)| name);
        let found = known.into_iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let help = match nearest(text, names.clone()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", names.collect::<Vec<_>>().join(", ")),
            };
            let message = format!("`{key}` can't be `{}`", shorten(text));
            self.reader.fault(Code::WrongValue, node, message, "", &help);
        }
        found.map(|(_, found)| found)
    }
}

/// The keys that say something of a fault.
fn fitting(name: &str) -> &'static [&'static str] {
    match name {
        "delayed" => &["delay", "jitter"],
        "throttled" => &["retry-after"],
        "failed" => &["status", "retry-after"],
        "limited" => &["requests", "window", "retry-after"],
        "slow" => &["bytes-per-second"],
        _ => &[],
    }
}

fn effect(name: &str, given: &Parameters) -> Effect {
    let retry_after = given.retry_after;
    match name {
        "delayed" => {
            Effect::Delayed { delay: given.delay.unwrap_or_default(), jitter: given.jitter.unwrap_or_default() }
        }
        "failed" => Effect::Failed { status: given.status.unwrap_or(503), retry_after },
        "limited" => Effect::Limited {
            requests: given.requests.unwrap_or(Limit::KEY_VAULT.requests),
            window: given.window.unwrap_or(Limit::KEY_VAULT.window),
            retry_after,
        },
        "reset" => Effect::Reset,
        "cut" => Effect::Cut,
        "slow" => Effect::Slow { bytes_per_second: given.bytes_per_second.unwrap_or(100).max(1) },
        "firewall" => Effect::Firewall,
        "private-link" => Effect::PrivateLink,
        "empty-page" => Effect::EmptyPage,
        _ => Effect::Throttled { retry_after },
    }
}
