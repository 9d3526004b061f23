use std::num::NonZeroUsize;

use super::*;
use crate::config::Hashing;

const JANE: About<'_> = About { username: "jane.doe", email: "j.doe+shop@example.com" };

fn policy(min_length: usize) -> Policy {
    let hashing = Hashing { params: argon2::Params::DEFAULT, at_once: NonZeroUsize::MIN };
    Policy::new(&config::Passwords { min_length, hashing })
}

fn code_with(min_length: usize, password: &str) -> &'static str {
    policy(min_length).check(password, &JANE).map_or_else(|invalid| invalid.code, |_| "ok")
}

fn code(password: &str) -> &'static str {
    code_with(15, password)
}

#[test]
fn any_characters_make_a_password() {
    for password in [
        "correct horse battery staple",
        "               x",
        "пароль из одних букв",
        "密码密码密码密码密码密码密码啊你好",
        "😀😃😄😁😆😅😂🤣😊😇🙂🙃😉😌😍",
        "0123456789 98765",
        "tab\tand\0and\u{7f}and\nmore",
        "$2b$04$aaaaaaaaaa",
    ] {
        assert_eq!(code(password), "ok", "{password:?}");
    }
}

#[test]
fn the_length_is_counted_in_characters_of_the_composed_form() {
    assert_eq!(code("fourteen chars"), "too_short");
    assert_eq!(code("fifteen  chars!"), "ok");
    assert_eq!(code(""), "too_short");
    assert_eq!(code("fourteen char\u{e4}"), "too_short");
    assert_eq!(code("fourteen chara\u{308}"), "too_short", "15 before it is composed");
    let longest = "ab".repeat(128);
    assert_eq!(code(&longest), "ok");
    assert_eq!(code(&format!("{longest}c")), "too_long");
    assert_eq!(code(&"a\u{308}b".repeat(128)), "ok", "384 before they are composed");
}

#[test]
fn the_least_length_is_configured_and_named() {
    assert_eq!(code_with(8, "7 chars"), "too_short");
    assert_eq!(code_with(8, "8 chars!"), "ok");
    assert_eq!(code_with(20, "not quite 20 chars."), "too_short");
    let refusal = policy(20).check("short", &JANE).unwrap_err();
    assert_eq!(refusal.message, "must have at least 20 characters");
}

#[test]
fn it_is_kept_in_the_composed_form_and_otherwise_as_given() {
    let kept = policy(15).check("  Pa\u{308}ssword phrase \u{212b} ", &JANE).unwrap().into_text();
    assert_eq!(*kept, "  P\u{e4}ssword phrase \u{c5} ");
}

#[test]
fn one_character_repeated_is_refused() {
    for password in
        ["aaaaaaaaaaaaaaa", "AaAaAaAaAaAaAaAa", "                    ", "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"]
    {
        assert_eq!(code(password), "one_character", "{password}");
    }
}

#[test]
fn the_username_is_refused_alone_or_repeated() {
    for password in [
        "jane.doejane.doe",
        "Jane Doe Jane Doe",
        "JANEDOEJANEDOEJANED",
        "jane.doe!!!!!!!!!!!",
        "jane_doe-jane_doe",
    ] {
        assert_eq!(code(password), "is_username", "{password}");
    }
    for password in
        ["jane.doe's password", "janedoejohndoe and more", "eodenajeodenajeodenaj", "jane.do        "]
    {
        assert_eq!(code(password), "ok", "{password}");
    }
}

#[test]
fn the_email_address_and_its_local_part_are_refused_alone_or_repeated() {
    for password in
        ["j.doe+shop@example.com", "J.DOE+SHOP@EXAMPLE.COM", "j.doe+shop j.doe+shop", "jdoeshopexamplecom"]
    {
        assert_eq!(code(password), "is_email", "{password}");
    }
    assert_eq!(code("example.com example.com"), "ok", "the domain is shared with others");
}

#[test]
fn the_name_of_the_service_is_refused_alone_or_repeated() {
    for password in ["users-service users-service", "UsersServiceUsersService", "users service!!"] {
        assert_eq!(code(password), "is_service_name", "{password}");
    }
}

#[test]
fn a_word_without_letters_refuses_no_other_signs() {
    let nobody = About { username: "", email: "" };
    for password in ["correct horse battery staple", "!!!!!!!!!!!!!!!?"] {
        assert!(policy(15).check(password, &nobody).is_ok(), "{password}");
    }
    let signs = About { username: "ann", email: "+-+@example.com" };
    assert!(policy(15).check("!!!!!!!!!!!!!!!?", &signs).is_ok());
    assert_eq!(policy(15).check("+-++-++-++-++-++-+", &signs).unwrap_err().code, "is_email");
}

#[test]
fn the_commonest_passwords_are_refused_whatever_their_case() {
    for password in ["1Qaz2Wsx3Edc4Rfv", "passwordpassword", "PasswordPassword", "qwertyuiopasdfgh"] {
        assert_eq!(code(password), "too_common", "{password}");
    }
    for password in ["password", "PassWord", "12345678", "football1", "trustno1"] {
        assert_eq!(code_with(8, password), "too_common", "{password}");
    }
    assert_eq!(code_with(8, "passwprd"), "ok");
}

#[test]
fn each_refusal_names_its_rule_and_none_the_password() {
    let refused = [
        "short",
        &"ab ".repeat(100),
        &"z".repeat(20),
        "jane.doe jane.doe",
        "j.doe+shop@example.com",
        "users-service users-service",
        "passwordpassword",
    ];
    let refusals = refused.map(|password| policy(15).check(password, &JANE).unwrap_err());
    for (refusal, password) in refusals.iter().zip(refused) {
        assert!(!refusal.message.contains(password), "{}", refusal.message);
    }
    let mut codes = refusals.map(|refusal| refusal.code);
    codes.sort_unstable();
    let all = [
        "is_email",
        "is_service_name",
        "is_username",
        "one_character",
        "too_common",
        "too_long",
        "too_short",
    ];
    assert_eq!(codes, all);
}
