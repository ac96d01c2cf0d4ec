//! `check` of a set like the real one: 2,300 workflows of GitHub's, 30 KB in the middle.

#![allow(clippy::print_stdout, clippy::use_debug, missing_docs, reason = "a bench prints")]

mod common;

use std::ffi::OsString;
use std::fmt::Write;
use std::time::Duration;

use credflow::cli::{self, Terminal};

/// So many files.
const FILES: usize = 2_300;

/// How long it may take.
const BOUND: Duration = Duration::from_secs(1);

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bytes = 0;
    let mut args: Vec<OsString> = ["credflow", "check", "--for", "run"].map(Into::into).into();
    for number in 0..FILES {
        let text = workflow(number);
        bytes += text.len();
        let path = folder.path().join(format!("{number}.yaml"));
        std::fs::write(&path, text).expect("a file");
        args.push(path.into());
    }
    let mut plain = args.clone();
    plain.drain(2..4);
    println!("{FILES} workflows, {} MB", bytes >> 20);
    for (what, args) in [("check", &plain), ("check --for run", &args)] {
        let took = common::best(3, || cli::main(args.clone(), &mut Terminal::new(std::io::sink(), std::io::sink())));
        let verdict = if took <= BOUND { "within" } else { "ABOVE" };
        println!("{what}: {took:.2?}, {verdict} {BOUND:?}");
    }
}

/// From a third to three times the size in the middle.
fn workflow(number: usize) -> String {
    let mut text = format!(
        "name: Release {number}\non:\n  push:\n    branches: [main]\n    tags: [\"v*\"]\n  pull_request:\npermissions:\n  contents: read\nenv:\n  CARGO_TERM_COLOR: always\njobs:\n"
    );
    let jobs = 3 + number % 9 * 2;
    for job in 0..jobs {
        let _ = write!(
            text,
            "  job-{job}:\n    name: Job {job} on ${{{{ matrix.os }}}}\n    runs-on: ${{{{ matrix.os }}}}\n    strategy:\n      fail-fast: false\n      matrix:\n        os: [ubuntu-latest, macos-latest]\n    steps:\n      - uses: actions/checkout@v4\n        with:\n          fetch-depth: 0\n          persist-credentials: false\n"
        );
        for step in 0..5 {
            let _ = write!(
                text,
                "      # What step {step} is for.\n      - name: Step {step}\n        if: github.ref == 'refs/heads/main'\n        env:\n          GITHUB_TOKEN: ${{{{ secrets.GITHUB_TOKEN }}}}\n          VERSION: 1.{step}.{job}\n        run: |\n          set -euo pipefail\n          version=\"$(./version.sh --step {step})\"\n          echo \"version=$version\" >> \"$GITHUB_OUTPUT\"\n          cargo build --release --locked --target x86_64-unknown-linux-gnu\n"
            );
        }
    }
    text
}
