//! One adapter for each map. Ours is called through its C interface, and so are the maps in C and C++; those in Rust are inlined.

mod dashmap;
mod hashbrown;
mod papaya;
mod portolan;
mod scc;

#[cfg(feature = "peers")]
mod foreign;

use crate::{
    key::{Key, Text},
    workload::{Bench, Job, Measure},
};

/// What a workload needs of a map. Values are words.
pub trait Map<K>: Sync {
    fn load(&self, key: &K) -> Option<u64>;
    /// Stores a key that the caller knows to be new.
    fn insert(&self, key: &K, value: u64);
    /// Stores a key that the caller expects to be there.
    fn store(&self, key: &K, value: u64);
    fn delete(&self, key: &K);
    /// Looks all keys up in the best way that the map has for many; the number found.
    fn load_batch(&self, keys: &[K]) -> usize {
        keys.iter().filter(|key| self.load(key).is_some()).count()
    }
    /// Visits all entries: how many they are, and the sum of their values and, where they are words, keys.
    fn sum(&self) -> (u64, u64);

    /// Before a thread's first call and after its last.
    fn enter(&self) {}
    fn leave(&self) {}
    /// After the map was filled with keys 0 to `entries`, before anything is measured.
    fn settle(&self, _entries: u64) {}
}

/// Adds an entry to a sum.
#[inline(always)]
fn add<K: Key>(sum: u64, key: &K::Owned, value: u64) -> u64 {
    sum.wrapping_add(K::summand(key)).wrapping_add(value)
}

/// A map in the hands of the workloads, which are compiled for it.
pub trait Runner {
    /// None when the map cannot do this.
    fn run(&mut self, job: &Job) -> Option<Measure>;
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
    /// Whether it was compiled in.
    pub fn present(&self) -> bool {
        runner(self.name, u64::NAME).is_some()
    }
}

/// The map with this name, for this type of key.
pub fn runner(name: &str, key: &str) -> Option<Box<dyn Runner>> {
    match key {
        u64::NAME => of_keys::<u64>(name),
        Text::NAME => of_keys::<Text>(name),
        _ => None,
    }
}

fn of_keys<K: portolan::Call + foreign_or_any::Call>(name: &str) -> Option<Box<dyn Runner>> {
    fn boxed<K: Key, M: Map<K> + 'static>(new: impl Fn(u64) -> Option<M> + 'static) -> Option<Box<dyn Runner>> {
        Some(Box::new(Bench::<K, M, _>::new(new)))
    }
    match name {
        "dashmap" => boxed::<K, _>(|room| Some(dashmap::new::<K>(room))),
        "papaya" => boxed::<K, _>(|room| Some(papaya::new::<K>(room))),
        "scc" => boxed::<K, _>(|room| Some(scc::new_map::<K>(room))),
        "scc_index" => boxed::<K, _>(|room| Some(scc::new_index::<K>(room))),
        "hashbrown_mutex" => boxed::<K, _>(|room| Some(hashbrown::new_mutex::<K>(room))),
        "hashbrown_rwlock" => boxed::<K, _>(|room| Some(hashbrown::new_rwlock::<K>(room))),
        "sharded" | "read_dirty" | "rwmutex" | "mutex" => {
            let kind = portolan::kind(name)?;
            boxed::<K, _>(move |room| Some(portolan::Portolan::new::<K>(kind, room)))
        }
        #[cfg(feature = "peers")]
        "tbb" | "lfht" | "ck_ht" | "glib" => {
            let calls = K::calls(name);
            boxed::<K, _>(move |room| foreign::Foreign::new(calls, room))
        }
        _ => None,
    }
}

/// Without C and C++ any key will do.
#[cfg(not(feature = "peers"))]
mod foreign_or_any {
    pub trait Call {}
    impl<K> Call for K {}
}
#[cfg(feature = "peers")]
use foreign as foreign_or_any;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload;

    fn job(workload: &str, threads: u64) -> Job {
        Job { workload: workload.into(), entries: 1_000, threads, milliseconds: 1 }
    }

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
        fn all<K: portolan::Call + foreign_or_any::Call>() {
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

    /// The workloads themselves check that what is there is found, what is not is not, and that iteration is complete.
    #[test]
    fn every_map_runs_every_workload() {
        for map in ALL.iter().filter(|map| map.present()) {
            for key in [u64::NAME, Text::NAME] {
                let mut runner = runner(map.name, key).expect("a map");
                for workload in workload::ALL {
                    for threads in [1, 2] {
                        let measure = runner.run(&job(workload.name, threads));
                        assert!(measure.is_some() || workload.name == "insert_reserved");
                    }
                }
                // After churn, the first keys are back.
                assert!(runner.run(&job("hit", 1)).is_some());
            }
        }
    }
}
