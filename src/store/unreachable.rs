//! Why a host can't be reached.

/// Why a host can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The name has no address.
    #[error("its name has no address")]
    Dns,
    /// Nobody says which address the name has.
    #[error("no name service tells its address in time")]
    NameService,
    /// Nobody listens.
    #[error("the connection is refused")]
    Refused,
    /// The proxy that the environment names isn't there.
    #[error("the proxy can't be reached")]
    Proxy,
    /// The proxy leads to nobody whom it doesn't know: HTTP 407.
    #[error("the proxy asks for a login (HTTP 407)")]
    ProxyLogin,
    /// The proxy doesn't lead there.
    #[error("the proxy makes no connection to it")]
    ProxyRefused,
    /// The connection broke before it stood, or doesn't stand in time.
    #[error("no connection comes about")]
    NoConnection,
    /// The connection broke.
    #[error("the connection broke")]
    Reset,
    /// No answer in time.
    #[error("it does not answer in time")]
    Timeout,
    /// Nobody who is trusted vouches for the certificate.
    #[error("its certificate comes from an authority that is not trusted")]
    UnknownAuthority,
    /// The certificate is another host's.
    #[error("its certificate is for another name")]
    WrongName,
    /// The certificate's time is over, or has not come.
    #[error("its certificate has expired, or is not valid yet")]
    Expired,
    /// TLS can't be agreed on.
    #[error("TLS fails")]
    Tls,
    /// Anything else.
    #[error("the connection failed")]
    Other,
}

impl Unreachable {
    /// Whether it may heal.
    pub(super) fn is_transient(self) -> bool {
        !matches!(self, Self::UnknownAuthority | Self::WrongName | Self::Expired | Self::Tls | Self::ProxyLogin)
    }
}
