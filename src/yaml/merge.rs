//! Mappings as they are meant: with merge keys (`<<`) followed.

use std::collections::HashSet;

use super::tree::{Kind, MAX_DEPTH, NodeId, Style, Tree};

/// A key and its value; the value has its alias followed.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The key as it is written.
    pub key: NodeId,
    /// The value, or what its alias stands for.
    pub value: NodeId,
    /// The value as it is written, which may be an alias.
    pub written: NodeId,
}

/// The entries of a mapping, and the merge values that are no mappings.
#[derive(Debug, Default)]
pub struct Merged {
    /// Own entries first, in the order of the file; then what was merged and isn't overridden.
    pub entries: Vec<Entry>,
    /// Values of `<<` that can't be merged.
    pub wrong: Vec<NodeId>,
    /// The aliases that merge keys follow.
    pub aliases: Vec<NodeId>,
    /// Whether there was more to merge than was allowed.
    pub overflow: bool,
    /// How many entries merge keys brought, overridden ones included.
    pub visited: usize,
}

/// The most entries that merge keys may bring into the mappings of one file, overridden ones included.
pub const MAX_MERGED: usize = 500_000;

impl Tree {
    /// The entries of a mapping with its merge keys followed: its own keys win, then the earlier merged ones, as
    /// YAML's merge key type has it. They may bring `most` entries.
    pub fn merged(&self, mapping: NodeId, most: usize) -> Merged {
        let mut merged = Merged::default();
        let mut seen = HashSet::new();
        let has_merge = self.pairs(mapping).any(|(key, _)| self.is_merge(key));
        if has_merge {
            self.collect(mapping, 0, most, &mut seen, &mut merged);
        } else {
            let entry = |(key, value)| Entry { key, value: self.resolve(value), written: value };
            merged.entries.extend(self.pairs(mapping).map(entry));
        }
        merged
    }

    /// Whether a key is the merge key: `<<` without quotes or tag.
    fn is_merge(&self, key: NodeId) -> bool {
        self.kind(key) == Kind::Scalar(Style::Plain) && self.text(key) == Some("<<")
    }

    fn collect<'t>(
        &'t self,
        mapping: NodeId,
        depth: usize,
        most: usize,
        seen: &mut HashSet<&'t str>,
        merged: &mut Merged,
    ) {
        // A chain of merges can't be longer than the anchors it goes through.
        merged.overflow |= depth > MAX_DEPTH;
        let mut merges = Vec::new();
        for (key, written) in self.pairs(mapping) {
            let value = self.resolve(written);
            // The mapping's own entries are as many as the file has; what merges bring is bounded.
            merged.visited += usize::from(depth > 0);
            merged.overflow |= merged.visited > most;
            if merged.overflow {
                return;
            }
            if self.is_merge(key) {
                merges.push(written);
            } else if self.text(self.resolve(key)).is_none_or(|text| seen.insert(text)) {
                merged.entries.push(Entry { key, value, written });
            }
        }
        for written in merges {
            let value = self.resolve(written);
            merged.aliases.push(written);
            match self.kind(value) {
                Kind::Mapping => self.collect(value, depth + 1, most, seen, merged),
                Kind::Sequence => {
                    for item in self.children(value) {
                        merged.visited += 1;
                        merged.aliases.push(item);
                        match self.resolve(item) {
                            item if self.kind(item) == Kind::Mapping => {
                                self.collect(item, depth + 1, most, seen, merged);
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
