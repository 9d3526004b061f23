//! `rotate-keys-lambda`: rotates the signing keys, in the steps of Secrets Manager or at once after a leak. Each step is
//! idempotent.

use aws_sdk_secretsmanager::Client;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::Error;
use super::version::{self, Progress, Rotation, Step, Version};
use crate::clock::{Clock, SystemClock};
use crate::config::{KeyRotation, KeySecret};
use crate::keys::Stored;
use crate::secrets;

/// Handles an event of Secrets Manager, `{"create": true}` (the first keys, if there are none) or `{"compromised": true}`.
pub(super) async fn rotate(rotation: &KeyRotation, event: Value) -> Result<Value, Error> {
    let secret = &rotation.secret;
    let client = secrets::new_client(&secret.aws).await;
    if event == json!({"create": true}) {
        return create(&client, secret).await;
    }
    if event == json!({"compromised": true}) {
        return replace(&client, secret).await;
    }
    let rotation = Rotation::parse(event)?;
    let (step, id) = (rotation.step, rotation.secret_id.clone());
    take(step, &rotation.version(client), &id).await?;
    info!("Step {step:?} of the rotation of the signing keys is done");
    Ok(Value::Null)
}

async fn create(client: &Client, secret: &KeySecret) -> Result<Value, Error> {
    if version::current(client, &secret.id).await?.is_some() {
        return Ok(json!({"keys": "unchanged"}));
    }
    put(client, secret, &Stored::first(SystemClock.now())?).await?;
    info!("The secret {} has its first signing keys", secret.id);
    Ok(json!({"keys": "created"}))
}

/// Whatever the secret holds. A rotation that is under way would bring the old keys back, so it ends.
async fn replace(client: &Client, secret: &KeySecret) -> Result<Value, Error> {
    put(client, secret, &Stored::first(SystemClock.now())?).await?;
    version::discard_pending(client, &secret.id).await?;
    warn!("All signing keys in {} are replaced: they were compromised", secret.id);
    Ok(json!({"keys": "replaced"}))
}

async fn put(client: &Client, secret: &KeySecret, keys: &Stored) -> Result<(), Error> {
    let put = client.put_secret_value().secret_id(&secret.id).secret_string(keys.render()?.as_str());
    put.send().await.map(drop).map_err(Error::failed_call("PutSecretValue"))
}

async fn take(step: Step, version: &Version, id: &str) -> Result<(), Error> {
    let progress = version.progress().await?;
    if progress == Progress::Done {
        return Ok(());
    }
    let pending = version.pending().await?;
    let current = version.current().await?;
    match (step, pending) {
        (Step::Create, None) => {
            let now = SystemClock.now();
            let keys = match current {
                Some(text) => Stored::read(text.as_bytes(), id)?.rotated(now)?,
                None => Stored::first(now)?,
            };
            version.put_pending(&keys.render()?).await
        }
        (Step::Create, Some(pending)) => match check(&pending, current.as_deref(), id) {
            // A version is never written twice: this rotation cannot go on, and the next begins anew.
            Err(error @ Error::State(_)) => version.discard().await.and(Err(error)),
            checked => checked,
        },
        // Nobody else has to be told.
        (Step::Set, _) => Ok(()),
        (Step::Test, Some(pending)) => check(&pending, current.as_deref(), id),
        (Step::Finish, Some(pending)) => {
            check(&pending, current.as_deref(), id)?;
            version.finish(&progress).await
        }
        // Secrets Manager tries this step when rotation is turned on.
        (Step::Test, None) if progress == Progress::Empty => Ok(()),
        (Step::Test | Step::Finish, None) => Err(Error::State("the pending version has no value")),
    }
}

/// Whether the pending keys can be used, and are to replace the current ones.
fn check(pending: &str, current: Option<&str>, id: &str) -> Result<(), Error> {
    let pending = Stored::read(pending.as_bytes(), id)?;
    let Some(current) = current else { return Ok(()) };
    if !pending.follows(&Stored::read(current.as_bytes(), id)?) {
        return Err(Error::State("the pending keys do not follow the current ones; rotate again"));
    }
    if !pending.is_ahead(SystemClock.now()) {
        return Err(Error::State("the pending keys would sign before all verifiers know them; rotate again"));
    }
    Ok(())
}
