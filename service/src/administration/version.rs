//! The four steps in which Secrets Manager rotates a secret, and the version that a rotation creates.
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html>

use std::collections::HashMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::get_secret_value::builders::GetSecretValueFluentBuilder;
use serde::Deserialize;
use serde_json::Value;

use super::Error;

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// The event that Secrets Manager sends.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rotation {
    pub(super) step: Step,
    pub(super) secret_id: String,
    client_request_token: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Step {
    #[serde(rename = "createSecret")]
    Create,
    #[serde(rename = "setSecret")]
    Set,
    #[serde(rename = "testSecret")]
    Test,
    #[serde(rename = "finishSecret")]
    Finish,
}

impl Rotation {
    pub(super) fn parse(event: Value) -> Result<Self, Error> {
        serde_json::from_value(event).map_err(|error| Error::Event(error.to_string()))
    }

    /// The version that this rotation creates.
    pub(super) fn version(self, client: Client) -> Version {
        Version { client, secret_id: self.secret_id, token: self.client_request_token }
    }
}

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing: the version is the current one already.
    Done,
    /// The secret has no value yet.
    Empty,
    /// The version is to replace this one.
    Replaces(String),
}

/// The version of a secret that a rotation creates.
pub(super) struct Version {
    client: Client,
    secret_id: String,
    token: String,
}

impl Version {
    /// How far the rotation is.
    pub(super) async fn progress(&self) -> Result<Progress, Error> {
        let versions = stages(&self.client, &self.secret_id).await?;
        let Some((current, _)) = versions.iter().find(|(_, stages)| has(stages, CURRENT)) else {
            return Ok(Progress::Empty);
        };
        if *current == self.token {
            return Ok(Progress::Done);
        }
        if !versions.get(&self.token).is_some_and(|stages| has(stages, PENDING)) {
            return Err(Error::State("the version to rotate to is not pending"));
        }
        Ok(Progress::Replaces(current.clone()))
    }

    /// The current value; `None` if there is none.
    pub(super) async fn current(&self) -> Result<Option<String>, Error> {
        current(&self.client, &self.secret_id).await
    }

    /// The pending value; `None` if there is none yet.
    pub(super) async fn pending(&self) -> Result<Option<String>, Error> {
        let get = self.client.get_secret_value().secret_id(&self.secret_id);
        value(get.version_id(&self.token).version_stage(PENDING)).await
    }

    /// Stores the pending value.
    pub(super) async fn put_pending(&self, text: &str) -> Result<(), Error> {
        let put = self.client.put_secret_value().secret_id(&self.secret_id).client_request_token(&self.token);
        let put = put.secret_string(text).version_stages(PENDING);
        put.send().await.map(drop).map_err(Error::failed_call("PutSecretValue"))
    }

    /// Makes the pending version the current one.
    pub(super) async fn finish(&self, progress: &Progress) -> Result<(), Error> {
        let update =
            self.client.update_secret_version_stage().secret_id(&self.secret_id).version_stage(CURRENT);
        let mut update = update.move_to_version_id(&self.token);
        if let Progress::Replaces(current) = progress {
            update = update.remove_from_version_id(current);
        }
        update.send().await.map(drop).map_err(Error::failed_call("UpdateSecretVersionStage"))
    }

    /// Gives the pending version up.
    pub(super) async fn discard(&self) -> Result<(), Error> {
        discard(&self.client, &self.secret_id, &self.token).await
    }
}

/// Ends the rotation that is under way, if there is one.
pub(super) async fn discard_pending(client: &Client, secret_id: &str) -> Result<(), Error> {
    for (version, stages) in stages(client, secret_id).await? {
        if has(&stages, PENDING) && !has(&stages, CURRENT) {
            discard(client, secret_id, &version).await?;
        }
    }
    Ok(())
}

async fn discard(client: &Client, secret_id: &str, version: &str) -> Result<(), Error> {
    let update = client.update_secret_version_stage().secret_id(secret_id).version_stage(PENDING);
    let update = update.remove_from_version_id(version).send().await;
    update.map(drop).map_err(Error::failed_call("UpdateSecretVersionStage"))
}

/// The versions by their ids.
async fn stages(client: &Client, secret_id: &str) -> Result<HashMap<String, Vec<String>>, Error> {
    let described = client.describe_secret().secret_id(secret_id).send().await;
    let described = described.map_err(Error::failed_call("DescribeSecret"))?;
    Ok(described.version_ids_to_stages.unwrap_or_default())
}

fn has(stages: &[String], stage: &str) -> bool {
    stages.iter().any(|name| name == stage)
}

/// The current value of a secret; `None` if it has none.
pub(super) async fn current(client: &Client, secret_id: &str) -> Result<Option<String>, Error> {
    value(client.get_secret_value().secret_id(secret_id).version_stage(CURRENT)).await
}

/// The same error is for a secret without a value and for a missing one; `PutSecretValue` fails only for the latter.
async fn value(get: GetSecretValueFluentBuilder) -> Result<Option<String>, Error> {
    match get.send().await {
        Ok(value) => {
            Ok(Some(value.secret_string.ok_or(Error::State("the secret holds bytes instead of text"))?))
        }
        Err(error)
            if error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
        {
            Ok(None)
        }
        Err(error) => Err(Error::failed_call("GetSecretValue")(error)),
    }
}
