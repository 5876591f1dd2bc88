//! Documents in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use keystead_model::access::Level;

use super::find::find;
use super::{MemoryTransaction, State, Stored};
use crate::Result;
use crate::documents::{Attachment, Document, Find, Hit, Projection, Reached, ReadDocuments, WriteDocuments, Written};

#[async_trait]
impl ReadDocuments for MemoryTransaction {
    async fn groups(&mut self) -> Result<Vec<String>> {
        let mut ids: Vec<String> =
            self.state.documents.keys().filter(|(_, class, _)| class == "Group").map(|(_, _, id)| id.clone()).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    async fn document(&mut self, group: &str, class: &str, id: &str) -> Result<Option<Document>> {
        Ok(self.state.stored(group, class, id).map(|stored| stored.document.clone()))
    }

    async fn reach(&mut self, group: &str, class: &str, id: &str, keys: &[String]) -> Result<Option<Reached>> {
        Ok(self
            .state
            .stored(group, class, id)
            .map(|stored| Reached { document: stored.document.clone(), level: stored.level(keys) }))
    }

    async fn documents(
        &mut self,
        group: &str,
        class: &str,
        ids: &[String],
        keys: Option<&[String]>,
    ) -> Result<Vec<Document>> {
        let mut seen = BTreeSet::new();
        Ok(ids
            .iter()
            .filter(|id| seen.insert(*id))
            .filter_map(|id| self.state.stored(group, class, id))
            .filter(|stored| !stored.document.deleted && keys.is_none_or(|keys| stored.level(keys).is_some()))
            .map(|stored| stored.document.clone())
            .collect())
    }

    async fn find(&mut self, question: &Find) -> Result<Vec<Hit>> {
        Ok(find(&self.state, question))
    }

    async fn latest_services(
        &mut self,
        group: &str,
        services: &[String],
        keys: &[String],
    ) -> Result<Vec<(String, String)>> {
        let mut latest = Vec::new();
        for service in services {
            let newest = self
                .state
                .versions(group, service)
                .filter(|(_, contact)| contact.level(keys).is_some())
                .max_by_key(|(version, _)| *version);
            latest.extend(newest.map(|(_, contact)| (service.clone(), contact.document.id.clone())));
        }
        Ok(latest)
    }

    async fn attachment(&mut self, group: &str, document: &str, key: &str) -> Result<Option<Attachment>> {
        Ok(self.state.attachments.get(&(group.to_owned(), document.to_owned(), key.to_owned())).cloned())
    }
}

#[async_trait]
impl WriteDocuments for MemoryTransaction {
    async fn create(
        &mut self,
        group: &str,
        class: &str,
        document: &Document,
        projection: &Projection,
    ) -> Result<Written> {
        if self.state.stored(group, class, &document.id).is_some() {
            return Ok(Written::Exists);
        }
        Ok(self.change().put(group, class, document, projection))
    }

    async fn replace(
        &mut self,
        group: &str,
        class: &str,
        document: &Document,
        expected: &str,
        projection: &Projection,
    ) -> Result<Written> {
        if !self.state.is_current(group, class, &document.id, expected) {
            return Ok(Written::Stale);
        }
        Ok(self.change().put(group, class, document, projection))
    }

    async fn purge(&mut self, group: &str, class: &str, id: &str, expected: &str) -> Result<Written> {
        if !self.state.is_current(group, class, id, expected) {
            return Ok(Written::Stale);
        }
        let state = self.change();
        state.documents.remove(&(group.to_owned(), class.to_owned(), id.to_owned()));
        if class == "Document" {
            state.attachments.retain(|(of_group, document, _), _| of_group != group || document != id);
        }
        Ok(Written::Done)
    }

    async fn set_attachment(&mut self, group: &str, document: &str, key: &str, attachment: &Attachment) -> Result<()> {
        let place = (group.to_owned(), document.to_owned(), key.to_owned());
        self.change().attachments.insert(place, attachment.clone());
        Ok(())
    }

    async fn remove_attachment(&mut self, group: &str, document: &str, key: &str) -> Result<()> {
        self.change().attachments.remove(&(group.to_owned(), document.to_owned(), key.to_owned()));
        Ok(())
    }
}

impl State {
    fn stored(&self, group: &str, class: &str, id: &str) -> Option<&Stored> {
        self.documents.get(&(group.to_owned(), class.to_owned(), id.to_owned()))
    }

    fn is_current(&self, group: &str, class: &str, id: &str, expected: &str) -> bool {
        self.stored(group, class, id).is_some_and(|stored| stored.document.rev == expected)
    }

    /// Every document of a class, deleted or not.
    pub(super) fn all(&self, group: &str, class: &str) -> impl Iterator<Item = &Stored> {
        self.documents
            .iter()
            .filter(move |((of_group, of_class, _), _)| of_group == group && of_class == class)
            .map(|(_, stored)| stored)
    }

    /// The versions of a service with the contacts that hold them, in the order of their age.
    pub(super) fn versions(&self, group: &str, service: &str) -> impl Iterator<Item = ((i64, i64, &str), &Stored)> {
        self.all(group, "Contact").filter_map(move |contact| {
            let version = contact
                .projection
                .services
                .iter()
                .filter(|held| held.service_id == service)
                .map(|held| (held.version, held.contact_modified))
                .max()?;
            Some(((version.0, version.1, contact.document.id.as_str()), contact))
        })
    }

    fn put(&mut self, group: &str, class: &str, document: &Document, projection: &Projection) -> Written {
        for value in &projection.unique {
            let taken = self
                .all(group, class)
                .any(|other| other.document.id != document.id && other.projection.unique.contains(value));
            if taken {
                return Written::Taken(value.clone());
            }
        }
        let place = (group.to_owned(), class.to_owned(), document.id.clone());
        self.documents.insert(place, Stored { document: document.clone(), projection: projection.clone() });
        Written::Done
    }
}

impl Stored {
    /// The highest level that any of `keys` has.
    pub(super) fn level(&self, keys: &[String]) -> Option<Level> {
        self.projection.grants.iter().filter(|grant| keys.contains(&grant.key)).map(|grant| grant.level).max()
    }
}
