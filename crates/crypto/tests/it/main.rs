//! The crate as its users see it: flows between people, attacks by a server, frozen samples, decoders.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod decoders;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod frozen;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod support;
