//! The functions on words: one set for each kind of map, and one for maps of any kind and types.
//! The first ones are faster, as they need no dispatch by kind and no test whether the call comes
//! from inside an update.

use super::{
    batch::Statuses,
    boundary::{call, catch_panic},
    map_handle::{MapHandle, WordCalls},
    slices::{optional_out_slice, out_slice, words},
    status::ptl_status,
    word::ptl_u64,
};
use crate::map::{Attempt, Map, Outcome, PerKind, WordMap};

/// The functions for a map: those of its kind, if it is from words to words and its hash is not
/// weakened.
pub fn calls_for(map: &Map) -> &'static WordCalls {
    map.per_kind::<&'static WordCalls>().unwrap_or(&ANY_KIND)
}

impl PerKind for &'static WordCalls {
    fn for_map<M: WordMap>() -> Self {
        const {
            &WordCalls {
                load: load::<M>,
                peek: peek::<M>,
                store: known_kind::store::<M>,
                load_or_store: known_kind::load_or_store::<M>,
                load_and_delete: known_kind::load_and_delete::<M>,
                delete: known_kind::delete::<M>,
                swap: known_kind::swap::<M>,
                compare_and_swap: known_kind::compare_and_swap::<M>,
                compare_and_delete: known_kind::compare_and_delete::<M>,
                add: known_kind::add::<M>,
                load_many: known_kind::load_many::<M>,
                store_many: known_kind::store_many::<M>,
                delete_many: known_kind::delete_many::<M>,
            }
        }
    }
}

/// The functions for any map. They return `PTL_E_TYPE` if the map is not from words to words, and
/// `PTL_E_REENTRANT` if the call comes from inside an update.
pub static ANY_KIND: WordCalls = WordCalls {
    load: any_kind::load,
    peek: any_kind::peek,
    store: any_kind::store,
    load_or_store: any_kind::load_or_store,
    load_and_delete: any_kind::load_and_delete,
    delete: any_kind::delete,
    swap: any_kind::swap,
    compare_and_swap: any_kind::compare_and_swap,
    compare_and_delete: any_kind::compare_and_delete,
    add: any_kind::add,
    load_many: any_kind::load_many,
    store_many: any_kind::store_many,
    delete_many: any_kind::delete_many,
};

/// Tries the fast path first, which needs no stack frame. The slow path is a function of its own.
///
/// # Safety
/// As for [`known_kind::load_slow`].
unsafe extern "C" fn load<M: WordMap>(handle: &MapHandle, key: u64) -> ptl_u64 {
    // SAFETY: by the contract `M` is the type that `per_kind` chose for the map.
    match unsafe { handle.contents().map.words_unchecked::<M>() }.try_load_u64(key) {
        Attempt::Hit(value) => Some(value).into(),
        Attempt::Miss => None.into(),
        // SAFETY: the same contract.
        Attempt::Undecided => unsafe { known_kind::load_slow::<M>(handle, key) },
    }
}

/// Like [`load`], but never waits.
///
/// # Safety
/// As for [`known_kind::peek_slow`].
unsafe extern "C" fn peek<M: WordMap>(handle: &MapHandle, key: u64) -> ptl_u64 {
    // SAFETY: by the contract `M` is the type that `per_kind` chose for the map.
    match unsafe { handle.contents().map.words_unchecked::<M>() }.try_load_u64(key) {
        Attempt::Hit(value) => Some(value).into(),
        Attempt::Miss => None.into(),
        // SAFETY: the same contract.
        Attempt::Undecided => unsafe { known_kind::peek_slow::<M>(handle, key) },
    }
}

/// Defines functions on a map whose kind is known.
macro_rules! calls_on_known_kind {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty, |$map:ident| $work:expr;)*) => {$(
        /// # Safety
        /// `M` is the type for which the table with this function was created, and the table is
        /// that of the handle. The other arguments are as the caller of the C function promises.
        #[inline(never)]
        pub unsafe extern "C" fn $name<M: WordMap>(handle: &MapHandle, $($argument: $type),*) -> $answer {
            // SAFETY: the table of the map's handle came from `calls_for`, so `M` is the type that
            // `per_kind` chose for the map.
            let $map = unsafe { handle.contents().map.words_unchecked::<M>() };
            catch_panic([handle], || $work)
        }
    )*};
}

/// Defines functions on any map.
macro_rules! calls_on_any_kind {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty, |$map:ident| $work:expr;)*) => {$(
        /// # Safety
        /// The arguments after `handle` are as the caller of the C function promises.
        pub unsafe extern "C" fn $name(handle: &MapHandle, $($argument: $type),*) -> $answer {
            call(Ok(handle), |map| {
                let $map = map.words()?;
                $work
            })
        }
    )*};
}

/// Defines functions for a known kind, for any kind, or for both, from what they do with the map.
macro_rules! calls {
    (known_kind { $($known_kind:tt)* } any_kind { $($any_kind:tt)* } both { $($both:tt)* }) => {
        mod known_kind {
            use super::*;
            calls_on_known_kind! { $($known_kind)* $($both)* }
        }

        mod any_kind {
            use super::*;
            calls_on_any_kind! { $($any_kind)* $($both)* }
        }
    };
}

calls! {
    known_kind {
        load_slow(key: u64) -> ptl_u64, |map| Ok(map.load_slow_u64(key)?);
        peek_slow(key: u64) -> ptl_u64, |map| Ok(map.peek_slow_u64(key)?);
    }
    any_kind {
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
            // SAFETY: the caller promises that each array is NULL or has `count` elements.
            let (statuses, keys, values) =
                unsafe { (out_slice(statuses, count)?, words(keys, count)?, out_slice(values, count)?) };
            let mut statuses = Statuses::new(statuses);
            map.load_many_u64(keys, values, &mut |index, result| statuses.put(index, result));
            Ok(statuses.first_error)
        };
        store_many(keys: *const u64, values: *const u64, count: usize, statuses: *mut ptl_status) -> ptl_status, |map| {
            // SAFETY: the caller promises that each array is NULL or has `count` elements.
            let (keys, values, statuses) =
                unsafe { (words(keys, count)?, words(values, count)?, optional_out_slice(statuses, count)?) };
            let mut statuses = Statuses::new(statuses);
            map.store_many_u64(keys, values, &mut |index, result| statuses.put(index, result));
            Ok(statuses.first_error)
        };
        delete_many(keys: *const u64, count: usize, statuses: *mut ptl_status) -> ptl_status, |map| {
            // SAFETY: the caller promises that each array is NULL or has `count` elements.
            let (keys, statuses) = unsafe { (words(keys, count)?, optional_out_slice(statuses, count)?) };
            let mut statuses = Statuses::new(statuses);
            map.delete_many_u64(keys, &mut |index, result| statuses.put(index, result));
            Ok(statuses.first_error)
        };
    }
}
