//! `keystead reference`: pages of the reference, made from the code.

use std::fmt::Write as _;

use clap::{CommandFactory as _, ValueEnum};
use keystead_model::error::ErrorCode;
use keystead_server::{openapi, routes};

/// Arguments of `keystead reference`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which page
    page: Page,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Page {
    /// The HTTP API as an OpenAPI document
    Openapi,
    /// The error codes
    Errors,
    /// This command
    CommandLine,
}

/// Prints the page.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let page = match arguments.page {
        Page::Openapi => serde_json::to_string_pretty(&openapi::document(&routes()))? + "\n",
        Page::Errors => errors()?,
        Page::CommandLine => command_line()?,
    };
    print!("{page}");
    Ok(())
}

fn errors() -> anyhow::Result<String> {
    let mut page = String::from(
        "# Errors\n\nEvery error body is `{\"status\", \"error\", \"code\", \"message\", \"field\", \"requestId\"}`. `code` is stable; \
         `message` says what to change and never contains what was sent; `field` is the path of the wrong field.\n\n\
         | code | status | meaning |\n|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        writeln!(page, "| `{}` | {} | {} |", code.as_str(), code.status(), code.meaning())?;
    }
    Ok(page)
}

fn command_line() -> anyhow::Result<String> {
    let mut page = String::from("# Command line\n");
    describe(&mut page, &super::Arguments::command(), "")?;
    Ok(page)
}

fn describe(page: &mut String, command: &clap::Command, above: &str) -> anyhow::Result<()> {
    let name = format!("{above}{}", command.get_name());
    let mut shown = command.clone().bin_name(&name).disable_help_subcommand(true);
    write!(page, "\n## `{name}`\n\n```text\n{}```\n", shown.render_long_help())?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        describe(page, sub, &format!("{name} "))?;
    }
    Ok(())
}
