//! What a key's operation does without the mutex: the way for keys of the read map, and for keys that no map has while it is not amended.

use super::{Read, ReadDirty, entry::EntryRef};
use crate::{
    item::{Key, Receive, Value},
    kinds::{
        Error, Outcome, loaded,
        operation::{Decision, Operation},
    },
    table::{Attempt, Contended, HomeBucket, Slot},
};

/// Attempts of an operation before it takes the mutex.
const ATTEMPTS: usize = if cfg!(any(loom, shuttle)) { 2 } else { 64 };

/// Where the search for a key begins: the read map of a moment, and the key's home bucket there.
pub struct Home<'a, K: Key> {
    read: Read,
    bucket: Option<HomeBucket<'a, K>>,
}

impl<K: Key> Clone for Home<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: Key> Copy for Home<'_, K> {}

/// Why a write through an entry was not carried out.
enum Refusal {
    Error(Error),
    /// The key is not in the dirty map, so it cannot get a value without the mutex.
    Expunged,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl<K: Key, V: Value> ReadDirty<K, V> {
    #[inline(always)]
    pub(super) fn locate(&self, hash: u64) -> Home<'_, K> {
        let read = self.read();
        Home { read, bucket: self.tables[read.table()].locate(hash) }
    }

    /// The fast path of a load: one attempt, without the mutex and without a lock.
    #[inline(always)]
    pub(super) fn try_load_at<R>(
        &self,
        home: Home<'_, K>,
        hashed: &K::Hashed<'_>,
        read: impl FnMut(u64) -> R,
    ) -> Attempt<R> {
        let Home { read: map, bucket } = home;
        let found = match bucket {
            Some(bucket) => self.tables[map.table()].try_get(bucket, hashed, Slot::load_value),
            None => Attempt::Miss,
        };
        let found = match found {
            // SAFETY: the word was in a table of this map, so it is the address of an entry, whose memory stays.
            Attempt::Hit(word) => unsafe { EntryRef::from_word(word) }.try_get(read),
            // The key may be in the dirty map.
            Attempt::Miss if map.is_amended() => Attempt::Undecided,
            Attempt::Miss => Attempt::Miss,
            Attempt::Undecided => Attempt::Undecided,
        };
        // The entry and the table are believed only if the read map is still the same.
        if self.is_current(map) { found } else { Attempt::Undecided }
    }

    /// Looks without the mutex, and takes the lock of the key's entry if `may_wait` and it must. `Undecided`: take the mutex, or wait.
    pub(super) fn load_read<R>(
        &self,
        hashed: &K::Hashed<'_>,
        may_wait: bool,
        mut read: impl FnMut(u64) -> R,
    ) -> Attempt<R> {
        for _ in 0..ATTEMPTS {
            let map = self.read();
            let found = match self.tables[map.table()].get(hashed, Slot::load_value) {
                Ok(Some(word)) => {
                    // SAFETY: the word was in a table of this map, so it is the address of an entry, whose memory stays.
                    let entry = unsafe { EntryRef::from_word(word) };
                    match entry.get(&mut read) {
                        Attempt::Undecided if !may_wait => return Attempt::Undecided,
                        Attempt::Undecided => {
                            // The entry's lock is closed: the entry is no longer this key's. Retry.
                            let Some(entry) = entry.lock_if_open() else { continue };
                            // The entry may be another key's by now. Retry.
                            if !self.is_current(map) {
                                continue;
                            }
                            return entry.value().map_or(Attempt::Miss, |word| Attempt::Hit(read(word)));
                        }
                        decided => decided,
                    }
                }
                // The key may be in the dirty map.
                Ok(None) if map.is_amended() => return Attempt::Undecided,
                Ok(None) => Attempt::Miss,
                Err(Contended) => return Attempt::Undecided,
            };
            // Lost to a concurrent promotion or clear: retry.
            if self.is_current(map) {
                return found;
            }
        }
        Attempt::Undecided
    }

    /// Writes through an entry of the read map without the mutex; `None`: take it.
    pub(super) fn write_read<'v, O: Operation<'v, V>>(
        &self,
        hashed: &K::Hashed<'_>,
        operation: &mut O,
    ) -> Option<Result<Outcome, Error>> {
        for _ in 0..ATTEMPTS {
            let map = self.read();
            match self.tables[map.table()].get(hashed, Slot::load_value) {
                Ok(Some(word)) => {
                    // The entry's lock is closed: the entry is no longer this key's. Retry.
                    // SAFETY: the word was in a table of this map, so it is the address of an entry, whose memory stays.
                    let Some(entry) = unsafe { EntryRef::from_word(word) }.lock_if_open() else { continue };
                    // The entry may be another key's by now. Retry.
                    if !self.is_current(map) {
                        continue;
                    }
                    // A new value may need the mutex, and the user is asked once.
                    if O::ASKS_USER && entry.value().is_none() {
                        return None;
                    }
                    return match entry.write(self, operation, || Err(Refusal::Expunged)) {
                        Ok(outcome) => Some(Ok(outcome)),
                        Err(Refusal::Expunged) => None,
                        Err(Refusal::Error(error)) => Some(Err(error)),
                    };
                }
                Ok(None) if !map.is_amended() && !O::ASKS_USER => match operation.on_absent() {
                    Ok((_, Decision::Store(_))) => return None,
                    Ok((outcome, _)) if self.is_current(map) => return Some(Ok(outcome)),
                    // Lost to a concurrent promotion or clear: retry.
                    Ok(_) => {}
                    Err(error) => return Some(Err(error)),
                },
                // The key may be in the dirty map, or writers disturbed the search too often.
                Ok(None) | Err(Contended) => return None,
            }
        }
        None
    }

    /// A load that the fast path does not decide.
    #[cold]
    #[inline(never)]
    pub(super) fn load_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        // SAFETY: the word is of type V, and blocks of a stable pool stay readable.
        match self.load_read(hashed, true, |word| unsafe { out.receive(word) }) {
            Attempt::Hit(received) => loaded(received),
            Attempt::Miss => Ok(Outcome::NotFound),
            Attempt::Undecided => self.locked().load(hashed, out),
        }
    }

    /// The same without waiting.
    #[cold]
    #[inline(never)]
    pub(super) fn peek_slow(
        &self,
        hashed: &K::Hashed<'_>,
        out: &mut impl Receive<V>,
    ) -> Option<Result<Outcome, Error>> {
        // SAFETY: as in `load_slow`.
        match self.load_read(hashed, false, |word| unsafe { out.receive(word) }) {
            Attempt::Hit(received) => Some(loaded(received)),
            Attempt::Miss => Some(Ok(Outcome::NotFound)),
            Attempt::Undecided => None,
        }
    }
}
