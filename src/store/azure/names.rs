//! Names of hosts to addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::failure::{NoAddress, NoNameService};

/// Names to addresses, within some time. `localhost` and what is below it is this machine, without asking anybody
/// (RFC 6761).
pub(super) struct Names(pub(super) Duration);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let time = self.0;
        Box::pin(async move {
            let host = name.as_str();
            if host == "localhost" || host.ends_with(".localhost") {
                let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
                return Ok(Box::new(std::iter::once(address)) as Addrs);
            }
            let found = tokio::time::timeout(time, tokio::net::lookup_host((host, 0))).await;
            let found: Vec<SocketAddr> = found.map_err(|_| NoNameService)?.map_err(|_| NoAddress)?.collect();
            if found.is_empty() {
                return Err(NoAddress.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
