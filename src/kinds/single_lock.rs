//! The kinds whose every operation holds the whole table: `bucketed`, `mutex` and `rwmutex`. They differ in their gate alone.
//!
//! | gate | readers | writers | a second thread |
//! |---|---|---|---|
//! | [`Detector`] | alone | alone | is refused |
//! | [`Mutex`] | alone | alone | waits |
//! | [`RwLock`] | together | alone | waits |
//!
//! The detector is one flag, taken with Acquire and given back with Release: it costs one atomic exchange, and unlike the
//! runtime's check it cannot be passed by two threads at once, so that a misuse is a refusal and never a broken table.

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

/// Decides who may enter.
///
/// # Safety
/// While `exclusive` runs what it is given, nothing else runs through the same gate.
pub unsafe trait Gate: Send + Sync + 'static {
    fn new() -> Self;
    /// Runs `inside` while no writer is in.
    fn shared<R>(&self, inside: impl FnOnce() -> R) -> Result<R, Error>;
    /// The same, or `None` where that would take waiting.
    fn try_shared<R>(&self, inside: impl FnOnce() -> R) -> Option<Result<R, Error>>;
    /// Runs `inside` while nobody else is in.
    fn exclusive<R>(&self, inside: impl FnOnce() -> R) -> Result<R, Error>;
}

// SAFETY: whatever runs holds the mutex.
unsafe impl Gate for Mutex<()> {
    fn new() -> Self {
        Mutex::new(())
    }
    fn shared<R>(&self, inside: impl FnOnce() -> R) -> Result<R, Error> {
        self.exclusive(inside)
    }
    fn try_shared<R>(&self, inside: impl FnOnce() -> R) -> Option<Result<R, Error>> {
        let _guard = try_lock(self)?;
        Some(Ok(inside()))
    }
    fn exclusive<R>(&self, inside: impl FnOnce() -> R) -> Result<R, Error> {
        let _guard = lock(self);
        Ok(inside())
    }
}

// SAFETY: whatever runs holds the lock, and `exclusive` holds it alone.
unsafe impl Gate for RwLock<()> {
    fn new() -> Self {
        RwLock::new(())
    }
    fn shared<R>(&self, inside: impl FnOnce() -> R) -> Result<R, Error> {
        let _guard = lock_shared(self);
        Ok(inside())
    }
    fn try_shared<R>(&self, inside: impl FnOnce() -> R) -> Option<Result<R, Error>> {
        let _guard = try_lock_shared(self)?;
        Some(Ok(inside()))
    }
    fn exclusive<R>(&self, inside: impl FnOnce() -> R) -> Result<R, Error> {
        let _guard = lock_alone(self);
        Ok(inside())
    }
}

/// Lets one thread in at a time, and refuses a second one.
pub struct Detector(AtomicBool);

// SAFETY: whatever runs has set the flag, which one thread at a time can do.
unsafe impl Gate for Detector {
    fn new() -> Self {
        Self(AtomicBool::new(false))
    }
    fn shared<R>(&self, inside: impl FnOnce() -> R) -> Result<R, Error> {
        self.exclusive(inside)
    }
    fn try_shared<R>(&self, inside: impl FnOnce() -> R) -> Option<Result<R, Error>> {
        Some(self.exclusive(inside))
    }
    fn exclusive<R>(&self, inside: impl FnOnce() -> R) -> Result<R, Error> {
        struct Inside<'a>(&'a AtomicBool);
        impl Drop for Inside<'_> {
            fn drop(&mut self) {
                self.0.store(false, Release);
            }
        }
        if self.0.swap(true, Acquire) {
            return Err(Error::Concurrent);
        }
        let _inside = Inside(&self.0);
        Ok(inside())
    }
}

/// Go's classic hash table, for one thread at a time.
pub type Bucketed<K, V> = Locked<K, V, Detector>;
/// The same table behind a mutex.
pub type MutexMap<K, V> = Locked<K, V, Mutex<()>>;
/// The same table behind a reader-writer lock.
pub type RwMutexMap<K, V> = Locked<K, V, RwLock<()>>;

/// One table behind one gate.
pub struct Locked<K: Key, V: Value, G> {
    gate: G,
    hasher: Hasher,
    memory: Memory,
    table: Table<K>,
    /// Touched inside the gate only, exclusively to change it.
    state: UnsafeCell<TableState>,
    values: PhantomData<fn() -> V>,
}

// SAFETY: the state is reached through the gate alone, and a table is made of atomics.
unsafe impl<K: Key, V: Value, G: Gate> Send for Locked<K, V, G> {}
// SAFETY: the state is reached through the gate alone, and a table is made of atomics.
unsafe impl<K: Key, V: Value, G: Gate> Sync for Locked<K, V, G> {}

impl<K: Key, V: Value, G: Gate> Locked<K, V, G> {
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

    fn exclusive<R>(&self, inside: impl FnOnce(&mut LockedTable<'_, K, V>) -> R) -> Result<R, Error> {
        self.gate.exclusive(|| {
            // SAFETY: nobody else is in.
            inside(&mut unsafe { LockedTable::new(&self.table, &mut *self.state.get(), &self.memory, &self.hasher) })
        })
    }

    fn shared<R>(&self, inside: impl FnOnce(&Table<K>, &TableState) -> R) -> Result<R, Error> {
        // SAFETY: no writer is in.
        self.gate.shared(|| inside(&self.table, unsafe { &*self.state.get() }))
    }
}

// SAFETY: a scan is inside the gate, and every value was packed as a `V`.
unsafe impl<K: Key, V: Value, G: Gate> Kind<K, V> for Locked<K, V, G> {
    /// None: without the lock, the table's memory may go away during a look at its shape.
    type Home<'a>
        = ()
    where
        G: 'a;

    fn hasher(&self) -> &Hasher {
        &self.hasher
    }
    fn peek(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>> {
        let result = self.gate.try_shared(|| locked_table::load::<K, V>(&self.table, hashed, out))?;
        Some(result.and_then(|result| result))
    }
    #[inline]
    fn load(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        self.shared(|table, _| locked_table::load::<K, V>(table, hashed, out))?
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
    fn before_range(&self) -> Result<(), Error> {
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
        self.shared(|this, _| if table == 0 { BucketView::of_values::<K, V>(this, bucket, depth) } else { None })
    }
}

impl<K: Key, V: Value, G> Drop for Locked<K, V, G> {
    fn drop(&mut self) {
        // SAFETY: nobody uses a map that is dropped.
        unsafe { LockedTable::<K, V>::new(&self.table, self.state.get_mut(), &self.memory, &self.hasher).destroy() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detector_refuses_a_second_entry() {
        let gate = Detector::new();
        let inner = gate.exclusive(|| gate.exclusive(|| ())).unwrap();
        assert_eq!(inner, Err(Error::Concurrent));
        assert_eq!(gate.shared(|| 1), Ok(1));
    }
}
