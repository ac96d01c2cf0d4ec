//! The variables of one step, for a shell or as a dotenv file.

use super::{Filled, Reveal};
use crate::dotenv;
use crate::secret::Buffer;
use crate::workflow::Variable;

/// How variables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `NAME='value'`, as dotenv readers agree on.
    Dotenv,
    /// `export NAME='value'`, for any POSIX shell.
    Shell,
}

/// A variable that the dialect can't write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// The name is no identifier.
    #[error("the variable `{}` has a name that a {kind} can't have", crate::source::printable(.name))]
    Name {
        /// The name.
        name: String,
        /// What can't have it.
        kind: &'static str,
    },
    /// The value holds a NUL.
    #[error("the value of `{0}` holds a NUL, which no environment can have")]
    Nul(String),
}

/// One variable a line, in the order of the workflow.
///
/// # Errors
/// When a name is no identifier, or a value holds a NUL; nothing is written then.
pub fn variables(variables: &[Variable<'_, Filled>], dialect: Dialect, reveal: Reveal) -> Result<Buffer, Unwritable> {
    let kind = match dialect {
        Dialect::Dotenv => "dotenv file",
        Dialect::Shell => "shell",
    };
    let mut out = Buffer::default();
    for variable in variables {
        if !is_identifier(&variable.name) {
            return Err(Unwritable::Name { name: variable.name.clone(), kind });
        }
        let value = variable.binding.value.show(reveal);
        if value.contains('\0') {
            return Err(Unwritable::Nul(variable.name.clone()));
        }
        if dialect == Dialect::Shell {
            out.push(b"export ");
        }
        out.push(variable.name.as_bytes());
        out.push(b"=");
        match dialect {
            Dialect::Shell => shell(&mut out, value),
            Dialect::Dotenv => dotenv::quote(&mut out, value),
        }
        out.push(b"\n");
    }
    Ok(out)
}

fn is_identifier(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(plain) && name.starts_with(|first: char| !first.is_ascii_digit())
}

/// Between single quotes everything is itself; a quote ends them, stands escaped, and begins them again.
fn shell(out: &mut Buffer, value: &str) {
    out.push(b"'");
    for (index, part) in value.split('\'').enumerate() {
        if index > 0 {
            out.push(br"'\''");
        }
        out.push(part.as_bytes());
    }
    out.push(b"'");
}
