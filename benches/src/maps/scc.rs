//! scc's two maps, with ahash: HashMap locks a bucket for each operation; HashIndex is for readers, who lock nothing.

use crate::{contract::Map, key::Key};
use ::scc::Guard;

type Locking<K> = ::scc::HashMap<<K as Key>::Owned, u64, ahash::RandomState>;
type Index<K> = ::scc::HashIndex<<K as Key>::Owned, u64, ahash::RandomState>;

pub fn new_map<K: Key>(room: u64) -> Locking<K> {
    Locking::<K>::with_capacity_and_hasher(room as usize, Default::default())
}

pub fn new_index<K: Key>(room: u64) -> Index<K> {
    Index::<K>::with_capacity_and_hasher(room as usize, Default::default())
}

impl<K: Key> Map<K> for Locking<K> {
    #[inline(always)]
    fn load(&self, key: &K) -> Option<u64> {
        self.read_sync(key.borrowed(), |_, value| *value)
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: u64) {
        let _ = self.insert_sync(key.owned(), value);
    }
    #[inline(always)]
    fn store(&self, key: &K, value: u64) {
        if self.update_sync(key.borrowed(), |_, present| *present = value).is_none() {
            self.upsert_sync(key.owned(), value);
        }
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        self.remove_sync(key.borrowed());
    }
    fn sum(&self) -> (u64, u64) {
        let mut sum = (0, 0);
        self.iter_sync(|key, value| {
            sum = (sum.0 + 1, super::add::<K>(sum.1, key, *value));
            true
        });
        sum
    }
}

impl<K: Key> Map<K> for Index<K> {
    #[inline(always)]
    fn load(&self, key: &K) -> Option<u64> {
        self.peek_with(key.borrowed(), |_, value| *value)
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: u64) {
        let _ = self.insert_sync(key.owned(), value);
    }
    #[inline(always)]
    fn store(&self, key: &K, value: u64) {
        if let Some(mut entry) = self.get_sync(key.borrowed()) {
            entry.update(value);
        } else {
            Map::insert(self, key, value);
        }
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        self.remove_sync(key.borrowed());
    }
    fn load_batch(&self, keys: &[K]) -> usize {
        let guard = Guard::new();
        keys.iter().filter(|key| self.peek(key.borrowed(), &guard).is_some()).count()
    }
    fn sum(&self) -> (u64, u64) {
        let guard = Guard::new();
        self.iter(&guard).fold((0, 0), |(count, sum), (key, value)| (count + 1, super::add::<K>(sum, key, *value)))
    }
}
