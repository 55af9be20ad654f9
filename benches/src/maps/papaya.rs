//! papaya, with ahash; a pin for each operation, and one for a whole batch.

use crate::{contract::Map, key::Key, value::Value};

type Papaya<K, V> = ::papaya::HashMap<<K as Key>::Owned, <V as Value>::Owned, ahash::RandomState>;

pub fn new<K: Key, V: Value>(room: u64) -> Papaya<K, V> {
    Papaya::<K, V>::with_capacity_and_hasher(room as usize, Default::default())
}

impl<K: Key, V: Value> Map<K, V> for Papaya<K, V> {
    #[inline(always)]
    fn load(&self, key: &K, value: &mut V) -> bool {
        self.pin().get(key.borrowed()).map(|kept| value.fetch(kept)).is_some()
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: &V) {
        self.pin().insert(key.owned(), value.owned());
    }
    /// An entry of papaya never changes: each store is a new one, with a key of its own.
    #[inline(always)]
    fn store(&self, key: &K, value: &V) {
        Map::insert(self, key, value);
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        self.pin().remove(key.borrowed());
    }
    fn load_batch(&self, keys: &[K], values: &mut [V]) -> usize {
        let pinned = self.pin();
        let load = |(key, value): (&K, &mut V)| pinned.get(key.borrowed()).map(|kept| value.fetch(kept));
        keys.iter().zip(values).filter_map(load).count()
    }
    fn sum(&self) -> (u64, u64) {
        self.pin().iter().fold((0, 0), |sum, (key, value)| super::add::<K, V>(sum, key, value))
    }
}
