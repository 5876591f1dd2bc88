//! Writes the SQL of a find: probes that test whether a row is in a set, and sources that list one.

use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;
use rusqlite::vtab::array::Array;

use super::node::{Leaf, Node, Postings, Terms};
use crate::documents::Find;
use crate::sqlite::projection::{CONTACT, UNSORTED};
use crate::sqlite::session::list;

/// A value bound to a parameter.
#[derive(Debug)]
pub(super) enum Param {
    Text(String),
    Number(i64),
    List(Array),
}

impl ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => text.to_sql(),
            Self::Number(number) => number.to_sql(),
            Self::List(values) => values.to_sql(),
        }
    }
}

/// A statement in the making. The first two parameters are the group and the class.
#[derive(Debug)]
pub(super) struct Sql {
    pub(super) params: Vec<Param>,
    parts: bool,
}

/// From where a statement takes its rows, and under which condition.
pub(super) struct Source {
    /// The tables.
    pub(super) from: &'static str,
    /// The condition.
    pub(super) condition: String,
}

impl Sql {
    pub(super) fn new(question: &Find) -> Self {
        let class = if question.parts { CONTACT } else { question.class };
        let params = vec![Param::Text(question.group.clone()), Param::Text(class.to_owned())];
        Self { params, parts: question.parts }
    }

    /// Lists documents even where parts are looked for.
    pub(super) fn count_documents(&mut self) {
        self.parts = false;
    }

    /// The document of a row.
    pub(super) fn id(&self) -> &'static str {
        if self.parts { "v.contact_id" } else { "d.id" }
    }

    /// The part of a row.
    pub(super) fn part(&self) -> &'static str {
        if self.parts { "v.service_id" } else { "''" }
    }

    pub(super) fn bind(&mut self, value: Param) -> String {
        self.params.push(value);
        format!("?{}", self.params.len())
    }

    pub(super) fn number(&mut self, value: i64) -> String {
        self.bind(Param::Number(value))
    }

    pub(super) fn text(&mut self, value: &str) -> String {
        self.bind(Param::Text(value.to_owned()))
    }

    /// `column` is any of `values`. Lists are one parameter, so that the text stays the same.
    fn any(&mut self, column: &str, values: &[String]) -> String {
        match values {
            [only] => format!("{column} = {}", self.text(only)),
            _ => format!("{column} IN (SELECT value FROM rarray({}))", self.bind(Param::List(list(values)))),
        }
    }

    /// The condition that the row of the outer statement is in the set.
    pub(super) fn holds(&mut self, node: &Node) -> String {
        match node {
            Node::Leaf(leaf) => self.holds_leaf(leaf),
            Node::Union(nodes) => {
                let tests = nodes.iter().map(|node| self.holds(node)).collect();
                balanced(tests, "OR").unwrap_or_else(|| "FALSE".to_owned())
            }
            Node::Both { all, none } => {
                let mut tests: Vec<String> = all.iter().map(|node| self.holds(node)).collect();
                tests.extend(none.iter().map(|node| format!("NOT {}", self.holds(node))));
                balanced(tests, "AND").unwrap_or_else(|| "TRUE".to_owned())
            }
        }
    }

    fn holds_leaf(&mut self, leaf: &Leaf) -> String {
        match leaf {
            // Whatever lists the rows lists live documents only.
            Leaf::All => "TRUE".to_owned(),
            Leaf::Ids(ids) => {
                let column = if self.parts { self.part() } else { self.id() };
                format!("({})", self.any(column, ids))
            }
            Leaf::Postings(postings) => {
                format!("EXISTS (SELECT 1 FROM posting AS p WHERE {})", self.own_postings(postings))
            }
            Leaf::Accessible(keys) => {
                let id = self.id();
                let holder = self.any("a.holder", keys);
                format!(
                    "EXISTS (SELECT 1 FROM access AS a
                     WHERE a.group_id = ?1 AND a.class = ?2 AND a.id = {id} AND {holder})"
                )
            }
        }
    }

    /// The best sort value of the row's own postings.
    pub(super) fn best(&mut self, postings: &Postings, descending: bool) -> String {
        let best =
            if descending { format!("max(nullif(p.sort, {UNSORTED}))") } else { "min(p.sort)".to_owned() };
        format!("(SELECT {best} FROM posting AS p WHERE {})", self.own_postings(postings))
    }

    /// Selects among the postings `p` of the outer statement's row.
    fn own_postings(&mut self, postings: &Postings) -> String {
        let (id, part) = (self.id(), self.part());
        let name = self.text(postings.index);
        let mut condition = format!("p.group_id = ?1 AND p.class = ?2 AND p.id = {id} AND p.name = {name}");
        if self.parts {
            condition.push_str(&format!(" AND p.part = {part}"));
        }
        condition.push_str(&self.selects("p", postings));
        condition
    }

    fn selects(&mut self, table: &str, postings: &Postings) -> String {
        let column = format!("{table}.term");
        let mut condition = String::new();
        let mut and = |test: String| condition.push_str(&format!(" AND {test}"));
        match &postings.terms {
            Terms::Any(terms) => and(self.any(&column, terms)),
            Terms::Before(from, before) => {
                and(format!("{column} >= {}", self.text(from)));
                if let Some(before) = before {
                    and(format!("{column} < {}", self.text(before)));
                }
            }
            Terms::Within(from, to) => {
                if let Some(from) = from {
                    and(format!("{column} >= {}", self.text(from)));
                }
                if let Some(to) = to {
                    and(format!("{column} <= {}", self.text(to)));
                }
            }
        }
        if let Some((from, to)) = postings.bounds {
            and(format!("{table}.sort >= {}", self.number(from)));
            and(format!("{table}.sort <= {}", self.number(to)));
        }
        condition
    }

    /// Lists a set. Rows may repeat.
    pub(super) fn source(&mut self, leaf: &Leaf) -> Source {
        match leaf {
            Leaf::All if self.parts => source("service_version AS v", "v.group_id = ?1"),
            Leaf::All => source("document AS d", "d.group_id = ?1 AND d.class = ?2 AND NOT d.deleted"),
            Leaf::Ids(ids) if self.parts => {
                let service = self.any("v.service_id", ids);
                source("service_version AS v", format!("v.group_id = ?1 AND {service}"))
            }
            Leaf::Ids(ids) => {
                let id = self.any("d.id", ids);
                source("document AS d", format!("d.group_id = ?1 AND d.class = ?2 AND {id} AND NOT d.deleted"))
            }
            Leaf::Accessible(keys) => {
                let holder = self.any("d.holder", keys);
                let condition = format!("d.group_id = ?1 AND d.class = ?2 AND {holder} AND d.live");
                if !self.parts {
                    return source("access AS d", condition);
                }
                source(
                    "access AS d CROSS JOIN service_version AS v",
                    format!("{condition} AND v.group_id = ?1 AND v.contact_id = d.id"),
                )
            }
            Leaf::Postings(postings) => {
                let name = self.text(postings.index);
                let selects = self.selects("d", postings);
                let condition = format!("d.group_id = ?1 AND d.name = {name}{selects}");
                if !self.parts {
                    return source("posting AS d", condition);
                }
                source(
                    "posting AS d CROSS JOIN service_version AS v",
                    format!("{condition} AND v.group_id = ?1 AND v.service_id = d.part AND v.contact_id = d.id"),
                )
            }
        }
    }

    /// The condition that no other contact that `readable_by` reach holds a newer version of the
    /// row's service.
    pub(super) fn is_latest(&mut self, readable_by: Option<&[String]>) -> String {
        let readable = match readable_by {
            None => String::new(),
            Some(keys) => {
                let holder = self.any("a.holder", keys);
                format!(
                    " AND EXISTS (SELECT 1 FROM access AS a
                     WHERE a.group_id = ?1 AND a.class = ?2 AND a.id = n.contact_id AND {holder})"
                )
            }
        };
        format!(
            "NOT EXISTS (SELECT 1 FROM service_version AS n
             WHERE n.group_id = ?1 AND n.service_id = v.service_id
               AND (n.version, n.contact_modified, n.contact_id)
                 > (v.version, v.contact_modified, v.contact_id){readable})"
        )
    }
}

fn source(from: &'static str, condition: impl Into<String>) -> Source {
    Source { from, condition: condition.into() }
}

/// Joins conditions as a tree: SQLite limits how deep an expression may be.
pub(super) fn balanced(mut tests: Vec<String>, operator: &str) -> Option<String> {
    while tests.len() > 1 {
        let mut joined = Vec::with_capacity(tests.len().div_ceil(2));
        let mut rest = tests.into_iter();
        while let Some(left) = rest.next() {
            joined.push(match rest.next() {
                Some(right) => format!("({left} {operator} {right})"),
                None => left,
            });
        }
        tests = joined;
    }
    tests.pop()
}
