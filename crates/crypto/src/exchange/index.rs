//! Opened exchange data, found by id, by pair and by every delegation key that they can be behind.

use std::collections::HashMap;
use std::sync::Arc;

use super::OpenExchangeData;
use crate::access_control::{AccessControlKey, DelegationKey, EntityType};

/// A cache. Knows no bound: the caller decides what to keep.
#[derive(Default)]
pub struct ExchangeIndex {
    by_id: HashMap<String, Arc<OpenExchangeData>>,
    by_delegation_key: HashMap<DelegationKey, Arc<OpenExchangeData>>,
}

impl ExchangeIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds exchange data, or replaces those with the same id.
    pub fn add(&mut self, open: OpenExchangeData) -> Arc<OpenExchangeData> {
        self.remove(open.id().to_owned().as_str());
        let open = Arc::new(open);
        for entity_type in EntityType::ALL {
            let key = open.access_control_secret().derive_key(entity_type).derive_delegation_key();
            self.by_delegation_key.insert(key, Arc::clone(&open));
        }
        self.by_id.insert(open.id().to_owned(), Arc::clone(&open));
        open
    }

    /// Forgets exchange data.
    pub fn remove(&mut self, id: &str) {
        if let Some(gone) = self.by_id.remove(id) {
            self.by_delegation_key.retain(|_, open| !Arc::ptr_eq(open, &gone));
        }
    }

    /// The exchange data with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<OpenExchangeData>> {
        self.by_id.get(id)
    }

    /// The exchange data behind a delegation.
    pub fn behind(&self, key: DelegationKey) -> Option<&Arc<OpenExchangeData>> {
        self.by_delegation_key.get(&key)
    }

    /// The exchange data from `delegator` to `delegate`.
    pub fn between<'a>(
        &'a self,
        delegator: &'a str,
        delegate: &'a str,
    ) -> impl Iterator<Item = &'a Arc<OpenExchangeData>> {
        self.by_id.values().filter(move |open| open.delegator() == delegator && open.delegate() == delegate)
    }

    /// Everything.
    pub fn all(&self) -> impl Iterator<Item = &Arc<OpenExchangeData>> {
        self.by_id.values()
    }

    /// The access control keys for a type, of everything that is indexed.
    pub fn access_control_keys(&self, entity_type: EntityType) -> Vec<AccessControlKey> {
        self.all().map(|open| open.access_control_secret().derive_key(entity_type)).collect()
    }
}
