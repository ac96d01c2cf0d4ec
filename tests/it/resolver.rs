//! One resolver for many runs: what they share, and what they don't.

use std::sync::Arc;
use std::time::Duration;

use credflow::config::{AzureVault, Config, Proof, SecretSource, Store};
use credflow::emulator::{Emulator, Fault, Requests, Vault};
use credflow::plan::Plan;
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::source::Source;
use credflow::store::{Asked, Call, FetchEvent, FetchEvents};
use credflow::workflow::Workflow;
use tokio::task::JoinSet;

use crate::clock::pace;

const CONFIG: &str = "
stores:
  payments:
    vault-url: https://payments.vault.azure.net
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: { env: S }
    max-concurrency: 4
";

const WORKFLOW: &str = "
steps:
  - run: x
    env: { A: $<credential:payments/a>, B: $<credential:payments/b> }
";

fn plan(emulator: &Emulator, config: &str, workflow: &str) -> Plan {
    let (config, _) = Config::parse(&Source::private("credflow.yaml", config)).expect("a configuration");
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", workflow)).expect("a workflow");
    workflow.plan(Some(&config)).expect("a plan").with_stores(|store| emulator.redirect(store))
}

fn azure(store: &mut Store) -> &mut AzureVault {
    store.azure_mut().expect("a vault")
}

async fn emulator(faults: impl IntoIterator<Item = Fault>) -> Emulator {
    let vault = Vault::new("payments").secret("a", "value-a").secret("b", "value-b");
    Emulator::builder().vault(vault).faults(faults).start().await.expect("an emulator")
}

fn within(seconds: u64) -> ResolveOptions {
    ResolveOptions::default().timeout(Duration::from_secs(seconds))
}

/// So many runs at once, each of which gets its values.
async fn runs(resolver: &Resolver, plan: &Plan, count: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (resolver, plan) = (resolver.clone(), plan.clone());
        tasks.spawn(async move {
            let resolved = resolver.resolve(&plan, within(600)).await.expect("all values");
            let values: Vec<&str> = resolved.answers().iter().map(|answer| answer.value.expose()).collect();
            assert_eq!(values, ["value-a", "value-b"]);
        });
    }
    tasks.join_all().await;
}

#[tokio::test(start_paused = true)]
async fn runs_share_tokens_and_the_bound_on_requests() {
    let emulator = emulator([Fault::delayed(Duration::from_millis(10)).on(Requests::Gets)]).await;
    let plan = plan(&emulator, CONFIG, WORKFLOW);
    let _pace = pace();
    runs(&Resolver::new(), &plan, 50).await;
    let counts = emulator.counts();
    assert_eq!((counts.tokens, counts.total(), counts.peak("payments")), (1, 100, 4));
}

#[tokio::test(start_paused = true)]
async fn runs_share_values_where_they_are_kept() {
    let emulator = emulator([Fault::delayed(Duration::from_millis(10)).on(Requests::Gets)]).await;
    let plan = plan(&emulator, CONFIG, WORKFLOW);
    let _pace = pace();
    let resolver = Resolver::with_cache(Duration::from_secs(60));
    runs(&resolver, &plan, 50).await;
    assert_eq!((emulator.counts().tokens, emulator.counts().total()), (1, 2));
    // For as long as was said, and no longer than somebody wants.
    tokio::time::sleep(Duration::from_secs(61)).await;
    runs(&resolver, &plan, 2).await;
    assert_eq!(emulator.counts().total(), 4);
    resolver.forget();
    runs(&resolver, &plan, 2).await;
    assert_eq!(emulator.counts().total(), 6);
}

/// A value that one identity may read isn't another's: it has to ask itself.
#[tokio::test(start_paused = true)]
async fn a_kept_value_is_its_identitys_alone() {
    let emulator = emulator([]).await;
    let resolver = Resolver::with_cache(Duration::from_secs(60));
    let _pace = pace();
    for factor in [1, 2] {
        // Stores that are the same but for something are different stores.
        let plan = plan(&emulator, CONFIG, WORKFLOW).with_stores(|store| store.request_timeout *= factor);
        runs(&resolver, &plan, 1).await;
    }
    assert_eq!((emulator.counts().tokens, emulator.counts().total()), (2, 4));
}

/// What fails isn't kept: whoever comes after it was mended has the value.
#[tokio::test(start_paused = true)]
async fn a_failure_is_no_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    for resolver in [Resolver::new(), Resolver::with_cache(Duration::from_secs(60))] {
        let emulator = emulator([Fault::firewall().on(Requests::Gets)]).await;
        let plan = plan(&emulator, CONFIG, WORKFLOW).with_stores(|store| {
            let Proof::ClientSecret { secret, .. } = &mut azure(store).identity.proof else {
                panic!("a client secret")
            };
            *secret = SecretSource::File(file.clone());
        });
        let _pace = pace();
        std::fs::write(&file, "wrong").expect("a file");
        assert_eq!(codes(&resolver, &plan).await, ["wrong-client-secret"; 2]);
        std::fs::write(&file, emulator.applications()[0].secrets[0].value.expose()).expect("a file");
        assert_eq!(codes(&resolver, &plan).await, ["denied-by-firewall"; 2]);
        emulator.set_faults([]);
        runs(&resolver, &plan, 2).await;
    }
}

async fn codes(resolver: &Resolver, plan: &Plan) -> Vec<&'static str> {
    // Later than the last failure, which a paused clock doesn't say.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let error = resolver.resolve(plan, within(60)).await.expect_err("a failure");
    assert!(!error.is_transient(), "{error}");
    error.failures().iter().map(|(_, error)| error.code()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_may_heal_says_so() {
    let emulator = emulator([Fault::failed(503).on(Requests::Gets)]).await;
    let plan = plan(&emulator, CONFIG, WORKFLOW);
    let _pace = pace();
    let error = Resolver::new().resolve(&plan, within(3)).await.expect_err("a failure");
    assert!(error.is_transient() && error.failures().len() == 2, "{error}");
    assert!(error.into_diagnostics().to_string().contains("cannot fetch 2 secrets"));
}

/// A run with little time tells its own failure; one that waits for the same answer and has more time goes on.
#[tokio::test(start_paused = true)]
async fn a_run_with_more_time_does_not_end_with_another() {
    for resolver in [Resolver::new(), Resolver::with_cache(Duration::from_secs(60))] {
        for (tenant, requests) in [(false, Requests::Gets), (true, Requests::Tokens), (true, Requests::Gets)] {
            let emulator = emulator([Fault::failed(500).on(requests)]).await;
            let plan = plan(&emulator, CONFIG, WORKFLOW).with_stores(|store| {
                let identity = &mut azure(store).identity;
                identity.tenant = identity.tenant.take().filter(|_| tenant);
            });
            let _pace = pace();
            let short = async {
                let error = resolver.resolve(&plan, within(3)).await.expect_err("a failure");
                emulator.set_faults([]);
                error
            };
            let (error, long) = tokio::join!(short, resolver.resolve(&plan, within(600)));
            assert!(error.is_transient(), "{error}");
            assert!(long.is_ok(), "{tenant} {requests:?}: {}", long.expect_err("a failure"));
        }
    }
}

/// What is wrong with a value stays wrong, whatever else may heal; that a time was over says nothing of the next one.
#[tokio::test(start_paused = true)]
async fn what_may_heal_is_all_of_it() {
    let emulator = emulator([Fault::failed(503).on(Requests::Gets).of_secret("b")]).await;
    let field = WORKFLOW.replace("payments/a", "payments/a#/x");
    let _pace = pace();
    for (workflow, heals) in [(WORKFLOW, true), (field.as_str(), false)] {
        let plan = plan(&emulator, CONFIG, workflow);
        let error = Resolver::new().resolve(&plan, within(3)).await.expect_err("a failure");
        assert_eq!((error.failures().len(), error.is_transient()), (1, heals), "{error}");
    }
    emulator.set_faults([Fault::delayed(Duration::from_secs(20)).on(Requests::Tokens)]);
    let plan = plan(&emulator, CONFIG, WORKFLOW);
    let error = Resolver::new().resolve(&plan, within(1)).await.expect_err("no time");
    assert!(error.is_transient() && error.failures().iter().all(|(_, error)| error.is_transient()), "{error}");
}

/// A file that keeps its reader waiting holds up nothing but the fetches that need it.
#[cfg(unix)]
#[test]
fn a_file_that_hangs_ends_with_the_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
    assert!(made.success());
    let fifo = fifo.display();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (property, code) in [
        (format!("client-secret: {{ file: {fifo} }}"), "deadline"),
        (format!("client-certificate: {fifo}"), "deadline"),
        (
            format!(
                "identity: workload-identity\n    tenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90\n    token-file: {fifo}"
            ),
            "deadline",
        ),
        (format!("client-secret: {{ env: PATH }}\n    ca-file: {fifo}"), "deadline"),
    ] {
        let config = CONFIG.replace("client-secret: { env: S }", &property);
        runtime.block_on(async {
            let emulator = emulator([]).await;
            let (config, _) = Config::parse(&Source::private("credflow.yaml", config)).expect("a configuration");
            let (workflow, _) = Workflow::read(&Source::new("w.yaml", WORKFLOW)).expect("a workflow");
            let plan = workflow.plan(Some(&config)).expect("a plan").with_stores(|store| {
                let kept = store.clone();
                if kept.azure().expect("a vault").ca_file.is_none() {
                    emulator.redirect(store);
                    azure(store).identity.proof = kept.azure().expect("a vault").identity.proof.clone();
                }
            });
            let options = ResolveOptions::default().timeout(Duration::from_millis(300));
            let error = Resolver::new().resolve(&plan, options).await.expect_err("no time");
            assert!(error.failures().iter().all(|(_, error)| error.code() == code), "{property} {error}");
        });
    }
    // Nobody waits for the thread that still reads.
    drop(runtime);
}

/// The value in a file that can't be read in time isn't masked, which nobody should have to guess. It is read again once
/// whoever reads it is done.
#[cfg(unix)]
#[tokio::test]
async fn a_credential_that_cannot_be_read_in_time_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
    assert!(made.success());
    let secret = SecretSource::File(fifo.clone());
    let config = format!(
        "{CONFIG}  hanging:
    vault-url: https://hanging.vault.azure.net
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: {{ file: {} }}
",
        fifo.display()
    );
    let [one, other] =
        ["payments", "hanging"].map(|name| Vault::new(name).secret("a", "value-a").secret("b", "value-b"));
    let emulator = Emulator::builder().vault(one).vault(other).start().await.expect("an emulator");
    let resolver = Resolver::new();
    let hanging = plan(&emulator, &config, &WORKFLOW.replace("payments/", "hanging/")).with_stores(|store| {
        let Proof::ClientSecret { secret: proof, .. } = &mut azure(store).identity.proof else {
            panic!("a client secret")
        };
        *proof = secret.clone();
    });
    let options = ResolveOptions::default().timeout(Duration::from_secs(1));
    let error = resolver.resolve(&hanging, options).await.expect_err("no time");
    assert!(error.failures().iter().all(|(_, error)| error.code() == "deadline"), "{error}");
    let fine = plan(&emulator, &config, WORKFLOW);
    let resolved = resolver.resolve(&fine, within(600)).await.expect("all values");
    let told = resolved.warnings().to_string().replace(&fifo.display().to_string(), "FIFO");
    insta::assert_snapshot!(told);
    // Whoever reads has a text now, and is done.
    let writing = std::thread::spawn(move || std::fs::write(fifo, "x").expect("a reader"));
    while !resolver.resolve(&fine, within(600)).await.expect("all values").warnings().is_empty() {}
    writing.join().expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_told() {
    let emulator = emulator([Fault::failed(500).on(Requests::Gets).times(1)]).await;
    let plan = plan(&emulator, CONFIG, "steps: [{ run: x, env: { A: $<credential:payments/a> } }]");
    let _pace = pace();
    let (events, mut happened) = FetchEvents::channel(100);
    Resolver::new().resolve(&plan, within(60).events(events)).await.expect("a value");
    let mut told = Vec::new();
    while let Some(event) = happened.next().await {
        told.push(match event {
            FetchEvent::Requested { what, .. } => format!("requested {what:?}"),
            FetchEvent::Answered { what, status, .. } => format!("answered {what:?} {status}"),
            FetchEvent::Token { .. } => "token".to_owned(),
            FetchEvent::Retrying { code, attempt, .. } => format!("retrying {code} {attempt}"),
            FetchEvent::Fetched { store, secret, cached, .. } => format!("fetched {store}/{secret} {cached}"),
            other => format!("{other:?}"),
        });
    }
    assert_eq!(
        told,
        [
            "requested Token",
            "answered Token 200",
            "token",
            "requested Secret",
            "answered Secret 500",
            "retrying server-fault 2",
            "requested Secret",
            "answered Secret 200",
            "fetched payments/a false"
        ]
    );
}

/// A receiver that is slow holds nothing up, and hears how much it missed.
#[tokio::test]
async fn a_slow_receiver_hears_what_it_missed() {
    let (events, mut happened) = FetchEvents::channel(2);
    for status in 0..5 {
        let host = Arc::from("v");
        events.tell(FetchEvent::Answered { host, what: Asked::Token, status, took: Duration::ZERO });
    }
    drop(events);
    assert_eq!(happened.next().await, Some(FetchEvent::Lost(3)));
    assert!(happened.next().await.is_some() && happened.next().await.is_some());
    assert_eq!(happened.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_vault_lists_names_and_versions_page_by_page() {
    let mut vault = Vault::new("payments").secret("a", "value-a");
    for number in 0..60 {
        vault = vault.secret(&format!("s{number}"), "value");
    }
    for number in 0..30 {
        vault = vault.secret("many", &format!("value {number}"));
    }
    let emulator = Emulator::builder().vault(vault).start().await.expect("an emulator");
    let plan = plan(&emulator, CONFIG, "steps: [{ run: x, env: { A: $<credential:payments/a> } }]");
    let _pace = pace();
    let resolver = Resolver::new();
    let call = Call::within(Duration::from_secs(60));
    let open = resolver.pool().open(&plan.stores()[0], &call).await.expect("a store");
    let names = open.names(&call).await.expect("names");
    assert_eq!(names.len(), 62);
    let versions = open.versions(&"many".parse().expect("a name"), &call).await.expect("versions");
    assert_eq!(versions.len(), 30);
    assert!(versions.is_sorted_by_key(|version| std::cmp::Reverse(version.created)));
    // One token for all of it, and no value.
    assert_eq!((emulator.counts().tokens, emulator.counts().total()), (1, 0));
}
