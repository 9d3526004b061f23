//! The JSON in which RDS writes credentials.
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html>

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::config::{Login, Server};

/// What a secret holds. RDS's own secret for an administrator has the user and the password only.
#[derive(Deserialize)]
struct RdsSecret {
    engine: Option<String>,
    host: Option<String>,
    port: Option<Port>,
    username: String,
    password: SecretString,
    dbname: Option<String>,
}

/// A port as a number, or as text, as hand-written secrets have it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Port {
    Number(u16),
    Text(String),
}

/// Reads a secret; `server` fills in what it leaves out.
///
/// # Errors
/// What is wrong, without a value of the secret.
pub(super) fn parse(text: &str, server: &Server) -> Result<Login, String> {
    // The message of serde_json may quote the invalid value, which may be the password.
    let secret: RdsSecret = serde_json::from_str(text).map_err(|error| {
        let what = if error.is_data() {
            "lacks username or password, or holds a value of a wrong type"
        } else {
            "is not JSON"
        };
        format!("{what} (column {}); it must have the form that RDS writes", error.column())
    })?;
    if let Some(engine) = &secret.engine
        && !matches!(engine.as_str(), "mysql" | "mariadb")
    {
        return Err("is for another engine; it must be mysql or mariadb".to_owned());
    }
    let port = match secret.port {
        None => Some(server.port),
        Some(Port::Number(port)) => Some(port),
        Some(Port::Text(text)) => text.parse().ok(),
    };
    Ok(Login {
        host: secret.host.or_else(|| server.host.clone()).ok_or("lacks host")?,
        port: port.ok_or("holds a port that is not a number from 0 to 65535")?,
        username: secret.username,
        password: secret.password,
        database: secret.dbname.unwrap_or_else(|| server.database.clone()),
    })
}

/// Writes a login as RDS does.
#[must_use]
pub fn render(login: &Login) -> SecretString {
    let secret = json!({
        "engine": "mysql",
        "host": login.host,
        "port": login.port,
        "username": login.username,
        "password": login.password.expose_secret(),
        "dbname": login.database,
    });
    secret.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server { host: None, port: 3306, database: "ecommerce".into() }
    }

    #[test]
    fn the_json_that_rds_writes_is_read() {
        let text = r#"{"username":"app","password":"p\"w","engine":"mysql","host":"db.example","port":3307,"dbname":"shop","dbInstanceIdentifier":"x"}"#;
        let login = parse(text, &server()).unwrap();
        assert_eq!((login.host.as_str(), login.port, login.database.as_str()), ("db.example", 3307, "shop"));
        assert_eq!((login.username.as_str(), login.password.expose_secret()), ("app", "p\"w"));
        let again = parse(render(&login).expose_secret(), &server()).unwrap();
        assert_eq!(format!("{again:?}"), format!("{login:?}"));
    }

    #[test]
    fn port_and_dbname_may_be_left_out_and_the_port_may_be_text() {
        let login = parse(r#"{"username":"a","password":"b","host":"h"}"#, &server()).unwrap();
        assert_eq!((login.port, login.database.as_str()), (3306, "ecommerce"));
        let login = parse(r#"{"username":"a","password":"b","host":"h","port":"3310"}"#, &server()).unwrap();
        assert_eq!(login.port, 3310);
    }

    #[test]
    fn an_administrators_secret_names_no_server() {
        let server = Server { host: Some("db.example".into()), ..server() };
        let login = parse(r#"{"username":"admin","password":"b"}"#, &server).unwrap();
        assert_eq!(login.host, "db.example");
    }

    #[test]
    fn a_malformed_secret_is_explained_without_its_values() {
        for text in [
            "hunter2",
            r#"{"username":"a","password":"hunter2"}"#,
            r#"{"username":"a","host":"h","password":["hunter2"]}"#,
            r#"{"username":"a","password":"hunter2","host":"h","port":"hunter2"}"#,
            r#"{"username":"a","password":"hunter2","host":"h","engine":"hunter2"}"#,
        ] {
            let message = parse(text, &server()).unwrap_err();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
