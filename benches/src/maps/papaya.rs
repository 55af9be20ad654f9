//! papaya, with ahash; a pin for each operation, and one for a whole batch.

use crate::{contract::Map, key::Key};

type Papaya<K> = ::papaya::HashMap<<K as Key>::Owned, u64, ahash::RandomState>;

pub fn new<K: Key>(room: u64) -> Papaya<K> {
    Papaya::<K>::with_capacity_and_hasher(room as usize, Default::default())
}

impl<K: Key> Map<K> for Papaya<K> {
    #[inline(always)]
    fn load(&self, key: &K) -> Option<u64> {
        self.pin().get(key.borrowed()).copied()
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: u64) {
        self.pin().insert(key.owned(), value);
    }
    /// An entry of papaya never changes: each store is a new one, with a key of its own.
    #[inline(always)]
    fn store(&self, key: &K, value: u64) {
        Map::insert(self, key, value);
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        self.pin().remove(key.borrowed());
    }
    fn load_batch(&self, keys: &[K]) -> usize {
        let pinned = self.pin();
        keys.iter().filter(|key| pinned.get(key.borrowed()).is_some()).count()
    }
    fn sum(&self) -> (u64, u64) {
        self.pin().iter().fold((0, 0), |(count, sum), (key, value)| (count + 1, super::add::<K>(sum, key, *value)))
    }
}
