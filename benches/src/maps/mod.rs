//! One adapter for each map. Ours is called through its C interface, and so are the maps in C and C++; those in Rust are inlined.
//!
//! A map does not know that all values of bytes have the same length: those in Rust keep each in a `Box<[u8]>`. Where a
//! writer has an entry to itself, it overwrites bytes of the same length in place; elsewhere it allocates.

pub mod dashmap;
pub mod hashbrown;
pub mod papaya;
pub mod portolan;
pub mod scc;

#[cfg(feature = "peers")]
pub mod foreign;

/// Without C and C++ any types will do.
#[cfg(not(feature = "peers"))]
pub mod foreign {
    pub trait Call<V> {}
    impl<K, V> Call<V> for K {}
    pub trait Passed {}
    impl<V> Passed for V {}
}

use crate::{key::Key, value::Value};

/// Adds an entry to a count and a sum.
#[inline(always)]
fn add<K: Key, V: Value>((count, sum): (u64, u64), key: &K::Owned, value: &V::Owned) -> (u64, u64) {
    (count + 1, sum.wrapping_add(K::summand(key)).wrapping_add(V::summand(value)))
}

pub struct Entry {
    /// On the command line and in tables.
    pub name: &'static str,
    /// Whose map it is, and which of his.
    pub map: &'static str,
    pub kind: &'static str,
}

const fn entry(name: &'static str, map: &'static str, kind: &'static str) -> Entry {
    Entry { name, map, kind }
}

const OURS: &str = "portolan";

/// All maps, ours first; the last four are there with the feature `peers`.
pub const ALL: &[Entry] = &[
    entry("sharded", OURS, "sharded"),
    entry("read_dirty", OURS, "read_dirty"),
    entry("rwmutex", OURS, "rwmutex"),
    entry("mutex", OURS, "mutex"),
    entry("dashmap", "dashmap", ""),
    entry("papaya", "papaya", ""),
    entry("scc", "scc", "HashMap"),
    entry("scc_index", "scc", "HashIndex"),
    entry("hashbrown_mutex", "hashbrown", "parking_lot Mutex"),
    entry("hashbrown_rwlock", "hashbrown", "parking_lot RwLock"),
    entry("tbb", "TBB", "concurrent_hash_map"),
    entry("lfht", "liburcu", "lfht, qsbr"),
    entry("ck_ht", "Concurrency Kit", "ck_ht, mutex for writers"),
    entry("glib", "GLib", "GHashTable, GMutex"),
];

pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

impl Entry {
    pub fn ours(&self) -> bool {
        self.map == OURS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::Map, key::Text, value::Bytes};

    fn keeps_what_it_is_told<K: Key, V: Value>(map: impl Map<K, V>) {
        let keys: Vec<K> = (0..200).map(K::new).collect();
        let number = |value: V| {
            assert!(value == V::of(value.number()), "a value in pieces");
            value.number()
        };
        let loaded = |at: usize| {
            let mut value = V::of(0);
            map.load(&keys[at], &mut value).then(|| number(value))
        };
        map.enter();
        keys[..100].iter().zip(0..).for_each(|(key, value)| map.insert(key, &V::of(value)));
        map.store(&keys[7], &V::of(70));
        map.store(&keys[100], &V::of(100));
        map.delete(&keys[8]);
        assert_eq!([6, 7, 8, 100, 101].map(loaded), [Some(6), Some(70), None, Some(100), None]);
        let mut values = vec![V::of(0); keys.len()];
        assert_eq!((map.load_batch(&keys, &mut values), map.sum().0), (100, 100));
        assert_eq!(values.into_iter().map(number).sum::<u64>(), (0..=100).sum::<u64>() - 7 - 8 + 70);
        map.leave();
    }

    #[test]
    fn every_map_keeps_what_it_is_told() {
        fn all<K: portolan::Call<V> + foreign::Call<V>, V: portolan::Kept + foreign::Passed>() {
            keeps_what_it_is_told::<K, V>(dashmap::new::<K, V>(0));
            keeps_what_it_is_told::<K, V>(papaya::new::<K, V>(0));
            keeps_what_it_is_told::<K, V>(scc::new_map::<K, V>(0));
            keeps_what_it_is_told::<K, V>(scc::new_index::<K, V>(0));
            keeps_what_it_is_told::<K, V>(hashbrown::new_mutex::<K, V>(0));
            keeps_what_it_is_told::<K, V>(hashbrown::new_rwlock::<K, V>(0));
            for name in ["sharded", "read_dirty", "rwmutex", "mutex"] {
                let kind = portolan::kind(name).expect("a kind");
                keeps_what_it_is_told::<K, V>(portolan::Portolan::new::<K, V>(kind, 0));
            }
            #[cfg(feature = "peers")]
            for calls in ["tbb", "lfht", "ck_ht", "glib"].into_iter().filter_map(K::calls) {
                keeps_what_it_is_told::<K, V>(foreign::Foreign::new(calls, 0).expect("a map"));
            }
        }
        all::<u64, u64>();
        all::<Text, u64>();
        all::<Text, Bytes<16>>();
        all::<Text, Bytes<1000>>();
    }
}
