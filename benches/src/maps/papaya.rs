//! papaya, with ahash; a pin for each operation, and one for a whole batch.

use super::Words;

type Map = ::papaya::HashMap<u64, u64, ahash::RandomState>;

pub fn new() -> Map {
    Map::default()
}

impl Words for Map {
    #[inline(always)]
    fn load(&self, key: u64) -> Option<u64> {
        self.pin().get(&key).copied()
    }
    #[inline(always)]
    fn store(&self, key: u64, value: u64) {
        self.pin().insert(key, value);
    }
    #[inline(always)]
    fn delete(&self, key: u64) {
        self.pin().remove(&key);
    }
    fn load_batch(&self, keys: &[u64]) -> usize {
        let pinned = self.pin();
        keys.iter().filter(|key| pinned.get(*key).is_some()).count()
    }
}
