//! hashbrown behind parking_lot's locks: what most programs do. Each load takes the lock, in batches too: to hold it for a whole
//! batch would keep all others out for as long, which no other map here does.

use super::add;
use crate::{contract::Map, key::Key};
use parking_lot::{Mutex, RwLock};

type Table<K> = ::hashbrown::HashMap<<K as Key>::Owned, u64, ahash::RandomState>;

fn new<K: Key>(room: u64) -> Table<K> {
    Table::<K>::with_capacity_and_hasher(room as usize, Default::default())
}

pub fn new_mutex<K: Key>(room: u64) -> Mutex<Table<K>> {
    Mutex::new(new::<K>(room))
}

pub fn new_rwlock<K: Key>(room: u64) -> RwLock<Table<K>> {
    RwLock::new(new::<K>(room))
}

#[inline(always)]
fn store<K: Key>(table: &mut Table<K>, key: &K, value: u64) {
    // Where owning a key costs an allocation, the one that is there will do.
    if !K::FREE
        && let Some(present) = table.get_mut(key.borrowed())
    {
        *present = value;
    } else {
        table.insert(key.owned(), value);
    }
}

fn sum<K: Key>(table: &Table<K>) -> (u64, u64) {
    table.iter().fold((0, 0), |(count, sum), (key, value)| (count + 1, add::<K>(sum, key, *value)))
}

/// The two differ only in how they are locked for reading and for writing.
macro_rules! locked {
    ($lock:ident, $read:ident, $write:ident) => {
        impl<K: Key> Map<K> for $lock<Table<K>> {
            #[inline(always)]
            fn load(&self, key: &K) -> Option<u64> {
                self.$read().get(key.borrowed()).copied()
            }
            #[inline(always)]
            fn insert(&self, key: &K, value: u64) {
                let key = key.owned();
                self.$write().insert(key, value);
            }
            #[inline(always)]
            fn store(&self, key: &K, value: u64) {
                store(&mut self.$write(), key, value);
            }
            #[inline(always)]
            fn delete(&self, key: &K) {
                self.$write().remove(key.borrowed());
            }
            fn sum(&self) -> (u64, u64) {
                sum::<K>(&self.$read())
            }
        }
    };
}

locked!(Mutex, lock, lock);
locked!(RwLock, read, write);
