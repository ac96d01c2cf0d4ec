//! A value as all readers of dotenv files take it.

use crate::secret::Buffer;

/// Appends a value in quotes. Shells that source the file, Node's dotenv and `--env-file`, and python-dotenv read it back
/// exactly, and none of them expands or executes anything of it.
///
/// # Errors
/// What the value has that they read differently; nothing is appended then.
pub(crate) fn quote(out: &mut Buffer, value: &str) -> Result<(), &'static str> {
    let quote = quote_for(value)?;
    for bytes in [quote, value.as_bytes(), quote] {
        out.push(bytes);
    }
    Ok(())
}

/// The quotes within which a value stands as it is. No escape means the same to all readers, so that none is written.
fn quote_for(value: &str) -> Result<&'static [u8], &'static str> {
    // Most readers take it for a line break, or drop it.
    if value.contains('\r') {
        return Err("it has a carriage return");
    }
    // python-dotenv expands it in any quotes.
    if value.contains("${") {
        return Err("it has `${`");
    }
    if value.contains('\'') {
        // Shells expand within double quotes, and the others undo other escapes than shells do.
        let is_plain = !value.contains(['"', '\\', '$', '`']);
        return if is_plain { Ok(b"\"") } else { Err("it has `'` together with `\"`, `\\`, `$` or a backtick") };
    }
    // python-dotenv takes two for one, and some take the closing quote for an escaped one.
    if value.contains(r"\\") || value.ends_with('\\') {
        return Err("it has two backslashes in a row, or one at its end");
    }
    Ok(b"'")
}
