//! An answer before it is HTTP: status, headers, body.

use std::borrow::Cow;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::pace::{Pace, Paced};

/// What a handler answers. It may hold a token or a secret's value, and has no `Debug` therefore.
pub(super) struct Answer {
    status: StatusCode,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Vec<u8>,
    pace: Pace,
}

impl Answer {
    /// A JSON body. Members come in the order of the type's fields, as the services write them.
    pub(super) fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("internal error: an answer is plain JSON");
        Self::bytes(status, "application/json; charset=utf-8", body)
    }

    /// No body.
    pub(super) fn empty(status: u16) -> Self {
        let mut answer = Self::bytes(status, "", Vec::new());
        answer.headers.clear();
        answer
    }

    /// A body of text.
    pub(super) fn text(status: u16, text: &str) -> Self {
        Self::bytes(status, "text/plain; charset=utf-8", text.as_bytes().to_vec())
    }

    fn bytes(status: u16, kind: &'static str, body: Vec<u8>) -> Self {
        let status = StatusCode::from_u16(status).expect("internal error: a status of ours");
        Self { status, headers: vec![("content-type", kind.into())], body, pace: Pace::default() }
    }

    /// The same with one more header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a body that comes at that pace.
    pub(super) fn paced(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Its status, as a number.
    pub(super) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The answer as HTTP.
    pub(super) fn into_response(self) -> Response<Paced> {
        let mut response = Response::new(Paced::new(self.body, self.pace));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            // A value that came with the request may not be one that can go back.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
