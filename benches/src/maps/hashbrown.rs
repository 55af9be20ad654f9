//! hashbrown behind parking_lot's locks: what most programs do. Each load takes the lock, in batches too: to hold it for a whole
//! batch would keep all others out for as long, which no other map here does.

use crate::{contract::Map, key::Key, value::Value};
use parking_lot::{Mutex, RwLock};

type Table<K, V> = ::hashbrown::HashMap<<K as Key>::Owned, <V as Value>::Owned, ahash::RandomState>;

fn new<K: Key, V: Value>(room: u64) -> Table<K, V> {
    Table::<K, V>::with_capacity_and_hasher(room as usize, Default::default())
}

pub fn new_mutex<K: Key, V: Value>(room: u64) -> Mutex<Table<K, V>> {
    Mutex::new(new::<K, V>(room))
}

pub fn new_rwlock<K: Key, V: Value>(room: u64) -> RwLock<Table<K, V>> {
    RwLock::new(new::<K, V>(room))
}

#[inline(always)]
fn store<K: Key, V: Value>(table: &mut Table<K, V>, key: &K, value: &V) {
    // Where owning a key costs an allocation, the one that is there will do.
    if !K::FREE
        && let Some(kept) = table.get_mut(key.borrowed())
    {
        value.overwrite(kept);
    } else {
        table.insert(key.owned(), value.owned());
    }
}

fn sum<K: Key, V: Value>(table: &Table<K, V>) -> (u64, u64) {
    table.iter().fold((0, 0), |sum, (key, value)| super::add::<K, V>(sum, key, value))
}

/// The two differ only in how they are locked for reading and for writing.
macro_rules! locked {
    ($lock:ident, $read:ident, $write:ident) => {
        impl<K: Key, V: Value> Map<K, V> for $lock<Table<K, V>> {
            #[inline(always)]
            fn load(&self, key: &K, value: &mut V) -> bool {
                self.$read().get(key.borrowed()).map(|kept| value.fetch(kept)).is_some()
            }
            #[inline(always)]
            fn insert(&self, key: &K, value: &V) {
                let (key, value) = (key.owned(), value.owned());
                self.$write().insert(key, value);
            }
            #[inline(always)]
            fn store(&self, key: &K, value: &V) {
                store::<K, V>(&mut self.$write(), key, value);
            }
            #[inline(always)]
            fn delete(&self, key: &K) {
                self.$write().remove(key.borrowed());
            }
            fn sum(&self) -> (u64, u64) {
                sum::<K, V>(&self.$read())
            }
        }
    };
}

locked!(Mutex, lock, lock);
locked!(RwLock, read, write);
