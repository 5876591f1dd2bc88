//! Integration tests of the store.

#[cfg(test)]
mod backup;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod processes;

mod sqlite {
    keystead_store::store_conformance!(keystead_store::conformance::sqlite);
}

mod postgres {
    keystead_store::store_conformance!(keystead_store::conformance::postgres);
}

mod memory {
    keystead_store::store_conformance!(keystead_store::conformance::memory);
}
