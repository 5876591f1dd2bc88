//! What two parties do with each other, from the first message to a signature that others verify.

#[cfg(test)]
mod drive;
#[cfg(test)]
mod eject;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod pairs;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod sign;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod wallet;
