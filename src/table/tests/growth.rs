//! When buckets come and go, and the memory that they take.

use super::*;

/// And versions do not start over: a reader may remember one from before.
#[test]
fn memory_of_buckets_is_counted_through_shrinks() {
    with_table::<Word>(Growth::Linear, 0, |table, owner| {
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
                with_table::<Word>(growth, 0, |table, owner| {
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
    with_table::<Word>(Growth::Doubling, CONSTANT, |table, owner| {
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
        with_table::<Word>(growth, 0, |table, owner| {
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
    let overwrite = |owner: &mut TableMut<'_, Word>| {
        let place = owner.find(&Word::hashed(owner.hasher, ENTRIES - 1)).unwrap();
        owner.overwrite(&place, 1);
    };
    type Work<'a> = &'a dyn Fn(&mut TableMut<'_, Word>);
    let to_the_end = |first: Work<'_>, write: &dyn Fn(&mut TableMut<'_, Word>, u64)| {
        with_table::<Word>(Growth::Doubling, 0, |table, owner| {
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
    // The table already has the size that this many entries need.
    to_the_end(&|owner| owner.shrink().unwrap(), &|owner, _| overwrite(owner));
    to_the_end(&|owner| owner.clear(), &|owner, number| insert(owner, ENTRIES - number..ENTRIES - number + 1));
}

/// Neither where a doubling is taken back nor where buckets are split one by one.
#[test]
fn a_shrink_or_a_clear_begins_no_growth() {
    for growth in GROWTHS {
        let works: [fn(&mut TableMut<'_, Word>); 2] = [|owner| owner.shrink().unwrap(), |owner| owner.clear()];
        for (name, work) in ["shrink", "clear"].into_iter().zip(works) {
            with_table::<Word>(growth, 0, |table, owner| {
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
