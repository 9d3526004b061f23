//! Hashes that other implementations made. The password is `PASSWORD` and the salt `0123456789abcdef`, unless stated.

use super::*;

const PASSWORD: &str = "correct horse battery staple";

/// With what each was made.
const HASHES: [(&str, &str); 14] = [
    // argon2.low_level.hash_secret of argon2-cffi 25.1.0: time 2, memory 64, lanes 1, Type.ID.
    (
        "Argon2id",
        "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
    ),
    // The same with lanes 2, by passlib 1.7.4: argon2.using(rounds=2, memory_cost=64, parallelism=2).
    (
        "Argon2id of two lanes",
        "$argon2id$v=19$m=64,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$ZU7BdSwuAT2NJbDWfJmIGFAdzu32uX5r6jw2TuRMaj4",
    ),
    // argon2-cffi: time 3, lanes 4, Type.I.
    (
        "Argon2i",
        "$argon2i$v=19$m=64,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$Mv9qSiLVjTK3Xn+4bXxMB9UyxmrbCAHn7xVenlS0Qn4",
    ),
    // argon2-cffi: time 3, lanes 1, Type.I, version 16; libargon2 before 1.3 wrote no version.
    (
        "Argon2i of version 16",
        "$argon2i$v=16$m=64,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$HcwO7KP3hnBpb3GtLPnpouYiemuK9kKeEMYy1uRxU/0",
    ),
    (
        "Argon2i without a version",
        "$argon2i$m=64,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$HcwO7KP3hnBpb3GtLPnpouYiemuK9kKeEMYy1uRxU/0",
    ),
    // bcrypt.hashpw of bcrypt 4.3.0 (Python) with the salt that the text shows; the last by crypt of libxcrypt.
    ("bcrypt 2b", "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"),
    ("bcrypt 2a", "$2a$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS"),
    ("bcrypt 2y", "$2y$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS"),
    // passlib: scrypt.using(rounds=8, block_size=8, parallelism=1).
    ("scrypt", "$scrypt$ln=8,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$zsALpsN0ItlCA5wf30wttK9zWaFIhGiJbEtlz5xt1oU"),
    // hashlib.scrypt of Python 3.11 (OpenSSL): n=1024, r=4, p=3, dklen=64.
    (
        "scrypt with a long output",
        "$scrypt$ln=10,r=4,p=3$MDEyMzQ1Njc4OWFiY2RlZg$yNxLZ8zED+Od4y7FqEQD5CwTJ1BL2g0QN+fnq//AuMder+Ixt0KfXgJjkbrJkAwuzICiHOwfcOmwiVfbCRRe+g",
    ),
    // hashlib.pbkdf2_hmac("sha256", …, 1000).
    (
        "PBKDF2-SHA-256",
        "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplI",
    ),
    // passlib: pbkdf2_sha256.using(rounds=1000, salt=b"\xfb\xef\xbe0123456789\xff"), whose text begins with dots.
    (
        "PBKDF2-SHA-256 of passlib",
        "$pbkdf2-sha256$1000$....MDEyMzQ1Njc4Of8$itF0ht41K6qHLPAeJWjALw9yjx3DwOLaw5.M0OyQoZQ",
    ),
    // passlib: pbkdf2_sha512.using(rounds=1000).
    (
        "PBKDF2-SHA-512 of passlib",
        "$pbkdf2-sha512$1000$MDEyMzQ1Njc4OWFiY2RlZg$5bTW2oeyDJyGJPcmEr.mRDE11ghpozWrDGnSNhRXo2ZCu0KHRDiUMAVEGzLJC.oDhRoeIja9J1iLIv9ptDJMfQ",
    ),
    // PBKDF2PasswordHasher().encode(password, "seasalt2024", 1000) of Django 5.2.
    ("PBKDF2 of Django", "pbkdf2_sha256$1000$seasalt2024$eVE/oZISoCAklNifJeMrN1B7sUBT3nJUh5EUbllcLD0="),
];

fn matches(hash: &str, password: &[u8]) -> bool {
    let kind = Kind::parse(hash).unwrap_or_else(|unreadable| panic!("{hash}: {unreadable:?}"));
    kind.matches(password, &mut Memory::default())
}

fn refused(hash: &str) -> Unreadable {
    Kind::parse(hash).err().unwrap_or_else(|| panic!("{hash} is accepted"))
}

#[test]
fn the_hashes_of_other_implementations_match_their_password_and_no_other() {
    for (kind, hash) in HASHES {
        assert!(matches(hash, PASSWORD.as_bytes()), "{kind}");
        for other in [
            "",
            "correct horse battery stapl",
            "correct horse battery staple ",
            "Correct horse battery staple",
        ] {
            assert!(!matches(hash, other.as_bytes()), "{kind}: {other:?}");
        }
    }
}

#[test]
fn a_hash_with_one_octet_changed_matches_no_more() {
    for (kind, hash) in HASHES {
        let (rest, last) = hash.split_at(hash.len() - 4);
        let changed = format!("{rest}{}{}", if last.starts_with('A') { 'B' } else { 'A' }, &last[1..]);
        assert!(!matches(&changed, PASSWORD.as_bytes()), "{kind}");
    }
}

/// `bcrypt.hashpw` of bcrypt 4.3.0 (Python), which takes the first 72 octets.
#[test]
fn bcrypt_takes_the_first_72_octets() {
    let long = "$2b$04$abcdefghijklmnopqrstuuAg/vhymG.zjfOvPuw7BgQPjbFV1.SQW";
    assert!(matches(long, "ä".repeat(40).as_bytes()));
    assert!(matches(long, "ä".repeat(36).as_bytes()), "72 octets");
    assert!(!matches(long, "ä".repeat(35).as_bytes()), "70 octets");
    let seventy_two = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
    let seventy_one = "$2b$04$abcdefghijklmnopqrstuu.gc7UY/21CSNJGJg21jJzx9QiOpJ9bO";
    assert!(matches(seventy_two, &[b'x'; 72]) && !matches(seventy_two, &[b'x'; 71]));
    assert!(matches(seventy_one, &[b'x'; 71]) && !matches(seventy_one, &[b'x'; 72]));
}

/// `ÿÿ`: the sign-extension fault of old implementations (`$2x$`) gives another hash.
#[test]
fn bcrypt_takes_octets_above_127_as_they_are() {
    let hash = "$2b$04$abcdefghijklmnopqrstuuTCzVS4ZeF.iC5o49UAQ9mr82M1NEzKG";
    assert!(matches(hash, "ÿÿ".as_bytes()));
    assert_eq!(refused(&hash.replace("$2b$", "$2x$")), Unreadable::UnknownKind);
}

#[test]
fn the_costs_that_are_allowed_end_at_their_bounds() {
    const TAIL: &str = "$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4";
    let long = "A".repeat(86);
    let bcrypt = "$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG";
    let pairs = [
        (
            format!("$argon2id$v=19$m=262144,t=10,p=255{TAIL}"),
            format!("$argon2id$v=19$m=262145,t=1,p=1{TAIL}"),
        ),
        (format!("$argon2i$v=19$m=8,t=10,p=1{TAIL}"), format!("$argon2i$v=19$m=8,t=11,p=1{TAIL}")),
        (format!("$argon2id$m=2040,t=1,p=255{TAIL}"), format!("$argon2id$m=2048,t=1,p=256{TAIL}")),
        (format!("$2b$14{bcrypt}"), format!("$2b$15{bcrypt}")),
        (format!("$scrypt$ln=17,r=8,p=4{TAIL}"), format!("$scrypt$ln=18,r=1,p=1{TAIL}")),
        (format!("$scrypt$ln=1,r=8,p=1{TAIL}"), format!("$scrypt$ln=1,r=9,p=1{TAIL}")),
        (format!("$scrypt$ln=1,r=1,p=4{TAIL}"), format!("$scrypt$ln=1,r=1,p=5{TAIL}")),
        (format!("$pbkdf2-sha256$i=2000000{TAIL}"), format!("$pbkdf2-sha256$i=2000001{TAIL}")),
        (
            format!("$pbkdf2-sha512$2000000{TAIL}").replace('+', "."),
            format!("$pbkdf2-sha512$99999999999{TAIL}"),
        ),
        (format!("pbkdf2_sha256$2000000{TAIL}="), format!("pbkdf2_sha256$2000001{TAIL}=")),
        // Two digests long: twice the rounds.
        (format!("$pbkdf2-sha256$i=1000000$AAAA${long}"), format!("$pbkdf2-sha256$i=1000001$AAAA${long}")),
        (format!("$pbkdf2-sha512$i=2000000$AAAA${long}"), format!("$pbkdf2-sha512$i=2000001$AAAA${long}")),
    ];
    for (most, more) in pairs {
        assert!(Kind::parse(&most).is_ok(), "{most}");
        assert_eq!(refused(&more), Unreadable::TooCostly, "{more}");
    }
}

#[test]
fn other_kinds_are_unknown() {
    for hash in [
        "",
        "password",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "{SSHA}MDEyMzQ1Njc4OWFiY2RlZg==",
        // argon2-cffi: Type.D.
        "$argon2d$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$ieoA3l7PS/I3ikiFn012V+F3IzsQbtSPrjbzufF2dPM",
        "$1$saltsalt$hash",
        "$6$saltsalt$hash",
        "$pbkdf2$1000$salt$hash",
        "$pbkdf2-sha1$1000$salt$hash",
        "pbkdf2_sha1$1000$salt$hash",
        "pbkdf2-sha256$1000$salt$hash",
        "argon2id$v=19$m=64,t=2,p=1$salt$hash",
        "$ARGON2ID$v=19$m=64,t=2,p=1$salt$hash",
    ] {
        assert_eq!(refused(hash), Unreadable::UnknownKind, "{hash}");
    }
}

#[test]
fn an_incomplete_or_changed_form_is_refused() {
    for (kind, hash) in HASHES {
        // Of PBKDF2 and scrypt a shorter output is complete.
        let shortest = hash.rfind('$').unwrap_or_default() + 22;
        for end in 0..shortest.min(hash.len()) {
            assert!(Kind::parse(&hash[..end]).is_err(), "{kind}: {}", &hash[..end]);
        }
        for changed in [
            format!(" {hash}"),
            format!("{hash} "),
            format!("{hash}\n"),
            format!("{hash}$"),
            format!("{hash}ä"),
        ] {
            assert!(Kind::parse(&changed).is_err(), "{kind}: {changed:?}");
        }
    }
    for parameters in [
        "m=64,t=2",
        "m=64,t=2,p=1,p=1",
        "m=64,t=2,p=1,keyid=AAAA",
        "m=064,t=2,p=1",
        "m=+64,t=2,p=1",
        "m=,t=2,p=1",
        "m=7,t=2,p=1",
        "m=64,t=0,p=1",
        "m=64,t=2,p=0",
        "m=64,t=2,p=9",
    ] {
        let hash = format!(
            "$argon2id$v=19${parameters}$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4"
        );
        assert_eq!(refused(&hash), Unreadable::Malformed, "{hash}");
    }
    assert_eq!(refused(&"$2b$04$".repeat(40)), Unreadable::Malformed, "longer than any hash");
}

#[test]
fn a_new_hash_is_read_as_itself() {
    let params = ::argon2::Params::new(64, 2, 1, None).unwrap();
    let new = Argon2::compute(params, *b"0123456789abcdef", PASSWORD.as_bytes(), &mut Memory::default());
    assert_eq!(new.to_text(), HASHES[0].1, "as argon2-cffi writes it");
    let Ok(Kind::Argon2(read)) = Kind::parse(&new.to_text()) else { panic!("it is one of Argon2") };
    assert!(read == new);
}
