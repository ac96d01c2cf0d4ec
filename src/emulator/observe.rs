//! Who watches the emulator's requests.

use std::fmt;
use std::time::Duration;

/// A request that was answered. It holds names and no values: no body, no header, no query.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'o> {
    /// The method, as it was meant.
    pub method: &'o str,
    /// The host that it was sent to, with its port.
    pub host: &'o str,
    /// The path.
    pub path: &'o str,
    /// The status of the answer; nothing when the connection was reset instead.
    pub status: Option<u16>,
    /// How long it took until then.
    pub elapsed: Duration,
}

/// What is told of each request, and of troubles.
#[derive(Default)]
pub(super) struct Observer {
    watch: Option<Box<Watch>>,
    trouble: Option<Box<Trouble>>,
}

type Watch = dyn Fn(&Observed<'_>) + Send + Sync;
type Trouble = dyn Fn(&str) + Send + Sync;

impl Observer {
    pub(super) fn watch(&mut self, watch: impl Fn(&Observed<'_>) + Send + Sync + 'static) {
        self.watch = Some(Box::new(watch));
    }

    pub(super) fn trouble(&mut self, trouble: impl Fn(&str) + Send + Sync + 'static) {
        self.trouble = Some(Box::new(trouble));
    }

    pub(super) fn tell(&self, observed: &Observed<'_>) {
        if let Some(watch) = &self.watch {
            watch(observed);
        }
    }

    pub(super) fn complain(&self, text: &str) {
        if let Some(trouble) = &self.trouble {
            trouble(text);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.watch.is_some() { "Observer" } else { "Nobody" })
    }
}
