//! The README tells of every setting what `--help` tells.

use users_service::config::SETTINGS;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

#[test]
fn the_readme_has_the_table_of_settings() {
    let readme = std::fs::read_to_string(README).unwrap();
    for setting in SETTINGS {
        let row = format!("| `{}` | {} | {} |", setting.name, setting.default, setting.meaning);
        assert!(readme.lines().any(|line| line == row), "README.md lacks this row:\n{row}");
    }
}

#[test]
fn the_readme_has_no_setting_that_is_gone() {
    let readme = std::fs::read_to_string(README).unwrap();
    let table = readme.lines().skip_while(|line| !line.starts_with("| `ENVIRONMENT`"));
    let rows = table.take_while(|line| line.starts_with('|')).count();
    assert_eq!(rows, SETTINGS.len());
}
