//! The real executable, run by itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::http::HeaderMap;
use reqwest::{Client, Method};
use secrecy::ExposeSecret;
use serde_json::Value;
use tempfile::TempDir;
use users_service::config::{Login, settings};

use crate::harness::eventually::eventually;
use crate::harness::test_app::Answer;

/// Variables that only the libraries read, and that the environment of the tests may have set.
const OF_LIBRARIES: [&str; 3] = ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_LAMBDA_MAX_CONCURRENCY"];

/// The executable with arguments and variables, and with no other settings.
pub(crate) fn command(arguments: &[&str], variables: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_users-service"));
    for name in settings().map(|setting| setting.name).chain(OF_LIBRARIES) {
        command.env_remove(name);
    }
    command.args(arguments).envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

/// Runs the executable to its end.
pub(crate) fn run(arguments: &[&str], variables: &[(&str, String)]) -> Output {
    command(arguments, variables).output().unwrap()
}

/// The variables that lead to a database on a server.
pub(crate) fn server_variables(login: &Login) -> Vec<(&'static str, String)> {
    vec![
        ("DB_HOST", login.host.clone()),
        ("DB_PORT", login.port.to_string()),
        ("DB_USER", login.username.clone()),
        ("DB_PASSWORD", login.password.expose_secret().to_owned()),
        ("DB_NAME", login.database.clone()),
    ]
}

/// How its log is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    On,
    /// From the next line on, what is logged stays in the pipe.
    Paused,
    /// After the next line, the pipe is closed.
    Ended,
}

/// A running executable, killed at the end.
pub(crate) struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reading: Arc<Mutex<Reading>>,
    folder: TempDir,
}

impl Program {
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, String)]) -> Self {
        Self::spawn(command(arguments, variables))
    }

    /// The same after shell commands for its set-up, such as `ulimit -n 256`.
    pub(crate) fn start_after(setup: &str, arguments: &[&str], variables: &[(&str, String)]) -> Self {
        let bare = command(arguments, variables);
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!(r#"{setup}; exec "$0" "$@""#)])
            .arg(bare.get_program())
            .args(bare.get_args());
        for (name, value) in bare.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let folder = TempDir::new().unwrap();
        command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let reading = Arc::new(Mutex::new(Reading::On));
        let (errors, log, how) = (child.stderr.take().unwrap(), Arc::clone(&lines), Arc::clone(&reading));
        let how = move || *how.lock().unwrap();
        thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                log.lock().unwrap().push(line);
                while how() == Reading::Paused {
                    thread::sleep(Duration::from_millis(5));
                }
                if how() == Reading::Ended {
                    break;
                }
            }
        });
        Self { child, lines, reading, folder }
    }

    /// Where it works.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits for a line that has this in it.
    pub(crate) async fn logged(&self, part: &str) -> String {
        eventually(&format!("log line with {part:?}"), async || {
            let lines = self.lines.lock().unwrap();
            lines.iter().find(|line| line.contains(part)).cloned()
        })
        .await
    }

    /// Changes how its log is read.
    pub(crate) fn read(&self, how: Reading) {
        *self.reading.lock().unwrap() = how;
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that it has had so far, in MiB.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal, by the shell: that needs no dependency.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for it to end by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        eventually("end of the process", async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.read(Reading::Ended);
        if thread::panicking() {
            eprintln!("The executable has logged:\n{}", self.log().join("\n"));
        }
    }
}

/// The variables with those for a free local port.
fn here<'a>(variables: &[(&'a str, String)]) -> Vec<(&'a str, String)> {
    let here = [("HOST", "127.0.0.1".to_owned()), ("PORT", "0".to_owned())];
    here.into_iter().chain(variables.iter().cloned()).collect()
}

/// The variables with the one that chooses SQLite.
fn sqlite<'a>(variables: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    let own = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
    own.chain([("DB_ENGINE", "sqlite".to_owned())]).collect()
}

/// `users-service serve` on a free port.
pub(crate) struct Server {
    pub(crate) program: Program,
    client: Client,
    /// `127.0.0.1:4711`
    pub(crate) address: String,
}

impl Server {
    pub(crate) async fn start(variables: &[(&str, String)]) -> Self {
        Self::listening(Program::start(&["serve"], &here(variables))).await
    }

    /// On an SQLite file, after shell commands for its set-up.
    pub(crate) async fn on_sqlite_after(setup: &str, variables: &[(&str, &str)]) -> Self {
        Self::listening(Program::start_after(setup, &["serve"], &here(&sqlite(variables)))).await
    }

    async fn listening(program: Program) -> Self {
        let line = program.logged("Listening on http://").await;
        let (_, address) = line.split_once("http://").unwrap();
        let address = address.split_once(',').unwrap().0.to_owned();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { program, client, address }
    }

    /// On an SQLite file of its own.
    pub(crate) async fn on_sqlite(variables: &[(&str, &str)]) -> Self {
        Self::start(&sqlite(variables)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, HeaderMap::new(), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, HeaderMap::new(), Some(body)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<Value>,
    ) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    /// The same for a process that may go away before it has answered.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        let mut request =
            self.client.request(method, format!("http://{}{path}", self.address)).headers(headers);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await? })
    }
}
