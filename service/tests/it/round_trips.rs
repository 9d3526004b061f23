//! How often a request goes to the server and back: counted on the wire, because each costs as much as all the rest.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use users_service::app::Service;
use users_service::config::{Credentials, Database, Login, Mysql, Tls};
use users_service::store::migration::Task;

use crate::databases::MysqlSchema;
use crate::test_app::{answer, json_request, service_on};

/// A way to the server on which commands are counted.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// Opens the way, and returns where it begins.
    async fn before(&self, server: &Login) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (counter, server) = (self.clone(), (server.host.clone(), server.port));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(server.clone()).await.unwrap();
                tokio::spawn(counter.clone().carry(client, server));
            }
        });
        address
    }

    async fn carry(self, client: TcpStream, server: TcpStream) {
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let answers = copy(&mut from_server, &mut to_client);
        let commands = async {
            // A packet: three bytes of length, one of its number in the exchange, which a command begins with 0.
            // https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
            let mut header = [0; 4];
            while from_client.read_exact(&mut header).await.is_ok() {
                let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
                let mut packet = vec![0; length as usize];
                from_client.read_exact(&mut packet).await.unwrap();
                if header[3] == 0 {
                    self.0.fetch_add(1, Ordering::SeqCst);
                }
                to_server.write_all(&[&header[..], &packet].concat()).await.unwrap();
            }
        };
        tokio::select! { _ = answers => {} () = commands => {} }
    }

    fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

struct CountedApp {
    service: Service,
    counter: Counter,
    schema: MysqlSchema,
}

impl CountedApp {
    async fn new() -> Self {
        let schema = MysqlSchema::new().await;
        schema.migrate(Task::Apply).await.unwrap();
        let counter = Counter::default();
        let address = counter.before(&schema.login).await;
        let login = Login { host: address.ip().to_string(), port: address.port(), ..schema.login.clone() };
        // In the clear, for the counter to read.
        let database =
            Database::Mysql(Mysql { credentials: Credentials::Fixed(login), tls: Tls::Off, pool_size: 1 });
        Self { service: service_on(database).await, counter, schema }
    }

    /// Sends a request and returns its status and its round trips.
    async fn count(&self, method: Method, path: &str, body: &'static str) -> (u16, usize) {
        self.counter.take();
        let answer = answer(&self.service, json_request(method, path, body)).await;
        (answer.status.as_u16(), self.counter.take())
    }
}

const ADA: &str = r#"{"username":"ada","email":"ada@example.com"}"#;
const BOB: &str = r#"{"username":"bob","email":"bob@example.com"}"#;

#[tokio::test]
async fn a_request_is_one_round_trip_and_an_update_four() {
    let app = CountedApp::new().await;
    // Once each, for the statements to be prepared.
    for (method, path, body) in [
        (Method::POST, "/users", ADA),
        (Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#),
        (Method::GET, "/users/1", ""),
        (Method::GET, "/users", ""),
        (Method::DELETE, "/users/1", ""),
        (Method::GET, "/ready", ""),
    ] {
        app.count(method, path, body).await;
    }
    assert_eq!(app.count(Method::POST, "/users", BOB).await, (201, 1));
    assert_eq!(app.count(Method::GET, "/users/2", "").await, (200, 1));
    assert_eq!(app.count(Method::GET, "/users/9", "").await, (404, 1));
    assert_eq!(app.count(Method::GET, "/users?page=2", "").await, (200, 1));
    assert_eq!(app.count(Method::POST, "/users", BOB).await, (409, 1));
    // Begin, update, select, commit.
    assert_eq!(app.count(Method::PUT, "/users/2", r#"{"full_name":"Bob"}"#).await, (200, 4));
    assert_eq!(app.count(Method::DELETE, "/users/2", "").await, (204, 1));
    assert_eq!(app.count(Method::GET, "/ready", "").await, (200, 1));
    assert_eq!(app.schema.value("select count(*) from users").await.unwrap(), "0");
}

#[tokio::test]
async fn what_is_refused_or_needs_no_user_does_not_go_to_the_server() {
    let app = CountedApp::new().await;
    assert_eq!(app.count(Method::GET, "/health", "").await, (200, 0));
    assert_eq!(app.count(Method::GET, "/users/nobody", "").await, (422, 0));
    assert_eq!(app.count(Method::POST, "/users", r#"{"username":"-"}"#).await, (422, 0));
    assert_eq!(app.count(Method::GET, "/nothing", "").await, (404, 0));
    assert_eq!(app.count(Method::GET, "/openapi.json", "").await, (200, 0));
}

#[tokio::test]
async fn a_new_connection_costs_one_command_and_a_new_statement_another() {
    let app = CountedApp::new().await;
    // The session's settings, the preparation, the statement.
    assert_eq!(app.count(Method::GET, "/users/1", "").await, (404, 3));
    assert_eq!(app.count(Method::GET, "/users", "").await, (200, 2));
    assert_eq!(app.count(Method::GET, "/users", "").await, (200, 1));
}
