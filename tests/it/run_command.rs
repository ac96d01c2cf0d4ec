//! One wrapped command, with a real process.
#![cfg(unix)]

use std::sync::{Arc, Mutex};

use credflow::render::FilledWorkflow;
use credflow::run::{Command, Outcome, StartError};

use crate::running::{TOKEN, workflow};

fn execute(workflow: FilledWorkflow, program: &str, arguments: &[&str]) -> (Outcome, String) {
    let mut command = Command::new(workflow, program);
    command.arguments = arguments.iter().map(Into::into).collect();
    command.clean_env = true;
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

fn nothing() -> FilledWorkflow {
    workflow("steps: [{ run: x }]")
}

#[test]
fn a_command_sees_the_environment_that_it_is_given_and_is_masked() {
    let given = workflow("steps: [{ run: x, env: { TOKEN: '<$<credential:test/token>>', PLAIN: plain } }]");
    let (outcome, output) = execute(given, "env", &[]);
    assert_eq!(outcome, Outcome::Success);
    assert!(
        output.contains("TOKEN=<***>\n") && output.contains("PLAIN=plain\n") && !output.contains(TOKEN),
        "{output}"
    );
    let inherited = credflow::run::ALWAYS_INHERITED.iter().filter(|name| std::env::var_os(name).is_some()).count();
    assert_eq!(output.lines().count(), inherited + 2, "{output}");
}

#[test]
fn its_end_is_told_as_it_was() {
    assert_eq!(execute(nothing(), "sh", &["-c", "exit 42"]).0, Outcome::Failed(42));
    let (killed, _) = execute(nothing(), "sh", &["-c", "kill -TERM $$"]);
    assert_eq!((killed.exit_code(), killed), (143, Outcome::Signalled(15)));
    let (missing, _) = execute(nothing(), "no-such-program", &[]);
    assert!(matches!(missing, Outcome::NotStarted(StartError::NoProgram { .. })));
}
