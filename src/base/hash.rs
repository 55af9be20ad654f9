//! Hashing. Each map has a hash function of its own, with a random key.
//!
//! One 64-bit hash answers four questions, each from bits that no other question uses:
//!
//! ```text
//!  63 61 60        52 51          40 39      32 31                              0
//! +-----+------------+--------------+----------+---------------------------------+
//! | slot|   unused   |    shard     | tophash  |             bucket              |
//! +-----+------------+--------------+----------+---------------------------------+
//! ```
//!
//! | bits | chooses | how many of the bits are used |
//! |---|---|---|
//! | bucket | the bucket in a table of 2^B buckets | the highest B; the highest B + 1 where the bucket is already split |
//! | tophash | the byte that stands for the key in its bucket's metadata | all 8 |
//! | shard | the shard of a sharded map | the lowest n in a map of 2^n shards; n is at most 12 |
//! | slot | the slot that the key prefers, in a bucket whose slots are large | all 3 |
//!
//! As the ranges are disjoint, keys that share a bucket share their tophash only by chance: one
//! pair in about 250.

use super::os;
use ahash::RandomState;
use core::hash::{BuildHasher, Hasher as _};

/// The value of the option `hash_bits` that gives every key the same hash.
pub const CONSTANT: u32 = u32::MAX;

/// The smallest tophash. The values below it mark empty slots.
const MIN_TOPHASH: u8 = 2;

/// The tophash of a hash. Bits that would mark an empty slot become [`MIN_TOPHASH`].
#[inline(always)]
pub fn tophash(hash: u64) -> u8 {
    ((hash >> 32) as u8).max(MIN_TOPHASH)
}

/// The bits of a hash that choose the bucket, the highest first.
#[inline(always)]
pub fn bucket_bits(hash: u64) -> u32 {
    hash as u32
}

/// The bits of a hash that choose the shard, the lowest first. The caller masks the others away.
#[inline(always)]
pub fn shard_bits(hash: u64) -> usize {
    (hash >> 40) as usize
}

/// The slot that a key prefers in its bucket. A reader prefetches that slot before it knows where
/// the key is, and mostly finds the key there.
#[inline(always)]
pub fn slot_bits(hash: u64) -> usize {
    (hash >> 61) as usize
}

/// The system's randomness could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

/// One map's hash function.
pub struct Hasher {
    state: RandomState,
    /// The bits of the hash to keep: all of them, unless the hash is weakened (see
    /// [`Hasher::new`]).
    keep: u64,
}

impl Hasher {
    /// `seed`: 0 takes the function's key from the system's randomness. Any other seed makes the
    /// function reproducible.
    ///
    /// `bits`: 1 to 63 weaken the hash, so that tests can make keys collide. There are then only
    /// 2^`bits` different hashes, and with [`CONSTANT`] only one. Any other number gives the full
    /// hash.
    pub fn new(seed: u64, bits: u32) -> Result<Self, NoRandomness> {
        let mut key = [0u64; 4];
        if seed == 0 {
            let mut bytes = [0u8; 32];
            if !os::random(&mut bytes) {
                return Err(NoRandomness);
            }
            for (word, chunk) in key.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *word = u64::from_ne_bytes(*chunk);
            }
        } else {
            let mut state = seed;
            key = key.map(|_| split_mix(&mut state));
        }
        let keep = match bits {
            1..=63 => (1 << bits) - 1,
            CONSTANT => 0,
            _ => u64::MAX,
        };
        Ok(Self { state: RandomState::with_seeds(key[0], key[1], key[2], key[3]), keep })
    }

    /// The hash of a 64-bit word.
    #[inline(always)]
    pub fn word(&self, key: u64) -> u64 {
        self.weaken(self.full_hash(key))
    }

    /// Whether the hash is weakened. If so, [`Hasher::full_hash`] is not the hash of a key.
    pub fn is_weakened(&self) -> bool {
        self.keep != u64::MAX
    }

    /// The hash of a 64-bit word without weakening. If the hash is not weakened, this equals
    /// [`Hasher::word`] and saves a test.
    #[inline(always)]
    pub fn full_hash(&self, key: u64) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write_u64(key);
        hasher.finish()
    }

    /// The hash of up to 39 bytes in the form of a slot: padded with zeros, their length in the
    /// highest byte of the last word.
    #[inline(always)]
    pub fn padded(&self, words: &[u64; 5]) -> u64 {
        let pair = |low: usize| u128::from(words[low]) | u128::from(words[low + 1]) << 64;
        let mut hasher = self.state.build_hasher();
        hasher.write_u128(pair(0));
        // In a key of up to 16 bytes these two words are zero. The length, in the last word, tells
        // it from a longer key.
        if words[4] >> 56 > 16 {
            hasher.write_u128(pair(2));
        }
        hasher.write_u64(words[4]);
        self.weaken(hasher.finish())
    }

    /// The hash of a string of bytes.
    #[inline(always)]
    pub fn bytes(&self, key: &[u8]) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write(key);
        self.weaken(hasher.finish())
    }

    #[inline(always)]
    fn weaken(&self, hash: u64) -> u64 {
        if self.keep == u64::MAX { hash } else { self.spread(hash & self.keep) }
    }

    /// Spreads a weakened hash over all 64 bits again. Otherwise the bits that are not kept would
    /// be zero for every key.
    #[cold]
    fn spread(&self, mut hash: u64) -> u64 {
        split_mix(&mut hash)
    }
}

/// The next number of the SplitMix64 generator.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_differ_and_repeat() {
        let hash = |seed| Hasher::new(seed, 0).unwrap().word(42);
        assert_eq!(hash(7), hash(7));
        assert_ne!(hash(7), hash(8));
        assert_ne!(hash(0), hash(0));
    }

    #[test]
    fn weakened_hashes_take_few_values() {
        for (bits, most) in [(CONSTANT, 1), (1, 2), (4, 16)] {
            let hasher = Hasher::new(7, bits).unwrap();
            let values: std::collections::HashSet<_> = (0..10_000).map(|key| hasher.word(key)).collect();
            assert_eq!(values.len(), most);
        }
    }
}
