//! A folder with the masked output of each step in a file of its own.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::merged::Merged;
use crate::file::make_folder;
use crate::mask::MaskSet;
use crate::run::{Event, StepPlace};

/// So much of a job's id and of a step's label is in the name of a file, in bytes: systems allow 255 for all of it.
const LONGEST_PART: usize = 80;

pub(super) struct Logs {
    folder: PathBuf,
    /// The files of steps that run, by their place.
    open: HashMap<(usize, usize), StepLog>,
    /// What must not be seen.
    masks: Arc<MaskSet>,
    /// What went wrong first. The steps go on; it is told at the end.
    fault: Option<(PathBuf, io::Error)>,
}

/// The file of a step, with both of its streams.
struct StepLog {
    file: File,
    output: Merged,
}

impl Logs {
    /// Makes the folder that its owner alone can enter, if there is none, and sees to it that files can be made there.
    pub(super) fn make(folder: &Path) -> io::Result<Self> {
        make_folder(folder)?;
        tempfile::tempfile_in(folder)?;
        Ok(Self { folder: folder.to_path_buf(), open: HashMap::new(), masks: Arc::new(MaskSet::new([])), fault: None })
    }

    pub(super) fn mask(&mut self, masks: &Arc<MaskSet>) {
        self.masks = Arc::clone(masks);
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::StepStarted { step, attempt } => self.begin(step, *attempt),
            Event::Output { step, bytes, .. } => self.write(step, bytes),
            Event::StepFinished { step, .. } => {
                self.open.remove(&key(step));
            }
            _ => {}
        }
    }

    fn begin(&mut self, step: &StepPlace, attempt: u32) {
        if attempt > 1 {
            return self.write(step, format!("\n--- attempt {attempt}\n").as_bytes());
        }
        let path = self.path(step);
        match create(&path) {
            Ok(file) => {
                let output = Merged::new(&self.masks);
                self.open.insert(key(step), StepLog { file, output });
            }
            Err(error) => self.fault = self.fault.take().or(Some((path, error))),
        }
    }

    fn write(&mut self, step: &StepPlace, bytes: &[u8]) {
        if let Some(StepLog { file, output }) = self.open.get_mut(&key(step))
            && let Err(error) = file.write_all(&output.push(bytes, Vec::new()).0)
        {
            // The rest of it would be lost as well; half a log is better than a gap in it.
            self.open.remove(&key(step));
            self.fault = self.fault.take().or(Some((self.path(step), error)));
        }
    }

    /// The file of a step: its job, its number, and what of its label a name can have.
    fn path(&self, step: &StepPlace) -> PathBuf {
        let plain = |text: &str| -> String {
            let fits = |character: char| character.is_alphanumeric() || "-_.".contains(character);
            let fitting = text.char_indices().take_while(|(at, character)| at + character.len_utf8() <= LONGEST_PART);
            fitting
                .map(|(_, character)| character)
                .map(|character| if fits(character) { character } else { '-' })
                .collect()
        };
        let document = if step.job.document > 0 { format!("{}-", step.job.document + 1) } else { String::new() };
        // The number makes it another file than that of any other step; jobs are told apart by their place.
        let label = plain(step.label.trim_start_matches('#'));
        let (job, number) = (plain(&step.job.id), step.number);
        self.folder.join(format!("{document}{:02}-{job}-{number:02}-{label}.log", step.job.index + 1))
    }

    /// What went wrong.
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.as_ref().map(|(path, error)| format!("cannot write the log {}: {error}", path.display()))
    }
}

/// A new file, for its owner alone. What is there goes, be it a file that others may read or a link to somewhere else.
fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn key(step: &StepPlace) -> (usize, usize) {
    (step.job.document, step.job.index)
}
