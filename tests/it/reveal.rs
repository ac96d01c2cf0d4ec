//! What is shown on purpose: the output of `exec --no-mask`, and what CI runners are told to mask.
#![cfg(unix)]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::project::{CANARY, EMULATE, code, credflow, project, run, text};

const GITHUB: (&str, &str) = ("GITHUB_ACTIONS", "true");
const AZURE: (&str, &str) = ("TF_BUILD", "True");

/// `exec` with the canary in `T`, on a runner or not.
fn exec(folder: &Path, runner: Option<(&str, &str)>, args: &[&str], script: &str) -> Command {
    let mut command = credflow(folder, &[&["exec"], &EMULATE[..], args, &["--", "sh", "-c", script]].concat());
    command.env("T", "$<credential:payments/plain>").envs(runner).stdin(Stdio::null());
    command
}

/// `run w.yaml` on a runner.
fn ran(folder: &Path, runner: (&str, &str), args: &[&str]) -> Output {
    let mut command = credflow(folder, &[&["run", "w.yaml"], &EMULATE[..], args].concat());
    command.envs([runner]).output().expect("a process")
}

fn outcomes(folder: &Path) -> Vec<String> {
    let audit = fs::read_to_string(folder.join("audit.jsonl")).expect("an audit");
    let lines = audit.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    lines.map(|line| line["outcome"].as_str().expect("an outcome").to_owned()).collect()
}

/// Every byte reaches the file, also what would be a value, a command or no text; errors are masked all the same.
#[test]
fn a_dump_is_exact_and_its_errors_are_masked() {
    let folder = project("");
    let dump = File::create(folder.path().join("dump")).expect("a file");
    let script =
        r#"printf "$T\000\377\r\n::add-mask::abcdef\n$T"; echo "abcdef $T" >&2; [ ! -t 1 ] && [ -f /proc/self/fd/1 ]"#;
    for runner in [None, Some(GITHUB)] {
        let mut command = exec(folder.path(), runner, &["-q", "--no-mask", "--audit", "audit.jsonl"], script);
        let output = command.stdout(dump.try_clone().expect("a file")).output().expect("a process");
        assert_eq!((code(&output), text(&output.stderr).as_str()), (Some(0), "abcdef ***\n"));
    }
    let once = [CANARY.as_bytes(), b"\0\xff\r\n::add-mask::abcdef\n", CANARY.as_bytes()].concat();
    assert_eq!(fs::read(folder.path().join("dump")).expect("a dump"), once.repeat(2));
    assert_eq!(outcomes(folder.path()), ["revealed", "revealed"]);
    let verified = run(folder.path(), &["audit", "verify", "audit.jsonl"]);
    assert_eq!(code(&verified), Some(0), "{}", text(&verified.stderr));
}

/// Where both streams lead to one file, each is still what it is.
#[test]
fn errors_are_masked_where_both_streams_lead_to_one_file() {
    let folder = project("");
    let both = File::create(folder.path().join("both")).expect("a file");
    let mut command = exec(folder.path(), None, &["--no-mask"], "echo \"out $T\"; echo \"errors $T\" >&2");
    command.stdout(both.try_clone().expect("a file")).stderr(both);
    assert!(command.status().expect("a process").success());
    let mut lines: Vec<String> =
        fs::read_to_string(folder.path().join("both")).expect("a file").lines().map(ToOwned::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["errors ***", &format!("out {CANARY}")]);
}

#[test]
fn a_dump_on_a_ci_runner_needs_a_file() {
    let folder = project("");
    for variable in [GITHUB, AZURE, ("GITLAB_CI", "true"), ("CI", "1"), ("JENKINS_URL", "https://jenkins.example")] {
        for stdout in [Stdio::piped(), Stdio::null()] {
            let mut command = exec(folder.path(), Some(variable), &["--no-mask"], "touch started");
            let output = command.stdout(stdout).output().expect("a process");
            assert_eq!(code(&output), Some(2));
            assert!(
                text(&output.stderr).contains("write standard output into a regular file"),
                "{}",
                text(&output.stderr)
            );
        }
    }
    assert!(!folder.path().join("started").exists());
    // Nobody says that one is around.
    let output = exec(folder.path(), Some(("CI", "false")), &["--no-mask"], "echo $T").output().expect("a process");
    assert_eq!((code(&output), text(&output.stdout)), (Some(0), format!("{CANARY}\n")));
}

/// Before anything of a step: where its groups go, or where nobody's data does.
#[test]
fn runners_are_told_the_values_before_the_first_step() {
    let folder = project(
        "steps: [{ run: 'echo $A', env: { A: $<credential:payments/lines>, B: $<credential:payments/odd>, C: $<credential:payments/one> } }]",
    );
    fs::write(
        folder.path().join("vaults.yaml"),
        "payments: { plain: canary-7f3a9c, lines: \"first%0A;]\\r\\n \\n}\\nsecond\\n\", odd: '::x::', one: '1' }\n",
    )
    .expect("a file");
    for (runner, expected) in [
        (GITHUB, "::add-mask::first%250A;]\n::add-mask::second\n::add-mask::::x::\n"),
        (AZURE, "##vso[task.setsecret]first%AZP250A;]\n##vso[task.setsecret]second\n##vso[task.setsecret]::x::\n"),
    ] {
        let output = ran(folder.path(), runner, &["--register-masks"]);
        let shown = text(&output.stdout);
        assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
        assert!(shown.starts_with(expected), "{shown}");
        assert!(!shown[expected.len()..].contains("second"), "{shown}");
        assert!(!text(&output.stderr).contains("second") && !text(&output.stderr).contains("--register-masks"));
        // Standard output is somebody's data.
        let output = exec(folder.path(), Some(runner), &["--register-masks"], "echo data").output().expect("a process");
        assert_eq!((code(&output), text(&output.stdout).as_str()), (Some(0), "data\n"));
        let head = if runner == GITHUB { "::add-mask::" } else { "##vso[task.setsecret]" };
        assert_eq!(text(&output.stderr), format!("{head}{CANARY}\n"));
    }
}

#[test]
fn values_are_told_to_nobody_but_a_runner() {
    let folder = project("steps: [{ run: 'touch started', env: { A: $<credential:payments/plain> } }]");
    let file = || File::create(folder.path().join("file")).expect("a file");
    let stdio = || Stdio::from(file());
    let run = |runner: Option<(&str, &str)>, stdout: Stdio, stderr: Stdio| {
        let mut command = credflow(folder.path(), &[&["run", "w.yaml", "--register-masks"], &EMULATE[..]].concat());
        command.envs(runner).stdout(stdout).stderr(stderr).output().expect("a process")
    };
    let output = run(None, Stdio::piped(), Stdio::piped());
    assert_eq!(code(&output), Some(2));
    assert!(text(&output.stderr).contains("`--register-masks` is for GitHub Actions and Azure Pipelines"));
    assert_eq!(code(&run(Some(GITHUB), stdio(), stdio())), Some(2));
    let output = exec(folder.path(), Some(GITHUB), &["--register-masks"], "touch started").stderr(stdio()).output();
    assert_eq!(code(&output.expect("a process")), Some(2));
    assert!(!folder.path().join("started").exists());
    // A file for its groups leaves it another stream.
    let output = run(Some(GITHUB), stdio(), Stdio::piped());
    assert!(text(&output.stderr).starts_with(&format!("::add-mask::{CANARY}\n")), "{}", text(&output.stderr));
    assert!(!fs::read_to_string(folder.path().join("file")).expect("a file").contains(CANARY));
}

/// Once, where there is something to register, and not where it should be quiet.
#[test]
fn a_runner_that_does_not_know_the_values_is_told_of() {
    let folder = project("steps: [{ run: 'true', env: { A: $<credential:payments/plain> } }, { run: 'true' }]");
    let hints = |output: &Output| text(&output.stderr).matches("`--register-masks`").count();
    for runner in [GITHUB, AZURE] {
        assert_eq!(hints(&ran(folder.path(), runner, &[])), 1);
        assert_eq!(hints(&ran(folder.path(), runner, &["-q"])), 0);
        assert_eq!(hints(&exec(folder.path(), Some(runner), &[], "true").output().expect("a process")), 1);
        let nothing = credflow(folder.path(), &["exec", "--", "true"]).envs([runner]).output().expect("a process");
        assert_eq!(hints(&nothing), 0);
    }
    assert_eq!(hints(&exec(folder.path(), None, &[], "true").output().expect("a process")), 0);
}

/// What a step adds, as commands of both runners.
const ADD: &str = "echo '::add-mask::derived-one'; echo ' ##[add-mask]derived-two' >&2; \
                   echo 'a ##vso[task.setsecret]derived-three'; \
                   echo '##vso[task.setvariable variable=A;issecret=true]derived-four' >&2";

/// The lines that tell something.
fn told(shown: &str) -> Vec<&str> {
    let mut told: Vec<&str> =
        shown.lines().filter(|line| line.contains("[task.") || line.contains("add-mask")).collect();
    told.sort_unstable();
    told
}

/// Each runner sees its own commands as they are, and nobody else does.
#[test]
fn a_steps_own_masks_reach_their_runner_alone() {
    let one = project(&format!("steps: [{{ run: \"{ADD}; echo derived-one >&2\" }}]"));
    let job = format!("{{ steps: [{{ run: \"{ADD}; echo derived-one >&2\" }}] }}");
    let two = project(&format!("jobs: {{ a: {job}, b: {{ steps: [{{ run: 'true' }}] }} }}"));
    let starred = [
        " ##[add-mask]***",
        "##vso[task.setvariable variable=A;issecret=true]***",
        "::add-mask::***",
        "a ##vso[task.setsecret]***",
    ];
    let github = [
        " ##[add-mask]derived-two",
        "##vso[task.setvariable variable=A;issecret=true]***",
        "::add-mask::derived-one",
        "a ##vso[task.setsecret]***",
    ];
    let azure = [
        " ##[add-mask]***",
        "##vso[task.setvariable variable=A;issecret=true]derived-four",
        "::add-mask::***",
        "a ##vso[task.setsecret]derived-three",
    ];
    for (runner, expected) in [(GITHUB, github), (AZURE, azure), (("CI", "true"), starred)] {
        for folder in [&one, &two] {
            let output =
                ran(folder.path(), runner, &["--log-dir", "logs", "--report", "report.json", "--report", "r.xml"]);
            let shown = text(&output.stdout) + &text(&output.stderr);
            let shown = shown.replace("a | ", "");
            assert_eq!(told(&shown), expected, "{shown}");
            assert!(shown.contains("\n***\n"), "{shown}");
            let mut kept = String::new();
            for entry in fs::read_dir(folder.path().join("logs")).expect("logs") {
                kept += &fs::read_to_string(entry.expect("a log").path()).expect("text");
            }
            assert_eq!(told(&kept), starred);
            for report in ["report.json", "r.xml"] {
                kept += &fs::read_to_string(folder.path().join(report)).expect("a report");
            }
            assert!(!kept.contains("derived"), "{kept}");
        }
        let output = exec(one.path(), Some(runner), &[], ADD).output().expect("a process");
        assert_eq!(told(&(text(&output.stdout) + &text(&output.stderr))), expected);
    }
    // A file is no runner, nor is that stream of two which leads there.
    let file = File::create(one.path().join("errors")).expect("a file");
    let output = exec(one.path(), Some(GITHUB), &[], ADD).stderr(file).output().expect("a process");
    assert_eq!(told(&text(&output.stdout)), ["::add-mask::derived-one", "a ##vso[task.setsecret]***"]);
    let errors = fs::read_to_string(one.path().join("errors")).expect("a file");
    assert!(!errors.contains("derived"), "{errors}");
    let file = File::create(one.path().join("file")).expect("a file");
    let mut command = exec(one.path(), Some(GITHUB), &[], ADD);
    command.stdout(file.try_clone().expect("a file")).stderr(file);
    assert!(command.status().expect("a process").success());
    let shown = fs::read_to_string(one.path().join("file")).expect("a file");
    assert_eq!(told(&shown), starred, "{shown}");
}

/// A step can't use them to show what credflow knows: a runner that doesn't take a line as a command shows it to people.
#[test]
fn no_step_shows_a_value_by_adding_it() {
    let folder = project(
        "steps:\n  - env: { T: $<credential:payments/plain> }\n    run: |\n      echo \"::add-mask::$T\"; echo \"::add-mask::a:$T\"; \
         printf '::add-mask::'; printf %s \"$T\" | base64\n      echo \"##[add-mask]$T\"\n      echo ::stop-commands::tok; \
         echo \"::add-mask::$T\"; echo ::add-mask::derived-one; echo ::tok::; echo ::add-mask::derived-two\n      \
         printf x; echo ::add-mask::derived-three >&2\n",
    );
    let shown = text(&ran(folder.path(), GITHUB, &[]).stdout);
    assert!(!shown.contains(CANARY) && !shown.contains("Y2FuYXJ5"), "{shown}");
    for (line, times) in
        [("derived-one", 0), ("::add-mask::derived-two\n", 1), ("x::add-mask::***\n", 1), ("derived-three", 0)]
    {
        assert_eq!(shown.matches(line).count(), times, "{line} in {shown}");
    }
    // A stop is passed on, and switches nothing off.
    assert!(shown.contains("::stop-commands::tok\n::add-mask::***\n::add-mask::***\n::tok::\n"), "{shown}");
    // The runner knows it already.
    let shown = text(&ran(folder.path(), GITHUB, &["--register-masks"]).stdout);
    assert!(shown.contains(&format!("\n::add-mask::{CANARY}\n::add-mask::a:{CANARY}\n")), "{shown}");
    assert!(shown.contains("::stop-commands::tok\n::add-mask::***\n"), "{shown}");
}

/// Halves of a value on both streams are the whole one wherever these come together.
#[test]
fn a_value_in_halves_is_masked_where_streams_come_together() {
    let (first, second) = CANARY.split_at(7);
    let step = format!("printf %s {first}; sleep 0.1; printf '%s\\n' {second} >&2");
    let folder = project(&format!(
        "jobs: {{ a: {{ steps: [{{ run: \"{step}\", env: {{ T: $<credential:payments/plain> }} }}] }}, b: {{ steps: [{{ run: 'true' }}] }} }}"
    ));
    for runner in [GITHUB, AZURE, ("NONE", "")] {
        let output = ran(folder.path(), runner, &["--log-dir", "logs"]);
        assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
        let log = fs::read_to_string(folder.path().join("logs/01-a-01-1.log")).expect("a log");
        for shown in [text(&output.stdout), log] {
            assert!(!shown.contains(CANARY), "{shown}");
        }
    }
}

/// Adding values holds up neither a time limit nor a signal.
#[test]
fn a_step_that_adds_values_without_end_runs_out_of_time() {
    let add = "while :; do for i in 1 2 3 4 5 6 7 8 9; do echo ::add-mask::derived-$i-token; echo derived-$i-token; done; done";
    let folder = project(&format!("steps: [{{ timeout-minutes: 0.005, run: '{add}' }}]"));
    for runner in [GITHUB, ("NONE", "")] {
        let output = ran(folder.path(), runner, &[]);
        assert_eq!(code(&output), Some(124), "{}", text(&output.stderr));
        assert!(!text(&output.stdout).replace("::add-mask::derived", "").contains("derived"));
    }
}
