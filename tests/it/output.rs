//! What `run` and `exec` do with output that can't be shown, or not soon, and the order in which it is.
#![cfg(unix)]
#![allow(clippy::format_collect, reason = "a test has the time")]

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::project::{CANARY, EMULATE, code, credflow, project, text};
use crate::running::{told, workflow};
use crate::waiting::{ended, is_filled, until};
use credflow::run::{Event, Options, Outcome, Unshown};
use rustix::process::Signal;

fn full() -> Stdio {
    Stdio::from(File::options().write(true).open("/dev/full").expect("/dev/full"))
}

/// A value that is added on one stream is masked on the other from then on, however the two are read.
#[test]
fn a_value_that_is_added_is_masked_on_both_streams() {
    let steps: String = (0..100)
        .map(|at| {
            format!(
                "  - run: |\n      echo '::add-mask::derived-{at}-token'; echo 'got derived-{at}-token' >&2\n      \
                 echo '::add-mask::other-{at}-token' >&2; echo 'got other-{at}-token'\n"
            )
        })
        .collect();
    let told = told(&format!("steps:\n{steps}"));
    let shown = told.text();
    assert!(!shown.contains("-token"), "{shown}");
    assert_eq!(shown.matches("got ***").count(), 200, "{shown}");
}

#[test]
fn a_disk_that_is_full_is_no_success() {
    let folder = project("steps: [{ run: 'echo a; sleep 3600' }]");
    for args in [&["exec", "--", "sh", "-c", "echo a; sleep 3600"][..], &["run", "w.yaml"]] {
        let output = credflow(folder.path(), args).stdin(Stdio::null()).stdout(full()).output().expect("a process");
        assert_eq!(code(&output), Some(125), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("No space left on device"), "{}", text(&output.stderr));
    }
    // What is still to be written when the command has ended counts as well.
    for args in [&["exec", "--", "sh", "-c", "echo a"][..], &["exec", "--", "sh", "-c", "echo a; exit 7"]] {
        let output = credflow(folder.path(), args).stdin(Stdio::null()).stdout(full()).output().expect("a process");
        assert_eq!(code(&output), Some(125), "{}", text(&output.stderr));
    }
    // Words for people are output, too; and so are results of every verb.
    fs::write(folder.path().join("w.yaml"), "steps: [{ run: 'true' }]").expect("a file");
    let run = credflow(folder.path(), &["run", "w.yaml"]).stderr(full()).output().expect("a process");
    assert_eq!(code(&run), Some(125));
    for args in [&["plan", "w.yaml"][..], &["--help"], &["completions", "bash"], &["stores"]] {
        let output = credflow(folder.path(), args).stdout(full()).output().expect("a process");
        assert_eq!(code(&output), Some(3), "{args:?}");
    }
}

/// Who made the pipe not block is another process that has it as well, such as a Node.js program.
#[test]
fn a_pipe_that_does_not_block_is_waited_for() {
    let folder = project("steps: [{ run: 'head -c 5000000 /dev/zero' }]");
    for args in [&["exec", "--", "head", "-c", "5000000", "/dev/zero"][..], &["run", "w.yaml"]] {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        rustix::io::ioctl_fionbio(writer.as_fd(), true).expect("a flag");
        let mut command = credflow(folder.path(), args);
        let mut child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null()).spawn().expect("a process");
        drop(command);
        until("a pipe that is full", || is_filled(&reader));
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).expect("all of it");
        assert_eq!((bytes.len(), ended(&mut child).code()), (5_000_000, Some(0)), "{args:?}");
    }
}

/// A reader that takes its time gets all, also what the command wrote just before its end.
#[test]
fn a_slow_reader_gets_all() {
    let folder = project("steps: [{ run: 'head -c 400000 /dev/zero' }]");
    for args in [&["exec", "--", "head", "-c", "400000", "/dev/zero"][..], &["run", "w.yaml"]] {
        let mut command = credflow(folder.path(), args);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process");
        let mut reader = child.stdout.take().expect("stdout");
        until("a pipe that is full", || is_filled(&reader));
        // Longer than an ended command's output may be silent.
        std::thread::sleep(Duration::from_millis(600));
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).expect("all of it");
        assert_eq!((bytes.len(), ended(&mut child).code()), (400_000, Some(0)), "{args:?}");
    }
}

/// Two jobs whose output nobody reads hear the end all the same.
#[test]
fn a_signal_ends_jobs_whose_output_nobody_reads() {
    let job = "{ steps: [{ run: 'while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done' }] }";
    let folder = project(&format!("jobs: {{ a: {job}, b: {job} }}"));
    let mut command = credflow(folder.path(), &["run", "w.yaml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    let (stdout, _stderr) = (child.stdout.take().expect("stdout"), child.stderr.take());
    until("a pipe that is full", || is_filled(&stdout));
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, Signal::TERM).expect("a signal");
    assert_eq!(ended(&mut child).code(), Some(130));
    drop(stdout);
}

/// A lock that somebody holds on the audit doesn't keep a step from running out of time.
#[test]
fn a_step_runs_out_of_time_while_its_audit_is_locked() {
    let folder =
        project("steps: [{ timeout-minutes: 0.005, env: { T: $<credential:payments/plain> }, run: touch begun }]");
    let audit = folder.path().join("audit.jsonl");
    let held = File::create(&audit).expect("a file");
    held.lock().expect("a lock");
    let args = [&["run", "w.yaml", "--audit", "audit.jsonl"][..], &EMULATE].concat();
    let mut child = credflow(folder.path(), &args).stderr(Stdio::null()).spawn().expect("a process");
    // 125, as its last lines can't be written either.
    assert_eq!(ended(&mut child).code(), Some(125));
    assert!(!folder.path().join("begun").exists());
    drop(held);
    assert!(!fs::read_to_string(&audit).expect("a file").contains(CANARY));
}

struct Broken<F>(F);
impl<F: FnMut(Event) -> Result<(), Unshown> + Send + 'static> credflow::run::Observer for Broken<F> {
    fn event(&mut self, event: Event) -> Result<(), Unshown> {
        self.0(event)
    }
}

#[test]
fn what_an_observer_cannot_show_ends_the_step() {
    let observer = |event: Event| match event {
        Event::Output { .. } => Err(Unshown::Failed(std::io::Error::other("no ink"))),
        _ => Ok(()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let workflow = workflow("steps: [{ run: 'echo a; sleep 3600' }]");
    let run = credflow::run::run(workflow, Options::default(), Box::new(Broken(observer)));
    let execution = runtime.block_on(run).expect("a run");
    let lost = Outcome::OutputLost { reason: "no ink".to_owned() };
    assert_eq!((&execution.jobs[0].outcome, execution.exit_code()), (&lost, 125));
}

#[test]
#[should_panic(expected = "an observer's own")]
fn an_observers_panic_is_the_callers() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let observer = |event: Event| assert!(!matches!(event, Event::Output { .. }), "an observer's own");
    let run = credflow::run::run(workflow("steps: [{ run: 'echo a' }]"), Options::default(), Box::new(observer));
    let _ = runtime.block_on(run);
}

/// Whoever embeds runs may spawn them.
#[test]
fn a_run_may_move_between_threads() {
    fn is_send(_: &(impl Send + 'static)) {}
    is_send(&credflow::run::run(workflow("steps: [{ run: 'true' }]"), Options::default(), Box::new(|_: Event| {})));
}

/// A closed pipe ends a command as it would without credflow; the steps of a run go on.
#[test]
fn a_reader_that_is_gone_ends_a_command_and_no_step() {
    let folder = project("steps: [{ run: 'yes | head -n 200000; touch reached' }]");
    let credflow = env!("CARGO_BIN_EXE_credflow");
    let script = format!(
        "{{ {credflow} exec -- yes; echo $? >code; }} | head -1; {{ {credflow} run w.yaml; echo $? >>code; }} 2>&1 | head -1"
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().expect("a process");
    assert!(output.status.success());
    assert_eq!(fs::read_to_string(folder.path().join("code")).expect("codes"), "141\n0\n");
    assert!(folder.path().join("reached").exists());
}

/// What a command leaves behind lives on, and what it writes is masked and shown.
#[test]
fn what_a_command_leaves_behind_goes_on_writing() {
    let folder = project("");
    let script =
        "(while [ ! -e go ]; do sleep 0.05; done; echo \"late $T\"; echo \"errors $T\" >&2; echo over >&2) & echo soon";
    let args = [&["exec"], &EMULATE[..], &["--", "sh", "-c", script]].concat();
    let output = File::create(folder.path().join("output")).expect("a file");
    let mut child = credflow(folder.path(), &args)
        .env("T", "$<credential:payments/plain>")
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a file"))
        .stderr(output)
        .spawn()
        .expect("a process");
    // It doesn't wait for what is left behind.
    assert_eq!(ended(&mut child).code(), Some(0));
    fs::write(folder.path().join("go"), "").expect("a file");
    let read = || fs::read_to_string(folder.path().join("output")).unwrap_or_default();
    until("the last line", || read().contains("over\n"));
    let mut lines: Vec<String> = read().lines().map(ToOwned::to_owned).collect();
    lines.retain(|line| line != "over");
    assert_eq!(lines, ["soon", "late ***", "errors ***"]);
    // Whoever masked it ends with it.
    #[cfg(target_os = "linux")]
    until("the end of all that write", || crate::children::holders(&folder.path().join("output")).is_empty());
}

/// More values than can be masked: nothing more is shown of any output, of that step or of another.
#[test]
fn one_value_too_many_ends_all_output() {
    let folder = project(
        "steps: [{ run: 'for i in $(seq 1001); do echo \"::add-mask::derived-$i-token\"; done; echo \"got derived-1001-token\" >&2' }, { run: 'echo derived-1001-token' }]",
    );
    let output = credflow(folder.path(), &["run", "w.yaml", "--log-dir", "logs"]).output().expect("a process");
    let logs: String = fs::read_dir(folder.path().join("logs"))
        .expect("logs")
        .map(|log| fs::read_to_string(log.expect("a log").path()).expect("text"))
        .collect();
    let shown = text(&output.stdout) + &text(&output.stderr) + &logs;
    assert!(!shown.contains("-token") && shown.contains("nothing more of this output is shown"), "{shown}");
}

/// Where both streams lead to one pipe that nobody reads, so do the words for people.
#[test]
fn a_signal_ends_a_run_whose_words_nobody_reads() {
    let folder = project("steps: [{ run: 'yes aaa' }]");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = credflow(folder.path(), &["run", "w.yaml"]);
    command.stdout(writer.try_clone().expect("a pipe")).stderr(writer);
    let mut child = command.spawn().expect("a process");
    drop(command);
    until("a pipe that is full", || is_filled(&reader));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).expect("a signal");
    assert_eq!(ended(&mut child).code(), Some(130));
}

/// A limit on the size of files is an error of the writer, not the end of credflow.
#[test]
fn a_file_that_may_not_grow_is_told() {
    let folder = project("steps: [{ run: 'head -c 100000 /dev/zero' }]");
    for verb in ["exec -- head -c 100000 /dev/zero", "run w.yaml"] {
        let script = format!("ulimit -f 20; {} {verb} >output", env!("CARGO_BIN_EXE_credflow"));
        let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().expect("a process");
        assert_eq!(code(&output), Some(125), "{verb} {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("File too large"), "{}", text(&output.stderr));
    }
}

/// A shell's commands in the background ignore Ctrl-C, and so does what credflow starts for them.
#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let folder = project("steps: [{ run: 'grep SigIgn /proc/self/status' }]");
    for verb in ["exec -- grep SigIgn /proc/self/status", "run w.yaml"] {
        let script = format!("trap '' INT HUP; exec {} {verb}", env!("CARGO_BIN_EXE_credflow"));
        let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().expect("a process");
        let shown = text(&output.stdout);
        let mask = shown.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask").trim();
        // SIGHUP is the first signal and SIGINT the second.
        assert_eq!(u64::from_str_radix(mask, 16).expect("a mask") & 3, 3, "{verb} {shown}");
    }
}

/// Where both streams lead to one place, the order is that in which they were written.
#[test]
fn streams_that_lead_to_one_place_are_in_order() {
    let script = "for i in $(seq 1000); do echo o$i; echo e$i >&2; done";
    let folder = project(&format!("steps: [{{ run: '{script}' }}]"));
    let expected = (1..=1000).fold(String::new(), |lines, line| lines + &format!("o{line}\ne{line}\n"));
    for args in [&["exec", "--", "sh", "-c", script][..], &["-q", "run", "w.yaml"]] {
        let output = File::create(folder.path().join("output")).expect("a file");
        let mut command = credflow(folder.path(), args);
        command.stdout(output.try_clone().expect("a file")).stderr(output);
        assert!(command.status().expect("a process").success());
        assert_eq!(fs::read_to_string(folder.path().join("output")).expect("a file"), expected, "{args:?}");
    }
}
