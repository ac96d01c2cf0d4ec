//! Resolving against the emulator: throttled vaults, limits, times, many vaults at once.

use std::fmt::Write;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use credflow::config::Config;
use credflow::diagnostic::Diagnostics;
use credflow::emulator::{Emulator, Fault, Limit, Requests, Vault, Version};
use credflow::plan::Plan;
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::secret::Secret;
use credflow::source::Source;
use credflow::workflow::Workflow;
use tokio::time::Instant;

use crate::clock::pace;

/// A plan of so many secrets of each of these stores, with further properties.
fn plan(stores: &[(&str, &str)], secrets: usize) -> Plan {
    let (mut config, mut workflow) = (String::from("stores:\n"), String::from("steps:\n  - run: x\n    env:\n"));
    for (index, (store, properties)) in stores.iter().enumerate() {
        let _ = write!(
            config,
            "  {store}:\n    vault-url: https://{store}.vault.azure.net\n    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08\n    client-secret: {{ env: S }}\n{properties}"
        );
        for secret in 0..secrets {
            let _ = writeln!(workflow, "      V{index}_{secret}: $<credential:{store}/s-{secret}>");
        }
    }
    let (config, _) = Config::parse(&Source::private("credflow.yaml", config)).expect("a configuration");
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", workflow)).expect("a workflow");
    workflow.plan(Some(&config)).expect("a plan")
}

fn vault(name: &str, secrets: usize) -> Vault {
    (0..secrets)
        .fold(Vault::new(name), |vault, secret| vault.secret(&format!("s-{secret}"), &format!("value-{secret}")))
}

async fn emulator(vaults: Vec<Vault>, faults: impl IntoIterator<Item = Fault>) -> Emulator {
    let builder = vaults.into_iter().fold(Emulator::builder(), credflow::emulator::Builder::vault);
    builder.faults(faults).start().await.expect("an emulator")
}

fn within(seconds: u64) -> ResolveOptions {
    ResolveOptions::default().timeout(Duration::from_secs(seconds))
}

/// How long it took when all of it worked.
async fn resolve(plan: Plan, emulator: &Emulator, timeout: u64) -> Result<Duration, Diagnostics> {
    let plan = plan.with_stores(|store| emulator.redirect(store));
    let _pace = pace();
    let begun = Instant::now();
    let resolved = Resolver::new().resolve(&plan, within(timeout)).await?;
    for (fetch, answer) in resolved.plan().fetches().iter().zip(resolved.answers()) {
        assert_eq!(answer.value.expose(), fetch.secret.as_str().replace("s-", "value-"));
    }
    Ok(begun.elapsed())
}

/// A vault's requests in the order in which they came: when, and whether they were throttled.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Instant, bool)>>>);

impl Log {
    async fn emulator(&self, secrets: usize, fault: Fault) -> Emulator {
        let log = self.0.clone();
        let builder = Emulator::builder().vault(vault("payments", secrets)).fault(fault).observed(move |observed| {
            if observed.path.starts_with("/secrets/") {
                let came = Instant::now().checked_sub(observed.elapsed).expect("a time");
                log.lock().expect("the log").push((came, observed.status == Some(429)));
            }
        });
        builder.start().await.expect("an emulator")
    }

    /// How many requests were throttled in each burst between two pauses of a second. What comes within a burst comes
    /// as fast as it is sent: in no time, on a clock that moves when there is nothing to do.
    fn bursts(&self) -> Vec<usize> {
        let mut requests = self.0.lock().expect("the log").clone();
        requests.sort_by_key(|(came, _)| *came);
        let is_near = |one: &(Instant, bool), other: &(Instant, bool)| other.0 - one.0 < Duration::from_millis(500);
        let throttled = |burst: &[(Instant, bool)]| burst.iter().filter(|(_, throttled)| *throttled).count();
        requests.chunk_by(is_near).map(throttled).collect()
    }
}

/// The first so many fetches of a thousand are answered 429 with `Retry-After: 1`.
async fn throttled(first: u32, pauses: RangeInclusive<usize>) {
    let log = Log::default();
    let emulator = log.emulator(1000, Fault::throttled(Some(1)).times(first)).await;
    resolve(plan(&[("payments", "")], 1000), &emulator, 600).await.expect("all values");
    let counts = emulator.counts();
    // Each refused request was asked again, and nothing else was asked twice.
    assert_eq!((counts.throttled, counts.total(), counts.tokens), (u64::from(first), 1000, 1));
    // At most one wave is wasted for each pause, of what may be in flight: 32, then 16, then 8 until something succeeds.
    let bursts = log.bursts();
    assert!(pauses.contains(&(bursts.len() - 1)), "{bursts:?}");
    assert!(bursts.iter().enumerate().all(|(pause, wasted)| *wasted <= (32 >> pause.min(2))), "{bursts:?}");
}

// One pause; one more where the first answer came before the whole wave was sent.

#[tokio::test(start_paused = true)]
async fn three_throttled_fetches_cost_a_pause() {
    throttled(3, 1..=2).await;
}

#[tokio::test(start_paused = true)]
async fn ten_throttled_fetches_cost_a_pause() {
    throttled(10, 1..=2).await;
}

#[tokio::test(start_paused = true)]
async fn thirty_throttled_fetches_cost_a_pause() {
    throttled(30, 1..=2).await;
}

#[tokio::test(start_paused = true)]
async fn three_hundred_throttled_fetches_cost_a_pause_for_each_wave() {
    throttled(300, 30..=40).await;
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_throttles_a_few_of_many_keeps_its_places() {
    // Whom the emulator throttles is drawn on this thread: the same each time.
    fastrand::seed(1);
    let log = Log::default();
    let emulator = log.emulator(300, Fault::throttled(Some(1)).rate(0.3)).await;
    resolve(plan(&[("payments", "")], 300), &emulator, 600).await.expect("all values");
    // Some 22 of 32 are answered in each round, and the last few take some more: 15 to 25 pauses. With places that were halved
    // it would be 6 of 8, and 50 pauses.
    let bursts = log.bursts();
    assert!((5..=30).contains(&(bursts.len() - 1)), "{bursts:?}");
    assert!(bursts.iter().all(|wasted| *wasted <= 32), "{bursts:?}");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_secrets_of_fifty_vaults_stay_under_every_limit() {
    let names: Vec<String> = (0..50).map(|index| format!("vault-{index}")).collect();
    let faults = [Fault::delayed(Duration::from_millis(20)), Fault::limited(Limit::KEY_VAULT)];
    let emulator = emulator(names.iter().map(|name| vault(name, 200)).collect(), faults).await;
    let stores: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    resolve(plan(&stores, 200), &emulator, 120).await.expect("all values");
    let counts = emulator.counts();
    assert_eq!((counts.total(), counts.tokens, counts.throttled), (10_000, 1, 0));
    assert!(counts.gets.len() == 10_000 && counts.gets.values().all(|asked| *asked == 1));
    assert!(counts.peaks.values().all(|peak| *peak <= 32));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_vault_pauses_alone() {
    let busy = vault("busy", 50);
    // 25 requests in any two seconds.
    let limit = Limit { requests: 25, window: Duration::from_secs(2) };
    let faults = [Fault::limited(limit).retry_after(2)];
    let emulator = emulator(vec![busy, vault("idle", 20)], faults).await;
    let (one, other) = (plan(&[("busy", "")], 50), plan(&[("idle", "")], 20));
    let (busy, idle) = tokio::join!(resolve(one, &emulator, 30), resolve(other, &emulator, 30));
    let (busy, idle) = (busy.expect("all values"), idle.expect("all values"));
    assert!(busy >= Duration::from_secs(2) && idle < Duration::from_secs(1), "{busy:?} {idle:?}");
    assert!(emulator.counts().throttled <= 32, "{}", emulator.counts().throttled);
}

#[tokio::test(start_paused = true)]
async fn the_budget_stays_under_the_vaults_own_limit() {
    let faults = [Fault::limited(Limit::KEY_VAULT)];
    let emulator = emulator(vec![vault("payments", 4500)], faults).await;
    let concurrency = "    max-concurrency: 100\n";
    let took = resolve(plan(&[("payments", concurrency)], 4500), &emulator, 60).await.expect("all values");
    assert_eq!(emulator.counts().throttled, 0);
    // The first 4000 take no time to speak of; the rest waits until those are ten seconds old.
    assert!((10..20).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_may_have_less_time_than_the_rest() {
    let faults = [Fault::delayed(Duration::from_millis(700)).on(Requests::Gets)];
    let emulator = emulator(vec![vault("hasty", 1), vault("patient", 1)], faults).await;
    let stores = [("hasty", "    timeout: 0.2\n"), ("patient", "")];
    let faults = resolve(plan(&stores, 1), &emulator, 20).await.expect_err("too late").to_string();
    assert!(faults.contains("store `hasty`: there was no time left"), "{faults}");
    assert!(!faults.contains("patient"), "{faults}");
}

#[tokio::test(start_paused = true)]
async fn a_store_with_less_time_does_not_fail_those_that_share_its_token() {
    let faults = [Fault::failed(503).on(Requests::Tokens).retry_after(1).times(1)];
    let emulator = emulator(vec![vault("hasty", 1), vault("patient", 1)], faults).await;
    let stores = [("hasty", "    timeout: 0.5\n"), ("patient", "")];
    let faults = resolve(plan(&stores, 1), &emulator, 20).await.expect_err("too late").to_string();
    assert!(faults.contains("store `hasty`: no token is given now"), "{faults}");
    assert!(!faults.contains("patient"), "{faults}");
}

#[tokio::test(start_paused = true)]
async fn a_value_out_of_its_time_is_an_error_where_the_store_says_so() {
    // In 2001, and in 2096.
    let cases = [
        (None, Some(1_000_000_000), "has expired, on Sun, 09 Sep 2001 01:46:40 GMT"),
        (Some(4_000_000_000), None, "is not valid yet, but from Tue, 02 Oct 2096 07:06:40 GMT on"),
        (None, Some(-1), "has expired, on -1 s from 1970"),
        (Some(i64::MAX), None, "is not valid yet, but from 9223372036854775807 s from 1970 on"),
    ];
    for (not_before, expires, expected) in cases {
        let mut version = Version::new(Secret::new("value-0".to_owned()));
        (version.not_before, version.expires) = (not_before, expires);
        let vault = Vault::new("payments").version(&"s-0".parse().expect("a name"), version);
        let emulator = emulator(vec![vault], []).await;
        let lenient = plan(&[("payments", "")], 1).with_stores(|store| emulator.redirect(store));
        let _pace = pace();
        let resolved = Resolver::new().resolve(&lenient, within(5)).await.expect("a value, with a warning");
        let warnings = resolved.warnings().to_string();
        assert!(warnings.contains("warning[validity]") && warnings.contains(expected), "{warnings}");
        let strict = plan(&[("payments", "    enforce-validity: true\n")], 1);
        let faults = resolve(strict, &emulator, 5).await.expect_err("an error").to_string();
        assert!(faults.contains("error[validity]") && faults.contains(expected), "{faults}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_vaults_at_once_share_the_sockets() {
    let names: Vec<String> = (0..40).map(|index| format!("vault-{index}")).collect();
    let emulator = emulator(names.iter().map(|name| vault(name, 40)).collect(), []).await;
    let stores: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    resolve(plan(&stores, 40), &emulator, 60).await.expect("all values");
    let counts = emulator.counts();
    assert_eq!((counts.total(), counts.tokens, counts.throttled), (1600, 1, 0));
    assert!(counts.peaks.values().all(|peak| *peak <= 32));
}

#[tokio::test(start_paused = true)]
async fn stores_of_one_vault_keep_the_smaller_bound() {
    let faults = [Fault::delayed(Duration::from_millis(10)).on(Requests::Gets)];
    let emulator = emulator(vec![vault("payments", 40)], faults).await;
    let plan = plan(&[("payments", ""), ("careful", "    max-concurrency: 3\n")], 40).with_stores(|store| {
        if store.name.as_str() == "careful" {
            store.name = "payments".parse().expect("a name");
        }
        emulator.redirect(store);
    });
    assert_eq!(plan.stores()[1].max_concurrency, NonZeroU16::new(3).expect("three"));
    let _pace = pace();
    Resolver::new().resolve(&plan, within(30)).await.expect("all values");
    assert_eq!(emulator.counts().peak("payments"), 3);
}
