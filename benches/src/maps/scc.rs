//! scc's two maps, with ahash: HashMap locks a bucket for each operation; HashIndex is for readers, who lock nothing.

use crate::{contract::Map, key::Key, value::Value};
use ::scc::Guard;

type Locking<K, V> = ::scc::HashMap<<K as Key>::Owned, <V as Value>::Owned, ahash::RandomState>;
type Index<K, V> = ::scc::HashIndex<<K as Key>::Owned, <V as Value>::Owned, ahash::RandomState>;

pub fn new_map<K: Key, V: Value>(room: u64) -> Locking<K, V> {
    Locking::<K, V>::with_capacity_and_hasher(room as usize, Default::default())
}

pub fn new_index<K: Key, V: Value>(room: u64) -> Index<K, V> {
    Index::<K, V>::with_capacity_and_hasher(room as usize, Default::default())
}

impl<K: Key, V: Value> Map<K, V> for Locking<K, V> {
    #[inline(always)]
    fn load(&self, key: &K, value: &mut V) -> bool {
        self.read_sync(key.borrowed(), |_, kept| value.fetch(kept)).is_some()
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: &V) {
        let _ = self.insert_sync(key.owned(), value.owned());
    }
    #[inline(always)]
    fn store(&self, key: &K, value: &V) {
        if self.update_sync(key.borrowed(), |_, kept| value.overwrite(kept)).is_none() {
            self.upsert_sync(key.owned(), value.owned());
        }
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        self.remove_sync(key.borrowed());
    }
    fn sum(&self) -> (u64, u64) {
        let mut sum = (0, 0);
        self.iter_sync(|key, value| {
            sum = super::add::<K, V>(sum, key, value);
            true
        });
        sum
    }
}

impl<K: Key, V: Value> Map<K, V> for Index<K, V> {
    #[inline(always)]
    fn load(&self, key: &K, value: &mut V) -> bool {
        self.peek_with(key.borrowed(), |_, kept| value.fetch(kept)).is_some()
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: &V) {
        let _ = self.insert_sync(key.owned(), value.owned());
    }
    /// Readers may be at the entry: an overwrite is a new one.
    #[inline(always)]
    fn store(&self, key: &K, value: &V) {
        if let Some(mut entry) = self.get_sync(key.borrowed()) {
            entry.update(value.owned());
        } else {
            Map::insert(self, key, value);
        }
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        self.remove_sync(key.borrowed());
    }
    fn load_batch(&self, keys: &[K], values: &mut [V]) -> usize {
        let guard = Guard::new();
        let load = |(key, value): (&K, &mut V)| self.peek(key.borrowed(), &guard).map(|kept| value.fetch(kept));
        keys.iter().zip(values).filter_map(load).count()
    }
    fn sum(&self) -> (u64, u64) {
        let guard = Guard::new();
        self.iter(&guard).fold((0, 0), |sum, (key, value)| super::add::<K, V>(sum, key, value))
    }
}
