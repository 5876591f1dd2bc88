//! Part b: reading one contact by id, beside a handler that selects the same octets.

use super::{Arguments, Bare, Keystead, compare};
use crate::bare::Threads;
use crate::client::request;
use crate::load::{Load, Subject};
use crate::process::{Server, place_anywhere, place_apart};
use crate::report::Report;
use crate::seeded::{Kind, Stream, uuid};

pub(super) async fn run(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let keystead = Keystead::start().await?;
    let (inline, blocking) = (Bare::start(Threads::Inline).await?, Bare::start(Threads::Blocking).await?);
    let hcp = &keystead.hcp.id;
    let mut creators = [keystead.creator().await?, inline.creator(hcp)?, blocking.creator(hcp)?];
    let filling = Load { clients: 32, requests: 1_600, rounds: arguments.count(10) };
    filling.run(&mut creators).await?;
    let stored = (filling.requests / filling.clients * filling.clients * (filling.rounds + 1)) as u64;

    let authorization = keystead.hcp.log_in(keystead.server.address).await?;
    for (clients, requests, apart, goal) in
        [(1, 1_000, false, None), (1, 1_000, true, Some(0.7)), (32, 3_200, false, None)]
    {
        println!("b: reading contacts, {clients} at once …");
        let mut subjects = [
            reader(&keystead.server, stored, "/rest/v2/contact", Some(authorization.clone()))?,
            reader(&inline.server, stored, "", None)?,
            reader(&blocking.server, stored, "", None)?,
        ];
        let servers = [keystead.server.id()?, inline.server.id()?, blocking.server.id()?];
        let name = match apart {
            true => format!("read a contact, {clients} at once, client and server on a core each"),
            false => format!("read a contact, {clients} at once"),
        };
        if apart {
            place_apart(&servers)?;
        }
        Load { clients, requests, rounds: arguments.count(40) }.run(&mut subjects).await?;
        if apart {
            place_anywhere(&servers)?;
        }
        compare(report, &name, &subjects, goal);
    }
    Ok(())
}

/// Reads any of the first `stored` contacts.
pub(super) fn reader(
    server: &Server,
    stored: u64,
    base: &'static str,
    authorization: Option<String>,
) -> anyhow::Result<Subject> {
    Subject::new(server, move |number| {
        let any = Stream::new(Kind::Request, number).next() % stored;
        let path = format!("{base}/{}", uuid(Kind::Contact, any));
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        request("GET", &path, &headers, b"")
    })
}
