//! The shape of a chain after any write: what [`TableMut::check`] checks.

use super::*;

/// How many overflow buckets the chains would have if they had no empty slot before the last
/// bucket.
fn least_overflow<K: Key>(table: &Table<K>) -> u32 {
    let heads = (0..table.shape().buckets() as u32).map(|index| table.main.get(index).unwrap());
    let entries = heads.map(|head| table.chain(head).map(|bucket| bucket.tops().live().count()).sum::<usize>());
    entries.map(|entries| entries.div_ceil(SLOTS).saturating_sub(1) as u32).sum()
}

/// A few hashes only, so that chains are long.
fn chains_stay_in_order<K: Key>(growth: Growth, key: impl for<'a> Fn(&'a [u8; 8]) -> K::Ref<'a>) {
    with_table::<K>(growth, 6, |table, owner| chains_of_one_table_stay_in_order(table, owner, key));
}

fn chains_of_one_table_stay_in_order<K: Key>(
    table: &Table<K>,
    owner: &mut TableMut<'_, K>,
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
        let hashed = K::hashed(hasher, key(&name));
        match owner.find(&hashed) {
            Some(place) => {
                assert_eq!(present.remove(&name), Some(place.slot().value.load(Relaxed)));
                owner.delete(&place);
            }
            None => {
                owner.insert(K::hash(&hashed), K::encode(&hashed, None), step).unwrap();
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
            owner.check();
            for name in (0..600u64).map(u64::to_le_bytes) {
                let found = table.get(&K::hashed(hasher, key(&name)), Slot::load_value);
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
