//! Several files as one text, whose places are still those of each file.

use std::sync::Arc;

use super::{Location, Source};

impl Source {
    /// The texts of files, one after the other, and behind them variables as [`Source::with_variables`] has them. They may hold
    /// secrets.
    pub fn joined(files: &[Arc<Self>], variables: Vec<(String, String)>) -> Arc<Self> {
        let length = files.iter().map(|file| file.text.len() + 1).sum();
        // Room for all, so that no copy is left behind by growing.
        let mut text = String::with_capacity(length);
        let mut starts = Vec::with_capacity(files.len());
        for file in files {
            starts.push((text.len(), Arc::clone(file)));
            text.extend([file.text(), "\n"]);
        }
        let name = files.first().map_or("environment", |file| file.name());
        let whole = Self::private(name, text);
        let mut joined = Self::with_variables((!files.is_empty()).then_some(&whole), variables);
        if let Some(joined) = Arc::get_mut(&mut joined) {
            joined.files = starts;
        }
        joined
    }

    /// The place of an offset in the file that it is of.
    pub(super) fn in_file(&self, offset: u32) -> Location<'_> {
        let behind = self.files.partition_point(|(start, _)| *start <= offset as usize);
        let Some((start, file)) = behind.checked_sub(1).map(|at| &self.files[at]) else {
            return Location::File { name: self.name(), place: self.place(offset) };
        };
        let start = u32::try_from(*start).unwrap_or(u32::MAX);
        Location::File { name: file.name(), place: file.place(offset.saturating_sub(start)) }
    }
}
