//! `create-admin`: the first administrator, and the way back in, beside a running `serve`.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::json;
use tempfile::TempDir;

use crate::harness::program::{Server, command};

const PASSWORD: &str = "a swan by the harbour";
const ADA: [&str; 5] = ["create-admin", "--username", "ada", "--email", "ada@example.com"];

/// A server on SQLite, and the variables of commands beside it.
struct Beside {
    server: Server,
    variables: Vec<(&'static str, String)>,
    _folder: TempDir,
}

impl Beside {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let variables = vec![
            ("ACCESS", "tokens".to_owned()),
            ("DB_ENGINE", "sqlite".to_owned()),
            ("SQLITE_PATH", path("users.db")),
            ("SIGNING_KEYS_FILE", path("signing-keys.json")),
        ];
        Self { server: Server::start(&variables).await, variables, _folder: folder }
    }

    /// Runs `create-admin` for Ada, with this on standard input.
    fn create(&self, more: &[&str], input: &str) -> Output {
        let mut command = command(&[&ADA, more].concat(), &self.variables);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have ended before it reads anything.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    async fn sign_in(&self, login: &str, password: &str) -> u16 {
        let body = json!({"login": login, "password": password});
        self.server.post("/sessions", body).await.status.as_u16()
    }
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap().trim_end()
}

#[tokio::test]
async fn nobody_can_sign_in_before_there_is_an_administrator() {
    let beside = Beside::start().await;
    for (login, password) in [("admin", "admin"), ("root", "root"), ("admin", ""), ("ada", PASSWORD)] {
        assert_eq!(beside.sign_in(login, password).await, 401, "{login}");
    }
    for end in ["", "\n", "\r\n"] {
        let more = if end.is_empty() { &[][..] } else { &["--existing"] };
        let output = beside.create(more, &format!("{PASSWORD}{end}"));
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text(&output.stdout), "ada is an administrator");
        assert_eq!(beside.sign_in("ada", PASSWORD).await, 201, "{end:?}");
    }
}

#[tokio::test]
async fn the_policy_holds_for_administrators() {
    let beside = Beside::start().await;
    let output = beside.create(&[], "short\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("the password must have at least 15 characters"), "{output:?}");
    let output = beside.create(&[], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("the password could not be read"), "{output:?}");
}

#[tokio::test]
async fn a_taken_name_is_an_error_unless_the_user_is_meant() {
    let beside = Beside::start().await;
    let output = beside.create(&["--existing", "--token"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no user has both this username and this e-mail address"));
    assert!(beside.create(&[], PASSWORD).status.success());
    let output = beside.create(&[], PASSWORD);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("add --existing"), "{output:?}");

    let output = beside.create(&["--existing", "--token"], "");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(beside.sign_in("ada", PASSWORD).await, 401, "the old password is gone");
    let body = json!({"token": text(&output.stdout), "password": "seven lanterns in fog"});
    assert_eq!(beside.server.post("/passwords/confirm", body).await.status, 204);
    assert_eq!(beside.sign_in("ada", "seven lanterns in fog").await, 201);
}
