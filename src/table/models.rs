//! The table's protocol under loom: one owner, one optimistic reader, every interleaving of them
//! (up to a bound of preemptions) and every value that the orderings allow a load to see.
//! `ci/models.sh` runs them.

use super::{Growth, Slot, Table, TableMut, WriterState};
use crate::{
    base::{
        hash::{Hasher, bucket_bits},
        mem::{Block, Memory},
        sync::BlockWord,
    },
    item::{Bytes, Key, Word},
};
use core::ptr::NonNull;
use loom::{model::Builder, sync::Arc, thread};

/// A table, and what its owner needs to change it.
struct Subject<K: Key = Word> {
    table: Arc<Table<K>>,
    writer: WriterState,
    memory: Memory,
    hasher: Arc<Hasher>,
}

impl<K: Key> Subject<K> {
    fn new(growth: Growth) -> Self {
        Self {
            table: Arc::new(Table::new(0)),
            writer: WriterState::new(growth, true),
            memory: Memory::new(Default::default()),
            hasher: Arc::new(Hasher::new(7, 0).unwrap()),
        }
    }

    fn owner(&mut self) -> TableMut<'_, K> {
        // SAFETY: the only owner, and the writer is stable.
        unsafe { TableMut::new(&self.table, &mut self.writer, &self.memory, &self.hasher) }
    }

    fn insert(&mut self, key: K::Ref<'_>, value: u64) {
        self.insert_with(key, None, value);
    }

    fn insert_with(&mut self, key: K::Ref<'_>, block: Option<Block>, value: u64) {
        let hashed = K::hashed(&self.hasher, key);
        self.owner().insert(K::hash(&hashed), K::encode(&hashed, block), value).unwrap();
    }

    fn remove(&mut self, key: K::Ref<'_>) {
        let hashed = K::hashed(&self.hasher, key);
        let place = self.table.find(&hashed).unwrap();
        // SAFETY: as in `owner`, with the borrow of the table kept apart.
        unsafe { TableMut::new(&self.table, &mut self.writer, &self.memory, &self.hasher) }.remove(&place);
    }
}

impl Subject {
    fn overwrite(&mut self, key: u64, value: u64, block: bool) {
        let hashed = Word::hashed(&self.hasher, key);
        let place = self.table.find(&hashed).unwrap();
        // SAFETY: as above.
        let mut owner = unsafe { TableMut::new(&self.table, &mut self.writer, &self.memory, &self.hasher) };
        if block { owner.set_block(&place, value) } else { owner.set_word(&place, value) }
    }
    fn change_value(&mut self, key: u64, work: impl FnOnce()) {
        let place = self.table.find(&Word::hashed(&self.hasher, key)).unwrap();
        // SAFETY: as above.
        unsafe { TableMut::new(&self.table, &mut self.writer, &self.memory, &self.hasher) }.change_value(&place, work);
    }

    /// Makes two buckets of one, or four of two.
    fn split(&mut self, buckets: u64) {
        self.owner().reserve(buckets * 4).unwrap();
        assert!(self.table.shape().buckets() >= buckets);
    }

    /// A key that goes to the new bucket when bucket 0 is split, other than `not`.
    fn key(&self, not: &[u64]) -> u64 {
        (1..).find(|key| bucket_bits(self.hasher.word(*key)) >> 31 == 1 && !not.contains(key)).unwrap()
    }

    /// Keys with these four first bucket bits: no split divides them.
    fn keys<const N: usize>(&self, bits: u32) -> [u64; N] {
        let mut keys = (1..).filter(|key| bucket_bits(self.hasher.word(*key)) >> 28 == bits);
        core::array::from_fn(|_| keys.next().unwrap())
    }
}

/// How many preemptions of a thread are tried: LOOM_MAX_PREEMPTIONS, or a number that keeps the
/// models quick.
fn bound() -> Option<usize> {
    std::env::var("LOOM_MAX_PREEMPTIONS").map_or(Some(2), |text| text.parse().ok())
}

/// Runs a reader of `key` beside `writes`. Each of its results must be among `allowed`; giving up
/// is always allowed.
fn check(
    allowed: &'static [Option<u64>],
    scene: impl Fn(&mut Subject) -> (u64, fn(&mut Subject, u64)) + Sync + Send + 'static,
) {
    let mut builder = Builder::new();
    builder.preemption_bound = bound();
    builder.max_branches = 20_000;
    builder.check(move || {
        let mut subject = Subject::new(Growth::Linear);
        let (key, writes) = scene(&mut subject);
        let (table, hasher) = (subject.table.clone(), subject.hasher.clone());
        let reader = thread::spawn(move || table.get(&Word::hashed(&hasher, key), Slot::load_value));
        writes(&mut subject, key);
        if let Ok(seen) = reader.join().unwrap() {
            assert!(allowed.contains(&seen), "read {seen:?}, allowed are {allowed:?}");
        }
    });
}

#[test]
fn a_read_beside_an_overwrite_gets_the_old_or_the_new_value() {
    check(&[Some(1), Some(2)], |subject| {
        subject.insert(10, 1);
        (10, |subject, key| subject.overwrite(key, 2, false))
    });
    check(&[Some(1), Some(2)], |subject| {
        subject.insert(10, 1);
        (10, |subject, key| subject.overwrite(key, 2, true))
    });
}

#[test]
fn a_read_beside_an_insert_gets_nothing_or_the_value() {
    check(&[None, Some(1)], |_| (10, |subject, key| subject.insert(key, 1)));
}

#[test]
fn a_read_beside_a_delete_never_gets_the_next_entry_of_the_slot() {
    check(&[None, Some(1)], |subject| {
        subject.insert(10, 1);
        (10, |subject, key| {
            subject.remove(key);
            subject.insert(11, 2);
        })
    });
}

#[test]
fn a_read_of_an_absent_key_never_gets_the_last_entry_of_the_slot() {
    check(&[None, Some(2)], |subject| {
        subject.insert(10, 1);
        (11, |subject, key| {
            subject.remove(10);
            subject.insert(key, 2);
        })
    });
}

#[test]
fn a_key_is_found_while_its_bucket_is_split() {
    // One bucket becomes two, and the key goes to the new one.
    check(&[Some(1)], |subject| {
        let key = subject.key(&[]);
        subject.insert(key, 1);
        (key, |subject, _| subject.split(2))
    });
}

#[test]
fn a_key_is_found_in_a_segment_that_is_new() {
    // The first of two buckets is split, and the third is in a segment of its own.
    check(&[Some(1)], |subject| {
        let hasher = subject.hasher.clone();
        let key = (1..).find(|key| bucket_bits(hasher.word(*key)) >> 30 == 1).unwrap();
        subject.insert(key, 1);
        subject.split(2);
        (key, |subject, _| subject.split(3))
    });
}

#[test]
fn a_key_is_found_while_its_bucket_is_merged() {
    check(&[Some(1)], |subject| {
        let key = subject.key(&[]);
        subject.insert(key, 1);
        subject.split(2);
        (key, |subject, _| subject.owner().shrink().unwrap())
    });
}

#[test]
fn a_key_is_found_while_its_bucket_is_split_and_merged_again() {
    // The shape is the same at the end as at the beginning.
    check(&[Some(1)], |subject| {
        let key = subject.key(&[]);
        subject.insert(key, 1);
        (key, |subject, _| {
            subject.split(2);
            subject.owner().shrink().unwrap();
        })
    });
}

#[test]
fn a_shape_from_the_middle_of_a_shrink_does_not_come_back() {
    check(&[Some(1)], |subject| {
        let key = subject.key(&[]);
        subject.insert(key, 1);
        subject.split(4);
        (key, |subject, _| {
            subject.owner().shrink().unwrap();
            subject.split(2);
        })
    });
}

#[test]
fn an_entry_is_found_while_it_moves_forward_in_its_chain() {
    check(&[Some(1)], |subject| {
        // Two of the ten keys are in the overflow bucket, and a slot of the head becomes empty.
        let keys = subject.keys::<10>(15);
        keys.iter().for_each(|key| subject.insert(*key, 1));
        assert_eq!(subject.writer.overflow_used(), 1);
        subject.remove(keys[0]);
        (keys[9], |subject, key| {
            // Remove another key of the head: the last entry of the chain moves to the head, and
            // the overflow bucket becomes free.
            let (first, last) = (subject.writer.entries(), key);
            let other = (1..last).rev().find(|key| subject.table.find(&Word::hashed(&subject.hasher, *key)).is_some());
            subject.remove(other.unwrap());
            assert_eq!((subject.writer.entries(), subject.writer.overflow_used()), (first - 1, 0));
        })
    });
}

#[test]
fn an_entry_is_found_while_its_overflow_bucket_is_moved() {
    check(&[Some(1)], |subject| {
        // Two buckets with nine keys each, so that each has an overflow bucket. The first overflow
        // bucket becomes free again, and the shrink moves the second one there.
        let (first, second) = (subject.keys::<9>(0), subject.keys::<9>(15));
        first.iter().chain(&second).for_each(|key| subject.insert(*key, 1));
        assert_eq!((subject.writer.overflow_used(), subject.writer.overflow_next), (2, 3));
        subject.remove(first[8]);
        (second[8], |subject, _| {
            subject.owner().shrink().unwrap();
            assert_eq!((subject.writer.overflow_used(), subject.writer.overflow_next), (1, 2));
        })
    });
}

#[test]
fn a_bucket_that_a_shrink_takes_out_of_use_keeps_its_version() {
    check(&[None, Some(1)], |subject| {
        let key = subject.key(&[]);
        subject.owner().reserve(8).unwrap();
        (key, |subject, key| {
            subject.insert(key, 1);
            subject.remove(key);
            subject.owner().shrink().unwrap();
        })
    });
}

#[test]
fn a_bucket_that_comes_back_after_a_shrink_is_not_taken_for_the_old_one() {
    // The reader may have read bucket 1 before the shrink. After it, the same slot holds another
    // key.
    check(&[Some(1), None], |subject| {
        let key = subject.key(&[]);
        subject.insert(key, 1);
        subject.split(2);
        (key, |subject, key| {
            subject.remove(key);
            subject.owner().shrink().unwrap();
            let other = subject.key(&[key]);
            subject.insert(other, 2);
            subject.split(2);
        })
    });
}

/// A reader follows a chain to its second overflow bucket. Meanwhile a first owner removes both
/// overflow buckets from the chain, and then another thread becomes the owner and does `next`. The
/// key is in the table all the time.
fn check_next_owner(next: fn(&mut Subject)) {
    let mut builder = Builder::new();
    // The reader begins beside the first owner, is preempted in the chain, and continues after the
    // second owner is done.
    builder.preemption_bound = Some(3);
    builder.max_branches = 20_000;
    builder.check(move || {
        let mut subject = Subject::new(Growth::Linear);
        let keys = subject.keys::<17>(15);
        keys.iter().for_each(|key| subject.insert(*key, 1));
        // Emptying the head in this order moves nothing from the overflow buckets into it.
        keys[..8].iter().for_each(|key| subject.remove(*key));
        // More keys, so that the table keeps its buckets: a merge would have a fence of its own.
        subject.keys::<5>(0).iter().chain(&subject.keys::<4>(4)).for_each(|key| subject.insert(*key, 1));
        assert_eq!((subject.writer.overflow_used(), subject.table.shape().buckets()), (2, 5));

        let (table, hasher, key) = (subject.table.clone(), subject.hasher.clone(), keys[16]);
        let reader = thread::spawn(move || table.get_slow(&Word::hashed(&hasher, key), Slot::load_value));
        subject.remove(keys[8]);
        assert_eq!(subject.writer.overflow_used(), 0);
        let other = thread::spawn(move || {
            // Without preemption here: other models have it, and this one is quicker without.
            loom::stop_exploring();
            next(&mut subject);
            loom::explore();
        });
        if let Ok(seen) = reader.join().unwrap() {
            assert_eq!(seen, Some(1));
        }
        other.join().unwrap();
    });
}

#[test]
fn a_chain_does_not_end_where_another_owner_takes_its_bucket() {
    check_next_owner(|subject| {
        subject.insert(subject.keys::<18>(15)[17], 2);
        assert_eq!(subject.writer.overflow_used(), 1);
    });
}

#[test]
fn a_chain_does_not_end_where_another_owner_packs_its_bucket() {
    check_next_owner(|subject| {
        subject.owner().shrink().unwrap();
        assert_eq!(subject.table.shape().buckets(), 5);
    });
}

#[test]
fn the_bytes_of_a_short_key_are_not_followed_as_an_address() {
    const LONG: [u8; 40] = [1; 40];
    // Blocks of six words, at the same address in each run, because the hash of the short key
    // depends on the address.
    let places: *mut [[BlockWord; 6]; 2] = Box::leak(Box::new_uninit()).as_mut_ptr();
    let places = places.expose_provenance();
    let mut builder = Builder::new();
    builder.preemption_bound = bound();
    builder.check(move || {
        let block = |place: usize, bytes: [u8; 40]| {
            let places = core::ptr::with_exposed_provenance_mut::<[BlockWord; 6]>(places);
            // SAFETY: the place is one of the two, no thread reads it any more, and five words of
            // bytes fit.
            unsafe {
                places.add(place).write(core::array::from_fn(|_| BlockWord::new(0)));
                let block = Block::at(NonNull::new_unchecked(places.add(place)).cast());
                block.fill(&bytes);
                block
            }
        };
        // The long key gets the slot of a short key that has the address of a decoy among its
        // bytes. The block of the long key really has other bytes, so a reader that finds the key
        // has followed the bytes of the short one.
        let (decoy, other) = (block(0, LONG), block(1, [2; 40]));
        let mut subject = Subject::<Bytes>::new(Growth::Linear);
        let home = |key: &[u8]| Bytes::preferred_slot(Bytes::hash(&Bytes::hashed(&subject.hasher, key)));
        let mut keys = (0..).map(|number: u64| [number, decoy.word()].map(u64::to_ne_bytes).concat());
        let short = keys.find(|key| home(key) == home(&LONG)).unwrap();
        subject.insert(&short, 1);
        let (table, hasher) = (subject.table.clone(), subject.hasher.clone());
        let reader = thread::spawn(move || {
            let mut found = false;
            let _ = table.get(&Bytes::hashed(&hasher, &LONG), |_| found = true);
            found
        });
        subject.remove(&short);
        subject.insert_with(&LONG, Some(other), 2);
        assert!(!reader.join().unwrap(), "bytes of a key were followed as an address");
    });
}

/// Like [`check`], but a value is the number of a block, and the reader reads the block: 1 in block
/// 0, 2 in block 1. `writes` does to the old block what its next use would do.
fn check_blocks(allowed: &'static [Option<u64>], writes: fn(&mut Subject)) {
    use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};
    let mut builder = Builder::new();
    builder.preemption_bound = bound();
    builder.check(move || {
        let mut subject = Subject::new(Growth::Linear);
        subject.insert(10, 0);
        let blocks = Arc::new([AtomicU64::new(1), AtomicU64::new(2)]);
        let (table, hasher, contents) = (subject.table.clone(), subject.hasher.clone(), blocks.clone());
        let reader = thread::spawn(move || {
            table.get(&Word::hashed(&hasher, 10), |slot| contents[slot.load_value() as usize].load(Relaxed))
        });
        writes(&mut subject);
        blocks[0].store(99, Relaxed);
        if let Ok(seen) = reader.join().unwrap() {
            assert!(allowed.contains(&seen), "read {seen:?}, allowed are {allowed:?}");
        }
    });
}

#[test]
fn a_block_that_is_freed_by_a_delete_is_never_read() {
    check_blocks(&[None, Some(1)], |subject| subject.remove(10));
}

#[test]
fn a_block_that_is_freed_by_an_overwrite_is_never_read() {
    check_blocks(&[Some(1), Some(2)], |subject| subject.overwrite(10, 1, true));
}

/// A block of two words. Each holds how often the block was written.
#[test]
fn a_block_that_is_overwritten_is_read_whole() {
    use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};
    let mut builder = Builder::new();
    builder.preemption_bound = bound();
    builder.check(move || {
        let mut subject = Subject::new(Growth::Linear);
        subject.insert(10, 0);
        let block = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let (table, hasher, contents) = (subject.table.clone(), subject.hasher.clone(), block.clone());
        let reader = thread::spawn(move || {
            table.get(&Word::hashed(&hasher, 10), |_| contents.each_ref().map(|word| word.load(Relaxed)))
        });
        subject.change_value(10, || block.iter().for_each(|word| word.store(1, Relaxed)));
        if let Ok(seen) = reader.join().unwrap() {
            assert!(matches!(seen, Some([0, 0] | [1, 1])), "read {seen:?}");
        }
    });
}

#[test]
fn what_was_written_before_an_insert_is_seen_after_a_hit() {
    use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};
    let mut builder = Builder::new();
    builder.preemption_bound = bound();
    builder.check(|| {
        let mut subject = Subject::new(Growth::Linear);
        subject.insert(10, 1);
        let message = Arc::new(AtomicU64::new(0));
        let (table, hasher, seen) = (subject.table.clone(), subject.hasher.clone(), message.clone());
        let reader = thread::spawn(move || {
            let found = table.get(&Word::hashed(&hasher, 10), Slot::load_value);
            (found, seen.load(Relaxed))
        });
        message.store(5, Relaxed);
        subject.overwrite(10, 2, false);
        if let (Ok(Some(2)), message) = reader.join().unwrap() {
            assert_eq!(message, 5);
        }
    });
}
