//! The one table of variables, for `--help` and for the README.

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What holds if it is not set.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn setting(name: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting { name, default, meaning }
}

/// Every variable that the service reads.
pub const SETTINGS: &[Setting] = &[
    setting(
        "ENVIRONMENT",
        "dev",
        "Names the deployment, and the secret with the credentials: {ENVIRONMENT}/rds/credentials",
    ),
    setting(
        "LOG_LEVEL",
        "INFO",
        "DEBUG, INFO, WARNING, ERROR or OFF; DEBUG also logs each statement's name and time",
    ),
    setting("LOG_FORMAT", "text at a terminal; json elsewhere", "text or json"),
    setting("HOST", "0.0.0.0", "The address that serve listens on"),
    setting("PORT", "8000", "The port that serve listens on; 0 takes any free one"),
    setting("DB_ENGINE", "mysql", "mysql or sqlite"),
    setting("SQLITE_PATH", "users.db", "The file of the embedded database"),
    setting(
        "DB_CREDENTIALS",
        "env in dev; secret elsewhere and in Lambda",
        "env takes DB_HOST, DB_PORT, DB_USER and DB_PASSWORD; secret asks AWS Secrets Manager",
    ),
    setting("DB_HOST", "localhost", "The MySQL server, with DB_CREDENTIALS=env"),
    setting("DB_PORT", "3306", "Its port, with DB_CREDENTIALS=env"),
    setting("DB_USER", "root", "Its user, with DB_CREDENTIALS=env"),
    setting("DB_PASSWORD", "password", "The user's password, with DB_CREDENTIALS=env"),
    setting("DB_NAME", "ecommerce", "The schema; a secret's dbname goes before it"),
    setting(
        "DB_TLS",
        "preferred in dev; verify elsewhere and with a secret",
        "off, preferred (encrypted if the server can, not verified) or verify (certificate and host name)",
    ),
    setting(
        "DB_CA_FILE",
        "the authorities of Amazon RDS",
        "Certificate authorities in PEM to trust instead, with DB_TLS=verify",
    ),
    setting("DB_POOL_SIZE", "16; 1 in Lambda", "The most connections to MySQL at a time"),
    setting(
        "ADMIN_SECRET_ARN",
        "none",
        "The database administrator's secret, for migrate-lambda and rotate-secret only",
    ),
    setting("AWS_REGION", "us-east-1", "The region of the secret"),
    setting("AWS_ENDPOINT_URL", "AWS itself", "Where AWS requests go instead, as with any AWS SDK"),
];

/// The table as lines of text, for a terminal.
#[must_use]
pub fn table() -> String {
    let width = SETTINGS.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
    let lines = SETTINGS.iter().map(|Setting { name, default, meaning }| {
        format!("  {name:width$}  {meaning}\n  {:width$}  [default: {default}]", "")
    });
    format!("Environment variables:\n{}", lines.collect::<Vec<_>>().join("\n"))
}
