//! Texts of a configuration: they are taken as they stand, so that what looks like something else is told.

use std::path::{Path, PathBuf};

use crate::diagnostic::Code;
use crate::reference::OPENING;
use crate::yaml::{NodeId, Reader};

/// A text that isn't empty.
pub(super) fn text<'t>(reader: &mut Reader<'t>, node: NodeId, key: &str) -> Option<&'t str> {
    let text = reader.text(node, key)?;
    if text.contains(OPENING) {
        let help = match key {
            "client-secret" => "a store's own secret can't come from a vault: use `{ env: NAME }` or `{ file: PATH }`",
            _ => "references stand in workflows; write the value itself here",
        };
        reader.fault(Code::ReferenceOutsideEnv, node, "a reference is not resolved in the configuration", "", help);
        return None;
    }
    let Some(placeholder) = Placeholder::find(text) else { return Some(text) };
    let help = match (key, placeholder.name) {
        ("client-secret", Some(name)) => format!("write `client-secret: {{ env: {name} }}`"),
        ("client-secret", None) => "use `client-secret: { env: NAME }` or `{ file: PATH }`".to_owned(),
        ("env", Some(name)) => format!("write the name alone: `env: {name}`"),
        _ => {
            "write the value itself here; only `client-secret` can come from a variable, by `{ env: NAME }`".to_owned()
        }
    };
    reader.fault(Code::WrongValue, node, "variables are not expanded in the configuration", "", &help);
    None
}

/// A path, from the configuration's folder on.
pub(super) fn path(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<PathBuf> {
    let text = text(reader, node, key)?;
    let first = text.split(['/', '\\']).next().unwrap_or_default();
    if first.starts_with('~') || Placeholder::find(first).is_some() {
        let help = "write the whole path, or one from the configuration's folder on";
        let message = format!("`{key}` is a path, in which neither `~` nor a variable is expanded");
        reader.fault(Code::WrongValue, node, message, "", help);
        return None;
    }
    let folder = Path::new(reader.tree.source().name()).parent();
    Some(folder.unwrap_or(Path::new("")).join(text))
}

/// A variable in a text that some shell or tool would expand.
#[derive(Debug, PartialEq, Eq)]
struct Placeholder<'t> {
    /// Its name, where it has one.
    name: Option<&'t str>,
}

impl<'t> Placeholder<'t> {
    /// The first of a text: `$NAME` and `%NAME%` alone, and `${NAME}`, `$(NAME)` and `{{ NAME }}` anywhere.
    fn find(text: &'t str) -> Option<Self> {
        let is_name = |name: &str| {
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            plain && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        };
        let alone = text.strip_prefix('$').or_else(|| text.strip_prefix('%')?.strip_suffix('%'));
        if let Some(name) = alone.filter(|name| is_name(name)) {
            return Some(Self { name: Some(name) });
        }
        let pairs = [("{{", "}}"), ("${", "}"), ("$(", ")")];
        let within = pairs.into_iter().find_map(|(open, close)| Some(text.split_once(open)?.1.split_once(close)?.0))?;
        // Of `secrets.NAME` the last part, of `NAME:-default` the first.
        let name = within.split([':', '-']).next().unwrap_or_default().trim();
        Some(Self { name: name.rsplit('.').next().filter(|name| is_name(name)) })
    }
}

#[cfg(test)]
mod tests {
    use super::Placeholder;

    #[test]
    fn placeholders_of_many_tools_are_seen() {
        for text in
            ["$GOOD", "${GOOD}", "a${GOOD:-x}b", "$(GOOD)", "%GOOD%", "${{ secrets.GOOD }}", "{{ .Values.GOOD }}"]
        {
            assert_eq!(Placeholder::find(text), Some(Placeholder { name: Some("GOOD") }), "{text}");
        }
        assert_eq!(Placeholder::find("$(cat file)"), Some(Placeholder { name: None }));
        for text in ["GOOD", "a$b", "10%", "$", "%%", "https://a.vault.azure.net", "a~8Q$", "${", "{GOOD}", "%20x%"] {
            assert_eq!(Placeholder::find(text), None, "{text}");
        }
    }
}
