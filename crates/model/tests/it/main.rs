//! Integration tests of the model.

#[cfg(test)]
mod wallet_eject;
#[cfg(test)]
mod wallet_model;
#[cfg(test)]
mod wallet_random;
#[cfg(test)]
mod wallet_steps;
