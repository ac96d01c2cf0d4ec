//! Running, with real processes.
#![cfg(unix)]

use std::sync::Arc;
use std::time::Duration;

use crate::running::{Seen, TOKEN, late, lives, pid, start, told, watched, workflow};
use crate::waiting::{guarded, until};
use credflow::run::{Cancellation, Event, Options, Outcome, StartError, Stream, refuse, run};
use credflow::source::Source;
use credflow::workflow::Workflow;

/// So long that only a hang would wait for it.
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn steps_run_in_order_and_are_told_of() {
    let told = told("steps:\n  - { id: one, run: echo 1 }\n  - { name: two, run: 'echo 2 >&2' }\n  - run: echo 3\n");
    assert_eq!(told.text(), "1\n2\n3\n");
    assert_eq!(
        told.events,
        [
            "> main",
            "> main/one",
            "< main/one Success",
            "> main/two",
            "< main/two Success",
            "> main/#3",
            "< main/#3 Success",
            "< main Success",
        ]
    );
    assert_eq!(told.output[1].1, Stream::Stderr);
    assert_eq!(told.execution().exit_code(), 0);
}

#[test]
fn jobs_that_need_nothing_of_each_other_overlap() {
    // Each waits for the other's file; in turn they would wait for ever, which only this timeout ends.
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(&format!(
        "jobs:
  a: {{ timeout-minutes: 2, steps: [{{ working-directory: '{0}', run: 'touch a; until [ -e b ]; do sleep 0.02; done' }}] }}
  b: {{ timeout-minutes: 2, steps: [{{ working-directory: '{0}', run: 'touch b; until [ -e a ]; do sleep 0.02; done' }}] }}
  c: {{ needs: [a, b], steps: [{{ run: 'echo c' }}] }}
",
        folder.path().display()
    ));
    assert_eq!(told.execution().exit_code(), 0, "{:?}", told.events);
    assert_eq!(told.events.last().map(String::as_str), Some("< c Success"));
}

#[test]
fn a_failure_stops_what_follows_but_what_asked_for_it() {
    let told = told(
        "
jobs:
  a:
    steps:
      - run: exit 7
      - run: echo never
      - { if: failure(), run: echo mend }
      - { if: always(), run: echo tidy }
  b: { needs: a, steps: [{ run: echo never }] }
  c: { needs: b, if: failure(), steps: [{ run: echo heard }] }
  d: { needs: [a, b], if: always(), steps: [{ run: echo last }] }
  e: { steps: [{ if: failure(), run: echo never }] }
---
steps: [{ run: echo never }]
",
    );
    assert!(!told.text().contains("never"));
    for word in ["mend", "tidy", "heard", "last"] {
        assert!(told.text().contains(word), "{word}");
    }
    assert_eq!(told.outcome("a", 1), &Outcome::Failed(7));
    assert!(matches!(told.outcome("a", 2), Outcome::Skipped(_)));
    assert!(matches!(told.job("b"), Outcome::Skipped(_)));
    assert_eq!(told.job("e"), &Outcome::Success);
    assert!(matches!(told.job("main"), Outcome::Skipped(_)));
    assert_eq!(told.execution().exit_code(), 7);
}

#[test]
fn a_failure_may_be_tolerated() {
    let told = told(
        "
jobs:
  a:
    continue-on-error: true
    steps: [{ run: exit 3 }]
  b:
    needs: a
    steps:
      - { run: exit 4, continue-on-error: true }
      - run: echo on
",
    );
    assert_eq!(told.text(), "on\n");
    assert_eq!(told.job("a"), &Outcome::Failed(3));
    assert_eq!(told.job("b"), &Outcome::Success);
    assert_eq!(told.execution().exit_code(), 0);
}

#[test]
fn the_first_failure_by_time_gives_the_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let over = folder.path().join("over");
    let text = format!(
        "
jobs:
  first: {{ steps: [{{ run: 'until [ -e {0} ]; do sleep 0.02; done; exit 3' }}] }}
  second: {{ steps: [{{ run: 'exit 4' }}] }}
",
        over.display()
    );
    // The first job ends once the second has.
    let told = watched(workflow(&text), Options::default(), move |seen: &Seen| {
        if seen.events.iter().any(|event| event.starts_with("< second ")) {
            std::fs::write(&over, "").expect("a file");
        }
    });
    assert_eq!(told.job("first"), &Outcome::Failed(3));
    assert_eq!(told.execution().exit_code(), 4);
}

#[test]
fn the_shell_stops_at_the_first_error_and_gives_its_code() {
    let codes = [
        ("run: 'false; echo never'", Outcome::Failed(1)),
        ("run: 'kill -9 $$'", Outcome::Signalled(9)),
        ("run: no-such-command-at-all", Outcome::Failed(127)),
        ("{ shell: bash, run: 'false | cat; echo never' }", Outcome::Failed(1)),
        ("{ shell: 'sh -eu {0}', run: '[ -f \"$0\" ]; echo $undefined; echo never' }", Outcome::Failed(2)),
        ("{ shell: 'cat {0}', run: 'as it is: \"$(x)\" ;' }", Outcome::Success),
    ];
    for (step, expected) in codes {
        let told = told(&format!("steps:\n  - {step}\n"));
        assert!(!told.text().contains("never"), "{step}");
        match (&expected, told.outcome("main", 1)) {
            // Shells differ in the code of an undefined variable.
            (Outcome::Failed(2), Outcome::Failed(_)) => {}
            (expected, outcome) => assert_eq!(outcome, expected, "{step}"),
        }
    }
}

#[test]
fn what_cannot_start_says_why() {
    let told = told(
        "
jobs:
  a: { steps: [{ shell: no-such-shell, run: x }] }
  b: { steps: [{ shell: /dev/null, run: x }] }
  c: { steps: [{ working-directory: /no/such/folder, run: x }] }
",
    );
    let missing = StartError::NoProgram { program: "no-such-shell".to_owned() };
    assert_eq!(told.job("a").exit_code(), 127);
    assert_eq!(told.job("a"), &Outcome::NotStarted(missing));
    assert!(matches!(told.job("b"), Outcome::NotStarted(StartError::NotExecutable { .. })));
    assert_eq!(told.job("b").exit_code(), 126);
    assert!(matches!(told.job("c"), Outcome::NotStarted(StartError::NoFolder { .. })));
}

#[test]
fn a_step_sees_its_own_values_and_inputs_alone() {
    let told = told(
        "
env: { OUTER: outer, BOTH: outer }
steps:
  - env: { MINE: '<$<credential:test/token>>', BOTH: inner }
    with: { api key: input }
    run: 'echo $OUTER $BOTH ${#MINE} $INPUT_API_KEY'
  - run: 'echo [${MINE-none}] $BOTH [${INPUT_API_KEY-none}]'
",
    );
    assert_eq!(told.text(), format!("outer inner {} input\n[none] outer [none]\n", TOKEN.len() + 2));
}

#[test]
fn variables_can_be_withheld() {
    let text = "steps: [{ run: 'echo ${CARGO_MANIFEST_DIR-none}' }]";
    assert_ne!(told(text).text(), "none\n");
    let mut filled = workflow(text);
    filled.withhold("CARGO_MANIFEST_DIR");
    assert_eq!(start(filled, Options::default()).text(), "none\n");
}

#[test]
fn a_value_split_by_time_and_by_stream_is_masked() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "
steps:
  - env: {{ TOKEN: $<credential:test/token> }}
    working-directory: '{}'
    run: |
      printf 'Password? '
      until [ -e prompted ]; do sleep 0.02; done
      printf 'x%s' \"$(printf %s \"$TOKEN\" | cut -c1-5)\"
      until [ -e begun ]; do sleep 0.02; done
      printf '%sx\\n' \"$(printf %s \"$TOKEN\" | cut -c6-)\"
      echo \"$TOKEN\" >&2
  - run: echo s3cr3t-token-value
",
        folder.path().display()
    );
    // Each piece is printed when the one before it was seen: the prompt is there before the rest of the line, and what
    // stands before the value before the rest of the value.
    let make = move |name: &str| std::fs::write(folder.path().join(name), "").expect("a file");
    let told = watched(workflow(&text), Options::default(), move |seen: &Seen| match seen.text().as_str() {
        "Password? " => make("prompted"),
        "Password? x" => make("begun"),
        _ => {}
    });
    assert!(!told.text().contains("s3cr3"), "{}", told.text());
    let of = |wanted: Stream| -> String {
        let bytes =
            told.output.iter().filter(|(_, stream, _)| *stream == wanted).flat_map(|(_, _, bytes)| bytes.clone());
        String::from_utf8(bytes.collect()).expect("text")
    };
    // A step that wasn't given the value doesn't get to show it either.
    assert_eq!(of(Stream::Stdout), "Password? x***x\n***\n");
    assert_eq!(of(Stream::Stderr), "***\n");
    assert_eq!(told.output[0].2, b"Password? ");
}

#[test]
fn the_lines_of_a_value_are_masked() {
    let told = told(
        "
steps:
  - env: { KEY: $<credential:test/key> }
    run: |
      printf %s \"$KEY\" | sed 's/^/> /'
      printf %s \"$KEY\"
",
    );
    // With the same few characters before each line, the whole value is one; the line break that ends it stays.
    assert_eq!(told.text(), "> ***\n***\n");
}

#[test]
fn a_timeout_ends_the_group_whatever_it_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "steps:
  - timeout-minutes: 0.01
    working-directory: '{}'
    run: |
      trap '' TERM
      (trap '' TERM; while :; do sleep 1; done) & echo $! >grandchild
      (trap '' TERM; exec >/dev/null 2>&1; while :; do sleep 1; done) & echo $! >quiet
      echo $$ >child
      echo ready
      while :; do sleep 1; done
  - run: echo never
  - {{ if: always(), run: echo tidy }}
",
        folder.path().display()
    );
    let options = Options { grace: Duration::from_millis(400), ..Options::default() };
    let told = late(workflow(&text), options, "ready", Duration::from_millis(600));
    assert_eq!(told.outcome("main", 1), &Outcome::TimedOut);
    assert_eq!(told.text(), "ready\ntidy\n");
    assert_eq!(told.execution().exit_code(), 124);
    // It had its time, and its grace.
    let took = told.execution().jobs[0].steps[0].duration;
    assert!(took >= Duration::from_secs(1), "{took:?}");
    for name in ["child", "grandchild", "quiet"] {
        assert!(!lives(&pid(&folder.path().join(name))), "{name}");
    }
}

#[test]
fn a_timeout_lets_the_group_end_by_itself() {
    let text = "
jobs:
  a:
    timeout-minutes: 0.01
    steps:
      - run: |
          trap 'echo bye; exit 0' TERM
          echo ready
          while :; do sleep 0.05; done
";
    // It isn't killed: that would be in an hour.
    let options = Options { grace: HOUR, ..Options::default() };
    let told = late(workflow(text), options, "ready", Duration::from_millis(600));
    // The shell may add that its `sleep` was terminated.
    assert!(told.text().contains("bye\n"), "{}", told.text());
    assert_eq!(told.job("a"), &Outcome::TimedOut);
}

#[test]
fn what_is_left_behind_with_the_pipe_does_not_hang_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(&format!(
        "steps:
  - working-directory: '{}'
    run: |
      sleep 3600 & echo $! >grandchild
      echo done
",
        folder.path().display()
    ));
    assert_eq!(told.text(), "done\n");
    assert_eq!(told.outcome("main", 1), &Outcome::Success);
    assert!(!lives(&pid(&folder.path().join("grandchild"))));
}

#[test]
fn a_cancelled_run_ends_soon_and_tidies_up() {
    let cancellation = Cancellation::new();
    let options = Options { cancellation: cancellation.clone(), grace: HOUR, ..Options::default() };
    let workflow = workflow(
        "
jobs:
  a:
    steps:
      - { run: echo ready; exec sleep 3600, continue-on-error: true }
      - run: echo never
      - { if: failure(), run: echo never }
      - { if: always(), run: echo tidy }
  b: { needs: a, steps: [{ run: echo never }] }
",
    );
    let told = watched(workflow, options, move |seen: &Seen| {
        if seen.text().contains("ready") && !cancellation.is_cancelled() {
            cancellation.cancel();
        }
    });
    assert_eq!(told.text(), "ready\ntidy\n");
    assert_eq!(told.job("a"), &Outcome::Cancelled);
    assert_eq!(told.execution().exit_code(), 130);
}

#[test]
fn a_run_cancelled_twice_ends_at_once() {
    let cancellation = Cancellation::new();
    let options = Options { cancellation: cancellation.clone(), grace: HOUR, ..Options::default() };
    let workflow = workflow(
        "
steps:
  - run: |
      trap 'echo told to end' TERM
      echo ready
      while :; do sleep 0.05 || :; done
  - { if: always(), run: echo never }
",
    );
    // The second time comes when the step was told to end, and goes on.
    let told = watched(workflow, options, move |seen: &Seen| {
        let text = seen.text();
        if text.contains("told to end") || text.contains("ready") && !cancellation.is_cancelled() {
            cancellation.cancel();
        }
    });
    let text = told.text();
    assert!(text.starts_with("ready\n") && text.contains("told to end\n") && !text.contains("never"), "{text}");
    assert_eq!(told.execution().exit_code(), 130);
}

#[test]
fn a_run_that_is_dropped_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "steps: [{{ working-directory: '{}', run: 'sleep 3600 & echo $! >grandchild; echo ready; wait' }}]",
        folder.path().display()
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let ready = Arc::new(tokio::sync::Notify::new());
    let (tell, give_up) = (Arc::clone(&ready), Arc::clone(&ready));
    let work = async {
        let observer = move |event: Event| {
            if matches!(event, Event::Output { .. }) {
                tell.notify_one();
            }
        };
        tokio::select! {
            ended = run(workflow(&text), Options::default(), Box::new(observer)) => panic!("it ended: {ended:?}"),
            () = ready.notified() => {}
        }
    };
    guarded(|| runtime.block_on(work), move || give_up.notify_one());
    drop(runtime);
    let grandchild = pid(&folder.path().join("grandchild"));
    until("the end of what the step started", || !lives(&grandchild));
}

#[test]
fn a_flood_of_output_all_arrives() {
    let told = told("steps: [{ run: 'yes 0123456789 | head -c 20000000' }]");
    assert_eq!(told.output.iter().map(|(_, _, bytes)| bytes.len()).sum::<usize>(), 20_000_000);
}

#[test]
fn what_cannot_run_is_refused_before_anything_starts() {
    let text = "
jobs:
  a:
    steps:
      - run: echo never
      - uses: actions/checkout@v4
      - { if: github.ref == 'refs/heads/main', run: x }
      - { run: x, env: { NUL: $<credential:test/nul> } }
  b: { uses: ./other.yaml }
";
    let told = told(text);
    let faults = told.execution.as_ref().expect_err("a refusal").to_string();
    assert!(told.events.is_empty());
    for expected in [
        "credflow doesn't execute `uses` (1 job, 1 step: lines 6, 9)",
        "test.yaml:6:9",
        "other conditions of `if` (step `#3` of job `a`: line 7)",
        "`NUL` has a NUL",
    ] {
        assert!(faults.contains(expected), "{expected} in {faults}");
    }
    let source = Source::new("test.yaml", "steps: [{ run: true }]");
    let (workflow, _) = Workflow::read(&source).expect("a good workflow");
    assert!(refuse(&workflow, false).is_empty());
}
