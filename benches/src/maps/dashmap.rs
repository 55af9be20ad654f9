//! dashmap, with ahash as its own benchmarks have it.

use crate::{contract::Map, key::Key, value::Value};

type Dash<K, V> = ::dashmap::DashMap<<K as Key>::Owned, <V as Value>::Owned, ahash::RandomState>;

pub fn new<K: Key, V: Value>(room: u64) -> Dash<K, V> {
    Dash::<K, V>::with_capacity_and_hasher(room as usize, Default::default())
}

impl<K: Key, V: Value> Map<K, V> for Dash<K, V> {
    #[inline(always)]
    fn load(&self, key: &K, value: &mut V) -> bool {
        self.get(key.borrowed()).map(|kept| value.fetch(&kept)).is_some()
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: &V) {
        Dash::<K, V>::insert(self, key.owned(), value.owned());
    }
    #[inline(always)]
    fn store(&self, key: &K, value: &V) {
        // Where owning a key costs an allocation, the one that is there will do.
        if !K::FREE
            && let Some(mut kept) = self.get_mut(key.borrowed())
        {
            value.overwrite(&mut kept);
        } else {
            Map::insert(self, key, value);
        }
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        self.remove(key.borrowed());
    }
    fn sum(&self) -> (u64, u64) {
        self.iter().fold((0, 0), |sum, entry| super::add::<K, V>(sum, entry.key(), entry.value()))
    }
}
