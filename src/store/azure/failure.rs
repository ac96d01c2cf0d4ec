//! Why a request failed, by what the system, TLS and the HTTP client say.

use crate::store::error::FetchError;
use crate::store::unreachable::Unreachable;

/// A name without an address.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
pub(super) struct NoAddress;

/// Nobody tells the name's address.
#[derive(Debug, thiserror::Error)]
#[error("no name service answers in time")]
pub(super) struct NoNameService;

impl FetchError {
    /// The meaning of a failed request.
    pub(in crate::store) fn of_request(host: &str, error: &reqwest::Error) -> Self {
        let mut why = if error.is_timeout() { Unreachable::Timeout } else { Unreachable::Other };
        let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
        while let Some(error) = cause {
            if error.is::<NoAddress>() {
                why = Unreachable::Dns;
            } else if error.is::<NoNameService>() {
                why = Unreachable::NameService;
            } else if let Some(io) = error.downcast_ref::<std::io::Error>() {
                match io.kind() {
                    std::io::ErrorKind::ConnectionRefused => why = Unreachable::Refused,
                    std::io::ErrorKind::ConnectionReset
                    | std::io::ErrorKind::ConnectionAborted
                    | std::io::ErrorKind::BrokenPipe
                    | std::io::ErrorKind::UnexpectedEof => why = Unreachable::Reset,
                    std::io::ErrorKind::TimedOut => why = Unreachable::Timeout,
                    _ => {}
                }
                // Its own `source` would skip the error that it wraps: of TLS, that is the one that tells.
                cause = io.get_ref().map(|inner| inner as _);
                continue;
            } else if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                why = untrusted(tls);
            } else if let Some(proxy) = of_proxy(error) {
                // Below it are a proxy's own name and connection.
                return FetchError::Unreachable { host: host.to_owned(), why: proxy };
            }
            cause = error.source();
        }
        why = match why {
            Unreachable::Other if !error.is_connect() => Unreachable::Reset,
            Unreachable::Timeout | Unreachable::Reset if error.is_connect() => Unreachable::NoConnection,
            why => why,
        };
        FetchError::Unreachable { host: host.to_owned(), why }
    }
}

/// What went wrong with a proxy. The client shows the type of such an error to nobody, its words alone.
fn of_proxy(error: &(dyn std::error::Error + 'static)) -> Option<Unreachable> {
    let words = error.to_string();
    Some(match words.strip_prefix("tunnel error: ")? {
        "proxy authorization required" => Unreachable::ProxyLogin,
        "unsuccessful" => Unreachable::ProxyRefused,
        _ => Unreachable::Proxy,
    })
}

/// Why TLS failed.
fn untrusted(error: &rustls::Error) -> Unreachable {
    use rustls::{AlertDescription, CertificateError as Wrong, Error};
    match error {
        Error::InvalidCertificate(wrong) => match wrong {
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => Unreachable::WrongName,
            Wrong::Expired | Wrong::ExpiredContext { .. } | Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
                Unreachable::Expired
            }
            // Another authority of the same name has another key.
            Wrong::UnknownIssuer | Wrong::BadSignature => Unreachable::UnknownAuthority,
            _ => Unreachable::Tls,
        },
        // The peer says so of itself.
        Error::AlertReceived(AlertDescription::CertificateExpired) => Unreachable::Expired,
        _ => Unreachable::Tls,
    }
}
