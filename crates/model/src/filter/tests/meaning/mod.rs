//! What each filter means, said in terms of the JSON documents, with random arguments; and random
//! documents on which filters have something to find.

mod contacts;
mod parties;
mod patients;
mod records;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::tape::Tape;
use crate::access::Caller;
use crate::class::Class;

/// A class (or the services of contacts) with random documents and filters.
pub(super) struct Population {
    pub(super) name: &'static str,
    pub(super) class: &'static Class,
    pub(super) document: fn(&mut Tape<'_>) -> Value,
    pub(super) filters: Vec<(&'static str, Ask)>,
}

/// Makes random arguments of a filter and says what they mean.
pub(super) type Ask = fn(&mut Tape<'_>) -> Asked;

/// Something told of what is looked at.
type OfSeen<T> = Box<dyn Fn(&Seen<'_>) -> T>;

/// A filter with its meaning.
pub(super) struct Asked {
    pub(super) filter: Value,
    pub(super) holds: OfSeen<bool>,
    pub(super) order: Option<Sorting>,
}

/// How what a filter finds is ordered: by a text, those without one last.
pub(super) struct Sorting {
    pub(super) key: OfSeen<Option<String>>,
    pub(super) descending: bool,
}

/// What a filter looks at: a document, and the service in it where services are looked for.
pub(super) struct Seen<'a> {
    pub(super) body: &'a Value,
    pub(super) part: &'a Value,
    pub(super) grants: &'a BTreeSet<String>,
    pub(super) caller: &'a Caller,
}

pub(super) fn populations() -> Vec<Population> {
    let mut populations = vec![patients::patients(), contacts::contacts(), contacts::services()];
    populations.extend(records::populations());
    populations.extend(parties::populations());
    populations
}

/// Whether no version of the service in `bodies` is later than `service` in `contact` (wire 5.3).
pub(super) fn is_latest<'a>(contact: &Value, service: &Value, bodies: impl Iterator<Item = &'a Value>) -> bool {
    let age = |contact: &Value, service: &Value| {
        let times = ["modified", "endOfLife", "created"].map(|key| service[key].as_i64().unwrap_or(0));
        let version = times.into_iter().max().unwrap_or(0);
        (version, contact["modified"].as_i64().unwrap_or(0), contact["id"].as_str().unwrap_or_default().to_owned())
    };
    let own = age(contact, service);
    bodies
        .flat_map(|body| list(body, "services").iter().map(move |service| (body, service)))
        .filter(|(_, other)| other["id"] == service["id"])
        .all(|(body, other)| age(body, other) <= own)
}

impl Asked {
    pub(super) fn new(filter: Value, holds: impl Fn(&Seen<'_>) -> bool + 'static) -> Self {
        Self { filter, holds: Box::new(holds), order: None }
    }

    /// Ordered by `key`, turned around if the filter says `descending`.
    fn sorted(self, key: impl Fn(&Seen<'_>) -> Option<String> + 'static) -> Self {
        let descending = self.filter["descending"] == true;
        Self { order: Some(Sorting { key: Box::new(key), descending }), ..self }
    }

    /// Restricted to what the data owner in the argument `name` covers (wire 4.5).
    fn of_owner(mut self, name: &str, tape: &mut Tape<'_>) -> Self {
        let owner = *tape.one_of(&[None, Some("me"), Some("boss"), Some("you"), Some("k")]);
        self.filter[name] = json!(owner);
        let holds = self.holds;
        self.holds = Box::new(move |seen| {
            let covered = match owner {
                None | Some("me") => {
                    seen.grants.contains("me")
                        || seen.caller.delegation_keys.iter().any(|key| seen.grants.contains(key))
                }
                Some(other) => seen.grants.contains(other),
            };
            covered && holds(seen)
        });
        self
    }

    pub(super) fn union(parts: Vec<Self>) -> Self {
        let filters: Vec<_> = parts.iter().map(|part| part.filter.clone()).collect();
        let filter = json!({"$type": "UnionFilter", "filters": filters});
        Self::new(filter, move |seen| parts.iter().any(|part| (part.holds)(seen)))
    }

    pub(super) fn intersection(mut parts: Vec<Self>) -> Self {
        let filters: Vec<_> = parts.iter().map(|part| part.filter.clone()).collect();
        let filter = json!({"$type": "IntersectionFilter", "filters": filters, "desc": "all of them"});
        let order = parts[0].order.take();
        Self { order, ..Self::new(filter, move |seen| parts.iter().all(|part| (part.holds)(seen))) }
    }

    pub(super) fn difference(of: Self, without: Self) -> Self {
        let filter = json!({"$type": "ComplementFilter", "superSet": of.filter, "subSet": without.filter});
        let (holds, without) = (of.holds, without.holds);
        Self { order: of.order, ..Self::new(filter, move |seen| holds(seen) && !without(seen)) }
    }
}

const PATIENTS: &[&str] = &["p", "q", "r"];
const FUZZY: &[i64] =
    &[20230101, 20230101000000, 20230101120000, 20230101235959, 20230102, 20230102080000, 20230103, 20230000, 20240101];

fn list<'a>(body: &'a Value, key: &str) -> &'a [Value] {
    body[key].as_array().map_or(&[], Vec::as_slice)
}

fn has(body: &Value, key: &str, wanted: &[&str]) -> bool {
    list(body, key).iter().any(|value| wanted.iter().any(|wanted| value == wanted))
}

/// Secret foreign keys.
fn patients_of(tape: &mut Tape<'_>) -> Vec<&'static str> {
    tape.some_of(PATIENTS)
}

/// Tags or codes of a document.
fn stubs(tape: &mut Tape<'_>) -> Value {
    let all = [
        json!({"id": "A|1|1", "type": "A", "code": "1", "version": "1"}),
        json!({"type": "A", "code": "2"}),
        json!({"type": "B", "code": "1"}),
        json!({"type": "A\u{1f}1"}),
        json!({"code": "1"}),
    ];
    json!(tape.some_of(&all))
}

/// Arguments by type and code.
fn stub(tape: &mut Tape<'_>) -> (Option<&'static str>, Option<&'static str>) {
    let kind = tape.maybe(&["A", "B", "C"]);
    (kind, kind.and_then(|_| tape.maybe(&["1", "2"])))
}

fn has_stub(body: &Value, key: &str, (kind, code): (Option<&str>, Option<&str>)) -> bool {
    let matches = |stub: &Value| stub["type"] == json!(kind) && code.is_none_or(|code| stub["code"] == code);
    kind.is_none() || list(body, key).iter().any(matches)
}

/// Identifiers of a document or of a filter.
fn identifiers(tape: &mut Tape<'_>) -> Value {
    let all = [
        json!({"id": "i", "system": "s", "value": "v"}),
        json!({"system": "sv", "value": ""}),
        json!({"system": "", "value": "v"}),
        json!({"value": "v"}),
        json!({"system": "t", "value": "w", "assigner": "x"}),
    ];
    json!(tape.some_of(&all))
}

fn has_identifier(body: &Value, key: &str, wanted: &Value) -> bool {
    let same = |a: &Value, b: &Value| a["system"] == b["system"] && a["value"] == b["value"];
    list(body, key).iter().any(|own| wanted.as_array().unwrap().iter().any(|wanted| same(own, wanted)))
}

/// A fuzzy date as 14 digits, a day filled up with `time`.
fn padded(date: i64, time: &str) -> String {
    let digits = date.to_string();
    if digits.len() == 8 { digits + time } else { digits }
}

fn fuzzy_key(date: &Value) -> Option<String> {
    date.as_i64().map(|date| padded(date, "000000"))
}

fn fuzzy_within(date: &Value, start: Option<i64>, end: Option<i64>) -> bool {
    let (low, high) = (|date| padded(date, "000000"), |date| padded(date, "235959"));
    let (start, end) = match (start, end) {
        (Some(a), Some(b)) if low(a) > high(b) => (end, start),
        range => range,
    };
    match fuzzy_key(date) {
        Some(date) => start.is_none_or(|start| low(start) <= date) && end.is_none_or(|end| date <= high(end)),
        None => start.is_none() && end.is_none(),
    }
}

fn instant_key(date: &Value) -> Option<String> {
    date.as_i64().map(|date| format!("{date:020}"))
}

fn instant_within(date: &Value, start: Option<i64>, end: Option<i64>) -> bool {
    let (start, end) = match (start, end) {
        (Some(a), Some(b)) if a > b => (end, start),
        range => range,
    };
    match date.as_i64() {
        Some(date) => start.is_none_or(|start| start <= date) && end.is_none_or(|end| date <= end),
        None => start.is_none() && end.is_none(),
    }
}

/// An instant of a document or a filter.
fn instant(tape: &mut Tape<'_>) -> Option<i64> {
    tape.maybe(&[1, 2, 3, 4, 5, 6])
}

/// A fuzzy date of a document or a filter.
fn fuzzy(tape: &mut Tape<'_>) -> Option<i64> {
    tape.maybe(FUZZY)
}

/// Ids, some of them of documents.
fn some_ids(tape: &mut Tape<'_>) -> Vec<&'static str> {
    tape.some_of(&["d0", "d1", "d2", "d3", "elsewhere"])
}

fn by_ids(tape: &mut Tape<'_>) -> Asked {
    let ids = some_ids(tape);
    Asked::new(json!({"ids": ids}), move |seen| ids.iter().any(|id| seen.body["id"] == *id))
}

fn all(_: &mut Tape<'_>) -> Asked {
    Asked::new(json!({}), |_| true)
}

/// Small letters and digits of a text, in words.
fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .to_lowercase()
        .chars()
        .map(|letter| match letter {
            'ö' => 'o',
            letter if letter.is_ascii_alphanumeric() => letter,
            _ => ' ',
        })
        .collect();
    plain.split_whitespace().map(str::to_owned).collect()
}

/// Whether one of `names`, each a sequence of words, has the search at the start of a word: all of it
/// or each of its words.
fn starts_a_word(names: &[Vec<String>], search: &str) -> bool {
    let found =
        |search: &str| names.iter().any(|name| (0..name.len()).any(|word| name[word..].concat().starts_with(search)));
    let wanted = words(search);
    wanted.is_empty() || found(&wanted.concat()) || (wanted.len() > 1 && wanted.iter().all(|word| found(word)))
}

/// Both ways to say a name of two parts.
fn both_ways(last: &Value, first: &Value) -> [Vec<String>; 2] {
    let [last, first] = [last, first].map(|name| words(name.as_str().unwrap_or_default()));
    [[last.clone(), first.clone()].concat(), [first, last].concat()]
}
