//! One chain, whoever writes it: threads, tasks and processes at once, some of them killed.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use credflow::audit::{Fault, Log, Recorder};

use super::{check, record};

/// Tells this binary that it is one of the writers, and which.
const WRITER: &str = "CREDFLOW_TEST_AUDIT_WRITER";

/// So many processes write at once, each so many runs.
const PROCESSES: usize = 8;
const RUNS: usize = 25;
/// So many jobs has a run, each with so many steps.
const JOBS: usize = 8;
const STEPS: usize = 20;

/// So many of the processes are preceded by one that is killed.
const KILLED: usize = 4;

/// Prints a line that was acknowledged, in one piece: several print at once.
fn tell(name: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("+{name}\n").as_bytes()).and_then(|()| out.flush()).expect("somebody reads");
}

/// Writes all runs of a process. Jobs are threads that wait themselves, or tasks whose lines another thread writes.
fn write(path: &Path, writer: &str) {
    for run in 0..RUNS {
        let names = |job: usize| {
            let name = move |step| format!("{writer}_{run}_{job}_{step}");
            (0..STEPS).map(name).collect::<Vec<String>>()
        };
        if run % 2 == 0 {
            let log = Log::open(path).expect("a log");
            std::thread::scope(|scope| {
                for names in (0..JOBS).map(names) {
                    let log = &log;
                    scope.spawn(move || {
                        for name in names {
                            log.append(&[record(&name)]).expect("written");
                            tell(&name);
                        }
                    });
                }
            });
            continue;
        }
        let recorder = Recorder::open(path).expect("a recorder");
        let job = |names: Vec<String>| {
            let recorder = recorder.clone();
            async move {
                for name in names {
                    recorder.append(vec![record(&name)]).await.expect("written");
                    tell(&name);
                }
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let jobs: Vec<_> = (0..JOBS).map(|number| runtime.spawn(job(names(number)))).collect();
        runtime.block_on(async {
            for job in jobs {
                job.await.expect("no panic");
            }
        });
    }
}

/// Not a test of its own: what the processes of the one below do.
#[test]
fn writer() {
    if let Some(writer) = std::env::var_os(WRITER) {
        let writer = writer.into_string().expect("text");
        let (path, name) = writer.split_once('|').expect("a path and a name");
        write(Path::new(path), name);
    }
}

/// Starts a writer, kills it once it has acknowledged so many lines, and gives all that it acknowledged.
fn start(path: &Path, name: &str, last: Option<usize>) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "audit::chain::writer", "--nocapture", "--test-threads=1"])
        .env(WRITER, format!("{}|{name}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let (mut told, mut line) = (Vec::new(), String::new());
    while out.read_line(&mut line).expect("text") > 0 {
        // A process that is killed may leave half a line.
        if let Some((_, name)) = line.strip_suffix('\n').and_then(|line| line.split_once('+')) {
            told.push(name.to_owned());
        }
        if last == Some(told.len()) {
            child.kill().expect("it is there");
        }
        line.clear();
    }
    assert_eq!(child.wait().expect("an end").success(), last.is_none(), "{name}");
    told
}

#[test]
fn it_holds_for_threads_and_processes_some_of_which_are_killed() {
    // Where a memory file system is, so that the disk decides nothing.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder");
    let path = folder.path().join("audit.jsonl");
    let told: Vec<Vec<String>> = std::thread::scope(|scope| {
        let process = |at: usize| {
            let path = &path;
            scope.spawn(move || {
                let mut told = Vec::new();
                if at < KILLED {
                    told = start(path, &format!("killed{at}"), Some(300 * (at + 1)));
                }
                told.extend(start(path, &format!("whole{at}"), None));
                told
            })
        };
        let processes: Vec<_> = (0..PROCESSES).map(process).collect();
        processes.into_iter().map(|process| process.join().expect("no panic")).collect()
    });
    let findings = check(&path, None);
    let torn = findings.faults.iter().filter(|(_, fault)| *fault == Fault::NoRecord).count();
    assert!(torn == findings.faults.len() && torn <= KILLED, "{:?}", findings.faults.first());
    let text = std::fs::read_to_string(&path).expect("text");
    let variable = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(line["variable"].as_str()?.to_owned())
    };
    let lines: Vec<String> = text.lines().filter_map(variable).collect();
    let written: HashSet<&String> = lines.iter().collect();
    assert_eq!(written.len(), lines.len(), "a line is there twice");
    assert!(told.iter().flatten().all(|name| written.contains(name)), "an acknowledged line is missing");
    let whole = lines.iter().filter(|name| name.starts_with("whole")).count();
    assert_eq!(whole, PROCESSES * RUNS * JOBS * STEPS);
}
