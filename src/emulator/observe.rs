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

/// What is told of each request.
#[derive(Default)]
pub(super) struct Observer(Option<Box<Watch>>);

type Watch = dyn Fn(&Observed<'_>) + Send + Sync;

impl Observer {
    pub(super) fn new(watch: impl Fn(&Observed<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(watch)))
    }

    pub(super) fn tell(&self, observed: &Observed<'_>) {
        if let Some(watch) = &self.0 {
            watch(observed);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "Nobody" })
    }
}
