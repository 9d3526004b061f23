//! The name of the deployment.

use super::reader::Reader;
use super::setting::settings;

settings! {
    ENVIRONMENT = "dev", "Names the deployment, and the secret with the credentials: {ENVIRONMENT}/rds/credentials";
}

pub(super) fn environment(reader: &mut Reader<'_>) -> String {
    let environment = reader.get(&ENVIRONMENT).text();
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !environment.bytes().all(valid) {
        reader.problem(
            &ENVIRONMENT,
            "is part of a secret's name: use letters, digits, '-' and '_', such as dev",
        );
    }
    environment
}
