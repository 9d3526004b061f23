//! What each command does.

use std::io::{self, Write};
use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::{CreateAdmin, Failure, Migrate};
use crate::administration::{self, Function};
use crate::app::{self, router};
use crate::app_state::AppState;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Administration, Config, KeyRotation, Purpose};
use crate::db::Database;
use crate::db::migrations::{self, Task};
use crate::error_chain::chain;
use crate::metrics::{self, Endpoint};
use crate::migrations::ALL;
use crate::{create_admin, jobs, keys, lambda_handler, local_server, openapi, secrets, telemetry};

pub(super) fn serve() -> Result<(), Failure> {
    let mut config = Config::from_env(Purpose::Local)?;
    telemetry::start(config.log)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = local_server::bind(config.listen)?;
        let metrics = match config.metrics.listen {
            Some(address) => Some(Endpoint::bind(address).await?),
            None => None,
        };
        fetch_secrets(&mut config).await;
        let database = Database::open(config.database, ALL).await?;
        let state = AppState::open(config.application, database, Arc::new(SystemClock)).await?;
        let url = local_server::url(listener.local_addr()?);
        info!(
            "Listening on {url}, database {}, docs at {url}{}",
            state.database.description(),
            openapi::DOCS
        );
        if let Err(error) = state.database.ready().await {
            warn!(cause = chain(&error), "The database is not ready");
        }
        jobs::start(&state);
        serve_until_stopped(listener, metrics, state).await
    })
}

/// Metrics are there until the last request is answered.
async fn serve_until_stopped(
    listener: TcpListener,
    metrics: Option<Endpoint>,
    state: AppState,
) -> Result<(), Failure> {
    let database = state.database.clone();
    let served = local_server::serve(listener, router(state));
    match metrics {
        None => served.await?,
        Some(metrics) => tokio::select! {
            served = served => served?,
            failed = metrics.serve(database) => match failed? {},
        },
    }
    Ok(())
}

/// Runs a function of AWS Lambda that works with what the API works with.
pub(super) fn run_in_lambda(run: impl AsyncFnOnce(AppState) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut config = Config::from_env(Purpose::Lambda)?;
    config::require_lambda()?;
    telemetry::start(config.log)?;
    if let Some(lines) = config.metrics.lines.take() {
        metrics::begin(lines);
    }
    // A function answers one request at a time: more threads would only cost start-up time.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        fetch_secrets(&mut config).await;
        let database = Database::open(config.database, ALL).await?;
        lambda_handler::warm_up(&database).await;
        let state = AppState::open(config.application, database, Arc::new(SystemClock)).await?;
        run(state).await
    })
}

async fn fetch_secrets(config: &mut Config) {
    if let config::Access::Tokens(access) = &mut config.application.access {
        secrets::fetch_together(&mut config.database, &mut access.keys).await;
    }
}

pub(super) fn migrate(arguments: &Migrate) -> Result<(), Failure> {
    let config = Config::from_env(Purpose::Local)?;
    telemetry::start(config.log)?;
    let task = match (arguments.status, arguments.mark_applied, arguments.mark_pending) {
        (true, _, _) => Task::Status,
        (_, Some(number), _) => Task::MarkApplied(number),
        (_, _, Some(number)) => Task::MarkPending(number),
        _ => Task::Apply,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let steps = runtime.block_on(migrations::run(config.database, ALL, task))?;
    for step in steps {
        print(&format!("{:04} {}: {}", step.number, step.name, step.state.name()))?;
    }
    Ok(())
}

pub(super) fn create_administrator(arguments: &CreateAdmin) -> Result<(), Failure> {
    let config = Config::from_env(Purpose::Local)?;
    telemetry::start(config.log)?;
    let CreateAdmin { username, email, token, existing } = arguments;
    let arguments = create_admin::Arguments { username, email, token: *token, existing: *existing };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(create_admin::run(arguments, config))? {
        Some(token) => print(token.secret().expose_secret())?,
        None => print(&format!("{username} is an administrator"))?,
    }
    Ok(())
}

pub(super) fn administer(function: fn(Administration) -> Function) -> Result<(), Failure> {
    let administration = Administration::from_env()?;
    telemetry::start(administration.log)?;
    run_function(function(administration))
}

pub(super) fn rotate_keys_lambda() -> Result<(), Failure> {
    let rotation = KeyRotation::from_env()?;
    telemetry::start(rotation.log)?;
    run_function(Function::RotateKeys(rotation))
}

fn run_function(function: Function) -> Result<(), Failure> {
    config::require_lambda()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(administration::run(function))
}

pub(super) fn rotate_keys(compromised: bool) -> Result<(), Failure> {
    let rotation = KeyRotation::from_env()?;
    telemetry::start(rotation.log)?;
    let kind = if compromised { keys::Rotation::Compromised } else { keys::Rotation::Gradual };
    print(&keys::rotate(&rotation.file, kind, SystemClock.now())?)
}

pub(super) fn print_openapi(version: &str) -> Result<(), Failure> {
    let document = if config::calls_need_tokens()? { app::document() } else { app::open_document() };
    print(&match version {
        "3.0" => format!("{:#}", openapi::version_3_0(&document)),
        _ => document.to_pretty_json()?,
    })
}

/// Prints the result of a command. Whoever has read enough of it may have gone.
fn print(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
