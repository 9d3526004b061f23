//! docs/metrics.md has the tables of metrics that the service has.

use std::fmt::Write;

use users_service::metrics::{METRICS, cloudwatch};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");

#[test]
fn the_page_on_metrics_has_the_table_of_metrics() {
    let mut table = "| metric | kind | unit | labels | meaning |\n|---|---|---|---|---|\n".to_owned();
    for metric in METRICS {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (kind, unit) = (metric.kind.name(), metric.unit.unwrap_or_default());
        writeln!(table, "| `{}` | {kind} | {unit} | {} | {} |", metric.name, labels.join(", "), metric.help)
            .unwrap();
    }
    assert_on_page(&table);
}

#[test]
fn the_page_on_metrics_has_the_table_of_metrics_in_cloudwatch() {
    let mut table = "| metric | unit | line | meaning |\n|---|---|---|---|\n".to_owned();
    for metric in cloudwatch::METRICS {
        let line = if metric.usual { "`all`" } else { "`all`, `sparse`" };
        writeln!(table, "| `{}` | {} | {line} | {} |", metric.name, metric.unit.name(), metric.help).unwrap();
    }
    assert_on_page(&table);
}

#[track_caller]
fn assert_on_page(table: &str) {
    let page = std::fs::read_to_string(PAGE).unwrap();
    // With the empty line behind it: the page has no metric that is gone.
    assert!(page.contains(&format!("\n{table}\n")), "docs/metrics.md lacks this table:\n{table}");
}
