//! The real executable with `ACCESS=tokens`: its database, its keys, its first administrator.

use std::process::Output;

use axum::http::{HeaderMap, Method, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use users_service::config::Login;

pub(crate) use crate::harness::accounts::{OTHER_PASSWORD, PASSWORD};
use crate::harness::databases::MysqlSchema;
use crate::harness::program::{Server, run, server_variables};
use crate::harness::test_app::Answer;

type Variables = Vec<(&'static str, String)>;

/// What the processes of a deployment have in common.
pub(crate) struct Deployment {
    variables: Variables,
    database: Database,
    _folder: TempDir,
}

enum Database {
    Server(MysqlSchema),
    #[expect(dead_code, reason = "it is kept for as long as the deployment")]
    File(TempDir),
}

impl Deployment {
    /// On a server.
    pub(crate) async fn on_mysql() -> Self {
        let schema = MysqlSchema::migrated().await;
        Self::with(server_variables(&schema.application()), Database::Server(schema))
    }

    /// On an SQLite file.
    pub(crate) fn on_sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("users.db").display().to_string();
        Self::with(vec![("DB_ENGINE", "sqlite".to_owned()), ("SQLITE_PATH", path)], Database::File(folder))
    }

    /// With further settings for all its processes.
    #[cfg(target_os = "linux")]
    pub(crate) fn and(mut self, variables: &[(&'static str, String)]) -> Self {
        self.variables.extend_from_slice(variables);
        self
    }

    /// With limits that no test reaches and hashes that cost next to nothing.
    fn with(of_database: Variables, database: Database) -> Self {
        let folder = TempDir::new().unwrap();
        let keys = folder.path().join("signing-keys.json").display().to_string();
        let limits = ["SIGN_IN_LIMIT", "SIGN_IN_IP_LIMIT", "SIGN_IN_LOGIN_LIMIT", "CONFIRM_LIMIT"];
        let own = [("ACCESS", "tokens".to_owned()), ("SIGNING_KEYS_FILE", keys)]
            .into_iter()
            .chain([("PASSWORD_HASH", "m=8,t=1,p=1".to_owned()), ("LOG_FORMAT", "json".to_owned())]);
        let limits = limits.map(|name| (name, "1000000/1h".to_owned()));
        Self { variables: own.chain(limits).chain(of_database).collect(), database, _folder: folder }
    }

    /// The schema on the server.
    pub(crate) fn schema(&self) -> &MysqlSchema {
        let Database::Server(schema) = &self.database else { panic!("there is none") };
        schema
    }

    /// Runs a command of the executable.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = run(arguments, &self.variables);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }

    /// Makes an administrator, and returns the one-time token.
    pub(crate) fn administrator(&self, name: &str, options: &[&str]) -> String {
        let email = format!("{name}@example.com");
        let arguments = ["create-admin", "--username", name, "--email", &email, "--token"];
        let output = self.run(&[&arguments[..], options].concat());
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A process that serves, with further settings.
    pub(crate) async fn serve(&self, more: &[(&'static str, String)]) -> Server {
        Server::start(&[&self.variables[..], more].concat()).await
    }

    /// The same on a database that is reached in another way, over one connection.
    pub(crate) async fn serve_through(&self, login: &Login) -> Server {
        let through =
            [server_variables(login), vec![("DB_POOL_SIZE", "1".to_owned()), ("DB_TLS", "off".to_owned())]];
        self.serve(&through.concat()).await
    }

    /// A process that serves, and an administrator with [`PASSWORD`] named `root`.
    pub(crate) async fn start(&self) -> Server {
        let server = self.serve(&[]).await;
        let token = self.administrator("root", &[]);
        let confirmed =
            server.post("/passwords/confirm", json!({"token": token, "password": PASSWORD})).await;
        assert_eq!(confirmed.status, 204, "{}", confirmed.text());
        server
    }
}

/// A call, with an access token unless that is empty.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) token: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

impl Call {
    pub(crate) fn new(token: &str, method: Method, path: &str, body: Option<Value>) -> Self {
        Self { token: token.to_owned(), method, path: path.to_owned(), body }
    }

    /// Sends it; an error if the process goes away before it has answered.
    pub(crate) async fn try_on(self, server: &Server) -> reqwest::Result<Answer> {
        let mut headers = HeaderMap::new();
        if !self.token.is_empty() {
            headers.insert(header::AUTHORIZATION, format!("Bearer {}", self.token).parse().unwrap());
        }
        server.try_send(self.method, &self.path, headers, self.body).await
    }

    pub(crate) async fn on(self, server: &Server) -> Answer {
        self.try_on(server).await.unwrap()
    }
}

/// Signs in.
pub(crate) fn sign_in(login: &str, password: &str) -> Call {
    Call::new("", Method::POST, "/sessions", Some(json!({"login": login, "password": password})))
}

/// Presents a refresh token.
pub(crate) fn refresh(token: &str) -> Call {
    Call::new("", Method::POST, "/sessions/refresh", Some(json!({"refresh_token": token})))
}

/// A member of an answer that is a text.
pub(crate) fn text(answer: &Answer, name: &str) -> String {
    let value = answer.json();
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", answer.text())).to_owned()
}
