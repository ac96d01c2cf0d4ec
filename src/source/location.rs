//! Where something is, as people know it: a line of a file, or a variable of the environment.

use std::fmt;
use std::sync::Arc;

use super::{Place, Source};

/// Where an offset of a [`Source`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location<'s> {
    /// A place in a file.
    File {
        /// The file's name.
        name: &'s str,
        /// Line and column.
        place: Place,
    },
    /// A variable of the environment, which has no lines.
    Variable(&'s str),
}

impl Source {
    /// A file's text, if there is one, and behind it variables of the environment, each by its name and as the line of a
    /// dotenv file. The text may hold secrets.
    pub fn with_variables(file: Option<&Self>, variables: Vec<(String, String)>) -> Arc<Self> {
        let (name, before) = file.map_or(("environment", ""), |file| (file.name(), file.text()));
        let length = before.len() + variables.iter().map(|(_, line)| line.len() + 1).sum::<usize>();
        // Room for all, so that no copy is left behind by growing.
        let mut text = String::with_capacity(length + 1);
        text.push_str(before);
        if !before.is_empty() {
            text.push('\n');
        }
        let mut places = Vec::with_capacity(variables.len());
        for (name, line) in variables {
            places.push((text.len(), name));
            text.extend([line.as_str(), "\n"]);
        }
        let mut source = Self::build(name.to_owned(), text, true);
        source.variables = places;
        Arc::new(source)
    }

    /// Where an offset is.
    pub fn locate(&self, offset: u32) -> Location<'_> {
        let behind = self.variables.partition_point(|(start, _)| *start <= offset as usize);
        match behind.checked_sub(1) {
            Some(at) => Location::Variable(&self.variables[at].1),
            None => self.in_file(offset),
        }
    }
}

/// `deploy.yaml:7:40`, or `variable TOKEN`.
impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, place } => write!(f, "{name}:{place}"),
            Self::Variable(name) => write!(f, "variable {name}"),
        }
    }
}
