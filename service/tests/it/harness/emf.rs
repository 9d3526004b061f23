//! Reads log lines as `CloudWatch` Logs reads them, by its specification of the embedded metric format.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use users_service::clock::{Clock, SystemClock};

/// The units of <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html> that are no rates.
const UNITS: [&str; 16] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "None",
];
/// What is older than two weeks, or more than two hours in the future, is refused.
const OLDEST: i64 = 14 * 24 * 3600 * 1000;
const NEWEST: i64 = 2 * 3600 * 1000;

/// What `CloudWatch` makes of a line.
#[derive(Debug)]
pub(crate) struct Extracted {
    pub(crate) namespace: String,
    /// The dimensions of every metric.
    pub(crate) dimensions: Dimensions,
    /// The value and the unit of each metric.
    pub(crate) metrics: Metrics,
    /// The metrics that are there once more by the version of the function.
    pub(crate) by_version: Vec<String>,
    /// The whole line.
    pub(crate) line: Value,
}

impl Extracted {
    /// The values alone, by their names.
    pub(crate) fn values(&self) -> Vec<(&str, f64)> {
        self.metrics.iter().map(|(name, (value, _))| (name.as_str(), *value)).collect()
    }

    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).map(|(value, _)| *value)
    }
}

/// What is made of a log event; `None` if it is an ordinary one. One that is meant to be metrics and is malformed is a panic.
pub(crate) fn extract(event: &str) -> Option<Extracted> {
    let line: Value = serde_json::from_str(event).ok()?;
    let root = line.as_object()?;
    let metadata = root.get("_aws")?.as_object().expect("_aws is an object");
    assert!(event.len() < 256 << 10 && event.starts_with('{') && event.ends_with('}'), "{event}");
    // A member that is there twice would hide another: serde_json keeps the last.
    assert_eq!(event.matches("\"_aws\":").count(), 1, "{event}");
    assert_members(metadata, &["CloudWatchMetrics", "Timestamp"]);
    let timestamp = metadata["Timestamp"].as_i64().expect("the timestamp is a whole number");
    let age = SystemClock.now().timestamp_millis() - timestamp;
    assert!((-NEWEST..OLDEST).contains(&age), "{event}");
    let directives = metadata["CloudWatchMetrics"].as_array().unwrap();
    let mut read = directives.iter().map(|each| directive(root, each));
    let (namespace, dimensions, metrics) = read.next().expect("there is a directive");
    let by_version = read.next().map(|(space, further, of_version)| {
        assert_eq!(space, namespace);
        let version = root["ExecutedVersion"].as_str().unwrap().to_owned();
        let mut expected = dimensions.clone();
        expected.insert("ExecutedVersion".to_owned(), version);
        assert_eq!(further, expected, "{event}");
        of_version.into_keys().collect()
    });
    assert!(read.next().is_none(), "each directive makes its metrics anew, which is paid for: {event}");
    drop(read);
    Some(Extracted { namespace, dimensions, metrics, by_version: by_version.unwrap_or_default(), line })
}

type Dimensions = BTreeMap<String, String>;
type Metrics = BTreeMap<String, (f64, String)>;

/// The namespace, the dimensions and the metrics of a directive.
fn directive(root: &Map<String, Value>, directive: &Value) -> (String, Dimensions, Metrics) {
    let directive = directive.as_object().unwrap();
    assert_members(directive, &["Dimensions", "Metrics", "Namespace"]);
    let namespace = text(&directive["Namespace"], 255);
    assert!(!namespace.starts_with("AWS/") && namespace.chars().all(may_be_in_namespace), "{namespace}");
    let [set] = directive["Dimensions"].as_array().unwrap().as_slice() else {
        panic!("each set of dimensions makes every metric anew, which is paid for: {directive:?}")
    };
    (namespace, dimensions(root, set.as_array().unwrap()), metrics(root, &directive["Metrics"]))
}

fn dimensions(root: &Map<String, Value>, names: &[Value]) -> Dimensions {
    assert!(names.len() <= 30, "{names:?}");
    let names = names.iter().map(|name| text(name, 250));
    let dimensions = names.map(|name| {
        let value = text(&root[&name], 1024);
        assert!(
            value.is_ascii() && !value.contains(char::is_control) && !value.trim().is_empty(),
            "{value:?}"
        );
        (name, value)
    });
    dimensions.collect()
}

fn metrics(root: &Map<String, Value>, definitions: &Value) -> Metrics {
    let definitions = definitions.as_array().unwrap();
    assert!((1..=100).contains(&definitions.len()), "{definitions:?}");
    let metrics = definitions.iter().map(|definition| {
        let definition = definition.as_object().unwrap();
        assert_members(definition, &["Name", "Unit"]);
        let (name, unit) = (text(&definition["Name"], 255), text(&definition["Unit"], 20));
        assert!(UNITS.contains(&&*unit), "{unit}");
        let value = root[&name].as_f64().expect("the target of a metric is a number");
        (name, (value, unit))
    });
    let metrics: Metrics = metrics.collect();
    assert_eq!(metrics.len(), definitions.len(), "a metric is there twice: {definitions:?}");
    metrics
}

#[track_caller]
fn assert_members(object: &Map<String, Value>, names: &[&str]) {
    let found: BTreeSet<_> = object.keys().map(String::as_str).collect();
    assert_eq!(found, names.iter().copied().collect());
}

#[track_caller]
fn text(value: &Value, longest: usize) -> String {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned();
    assert!((1..=longest).contains(&text.len()), "{text:?}");
    text
}

fn may_be_in_namespace(character: char) -> bool {
    character.is_ascii_alphanumeric() || ".-_/#:".contains(character)
}
