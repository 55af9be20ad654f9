//! Calls that do not fit the map's types are refused and change nothing.

use crate::support::{Answer, Face, Scan, Setup, Status, Way, scenarios};
use portolan::map::Width;

scenarios! {
    a_word_has_eight_bytes
    words_are_not_bytes
    add_needs_word_values
}

/// A map with one entry.
fn map_of_one(setup: &Setup) -> Box<dyn Face> {
    let map = setup.map();
    let (key, value) = setup.entry(1);
    assert_eq!(map.store(&key, &value), Status::Ok);
    map
}

fn a_word_has_eight_bytes(setup: &Setup) {
    if setup.has_words() {
        return; // the calls for words take no lengths
    }
    let map = map_of_one(setup);
    let (key, value) = setup.entry(1);
    let refused = Answer::Plain(Status::Size);
    for length in [0, 1, 7, 9, 16] {
        let wrong = vec![1; length];
        if setup.key == Width::Word {
            assert_eq!(map.load(&wrong, 512), refused);
            assert_eq!(map.store(&wrong, &value), Status::Size);
            assert_eq!(map.load_or_store(&wrong, &value, 512), refused);
            assert_eq!(map.load_and_delete(&wrong, 512), refused);
            assert_eq!(map.delete(&wrong), Status::Size);
            assert_eq!(map.swap(&wrong, &value, 512), refused);
            assert_eq!(map.compare_and_swap(&wrong, &value, &value), Status::Size);
            assert_eq!(map.compare_and_delete(&wrong, &value), Status::Size);
            assert_eq!(map.contains(&wrong), Status::Size);
            if setup.value == Width::Word {
                assert_eq!(map.add(&wrong, 1), Err(Status::Size));
            }
        }
        if setup.value == Width::Word {
            assert_eq!(map.store(&key, &wrong), Status::Size);
            assert_eq!(map.load_or_store(&setup.key(2), &wrong, 512), refused);
            assert_eq!(map.swap(&key, &wrong, 512), refused);
            assert_eq!(map.compare_and_swap(&key, &wrong, &value), Status::Size);
            assert_eq!(map.compare_and_swap(&key, &value, &wrong), Status::Size);
            assert_eq!(map.compare_and_delete(&key, &wrong), Status::Size);
        }
    }
    assert_eq!(map.entries(), [(key, value)]);
}

fn words_are_not_bytes(setup: &Setup) {
    if setup.has_words() || (setup.key, setup.value) == (Width::Word, Width::Word) {
        return;
    }
    let words = Setup { way: if setup.way == Way::Rust { Way::RustWords } else { Way::CWords }, ..*setup };
    let (map, word) = (words.map(), [7; 8]);
    let refused = Answer::Plain(Status::Type);
    assert_eq!(map.load(&word, 8), refused);
    assert_eq!(map.store(&word, &word), Status::Type);
    assert_eq!(map.load_or_store(&word, &word, 8), refused);
    assert_eq!(map.load_and_delete(&word, 8), refused);
    assert_eq!(map.delete(&word), Status::Type);
    assert_eq!(map.swap(&word, &word, 8), refused);
    assert_eq!(map.compare_and_swap(&word, &word, &word), Status::Type);
    assert_eq!(map.compare_and_delete(&word, &word), Status::Type);
    assert_eq!(map.add(&word, 1), Err(Status::Type));
    // `contains` involves only the key, so only the key's type matters.
    assert_eq!(map.contains(&word), if setup.key == Width::Word { Status::NotFound } else { Status::Type });
    assert_eq!(map.scan(&mut 0, 0, crate::support::Room::entries(4)), Scan::Failed(Status::Type));
    assert_eq!(map.load_many(&[word.to_vec()], 8), crate::support::Many::Failed(Status::Type));
    assert_eq!(map.store_many(&[(word.to_vec(), word.to_vec())]).0, Status::Type);
    assert_eq!(map.delete_many(&[word.to_vec()]).0, Status::Type);
    assert_eq!(map.len(), Ok(0));
}

fn add_needs_word_values(setup: &Setup) {
    if setup.value == Width::Word {
        return;
    }
    let map = map_of_one(setup);
    assert_eq!(map.add(&setup.key(1), 1), Err(Status::Type));
    assert_eq!(map.add(&setup.key(2), 1), Err(Status::Type));
    assert_eq!(map.entries(), [setup.entry(1)]);
}
