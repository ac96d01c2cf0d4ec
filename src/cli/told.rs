//! What a person is told of fetching, as it happens.

use std::time::Duration;

use super::Terminal;
use crate::store::{Asked, FetchEvent};

/// Tells what happens: how far it is on a terminal, with `-v` each secret, token, retry and pause, with `-vv` each request.
pub(super) struct Told<'t> {
    total: usize,
    done: usize,
    terminal: &'t Terminal,
}

impl<'t> Told<'t> {
    /// Nothing has happened yet; so many secrets are wanted.
    pub(super) fn new(total: usize, terminal: &'t Terminal) -> Self {
        Self { total, done: 0, terminal }
    }

    pub(super) fn event(&mut self, event: &FetchEvent) {
        let terminal = self.terminal;
        match event {
            FetchEvent::Fetched { store, secret, version, cached, took } => {
                let how = if *cached { "from the cache".to_owned() } else { format!("in {}", time(*took)) };
                terminal.detail(&format!("fetched {store}/{secret} (version {version}) {how}"));
                self.progress();
            }
            FetchEvent::Failed { store, secret, code, took } => {
                terminal.detail(&format!("failed to fetch {store}/{secret} after {}: {code}", time(*took)));
                self.progress();
            }
            FetchEvent::Token { host, lifetime } => {
                terminal.detail(&format!("got a token from {host}, valid for {} s", lifetime.as_secs()));
            }
            FetchEvent::Retrying { host, code, attempt, pause } => {
                terminal.detail(&format!("attempt {attempt} at {host} in {}: {code}", time(*pause)));
            }
            FetchEvent::Throttled { host, pause } => {
                terminal.detail(&format!("{host} is throttling: no request for {}", time(*pause)));
            }
            FetchEvent::Requested { host, what } => terminal.minutia(&format!("asking {host} for {}", name(*what))),
            FetchEvent::Answered { host, what, status, took } => {
                terminal.minutia(&format!("{host} answered for {}: HTTP {status} in {}", name(*what), time(*took)));
            }
            FetchEvent::Unanswered { host, what, code, took } => {
                terminal.minutia(&format!("{host} did not answer for {}: {code} after {}", name(*what), time(*took)));
            }
            FetchEvent::Lost(count) => terminal.detail(&format!("({count} more events were not shown)")),
        }
    }

    fn progress(&mut self) {
        self.done += 1;
        self.terminal.progress(&format!("fetching {} of {}", self.done, self.total));
    }
}

fn name(what: Asked) -> &'static str {
    match what {
        Asked::Challenge => "its tenant and resource",
        Asked::Token => "a token",
        Asked::Secret => "a secret",
        Asked::List => "a list",
    }
}

fn time(time: Duration) -> String {
    if time < Duration::from_secs(10) { format!("{} ms", time.as_millis()) } else { format!("{} s", time.as_secs()) }
}
