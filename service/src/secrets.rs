//! Credentials for MySQL, from the environment or from AWS Secrets Manager.

use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::sync::{Mutex, OnceCell};

use crate::config::{Credentials, Login, Secret};

/// The root certificates of Amazon Trust Services, which sign every endpoint of AWS. Loading the machine's hundred or
/// more takes longer than all the rest of a cold start.
const AMAZON_ROOTS: &str = include_str!("../certificates/amazon-root-cas.pem");

/// How long one attempt to fetch the secret may take.
const ATTEMPT_LIMIT: Duration = Duration::from_millis(1200);
/// How long all attempts may take together.
const FETCH_LIMIT: Duration = Duration::from_millis(2500);

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// AWS did not hand the secret out.
    #[error("secret {id} could not be fetched: {message}")]
    Fetch {
        /// The name of the secret.
        id: String,
        /// What the SDK says.
        message: String,
    },
    /// The secret is not what RDS writes.
    #[error("secret {id} {message}")]
    Malformed {
        /// The name of the secret.
        id: String,
        /// What is wrong, without a value.
        message: String,
    },
}

/// Hands out the login for MySQL.
pub enum LoginSource {
    /// Always the same.
    Fixed(Arc<Login>),
    /// From a secret, kept until it turns out to be out of date.
    Secret(SecretSource),
}

impl LoginSource {
    /// The source that the configuration asks for.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        match credentials {
            Credentials::Fixed(login) => Self::Fixed(Arc::new(login)),
            Credentials::Secret(secret) => Self::Secret(SecretSource::new(secret)),
        }
    }

    /// The login, fetched if it is not known yet.
    ///
    /// # Errors
    /// If the secret cannot be had or read.
    pub async fn current(&self) -> Result<Arc<Login>, Error> {
        match self {
            Self::Fixed(login) => Ok(Arc::clone(login)),
            Self::Secret(source) => source.newer_than(None).await,
        }
    }

    /// The login after `refused` was refused by the server; `None` if there is no other.
    ///
    /// # Errors
    /// If the secret cannot be had or read.
    pub async fn after_refusal(&self, refused: &Arc<Login>) -> Result<Option<Arc<Login>>, Error> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::Secret(source) => source.newer_than(Some(refused)).await.map(Some),
        }
    }
}

/// A secret and the login that it held when it was last fetched.
pub struct SecretSource {
    secret: Secret,
    client: OnceCell<Client>,
    login: Mutex<Option<Arc<Login>>>,
}

impl SecretSource {
    fn new(secret: Secret) -> Self {
        Self { secret, client: OnceCell::new(), login: Mutex::new(None) }
    }

    /// The login, unless it is `outdated`; then a fresh one. Of many callers at once one fetches, the others wait.
    async fn newer_than(&self, outdated: Option<&Arc<Login>>) -> Result<Arc<Login>, Error> {
        let mut known = self.login.lock().await;
        if let Some(login) = known.as_ref()
            && outdated.is_none_or(|outdated| !Arc::ptr_eq(outdated, login))
        {
            return Ok(Arc::clone(login));
        }
        let login = Arc::new(self.fetch().await?);
        *known = Some(Arc::clone(&login));
        Ok(login)
    }

    async fn fetch(&self) -> Result<Login, Error> {
        let id = &self.secret.id;
        let client = self.client.get_or_init(|| connect(&self.secret)).await;
        let value = client.get_secret_value().secret_id(id).send().await.map_err(|error| Error::Fetch {
            id: id.clone(),
            message: DisplayErrorContext(error).to_string(),
        })?;
        let malformed = |message: &str| Error::Malformed { id: id.clone(), message: message.to_owned() };
        let text = value.secret_string().ok_or_else(|| malformed("holds bytes instead of JSON text"))?;
        parse(text, &self.secret.default_database).map_err(|message| malformed(&message))
    }
}

async fn connect(secret: &Secret) -> Client {
    let roots = if secret.custom_endpoint {
        TrustStore::empty().with_native_roots(true)
    } else {
        TrustStore::empty().with_native_roots(false).with_pem_certificate(AMAZON_ROOTS)
    };
    let mut http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    if let Ok(context) = TlsContext::builder().with_trust_store(roots).build() {
        http = http.tls_context(context);
    }
    let limits = TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_LIMIT)
        .operation_attempt_timeout(ATTEMPT_LIMIT)
        .operation_timeout(FETCH_LIMIT)
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(secret.region.clone()))
        .http_client(http.build_https())
        .timeout_config(limits)
        .retry_config(
            RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(50)),
        )
        .load()
        .await;
    Client::new(&config)
}

/// The JSON that RDS writes.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html>
#[derive(Deserialize)]
struct RdsSecret {
    engine: Option<String>,
    host: String,
    #[serde(default = "default_port")]
    port: Port,
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

const fn default_port() -> Port {
    Port::Number(3306)
}

fn parse(text: &str, default_database: &str) -> Result<Login, String> {
    // The message of serde_json may quote the value at fault, which may be the password.
    let secret: RdsSecret = serde_json::from_str(text).map_err(|error| {
        let what = if error.is_data() {
            "lacks host, username or password, or holds a value of a wrong type"
        } else {
            "is not JSON"
        };
        format!("{what} (column {}); it must have the form that RDS writes", error.column())
    })?;
    if let Some(engine) = &secret.engine
        && !matches!(engine.as_str(), "mysql" | "mariadb")
    {
        return Err(format!("is for the engine {engine:?}; it must be mysql or mariadb"));
    }
    let port = match secret.port {
        Port::Number(port) => Some(port),
        Port::Text(text) => text.parse().ok(),
    };
    Ok(Login {
        host: secret.host,
        port: port.ok_or("holds a port that is no number from 0 to 65535")?,
        username: secret.username,
        password: secret.password,
        database: secret.dbname.unwrap_or_else(|| default_database.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_json_that_rds_writes_is_read() {
        let text = r#"{"username":"app","password":"p\"w","engine":"mysql","host":"db.example","port":3307,"dbname":"shop","dbInstanceIdentifier":"x"}"#;
        let login = parse(text, "ecommerce").unwrap();
        assert_eq!((login.host.as_str(), login.port, login.database.as_str()), ("db.example", 3307, "shop"));
        assert_eq!((login.username.as_str(), login.password.expose_secret()), ("app", "p\"w"));
    }

    #[test]
    fn port_and_dbname_may_be_left_out_and_the_port_may_be_text() {
        let login = parse(r#"{"username":"a","password":"b","host":"h"}"#, "ecommerce").unwrap();
        assert_eq!((login.port, login.database.as_str()), (3306, "ecommerce"));
        let login =
            parse(r#"{"username":"a","password":"b","host":"h","port":"3310"}"#, "ecommerce").unwrap();
        assert_eq!(login.port, 3310);
    }

    #[test]
    fn a_malformed_secret_is_explained_without_its_values() {
        for text in [
            r#"hunter2"#,
            r#"{"username":"a","password":"hunter2"}"#,
            r#"{"username":"a","host":"h","password":["hunter2"]}"#,
            r#"{"username":"a","password":"hunter2","host":"h","port":"many"}"#,
            r#"{"username":"a","password":"hunter2","host":"h","engine":"postgres"}"#,
        ] {
            let message = parse(text, "ecommerce").unwrap_err();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
