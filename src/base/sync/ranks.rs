//! The order in which a thread may take the locks of one map, as the runtime's `lockrank`: each lock has a rank, and whoever takes one
//! holds none of the same rank or a higher one. So no two threads can wait for each other. Debug builds check it at each lock.
//!
//! A callback runs inside a lock, and may use other maps: it starts with no rank held ([`outside_the_ranks`]). What belongs to a thread here
//! is one word that needs no destructor, so it works while the thread's own storage goes away.

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

/// What a lock guards says which rank the lock has.
pub trait Ranked {
    const RANK: Rank;
}

/// A map's gate guards nothing that it contains.
impl Ranked for () {
    const RANK: Rank = Rank::Map;
}

#[cfg(all(debug_assertions, not(any(loom, shuttle))))]
mod checked {
    use super::Rank;
    use core::cell::Cell;

    std::thread_local! {
        /// A bit for each rank that this thread holds.
        static HELD: Cell<u32> = const { Cell::new(0) };
    }

    /// A rank that is held until the drop.
    pub struct HeldRank(Rank);

    impl HeldRank {
        pub fn take(rank: Rank) -> Self {
            let held = HELD.get();
            assert!(held >> rank as u32 == 0, "a lock of rank {rank:?} is taken with ranks {held:#b} held");
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
    pub fn outside_the_ranks<R>(callback: impl FnOnce() -> R) -> R {
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
    pub fn outside_the_ranks<R>(callback: impl FnOnce() -> R) -> R {
        callback()
    }
}

pub use checked::{HeldRank, outside_the_ranks};

#[cfg(all(test, debug_assertions, not(any(loom, shuttle))))]
mod tests {
    use super::{
        HeldRank,
        Rank::{Entry, Map, Pool},
        outside_the_ranks,
    };
    use std::panic::catch_unwind;

    #[test]
    fn ranks_are_taken_upwards_only() {
        let map = HeldRank::take(Map);
        let entry = HeldRank::take(Entry);
        drop(HeldRank::take(Pool));
        for rank in [Map, Entry] {
            assert!(catch_unwind(|| HeldRank::take(rank)).is_err(), "{rank:?}");
        }
        // Of another map.
        outside_the_ranks(|| drop(HeldRank::take(Map)));
        assert!(catch_unwind(|| HeldRank::take(Map)).is_err());
        // In any order back.
        drop(map);
        assert!(catch_unwind(|| HeldRank::take(Map)).is_err());
        drop(entry);
        drop(HeldRank::take(Map));
    }
}
