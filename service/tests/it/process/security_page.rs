//! docs/security.md names tests that exist.

use std::fs;
use std::path::Path;

const SERVICE: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn every_test_on_the_page_about_security_exists() {
    let page = fs::read_to_string(Path::new(SERVICE).join("../docs/security.md")).unwrap();
    let named: Vec<&str> = page.split('`').filter(|text| text.contains(".rs::")).collect();
    assert!(named.len() > 50, "the page has lost its tests: {named:?}");
    let missing: Vec<_> = named.into_iter().filter(|test| !exists(test)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

/// Whether there is a test like `src/random.rs::a_name`, or `users/calls.rs::a_name` in `tests/it`.
fn exists(test: &str) -> bool {
    let Some((file, name)) = test.split_once("::") else { return false };
    let folder = if file.starts_with("src/") { "" } else { "tests/it" };
    let source = fs::read_to_string(Path::new(SERVICE).join(folder).join(file)).unwrap_or_default();
    let listed = source.lines().any(|line| line.trim().trim_end_matches(',') == name);
    let with_macro = source.contains("on_every_database!") && listed;
    let functions = source.split("#[test]").chain(source.split("#[tokio::test")).skip(1);
    let start = format!("{name}(");
    let marked =
        functions.filter_map(|rest| rest.split_once("fn ")).any(|(_, rest)| rest.starts_with(&start));
    with_macro || marked
}
