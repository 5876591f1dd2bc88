//! Accounts in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryTransaction;
use crate::accounts::{Account, ReadAccounts, Secret, SecretKind, Session, WriteAccounts};
use crate::{EpochMs, Result};

#[async_trait]
impl ReadAccounts for MemoryTransaction {
    async fn accounts(&mut self, name: &str) -> Result<Vec<Account>> {
        Ok(self
            .state
            .names
            .iter()
            .filter(|((known, _), _)| known == name)
            .map(|((_, group), user)| Account { group: group.clone(), user: user.clone() })
            .collect())
    }

    async fn secrets(&mut self, account: &Account, now: EpochMs) -> Result<Vec<Secret>> {
        Ok(self
            .state
            .secrets
            .iter()
            .filter(|((of, _, _), secret)| of == account && secret.expires.is_none_or(|end| end > now))
            .map(|(_, secret)| secret.clone())
            .collect())
    }

    async fn session_lives(&mut self, id: &str, now: EpochMs) -> Result<bool> {
        Ok(self.session(id, now).await?.is_some())
    }

    async fn session(&mut self, id: &str, now: EpochMs) -> Result<Option<Session>> {
        Ok(self.state.sessions.get(id).filter(|session| session.expires > now).cloned())
    }
}

#[async_trait]
impl WriteAccounts for MemoryTransaction {
    async fn set_names(&mut self, account: &Account, names: &[String]) -> Result<Option<String>> {
        for name in names {
            let user = self.state.names.get(&(name.clone(), account.group.clone()));
            if user.is_some_and(|user| *user != account.user) {
                return Ok(Some(name.clone()));
            }
        }
        let state = self.change();
        state.names.retain(|(_, group), user| *group != account.group || *user != account.user);
        for name in names {
            state.names.insert((name.clone(), account.group.clone()), account.user.clone());
        }
        Ok(None)
    }

    async fn set_secret(&mut self, account: &Account, secret: &Secret) -> Result<()> {
        self.change().secrets.insert((account.clone(), secret.kind, secret.name.clone()), secret.clone());
        Ok(())
    }

    async fn remove_secret(&mut self, account: &Account, kind: SecretKind, name: &str) -> Result<()> {
        self.change().secrets.remove(&(account.clone(), kind, name.to_owned()));
        Ok(())
    }

    async fn remove_account(&mut self, account: &Account) -> Result<()> {
        let state = self.change();
        state.names.retain(|(_, group), user| *group != account.group || *user != account.user);
        state.secrets.retain(|(of, _, _), _| of != account);
        state.sessions.retain(|_, session| !session.accounts.contains(account));
        Ok(())
    }

    async fn create_session(&mut self, session: &Session) -> Result<()> {
        let mut session = session.clone();
        session.accounts = session.accounts.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        self.change().sessions.insert(session.id.clone(), session);
        Ok(())
    }

    async fn revoke_session(&mut self, id: &str) -> Result<bool> {
        Ok(self.change().sessions.remove(id).is_some())
    }

    async fn revoke_sessions(&mut self, account: &Account) -> Result<()> {
        self.change().sessions.retain(|_, session| !session.accounts.contains(account));
        Ok(())
    }
}
