//! Lists the hits of a branch, row by row.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params_from_iter};

use super::evaluate::Candidate;
use super::latest::Latest;
use super::node::Leaf;
use super::page::Page;
use super::plan::Branch;
use super::rank::Ranking;
use super::segment::{Listing, Segment};
use super::sql::{Param, Source, Sql};
use super::{Hit, Search};
use crate::facts::{Facts, UNSORTED};
use crate::sqlite::documents::bytes;
use crate::{Result, StoreError};

impl Search<'_> {
    /// Lists the hits of a segment of a branch; `leaf` is the branch's, or one key of it.
    pub(super) fn list(
        &self,
        connection: &Connection,
        branch: &Branch<'_>,
        leaf: &Leaf,
        segment: &Segment,
        listing: &mut Listing,
        page: &mut Page,
    ) -> Result<()> {
        let is_done = |listing: &Listing| segment.is_ordered() && listing.is_full();
        if is_done(listing) {
            return Ok(());
        }
        let ranking = self.ranking(branch);
        let probes = self.question.parts || branch.probes() || ranking.needs_facts();
        let (sql, params) = self.statement(leaf, segment, probes);
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(&params))?;
        let latest = Latest::new(connection, self.question);
        while !is_done(listing) {
            let Some(row) = rows.next()? else { break };
            let id = text(row, 0)?;
            let own = row.get::<_, Option<i64>>(2)?.filter(|sort| *sort != UNSORTED);
            if !probes {
                let hit = Hit { id: id.to_owned(), part: String::new(), sort: ranking.own(own) };
                page.offer(hit).into_iter().for_each(|place| listing.count(place));
                continue;
            }
            let facts = Facts::read(bytes(row, 3)?)?;
            let only = if row.get_ref(1)? == ValueRef::Null { None } else { Some(text(row, 1)?) };
            for part in self.parts(&facts, only) {
                let candidate = Candidate { id, part, facts: &facts };
                if !branch.has(candidate) {
                    continue;
                }
                let Some(sort) = ranking.rank(candidate, own) else { continue };
                if !latest.is_latest(candidate)? {
                    continue;
                }
                let hit = Hit { id: id.to_owned(), part: part.unwrap_or_default().to_owned(), sort };
                page.offer(hit).into_iter().for_each(|place| listing.count(place));
            }
        }
        Ok(())
    }

    /// The statement that lists a segment of a set, with the facts of each document where `probes`
    /// need them.
    pub(super) fn statement(&self, leaf: &Leaf, segment: &Segment, probes: bool) -> (String, Vec<Param>) {
        let mut sql = Sql::new(self.question);
        let mut source = sql.source(leaf);
        let order = segment.write(&mut sql, &mut source.condition);
        let has_facts = source.has_facts();
        let Source { table, columns: [id, part, sort], condition } = source;
        let text = if !probes {
            format!("SELECT {id}, {part}, {sort} FROM {table} AS d WHERE {condition}{order}")
        } else if has_facts {
            format!("SELECT {id}, {part}, {sort}, d.facts FROM {table} AS d WHERE {condition}{order}")
        } else {
            format!(
                "SELECT {id}, {part}, {sort}, c.facts FROM {table} AS d CROSS JOIN document AS c
                 WHERE {condition} AND c.group_id = ?1 AND c.class = ?2 AND c.id = {id}{order}"
            )
        };
        (text, sql.params)
    }

    /// What a row stands for: the document, a part of it, or all of its parts.
    fn parts<'f>(&self, facts: &'f Facts<'f>, only: Option<&'f str>) -> Vec<Option<&'f str>> {
        match only {
            _ if !self.question.parts => vec![None],
            Some(part) => vec![Some(part)],
            None => facts.services.iter().map(|held| Some(held.service)).collect(),
        }
    }

    /// How the hits of a branch get their sort values.
    fn ranking(&self, branch: &Branch<'_>) -> Ranking<'_> {
        match &self.sort {
            None => Ranking::None,
            Some(_) if self.sorts_by(branch.leaf) && self.question.limit.is_none() => Ranking::Own,
            Some(sort) => Ranking::Best { sort, in_place: self.sorts_by(branch.leaf) },
        }
    }
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str> {
    row.get_ref(column)?.as_str().map_err(|_| StoreError::Corrupt("a column holds another type than was written"))
}
