//! What the table does on one thread that its users cannot see.

use super::{
    Bytes, EMPTY_REST, Growth, Key, Mark, Matches, Owner, Reach, SLOTS, Sight, Sink, Slot, Table, Word, Writer,
    bucket::{Bucket, Change, Meta},
};
use crate::base::{
    alloc::Memory,
    hash::{CONSTANT, Hasher, bucket_bits},
    sync::{AtomicU64, Ordering::Relaxed},
};

impl<K: Key> Table<K> {
    /// Until the drop, readers of the bucket of this hash meet a writer.
    pub(crate) fn change(&self, hash: u64) -> Change<'_> {
        Change::begin(self.head(hash).unwrap().meta)
    }
}

const GROWTHS: [Growth; 2] = [Growth::Linear, Growth::Doubling];
/// Bytes of a bucket of words.
const BUCKET: u64 = (SLOTS * size_of::<Slot<Word>>() + size_of::<Meta>()) as u64;

/// Gives the owner of a new table to `work`. `hash_bits` as for [`Hasher::new`].
fn with_owner<K: Key>(growth: Growth, hash_bits: u32, work: impl FnOnce(&Table<K>, &mut Owner<'_, K>)) {
    let (table, mut writer) = (Table::<K>::new(0), Writer::new(growth, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, hash_bits).unwrap());
    // SAFETY: one owner, and the writer is stable.
    let mut owner = unsafe { Owner::new(&table, &mut writer, &memory, &hasher) };
    work(&table, &mut owner);
    // SAFETY: nobody reads it.
    unsafe { owner.destroy() };
}

/// Inserts words that are not there, each with itself as its value.
fn insert(owner: &mut Owner<'_, Word>, keys: core::ops::Range<u64>) {
    for key in keys {
        let probe = Word::probe(owner.hasher, key);
        owner.insert(Word::hash(&probe), Word::packed(&probe, None), key).unwrap();
    }
}

fn remove(owner: &mut Owner<'_, Word>, keys: core::ops::Range<u64>) {
    for key in keys {
        let place = owner.find(&Word::probe(owner.hasher, key)).unwrap();
        owner.remove(&place);
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
    own(&mut |owner| insert(owner, keys.clone()));
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
                remove(owner, keys.clone());
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
    own(&mut |owner| insert(owner, 1..2));
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
    with_owner::<Word>(Growth::Linear, 0, |table, owner| {
        let (mut peaks, mut version) = (Vec::new(), 0);
        for _ in 0..3 {
            insert(owner, 0..50_000);
            peaks.push(owner.writer().bytes());
            // Of a bucket in the last segment, whose pages the shrink hands back.
            let last = table.view(table.shape().buckets() - 1, 0).unwrap().version;
            assert!(last > version, "version {last} after {version}");
            version = last;
            remove(owner, 0..50_000);
            owner.shrink().unwrap();
            assert!(owner.writer().bytes() < peaks[0] / 4, "{} of {peaks:?}", owner.writer().bytes());
        }
        assert!(peaks.iter().all(|peak| *peak == peaks[0]), "{peaks:?}");
    });
}

/// Whole segments, and none that no bucket is in; whether the table is empty or not.
#[test]
fn a_reserve_takes_the_memory_of_its_buckets() {
    for growth in GROWTHS {
        for entries in 0..300 {
            let mut buckets = [0; 2];
            for before in [0, 1] {
                with_owner::<Word>(growth, 0, |table, owner| {
                    insert(owner, 0..before);
                    for _ in 0..2 {
                        owner.reserve(entries).unwrap();
                        buckets[before as usize] = table.shape().buckets();
                        let in_segments = table.shape().buckets().next_power_of_two().max(2);
                        assert_eq!(owner.writer().bytes(), BUCKET * in_segments, "{growth:?}, room for {entries}");
                    }
                    insert(owner, before..entries);
                    assert_eq!(
                        table.shape().buckets(),
                        buckets[0],
                        "{growth:?}, {entries} entries where room was for them"
                    );
                });
            }
            assert_eq!(buckets[0], buckets[1], "{growth:?}, room for {entries}");
        }
    }
}

/// With one chain for all: the pool grows with it, and not where there is room.
#[test]
fn overflow_buckets_are_made_when_they_are_needed() {
    with_owner::<Word>(Growth::Doubling, CONSTANT, |table, owner| {
        insert(owner, 0..8);
        assert_eq!(owner.writer().bytes(), 2 * BUCKET);
        insert(owner, 8..9);
        assert_eq!((owner.writer().overflow_used(), owner.writer().bytes()), (1, 4 * BUCKET));
        for entries in 10..200 {
            insert(owner, entries - 1..entries);
            assert_eq!(table.longest_chain(), entries.div_ceil(8));
            if !owner.writer().growing {
                let bytes = owner.writer().bytes();
                owner.reserve(entries).unwrap();
                assert_eq!(owner.writer().bytes(), bytes, "there was room for {entries} entries");
            }
        }
    });
}

#[test]
fn a_table_is_oversized_beyond_eight_times_its_buckets() {
    for growth in GROWTHS {
        with_owner::<Word>(growth, 0, |table, owner| {
            owner.reserve(256).unwrap();
            assert_eq!(table.shape().buckets(), 64, "{growth:?}");
            for (buckets, entries) in [(1, 4), (8, 32), (64, 256)] {
                assert_eq!(owner.is_oversized(entries), 64 > 8 * buckets, "{growth:?}, {entries} entries");
            }
        });
    }
}

/// Two splits with each: no single one takes long, and none is forgotten.
#[test]
fn a_doubling_goes_on_with_every_write() {
    /// As many as 64 buckets bear, and one more.
    const ENTRIES: u64 = 64 * 13 / 2 + 1;
    let overwrite = |owner: &mut Owner<'_, Word>| {
        let place = owner.find(&Word::probe(owner.hasher, ENTRIES - 1)).unwrap();
        owner.set_word(&place, 1);
    };
    type Work<'a> = &'a dyn Fn(&mut Owner<'_, Word>);
    let to_the_end = |first: Work<'_>, write: &dyn Fn(&mut Owner<'_, Word>, u64)| {
        with_owner::<Word>(Growth::Doubling, 0, |table, owner| {
            insert(owner, 0..ENTRIES - 1);
            assert_eq!((owner.writer().growing, table.shape().buckets()), (false, 64));
            insert(owner, ENTRIES - 1..ENTRIES);
            first(owner);
            for number in 1..32 {
                assert!(owner.writer().growing);
                assert_eq!(table.shape().buckets(), 64 + 2 * number);
                write(owner, number);
            }
            assert_eq!((owner.writer().growing, table.shape().buckets()), (false, 128));
            overwrite(owner);
            assert_eq!(table.shape().buckets(), 128);
        });
    };
    to_the_end(&|_| (), &|owner, _| overwrite(owner));
    to_the_end(&|_| (), &|owner, number| remove(owner, number..number + 1));
    // It is what so many entries need.
    to_the_end(&|owner| owner.shrink().unwrap(), &|owner, _| overwrite(owner));
    to_the_end(&|owner| owner.clear(), &|owner, number| insert(owner, ENTRIES - number..ENTRIES - number + 1));
}

/// Neither where a doubling is taken back nor where buckets are split one by one.
#[test]
fn a_shrink_or_a_clear_begins_no_growth() {
    for growth in GROWTHS {
        let works: [fn(&mut Owner<'_, Word>); 2] = [|owner| owner.shrink().unwrap(), |owner| owner.clear()];
        for (name, work) in ["shrink", "clear"].into_iter().zip(works) {
            with_owner::<Word>(growth, 0, |table, owner| {
                insert(owner, 0..417);
                if name == "shrink" || growth == Growth::Linear {
                    // Again so few that they need no doubling.
                    remove(owner, 0..2);
                } else {
                    owner.reserve(417).unwrap();
                }
                work(owner);
                let buckets = table.shape().buckets();
                assert!(!owner.writer().growing, "{growth:?}, {name}");
                insert(owner, 1000..1001);
                remove(owner, 1000..1001);
                assert_eq!(table.shape().buckets(), buckets, "{growth:?}, {name}");
            });
        }
    }
}

/// Where no growth is under way, most calls need no more than the head, and nothing that takes long.
#[test]
fn at_rest_the_quick_way_tells() {
    /// One fewer than lets the linear table grow.
    const ENTRIES: u64 = 59;
    for growth in GROWTHS {
        with_owner::<Word>(growth, 0, |table, owner| {
            insert(owner, 0..ENTRIES);
            let (mut glances, mut looks) = ([0; 2], [0; 2]);
            for key in 0..2 * ENTRIES {
                let (probe, is_there) = (Word::probe(owner.hasher, key), key < ENTRIES);
                let aim = table.aim(Word::hash(&probe)).unwrap();
                if let Some(found) = table.glance(aim, &probe, |word| word) {
                    assert_eq!(found, is_there.then_some(key));
                    glances[usize::from(is_there)] += 1;
                }
                match owner.writer().look(table, aim, &probe) {
                    Sight::Here(place) => assert_eq!((place.slot().value.load(Relaxed), is_there), (key, true)),
                    Sight::Nowhere(_) => assert!(!is_there),
                    Sight::Unclear => continue,
                }
                looks[usize::from(is_there)] += 1;
            }
            let most = ENTRIES * 8 / 10;
            assert!(glances.into_iter().chain(looks).all(|told| told >= most), "{growth:?}: {glances:?}, {looks:?}");
        });
    }
}

/// Counts entries, and those that came one by one and not with their bucket.
struct Taken {
    entries: usize,
    one_by_one: usize,
    room: usize,
}

impl Taken {
    fn with_room(room: usize) -> Self {
        Self { entries: 0, one_by_one: 0, room }
    }
}

impl Sink<Word> for Taken {
    fn push(&mut self, _key: &[AtomicU64; 1], _value: u64) {
        self.entries += 1;
        self.one_by_one += 1;
    }
    fn push_live(&mut self, _slots: &[Slot<Word>; SLOTS], live: Matches) {
        self.entries += live.count();
    }
    fn mark(&self) -> Mark {
        Mark { entries: self.entries, ..Mark::default() }
    }
    fn rewind(&mut self, mark: Mark) {
        self.entries = mark.entries;
    }
    fn overflowed(&self) -> bool {
        self.entries > self.room
    }
    fn is_full(&self) -> bool {
        self.entries == self.room
    }
}

/// Without a look at each hash, that is.
#[test]
fn a_scan_takes_buckets_as_a_whole() {
    with_owner::<Word>(Growth::Linear, 0, |table, owner| {
        insert(owner, 0..1000);
        let mut taken = Taken::with_room(1001);
        assert_eq!(table.scan(owner.hasher, &mut 0, 0, &mut taken), Reach::End);
        assert_eq!((taken.entries, taken.one_by_one), (1000, 0));
        // But for a bucket that does not end with the range.
        let (mut taken, middle) = (Taken::with_room(1001), 1 << 63 | 1 << 50);
        assert_eq!(table.scan(owner.hasher, &mut 0, middle, &mut taken), Reach::End);
        assert!(taken.entries > 400 && taken.one_by_one < SLOTS, "{}, {}", taken.entries, taken.one_by_one);
    });
}

#[test]
fn a_scan_ends_before_its_end() {
    // All at one position.
    with_owner::<Word>(Growth::Linear, CONSTANT, |table, owner| {
        insert(owner, 0..20);
        let mut at = 0;
        assert_eq!(table.scan(owner.hasher, &mut at, 0, &mut Taken::with_room(1)), Reach::TooSmall);
        for (until, wanted) in [(at, 0), (at + 1, 20), (0, 20)] {
            let mut taken = Taken::with_room(20);
            table.scan(owner.hasher, &mut 0, until, &mut taken);
            assert_eq!(taken.entries, wanted, "up to {until:#x}, where all are at {at:#x}");
        }
    });
}

/// The length, the hash and the mark of a long key are compared first: where one differs, the second word may be no address.
#[test]
fn no_address_is_followed_that_another_key_left() {
    let hasher = Hasher::new(7, 0).unwrap();
    let probe = Bytes::probe(&hasher, &[b'x'; 100]);
    let words = Bytes::packed(&probe, None);
    for differ in 1..8 {
        let cells = [(0, 1), (2, 2), (4, 4)].into_iter().fold(words, |mut words, (index, bit)| {
            words[index] ^= u64::from(differ & bit != 0);
            words
        });
        let followed = || panic!("the words differ: {differ:#b}");
        assert!(!Bytes::matches(&cells.map(AtomicU64::new), &probe, followed));
    }
}

#[test]
fn a_look_at_a_key_shows_a_word_or_the_length_of_bytes() {
    let hasher = Hasher::new(7, 0).unwrap();
    assert_eq!(Word::shown(&[AtomicU64::new(77)]), 77);
    for len in [0, 2, 39, 40, 100] {
        let words = Bytes::packed(&Bytes::probe(&hasher, &vec![0xff; len]), None);
        assert_eq!(Bytes::shown(&words.map(AtomicU64::new)), len as u64);
    }
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

/// How many overflow buckets the chains would have if they had no empty slot before the last bucket.
fn least_overflow<K: Key>(table: &Table<K>) -> u32 {
    let heads = (0..table.shape().buckets() as u32).map(|index| table.main.at(index));
    let entries = heads.map(|head| table.chain(head).map(|bucket| bucket.tops().live().count()).sum::<usize>());
    entries.map(|entries| entries.div_ceil(SLOTS).saturating_sub(1) as u32).sum()
}

/// A few hashes only, so that chains are long.
fn chains_stay_in_order<K: Key>(growth: Growth, key: impl for<'a> Fn(&'a [u8; 8]) -> K::Ref<'a>) {
    with_owner::<K>(growth, 6, |table, owner| chains_of_one_table_stay_in_order(table, owner, key));
}

fn chains_of_one_table_stay_in_order<K: Key>(
    table: &Table<K>,
    owner: &mut Owner<'_, K>,
    key: impl for<'a> Fn(&'a [u8; 8]) -> K::Ref<'a>,
) {
    let hasher = owner.hasher;
    let mut present = std::collections::BTreeMap::new();
    let mut random = 1u64;
    for step in 0..20_000u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = random >> 33;
        // Up to 600 keys, then down again.
        let name = (number % if step / 4_000 % 2 == 0 { 600 } else { 100 }).to_le_bytes();
        let probe = K::probe(hasher, key(&name));
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
            // And there are no more than the entries need.
            assert_eq!(least_overflow(table), owner.writer().overflow_used());
        }
        if step % 100 == 99 {
            assert_eq!(check_chains(table), owner.writer().overflow_used());
            for name in (0..600u64).map(u64::to_le_bytes) {
                let found = table.get(&K::probe(hasher, key(&name)), |word| word);
                assert_eq!(found, Ok(present.get(&name).copied()));
            }
        }
    }
    assert_eq!(owner.writer().entries(), present.len() as u64);
}

#[test]
fn chains_of_words_stay_in_order() {
    for growth in GROWTHS {
        chains_stay_in_order::<Word>(growth, |name| u64::from_le_bytes(*name));
    }
}

#[test]
fn chains_of_bytes_stay_in_order() {
    for growth in GROWTHS {
        chains_stay_in_order::<Bytes>(growth, |name| name);
    }
}
