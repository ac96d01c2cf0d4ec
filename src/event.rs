//! All that happens, from the first request to the last step's end, as one stream of owned values on a bounded channel.
//!
//! What happens while secrets are fetched never waits for the receiver, and is counted where there is no room: see
//! [`FetchEvents`]. A run waits for it, as for any [`Observer`]: nothing that a step wrote is lost.
//!
//! ```
//! use credflow::event::{self, Event};
//! use credflow::resolve::{ResolveOptions, Resolver};
//! use credflow::run::{Options, run};
//! use credflow::source::Source;
//! use credflow::workflow::Workflow;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (workflow, _) = Workflow::read(&Source::new("hello.yaml", "steps: [{ run: echo hello }]"))?;
//! let (events, mut stream) = event::channel(64);
//! let running = async move {
//!     let options = ResolveOptions::default().events(events.fetch);
//!     let filled = Resolver::new().resolve(&workflow.plan(None)?, options).await?.render();
//!     Ok::<_, Box<dyn std::error::Error>>(run(filled, Options::default(), Box::new(events.run)).await?)
//! };
//! let showing = async {
//!     let mut steps = 0;
//!     while let Some(event) = stream.next().await {
//!         steps += u32::from(matches!(event, Event::Run(credflow::run::Event::StepFinished { .. })));
//!     }
//!     steps
//! };
//! let (execution, steps) = tokio::join!(running, showing);
//! assert!(execution?.is_success() && steps == 1);
//! # Ok(())
//! # }
//! ```

use tokio::sync::mpsc;

use crate::run::{self, Observer, Unshown};
use crate::store::{FetchEvent, FetchEventStream, FetchEvents};

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// While secrets are fetched.
    Fetch(FetchEvent),
    /// While steps run.
    Run(run::Event),
}

/// Whom it is told.
#[derive(Debug)]
#[non_exhaustive]
pub struct Events {
    /// For [`ResolveOptions::events`](crate::resolve::ResolveOptions::events).
    pub fetch: FetchEvents,
    /// For [`run`](crate::run::run()).
    pub run: RunEvents,
}

/// An observer that tells what happens on a channel, and waits where there is no room. Where nobody receives any more, the
/// steps run on.
#[derive(Debug)]
pub struct RunEvents(mpsc::Sender<run::Event>);

/// The other end: what happens, in order. What is told of fetching comes before what is told of running at the same time.
#[derive(Debug)]
pub struct EventStream {
    fetch: Option<FetchEventStream>,
    run: mpsc::Receiver<run::Event>,
}

/// A channel for so many events of either kind that nobody has received yet.
///
/// # Panics
/// When that is none.
pub fn channel(capacity: usize) -> (Events, EventStream) {
    let (fetch, fetched) = FetchEvents::channel(capacity);
    let (sender, receiver) = mpsc::channel(capacity);
    (Events { fetch, run: RunEvents(sender) }, EventStream { fetch: Some(fetched), run: receiver })
}

impl Observer for RunEvents {
    fn event(&mut self, event: run::Event) -> Result<(), Unshown> {
        // Who doesn't listen any more has seen enough.
        let _ = self.0.blocking_send(event);
        Ok(())
    }
}

impl EventStream {
    /// What happened next; nothing once nobody tells any more. Nothing is lost when it isn't waited for to the end.
    pub async fn next(&mut self) -> Option<Event> {
        let Self { fetch, run } = self;
        if let Some(fetched) = fetch {
            tokio::select! {
                biased;
                event = fetched.next() => match event {
                    Some(event) => return Some(Event::Fetch(event)),
                    None => *fetch = None,
                },
                Some(event) = run.recv() => return Some(Event::Run(event)),
            }
        }
        run.recv().await.map(Event::Run)
    }
}
