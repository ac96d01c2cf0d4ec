//! Environments: the same stores with other properties, for development, production and what is between.

use super::{Config, Store};
use crate::diagnostic::nearest;
use crate::reference::EnvironmentName;

/// What an environment makes of the stores.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The name by which it is chosen.
    pub name: EnvironmentName,
    /// All stores that it has, whole: those of the configuration with its properties over theirs, then its own.
    pub stores: Vec<Store>,
}

/// Why there is no configuration of an environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// None is chosen, and there are some.
    #[error("no environment is chosen; the configuration has {}", .0.join(", "))]
    NotChosen(Vec<String>),
    /// There is no such one.
    #[error("the configuration has no environment `{name}`; {}", meant(name, known))]
    Unknown {
        /// The one that was named.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// There are none at all.
    #[error("the configuration has no `environments`, so that `{0}` can't be chosen")]
    NoEnvironments(String),
}

fn meant(name: &str, known: &[String]) -> String {
    match nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("it has {}", known.join(", ")),
    }
}

impl Config {
    /// The environments, in the order of the file.
    pub fn environments(&self) -> &[Environment] {
        &self.environments
    }

    /// The environment that was chosen.
    pub fn environment(&self) -> Option<&EnvironmentName> {
        self.environment.as_ref()
    }

    /// The configuration of an environment: its stores, and the same credentials. Without a name the configuration as it
    /// is, if no environment is to be chosen.
    ///
    /// # Errors
    /// There is no such environment, or none is named and there are some.
    pub fn choose(&self, name: Option<&str>) -> Result<Self, EnvironmentError> {
        let Some(name) = name else { return self.is_chosen().map(|()| self.clone()) };
        if self.environments.is_empty() {
            return Err(EnvironmentError::NoEnvironments(name.to_owned()));
        }
        match self.environments.iter().find(|environment| environment.name.as_str() == name) {
            Some(environment) => Ok(self.of(environment)),
            None => Err(EnvironmentError::Unknown { name: name.to_owned(), known: self.environment_names() }),
        }
    }

    /// The configuration of each environment; the configuration itself where there are none, or one is chosen.
    pub fn each(&self) -> Vec<Self> {
        match self.is_chosen() {
            Ok(()) => vec![self.clone()],
            Err(_) => self.environments.iter().map(|environment| self.of(environment)).collect(),
        }
    }

    /// Whether its stores are those of one environment, or of a configuration without any.
    pub(crate) fn is_chosen(&self) -> Result<(), EnvironmentError> {
        if self.environments.is_empty() || self.environment.is_some() {
            return Ok(());
        }
        Err(EnvironmentError::NotChosen(self.environment_names()))
    }

    fn of(&self, environment: &Environment) -> Self {
        let (stores, name) = (environment.stores.clone(), environment.name.clone());
        Self { stores, environment: Some(name), ..self.clone() }
    }

    fn environment_names(&self) -> Vec<String> {
        self.environments.iter().map(|environment| environment.name.to_string()).collect()
    }
}
