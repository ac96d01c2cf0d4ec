//! What a text looks like, by the keys at its top: also where it isn't YAML.

use memchr::memchr2_iter;

/// A workflow has one of these keys at its top.
const WORKFLOW: [&str; 3] = ["jobs", "steps", "on"];

/// What may hold secrets has one of these: a configuration, or a seed in its full form.
const SECRETS: [&str; 8] = [
    "stores",
    "credentials",
    "environments",
    "vaults",
    "applications",
    "managed-identities",
    "token-lifetime",
    "faults",
];

/// Whether a text may hold secrets: it has a key of a configuration or seed at its top, or none of a workflow. The short
/// form of a seed has the names of vaults there, and a dotenv file no keys at all.
pub(super) fn may_hold_secrets(text: &str) -> bool {
    let mut is_workflow = false;
    let mut indent = usize::MAX;
    let mut start = 0;
    for end in memchr2_iter(b'\n', b'\r', text.as_bytes()).chain([text.len()]) {
        let line = text.get(start..end).unwrap_or_default();
        start = end + 1;
        let content = line.trim_start_matches([' ', '\t', '\u{feff}']);
        let depth = line.len() - content.len();
        // Where the file isn't YAML, the least indented lines so far may be its top.
        if depth > indent || content.is_empty() || content.starts_with(['#', '%']) {
            continue;
        }
        let content = content.strip_prefix("---").map_or(content, str::trim_start);
        if content.starts_with('{') {
            // Its keys may stand anywhere.
            is_workflow |= WORKFLOW.contains(&key(&text[end - content.len() + 1..]));
            return !is_workflow || SECRETS.iter().any(|key| text.contains(key));
        }
        if !content.is_empty() {
            indent = depth;
        }
        let (item, name) = (content.strip_prefix("- ").map(key), key(content));
        if SECRETS.contains(&name) {
            return true;
        }
        is_workflow |= WORKFLOW.contains(&name) || item == Some("run");
    }
    !is_workflow
}

/// The key that a text begins with, without its quotes.
fn key(text: &str) -> &str {
    let text = text.strip_prefix("? ").unwrap_or(text).trim_start();
    let end = text.find([':', '#', '\n', '\r']).unwrap_or(text.len());
    text[..end].trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::may_hold_secrets;

    #[test]
    fn a_configuration_or_seed_is_known_by_its_top() {
        let texts = [
            "stores: {}",
            "# c\r\ncredentials:\r\n",
            "\u{feff}'environments' :\n",
            "steps: []\nvaults:\n",
            "  steps: []\nvaults:\n",
            "---\n? stores\n: {}\n",
            "--- {stores: {}}",
            "{ steps: [], vaults: {} }",
            "payments: { db-password: x }\n",
            "  steps: x\npayments:\n  db-password: x\nstores:\n",
            "TOKEN=x\n",
            "",
        ];
        for text in texts {
            assert!(may_hold_secrets(text), "{text}");
        }
    }

    #[test]
    fn a_workflow_is_known_by_its_top() {
        let texts = [
            "steps: []",
            "name: w\r\njobs :\r\n  stores: {}\r\n",
            "\u{feff}\"on\": push\n",
            "x-a: &a b\n---\nsteps:\n",
            "--- {steps: [{ run: x }]}",
            "{\n  steps: [{ run: x }]\n}",
            " jobs:\n   vaults: {}\n",
            "- run: x\n",
            "on: push\n  jobs:\n",
        ];
        for text in texts {
            assert!(!may_hold_secrets(text), "{text}");
        }
    }
}
