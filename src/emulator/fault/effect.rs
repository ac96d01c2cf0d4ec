//! What becomes of a request, and with which ones.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// Kinds of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requests {
    /// Every one.
    All,
    /// Those for a token, of whichever endpoint.
    Tokens,
    /// Every one to a vault.
    Vaults,
    /// GETs of secrets.
    Gets,
    /// GETs of lists, and of deleted secrets.
    Lists,
    /// Those that change a vault, and backups.
    Writes,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "fault", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(in crate::emulator) enum Effect {
    Delayed {
        #[serde(serialize_with = "seconds")]
        delay: Duration,
        #[serde(serialize_with = "seconds")]
        jitter: Duration,
    },
    Throttled {
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    Failed {
        status: u16,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    Limited {
        requests: usize,
        /// So many secrets that are set, in a window of their own; nothing when they count with the rest.
        #[serde(skip_serializing_if = "Option::is_none")]
        creates: Option<usize>,
        #[serde(serialize_with = "seconds")]
        window: Duration,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    Reset,
    Cut,
    Slow {
        bytes_per_second: u32,
    },
    Firewall,
    PrivateLink,
    Policy,
    EmptyPage,
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

impl Effect {
    /// The requests that it meets when nothing else is said.
    pub(in crate::emulator) fn usual(self) -> Requests {
        match self {
            Self::Delayed { .. } => Requests::All,
            Self::Limited { .. } | Self::Firewall | Self::PrivateLink | Self::Policy => Requests::Vaults,
            Self::EmptyPage => Requests::Lists,
            Self::Throttled { .. } | Self::Failed { .. } | Self::Reset | Self::Cut | Self::Slow { .. } => {
                Requests::Gets
            }
        }
    }

    /// Whether there is anything among those requests that it can happen to.
    pub(in crate::emulator) fn can_meet(self, on: Requests) -> bool {
        match self {
            Self::EmptyPage => on.covers(Requests::Lists),
            Self::Limited { .. } | Self::Firewall | Self::PrivateLink | Self::Policy => on != Requests::Tokens,
            _ => true,
        }
    }

    pub(in crate::emulator) fn name(self) -> &'static str {
        match self {
            Self::Delayed { .. } => "delayed",
            Self::Throttled { .. } => "throttled",
            Self::Failed { .. } => "failed",
            Self::Limited { .. } => "limited",
            Self::Reset => "reset",
            Self::Cut => "cut",
            Self::Slow { .. } => "slow",
            Self::Firewall => "firewall",
            Self::PrivateLink => "private-link",
            Self::Policy => "policy",
            Self::EmptyPage => "empty-page",
        }
    }
}

impl Requests {
    pub(in crate::emulator) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Tokens => "tokens",
            Self::Vaults => "vaults",
            Self::Gets => "gets",
            Self::Lists => "lists",
            Self::Writes => "writes",
        }
    }

    /// Whether a request of that kind is one of these.
    pub(super) fn covers(self, kind: Self) -> bool {
        match self {
            Self::All => true,
            Self::Vaults => kind != Self::Tokens,
            one => one == kind,
        }
    }
}
