//! Mails that are kept as files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::accounts::AccountsApp;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn only_the_owner_reads_what_is_kept_even_if_the_folder_was_open() {
    let app = AccountsApp::on_sqlite().await;
    app.person("ada", &[]).await;
    fs::create_dir_all(&app.mails).unwrap();
    fs::set_permissions(&app.mails, fs::Permissions::from_mode(0o755)).unwrap();
    app.ask_for_reset("ada").await;
    assert_eq!(app.deliver().await.len(), 1);
    assert_eq!(mode(&app.mails), 0o700);
    fs::remove_dir(&app.mails).unwrap();
    app.ask_for_verification("ada@example.com").await;
    assert_eq!(app.deliver().await.len(), 1);
    assert_eq!(mode(&app.mails), 0o700, "one that it makes itself");
}
