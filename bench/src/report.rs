//! What was measured: a table for a person, JSON for a program.

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

/// One figure.
#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    value: f64,
    unit: &'static str,
    /// Empty for a figure that is there to understand the others.
    goal: String,
    holds: bool,
}

/// The figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Entry>);

impl Report {
    /// A figure without a goal.
    pub(crate) fn note(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.add(name.into(), value, unit, String::new(), true);
    }

    /// A figure that should not be below `goal`.
    pub(crate) fn at_least(&mut self, name: impl Into<String>, value: f64, unit: &'static str, goal: f64) {
        self.add(name.into(), value, unit, format!(">= {goal}"), value >= goal);
    }

    /// A figure that should not be above `goal`.
    pub(crate) fn at_most(&mut self, name: impl Into<String>, value: f64, unit: &'static str, goal: f64) {
        self.add(name.into(), value, unit, format!("<= {goal}"), value <= goal);
    }

    fn add(&mut self, name: String, value: f64, unit: &'static str, goal: String, holds: bool) {
        // Three digits behind the point are more than any of these figures is good for.
        let value = (value * 1000.0).round() / 1000.0;
        self.0.push(Entry { name, value, unit, goal, holds });
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let width = self.0.iter().map(|entry| entry.name.len()).max().unwrap_or_default();
        let mut table = String::new();
        for Entry { name, value, unit, goal, holds } in &self.0 {
            let verdict = match (goal.is_empty(), holds) {
                (true, _) => "",
                (false, true) => "holds",
                (false, false) => "DOES NOT HOLD",
            };
            let line = format!("{name:width$}  {value:>12.3} {unit:<11}  {goal:<9} {verdict}");
            table.push_str(line.trim_end());
            table.push('\n');
        }
        table
    }

    /// Writes the JSON.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        std::fs::write(path, serde_json::to_string_pretty(&self.0)? + "\n")
            .with_context(|| format!("{}: cannot be written", path.display()))
    }
}

/// The value below which `share` of the values are; 0 where there is none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index, within bounds")]
    let index = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}

/// The value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let values: Vec<f64> = (1..=101).rev().map(f64::from).collect();
        assert_eq!((median(&values), quantile(&values, 0.99)), (51.0, 100.0));
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn a_goal_that_is_missed_is_written_down() {
        let mut report = Report::default();
        report.at_least("a ratio", 0.6996, "", 0.7);
        report.at_most("a time", 0.2, "s", 1.0);
        report.note("a rate", 1.0, "/s");
        let lines: Vec<String> = report.table().lines().map(str::to_owned).collect();
        assert!(lines[0].ends_with("DOES NOT HOLD") && lines[1].ends_with("holds") && lines[2].ends_with("/s"));
        assert!(!report.0[0].holds);
    }
}
