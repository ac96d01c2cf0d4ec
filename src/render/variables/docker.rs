//! Variables for `docker run --env-file`, which takes a line as it is: no quotes, no escapes.

use crate::secret::Buffer;

/// The longest line that Docker's reader takes.
const LONGEST: usize = 65_535;

pub(super) fn line(out: &mut Buffer, name: &str, value: &str) -> Result<(), &'static str> {
    if value.contains(['\n', '\r']) {
        return Err("it has a line break, and Docker takes a line as it is");
    }
    if name.len() + 1 + value.len() > LONGEST {
        return Err("it is longer than 64 KiB, the longest line that Docker reads");
    }
    for bytes in [name.as_bytes(), b"=", value.as_bytes(), b"\n"] {
        out.push(bytes);
    }
    Ok(())
}
