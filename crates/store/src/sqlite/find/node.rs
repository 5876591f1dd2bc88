//! The form of a query that the planner works on: fewer kinds of nodes, nothing superfluous.

use keystead_model::query::Query;

use crate::facts::UNSORTED;

/// A set that one index can list, and one probe can test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaf {
    /// Everything live.
    All,
    /// These documents, or services where parts are looked for.
    Ids(Vec<String>),
    /// What has a posting.
    Postings(Postings),
    /// What grants any of these keys access.
    Accessible(Vec<String>),
}

/// What has a posting under an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postings {
    pub(super) index: &'static str,
    pub(super) terms: Terms,
    /// Smallest and largest sort value, inclusive.
    pub(super) bounds: Option<(i64, i64)>,
}

/// Which terms count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Terms {
    /// Any of these.
    Any(Vec<String>),
    /// Those from the first, inclusive, to the second, exclusive.
    Before(String, Option<String>),
    /// Those within the bounds, inclusive.
    Within(Option<String>, Option<String>),
}

/// A set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A simple one.
    Leaf(Leaf),
    /// What is in any of these; nothing where there are none.
    Union(Vec<Node>),
    /// What is in each of `all`, of which there is at least one, and in none of `none`.
    Both { all: Vec<Node>, none: Vec<Node> },
}

impl Node {
    /// The set of `query`, of which only what grants any of `readable_by` access.
    pub(super) fn new(query: &Query, readable_by: Option<&[String]>) -> Self {
        let node = normalise(query);
        match readable_by {
            None => node,
            Some(keys) => both(vec![node, accessible(keys)], Vec::new()),
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Union(nodes) if nodes.is_empty())
    }

    /// Whether the set has an order of its own: it contains a [`Query::Term`].
    pub(super) fn is_sorted(&self) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.is_sorted(),
            Self::Union(nodes) => nodes.iter().any(Self::is_sorted),
            Self::Both { all, .. } => all.iter().any(Self::is_sorted),
        }
    }
}

impl Leaf {
    pub(super) fn is_sorted(&self) -> bool {
        matches!(self, Self::Postings(Postings { terms: Terms::Any(_), .. }))
    }

    /// The same set without its bounds, for a segment has bounds of its own.
    pub(super) fn unbounded(self) -> Self {
        match self {
            Self::Postings(postings) => Self::Postings(Postings { bounds: None, ..postings }),
            leaf => leaf,
        }
    }

    /// The same set, one key at a time.
    pub(super) fn by_key(&self) -> Vec<Self> {
        match self {
            Self::Accessible(keys) => keys.iter().map(|key| Self::Accessible(vec![key.clone()])).collect(),
            Self::Postings(Postings { index, terms: Terms::Any(terms), bounds }) => terms
                .iter()
                .map(|term| {
                    let terms = Terms::Any(vec![term.clone()]);
                    Self::Postings(Postings { index, terms, bounds: *bounds })
                })
                .collect(),
            _ => vec![self.clone()],
        }
    }
}

fn normalise(query: &Query) -> Node {
    match query {
        Query::All => Node::Leaf(Leaf::All),
        Query::Ids(ids) if ids.is_empty() => Node::Union(Vec::new()),
        Query::Ids(ids) => Node::Leaf(Leaf::Ids(distinct(ids))),
        Query::Term { terms, .. } if terms.is_empty() => Node::Union(Vec::new()),
        Query::Term { index, terms, from, to } => {
            let bounds = (from.is_some() || to.is_some())
                .then(|| (from.unwrap_or(i64::MIN), to.unwrap_or(UNSORTED).min(UNSORTED - 1)));
            postings(index, Terms::Any(distinct(terms)), bounds)
        }
        Query::Prefix { index, prefix } => postings(index, Terms::Before(prefix.clone(), after_prefix(prefix)), None),
        Query::TermRange { index, from, to } => postings(index, Terms::Within(from.clone(), to.clone()), None),
        Query::AccessibleTo(keys) => accessible(keys),
        Query::Union(queries) => union(queries.iter().map(normalise).collect()),
        Query::Intersection(queries) => both(queries.iter().map(normalise).collect(), Vec::new()),
        Query::Difference(of, without) => both(vec![normalise(of)], vec![normalise(without)]),
    }
}

fn postings(index: &'static str, terms: Terms, bounds: Option<(i64, i64)>) -> Node {
    Node::Leaf(Leaf::Postings(Postings { index, terms, bounds }))
}

fn accessible(keys: &[String]) -> Node {
    if keys.is_empty() { Node::Union(Vec::new()) } else { Node::Leaf(Leaf::Accessible(distinct(keys))) }
}

fn union(nodes: Vec<Node>) -> Node {
    let mut flat: Vec<Node> = Vec::new();
    for node in nodes {
        match node {
            Node::Union(inner) => inner.into_iter().for_each(|node| join(&mut flat, node)),
            node => join(&mut flat, node),
        }
    }
    match flat.pop() {
        Some(only) if flat.is_empty() => only,
        Some(last) => {
            flat.push(last);
            Node::Union(flat)
        }
        None => Node::Union(flat),
    }
}

/// Adds a set to a union; terms of the same index become one set.
fn join(union: &mut Vec<Node>, node: Node) {
    if let Node::Leaf(Leaf::Postings(Postings { index, terms: Terms::Any(more), bounds })) = &node {
        for other in union.iter_mut() {
            if let Node::Leaf(Leaf::Postings(known)) = other
                && known.index == *index
                && known.bounds == *bounds
                && let Terms::Any(terms) = &mut known.terms
            {
                terms.extend(more.iter().cloned());
                *terms = distinct(terms);
                return;
            }
        }
    }
    union.push(node);
}

fn both(nodes: Vec<Node>, without: Vec<Node>) -> Node {
    let mut all = Vec::new();
    let mut none: Vec<Node> = without.into_iter().filter(|node| !node.is_nothing()).collect();
    for node in nodes {
        match node {
            Node::Both { all: inner, none: excluded } => {
                all.extend(inner);
                none.extend(excluded);
            }
            node => all.push(node),
        }
    }
    if all.iter().any(Node::is_nothing) || none.contains(&Node::Leaf(Leaf::All)) {
        return Node::Union(Vec::new());
    }
    narrow(&mut all);
    // Every other set holds live documents only.
    all.retain(|node| *node != Node::Leaf(Leaf::All));
    match all.pop() {
        None if none.is_empty() => Node::Leaf(Leaf::All),
        None => Node::Both { all: vec![Node::Leaf(Leaf::All)], none },
        Some(only) if all.is_empty() && none.is_empty() => only,
        Some(last) => {
            all.push(last);
            Node::Both { all, none }
        }
    }
}

/// Removes sets of what is accessible that contain another such set.
fn narrow(all: &mut Vec<Node>) {
    let mut kept: Vec<Node> = Vec::with_capacity(all.len());
    for node in all.drain(..) {
        let Node::Leaf(Leaf::Accessible(keys)) = &node else {
            kept.push(node);
            continue;
        };
        let among = |some: &[String], many: &[String]| some.iter().all(|key| many.binary_search(key).is_ok());
        let accessible = |other: &Node| match other {
            Node::Leaf(Leaf::Accessible(keys)) => Some(keys.clone()),
            _ => None,
        };
        if kept.iter().filter_map(accessible).any(|other| among(&other, keys)) {
            continue;
        }
        kept.retain(|other| accessible(other).is_none_or(|other| !among(keys, &other)));
        kept.push(node);
    }
    *all = kept;
}

fn distinct(values: &[String]) -> Vec<String> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.dedup();
    values
}

/// The smallest text after all that start with `prefix`, if there is one.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // Byte order is the order of code points; the surrogates between are no characters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}
