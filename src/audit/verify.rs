//! Whether a file of lines is as it was written.

use std::collections::HashSet;
use std::io::{self, BufRead, Read};

use super::{LONGEST, NOTHING, Written, hash, name, unseal};

/// So many faults are told.
const MOST: usize = 1000;

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It isn't a line of an audit.
    #[error("it is no line of an audit: it was changed, or a run was stopped while writing it")]
    NoRecord,
    /// Its own hash isn't that of what it says.
    #[error("it was changed: it isn't what its hash is of")]
    Changed,
    /// Its hash of the line before isn't that line's.
    #[error("the line before it was changed, or lines between them are missing")]
    Broken,
    /// The file begins in the middle.
    #[error("lines before it are missing")]
    Headless,
    /// The line that the file should have isn't there.
    #[error("no line has the expected hash: lines are missing at the end, or were changed")]
    Cut,
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many lines.
    pub lines: usize,
    /// Of how many runs.
    pub runs: usize,
    /// The hash of the last line: with it kept elsewhere, it shows when the end is cut off later.
    pub last: Option<String>,
    /// Each line that is wrong, from 1, in order.
    pub faults: Vec<(usize, Fault)>,
}

/// Reads the lines of an audit. With the hash of a line that was the last one once, that line has to be there.
///
/// # Errors
/// What the system said.
pub fn verify(mut input: impl BufRead, expected: Option<&str>) -> io::Result<Findings> {
    let mut findings = Findings::default();
    let mut runs = HashSet::new();
    let mut previous = NOTHING.to_owned();
    let mut is_found = expected.is_none();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        findings.lines += 1;
        let is_whole = line.pop_if(|last| *last == b'\n').is_some();
        let written: Option<Written> = serde_json::from_slice(&line).ok().filter(|_| is_whole);
        let is_sealed = unseal(&line).is_some_and(|(body, its)| hash(body) == its);
        let fault = match &written {
            None => Some(Fault::NoRecord),
            Some(_) if !is_sealed => Some(Fault::Changed),
            Some(written) if written.previous == previous => None,
            Some(_) if findings.lines == 1 => Some(Fault::Headless),
            Some(_) => Some(Fault::Broken),
        };
        if let Some(fault) = fault.filter(|_| findings.faults.len() < MOST) {
            findings.faults.push((findings.lines, fault));
        }
        if let Some(written) = written {
            runs.insert(written.run);
        }
        previous = name(&line);
        is_found |= expected.is_some_and(|expected| expected.eq_ignore_ascii_case(&previous));
    }
    if !is_found {
        findings.faults.push((findings.lines, Fault::Cut));
    }
    findings.runs = runs.len();
    findings.last = (findings.lines > 0).then_some(previous);
    Ok(findings)
}
