//! The rules of wire 5.5 for one entity: from its requests to new and changed delegations.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::request::CIPHERTEXTS;
use super::{
    EntityRequest, EntryUpdate, Outcome, Rejection, Request, RequestedPermission, ShareRequest, UpdateRequest,
};
use crate::Object;
use crate::access::metadata::check_exchange_data_id;
use crate::access::{Caller, Level};
use crate::access::{canonical, is_accessible, legacy_holders, secure_delegation, secure_delegations, texts};

/// The requests for one entity under way. The entity itself stays as it is.
pub(super) struct Sharing<'a> {
    entity: &'a Object,
    caller: &'a Caller,
    level: Level,
    may_root: bool,
    /// Delegation keys of the valid parents (rule 3), and of a ROOT made before them (rule 4).
    parents: BTreeSet<&'a str>,
    /// WRITE if one of the parents is.
    parents_level: Level,
    /// New and changed delegations.
    delegations: BTreeMap<String, Object>,
    outcome: Outcome,
}

impl<'a> Sharing<'a> {
    /// A caller with `level` on the entity. Of the parents it named, those count that exist and that it
    /// can access itself.
    pub(super) fn new(
        entity: &'a Object,
        own_record: bool,
        level: Level,
        caller: &'a Caller,
        request: &'a EntityRequest,
    ) -> Self {
        let named: BTreeSet<_> = request.potential_parents.iter().map(|key| canonical(entity, key)).collect();
        let existing = named.into_iter().filter_map(|key| secure_delegation(entity, key));
        let valid: Vec<_> = existing.filter(|delegation| is_accessible(entity, *delegation, caller)).collect();
        Self {
            entity,
            caller,
            level,
            may_root: own_record || legacy_holders(entity).any(|id| caller.acts_as(id)),
            parents_level: valid.iter().filter_map(|parent| parent.level()).max().unwrap_or(Level::Read),
            parents: valid.iter().map(|parent| parent.key).collect(),
            delegations: BTreeMap::new(),
            outcome: Outcome::default(),
        }
    }

    /// Carries out the requests: ROOT first, for it can be a parent; updates of delegations that are
    /// stored.
    pub(super) fn run(mut self, request: &'a EntityRequest) -> (BTreeMap<String, Object>, Outcome) {
        let (roots, others): (Vec<_>, Vec<_>) = request
            .requests
            .iter()
            .filter_map(|(id, request)| if let Request::Share(share) = request { Some((id, share)) } else { None })
            .partition(|(_, share)| share.requested_permissions == RequestedPermission::Root);
        let only_root = roots.len() == 1;
        for (id, share) in roots {
            let done = self.root(share, only_root);
            self.finish(id, done);
        }
        let nearest = self.nearest_parents();
        for (id, share) in others {
            let done = self.child(share, &nearest);
            self.finish(id, done);
        }
        for (id, request) in &request.requests {
            if let Request::Update(update) = request {
                let done = self.update(update);
                self.finish(id, done);
            }
        }
        // Updates may have undone each other.
        let stored = |key: &str| secure_delegation(self.entity, key).map(|stored| stored.body);
        self.delegations.retain(|key, delegation| stored(key) != Some(delegation));
        self.outcome.changed = !self.delegations.is_empty();
        (self.delegations, self.outcome)
    }

    fn finish(&mut self, id: &str, done: Result<(), Rejection>) {
        match done {
            Ok(()) => self.outcome.applied.push(id.to_owned()),
            Err(rejection) => {
                self.outcome.rejected.insert(id.to_owned(), rejection);
            }
        }
    }

    /// Rule 4.
    fn root(&mut self, share: &'a ShareRequest, only_root: bool) -> Result<(), Rejection> {
        let key = self.new_key(share)?;
        if !only_root {
            return Err(Rejection::new(400, "more than one ROOT for the entity"));
        }
        if !self.may_root {
            return Err(Rejection::new(403, "ROOT is for the own patient record and for holders of legacy access"));
        }
        self.make(key, share, &BTreeSet::new(), Level::Write);
        self.parents.insert(key);
        self.parents_level = Level::Write;
        Ok(())
    }

    /// Rule 5.
    fn child(&mut self, share: &'a ShareRequest, parents: &BTreeSet<&str>) -> Result<(), Rejection> {
        let key = self.new_key(share)?;
        if parents.is_empty() {
            return Err(Rejection::new(
                400,
                "none of the potential parents is a delegation that the caller can access",
            ));
        }
        let level = match share.requested_permissions {
            RequestedPermission::MaxRead | RequestedPermission::FullRead => Level::Read,
            RequestedPermission::MaxWrite => self.parents_level,
            RequestedPermission::FullWrite | RequestedPermission::Root if self.level == Level::Write => Level::Write,
            RequestedPermission::FullWrite | RequestedPermission::Root => {
                return Err(Rejection::new(403, "the caller has no WRITE to give"));
            }
        };
        self.make(key, share, parents, level);
        Ok(())
    }

    /// The key of a new delegation (rule 2), once nothing speaks against it.
    fn new_key(&self, share: &'a ShareRequest) -> Result<&'a str, Rejection> {
        let exists = |key: &String| {
            let stands_for = canonical(self.entity, key);
            stands_for != key || secure_delegation(self.entity, key).is_some() || self.delegations.contains_key(key)
        };
        if share.delegation_keys.iter().any(exists) {
            return Err(Rejection::new(400, "there is already a delegation for the access control key"));
        }
        let Some(key) = share.delegation_keys.first() else {
            return Err(Rejection::new(400, "accessControlKeys: expected at least one key"));
        };
        let delegator = share.explicit_delegator.as_deref();
        if delegator.is_some_and(|id| !self.caller.acts_as(id)) {
            return Err(Rejection::new(403, "explicitDelegator: expected the caller, or a parent of it"));
        }
        let explicit = delegator.is_some() && share.explicit_delegate.is_some();
        check_exchange_data_id(explicit, share.exchange_data_id.as_deref())
            .map_err(|error| Rejection::new(400, &error.to_string()))?;
        Ok(key)
    }

    /// Adds a delegation, with its fields in the order of the client.
    fn make(&mut self, key: &str, share: &ShareRequest, parents: &BTreeSet<&str>, level: Level) {
        let text = |text: &Option<String>| text.clone().map(Value::String);
        let list = |items: &[String]| (!items.is_empty()).then(|| Value::from(items));
        let parents: Vec<_> = parents.iter().map(|key| (*key).to_owned()).collect();
        let fields = [
            ("delegator", text(&share.explicit_delegator)),
            ("delegate", text(&share.explicit_delegate)),
            ("secretIds", list(&share.secret_ids)),
            ("encryptionKeys", list(&share.encryption_keys)),
            ("owningEntityIds", list(&share.owning_entity_ids)),
            ("parentDelegations", list(&parents)),
            ("exchangeDataId", text(&share.exchange_data_id)),
            ("permissions", Some(level.as_str().into())),
        ];
        let body = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        self.delegations.insert(key.to_owned(), body);
        if !share.encrypted_exchange_data_id.is_empty() {
            self.outcome.exchange_data_maps.push((key.to_owned(), share.encrypted_exchange_data_id.clone()));
        }
    }

    /// The valid parents that have no ancestor among the valid parents.
    fn nearest_parents(&self) -> BTreeSet<&'a str> {
        let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
        for delegation in secure_delegations(self.entity) {
            for parent in delegation.parents() {
                children.entry(parent).or_default().push(delegation.key);
            }
        }
        let mut descendants = BTreeSet::new();
        let mut to_visit: Vec<_> = self.parents.iter().copied().collect();
        while let Some(key) = to_visit.pop() {
            let children = children.get(key).into_iter().flatten();
            to_visit.extend(children.copied().filter(|child| descendants.insert(*child)));
        }
        self.parents.iter().copied().filter(|key| !descendants.contains(key)).collect()
    }

    /// Rule 6. Only those who can use a delegation may change it.
    fn update(&mut self, update: &UpdateRequest) -> Result<(), Rejection> {
        let key = canonical(self.entity, &update.delegation_key);
        let Some(stored) = secure_delegation(self.entity, key) else {
            return Err(Rejection::new(404, "there is no such delegation"));
        };
        if !is_accessible(self.entity, stored, self.caller) {
            return Err(Rejection::new(403, "the caller cannot use the delegation"));
        }
        let mut body = self.delegations.get(key).unwrap_or(stored.body).clone();
        let mut changed = false;
        for field in CIPHERTEXTS {
            let Some(changes) = update.changes.get(field).filter(|changes| !changes.is_empty()) else { continue };
            let ciphertexts = updated(&body, field, changes)?;
            match ciphertexts.is_empty() {
                true => body.shift_remove(field),
                false => body.insert(field.to_owned(), ciphertexts.into()),
            };
            changed = true;
        }
        if changed {
            self.delegations.insert(key.to_owned(), body);
        }
        Ok(())
    }
}

/// A set of ciphertexts after the changes, in its order.
fn updated(body: &Object, field: &str, changes: &BTreeMap<String, EntryUpdate>) -> Result<Vec<String>, Rejection> {
    let stored: BTreeSet<_> = texts(body, field).collect();
    let impossible = |(ciphertext, change): (&String, &EntryUpdate)| match change {
        EntryUpdate::Create => stored.contains(ciphertext.as_str()),
        EntryUpdate::Delete => !stored.contains(ciphertext.as_str()),
    };
    if changes.iter().any(impossible) {
        return Err(Rejection::new(
            400,
            &format!("{field}: expected to create what is missing and delete what is there"),
        ));
    }
    let kept = texts(body, field).filter(|ciphertext| changes.get(*ciphertext) != Some(&EntryUpdate::Delete));
    let created =
        changes.iter().filter(|(_, change)| **change == EntryUpdate::Create).map(|(ciphertext, _)| ciphertext);
    Ok(kept.map(str::to_owned).chain(created.cloned()).collect())
}
