//! The table of what was found at every step, for whoever reads the test and for the page on the lifecycle.

use keystead_model::wallet::Step;

use super::case::{Found, Text, Then};
use super::{Point, When, Wish};

const BEGIN: &str = "<!-- begin: killed at every step -->\n";
const END: &str = "<!-- end: killed at every step -->";

/// A case and what was found.
pub(super) struct Row {
    pub(super) point: Point,
    pub(super) found: Found,
}

fn operation(wish: Wish) -> &'static str {
    match wish {
        Wish::Create => "create",
        Wish::BackUp => "back up",
        Wish::Recover => "recover",
        Wish::RecoverSigning => "recover the signing pair alone",
    }
}

fn step(step: Step) -> String {
    serde_json::to_value(step).unwrap().as_str().unwrap().to_owned()
}

fn killed(point: &Point) -> &'static str {
    if point.kills_server() { "server" } else { "client" }
}

/// What names a case.
pub(super) fn name(point: &Point) -> String {
    let Point { wish, row, when } = point;
    let place = format!("{:?}", row.place).to_lowercase();
    format!("{} {} {place} ({}) {}", operation(*wish), step(row.step), row.what, format!("{when:?}").to_lowercase())
}

fn cell(found: &Found) -> String {
    let signs = found.signs.map_or("none signs".to_owned(), |generation| format!("{} signs", generation.0));
    let text = match found.text {
        None => "",
        Some(Text::Old) => ", old text",
        Some(Text::New) => ", new text",
    };
    let then = match found.then {
        Then::Through => "is through",
        Then::GoesOn => "goes on",
        Then::Anew => "begins anew",
    };
    format!("{signs}{text}; {then}")
}

/// One line for each case.
pub(super) fn whole(rows: &[Row]) -> String {
    let head = "operation | step | where | killed | when | directly after; then | made | started again";
    let lines = rows.iter().map(|Row { point, found }| {
        let place = format!("{:?}", point.row.place).to_lowercase();
        let when = format!("{:?}", point.when).to_lowercase();
        format!(
            "{} | {} | {place}: {} | {} | {when} | {} | generation {} | {} times",
            operation(point.wish),
            step(point.row.step),
            point.row.what,
            killed(point),
            cell(found),
            found.made.0,
            found.starts,
        )
    });
    std::iter::once(head.to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// One line for each step.
fn for_the_page(rows: &[Row]) -> String {
    let mut table = "| operation | step | where | killed | just before | half done | just after |\n".to_owned();
    table += "|---|---|---|---|---|---|---|\n";
    let same = |one: &Row, other: &Row| one.point.wish == other.point.wish && one.point.row == other.point.row;
    for rows in rows.chunk_by(same) {
        let Point { wish, row, .. } = rows[0].point;
        let at =
            |when: When| rows.iter().find(|row| row.point.when == when).map_or(String::new(), |row| cell(&row.found));
        let place = format!("{:?}", row.place).to_lowercase();
        let cells = [
            operation(wish).to_owned(),
            step(row.step),
            place,
            killed(&rows[0].point).to_owned(),
            at(When::Before),
            at(When::Within),
            at(When::After),
        ];
        table += &format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |");
    }
    table
}

/// The page says what was found.
pub(super) fn compare_with_the_page(rows: &[Row]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol/wallet-lifecycle.md");
    let page = std::fs::read_to_string(path).unwrap();
    let written = page.split_once(BEGIN).unwrap().1.split_once(END).unwrap().0;
    let table = for_the_page(rows);
    assert_eq!(written, table, "put this between the marks of {path}:\n{table}");
}
