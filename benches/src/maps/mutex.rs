//! hashbrown behind parking_lot's mutex.

use super::Words;

type Map = parking_lot::Mutex<hashbrown::HashMap<u64, u64, ahash::RandomState>>;

pub fn new() -> Map {
    Map::default()
}

impl Words for Map {
    #[inline(always)]
    fn load(&self, key: u64) -> Option<u64> {
        self.lock().get(&key).copied()
    }
    #[inline(always)]
    fn store(&self, key: u64, value: u64) {
        self.lock().insert(key, value);
    }
    #[inline(always)]
    fn delete(&self, key: u64) {
        self.lock().remove(&key);
    }
}
