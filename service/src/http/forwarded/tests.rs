use proptest::prelude::*;

use super::*;

const CLIENT: &str = "192.0.2.60";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// What the proxy 10.0.0.1 is believed, which is trusted as is all of its network.
fn said(headers: &[(&'static str, &str)]) -> String {
    let lines = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
    let mut map = HeaderMap::new();
    lines.for_each(|(name, value)| {
        map.append(name, value);
    });
    client(ip("10.0.0.1"), &map, &"10.0.0.0/8,2001:db8:ffff::/48".parse().unwrap()).to_string()
}

fn x_forwarded_for(value: &str) -> String {
    said(&[("x-forwarded-for", value)])
}

fn forwarded(value: &str) -> String {
    said(&[("forwarded", value)])
}

#[test]
fn without_a_header_it_is_the_proxy_itself() {
    assert_eq!(said(&[]), "10.0.0.1");
    assert_eq!(x_forwarded_for(""), "10.0.0.1");
    assert_eq!(forwarded(" , "), "10.0.0.1");
}

#[test]
fn it_is_the_rightmost_address_that_is_no_proxy() {
    for value in [
        CLIENT,
        "192.0.2.60, 10.1.2.3",
        "6.6.6.6, 192.0.2.60, 10.1.2.3, 2001:db8:ffff::1",
        "garbage\", 192.0.2.60",
        "10.9.9.9, 192.0.2.60 ,10.1.2.3,, ",
        "::ffff:192.0.2.60, ::ffff:10.1.2.3",
    ] {
        assert_eq!(x_forwarded_for(value), CLIENT, "{value}");
    }
    for value in [
        "for=192.0.2.60",
        "For=192.0.2.60;proto=http;by=203.0.113.43",
        "proto=http; FOR=\"192.0.2.60\" ;",
        "for=6.6.6.6, for=192.0.2.60, for=10.1.2.3;by=10.0.0.1, for=\"[2001:db8:ffff::1]\"",
        "for=\"garbage, for=192.0.2.60",
    ] {
        assert_eq!(forwarded(value), CLIENT, "{value}");
    }
}

#[test]
fn several_lines_are_one_list() {
    let lines =
        [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", CLIENT), ("x-forwarded-for", "10.1.2.3")];
    assert_eq!(said(&lines), CLIENT);
    assert_eq!(said(&[("forwarded", "for=6.6.6.6"), ("forwarded", "for=192.0.2.60, for=10.1.2.3")]), CLIENT);
}

#[test]
fn if_all_are_proxies_it_is_the_farthest() {
    assert_eq!(x_forwarded_for("10.3.3.3, 10.2.2.2"), "10.3.3.3");
    assert_eq!(forwarded("for=10.3.3.3, for=10.2.2.2"), "10.3.3.3");
}

#[test]
fn what_cannot_be_read_ends_at_the_proxy_that_said_it() {
    for value in [
        "unknown",
        "_hidden",
        "example.com",
        "192.0.2.60.",
        "192.0.2.256",
        "192.0.2.60:",
        "192.0.2.60:99999",
        "192.0.2.60:8a",
        "192.0.2.60:+8",
        "2001:db8::g",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]8",
        "[2001:db8::1]:",
        "[192.0.2.60]",
        "[]",
        "-",
        "1",
        "0x7f.1",
        "010.0.0.1",
        "192.0.2.60 6.6.6.6",
        "\u{e9}",
    ] {
        assert_eq!(x_forwarded_for(&format!("6.6.6.6, {value}")), "10.0.0.1", "{value}");
        assert_eq!(x_forwarded_for(&format!("6.6.6.6, {value}, 10.1.2.3")), "10.1.2.3", "{value}");
        assert_eq!(forwarded(&format!("for=6.6.6.6, for=\"{value}\"")), "10.0.0.1", "{value}");
    }
    for value in [
        "for",
        "for=",
        "=192.0.2.60",
        "by=192.0.2.60",
        "for=192.0.2.60;for=192.0.2.60",
        "for=192.0.2.60;proto",
        "for=\"192.0.2.60",
        "for=192.0.2.60\"",
        "for='192.0.2.60'",
        "for =192.0.2.60",
        "192.0.2.60",
        "for=\"192.0.2.6\\0\"",
    ] {
        assert_eq!(forwarded(&format!("for=6.6.6.6, {value}")), "10.0.0.1", "{value}");
    }
}

#[test]
fn an_address_may_have_a_port_brackets_and_a_zone() {
    for (node, address) in [
        ("192.0.2.60:47011", CLIENT),
        ("192.0.2.60:_a.b-1", CLIENT),
        ("2001:db8::17", "2001:db8::17"),
        ("[2001:db8::17]", "2001:db8::17"),
        ("[2001:db8::17]:4711", "2001:db8::17"),
        ("[2001:DB8::17]:_x", "2001:db8::17"),
        ("fe80::17%eth0", "fe80::17"),
        ("[fe80::17%25eth0]:80", "fe80::17"),
        ("[::ffff:192.0.2.60]:80", CLIENT),
    ] {
        assert_eq!(x_forwarded_for(node), address);
        assert_eq!(forwarded(&format!("for=\"{node}\"")), address);
    }
}

/// A proxy that quotes what the client sent as `Host` does not let the client choose its address.
#[test]
fn a_list_inside_a_quoted_string_is_not_believed() {
    for host in [
        "x,for=6.6.6.6",
        "x,for=6.6.6.6,y",
        "x,for=6.6.6.6;a=",
        "x,for=6.6.6.6;a=\\\"b",
        "x,\\\"for=6.6.6.6;a=",
    ] {
        let believed = forwarded(&format!("for=192.0.2.60;host=\"{host}\""));
        assert_eq!(believed, "10.0.0.1", "{host}");
    }
}

/// A proxy writes one of the headers and passes on the other as the client sent it.
#[test]
fn if_both_headers_are_there_they_must_agree() {
    let both =
        |x_forwarded_for, forwarded| said(&[("x-forwarded-for", x_forwarded_for), ("forwarded", forwarded)]);
    assert_eq!(both(CLIENT, "for=192.0.2.60"), CLIENT);
    assert_eq!(both(CLIENT, "for=6.6.6.6"), "10.0.0.1");
    assert_eq!(both("6.6.6.6", "for=192.0.2.60"), "10.0.0.1");
    assert_eq!(both(CLIENT, ""), "10.0.0.1");
}

proptest! {
    #[test]
    fn nothing_that_a_client_sends_makes_it_another_address(sent in "[ -~]{0,60}", lines: bool) {
        let headers: Vec<_> = if lines {
            vec![("x-forwarded-for", sent), ("x-forwarded-for", CLIENT.to_owned())]
        } else {
            vec![("x-forwarded-for", format!("{sent}, {CLIENT}"))]
        };
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        prop_assert_eq!(said(&headers), CLIENT);
    }

    #[test]
    fn a_client_can_at_most_hide_behind_the_proxy(sent in "[ -~]{0,60}", host in "[ !#-\\[\\]-~]{0,60}") {
        let said = forwarded(&format!("{sent}, for={CLIENT};host=\"{host}\""));
        prop_assert!([CLIENT, "10.0.0.1"].contains(&&*said), "{said}");
    }
}
