//! What was counted during an invocation, as one line from which `CloudWatch` takes metrics: the embedded metric format.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::fmt::{self, Write};

use chrono::{DateTime, Utc};
use tracing::Level;

use super::json::{begin, write_text};
use crate::metrics::cloudwatch::Metric;
use crate::metrics::{Delta, FinishedRequest};

/// The namespace of the metrics in `CloudWatch`.
const NAMESPACE: &str = "users-service";
/// What a line fits into.
const TYPICAL_LENGTH: usize = 1 << 10;

/// The line. The dimension is the function, and for what tells a bad release its version, too: each further value would be another
/// metric, which is paid for. What else is known is in the line, to be searched for.
pub(super) fn line(delta: &Delta, now: DateTime<Utc>) -> String {
    let mut line = String::with_capacity(TYPICAL_LENGTH);
    // Writing to a string does not fail.
    let _ = write_line(&mut line, delta, now);
    line
}

fn write_line(line: &mut String, delta: &Delta, now: DateTime<Utc>) -> fmt::Result {
    begin(line, Level::INFO, now)?;
    line.push_str(r#","message":"Metrics""#);
    if let Some(request) = &delta.request {
        write_request(line, request)?;
    }
    if !delta.limits.is_empty() {
        line.push_str(r#","limits":["#);
        write_list(line, &delta.limits, |line, limit| write!(line, r#""{limit}""#))?;
        line.push(']');
    }
    write!(line, r#","_aws":{{"Timestamp":{},"CloudWatchMetrics":["#, now.timestamp_millis())?;
    let metrics: Vec<&Metric> = delta.values.iter().map(|(metric, _)| *metric).collect();
    let by_version: Vec<&Metric> = metrics.iter().copied().filter(|metric| metric.by_version).collect();
    write_directive(line, r#""FunctionName""#, &metrics)?;
    if !by_version.is_empty() {
        line.push(',');
        write_directive(line, r#""FunctionName","ExecutedVersion""#, &by_version)?;
    }
    line.push_str("]}");
    write_text(line, "FunctionName", &delta.function)?;
    if !by_version.is_empty() {
        write_text(line, "ExecutedVersion", &delta.version)?;
    }
    for (metric, value) in &delta.values {
        write!(line, r#","{}":{value}"#, metric.name)?;
    }
    line.push_str("}\n");
    Ok(())
}

/// Which members are metrics, and which are their dimensions.
fn write_directive(line: &mut String, dimensions: &str, metrics: &[&Metric]) -> fmt::Result {
    write!(line, r#"{{"Namespace":"{NAMESPACE}","Dimensions":[[{dimensions}]],"Metrics":["#)?;
    write_list(line, metrics, |line, metric| {
        write!(line, r#"{{"Name":"{}","Unit":"{}"}}"#, metric.name, metric.unit.name())
    })?;
    line.push_str("]}");
    Ok(())
}

/// The members that the line of the answer has too.
fn write_request(line: &mut String, request: &FinishedRequest) -> fmt::Result {
    write_text(line, "method", request.method)?;
    write_text(line, "route", &request.route)?;
    if let Some(status) = request.status {
        write!(line, r#","status":{}"#, status.as_u16())?;
    }
    write!(line, r#","duration_ms":{}"#, request.duration_ms)?;
    write_text(line, "request_id", &request.id)
}

fn write_list<T>(
    line: &mut String,
    items: &[T],
    write: impl Fn(&mut String, &T) -> fmt::Result,
) -> fmt::Result {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        write(line, item)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::{Value, json};

    use super::*;
    use crate::metrics::cloudwatch;

    /// Text that would end a string, a member or a line.
    const HOSTILE: &str = "a\",\"_aws\":{}}\n{\"x\":\"\\\u{2028}é";

    #[test]
    fn no_text_can_end_its_member_or_the_line() {
        let values = cloudwatch::METRICS.iter().map(|metric| (metric, 1.5)).collect();
        let request = FinishedRequest {
            method: "GET",
            route: HOSTILE.to_owned(),
            status: Some(StatusCode::IM_A_TEAPOT),
            duration_ms: 0.25,
            id: HOSTILE.to_owned(),
        };
        let delta = Delta {
            function: HOSTILE.to_owned(),
            version: HOSTILE.to_owned(),
            values,
            limits: vec!["sign-in"],
            request: Some(request),
        };
        let line = line(&delta, DateTime::from_timestamp_millis(1_705_314_600_123).unwrap());
        assert_eq!(line.matches('\n').count(), 1);
        let line: Value = serde_json::from_str(&line).unwrap();
        for member in ["FunctionName", "ExecutedVersion", "route", "request_id"] {
            assert_eq!(line[member], HOSTILE);
        }
        assert_eq!(line["_aws"]["Timestamp"], 1_705_314_600_123_u64);
        assert_eq!((&line["status"], &line["limits"]), (&json!(418), &json!(["sign-in"])));
        let definitions = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(definitions.len(), cloudwatch::METRICS.len());
    }
}
