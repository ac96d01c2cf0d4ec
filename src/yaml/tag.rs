//! Tags: YAML's own for texts and collections say what is read anyway; nobody acts on others.

use super::tree::{Kind, NodeId, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

impl Tree {
    /// Complains of every tag that asks for more than what is read without it: what it stands for would be lost.
    pub(super) fn foreign_tags(&self, faults: &mut Diagnostics) {
        for &(node, span) in &self.tags {
            if !self.has_foreign_tag(node) {
                continue;
            }
            let help = match self.kind(node) {
                Kind::Sequence | Kind::Mapping => "delete the tag: credflow reads what stands behind it as it is",
                _ => "put the text in quotes, the `!` included, or delete the tag if there is to be none",
            };
            let diagnostic = Diagnostic::error(Code::Yaml, "`!` begins a YAML tag, which credflow doesn't act on");
            faults.push(diagnostic.at(self.source(), span, "").help(help));
        }
    }

    /// Whether a node has a tag that isn't YAML's own for its type.
    pub(super) fn has_foreign_tag(&self, node: NodeId) -> bool {
        let Some(tag) = self.tag(node) else { return false };
        let verbatim = tag.strip_prefix("!<tag:yaml.org,2002:").and_then(|name| name.strip_suffix('>'));
        let Some(name) = verbatim.or_else(|| tag.strip_prefix("!!")) else { return true };
        let own: &[&str] = match self.kind(node) {
            Kind::Sequence => &["seq"],
            Kind::Mapping => &["map"],
            Kind::Scalar(_) | Kind::Alias => match self.text(node).unwrap_or_default() {
                "" => &["str", "null"],
                "true" | "false" => &["str", "bool"],
                text if text.parse::<i64>().is_ok() => &["str", "int", "float"],
                text if text.parse::<f64>().is_ok() => &["str", "float"],
                _ => &["str"],
            },
        };
        !own.contains(&name)
    }
}
