//! Only what a step sees is fetched, noted and filled in: what is planned, against what each step's environment has.

#![allow(clippy::format_collect, clippy::format_push_string, reason = "documents are built to be read")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::grows_evenly;
use credflow::config::Config;
use credflow::emulator::{Emulator, Vault};
use credflow::plan::{Plan, Purpose, Render};
use credflow::reference::Template;
use credflow::render::{Reveal, json, yaml};
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::run::{Event, Options, Outcome, Skip, run};
use credflow::source::Source;
use credflow::workflow::{Workflow, input_name};
use proptest::prelude::*;

const CONFIG: &str = "
stores:
  v:
    vault-url: https://v.vault.azure.net
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: { env: S }
credentials:
  narrow: { store: v, secret-name: narrow, scope: w/release/* }
";

fn read(text: &str) -> Workflow<Template> {
    Workflow::read(&Source::new("w.yaml", text)).unwrap_or_else(|faults| panic!("{faults}\n{text}")).0
}

fn config() -> Config {
    Config::parse(&Source::private("credflow.yaml", CONFIG)).expect("a configuration").0
}

fn plan(text: &str) -> Plan {
    read(text).plan(Some(&config())).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

/// A step by its document, its job and its number.
type StepKey = (usize, usize, usize);

/// Who is given which secret.
fn given<P: Purpose>(plan: &Plan<P>) -> BTreeSet<(String, StepKey)> {
    let uses = plan.fetches().iter().flat_map(|fetch| fetch.uses.iter().map(move |used| (fetch, used)));
    uses.flat_map(|(fetch, used)| plan.steps(used.place).map(|step| (fetch.secret.to_string(), step))).collect()
}

fn secrets<P>(plan: &Plan<P>) -> Vec<&str> {
    plan.fetches().iter().map(|fetch| fetch.secret.as_str()).collect()
}

/// Bindings of a mapping: names, and the secrets behind them or none for a text.
type Mapping = BTreeMap<&'static str, Option<u8>>;

#[derive(Debug, Clone)]
struct SmallStep {
    never: bool,
    env: Mapping,
    with: Mapping,
    files: Mapping,
}

#[derive(Debug, Clone)]
struct SmallJob {
    condition: &'static str,
    needs: bool,
    env: Mapping,
    steps: Vec<SmallStep>,
}

fn mapping(names: &'static [&'static str]) -> impl Strategy<Value = Mapping> {
    prop::collection::btree_map(prop::sample::select(names), prop::option::of(0..6_u8), 0..3)
}

const NAMES: &[&str] = &["A", "a", "B", "INPUT_A", "INPUT_B"];

fn small_step() -> impl Strategy<Value = SmallStep> {
    let env = mapping(NAMES);
    let (with, files) = (mapping(&["a", "b"]), mapping(NAMES));
    (prop::bool::weighted(0.15), env, with, files).prop_map(|(never, env, with, files)| {
        // A step that has a variable twice is a fault.
        let inputs: Vec<String> = with.keys().map(|name| input_name(name)).collect();
        let is_free = |name: &str| !inputs.iter().any(|input| input == name);
        let env: Mapping = env.into_iter().filter(|(name, _)| is_free(name)).collect();
        let files = files.into_iter().filter(|(name, _)| is_free(name) && !env.contains_key(name)).collect();
        SmallStep { never, env, with, files }
    })
}

fn small_job() -> impl Strategy<Value = SmallJob> {
    let condition = prop::sample::select(&["success()", "success()", "always()", "failure()", "false"][..]);
    (condition, any::<bool>(), mapping(NAMES), prop::collection::vec(small_step(), 1..4))
        .prop_map(|(condition, needs, env, steps)| SmallJob { condition, needs, env, steps })
}

fn small_document() -> impl Strategy<Value = (Mapping, Vec<SmallJob>)> {
    (mapping(NAMES), prop::collection::vec(small_job(), 1..4))
}

fn write_mapping(mapping: &Mapping) -> String {
    let entry = |(name, secret): (&&str, &Option<u8>)| match secret {
        Some(secret) => format!("{name}: $<credential:v/s{secret}>"),
        None => format!("{name}: plain"),
    };
    format!("{{ {} }}", mapping.iter().map(entry).collect::<Vec<_>>().join(", "))
}

fn write((env, jobs): &(Mapping, Vec<SmallJob>)) -> String {
    let mut text = format!("name: w\nenv: {}\njobs:\n", write_mapping(env));
    for (at, job) in jobs.iter().enumerate() {
        let needs = if job.needs && at > 0 { format!("    needs: j{}\n", at - 1) } else { String::new() };
        text +=
            &format!("  j{at}:\n    if: {}\n{needs}    env: {}\n    steps:\n", job.condition, write_mapping(&job.env));
        for step in &job.steps {
            let (env, with) = (write_mapping(&step.env), write_mapping(&step.with));
            let condition = if step.never { "false" } else { "true" };
            let files = write_mapping(&step.files);
            text += &format!(
                "      - if: {condition}\n        env: {env}\n        with: {with}\n        files: {files}\n        run: x\n"
            );
        }
    }
    text
}

/// What a process of each step that may run finds, by the words of the manual alone.
fn expected(documents: &[(Mapping, Vec<SmallJob>)]) -> BTreeSet<(String, StepKey)> {
    let mut found = BTreeSet::new();
    for (at, (env, jobs)) in documents.iter().enumerate() {
        let mut before_never = false;
        for (job, body) in jobs.iter().enumerate() {
            let waits = body.needs && job > 0 && before_never;
            before_never = body.condition == "false" || body.condition == "success()" && waits;
            if before_never {
                continue;
            }
            for (number, step) in (1..).zip(&body.steps).filter(|(_, step)| !step.never) {
                let mut seen: BTreeMap<String, Option<u8>> = BTreeMap::new();
                for (name, value) in env.iter().chain(&body.env).chain(&step.env) {
                    seen.insert((*name).to_owned(), *value);
                }
                seen.extend(step.with.iter().map(|(name, value)| (format!("INPUT_{}", name.to_uppercase()), *value)));
                seen.extend(step.files.iter().map(|(name, value)| ((*name).to_owned(), *value)));
                found.extend(seen.values().flatten().map(|secret| (format!("s{secret}"), (at, job, number))));
            }
        }
    }
    found
}

/// What the environments of a workflow have, as whoever runs its steps asks for them.
fn environments<V>(
    workflow: &Workflow<V>,
    is_secret: impl Fn(&V) -> bool,
) -> BTreeMap<StepKey, BTreeMap<String, bool>> {
    let mut found = BTreeMap::new();
    for (at, document) in workflow.documents().iter().enumerate() {
        for (index, job) in document.jobs.iter().enumerate() {
            for step in &job.steps {
                let variables = document.environment(job, step);
                let mut seen: BTreeMap<String, bool> = BTreeMap::new();
                for variable in &variables {
                    let before = seen.insert(variable.name.clone(), is_secret(&variable.binding.value));
                    assert_eq!(before, None, "a name has one value");
                }
                for file in &step.files {
                    let before = seen.insert(file.name.to_string(), is_secret(&file.value));
                    assert_eq!(before, None, "a name has one value");
                }
                found.insert((at, index, step.number as usize), seen);
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_plan_for_a_run_has_what_the_steps_see(documents in prop::collection::vec(small_document(), 1..3)) {
        let text = documents.iter().map(write).collect::<Vec<_>>().join("---\n");
        let plan = plan(&text);
        let found = given(&plan);
        prop_assert_eq!(&found, &expected(&documents), "{}", text);
        // No fetch is for nobody, and no use.
        for fetch in plan.fetches() {
            prop_assert!(!fetch.uses.is_empty());
            prop_assert!(fetch.uses.iter().all(|used| plan.steps(used.place).next().is_some()));
        }
        // Nothing is missing in an environment, and each secret in one was planned for it.
        let whole = environments(&read(&text), |value| value.references().next().is_some());
        let left = environments(plan.workflow(), credflow::plan::Slots::is_secret);
        let mut of_environments = BTreeSet::new();
        for (step, seen) in &left {
            prop_assert!(seen.is_empty() || seen == &whole[step], "{}", text);
            of_environments.extend(seen.values().any(|secret| *secret).then_some(*step));
        }
        prop_assert_eq!(of_environments, found.into_iter().map(|(_, step)| step).collect::<BTreeSet<_>>());
        // What is left says by itself that it never runs.
        for (step, seen) in whole.iter().filter(|(step, seen)| left[step] != **seen) {
            let job = &plan.workflow().documents()[step.0].jobs[step.1];
            let never = credflow::workflow::Condition::Never;
            let conditions = [job.settings.condition, job.steps[step.2 - 1].settings.condition];
            prop_assert!(conditions.contains(&never), "{:?} of {}", seen, text);
        }
    }

    #[test]
    fn a_plan_to_render_has_every_reference(documents in prop::collection::vec(small_document(), 1..3)) {
        let text = documents.iter().map(write).collect::<Vec<_>>().join("---\n");
        let plan = read(&text).plan_for::<Render>(Some(&config())).expect("a plan");
        let uses: usize = plan.fetches().iter().map(|fetch| fetch.uses.len()).sum();
        prop_assert_eq!(uses, text.matches("$<credential:").count());
        // Each value is given to somebody, so that an audit has it.
        let mut all = plan.fetches().iter().flat_map(|fetch| &fetch.uses);
        prop_assert!(all.all(|used| plan.steps(used.place).next().is_some()));
        let of_run: BTreeSet<String> = plan.fetches_of_run().map(|fetch| fetch.secret.to_string()).collect();
        let expected: BTreeSet<String> = expected(&documents).into_iter().map(|(secret, _)| secret).collect();
        prop_assert_eq!(of_run, expected);
    }
}

const OVERRIDDEN: &str = "
name: w
env: { A: $<credential:v/a>, B: $<credential:v/b>, C: $<credential:v/c> }
jobs:
  build:
    env: { A: one }
    steps:
      - { run: 'echo \"$A $B\"', env: { B: two } }
      - { run: 'echo \"$A $B\"', env: { B: $<credential:v/d> } }
      - { run: 'exit 1', if: false, env: { B: six, E: $<credential:v/e> } }
  release:
    env: { A: three, C: four }
    steps: [{ run: 'echo \"$A $B $C\"', env: { B: five } }]
";

#[tokio::test]
async fn what_no_step_sees_is_not_asked_for_and_leaves_no_hole() {
    let vault = ["a", "b", "c", "d", "e"]
        .iter()
        .fold(Vault::new("v"), |vault, name| vault.secret(name, &format!("{name}-canary-value")));
    let emulator = Emulator::builder().vault(vault).start().await.expect("an emulator");
    let plan = plan(OVERRIDDEN);
    assert_eq!(secrets(&plan), ["c", "d"]);
    let plan = plan.with_stores(|store| emulator.redirect(store));
    let options = ResolveOptions::default().timeout(Duration::from_secs(300));
    let resolved = Resolver::new().resolve(&plan, options).await.expect("all values");
    let asked: Vec<String> = emulator.counts().gets.into_keys().map(|(_, secret)| secret).collect();
    assert_eq!(asked, ["c", "d"]);
    let filled = resolved.render();
    let shown = String::from_utf8(json(&filled, Reveal::Revealed).as_bytes().to_vec()).expect("a text");
    assert!(!shown.contains("$<") && shown.contains("d-canary-value") && !shown.contains("e-canary-value"), "{shown}");
    let text = Arc::new(Mutex::new(String::new()));
    let shown = Arc::clone(&text);
    let observer = move |event: Event| {
        if let Event::Output { bytes, .. } = event {
            shown.lock().expect("no panic").push_str(&String::from_utf8_lossy(&bytes));
        }
    };
    let execution = run(filled, Options { max_parallel: Some(1), ..Options::default() }, Box::new(observer));
    let execution = execution.await.expect("a run");
    assert_eq!(execution.jobs[0].steps[2].outcome, Outcome::Skipped(Skip::Never));
    assert!(execution.is_success());
    assert_eq!(*text.lock().expect("no panic"), "one two\none ***\nthree five four\n");
}

#[tokio::test]
async fn a_file_has_every_value_and_its_workflow_those_that_are_seen() {
    let vault = ["a", "b", "c", "d", "e"]
        .iter()
        .fold(Vault::new("v"), |vault, name| vault.secret(name, &format!("{name}-canary-value")));
    let emulator = Emulator::builder().vault(vault).start().await.expect("an emulator");
    let plan = read(OVERRIDDEN).plan_for::<Render>(Some(&config())).expect("a plan");
    let plan = plan.with_stores(|store| emulator.redirect(store));
    let options = ResolveOptions::default().timeout(Duration::from_secs(300));
    let resolved = Resolver::new().resolve(&plan, options).await.expect("all values");
    assert_eq!(emulator.counts().gets.len(), 5);
    let file = resolved.render();
    let text = yaml(&file, Reveal::Revealed).expect("a file");
    assert!(!text.contains("$<"), "{}", *text);
    for name in ["a", "b", "c", "d", "e"] {
        assert!(text.contains(&format!("{name}-canary-value")), "{}", *text);
    }
    let seen = file.into_workflow();
    assert_eq!(seen.bindings().filter(|binding| binding.value.is_secret()).count(), 2);
}

#[test]
fn a_scope_is_asked_of_the_steps_that_see_it() {
    let text = |of_build: &str| {
        format!(
            "name: w\nenv: {{ T: $<credential:narrow> }}\njobs:\n  build: {{ {of_build} steps: [{{ run: x }}] }}\n  release: {{ steps: [{{ run: x }}] }}\n"
        )
    };
    let refused = read(&text("")).plan(Some(&config())).expect_err("out of scope").to_string();
    assert!(refused.contains("can't be used in w/build/#1"), "{refused}");
    for overridden in ["env: { T: plain },", "if: false,"] {
        let plan = plan(&text(overridden));
        assert_eq!(given(&plan), BTreeSet::from([("narrow".to_owned(), (0, 1, 1))]));
    }
    // A file that is rendered is for whoever reads it; what no step sees is still held to its scope.
    let unseen = text("env: { T: plain },").replace("release: {", "release: { env: { T: plain },");
    assert!(plan(&unseen).fetches().is_empty());
    read(&unseen).plan_for::<Render>(Some(&config())).expect_err("out of scope");
}

#[test]
fn a_part_of_a_workflow_needs_what_its_steps_see() {
    let of = |part: Workflow<Template>| {
        let plan = part.plan(Some(&config())).expect("a plan");
        secrets(&plan).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of(read(OVERRIDDEN).select_job("build").expect("a job")), ["c", "d"]);
    assert!(of(read(OVERRIDDEN).select_job("release").expect("a job")).is_empty());
    assert_eq!(of(read(OVERRIDDEN).select_step("build/#1").expect("a step")), ["c"]);
    assert!(of(read(OVERRIDDEN).select_step("build/#3").expect("a step")).is_empty());
}

#[test]
fn every_variable_that_all_steps_override_has_a_warning() {
    let told = |text: &str| {
        let unseen = read(text).unseen();
        unseen.iter().map(|warning| warning.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        told(OVERRIDDEN),
        ["A", "B"].map(|name| format!("`{name}` is overridden in every step; its value is never fetched"))
    );
    let of_job = "jobs: { j: { env: { A: $<credential:v/a> }, steps: [{ run: x, env: { A: b } }] } }";
    assert_eq!(told(of_job), ["`A` is overridden in every step of the job `j`; its value is never fetched"]);
    let of_step = "steps: [{ run: x, env: { INPUT_A: $<credential:v/a> }, with: { a: b } }]";
    assert_eq!(told(of_step), ["`INPUT_A` is overridden in the same step; its value is never fetched"]);
    // Seen somewhere, by a step that is switched off for now, or by way of an alias.
    for text in [
        "env: { A: $<credential:v/a> }\nsteps: [{ run: x, env: { A: b } }, { run: x }]",
        "env: { A: $<credential:v/a> }\nsteps: [{ run: x, env: { A: b } }, { run: x, if: false }]",
        "env: &e { A: $<credential:v/a> }\nsteps: [{ run: x, env: { A: b } }, { run: x, env: *e }]",
        "env: { A: plain }\nsteps: [{ run: x, env: { A: $<credential:v/a> } }]",
    ] {
        assert!(told(text).is_empty(), "{text}");
    }
}

#[test]
fn planning_takes_no_square_of_time() {
    grows_evenly("planning", 2_000, |count| {
        let variables: String = (0..count).map(|at| format!("  V{at}: $<credential:v/s{at}>\n")).collect();
        let plain: String = (0..count).map(|at| format!("V{at}: x, ")).collect();
        let steps = "  - { run: x, if: false }\n".repeat(count);
        let overriding: String = (0..count).map(|at| format!("  - {{ run: x, env: {{ V{at}: x }} }}\n")).collect();
        let last = format!("  - {{ run: x, env: {{ {plain} }} }}\n");
        let none = plan(&format!("name: w\nenv:\n{variables}steps:\n{steps}{last}"));
        assert!(none.fetches().is_empty());
        let all = plan(&format!("name: w\nenv:\n{variables}steps:\n{overriding}"));
        assert_eq!(all.fetches().len(), count);
    });
}
