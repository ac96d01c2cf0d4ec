//! A signal for a wrapped command. Alone in its process, because every command of a process gets its signals.
#![cfg(unix)]

use std::sync::{Arc, Mutex};

use credflow::run::{Command, Outcome, Value};

#[test]
fn a_signal_is_passed_on() {
    // The command signals its wrapper, which is this test, and gets the signal back.
    let script = "trap 'echo got it; exit 9' TERM; kill -TERM $PPID; while :; do sleep 0.05; done";
    let environment = std::env::vars_os().filter(|(name, _)| name == "PATH");
    let command = Command {
        program: "sh".into(),
        arguments: vec!["-c".into(), script.into()],
        environment: environment.map(|(name, value)| (name, Value::Inherited(value))).collect(),
        withheld: Vec::new(),
        masked: Vec::new(),
        window: None,
        is_unmasked: false,
        listener: None,
        supervisor: None,
        relay: None,
    };
    let output = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&output);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let outcome = runtime.block_on(command.execute(move |_, bytes, _| {
        shown.lock().expect("no panic").extend_from_slice(bytes);
        Ok(())
    }));
    assert_eq!(outcome, Outcome::Failed(9));
    // The shell may add that its `sleep` was terminated.
    assert!(String::from_utf8_lossy(&output.lock().expect("no panic")).contains("got it\n"));
}
