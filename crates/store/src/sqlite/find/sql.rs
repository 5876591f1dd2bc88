//! Writes the SQL that lists a set.

use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;
use rusqlite::vtab::array::Array;

use super::node::{Leaf, Postings, Terms};
use crate::documents::Find;
use crate::facts::CONTACT;
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
    /// The table, known as `d`.
    pub(super) table: &'static str,
    /// The columns that hold the document's id, the part and the sort value.
    pub(super) columns: [&'static str; 3],
    /// The condition.
    pub(super) condition: String,
}

impl Source {
    /// Whether the rows are those of the documents themselves.
    pub(super) fn has_facts(&self) -> bool {
        self.table == "document"
    }
}

impl Sql {
    pub(super) fn new(question: &Find) -> Self {
        let class = if question.parts { CONTACT } else { question.class };
        let params = vec![Param::Text(question.group.clone()), Param::Text(class.to_owned())];
        Self { params, parts: question.parts }
    }

    fn bind(&mut self, value: Param) -> String {
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

    /// Lists a set of live documents. Rows may repeat a document; where parts are looked for, a row
    /// without a part stands for every part of its document.
    pub(super) fn source(&mut self, leaf: &Leaf) -> Source {
        match leaf {
            Leaf::All => Source {
                table: "document",
                columns: ["d.id", "NULL", "NULL"],
                condition: "d.group_id = ?1 AND d.class = ?2 AND NOT d.deleted".to_owned(),
            },
            Leaf::Ids(services) if self.parts => Source {
                table: "service_version",
                columns: ["d.contact_id", "d.service_id", "NULL"],
                condition: format!("{} AND {}", namespace("?2"), self.any("d.service_id", services)),
            },
            Leaf::Ids(ids) => {
                let ids = self.any("d.id", ids);
                Source {
                    table: "document",
                    columns: ["d.id", "NULL", "NULL"],
                    condition: format!("d.group_id = ?1 AND d.class = ?2 AND {ids} AND NOT d.deleted"),
                }
            }
            Leaf::Accessible(keys) => {
                let holders = self.any("d.holder", keys);
                Source {
                    table: "access",
                    columns: ["d.id", "NULL", "NULL"],
                    condition: format!("{} AND {holders}", namespace("?2")),
                }
            }
            Leaf::Postings(postings) => {
                let part = if self.parts { "d.part" } else { "NULL" };
                Source { table: "posting", columns: ["d.id", part, "d.sort"], condition: self.postings(postings) }
            }
        }
    }

    fn postings(&mut self, postings: &Postings) -> String {
        let mut condition = namespace(&self.text(postings.index));
        let mut and = |test: String| condition.push_str(&format!(" AND {test}"));
        match &postings.terms {
            Terms::Any(terms) => and(self.any("d.term", terms)),
            Terms::Before(from, before) => {
                and(format!("d.term >= {}", self.text(from)));
                if let Some(before) = before {
                    and(format!("d.term < {}", self.text(before)));
                }
            }
            Terms::Within(from, to) => {
                if let Some(from) = from {
                    and(format!("d.term >= {}", self.text(from)));
                }
                if let Some(to) = to {
                    and(format!("d.term <= {}", self.text(to)));
                }
            }
        }
        if let Some((from, to)) = postings.bounds {
            and(format!("d.sort >= {}", self.number(from)));
            and(format!("d.sort <= {}", self.number(to)));
        }
        condition
    }
}

/// The rows of the namespace with the name `name`.
fn namespace(name: &str) -> String {
    format!("d.namespace = (SELECT no FROM namespace WHERE group_id = ?1 AND name = {name})")
}
