//! Plans that travel.

use credflow::config::Config;
use credflow::plan::{Plan, PortablePlan, UnreadablePlan};
use credflow::reference::SecretVersion;
use credflow::source::{MAX_BYTES, Source};
use credflow::workflow::Workflow;
use proptest::prelude::*;

const CONFIG: &str = "
stores:
  payments: { vault-url: https://payments.vault.azure.net, client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08, client-secret: { env: S } }
  shared: { vault-url: https://shared.vault.azure.net, client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08, client-secret: { file: secret } }
credentials:
  token: { store: shared, secret-name: Api-Token }
";

const WORKFLOW: &str = "
env: { A: $<credential:payments/a> }
jobs:
  build:
    steps:
      - &one { run: one, env: { B: $<credential:payments/b/0f1e2d3c4b5a69788796a5b4c3d2e1f0> } }
      - { run: two, env: { A: plain, T: $<credential:token>, J: $<credential:payments/A#/x> } }
  ship:
    needs: [build]
    steps: [*one, *one, { run: three, env: { A: none } }]
";

fn config(text: &str) -> Config {
    Config::parse(&Source::private("credflow.yaml", text)).expect("a configuration").0
}

fn plan(workflow: &str) -> Plan {
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", workflow)).expect("a workflow");
    workflow.plan(Some(&config(CONFIG))).expect("a plan")
}

/// A plan after its way.
fn sent(plan: &PortablePlan) -> Plan {
    let text = plan.to_json();
    let again = PortablePlan::from_json(&text).expect("a plan");
    assert_eq!(&again, plan);
    again.into_plan(Some(&config(CONFIG))).expect("a plan")
}

/// All that a plan says.
fn told(plan: &Plan) -> (String, Vec<String>) {
    let jobs = plan.workflow().documents().iter().flat_map(|document| &document.jobs);
    let steps = jobs.flat_map(|job| job.steps.iter().map(|step| format!("{}/{} {:?}", job.id, step.number, step.run)));
    (credflow::plan::json::write(plan), steps.collect())
}

fn faults(plan: PortablePlan, config_text: &str) -> String {
    plan.into_plan(Some(&config(config_text))).expect_err("a fault").to_string()
}

#[test]
fn a_plan_is_the_same_where_it_arrives() {
    let plan = plan(WORKFLOW);
    assert_eq!(told(&sent(&plan.to_portable())), told(&plan));
}

#[test]
fn a_step_has_what_it_is_given_and_nothing_else() {
    let plan = plan(WORKFLOW);
    let of = |job, number| {
        let plan = sent(&plan.for_step(0, job, number).expect("a step"));
        let fetches: Vec<String> = plan.fetches().iter().map(|fetch| fetch.secret.to_string()).collect();
        (told(&plan).1, fetches.join(" "))
    };
    assert_eq!(of(0, 1), (vec!["build/1 Some(\"one\")".to_owned()], "a b".to_owned()));
    assert_eq!(of(0, 2), (vec!["build/2 Some(\"two\")".to_owned()], "Api-Token A".to_owned()));
    assert_eq!(of(1, 2), (vec!["ship/2 Some(\"one\")".to_owned()], "a b".to_owned()));
    assert_eq!(of(1, 3), (vec!["ship/3 Some(\"three\")".to_owned()], String::new()));
    assert!(plan.for_step(0, 1, 4).is_none() && plan.for_step(0, 2, 1).is_none() && plan.for_step(1, 0, 1).is_none());
    // A step of a plan that has only some jobs.
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", WORKFLOW)).expect("a workflow");
    let part = workflow.select_job("ship").expect("a job").plan(Some(&config(CONFIG))).expect("a plan");
    assert_eq!(told(&sent(&part.for_step(0, 0, 3).expect("a step"))).1, ["ship/3 Some(\"three\")"]);
}

#[test]
fn what_latest_means_travels() {
    let version: SecretVersion = "00000000000000000000000000000007".parse().expect("a version");
    let plan = plan(WORKFLOW).pinned(|fetch| (fetch.secret.as_str() != "Api-Token").then_some(version));
    let arrived = sent(&plan.to_portable());
    let pins: Vec<_> = arrived.fetches().iter().map(|fetch| (fetch.secret.as_str(), fetch.pinned.is_some())).collect();
    assert_eq!(pins, [("a", true), ("b", false), ("Api-Token", false)]);
}

#[test]
fn what_differs_is_refused_by_name() {
    let sent = || plan(WORKFLOW).to_portable();
    let elsewhere = CONFIG.replace("https://payments.", "https://other.");
    insta::assert_snapshot!(faults(sent(), &elsewhere));
    let renamed = CONFIG.replace("secret-name: Api-Token", "secret-name: other");
    insta::assert_snapshot!(faults(sent(), &renamed));
    let scoped = CONFIG.replace("secret-name: Api-Token", "secret-name: Api-Token, scope: w/ship/*");
    assert!(faults(sent(), &scoped).contains("out-of-scope"));
    let gone = CONFIG.replace("  shared:", "  public:").replace("store: shared", "store: public");
    let said = faults(sent(), &gone);
    assert!(said.contains("made for shared/api-token, which this machine's configuration does not name"), "{said}");
    assert!(sent().into_plan(None).expect_err("a fault").to_string().contains("no-configuration"));
    // All of it at once.
    let both = elsewhere.replace("  token:", "  tokens:");
    let json = sent().to_json().replacen("\"step\":1", "\"step\":9", 1);
    let told = faults(PortablePlan::from_json(&json).expect("a plan"), &both);
    for fault in ["no credential is named `token`", "the store `payments` is", "the plan names step 9"] {
        assert!(told.contains(fault), "{fault} in {told}");
    }
}

#[test]
fn a_text_that_is_no_plan_is_told_where() {
    for text in ["", "{}", "null"] {
        let error = PortablePlan::from_json(text).expect_err("no plan");
        assert!(matches!(error, UnreadablePlan::Malformed { line: 1, column: 1.. }), "{error}");
    }
}

/// Whoever writes a plan says which secrets, and never how they are reached.
#[test]
fn a_plan_from_elsewhere_changes_no_store() {
    let json = plan(WORKFLOW).to_portable().to_json();
    for secret in ["3f0a9d1e", "client", "identity", "secret\":{", "file"] {
        assert!(!json.contains(secret), "{secret} in {json}");
    }
    for (from, to) in [
        ("\"provider\":", "\"client-id\":\"x\",\"provider\":"),
        ("{\"form\":1,", "{\"form\":1,\"config\":{},"),
        ("\"secret\":\"b\"", "\"secret\":\"b\",\"command\":\"x\""),
    ] {
        assert!(json.contains(from), "{from} in {json}");
        let error = PortablePlan::from_json(&json.replacen(from, to, 1)).expect_err("another key");
        assert!(matches!(error, UnreadablePlan::Malformed { .. }), "{error}");
    }
    let newer = PortablePlan::from_json(&json.replacen("{\"form\":1,", "{\"form\":2,\"more\":0,", 1));
    assert!(matches!(newer.expect_err("newer"), UnreadablePlan::Form { found: 2 }));
    // Whichever way it is read.
    let mut value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(serde_json::from_value::<PortablePlan>(value.clone()).is_ok());
    value["form"] = 2.into();
    let error = serde_json::from_value::<PortablePlan>(value).expect_err("newer").to_string();
    assert!(error.contains("the plan has form 2"), "{error}");
    // Other secrets than the workflow's, other steps, or a version that is none.
    let changed = [
        json.replacen("\"secret\":\"b\"", "\"secret\":\"c\"", 1),
        json.replacen("\"step\":1", "\"step\":9", 1),
        json.replacen("\"secret\":\"a\"", "\"secret\":\"a\",\"pinned\":\"../x\"", 1),
    ];
    for text in changed {
        let fault = faults(PortablePlan::from_json(&text).expect("a plan"), CONFIG);
        assert!(fault.contains("error[plan-differs]"), "{fault}");
    }
}

/// A text of a plan is held to what a file is.
#[test]
fn a_plan_s_text_has_a_file_s_size() {
    let mut value = serde_json::to_value(plan(WORKFLOW).to_portable()).expect("JSON");
    value["workflow"]["text"] = "#".repeat(MAX_BYTES + 1).into();
    let large: PortablePlan = serde_json::from_value(value).expect("a plan");
    let fault = faults(large, CONFIG);
    assert!(fault.contains("error[too-large]: the workflow of the plan, w.yaml, is larger than 64 MiB"), "{fault}");
}

#[test]
fn all_that_differs_is_told_at_once() {
    let json = plan(WORKFLOW).to_portable().to_json().replacen("\"step\":1", "\"step\":9", 1);
    let unknown = CONFIG.replace("  token:", "  other:");
    let said = faults(PortablePlan::from_json(&json).expect("a plan"), &unknown);
    assert!(said.contains("error[plan-differs]") && said.contains("error[unknown-credential]"), "{said}");
}

proptest! {
    #[test]
    fn no_text_is_read_as_a_plan_or_breaks_anything(text in "\\PC{0,60}", at in 0usize..2000, byte in any::<u8>()) {
        prop_assert!(PortablePlan::from_json(&text).is_err());
        let mut json = plan(WORKFLOW).to_portable().to_json().into_bytes();
        let at = at % json.len();
        json[at] = byte;
        if let Ok(text) = String::from_utf8(json)
            && let Ok(plan) = PortablePlan::from_json(&text)
        {
            let _ = plan.into_plan(Some(&config(CONFIG)));
        }
    }
}
