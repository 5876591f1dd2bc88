//! What a command prints: text for people, JSON for machines.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use keystead_sdk::progress::Monitor;
use serde_json::Value;

/// How a command prints.
pub(crate) struct Show {
    json: bool,
}

impl Show {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// The outcome.
    pub(crate) fn outcome(&self, text: &str, object: &Value) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match self.json {
            true => writeln!(out, "{object}")?,
            false => writeln!(out, "{text}")?,
        }
        Ok(())
    }

    /// Asks the person for a line.
    pub(crate) fn ask(&self, question: &str) -> anyhow::Result<String> {
        let mut err = std::io::stderr().lock();
        write!(err, "{question}: ")?;
        err.flush()?;
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line)?;
        let line = line.trim();
        (read > 0 && !line.is_empty()).then(|| line.to_owned()).context("nothing was typed")
    }

    /// A bar for what takes long, on a terminal, and what moves it.
    pub(crate) fn bar(&self, text: &str) -> (ProgressBar, Monitor) {
        let live = !self.json && std::io::stderr().is_terminal();
        let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(text.to_owned());
        let moved = bar.clone();
        let monitor = Monitor::calling(move |progress| {
            moved.set_length(progress.total);
            moved.set_position(progress.done);
        });
        (bar, monitor)
    }
}
