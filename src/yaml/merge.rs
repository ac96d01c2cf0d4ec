//! Mappings as they are meant: with merge keys (`<<`) followed.

use std::collections::HashSet;

use super::tree::{Kind, NodeId, Style, Tree};

/// A key and its value; the value has its alias followed.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The key as it is written.
    pub key: NodeId,
    /// The value, or what its alias stands for.
    pub value: NodeId,
}

/// The entries of a mapping, and the merge values that are no mappings.
#[derive(Debug, Default)]
pub struct Merged {
    /// Own entries first, in the order of the file; then what was merged and isn't overridden.
    pub entries: Vec<Entry>,
    /// Values of `<<` that can't be merged.
    pub wrong: Vec<NodeId>,
    /// Whether there was more to merge than [`MAX_MERGED`].
    pub overflow: bool,
    visited: usize,
}

/// The most entries that merge keys may bring into one mapping, overridden ones included.
pub const MAX_MERGED: usize = 100_000;

impl Tree {
    /// The entries of a mapping with its merge keys followed: its own keys win, then the earlier merged ones, as
    /// YAML's merge key type has it.
    pub fn merged(&self, mapping: NodeId) -> Merged {
        let mut merged = Merged::default();
        let mut seen = HashSet::new();
        let has_merge = self.pairs(mapping).any(|(key, _)| self.is_merge(key));
        if has_merge {
            self.collect(mapping, 0, &mut seen, &mut merged);
        } else {
            let entry = |(key, value)| Entry { key, value: self.resolve(value) };
            merged.entries.extend(self.pairs(mapping).map(entry));
        }
        merged
    }

    /// Whether a key is the merge key: `<<` without quotes or tag.
    fn is_merge(&self, key: NodeId) -> bool {
        self.kind(key) == Kind::Scalar(Style::Plain) && self.text(key) == Some("<<")
    }

    fn collect<'t>(&'t self, mapping: NodeId, depth: usize, seen: &mut HashSet<&'t str>, merged: &mut Merged) {
        let mut merges = Vec::new();
        for (key, value) in self.pairs(mapping) {
            let value = self.resolve(value);
            // The mapping's own entries are as many as the file has; what merges bring is bounded.
            merged.visited += usize::from(depth > 0);
            if merged.visited > MAX_MERGED {
                merged.overflow = true;
                return;
            }
            if self.is_merge(key) {
                merges.push(value);
            } else if self.text(self.resolve(key)).is_none_or(|text| seen.insert(text)) {
                merged.entries.push(Entry { key, value });
            }
        }
        for value in merges {
            match self.kind(value) {
                // A chain of merges can't be longer than the anchors it goes through.
                Kind::Mapping if depth < super::MAX_DEPTH => self.collect(value, depth + 1, seen, merged),
                Kind::Sequence => {
                    for item in self.children(value) {
                        merged.visited += 1;
                        match self.resolve(item) {
                            item if self.kind(item) == Kind::Mapping && depth < super::MAX_DEPTH => {
                                self.collect(item, depth + 1, seen, merged);
                            }
                            item => merged.wrong.push(item),
                        }
                    }
                }
                _ => merged.wrong.push(value),
            }
        }
    }
}
