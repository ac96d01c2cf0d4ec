//! No key is passed over in silence, and a run refuses what touches it alone.

#![allow(clippy::format_push_string, reason = "documents are built to be read")]

use credflow::diagnostic::{Code, Diagnostics};
use credflow::run::refuse;
use credflow::source::Source;
use credflow::workflow::{Unselectable, Workflow};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::clock::grows_evenly;
use crate::project::{code, project, run, text};

/// The keys that a run acts on, level by level: workflow, job, step, `retry`.
const ACTED: [&[&str]; 4] = [
    &["name", "env", "jobs", "steps", "max-parallel", "inherit-env"],
    &["name", "env", "steps", "needs", "if", "timeout-minutes", "continue-on-error", "inherit-env"],
    &[
        "name",
        "env",
        "id",
        "with",
        "files",
        "run",
        "shell",
        "working-directory",
        "retry",
        "if",
        "timeout-minutes",
        "continue-on-error",
        "inherit-env",
    ],
    &["attempts", "delay", "backoff"],
];

/// The keys that change nothing here.
const HARMLESS: [&[&str]; 4] = [&["on", "run-name", "permissions"], &["runs-on", "permissions"], &[], &[]];

const OTHERS: [&str; 24] = [
    "uses",
    "strategy",
    "container",
    "services",
    "outputs",
    "secrets",
    "concurrency",
    "defaults",
    "environment",
    "snapshot",
    "depends-on",
    "timeout",
    "when",
    "allow-failure",
    "enviroment",
    "background",
    "retries",
    "script",
    "stepz",
    "rnu",
    "x-own",
    ".own",
    "_own",
    "<",
];

/// A key: one of ours, one that people write, or any.
fn key() -> impl Strategy<Value = String> {
    let ours: Vec<&str> = ACTED.iter().chain(&HARMLESS).flat_map(|keys| keys.iter().copied()).collect();
    prop_oneof![
        select(ours).prop_map(ToOwned::to_owned),
        select(&OTHERS[..]).prop_map(ToOwned::to_owned),
        "[a-zA-Z][a-zA-Z_-]{0,12}",
    ]
}

/// The blocks of a workflow with a mark in each mapping where a key could stand: the level and the indentation.
fn blocks(is_github: bool, is_single: bool, jobs: &[Vec<(bool, bool)>]) -> (String, Vec<(usize, usize, usize)>) {
    let (mut text, mut marks) = (String::new(), Vec::new());
    let mut mark = |text: &String, level, indent| marks.push((text.len(), level, indent));
    mark(&text, 0, 0);
    if is_github {
        text += "on: [push]\n";
    }
    text += "env: { A: x }\n";
    mark(&text, 0, 0);
    let mut steps = |text: &mut String, steps: &[(bool, bool)], indent: usize| {
        let pad = " ".repeat(indent);
        *text += &format!("{pad}steps:\n");
        for (has_env, has_retry) in steps {
            *text += &format!("{pad}  - run: x\n");
            mark(text, 2, indent + 4);
            if *has_env {
                *text += &format!("{pad}    env:\n{pad}      B: x\n");
            }
            if *has_retry {
                *text += &format!("{pad}    retry:\n{pad}      attempts: 2\n");
                mark(text, 3, indent + 6);
            }
        }
        // Whatever stands behind the last step is the job's.
        mark(text, usize::from(!is_single), indent);
    };
    if is_single {
        steps(&mut text, &jobs[0], 0);
    } else {
        text += "jobs:\n";
        for (number, job) in jobs.iter().enumerate() {
            text += &format!("  j{number}:\n");
            steps(&mut text, job, 4);
        }
    }
    (text, marks)
}

/// What `check` tells, and what it tells with `--for run`.
fn told(text: &str) -> (Diagnostics, Diagnostics) {
    let (workflow, mut faults) = Workflow::read_partly(&Source::new("w.yaml", text));
    let workflow = workflow.expect("YAML");
    let mut of_run = faults.clone();
    of_run.extend(refuse(&workflow, true));
    faults.extend(workflow.unacted());
    (faults, of_run)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_key_is_acted_on_or_told(
        is_github in any::<bool>(),
        is_single in any::<bool>(),
        jobs in prop::collection::vec(prop::collection::vec(any::<(bool, bool)>(), 1..3), 1..3),
        at in any::<Index>(),
        key in key(),
        value in select(&["", " x", " [a]", " { a: b }", " 3", " true"][..]),
    ) {
        let (text, marks) = blocks(is_github, is_single, &jobs);
        let (place, level, indent) = *at.get(&marks);
        let line = format!("{}{key}:{value}\n", " ".repeat(indent));
        let offset = place + indent;
        let text = format!("{}{line}{}", &text[..place], &text[place..]);
        let (of_check, of_run) = told(&text);
        let at_key = |faults: &Diagnostics, codes: &[Code]| faults.iter().any(|fault| {
            let is_here = fault.labels.iter().any(|label| label.span.start as usize == offset);
            is_here && (codes.is_empty() || codes.contains(&fault.code))
        });
        let is_acted = ACTED[level].contains(&&*key);
        let is_free = key.starts_with(['.', '_']) || key.starts_with("x-");
        if is_acted {
            prop_assert!(!at_key(&of_check, &[Code::UnknownKey, Code::ForeignKey]), "{text}\n{of_check}");
            prop_assert!(!at_key(&of_run, &[Code::CannotRun]), "{text}\n{of_run}");
        } else if HARMLESS[level].contains(&&*key) || is_free {
            prop_assert!(!at_key(&of_run, &[Code::UnknownKey, Code::CannotRun]), "{text}\n{of_run}");
        } else {
            prop_assert!(at_key(&of_run, &[]), "{text}\n{of_run}");
            prop_assert!(at_key(&of_check, &[]) || is_github, "{text}\n{of_check}");
        }
    }
}

#[test]
fn refusing_takes_time_in_proportion() {
    let many = |count: usize| format!("on: x\njobs:\n  a:\n    steps:\n{}", "      - uses: a/b@v1\n".repeat(count));
    let read = |count| Workflow::read(&Source::new("w.yaml", many(count))).expect("a workflow").0;
    let (few, all) = (read(5_000), read(20_000));
    grows_evenly("refuse", 5_000, |count| {
        let faults = refuse(if count == 5_000 { &few } else { &all }, true);
        assert_eq!(faults.iter().count(), 1);
        assert!(faults.to_string().contains(&format!("({count} steps: lines 5, 6, 7, 8, 9, 10, 11, 12, …)")));
    });
}

const PARTS: &str = "
name: x ${{ github.ref }}
concurrency: release
on: [push]
env: { REF: '${{ github.ref }}', OTHER: x }
jobs:
  build:
    strategy: { matrix: { os: [a] } }
    outputs: { x: 1 }
    needs: call
    steps:
      - uses: actions/checkout@v4
      - { id: fine, run: echo fine, env: { REF: x } }
      - { id: ref, run: echo ref }
      - { name: twice, run: echo 1, env: { REF: x } }
      - { name: twice, run: echo 2, env: { REF: x } }
      - { id: odd, run: echo odd, env: { REF: x }, colour: red }
  packed:
    container: alpine
    steps: [{ id: in, run: echo in, env: { REF: x } }]
  outer:
    outputs: { x: 1 }
    needs: build
    env: { REF: x }
    steps: [{ run: echo outer }]
  call:
    uses: ./other.yaml
";

#[test]
fn a_part_is_refused_for_what_touches_it_alone() {
    let folder = project(PARTS);
    let run = |args: &[&str]| run(folder.path(), &[&["run", "w.yaml"], args].concat());
    for (args, expected) in
        [(&["--step", "build/fine"][..], "fine"), (&["--step", "build/#5"], "2"), (&["--job", "outer"], "outer")]
    {
        let output = run(args);
        assert_eq!(code(&output), Some(0), "{args:?}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains(expected), "{args:?}: {}", text(&output.stdout));
    }
    for (args, expected) in [
        (&["--step", "build/ref"][..], "doesn't evaluate `${{ … }}` (the workflow: line 5)"),
        (&["--step", "build/#1"], "doesn't execute `uses` (step `#1` of job `build`: line 12)"),
        (&["--step", "build/odd"], "unknown key `colour` (step `odd` of job `build`: line 17)"),
        (&["--step", "packed/in"], "doesn't execute `container` (job `packed`: line 19)"),
        (&["--job", "build"], "doesn't execute `strategy` (job `build`: line 8)"),
        (&["--job", "call"], "doesn't execute `uses` (job `call`: line 27)"),
        (&[], "doesn't execute `concurrency` (the workflow: line 3)"),
    ] {
        let output = run(args);
        assert_eq!(code(&output), Some(125), "{args:?}");
        assert!(text(&output.stderr).contains(expected), "{args:?}: {}", text(&output.stderr));
    }
    let output = run(&["--step", "build/twice"]);
    let expected = "2 steps go by `build/twice`; say which: build/#4, build/#5";
    assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    assert_eq!(code(&output), Some(125));
}

#[test]
fn a_path_of_several_steps_is_told_with_the_ways_to_say_it() {
    let numbered = "steps: [{ id: '#2', run: echo 1 }, { run: echo 2 }]";
    let slashes = "jobs: { a/b: { steps: [{ id: a, run: x }] }, a: { steps: [{ name: b/a, run: x }] } }";
    let named = "steps: [{ name: x, run: x }, { name: x, run: x }, { id: x, run: x }]";
    let crossed = "steps: [{ id: '2', name: '#2', run: x }, { id: '1', name: '#1', run: x }]";
    for (workflow, step, expected) in [
        (numbered, "main/#2", "2 steps go by `main/#2`; say which: main/#1, main/2\n"),
        (slashes, "a/b/a", "2 steps go by `a/b/a`; say which: a/b/#1, a/#1\n"),
        (named, "x", "3 steps go by `x`; say which: main/#1, main/#2, main/#3\n"),
        (crossed, "#1", "2 steps go by `#1`; give each an `id` of its own, without `#` and `/`\n"),
        (named, "main/nope", "no step is named `nope`; there are #1, #2, #3\n"),
        (slashes, "a", "no step is named `a`; there are b/a\n"),
        (slashes, "c/a", "no job is named `c`; there are a/b, a\n"),
    ] {
        let folder = project(workflow);
        let output = run(folder.path(), &["run", "w.yaml", "--step", step]);
        assert_eq!(code(&output), Some(125), "{step}");
        assert_eq!(text(&output.stderr), format!("error: {expected}"));
    }
}

proptest! {
    /// The law: a path selects the only step that goes by it, or is refused, and each way that is told selects one of its own.
    #[test]
    fn a_path_selects_one_step(
        jobs in prop::collection::btree_map("[ab](/[ab])?", prop::collection::vec((step_name(), step_name()), 1..4), 1..3),
        path in "([ab](/[ab])?/)?([ab]|#?[1-3])",
    ) {
        let text = jobs.iter().fold("jobs:\n".to_owned(), |text, (job, steps)| {
            let ids: std::collections::HashSet<_> = steps.iter().filter_map(|(id, _)| id.as_ref()).collect();
            let is_plain = ids.len() == steps.iter().filter(|(id, _)| id.is_some()).count();
            let key = |key: &str, value: &Option<String>| value.as_ref().map_or(String::new(), |value| format!(" {key}: '{value}',"));
            let steps = steps.iter().enumerate().map(|(at, (id, name))| {
                let id = if is_plain { id } else { &None };
                format!("    - {{{}{} run: {job} {at} }}\n", key("id", id), key("name", name))
            });
            text + &format!("  {job}:\n    steps:\n") + &steps.collect::<String>()
        });
        let workflow = Workflow::read(&Source::new("w.yaml", text)).expect("a workflow").0;
        let select = |path: &str| workflow.clone().select_step(path);
        let script = |selected: &Workflow<_>| selected.documents()[0].jobs[0].steps[0].run.clone();
        match select(&path) {
            Ok(selected) => {
                let steps: Vec<_> = selected.documents().iter().flat_map(|it| &it.jobs).flat_map(|it| &it.steps).collect();
                prop_assert_eq!(steps.len(), 1);
            }
            Err(Unselectable::AmbiguousStep { count, ways, .. }) => {
                prop_assert!(count > 1 && ways.len() == count);
                let told: Vec<_> = ways.iter().flatten().map(|way| script(&select(way).expect("a step"))).collect();
                let distinct: std::collections::HashSet<_> = told.iter().collect();
                prop_assert_eq!(distinct.len(), told.len());
            }
            Err(error) => {
                let is_missing = matches!(error, Unselectable::Missing { .. });
                prop_assert!(is_missing, "{}", error);
            }
        }
    }
}

fn step_name() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[ab]|[ab]/[ab]|#?[1-3]")
}

#[test]
fn a_variable_of_the_runner_may_be_inherited() {
    let folder = project("steps: [{ run: 'echo to:$GITHUB_OUTPUT' }]");
    let with = |args: &[&str]| {
        let mut command = crate::project::credflow(folder.path(), args);
        command.env("GITHUB_OUTPUT", "/dev/null").output().expect("a process")
    };
    let output = with(&["run", "w.yaml"]);
    assert!(text(&output.stdout).contains("to:/dev/null"), "{}", text(&output.stderr));
    for output in [with(&["run", "w.yaml", "--clean-env"]), run(folder.path(), &["run", "w.yaml"])] {
        assert_eq!(code(&output), Some(125));
        let expected = "nothing sets `GITHUB_OUTPUT`, a variable of GitHub's runner (step `#1` of job `main`: line 1)";
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_githubs_runs_its_scripts_with_bash() {
    let folder = project("on: x\nsteps: [{ run: '[[ 1 == 1 ]] && echo by:${BASH##*/}; false; echo on' }]");
    let output = run(folder.path(), &["run", "w.yaml"]);
    assert!(text(&output.stdout).contains("by:bash"), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("on\n") && code(&output) == Some(1), "{}", text(&output.stdout));
    let without = crate::project::credflow(folder.path(), &["run", "w.yaml"]).env("PATH", "/nowhere").output();
    let without = without.expect("a process");
    assert_eq!(code(&without), Some(125));
    assert!(text(&without.stderr).contains("there is none in PATH"), "{}", text(&without.stderr));
}

#[test]
fn a_dry_run_shows_what_runs() {
    let folder = project(
        "jobs: { a: { if: false, steps: [{ run: x }] }, b: { needs: a, steps: [{ run: x }] }, \
         c: { steps: [{ run: one }, { run: two, if: false }] } }",
    );
    let output = run(folder.path(), &["run", "w.yaml", "--dry-run"]);
    assert!(text(&output.stdout).starts_with("c\n  #1: one\n\n"), "{}", text(&output.stdout));
}
