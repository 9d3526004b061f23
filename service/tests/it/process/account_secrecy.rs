//! No password, hash or token of an account is in a log, in an answer to somebody else, or in a message.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use axum::http::{HeaderMap, header};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::query_scalar;

use crate::harness::databases::SqliteFile;
use crate::harness::eventually::eventually;
use crate::harness::program::{Server, command};
use crate::harness::test_app::Answer;

const PASSWORD: &str = "Kn0wnPa55w0rdOfTheTest";
const NEW_PASSWORD: &str = "An0therPa55w0rdOfTheTest";
const WRONG_PASSWORD: &str = "Wr0ngPa55w0rdOfTheTest";
const SHORT_PASSWORD: &str = "Sh0rtPa55w0rd";
const IMPORTED: &str = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG";
const UNKNOWN_KIND: &str = "$6$abcdefgh$0123456789abcdef0123456789abcdef";
const ONE_TIME_TOKEN: &str = "uso_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// What was said, and what must not be in it.
struct Overheard {
    server: Server,
    variables: Vec<(&'static str, String)>,
    said: String,
    secrets: Vec<String>,
}

impl Overheard {
    async fn new(file: &SqliteFile, format: &str) -> Self {
        let variables = vec![
            ("DB_ENGINE", "sqlite".to_owned()),
            ("SQLITE_PATH", file.path().display().to_string()),
            ("SIGNING_KEYS_FILE", file.folder().join("keys.json").display().to_string()),
            ("ACCESS", "tokens".to_owned()),
            ("HOST", "127.0.0.1".to_owned()),
            ("MAIL", "console".to_owned()),
            ("PUBLIC_URL", "http://localhost:8000".to_owned()),
            ("SIGN_UP", "open".to_owned()),
            ("PASSWORD_HASH", "m=8,t=1,p=1".to_owned()),
            ("LOG_LEVEL", "TRACE".to_owned()),
            ("LOG_FORMAT", format.to_owned()),
        ];
        let secrets =
            [PASSWORD, NEW_PASSWORD, WRONG_PASSWORD, SHORT_PASSWORD, IMPORTED, UNKNOWN_KIND, ONE_TIME_TOKEN];
        Self {
            server: Server::start(&variables).await,
            variables,
            said: String::new(),
            secrets: secrets.map(str::to_owned).to_vec(),
        }
    }

    /// Sends a request. Tokens in its answer are secrets from then on; any other answer is overheard.
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Value,
        status: u16,
    ) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        let answer = self.server.send(method, path, headers, Some(body)).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        let tokens: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match (&tokens["access_token"], &tokens["refresh_token"]) {
            (Value::String(access), Value::String(refresh)) => {
                let (_, signature) = access.rsplit_once('.').unwrap();
                self.secrets.extend([access, refresh, signature].map(str::to_owned));
            }
            _ => writeln!(self.said, "{answer:?}\n{}", answer.text()).unwrap(),
        }
        answer
    }

    /// Runs `create-admin`; what it prints on its standard output is for whoever runs it.
    fn create_administrator(&mut self, arguments: &[&str], input: &str) -> String {
        let arguments: Vec<&str> =
            [&["create-admin", "--email", "root@example.com", "--username", "root"], arguments].concat();
        let mut command = command(&arguments, &self.variables);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        self.said.push_str(&String::from_utf8(output.stderr).unwrap());
        String::from_utf8(output.stdout).unwrap()
    }

    fn text(answer: &Answer, name: &str) -> String {
        answer.json()[name].as_str().unwrap().to_owned()
    }

    async fn everything(&mut self) {
        let sign_in = |password: &str| json!({"login": "root", "password": password});
        self.create_administrator(&[], &format!("{SHORT_PASSWORD}\n"));
        self.create_administrator(&[], &format!("{PASSWORD}\n"));
        let root = self.send(Method::POST, "/sessions", None, sign_in(PASSWORD), 201).await;
        let (token, refresh) = (Self::text(&root, "access_token"), Self::text(&root, "refresh_token"));
        self.send(Method::POST, "/sessions", None, sign_in(WRONG_PASSWORD), 401).await;
        self.send(Method::POST, "/sessions", None, json!({"login": [PASSWORD], "password": [PASSWORD]}), 422)
            .await;
        let refreshed =
            self.send(Method::POST, "/sessions/refresh", None, json!({"refresh_token": refresh}), 200).await;
        let cut = &refresh[..refresh.len() - 3];
        self.send(Method::POST, "/sessions/refresh", None, json!({"refresh_token": cut}), 401).await;
        self.secrets.push(cut.to_owned());
        self.send(Method::GET, "/users/me", Some(&token[..token.len() - 9]), json!({}), 401).await;
        self.users(&token).await;
        let change = |current: &str, new: &str| json!({"current_password": current, "password": new});
        for (body, status) in [
            (change(WRONG_PASSWORD, NEW_PASSWORD), 403),
            (change(PASSWORD, SHORT_PASSWORD), 422),
            (change(PASSWORD, NEW_PASSWORD), 204),
        ] {
            self.send(Method::PUT, "/users/me/password", Some(&token), body, status).await;
        }
        let next = Self::text(&refreshed, "refresh_token");
        for _ in 0..2 {
            self.send(Method::POST, "/sessions/refresh", None, json!({"refresh_token": next}), 200).await;
        }
        self.send(Method::POST, "/sessions/refresh", None, json!({"refresh_token": refresh}), 401).await;
        self.one_time_tokens().await;
        self.mails().await;
    }

    async fn users(&mut self, token: &str) {
        let user = |name: &str, member: &str, secret: &str| json!({"username": name, "email": format!("{name}@example.com"), member: secret});
        for (body, status) in [
            (user("ada", "password", PASSWORD), 201),
            (user("ada", "password", PASSWORD), 409),
            (user("bob", "password", SHORT_PASSWORD), 422),
            (user("bob", "password_hash", UNKNOWN_KIND), 422),
            (user("bob", "password_hash", IMPORTED), 201),
        ] {
            self.send(Method::POST, "/users", Some(token), body, status).await;
        }
        self.send(Method::POST, "/users", None, user("eve", "password", NEW_PASSWORD), 201).await;
        self.send(Method::POST, "/users", None, user("mal", "password_hash", IMPORTED), 403).await;
        let sign_in = json!({"login": "bob", "password": "correct horse battery staple"});
        self.send(Method::POST, "/sessions", None, sign_in, 201).await;
        self.secrets.push("correct horse battery".to_owned());
    }

    async fn mails(&mut self) {
        for (path, body) in [
            ("/email-verifications", json!({"email": "ada@example.com"})),
            ("/password-resets", json!({"login": "ada"})),
        ] {
            self.send(Method::POST, path, None, body, 202).await;
            let token = mailed_token(self.server.program.folder()).await;
            self.secrets.push(token.clone());
            let (confirm, body) = match path {
                "/email-verifications" => ("/email-verifications/confirm", json!({"token": token})),
                _ => ("/passwords/confirm", json!({"token": token, "password": NEW_PASSWORD})),
            };
            self.send(Method::POST, confirm, None, body.clone(), 204).await;
            self.send(Method::POST, confirm, None, body, 401).await;
        }
    }

    async fn one_time_tokens(&mut self) {
        let confirm = |token: &str, password: &str| json!({"token": token, "password": password});
        self.send(Method::POST, "/passwords/confirm", None, confirm(ONE_TIME_TOKEN, PASSWORD), 401).await;
        let printed = self.create_administrator(&["--token", "--existing"], "");
        let token = printed.split_whitespace().find(|word| word.starts_with("uso_")).unwrap().to_owned();
        self.secrets.push(token.clone());
        self.send(Method::POST, "/passwords/confirm", None, confirm(&token, SHORT_PASSWORD), 422).await;
        self.send(Method::POST, "/passwords/confirm", None, confirm(&token, PASSWORD), 204).await;
        self.send(Method::POST, "/passwords/confirm", None, confirm(&token, PASSWORD), 401).await;
    }
}

/// The token of the mail with a link in a folder, once it is there. Nobody else may read it.
async fn mailed_token(folder: &Path) -> String {
    eventually("mail with a link", async || {
        let mut paths = fs::read_dir(folder.join("mails")).ok()?.map(|entry| entry.unwrap().path());
        paths.find_map(|path| {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            let text = fs::read_to_string(&path).unwrap().replace("=\r\n", "");
            let token = text.split_whitespace().find_map(|word| word.split_once("#uso_"))?.1.to_owned();
            fs::remove_file(path).unwrap();
            Some(format!("uso_{token}"))
        })
    })
    .await
}

#[tokio::test]
async fn nothing_secret_of_an_account_is_logged_or_told() {
    for format in ["text", "json"] {
        let file = SqliteFile::new();
        let mut overheard = Overheard::new(&file, format).await;
        overheard.everything().await;
        overheard.server.get("/the-last-one").await;
        overheard.server.program.logged("the-last-one").await;
        overheard.server.program.logged("Response: 404").await;
        let said = format!("{}\n{}", overheard.said, overheard.server.program.log().join("\n"));
        for sign in [
            "accounts.signed_in",
            "sessions.rotate",
            "one_time_tokens.consume",
            "mails.insert",
            "accounts.set_password",
        ] {
            assert!(said.contains(sign), "{sign} is not in {said}");
        }
        let mut connection = file.connect().await;
        let hashes: Vec<String> =
            query_scalar("select password_hash from accounts where password_hash is not null")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        assert!(hashes.len() >= 4);
        for secret in overheard.secrets.iter().chain(&hashes) {
            assert!(!said.contains(&**secret), "{secret} is in {said}");
        }
    }
}
