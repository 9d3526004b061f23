//! The application's login: its name and its password.

use crate::config::{Login, Secret};
use crate::random;

/// The name of the application's account on the server.
const USERNAME: &str = "users_service";

/// A login with a new password, for the server that the function itself uses.
///
/// # Errors
/// If the random number generator fails.
pub(super) fn new_login(secret: &Secret) -> Result<Login, random::Error> {
    Ok(Login {
        host: secret.server.host.clone().unwrap_or_default(),
        port: secret.server.port,
        username: USERNAME.to_owned(),
        password: random::password()?,
        database: secret.server.database.clone(),
    })
}
