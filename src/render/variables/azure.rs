//! Variables for the later steps of a job of Azure Pipelines.

use crate::secret::Buffer;

pub(super) fn command(out: &mut Buffer, name: &str, value: &str, is_secret: bool) -> Result<(), &'static str> {
    // The agent replaces what names a variable, twice, and has no escape for it.
    if value.split_once("$(").is_some_and(|(_, rest)| rest.contains(')')) {
        return Err("it has `$(…)`, which the agent would take for a variable");
    }
    if is_secret && value.contains(['\n', '\r']) {
        return Err("it has a line break, and the agent takes no secret of several lines");
    }
    for text in ["##vso[task.setvariable variable=", name, if is_secret { ";issecret=true]" } else { "]" }] {
        out.push(text.as_bytes());
    }
    for character in value.chars() {
        match character {
            '%' => out.push(b"%AZP25"),
            '\r' => out.push(b"%0D"),
            '\n' => out.push(b"%0A"),
            _ => out.push(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b"\n");
    Ok(())
}
