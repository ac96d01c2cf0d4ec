//! `if`, `timeout-minutes`, `continue-on-error`, `inherit-env`.

use std::time::Duration;

use super::foreign::is_expression;
use super::{Condition, Settings, outside};
use crate::diagnostic::Code;
use crate::yaml::{Entry, NodeId, Reader, shorten};

/// The longest time limit, in minutes: a week.
const MAX_MINUTES: f64 = 7.0 * 24.0 * 60.0;

/// Whether a key was one of the settings.
pub(super) enum Setting {
    /// It was, and is read.
    Read,
    /// It is somebody else's.
    Unknown,
}

/// Reads one key of a job or step if it is a setting.
pub(super) fn setting(reader: &mut Reader<'_>, settings: &mut Settings, name: &str, entry: Entry) -> Setting {
    let value = entry.value;
    if matches!(name, "if" | "timeout-minutes" | "continue-on-error" | "inherit-env") {
        reader.visit(value);
        outside::complain(reader, value, Some(name));
        if name != "if" && is_expression(reader, value) {
            reader.note(value, format!("{name}: ${{{{ … }}}}"));
            return Setting::Read;
        }
    }
    match name {
        "if" => settings.condition = condition(reader, value),
        "timeout-minutes" => settings.timeout = minutes(reader, value),
        "continue-on-error" => settings.continue_on_error = reader.boolean(value, name).unwrap_or_default(),
        "inherit-env" => settings.inherit_env = reader.boolean(value, name),
        _ => return Setting::Unknown,
    }
    Setting::Read
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
            reader.note(node, format!("if: {}", shorten(text)));
            Condition::Success
        }
    }
}

fn minutes(reader: &mut Reader<'_>, node: NodeId) -> Option<Duration> {
    let minutes = reader.tree.text(node).and_then(|text| text.parse::<f64>().ok());
    match minutes {
        Some(minutes) if minutes > 0.0 && minutes <= MAX_MINUTES => Some(Duration::from_secs_f64(minutes * 60.0)),
        Some(_) => {
            let message = "`timeout-minutes` must be more than 0 and at most a week";
            reader.fault(Code::WrongValue, node, message, "", "");
            None
        }
        None => {
            reader.wrong_type(node, "timeout-minutes", "a number of minutes");
            None
        }
    }
}
