//! `rotate-secret`: the four steps in which Secrets Manager rotates a secret. Each is idempotent.
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html>
//!
//! From `setSecret` on both passwords work, so requests succeed with either.

use aws_sdk_secretsmanager::Client;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use tracing::info;

use super::Error;
use crate::config::{Administration, Login, Secret};
use crate::db::account;
use crate::{random, secrets};

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// The event that Secrets Manager sends.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rotation {
    step: Step,
    secret_id: String,
    client_request_token: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Step {
    #[serde(rename = "createSecret")]
    Create,
    #[serde(rename = "setSecret")]
    Set,
    #[serde(rename = "testSecret")]
    Test,
    #[serde(rename = "finishSecret")]
    Finish,
}

pub(super) async fn rotate(administration: &Administration, event: Value) -> Result<Value, Error> {
    let rotation: Rotation =
        serde_json::from_value(event).map_err(|error| Error::Event(error.to_string()))?;
    let secret = Secret { id: rotation.secret_id.clone(), ..administration.application.clone() };
    let version = Version {
        client: secrets::new_client(&secret.aws).await,
        secret,
        token: rotation.client_request_token,
    };
    let Some(current) = version.current_version().await? else { return Ok(Value::Null) };
    match rotation.step {
        Step::Create => version.create().await?,
        Step::Set => version.set(administration).await?,
        Step::Test => version.test(administration).await?,
        Step::Finish => version.finish(&current).await?,
    }
    info!("Step {:?} of the rotation is done", rotation.step);
    Ok(Value::Null)
}

fn has(stages: &[String], stage: &str) -> bool {
    stages.iter().any(|name| name == stage)
}

/// The version of the secret that a rotation creates.
struct Version {
    client: Client,
    secret: Secret,
    token: String,
}

impl Version {
    /// The id of the current version; `None` if there is nothing to do: this version is the current one already, or the
    /// secret has no value.
    async fn current_version(&self) -> Result<Option<String>, Error> {
        let describe = self.client.describe_secret().secret_id(&self.secret.id).send();
        let described = describe.await.map_err(Error::failed_call("DescribeSecret"))?;
        let versions = described.version_ids_to_stages.unwrap_or_default();
        let Some((current, _)) = versions.iter().find(|(_, stages)| has(stages, CURRENT)) else {
            // Rotation is turned on while the secret is still empty, and Secrets Manager tries a step at once.
            info!("The secret has no value yet, so there is nothing to rotate; migrate-lambda gives it one");
            return Ok(None);
        };
        if *current == self.token {
            return Ok(None);
        }
        if !versions.get(&self.token).is_some_and(|stages| has(stages, PENDING)) {
            return Err(Error::State("the version to rotate to is not pending"));
        }
        Ok(Some(current.clone()))
    }

    /// Stores a login with a new password as the pending version, unless there is one.
    async fn create(&self) -> Result<(), Error> {
        if self.pending().await.is_ok() {
            return Ok(());
        }
        let login = Login { password: random::password()?, ..self.current().await? };
        let put = self.client.put_secret_value().secret_id(&self.secret.id).client_request_token(&self.token);
        let put = put.secret_string(secrets::render(&login).expose_secret()).version_stages(PENDING);
        put.send().await.map(drop).map_err(Error::failed_call("PutSecretValue"))
    }

    /// Gives the account the pending password as its second one. Only once: a second time would discard the current
    /// password.
    async fn set(&self, administration: &Administration) -> Result<(), Error> {
        let pending = self.pending().await?;
        if account::works(&pending, &administration.administrator.tls).await? {
            return Ok(());
        }
        Ok(account::add_password(administration.administrator.clone(), &pending).await?)
    }

    /// Logs in with the pending password.
    async fn test(&self, administration: &Administration) -> Result<(), Error> {
        if account::works(&self.pending().await?, &administration.administrator.tls).await? {
            return Ok(());
        }
        Err(Error::State("the server refuses the pending password"))
    }

    /// Makes the pending version the current one.
    async fn finish(&self, current: &str) -> Result<(), Error> {
        let update =
            self.client.update_secret_version_stage().secret_id(&self.secret.id).version_stage(CURRENT);
        let update = update.move_to_version_id(&self.token).remove_from_version_id(current);
        update.send().await.map(drop).map_err(Error::failed_call("UpdateSecretVersionStage"))
    }

    /// The login of the current version.
    async fn current(&self) -> Result<Login, Error> {
        let get = self.client.get_secret_value().secret_id(&self.secret.id).version_stage(CURRENT);
        let value = get.send().await.map_err(Error::failed_call("GetSecretValue"))?;
        Ok(secrets::parse(value.secret_string(), &self.secret)?)
    }

    /// The login of the pending version.
    async fn pending(&self) -> Result<Login, Error> {
        let get = self.client.get_secret_value().secret_id(&self.secret.id);
        let get = get.version_id(&self.token).version_stage(PENDING);
        let value = get.send().await.map_err(Error::failed_call("GetSecretValue"))?;
        Ok(secrets::parse(value.secret_string(), &self.secret)?)
    }
}
