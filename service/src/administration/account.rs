//! The application's login: its name, its passwords, its secret.

use secrecy::SecretString;
use uuid::Uuid;

use crate::config::{Login, Secret};

/// The name of the application's account on the server.
const USERNAME: &str = "users_service";

/// A login with a new password, for the server that the function itself uses.
pub(super) fn new_login(secret: &Secret) -> Login {
    Login {
        host: secret.server.host.clone().unwrap_or_default(),
        port: secret.server.port,
        username: USERNAME.to_owned(),
        password: new_password(),
        database: secret.server.database.clone(),
    }
}

/// 32 hexadecimal digits with 122 random bits (RFC 9562 section 5.4) from the kernel's generator.
pub(super) fn new_password() -> SecretString {
    Uuid::new_v4().simple().to_string().into()
}
