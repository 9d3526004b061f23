//! Records the commit that the executable is built from, for `/health` and `--version`.

use std::process::Command;

#[expect(clippy::disallowed_methods, reason = "a build script has no other configuration")]
fn main() {
    println!("cargo::rerun-if-env-changed=GIT_COMMIT");
    println!("cargo::rerun-if-changed=../.git/HEAD");
    println!("cargo::rerun-if-changed=../.git/refs/heads");
    let commit = std::env::var("GIT_COMMIT").ok().filter(|commit| !commit.is_empty()).or_else(head);
    println!("cargo::rustc-env=BUILD_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
}

/// The commit that is checked out; nothing outside a git checkout, as in an image build.
fn head() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
