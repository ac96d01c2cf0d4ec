//! What any bytes may be thrown at, by the fuzzers and by the tests: each must come back, and keep its law.

use std::collections::BTreeMap;

use credflow::config::Config;
use credflow::emulator::Seed;
use credflow::reference::{PieceKind, pieces};
use credflow::source::Source;
use credflow::store::azure::{Challenge, Grant, wait};
use credflow::store::{FetchError, Fetched};
use credflow::workflow::Workflow;
use credflow::yaml::{Kind, NodeId, Rewrite, Tree};

#[path = "targets/mask.rs"]
pub(crate) mod mask;

/// One of them.
pub(crate) type Target = fn(&[u8]);

/// All of them, by the names of the fuzzers.
#[allow(dead_code, reason = "a fuzzer has one of them")]
pub(crate) const ALL: [(&str, Target); 7] = [
    ("reference", reference),
    ("workflow", workflow),
    ("render", render),
    ("config", config),
    ("vault_answer", vault_answer),
    ("entra_answer", entra_answer),
    ("mask", mask::mask),
];

const CONFIG: &str = include_str!("../fixtures/ok/credflow.config");

/// The pieces of a text give it back, and a reference prints as it parses.
pub(crate) fn reference(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut end = 0;
    for piece in pieces(&text) {
        assert_eq!(piece.range.start, end);
        assert!(piece.range.end > end && text.is_char_boundary(piece.range.end));
        end = piece.range.end;
        if let PieceKind::Reference(reference) = &piece.kind {
            let printed = reference.to_string();
            let again = pieces(&printed);
            assert!(matches!(&again[..], [one] if one.kind == piece.kind), "{printed}");
        }
    }
    assert_eq!(end, text.len());
}

/// A workflow is read and planned, or its faults are told.
pub(crate) fn workflow(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (config, _) = Config::parse(&Source::private("c", CONFIG)).expect("a configuration");
    let (workflow, faults) = Workflow::read_partly(&Source::new("w", &*text));
    let _ = faults.to_string();
    if let Some(planned) = workflow.map(|workflow| workflow.plan(Some(&config))) {
        match planned {
            Ok(plan) => drop(credflow::plan::json::write(&plan)),
            Err(faults) => drop(faults.to_string()),
        }
    }
}

/// `decode(render(text, values)) == substitute(decode(text), values)`, all else equal.
pub(crate) fn render(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let source = Source::new("t", &*text);
    let Ok(tree) = Tree::read(&source) else { return };
    let keys: Vec<NodeId> =
        tree.nodes().flat_map(|node| tree.pairs(node).map(|(key, _)| key).collect::<Vec<_>>()).collect();
    let values: BTreeMap<NodeId, String> = tree
        .nodes()
        .filter(|node| {
            let span = tree.span(*node);
            matches!(tree.kind(*node), Kind::Scalar(_)) && span.start < span.end && !keys.contains(node)
        })
        .take(50)
        .enumerate()
        // Every other value, and each by something of the text itself.
        .filter(|(index, _)| (index + data.len()).is_multiple_of(2))
        .map(|(index, node)| (node, text.chars().skip(index).step_by(3).take(12).collect()))
        .collect();
    let mut rewrite = Rewrite::new(&tree);
    for (node, value) in &values {
        rewrite.replace(*node, value);
    }
    let rendered = rewrite.write().expect("a text that was read can be rewritten");
    let again = Tree::read(&Source::new("r", rendered.as_str())).expect("what is written is read");
    assert_eq!(tree.nodes().count(), again.nodes().count());
    for node in tree.nodes() {
        let expected = values.get(&node).map_or_else(|| tree.text(node), |value| Some(value.as_str()));
        assert_eq!(again.text(node), expected);
        assert_eq!(again.tag(node), tree.tag(node));
    }
}

/// A configuration or a seed is read, or its faults are told, without a line of it.
pub(crate) fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let source = Source::private("c", &*text);
    if let Err(faults) = Config::parse(&source) {
        let _ = faults.to_string();
    }
    if let Err(faults) = Seed::parse(&source) {
        let _ = faults.to_string();
    }
}

/// What Key Vault answers: a bundle as a JSON parser reads it, a refusal, a challenge, how long to wait.
pub(crate) fn vault_answer(data: &[u8]) {
    if let Ok(fetched) = Fetched::parse(data) {
        // A parser that keeps everything also minds what is wrong beside the value.
        if let Ok(json) = serde_json::from_slice::<serde_json::Value>(data) {
            assert_eq!(json["value"].as_str(), Some(fetched.value.expose()));
            let id = json["id"].as_str().unwrap_or_default().to_ascii_lowercase();
            assert!(id.ends_with(&fetched.version.to_string()));
        }
    }
    for status in [204, 301, 400, 401, 403, 404, 408, 409, 429, 500, 503] {
        let _ = FetchError::of_vault(status, data).to_string();
    }
    let text = String::from_utf8_lossy(data);
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let asked = wait(name, value);
        assert!(asked.is_none_or(|asked| !asked.is_zero() && asked.as_secs() <= 600), "{name}: {value}");
    }
    if let Some(challenge) = Challenge::parse(&text) {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(challenge.tenant.as_deref().is_none_or(plain) && challenge.resource.as_deref().is_none_or(plain));
    }
}

/// What Entra ID, a managed identity's endpoint and the Azure CLI answer: a token, a refusal.
pub(crate) fn entra_answer(data: &[u8]) {
    if let Ok(grant) = Grant::parse(data) {
        assert!(grant.lifetime().as_secs() <= 366 * 86_400);
        assert!(!format!("{grant:?}").contains("Bearer"));
    }
    for status in [204, 302, 400, 401, 403, 429, 503] {
        let _ = FetchError::of_entra(status, data).to_string();
        let _ = FetchError::of_managed_identity(status).to_string();
    }
}
