//! Operations on one key without the mutex. They serve the keys of the read map. While the read map
//! is not amended, it has every key, so they also find out that a key does not exist. All other
//! operations take the path with the mutex: see [`mutex_path`](super::mutex_path).

use super::{Read, ReadDirty, entry::EntryRef};
use crate::{
    item::{Key, Value},
    kinds::{
        Error, Outcome,
        operation::{Decision, Operation},
    },
    table::{Attempt, Contended, HomeBucket, Slot},
};

/// Attempts of an operation without the mutex. After these it takes the mutex, or gives up if it
/// must not wait.
const ATTEMPTS: usize = if cfg!(any(loom, shuttle)) { 2 } else { 64 };

/// Where the search for a key begins: in the read map of some moment, at the key's home bucket.
pub struct Home<'a, K: Key> {
    /// The word `read` at that moment.
    snapshot: Read,
    /// `None` if that read map has no buckets.
    bucket: Option<HomeBucket<'a, K>>,
}

impl<K: Key> Clone for Home<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: Key> Copy for Home<'_, K> {}

/// Why a write to an entry of the read map was not carried out.
enum Refusal {
    Error(Error),
    /// The entry is expunged: its key must first be inserted into the dirty map, under the mutex.
    Expunged,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl<K: Key, V: Value> ReadDirty<K, V> {
    /// Loads `read` and computes where the search for a key of this hash begins.
    #[inline(always)]
    pub(super) fn home(&self, hash: u64) -> Home<'_, K> {
        let snapshot = self.read();
        Home { snapshot, bucket: self.tables[snapshot.table()].locate(hash) }
    }

    /// The fast path of a load: one attempt, without any lock.
    #[inline(always)]
    pub(super) fn try_load_from<R>(
        &self,
        home: Home<'_, K>,
        hashed: &K::Hashed<'_>,
        read: impl FnMut(u64) -> R,
    ) -> Attempt<R> {
        let Home { snapshot, bucket } = home;
        let found = match bucket {
            Some(bucket) => self.tables[snapshot.table()].try_get(bucket, hashed, Slot::load_value),
            None => Attempt::Miss,
        };
        let found = match found {
            // SAFETY: tables of this map hold words of its entries only, and the map lives for
            // `'_`.
            Attempt::Hit(word) => unsafe { EntryRef::from_word(word) }.try_get(read),
            // The key may be in the dirty map.
            Attempt::Miss if snapshot.is_amended() => Attempt::Undecided,
            // The read map has every key.
            Attempt::Miss => Attempt::Miss,
            Attempt::Undecided => Attempt::Undecided,
        };
        // If there was a promotion or clear meanwhile, the table may have been changed and the
        // entry reused.
        if self.is_current(snapshot) { found } else { Attempt::Undecided }
    }

    /// A load without the mutex. `read` turns the value word into the result, and may run several
    /// times. If writers disturb every attempt to read the entry, this locks the entry, but only if
    /// `may_wait`. `Undecided` means: only the path with the mutex can tell.
    pub(super) fn load_read<R>(
        &self,
        hashed: &K::Hashed<'_>,
        may_wait: bool,
        mut read: impl FnMut(u64) -> R,
    ) -> Attempt<R> {
        for _ in 0..ATTEMPTS {
            let snapshot = self.read();
            let found = match self.tables[snapshot.table()].get(hashed, Slot::load_value) {
                Ok(Some(word)) => {
                    // SAFETY: tables of this map hold words of its entries only, and the map lives
                    // for `'_`.
                    let entry = unsafe { EntryRef::from_word(word) };
                    match entry.get(&mut read) {
                        // Writers disturbed every attempt at the entry.
                        Attempt::Undecided if !may_wait => return Attempt::Undecided,
                        Attempt::Undecided => {
                            // A closed lock: the entry no longer belongs to this key. Retry.
                            let Some(entry) = entry.lock_if_open() else { continue };
                            // There was a promotion or clear meanwhile, so the entry may belong to
                            // another key by now. Retry.
                            if !self.is_current(snapshot) {
                                continue;
                            }
                            return entry.value().map_or(Attempt::Miss, |word| Attempt::Hit(read(word)));
                        }
                        decided => decided,
                    }
                }
                // The key may be in the dirty map.
                Ok(None) if snapshot.is_amended() => return Attempt::Undecided,
                Ok(None) => Attempt::Miss,
                // Writers disturbed the search too often.
                Err(Contended) => return Attempt::Undecided,
            };
            // If there was a promotion or clear meanwhile, what was found may be wrong. Retry.
            if self.is_current(snapshot) {
                return found;
            }
        }
        Attempt::Undecided
    }

    /// A write without the mutex, to an entry of the read map. `None` means: the caller has to take
    /// the mutex. The operation has had no effect then.
    pub(super) fn write_read<'v, O: Operation<'v, V>>(
        &self,
        hashed: &K::Hashed<'_>,
        operation: &mut O,
    ) -> Option<Result<Outcome, Error>> {
        for _ in 0..ATTEMPTS {
            let snapshot = self.read();
            match self.tables[snapshot.table()].get(hashed, Slot::load_value) {
                Ok(Some(word)) => {
                    // A closed lock: the entry no longer belongs to this key. Retry.
                    // SAFETY: tables of this map hold words of its entries only, and the map lives
                    // for `'_`.
                    let Some(entry) = unsafe { EntryRef::from_word(word) }.lock_if_open() else { continue };
                    // There was a promotion or clear meanwhile, so the entry may belong to another
                    // key by now. Retry.
                    if !self.is_current(snapshot) {
                        continue;
                    }
                    // The entry may be expunged, and then a new value needs the mutex. The user's
                    // callback must not run a second time, so ask it under the mutex.
                    if O::ASKS_USER && entry.value().is_none() {
                        return None;
                    }
                    return match entry.write(self, operation, || Err(Refusal::Expunged)) {
                        Ok(outcome) => Some(Ok(outcome)),
                        // Insert the key into the dirty map first, under the mutex.
                        Err(Refusal::Expunged) => None,
                        Err(Refusal::Error(error)) => Some(Err(error)),
                    };
                }
                // The key does not exist, if the read map is still the same.
                Ok(None) if !snapshot.is_amended() && !O::ASKS_USER => match operation.on_absent() {
                    // A new key goes to the dirty map.
                    Ok((_, Decision::Store(_))) => return None,
                    Ok((outcome, _)) if self.is_current(snapshot) => return Some(Ok(outcome)),
                    // There was a promotion or clear meanwhile. Retry.
                    Ok(_) => {}
                    Err(error) => return Some(Err(error)),
                },
                // The key may be in the dirty map; or a callback must be asked under the mutex; or
                // writers disturbed the search too often.
                Ok(None) | Err(Contended) => return None,
            }
        }
        None
    }
}
