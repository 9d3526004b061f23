//! An SQLite file that cannot grow, or is damaged.

use std::fs;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};

use axum::http::StatusCode;
use serde_json::json;
use sqlx::{Connection, query_scalar};

use super::tally::Tally;
use crate::harness::databases::SqliteFile;
use crate::harness::program::Server;
use crate::harness::test_app::Answer;

/// Its lines have the request id.
const LOG: [(&str, &str); 1] = [("LOG_FORMAT", "json")];

fn count(tally: &Tally, answer: &Answer, expected: StatusCode) {
    tally.answer(answer.status, !answer.header("retry-after").is_empty(), answer.status == expected);
}

/// Creates users until this many in a row are refused, and returns how many were created and the last refusal.
async fn create_until_refused(server: &Server, tally: &Tally, prefix: &str) -> (u64, Answer) {
    const IN_A_ROW: usize = 20;
    const ENOUGH: usize = 2000;
    let (mut created, mut refused) = (0, Vec::new());
    for turn in 0..ENOUGH {
        let name = format!("{prefix}-{turn}");
        let body =
            json!({"username": name, "email": format!("{name}@example.com"), "full_name": "x".repeat(100)});
        let answer = server.post("/users", body).await;
        count(tally, &answer, StatusCode::CREATED);
        if answer.status == StatusCode::CREATED {
            created += 1;
            refused.clear();
        } else {
            refused.push(answer);
        }
        if refused.len() == IN_A_ROW {
            return (created, refused.remove(0));
        }
    }
    panic!("there is still space after {ENOUGH} users");
}

/// Checks that writes are refused with this code while reads succeed, that writes succeed once there is space again, and
/// that no acknowledged user is lost.
async fn assert_survives_a_lack_of_space(
    server: &Server,
    tally: &Tally,
    code: &str,
    make_space: impl FnOnce(),
) {
    let (created, refused) = create_until_refused(server, tally, "early").await;
    let problem = refused.assert_problem(503, code);
    let id = problem["request_id"].as_str().unwrap();
    server.program.logged(id).await;
    let about = |line: &String| line.contains("Service unavailable") && line.contains(id);
    assert!(server.program.log().iter().any(about), "{id}");
    let listed = server.get("/users").await;
    count(tally, &listed, StatusCode::OK);
    assert_eq!(listed.json()["total"], created);

    make_space();
    let body = json!({"username": "late", "email": "late@example.com"});
    count(tally, &server.post("/users", body).await, StatusCode::CREATED);
    let listed = server.get("/users").await;
    count(tally, &listed, StatusCode::OK);
    assert_eq!(listed.json()["total"], created + 1);
    let counts = tally.counts();
    assert_eq!((counts.answered, counts.wrong, counts.lost), (created + 3, 0, 0), "{counts:?}");
}

#[tokio::test]
async fn a_disk_quota_refuses_writes_and_loses_nothing() {
    let tally = Tally::of("SQLite file at its size limit");
    // In units of 512 octets.
    let server = Server::on_sqlite_after("ulimit -S -f 600; trap '' XFSZ", &LOG).await;
    assert_survives_a_lack_of_space(&server, &tally, "database_unreachable", || {
        let id = server.program.id().to_string();
        let raised = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited"]).status().unwrap();
        assert!(raised.success());
    })
    .await;
}

/// Mounts a small file system on the folder of the process; that needs user namespaces.
const SMALL_DISK: &str = r#"exec unshare --user --map-root-user --mount sh -c '
    mount -t tmpfs -o size=600k none "$PWD" && cd "$PWD" && head -c 200000 /dev/zero >ballast && exec "$0" "$@"
    ' "$0" "$@""#;

fn can_mount() -> bool {
    let mount = ["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"];
    Command::new("unshare").args(mount).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_loses_nothing() {
    if !can_mount() {
        eprintln!("Only root may mount here: a full disk was not tested");
        return;
    }
    let tally = Tally::of("SQLite on a full disk");
    let server = Server::on_sqlite_after(SMALL_DISK, &LOG).await;
    assert_survives_a_lack_of_space(&server, &tally, "database_full", || {
        fs::remove_file(format!("/proc/{}/cwd/ballast", server.program.id())).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_damaged_file_is_an_outage_until_it_is_restored() {
    const USERS: u64 = 200;
    let file = SqliteFile::new();
    let variables = [("SQLITE_PATH", file.path().display().to_string())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let tally = Tally::of("SQLite file damaged and restored");
    let mut server = Server::on_sqlite(&variables).await;
    for turn in 0..USERS {
        let body = json!({"username": format!("user-{turn}"), "email": format!("user-{turn}@example.com")});
        count(&tally, &server.post("/users", body).await, StatusCode::CREATED);
    }
    server.program.terminate();
    server.program.ended().await;
    let backup = back_up(&file).await;
    damage(&file).await;

    let mut server = Server::on_sqlite(&variables).await;
    for path in ["/users", "/users/1", "/users?username=user-7"] {
        let answer = server.get(path).await;
        answer.assert_problem(503, "database_damaged");
        count(&tally, &answer, StatusCode::OK);
    }
    let answer = server.post("/users", json!({"username": "ada", "email": "ada@example.com"})).await;
    count(&tally, &answer, StatusCode::CREATED);
    assert!(server.program.logged("Service unavailable").await.contains("malformed"));
    assert_eq!(server.get("/health").await.status, 200);
    server.program.terminate();
    server.program.ended().await;

    for name in ["users.db-wal", "users.db-shm"] {
        let _ = fs::remove_file(file.folder().join(name));
    }
    fs::write(file.path(), backup).unwrap();
    let server = Server::on_sqlite(&variables).await;
    let listed = server.get("/users").await;
    count(&tally, &listed, StatusCode::OK);
    assert_eq!(listed.json()["total"], USERS);
    let counts = tally.counts();
    assert_eq!((counts.answered, counts.shed, counts.wrong, counts.lost), (USERS + 1, 4, 0, 0), "{counts:?}");
}

/// The whole database as one file.
async fn back_up(file: &SqliteFile) -> Vec<u8> {
    file.execute("pragma wal_checkpoint(truncate)").await;
    fs::read(file.path()).unwrap()
}

/// Overwrites the first page of the table, as a failing disk may.
async fn damage(file: &SqliteFile) {
    let mut connection = file.connect().await;
    let root: i64 = query_scalar("select rootpage from sqlite_master where name = 'users'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let size: i64 = query_scalar("pragma page_size").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (root, size) = (u64::try_from(root).unwrap(), usize::try_from(size).unwrap());
    let disk = fs::File::options().write(true).open(file.path()).unwrap();
    disk.write_all_at(&vec![0xa5; size], (root - 1) * size as u64).unwrap();
}
