//! The kinds of complaint, by names that don't change.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What kind of complaint it is. The text form is stable: scripts may rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Its name, in kebab case.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// A file can't be read.
    Unreadable = "unreadable",
    /// A file or a scalar is larger than the bound.
    TooLarge = "too-large",
    /// A file isn't UTF-8.
    NotUtf8 = "not-utf8",
    /// A file isn't YAML.
    Yaml = "yaml",
    /// YAML nests deeper than the bound.
    TooDeep = "too-deep",
    /// Aliases would expand to more than the bound.
    TooManyAliases = "too-many-aliases",
    /// A key stands twice in a mapping.
    DuplicateKey = "duplicate-key",
    /// There is nothing in the file.
    EmptyFile = "empty-file",
    /// A key that nobody knows where it stands.
    UnknownKey = "unknown-key",
    /// A key of GitHub's that credflow doesn't act on, in a file that isn't GitHub's.
    ForeignKey = "foreign-key",
    /// A key that must be there isn't.
    MissingKey = "missing-key",
    /// A value of another type than the key has.
    WrongType = "wrong-type",
    /// A value that the key can't have.
    WrongValue = "wrong-value",
    /// A name that can't be a variable's.
    VariableName = "variable-name",
    /// Two steps of a job with one id, or two jobs with one name.
    DuplicateName = "duplicate-name",
    /// `needs` names no job.
    UnknownNeed = "unknown-need",
    /// Jobs need each other.
    NeedCycle = "need-cycle",
    /// A reference that doesn't follow the grammar.
    MalformedReference = "malformed-reference",
    /// A reference where none may stand.
    ReferenceOutsideEnv = "reference-outside-env",
    /// Text that was probably meant as a reference.
    NearMiss = "near-miss",
    /// No store of that name.
    UnknownStore = "unknown-store",
    /// No credential of that name.
    UnknownCredential = "unknown-credential",
    /// A credential used where its scope doesn't reach.
    OutOfScope = "out-of-scope",
    /// A plan from elsewhere doesn't fit this machine's configuration.
    PlanDiffers = "plan-differs",
    /// References, and no configuration.
    NoConfiguration = "no-configuration",
    /// References, and a configuration whose environment isn't chosen.
    NoEnvironment = "no-environment",
    /// A vault's or authority's address that can't be one.
    BadUrl = "bad-url",
    /// A client secret written in the configuration itself.
    LiteralSecret = "literal-secret",
    /// A value that can't stand in an environment.
    Unusable = "unusable-value",
    /// A pointer into a value that has no such field.
    NoSuchField = "no-such-field",
    /// A secret can't be fetched.
    Fetch = "fetch-failed",
    /// A value that is too short or usual to be masked wherever it occurs.
    CommonValue = "common-value",
    /// A file with a credential of a store that can't be read in time, so that what it holds isn't masked.
    UnmaskedFile = "unmasked-file",
    /// A secret whose value is empty.
    EmptyValue = "empty-value",
    /// A value of one line that ends with a line break.
    LineBreak = "line-break",
    /// A value on its way to a command line, where every user of the machine can read it.
    CommandLine = "command-line",
    /// A reference in a variable that every step overrides.
    Overridden = "overridden",
    /// A secret that is not yet, or no longer, meant for use.
    Validity = "validity",
    /// A step that credflow can't execute.
    CannotRun = "cannot-run",
    /// Something of a step that a format of `render` has no place for.
    LeftOut = "left-out",
    /// Text that other readers of the file would expand.
    NotExpanded = "not-expanded",
}
