//! Log lines for a machine: one JSON object each.

use std::fmt::{self, Write as _};

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

/// The time, the level, the fields of the event, and those of the spans that it is in: the request's id.
///
/// The library's own form lists the spans with a copy of their fields, and parses them anew for each line. Two lines
/// of that are a quarter of what a request costs.
pub(super) struct Json;

impl<S> FormatEvent<S, JsonFields> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str(r#"{"timestamp":""#)?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, r#"","level":"{}""#, event.metadata().level())?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        writer.write_str(&fields.0)?;
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                // An object already; its members are wanted.
                let members = fields.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                if let Some(members) = members.filter(|members| !members.is_empty()) {
                    write!(writer, ",{members}")?;
                }
            }
        }
        writer.write_str("}\n")
    }
}

/// Members of an object, each after a comma.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn push(&mut self, field: &Field, value: impl Serialize) {
        let value = serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned());
        let _ = write!(self.0, r#","{}":{value}"#, field.name());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, format!("{value:?}"));
    }
}
