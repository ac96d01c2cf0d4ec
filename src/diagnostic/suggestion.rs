//! "Did you mean …?"

/// How many comparisons a file's faults are worth.
const MOST: usize = 100_000;

/// Suggestions for the faults of one file: when there are very many faults, the later ones have none.
#[derive(Debug, Default)]
pub struct Suggestions {
    compared: usize,
}

impl Suggestions {
    /// As [`nearest`], for as long as that isn't too much work in all.
    pub fn nearest<'c>(&mut self, word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
        let left = MOST.saturating_sub(self.compared);
        let mut compared = 0;
        let found = nearest(word, candidates.into_iter().take(left).inspect(|_| compared += 1));
        self.compared += compared;
        found
    }
}

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
    let allowed = word.chars().count() / 3;
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= allowed && candidate != word)
        .min()
        .map(|(_, candidate)| candidate)
}
