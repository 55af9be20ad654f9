//! What a reader does that meets a writer each time it tries.

use super::*;
use crate::item::Word;
use crate::kinds::operation::Store;

#[test]
fn a_reader_that_meets_a_writer_each_time_takes_the_lock_if_it_may() {
    let map = Sharded::<Word, Word>::new(1, Hasher::new(7, 0).unwrap(), Memory::new(Default::default()));
    let there = Word::hashed(&map.hasher, 1);
    map.write(&there, Store(10)).unwrap();
    let _change = map.shard(Word::hash(&there)).unwrap().table.change(Word::hash(&there));
    // Both are in the only bucket.
    for (key, value) in [(1, Some(10)), (2, None)] {
        let hashed = Word::hashed(&map.hasher, key);
        assert_eq!(map.try_load(&hashed, |word| word), Attempt::Undecided);
        let mut out = 0;
        assert_eq!(map.peek(&hashed, &mut out), None);
        let outcome = map.load(&hashed, &mut out);
        assert_eq!(outcome.map(|outcome| (outcome == Outcome::Done).then_some(out)), Ok(value));
    }
}
