//! Conformance: every operation, on every kind of map, for every type of key and value, with the real hash, four bits of it and
//! a constant one, through Rust and through C. One scenario is one function; it runs for every setup of a kind.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod batches;
mod growth;
mod lengths;
mod operations;
mod promotion;
mod scan;
mod seeds;
mod types;
mod update;
mod whole;

/// Makes a test of each scenario for each kind.
macro_rules! conformance {
    ($($file:ident { $($scenario:ident)+ })+) => {
        conformance!(@kinds { bucketed Bucketed } { $($file { $($scenario)+ })+ });
        conformance!(@kinds { mutex Mutex } { $($file { $($scenario)+ })+ });
        conformance!(@kinds { rwmutex RwMutex } { $($file { $($scenario)+ })+ });
        conformance!(@kinds { sharded Sharded } { $($file { $($scenario)+ })+ });
        conformance!(@kinds { read_dirty ReadDirty } { $($file { $($scenario)+ })+ });
    };
    (@kinds { $name:ident $kind:ident } { $($file:ident { $($scenario:ident)+ })+ }) => {
        mod $name {
            $(mod $file {
                $(#[test]
                fn $scenario() {
                    for setup in crate::support::Setup::of_kind(portolan::map::Kind::$kind) {
                        crate::support::setup::run(&setup, crate::$file::$scenario);
                    }
                })+
            })+
        }
    };
}

conformance! {
    operations {
        an_empty_map_has_nothing
        load_and_contains
        store_overwrites
        load_or_store
        load_and_delete
        delete
        swap
        compare_and_swap
        compare_and_delete
        add
        add_and_the_other_operations_see_one_word
    }
    lengths {
        values_of_every_length
        keys_of_every_length
        keys_whose_differences_are_equal
        overwrite_with_every_other_length
        a_buffer_that_is_too_small_changes_nothing
        a_buffer_that_fits_exactly
    }
    types {
        a_word_has_eight_bytes
        words_are_not_bytes
        add_wants_word_values
    }
    update {
        every_decision_on_every_state
        update_grows_and_empties_the_map
        update_and_add_count_alike
        a_new_value_of_the_wrong_length_is_refused
        the_callback_may_not_call_its_map
    }
    growth {
        grows_and_shrinks_back_by_deleting
        keys_that_differ_in_one_bit
        clear_then_reuse
        clear_again_and_again
        reserve_keeps_the_contents
        shrink_keeps_the_contents
        churn_at_a_steady_size
        buckets_are_as_full_as_promised
        reserved_room_takes_no_growth
    }
    whole {
        range_visits_every_entry_once
        range_ends_when_the_body_says_so
        range_may_call_the_map
        nested_ranges
        delete_if_deletes_what_it_is_told_to
        delete_if_may_call_the_map
        clone_into_every_kind
        a_clone_lives_its_own_life
        clone_of_an_empty_map
        equal
        len_counts
        stats_count_the_entries
        stats_say_what_the_buckets_show
        a_write_changes_the_version_of_its_bucket
    }
    scan {
        an_empty_map_is_done_at_once
        every_room_gives_every_entry_once
        a_byte_too_little_asks_for_more
        the_order_outlives_growth_and_shrinkage
        growing_between_pages
        shrinking_between_pages
        writing_everything_between_pages
        clearing_between_pages
        one_cursor_serves_many_scans
        pages_feed_the_batches
    }
    batches {
        empty_batches
        store_load_delete
        missing_keys
        a_key_more_than_once
        a_batch_buffer_that_is_too_small
        batches_larger_than_the_map
        batches_of_a_large_table
    }
    seeds {
        one_seed_one_order
        other_seeds_other_orders
        a_random_seed_is_random
    }
}
