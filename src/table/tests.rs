//! What the table does on one thread that its users cannot see.

use super::{Growth, Key, Owner, Table, Word, Writer};
use crate::base::{
    alloc::Memory,
    hash::{Hasher, bucket_bits},
};

/// The owner's calls run inside a reader's lookup, so the reader is at its most vulnerable place.
#[test]
fn a_reserve_that_fails_takes_nothing_from_a_reader() {
    let (table, mut writer) = (Table::<Word>::new(0), Writer::new(Growth::Linear, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, 0).unwrap());
    // SAFETY: one owner at a time, and the writer is stable.
    let mut own = |work: &mut dyn FnMut(&mut Owner<'_, Word>)| {
        work(&mut unsafe { Owner::new(&table, &mut writer, &memory, &hasher) });
    };
    let keys = 0..100_000;
    for key in keys.clone() {
        let probe = Word::probe(&hasher, key);
        own(&mut |owner| owner.insert(Word::hash(&probe), Word::packed(&probe, None), key).unwrap());
    }
    // In the last segment, which the shrink takes out of use.
    let shape = table.shape();
    let last_bit = 1 << (31 - (shape.buckets() - 1).ilog2());
    let is_in_last = |key: &u64| shape.prefix(bucket_bits(hasher.word(*key))) & last_bit != 0;
    let last = keys.clone().find(is_in_last).unwrap();
    let mut tries = 0;
    let found = table.get(&Word::probe(&hasher, last), |word| {
        tries += 1;
        if tries == 1 {
            own(&mut |owner| {
                for key in keys.clone() {
                    let place = owner.find(&Word::probe(&hasher, key)).unwrap();
                    owner.remove(&place);
                }
                owner.shrink().unwrap();
                // More than any machine has: it fails after segments that are there again.
                assert!(owner.reserve(u64::MAX).is_err());
                let _ = owner.reserve(1 << 32);
            });
        }
        word
    });
    assert_eq!(found, Ok(None));
}

#[test]
fn memory_of_buckets_is_counted_through_shrinks() {
    let (table, mut writer) = (Table::<Word>::new(0), Writer::new(Growth::Linear, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, 0).unwrap());
    // SAFETY: as above.
    let mut owner = unsafe { Owner::new(&table, &mut writer, &memory, &hasher) };
    let mut peaks = Vec::new();
    for _ in 0..3 {
        for key in 0..50_000 {
            let probe = Word::probe(&hasher, key);
            owner.insert(Word::hash(&probe), Word::packed(&probe, None), key).unwrap();
        }
        peaks.push(owner.writer().bytes());
        for key in 0..50_000 {
            let place = owner.find(&Word::probe(&hasher, key)).unwrap();
            owner.remove(&place);
        }
        owner.shrink().unwrap();
        assert!(owner.writer().bytes() < peaks[0] / 4, "{} of {peaks:?}", owner.writer().bytes());
    }
    assert!(peaks.iter().all(|peak| *peak == peaks[0]), "{peaks:?}");
    // SAFETY: nobody reads it.
    unsafe { owner.destroy() };
}
