//! Keys and values of many lengths, made from numbers, so that a test can compute the expected
//! value of a key.

use super::{Face, Setup, face::Entry};
use portolan::map::Width;
use std::collections::HashSet;

/// Lengths around every boundary: empty, around a word, around the longest value stored inline,
/// long.
pub const VALUE_LENGTHS: [usize; 11] = [0, 1, 7, 8, 9, 39, 40, 41, 255, 4096, 100_000];

/// `length` pseudo-random bytes that depend on `tag` and on `length`.
pub fn pattern(tag: u64, length: usize) -> Vec<u8> {
    let mut state = tag.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ length as u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state ^ state >> 29).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The key of number `i`. If keys are bytes, it has 1 to 70 bytes, and some of them are zero.
pub fn key(width: Width, i: u64) -> Vec<u8> {
    match width {
        Width::Word => i.to_ne_bytes().to_vec(),
        Width::Bytes => {
            let mut key = i.to_string().into_bytes();
            key.extend(std::iter::repeat_n(0, (i * 7 % 64) as usize));
            key
        }
    }
}

/// The number of a key made by `key`.
pub fn number(width: Width, key: &[u8]) -> u64 {
    match width {
        Width::Word => super::guard::word(key),
        Width::Bytes => {
            let text: String = key.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
            text.parse().expect("a key starts with its number")
        }
    }
}

/// The value of key `i` at a version. If values are bytes, it has 0 to 300 bytes.
pub fn value(width: Width, i: u64, version: u64) -> Vec<u8> {
    let tag = i.wrapping_mul(1_000_003).wrapping_add(version);
    match width {
        Width::Word => tag.to_ne_bytes().to_vec(),
        Width::Bytes => pattern(tag, (tag % 301) as usize),
    }
}

impl Setup {
    pub fn key(&self, i: usize) -> Vec<u8> {
        key(self.key, i as u64)
    }

    pub fn number(&self, bytes: &[u8]) -> usize {
        number(self.key, bytes) as usize
    }

    pub fn value(&self, i: usize) -> Vec<u8> {
        value(self.value, i as u64, 0)
    }

    /// Another value for the same key.
    pub fn other(&self, i: usize) -> Vec<u8> {
        value(self.value, i as u64, 1)
    }

    pub fn entry(&self, i: usize) -> Entry {
        (self.key(i), self.value(i))
    }

    /// Checks that the map has exactly the entries of these numbers, with their first values.
    pub fn assert_holds(&self, map: &dyn Face, numbers: impl IntoIterator<Item = usize>) {
        self.assert_same(&map.entries(), numbers);
    }

    /// Checks that `entries` are the entries of these numbers, each once, in any order.
    pub fn assert_same(&self, entries: &[Entry], numbers: impl IntoIterator<Item = usize>) {
        let mut wanted: HashSet<usize> = numbers.into_iter().collect();
        for (key, value) in entries {
            let i = self.number(key);
            assert!(wanted.remove(&i), "entry {i} is present twice, or should not be present");
            assert!(*value == self.value(i), "entry {i} has another value");
        }
        let missing = wanted.iter().min();
        assert!(missing.is_none(), "{} entries are missing, the first is {missing:?}", wanted.len());
    }
}
