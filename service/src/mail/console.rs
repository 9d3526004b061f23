//! Mails on a developer's machine: shown on standard output, and kept as files that only the owner can read.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::message::Outgoing;
use super::sender::SendError;

/// The mode of the folder.
const OWNER_ONLY: u32 = 0o700;

/// Shows mails, and keeps them in a folder.
pub(super) struct Console {
    folder: PathBuf,
}

impl Console {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) async fn send(&self, mail: Outgoing) -> Result<(), SendError> {
        let (folder, message) = (self.folder.clone(), mail.message()?.formatted());
        let path = folder.join(format!("{}.eml", mail.id));
        let shown = format!(
            "\n{line} {}\nTo: {}\nSubject: {}\n\n{}{line}\n",
            path.display(),
            mail.recipient,
            mail.subject,
            mail.text,
            line = "--------",
        );
        let kept = spawn_blocking(move || keep(&folder, &path, &message)).await;
        kept.map_err(io::Error::other).flatten().map_err(|error| SendError::Transient(error.into()))?;
        // It is sent even if nobody reads the terminal.
        let _ = spawn_blocking(move || show(&shown)).await;
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "the terminal is where these mails go")]
fn show(text: &str) {
    println!("{text}");
}

fn keep(folder: &Path, path: &Path, message: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(folder)?;
    // It may have been there before, open to others. They must not even see which mails there are.
    if fs::metadata(folder)?.permissions().mode() & 0o777 != OWNER_ONLY {
        fs::set_permissions(folder, Permissions::from_mode(OWNER_ONLY))?;
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(message)
}
