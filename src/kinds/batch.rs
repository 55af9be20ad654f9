//! Operations on many keys in one call. The memory that the searches will read is prefetched for a
//! whole group of keys before the first of them is searched for.

use super::{Error, Kind, Outcome, load_result, operation::Operation};
use crate::{
    item::{Key, Receive, Value},
    table::Attempt,
};

/// Keys per group.
const BATCH: usize = 64;

/// A hashed key of a batch, and its home, unless the kind locates none.
pub struct Batched<'h, 'k, 'm, K: Key, V: Value, M: Kind<K, V> + 'm> {
    hashed: &'h K::Hashed<'k>,
    home: Option<M::Home<'m>>,
}

impl<K: Key, V: Value, M: Kind<K, V>> Batched<'_, '_, '_, K, V, M> {
    #[inline(always)]
    pub fn load(&self, map: &M, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        match self.home {
            // SAFETY: `try_load_at` passes valid words of type V, by the contract of `Kind`.
            Some(home) => match map.try_load_at(home, self.hashed, |word| unsafe { out.receive(word) }) {
                Attempt::Hit(received) => load_result(received),
                Attempt::Miss => Ok(Outcome::NotFound),
                Attempt::Undecided => map.load_slow(self.hashed, out),
            },
            None => map.load(self.hashed, out),
        }
    }

    #[inline(always)]
    pub fn write<'v>(&self, map: &M, operation: impl Operation<'v, V>) -> Result<Outcome, Error> {
        map.write(self.hashed, operation)
    }
}

/// Calls `each` for every index below `count`, in order. `key` gives the key of an index, or an
/// error. `each` gets the index, and the hashed key or that error.
#[inline(always)]
pub fn for_each<'k, 'm, K: Key, V: Value, M: Kind<K, V>, E: Copy>(
    map: &'m M,
    count: usize,
    key: impl Fn(usize) -> Result<K::Ref<'k>, E>,
    mut each: impl FnMut(usize, Result<Batched<'_, 'k, 'm, K, V, M>, E>),
) {
    let mut errors = [const { None }; BATCH];
    let mut hashed = [K::Hashed::default(); BATCH];
    let mut homes = [const { None }; BATCH];
    for first in (0..count).step_by(BATCH) {
        let keys = BATCH.min(count - first);
        for index in 0..keys {
            match key(first + index) {
                Ok(key) => {
                    hashed[index] = K::hashed(map.hasher(), key);
                    (errors[index], homes[index]) = (None, map.locate_in_batch(&hashed[index]));
                }
                Err(error) => (errors[index], homes[index]) = (Some(error), None),
            }
        }
        if map.profits_from_prefetch() {
            for (key, home) in hashed.iter().zip(&homes[..keys]) {
                if let Some(home) = home {
                    map.prefetch_match(*home, key);
                }
            }
        }
        for index in 0..keys {
            let key = match errors[index] {
                None => Ok(Batched { hashed: &hashed[index], home: homes[index] }),
                Some(error) => Err(error),
            };
            each(first + index, key);
        }
    }
}
