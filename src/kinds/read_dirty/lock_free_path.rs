//! What a key's operation does without the mutex: the way for keys of the read map, and for keys that no map has while it is not amended.

use super::{
    ReadDirty,
    entry::{EntryRef, Seen, Written},
};
use crate::{
    item::{BufferTooSmall, Key, Receive, Value},
    kinds::{
        Error, Outcome,
        operation::{Operation, Step},
    },
};

/// How often an operation tries without the mutex.
const TRIES: usize = if cfg!(any(loom, shuttle)) { 2 } else { 64 };

impl<K: Key, V: Value> ReadDirty<K, V> {
    /// One look without the mutex, in the usual case: nothing is called, so that a processor can go on to the next load while it waits
    /// for memory. The outer `None` decides nothing.
    #[inline(always)]
    pub(super) fn glance<R>(&self, probe: &K::Probe<'_>, receive: impl FnMut(u64) -> R) -> Option<Option<R>> {
        let read = self.read();
        let table = &self.tables[read.table()];
        let word = match table.aim(K::hash(probe)) {
            Some(aim) => table.glance(aim, probe, |word| word)?,
            None => None,
        };
        let found = match word {
            // SAFETY: the word was in a table of this map, so it is the address of an entry, whose memory stays.
            Some(word) => unsafe { EntryRef::from_word(word) }.glance(receive)?,
            None if read.is_amended() => return None,
            None => None,
        };
        self.is_current(read).then_some(found)
    }

    /// Looks without the mutex, and takes the lock of the key's entry if `may_wait` and it must. `None`: take the mutex, or wait.
    pub(super) fn load_read<R>(
        &self,
        probe: &K::Probe<'_>,
        may_wait: bool,
        mut receive: impl FnMut(u64) -> R,
    ) -> Option<Option<R>> {
        for _ in 0..TRIES {
            let read = self.read();
            let found = match self.tables[read.table()].get(probe, |word| word) {
                Ok(Some(word)) => {
                    // SAFETY: the word was in a table of this map, so it is the address of an entry, whose memory stays.
                    let entry = unsafe { EntryRef::from_word(word) };
                    match entry.read(&mut receive) {
                        Seen::Value(value) => Some(value),
                        Seen::Nothing => None,
                        Seen::Contended if !may_wait => return None,
                        Seen::Contended => {
                            let Some(entry) = entry.lock_late() else { continue };
                            if !self.is_current(read) {
                                continue;
                            }
                            return Some(entry.value().map(receive));
                        }
                    }
                }
                Ok(None) if read.is_amended() => return None,
                Ok(None) => None,
                Err(_) => return None,
            };
            if self.is_current(read) {
                return Some(found);
            }
        }
        None
    }

    /// Writes through an entry of the read map without the mutex; `None`: take it.
    pub(super) fn write_read<'v, O: Operation<'v, V>>(
        &self,
        probe: &K::Probe<'_>,
        operation: &mut O,
    ) -> Option<Result<Outcome, Error>> {
        for _ in 0..TRIES {
            let read = self.read();
            match self.tables[read.table()].get(probe, |word| word) {
                Ok(Some(word)) => {
                    // SAFETY: as in `load_read`.
                    let Some(entry) = unsafe { EntryRef::from_word(word) }.lock_late() else { continue };
                    if !self.is_current(read) {
                        continue;
                    }
                    // A new value may need the mutex, and the user is asked once.
                    if O::ASKS_USER && entry.value().is_none() {
                        return None;
                    }
                    return match entry.write(self, operation, || Ok(false)) {
                        Ok(Written::Done(outcome)) => Some(Ok(outcome)),
                        Ok(Written::Expunged) => None,
                        Err(error) => Some(Err(error)),
                    };
                }
                Ok(None) if !read.is_amended() && !O::ASKS_USER => match operation.on_absent() {
                    Ok((outcome, Step::Leave | Step::Remove)) if self.is_current(read) => return Some(Ok(outcome)),
                    Ok((_, Step::Leave | Step::Remove)) => {}
                    Ok((_, Step::Put(_))) => return None,
                    Err(error) => return Some(Err(error)),
                },
                Ok(None) | Err(_) => return None,
            }
        }
        None
    }

    /// A load after the glance that decided nothing.
    #[cold]
    #[inline(never)]
    pub(super) fn load_patiently(&self, probe: &K::Probe<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        // SAFETY: the word is of type V, and blocks of a stable pool stay readable.
        match self.load_read(probe, true, |word| unsafe { out.receive(word) }) {
            Some(found) => loaded(found),
            None => self.locked().load(probe, out),
        }
    }

    /// The same without waiting.
    #[cold]
    #[inline(never)]
    pub(super) fn peek_patiently(
        &self,
        probe: &K::Probe<'_>,
        out: &mut impl Receive<V>,
    ) -> Option<Result<Outcome, Error>> {
        // SAFETY: as above.
        self.load_read(probe, false, |word| unsafe { out.receive(word) }).map(loaded)
    }

    #[inline(always)]
    pub(super) fn load_glance(
        &self,
        probe: &K::Probe<'_>,
        out: &mut impl Receive<V>,
    ) -> Option<Result<Outcome, Error>> {
        // SAFETY: as above.
        self.glance(probe, |word| unsafe { out.receive(word) }).map(loaded)
    }
}

/// What a load answers that found this.
fn loaded(found: Option<Result<(), BufferTooSmall>>) -> Result<Outcome, Error> {
    found.map_or(Ok(Outcome::NotFound), |received| Ok(received.map(|()| Outcome::Done)?))
}
