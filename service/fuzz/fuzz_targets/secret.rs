//! The JSON of a secret: it is a login or an error, and neither shows a value that may be the password.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrecy::{ExposeSecret, SecretString};
use users_service::config::{Aws, Login, Secret, Server};
use users_service::secrets::{parse, render};

/// Every refusal there is, without its digits.
const REFUSALS: [&str; 6] = [
    "secret app holds bytes instead of JSON text",
    "secret app lacks username or password, or holds a value of a wrong type (column ); it must have the form that RDS writes",
    "secret app is not JSON (column ); it must have the form that RDS writes",
    "secret app is for another engine; it must be mysql or mariadb",
    "secret app lacks host",
    "secret app holds a port that is not a number from  to ",
];

fuzz_target!(|text: &str| {
    let server = Server { host: None, port: 3306, database: "ecommerce".to_owned() };
    let aws = Aws { region: "us-east-1".to_owned(), custom_endpoint: false };
    let secret = Secret { id: "app".to_owned(), aws, server, fetched: None };
    match parse(Some(text), &secret) {
        Ok(login) => {
            let again =
                parse(Some(render(&login).expose_secret()), &secret).expect("what is written is read");
            assert_eq!(parts(&again), parts(&login));
            let other = Login { password: SecretString::from("another"), ..login.clone() };
            assert_eq!(format!("{login:?}"), format!("{other:?}"), "the password shows");
        }
        Err(error) => {
            for shown in [error.to_string(), format!("{error:?}")] {
                let words: String = shown.chars().filter(|character| !character.is_ascii_digit()).collect();
                assert!(REFUSALS.iter().any(|refusal| same(&words, refusal)), "{shown}");
            }
        }
    }
});

/// A refusal as it is shown to people, or the same sentence in the output of `Debug`.
fn same(words: &str, refusal: &str) -> bool {
    let message = refusal.strip_prefix("secret app ").unwrap_or(refusal);
    words == refusal || words == format!("Malformed {{ id: \"app\", message: \"{message}\" }}")
}

fn parts(login: &Login) -> (&str, u16, &str, &str, &str) {
    (&login.host, login.port, &login.username, login.password.expose_secret(), &login.database)
}
