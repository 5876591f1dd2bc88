//! Part f: creating and reading contacts on PostgreSQL, beside a handler that inserts and selects the same octets in
//! another database of the same server. The server is Debian's, with its durability (`fsync`, `synchronous_commit`).

use anyhow::Context as _;
use keystead_store::conformance::PostgresServer;
use keystead_store::postgres::PostgresStore;

use super::read::reader;
use super::{Arguments, Bare, Keystead, describe};
use crate::load::{Load, Subject};
use crate::report::Report;

const GOAL: f64 = 0.6;

pub(super) async fn run(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let database = PostgresServer::start_durable().context("PostgreSQL")?;
    let beside = second_database(&database.url).await?;
    PostgresStore::migrate(&database.url).await?;
    let keystead = Keystead::start_with(&[("KEYSTEAD_SERVER__DATABASE", &database.url)]).await?;
    let bare = Bare::on(&beside).await?;

    let mut creators = [keystead.creator().await?, bare.creator(&keystead.hcp.id)?];
    let mut stored = 0;
    for (clients, requests) in [(1, 250), (32, 1_600)] {
        println!("f: creating contacts on PostgreSQL, {clients} at once …");
        creators.iter_mut().for_each(Subject::forget);
        let load = Load { clients, requests, rounds: arguments.count(20) };
        load.run(&mut creators).await?;
        stored += (requests / clients * clients * (load.rounds + 1)) as u64;
        compare(report, &format!("PostgreSQL, create a contact, {clients} at once"), &creators);
    }
    let authorization = keystead.hcp.log_in(keystead.server.address).await?;
    for (clients, requests) in [(1, 500), (32, 3_200)] {
        println!("f: reading contacts on PostgreSQL, {clients} at once …");
        let mut readers = [
            reader(&keystead.server, stored, "/rest/v2/contact", Some(authorization.clone()))?,
            reader(&bare.server, stored, "", None)?,
        ];
        Load { clients, requests, rounds: arguments.count(20) }.run(&mut readers).await?;
        compare(report, &format!("PostgreSQL, read a contact, {clients} at once"), &readers);
    }
    Ok(())
}

/// Makes a database for the bare handler; its URL.
async fn second_database(url: &str) -> anyhow::Result<String> {
    let pool = sqlx::PgPool::connect(url).await?;
    sqlx::raw_sql("CREATE DATABASE bare").execute(&pool).await?;
    pool.close().await;
    Ok(url.replace("/postgres?", "/bare?"))
}

fn compare(report: &mut Report, what: &str, subjects: &[Subject; 2]) {
    let [keystead, bare] = subjects;
    describe(report, what, &[("keystead", keystead), ("bare", bare)]);
    report.at_least(format!("{what}: ratio to the bare handler"), keystead.rate() / bare.rate(), "", GOAL);
}
