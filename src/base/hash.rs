//! Hashing, keyed per map.
//!
//! Four ranges of one 64-bit hash are used and never overlap: the highest of the lower 32 bits choose the bucket, the next eight
//! are the tophash, the ones from bit 40 on choose the shard, the highest three a slot. Two keys that share a bucket still differ in tophash in all but one of
//! 250 cases.

use super::os;
use ahash::RandomState;
use core::hash::{BuildHasher, Hasher as _};

/// `hash_bits` of the configuration: every key gets the same hash.
pub const CONSTANT: u32 = u32::MAX;

/// The smallest tophash: those below are not hashes but states of a slot.
const MIN_TOPHASH: u8 = 2;

/// The tophash of a hash.
#[inline(always)]
pub fn tophash(hash: u64) -> u8 {
    ((hash >> 32) as u8).max(MIN_TOPHASH)
}

/// The bits of a hash of which the highest ones choose the bucket.
#[inline(always)]
pub fn bucket_bits(hash: u64) -> u32 {
    hash as u32
}

/// The bits of a hash of which the lowest ones choose the shard.
#[inline(always)]
pub fn shard_bits(hash: u64) -> usize {
    (hash >> 40) as usize
}

/// The slot of its bucket in which a key would best lie: a reader asks for its memory before it knows.
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
    /// Which bits of the hash are kept before it is spread again; all of them outside tests.
    keep: u64,
}

impl Hasher {
    /// `seed` 0 takes the key from the system's randomness, any other makes the function reproducible.
    /// `bits` weakens it, for tests of collisions: 0 is the whole hash, 1 to 63 that many bits, [`CONSTANT`] none.
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
            0 | 64.. if bits != CONSTANT => u64::MAX,
            CONSTANT => 0,
            bits => (1 << bits) - 1,
        };
        Ok(Self { state: RandomState::with_seeds(key[0], key[1], key[2], key[3]), keep })
    }

    /// The hash of a word.
    #[inline(always)]
    pub fn word(&self, key: u64) -> u64 {
        self.weaken(self.hash_unmasked(key))
    }

    /// Whether [`Hasher::hash_unmasked`] is not the hash.
    pub fn is_masked(&self) -> bool {
        self.keep != u64::MAX
    }

    /// The hash of a word where the function is not weakened.
    #[inline(always)]
    pub fn hash_unmasked(&self, key: u64) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write_u64(key);
        hasher.finish()
    }

    /// The hash of up to 39 bytes as a slot holds them: padded with zeros, and with their number in the highest byte of the last word.
    #[inline(always)]
    pub fn padded(&self, words: &[u64; 5]) -> u64 {
        let pair = |low: usize| u128::from(words[low]) | u128::from(words[low + 1]) << 64;
        let mut hasher = self.state.build_hasher();
        hasher.write_u128(pair(0));
        // For shorter keys these two are zero, as the length tells.
        if words[4] >> 56 > 16 {
            hasher.write_u128(pair(2));
        }
        hasher.write_u64(words[4]);
        self.weaken(hasher.finish())
    }

    /// The hash of bytes.
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

    /// Spreads a weakened hash over all 64 bits again, so that each of the ranges still takes several values.
    #[cold]
    fn spread(&self, mut hash: u64) -> u64 {
        split_mix(&mut hash)
    }
}

/// One step of SplitMix64.
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
