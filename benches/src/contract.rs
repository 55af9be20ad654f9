//! What the maps and the workloads know of each other: what a map offers, what a workload is told to do, what comes out.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// What a workload needs of a map.
pub trait Map<K, V>: Sync {
    /// Copies the key's value to `value`; false if the key is not there.
    fn load(&self, key: &K, value: &mut V) -> bool;
    /// Stores a key that the caller knows to be new.
    fn insert(&self, key: &K, value: &V);
    /// Stores a key that the caller expects to be there.
    fn store(&self, key: &K, value: &V);
    fn delete(&self, key: &K);
    /// Copies the values of all keys to `values`, in the best way that the map has for many; the number found.
    fn load_batch(&self, keys: &[K], values: &mut [V]) -> usize {
        keys.iter().zip(values).map(|(key, value)| self.load(key, value)).filter(|found| *found).count()
    }
    /// Visits all entries: how many they are, and the sum of their values' numbers and, where they are words, keys.
    fn sum(&self) -> (u64, u64);

    /// Before a thread's first call and after its last.
    fn enter(&self) {}
    fn leave(&self) {}
    /// After the map was filled with keys 0 to `entries`, before anything is measured.
    fn settle(&self, _entries: u64) {}
}

/// A map in the hands of the workloads, which are compiled for it.
pub trait Runner {
    /// None when the map cannot do this.
    fn run(&mut self, job: &Job) -> Option<Measure>;
}

/// What to do.
#[derive(Clone, Serialize, Deserialize)]
pub struct Job {
    pub workload: String,
    pub entries: u64,
    pub threads: u64,
    pub milliseconds: u64,
}

impl Job {
    pub fn time(&self) -> Duration {
        Duration::from_millis(self.milliseconds)
    }
    /// Keys in one call: 1 where keys go one by one.
    pub fn batch(&self) -> usize {
        self.workload.strip_prefix("batch").map_or(1, |size| size.parse().expect("a number"))
    }
}

/// What came out: figures by the name that they have in the results, and for some a curve over the number of entries.
#[derive(Default, Serialize, Deserialize)]
pub struct Measure {
    pub figures: BTreeMap<String, f64>,
    pub curve: Vec<(u64, f64)>,
}
