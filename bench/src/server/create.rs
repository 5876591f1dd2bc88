//! Part a: creating one encrypted contact over HTTP, beside a handler that inserts the same octets.

use super::{Arguments, Bare, Keystead, compare};
use crate::bare::Threads;
use crate::load::Load;
use crate::report::Report;

pub(super) async fn run(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    for (clients, requests, goal) in [(1, 250, 0.7), (32, 1_600, 1.0)] {
        println!("a: creating contacts, {clients} at once …");
        let keystead = Keystead::start().await?;
        let (inline, blocking) = (Bare::start(Threads::Inline).await?, Bare::start(Threads::Blocking).await?);
        let hcp = &keystead.hcp.id;
        let mut subjects = [keystead.creator().await?, inline.creator(hcp)?, blocking.creator(hcp)?];
        Load { clients, requests, rounds: arguments.count(40) }.run(&mut subjects).await?;
        compare(report, &format!("create a contact, {clients} at once"), &subjects, Some(goal));
    }
    Ok(())
}
