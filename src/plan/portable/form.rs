//! The form of a plan that travels, which both sides have to know.

use serde::{Deserialize, Serialize};

/// The form that is written, and the only one that is read.
const FORM: u32 = 1;

/// The form of a plan that is read: there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub(super) struct Form;

impl TryFrom<u32> for Form {
    type Error = UnreadablePlan;

    fn try_from(found: u32) -> Result<Self, UnreadablePlan> {
        (found == FORM).then_some(Self).ok_or(UnreadablePlan::Form { found })
    }
}

impl From<Form> for u32 {
    fn from(_: Form) -> Self {
        FORM
    }
}

/// A text that is no portable plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadablePlan {
    /// It isn't the JSON of a plan.
    #[error("it is not a plan: line {line}, column {column}; send the text of `PortablePlan::to_json` unchanged")]
    Malformed {
        /// The line of the fault, from 1.
        line: usize,
        /// The column of it, from 1.
        column: usize,
    },
    /// It was written by another version.
    #[error(
        "the plan has form {found}, and this version of credflow reads form {FORM}; use the same version on both sides"
    )]
    Form {
        /// The form that it has.
        found: u32,
    },
}
