//! A reader whose every attempt is disturbed by a writer.

use super::*;
use crate::item::Word;
use crate::kinds::operation::Store;

#[test]
fn a_disturbed_load_takes_the_lock_and_a_peek_gives_up() {
    let map = Sharded::<Word, Word>::new(1, Hasher::new(7, 0).unwrap(), Memory::new(Default::default()));
    let present = Word::hashed(&map.hasher, 1);
    map.write(&present, Store(10)).unwrap();
    let _change = map.shard(Word::hash(&present)).unwrap().table.change(Word::hash(&present));
    // The only bucket is being changed. Key 1 is in it; key 2 is nowhere.
    for (key, value) in [(1, Some(10)), (2, None)] {
        let hashed = Word::hashed(&map.hasher, key);
        assert_eq!(map.try_load(&hashed, |word| word), Attempt::Undecided);
        let mut out = 0;
        assert_eq!(map.peek(&hashed, &mut out), None);
        let outcome = map.load(&hashed, &mut out);
        assert_eq!(outcome.map(|outcome| (outcome == Outcome::Done).then_some(out)), Ok(value));
    }
}
