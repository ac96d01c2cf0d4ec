//! `retry`: how often a step is tried, and when.

use std::time::Duration;

use super::keys::Key;
use super::level::Level;
use super::text::stands_for;
use super::{Reader, known};
use crate::diagnostic::Code;
use crate::yaml::NodeId;

/// The most attempts.
const MOST: u32 = 100;

/// The longest delay, in seconds: a day.
const LONGEST: f64 = 86_400.0;

/// How a step that fails is tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// How often it is started at the most; at least 1.
    pub attempts: u32,
    /// How long is waited after the first attempt.
    pub delay: Duration,
    /// How many times longer each further delay is; at least 1.
    pub backoff: f64,
}

impl Retry {
    /// How long is waited after that attempt, from 1; at most a day, and no time where the factor makes it less than none.
    pub fn delay_after(&self, attempt: u32) -> Duration {
        let power = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = (self.delay.as_secs_f64() * self.backoff.powi(power)).min(LONGEST);
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}

/// Reads `{ attempts, delay, backoff }`: a number of attempts, seconds, and a factor. The delay is a second and the
/// factor 1 when they are left out.
pub(super) fn retry(reader: &mut Reader<'_>, node: NodeId) -> Option<Retry> {
    let mut retry = Retry { attempts: 0, delay: Duration::from_secs(1), backoff: 1.0 };
    if stands_for(reader, node, Key::Retry) {
        return None;
    }
    if let Some(text) = reader.tree.text(node).filter(|_| !reader.tree.is_null(node)) {
        let attempts = text.parse().ok().filter(|attempts| (1..=MOST).contains(attempts)).unwrap_or(3);
        let help = format!("write `retry: {{ attempts: {attempts} }}`");
        reader.fault(Code::WrongType, node, "`retry` must be a mapping, and is a text", "", &help);
        return None;
    }
    let (mut given, noted) = (false, reader.notes.len());
    for (key, entry) in known::entries(reader, Level::Retry, node, "retry") {
        reader.visit(entry.value);
        match key {
            Key::Attempts => {
                given = true;
                if stands_for(reader, entry.value, key) {
                    retry.attempts = 1;
                    continue;
                }
                let attempts = reader.tree.text(entry.value).and_then(|text| text.parse().ok());
                retry.attempts = attempts.filter(|attempts| (1..=MOST).contains(attempts)).unwrap_or_else(|| {
                    let message = format!("`attempts` must be a whole number from 1 to {MOST}");
                    reader.fault(Code::WrongValue, entry.value, message, "", "");
                    1
                });
            }
            Key::Delay | Key::Backoff if stands_for(reader, entry.value, key) => {}
            Key::Delay => {
                let seconds = number(reader, entry.value, "delay", 0.0, LONGEST);
                retry.delay = seconds.map_or(retry.delay, Duration::from_secs_f64);
            }
            Key::Backoff => retry.backoff = number(reader, entry.value, "backoff", 1.0, 100.0).unwrap_or(1.0),
            _ => known::unread(reader, key, entry),
        }
    }
    // A key that nobody knows was probably meant.
    if !given && reader.notes.len() == noted && !reader.faults.has_errors() {
        let help = "write `retry: { attempts: 3, delay: 1, backoff: 2 }`";
        reader.fault(Code::MissingKey, node, "`retry` has no `attempts`", "", help);
    }
    given.then_some(retry)
}

fn number(reader: &mut Reader<'_>, node: NodeId, key: &str, least: f64, most: f64) -> Option<f64> {
    let number = reader.tree.text(node).and_then(|text| text.parse::<f64>().ok());
    let fits = number.filter(|number| (least..=most).contains(number));
    if fits.is_none() {
        let message = format!("`{key}` must be a number from {least} to {most}");
        reader.fault(Code::WrongValue, node, message, "", "");
    }
    fits
}
