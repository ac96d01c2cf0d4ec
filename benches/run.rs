//! Running: what a step costs beside `sh -c true`, a thousand steps, a graph of two hundred jobs.

#![allow(clippy::print_stdout, clippy::use_debug, clippy::cast_precision_loss, missing_docs, reason = "a bench prints")]

mod common;

use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use credflow::run::{Event, Options, run};

/// How often each is run.
const RUNS: u32 = 5;

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let shell = common::best(RUNS, || {
        for _ in 0..100 {
            assert!(Command::new("sh").args(["-e", "-c", "true"]).status().expect("a shell").success());
        }
    }) / 100;
    let steps = |count: usize| format!("steps:\n{}", "  - run: 'true'\n".repeat(count));
    let hundred = timed(&runtime, &steps(100)) / 100;
    println!(
        "a step: {hundred:.2?}, `sh -e -c true`: {shell:.2?}, {:.2?} more (at most 2 ms)",
        hundred.saturating_sub(shell)
    );
    let thousand = timed(&runtime, &steps(1000));
    common::ratio("1,000 steps / 1,000 × `sh -e -c true`", thousand, shell * 1000, 2.0);
    let mut graph = String::from("jobs:\n");
    for job in 0..200 {
        // Each needs the job ten before it, so that ten can run at once.
        let needs = if job < 10 { String::new() } else { format!("needs: j{}, ", job - 10) };
        let _ = writeln!(graph, "  j{job}: {{ {needs}steps: [{{ run: 'true' }}] }}");
    }
    let jobs = timed(&runtime, &graph);
    common::ratio("200 jobs in a graph / 200 × `sh -e -c true`", jobs, shell * 200, 2.0);
    adding(&runtime);
}

/// Steps that add values to the masks, and how late a time limit and a signal are meanwhile.
fn adding(runtime: &tokio::runtime::Runtime) {
    const LIMIT: Duration = Duration::from_millis(300);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lines");
    let lines = (0..1000).fold(String::new(), |mut lines, line| {
        let _ = writeln!(lines, "::add-mask::derived-{line:04}-{}\ngot it", "tokenvalue".repeat(line % 40));
        lines
    });
    std::fs::write(&path, lines).expect("a file");
    let path = path.display();
    let once = timed(runtime, &format!("steps: [{{ run: 'cat {path}' }}]"));
    println!("a step that adds 1,000 values: {once:.1?} (at most 1 s)");
    let endless = format!("run: 'while :; do cat {path}; done'");
    let (mut by_limit, mut by_signal) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..RUNS {
        let limited = common::filled(runtime, &format!("steps: [{{ timeout-minutes: 0.005, {endless} }}]"));
        let execution = runtime.block_on(run(limited, Options::default(), Box::new(|_: Event| {}))).expect("a run");
        by_limit = by_limit.max(execution.jobs[0].steps[0].duration.saturating_sub(LIMIT));
        let options = Options::default();
        let cancellation = options.cancellation.clone();
        let told = std::thread::spawn(move || {
            std::thread::sleep(LIMIT);
            cancellation.cancel();
            Instant::now()
        });
        let run = run(common::filled(runtime, &format!("steps: [{{ {endless} }}]")), options, Box::new(|_: Event| {}));
        runtime.block_on(run).expect("a run");
        by_signal = by_signal.max(told.join().expect("no panic").elapsed());
    }
    println!(
        "meanwhile a time limit is late by {by_limit:.1?}, a signal by {by_signal:.1?} (at most 200 ms, of {RUNS} times)"
    );
}

fn timed(runtime: &tokio::runtime::Runtime, text: &str) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let workflow = common::filled(runtime, text);
        let begun = Instant::now();
        let execution = runtime.block_on(run(workflow, Options::default(), Box::new(|_: Event| {})));
        best = best.min(begun.elapsed());
        assert!(execution.expect("a run").is_success());
    }
    best
}
