//! The faults of a running emulator, and what becomes of its requests.

use std::collections::HashMap;
use std::time::Duration;

use super::effect::{Effect, Requests};
use super::{Fault, Limit};
use crate::emulator::limit::Window;

/// A request, as far as faults tell them apart.
pub(in crate::emulator) struct Request<'r> {
    pub(in crate::emulator) kind: Requests,
    /// The vault's place among the vaults, and its name.
    pub(in crate::emulator) vault: Option<(usize, &'r str)>,
    pub(in crate::emulator) secret: Option<&'r str>,
    /// Whether it sets a secret.
    pub(in crate::emulator) is_create: bool,
    /// Whether it goes on with a list after a page that was empty on purpose.
    pub(in crate::emulator) follows_empty_page: bool,
}

impl Request<'_> {
    /// A request of that kind, to no vault.
    pub(in crate::emulator) fn of(kind: Requests) -> Self {
        Self { kind, vault: None, secret: None, is_create: false, follows_empty_page: false }
    }
}

/// What becomes of one request: how long it takes, and what goes wrong then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::emulator) struct Fate {
    pub(in crate::emulator) delay: Duration,
    pub(in crate::emulator) effect: Option<Effect>,
}

/// The faults of a running emulator.
#[derive(Debug, Default)]
pub(in crate::emulator) struct Faults(Vec<Running>);

#[derive(Debug)]
struct Running {
    fault: Fault,
    /// The requests of each vault that a limit counts, and those that set secrets where it counts them by themselves.
    windows: HashMap<(usize, bool), Window>,
}

impl Faults {
    /// Adds one, the last of the list.
    pub(in crate::emulator) fn add(&mut self, fault: Fault) {
        self.0.push(Running { fault, windows: HashMap::new() });
    }

    /// Those that still meet requests.
    pub(in crate::emulator) fn left(&self) -> Vec<Fault> {
        self.0.iter().map(|running| running.fault.clone()).filter(|fault| fault.count != Some(0)).collect()
    }

    /// Takes what becomes of a request.
    pub(in crate::emulator) fn fate(&mut self, request: &Request<'_>) -> Fate {
        let mut fate = Fate { delay: Duration::ZERO, effect: None };
        for Running { fault, windows } in &mut self.0 {
            let is_delay = matches!(fault.effect, Effect::Delayed { .. });
            if (fate.effect.is_some() && !is_delay) || !fault.meets(request) {
                continue;
            }
            if fault.rate.is_some_and(|rate| fastrand::f64() >= rate) {
                continue;
            }
            match fault.effect {
                Effect::Delayed { delay, jitter } => fate.delay += delay + jitter.mul_f64(fastrand::f64()),
                Effect::Limited { requests, creates, window, retry_after } => {
                    let Some((vault, _)) = request.vault else { continue };
                    let creates = creates.filter(|_| request.is_create);
                    let limit = Limit { requests: creates.unwrap_or(requests), window };
                    if windows.entry((vault, creates.is_some())).or_default().admits(limit) {
                        continue;
                    }
                    fate.effect = Some(Effect::Throttled { retry_after });
                }
                effect => fate.effect = Some(effect),
            }
            fault.count = fault.count.map(|count| count - 1);
        }
        fate
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let mut all = Self::default();
        faults.into_iter().for_each(|fault| all.add(fault));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Request<'_> = Request {
        kind: Requests::Gets,
        vault: Some((0, "payments")),
        secret: Some("db"),
        is_create: false,
        follows_empty_page: false,
    };
    const TOKEN: Request<'_> =
        Request { kind: Requests::Tokens, vault: None, secret: None, is_create: false, follows_empty_page: false };

    fn effects(faults: &mut Faults, request: &Request<'_>, count: usize) -> Vec<Option<&'static str>> {
        (0..count).map(|_| faults.fate(request).effect.map(Effect::name)).collect()
    }

    #[test]
    fn the_first_fault_that_is_for_a_request_meets_it() {
        let list = [Fault::throttled(None).times(1), Fault::failed(500).times(2), Fault::reset().on(Requests::Tokens)];
        let mut faults: Faults = list.into_iter().collect();
        assert_eq!(effects(&mut faults, &GET, 4), [Some("throttled"), Some("failed"), Some("failed"), None]);
        assert_eq!(effects(&mut faults, &TOKEN, 2), [Some("reset"); 2]);
        assert_eq!(faults.left().len(), 1);
    }

    #[test]
    fn faults_are_by_vault_and_secret() {
        for (fault, meets) in [
            (Fault::cut().of_vault("PAYMENTS"), true),
            (Fault::cut().of_vault("shared"), false),
            (Fault::cut().of_secret("DB"), true),
            (Fault::cut().of_secret("other"), false),
            (Fault::cut().on(Requests::Vaults), true),
            (Fault::cut().on(Requests::Writes), false),
            (Fault::cut().rate(0.0), false),
            (Fault::cut().rate(1.0), true),
        ] {
            let text = fault.to_string();
            let mut faults: Faults = [fault].into_iter().collect();
            assert_eq!(faults.fate(&GET).effect.is_some(), meets, "{text}");
            assert_eq!(faults.fate(&TOKEN).effect, None, "{text}");
        }
    }

    #[test]
    fn delays_add_up_beside_the_rest() {
        let (one, two) = (Duration::from_secs(1), Duration::from_secs(2));
        let list = [Fault::delayed(one), Fault::reset(), Fault::jittered(one, one), Fault::delayed(two).times(1)];
        let mut faults: Faults = list.into_iter().collect();
        let fate = faults.fate(&GET);
        assert!(fate.effect == Some(Effect::Reset) && (4 * one..=5 * one).contains(&fate.delay), "{fate:?}");
        assert!((2 * one..=3 * one).contains(&faults.fate(&TOKEN).delay));
    }

    #[test]
    fn a_limit_is_each_vaults_own() {
        let limit = Limit { requests: 2, window: Duration::from_secs(60) };
        let mut faults: Faults = [Fault::limited(limit).retry_after(5)].into_iter().collect();
        assert_eq!(effects(&mut faults, &GET, 3), [None, None, Some("throttled")]);
        let other = Request { vault: Some((1, "shared")), ..GET };
        assert_eq!(effects(&mut faults, &other, 1), [None]);
        assert_eq!(faults.fate(&GET).effect, Some(Effect::Throttled { retry_after: Some(5) }));
    }

    #[test]
    fn key_vault_counts_what_is_set_by_itself() {
        let mut faults: Faults = [Fault::limited(Limit::KEY_VAULT)].into_iter().collect();
        let put = Request { kind: Requests::Writes, is_create: true, ..GET };
        assert_eq!(effects(&mut faults, &put, 301)[299..], [None, Some("throttled")]);
        assert_eq!(effects(&mut faults, &GET, 4001)[3999..], [None, Some("throttled")]);
    }
}
