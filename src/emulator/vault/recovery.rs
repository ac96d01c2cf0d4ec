//! How a vault's deleted secrets can be recovered.

/// How long a deleted secret can be recovered, and whether it can be purged before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) struct Recovery {
    pub(in crate::emulator) days: u32,
    pub(in crate::emulator) is_protected: bool,
}

impl Recovery {
    /// 90 days, as vaults have it by default, and as the longest.
    pub(super) const USUAL: Self = Self { days: 90, is_protected: false };

    /// The name that the service has for it. Levels of other days than 90 came with api-version 7.1.
    pub(super) fn level(self, has_days: bool) -> &'static str {
        match (self.days < Self::USUAL.days && has_days, self.is_protected) {
            (false, false) => "Recoverable+Purgeable",
            (false, true) => "Recoverable",
            (true, false) => "CustomizedRecoverable+Purgeable",
            (true, true) => "CustomizedRecoverable",
        }
    }
}
