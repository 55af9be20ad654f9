//! Each map by its name, in the hands of the workloads.

use crate::{
    contract::{Map, Runner},
    key::{Key, Text},
    maps::{dashmap, foreign, hashbrown, papaya, portolan, scc},
    types::{self, Types},
    workload::Bench,
};

/// Whether the map with this name was compiled in.
pub fn present(name: &str) -> bool {
    runner(name, types::WORDS).is_some()
}

/// The map with this name, for these types.
pub fn runner(name: &str, types: Types) -> Option<Box<dyn Runner>> {
    match types {
        types::WORDS => of_keys::<u64>(name),
        types::STRINGS => of_keys::<Text>(name),
        _ => None,
    }
}

fn of_keys<K: portolan::Call + foreign::Call>(name: &str) -> Option<Box<dyn Runner>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::Job, maps, workload};

    fn job(workload: &str, threads: u64) -> Job {
        Job { workload: workload.into(), entries: 1_000, threads, milliseconds: 1 }
    }

    /// The workloads themselves check that what is there is found, what is not is not, and that iteration is complete.
    #[test]
    fn every_map_runs_every_workload() {
        for map in maps::ALL.iter().filter(|map| present(map.name)) {
            for types in types::ALL {
                let mut runner = runner(map.name, *types).expect("a map");
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
