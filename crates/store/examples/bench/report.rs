//! Prints figures, and writes them where other programs find them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::Outcome;

/// One figure.
#[derive(Serialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    goal: Option<String>,
    holds: Option<bool>,
}

/// The figures of a run.
#[derive(Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// A figure without a goal.
    pub(crate) fn note(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Figure { name: name.into(), value, unit, goal: None, holds: None });
    }

    /// A figure that must not be larger.
    pub(crate) fn at_most(&mut self, name: impl Into<String>, value: f64, unit: &'static str, goal: f64) {
        let (goal, holds) = (Some(format!("at most {goal}")), Some(value <= goal));
        self.figures.push(Figure { name: name.into(), value, unit, goal, holds });
    }

    /// A figure that must not be smaller.
    pub(crate) fn at_least(&mut self, name: impl Into<String>, value: f64, unit: &'static str, goal: f64) {
        let (goal, holds) = (Some(format!("at least {goal}")), Some(value >= goal));
        self.figures.push(Figure { name: name.into(), value, unit, goal, holds });
    }

    pub(crate) fn finish(self, name: &str) -> Outcome<()> {
        for figure in &self.figures {
            let holds = match figure.holds {
                None => "",
                Some(true) => "holds",
                Some(false) => "DOES NOT HOLD",
            };
            let goal = figure.goal.as_deref().unwrap_or_default();
            println!("{:<62} {:>12.2} {:<10} {goal:<14} {holds}", figure.name, figure.value, figure.unit);
        }
        let directory = Path::new("target/bench");
        fs::create_dir_all(directory)?;
        fs::write(directory.join(format!("store-{name}.json")), serde_json::to_vec_pretty(&self.figures)?)?;
        Ok(())
    }
}

/// The median, in microseconds.
pub(crate) fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, micros)
}

/// The value that 99 % do not exceed, in microseconds.
pub(crate) fn p99(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() * 99 / 100).map_or(f64::NAN, micros)
}

fn micros(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
