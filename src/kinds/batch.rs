//! Operations on many keys in one call. In a map that is too large for the cache, the memory that the
//! searches will read is prefetched for a whole group of keys before the first search begins.

use super::{Error, Kind, Outcome, operation::Operation};
use crate::item::{Key, Receive, Value};

/// Keys per group.
const BATCH: usize = 64;

/// A hashed key of a batch, and its home.
pub struct Batched<'h, 'k, 'm, K: Key, V: Value, M: Kind<K, V> + 'm> {
    hashed: &'h K::Hashed<'k>,
    home: M::Home<'m>,
}

impl<K: Key, V: Value, M: Kind<K, V>> Batched<'_, '_, '_, K, V, M> {
    #[inline(always)]
    pub fn load(&self, map: &M, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        map.load_at(self.home, self.hashed, out)
    }

    #[inline(always)]
    pub fn write<'v>(&self, map: &M, operation: impl Operation<'v, V>) -> Result<Outcome, Error> {
        map.write(self.hashed, operation)
    }
}

/// Calls `each` for every index below `count`, in order. `key` returns the key of an index, or an
/// error. `each` receives the index, and the hashed key or that error. Its calls stand in two loops;
/// unless the closure is marked `#[inline(always)]`, it becomes a function and each key costs a call.
#[inline(always)]
pub fn for_each<'k, 'm, K: Key, V: Value, M: Kind<K, V>, E: Copy>(
    map: &'m M,
    count: usize,
    key: impl Fn(usize) -> Result<K::Ref<'k>, E>,
    mut each: impl FnMut(usize, Result<Batched<'_, 'k, 'm, K, V, M>, E>),
) {
    if !map.profits_from_prefetch() {
        for index in 0..count {
            match key(index).map(|key| K::hashed(map.hasher(), key)) {
                Ok(hashed) => each(index, Ok(Batched { hashed: &hashed, home: map.locate(&hashed) })),
                Err(error) => each(index, Err(error)),
            }
        }
        return;
    }
    let mut group = [const { None }; BATCH];
    for first in (0..count).step_by(BATCH) {
        let group = &mut group[..BATCH.min(count - first)];
        for (index, place) in group.iter_mut().enumerate() {
            *place = Some(key(first + index).map(|key| {
                let hashed = K::hashed(map.hasher(), key);
                (hashed, map.locate_in_batch(&hashed))
            }));
        }
        for (hashed, home) in group.iter().flatten().flatten() {
            map.prefetch_match(*home, hashed);
        }
        for (index, place) in group.iter().enumerate() {
            match place {
                Some(Ok((hashed, home))) => each(first + index, Ok(Batched { hashed, home: *home })),
                Some(Err(error)) => each(first + index, Err(*error)),
                None => {}
            }
        }
    }
}
