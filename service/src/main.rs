//! `users-service`: serve | lambda | migrate | create-admin | rotate-keys | openapi, and other functions on AWS Lambda.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tracing::info;
use users_service::administration::{self, Function};
use users_service::app::{self, router};
use users_service::app_state::AppState;
use users_service::clock::{Clock, SystemClock};
use users_service::config::{self, Administration, Config, KeyRotation, Purpose};
use users_service::db::Database;
use users_service::db::migrations::{self, Task};
use users_service::metrics::{self, Endpoint};
use users_service::{
    create_admin, jobs, keys, lambda_handler, local_server, openapi, secrets, telemetry, worker,
};

// musl's own takes a fifth more time for a start, and more for a request (ARCHITECTURE.md).
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "users-service", version = VERSION, about, after_help = config::table())]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API over HTTP on this machine
    #[command(after_help = config::table())]
    Serve,
    /// Serve the API as an AWS Lambda function
    #[command(after_help = config::table())]
    Lambda,
    /// Run the jobs, send mails and take notice of bounces, as an AWS Lambda function
    #[command(after_help = config::table())]
    WorkerLambda,
    /// Apply the pending migrations to the database
    #[command(after_help = config::table())]
    Migrate(Migrate),
    /// Make an administrator: the first one, or the way back in
    #[command(after_help = config::table())]
    CreateAdmin(CreateAdmin),
    /// Migrate the database and create the application's account, as an AWS Lambda function
    #[command(after_help = config::table())]
    MigrateLambda,
    /// Rotate the application's password, as an AWS Lambda function
    #[command(after_help = config::table())]
    RotateSecret,
    /// Rotate the signing keys in the file; without a file, make it
    #[command(after_help = config::table())]
    RotateKeys {
        /// Drop all keys at once, because one was leaked: everybody has to sign in again
        #[arg(long)]
        compromised: bool,
    },
    /// Rotate the signing keys in the secret, as an AWS Lambda function
    #[command(after_help = config::table())]
    RotateKeysLambda,
    /// Print the OpenAPI document of the setting ACCESS
    Openapi {
        /// In which version of OpenAPI
        #[arg(value_parser = ["3.1", "3.0"], default_value = "3.1")]
        version: String,
    },
}

#[derive(Args)]
#[group(multiple = false)]
struct Migrate {
    /// Only show which migrations are applied
    #[arg(long)]
    status: bool,
    /// Record that a half-applied migration took effect
    #[arg(long, value_name = "NUMBER")]
    mark_applied: Option<u32>,
    /// Record that a half-applied migration did not take effect
    #[arg(long, value_name = "NUMBER")]
    mark_pending: Option<u32>,
}

#[derive(Args)]
struct CreateAdmin {
    /// The name of the administrator
    #[arg(long)]
    username: String,
    /// The e-mail address of the administrator
    #[arg(long)]
    email: String,
    /// Print a one-time token to set a password with, instead of reading a password
    #[arg(long)]
    token: bool,
    /// Take a user who is there: end the sessions, remove the password, enable the account
    #[arg(long)]
    existing: bool,
}

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")");

/// Any error that ends a command: `main` prints it with its causes.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let result = match Cli::parse_from(arguments()).command {
        Command::Serve => serve(),
        Command::Lambda => run_in_lambda(lambda_handler::run),
        Command::WorkerLambda => run_in_lambda(worker::run),
        Command::Migrate(arguments) => migrate(&arguments),
        Command::CreateAdmin(arguments) => create_administrator(&arguments),
        Command::MigrateLambda => administer(Function::Migrate),
        Command::RotateSecret => administer(Function::Rotate),
        Command::RotateKeys { compromised } => rotate_keys(compromised),
        Command::RotateKeysLambda => rotate_keys_lambda(),
        Command::Openapi { version } => print_openapi(&version),
    };
    let flushed = telemetry::flush(telemetry::EXIT_LIMIT);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If nobody reads standard error, writing to it would not end.
            if flushed {
                let _ = print_error(&*error);
            }
            ExitCode::FAILURE
        }
    }
}

/// The command line. Lambda starts the `bootstrap` of a zip without a command, and `cargo lambda watch` the executable.
fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.len() == 1 && config::in_lambda() {
        arguments.push("lambda".into());
    }
    arguments
}

fn serve() -> Result<(), Failure> {
    let mut config = Config::from_env(Purpose::Local)?;
    telemetry::start(config.log)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = local_server::bind(config.listen)?;
        let metrics = match config.metrics.listen {
            Some(address) => Some(Endpoint::bind(address).await?),
            None => None,
        };
        fetch_secrets(&mut config).await;
        let database = Database::open(config.database, users_service::migrations::ALL).await?;
        let state = AppState::open(config.application, database, Arc::new(SystemClock)).await?;
        let url = local_server::url(listener.local_addr()?);
        info!("Listening on {url}, database {}, docs at {url}/docs", state.database.description());
        if let Err(error) = state.database.ready().await {
            tracing::warn!(cause = users_service::http::chain(&error), "The database is not ready");
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
fn run_in_lambda(run: impl AsyncFnOnce(AppState) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut config = Config::from_env(Purpose::Lambda)?;
    telemetry::start(config.log)?;
    if let Some(lines) = config.metrics.lines.take() {
        metrics::begin(lines);
    }
    // A function answers one request at a time: more threads would only cost start-up time.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        fetch_secrets(&mut config).await;
        let database = Database::open(config.database, users_service::migrations::ALL).await?;
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

fn migrate(arguments: &Migrate) -> Result<(), Failure> {
    let config = Config::from_env(Purpose::Local)?;
    telemetry::start(config.log)?;
    let task = match (arguments.status, arguments.mark_applied, arguments.mark_pending) {
        (true, _, _) => Task::Status,
        (_, Some(number), _) => Task::MarkApplied(number),
        (_, _, Some(number)) => Task::MarkPending(number),
        _ => Task::Apply,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let steps = runtime.block_on(migrations::run(config.database, users_service::migrations::ALL, task))?;
    for step in steps {
        print(&format!("{:04} {}: {}", step.number, step.name, step.state.name()));
    }
    Ok(())
}

fn create_administrator(arguments: &CreateAdmin) -> Result<(), Failure> {
    let config = Config::from_env(Purpose::Local)?;
    telemetry::start(config.log)?;
    let CreateAdmin { username, email, token, existing } = arguments;
    let arguments = create_admin::Arguments { username, email, token: *token, existing: *existing };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(create_admin::run(arguments, config))? {
        Some(token) => print(token.secret().expose_secret()),
        None => print(&format!("{username} is an administrator")),
    }
    Ok(())
}

fn administer(function: fn(Administration) -> Function) -> Result<(), Failure> {
    let administration = Administration::from_env()?;
    telemetry::start(administration.log)?;
    run_function(function(administration))
}

fn rotate_keys_lambda() -> Result<(), Failure> {
    let rotation = KeyRotation::from_env()?;
    telemetry::start(rotation.log)?;
    run_function(Function::RotateKeys(rotation))
}

fn run_function(function: Function) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(administration::run(function))
}

fn rotate_keys(compromised: bool) -> Result<(), Failure> {
    let rotation = KeyRotation::from_env()?;
    telemetry::start(rotation.log)?;
    let kind = if compromised { keys::Rotation::Compromised } else { keys::Rotation::Gradual };
    print(&keys::rotate(&rotation.file, kind, SystemClock.now())?);
    Ok(())
}

fn print_openapi(version: &str) -> Result<(), Failure> {
    let document = if config::calls_need_tokens()? { app::document() } else { app::open_document() };
    print(&match version {
        "3.0" => format!("{:#}", openapi::version_3_0(&document)),
        _ => document.to_pretty_json()?,
    });
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the result of a command")]
fn print(text: &str) {
    println!("{text}");
}

/// Prints an error and its causes. (`eprintln` would panic if standard error is closed.)
fn print_error(error: &(dyn std::error::Error + 'static)) -> io::Result<()> {
    let mut output = io::stderr();
    writeln!(output, "users-service: {error}")?;
    let (mut said, mut source) = (error.to_string(), error.source());
    while let Some(cause) = source {
        let text = cause.to_string();
        // Some errors end with the text of their cause.
        if !said.ends_with(&text) {
            writeln!(output, "  because: {text}")?;
        }
        (said, source) = (text, cause.source());
    }
    Ok(())
}
