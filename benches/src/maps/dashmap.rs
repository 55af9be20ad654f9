//! dashmap, with ahash as its own benchmarks have it.

use super::Words;

type Map = ::dashmap::DashMap<u64, u64, ahash::RandomState>;

pub fn new() -> Map {
    Map::default()
}

impl Words for Map {
    #[inline(always)]
    fn load(&self, key: u64) -> Option<u64> {
        self.get(&key).map(|value| *value)
    }
    #[inline(always)]
    fn store(&self, key: u64, value: u64) {
        self.insert(key, value);
    }
    #[inline(always)]
    fn delete(&self, key: u64) {
        self.remove(&key);
    }
}
