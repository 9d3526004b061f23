use std::os::unix::fs::{PermissionsExt, symlink};
use std::thread;

use tempfile::TempDir;

use super::*;

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn kids(path: &Path) -> Vec<String> {
    let stored = Stored::parse(&read(path).unwrap(), "the file").unwrap();
    stored.keys.into_iter().map(|key| key.kid).collect()
}

#[test]
fn the_file_is_made_once_for_its_owner_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    assert!(matches!(read(&path), Err(Error::Missing(_))));
    make(&path, noon()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let before = kids(&path);
    make(&path, noon()).unwrap();
    assert_eq!(kids(&path), before);
    let mut left: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["keys.json", "keys.json.lock"]);
}

#[test]
fn whoever_may_read_the_folder_holds_up_no_rotation() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let held = File::open(&folder).unwrap();
    held.lock().unwrap();
    rotate(&path, Rotation::Compromised, noon()).unwrap();
    assert_eq!(kids(&path).len(), 1);
    assert_eq!(fs::metadata(beside(&path, ".lock")).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn rotations_at_the_same_time_lose_no_key() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| rotate(&path, Rotation::Gradual, noon()).unwrap());
        }
    });
    assert_eq!(kids(&path).len(), 4);
}

#[test]
fn after_a_leak_one_new_key_is_left() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    rotate(&path, Rotation::Gradual, noon()).unwrap();
    rotate(&path, Rotation::Gradual, noon()).unwrap();
    let old = kids(&path);
    rotate(&path, Rotation::Compromised, noon()).unwrap();
    let new = kids(&path);
    assert_eq!((old.len(), new.len()), (2, 1));
    assert!(!old.contains(&new[0]));
}

#[test]
fn a_file_that_others_may_read_is_refused_with_the_remedy() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    make(&path, noon()).unwrap();
    for mode in [0o644, 0o640, 0o660, 0o604, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("mode 0{mode:o}")), "{error}");
        assert!(error.ends_with(&format!("chmod 600 {}", path.display())), "{error}");
        assert!(rotate(&path, Rotation::Gradual, noon()).is_err());
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(read(&path).is_ok());
}

#[test]
fn a_broken_file_stays_as_it_is_unless_its_keys_are_compromised() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    make(&path, noon()).unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = rotate(&path, Rotation::Gradual, noon()).unwrap_err().to_string();
    assert!(error.contains("end early"), "{error}");
    assert_eq!(fs::read(&path).unwrap().len(), whole.len() / 2);
    rotate(&path, Rotation::Compromised, noon()).unwrap();
    assert_eq!(kids(&path).len(), 1);
}

#[test]
fn what_one_who_was_killed_left_behind_is_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    fs::write(folder.path().join("keys.json.new"), "half").unwrap();
    make(&path, noon()).unwrap();
    assert_eq!(kids(&path).len(), 1);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn a_symbolic_link_stays_one() {
    let folder = TempDir::new().unwrap();
    let (path, link) = (folder.path().join("keys.json"), folder.path().join("link.json"));
    make(&path, noon()).unwrap();
    symlink(&path, &link).unwrap();
    rotate(&link, Rotation::Gradual, noon()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(kids(&path).len(), 2);
}

#[test]
fn a_folder_that_is_not_there_is_reported() {
    let folder = TempDir::new().unwrap();
    let error = make(&folder.path().join("none/keys.json"), noon()).unwrap_err().to_string();
    assert!(error.contains("none/keys.json cannot be written: No such file"), "{error}");
}
