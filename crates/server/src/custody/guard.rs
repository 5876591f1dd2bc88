//! Which addresses may be called. A group chooses the address of its custodian, and must not reach what only this
//! machine or its network may reach: the address is checked after the name was resolved, and the connection goes to the
//! address that was checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::Config;

/// A range of addresses, `10.1.0.0/16` or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    first: IpAddr,
    prefix: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (first, prefix) = match text.split_once('/') {
            Some((first, prefix)) => (first.parse().ok()?, Some(prefix.parse().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let longest = if matches!(first, IpAddr::V4(_)) { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { first, prefix })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let same = |ours: u128, theirs: u128, bits: u32| {
            let shift = bits.saturating_sub(self.prefix);
            self.prefix == 0 || ours.checked_shr(shift) == theirs.checked_shr(shift)
        };
        match (self.first, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => same(u32::from(ours).into(), u32::from(theirs).into(), 32),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.into(), theirs.into(), 128),
            _ => false,
        }
    }
}

/// What may be called beside the public internet.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    loopback: bool,
    allowed: Vec<Network>,
}

/// An address that may not be called.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the address is not to be called")]
pub(super) struct Blocked;

impl Rules {
    /// Those of a configuration; `None` if one of its networks is none.
    pub fn of(config: &Config) -> Option<Self> {
        let allowed = config.custody.allow_networks.iter().map(|text| Network::parse(text)).collect::<Option<_>>()?;
        Some(Self { loopback: config.dev || config.custody.allow_loopback, allowed })
    }

    /// Whether an address may be called.
    fn allows(&self, address: IpAddr) -> bool {
        let address = match address {
            IpAddr::V6(mapped) => mapped.to_ipv4_mapped().map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        (self.loopback && address.is_loopback())
            || self.allowed.iter().any(|network| network.contains(address))
            || is_public(address)
    }

    /// Whether a custodian may be at this URL, as far as it can be told before its name is resolved.
    pub(super) fn allows_url(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let literal = literal(url);
        let local = host == "localhost" || literal.is_some_and(|address| address.is_loopback());
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && self.loopback && local);
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        scheme && plain && bare && !host.is_empty() && literal.is_none_or(|address| self.allows(address))
    }
}

/// The address that a URL names without a name.
fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether an address is one of the public internet (the registries of IANA for special purposes).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 10 | 127, ..] => true,
        [100, second, ..] => (64..128).contains(&second),
        [169, 254, ..] | [192, 168, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,
        [172, second, ..] => (16..32).contains(&second),
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [first, ..] => first >= 224,
    };
    !special
}

/// Only what is given to the internet, without what leads to other addresses (6to4, Teredo) or to nowhere.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, second, ..] => second >= 0x0200 && second != 0x0db8,
        [0x2002, ..] | [0x3fff, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

/// Resolves names to addresses that may be called.
pub(super) struct Guarded(pub(super) Arc<Rules>);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| rules.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(Blocked.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(loopback: bool, networks: &[&str]) -> Rules {
        let allowed = networks.iter().map(|text| Network::parse(text).unwrap()).collect();
        Rules { loopback, allowed }
    }

    #[test]
    fn only_the_public_internet_is_called() {
        let rules = rules(false, &[]);
        for blocked in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!rules.allows(blocked.parse().unwrap()), "{blocked}");
        }
        for public in [
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "::ffff:1.1.1.1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
        ] {
            assert!(rules.allows(public.parse().unwrap()), "{public}");
        }
    }

    /// A name is no way around.
    #[tokio::test]
    async fn names_are_checked_when_they_are_resolved() {
        let resolve = |loopback| Guarded(Arc::new(rules(loopback, &[]))).resolve("localhost".parse().unwrap());
        assert!(resolve(false).await.err().unwrap().is::<Blocked>());
        assert!(resolve(true).await.unwrap().all(|address| address.ip().is_loopback()));
        let config = Config::default();
        let refused = super::super::client(&config).unwrap().post("https://localhost:1/").send().await.unwrap_err();
        let mut cause: Option<&dyn std::error::Error> = Some(&refused);
        while let Some(current) = cause.filter(|current| !current.is::<Blocked>()) {
            cause = current.source();
        }
        assert!(cause.is_some(), "{refused:?}");
    }

    #[test]
    fn what_is_listed_is_called_too() {
        let rules = rules(false, &["10.1.0.0/16", "fd00::/8", "192.168.1.1"]);
        for (address, allowed) in [
            ("10.1.255.1", true),
            ("::ffff:10.1.0.1", true),
            ("10.2.0.1", false),
            ("fd12::1", true),
            ("fc00::1", false),
            ("192.168.1.1", true),
            ("192.168.1.2", false),
        ] {
            assert_eq!(rules.allows(address.parse().unwrap()), allowed, "{address}");
        }
        for text in ["", "10.0.0.0/33", "10.0.0.0/-1", "10/8", "::/129", "host"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("9.9.9.9".parse().unwrap()));
    }

    #[test]
    fn urls_are_https_and_name_no_inner_address() {
        let (strict, dev) = (rules(false, &["10.0.0.0/8"]), rules(true, &[]));
        for (url, in_production, in_development) in [
            ("https://custodian.example.org/webhook", true, true),
            ("http://custodian.example.org/webhook", false, false),
            ("http://127.0.0.1:3000/webhook", false, true),
            ("http://localhost:3000/webhook", false, true),
            // however it is written
            ("https://2130706433/", false, true),
            ("https://0x7f.1/", false, true),
            ("https://[::ffff:127.0.0.1]/", false, true),
            ("https://[::1]/", false, true),
            ("https://169.254.169.254/latest", false, false),
            ("https://10.0.0.1/", true, false),
            ("http://10.0.0.1/", false, false),
            ("https://u:p@custodian.example.org/", false, false),
            ("https://custodian.example.org/?a=b", false, false),
            ("https://custodian.example.org/#a", false, false),
            ("ftp://custodian.example.org/", false, false),
            ("file:///etc/passwd", false, false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!((strict.allows_url(&url), dev.allows_url(&url)), (in_production, in_development), "{url}");
        }
    }
}
