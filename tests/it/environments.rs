//! Environments: the stores of one configuration with other properties, and which of them is meant.

use std::fs;
use std::path::Path;
use std::process::Output;

use credflow::config::{Config, EnvironmentError, Proof, SecretSource};
use credflow::reference::EnvironmentName;
use credflow::source::Source;
use credflow::workflow::Workflow;
use proptest::prelude::*;

use crate::project::{CANARY, EMULATE, code, credflow, project, run, text};

const CONFIG: &str = "
stores:
  payments:
    vault-url: https://payments.vault.azure.net
    tenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: { env: BASE_SECRET }
environments:
  dev:
  prod:
    stores:
      payments: { vault-url: https://payments-prod.vault.azure.net, client-secret: { env: PROD_SECRET } }
credentials:
  named: { store: payments, secret-name: plain }
";

const STEP: &str = "name: deploy\nsteps:\n  - run: env\n    env: { A: $<credential:named> }\n";

fn read(text: &str) -> Config {
    Config::parse(&Source::private("credflow.yaml", text)).expect("a configuration").0
}

fn environments() -> tempfile::TempDir {
    let folder = project(STEP);
    fs::write(folder.path().join("credflow.yaml"), CONFIG).expect("a file");
    folder
}

fn both(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

/// The verbs that need one environment, and the exit code without.
fn verbs() -> [(Vec<&'static str>, i32); 6] {
    [
        (vec!["plan", "w.yaml"], 2),
        ([&["render", "w.yaml"], &EMULATE[..]].concat(), 2),
        ([&["stores", "test"], &EMULATE[..]].concat(), 2),
        (vec!["run", "w.yaml", "--dry-run"], 125),
        ([&["run", "w.yaml"], &EMULATE[..]].concat(), 125),
        ([&["exec"], &EMULATE[..], &["--", "true"]].concat(), 125),
    ]
}

#[test]
fn an_environment_has_its_properties_over_those_of_the_stores() {
    let config = read(CONFIG);
    assert!(config.stores.is_empty() && config.environment().is_none());
    let names: Vec<&str> = config.environments().iter().map(|environment| environment.name.as_str()).collect();
    assert_eq!(names, ["dev", "prod"]);
    for (name, vault, variable) in [("dev", "payments", "BASE_SECRET"), ("prod", "payments-prod", "PROD_SECRET")] {
        let chosen = config.choose(Some(name)).expect("an environment");
        assert_eq!(chosen.environment().map(EnvironmentName::as_str), Some(name));
        let store = &chosen.stores[0];
        assert_eq!(store.azure().expect("a vault").host(), format!("{vault}.vault.azure.net"));
        let Proof::ClientSecret { secret: SecretSource::Variable(found), .. } =
            &store.azure().expect("a vault").identity.proof
        else {
            panic!()
        };
        assert_eq!(found, variable);
        assert_eq!(chosen.credentials.len(), 1);
        // No step has a use for the client secret of any environment.
        let (workflow, _) = Workflow::read(&Source::new("w.yaml", STEP)).expect("a workflow");
        let plan = workflow.plan(Some(&chosen)).expect("a plan");
        let variables = plan.secret_variables();
        assert!(["BASE_SECRET", "PROD_SECRET"].iter().all(|name| variables.iter().any(|it| it == name)));
        assert_eq!(plan.environment().map(EnvironmentName::as_str), Some(name));
    }
    let wrong = |name: Option<&str>| config.choose(name).expect_err("no such one");
    assert_eq!(wrong(None), EnvironmentError::NotChosen(vec!["dev".to_owned(), "prod".to_owned()]));
    assert!(wrong(Some("prd")).to_string().ends_with("no environment `prd`; did you mean `prod`?"));
    assert!(wrong(Some("elsewhere")).to_string().ends_with("; it has dev, prod"));
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", STEP)).expect("a workflow");
    let faults = workflow.plan(Some(&config)).expect_err("none is chosen").to_string();
    assert!(
        faults.contains("error[no-environment]: no environment is chosen") && faults.contains("w.yaml:4:15"),
        "{faults}"
    );
}

#[test]
fn another_kind_of_identity_replaces_the_whole() {
    let config = |below: &str, over: &str| {
        format!(
            "{{ stores: {{ s: {{ vault-url: 'https://s.vault.azure.net', {below} }} }}, environments: {{ e: {{ stores: {{ s: {{ {over} }} }} }} }} }}"
        )
    };
    let proof = |below: &str, over: &str| {
        let chosen = read(&config(below, over)).choose(Some("e")).expect("an environment");
        let proof = &chosen.stores[0].azure().expect("a vault").identity.proof;
        (proof.name(), proof.client().map(str::to_owned))
    };
    let id = "3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08";
    let secret = format!("client-id: {id}, client-secret: {{ env: S }}");
    assert_eq!(proof(&secret, "identity: azure-cli"), ("azure-cli", None));
    assert_eq!(proof(&secret, "identity: managed-identity"), ("managed-identity", None));
    assert_eq!(proof(&secret, "client-secret: { env: T }"), ("client-secret", Some(id.to_owned())));
    assert_eq!(proof("identity: azure-cli", &secret), ("client-secret", Some(id.to_owned())));
    // What names no kind goes with any.
    assert_eq!(proof(&format!("client-id: {id}"), "identity: managed-identity").1.as_deref(), Some(id));
    assert_eq!(proof(&format!("client-id: {id}"), "identity: azure-cli"), ("azure-cli", None));
    let text = config(&secret, "client-certificate: c.pem");
    let faults = Config::parse(&Source::private("c", text)).expect_err("whose certificate?").to_string();
    assert!(faults.contains("the store `s` has no `client-id`"), "{faults}");
}

#[test]
fn whatever_fetches_needs_a_choice() {
    let folder = environments();
    let told = |command: &mut std::process::Command| {
        let output = command.output().expect("a process");
        assert!(output.stdout.is_empty());
        (code(&output), text(&output.stderr))
    };
    for (verb, status) in verbs() {
        let verb: Vec<&str> = verb.clone();
        let with = |more: [&'static str; 2]| [&more, &verb[..]].concat();
        let choose = "choose one with `--environment NAME` or CREDFLOW_ENVIRONMENT";
        let none = format!("error: no environment is chosen; the configuration has dev, prod; {choose}\n");
        assert_eq!(told(&mut credflow(folder.path(), &verb)), (Some(status), none.clone()), "{verb:?}");
        let mut empty = credflow(folder.path(), &verb);
        assert_eq!(told(empty.env("CREDFLOW_ENVIRONMENT", "")), (Some(status), none), "{verb:?}");
        let (found, err) = told(&mut credflow(folder.path(), &with(["--environment", "prd"])));
        assert!(found == Some(status) && err.contains("no environment `prd`; did you mean `prod`?"), "{err}");
        let chosen = run(folder.path(), &with(["--environment", "dev"]));
        assert_eq!(code(&chosen), Some(0), "{verb:?}: {}", both(&chosen));
        let chosen = credflow(folder.path(), &verb).env("CREDFLOW_ENVIRONMENT", "prod").output().expect("a process");
        assert_eq!(code(&chosen), Some(0), "{verb:?}: {}", both(&chosen));
    }
    let folder = project(STEP);
    for (verb, status) in verbs().into_iter().chain([(vec!["check", "w.yaml"], 2), (vec!["stores"], 2)]) {
        let (found, err) = told(&mut credflow(folder.path(), &[&["--environment", "dev"], &verb[..]].concat()));
        assert!(found == Some(status) && err.contains("has no `environments`, so that `dev` can't be chosen"), "{err}");
    }
}

#[test]
fn check_and_stores_speak_of_all_without_a_choice() {
    let folder = environments();
    let shown = |args: &[&str]| both(&run(folder.path(), args));
    assert_eq!(shown(&["check", "w.yaml"]), "w.yaml: no errors; 1 secret of 1 store, in each of 2 environments\n");
    let one = shown(&["check", "w.yaml", "--environment", "prod"]);
    assert_eq!(one, "w.yaml: no errors; 1 secret of 1 store, environment prod\n");
    let itself = "credflow.yaml: no errors; a configuration with 1 store, 1 credential, 2 environments\n";
    assert_eq!(shown(&["check", "credflow.yaml"]), itself);
    insta::assert_snapshot!("stores_of_all", shown(&["stores"]));
    let prod = shown(&["stores", "--environment", "prod"]);
    assert!(prod.contains("payments-prod.") && !prod.contains("//payments.") && !prod.contains("dev"), "{prod}");
}

#[test]
fn what_is_shown_names_the_environment() {
    let folder = environments();
    let folder = folder.path();
    let chosen = |args: &[&str]| run(folder, &[&["--environment", "prod"], args].concat());
    let formats = ["human", "json", "yaml"].map(|format| text(&chosen(&["plan", "w.yaml", "--format", format]).stdout));
    insta::assert_snapshot!("plan_of_an_environment", formats.join("\n"));
    let test = [&["stores", "test"], &EMULATE[..]].concat();
    assert!(text(&chosen(&test).stdout).starts_with("environment prod\n\nstore "));
    let json = chosen(&[&test[..], &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["environment"], "prod");
    let kept = ["--report", "r.json", "--report", "r.xml", "--audit", "a.jsonl"];
    let ran = chosen(&[&["run", "w.yaml"], &EMULATE[..], &kept].concat());
    assert!(text(&ran.stderr).contains(" s (environment prod)"), "{}", text(&ran.stderr));
    let file = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    let report: serde_json::Value = serde_json::from_str(&file("r.json")).expect("JSON");
    assert_eq!(report["environment"], "prod");
    assert!(file("r.xml").contains("<properties><property name=\"environment\" value=\"prod\"/></properties>"));
    audited(folder, 1, "prod");
    for rest in [&["exec"][..], &["render", "w.yaml"]] {
        let command = if rest[0] == "exec" { &["--", "true"][..] } else { &[] };
        let args = [&["--environment", "dev"], rest, &EMULATE, &["--audit", "a.jsonl"], command].concat();
        let output = credflow(folder, &args).env("A", "$<credential:named>").output().expect("a process");
        assert_eq!(code(&output), Some(0), "{}", both(&output));
    }
    audited(folder, 3, "dev");
    assert!(!file("r.json").contains(CANARY) && !file("a.jsonl").contains(CANARY));
}

/// An audit has so many lines, unbroken, and the last one's environment.
fn audited(folder: &Path, lines: usize, environment: &str) {
    let verified = run(folder, &["audit", "verify", "a.jsonl"]);
    assert_eq!(code(&verified), Some(0), "{}", both(&verified));
    let audit = fs::read_to_string(folder.join("a.jsonl")).expect("the audit");
    let last: serde_json::Value = serde_json::from_str(audit.lines().last().expect("a line")).expect("JSON");
    assert_eq!((audit.lines().count(), &last["environment"]), (lines, &environment.into()));
}

#[test]
fn an_audit_without_environments_is_as_it_was() {
    let folder = project(STEP);
    let args = [&["render", "w.yaml"], &EMULATE[..], &["--audit", "a.jsonl"]].concat();
    assert_eq!(code(&run(folder.path(), &args)), Some(0));
    let audit = fs::read_to_string(folder.path().join("a.jsonl")).expect("the audit");
    assert!(!audit.contains("environment"), "{audit}");
    assert_eq!(code(&run(folder.path(), &["audit", "verify", "a.jsonl"])), Some(0));
}

#[test]
fn a_store_that_one_environment_alone_has_may_be_misspelt() {
    let store = |name: &str| format!("{name}: {{ vault-url: 'https://p.vault.azure.net', identity: azure-cli }}");
    let parse = |below: &str, dev: &str, prod: &str| {
        let (below, dev, prod) = (store(below), store(dev), store(prod));
        let environments = format!("dev: {{ stores: {{ {dev} }} }}, prod: {{ stores: {{ {prod} }} }}");
        let text = format!("{{ stores: {{ {below} }}, environments: {{ {environments} }} }}");
        Config::parse(&Source::private("c", text)).expect("a configuration").1.to_string()
    };
    let warned = parse("payments", "payments", "paymnets");
    assert!(warned.contains("(environment `prod`)") && warned.contains("did you mean `payments`?"), "{warned}");
    assert_eq!(parse("payments", "payments-two", "payments-two"), "");
    assert_eq!(parse("payments", "payments", "audit"), "");
}

#[test]
fn very_many_environments_are_refused() {
    let text = |count: usize| {
        let names: String = (0..count).fold(String::new(), |text, at| text + &format!("  e{at}:\n"));
        format!("stores: {{}}\nenvironments:\n{names}")
    };
    assert_eq!(read(&text(100)).environments().len(), 100);
    let faults = Config::parse(&Source::private("c", text(101))).expect_err("too many").to_string();
    assert!(faults.contains("there are more than 100 environments") && faults.contains("c:103:3"), "{faults}");
}

/// Values of a store's properties, all of one kind of identity.
fn properties() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let one = |key: &'static str, values: [&str; 2]| {
        let values = values.map(str::to_owned);
        proptest::option::of(proptest::sample::select(values.to_vec()))
            .prop_map(move |value| value.map(|value| (key, value)))
    };
    let all = (
        one("vault-url", ["https://a.vault.azure.net", "https://b.vault.azure.net"]),
        one("tenant-id", ["7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90", "contoso.onmicrosoft.com"]),
        one("client-id", ["3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08", "3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b09"]),
        one("client-secret", ["{ env: A }", "{ file: b }"]),
        one("max-concurrency", ["1", "many"]),
        one("timeout", ["1", "2.5"]),
        one("authority", ["https://login.microsoftonline.com", "http://vault.example"]),
        one("enforce-validity", ["true", "false"]),
    );
    all.prop_map(|(a, b, c, d, e, f, g, h)| [a, b, c, d, e, f, g, h].into_iter().flatten().collect())
}

fn mapping(properties: &[(&str, String)]) -> String {
    let entries: Vec<String> = properties.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{{ {} }}", entries.join(", "))
}

proptest! {
    /// What an environment makes is what one would have written without environments.
    #[test]
    fn an_environment_is_the_configuration_written_out(below in properties(), over in properties()) {
        let kept = below.iter().filter(|(key, _)| !over.iter().any(|(other, _)| other == key));
        let whole: Vec<_> = kept.chain(&over).cloned().collect();
        let (below, over) = (mapping(&below), mapping(&over));
        let text = format!("{{ stores: {{ s: {below} }}, environments: {{ e: {{ stores: {{ s: {over} }} }} }} }}");
        let plain = format!("{{ stores: {{ s: {} }} }}", mapping(&whole));
        let chosen = Config::parse(&Source::private("c", text)).map(|(config, _)| config.choose(Some("e")));
        match (chosen, Config::parse(&Source::private("c", plain))) {
            (Ok(chosen), Ok((plain, _))) => prop_assert_eq!(chosen.expect("an environment").stores, plain.stores),
            (Ok(_), Err(faults)) => prop_assert!(false, "{}", faults),
            // A fault of a property that the environment overrides is one all the same.
            (Err(_), Ok(_)) => prop_assert!(below.contains("many") || below.contains("http:")),
            (Err(faults), Err(written)) => prop_assert!(faults.iter().count() >= written.iter().count(), "{}", faults),
        }
    }
}
