//! `if`, `timeout-minutes`, `continue-on-error`, `inherit-env`.

use std::time::Duration;

use super::foreign::{Foreign, What, is_expression, note_expression};
use super::keys::Key;
use super::{Condition, Reader, Settings, outside};
use crate::diagnostic::Code;
use crate::yaml::{Entry, NodeId};

/// The longest time limit, in minutes: 35 days, as long as a run may take at GitHub.
const MAX_MINUTES: f64 = 35.0 * 24.0 * 60.0;

/// Reads one key of a job or step if it is a setting; `false` when it is none.
pub(super) fn setting(reader: &mut Reader<'_>, settings: &mut Settings, key: Key, entry: Entry) -> bool {
    let (value, name) = (entry.value, key.name());
    if !matches!(key, Key::If | Key::TimeoutMinutes | Key::ContinueOnError | Key::InheritEnv) {
        return false;
    }
    reader.visit(value);
    outside::complain(reader, value, Some(name));
    if key != Key::If && is_expression(reader.tree, value) {
        note_expression(reader, entry.written, key, true);
        return true;
    }
    match key {
        Key::If => settings.condition = condition(reader, value),
        Key::TimeoutMinutes => settings.timeout = minutes(reader, value),
        Key::ContinueOnError => settings.continue_on_error = reader.boolean(value, name).unwrap_or_default(),
        _ => settings.inherit_env = reader.boolean(value, name),
    }
    true
}

fn condition(reader: &mut Reader<'_>, node: NodeId) -> Condition {
    let Some(text) = reader.text(node, "if") else {
        return Condition::default();
    };
    let bare = text.trim();
    let inner = bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    match inner.unwrap_or(bare).trim() {
        "success()" | "true" => Condition::Success,
        "failure()" => Condition::Failure,
        "always()" => Condition::Always,
        "false" => Condition::Never,
        _ => {
            let span = reader.tree.span(node);
            reader.note(Foreign { what: What::Condition, span, node });
            Condition::Success
        }
    }
}

fn minutes(reader: &mut Reader<'_>, node: NodeId) -> Option<Duration> {
    let minutes = reader.tree.text(node).and_then(|text| text.parse::<f64>().ok());
    match minutes {
        Some(minutes) if minutes > 0.0 && minutes <= MAX_MINUTES => Some(Duration::from_secs_f64(minutes * 60.0)),
        Some(_) => {
            let message = "`timeout-minutes` must be more than 0 and at most 50400, 35 days";
            reader.fault(Code::WrongValue, node, message, "", "");
            None
        }
        None => {
            reader.wrong_type(node, "timeout-minutes", "a number of minutes");
            None
        }
    }
}
