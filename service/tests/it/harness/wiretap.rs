//! A proxy in front of the server that records what is said, command by command.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use users_service::config::Login;

/// The traffic since the last call of `take`.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    /// The commands of the client, by their names in the protocol.
    pub(crate) commands: Vec<&'static str>,
    /// The number of round trips: how often the client sent after the server had.
    pub(crate) turns: usize,
    client_spoke: bool,
    pub(crate) connections: usize,
}

/// A proxy between the service and the server that records the traffic. The connection must be unencrypted.
pub(crate) struct Wiretap {
    pub(crate) login: Login,
    talk: Arc<Mutex<Talk>>,
    task: JoinHandle<()>,
}

impl Wiretap {
    pub(crate) async fn on(server: &Login) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let talk = Arc::new(Mutex::new(Talk::default()));
        let listening = tokio::spawn(listen(listener, (server.host.clone(), server.port), Arc::clone(&talk)));
        let login = Login { host: address.ip().to_string(), port: address.port(), ..server.clone() };
        Self { login, talk, task: listening }
    }

    pub(crate) fn take(&self) -> Talk {
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
