//! The text format of `OpenMetrics` 1.0.

use std::fmt::{Display, Write};

use super::declared::{Kind, Metric};
use super::instruments::{BOUNDS, Histogram};

/// The media type of the text.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A text that is being written. Writing to a string does not fail.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// A family whose samples are being written.
pub(super) struct Family<'a> {
    text: &'a mut String,
    metric: &'static Metric,
}

impl Text {
    /// Begins a family.
    pub(super) fn family(&mut self, metric: &'static Metric) -> Family<'_> {
        let Metric { name, kind, unit, help, .. } = metric;
        let _ = writeln!(self.0, "# TYPE {name} {}", kind.name());
        if let Some(unit) = unit {
            let _ = writeln!(self.0, "# UNIT {name} {unit}");
        }
        let _ = writeln!(self.0, "# HELP {name} {help}");
        Family { text: &mut self.0, metric }
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }
}

impl Family<'_> {
    /// A sample, with a value for each label of the metric.
    pub(super) fn sample(&mut self, values: &[&str], value: impl Display) {
        let suffix = match self.metric.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Histogram => "",
        };
        self.line(suffix, values, None, value);
    }

    /// The samples of a histogram.
    pub(super) fn histogram(&mut self, values: &[&str], histogram: &Histogram) {
        let counts = histogram.cumulative();
        for (bound, count) in BOUNDS.iter().zip(counts) {
            // With a point, as OpenMetrics wants it: 1.0.
            let bound = format!("{:?}", std::time::Duration::from_millis(*bound).as_secs_f64());
            self.line("_bucket", values, Some(&bound), count);
        }
        let total = counts[BOUNDS.len()];
        self.line("_bucket", values, Some("+Inf"), total);
        self.line("_count", values, None, total);
        self.line("_sum", values, None, histogram.seconds());
    }

    fn line(&mut self, suffix: &str, values: &[&str], bound: Option<&str>, value: impl Display) {
        let _ = write!(self.text, "{}{suffix}", self.metric.name);
        let labels = self.metric.labels.iter().zip(values).map(|(name, value)| (*name, *value));
        for (place, (name, value)) in labels.chain(bound.map(|bound| ("le", bound))).enumerate() {
            let _ = write!(self.text, "{}{name}=\"{}\"", if place == 0 { '{' } else { ',' }, escaped(value));
        }
        let end = if self.metric.labels.is_empty() && bound.is_none() { "" } else { "}" };
        let _ = writeln!(self.text, "{end} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRIC: Metric =
        Metric { name: "calls", kind: Kind::Counter, unit: None, help: "Calls", labels: &["path"] };

    #[test]
    fn no_value_of_a_label_can_end_it() {
        let mut text = Text::default();
        text.family(&METRIC).sample(&["a\"b\\c\nd"], 1);
        assert_eq!(
            text.finish(),
            "# TYPE calls counter\n# HELP calls Calls\ncalls_total{path=\"a\\\"b\\\\c\\nd\"} 1\n# EOF\n"
        );
    }
}
