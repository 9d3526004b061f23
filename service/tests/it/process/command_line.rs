//! The executable's subcommands that end by themselves, and its messages when it cannot start.

use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;
use users_service::app;
use users_service::config::settings;
use users_service::db::migrations::Migration;
use users_service::migrations::ALL;
use users_service::openapi;

use crate::harness::databases::{MysqlSchema, SqliteFile};
use crate::harness::program::{run, server_variables};

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn setting(name: &'static str, value: &str) -> (&'static str, String) {
    (name, value.to_owned())
}

#[test]
fn help_has_the_table_of_settings() {
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["lambda", "--help"],
        &["worker-lambda", "--help"],
        &["migrate", "--help"],
        &["migrate-lambda", "--help"],
        &["rotate-secret", "--help"],
        &["rotate-keys", "--help"],
        &["rotate-keys-lambda", "--help"],
    ] {
        let output = run(arguments, &[]);
        assert!(output.status.success());
        let help = stdout(&output);
        for setting in settings() {
            assert!(help.contains(&format!("  {} ", setting.name)), "{help}");
            assert!(help.contains(setting.meaning), "{help}");
            assert!(help.contains(&format!("[default: {}]", setting.default)), "{help}");
        }
    }
}

#[test]
fn the_version_has_the_commit() {
    let output = run(&["--version"], &[]);
    let version = stdout(&output).trim();
    assert!(version.starts_with(concat!("users-service ", env!("CARGO_PKG_VERSION"), " (")), "{version}");
}

#[test]
fn openapi_prints_the_document_of_the_setting() {
    for (variables, expected) in [
        (&[][..], app::open_document()),
        (&[setting("ACCESS", "open")], app::open_document()),
        (&[setting("ACCESS", "tokens")], app::document()),
    ] {
        let output = run(&["openapi"], variables);
        assert!(output.status.success());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
        assert_eq!(document, serde_json::to_value(expected).unwrap());
        assert!(output.stderr.is_empty(), "{}", stderr(&output));
    }
    let output = run(&["openapi", "3.0"], &[setting("ACCESS", "tokens")]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document, openapi::version_3_0(&app::document()));
    let output = run(&["openapi"], &[setting("ACCESS", "closed")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("ACCESS is \"closed\""), "{}", stderr(&output));
}

#[test]
fn no_command_is_an_error_with_the_usage() {
    let output = run(&[], &[]);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("Usage: users-service <COMMAND>"), "{}", stderr(&output));
}

#[test]
fn every_problem_of_a_configuration_is_reported() {
    let wrong = [
        setting("LOG_LEVEL", "LOUD"),
        setting("LOG_FORMAT", "xml"),
        setting("PORT", "http"),
        setting("HOST", "localhost"),
        setting("DB_TLS", "maybe"),
        setting("DB_POOL_SIZE", "0"),
        setting("DB_CA_FILE", "/no/such/file"),
        setting("DB_CREDENTIALS", "file"),
        setting("ENVIRONMENT", "a/b"),
        setting("DB_PASSWORD", "hunter2"),
    ];
    for command in ["serve", "migrate", "lambda"] {
        let output = run(&[command], &wrong);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let message = stderr(&output);
        for (name, value) in &wrong[..9] {
            assert!(message.lines().any(|line| line.trim_start().starts_with(name)), "{name}: {message}");
            assert!(*name == "ENVIRONMENT" || message.contains(value), "{value}: {message}");
        }
        assert!(message.contains("must be one of off, preferred, verify"), "{message}");
        assert!(!message.contains("hunter2") && !message.contains("panicked"), "{message}");
    }
    let output = run(&["serve"], &[setting("DB_ENGINE", "oracle"), setting("DB_PORT", "70000")]);
    let message = stderr(&output);
    assert!(message.contains("DB_ENGINE is \"oracle\"; it must be one of mysql, sqlite"), "{message}");
    assert!(message.contains("DB_PORT is \"70000\"; it must be a port"), "{message}");
}

#[test]
fn a_function_that_lambda_did_not_start_is_told_what_is_missing() {
    let platform = [
        setting("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"),
        setting("AWS_LAMBDA_FUNCTION_NAME", "users"),
        setting("AWS_LAMBDA_FUNCTION_VERSION", "7"),
        setting("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ];
    for missing in 0..platform.len() {
        let mut variables = platform.to_vec();
        let (name, _) = variables.remove(missing);
        variables.push(setting("DB_ENGINE", "sqlite"));
        let output = run(&["lambda"], &variables);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(&format!("{name} is not set")), "{}", stderr(&output));
    }
}

#[test]
fn a_job_without_its_settings_names_them_all() {
    for command in ["migrate-lambda", "rotate-secret"] {
        let output = run(&[command], &[setting("DB_TLS", "off?")]);
        assert_eq!(output.status.code(), Some(1));
        for name in ["ADMIN_SECRET_ARN is not set", "DB_HOST is not set", "DB_TLS is \"off?\""] {
            assert!(stderr(&output).contains(name), "{}", stderr(&output));
        }
    }
}

#[test]
fn a_port_in_use_is_reported_with_what_to_do() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = TempDir::new().unwrap();
    let output = run(
        &["serve"],
        &[
            setting("DB_ENGINE", "sqlite"),
            ("SQLITE_PATH", folder.path().join("users.db").display().to_string()),
            setting("HOST", "127.0.0.1"),
            setting("PORT", &port.to_string()),
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    let message = stderr(&output);
    assert!(message.contains(&format!("127.0.0.1:{port}")) && message.contains("PORT"), "{message}");
}

#[test]
fn a_file_that_cannot_be_created_is_reported() {
    let variables = [
        setting("DB_ENGINE", "sqlite"),
        setting("SQLITE_PATH", "/no/such/folder/users.db"),
        setting("PORT", "0"),
    ];
    for command in ["serve", "migrate"] {
        let output = run(&[command], &variables);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).starts_with("users-service: "), "{}", stderr(&output));
    }
}

/// The status of every migration of this release, all in the same state.
fn status(state: &str) -> String {
    let line = |migration: &Migration| format!("{:04} {}: {state}\n", migration.number, migration.name);
    ALL.iter().map(line).collect::<Vec<_>>().concat()
}

#[test]
fn a_file_is_migrated() {
    let file = SqliteFile::new();
    let variables = [setting("DB_ENGINE", "sqlite"), ("SQLITE_PATH", file.path().display().to_string())];
    assert_eq!(stdout(&run(&["migrate", "--status"], &variables)), status("pending"));
    assert_eq!(stdout(&run(&["migrate"], &variables)), status("applied"));
    assert_eq!(stdout(&run(&["migrate", "--status"], &variables)), status("applied"));
    assert_eq!(std::fs::read_dir(file.folder()).unwrap().count(), 1, "only the file is left behind");
}

#[tokio::test]
async fn a_schema_is_migrated() {
    let schema = MysqlSchema::new().await;
    let variables = server_variables(&schema.login);
    assert_eq!(stdout(&run(&["migrate", "--status"], &variables)), status("pending"));
    assert_eq!(stdout(&run(&["migrate"], &variables)), status("applied"));

    schema.execute("update users_service_migrations set finished = false where number = 2").await;
    let output = run(&["migrate"], &variables);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("users-service migrate --mark-applied 2"), "{}", stderr(&output));
    assert!(
        stdout(&run(&["migrate", "--status"], &variables)).contains("0002 index_user_id: half-applied\n")
    );
    assert_eq!(stdout(&run(&["migrate", "--mark-applied", "2"], &variables)), status("applied"));
    assert_eq!(run(&["migrate", "--mark-applied", "2"], &variables).status.code(), Some(1));
    assert_eq!(run(&["migrate", "--mark-pending", "x"], &variables).status.code(), Some(2));
    assert_eq!(run(&["migrate", "--status", "--mark-pending", "1"], &variables).status.code(), Some(2));
}

#[tokio::test]
async fn a_server_that_cannot_be_migrated_is_reported_without_the_password() {
    let schema = MysqlSchema::new().await;
    let mut variables = server_variables(&schema.login);
    variables.retain(|(name, _)| *name != "DB_PASSWORD");
    variables.push(setting("DB_PASSWORD", "hunter2"));
    let output = run(&["migrate"], &variables);
    assert_eq!(output.status.code(), Some(1));
    let message = stderr(&output);
    assert!(message.contains("credentials") && !message.contains("hunter2"), "{message}");
}
