//! The command line: serve | lambda | migrate | create-admin | rotate-keys | openapi, and other functions on AWS Lambda.

mod commands;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::administration::Function;
use crate::{config, lambda_handler, telemetry, worker};

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

/// Any error that ends a command: it is printed with its causes.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Does what the arguments of this process say; an error is printed on standard error, with its causes.
#[must_use]
pub fn run() -> ExitCode {
    let result = match Cli::parse_from(arguments()).command {
        Command::Serve => commands::serve(),
        Command::Lambda => commands::run_in_lambda(lambda_handler::run),
        Command::WorkerLambda => commands::run_in_lambda(worker::run),
        Command::Migrate(arguments) => commands::migrate(&arguments),
        Command::CreateAdmin(arguments) => commands::create_administrator(&arguments),
        Command::MigrateLambda => commands::administer(Function::Migrate),
        Command::RotateSecret => commands::administer(Function::Rotate),
        Command::RotateKeys { compromised } => commands::rotate_keys(compromised),
        Command::RotateKeysLambda => commands::rotate_keys_lambda(),
        Command::Openapi { version } => commands::print_openapi(&version),
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
