//! Providers of one's own that do what they shouldn't: they panic, hang, and name times without an end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use credflow::config::{Config, OwnSettings, PropertyReader, StoreSchema};
use credflow::plan::Plan;
use credflow::reference::{SecretName, SecretVersion};
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::secret::Secret;
use credflow::source::Source;
use credflow::store::{
    Backend, BoxFuture, Call, Failed, FetchError, Fetched, Listing, Opening, Page, Probe, Probing, Provider, Rate,
};
use credflow::workflow::Workflow;
use tokio::time::Instant;

const PAYLOAD: &str = "canary-payload";

/// `provider: odd`.
#[derive(Clone, Default)]
struct Odd {
    /// Where it panics.
    panics: &'static str,
    /// The secret whose fetches never end.
    hangs: &'static str,
    /// How long it is busy at first.
    busy: Option<Duration>,
    rate: Option<Rate>,
    tries: Arc<AtomicUsize>,
    is_old: Arc<AtomicBool>,
    opened: Arc<Mutex<Vec<Weak<Odd>>>>,
}

impl Odd {
    fn at(&self, place: &str) {
        assert!(self.panics != place, "{PAYLOAD}");
    }

    fn resolver(&self) -> Resolver {
        Resolver::new().with_provider(Arc::new(self.clone()))
    }

    async fn answer(&self, secret: &str) -> Result<Fetched, Failed> {
        self.at(secret);
        if self.hangs == secret {
            std::future::pending::<()>().await;
        }
        match self.busy {
            Some(busy) if self.tries.fetch_add(1, Ordering::SeqCst) == 0 => Err(Failed::busy(Some(busy))),
            _ if secret == "missing" => Err(FetchError::NotFound.into()),
            _ => Ok(Fetched::new(Secret::new("canary-value".to_owned()), SecretVersion::from_bits(2))),
        }
    }
}

impl StoreSchema for Odd {
    fn provider(&self) -> &'static str {
        "odd"
    }

    fn required_keys(&self) -> &[&str] {
        &[]
    }

    fn optional_keys(&self) -> &[&str] {
        &[]
    }

    fn read(&self, _properties: &mut PropertyReader<'_, '_>) -> Option<OwnSettings> {
        Some(OwnSettings::new("an odd place".to_owned(), ()))
    }
}

impl Provider for Odd {
    fn name(&self) -> &'static str {
        "odd"
    }

    fn open<'a>(&'a self, _opening: Opening<'a>) -> BoxFuture<'a, Result<Arc<dyn Backend>, FetchError>> {
        self.at("open");
        Box::pin(async {
            let open = Arc::new(Self { is_old: Arc::default(), ..self.clone() });
            self.opened.lock().expect("a list").push(Arc::downgrade(&open));
            let open: Arc<dyn Backend> = open;
            Ok(open)
        })
    }

    fn rate(&self) -> Option<Rate> {
        self.at("rate");
        self.rate
    }
}

impl Backend for Odd {
    fn fetch<'a>(
        &'a self,
        secret: &'a SecretName,
        _version: Option<SecretVersion>,
        _call: &'a Call,
    ) -> BoxFuture<'a, Result<Fetched, Failed>> {
        self.at("fetch");
        Box::pin(self.answer(secret.as_str()))
    }

    fn ready<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Result<(), FetchError>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            self.at("ready");
            Ok(())
        })
    }

    fn explain(&self, error: FetchError) -> FetchError {
        self.at("explain");
        error
    }

    fn is_current(&self) -> bool {
        self.at("is_current");
        !self.is_old.load(Ordering::SeqCst)
    }

    fn tokens(&self) -> Vec<Secret> {
        self.at("tokens");
        vec![Secret::new("canary-token".to_owned())]
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }

    fn probing(&self) -> Option<&dyn Probing> {
        Some(self)
    }
}

impl Listing for Odd {
    fn names<'a>(&'a self, _page: Option<&'a str>, _call: &'a Call) -> BoxFuture<'a, Result<Page<SecretName>, Failed>> {
        self.at("names");
        Box::pin(async { Ok(Vec::new().into()) })
    }
}

impl Probing for Odd {
    fn probe<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Probe> {
        Box::pin(async {
            self.at("probe");
            Probe::of([])
        })
    }
}

fn plan(secrets: &[&str]) -> Plan {
    let schemas: [Arc<dyn StoreSchema>; 1] = [Arc::new(Odd::default())];
    let text = "stores: { team: { provider: odd } }";
    let (config, _) = Config::parse_with(&Source::private("credflow.yaml", text), &schemas).expect("a configuration");
    let variables = |(n, secret): (usize, &&str)| format!("V{n}: $<credential:team/{secret}>");
    let variables: Vec<String> = secrets.iter().enumerate().map(variables).collect();
    let text = format!("steps: [{{ run: x, env: {{ {} }} }}]", variables.join(", "));
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", text.as_str())).expect("a workflow");
    workflow.plan(Some(&config)).expect("a plan")
}

fn within(seconds: u64) -> ResolveOptions {
    ResolveOptions::default().timeout(Duration::from_secs(seconds))
}

fn call() -> Call {
    Call::until(Instant::now() + Duration::from_secs(60))
}

/// A provider that panics fails as one that says why, and what it panicked with may be a value.
#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_of_its_fetch() {
    for panics in ["rate", "open", "fetch", "ready", "b", "tokens"] {
        let odd = Odd { panics, ..Odd::default() };
        for resolver in [odd.resolver(), Resolver::with_cache(Duration::MAX).with_provider(Arc::new(odd.clone()))] {
            let error = resolver.resolve(&plan(&["a", "b", "c"]), within(60)).await.expect_err("a panic");
            assert!(error.failures().iter().all(|(_, error)| error.code() == "provider-panicked"), "{panics}: {error}");
            assert_eq!(error.failures().len(), if panics == "b" { 1 } else { 3 }, "{panics}");
            assert!(!error.is_transient() && !format!("{error} {error:?}").contains(PAYLOAD));
            // Nothing is held by what fell: no place among the requests in flight, and no turn.
            if panics == "b" {
                resolver.resolve(&plan(&["a", "c"]), within(60)).await.expect("the others");
            }
        }
    }
    let odd = Odd { panics: "explain", ..Odd::default() };
    let error = odd.resolver().resolve(&plan(&["missing"]), within(60)).await.expect_err("a panic");
    assert_eq!(error.failures()[0].1.code(), "provider-panicked");
    insta::assert_snapshot!(error.to_string());
    // It is opened anew each time, and what it has is masked all the same.
    let odd = Odd { panics: "is_current", ..Odd::default() };
    for resolver in [odd.resolver(), odd.resolver()] {
        for _ in 0..2 {
            let filled = resolver.resolve(&plan(&["a"]), within(60)).await.expect("a value").render();
            assert!(filled.safeguards().masked().any(|masked| masked.expose() == "canary-token"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_of_a_list_and_of_a_check() {
    let stores = plan(&["a"]).stores().to_vec();
    for panics in ["names", "probe"] {
        let odd = Odd { panics, ..Odd::default() };
        let resolver = odd.resolver();
        let open = resolver.pool().open(&stores[0], &call()).await.expect("a store");
        let error = match panics {
            "names" => open.names(&call()).await.expect_err("a panic"),
            _ => resolver.pool().probe(&stores, Duration::from_secs(9)).await.remove(0).expect_err("a panic"),
        };
        assert_eq!(error.code(), "provider-panicked");
    }
}

#[tokio::test(start_paused = true)]
async fn times_have_no_end() {
    let odd = Odd { rate: Some(Rate { requests: 2, window: Duration::MAX }), ..Odd::default() };
    let endless = || ResolveOptions::default().timeout(Duration::MAX);
    let plan = plan(&["a"]).with_stores(|store| {
        store.timeout = Some(Duration::MAX);
        store.request_timeout = Duration::MAX;
    });
    let resolver = Resolver::with_cache(Duration::MAX).with_provider(Arc::new(odd.clone()));
    for _ in 0..3 {
        resolver.resolve(&plan, endless()).await.expect("a value");
        resolver.pool().probe(plan.stores(), Duration::MAX).await.remove(0).expect("a probe");
    }
    let resolver = odd.resolver();
    for _ in 0..2 {
        resolver.resolve(&plan, endless()).await.expect("a value");
    }
    let spent = resolver.resolve(&plan, within(60)).await.expect_err("no more requests");
    assert_eq!(spent.failures()[0].1.code(), "deadline");
}

/// What a store asks for is believed for ten minutes, whoever says it.
#[tokio::test(start_paused = true)]
async fn a_busy_store_is_left_alone_for_ten_minutes_at_most() {
    let odd = Odd { busy: Some(Duration::MAX), ..Odd::default() };
    let resolver = odd.resolver();
    let begun = Instant::now();
    let error = resolver.resolve(&plan(&["a"]), within(60)).await.expect_err("busy");
    assert!(error.failures()[0].1.code() == "throttled" && begun.elapsed().as_secs() < 1, "{error}");
    resolver.resolve(&plan(&["a"]), within(3_600)).await.expect("a value");
    assert!((600..602).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

/// Whoever looks: a timer while its runtime lives, and the next fetch where it doesn't.
#[test]
fn a_kept_value_is_wiped_when_its_time_is_over() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let lifetime = Duration::from_millis(20);
    let value = |resolver: &Resolver, runtime: &tokio::runtime::Runtime, secret| {
        let resolved = runtime.block_on(resolver.resolve(&plan(&[secret]), within(60))).expect("a value");
        Arc::downgrade(&resolved.answers()[0].value)
    };
    let (here, resolver) = (runtime(), Resolver::with_cache(lifetime).with_provider(Arc::new(Odd::default())));
    let first = value(&resolver, &here, "a");
    here.block_on(async {
        while first.upgrade().is_some() {
            tokio::time::sleep(lifetime).await;
        }
    });
    let second = value(&resolver, &here, "a");
    drop(here);
    std::thread::sleep(2 * lifetime);
    value(&resolver, &runtime(), "b");
    assert!(second.upgrade().is_none());
}

/// A run that is given up leaves nothing behind: what it asked is closed when nobody else has it.
#[tokio::test(start_paused = true)]
async fn an_aborted_fetch_keeps_no_store_open() {
    let odd = Odd { hangs: "a", ..Odd::default() };
    let resolver = Resolver::with_cache(Duration::from_secs(60)).with_provider(Arc::new(odd.clone()));
    let resolving = tokio::time::timeout(Duration::from_secs(1), async {
        resolver.resolve(&plan(&["a", "b"]), within(60)).await.expect("a value")
    });
    assert!(resolving.await.is_err());
    tokio::time::sleep(Duration::from_secs(61)).await;
    let opened = || odd.opened.lock().expect("a list").clone();
    opened()[0].upgrade().expect("an open store").is_old.store(true, Ordering::SeqCst);
    resolver.resolve(&plan(&["b"]), within(60)).await.expect("a value");
    let open: Vec<bool> = opened().iter().map(|open| open.upgrade().is_some()).collect();
    assert_eq!(open, [false, true]);
}
