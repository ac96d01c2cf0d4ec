//! A signal for a wrapped command. Alone in its process, because every command of a process gets its signals.
#![cfg(unix)]

use std::sync::{Arc, Mutex};

use credflow::resolve::{ResolveOptions, Resolver};
use credflow::run::{Command, Outcome};
use credflow::source::Source;
use credflow::workflow::Workflow;

#[test]
fn a_signal_is_passed_on() {
    // The command signals its wrapper, which is this test, and gets the signal back.
    let script = "trap 'echo got it; exit 9' TERM; kill -TERM $PPID; while :; do sleep 0.05; done";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", "steps: [{ run: x }]")).expect("a workflow");
    let plan = workflow.plan(None).expect("a plan");
    let resolved = runtime.block_on(Resolver::new().resolve(&plan, ResolveOptions::default())).expect("no values");
    let mut command = Command::new(resolved.render(), "sh");
    command.arguments = vec!["-c".into(), script.into()];
    command.clean_env = true;
    let output = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&output);
    let outcome = runtime.block_on(command.execute(move |_, bytes, _| {
        shown.lock().expect("no panic").extend_from_slice(bytes);
        Ok(())
    }));
    assert_eq!(outcome, Outcome::Failed(9));
    // The shell may add that its `sleep` was terminated.
    assert!(String::from_utf8_lossy(&output.lock().expect("no panic")).contains("got it\n"));
}
