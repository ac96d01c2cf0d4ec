//! "Did you mean …?"

/// The candidate that a misspelt word most probably means: at most a third of its letters differ.
///
/// ```
/// use credflow::diagnostic::nearest;
///
/// assert_eq!(nearest("evn", ["env", "with", "run"]), Some("env"));
/// assert_eq!(nearest("strategy", ["env", "with", "run"]), None);
/// ```
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // A long word is no typo of a short one, and comparing it would cost its square.
    if word.len() > 100 {
        return None;
    }
    let folded = word.to_lowercase().replace('_', "-");
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= allowed && candidate != word)
        .min()
        .map(|(_, candidate)| candidate)
}
