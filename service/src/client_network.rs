//! What is taken to be one client.

use std::net::IpAddr;

/// What is taken to be one client: an IPv4 address, or the first 64 bits of an IPv6 address, as all others with the same are
/// usually those of the same customer of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientNetwork {
    /// An address.
    V4([u8; 4]),
    /// A network.
    V6([u8; 8]),
}

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [network @ .., _, _, _, _, _, _, _, _] = address.octets();
                Self::V6(network)
            }
        }
    }
}

impl ClientNetwork {
    /// Its octets, four or eight.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::V4(address) => address,
            Self::V6(network) => network,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> ClientNetwork {
        address.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn an_ipv6_client_is_its_first_64_bits() {
        let client = network("2001:db8:1:2:3:4:5:6");
        assert_eq!(client.as_bytes(), [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2]);
        assert_eq!(client, network("2001:db8:1:2:ffff::1"));
        assert_ne!(client, network("2001:db8:1:3:3:4:5:6"));
    }

    #[test]
    fn an_ipv4_client_is_its_whole_address_also_inside_ipv6() {
        let client = network("192.0.2.60");
        assert_eq!(client.as_bytes(), [192, 0, 2, 60]);
        assert_eq!(client, network("::ffff:192.0.2.60"));
        assert_ne!(client, network("192.0.2.61"));
        assert_ne!(network("::"), network("0.0.0.0"));
    }
}
