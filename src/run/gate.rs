//! Whoever must know before a step is given its values.

use std::pin::Pin;

use super::event::StepPlace;

/// A future that a gate gives.
pub type Admission<'g> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'g>>;

/// Whoever must know before a step is given its values, such as an audit.
///
/// A step waits at its gate, and so does no one else. It can be cancelled and run out of time there.
pub trait Gate: Send + Sync {
    /// Lets a step start, each time that it is tried. It isn't started before this is done. When the future is dropped
    /// before that, the step isn't started either.
    ///
    /// # Errors
    /// Why the step may not start, in words for people.
    fn admit<'g>(&'g self, step: &'g StepPlace) -> Admission<'g>;

    /// A step that was let in couldn't be started after all.
    fn turned_back(&self, step: &StepPlace);
}
