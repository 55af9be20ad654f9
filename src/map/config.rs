//! What a map is to be.

use super::registry::Kind;
use crate::base::mem::Allocator;

/// What a key or a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Width {
    /// Bytes of any length.
    #[default]
    Bytes,
    /// One 64-bit word.
    Word,
}

/// The choices at a map's creation. The default is a sharded map of bytes to bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    /// Which of the maps.
    pub kind: Kind,
    /// What a key is.
    pub key: Width,
    /// What a value is.
    pub value: Width,
    /// Entries that can be stored without growth on the way.
    pub capacity: u64,
    /// 0: from the system's randomness. Any other makes hashing reproducible, and the order of iteration in a map that is filled in the same
    /// way.
    pub seed: u64,
    /// Sharded: rounded up to a power of two; 0: from the number of processors.
    pub shards: u32,
    /// For tests: weakens the hash to so many bits; 0: the whole hash, `u32::MAX`: none.
    pub hash_bits: u32,
    /// Where memory comes from; by default the system.
    pub allocator: Allocator,
}
