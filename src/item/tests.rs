//! Tests of how keys are compared, stored and reported.

use super::{Bytes, Key, Word};
use crate::base::{hash::Hasher, sync::AtomicU64};

/// Length, hash and the byte 0xff are compared before the address is followed. If one of them
/// differs, cell 1 may hold bytes of another key.
#[test]
fn the_address_of_another_key_is_not_followed() {
    let hasher = Hasher::new(7, 0).unwrap();
    let hashed = Bytes::hashed(&hasher, &[b'x'; 100]);
    let words = Bytes::encode(&hashed, None);
    for differ in 1..8 {
        let cells = [(0, 1), (2, 2), (4, 4)].into_iter().fold(words, |mut words, (index, bit)| {
            words[index] ^= u64::from(differ & bit != 0);
            words
        });
        let followed = || panic!("cells that differ were accepted: {differ:#b}");
        assert!(!Bytes::matches(&cells.map(AtomicU64::new), &hashed, followed));
    }
}

#[test]
fn a_key_of_up_to_39_bytes_needs_no_block() {
    let hasher = Hasher::new(7, 0).unwrap();
    let in_block = |len| Bytes::out_of_line(&Bytes::hashed(&hasher, &vec![b'x'; len])).map(<[u8]>::len);
    assert_eq!([0, 1, 8, 39, 40, 1000].map(in_block), [None, None, None, None, Some(40), Some(1000)]);
}

#[test]
fn inspect_reports_a_word_itself_and_the_length_of_bytes() {
    let hasher = Hasher::new(7, 0).unwrap();
    assert_eq!(Word::debug_word(&[AtomicU64::new(77)]), 77);
    for len in [0, 2, 39, 40, 100] {
        let words = Bytes::encode(&Bytes::hashed(&hasher, &vec![0xff; len]), None);
        assert_eq!(Bytes::debug_word(&words.map(AtomicU64::new)), len as u64);
    }
}
