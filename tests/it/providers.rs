//! A provider of one's own: what it says, and what it gets without saying anything.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use credflow::config::{Config, OwnSettings, PropertyReader, SecretSource, StoreSchema};
use credflow::diagnostic::Diagnostics;
use credflow::plan::{self, Plan};
use credflow::reference::{SecretName, SecretVersion};
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::secret::Secret;
use credflow::source::Source;
use credflow::store::{
    Backend, BoxFuture, Call, Check, Failed, FetchError, FetchEvent, FetchEvents, Fetched, Listing, Opening, Page,
    Pool, Probe, Probing, Provider, ProviderError, Rate, VersionInfo, Versions,
};
use credflow::workflow::Workflow;
use tokio::time::Instant;

use crate::clock::grows_evenly;

const VALUE: &str = "canary-value";

const CONFIG: &str = "
stores:
  team: { provider: memory, label: one, max-concurrency: 3 }
  payments: { vault-url: https://payments.vault.azure.net, client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08, client-secret: { env: S } }
";

/// What a try is answered, by the secret and how many of all came before.
type Script = dyn Fn(&str, usize) -> Result<Option<SecretVersion>, Failed> + Send + Sync;

/// `provider: memory`.
#[derive(Clone)]
struct Memory {
    script: Arc<Script>,
    tries: Arc<AtomicUsize>,
    opened: Arc<AtomicUsize>,
    /// How many requests are in flight, and how many were at most.
    flight: Arc<Mutex<(usize, usize)>>,
    /// Whether it can do more than fetch.
    is_able: bool,
    rate: Option<Rate>,
}

#[derive(Clone, PartialEq)]
struct Settings {
    label: String,
    size: Option<u64>,
    token: Option<SecretSource>,
}

impl Memory {
    fn new(script: impl Fn(&str, usize) -> Result<Option<SecretVersion>, Failed> + Send + Sync + 'static) -> Self {
        Self {
            script: Arc::new(script),
            tries: Arc::default(),
            opened: Arc::default(),
            flight: Arc::default(),
            is_able: true,
            rate: None,
        }
    }

    fn fine() -> Self {
        Self::new(|_, _| Ok(None))
    }

    fn tries(&self) -> usize {
        self.tries.load(Ordering::SeqCst)
    }

    fn resolver(&self) -> Resolver {
        Resolver::new().with_provider(Arc::new(self.clone()))
    }

    async fn answer(&self, secret: &str, version: Option<SecretVersion>) -> Result<Fetched, Failed> {
        let before = self.tries.fetch_add(1, Ordering::SeqCst);
        {
            let mut flight = self.flight.lock().expect("the gauge");
            flight.0 += 1;
            flight.1 = flight.1.max(flight.0);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.flight.lock().expect("the gauge").0 -= 1;
        let latest = (self.script)(secret, before)?;
        let version = latest.or(version).unwrap_or(SecretVersion::from_bits(2));
        Ok(Fetched::new(Secret::new(VALUE.to_owned()), version))
    }
}

impl StoreSchema for Memory {
    fn provider(&self) -> &'static str {
        "memory"
    }

    fn required_keys(&self) -> &[&str] {
        &["label"]
    }

    fn optional_keys(&self) -> &[&str] {
        &["size", "is-shared", "kind", "token"]
    }

    fn read(&self, properties: &mut PropertyReader<'_, '_>) -> Option<OwnSettings> {
        let label = properties.text("label").map(str::to_owned);
        let size = properties.number("size", 1..=9);
        let token = properties.secret("token");
        properties.boolean("is-shared");
        properties.choice("kind", &["small", "large"]);
        if label.as_deref() == Some("none") {
            properties.fault("label", "`label` can't be none", "write another one");
        }
        let label = label?;
        Some(OwnSettings::new(format!("memory of {label}"), Settings { label, size, token }))
    }
}

impl Provider for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn open<'a>(&'a self, opening: Opening<'a>) -> BoxFuture<'a, Result<Arc<dyn Backend>, FetchError>> {
        Box::pin(async move {
            assert!(opening.store.settings::<Settings>().is_some_and(|settings| !settings.label.is_empty()));
            self.opened.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            let open: Arc<dyn Backend> = Arc::new(self.clone());
            Ok(open)
        })
    }

    fn rate(&self) -> Option<Rate> {
        self.rate
    }
}

impl Backend for Memory {
    fn fetch<'a>(
        &'a self,
        secret: &'a SecretName,
        version: Option<SecretVersion>,
        _call: &'a Call,
    ) -> BoxFuture<'a, Result<Fetched, Failed>> {
        Box::pin(self.answer(secret.as_str(), version))
    }

    fn tokens(&self) -> Vec<Secret> {
        vec![Secret::new("canary-token".to_owned())]
    }

    fn listing(&self) -> Option<&dyn Listing> {
        self.is_able.then_some(self)
    }

    fn versions(&self) -> Option<&dyn Versions> {
        self.is_able.then_some(self)
    }

    fn probing(&self) -> Option<&dyn Probing> {
        self.is_able.then_some(self)
    }
}

impl Listing for Memory {
    fn names<'a>(&'a self, page: Option<&'a str>, _call: &'a Call) -> BoxFuture<'a, Result<Page<SecretName>, Failed>> {
        Box::pin(async move {
            self.answer("", None).await?;
            // Two pages.
            let (name, next) = if page.is_none() { ("a", Some("second".to_owned())) } else { ("b", None) };
            Ok(Page::new(vec![name.parse().expect("a name")], next))
        })
    }
}

impl Versions for Memory {
    fn versions<'a>(
        &'a self,
        secret: &'a SecretName,
        _page: Option<&'a str>,
        _call: &'a Call,
    ) -> BoxFuture<'a, Result<Page<VersionInfo>, Failed>> {
        Box::pin(async {
            let version = self.answer(secret.as_str(), None).await?.version;
            let info = |created, version| {
                let mut info = VersionInfo::new(version);
                info.created = Some(created);
                info
            };
            let items = vec![info(1, SecretVersion::from_bits(1)), info(2, version)];
            Ok(Page::new(items, (secret.as_str() == "circle").then(|| "again".to_owned())))
        })
    }
}

impl Probing for Memory {
    fn probe<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Probe> {
        Box::pin(async { Probe::of([("memory", Check::Fine)]) })
    }
}

fn read(text: &str) -> Result<(Config, Diagnostics), Diagnostics> {
    let schemas: [Arc<dyn StoreSchema>; 1] = [Arc::new(Memory::fine())];
    Config::parse_with(&Source::private("credflow.yaml", text), &schemas)
}

fn config() -> Config {
    read(CONFIG).expect("a configuration").0
}

fn plan_of(workflow: &str) -> Plan {
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", workflow)).expect("a workflow");
    workflow.plan(Some(&config())).expect("a plan")
}

/// A plan of so many secrets of the store, `s0` and so on.
fn plan(secrets: usize) -> Plan {
    let variables: Vec<String> = (0..secrets).map(|n| format!("V{n}: $<credential:team/s{n}>")).collect();
    plan_of(&format!("steps: [{{ run: x, env: {{ {} }} }}]", variables.join(", ")))
}

fn within(seconds: u64) -> ResolveOptions {
    ResolveOptions::default().timeout(Duration::from_secs(seconds))
}

fn call() -> Call {
    Call::within(Duration::from_secs(60))
}

#[tokio::test(start_paused = true)]
async fn the_bound_on_requests_in_flight_holds() {
    let memory = Memory::fine();
    let resolver = memory.resolver();
    // Two plans at once have one bound, and one open store.
    let plans = [plan(20), plan(10)];
    let (one, other) = tokio::join!(resolver.resolve(&plans[0], within(60)), resolver.resolve(&plans[1], within(60)));
    let resolved = one.expect("all values");
    assert!(resolved.answers().len() == 20 && other.is_ok());
    assert_eq!((memory.tries(), memory.flight.lock().expect("the gauge").1), (30, 3));
    assert_eq!(memory.opened.load(Ordering::SeqCst), 1);
    // What it proves itself by is masked as values are.
    let filled = resolved.render();
    let masked: Vec<&str> = filled.safeguards().masked().map(|secret| secret.expose()).collect();
    assert!(masked.contains(&"canary-token"));
}

#[tokio::test]
async fn what_a_store_proves_itself_by_is_masked_wherever_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "canary-in-a-file\n").expect("a file");
    for (token, secret) in [
        ("canary-literal".to_owned(), "canary-literal"),
        (format!("{{ file: {} }}", file.display()), "canary-in-a-file"),
    ] {
        let text = CONFIG.replace("label: one", &format!("label: one, token: {token}"));
        let (config, _) = read(&text).expect("a configuration");
        let source = Source::new("w.yaml", "steps: [{ run: x, env: { V: $<credential:team/s> } }]");
        let plan = Workflow::read(&source).expect("a workflow").0.plan(Some(&config)).expect("a plan");
        let filled = Memory::fine().resolver().resolve(&plan, within(60)).await.expect("all values").render();
        assert!(filled.safeguards().masked().any(|masked| masked.expose() == secret), "{secret}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_store_is_left_alone_for_as_long_as_it_says() {
    let memory =
        Memory::new(|_, before| if before < 3 { Err(Failed::busy(Some(Duration::from_secs(7)))) } else { Ok(None) });
    let begun = Instant::now();
    let (events, mut happened) = FetchEvents::channel(100);
    memory.resolver().resolve(&plan(20), within(60).events(events)).await.expect("all values");
    // One wave was in vain, and nothing was sent in the pause.
    assert!(memory.tries() == 23 && (7..8).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let mut pauses = 0;
    while let Some(event) = happened.next().await {
        pauses += usize::from(matches!(event, FetchEvent::Throttled { host, .. } if &*host == "memory of one"));
    }
    assert_eq!(pauses, 3);
    // A pause that is longer than there is time is an error at once.
    let memory = Memory::new(|_, _| Err(Failed::busy(Some(Duration::from_secs(70)))));
    let (begun, error) = (Instant::now(), memory.resolver().resolve(&plan(1), within(60)).await.expect_err("busy"));
    assert!(error.is_transient() && error.failures()[0].1.code() == "throttled" && begun.elapsed().as_secs() < 1);
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_kept() {
    let rate = Rate { requests: 5, window: Duration::from_secs(10) };
    let memory = Memory { rate: Some(rate), ..Memory::fine() };
    let begun = Instant::now();
    memory.resolver().resolve(&plan(15), within(60)).await.expect("all values");
    assert!((20..21).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_may_heal_is_tried_again_and_what_hangs_ends() {
    let gone = || ProviderError::new("memory-gone", "the memory is gone").transient();
    let memory = Memory::new(move |_, before| if before < 2 { Err(gone().into()) } else { Ok(None) });
    let (events, mut happened) = FetchEvents::channel(100);
    memory.resolver().resolve(&plan(1), within(60).events(events)).await.expect("a value");
    let mut told = Vec::new();
    while let Some(event) = happened.next().await {
        told.push(match event {
            FetchEvent::Retrying { host, code, attempt, .. } => format!("retrying {host} {code} {attempt}"),
            FetchEvent::Fetched { store, secret, cached, .. } => format!("fetched {store}/{secret} {cached}"),
            other => format!("{other:?}"),
        });
    }
    let retrying = |attempt| format!("retrying memory of one memory-gone {attempt}");
    assert_eq!(told, [retrying(2), retrying(3), "fetched team/s0 false".to_owned()]);
    let memory = Memory::new(move |_, _| Err(gone().into()));
    let error = memory.resolver().resolve(&plan(1), within(3)).await.expect_err("it stays gone");
    assert!(error.is_transient() && memory.tries() > 1, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_at_every_use() {
    let memory = Memory::new(|secret, _| match secret {
        "gone" => Err(FetchError::NotFound.into()),
        "odd" => Err(ProviderError::new("memory-odd", "its bits are odd").remedy("make them even").into()),
        "b" | "a" => Err(ProviderError::new("memory-full", "the memory is full").of_store().into()),
        _ => Ok(None),
    });
    let plan = plan_of(
        "env: { A: $<credential:team/a> }
steps:
  - { run: x, env: { B: $<credential:team/b>, G: $<credential:team/gone>, O: $<credential:team/odd> } }
  - { run: y, env: { A2: $<credential:team/a>, F: $<credential:team/fine>, G: $<credential:team/Gone> } }
",
    );
    let error = memory.resolver().resolve(&plan, within(60)).await.expect_err("failures");
    assert_eq!((error.failures().len(), memory.tries()), (4, 5));
    assert!(!error.is_transient());
    insta::assert_snapshot!(error.to_string());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_nobody_registered_is_named() {
    let error = Resolver::new().resolve(&plan(2), within(60)).await.expect_err("nobody");
    let told = error.to_string();
    assert!(told.contains("cannot fetch 2 secrets of the store `team`: no provider `memory` is registered"), "{told}");
    assert!(told.contains("help: register the provider `memory` where the resolver is made"), "{told}");
    let probes = Pool::new().probe(&config().stores[..1], Duration::from_secs(1)).await;
    let unknown = FetchError::UnknownProvider("memory".to_owned());
    assert_eq!(probes, [Ok(Probe::of([("provider", Check::Failed(unknown))]))]);
}

#[tokio::test(start_paused = true)]
async fn versions_are_what_was_asked_for() {
    let version = "0000000000000000000000000000002a";
    let workflow =
        format!("steps: [{{ run: x, env: {{ A: $<credential:team/a/{version}>, B: $<credential:team/a> }} }}]");
    let memory = Memory::fine();
    let resolved = memory.resolver().resolve(&plan_of(&workflow), within(60)).await.expect("values");
    let versions: Vec<String> = resolved.answers().iter().map(|answer| answer.version.to_string()).collect();
    assert_eq!(versions, [version, "00000000000000000000000000000002"]);
    // One that was not asked for is no answer.
    let memory = Memory::new(|_, _| Ok(Some(SecretVersion::from_bits(7))));
    let error = memory.resolver().resolve(&plan_of(&workflow), within(60)).await.expect_err("another version");
    assert_eq!(error.failures().len(), 1);
    assert!(error.to_string().contains("another version"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn values_are_kept_as_those_of_others() {
    let memory = Memory::fine();
    let resolver = Resolver::with_cache(Duration::from_secs(60)).with_provider(Arc::new(memory.clone()));
    for _ in 0..3 {
        resolver.resolve(&plan(2), within(60)).await.expect("values");
    }
    assert_eq!(memory.tries(), 2);
    resolver.forget();
    resolver.resolve(&plan(2), within(60)).await.expect("values");
    assert_eq!(memory.tries(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_it_can_is_done_and_what_it_cannot_is_typed() {
    let store = &config().stores[0];
    let name: SecretName = "a".parse().expect("a name");
    let memory = Memory::new(|_, before| if before == 0 { Err(Failed::busy(None)) } else { Ok(None) });
    let open = memory.resolver().pool().open(store, &call()).await.expect("a store");
    // In its turn, after the pause, as fetches are.
    assert_eq!(open.names(&call()).await, Ok(vec![name.clone(), "b".parse().expect("a name")]));
    assert_eq!(memory.tries(), 3);
    let versions = open.versions(&name, &call()).await.expect("versions");
    // The latest first.
    assert_eq!((versions.len(), versions[0].version), (2, SecretVersion::from_bits(2)));
    // Pages in a circle end as soon as one comes again.
    let circle = open.versions(&"circle".parse().expect("a name"), &call()).await.expect_err("a circle");
    assert_eq!((circle.code(), memory.tries()), ("answer", 6));
    assert_eq!(open.probe(&call()).await, Ok(Probe::of([("memory", Check::Fine)])));
    let memory = Memory { is_able: false, ..Memory::fine() };
    let open = memory.resolver().pool().open(store, &call()).await.expect("a store");
    let errors = [
        open.names(&call()).await.expect_err("can't"),
        open.versions(&name, &call()).await.expect_err("can't"),
        open.probe(&call()).await.expect_err("can't"),
    ];
    assert!(errors.iter().all(|error| error.code() == "unsupported" && !error.is_transient()));
    let told = errors.map(|error| error.to_string());
    let cannot = |what: &str| format!("the provider `memory` can't {what}");
    assert_eq!(told, ["list its secrets", "list the versions of a secret", "check its stores"].map(cannot));
    assert_eq!(memory.tries(), 0);
}

#[test]
fn faults_of_own_properties_are_told_as_others() {
    let faults = read(
        "
stores:
  near: { provider: memry, label: x }
  far: { provider: aws-secrets-manager, region: x }
  foreign: { provider: memory, label: x, vault-url: https://x.vault.azure.net, tenant-id: a }
  azure: { vault-url: https://x.vault.azure.net, identity: azure-cli, label: x }
  misspelt: { provider: memory, labl: x, sise: 3, max-concurency: 3 }
  missing: { provider: memory, size: 3 }
  types: { provider: memory, label: [x], size: 10, is-shared: perhaps, kind: smal, token: { envv: X }, timeout: soon }
  checked: { provider: memory, label: none }
  reference: { provider: memory, label: $<credential:a/b> }
",
    );
    insta::assert_snapshot!(faults.expect_err("faults").to_string());
}

#[test]
fn an_environment_may_have_another_provider() {
    let (config, warnings) = read(
        "
stores:
  team: { vault-url: https://x.vault.azure.net, client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08, client-secret: { env: S }, max-concurrency: 2 }
environments:
  prod:
  test: { stores: { team: { provider: memory, label: x, token: { env: MEMORY_TOKEN } } } }
",
    )
    .expect("a configuration");
    assert!(warnings.is_empty(), "{warnings}");
    let of = |name| config.choose(Some(name)).expect("an environment").stores[0].clone();
    let (test, prod) = (of("test"), of("prod"));
    assert_eq!((test.provider(), prod.provider()), ("memory", "azure-key-vault"));
    assert_eq!((test.max_concurrency.get(), &*test.address()), (2, "memory of x"));
    assert_eq!(test.settings::<Settings>().map(|settings| &*settings.label), Some("x"));
    // What proves any of them is kept from every step.
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", "steps: [{ run: x }]")).expect("a workflow");
    let config = config.choose(Some("prod")).expect("an environment");
    let plan = workflow.plan(Some(&config)).expect("a plan");
    for name in ["S", "MEMORY_TOKEN"] {
        assert!(plan.secret_variables().iter().any(|variable| variable == name), "{name}");
    }
}

#[test]
fn plans_name_a_provider_that_is_not_the_default() {
    let plan = plan_of("steps: [{ run: x, env: { A: $<credential:team/a>, B: $<credential:payments/b> } }]");
    let shown = [plan::human::write(&plan), plan::json::write(&plan), plan::yaml::write(&plan)];
    insta::assert_snapshot!(shown.join("\n"));
    assert!(!format!("{plan:?}").contains("canary"));
    // Where it arrives, the store is of the same provider and at the same place.
    let portable = plan.to_portable();
    assert!(portable.clone().into_plan(Some(&config())).is_ok());
    let azure = "{ vault-url: https://team.vault.azure.net, identity: azure-cli }";
    for other in ["{ provider: memory, label: two }", azure] {
        let text = CONFIG.replace("{ provider: memory, label: one, max-concurrency: 3 }", other);
        let (config, _) = read(&text).expect("a configuration");
        let faults = portable.clone().into_plan(Some(&config)).expect_err("another store").to_string();
        assert!(faults.contains("and memory at memory of one where the plan was made"), "{faults}");
    }
}

/// What a provider proves itself by is read as Azure's client secrets are.
#[tokio::test]
async fn a_secret_is_read_from_where_the_configuration_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        SecretSource::File(path)
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    for text in ["canary", "canary\n", "canary\r\n"] {
        let read = file("secret", text.as_bytes()).read(deadline).await.expect("a secret");
        assert_eq!(read.expose(), "canary");
    }
    assert_eq!(file("secret", b" canary \n\n").read(deadline).await.expect("a secret").expose(), " canary \n");
    let literal = SecretSource::Literal(Arc::new(Secret::new("canary\n".to_owned())));
    assert_eq!(literal.read(deadline).await.expect("a secret").expose(), "canary\n");
    let path = std::env::var("PATH").expect("a variable");
    assert_eq!(SecretSource::Variable("PATH".to_owned()).read(deadline).await.expect("a secret").expose(), path);
    let store = &config().stores[0];
    for (source, code, remedy) in [
        (SecretSource::Variable("CREDFLOW_TEST_UNSET".to_owned()), "client-secret-unset", "set CREDFLOW_TEST_UNSET to"),
        (file("empty", b"\n"), "client-secret-unreadable", "correct the file's path"),
        (file("bytes", b"\xff"), "client-secret-unreadable", "correct the file's path"),
        (file("large", "x".repeat(65 << 10).as_bytes()), "client-secret-unreadable", "correct the file's path"),
        (SecretSource::File(folder.path().join("none")), "client-secret-unreadable", "correct the file's path"),
    ] {
        let error = source.read(deadline).await.expect_err("no secret");
        assert_eq!(error.code(), code, "{error}");
        let remedy_told = error.remedy(store, &"a".parse().expect("a name"), None);
        assert!(remedy_told.contains(remedy), "{remedy_told}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_secret_that_hangs_ends_with_the_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    let deadline = Instant::now() + Duration::from_millis(100);
    let error = SecretSource::File(fifo).read(deadline).await.expect_err("no time");
    assert_eq!(error.code(), "deadline");
}

/// Of two schemas of one name, one would never be asked.
#[test]
fn a_name_is_one_provider_s() {
    struct Named(&'static str);
    impl StoreSchema for Named {
        fn provider(&self) -> &str {
            self.0
        }

        fn required_keys(&self) -> &[&str] {
            &[]
        }

        fn read(&self, _properties: &mut PropertyReader<'_, '_>) -> Option<OwnSettings> {
            None
        }
    }
    let parse = |names: &[&'static str]| {
        let schemas: Vec<Arc<dyn StoreSchema>> = names.iter().map(|&name| Arc::new(Named(name)) as _).collect();
        let source = Source::private("credflow.yaml", "stores: {}");
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(Config::parse_with(&source, &schemas)))).is_ok()
    };
    assert!(parse(&["one", "other"]));
    assert!(!parse(&["one", "other", "one"]) && !parse(&[credflow::config::AZURE_KEY_VAULT]));
}

#[tokio::test(start_paused = true)]
async fn a_wish_not_to_wait_is_met_by_a_back_off() {
    for error in [FetchError::Throttled, FetchError::Server(503)] {
        let wish = move |_: &str, _| {
            let mut failed = Failed::from(error.clone());
            failed.asked = Some(Duration::ZERO);
            Err(failed)
        };
        let memory = Memory::new(wish);
        memory.resolver().resolve(&plan(1), within(60)).await.expect_err("it stays so");
        assert!(memory.tries() < 100, "{}", memory.tries());
    }
}

/// A list whose pages come at once, each with another one behind it.
#[derive(Clone, Copy)]
struct Endless;

impl Provider for Endless {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn open<'a>(&'a self, _opening: Opening<'a>) -> BoxFuture<'a, Result<Arc<dyn Backend>, FetchError>> {
        Box::pin(async { Ok(Arc::new(*self) as Arc<dyn Backend>) })
    }
}

impl Backend for Endless {
    fn fetch<'a>(
        &'a self,
        _secret: &'a SecretName,
        _version: Option<SecretVersion>,
        _call: &'a Call,
    ) -> BoxFuture<'a, Result<Fetched, Failed>> {
        Box::pin(async { Err(FetchError::NotFound.into()) })
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }
}

impl Listing for Endless {
    fn names<'a>(&'a self, page: Option<&'a str>, _call: &'a Call) -> BoxFuture<'a, Result<Page<SecretName>, Failed>> {
        let next = page.and_then(|page| page.parse::<u64>().ok()).unwrap_or_default() + 1;
        Box::pin(async move { Ok(Page::new(Vec::new(), Some(next.to_string()))) })
    }
}

#[tokio::test]
async fn a_list_without_end_ends_with_the_time() {
    let resolver = Resolver::new().with_provider(Arc::new(Endless));
    let open = resolver.pool().open(&config().stores[0], &call()).await.expect("a store");
    let error = open.names(&Call::within(Duration::from_millis(50))).await.expect_err("no end");
    assert_eq!(error.code(), "deadline");
}

#[test]
fn reports_take_no_square_of_time() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().expect("a runtime")
    };
    grows_evenly("failures", 500, |count| {
        let memory = Memory::new(|_, _| Err(FetchError::NotFound.into()));
        let error = runtime().block_on(memory.resolver().resolve(&plan(count), within(60))).expect_err("no values");
        assert_eq!(error.failures().len(), count);
    });
}
