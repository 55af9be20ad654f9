//! What a reader finds while the owner works, and at rest.

use super::*;

/// The owner's calls run inside a reader's lookup, so the reader is at its most vulnerable place.
#[test]
fn a_reserve_that_fails_takes_nothing_from_a_reader() {
    let (table, mut writer) = (Table::<Word>::new(0), WriterState::new(Growth::Linear, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, 0).unwrap());
    // SAFETY: one owner at a time, and the writer is stable.
    let mut own = |work: &mut dyn FnMut(&mut TableMut<'_, Word>)| {
        work(&mut unsafe { TableMut::new(&table, &mut writer, &memory, &hasher) });
    };
    let keys = 0..100_000;
    own(&mut |owner| insert(owner, keys.clone()));
    // In the last segment, which the shrink takes out of use.
    let shape = table.shape();
    let last_bit = 1 << (31 - (shape.buckets() - 1).ilog2());
    let is_in_last = |key: &u64| shape.prefix(bucket_bits(hasher.word(*key))) & last_bit != 0;
    let last = keys.clone().find(is_in_last).unwrap();
    let mut tries = 0;
    let found = table.get(&Word::hashed(&hasher, last), |slot| {
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
        slot.load_value()
    });
    assert_eq!(found, Ok(None));
}

#[test]
fn a_clear_is_noticed_by_a_reader() {
    let (table, mut writer) = (Table::<Word>::new(0), WriterState::new(Growth::Linear, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, 0).unwrap());
    // SAFETY: as above.
    let mut own = |work: &mut dyn FnMut(&mut TableMut<'_, Word>)| {
        work(&mut unsafe { TableMut::new(&table, &mut writer, &memory, &hasher) });
    };
    let hashed = Word::hashed(&hasher, 1);
    own(&mut |owner| insert(owner, 1..2));
    let found = table.get(&hashed, |slot| {
        own(&mut |owner| owner.clear());
        slot.load_value()
    });
    assert_eq!(found, Ok(None), "the block of that value may be another key's by now");
    // SAFETY: nobody reads it.
    own(&mut |owner| unsafe { owner.destroy() });
}

/// Where no growth is under way, most calls need no more than the head, and nothing that takes
/// long.
#[test]
fn at_rest_the_fast_path_decides() {
    /// One fewer than lets the linear table grow.
    const ENTRIES: u64 = 59;
    for growth in GROWTHS {
        with_table::<Word>(growth, 0, |table, owner| {
            insert(owner, 0..ENTRIES);
            let (mut reads, mut writes) = ([0; 2], [0; 2]);
            for key in 0..2 * ENTRIES {
                let (hashed, is_there) = (Word::hashed(owner.hasher, key), key < ENTRIES);
                let home = table.locate(Word::hash(&hashed)).unwrap();
                match table.try_get(home, &hashed, Slot::load_value) {
                    Attempt::Hit(value) => assert_eq!((value, is_there), (key, true)),
                    Attempt::Miss => assert!(!is_there),
                    Attempt::Undecided => continue,
                }
                reads[usize::from(is_there)] += 1;
                match owner.find_for_write(home, &hashed) {
                    Lookup::Found(place) => assert_eq!((place.slot().load_value(), is_there), (key, true)),
                    Lookup::Vacant(_) => assert!(!is_there),
                    Lookup::Absent | Lookup::Undecided => continue,
                }
                writes[usize::from(is_there)] += 1;
            }
            let most = ENTRIES * 8 / 10;
            assert!(
                reads.into_iter().chain(writes).all(|decided| decided >= most),
                "{growth:?}: {reads:?}, {writes:?}"
            );
        });
    }
}
