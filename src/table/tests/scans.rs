//! Where a scan begins and ends, and what it takes as a whole.

use super::*;

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
    unsafe fn rewind(&mut self, mark: Mark) {
        self.entries = mark.entries;
    }
    fn overflowed(&self) -> bool {
        self.entries > self.room
    }
    fn is_full(&self) -> bool {
        self.entries == self.room
    }
}

/// Without computing the hash of each key.
#[test]
fn a_scan_takes_buckets_as_a_whole() {
    with_table::<Word>(Growth::Linear, 0, |table, owner| {
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
    with_table::<Word>(Growth::Linear, CONSTANT, |table, owner| {
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
