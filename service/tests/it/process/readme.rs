//! The README has the table of settings that `--help` has.

use std::fmt::Write;

use users_service::config::settings;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

#[test]
fn the_readme_has_the_table_of_settings() {
    let mut table = "| variable | default | meaning |\n|---|---|---|\n".to_owned();
    for setting in settings() {
        writeln!(table, "| `{}` | {} | {} |", setting.name, setting.default, setting.meaning).unwrap();
    }
    let readme = std::fs::read_to_string(README).unwrap();
    // With the empty line after it: the README has no setting that does not exist.
    assert!(readme.contains(&format!("\n{table}\n")), "README.md lacks this table:\n{table}");
}
