//! One adapter for each map. All are called with words; ours through its C interface, the others inlined.

mod dashmap;
mod mutex;
mod papaya;
mod portolan;

/// What a workload needs of a map. `store` overwrites or inserts.
pub trait Words: Sync {
    fn load(&self, key: u64) -> Option<u64>;
    fn store(&self, key: u64, value: u64);
    fn delete(&self, key: u64);
    /// Looks 64 keys up in one call where the map has such a call; the number found.
    fn load_batch(&self, keys: &[u64]) -> usize {
        keys.iter().filter(|key| self.load(**key).is_some()).count()
    }
}

/// A map in the hands of the workloads, which are compiled for it.
pub trait Runner {
    fn run(&mut self, job: &crate::workload::Job) -> f64;
}

/// The names of all maps, ours first.
pub const NAMES: &[&str] =
    &["sharded", "read_dirty", "rwmutex", "mutex", "bucketed", "dashmap", "papaya", "hashbrown_mutex"];

/// A new, empty map by name.
pub fn new(name: &str) -> Option<Box<dyn Runner>> {
    use crate::workload::Bench;
    Some(match name {
        "dashmap" => Box::new(Bench::new(dashmap::new)),
        "papaya" => Box::new(Bench::new(papaya::new)),
        "hashbrown_mutex" => Box::new(Bench::new(mutex::new)),
        kind => {
            let kind = portolan::kind(kind)?;
            Box::new(Bench::new(move || portolan::Portolan::new(kind)))
        }
    })
}
