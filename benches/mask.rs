//! Masking a step's output, against finding the line breaks of the same bytes with `memchr`. The bounds are megabytes a
//! second on a machine where that makes so many; on another they are so many times more or less.

#![allow(clippy::print_stdout, clippy::use_debug, clippy::cast_precision_loss, missing_docs, reason = "a bench prints")]

mod common;

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use credflow::mask::{MaskSet, Masker, Masks, OutputMasker};
use credflow::run::{Event, Options, run};
use credflow::secret::Secret;

/// What a pipe gives at once.
const CHUNK: usize = 64 << 10;

/// Megabytes a second that `memchr` makes where the bounds hold as they are.
const MEMCHR: f64 = 25_000.0;

/// What time limits and signals may be late by while values are added.
const LATE: Duration = Duration::from_millis(200);

/// How often line breaks are found, so that the time can be told.
const LINES: u32 = 10;

fn main() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    memory("100 values of 24 KB in a line", (0..100).map(|_| random.text(24 << 10)), 64 + 3 * 2);
    let lines = |random: &mut Random| (0..370).map(|_| random.text(65)).collect::<Vec<_>>().join("\n");
    memory("100 values of 370 lines", (0..100).map(|_| lines(&mut random)).collect::<Vec<_>>(), 256);
    let log = log(&mut random, 32 << 20);
    let builds = builds(32 << 20);
    let source = source(32 << 20);
    for (count, least) in [(100, 500.0), (1000, 200.0)] {
        let masks = masks((0..count).map(|_| random.text(24)));
        speed(&format!("{count} values, log"), &masks, &log, least);
        speed(&format!("{count} values, logs of builds"), &masks, &builds, least);
        speed(&format!("{count} values, source"), &masks, &source, least);
    }
    let masks100 = masks((0..100).map(|_| random.text(24)));
    let noise: Vec<u8> = (0..100_000_000).map(|_| random.next().to_le_bytes()[0]).collect();
    speed("100 values, random bytes", &masks100, &noise, 300.0);
    println!("100 MB of random bytes: {}", if masks100.mask(&noise) == noise { "unchanged" } else { "CHANGED" });
    drop(noise);
    for (name, value) in [("a", "a".repeat(24_000)), ("ab", "ab".repeat(12_000)), ("abcdef", "abcdef".repeat(4000))] {
        let text = name.repeat((2 << 20) / name.len());
        speed(&format!("({name})^n in itself"), &masks([value.clone()]), text.as_bytes(), 50.0);
        let broken = format!("{}#", &value[..23_999]).repeat(100);
        speed(&format!("({name})^n cut short"), &masks([value]), broken.as_bytes(), 50.0);
        speed(&format!("({name})^n of 30 bytes"), &masks([name.repeat(30 / name.len())]), text.as_bytes(), 50.0);
    }
    let set = Arc::new(MaskSet::new([]));
    let lines: String = (0..1000).map(|_| random.text(24)).fold(String::new(), |mut lines, value| {
        let _ = writeln!(lines, "::add-mask::{value}\ngot {value}");
        lines
    });
    let (mut masker, mut out, began) = (OutputMasker::new(Arc::clone(&set)), Vec::new(), Instant::now());
    let mut longest = Duration::ZERO;
    for chunk in lines.as_bytes().chunks(CHUNK) {
        let began = Instant::now();
        masker.push(chunk, &mut out);
        longest = began.elapsed().max(longest);
    }
    masker.finish(&mut out);
    within("1,000 lines that add a value", began.elapsed(), Duration::from_secs(1));
    within("the longest of their pieces", longest, LATE);
    let set = MaskSet::new([]);
    let began = Instant::now();
    (0..1000).for_each(|_| assert!(set.add(Secret::new(random.text(24)))));
    within("a value added, of 1,000", began.elapsed() / 1000, Duration::from_micros(50));
    within("a time limit while 1,000 values are added, late by", late(&lines), LATE);
}

fn within(what: &str, found: Duration, most: Duration) {
    println!("{what}: {found:.1?}, {} {most:?}", if found <= most { "within" } else { "ABOVE" });
}

/// By how much a step's time limit is late, whose output adds values until then.
fn late(lines: &str) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("lines");
    std::fs::write(&file, lines).expect("a file");
    let limit = Duration::from_millis(300);
    let script = format!("while :; do cat {}; done", file.display());
    let text = format!("steps:\n  - run: {script:?}\n    timeout-minutes: 0.005\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let late = (0..3).map(|_| {
        let workflow = common::filled(&runtime, &text);
        let began = Instant::now();
        let execution = runtime.block_on(run(workflow, Options::default(), Box::new(|_: Event| {})));
        let took = began.elapsed();
        assert!(!execution.expect("a run").is_success() && took >= limit, "it ends by its limit");
        took.saturating_sub(limit)
    });
    late.max().expect("three times")
}

fn masks(values: impl IntoIterator<Item = String>) -> Arc<Masks> {
    let secrets: Vec<Secret> = values.into_iter().map(Secret::new).collect();
    Arc::new(Masks::new(&secrets))
}

fn speed(name: &str, masks: &Arc<Masks>, text: &[u8], least: f64) {
    if text.is_empty() {
        println!("{name}: there is no text here");
        return;
    }
    let mut out = Vec::with_capacity(CHUNK * 2);
    // As often as takes a while.
    let times = LINES * u32::try_from((32 << 20) / text.len()).unwrap_or(1).max(1);
    let lines = best(|| {
        for _ in 0..times {
            std::hint::black_box(memchr::memchr_iter(b'\n', std::hint::black_box(text)).count());
        }
    }) / times;
    let mut shown = 0;
    let masking = best(|| {
        let mut masker = Masker::new(Arc::clone(masks));
        shown = 0;
        for chunk in text.chunks(CHUNK) {
            out.clear();
            masker.push(chunk, &mut out);
            shown += out.len();
        }
        out.clear();
        masker.finish(&mut out);
        shown += out.len();
    });
    let speed = text.len() as f64 / 1e6 / masking.as_secs_f64();
    let (ratio, most) = (masking.as_secs_f64() / lines.as_secs_f64(), MEMCHR / least);
    println!(
        "{name}: {speed:.0} MB/s; {ratio:.0} times as long as memchr, {} {most:.0}; {shown} of {} bytes shown",
        if ratio <= most { "within" } else { "ABOVE" },
        text.len()
    );
}

/// The best of a few times, in this thread's own time where the system tells it.
fn best(mut run: impl FnMut()) -> Duration {
    let mut times = (0..3).map(|_| {
        let began = now();
        run();
        now().saturating_sub(began)
    });
    let first = times.next().expect("three times");
    times.fold(first, Duration::min)
}

fn now() -> Duration {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let cpu = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = cpu.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGAN.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

/// Megabytes of memory that masks take, also while they are made, and with their own values in the text.
fn memory(name: &str, values: impl IntoIterator<Item = String>, most: usize) {
    let secrets: Vec<Secret> = values.into_iter().map(Secret::new).collect();
    let (before, began) = (resident("VmRSS"), now());
    // From here on the peak counts anew, where the system lets it.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let masks = Arc::new(Masks::new(&secrets));
    let (took, kept) = (now().saturating_sub(began), resident("VmRSS").saturating_sub(before) >> 10);
    let mut out = Vec::with_capacity(CHUNK * 2);
    let mut masker = Masker::new(Arc::clone(&masks));
    for chunk in secrets.iter().flat_map(|secret| secret.expose().as_bytes().chunks(CHUNK)) {
        out.clear();
        masker.push(chunk, &mut out);
    }
    let peak = resident("VmHWM").saturating_sub(before) >> 10;
    let verdict = if peak.max(kept) <= most { "within" } else { "ABOVE" };
    println!("{name}: {kept} MB, {peak} MB at most, {verdict} {most} MB, made in {took:.1?}");
}

/// Kilobytes of memory.
fn resident(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
}

/// What tools printed in real builds, over and over; nothing outside of the repository.
fn builds(size: usize) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/logs");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = entries.filter(|path| path.extension().is_some_and(|end| end == "txt"));
    let text: Vec<u8> = files.flat_map(|path| std::fs::read(path).unwrap_or_default()).collect();
    text.repeat(size.checked_div(text.len()).unwrap_or_default())
}

/// Text as tools print it.
fn log(random: &mut Random, size: usize) -> Vec<u8> {
    let mut text = String::with_capacity(size + 200);
    for line in 0.. {
        let _ = writeln!(
            text,
            "2026-01-31T12:{:02}:{:02}.{:03}Z INFO worker-{} request id={} path=/api/v1/orders/{} took {} ms",
            line / 60 % 60,
            line % 60,
            line % 1000,
            line % 16,
            random.text(12),
            line * 7 % 9973,
            line % 250
        );
        if text.len() >= size {
            break;
        }
    }
    text.into_bytes()
}

/// Other people's source.
fn source(size: usize) -> Vec<u8> {
    let home = std::env::var("HOME").unwrap_or_default();
    let mut folders = vec![std::path::PathBuf::from(home).join(".cargo/registry/src")];
    let mut text = Vec::with_capacity(size + (1 << 20));
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if text.len() < size && path.extension().is_some_and(|end| end == "rs") {
                text.extend(std::fs::read(path).unwrap_or_default());
            }
        }
    }
    text
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }

    fn text(&mut self, length: usize) -> String {
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..length).map(|_| char::from(digits[(self.next() % 62) as usize])).collect()
    }
}
