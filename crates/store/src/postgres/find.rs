//! Finding documents: a [`Query`] becomes one statement, and PostgreSQL plans it.
//!
//! A set can be listed (`id`, `part`, sort value), or it can be asked whether a row is in it. An intersection lists
//! the set that seems smallest and asks the others; a union lists all of its sets. Whole terms and holders of access
//! are listed by the keys of the documents (`held.rs`), and what else is known of their rows is asked at once; orders
//! of terms are listed by the postings.

use std::fmt::{self, Write as _};

use keystead_model::query::{Order, Query, order_of};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::held;
use super::text::{WHOLE, escape, term, unescape};
use crate::Result;
use crate::documents::{Find, Hit};
use crate::facts::{CONTACT, UNSORTED};

/// The hits of a question, in its order.
pub(super) async fn find(connection: &mut PgConnection, question: &Find) -> Result<Vec<Hit>> {
    if question.limit == Some(0) {
        return Ok(Vec::new());
    }
    let (sql, arguments) = Statement::of(question);
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for argument in arguments {
        query = match argument {
            Argument::Text(text) => query.bind(text),
            Argument::Texts(texts) => query.bind(texts),
            Argument::Keys(keys) => query.bind(keys),
            Argument::Integer(integer) => query.bind(integer),
        };
    }
    let rows = query.fetch_all(connection).await?;
    let hit = |row: &sqlx::postgres::PgRow| {
        Ok(Hit { id: unescape(row.try_get(0)?), part: unescape(row.try_get(1)?), sort: row.try_get(2)? })
    };
    rows.iter().map(hit).collect()
}

/// A parameter of a statement.
enum Argument {
    Text(String),
    Texts(Vec<String>),
    Keys(Vec<Vec<u8>>),
    Integer(i64),
}

/// Keys that a row is compared with each by each; a caller may have thousands.
const FEW: usize = 16;

/// A parameter with keys.
struct Keys {
    parameter: String,
    many: bool,
}

impl Keys {
    /// Whether a row of a document has any of them. Asked of the row: the index would read all that have a key, however
    /// few rows are left.
    fn any_of(&self, row: &str) -> String {
        let Self { parameter, many } = self;
        match many {
            false => format!("({row}.keys && {parameter}) IS TRUE"),
            true => format!(
                "EXISTS (SELECT 1 FROM unnest({row}.keys) AS h (key) WHERE h.key IN (SELECT unnest({parameter})))"
            ),
        }
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.parameter)
    }
}

/// A statement that is being written.
struct Statement<'a> {
    question: &'a Find,
    arguments: Vec<Argument>,
    /// Names given to rows so far.
    names: usize,
    group: String,
    class: String,
}

impl<'a> Statement<'a> {
    fn of(question: &'a Find) -> (String, Vec<Argument>) {
        let mut statement =
            Self { question, arguments: Vec::new(), names: 0, group: String::new(), class: String::new() };
        statement.group = statement.text(escape(&question.group).into_owned());
        let class = if question.parts { CONTACT } else { question.class };
        statement.class = statement.text(class.to_owned());
        let sql = statement.whole();
        (sql, statement.arguments)
    }

    fn whole(&mut self) -> String {
        let asked = &self.question.selection.query;
        let query = match &self.question.readable_by {
            Some(keys) => Query::Intersection(vec![asked.clone(), Query::AccessibleTo(keys.clone())]),
            None => asked.clone(),
        };
        let mut sql = self.list(&query, "");
        sql = format!("SELECT f.id, f.part, f.s FROM ({sql}) AS f");
        if let Some(after) = self.after() {
            let _ = write!(sql, " WHERE {after}");
        }
        let order = match self.question.selection.order {
            Order::Id => "",
            Order::Ascending => "f.s ASC NULLS LAST, ",
            Order::Descending => "f.s DESC NULLS LAST, ",
        };
        let order = format!(r#" ORDER BY {order}f.id COLLATE "C", f.part COLLATE "C""#);
        if self.question.parts {
            // asked one by one in that order, until there are as many as wanted
            let latest = self.is_latest();
            sql = format!("SELECT f.id, f.part, f.s FROM ({sql}{order} OFFSET 0) AS f WHERE {latest}");
        }
        sql.push_str(&order);
        if let Some(limit) = self.question.limit {
            let limit = self.integer(i64::try_from(limit).unwrap_or(i64::MAX));
            let _ = write!(sql, " LIMIT {limit}");
        }
        sql
    }

    fn text(&mut self, text: String) -> String {
        self.argument(Argument::Text(text))
    }

    fn texts(&mut self, texts: Vec<String>) -> String {
        self.argument(Argument::Texts(texts))
    }

    fn keys(&mut self, keys: impl Iterator<Item = Vec<u8>>) -> Keys {
        let keys: Vec<Vec<u8>> = keys.collect();
        Keys { many: keys.len() > FEW, parameter: self.argument(Argument::Keys(keys)) }
    }

    /// The keys of the postings of terms.
    fn postings_of(&mut self, index: &str, terms: &[String]) -> Keys {
        let group = &self.question.group;
        self.keys(terms.iter().map(|term| held::posting(group, index, term)))
    }

    /// The keys of holders of access.
    fn holders(&mut self, holders: &[String]) -> Keys {
        let (group, class) = (&self.question.group, if self.question.parts { CONTACT } else { self.question.class });
        self.keys(holders.iter().map(|holder| held::access(group, class, holder)))
    }

    fn integer(&mut self, integer: i64) -> String {
        self.argument(Argument::Integer(integer))
    }

    fn argument(&mut self, argument: Argument) -> String {
        let kind = match argument {
            Argument::Text(_) => "text",
            Argument::Texts(_) => "text[]",
            Argument::Keys(_) => "bytea[]",
            Argument::Integer(_) => "bigint",
        };
        self.arguments.push(argument);
        format!("${}::{kind}", self.arguments.len())
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("x{}", self.names)
    }

    fn is_sorted(&self) -> bool {
        self.question.selection.order != Order::Id
    }

    /// The best of several sort values of one hit, of a column.
    fn best(&self, column: &str) -> String {
        match self.question.selection.order {
            Order::Id => "NULL::bigint".to_owned(),
            Order::Ascending => format!("min({column})"),
            Order::Descending => format!("max({column})"),
        }
    }

    /// The rows of a set: `id`, `part`, `s`. Where [`Self::lists_rows`], `also` holds for the rows `d` of documents.
    fn list(&mut self, query: &Query, also: &str) -> String {
        let (group, class, parts) = (self.group.clone(), self.class.clone(), self.question.parts);
        match query {
            Query::Term { index, terms, from, to } if !is_everything(terms) => {
                let keys = self.postings_of(index, terms);
                if !parts && !self.is_sorted() && from.is_none() && to.is_none() {
                    return documents(&group, &class, &format!("d.keys && {keys}{also}"));
                }
                let (part, by) = if parts { ("p.part", "d.id, p.part") } else { ("''", "d.id") };
                let best = self.best(&format!("NULLIF(p.sort, {UNSORTED})"));
                let bounds = self.bounds("p", *from, *to);
                let (order, within) = self.order(index, *from, *to);
                format!(
                    "SELECT d.id, {part} AS part, {best} AS s
                     FROM document AS d, unnest(d.keys, d.sorts, d.parts) AS p (key, sort, part){order}
                     WHERE d.group_id = {group} AND d.class = {class} AND d.keys && {keys}{also}
                       AND p.key = ANY({keys}){bounds}{within} GROUP BY {by}"
                )
            }
            Query::Term { .. } | Query::Prefix { .. } | Query::TermRange { .. } => {
                let wanted = self.postings(query);
                let (part, by) = if parts { ("p.part", "p.id, p.part") } else { ("''", "p.id") };
                let sort = match query {
                    Query::Term { .. } => self.best(&format!("NULLIF(p.sort, {UNSORTED})")),
                    _ => "NULL::bigint".to_owned(),
                };
                format!("SELECT p.id, {part} AS part, {sort} AS s FROM posting AS p WHERE {wanted} GROUP BY {by}")
            }
            Query::Ids(ids) => {
                let ids = self.texts(ids.iter().map(|id| escape(id).into_owned()).collect());
                match parts {
                    true => services(&group, &format!("v.service_id = ANY({ids})")),
                    false => documents(&group, &class, &format!("d.id = ANY({ids}){also}")),
                }
            }
            Query::All if parts => services(&group, "TRUE"),
            Query::All => documents(&group, &class, &format!("TRUE{also}")),
            Query::AccessibleTo(holders) => {
                let keys = self.holders(holders);
                match parts {
                    true => services(&group, &has_any(&group, &class, "v.contact_id", &keys)),
                    false => documents(&group, &class, &format!("d.keys && {keys}{also}")),
                }
            }
            Query::Union(queries) if queries.is_empty() => nothing(),
            Query::Union(queries) => {
                let lists: Vec<String> = queries.iter().map(|query| format!("({})", self.list(query, also))).collect();
                let (name, best) = (self.name(), self.best("s"));
                format!("SELECT id, part, {best} AS s FROM ({}) AS {name} GROUP BY id, part", lists.join(" UNION ALL "))
            }
            Query::Intersection(queries) => {
                let Some((first, others)) = self.drive(queries) else { return self.list(&Query::All, also) };
                let (mut also, mut asked) = (also.to_owned(), Vec::new());
                let rows = self.lists_rows(first);
                for other in others {
                    match rows.then(|| self.in_row(other)).flatten() {
                        Some(condition) => _ = write!(also, " AND {condition}"),
                        None => asked.push(other),
                    }
                }
                let list = self.list(first, &also);
                let name = self.name();
                let conditions: Vec<String> = asked.into_iter().map(|other| self.holds(other, &name)).collect();
                let conditions = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
                format!("SELECT {name}.id, {name}.part, {name}.s FROM ({list}) AS {name} WHERE {conditions}")
            }
            Query::Difference(of, without) => {
                let list = self.list(of, also);
                let name = self.name();
                let excluded = self.holds(without, &name);
                format!("SELECT {name}.id, {name}.part, {name}.s FROM ({list}) AS {name} WHERE NOT {excluded}")
            }
        }
    }

    /// Whether a set is listed from the rows of documents.
    fn lists_rows(&self, query: &Query) -> bool {
        match query {
            Query::Term { terms, .. } => !is_everything(terms),
            Query::Prefix { .. } | Query::TermRange { .. } => false,
            Query::Ids(_) | Query::All | Query::AccessibleTo(_) => !self.question.parts,
            Query::Union(queries) => queries.iter().all(|query| self.lists_rows(query)),
            Query::Intersection(queries) => match self.drive(queries) {
                Some((first, _)) => self.lists_rows(first),
                None => !self.question.parts,
            },
            Query::Difference(of, _) => self.lists_rows(of),
        }
    }

    /// Whether a row `d` of a document is in a set, if its keys tell: not within bounds, nor of which part.
    fn in_row(&mut self, query: &Query) -> Option<String> {
        let keys = match query {
            Query::AccessibleTo(holders) => self.holders(holders),
            Query::Term { index, terms, from: None, to: None } if !self.question.parts => {
                self.postings_of(index, terms)
            }
            _ => return None,
        };
        Some(keys.any_of("d"))
    }

    /// The set of an intersection that is listed, and those that are asked.
    fn drive<'q>(&self, queries: &'q [Query]) -> Option<(&'q Query, Vec<&'q Query>)> {
        let sorted = queries.iter().position(|query| self.is_sorted() && sorts(query));
        let first = sorted.or_else(|| (0..queries.len()).min_by_key(|at| queries.get(*at).map(size)))?;
        let others = queries.iter().enumerate().filter(|(at, _)| *at != first).map(|(_, query)| query).collect();
        Some((queries.get(first)?, others))
    }

    /// Whether the row `name` is in a set.
    fn holds(&mut self, query: &Query, name: &str) -> String {
        let (group, class, parts) = (self.group.clone(), self.class.clone(), self.question.parts);
        match query {
            Query::Term { index, terms, from: None, to: None } if !parts => {
                let keys = self.postings_of(index, terms);
                has_any(&group, &class, &format!("{name}.id"), &keys)
            }
            Query::Term { index, terms, from, to } => {
                let keys = self.postings_of(index, terms);
                let bounds = self.bounds("p", *from, *to);
                let part = if parts { format!(" AND p.part = {name}.part") } else { String::new() };
                format!(
                    "EXISTS (SELECT 1 FROM document AS m, unnest(m.keys, m.sorts, m.parts) AS p (key, sort, part)
                     WHERE m.group_id = {group} AND m.class = {class} AND m.id = {name}.id
                       AND p.key = ANY({keys}){bounds}{part})"
                )
            }
            Query::Prefix { .. } | Query::TermRange { .. } => {
                let wanted = self.postings(query);
                let part = if parts { format!(" AND p.part = {name}.part") } else { String::new() };
                format!("EXISTS (SELECT 1 FROM posting AS p WHERE {wanted} AND p.id = {name}.id{part})")
            }
            Query::Ids(ids) => {
                let ids = self.texts(ids.iter().map(|id| escape(id).into_owned()).collect());
                format!("{name}.{} = ANY({ids})", if parts { "part" } else { "id" })
            }
            // whatever is listed anywhere is live
            Query::All => "TRUE".to_owned(),
            Query::AccessibleTo(holders) => {
                let keys = self.holders(holders);
                has_any(&group, &class, &format!("{name}.id"), &keys)
            }
            Query::Union(queries) => self.each(queries, name, " OR ", "FALSE"),
            Query::Intersection(queries) => self.each(queries, name, " AND ", "TRUE"),
            Query::Difference(of, without) => {
                let (of, without) = (self.holds(of, name), self.holds(without, name));
                format!("({of} AND NOT {without})")
            }
        }
    }

    fn each(&mut self, queries: &[Query], name: &str, operator: &str, empty: &str) -> String {
        let conditions: Vec<String> = queries.iter().map(|query| self.holds(query, name)).collect();
        if conditions.is_empty() { empty.to_owned() } else { format!("({})", conditions.join(operator)) }
    }

    /// The condition on rows `p` of the postings.
    fn postings(&mut self, query: &Query) -> String {
        let (index, mut conditions) = match query {
            Query::Term { index, from, to, .. } => {
                (*index, format!(" AND p.term = ''{}", self.bounds("p", *from, *to)))
            }
            Query::Prefix { index, prefix } if prefix.is_empty() => (*index, String::new()),
            Query::Prefix { index, prefix } => {
                // longer ones are bounded, as the terms are: what begins like it is found
                let bounded = prefix.get(..prefix.floor_char_boundary(WHOLE)).unwrap_or_default();
                let from = self.text(escape(bounded).into_owned());
                (*index, format!(" AND p.term >= {from} AND p.term < {from} || chr(1114111) || chr(1114111)"))
            }
            Query::TermRange { index, from, to } => {
                let mut conditions = String::new();
                for (bound, operator) in [(from, ">="), (to, "<=")] {
                    if let Some(bound) = bound {
                        let bound = self.text(term(bound).into_owned());
                        let _ = write!(conditions, " AND p.term {operator} {bound}");
                    }
                }
                (*index, conditions)
            }
            _ => ("", " AND FALSE".to_owned()),
        };
        let index = self.text(index.to_owned());
        conditions.insert_str(0, &format!("p.group_id = {} AND p.index_name = {index}", self.group));
        conditions
    }

    /// One more table `o`, and the condition on it, for what is looked for within bounds: the rows of the index that has
    /// everything in that order. Only PostgreSQL can tell whether fewer have the term or are within the bounds.
    fn order(&mut self, index: &str, from: Option<i64>, to: Option<i64>) -> (&'static str, String) {
        match order_of(index) {
            Some(order) if from.is_some() || to.is_some() => {
                let (group, order) = (self.group.clone(), self.text(order.to_owned()));
                let bounds = self.bounds("o", from, to);
                let within = format!(
                    " AND o.group_id = {group} AND o.index_name = {order} AND o.term = '' AND o.id = d.id
                      AND o.sort = p.sort AND o.part = p.part{bounds}"
                );
                (", posting AS o", within)
            }
            _ => ("", String::new()),
        }
    }

    /// The condition on the sort value of rows.
    fn bounds(&mut self, rows: &str, from: Option<i64>, to: Option<i64>) -> String {
        let mut conditions = String::new();
        for (bound, operator) in [(from, ">="), (to, "<=")] {
            if let Some(bound) = bound {
                let bound = self.integer(bound);
                let _ = write!(conditions, " AND {rows}.sort {operator} {bound} AND {rows}.sort <> {UNSORTED}");
            }
        }
        conditions
    }

    /// Whether no other readable contact holds a later version of the service of a row than its own.
    fn is_latest(&mut self) -> String {
        let (group, class) = (self.group.clone(), self.class.clone());
        let readable = match &self.question.readable_by {
            None => String::new(),
            Some(holders) => {
                let keys = self.holders(holders);
                format!(" AND {}", has_any(&group, &class, "v.contact_id", &keys))
            }
        };
        format!(
            "EXISTS (SELECT 1 FROM service_version AS own
             WHERE own.group_id = {group} AND own.service_id = f.part AND own.contact_id = f.id
               AND NOT EXISTS (SELECT 1 FROM service_version AS v
                 WHERE v.group_id = {group} AND v.service_id = f.part
                   AND (v.version, v.contact_modified, v.contact_id)
                     > (own.version, own.contact_modified, own.contact_id){readable}))"
        )
    }

    /// What comes after the last hit of an earlier page.
    fn after(&mut self) -> Option<String> {
        let after = self.question.after.as_ref()?;
        let (id, part) = (self.text(escape(&after.id).into_owned()), self.text(escape(&after.part).into_owned()));
        let place = format!(r#"(f.id COLLATE "C", f.part COLLATE "C") > ({id}, {part})"#);
        let operator = match self.question.selection.order {
            Order::Id => return Some(place),
            Order::Ascending => ">",
            Order::Descending => "<",
        };
        Some(match after.sort {
            None => format!("(f.s IS NULL AND {place})"),
            Some(sort) => {
                let sort = self.integer(sort);
                format!("(f.s {operator} {sort} OR f.s IS NULL OR (f.s = {sort} AND {place}))")
            }
        })
    }
}

fn nothing() -> String {
    "SELECT '' AS id, '' AS part, NULL::bigint AS s WHERE FALSE".to_owned()
}

fn documents(group: &str, class: &str, condition: &str) -> String {
    format!(
        "SELECT d.id, '' AS part, NULL::bigint AS s FROM document AS d
         WHERE d.group_id = {group} AND d.class = {class} AND NOT d.deleted AND {condition}"
    )
}

/// Whether the document whose id is in a column has any of the keys.
fn has_any(group: &str, class: &str, id: &str, keys: &Keys) -> String {
    let any = keys.any_of("m");
    format!(
        "EXISTS (SELECT 1 FROM document AS m
         WHERE m.group_id = {group} AND m.class = {class} AND m.id = {id} AND {any})"
    )
}

fn services(group: &str, condition: &str) -> String {
    format!(
        "SELECT v.contact_id AS id, v.service_id AS part, NULL::bigint AS s FROM service_version AS v
         WHERE v.group_id = {group} AND {condition}"
    )
}

/// Whether terms stand for all that is in an index, in its order.
fn is_everything(terms: &[String]) -> bool {
    !terms.is_empty() && terms.iter().all(String::is_empty)
}

/// Whether a set has an order of its own.
fn sorts(query: &Query) -> bool {
    match query {
        Query::Term { .. } => true,
        Query::Union(queries) | Query::Intersection(queries) => queries.iter().any(sorts),
        Query::Difference(of, _) => sorts(of),
        _ => false,
    }
}

/// How large a set probably is, compared with others.
fn size(query: &Query) -> u8 {
    match query {
        Query::Ids(_) => 0,
        Query::Term { .. } => 1,
        Query::Prefix { .. } | Query::TermRange { .. } => 2,
        Query::Intersection(queries) => queries.iter().map(size).min().unwrap_or(9),
        Query::Union(queries) => queries.iter().map(size).max().unwrap_or(0),
        Query::Difference(of, _) => size(of),
        Query::AccessibleTo(_) => 5,
        Query::All => 9,
    }
}
