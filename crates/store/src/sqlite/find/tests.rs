//! How SQLite goes about the statements of a find: never through a whole table, and in the order of
//! an index where that is promised.

use keystead_model::query::{Order, Query, Selection};
use rusqlite::params_from_iter;

use super::*;
use crate::facts::UNSORTED;
use crate::sqlite::connection::{open_writer, prepare_file};
use crate::sqlite::{Options, migrations};

const INDEX: &str = "contact.tag";

fn database() -> (tempfile::TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let path = prepare_file(directory.path()).unwrap();
    let mut connection = open_writer(&path, &Options::default()).unwrap();
    migrations::migrate(&mut connection).unwrap();
    (directory, connection)
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn leaves() -> Vec<Query> {
    let term = |terms: &[&str], from, to| Query::Term { index: INDEX, terms: texts(terms), from, to };
    vec![
        Query::All,
        Query::Ids(texts(&["a"])),
        Query::Ids(texts(&["a", "b"])),
        term(&["a"], None, None),
        term(&["a", "b"], None, None),
        term(&["a"], Some(1), Some(2)),
        term(&["a", "b"], Some(1), None),
        Query::Prefix { index: INDEX, prefix: "a".to_owned() },
        Query::Prefix { index: INDEX, prefix: String::new() },
        Query::TermRange { index: INDEX, from: Some("a".to_owned()), to: Some("b".to_owned()) },
        Query::TermRange { index: INDEX, from: None, to: Some("b".to_owned()) },
        Query::AccessibleTo(texts(&["a"])),
        Query::AccessibleTo(texts(&["a", "b"])),
    ]
}

fn questions() -> Vec<Find> {
    let mut questions = Vec::new();
    for query in leaves() {
        for order in [Order::Id, Order::Ascending, Order::Descending] {
            for parts in [false, true] {
                for (limit, after) in [(None, None), (Some(9), None), (Some(9), Some(None)), (Some(9), Some(Some(7)))] {
                    questions.push(Find {
                        group: "g".to_owned(),
                        class: "Contact",
                        selection: Selection { query: query.clone(), order },
                        readable_by: None,
                        parts,
                        after: after.map(|sort| Hit { id: "a".to_owned(), part: String::new(), sort }),
                        limit,
                    });
                }
            }
        }
    }
    questions
}

/// The steps of a statement, as SQLite tells them.
fn steps(connection: &Connection, sql: &str, params: &[sql::Param]) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.query_map(params_from_iter(params), |row| row.get(3)).unwrap();
    steps.collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn statements_use_indexes_and_their_order() {
    let (_directory, connection) = database();
    for question in questions() {
        let node = Node::new(&question.selection.query, None);
        let search = Search { question: &question, sort: Sort::new(&node, question.selection.order) };
        for branch in branches(&connection, &search, &node).unwrap() {
            let streams = question.limit.is_some() && search.streams(branch.leaf);
            let leaves = if streams { branch.leaf.by_key() } else { vec![branch.leaf.clone()] };
            for leaf in leaves {
                let segments =
                    if streams { Segment::all(&leaf, &question, search.sort.as_ref()) } else { vec![Segment::Whole] };
                let leaf = if streams { leaf.unbounded() } else { leaf };
                for segment in segments {
                    for probes in [false, true] {
                        let (sql, params) = search.statement(&leaf, &segment, probes);
                        let steps = steps(&connection, &sql, &params);
                        for step in &steps {
                            let scans = step.starts_with("SCAN") && !step.contains("rarray");
                            assert!(!scans, "{step} in {steps:?} of {sql}");
                            // Only ties of a descending order may be sorted.
                            assert!(!step.contains("TEMP B-TREE FOR ORDER BY"), "{step} in {steps:?} of {sql}");
                        }
                        let listed = steps.first().unwrap();
                        assert!(listed.starts_with("SEARCH d USING "), "{listed} comes first in {sql}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_page_seeks_its_beginning() {
    let (_directory, connection) = database();
    for (query, order, expected) in [
        (Query::AccessibleTo(texts(&["a"])), Order::Id, "(namespace=? AND holder=? AND id>?)"),
        (Query::All, Order::Id, "(group_id=? AND class=? AND id>?)"),
        (Query::term(INDEX, "a"), Order::Ascending, "(namespace=? AND term=? AND sort=? AND id>?)"),
        (Query::term(INDEX, "a"), Order::Descending, "(namespace=? AND term=? AND sort=? AND id>?)"),
    ] {
        let question = Find {
            group: "g".to_owned(),
            class: "Contact",
            selection: Selection { query, order },
            readable_by: None,
            parts: false,
            after: Some(Hit { id: "a".to_owned(), part: String::new(), sort: Some(3) }),
            limit: Some(9),
        };
        let node = Node::new(&question.selection.query, None);
        let search = Search { question: &question, sort: Sort::new(&node, order) };
        let Node::Leaf(leaf) = &node else { panic!("a simple set") };
        let first = Segment::all(leaf, &question, search.sort.as_ref()).into_iter().next().unwrap();
        let (sql, params) = search.statement(leaf, &first, true);
        let steps = steps(&connection, &sql, &params);
        assert!(steps.iter().any(|step| step.contains(expected)), "{steps:?} of {sql}");
    }
}

#[test]
fn the_smallest_set_drives() {
    let (_directory, connection) = database();
    connection
        .execute_batch(
            "INSERT INTO namespace VALUES (1, 'g', 'contact.tag'), (2, 'g', 'Contact');
             WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 6000)
             INSERT INTO posting SELECT 1, 'all', x, x, '' FROM n;
             WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300)
             INSERT INTO posting SELECT 1, 'some', x, x, '' FROM n;
             WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 6000)
             INSERT INTO access SELECT 2, 'all', x FROM n;
             INSERT INTO access VALUES (2, 'one', 1)",
        )
        .unwrap();
    let tag = |term: &str| Query::term(INDEX, term);
    for (query, readable_by, limit, drives) in [
        (Query::Intersection(vec![tag("all"), tag("some")]), None, None, "some"),
        (Query::Intersection(vec![tag("some"), tag("all")]), None, Some(5), "some"),
        (tag("all"), Some("one"), None, "one"),
        (tag("some"), Some("all"), None, "some"),
        (Query::Difference(Box::new(Query::All), Box::new(tag("some"))), Some("all"), None, "all"),
        (Query::Intersection(vec![Query::Union(vec![tag("some"), tag("none")]), tag("all")]), None, None, "none some"),
        // Both are large: the one that an index lists in the order of ids.
        (
            Query::Intersection(vec![Query::Prefix { index: INDEX, prefix: "a".into() }, tag("all")]),
            None,
            Some(5),
            "all",
        ),
    ] {
        let question = Find {
            group: "g".to_owned(),
            class: "Contact",
            selection: Selection { query: query.clone(), order: Order::Id },
            readable_by: readable_by.map(|key: &str| vec![key.to_owned()]),
            parts: false,
            after: None,
            limit,
        };
        let node = Node::new(&question.selection.query, question.readable_by.as_deref());
        let search = Search { question: &question, sort: None };
        let found = branches(&connection, &search, &node).unwrap();
        let listed: Vec<&str> = found
            .iter()
            .flat_map(|branch| match branch.leaf {
                Leaf::Postings(Postings { terms: Terms::Any(terms), .. }) | Leaf::Accessible(terms) => terms.as_slice(),
                _ => &[],
            })
            .map(String::as_str)
            .collect();
        assert_eq!(listed.join(" "), drives, "{query:?}");
    }
}

#[test]
fn segments_follow_one_another() {
    let term = |from, to| Query::Term { index: INDEX, terms: texts(&["a"]), from, to };
    let after = |sort| Some(Hit { id: "x".to_owned(), part: String::new(), sort });
    let x = || Some("x".to_owned());
    let (min, max, none) = (i64::MIN, UNSORTED - 1, UNSORTED);
    use Segment::{Any, Ascending, Descending, Tied};
    for (query, order, after, expected) in [
        (term(None, None), Order::Id, None, vec![Tied(none, None), Any(min, max)]),
        (term(None, None), Order::Ascending, None, vec![Ascending(min, none)]),
        (term(None, None), Order::Ascending, after(Some(3)), vec![Tied(3, x()), Ascending(4, none)]),
        (term(None, None), Order::Ascending, after(None), vec![Tied(none, x())]),
        (term(Some(1), Some(5)), Order::Ascending, after(Some(3)), vec![Tied(3, x()), Ascending(4, 5)]),
        (term(Some(1), None), Order::Ascending, None, vec![Ascending(1, max)]),
        (term(None, None), Order::Descending, None, vec![Descending(min, max), Tied(none, None)]),
        (term(None, None), Order::Descending, after(Some(3)), vec![Tied(3, x()), Descending(min, 2), Tied(none, None)]),
        (term(None, None), Order::Descending, after(None), vec![Tied(none, x())]),
        (term(Some(1), Some(5)), Order::Descending, after(Some(3)), vec![Tied(3, x()), Descending(1, 2)]),
        (term(Some(1), Some(5)), Order::Descending, None, vec![Descending(1, 5)]),
    ] {
        let question = Find {
            group: "g".to_owned(),
            class: "Contact",
            selection: Selection { query, order },
            readable_by: None,
            parts: false,
            after,
            limit: Some(9),
        };
        let node = Node::new(&question.selection.query, None);
        let sort = Sort::new(&node, order);
        let Node::Leaf(leaf) = &node else { panic!("a simple set") };
        assert_eq!(Segment::all(leaf, &question, sort.as_ref()), expected, "{question:?}");
    }
}

#[test]
fn what_is_accessible_narrows_down() {
    let to = |keys: &[&str]| Query::AccessibleTo(texts(keys));
    let query = Query::Intersection(vec![to(&["b", "a"]), Query::term(INDEX, "t"), to(&["a", "b", "c"])]);
    let node = Node::new(&query, Some(&texts(&["b", "c", "a", "d"])));
    let Node::Both { all, none } = node else { panic!("an intersection") };
    assert_eq!(all.len(), 2);
    assert!(all.contains(&Node::Leaf(Leaf::Accessible(texts(&["a", "b"])))) && none.is_empty());
    assert_eq!(Node::new(&to(&["a"]), Some(&texts(&["a"]))), Node::Leaf(Leaf::Accessible(texts(&["a"]))));
}
