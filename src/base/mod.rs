//! The foundation of the crate: memory, hashing, atomics and locks, the operating system and the
//! processor. Nothing here knows what a key, a table or a map is.
//!
//! `os` and `arch` are leaves: they use nothing else of the crate. Only they ask for which system
//! or processor the crate is compiled.

pub mod arch;
pub mod hash;
pub mod invariant;
pub mod mem;
pub mod os;
pub mod sync;
