//! What goes with values wherever they go: what no output may show, and which variables no step gets.

use std::fmt;
use std::sync::Arc;

use super::own;
use crate::secret::Secret;

/// What no output of a run may show, and which variables of the environment around it no step gets. They only grow.
#[derive(Clone)]
pub struct Safeguards {
    values: Vec<Arc<Secret>>,
    own: Vec<Arc<Secret>>,
    withheld: Vec<String>,
}

impl Safeguards {
    /// Those of fetched values, and of what was needed to fetch them.
    pub(super) fn new(values: Vec<Arc<Secret>>, own: Vec<Arc<Secret>>) -> Self {
        Self { values, own, withheld: Vec::new() }
    }

    /// The values that were fetched, whole, and their fields that are used.
    pub fn values(&self) -> &[Arc<Secret>] {
        &self.values
    }

    /// All that no output may show: the values, the access tokens, what proves the identities of the stores, and what the
    /// withheld variables hold.
    pub fn masked(&self) -> impl Iterator<Item = &Arc<Secret>> {
        self.values.iter().chain(&self.own)
    }

    /// The variables that no step gets: those with the client secrets of any store of the configuration, used or not.
    pub fn withheld(&self) -> &[String] {
        &self.withheld
    }

    pub(crate) fn mask(&mut self, value: Arc<Secret>) {
        self.own.push(value);
    }

    /// Withholds one more variable, and masks what it holds: somebody may print it all the same.
    pub(crate) fn withhold(&mut self, name: String) {
        if !self.withheld.contains(&name) {
            self.own.extend(own::variable(&name));
            self.withheld.push(name);
        }
    }
}

/// Shows the names of variables alone.
impl fmt::Debug for Safeguards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Safeguards").field("withheld", &self.withheld).finish_non_exhaustive()
    }
}
