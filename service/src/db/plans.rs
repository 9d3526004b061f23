//! For tests: how a server would run a statement, asked as the account that the service has, in a schema of its own.

use secrecy::SecretString;
use sqlx::{ColumnIndex, Connection, Decode, FromRow, MySqlConnection, Row, Type, raw_sql};
use tokio::task::LocalSet;
use url::Url;
use uuid::Uuid;

use super::migrations::{self, Task};
use super::statement::Dialect;
use super::{Database, Executor, Statement, Value, account};
use crate::config::{self, Credentials, Login, Mysql, Tls};
use crate::migrations::{ALL, tables};

const PASSWORD: &str = "password";

/// A migrated schema on the server of the tests.
pub(crate) struct Server {
    administrator: Login,
    application: Login,
    database: Database,
}

/// What a server says of one table of a statement.
#[derive(Debug)]
pub(crate) struct Step {
    /// The table or its alias; `<derived2>` and the like are what another step has found.
    pub(crate) table: String,
    /// How it is read: `ALL` is the whole table, `index` a whole index.
    pub(crate) access: String,
    /// The index.
    pub(crate) key: String,
    /// What else there is to it, such as a sort.
    pub(crate) extra: String,
}

/// By places, because MySQL tells the names of the columns only when the statement is run, and the driver wants them before. The
/// types differ, but all are octets. MySQL has two columns more than MariaDB, `partitions` and `filtered`.
impl<'r, R: Row> FromRow<'r, R> for Step
where
    usize: ColumnIndex<R>,
    Option<Vec<u8>>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        let text = |column: usize| -> sqlx::Result<String> {
            let octets: Option<Vec<u8>> = row.try_get(column)?;
            Ok(String::from_utf8_lossy(&octets.unwrap_or_default()).into_owned())
        };
        let access = if row.len() == 12 { 4 } else { 3 };
        Ok(Self {
            table: text(2)?,
            access: text(access)?,
            key: text(access + 2)?,
            extra: text(row.len() - 1)?,
        })
    }
}

/// Runs a test in a schema with these rows, which is gone afterwards, however the test ends.
pub(crate) async fn on_server<F>(rows: &str, test: impl FnOnce(Server) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let server = Server::start(rows).await;
    let (administrator, schema) = (server.administrator.clone(), server.application.clone());
    let tasks = LocalSet::new();
    let outcome = tasks.run_until(tasks.spawn_local(test(server))).await;
    let Login { database, username, .. } = schema;
    execute(&administrator, &format!("drop database {database}; drop user {username}@'%'")).await;
    outcome.unwrap();
}

impl Server {
    async fn start(rows: &str) -> Self {
        let server = server();
        let name = format!("plans_{}", Uuid::new_v4().simple());
        // MySQL allows 32 characters.
        let username = name[..32].to_owned();
        execute(&server, &format!("create database {name} character set utf8mb4")).await;
        execute(&server, &format!("create user {username}@'%' identified by '{PASSWORD}'")).await;
        let administrator = Login { database: name, ..server };
        let application = Login { username, password: PASSWORD.to_owned().into(), ..administrator.clone() };
        migrations::run(config::Database::Mysql(mysql(&administrator)), ALL, Task::Apply).await.unwrap();
        account::grant(mysql(&administrator), &application, tables()).await.unwrap();
        execute(&administrator, rows).await;
        let database = Database::open(config::Database::Mysql(mysql(&application)), ALL).await.unwrap();
        Self { administrator, application, database }
    }

    /// The database, for the account that the service has.
    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    /// Runs statements as the administrator.
    pub(crate) async fn execute(&self, sql: &str) {
        execute(&self.administrator, sql).await;
    }

    /// How a statement would be run: `explain`, as a table, and the very text that the service sends.
    pub(crate) async fn plan(&self, statement: &Statement, values: &[Value<'_>]) -> Vec<Step> {
        let sql = format!("explain format=traditional {}", statement.sql(Dialect::Mysql));
        let explain = Box::leak(Box::new(Statement::read("a plan", sql.leak())));
        (&self.database).run(explain, values).await.unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests are configured by the environment too")]
fn server() -> Login {
    let url = std::env::var("TEST_MYSQL_URL").unwrap_or_default();
    assert!(
        !url.is_empty(),
        "TEST_MYSQL_URL is not set, so there is no server to test on: run `make test`, which starts one"
    );
    let url = Url::parse(&url).unwrap();
    Login {
        host: url.host_str().unwrap().to_owned(),
        port: url.port().unwrap_or(3306),
        username: url.username().to_owned(),
        password: SecretString::from(url.password().unwrap_or_default().to_owned()),
        database: url.path().trim_start_matches('/').to_owned(),
    }
}

fn mysql(login: &Login) -> Mysql {
    Mysql { credentials: Credentials::Fixed(login.clone()), tls: Tls::Preferred, pool_size: 2 }
}

async fn execute(login: &Login, sql: &str) {
    use secrecy::ExposeSecret;
    let options = sqlx::mysql::MySqlConnectOptions::new()
        .host(&login.host)
        .port(login.port)
        .username(&login.username)
        .password(login.password.expose_secret())
        .database(&login.database);
    let mut connection = MySqlConnection::connect_with(&options).await.unwrap();
    raw_sql(sql).execute(&mut connection).await.unwrap();
}
