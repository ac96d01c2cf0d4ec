//! What the benches share: a large workflow, its configuration, and ratios within one run.

#![allow(
    dead_code,
    clippy::print_stdout,
    clippy::use_debug,
    clippy::cast_precision_loss,
    reason = "each bench uses a part, and a bench prints"
)]

use std::fmt::Write;
use std::time::{Duration, Instant};

#[cfg(feature = "emulator")]
use credflow::emulator::Emulator;
use credflow::render::FilledWorkflow;
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::source::Source;
use credflow::workflow::Workflow;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A configuration with one store.
pub(crate) const CONFIG: &str = "
stores:
  payments:
    vault-url: https://payments.vault.azure.net
    tenant-id: 00000000-0000-0000-0000-00000000f10e
    client-id: 00000000-0000-0000-0000-0000000c11e7
    client-secret: { env: PAYMENTS_CLIENT_SECRET }
";

/// A workflow of about 20 MB with 100,000 references to 1,000 secrets, one a step.
pub(crate) fn large() -> String {
    let mut text = String::from("name: large\njobs:\n");
    for job in 0..1000 {
        let _ = writeln!(text, "  job-{job}:\n    steps:");
        for step in 0..100 {
            let secret = (job * 100 + step) % 1000;
            let _ = write!(
                text,
                "      - name: Step {step} of job {job}\n        env:\n          LOG_LEVEL: info\n          DATABASE_URL: postgres://app:$<credential:payments/secret-{secret}>@db-{job}.internal:5432/app\n        run: ./migrate.sh --job {job} --step {step} --verbose\n"
            );
        }
    }
    text
}

/// A workflow without references, to run.
pub(crate) fn filled(runtime: &tokio::runtime::Runtime, text: &str) -> FilledWorkflow {
    let (workflow, _) = Workflow::read(&Source::new("bench.yaml", text)).expect("a workflow");
    let plan = workflow.plan(None).expect("a plan");
    runtime.block_on(Resolver::new().resolve(&plan, ResolveOptions::default())).expect("no values").render()
}

/// The shortest of several runs.
pub(crate) fn best<T>(runs: u32, mut work: impl FnMut() -> T) -> Duration {
    (0..runs)
        .map(|_| {
            let begun = Instant::now();
            std::hint::black_box(work());
            begun.elapsed()
        })
        .min()
        .unwrap_or_default()
}

/// Prints a ratio and its bound.
pub(crate) fn ratio(what: &str, found: Duration, base: Duration, bound: f64) {
    let ratio = found.as_secs_f64() / base.as_secs_f64();
    let verdict = if ratio <= bound { "within" } else { "ABOVE" };
    println!("{what}: {found:.1?} / {base:.1?} = {ratio:.2}, {verdict} {bound}");
}

/// A token of the emulator's first application.
#[cfg(feature = "emulator")]
pub(crate) async fn token(emulator: &Emulator) -> String {
    let application = &emulator.applications()[0];
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=https://vault.azure.net/.default",
        application.client,
        application.client_secret().expose()
    );
    let mut stream = TcpStream::connect(emulator.address()).await.expect("a connection");
    let request = format!(
        "POST /{}/oauth2/v2.0/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        application.tenant,
        body.len()
    );
    let answer = exchange(&mut stream, &request).await;
    answer.split("access_token\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token").to_owned()
}

/// One request and its answer, which fits in one packet or says how long it is.
pub(crate) async fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("a connection");
    let mut answer = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let length = stream.read(&mut chunk).await.expect("an answer");
        answer.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let wanted =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= wanted.unwrap_or(0) || length == 0 {
                return text.into_owned();
            }
        }
    }
}

/// A workflow with so many references, each to a secret of its own, twenty a step.
pub(crate) fn distinct(references: usize) -> String {
    let mut text = String::from("name: distinct\njobs:\n");
    for reference in 0..references {
        if reference % 2000 == 0 {
            let _ = writeln!(text, "  job-{reference}:\n    steps:");
        }
        if reference % 20 == 0 {
            let _ = writeln!(text, "      - run: ./go\n        env:");
        }
        let _ = writeln!(text, "          V{reference}: $<credential:payments/s-{reference}>");
    }
    text
}

/// Megabytes of memory that some work takes at most, beyond what there is; nothing where the system doesn't tell.
pub(crate) fn memory<T>(work: impl FnOnce() -> T) -> Option<f64> {
    let before = resident("VmRSS")?;
    // From here on the peak counts anew.
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    std::hint::black_box(work());
    Some(resident("VmHWM")?.saturating_sub(before) as f64 / 1024.0)
}

/// Kilobytes of memory.
fn resident(field: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
