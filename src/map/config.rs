//! The options of a new map.

use super::registry::Kind;
use crate::base::mem::Allocator;

/// The type of a map's keys or values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Width {
    /// Bytes of any length.
    #[default]
    Bytes,
    /// One 64-bit word.
    Word,
}

/// The options of a new map. The default is a sharded map from bytes to bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    /// The kind of map.
    pub kind: Kind,
    /// The type of the keys.
    pub key: Width,
    /// The type of the values.
    pub value: Width,
    /// How many entries the map can store before it has to grow.
    pub capacity: u64,
    /// The seed of the hash function. 0: random, from the system. Any other number makes hashing
    /// reproducible, and so is the order of iteration of maps that are filled in the same way.
    pub seed: u64,
    /// How many shards a sharded map has, rounded up to a power of two. 0: chosen by the number of
    /// processors.
    pub shards: u32,
    /// For tests: weakens the hash so that only this many of its bits differ between keys. 0: all
    /// of them. `u32::MAX`: none, all keys have the same hash.
    pub hash_bits: u32,
    /// Where the map's memory comes from. By default from the system.
    pub allocator: Allocator,
}
