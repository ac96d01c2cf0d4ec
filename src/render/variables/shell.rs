//! Variables for a POSIX shell.

use crate::secret::Buffer;

/// Between single quotes everything is itself; a quote ends them, stands escaped, and begins them again.
pub(super) fn export(out: &mut Buffer, name: &str, value: &str) {
    out.push(b"export ");
    out.push(name.as_bytes());
    out.push(b"='");
    for (index, part) in value.split('\'').enumerate() {
        if index > 0 {
            out.push(br"'\''");
        }
        out.push(part.as_bytes());
    }
    out.push(b"'\n");
}
