//! What CI runners are told by lines of output.

use zeroize::Zeroizing;

/// A service that reads the output of what it runs, and finds commands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// GitHub Actions.
    GitHub,
    /// Azure Pipelines.
    AzurePipelines,
}

/// A runner that may be shown what steps tell it to mask.
#[derive(Debug, Clone, Copy)]
pub struct Listener {
    /// Which.
    pub runner: Runner,
    /// Whether it masks the values that are known already, so that they may stand in what a step tells it as well.
    pub knows_values: bool,
}

impl Runner {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub Actions",
            Self::AzurePipelines => "Azure Pipelines",
        }
    }

    /// The lines by which the runner is told to mask a value: one for each of the value's own lines, as runners look for
    /// values in single lines of output. Blank lines are left out, and those of one character, which would be starred
    /// wherever it stands; so are a larger value's lines of punctuation alone, such as the braces of JSON.
    pub fn mask_commands(self, value: &str) -> Zeroizing<String> {
        let is_whole = value.trim().lines().nth(1).is_none();
        let is_worth_it = |line: &&str| {
            let own = line.chars().filter(|character| is_whole || character.is_alphanumeric());
            own.take(2).count() == 2
        };
        let lines = value.split(['\n', '\r']).map(str::trim).filter(is_worth_it);
        // Escapes are three times as long, or seven; a buffer that grew would leave values behind.
        let longest = lines.clone().map(|line| HEAD + line.len() + line.matches(['%', '\r', '\n']).count() * 6);
        let mut out = Zeroizing::new(String::with_capacity(longest.sum()));
        for line in lines {
            out.push_str(match self {
                Self::GitHub => "::add-mask::",
                Self::AzurePipelines => "##vso[task.setsecret]",
            });
            for character in line.chars() {
                match (character, self) {
                    ('%', Self::GitHub) => out.push_str("%25"),
                    ('%', Self::AzurePipelines) => out.push_str("%AZP25"),
                    _ => out.push(character),
                }
            }
            out.push('\n');
        }
        out
    }
}

/// The longest beginning of a command, and its line break.
const HEAD: usize = 32;

#[cfg(test)]
mod tests {
    use super::Runner;

    #[test]
    fn each_line_of_a_value_is_a_command() {
        for (value, github, azure) in [
            ("abc", "::add-mask::abc\n", "##vso[task.setsecret]abc\n"),
            ("50%0A\n", "::add-mask::50%250A\n", "##vso[task.setsecret]50%AZP250A\n"),
            (
                "first\r\n\n  x\nlast; [a]\r",
                "::add-mask::first\n::add-mask::last; [a]\n",
                "##vso[task.setsecret]first\n##vso[task.setsecret]last; [a]\n",
            ),
            ("{\n  \"a\": \"b c\"\n},\n", "::add-mask::\"a\": \"b c\"\n", "##vso[task.setsecret]\"a\": \"b c\"\n"),
            ("::", "::add-mask::::\n", "##vso[task.setsecret]::\n"),
            (" \n", "", ""),
            ("x", "", ""),
            ("", "", ""),
        ] {
            assert_eq!(Runner::GitHub.mask_commands(value).as_str(), github, "{value:?}");
            assert_eq!(Runner::AzurePipelines.mask_commands(value).as_str(), azure, "{value:?}");
        }
    }
}
