//! HTTP/1.1 over a raw socket: a client that misbehaves has to choose every octet itself.

use std::io;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a client here waits for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// A connection to the local server.
pub(super) struct Wire(BufReader<TcpStream>);

/// What came back.
#[derive(Debug)]
pub(super) struct WireAnswer {
    pub(super) status: StatusCode,
    /// In lower case, without white space around the values.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl WireAnswer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the server has said that it closes the connection.
    pub(super) fn is_the_last(&self) -> bool {
        self.header("connection") == Some("close")
    }
}

impl Wire {
    pub(super) async fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(super) async fn send(&mut self, octets: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.get_mut().write_all(octets.as_ref()).await
    }

    /// Shuts down the sending side (FIN).
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        self.0.get_mut().shutdown().await
    }

    /// Resets the connection (RST).
    pub(super) fn reset(self) -> io::Result<()> {
        self.0.into_inner().set_zero_linger()
    }

    /// The next answer. An error, if the connection ends before it is whole.
    pub(super) async fn answer(&mut self) -> io::Result<WireAnswer> {
        timeout(ANSWER_TIMEOUT, self.read()).await?
    }

    /// Waits for the server to close the connection.
    pub(super) async fn closed(&mut self) {
        let mut rest = Vec::new();
        let end = timeout(ANSWER_TIMEOUT, self.0.read_to_end(&mut rest)).await;
        end.expect("the connection stays open").ok();
    }

    async fn read(&mut self) -> io::Result<WireAnswer> {
        let head = self.line().await?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(malformed)?;
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = WireAnswer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(Ok(0), str::parse);
        answer.body.resize(length.map_err(|_| malformed())?, 0);
        self.0.read_exact(&mut answer.body).await?;
        Ok(answer)
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not an answer of HTTP/1.1")
}

/// A request without a body.
pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

/// The head of a request to create a user, with these further headers.
pub(super) fn post_head(headers: &str) -> String {
    format!("POST /users HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}\r\n")
}

/// A request to create a user, with these further headers.
pub(super) fn post(username: &str, headers: &str) -> String {
    let body = format!(r#"{{"username":"{username}","email":"{username}@example.com"}}"#);
    let head = post_head(&format!("content-length: {}\r\n{headers}", body.len()));
    format!("{head}{body}")
}
