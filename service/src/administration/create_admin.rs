//! `migrate-lambda` with the event `{"create_admin": {"username": …, "email": …, "existing": false}}`: makes an administrator, and
//! returns a one-time token to set the password with.

use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Error;
use crate::config::{self, Administration};
use crate::create_admin::{self, Arguments};
use crate::db::Database;
use crate::migrations;

#[derive(Deserialize)]
struct Event {
    create_admin: Administrator,
}

#[derive(Deserialize)]
struct Administrator {
    username: String,
    email: String,
    #[serde(default)]
    existing: bool,
}

/// Whether the event is of this kind. Only those who may invoke the function can send one.
pub(super) fn is_wanted(event: &Value) -> bool {
    event.get("create_admin").is_some()
}

/// The token is in the answer alone: nothing logs it.
pub(super) async fn create_admin(administration: &Administration, event: Value) -> Result<Value, Error> {
    let Event { create_admin } =
        serde_json::from_value(event).map_err(|error| Error::Event(error.to_string()))?;
    let Administrator { username, email, existing } = create_admin;
    let database = config::Database::Mysql(administration.administrator.clone());
    let database = Database::open(database, migrations::ALL).await?;
    let arguments = Arguments { username: &username, email: &email, token: true, existing };
    let token = create_admin::with_token(&database, arguments).await?;
    Ok(json!({"token": token.as_ref().map(|token| token.secret().expose_secret())}))
}
