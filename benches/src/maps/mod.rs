//! One adapter for each map. Ours is called through its C interface, and so are the maps in C and C++; those in Rust are inlined.

pub mod dashmap;
pub mod hashbrown;
pub mod papaya;
pub mod portolan;
pub mod scc;

#[cfg(feature = "peers")]
pub mod foreign;

/// Without C and C++ any key will do.
#[cfg(not(feature = "peers"))]
pub mod foreign {
    pub trait Call {}
    impl<K> Call for K {}
}

use crate::key::Key;

/// Adds an entry to a sum.
#[inline(always)]
fn add<K: Key>(sum: u64, key: &K::Owned, value: u64) -> u64 {
    sum.wrapping_add(K::summand(key)).wrapping_add(value)
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
    use crate::{contract::Map, key::Text};

    fn keeps_what_it_is_told<K: Key>(map: impl Map<K>) {
        let keys: Vec<K> = (0..200).map(K::new).collect();
        map.enter();
        keys[..100].iter().zip(0..).for_each(|(key, value)| map.insert(key, value));
        map.store(&keys[7], 70);
        map.store(&keys[100], 100);
        map.delete(&keys[8]);
        let loaded = |at: usize| map.load(&keys[at]);
        assert_eq!(
            (loaded(6), loaded(7), loaded(8), loaded(100), loaded(101)),
            (Some(6), Some(70), None, Some(100), None)
        );
        assert_eq!((map.load_batch(&keys), map.sum().0), (100, 100));
        map.leave();
    }

    #[test]
    fn every_map_keeps_what_it_is_told() {
        fn all<K: portolan::Call + foreign::Call>() {
            keeps_what_it_is_told::<K>(dashmap::new::<K>(0));
            keeps_what_it_is_told::<K>(papaya::new::<K>(0));
            keeps_what_it_is_told::<K>(scc::new_map::<K>(0));
            keeps_what_it_is_told::<K>(scc::new_index::<K>(0));
            keeps_what_it_is_told::<K>(hashbrown::new_mutex::<K>(0));
            keeps_what_it_is_told::<K>(hashbrown::new_rwlock::<K>(0));
            for name in ["sharded", "read_dirty", "rwmutex", "mutex"] {
                keeps_what_it_is_told::<K>(portolan::Portolan::new::<K>(portolan::kind(name).expect("a kind"), 0));
            }
            #[cfg(feature = "peers")]
            for name in ["tbb", "lfht", "ck_ht", "glib"] {
                keeps_what_it_is_told::<K>(foreign::Foreign::new(K::calls(name), 0).expect("a map"));
            }
        }
        all::<u64>();
        all::<Text>();
    }
}
