//! `keystead config`: looks at a configuration without starting anything.

use std::path::PathBuf;

use keystead_server::Config;

/// Commands of `keystead config`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check that the configuration can be used, and say what is probably not meant
    Check {
        /// A configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Carries out a command of `keystead config`.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    let Command::Check { config } = command;
    let config = Config::load(config.as_deref())?;
    if config.tls.files().is_some() {
        let _runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let _guard = _runtime.enter();
        keystead_server::http::acceptor(&config.tls)?;
    }
    for warning in doubts(&config) {
        println!("warning: {warning}");
    }
    println!("The configuration can be used.");
    Ok(())
}

/// What can be used and is probably not meant.
pub(crate) fn doubts(config: &Config) -> Vec<&'static str> {
    let public = !config.server.listen.ip().is_loopback();
    let captcha = config.captcha.recaptcha.secret.is_set() || config.captcha.friendly_captcha.secret.is_set();
    let mut doubts = Vec::new();
    if public && config.tls.files().is_none() && !config.server.behind_proxy {
        doubts.push(
            "server.listen is not this machine alone, without [tls] or a proxy: tokens and codes travel in clear",
        );
    }
    if !config.smtp.is_set() && !config.sms.is_set() {
        doubts.push("neither [smtp] nor [sms] is set: nobody can register or log in by a one-time code");
    }
    if !captcha {
        doubts.push("no captcha provider is set: only Kerberus, the proof of work, protects the gateway");
    }
    doubts
}
