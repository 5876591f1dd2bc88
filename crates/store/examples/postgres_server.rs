//! A PostgreSQL for the interop suite: prints its URL, and ends with its standard input.

use std::io::{Read as _, Write as _};

use keystead_store::conformance::PostgresServer;

fn main() -> std::io::Result<()> {
    let server = PostgresServer::start()?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", server.url)?;
    out.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    drop(server);
    Ok(())
}
