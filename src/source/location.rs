//! Where something is, as people know it: a line of a file, or a variable of the environment.

use std::fmt;
use std::sync::Arc;

use super::{LineColumn, Source};

/// Where an offset of a [`Source`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location<'s> {
    /// A place in a file.
    File {
        /// The file's name.
        name: &'s str,
        /// Line and column.
        place: LineColumn,
    },
    /// A variable of the environment, which has no lines.
    Variable(&'s str),
    /// A part of a workflow that is no file, by its names.
    Place(&'s str),
}

/// A part of a [`Source`] that goes by a name.
pub(super) enum Named {
    Variable(String),
    Place(String),
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
            places.push((text.len(), Named::Variable(name)));
            text.extend([line.as_str(), "\n"]);
        }
        let mut source = Self::build(name.to_owned(), text, true);
        source.named = places;
        Arc::new(source)
    }

    /// A text that is no file, all of whose parts go by names, each with where it begins.
    pub(crate) fn with_places(name: String, text: String, places: Vec<(usize, String)>) -> Arc<Self> {
        let mut source = Self::build(name, text, false);
        source.named = places.into_iter().map(|(start, name)| (start, Named::Place(name))).collect();
        Arc::new(source)
    }

    /// Where an offset is.
    pub fn locate(&self, offset: u32) -> Location<'_> {
        let behind = self.named.partition_point(|(start, _)| *start <= offset as usize);
        match behind.checked_sub(1).map(|at| &self.named[at].1) {
            Some(Named::Variable(name)) => Location::Variable(name),
            Some(Named::Place(name)) => Location::Place(name),
            None => self.in_file(offset),
        }
    }
}

/// `deploy.yaml:7:40`, `variable TOKEN`, or `deploy/release/Ship it`.
impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, place } => write!(f, "{name}:{place}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Place(name) => f.write_str(name),
        }
    }
}
