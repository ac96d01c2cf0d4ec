//! What a supervisor is told, and how it stands on the way: words with a space between them and a NUL at the end, which
//! no path has.

use std::time::Duration;

use rustix::process::Pid;

/// The argument by which a program is a supervisor.
pub(super) const VERB: &str = "supervise";

/// A process, or the group that it leads, and when it started, where that can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ward {
    pub(super) id: Pid,
    pub(super) started: Option<u64>,
}

/// One thing that it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// How long processes that are told to end may take.
    Grace(Duration),
    /// A process group began.
    Group(Ward),
    /// It is to live on, or has ended.
    GoneGroup(Pid),
    /// A process without a group of its own began.
    Process(Ward),
    /// It is to live on, or has ended.
    GoneProcess(Pid),
    /// A file was made.
    File(Vec<u8>),
    /// It was removed.
    GoneFile(Vec<u8>),
}

impl Record {
    /// Appends it as it stands on the way.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let id = |id: &Pid| id.as_raw_nonzero().get();
        let ward = |ward: &Ward| format!("{} {}", id(&ward.id), ward.started.unwrap_or_default());
        let (word, rest) = match self {
            Self::Grace(grace) => ("grace", grace.as_millis().to_string().into_bytes()),
            Self::Group(group) => ("group", ward(group).into_bytes()),
            Self::GoneGroup(group) => ("gone-group", id(group).to_string().into_bytes()),
            Self::Process(process) => ("process", ward(process).into_bytes()),
            Self::GoneProcess(process) => ("gone-process", id(process).to_string().into_bytes()),
            Self::File(path) => ("file", path.clone()),
            Self::GoneFile(path) => ("gone-file", path.clone()),
        };
        out.extend_from_slice(word.as_bytes());
        out.push(b' ');
        out.extend_from_slice(&rest);
        out.push(0);
    }

    /// The one that these bytes are, without their NUL; nothing for what is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let at = bytes.iter().position(|&byte| byte == b' ')?;
        let (word, rest) = (&bytes[..at], &bytes[at + 1..]);
        if word == b"file" {
            return Some(Self::File(rest.to_vec()));
        }
        if word == b"gone-file" {
            return Some(Self::GoneFile(rest.to_vec()));
        }
        let mut numbers = std::str::from_utf8(rest).ok()?.split(' ');
        let mut number = || numbers.next()?.parse::<u64>().ok();
        let first = number()?;
        let id = || Pid::from_raw(first.try_into().ok()?).filter(|id| id.as_raw_nonzero().get() > 1);
        match word {
            b"grace" => Some(Self::Grace(Duration::from_millis(first))),
            b"group" => Some(Self::Group(Ward { id: id()?, started: number().filter(|&ticks| ticks > 0) })),
            b"gone-group" => Some(Self::GoneGroup(id()?)),
            b"process" => Some(Self::Process(Ward { id: id()?, started: number().filter(|&ticks| ticks > 0) })),
            b"gone-process" => Some(Self::GoneProcess(id()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let ward = Ward { id: Pid::from_raw(7).expect("an id"), started: Some(99) };
        let unknown = Ward { started: None, ..ward };
        let records = [
            Record::Grace(Duration::from_millis(5400)),
            Record::Group(ward),
            Record::Group(unknown),
            Record::GoneGroup(ward.id),
            Record::Process(ward),
            Record::GoneProcess(ward.id),
            Record::File(b"/a b\n\xff".to_vec()),
            Record::GoneFile(b"/a b\n\xff".to_vec()),
        ];
        let mut bytes = Vec::new();
        for record in &records {
            record.write(&mut bytes);
        }
        let read: Vec<Option<Record>> = bytes.split(|&byte| byte == 0).map(Record::read).collect();
        let expected: Vec<Option<Record>> = records.into_iter().map(Some).chain([None]).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_record_is_passed_over() {
        // The first process and "all that may be signalled" are nobody's step.
        for bytes in ["", "group", "group x", "group 0 1", "group 1 1", "group -1 1", "group 99999999999 1", "other 5"]
        {
            assert_eq!(Record::read(bytes.as_bytes()), None, "{bytes}");
        }
    }
}
