//! The text that Prometheus reads (exposition format 0.0.4), which every other reader of metrics understands too.

use std::fmt::{Display, Write as _};

use super::{
    counter::{Counter, Label, Labelled},
    histogram::Histogram,
};

/// The content type of what is written here.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What stands before each name.
const PREFIX: &str = "notifyhub_";

/// Nanoseconds in the unit that Prometheus counts time in.
const NANOS: f64 = 1e9;

/// See the module. Names, help and labels are ours, so that nothing needs escaping.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn finish(self) -> String {
        self.0
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help, "gauge");
        self.sample(name, "", value);
    }

    /// A gauge for each value of a label.
    pub(super) fn gauges<V: Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'static str, V)>,
    ) {
        self.head(name, help, "gauge");
        for (text, value) in values {
            self.sample(name, &format!("{{{label}=\"{text}\"}}"), value);
        }
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, counter: &Counter) {
        self.head(name, help, "counter");
        self.sample(name, "", counter.get());
    }

    pub(super) fn counters<L: Label>(&mut self, name: &str, help: &str, label: &str, counters: &Labelled<L>) {
        self.head(name, help, "counter");
        for (text, count) in counters.all() {
            self.sample(name, &format!("{{{label}=\"{text}\"}}"), count);
        }
    }

    /// Counters with two labels: those of `by` stand each under a value of the first.
    pub(super) fn counters_by<L: Label>(
        &mut self,
        name: &str,
        help: &str,
        labels: [&str; 2],
        by: &[(&str, &Labelled<L>)],
    ) {
        self.head(name, help, "counter");
        for (first, counters) in by {
            for (second, count) in counters.all() {
                let labels = format!("{{{}=\"{first}\",{}=\"{second}\"}}", labels[0], labels[1]);
                self.sample(name, &labels, count);
            }
        }
    }

    /// A histogram of durations, in seconds.
    pub(super) fn seconds(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.histogram(name, help, histogram, NANOS);
    }

    /// A histogram of numbers.
    pub(super) fn counts(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.histogram(name, help, histogram, 1.0);
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram, unit: f64) {
        self.head(name, help, "histogram");
        let snapshot = histogram.snapshot();
        #[expect(clippy::cast_precision_loss, reason = "Prometheus has nothing but floating point numbers")]
        let in_unit = |value: u64| value as f64 / unit;
        let bucket = format!("{name}_bucket");
        for (bound, count) in snapshot.cumulative() {
            self.sample(&bucket, &format!("{{le=\"{}\"}}", in_unit(bound)), count);
        }
        self.sample(&bucket, "{le=\"+Inf\"}", snapshot.count());
        self.sample(&format!("{name}_sum"), "", in_unit(snapshot.sum));
        self.sample(&format!("{name}_count"), "", snapshot.count());
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        self.write(format_args!("# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}\n"));
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        self.write(format_args!("{PREFIX}{name}{labels} {value}\n"));
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.0.write_fmt(arguments).expect("writing to memory does not fail");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_histogram_is_told_in_seconds_and_its_buckets_are_cumulative() {
        let histogram = Histogram::of_durations();
        histogram.observe(Duration::from_micros(100));
        histogram.observe(Duration::from_mins(1));
        let mut text = Text::default();
        text.seconds("wait_seconds", "How long.", &histogram);
        let text = text.finish();
        assert!(
            text.starts_with(
                "# HELP notifyhub_wait_seconds How long.\n# TYPE notifyhub_wait_seconds histogram\n\
                 notifyhub_wait_seconds_bucket{le=\"0.00005\"} 0\nnotifyhub_wait_seconds_bucket{le=\"0.0001\"} 1\n"
            ),
            "{text}"
        );
        assert!(
            text.ends_with(
                "_bucket{le=\"26.2144\"} 1\nnotifyhub_wait_seconds_bucket{le=\"+Inf\"} 2\n\
                 notifyhub_wait_seconds_sum 60.0001\nnotifyhub_wait_seconds_count 2\n"
            ),
            "{text}"
        );
    }
}
