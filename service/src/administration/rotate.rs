//! `rotate-secret`: rotates the application's password in the steps of Secrets Manager. Each is idempotent.
//!
//! From `setSecret` on both passwords work, so requests succeed with either.

use secrecy::ExposeSecret;
use serde_json::Value;
use tracing::info;

use super::Error;
use super::version::{Progress, Rotation, Step, Version};
use crate::config::{Administration, Login, Secret};
use crate::db::account;
use crate::{random, secrets};

pub(super) async fn rotate(administration: &Administration, event: Value) -> Result<Value, Error> {
    let rotation = Rotation::parse(event)?;
    let step = rotation.step;
    let secret = Secret { id: rotation.secret_id.clone(), ..administration.application.clone() };
    let version = rotation.version(secrets::new_client(&secret.aws).await);
    let progress = version.progress().await?;
    match progress {
        Progress::Done => return Ok(Value::Null),
        Progress::Empty => {
            // Rotation is turned on while the secret is still empty, and Secrets Manager tries a step at once.
            info!("The secret has no value yet, so there is nothing to rotate; migrate-lambda gives it one");
            return Ok(Value::Null);
        }
        Progress::Replaces(_) => {}
    }
    match step {
        Step::Create => create(&version, &secret).await?,
        Step::Set => set(administration, &pending(&version, &secret).await?).await?,
        Step::Test => test(administration, &pending(&version, &secret).await?).await?,
        Step::Finish => version.finish(&progress).await?,
    }
    info!("Step {step:?} of the rotation is done");
    Ok(Value::Null)
}

/// Stores a login with a new password as the pending version, unless there is one.
async fn create(version: &Version, secret: &Secret) -> Result<(), Error> {
    if version.pending().await?.is_some() {
        return Ok(());
    }
    let current = secrets::parse(version.current().await?.as_deref(), secret)?;
    let login = Login { password: random::password()?, ..current };
    version.put_pending(secrets::render(&login).expose_secret()).await
}

/// Gives the account the pending password as its second one. Only once: a second time would discard the current
/// password.
async fn set(administration: &Administration, pending: &Login) -> Result<(), Error> {
    if account::works(pending, &administration.administrator.tls).await? {
        return Ok(());
    }
    Ok(account::add_password(administration.administrator.clone(), pending).await?)
}

/// Logs in with the pending password.
async fn test(administration: &Administration, pending: &Login) -> Result<(), Error> {
    if account::works(pending, &administration.administrator.tls).await? {
        return Ok(());
    }
    Err(Error::State("the server refuses the pending password"))
}

/// The login of the pending version.
async fn pending(version: &Version, secret: &Secret) -> Result<Login, Error> {
    let text = version.pending().await?.ok_or(Error::State("the pending version has no value"))?;
    Ok(secrets::parse(Some(&text), secret)?)
}
