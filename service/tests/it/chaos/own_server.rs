//! A database server of a test's own, which may be killed or misconfigured.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::harness::databases::{MysqlSchema, login_of};

/// A running server with a migrated schema.
pub(super) struct OwnServer {
    // Dropped first: it cleans up on the server.
    pub(super) schema: MysqlSchema,
    folder: Folder,
}

struct Folder(TempDir);

impl OwnServer {
    /// With options of the server's own, such as `--max-connections=8`.
    pub(super) async fn start(options: &[&str]) -> Self {
        let folder = Folder(TempDir::new().unwrap());
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let printed = script("start", folder.0.path(), options).await;
        let url = printed.lines().find_map(|line| line.strip_prefix("TEST_MYSQL_URL=")).unwrap();
        let schema = MysqlSchema::on(login_of(url, ""), "character set utf8mb4").await;
        Self { schema: schema.into_migrated().await, folder }
    }

    /// Kills it, as a power failure would.
    pub(super) async fn kill(&self) {
        script("kill", self.folder.0.path(), Vec::new()).await;
    }

    /// Starts it again, on the same data and port.
    pub(super) async fn restart(&self) {
        script("restart", self.folder.0.path(), Vec::new()).await;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        run("stop", self.0.path(), &[]);
    }
}

/// Runs in a thread of its own, so that requests go on meanwhile.
async fn script(verb: &'static str, folder: &Path, options: Vec<String>) -> String {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || run(verb, &folder, &options)).await.unwrap()
}

fn run(verb: &str, folder: &Path, options: &[String]) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/test-database.sh");
    let output = Command::new(path).arg(verb).arg(folder).args(options).output().unwrap();
    assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
