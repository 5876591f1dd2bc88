//! The message gateway's state in memory.

use async_trait::async_trait;

use super::MemoryTransaction;
use crate::gateway::{CodeRequest, Limit, Limited, Process, ReadGateway, WriteGateway};
use crate::{EpochMs, Result};

#[async_trait]
impl ReadGateway for MemoryTransaction {
    async fn process(&mut self, spec: &str, id: &str) -> Result<Option<Process>> {
        Ok(self.state.processes.get(&(spec.to_owned(), id.to_owned())).cloned())
    }

    async fn processes(&mut self) -> Result<Vec<Process>> {
        Ok(self.state.processes.values().cloned().collect())
    }

    async fn code_request(&mut self, id: &str) -> Result<Option<CodeRequest>> {
        Ok(self.state.code_requests.get(id).cloned())
    }

    async fn live_codes(&mut self, address: &[u8], now: EpochMs) -> Result<u32> {
        let live = self
            .state
            .code_requests
            .values()
            .filter(|request| request.address == address && request.expires > now && !request.used);
        Ok(u32::try_from(live.count()).unwrap_or(u32::MAX))
    }

    async fn peek(&mut self, key: &str, limit: Limit, now: EpochMs) -> Result<Limited> {
        Ok(limit.step(self.state.arrivals.get(key).copied(), now).0)
    }
}

#[async_trait]
impl WriteGateway for MemoryTransaction {
    async fn set_process(&mut self, process: &Process) -> Result<()> {
        self.change().processes.insert((process.spec.clone(), process.id.clone()), process.clone());
        Ok(())
    }

    async fn remove_process(&mut self, spec: &str, id: &str) -> Result<bool> {
        Ok(self.change().processes.remove(&(spec.to_owned(), id.to_owned())).is_some())
    }

    async fn create_code_request(&mut self, request: &CodeRequest) -> Result<bool> {
        if self.state.code_requests.contains_key(&request.id) {
            return Ok(false);
        }
        self.change().code_requests.insert(request.id.clone(), request.clone());
        Ok(true)
    }

    async fn count_wrong_code(&mut self, id: &str) -> Result<u32> {
        let Some(request) = self.change().code_requests.get_mut(id) else { return Ok(0) };
        request.tries_left = request.tries_left.saturating_sub(1);
        Ok(request.tries_left)
    }

    async fn use_code(&mut self, id: &str) -> Result<bool> {
        let Some(request) = self.change().code_requests.get_mut(id) else { return Ok(false) };
        Ok(!std::mem::replace(&mut request.used, true))
    }

    async fn use_challenge(&mut self, id: &str, expires: EpochMs) -> Result<bool> {
        if self.state.challenges.contains_key(id) {
            return Ok(false);
        }
        self.change().challenges.insert(id.to_owned(), expires);
        Ok(true)
    }

    async fn take(&mut self, key: &str, limit: Limit, now: EpochMs) -> Result<Limited> {
        let (answer, keep) = limit.step(self.state.arrivals.get(key).copied(), now);
        if let Some(at) = keep {
            self.change().arrivals.insert(key.to_owned(), at);
        }
        Ok(answer)
    }

    async fn clear(&mut self, key: &str) -> Result<()> {
        self.change().arrivals.remove(key);
        Ok(())
    }

    async fn forget(&mut self, now: EpochMs) -> Result<bool> {
        let state = self.change();
        state.code_requests.retain(|_, request| request.expires >= now);
        state.challenges.retain(|_, expires| *expires >= now);
        state.arrivals.retain(|_, at| *at >= now);
        state.sessions.retain(|_, session| session.expires >= now);
        state.secrets.retain(|_, secret| secret.expires.is_none_or(|end| end >= now));
        Ok(false)
    }
}
