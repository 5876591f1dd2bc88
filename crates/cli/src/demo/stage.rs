//! What the audience sees: chapters, steps with their times, what is stored beside what is read. A person gets
//! text, a machine gets one JSON object a line.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

/// Columns of what is stored before it is cut.
const WIDTH: usize = 100;

/// Where the demo is shown.
pub(crate) struct Stage {
    json: bool,
    colour: bool,
    /// Whether progress bars can be drawn.
    live: bool,
    began: Instant,
    steps: usize,
    chapter: usize,
}

enum Tone {
    Bold,
    Dim,
    Good,
    Sealed,
}

impl Stage {
    /// A stage; `colour` for a terminal that shows it, `live` where bars can be drawn over.
    pub(crate) fn new(json: bool, colour: bool, live: bool) -> Self {
        Self { json, colour, live: live && !json, began: Instant::now(), steps: 0, chapter: 0 }
    }

    fn tone(&self, tone: &Tone, text: &str) -> String {
        let code = match tone {
            _ if !self.colour => return text.to_owned(),
            Tone::Bold => "1",
            Tone::Dim => "2",
            Tone::Good => "32",
            Tone::Sealed => "33",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A line for people, or an object for machines.
    pub(crate) fn tell(&mut self, text: &str, object: Value) {
        match self.json {
            true => print(&object.to_string()),
            false => print(text),
        }
    }

    /// The title.
    pub(crate) fn title(&mut self, title: &str, text: &str) {
        let lines = format!("{}\n{text}\n", self.tone(&Tone::Bold, title));
        self.tell(&lines, json!({ "event": "title", "title": title }));
    }

    /// A new chapter.
    pub(crate) fn chapter(&mut self, title: &str) {
        self.chapter += 1;
        let line = format!("\n{}", self.tone(&Tone::Bold, &format!("{}. {title}", self.chapter)));
        self.tell(&line, json!({ "event": "chapter", "chapter": self.chapter, "title": title }));
    }

    /// A step: done, and how long it took.
    pub(crate) async fn step<T, E: Into<anyhow::Error>>(
        &mut self,
        text: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> anyhow::Result<T> {
        let began = Instant::now();
        match work.await {
            Ok(done) => {
                self.done(text, began.elapsed());
                Ok(done)
            }
            Err(error) => {
                let error: anyhow::Error = error.into();
                self.tell(
                    &format!("  ✗ {text}: {error:#}"),
                    json!({ "event": "failed", "text": text, "error": format!("{error:#}") }),
                );
                Err(error.context(text.to_owned()))
            }
        }
    }

    fn done(&mut self, text: &str, took: Duration) {
        self.steps += 1;
        let time = format!("{:>7.1} ms", took.as_secs_f64() * 1e3);
        let pad = " ".repeat(78_usize.saturating_sub(text.chars().count()));
        let line = format!("  {} {text}{pad}{}", self.tone(&Tone::Good, "✓"), self.tone(&Tone::Dim, &time));
        let object = json!({
            "event": "step", "chapter": self.chapter, "text": text, "milliseconds": took.as_secs_f64() * 1e3,
        });
        self.tell(&line, object);
    }

    /// Something worth knowing about the step before.
    pub(crate) fn note(&mut self, text: &str) {
        let line = format!("      {}", self.tone(&Tone::Dim, text));
        self.tell(&line, json!({ "event": "note", "text": text }));
    }

    /// What the server stored beside what its owner reads.
    pub(crate) fn beside(&mut self, stored: &str, reader: &str, read: &str) {
        let cut = match stored.char_indices().nth(WIDTH) {
            Some((end, _)) => format!("{}…", stored.get(..end).unwrap_or(stored)),
            None => stored.to_owned(),
        };
        let lines = format!(
            "      {} {}\n      {} {read}",
            self.tone(&Tone::Dim, &format!("{:<16}", "the server has")),
            self.tone(&Tone::Sealed, &cut),
            self.tone(&Tone::Dim, &format!("{:<16}", format!("{reader} reads"))),
        );
        self.tell(&lines, json!({ "event": "beside", "stored": stored, "reader": reader, "read": read }));
    }

    /// A bar for what takes long; shown on a terminal only.
    pub(crate) fn bar(&self, total: u64, text: &str) -> ProgressBar {
        let target = if self.live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template("    {msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(text.to_owned());
        bar
    }

    /// What it all meant.
    pub(crate) fn summary(&mut self, points: &[&str]) {
        let took = self.began.elapsed().as_secs_f64();
        let mut text = format!("\n{}\n", self.tone(&Tone::Bold, "What happened"));
        for point in points {
            let _ = writeln!(text, "  • {point}");
        }
        let _ = write!(text, "\n{} steps in {took:.1} s.", self.steps);
        let object = json!({ "event": "summary", "points": points, "steps": self.steps, "seconds": took });
        self.tell(&text, object);
    }

    /// Names and values, for people only.
    pub(crate) fn lines(&mut self, lines: &[(&str, String)]) {
        if !self.json {
            for (name, value) in lines {
                print(&format!("  {:<15} {value}", name));
            }
        }
    }
}

/// Prints a line. Whoever closed the pipe does not want to know more.
fn print(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
