//! The calls for words to words: for each kind of map, and for a map of whatever kind and types.

use super::{
    batch::Statuses,
    boundary::{call, touching},
    map_handle::{MapHandle, WordCalls},
    slices::{places, places_or_none, words},
    status::ptl_status,
    word::ptl_u64,
};
use crate::map::{Attempt, Map, Outcome, PerKind, WordMap};

/// The calls for a map: those of its kind, as long as nothing is unusual about it.
pub fn calls_for(map: &Map) -> &'static WordCalls {
    map.per_kind::<&'static WordCalls>().unwrap_or(&ANY)
}

impl PerKind for &'static WordCalls {
    fn for_map<M: WordMap>() -> Self {
        const {
            &WordCalls {
                load: load::<M>,
                peek: peek::<M>,
                store: of_kind::store::<M>,
                load_or_store: of_kind::load_or_store::<M>,
                load_and_delete: of_kind::load_and_delete::<M>,
                delete: of_kind::delete::<M>,
                swap: of_kind::swap::<M>,
                compare_and_swap: of_kind::compare_and_swap::<M>,
                compare_and_delete: of_kind::compare_and_delete::<M>,
                add: of_kind::add::<M>,
                load_many: of_kind::load_many::<M>,
                store_many: of_kind::store_many::<M>,
                delete_many: of_kind::delete_many::<M>,
            }
        }
    }
}

/// The calls for a map of any kind. They answer maps of other types, and see that a call comes from inside an update.
pub static ANY: WordCalls = WordCalls {
    load: of_any::load,
    peek: of_any::peek,
    store: of_any::store,
    load_or_store: of_any::load_or_store,
    load_and_delete: of_any::load_and_delete,
    delete: of_any::delete,
    swap: of_any::swap,
    compare_and_swap: of_any::compare_and_swap,
    compare_and_delete: of_any::compare_and_delete,
    add: of_any::add,
    load_many: of_any::load_many,
    store_many: of_any::store_many,
    delete_many: of_any::delete_many,
};

/// Looks on the fast path first, which needs no stack frame, then on the slow one.
///
/// # Safety
/// As for [`of_kind::load_slow`].
unsafe extern "C" fn load<M: WordMap>(handle: &MapHandle, key: u64) -> ptl_u64 {
    // SAFETY: `M` is the type of the map.
    match unsafe { handle.held().map.words_unchecked::<M>() }.try_load_u64(key) {
        Attempt::Hit(value) => Some(value).into(),
        Attempt::Miss => None.into(),
        // SAFETY: the same contract.
        Attempt::Undecided => unsafe { of_kind::load_slow::<M>(handle, key) },
    }
}

/// The same without waiting.
///
/// # Safety
/// As for [`of_kind::peek_slow`].
unsafe extern "C" fn peek<M: WordMap>(handle: &MapHandle, key: u64) -> ptl_u64 {
    // SAFETY: `M` is the type of the map.
    match unsafe { handle.held().map.words_unchecked::<M>() }.try_load_u64(key) {
        Attempt::Hit(value) => Some(value).into(),
        Attempt::Miss => None.into(),
        // SAFETY: the same contract.
        Attempt::Undecided => unsafe { of_kind::peek_slow::<M>(handle, key) },
    }
}

/// Defines calls on a map whose type is known.
macro_rules! calls_of_kind {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty, |$map:ident| $work:expr;)*) => {$(
        /// # Safety
        /// `M` is the type of the map, whose handle has these calls, and the other arguments are a caller's.
        #[inline(never)]
        pub unsafe extern "C" fn $name<M: WordMap>(handle: &MapHandle, $($argument: $type),*) -> $answer {
            // SAFETY: the contract above.
            let $map = unsafe { handle.held().map.words_unchecked::<M>() };
            touching([handle], || $work)
        }
    )*};
}

/// Defines calls on any map.
macro_rules! calls_of_any {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty, |$map:ident| $work:expr;)*) => {$(
        /// # Safety
        /// The other arguments are a caller's.
        pub unsafe extern "C" fn $name(handle: &MapHandle, $($argument: $type),*) -> $answer {
            call(Ok(handle), |map| {
                let $map = map.words()?;
                $work
            })
        }
    )*};
}

/// Defines each call, from what it does with its map, for one of the two or for both.
macro_rules! calls {
    (of_kind { $($of_kind:tt)* } of_any { $($of_any:tt)* } both { $($both:tt)* }) => {
        mod of_kind {
            use super::*;
            calls_of_kind! { $($of_kind)* $($both)* }
        }

        mod of_any {
            use super::*;
            calls_of_any! { $($of_any)* $($both)* }
        }
    };
}

calls! {
    of_kind {
        load_slow(key: u64) -> ptl_u64, |map| Ok(map.load_slow_u64(key)?);
        peek_slow(key: u64) -> ptl_u64, |map| Ok(map.peek_slow_u64(key)?);
    }
    of_any {
        load(key: u64) -> ptl_u64, |map| Ok(map.load_u64(key)?);
        peek(key: u64) -> ptl_u64, |map| Ok(map.peek_u64(key)?);
    }
    both {
        store(key: u64, value: u64) -> ptl_status, |map| Ok(map.store_u64(key, value)?);
        load_or_store(key: u64, value: u64) -> ptl_u64, |map| Ok(map.load_or_store_u64(key, value)?);
        load_and_delete(key: u64) -> ptl_u64, |map| Ok(map.load_and_delete_u64(key)?);
        delete(key: u64) -> ptl_status, |map| Ok(map.delete_u64(key)?);
        swap(key: u64, value: u64) -> ptl_u64, |map| Ok(match map.swap_u64(key, value)? {
            Some(previous) => (Outcome::Loaded, previous),
            None => (Outcome::Done, 0),
        });
        compare_and_swap(key: u64, old: u64, new: u64) -> ptl_status, |map| Ok(map.compare_and_swap_u64(key, old, new)?);
        compare_and_delete(key: u64, old: u64) -> ptl_status, |map| Ok(map.compare_and_delete_u64(key, old)?);
        add(key: u64, delta: u64) -> ptl_u64, |map| Ok((Outcome::Done, map.add_u64(key, delta)?));
        load_many(keys: *const u64, count: usize, values: *mut u64, statuses: *mut ptl_status) -> ptl_status, |map| {
            // SAFETY: the caller's statuses, keys and values.
            let (statuses, keys, values) =
                unsafe { (places(statuses, count)?, words(keys, count)?, places(values, count)?) };
            let mut statuses = Statuses::new(statuses);
            map.load_many_u64(keys, values, &mut |index, result| statuses.put(index, result));
            Ok(statuses.first_error)
        };
        store_many(keys: *const u64, values: *const u64, count: usize, statuses: *mut ptl_status) -> ptl_status, |map| {
            // SAFETY: the caller's keys, values and statuses.
            let (keys, values, statuses) =
                unsafe { (words(keys, count)?, words(values, count)?, places_or_none(statuses, count)?) };
            let mut statuses = Statuses::new(statuses);
            map.store_many_u64(keys, values, &mut |index, result| statuses.put(index, result));
            Ok(statuses.first_error)
        };
        delete_many(keys: *const u64, count: usize, statuses: *mut ptl_status) -> ptl_status, |map| {
            // SAFETY: the caller's keys and statuses.
            let (keys, statuses) = unsafe { (words(keys, count)?, places_or_none(statuses, count)?) };
            let mut statuses = Statuses::new(statuses);
            map.delete_many_u64(keys, &mut |index, result| statuses.put(index, result));
            Ok(statuses.first_error)
        };
    }
}
