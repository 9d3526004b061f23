//! Fresh databases, each gone at the end of its test.

use std::path::{Path, PathBuf};
use std::thread;

use secrecy::SecretString;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, MySqlConnection, SqliteConnection, query_scalar, raw_sql};
use tempfile::TempDir;
use url::Url;
use users_service::config::{Credentials, Database, Login, Mysql, Tls};
use users_service::db::account;
use users_service::db::migrations::{self, MigrateError, Step, Task};
use users_service::migrations::{ALL, tables};
use uuid::Uuid;

use crate::harness::program::server_variables;

/// A variable that says where the tests find their server.
#[expect(clippy::disallowed_methods, reason = "the tests are configured by the environment too")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The authority that signed the certificate of the server, if it is known.
pub(crate) fn authority_of_the_server() -> Option<PathBuf> {
    variable("TEST_MYSQL_CA").map(PathBuf::from)
}

/// The administrator's login to the server of the tests.
pub(crate) fn login(database: &str) -> Login {
    let url = variable("TEST_MYSQL_URL").expect(
        "TEST_MYSQL_URL is not set, so there is no server to test on: run `make test`, which starts one, or point \
         it at one, as in mysql://root:password@127.0.0.1:3306/ecommerce",
    );
    login_of(&url, database)
}

/// The login in a URL.
pub(crate) fn login_of(url: &str, database: &str) -> Login {
    let url = Url::parse(url).expect("this is no URL of a server");
    Login {
        host: url.host_str().expect("the URL of the server has no host").to_owned(),
        port: url.port().unwrap_or(3306),
        username: url.username().to_owned(),
        password: SecretString::from(url.password().unwrap_or_default().to_owned()),
        database: database.to_owned(),
    }
}

/// A database of either kind.
pub(crate) enum TestDatabase {
    Sqlite(SqliteFile),
    Mysql(MysqlSchema),
}

impl TestDatabase {
    pub(crate) async fn sqlite() -> Self {
        let file = SqliteFile::new();
        file.migrate(Task::Apply).await.unwrap();
        Self::Sqlite(file)
    }

    pub(crate) async fn mysql() -> Self {
        Self::Mysql(MysqlSchema::migrated().await)
    }

    pub(crate) fn config(&self) -> Database {
        match self {
            Self::Sqlite(file) => file.config(),
            Self::Mysql(schema) => schema.config(),
        }
    }

    /// The variables that lead an executable there.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sqlite(file) => file.variables(),
            Self::Mysql(schema) => server_variables(&schema.application()),
        }
    }

    /// Runs statements without the service.
    pub(crate) async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(file) => file.execute(sql).await,
            Self::Mysql(schema) => schema.execute(sql).await,
        }
    }

    /// The one column of a query, which must be text.
    pub(crate) async fn values(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(file) => query_scalar(sql).fetch_all(&mut file.connect().await).await.unwrap(),
            Self::Mysql(schema) => query_scalar(sql).fetch_all(&mut schema.connect().await).await.unwrap(),
        }
    }
}

/// Statements that drop every table that a migration creates, those that refer to others first.
pub(crate) fn drop_every_table() -> String {
    let tables = ALL.iter().rev().flat_map(|migration| migration.tables);
    tables.map(|table| format!("drop table {table};")).collect::<Vec<_>>().concat()
}

/// A file in a folder of its own.
pub(crate) struct SqliteFile(TempDir);

impl SqliteFile {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("users.db")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn config(&self) -> Database {
        Database::Sqlite(self.path())
    }

    /// The variables that lead there.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![("DB_ENGINE", "sqlite".to_owned()), ("SQLITE_PATH", self.path().display().to_string())]
    }

    pub(crate) async fn migrate(&self, task: Task) -> Result<Vec<Step>, MigrateError> {
        migrations::run(self.config(), ALL, task).await
    }

    pub(crate) async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).create_if_missing(true).connect().await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &str) {
        let mut connection = self.connect().await;
        raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// The password of the application's account in the tests.
const PASSWORD: &str = "password";

/// A schema on the server, dropped at the end.
pub(crate) struct MysqlSchema {
    /// The administrator's login.
    pub(crate) login: Login,
}

impl MysqlSchema {
    pub(crate) async fn new() -> Self {
        Self::with_default("character set utf8mb4").await
    }

    /// Migrated, with an account for the application that has the rights it needs and no more.
    pub(crate) async fn migrated() -> Self {
        Self::new().await.into_migrated().await
    }

    /// The same of a schema that is there already.
    pub(crate) async fn into_migrated(self) -> Self {
        self.migrate(Task::Apply).await.unwrap();
        self.create_application().await;
        self
    }

    /// With a default character set or collation of its own.
    pub(crate) async fn with_default(default: &str) -> Self {
        Self::on(login(""), default).await
    }

    /// On another server than that of the tests.
    pub(crate) async fn on(server: Login, default: &str) -> Self {
        let login = Login { database: format!("test_{}", Uuid::new_v4().simple()), ..server };
        let sql = format!("create database {} {default}", login.database);
        raw_sql(&sql).execute(&mut connect_to_server(&login).await).await.unwrap();
        Self { login }
    }

    pub(crate) fn name(&self) -> &str {
        &self.login.database
    }

    /// How the application connects to a migrated schema.
    pub(crate) fn config(&self) -> Database {
        mysql_at(self.application())
    }

    /// The application's login, after [`Self::migrated`].
    pub(crate) fn application(&self) -> Login {
        self.guest_login(PASSWORD)
    }

    pub(crate) async fn migrate(&self, task: Task) -> Result<Vec<Step>, MigrateError> {
        migrations::run(mysql_at(self.login.clone()), ALL, task).await
    }

    /// Creates the application's account, with the privileges that a deploy grants on the tables of the migrations.
    pub(crate) async fn create_application(&self) {
        self.execute(&format!("create user {}@'%' identified by '{PASSWORD}'", self.guest())).await;
        let Database::Mysql(administrator) = mysql_at(self.login.clone()) else { unreachable!() };
        account::grant(administrator, &self.application(), tables()).await.unwrap();
    }

    pub(crate) async fn connect(&self) -> MySqlConnection {
        options(&self.login).database(self.name()).connect().await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &str) {
        raw_sql(sql).execute(&mut self.connect().await).await.unwrap();
    }

    /// Makes a user of the server who has only these rights on this schema, and who is gone with it.
    pub(crate) async fn create_guest(&self, rights: &str, password: &str) -> Login {
        let (guest, schema) = (self.guest(), self.name());
        self.execute(&format!(
            "create user if not exists {guest}@'%' identified by '{password}';
             alter user {guest}@'%' identified by '{password}';
             revoke all, grant option from {guest}@'%'; grant {rights} on {schema}.* to {guest}@'%'"
        ))
        .await;
        self.guest_login(password)
    }

    /// Gives the application's account another password.
    pub(crate) async fn change_password(&self, password: &str) -> Login {
        self.execute(&format!("alter user {}@'%' identified by '{password}'", self.guest())).await;
        self.guest_login(password)
    }

    pub(crate) fn guest_login(&self, password: &str) -> Login {
        let password = SecretString::from(password.to_owned());
        Login { username: self.guest(), password, ..self.login.clone() }
    }

    /// MySQL allows 32 characters.
    pub(crate) fn guest(&self) -> String {
        self.name()[..32].to_owned()
    }

    /// The one value of a query, as text; `None` if it is null or there is no row.
    pub(crate) async fn value(&self, sql: &str) -> Option<String> {
        let sql = format!("select cast(({sql}) as char)");
        query_scalar(&sql).fetch_one(&mut self.connect().await).await.unwrap()
    }

    /// How the server would create a table anew, without the next id.
    pub(crate) async fn definition(&self, table: &str) -> String {
        use sqlx::Row;
        let row =
            sqlx::query(&format!("show create table {table}")).fetch_one(&mut self.connect().await).await;
        let bytes: Vec<u8> = row.unwrap().get_unchecked(1);
        let words = String::from_utf8(bytes).unwrap();
        words.split(' ').filter(|word| !word.starts_with("AUTO_INCREMENT=")).collect::<Vec<_>>().join(" ")
    }
}

impl Drop for MysqlSchema {
    fn drop(&mut self) {
        let name = self.name();
        let guest = self.guest();
        let sql = format!("drop database {name}; drop user if exists {guest}@'%'");
        clean_up(&self.login, &sql);
    }
}

/// Runs statements at the end of a test. A drop cannot wait for the test's runtime: a thread with a runtime of its own
/// can.
pub(crate) fn clean_up(login: &Login, sql: &str) {
    let login = login.clone();
    let statements = sql.to_owned();
    let done = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sql = format!("set lock_wait_timeout = 10; {statements}");
            raw_sql(&sql).execute(&mut connect_to_server(&login).await).await.unwrap();
        });
    });
    if done.join().is_err() {
        eprintln!("The server could not be cleaned up: {sql}");
    }
}

/// A server as `serve` in development would use it.
pub(crate) fn mysql_at(login: Login) -> Database {
    mysql_with_pool(login, 16)
}

/// The same with fewer or more connections.
pub(crate) fn mysql_with_pool(login: Login, pool_size: usize) -> Database {
    Database::Mysql(Mysql { credentials: Credentials::Fixed(login), tls: Tls::Preferred, pool_size })
}

/// Options for a connection to the server without a schema.
pub(crate) fn options(login: &Login) -> MySqlConnectOptions {
    use secrecy::ExposeSecret;
    MySqlConnectOptions::new()
        .host(&login.host)
        .port(login.port)
        .username(&login.username)
        .password(login.password.expose_secret())
}

async fn connect_to_server(login: &Login) -> MySqlConnection {
    options(login).connect().await.unwrap()
}
