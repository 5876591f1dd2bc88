//! `cargo xtask docs`: the pages of docs/reference that are generated from the code.

use anyhow::{Context as _, bail};

use crate::steps::{self, command, output, root};

/// Generated pages: file below docs/reference, and the arguments of `keystead` that print it.
const PAGES: &[(&str, &[&str])] = &[
    ("openapi.json", &["reference", "openapi"]),
    ("errors.md", &["reference", "errors"]),
    ("command-line.md", &["reference", "command-line"]),
];

/// Writes the pages, or with `check` compares them with what is there.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    steps::build()?;
    let keystead = root().join("target/debug/keystead").to_string_lossy().into_owned();
    for (file, arguments) in PAGES {
        let generated = output(&mut command(&keystead, arguments))?;
        let path = root().join("docs/reference").join(file);
        if check {
            let present = std::fs::read(&path).with_context(|| format!("docs/reference/{file} cannot be read"))?;
            if present != generated {
                bail!("docs/reference/{file} is not what the code says: run `cargo xtask docs`");
            }
        } else {
            std::fs::write(&path, generated)?;
        }
        println!("docs/reference/{file}");
    }
    Ok(())
}
