//! docs/configuration.md has the table of settings that `--help` has.

use std::fmt::Write;

use users_service::config::settings;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");

#[test]
fn the_page_on_configuration_has_the_table_of_settings() {
    let mut table = "| variable | default | meaning |\n|---|---|---|\n".to_owned();
    for setting in settings() {
        writeln!(table, "| `{}` | {} | {} |", setting.name, setting.default, setting.meaning).unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    // With the empty line behind it: the page has no setting that is gone.
    assert!(page.contains(&format!("\n{table}\n")), "docs/configuration.md lacks this table:\n{table}");
}
