//! Masking a step's output: megabytes a second, and against copying the same bytes.

#![allow(clippy::print_stdout, clippy::use_debug, clippy::cast_precision_loss, missing_docs, reason = "a bench prints")]

mod common;

use std::fmt::Write;
use std::sync::Arc;

use credflow::run::{Masker, Masks};
use credflow::secret::Secret;

/// What a pipe gives at once.
const CHUNK: usize = 64 * 1024;

fn main() {
    let text = log(64 << 20);
    for (count, least) in [(100, 500.0), (1000, 200.0)] {
        let secrets: Vec<Secret> = (0..count).map(|_| Secret::new(random(24))).collect();
        let masks = Arc::new(Masks::new(&secrets));
        let mut out = Vec::with_capacity(CHUNK * 2);
        let copying = common::best(3, || {
            text.chunks(CHUNK).for_each(|chunk| {
                out.clear();
                out.extend_from_slice(chunk);
            });
        });
        let masking = common::best(3, || {
            let mut masker = Masker::new(Arc::clone(&masks));
            text.chunks(CHUNK).for_each(|chunk| {
                out.clear();
                masker.push(chunk, &mut out);
            });
        });
        let speed = text.len() as f64 / 1e6 / masking.as_secs_f64();
        println!(
            "{count} secrets in all their forms: {speed:.0} MB/s, {} {least} MB/s, {:.1} times as long as copying",
            if speed >= least { "within" } else { "BELOW" },
            masking.as_secs_f64() / copying.as_secs_f64()
        );
    }
}

/// Text as tools print it.
fn log(size: usize) -> Vec<u8> {
    let mut text = String::with_capacity(size + 200);
    for line in 0.. {
        let _ = writeln!(
            text,
            "2026-01-31T12:{:02}:{:02}.{:03}Z INFO worker-{} request id={} path=/api/v1/orders/{} took {} ms",
            line / 60 % 60,
            line % 60,
            line % 1000,
            line % 16,
            random(12),
            line * 7 % 9973,
            line % 250
        );
        if text.len() >= size {
            break;
        }
    }
    text.into_bytes()
}

fn random(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}
