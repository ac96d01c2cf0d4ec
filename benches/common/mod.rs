//! What the benches share: a large workflow, its configuration, and ratios within one run.

#![allow(dead_code, clippy::print_stdout, clippy::use_debug, reason = "each bench uses a part, and a bench prints")]

use std::fmt::Write;
use std::time::{Duration, Instant};

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
