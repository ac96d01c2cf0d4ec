//! What a subscriber of `tracing` sees of a run.

#![allow(clippy::use_debug, reason = "a subscriber is given fields so")]

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use credflow::config::Config;
use credflow::emulator::{Emulator, Vault};
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::run::{Event, Options, run};
use credflow::source::Source;
use credflow::workflow::Workflow;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use crate::project::CANARY;

/// Writes down everything that it is told.
#[derive(Clone, Default)]
struct Notes {
    text: Arc<Mutex<String>>,
    spans: Arc<AtomicU64>,
}

struct Fields<'n>(&'n mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").expect("a string");
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "credflow"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = self.text.lock().expect("no panic");
        text.push_str(span.metadata().name());
        span.record(&mut Fields(&mut text));
        text.push('\n');
        Id::from_u64(self.spans.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = self.text.lock().expect("no panic");
        event.record(&mut Fields(&mut text));
        text.push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn spans_and_events_have_names_and_no_values() {
    let notes = Notes::default();
    let _guard = tracing::subscriber::set_default(notes.clone());
    let emulator = Emulator::builder().vault(Vault::new("payments").secret("token", CANARY)).start();
    let emulator = emulator.await.expect("an emulator");
    let config = "stores: { payments: { vault-url: https://payments.vault.azure.net, identity: managed-identity } }";
    let (config, _) = Config::parse(&Source::private("credflow.yaml", config)).expect("a configuration");
    let text = "jobs: { build: { steps: [{ name: Make, run: 'echo $T', env: { T: $<credential:payments/token> } }] } }";
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", text)).expect("a workflow");
    let plan = workflow.plan(Some(&config)).expect("a plan").with_stores(|store| emulator.redirect(store));
    let filled = Resolver::new().resolve(&plan, ResolveOptions::default()).await.expect("a value").render();
    run(filled, Options::default(), Box::new(|_: Event| {})).await.expect("a run");
    let text = notes.text.lock().expect("no panic").clone();
    for expected in [
        "resolve fetches=1\n",
        "fetch store=payments secret=token\n",
        "job id=\"build\"\n",
        "step number=1 label=\"Make\"\n",
        " event=Requested { host: ",
        " event=Fetched { store: ",
    ] {
        assert!(text.contains(expected), "{expected:?} in\n{text}");
    }
    assert!(!text.contains(CANARY), "{text}");
}
