//! Texts of a configuration: they are taken as they stand, so that what looks like something else is told.

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
    let Some(name) = placeholder(text) else { return Some(text) };
    let help = match (key, name) {
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

/// Whether a text has a variable in it that some shell or tool would expand, and its name: `$NAME` and `%NAME%` alone, and
/// `${NAME}`, `$(NAME)` and `{{ NAME }}` anywhere.
fn placeholder(text: &str) -> Option<Option<&str>> {
    let is_name = |name: &str| {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        plain && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
    };
    let alone = text.strip_prefix('$').or_else(|| text.strip_prefix('%')?.strip_suffix('%'));
    if let Some(name) = alone.filter(|name| is_name(name)) {
        return Some(Some(name));
    }
    let (_, within) = [("{{", "}}"), ("${", "}"), ("$(", ")")].into_iter().find_map(|(open, close)| {
        let (before, rest) = text.split_once(open)?;
        Some((before, rest.split_once(close)?.0))
    })?;
    // Of `secrets.NAME` the last part, of `NAME:-default` the first.
    let name = within.split([':', '-']).next().unwrap_or_default().trim();
    Some(name.rsplit('.').next().filter(|name| is_name(name)))
}

#[cfg(test)]
mod tests {
    use super::placeholder;

    #[test]
    fn placeholders_of_many_tools_are_seen() {
        for text in
            ["$GOOD", "${GOOD}", "a${GOOD:-x}b", "$(GOOD)", "%GOOD%", "${{ secrets.GOOD }}", "{{ .Values.GOOD }}"]
        {
            assert_eq!(placeholder(text), Some(Some("GOOD")), "{text}");
        }
        assert_eq!(placeholder("$(cat file)"), Some(None));
        for text in ["GOOD", "a$b", "10%", "$", "%%", "https://a.vault.azure.net", "a~8Q$", "${", "{GOOD}", "%20x%"] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
