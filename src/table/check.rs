//! The invariants of a table that hold whenever its owner is not in the middle of a change. Debug
//! builds check them:
//!
//! - a chain, after each change of it;
//! - the whole table, after each operation on the whole table, and from time to time after a single
//!   change (see [`FullChecks`](crate::base::invariant::FullChecks)).

use super::{
    Growth, Table,
    bucket::{Bucket, EMPTY_ONES, HIGHEST, Matches, Slot, Tops, filter_bit},
    write::{TableMut, WriterState},
};
use crate::{
    base::{
        hash::{Hasher, tophash},
        invariant::CHECKED,
        mem::Memory,
        sync::Ordering::Relaxed,
    },
    item::Key,
};
use core::fmt;

/// A chain of more buckets is not checked after each change of it.
const MAX_CHECKED_EACH_TIME: usize = 2;
/// In a chain of more buckets the keys are not compared with each other.
const MAX_COMPARED: usize = 16;

/// Where in a table an invariant is broken: the bucket `depth` steps behind `head` in its chain.
struct Spot<'a, K: Key> {
    table: &'a Table<K>,
    head: Bucket<'a, K>,
    depth: u32,
}

impl<K: Key> fmt::Display for Spot<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let buckets = self.table.shape().buckets();
        let index =
            (0..buckets).find(|index| self.table.main.get(*index as u32).is_some_and(|b| b.is_same(&self.head)));
        match index {
            Some(index) => write!(f, "bucket {index} of {buckets}")?,
            None => write!(f, "a bucket out of use beyond {buckets}")?,
        }
        if self.depth > 0 { write!(f, ", overflow bucket {} of its chain", self.depth) } else { Ok(()) }
    }
}

impl<'a, K: Key> TableMut<'a, K> {
    /// To be called after an insert into a chain.
    #[inline(always)]
    pub(super) fn check_insert(&mut self, head: Bucket<'a, K>, top: u8, key: K::Words) {
        if CHECKED {
            self.check_change(head, |table| table.check_inserted_key(head, top, key));
        }
    }

    /// To be called after a remove from a chain.
    #[inline(always)]
    pub(super) fn check_remove(&mut self, head: Bucket<'a, K>) {
        if CHECKED {
            self.check_change(head, |_| ());
        }
    }

    fn check_change(&mut self, head: Bucket<'a, K>, also: impl FnOnce(&'a Table<K>)) {
        // Only the checks of the whole table check a longer chain.
        if self.table.chain(head).nth(MAX_CHECKED_EACH_TIME).is_none() {
            if self.table.check_chain(self.writer, head) > 0 {
                self.table.check_entries(self.hasher, head);
            }
            also(self.table);
        }
        self.check_all_if_due();
    }

    /// To be called after a change that does not say which chains it changed.
    #[inline(always)]
    pub(super) fn check_all_if_due(&mut self) {
        if self.writer.checks.are_due() {
            self.check_all();
        }
    }

    /// To be called after entries were moved from one chain to another.
    #[inline(always)]
    pub(super) fn check_move(&self, from: Bucket<'a, K>, to: Bucket<'a, K>) {
        if CHECKED {
            self.table.check_chain(self.writer, from);
            self.table.check_chain(self.writer, to);
            self.table.check_entries(self.hasher, to);
        }
    }

    /// To be called after an operation on the whole table.
    #[inline(always)]
    pub fn check_all(&mut self) {
        if CHECKED && !std::thread::panicking() {
            let cost = self.check();
            self.writer.checks.done(cost);
        }
    }

    /// Checks the whole table. Panics if an invariant is broken. Returns the cost, as an
    /// approximate number of words read.
    pub fn check(&self) -> u64 {
        let growing = self.writer.growing;
        let limits = if growing { [0, 0] } else { [0, self.capacity()] };
        let limit = self.writer.limit;
        assert!(limits.contains(&limit), "the growth threshold is {limit}, which is none of {limits:?}");
        assert!(!growing || self.writer.growth == Growth::Doubling, "a table of linear growth is in a doubling");
        self.table.check(self.writer, self.memory, self.hasher)
    }
}

impl<K: Key> Table<K> {
    /// The part of the check that needs no `TableMut`.
    fn check(&self, writer: &WriterState, memory: &Memory, hasher: &Hasher) -> u64 {
        let bytes = self.main.bytes(memory) + self.overflow.bytes(memory);
        assert!(writer.bytes == bytes, "the table counts {} bytes but holds {bytes}", writer.bytes);
        if self.is_unused() {
            assert!(writer.entries == 0 && writer.overflow_next == 1, "a table without buckets has entries");
            return 1;
        }
        let (mut entries, mut overflow, buckets) = (0, 0, self.shape().buckets());
        assert!(writer.reached >= buckets, "there are {buckets} buckets, but `reached` is {}", writer.reached);
        for index in 0..buckets {
            let head = self.main.get(index as u32);
            assert!(head.is_some(), "bucket {index} of {buckets} has no segment");
            let Some(head) = head else { continue };
            overflow += self.check_chain(writer, head);
            entries += self.check_entries(hasher, head);
            self.check_duplicates(head);
        }
        assert!(writer.entries == entries, "the table counts {} entries but has {entries}", writer.entries);
        let counted = writer.overflow_used;
        assert!(
            u64::from(counted) == overflow,
            "{counted} overflow buckets count as used, but {overflow} are in chains"
        );
        self.check_unused_buckets(writer);
        // To check a bucket takes as long as several changes do.
        16 * (writer.reached + u64::from(writer.overflow_next))
    }

    /// Main buckets beyond the shape and free overflow buckets must be empty: a bucket is not
    /// cleared when it is used again.
    fn check_unused_buckets(&self, writer: &WriterState) {
        for index in self.shape().buckets()..writer.reached {
            if let Some(bucket) = self.main.get(index as u32) {
                let is_empty = bucket.tops() == Tops::EMPTY && bucket.meta.next() == 0 && bucket.meta.filter() == 0;
                assert!(is_empty, "the unused bucket {index} is not empty");
            }
        }
        let (mut number, mut free) = (writer.overflow_free, 0);
        while number != 0 && free < writer.overflow_free_count {
            let bucket = self.overflow.get(number).filter(|_| number < writer.overflow_next);
            assert!(bucket.is_some_and(|b| b.tops() == Tops::EMPTY), "free overflow bucket {number} is not empty");
            number = bucket.map_or(0, |bucket| bucket.meta.next());
            free += 1;
        }
        let WriterState { overflow_free_count, overflow_used, overflow_next, overflow_reached, .. } = *writer;
        let ends = number == 0 && free == overflow_free_count;
        assert!(ends, "the list of free overflow buckets does not end after {overflow_free_count}");
        // No bucket was counted twice: a used one is not empty, so it is not in the free list, and
        // its entries belong to one chain.
        assert!(
            overflow_used + overflow_free_count + 1 == overflow_next,
            "of the overflow buckets below {overflow_next}, {overflow_used} are used and {overflow_free_count} free"
        );
        let reached = overflow_next == 1 || overflow_reached >= overflow_next.into();
        assert!(reached, "overflow bucket {overflow_next} is next, but `overflow_reached` is {overflow_reached}");
    }

    /// Checks the version, the empty slots and the links of one chain. Returns how many overflow
    /// buckets it has.
    fn check_chain<'a>(&'a self, writer: &WriterState, head: Bucket<'a, K>) -> u64 {
        let spot = |depth| Spot { table: self, head, depth };
        let version = head.meta.version.load(Relaxed);
        assert!(version.is_multiple_of(2), "{}: the version {version} is odd outside a change", spot(0));
        let (mut bucket, mut depth) = (head, 0);
        loop {
            let (tops, next) = (bucket.tops(), bucket.meta.next());
            let used = (u64::BITS - tops.0.leading_zeros()).div_ceil(8);
            let rest = u64::MAX.checked_shl(8 * used).unwrap_or(0);
            assert!(
                !has_zero(tops.0 | rest),
                "{}: a slot is EMPTY_REST, but slot {} after it is not",
                spot(depth),
                used - 1
            );
            assert!(
                next == 0 || rest == 0,
                "{}: EMPTY_REST is in slot {used}, but an overflow bucket follows",
                spot(depth)
            );
            let live = tops.0 & !EMPTY_ONES;
            assert!(depth == 0 || live != 0, "{} is empty", spot(depth));
            let is_filled = depth == 0 || next == 0 || !has_zero(live);
            assert!(is_filled, "{} has an empty slot, but is not the last of its chain", spot(depth));
            if next == 0 {
                assert!(
                    depth > 0 || head.meta.filter() == 0,
                    "{}: the filter is not 0, but there is no overflow bucket",
                    spot(0)
                );
                return depth.into();
            }
            depth += 1;
            let is_used = next < writer.overflow_next && depth <= writer.overflow_used;
            let next_bucket = self.overflow.get(next).filter(|_| is_used);
            assert!(next_bucket.is_some(), "{} is number {next}, which is not in use", spot(depth));
            let Some(next_bucket) = next_bucket else { return depth.into() };
            bucket = next_bucket;
        }
    }

    /// Checks that each entry of a chain belongs there and has the right tophash, and that the
    /// filter has the bits of the entries in overflow buckets and no others. Returns the number of
    /// entries.
    fn check_entries<'a>(&'a self, hasher: &Hasher, head: Bucket<'a, K>) -> u64 {
        let (mut bucket, mut depth, mut entries, mut filter) = (head, 0, 0, 0);
        loop {
            let tops = bucket.tops();
            for slot in tops.live() {
                let spot = Spot { table: self, head, depth };
                let (hash, top) = (K::hash_in_slot(&bucket.slots[slot].key, hasher), tops.get(slot));
                let belongs = self.head(hash).is_some_and(|home| home.is_same(&head));
                assert!(belongs, "{spot}, slot {slot}: the hash {hash:#x} belongs to another bucket");
                assert!(
                    top == tophash(hash),
                    "{spot}, slot {slot}: the tophash is {top:#x}, but the hash is {hash:#x}"
                );
                entries += 1;
                filter |= if depth > 0 { filter_bit(top) } else { 0 };
            }
            let Some(next) = self.next_in_chain(bucket) else { break };
            (bucket, depth) = (next, depth + 1);
        }
        let found = head.meta.filter();
        let spot = Spot { table: self, head, depth: 0 };
        assert!(found == filter, "{spot}: the filter is {found:#x}, but the overflow buckets need {filter:#x}");
        entries
    }

    /// Checks that no key is in a chain twice. That takes quadratic time, so a chain is skipped if
    /// it is very long: if all keys have the same hash, it holds the whole table.
    fn check_duplicates<'a>(&'a self, head: Bucket<'a, K>) {
        if self.chain(head).nth(MAX_COMPARED).is_some() {
            return;
        }
        for (depth, bucket) in self.chain(head).enumerate() {
            for slot in bucket.tops().live() {
                let (is_repeated, spot) =
                    (self.is_repeated(bucket, slot), Spot { table: self, head, depth: depth as u32 });
                assert!(!is_repeated, "{spot}, slot {slot}: the key is in the chain twice");
            }
        }
    }

    /// Whether the key in a slot is also in a later slot of its chain.
    fn is_repeated<'a>(&'a self, mut bucket: Bucket<'a, K>, slot: usize) -> bool {
        let (this, top) = (&bucket.slots[slot], bucket.tops().get(slot));
        let mut matches = Matches::of(bucket.tops().matching(top).mask() & !1 << slot);
        loop {
            if matches.any(|slot| is_same_key(&bucket.slots[slot], this)) {
                return true;
            }
            let Some(next) = self.next_in_chain(bucket) else { return false };
            (bucket, matches) = (next, next.tops().matching(top));
        }
    }

    /// The value word that this table has for the key in a slot of another table.
    pub fn value_of_key_in(&self, slot: &Slot<K>, hasher: &Hasher) -> Option<u64> {
        let hash = K::hash_in_slot(&slot.key, hasher);
        let mut bucket = self.head(hash)?;
        loop {
            if let Some(found) = bucket.tops().matching(tophash(hash)).find(|at| is_same_key(&bucket.slots[*at], slot))
            {
                return Some(bucket.slots[found].load_value());
            }
            bucket = self.next_in_chain(bucket)?;
        }
    }

    /// Checks that a key that was just inserted is in its chain exactly once.
    fn check_inserted_key<'a>(&'a self, head: Bucket<'a, K>, top: u8, key: K::Words) {
        let (mut bucket, mut inserted, mut same) = (head, None, 0);
        loop {
            for slot in bucket.tops().matching(top) {
                let slot = &bucket.slots[slot];
                if has_words(slot, key.as_ref()) {
                    (inserted, same) = (Some(slot), same + 1);
                }
            }
            let Some(next) = self.next_in_chain(bucket) else { break };
            bucket = next;
        }
        let spot = Spot { table: self, head, depth: 0 };
        assert!(inserted.is_some(), "{spot}: the key that was inserted is not in its chain");
        // The words of a long key are those of its block. Another block may hold the same key, so
        // compare the contents.
        if let Some(inserted) = inserted.filter(|slot| K::block(&slot.key).is_some()) {
            let slots =
                self.chain(head).flat_map(|bucket| bucket.tops().matching(top).map(move |slot| &bucket.slots[slot]));
            same = slots.filter(|slot| is_same_key(slot, inserted)).count();
        }
        assert!(same == 1, "{spot}: the key was in the table before its insert");
    }
}

fn has_words<K: Key>(slot: &Slot<K>, words: &[u64]) -> bool {
    K::words(&slot.key).iter().zip(words).all(|(cell, word)| cell.load(Relaxed) == *word)
}

/// Whether any of the 8 bytes is 0.
fn has_zero(bytes: u64) -> bool {
    bytes.wrapping_sub(EMPTY_ONES) & !bytes & HIGHEST != 0
}

fn is_same_key<K: Key>(one: &Slot<K>, other: &Slot<K>) -> bool {
    match (K::block(&one.key), K::block(&other.key)) {
        // SAFETY: `as_bytes` needs a block that nobody writes. Both keys are in a table, and the
        // block of such a key does not change.
        (Some(one), Some(other)) => one.equals(unsafe { other.as_bytes() }),
        (None, None) => has_words(one, K::load(&other.key).as_ref()),
        _ => false,
    }
}
