//! The variables of one step, as their readers take them.

mod azure;
mod docker;
mod github;
mod shell;

use super::notice::NOTICE;
use super::{Filled, Reveal};
use crate::dotenv;
use crate::secret::Buffer;
use crate::source::printable;
use crate::workflow::Variable;
use crate::yaml::NodeId;

/// How variables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `NAME='value'`: what shells that source it, dotenv libraries and `node --env-file` all read alike.
    Dotenv,
    /// `export NAME='value'`, for any POSIX shell.
    Shell,
    /// `NAME=value` without quotes, for `docker run --env-file`.
    DockerEnv,
    /// `NAME<<delimiter`, for the file that `$GITHUB_ENV` names.
    GithubEnv,
    /// `##vso[task.setvariable …]value`, for the log of Azure Pipelines.
    AzureVso,
}

/// A variable that a format can't carry. Nothing of its value is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` can't be written {format}: {why}", printable(.name))]
pub struct Unwritable {
    /// The variable.
    pub name: String,
    /// The scalar that holds its value in the file.
    pub node: NodeId,
    /// The format.
    pub format: Format,
    /// What the format can't carry, as a sentence without a full stop.
    pub why: &'static str,
}

impl Unwritable {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self.why {
            NUL => "bind it under `files`, whose content may be anything",
            _ if self.format == Format::Shell => "rename it, or take `--format json`",
            NAME => "rename it, or take `--format json`",
            _ => "take `--format shell` or `--format json`",
        }
    }
}

impl Format {
    /// Whether its readers pass over a line that begins with `#`.
    pub fn has_comments(self) -> bool {
        matches!(self, Self::Dotenv | Self::Shell | Self::DockerEnv)
    }
}

/// As a phrase: "written …".
impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dotenv => "to a dotenv file so that all its readers agree",
            Self::Shell => "for a shell",
            Self::DockerEnv => "to an environment file of Docker",
            Self::GithubEnv => "to GITHUB_ENV",
            Self::AzureVso => "for Azure Pipelines",
        })
    }
}

const NUL: &str = "it has a NUL character, which no environment can hold";
const NAME: &str = "its name has other characters than letters, digits and `_`, or begins with a digit";

/// One variable after the other, in the order of the workflow. Masked, the formats that have comments begin with one that
/// says so.
///
/// # Errors
/// Every variable that the format can't carry; nothing is written then.
pub fn variables(
    variables: &[Variable<'_, Filled>],
    format: Format,
    reveal: Reveal,
) -> Result<Buffer, Vec<Unwritable>> {
    let mut out = Buffer::default();
    let is_masked = reveal == Reveal::Masked && variables.iter().any(|variable| variable.binding.value.is_secret());
    if is_masked && format.has_comments() {
        out.push(NOTICE.as_bytes());
        out.push(b"\n");
    }
    let mut unwritable = Vec::new();
    let delimiter = github::delimiter();
    for variable in variables {
        let (name, filled) = (variable.name.as_str(), &variable.binding.value);
        let value = filled.show(reveal);
        let written = check(name, value).and_then(|()| match format {
            Format::Dotenv => {
                out.push(name.as_bytes());
                out.push(b"=");
                dotenv::quote(&mut out, value)?;
                out.push(b"\n");
                Ok(())
            }
            Format::Shell => {
                shell::export(&mut out, name, value);
                Ok(())
            }
            Format::DockerEnv => docker::line(&mut out, name, value),
            Format::GithubEnv => github::lines(&mut out, name, value, &delimiter),
            Format::AzureVso => azure::command(&mut out, name, value, filled.is_secret()),
        });
        if let Err(why) = written {
            unwritable.push(Unwritable { name: name.to_owned(), node: variable.binding.node, format, why });
        }
    }
    if unwritable.is_empty() { Ok(out) } else { Err(unwritable) }
}

/// What no format can carry.
fn check(name: &str, value: &str) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !name.bytes().all(plain) || name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(NAME);
    }
    if value.contains('\0') { Err(NUL) } else { Ok(()) }
}
