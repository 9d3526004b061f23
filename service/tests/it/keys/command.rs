//! `users-service rotate-keys`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::program::run;

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("keys.json")
    }

    fn rotate(&self, options: &[&str]) -> Output {
        let arguments: Vec<&str> = [&["rotate-keys"], options].concat();
        run(&arguments, &[("SIGNING_KEYS_FILE", self.path().display().to_string())])
    }

    fn kids(&self) -> Vec<String> {
        let stored: Value = serde_json::from_slice(&fs::read(self.path()).unwrap()).unwrap();
        let kids = stored["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap());
        kids.map(str::to_owned).collect()
    }
}

/// The private parts of a file.
fn secrets(path: &Path) -> Vec<String> {
    let stored: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let keys = stored["keys"].as_array().unwrap().iter().map(|key| &key["pkcs8"]);
    let mac_keys = stored["mac_keys"].as_array().unwrap().iter().map(|key| &key["key"]);
    keys.chain(mac_keys).map(|secret| secret.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_file_is_made_rotated_and_replaced() {
    let file = File::new();
    let mut shown = Vec::new();
    let mut rotate = |options: &[&str], expected: &str| {
        let output = file.rotate(options);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(expected), "{text}");
        shown.push(text);
        shown.push(String::from_utf8(output.stderr).unwrap());
        file.kids()
    };
    let first = rotate(&[], "is made; its key signs at once");
    let second = rotate(&[], "is published now and signs in two hours");
    assert_eq!((first.len(), second.len(), &second[0]), (1, 2, &first[0]));
    let third = rotate(&["--compromised"], "signs at once, and no other");
    assert_eq!(third.len(), 1);
    assert!(!second.contains(&third[0]));
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o7777, 0o600);
    for secret in secrets(&file.path()) {
        assert!(!shown.concat().contains(&secret));
    }
}

#[test]
fn a_file_that_others_may_read_is_refused_with_what_to_do() {
    let file = File::new();
    file.rotate(&[]);
    fs::set_permissions(file.path(), Permissions::from_mode(0o644)).unwrap();
    let output = file.rotate(&[]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains(&format!("chmod 600 {}", file.path().display())), "{message}");
}

#[test]
fn a_broken_file_is_reported_without_its_keys() {
    let file = File::new();
    file.rotate(&[]);
    let whole = fs::read_to_string(file.path()).unwrap();
    let secrets = secrets(&file.path());
    for broken in [&whole[..whole.len() / 2], &whole.replace(&secrets[0], &secrets[0][4..])] {
        fs::write(file.path(), broken).unwrap();
        let output = file.rotate(&[]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(message.contains("the signing keys in "), "{message}");
        assert!(!secrets.iter().any(|secret| message.contains(&secret[4..40])), "{message}");
    }
}
