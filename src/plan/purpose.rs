//! What a plan is for.

/// What a plan is for, and so which bindings of its workflow need a value: [`Run`] or [`Render`].
pub trait Purpose: sealed::Sealed + Send + 'static {
    /// Whether the file itself is written, so that each of its references needs a value, seen or not.
    const WHOLE: bool;
}

/// Steps that run, or their environments: what no step sees isn't planned.
#[derive(Debug, Clone, Copy)]
pub enum Run {}

/// The whole file with its values: every reference is planned.
#[derive(Debug, Clone, Copy)]
pub enum Render {}

impl Purpose for Run {
    const WHOLE: bool = false;
}

impl Purpose for Render {
    const WHOLE: bool = true;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Run {}

    impl Sealed for super::Render {}
}
