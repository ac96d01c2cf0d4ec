//! One wrapped command, with a real process.
#![cfg(unix)]

use std::sync::{Arc, Mutex};

use credflow::render::Filled;
use credflow::run::{Command, Outcome, StartError, Value};
use credflow::secret::Secret;

fn execute(program: &str, arguments: &[&str], environment: Vec<(&str, Value)>) -> (Outcome, String) {
    let inherited =
        std::env::vars_os().filter(|(name, _)| name == "PATH").map(|(name, value)| (name, Value::Inherited(value)));
    let command = Command {
        program: program.into(),
        arguments: arguments.iter().map(Into::into).collect(),
        environment: inherited.chain(environment.into_iter().map(|(name, value)| (name.into(), value))).collect(),
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
    let text = String::from_utf8_lossy(&output.lock().expect("no panic")).into_owned();
    (outcome, text)
}

fn secret(value: &str) -> Value {
    let part = Arc::new(Secret::new(value.to_owned()));
    Value::Filled(Filled::secret(Secret::new(format!("<{value}>")), "<***>", vec![part]))
}

#[test]
fn a_command_sees_the_environment_that_it_is_given_and_is_masked() {
    let environment = vec![("TOKEN", secret("hunter2")), ("PLAIN", Value::Filled(Filled::plain("plain")))];
    let (outcome, output) = execute("env", &[], environment);
    assert_eq!(outcome, Outcome::Success);
    assert!(output.contains("TOKEN=<***>\n") && output.contains("PLAIN=plain\n"), "{output}");
    assert_eq!(output.lines().count(), 3, "{output}");
}

#[test]
fn its_end_is_told_as_it_was() {
    assert_eq!(execute("sh", &["-c", "exit 42"], vec![]).0, Outcome::Failed(42));
    let (killed, _) = execute("sh", &["-c", "kill -TERM $$"], vec![]);
    assert_eq!((killed.exit_code(), killed), (143, Outcome::Signalled(15)));
    let (missing, _) = execute("no-such-program", &[], vec![]);
    assert!(matches!(missing, Outcome::NotStarted(StartError::NoProgram { .. })));
}
