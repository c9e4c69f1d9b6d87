//! Which addresses may be asked. Whoever can write a name or a redirect could otherwise have Signalbox read what only
//! the machine it runs on can reach: its own ports, the network behind the firewall, a cloud's metadata service.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// A private network; asked where an environment allows it.
    Private(&'static str),
    /// Nothing to be asked, whatever an environment allows.
    Never(&'static str),
}

impl Forbidden {
    /// What kind of address it is.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Private(kind) | Self::Never(kind) => kind,
        }
    }
}

/// Why an address is not asked; `None` when it is. An address within another one (mapped, translated, tunnelled) counts
/// as what it leads to.
#[must_use]
pub fn forbidden(address: IpAddr, allow_private: bool) -> Option<Forbidden> {
    let found = match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => match within(address) {
            Some(inner) => of_v4(inner),
            None => of_v6(address),
        },
    };
    found.filter(|found| !allow_private || matches!(found, Forbidden::Never(_)))
}

/// Ranges that are not for everybody's use
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>).
fn of_v4(address: Ipv4Addr) -> Option<Forbidden> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (169, 254, _) => Some(Forbidden::Never("link-local, where clouds serve credentials")),
        // Alibaba's and Oracle's metadata services lie outside of it.
        (100, 100, 100) | (192, 0, 0) => Some(Forbidden::Never("reserved, where clouds serve metadata")),
        (127, ..) => Some(Forbidden::Private("loopback")),
        (10, ..) | (192, 168, _) => Some(Forbidden::Private("private")),
        (172, 16..=31, _) => Some(Forbidden::Private("private")),
        (100, 64..=127, _) => Some(Forbidden::Private("shared by carriers")),
        (198, 18..=19, _) => Some(Forbidden::Private("for benchmarks")),
        (0, ..) => Some(Forbidden::Never("no address")),
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some(Forbidden::Never("for documentation")),
        (224..=239, ..) => Some(Forbidden::Never("multicast")),
        (240..=255, ..) => Some(Forbidden::Never("reserved")),
        _ => None,
    }
}

/// The same for IPv6 (<https://www.iana.org/assignments/iana-ipv6-special-registry>).
fn of_v6(address: Ipv6Addr) -> Option<Forbidden> {
    let segments = address.segments();
    match segments[0] {
        _ if address == Ipv6Addr::LOCALHOST => Some(Forbidden::Private("loopback")),
        _ if address == Ipv6Addr::UNSPECIFIED => Some(Forbidden::Never("no address")),
        // Amazon's metadata service.
        0xfd00 if segments[1] == 0x0ec2 => Some(Forbidden::Never("reserved, where clouds serve metadata")),
        first if first & 0xfe00 == 0xfc00 => Some(Forbidden::Private("private")),
        first if first & 0xffc0 == 0xfe80 => Some(Forbidden::Never("link-local")),
        first if first & 0xffc0 == 0xfec0 => Some(Forbidden::Private("site-local")),
        first if first & 0xff00 == 0xff00 => Some(Forbidden::Never("multicast")),
        0x2001 if segments[1] == 0x0db8 => Some(Forbidden::Never("for documentation")),
        0x2001 if segments[1] == 0 => Some(Forbidden::Never("a tunnel")),
        0x0100 if segments[1] == 0 => Some(Forbidden::Never("reserved")),
        _ => None,
    }
}

/// The IPv4 address that an IPv6 address stands for.
fn within(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [_, b, c, .., y, z] = address.segments();
    let last = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    let segments = address.segments();
    match segments[..6] {
        // Translated by NAT64; 64:ff9b:1::/48 is for the network's own use.
        [0x64, 0xff9b, ..] => Some(last(y, z)),
        [0, 0, 0, 0, 0, 0xffff] | [0, 0, 0, 0, 0xffff, 0] => Some(last(y, z)),
        [0, 0, 0, 0, 0, 0] if (y, z) > (0, 1) => Some(last(y, z)),
        // 6to4 has it at its beginning.
        [0x2002, ..] => Some(last(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(address: &str, allow_private: bool) -> Option<&'static str> {
        forbidden(address.parse().unwrap(), allow_private).map(Forbidden::kind)
    }

    #[test]
    fn what_only_this_machine_can_reach_is_not_asked() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
        ] {
            assert!(kind(address, false).is_some(), "{address}");
            assert_eq!(kind(address, true), None, "{address} is asked where that is allowed");
        }
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fe80::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "192.0.2.1",
            "2001:db8::1",
        ] {
            assert!(kind(address, true).is_some(), "{address} is never asked");
        }
        for address in ["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert_eq!(kind(address, false), None, "{address}");
        }
    }

    proptest! {
        /// However an IPv4 address is written as one of IPv6, it counts as what it is.
        #[test]
        fn no_spelling_gets_around_it(bytes: [u8; 4]) {
            let v4 = Ipv4Addr::from(bytes);
            let [a, b, c, d] = bytes;
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let spelled = [
                v4.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 0),
            ];
            for address in spelled {
                prop_assert_eq!(forbidden(address.into(), false), forbidden(v4.into(), false));
                prop_assert_eq!(forbidden(address.into(), true), forbidden(v4.into(), true));
            }
        }
    }
}
