//! The faults of a seed.

use std::time::Duration;

use super::Context;
use crate::diagnostic::{Code, nearest};
use crate::emulator::fault::Effect;
use crate::emulator::{Fault, Limit, Requests, Vault};
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
    "creates",
    "window",
];

const SHARE: &str = "a share from 0 to 1";
const COUNT: &str = "a number of requests, at least 1";
const STATUS: &str = "a status from 500 to 599";

const FAULTS: &[&str] = &[
    "delayed",
    "throttled",
    "failed",
    "limited",
    "reset",
    "cut",
    "slow",
    "firewall",
    "private-link",
    "policy",
    "empty-page",
];

const REQUESTS: &[(&str, Requests)] = &[
    ("all", Requests::All),
    ("tokens", Requests::Tokens),
    ("vaults", Requests::Vaults),
    ("gets", Requests::Gets),
    ("lists", Requests::Lists),
    ("writes", Requests::Writes),
];

/// A name that a vault has, and the vault's own.
pub(super) type Name = (String, String);

/// All names of vaults.
pub(super) fn names(vaults: &[Vault]) -> Vec<Name> {
    let of = |vault: &Vault| vault.names().map(|name| (name.to_owned(), vault.name().to_owned())).collect::<Vec<_>>();
    vaults.iter().flat_map(of).collect()
}

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
    creates: Option<usize>,
    window: Option<Duration>,
}

impl Context<'_> {
    /// A list of faults.
    pub(super) fn faults(&mut self, node: NodeId, vaults: &[Name]) -> Vec<Fault> {
        let items = self.items(node, "faults");
        items.into_iter().filter_map(|item| self.fault(item, vaults)).collect()
    }

    /// One fault.
    pub(super) fn fault(&mut self, node: NodeId, vaults: &[Name]) -> Option<Fault> {
        let (mut name, mut on, mut given) = (None, None, Parameters::default());
        let mut keys = Vec::new();
        for property in self.reader.entries(node, "faults") {
            let value = property.value;
            let key = self.text(property);
            keys.extend(key.map(|key| (key, property.key)));
            match key {
                Some("fault") => name = self.known(value, "fault", FAULTS.iter().map(|name| (*name, *name))),
                Some("on") => on = self.known(value, "on", REQUESTS.iter().copied()).map(|on| (on, value)),
                Some("vault") => given.vault = self.vault_of_fault(value, vaults),
                Some("secret") => given.secret = self.reader.text(value, "secret").map(str::to_owned),
                Some("count") => given.count = self.within(value, "count", COUNT, 1..=u32::MAX),
                Some("rate") => {
                    given.rate = self.within(value, "rate", SHARE, 0.0..=1.0);
                }
                Some("status") => {
                    given.status = self.within(value, "status", STATUS, 500..=599);
                }
                Some("retry-after") => given.retry_after = self.number(value, "retry-after", "whole seconds"),
                Some("delay") => given.delay = self.duration(value, "delay"),
                Some("jitter") => given.jitter = self.duration(value, "jitter"),
                Some("bytes-per-second") => {
                    given.bytes_per_second = self.number(value, "bytes-per-second", "a number of bytes");
                }
                Some("requests") => given.requests = self.number(value, "requests", "a number of requests"),
                Some("creates") => given.creates = self.number(value, "creates", "a number of requests"),
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
        let effect = effect(name, &given);
        let mut fault = Fault::new(effect);
        if let Some((on, node)) = on {
            if !effect.can_meet(on) {
                let message = format!("`{}` never happens to {}", effect.name(), on.name());
                let help = format!("without `on` it is {}", effect.usual().name());
                self.reader.fault(Code::WrongValue, node, message, "", &help);
            }
            let of = if given.vault.is_some() { Some("vault") } else { given.secret.as_ref().map(|_| "secret") };
            if let Some(of) = of.filter(|_| on == Requests::Tokens) {
                self.reader.fault(Code::WrongValue, node, format!("a request for a token is of no {of}"), "", "");
            }
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

    /// The name of a vault that there is.
    fn vault_of_fault(&mut self, node: NodeId, vaults: &[Name]) -> Option<String> {
        let name = self.reader.text(node, "vault")?;
        if let Some((_, vault)) = vaults.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Some(vault.clone());
        }
        let known: Vec<&str> = vaults.iter().map(|(known, _)| known.as_str()).collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are: {}", known.join(", ")),
        };
        self.reader.fault(Code::WrongValue, node, format!("no vault is called `{}`", shorten(name)), "", &help);
        None
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
        "limited" => &["requests", "creates", "window", "retry-after"],
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
            // Who says how many requests, and not how many of them may set a secret, means all.
            creates: given.creates.or_else(|| given.requests.is_none().then_some(Limit::CREATES)),
            window: given.window.unwrap_or(Limit::KEY_VAULT.window),
            retry_after,
        },
        "reset" => Effect::Reset,
        "cut" => Effect::Cut,
        "slow" => Effect::Slow { bytes_per_second: given.bytes_per_second.unwrap_or(100).max(1) },
        "firewall" => Effect::Firewall,
        "private-link" => Effect::PrivateLink,
        "policy" => Effect::Policy,
        "empty-page" => Effect::EmptyPage,
        _ => Effect::Throttled { retry_after },
    }
}
