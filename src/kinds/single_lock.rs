//! The kinds with one lock for the whole table: `bucketed`, `mutex` and `rwmutex`. They differ only
//! in their gate, which decides what happens when two threads use the map at the same time.
//!
//! | gate | two readers | a reader and a writer, or two writers |
//! |---|---|---|
//! | [`Detector`] | the second is refused | the second is refused |
//! | [`Mutex`] | the second waits | the second waits |
//! | [`RwLock`] | both run | the second waits |
//!
//! Go's runtime also detects concurrent use, but with a flag that two threads can pass at the same
//! time. Here the flag is set by an atomic exchange, so misuse is always detected and cannot
//! corrupt the table.

use super::{
    Error, Kind, Outcome,
    locked_table::{self, LockedTable, TableState},
    operation::Operation,
    stats::{BucketView, Stats},
};
use crate::{
    base::{
        hash::Hasher,
        mem::Memory,
        sync::{
            AtomicBool, Mutex,
            Ordering::{Acquire, Release},
            RwLock, lock, lock_alone, lock_shared, try_lock, try_lock_shared,
        },
    },
    item::{Key, Receive, Value},
    table::{Growth, Reach, Sink, Table},
};
use core::{cell::UnsafeCell, marker::PhantomData};

/// A lock around the table.
///
/// # Safety
///
/// - While a body passed to `exclusive` runs, no other body passed to the same gate may run. Bodies
///   passed to `shared` and `try_shared` may run at the same time as each other.
/// - If one of two bodies was passed to `exclusive`, all that the earlier one did must happen
///   before all that the later one does.
///
/// A body that panics counts as ended.
pub unsafe trait Gate: Send + Sync + 'static {
    fn new() -> Self;
    /// Runs `body` while no body passed to `exclusive` runs.
    fn shared<R>(&self, body: impl FnOnce() -> R) -> Result<R, Error>;
    /// Like `shared`, but returns `None` instead of waiting.
    fn try_shared<R>(&self, body: impl FnOnce() -> R) -> Option<Result<R, Error>>;
    /// Runs `body` while no other body runs.
    fn exclusive<R>(&self, body: impl FnOnce() -> R) -> Result<R, Error>;
}

// SAFETY: every body runs with the mutex held.
unsafe impl Gate for Mutex<()> {
    fn new() -> Self {
        Mutex::new(())
    }
    fn shared<R>(&self, body: impl FnOnce() -> R) -> Result<R, Error> {
        self.exclusive(body)
    }
    fn try_shared<R>(&self, body: impl FnOnce() -> R) -> Option<Result<R, Error>> {
        let _guard = try_lock(self)?;
        Some(Ok(body()))
    }
    fn exclusive<R>(&self, body: impl FnOnce() -> R) -> Result<R, Error> {
        let _guard = lock(self);
        Ok(body())
    }
}

// SAFETY: bodies of `exclusive` run with the write lock held, the others with a read lock.
unsafe impl Gate for RwLock<()> {
    fn new() -> Self {
        RwLock::new(())
    }
    fn shared<R>(&self, body: impl FnOnce() -> R) -> Result<R, Error> {
        let _guard = lock_shared(self);
        Ok(body())
    }
    fn try_shared<R>(&self, body: impl FnOnce() -> R) -> Option<Result<R, Error>> {
        let _guard = try_lock_shared(self)?;
        Some(Ok(body()))
    }
    fn exclusive<R>(&self, body: impl FnOnce() -> R) -> Result<R, Error> {
        let _guard = lock_alone(self);
        Ok(body())
    }
}

/// A flag that is set while a body runs. A second thread does not wait; it gets an error.
pub struct Detector(AtomicBool);

// SAFETY: every body runs after a swap that found the flag clear and set it, and until the flag is
// cleared again no other swap finds it clear. The swap is Acquire and the clearing is Release, so a
// body happens before the next one.
unsafe impl Gate for Detector {
    fn new() -> Self {
        Self(AtomicBool::new(false))
    }
    fn shared<R>(&self, body: impl FnOnce() -> R) -> Result<R, Error> {
        self.exclusive(body)
    }
    fn try_shared<R>(&self, body: impl FnOnce() -> R) -> Option<Result<R, Error>> {
        Some(self.exclusive(body))
    }
    fn exclusive<R>(&self, body: impl FnOnce() -> R) -> Result<R, Error> {
        // Clears the flag even if the body panics.
        struct ClearOnDrop<'a>(&'a AtomicBool);
        impl Drop for ClearOnDrop<'_> {
            fn drop(&mut self) {
                self.0.store(false, Release);
            }
        }
        if self.0.swap(true, Acquire) {
            return Err(Error::Concurrent);
        }
        let _clear = ClearOnDrop(&self.0);
        Ok(body())
    }
}

/// A hash table like Go's built-in map, for one thread at a time.
pub type Bucketed<K, V> = SingleLock<K, V, Detector>;
/// The same table with a mutex.
pub type MutexMap<K, V> = SingleLock<K, V, Mutex<()>>;
/// The same table with a reader-writer lock.
pub type RwMutexMap<K, V> = SingleLock<K, V, RwLock<()>>;

/// A table and the gate that protects it.
pub struct SingleLock<K: Key, V: Value, G> {
    gate: G,
    hasher: Hasher,
    memory: Memory,
    table: Table<K>,
    /// Protected by the gate: read in bodies of `shared` and `exclusive`, changed only in bodies of
    /// `exclusive`.
    state: UnsafeCell<TableState>,
    values: PhantomData<fn() -> V>,
}

// SAFETY: nothing in it belongs to a thread. The memory that the state points to is the map's own.
unsafe impl<K: Key, V: Value, G: Gate> Send for SingleLock<K, V, G> {}
// SAFETY: the gate protects the state, as the field says. The other fields are atomics, or never
// change.
unsafe impl<K: Key, V: Value, G: Gate> Sync for SingleLock<K, V, G> {}

impl<K: Key, V: Value, G: Gate> SingleLock<K, V, G> {
    pub fn new(hasher: Hasher, memory: Memory) -> Self {
        Self {
            gate: G::new(),
            hasher,
            memory,
            table: Table::new(0),
            state: UnsafeCell::new(TableState::new(Growth::Doubling, false)),
            values: PhantomData,
        }
    }

    fn exclusive<R>(&self, body: impl FnOnce(&mut LockedTable<'_, K, V>) -> R) -> Result<R, Error> {
        self.gate.exclusive(|| {
            // SAFETY: the gate runs no other body meanwhile, so this is the only access to the
            // table and its state. `new` paired them, with this memory.
            body(&mut unsafe { LockedTable::new(&self.table, &mut *self.state.get(), &self.memory, &self.hasher) })
        })
    }

    fn shared<R>(&self, body: impl FnOnce(&Table<K>, &TableState) -> R) -> Result<R, Error> {
        // SAFETY: the gate runs no body of `exclusive` meanwhile, so nobody changes the state.
        self.gate.shared(|| body(&self.table, unsafe { &*self.state.get() }))
    }
}

// SAFETY: a scan runs with the lock held, which keeps writers out, and all values were packed as a
// `V`.
unsafe impl<K: Key, V: Value, G: Gate> Kind<K, V> for SingleLock<K, V, G> {
    /// Nothing is located before the lock is held. A thread without the lock must not read the
    /// table: a writer may free its memory at any time.
    type Home<'a>
        = ()
    where
        G: 'a;

    fn hasher(&self) -> &Hasher {
        &self.hasher
    }
    #[inline(always)]
    fn locate(&self, _hashed: &K::Hashed<'_>) {}
    fn peek_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>> {
        // SAFETY: all values were packed as a `V`, and the gate keeps writers out while the body
        // runs.
        let result = self.gate.try_shared(|| unsafe { locked_table::load::<K, V>(&self.table, hashed, out) })?;
        Some(result.and_then(|result| result))
    }
    #[inline]
    fn load_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        // SAFETY: as in `peek_slow`.
        self.shared(|table, _| unsafe { locked_table::load::<K, V>(table, hashed, out) })?
    }
    #[inline]
    fn write<'v, O: Operation<'v, V>>(&self, hashed: &K::Hashed<'_>, mut operation: O) -> Result<Outcome, Error> {
        self.exclusive(|table| table.write(hashed, &mut operation))?
    }
    fn len(&self) -> Result<u64, Error> {
        self.shared(|_, state| state.writer.entries())
    }
    fn clear(&self) -> Result<(), Error> {
        self.exclusive(|table| table.clear())
    }
    fn reserve(&self, entries: u64) -> Result<(), Error> {
        self.exclusive(|table| table.reserve(entries))?
    }
    fn shrink(&self) -> Result<(), Error> {
        self.exclusive(|table| table.shrink())?
    }
    /// Changes nothing, but a bucketed map refuses it as it refuses every call.
    fn before_iteration(&self) -> Result<(), Error> {
        self.shared(|_, _| ())
    }
    fn scan_part(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Reach, Error> {
        self.shared(|table, _| table.scan(&self.hasher, cursor, until, sink))
    }
    fn stats(&self, stats: &mut Stats) -> Result<(), Error> {
        self.shared(|table, state| {
            stats.add_table(table, state);
            stats.add_shard(state.writer.entries());
        })
    }
    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error> {
        // SAFETY: as in `peek_slow`.
        let view = |this: &Table<K>| unsafe { BucketView::of_values::<K, V>(this, bucket, depth) };
        self.shared(|this, _| if table == 0 { view(this) } else { None })
    }
}

impl<K: Key, V: Value, G> Drop for SingleLock<K, V, G> {
    fn drop(&mut self) {
        // SAFETY: `&mut self` is exclusive access, and the map is not used after it is dropped.
        unsafe { LockedTable::<K, V>::new(&self.table, self.state.get_mut(), &self.memory, &self.hasher).destroy() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detector_refuses_a_second_body() {
        let gate = Detector::new();
        let inner = gate.exclusive(|| gate.exclusive(|| ())).unwrap();
        assert_eq!(inner, Err(Error::Concurrent));
        assert_eq!(gate.shared(|| 1), Ok(1));
    }
}
