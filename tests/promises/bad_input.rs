//! Promise: bad input is answered with a status and never causes undefined behaviour. This covers
//! wrong sizes, absurd lengths, NULL, handles that are no maps, and a bucketed map that two threads
//! use at the same time.

use crate::support::abi::{self, *};
use crate::support::c::options;
use crate::support::operations::OPERATIONS;
use crate::support::setup::{KINDS, for_each};
use crate::support::subject::{Dice, Subject};
use crate::support::{Setup, Status, time};
use portolan::map::{Error, Kind, Outcome, Width};
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;
use std::time::Instant;

/// Calls a random operation, most often one on a single key.
fn any_operation(subject: &Subject, dice: &mut Dice, most: u64) -> Status {
    let done = |result: Result<(), Error>| result.map(|()| Outcome::Done).into();
    let map = &subject.map;
    match dice.below(17) {
        0 => done(map.len().map(|_| ())),
        1 => map.shrink().into(),
        2 => done(map.delete_if(&mut |key, value| subject.read(key, value).1 == 3).map(|_| ())),
        3 => done(subject.update(dice.below(most), |before| before.map(|version| version + 1)).map(|_| ())),
        4 => map.range(&mut |key, value| subject.read(key, value).1 < u64::MAX).into(),
        _ => {
            let operation = OPERATIONS[dice.below(OPERATIONS.len() as u64) as usize].map(|_| dice.below(100));
            subject.call(&operation, dice.below(most)).status()
        }
    }
}

#[test]
fn a_bucketed_map_refuses_a_second_thread_and_stays_intact() {
    for_each(Setup::of_types(&[Kind::Bucketed]), |setup| {
        let subject = Subject::new(setup);
        let refused = AtomicU64::new(0);
        let (deadline, limit) = (time::deadline(4), time::deadline(1) + std::time::Duration::from_secs(10));
        scope(|scope| {
            for thread in 0..2 {
                let (subject, refused) = (&subject, &refused);
                scope.spawn(move || {
                    let mut dice = Dice::new(thread);
                    // Until the time is over, and the two have collided at least once.
                    while Instant::now() < deadline || (refused.load(Ordering::Relaxed) == 0 && Instant::now() < limit)
                    {
                        match any_operation(subject, &mut dice, 300) {
                            Status::Concurrent => drop(refused.fetch_add(1, Ordering::Relaxed)),
                            status => assert!(!status.is_error(), "a second thread was refused with {status:?}"),
                        }
                    }
                });
            }
        });
        assert!(refused.load(Ordering::Relaxed) > 0, "neither of the two threads was ever refused");
        // One thread alone is not refused, and finds each key where it should be.
        let mut len = 0;
        let status = subject.map.range(&mut |key, value| {
            let (i, version) = subject.read(key, value);
            assert_eq!(subject.load(i), Ok(Some(version)));
            len += 1;
            true
        });
        assert!(status.is_ok());
        assert_eq!(subject.map.len(), Ok(len));
        for i in 0..300 {
            subject.store(i, 5).expect("store");
        }
        assert_eq!(subject.map.len(), Ok(300));
    });
}

#[test]
fn wrong_sizes_are_refused_by_every_batch() {
    for_each(KINDS.map(|kind| Setup::new(kind, Width::Word, Width::Word)), |setup| {
        let subject = Subject::new(setup);
        use portolan::map::Column;
        // Offsets that decrease, that are past the end, or that are too few; lengths that are no
        // multiple of a word.
        assert!(Column::new(b"abcdef", Some(&[0, 4, 2]), 2).is_err());
        assert!(Column::new(b"abcdef", Some(&[0, 3, 7]), 2).is_err());
        assert!(Column::new(b"abcdef", Some(&[0, 3]), 2).is_err());
        assert!(Column::new(b"abcdef", None, 1).is_err());
        assert!(Column::new(b"abcdefgh", None, usize::MAX).is_err());
        // A well-formed column whose second key is not a word. The other two keys are stored.
        let keys = Column::new(b"12345678shortabcdefgh", Some(&[0, 8, 13, 21]), 3).expect("a column");
        let values = Column::new(&[7; 24], None, 3).expect("a column");
        let mut answers = Vec::new();
        let whole = subject.map.store_many(keys, values, |_, result| answers.push(result.map(|_| ())));
        assert_eq!(whole, Ok(()));
        assert_eq!(answers, [Ok(()), Err(Error::Size), Ok(())]);
        assert_eq!(subject.map.len(), Ok(2));
        answers.clear();
        let whole = subject.map.delete_many(keys, |_, result| answers.push(result.map(|_| ())));
        assert_eq!(whole, Ok(()));
        assert_eq!(answers, [Ok(()), Err(Error::Size), Ok(())]);
        assert_eq!(subject.map.len(), Ok(0));
    });
}

const NULL: i32 = -1;
const HANDLE: i32 = -2;
const SIZE: i32 = -3;
const OPTION: i32 = -4;

/// Runs a test on a map made through C, and releases it.
fn with_c_map(setup: Setup, test: impl FnOnce(*mut abi::Map)) {
    let mut map = null_mut();
    // SAFETY: the options and the place for the handle are valid, and the map is released once.
    unsafe {
        assert_eq!(ptl_map_new(&options(setup.config()), &mut map), 0);
        test(map);
        assert_eq!(ptl_map_release(map), 0);
    }
}

#[test]
fn absurd_lengths_and_null_get_a_status() {
    for kind in KINDS {
        with_c_map(Setup::new(kind, Width::Bytes, Width::Bytes), |map| {
            let (key, mut size, mut buffer) = (b"key", 77, [0; 8]);
            // SAFETY: every pointer is valid for the length passed with it, except with absurd
            // lengths and with NULL. The interface promises to refuse those before it reads
            // anything.
            unsafe {
                for absurd in [0x8000_0000, usize::MAX / 2, usize::MAX] {
                    assert_eq!(ptl_map_store(map, key.as_ptr(), absurd, key.as_ptr(), 3), SIZE);
                    assert_eq!(ptl_map_store(map, key.as_ptr(), 3, key.as_ptr(), absurd), SIZE);
                    assert_eq!(ptl_map_load(map, key.as_ptr(), absurd, buffer.as_mut_ptr(), 8, &mut size), SIZE);
                    assert_eq!(ptl_map_delete(map, key.as_ptr(), absurd), SIZE);
                }
                assert_eq!(ptl_map_store(map, null(), 3, key.as_ptr(), 3), NULL);
                assert_eq!(ptl_map_store(map, key.as_ptr(), 3, null(), 3), NULL);
                assert_eq!(ptl_map_load(map, null(), 3, buffer.as_mut_ptr(), 8, &mut size), NULL);
                assert_eq!(ptl_map_load(map, key.as_ptr(), 3, null_mut(), 8, &mut size), NULL);
                assert_eq!(ptl_map_len(map, null_mut()), NULL);
                assert_eq!(ptl_map_range(map, None, null_mut()), NULL);
                assert_eq!(size, 77);
                // NULL with length 0 is an empty key or value. The place for the length may be
                // NULL.
                assert_eq!(ptl_map_store(map, null(), 0, null(), 0), 0);
                assert_eq!(ptl_map_load(map, null(), 0, null_mut(), 0, null_mut()), 0);
                let mut len = 0;
                assert_eq!((ptl_map_len(map, &mut len), len), (0, 1));
            }
        });
    }
}

/// The results of an update's callback are input as well.
#[test]
fn a_wrong_result_of_an_update_callback_changes_nothing() {
    /// `user` points to the result to return and to the new size, for a new value at NULL.
    unsafe extern "C" fn answer(
        _: *const c_void,
        _: usize,
        _: *mut *const c_void,
        new_size: *mut usize,
        user: *mut c_void,
    ) -> i32 {
        // SAFETY: `user` points to the test's two numbers, and `new_size` is the library's place.
        unsafe {
            let [answer, size] = *user.cast::<[i64; 2]>();
            *new_size = size as usize;
            answer as i32
        }
    }
    for kind in KINDS {
        with_c_map(Setup::new(kind, Width::Bytes, Width::Bytes), |map| {
            let mut value = [0; 8];
            // SAFETY: the map is live, and the key, the buffer and the results are valid.
            unsafe {
                assert_eq!(ptl_map_store(map, b"key".as_ptr(), 3, b"value".as_ptr(), 5), 0);
                let cases = [([3i64, 0], OPTION), ([-1, 0], OPTION), ([1, 4], NULL), ([1, -1], SIZE)];
                for (mut case, status) in cases {
                    for key in [b"key", b"new"] {
                        assert_eq!(ptl_map_update(map, key.as_ptr(), 3, Some(answer), (&raw mut case).cast()), status);
                    }
                }
                assert_eq!(ptl_map_update(map, b"key".as_ptr(), 3, None, null_mut()), NULL);
                let mut len = 0;
                assert_eq!((ptl_map_len(map, &mut len), len), (0, 1));
                assert_eq!(ptl_map_load(map, b"key".as_ptr(), 3, value.as_mut_ptr(), 8, null_mut()), 0);
                assert_eq!(&value[..5], b"value");
                // NULL with length 0 is an empty value.
                let mut empty = [1i64, 0];
                assert_eq!(ptl_map_update(map, b"key".as_ptr(), 3, Some(answer), (&raw mut empty).cast()), 0);
                assert_eq!(ptl_map_load(map, b"key".as_ptr(), 3, null_mut(), 0, null_mut()), 0);
            }
        });
    }
}

#[test]
fn handles_that_are_no_maps_are_refused() {
    let nothing = null_mut();
    let mut foreign = [0xABu64; 64];
    // SAFETY: the interface allows NULL, and any readable memory as long as a handle.
    unsafe {
        for handle in [nothing, foreign.as_mut_ptr().cast::<abi::Map>()] {
            assert_eq!(ptl_map_store(handle, null(), 0, null(), 0), HANDLE);
            assert_eq!(ptl_map_load_u64(handle, 1), U64 { value: 0, status: HANDLE });
            assert_eq!(ptl_map_clear(handle), HANDLE);
            assert_eq!(ptl_map_retain(handle), HANDLE);
            assert_eq!(ptl_map_equal(handle, handle), HANDLE);
        }
        assert_eq!(ptl_map_release(foreign.as_mut_ptr().cast()), HANDLE);
        assert_eq!(ptl_map_release(nothing), 0, "NULL may be released");
    }
    assert!(foreign.iter().all(|word| *word == 0xABAB_ABAB_ABAB_ABAB || *word == 0xAB));
}

#[test]
fn unknown_options_are_refused() {
    let good = options(Setup::new(Kind::Sharded, Width::Bytes, Width::Bytes).config());
    let bad = [
        Options { kind: KINDS.len() as u32 + 1, ..good },
        Options { kind: u32::MAX, ..good },
        Options { flags: 1, ..good },
        Options { key_size: 4, ..good },
        Options { value_size: 16, ..good },
        Options { shards: 4097, ..good },
        Options { hash_bits: 64, ..good },
        Options { allocator: Allocator { alloc: None, free: Some(free_nothing), user: null_mut() }, ..good },
    ];
    unsafe extern "C" fn free_nothing(_: *mut c_void, _: usize, _: usize, _: *mut c_void) {}
    for options in bad {
        let mut map = null_mut();
        // SAFETY: the options and the place for the handle are valid.
        let status = unsafe { ptl_map_new(&options, &mut map) };
        assert_eq!((status, map), (OPTION, null_mut()), "kind {} flags {} …", options.kind, options.flags);
    }
    for size in [0, 1, size_of::<Options>() - 1, usize::MAX] {
        let mut map = null_mut();
        // SAFETY: the options and the place for the handle are valid.
        assert_eq!(unsafe { ptl_map_new(&Options { size, ..good }, &mut map) }, SIZE);
    }
}
