//! Who is told of a run: the person who watches, and the logs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::logs::Logs;
use crate::mask::MaskSet;
use crate::run::{Event, Observer, Unshown};

pub(super) struct Witness {
    live: Box<dyn Observer>,
    logs: Option<Logs>,
    fault: LogFault,
}

/// What became of the logs; clones tell of the same.
#[derive(Debug, Clone, Default)]
pub(super) struct LogFault(Arc<Mutex<Option<String>>>);

impl LogFault {
    /// Why a log isn't whole, if one isn't.
    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Witness {
    pub(super) fn new(live: Box<dyn Observer>, logs: Option<Logs>) -> (Self, LogFault) {
        let fault = LogFault::default();
        (Self { live, logs, fault: fault.clone() }, fault)
    }
}

impl Observer for Witness {
    fn mask(&mut self, masks: &Arc<MaskSet>) {
        if let Some(logs) = &mut self.logs {
            logs.mask(masks);
        }
        self.live.mask(masks);
    }

    fn event(&mut self, event: Event) -> Result<(), Unshown> {
        if let Some(logs) = &mut self.logs {
            logs.event(&event);
            if let Some(found) = logs.fault() {
                let LogFault(fault) = &self.fault;
                fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(found);
            }
        }
        match self.live.event(event) {
            // Half a deployment is worse than one that nobody watches: the steps go on, and so do the logs.
            Err(Unshown::Closed) => Ok(()),
            shown => shown,
        }
    }

    fn patience(&self) -> Option<Duration> {
        self.live.patience()
    }

    fn silence(&mut self) {
        self.live.silence();
    }
}
