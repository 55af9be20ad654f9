//! What a reader finds while the owner works, and at rest.

use super::*;

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
