//! A map for stress tests. Each value contains its key's number, a version and a checksum of both.
//! So every reader detects a torn value, and a value of another key.

use super::data;
use super::operations::{OPERATIONS, Operation};
use super::rust::call_bytes;
use super::setup::SHARED_KINDS;
use super::{Answer, Hash, Setup, Status, setup, time};
use portolan::map::{Decision, Error, Kind, Map, Outcome, ValueBuf, Width};
use std::cell::OnceCell;
use std::time::Instant;

pub struct Subject {
    pub map: Map,
    pub setup: Setup,
}

/// Every kind that threads may share, with every type of key and value.
pub fn shared_setups() -> Vec<Setup> {
    Setup::of_types(&SHARED_KINDS)
}

/// The same, each also with four bits of the hash: long chains.
pub fn shared_setups_with_chains() -> Vec<Setup> {
    shared_setups()
        .into_iter()
        .flat_map(|setup| [Hash::Real, Hash::FourBits].map(|hash| Setup { hash, ..setup }))
        .collect()
}

/// Runs `test` on each setup. They share the time: each gets an equal part, up to the deadline
/// passed to it.
pub fn share_time(setups: impl IntoIterator<Item = Setup>, test: impl Fn(&Setup, Instant)) {
    let setups = setup::chosen(setups);
    let parts = setups.len() as u32;
    setup::for_each(setups, |setup| test(setup, time::deadline(parts)));
}

/// A buffer capacity that is enough for every value here.
const ROOM: usize = 512;

fn mix(i: u64, version: u64) -> u64 {
    (i ^ version.rotate_left(32))
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .rotate_left(23)
        .wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

/// The value of key `i` at a version. Both must be less than 2^24. If values are bytes, versions
/// differ in length.
pub fn seal(width: Width, i: u64, version: u64) -> Vec<u8> {
    let check = mix(i, version);
    match width {
        Width::Word => (version | i << 24 | check >> 48 << 48).to_ne_bytes().to_vec(),
        Width::Bytes => {
            let filler = vec![check as u8; (check >> 8) as usize % 90 * (1 + version as usize % 5)];
            [&i.to_le_bytes()[..], &version.to_le_bytes(), &filler, &check.to_le_bytes()].concat()
        }
    }
}

/// The version in the value of key `i`. Panics if the value is not one of that key.
pub fn unseal(width: Width, i: u64, value: &[u8]) -> u64 {
    let version = match width {
        Width::Word => u64::from_ne_bytes(value.try_into().expect("a word")) & 0xFF_FFFF,
        Width::Bytes => {
            assert!(value.len() >= 24, "a value of {} bytes was never stored", value.len());
            u64::from_le_bytes(value[8..16].try_into().expect("8 bytes"))
        }
    };
    assert!(value == seal(width, i, version), "the value of key {i} is torn, or belongs to another key: {value:?}");
    version
}

impl Subject {
    pub fn new(setup: &Setup) -> Self {
        Self { map: Map::new(setup.config()).expect("a map"), setup: *setup }
    }

    pub fn of(kind: Kind, key: Width, value: Width) -> Self {
        Self::new(&Setup::new(kind, key, value))
    }

    pub fn key(&self, i: u64) -> Vec<u8> {
        data::key(self.setup.key, i)
    }

    pub fn sealed(&self, i: u64, version: u64) -> Vec<u8> {
        seal(self.setup.value, i, version)
    }

    /// The version in the value that the call returns, or the outcome if it returns none. `gives`
    /// is the outcome that comes with a value.
    fn given(
        &self,
        i: u64,
        gives: Outcome,
        call: impl FnOnce(&[u8], &mut ValueBuf<'_>) -> Result<Outcome, Error>,
    ) -> Result<Result<u64, Outcome>, Error> {
        let mut buffer = [0; ROOM];
        let mut value = ValueBuf::from(&mut buffer[..]);
        let outcome = call(&self.key(i), &mut value)?;
        Ok(if outcome == gives { Ok(unseal(self.setup.value, i, value.filled())) } else { Err(outcome) })
    }

    /// Calls any operation, with versions in place of values.
    pub fn call(&self, operation: &Operation<u64>, i: u64) -> Answer<u64> {
        let values = operation.map(|version| self.sealed(i, *version));
        let answer = call_bytes(&self.map, values.map(Vec::as_slice), &self.key(i), ROOM);
        answer.map(|value| unseal(self.setup.value, i, &value))
    }

    /// A random operation on a key, and its answer. Versions are few, so that comparisons sometimes
    /// succeed.
    pub fn act(&self, i: u64, dice: &mut Dice) -> (Operation<u64>, Answer<u64>) {
        let drawn = dice.below(OPERATIONS.len() as u64 + 1) as usize;
        let Some(operation) = OPERATIONS.get(drawn) else {
            // An update that always stores is a swap.
            let value = dice.below(3);
            let before = self.update(i, |_| Some(value)).expect("update");
            let answer = before.map_or(Answer::Plain(Status::Ok), |before| Answer::Value(Status::Loaded, before));
            return (Operation::Swap { value }, answer);
        };
        let operation = operation.map(|_| dice.below(3));
        match self.call(&operation, i) {
            // It did nothing, so draw another operation.
            Answer::Plain(Status::Busy) if operation.never_waits() => self.act(i, dice),
            answer => {
                assert!(!answer.status().is_error(), "{operation:?} answered {answer:?}");
                (operation, answer)
            }
        }
    }

    /// Loads a key. For odd keys it tries `peek` first.
    pub fn load(&self, i: u64) -> Result<Option<u64>, Error> {
        let peeked = match i % 2 {
            0 => Err(Error::Busy),
            _ => self.given(i, Outcome::Done, |key, out| self.map.peek(key, out)),
        };
        let loaded = match peeked {
            Err(Error::Busy) => self.given(i, Outcome::Done, |key, out| self.map.load(key, out)),
            answered => answered,
        };
        Ok(loaded?.ok())
    }

    pub fn store(&self, i: u64, version: u64) -> Result<Outcome, Error> {
        self.map.store(&self.key(i), &self.sealed(i, version))
    }

    /// Returns the existing version, or `None` if the given one was stored.
    pub fn load_or_store(&self, i: u64, version: u64) -> Result<Option<u64>, Error> {
        let value = self.sealed(i, version);
        Ok(self.given(i, Outcome::Loaded, |key, out| self.map.load_or_store(key, &value, out))?.ok())
    }

    pub fn load_and_delete(&self, i: u64) -> Result<Option<u64>, Error> {
        Ok(self.given(i, Outcome::Done, |key, out| self.map.load_and_delete(key, out))?.ok())
    }

    pub fn swap(&self, i: u64, version: u64) -> Result<Option<u64>, Error> {
        let value = self.sealed(i, version);
        Ok(self.given(i, Outcome::Loaded, |key, out| self.map.swap(key, &value, out))?.ok())
    }

    pub fn compare_and_swap(&self, i: u64, old: u64, new: u64) -> Result<Outcome, Error> {
        self.map.compare_and_swap(&self.key(i), &self.sealed(i, old), &self.sealed(i, new))
    }

    pub fn compare_and_delete(&self, i: u64, old: u64) -> Result<Outcome, Error> {
        self.map.compare_and_delete(&self.key(i), &self.sealed(i, old))
    }

    pub fn delete(&self, i: u64) -> Result<Outcome, Error> {
        self.map.delete(&self.key(i))
    }

    /// Replaces the version by what `next` returns for it, and returns the former version.
    pub fn update(&self, i: u64, next: impl FnMut(Option<u64>) -> Option<u64>) -> Result<Option<u64>, Error> {
        let (made, mut next, mut before) = (OnceCell::new(), next, None);
        self.map.update::<Error>(&self.key(i), &mut |value| {
            before = value.map(|value| unseal(self.setup.value, i, value));
            Ok(match next(before) {
                None => Decision::Delete,
                Some(version) => Decision::Store(made.get_or_init(|| self.sealed(i, version)).as_slice()),
            })
        })?;
        Ok(before)
    }

    /// The number of a key, and the version in its value.
    pub fn read(&self, key: &[u8], value: &[u8]) -> (u64, u64) {
        let i = data::number(self.setup.key, key);
        (i, unseal(self.setup.value, i, value))
    }
}

/// Pseudo-random numbers, which the seed determines.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(mix(seed, 0x5EED) | 1)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % end
    }
}
