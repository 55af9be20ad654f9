//! dashmap, with ahash as its own benchmarks have it.

use crate::{contract::Map, key::Key};

type Dash<K> = ::dashmap::DashMap<<K as Key>::Owned, u64, ahash::RandomState>;

pub fn new<K: Key>(room: u64) -> Dash<K> {
    Dash::<K>::with_capacity_and_hasher(room as usize, Default::default())
}

impl<K: Key> Map<K> for Dash<K> {
    #[inline(always)]
    fn load(&self, key: &K) -> Option<u64> {
        self.get(key.borrowed()).map(|value| *value)
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: u64) {
        Dash::<K>::insert(self, key.owned(), value);
    }
    #[inline(always)]
    fn store(&self, key: &K, value: u64) {
        // Where owning a key costs an allocation, the one that is there will do.
        if !K::FREE
            && let Some(mut present) = self.get_mut(key.borrowed())
        {
            *present = value;
        } else {
            Map::insert(self, key, value);
        }
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        self.remove(key.borrowed());
    }
    fn sum(&self) -> (u64, u64) {
        self.iter().fold((0, 0), |(count, sum), entry| (count + 1, super::add::<K>(sum, entry.key(), *entry.value())))
    }
}
