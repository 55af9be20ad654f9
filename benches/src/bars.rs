//! What the sharded map, and for hits read_dirty, is to reach. A bar is met when each of its cells is. To add one, add it here.

use crate::types::{STRINGS, Types, WORDS};

/// "2 x the best peer" is the best peer's figure divided by ours: 2 means that ours takes half the time.
pub struct Bar {
    pub name: &'static str,
    pub checks: &'static [Check],
}

/// Cells of the results, all combinations of these, and what is claimed of each.
pub struct Check {
    pub ours: &'static str,
    pub workloads: &'static [&'static str],
    pub types: Types<'static>,
    pub entries: &'static [u64],
    pub threads: &'static [u64],
    pub claim: Claim,
}

pub enum Claim {
    /// The lowest of the peers' figures is at least so many times ours.
    Times { figure: &'static str, peers: Peers, times: f64 },
    /// Ours is at most this.
    AtMost { figure: &'static str, limit: f64 },
    /// So many threads, at least so many times the throughput of one.
    Scales { times: f64 },
}

pub enum Peers {
    All,
    Only(&'static str),
    /// All, in this workload as well as in the cell's own.
    AlsoIn(&'static str),
}

use Claim::{AtMost, Scales, Times};

const K: u64 = 1_000;
const M: u64 = 1_000_000;
const EVERY_SIZE: &[u64] = &[K, M, 10 * M];
const LARGE: &[u64] = &[M, 10 * M];

const fn check(
    workloads: &'static [&'static str],
    entries: &'static [u64],
    threads: &'static [u64],
    claim: Claim,
) -> Check {
    Check { ours: "sharded", workloads, types: WORDS, entries, threads, claim }
}

/// Against the best of all peers in the cell.
const fn best(times: f64) -> Claim {
    Times { figure: "ns_per_op", peers: Peers::All, times }
}

const fn strings(workloads: &'static [&'static str], entries: &'static [u64], times: f64) -> Check {
    Check { types: STRINGS, ..check(workloads, entries, &[2], best(times)) }
}

const fn promoted(entries: &'static [u64], times: f64) -> Check {
    let papaya = Times { figure: "ns_per_op", peers: Peers::Only("papaya"), times };
    Check { ours: "read_dirty", ..check(&["hit"], entries, &[2], papaya) }
}

const fn memory(figure: &'static str, limit: f64) -> Check {
    check(&["memory"], &[10 * M], &[1], AtMost { figure, limit })
}

const fn tail(figure: &'static str, peer: &'static str, times: f64) -> Check {
    check(&["tail"], &[10 * M], &[1], Times { figure, peers: Peers::Only(peer), times })
}

pub const ALL: &[Bar] = &[
    Bar {
        name: "1 hit, 2 threads: 2 x the best peer at 1k, 1.35 x at 1M, 1.6 x at 10M",
        checks: &[
            check(&["hit"], &[K], &[2], best(2.0)),
            check(&["hit"], &[M], &[2], best(1.35)),
            check(&["hit"], &[10 * M], &[2], best(1.6)),
        ],
    },
    Bar {
        name: "2 miss, 2 threads: 2 x the best peer at 1k, 1 x at 1M, 0.9 x at 10M",
        checks: &[
            check(&["miss"], &[K], &[2], best(2.0)),
            check(&["miss"], &[M], &[2], best(1.0)),
            check(&["miss"], &[10 * M], &[2], best(0.9)),
        ],
    },
    Bar {
        name: "3 95/5 and 50/50, 2 threads: 1.2 x the best peer at every size",
        checks: &[check(&["95/5", "50/50"], EVERY_SIZE, &[2], best(1.2))],
    },
    Bar {
        name: "4 insert, growing to 1M and 10M: the best peer's time with 1 thread, 1.3 x with 2",
        checks: &[check(&["insert"], LARGE, &[1], best(1.0)), check(&["insert"], LARGE, &[2], best(1.3))],
    },
    Bar {
        name: "5 churn, Zipf, one hot key read or updated, 1M, 2 threads: the best peer's time",
        checks: &[check(&["churn", "zipf", "hot_read", "hot_update"], &[M], &[2], best(1.0))],
    },
    Bar {
        name: "6 one thread, every workload and size: 0.85 x the best peer",
        checks: &[check(
            &[
                "hit",
                "miss",
                "batch8",
                "batch64",
                "batch512",
                "iterate",
                "hot_read",
                "zipf",
                "95/5",
                "50/50",
                "hot_update",
                "churn",
                "insert",
                "insert_reserved",
            ],
            EVERY_SIZE,
            &[1],
            best(0.85),
        )],
    },
    Bar {
        name: "7 batches of 64 hits, 1M and 10M, 2 threads: 4 x the best peer's loads, single or in its own batches",
        checks: &[check(
            &["batch64"],
            LARGE,
            &[2],
            Times { figure: "ns_per_op", peers: Peers::AlsoIn("hit"), times: 4.0 },
        )],
    },
    Bar {
        name: "8 strings: hit, 95/5 and insert, 1k and 1M, 2 threads: 1.2 x the best peer, 1.5 x for hit at 1M",
        checks: &[
            strings(&["hit"], &[K], 1.2),
            strings(&["hit"], &[M], 1.5),
            strings(&["95/5", "insert"], &[K, M], 1.2),
        ],
    },
    Bar {
        name: "9 memory from 1M to 16M: 31 bytes for an entry on average, 36 at worst, 4096 for an empty map",
        checks: &[
            memory("bytes_per_entry", 31.0),
            memory("worst_bytes_per_entry", 36.0),
            memory("empty_bytes", 4096.0),
        ],
    },
    Bar {
        name: "10 iterate, 1M and 10M: 3 ns for an entry",
        checks: &[check(&["iterate"], LARGE, &[1], AtMost { figure: "ns_per_op", limit: 3.0 })],
    },
    Bar {
        name: "11 tail of inserts to 10M: p99.999 a tenth of dashmap's; the longest a fifth of dashmap's and below papaya's",
        checks: &[tail("p99999_ns", "dashmap", 10.0), tail("max_ns", "dashmap", 5.0), tail("max_ns", "papaya", 1.0)],
    },
    Bar {
        name: "12 read_dirty, hit on a promoted map, 2 threads: 0.9 x papaya at 1k, 1 x at 1M and 10M",
        checks: &[promoted(&[K], 0.9), promoted(LARGE, 1.0)],
    },
    // 13 is about Go: bindings/go/bench.
    Bar {
        name: "14 hit and miss from 1 thread to 2: 1.9 x the throughput at every size",
        checks: &[check(&["hit", "miss"], EVERY_SIZE, &[2], Scales { times: 1.9 })],
    },
];
