//! Each map by its name, in the hands of the workloads.

use crate::{
    contract::{Map, Runner},
    key::{Key, Text},
    maps::{dashmap, foreign, hashbrown, papaya, portolan, scc},
    types::{self, Types},
    value::{Bytes, Value},
    workload::Bench,
};

/// Whether the map with this name was compiled in.
pub fn present(name: &str) -> bool {
    runner(name, types::WORDS).is_some()
}

/// The map with this name, for these types; None if it is not compiled in, or is not measured with them.
pub fn runner(name: &str, types: Types) -> Option<Box<dyn Runner>> {
    match (types.key, types.value) {
        ("word", "word") => of_types::<u64, u64>(name),
        ("string", "word") => of_types::<Text, u64>(name),
        ("string", "16") => of_types::<Text, Bytes<16>>(name),
        ("string", "100") => of_types::<Text, Bytes<100>>(name),
        ("string", "1000") => of_types::<Text, Bytes<1000>>(name),
        _ => None,
    }
}

fn of_types<K, V>(name: &str) -> Option<Box<dyn Runner>>
where
    K: portolan::Call<V> + foreign::Call<V>,
    V: portolan::Kept + foreign::Passed,
{
    fn boxed<K: Key, V: Value, M>(new: impl Fn(u64) -> Option<M> + 'static) -> Option<Box<dyn Runner>>
    where
        M: Map<K, V> + 'static,
    {
        Some(Box::new(Bench::<K, V, M, _>::new(new)))
    }
    match name {
        "dashmap" => boxed::<K, V, _>(|room| Some(dashmap::new::<K, V>(room))),
        "papaya" => boxed::<K, V, _>(|room| Some(papaya::new::<K, V>(room))),
        "scc" => boxed::<K, V, _>(|room| Some(scc::new_map::<K, V>(room))),
        "scc_index" => boxed::<K, V, _>(|room| Some(scc::new_index::<K, V>(room))),
        "hashbrown_mutex" => boxed::<K, V, _>(|room| Some(hashbrown::new_mutex::<K, V>(room))),
        "hashbrown_rwlock" => boxed::<K, V, _>(|room| Some(hashbrown::new_rwlock::<K, V>(room))),
        "sharded" | "read_dirty" | "rwmutex" | "mutex" => {
            let kind = portolan::kind(name)?;
            boxed::<K, V, _>(move |room| Some(portolan::Portolan::new::<K, V>(kind, room)))
        }
        #[cfg(feature = "peers")]
        "tbb" | "lfht" | "ck_ht" | "glib" => {
            let calls = K::calls(name)?;
            boxed::<K, V, _>(move |room| foreign::Foreign::new(calls, room))
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
                let Some(mut runner) = runner(map.name, *types) else {
                    assert!(["lfht", "ck_ht"].contains(&map.name) && types.value != "word");
                    continue;
                };
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
