//! Lists, page by page.

use std::collections::HashMap;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::Serialize;

use super::secrets::{Call, bad};
use crate::emulator::answer::Answer;

/// The items of a page, at most and by default, as Microsoft documents.
const MAX_PAGE: usize = 25;

const TOKEN: &str = "$skiptoken";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<I> {
    value: Vec<I>,
    /// Null on the last page, as recorded from the service.
    next_link: Option<String>,
}

/// Where a list goes on: after the last key that was given, so that what is deleted or made meanwhile moves nothing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mark {
    /// Nothing at the beginning.
    after: Option<String>,
    /// Whether the page before was an empty one.
    follows_empty: bool,
}

impl Mark {
    fn read(token: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (head, key) = text.split_once('!')?;
        let follows_empty = match head {
            "after" => false,
            "empty" => true,
            _ => return None,
        };
        Some(Self { after: Some(key.to_owned()).filter(|key| !key.is_empty()), follows_empty })
    }

    fn token(&self) -> String {
        let head = if self.follows_empty { "empty" } else { "after" };
        BASE64_URL_SAFE_NO_PAD.encode(format!("{head}!{}", self.after.as_deref().unwrap_or_default()))
    }
}

/// Whether a request goes on after an empty page: the next one is not empty too, or a list would never end.
pub(in crate::emulator) fn follows_empty_page(query: &HashMap<String, String>) -> bool {
    query.get(TOKEN).and_then(|token| Mark::read(token)).is_some_and(|mark| mark.follows_empty)
}

/// The page of a list that a request asks for. `path` is the list's, below the vault's address; each item stands with
/// its key, in the order of the keys.
pub(in crate::emulator) fn page<I: Serialize>(
    call: &Call<'_>,
    path: &str,
    items: impl Iterator<Item = (String, I)>,
) -> Result<Answer, Answer> {
    let size = match call.query.get("maxresults").map(|value| value.parse::<usize>()) {
        None => MAX_PAGE,
        Some(Ok(size)) if (1..=MAX_PAGE).contains(&size) => size,
        Some(_) => return Err(bad("Parameter 'maxresults' must be an integer value from 1 to 25.")),
    };
    let mark = match call.query.get(TOKEN).map(|token| Mark::read(token)) {
        None => Mark::default(),
        Some(Some(mark)) => mark,
        Some(None) => return Err(bad("Parameter '$skiptoken' is not one of this list.")),
    };
    let mut rest = items.skip_while(|(key, _)| mark.after.as_ref().is_some_and(|after| key <= after)).peekable();
    let taken = if call.is_page_empty { 0 } else { size };
    let (keys, value): (Vec<String>, Vec<I>) = rest.by_ref().take(taken).unzip();
    let next_link = rest.peek().is_some().then(|| {
        let after = keys.last().cloned().or(mark.after);
        let token = Mark { after, follows_empty: call.is_page_empty }.token();
        let version = call.api_version();
        format!("{}/{path}?api-version={version}&{TOKEN}={token}&maxresults={size}", call.base)
    });
    Ok(Answer::json(200, &Page { value, next_link }))
}

#[cfg(test)]
mod tests {
    use super::Mark;

    #[test]
    fn a_mark_comes_back() {
        for (after, follows_empty) in [(None, true), (Some("db-password"), false), (Some("a"), true)] {
            let mark = Mark { after: after.map(str::to_owned), follows_empty };
            assert_eq!(Mark::read(&mark.token()), Some(mark));
        }
        for none in ["", "99", "x", "YWZ0ZXI"] {
            assert_eq!(Mark::read(none), None, "{none}");
        }
    }
}
