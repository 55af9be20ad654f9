//! What the table does on one thread that its users cannot see.

use super::{
    Bytes, EMPTY_REST, Growth, Key, Owner, SLOTS, Table, Word, Writer,
    bucket::{Bucket, Change},
};
use crate::base::{
    alloc::Memory,
    hash::{Hasher, bucket_bits},
    sync::Ordering::Relaxed,
};

impl<K: Key> Table<K> {
    /// Until the drop, readers of the bucket of this hash meet a writer.
    pub(crate) fn change(&self, hash: u64) -> Change<'_> {
        Change::begin(self.head(hash).unwrap().meta)
    }
}

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
fn a_clear_is_noticed_by_a_reader() {
    let (table, mut writer) = (Table::<Word>::new(0), Writer::new(Growth::Linear, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, 0).unwrap());
    // SAFETY: as above.
    let mut own = |work: &mut dyn FnMut(&mut Owner<'_, Word>)| {
        work(&mut unsafe { Owner::new(&table, &mut writer, &memory, &hasher) });
    };
    let probe = Word::probe(&hasher, 1);
    own(&mut |owner| owner.insert(Word::hash(&probe), Word::packed(&probe, None), 10).unwrap());
    let found = table.get(&probe, |word| {
        own(&mut |owner| owner.clear());
        word
    });
    assert_eq!(found, Ok(None), "the block of that value may be another key's by now");
    // SAFETY: nobody reads it.
    own(&mut |owner| unsafe { owner.destroy() });
}

/// And versions do not start over: a reader may remember one from before.
#[test]
fn memory_of_buckets_is_counted_through_shrinks() {
    let (table, mut writer) = (Table::<Word>::new(0), Writer::new(Growth::Linear, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, 0).unwrap());
    // SAFETY: as above.
    let mut owner = unsafe { Owner::new(&table, &mut writer, &memory, &hasher) };
    let (mut peaks, mut version) = (Vec::new(), 0);
    for _ in 0..3 {
        for key in 0..50_000 {
            let probe = Word::probe(&hasher, key);
            owner.insert(Word::hash(&probe), Word::packed(&probe, None), key).unwrap();
        }
        peaks.push(owner.writer().bytes());
        // Of a bucket in the last segment, whose pages the shrink hands back.
        let last = table.view(table.shape().buckets() - 1, 0).unwrap().version;
        assert!(last > version, "version {last} after {version}");
        version = last;
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

/// What every write leaves behind: only the last bucket of a chain ends in [`EMPTY_REST`], and there nothing comes after it; only the
/// head and the last bucket have empty slots, and no overflow bucket is empty; the filter has whatever lies behind the head, and nothing else.
/// Returns how many overflow buckets are in use.
fn check_chains<K: Key>(table: &Table<K>) -> u32 {
    let mut overflow = 0;
    for index in 0..table.shape().buckets() as u32 {
        let head = table.main.at(index);
        let chain: Vec<_> = table.chain(head).collect();
        overflow += chain.len() as u32 - 1;
        for (depth, bucket) in chain.iter().enumerate() {
            let tops = bucket.tops();
            let rest = (0..SLOTS).find(|slot| tops.get(*slot) == EMPTY_REST);
            let is_last = depth + 1 == chain.len();
            assert!(rest.is_none_or(|first| is_last && (first..SLOTS).all(|slot| tops.get(slot) == EMPTY_REST)));
            assert!(depth == 0 || is_last || tops.live().count() == SLOTS);
            assert!(depth == 0 || tops.live().count() > 0);
        }
        for class in 0..8 {
            let is_in = |bucket: &Bucket<'_, K>| bucket.tops().live().any(|slot| bucket.tops().get(slot) & 7 == class);
            assert_eq!(head.meta.may_overflow(class), chain[1..].iter().any(is_in));
        }
    }
    overflow
}

/// A few hashes only, so that chains are long.
fn chains_stay_in_order<K: Key>(growth: Growth, key: impl for<'a> Fn(&'a [u8; 8]) -> K::Ref<'a>) {
    let (table, mut writer) = (Table::<K>::new(0), Writer::new(growth, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, 6).unwrap());
    // SAFETY: one owner, and the writer is stable.
    let mut owner = unsafe { Owner::new(&table, &mut writer, &memory, &hasher) };
    let mut present = std::collections::BTreeMap::new();
    let mut random = 1u64;
    for step in 0..20_000u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = random >> 33;
        // Up to 600 keys, then down again.
        let name = (number % if step / 4_000 % 2 == 0 { 600 } else { 100 }).to_le_bytes();
        let probe = K::probe(&hasher, key(&name));
        match owner.find(&probe) {
            Some(place) => {
                assert_eq!(present.remove(&name), Some(place.slot().value.load(Relaxed)));
                owner.remove(&place);
            }
            None => {
                owner.insert(K::hash(&probe), K::packed(&probe, None), step).unwrap();
                assert_eq!(present.insert(name, step), None);
            }
        }
        if step % 1_000 == 999 {
            owner.shrink().unwrap();
            // Those in use have the lowest numbers.
            assert_eq!(owner.writer().overflow_next, owner.writer().overflow_used() + 1);
        }
        if step % 100 == 99 {
            assert_eq!(check_chains(&table), owner.writer().overflow_used());
            for name in (0..600u64).map(u64::to_le_bytes) {
                let found = table.get(&K::probe(&hasher, key(&name)), |word| word);
                assert_eq!(found, Ok(present.get(&name).copied()));
            }
        }
    }
    assert_eq!(owner.writer().entries(), present.len() as u64);
    // SAFETY: nobody reads it.
    unsafe { owner.destroy() };
}

#[test]
fn chains_of_words_stay_in_order() {
    for growth in [Growth::Linear, Growth::Doubling] {
        chains_stay_in_order::<Word>(growth, |name| u64::from_le_bytes(*name));
    }
}

#[test]
fn chains_of_bytes_stay_in_order() {
    for growth in [Growth::Linear, Growth::Doubling] {
        chains_stay_in_order::<Bytes>(growth, |name| name);
    }
}
