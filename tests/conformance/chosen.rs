//! The environment variable PORTOLAN_SETUP selects the setups that a test runs on.

use crate::support::Setup;
use crate::support::setup::{KINDS, choose};

fn chosen(filter: &str) -> Vec<String> {
    choose(KINDS.into_iter().flat_map(Setup::of_kind), filter).iter().map(Setup::name).collect()
}

#[test]
fn a_whole_name_chooses_one_setup() {
    for name in chosen("") {
        assert_eq!(chosen(&name), [name]);
    }
}

#[test]
fn words_of_a_name_choose_all_setups_that_have_them() {
    assert_eq!(chosen("sharded,bytes,word,c").len(), 3);
    assert_eq!(chosen("sharded,constant").len(), 10);
    // The key's type comes before the value's.
    assert!(chosen("word,bytes").iter().all(|name| name.contains(",word,bytes,")));
}

#[test]
#[should_panic(expected = "PORTOLAN_SETUP=sharded,byte chooses none of this test's setups")]
fn a_filter_that_chooses_nothing_fails() {
    chosen("sharded,byte");
}
