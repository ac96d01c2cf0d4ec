//! Refusals as Entra ID words them.

use serde::Serialize;

use super::token::guid;
use crate::emulator::answer::Answer;
use crate::emulator::clock;

/// Why a token isn't given, before it has a time and ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::emulator) struct Refusal {
    status: u16,
    error: &'static str,
    /// The number after `AADSTS`.
    code: u32,
    text: String,
}

#[derive(Serialize)]
struct Body<'e> {
    error: &'e str,
    error_description: String,
    error_codes: [u32; 1],
    timestamp: String,
    trace_id: &'e str,
    correlation_id: String,
    error_uri: String,
}

/// A refusal with that status, OAuth error and AADSTS code.
pub(super) fn refuse(status: u16, error: &'static str, code: u32, text: impl Into<String>) -> Refusal {
    Refusal { status, error, code, text: text.into() }
}

impl Refusal {
    /// The refusal as an answer of that time, in seconds since 1970.
    pub(super) fn answer(self, now: i64) -> Answer {
        let Self { status, error, code, text } = self;
        let (trace_id, correlation_id) = (guid(), guid());
        let timestamp = clock::timestamp(now);
        let body = Body {
            error,
            error_description: format!(
                "AADSTS{code}: {text} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
            ),
            error_codes: [code],
            timestamp,
            trace_id: &trace_id,
            correlation_id,
            error_uri: format!("https://login.microsoftonline.com/error?code={code}"),
        };
        let answer = Answer::json(status, &body);
        answer.header("x-ms-request-id", trace_id)
    }
}
