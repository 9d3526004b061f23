//! Round trips to the server for each request, counted on the wire.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use users_service::app::Service;
use users_service::config::{Credentials, Database, Login, Mysql, Tls};

use crate::harness::databases::MysqlSchema;
use crate::harness::test_app::{answer, json_request, request, service_on};

/// The traffic since the last call of `take`.
#[derive(Debug, Default)]
struct Talk {
    /// The commands of the client, by their names in the protocol.
    commands: Vec<&'static str>,
    /// The number of round trips: how often the client sent after the server had.
    turns: usize,
    client_spoke: bool,
    connections: usize,
}

/// A proxy between the service and the server that records the traffic. The connection must be unencrypted.
struct Wiretap {
    login: Login,
    talk: Arc<Mutex<Talk>>,
    task: JoinHandle<()>,
}

impl Wiretap {
    async fn on(server: &Login) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let talk = Arc::new(Mutex::new(Talk::default()));
        let listening = tokio::spawn(listen(listener, (server.host.clone(), server.port), Arc::clone(&talk)));
        let login = Login { host: address.ip().to_string(), port: address.port(), ..server.clone() };
        Self { login, talk, task: listening }
    }

    fn take(&self) -> Talk {
        std::mem::take(&mut self.talk.lock().unwrap())
    }
}

impl Drop for Wiretap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, server: (String, u16), talk: Arc<Mutex<Talk>>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut server = TcpStream::connect(server.clone()).await.unwrap();
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        talk.lock().unwrap().connections += 1;
        let talk = Arc::clone(&talk);
        tokio::spawn(async move {
            let (mut question, mut answer, mut packets) =
                (vec![0; 16384], vec![0; 16384], Packets::default());
            loop {
                tokio::select! {
                    Ok(length @ 1..) = client.read(&mut question) => {
                        packets.read(&question[..length], &mut talk.lock().unwrap());
                        server.write_all(&question[..length]).await.unwrap();
                    }
                    Ok(length @ 1..) = server.read(&mut answer) => {
                        talk.lock().unwrap().client_spoke = false;
                        client.write_all(&answer[..length]).await.unwrap();
                    }
                    else => return,
                }
            }
        });
    }
}

/// Parses the packets that the client sends.
/// <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html>
#[derive(Default)]
struct Packets(Vec<u8>);

impl Packets {
    fn read(&mut self, octets: &[u8], talk: &mut Talk) {
        if !talk.client_spoke {
            talk.client_spoke = true;
            talk.turns += 1;
        }
        self.0.extend_from_slice(octets);
        while let [a, b, c, sequence, rest @ ..] = self.0.as_slice() {
            let length = usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16;
            if rest.len() < length {
                break;
            }
            // A command begins a sequence; the packets of a login continue the server's greeting.
            if *sequence == 0 {
                talk.commands.push(name(rest[0]));
            }
            self.0.drain(..4 + length);
        }
    }
}

fn name(command: u8) -> &'static str {
    match command {
        0x01 => "quit",
        0x03 => "query",
        0x0e => "ping",
        0x16 => "prepare",
        0x17 => "execute",
        0x19 => "close",
        _ => panic!("the protocol has command {command:#x}, which no request should need"),
    }
}

/// A database with one connection, which is recorded.
async fn tapped_database() -> (MysqlSchema, Wiretap, Database) {
    // The server now knows the password: an unencrypted login needs no more than its hash.
    let schema = MysqlSchema::migrated().await;
    let tap = Wiretap::on(&schema.application()).await;
    let credentials = Credentials::Fixed(tap.login.clone());
    (schema, tap, Database::Mysql(Mysql { credentials, tls: Tls::Off, pool_size: 1 }))
}

async fn tapped_service() -> (MysqlSchema, Wiretap, Service) {
    let (schema, tap, config) = tapped_database().await;
    (schema, tap, service_on(config).await)
}

fn create(username: &str) -> Request<Body> {
    let body = format!(r#"{{"username":"{username}","email":"{username}@example.com"}}"#);
    json_request(Method::POST, "/users", body)
}

fn rename() -> Request<Body> {
    json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#)
}

#[tokio::test]
async fn a_request_on_a_warm_connection_takes_this_many() {
    let (_schema, tap, service) = tapped_service().await;
    let get = |path| request(Method::GET, path);
    let delete = |path| request(Method::DELETE, path);
    // Each statement is prepared when it is first met.
    for warm_up in [
        create("ada"),
        create("bob"),
        rename(),
        get("/users/1"),
        get("/users"),
        get("/ready"),
        delete("/users/2"),
    ] {
        let path = warm_up.uri().clone();
        let answer = answer(&service, warm_up).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
    }
    tap.take();
    for (name, request, expected) in [
        ("get", get("/users/1"), &["execute"][..]),
        ("list", get("/users?page=1&page_size=10"), &["execute"]),
        ("ready", get("/ready"), &["execute"]),
        ("create", create("bob"), &["execute"]),
        // Writes and reads in one transaction: begin, update, select, commit.
        ("update", rename(), &["query", "execute", "execute", "query"]),
        ("delete", delete("/users/3"), &["execute"]),
    ] {
        let answer = answer(&service, request).await;
        assert!(answer.status.is_success(), "{name}: {}", answer.text());
        let talk = tap.take();
        assert_eq!(talk.commands, expected, "{name}");
        assert_eq!((talk.turns, talk.connections), (expected.len(), 0), "{name}");
    }
}

#[tokio::test]
async fn a_lookup_on_a_warm_connection_takes_one() {
    let (_schema, tap, config) = tapped_database().await;
    let service = service_on(config).await;
    for expected in [&["query", "prepare", "execute", "prepare", "execute"][..], &["execute", "execute"]] {
        for query in ["username=ada", "email=ada@example.com"] {
            let found = answer(&service, request(Method::GET, &format!("/users?{query}"))).await;
            assert_eq!(found.json()["total"], 0);
        }
        assert_eq!(tap.take().commands, expected);
    }
}

#[tokio::test]
async fn a_fresh_connection_takes_this_many() {
    let (schema, tap, service) = tapped_service().await;
    tap.take();
    assert_eq!(answer(&service, request(Method::GET, "/users/1")).await.status, 404);
    let talk = tap.take();
    assert_eq!(talk.commands, ["query", "prepare", "execute"]);
    // The login takes one on MariaDB. On MySQL the driver asks for the server's key and sends the password with it.
    let mariadb = schema.value("select version()").await.unwrap().contains("MariaDB");
    let login = if mariadb { 1 } else { 3 };
    assert_eq!((talk.turns, talk.connections), (talk.commands.len() + login, 1));
}
