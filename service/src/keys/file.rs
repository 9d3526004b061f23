//! The keys in a file that nobody else can read, replaced as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroizing;
use tracing::info;

use super::Error;
use super::stored::{MAX_SIZE, Stored};

/// The permissions of anybody but the owner.
const OTHERS: u32 = 0o077;

/// What a rotation does with the keys that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// A new key takes over in two hours; the one before verifies until its tokens are over.
    Gradual,
    /// A key has leaked: all are dropped, and a new one signs at once.
    Compromised,
}

/// The octets of the file.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::Missing(path.to_owned()),
        _ => Error::File { path: path.to_owned(), action: "read", message: error.to_string() },
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(Error::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_SIZE));
    file.take(MAX_SIZE as u64).read_to_end(&mut text).map_err(failed)?;
    Ok(text)
}

/// Makes the file with a first key, if there is none. Processes that start at the same time make one together.
pub(super) fn make(path: &Path, now: DateTime<Utc>) -> Result<(), Error> {
    if path.exists() {
        return Ok(());
    }
    let place = Place::lock(path)?;
    if !place.target.exists() {
        place.replace(&Stored::first(now)?)?;
        info!("Made the signing keys in {}", path.display());
    }
    Ok(())
}

/// Rotates the keys in the file, or makes it with a first key if there is none, and says what was done. One rotation waits
/// for another.
///
/// # Errors
/// If the file cannot be read or written, or no key can be made.
pub fn rotate(path: &Path, rotation: Rotation, now: DateTime<Utc>) -> Result<String, Error> {
    let place = Place::lock(path)?;
    let shown = path.display();
    let (stored, done) = match (rotation, read(path)) {
        // What is in the file does not matter then, not even whether it can be read.
        (Rotation::Compromised, _) => {
            (Stored::first(now)?, format!("{shown} has a new key, which signs at once, and no other"))
        }
        (Rotation::Gradual, Err(Error::Missing(_))) => {
            (Stored::first(now)?, format!("{shown} is made; its key signs at once"))
        }
        (Rotation::Gradual, text) => {
            let stored = Stored::read(&text?, &shown.to_string())?.rotated(now)?;
            (stored, format!("{shown} has a new key, which is published now and signs in two hours"))
        }
    };
    place.replace(&stored)?;
    Ok(done)
}

/// The file, which is locked until this is dropped: two who read, change and write would lose a key.
struct Place {
    path: PathBuf,
    /// Where it is in truth: to rename to a symbolic link would replace the link.
    target: PathBuf,
    folder: File,
    /// A file beside it that nobody else can open, and so not lock: the folder may be everybody's to read.
    _lock: File,
}

impl Place {
    fn lock(path: &Path) -> Result<Self, Error> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let failed = |error: io::Error| Self::failed(path, &error);
        let folder = File::open(parent.unwrap_or(Path::new("."))).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(beside(&target, ".lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Self { path: path.to_owned(), folder, target, _lock: lock })
    }

    /// Whoever reads meanwhile has the old file or the new one, and so has the machine after a power cut.
    fn replace(&self, keys: &Stored) -> Result<(), Error> {
        let part = beside(&self.target, ".new");
        let written = self.write(&part, keys.render()?.as_bytes());
        written.map_err(|error| {
            let _ = fs::remove_file(&part);
            Self::failed(&self.path, &error)
        })
    }

    fn write(&self, part: &Path, text: &[u8]) -> io::Result<()> {
        // Left behind by one who was killed: the file is locked, so nobody is at work on it.
        match fs::remove_file(part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(part, &self.target)?;
        self.folder.sync_all()
    }

    fn failed(path: &Path, error: &io::Error) -> Error {
        Error::File { path: path.to_owned(), action: "written", message: error.to_string() }
    }
}

/// The path with an end added to the name.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests;
