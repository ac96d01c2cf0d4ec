//! Text that was probably meant as a reference.

use std::ops::Range;

use memchr::memchr_iter;

/// How far behind the word a path is looked for, in bytes: as long as a reference can be.
const LONGEST: usize = 512;

/// Where a text nearly has a reference: `$<credentials:`, `${credential:`, `$(credential:`, `$<Credential:` and
/// `$<credential ` are found; real openings are not.
pub fn near_misses(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    memchr_iter(b'$', text.as_bytes()).filter_map(|at| {
        let bytes = &text.as_bytes()[at..];
        let bracket = bytes.get(1).copied()?;
        if !matches!(bracket, b'<' | b'{' | b'(' | b'[') {
            return None;
        }
        let blanks = bytes[2..].iter().take_while(|&&byte| byte == b' ').count();
        let word = bytes[2 + blanks..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let name = &text[at + 2 + blanks..at + 2 + blanks + word];
        let like = ["credential", "credentials", "cred", "creds", "credental", "credentail"];
        let exact = name == "credential" && bracket == b'<' && blanks == 0;
        let end = 2 + blanks + word;
        let rest = &text[at + end..];
        // Most of them are somebody else's: nothing behind the word is looked at before it is one of these.
        if !like.iter().any(|word| name.eq_ignore_ascii_case(word)) {
            return None;
        }
        let colon = rest.trim_start_matches(' ').starts_with(':');
        // GitHub's and the shell's own `${…}` and `$(…)` are none of ours without the colon and a path behind it.
        let inside = rest.trim_start_matches([' ', ':']).bytes().take(LONGEST);
        let path = bracket == b'<' || inside.take_while(|byte| !b"})]".contains(byte)).any(|byte| byte == b'/');
        let wrong = !exact || !rest.starts_with(':');
        (path && wrong && (colon || bracket == b'<')).then(|| at..at + end)
    })
}

#[cfg(test)]
mod tests {
    use super::near_misses;

    #[test]
    fn near_misses_are_found_and_others_are_not() {
        for text in [
            "$<credentials:a/b>",
            "${credential:a/b}",
            "$<Credential:a/b>",
            "$(credential:a/b)",
            "$<credential a/b>",
            "$< credential:a/b>",
        ] {
            assert_eq!(near_misses(text).count(), 1, "{text}");
        }
        for text in [
            "$<credential:a/b>",
            "$<",
            "${HOME}",
            "${{ secrets.X }}",
            "$(cred)",
            "${secret:-a/b}",
            "$<CMAKE>",
            "cost: $5",
        ] {
            assert_eq!(near_misses(text).count(), 0, "{text}");
        }
    }
}
