//! The order in which a thread may take the locks of one map, like `lockrank` in Go's runtime. Each
//! lock has a rank. A thread that takes a lock must not hold one of the same or a higher rank. So
//! two threads cannot deadlock. Debug builds check this each time a lock is taken.
//!
//! A callback that runs while a lock is held may use other maps, so it starts with no rank held
//! ([`with_no_rank_held`]).
//!
//! The thread-local state is one word without a destructor. So it still works while the thread's
//! other thread-local objects are being destroyed.

/// The ranks, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Rank {
    /// A map's lock, or that of one shard.
    Map,
    /// An entry of a read/dirty map.
    Entry,
    /// The pool of a read/dirty map.
    Pool,
}

/// Implemented by the data that a lock protects: the rank of that lock.
pub trait Ranked {
    const RANK: Rank;
}

/// The lock of a whole map contains no data.
impl Ranked for () {
    const RANK: Rank = Rank::Map;
}

#[cfg(all(debug_assertions, not(any(loom, shuttle))))]
mod checked {
    use super::Rank;
    use core::cell::Cell;

    std::thread_local! {
        /// A bit for each rank of which this thread holds a lock.
        static HELD: Cell<u32> = const { Cell::new(0) };
    }

    /// A rank that this thread holds until this is dropped.
    pub struct HeldRank(Rank);

    impl HeldRank {
        pub fn take(rank: Rank) -> Self {
            let held = HELD.get();
            assert!(held >> rank as u32 == 0, "a lock of rank {rank:?} is taken while ranks {held:#b} are held");
            HELD.set(held | 1 << rank as u32);
            Self(rank)
        }
    }

    impl Drop for HeldRank {
        fn drop(&mut self) {
            HELD.set(HELD.get() & !(1 << self.0 as u32));
        }
    }

    /// Runs a callback, which may use other maps.
    pub fn with_no_rank_held<R>(callback: impl FnOnce() -> R) -> R {
        struct Restore(u32);
        impl Drop for Restore {
            fn drop(&mut self) {
                HELD.set(self.0);
            }
        }
        let _restore = Restore(HELD.take());
        callback()
    }
}

#[cfg(not(all(debug_assertions, not(any(loom, shuttle)))))]
mod checked {
    use super::Rank;

    pub struct HeldRank;

    impl HeldRank {
        #[inline(always)]
        pub fn take(_rank: Rank) -> Self {
            Self
        }
    }

    #[inline(always)]
    pub fn with_no_rank_held<R>(callback: impl FnOnce() -> R) -> R {
        callback()
    }
}

pub use checked::{HeldRank, with_no_rank_held};

#[cfg(all(test, debug_assertions, not(any(loom, shuttle))))]
mod tests {
    use super::{
        HeldRank,
        Rank::{Entry, Map, Pool},
        with_no_rank_held,
    };
    use std::panic::catch_unwind;

    #[test]
    fn ranks_are_taken_in_ascending_order_only() {
        let map = HeldRank::take(Map);
        let entry = HeldRank::take(Entry);
        drop(HeldRank::take(Pool));
        for rank in [Map, Entry] {
            assert!(catch_unwind(|| HeldRank::take(rank)).is_err(), "{rank:?}");
        }
        // A callback may lock another map.
        with_no_rank_held(|| drop(HeldRank::take(Map)));
        assert!(catch_unwind(|| HeldRank::take(Map)).is_err());
        // The order of release does not matter.
        drop(map);
        assert!(catch_unwind(|| HeldRank::take(Map)).is_err());
        drop(entry);
        drop(HeldRank::take(Map));
    }
}
