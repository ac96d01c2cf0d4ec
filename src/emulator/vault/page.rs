//! Lists, page by page.

use serde::Serialize;

use super::secrets::{Call, bad};
use crate::emulator::answer::Answer;

/// The items of a page, at most and by default, as Microsoft documents.
const MAX_PAGE: usize = 25;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<I> {
    value: Vec<I>,
    /// Null on the last page, as recorded from the service.
    next_link: Option<String>,
}

/// The page of a list that a request asks for. `path` is the list's, below the vault's address.
pub(in crate::emulator) fn page<I: Serialize>(
    call: &Call<'_>,
    path: &str,
    mut items: Vec<I>,
) -> Result<Answer, Answer> {
    let parameter = |name: &str| call.query.get(name).map(|value| value.parse::<usize>());
    let size = match parameter("maxresults") {
        None => MAX_PAGE,
        Some(Ok(size)) if (1..=MAX_PAGE).contains(&size) => size,
        Some(_) => return Err(bad("Parameter 'maxresults' must be an integer value from 1 to 25.")),
    };
    let begin = match parameter("$skiptoken") {
        None => 0,
        Some(Ok(begin)) if begin <= items.len() => begin,
        Some(_) => return Err(bad("Parameter '$skiptoken' is not one of this list.")),
    };
    let end = if call.is_page_empty { begin } else { items.len().min(begin + size) };
    let next_link = (end < items.len()).then(|| {
        let version = call.api_version();
        format!("{}/{path}?api-version={version}&$skiptoken={end}&maxresults={size}", call.base)
    });
    let value = items.drain(begin..end).collect();
    Ok(Answer::json(200, &Page { value, next_link }))
}
