//! The workloads, and which map each of them runs on.

mod churn;
mod grow;
mod memory;
mod steady;
mod tail;
mod threads;

use crate::{
    contract::{Job, Map, Measure, Runner},
    key::Key,
    value::Value,
};
use churn::Churn;
use std::marker::PhantomData;

pub struct Workload {
    pub name: &'static str,
    pub about: &'static str,
    pub scope: Scope,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Scope {
    /// On the filled map of a process that stays.
    Filled,
    /// On empty maps, in a process that is new each time: what a map leaves behind in the allocator is not for the next.
    Growing,
    /// As `Growing`, only at the largest size asked for, and with one thread.
    Alone,
}

const fn workload(name: &'static str, scope: Scope, about: &'static str) -> Workload {
    Workload { name, about, scope }
}

/// In the order in which they run: those that change nothing first, and last what replaces the entries.
pub const ALL: &[Workload] = &[
    workload("hit", Scope::Filled, "loads of keys that are there, drawn evenly"),
    workload("miss", Scope::Filled, "loads of keys that are not there"),
    workload("batch8", Scope::Filled, "hits, 8 keys in a call; where a map has no such call, 8 loads"),
    workload("batch64", Scope::Filled, "the same with 64 keys"),
    workload("batch512", Scope::Filled, "the same with 512 keys"),
    workload("iterate", Scope::Filled, "visits every entry and adds up its key and its value; ns for each entry"),
    workload("hot_read", Scope::Filled, "all threads load one key"),
    workload("zipf", Scope::Filled, "keys by Zipf's distribution with exponent 0.99; 95 % loads, 5 % overwrites"),
    workload("95/5", Scope::Filled, "95 % loads, 5 % overwrites"),
    workload("50/50", Scope::Filled, "half loads, half overwrites"),
    workload("overwrite", Scope::Filled, "overwrites of keys that are there, drawn evenly"),
    workload("hot_update", Scope::Filled, "all threads overwrite one key"),
    workload("churn", Scope::Filled, "deletes the oldest key, inserts a new one; ns for each of the two"),
    workload("insert", Scope::Growing, "inserts into a map that grows from empty"),
    workload("insert_reserved", Scope::Growing, "the same into a map that was told its size"),
    workload(
        "memory",
        Scope::Alone,
        "resident bytes for each entry, at twenty sizes from 0.1 to 1.6 times that asked for",
    ),
    workload("tail", Scope::Alone, "each insertion's time while a map grows from empty"),
];

pub fn find(name: &str) -> Option<&'static Workload> {
    ALL.iter().find(|workload| workload.name == name)
}

/// A map of one type, filled when the first workload needs it.
pub struct Bench<K, V, M, N> {
    new: N,
    filled: Option<Filled<M>>,
    types: PhantomData<(K, V)>,
}

struct Filled<M> {
    map: M,
    entries: u64,
    /// Present once churn has replaced entries: then the map is of no use to other workloads.
    churn: Option<Churn>,
}

impl<K: Key, V: Value, M: Map<K, V>, N: Fn(u64) -> Option<M>> Bench<K, V, M, N> {
    /// `new` makes a map with room for so many entries, 0 for an ordinary one; None when the map has no such thing.
    pub fn new(new: N) -> Self {
        Self { new, filled: None, types: PhantomData }
    }

    fn filled(&mut self, entries: u64, churn: bool) -> &mut Filled<M> {
        if self.filled.as_ref().is_none_or(|filled| filled.entries != entries || filled.churn.is_some() && !churn) {
            self.filled = None; // first the old one goes, then the new one comes
            let map = (self.new)(0).expect("an ordinary map");
            map.enter();
            grow::insert(&map, 0..entries);
            map.settle(entries);
            map.leave();
            self.filled = Some(Filled { map, entries, churn: None });
        }
        self.filled.as_mut().expect("just filled")
    }
}

impl<K: Key, V: Value, M: Map<K, V>, N: Fn(u64) -> Option<M>> Runner for Bench<K, V, M, N> {
    fn run(&mut self, job: &Job) -> Option<Measure> {
        let room = |entries| (self.new)(entries).expect("made once already");
        let nanoseconds = match job.workload.as_str() {
            "memory" => return Some(memory::run(job, || room(0))),
            "tail" => return Some(tail::run(job, &room(0))),
            "insert" => grow::run(job, || room(0)),
            "insert_reserved" => {
                (self.new)(job.entries)?;
                grow::run(job, || room(job.entries))
            }
            "churn" => {
                let filled = self.filled(job.entries, true);
                filled.churn.get_or_insert_with(Churn::new).run(&filled.map, job)
            }
            _ => steady::run(&self.filled(job.entries, false).map, job),
        };
        Some(Measure { figures: [("ns_per_op".into(), nanoseconds)].into(), curve: Vec::new() })
    }
}
