/* A list of all calls on a map, for tests of maps that refuse every call. */
#ifndef EVERY_CALL_H
#define EVERY_CALL_H

#include "check.h"

static inline int32_t never(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    (void)k, (void)k_size, (void)v, (void)v_size, (void)user;
    CHECK(!"a callback was called for a map that must be refused");
    return 0;
}

static inline int32_t never_asked(const void *value, size_t value_size, const void **new_value, size_t *new_size, void *user)
{
    (void)value, (void)value_size, (void)new_value, (void)new_size, (void)user;
    CHECK(!"a callback was called for a map that must be refused");
    return PTL_UPDATE_KEEP;
}

/* Checks that every function refuses this map, with arguments for a map of words to words. Except
 * ptl_map_retain and ptl_map_release, which only count references. */
static inline void every_call_answers(ptl_status refusal, ptl_map *map)
{
    uint64_t word = 1, cursor = 0, words[4] = {0}, number = UNTOUCHED;
    size_t size = 8, other_size = 8, values_size = 24, count = 1;
    ptl_status statuses[2] = {UNTOUCHED, UNTOUCHED};
    ptl_map *const before = (ptl_map *)(void *)&shape, *copy = before;
    ptl_stats stats = PTL_STATS_INIT;
    ptl_bucket bucket = PTL_BUCKET_INIT;
    ptl_map_options plain = PTL_MAP_OPTIONS_INIT;
    plain.key_size = plain.value_size = PTL_WORD;
    ptl_map *sound = NULL;
    EXPECT(PTL_OK, ptl_map_new(&plain, &sound));

#define REFUSE(call) EXPECT(refusal, call)
    REFUSE(ptl_map_load(map, &word, 8, words, 8, &size));
    REFUSE(ptl_map_peek(map, &word, 8, words, 8, &size));
    REFUSE(ptl_map_store(map, &word, 8, &word, 8));
    REFUSE(ptl_map_load_or_store(map, &word, 8, &word, 8, words, 8, &size));
    REFUSE(ptl_map_load_and_delete(map, &word, 8, words, 8, &size));
    REFUSE(ptl_map_delete(map, &word, 8));
    REFUSE(ptl_map_swap(map, &word, 8, &word, 8, words, 8, &size));
    REFUSE(ptl_map_compare_and_swap(map, &word, 8, &word, 8, &word, 8));
    REFUSE(ptl_map_compare_and_delete(map, &word, 8, &word, 8));
    REFUSE(ptl_map_contains(map, &word, 8));
    REFUSE(ptl_map_add(map, &word, 8, 1, &number));
    REFUSE(ptl_map_update(map, &word, 8, never_asked, NULL));
    REFUSE(ptl_map_range(map, never, NULL));
    REFUSE(ptl_map_delete_if(map, never, NULL, &number));
    REFUSE(ptl_map_clear(map));
    REFUSE(ptl_map_len(map, &number));
    REFUSE(ptl_map_reserve(map, 100));
    REFUSE(ptl_map_shrink(map));
    REFUSE(ptl_map_clone(map, NULL, &copy));
    REFUSE(ptl_map_equal(map, sound));
    REFUSE(ptl_map_equal(sound, map));
    REFUSE(ptl_map_begin_scan(map, &number));
    REFUSE(ptl_map_scan(map, &cursor, 0, words, &size, NULL, words + 2, &other_size, NULL, &count));
    REFUSE(ptl_map_load_many(map, &word, NULL, 1, words, &values_size, NULL, statuses));
    if (refusal == PTL_E_CONCURRENT) /* this status is per key, and the key's value is the word 0 */
        CHECK(values_size == 8 && statuses[0] == PTL_E_CONCURRENT && words[0] == 0);
    else
        CHECK(values_size == 24 && statuses[0] == UNTOUCHED);
    REFUSE(ptl_map_store_many(map, &word, NULL, &word, NULL, 1, NULL));
    REFUSE(ptl_map_delete_many(map, &word, NULL, 1, NULL));
    REFUSE(ptl_map_load_u64(map, 1).status);
    REFUSE(ptl_map_peek_u64(map, 1).status);
    REFUSE(ptl_map_store_u64(map, 1, 1));
    REFUSE(ptl_map_load_or_store_u64(map, 1, 1).status);
    REFUSE(ptl_map_load_and_delete_u64(map, 1).status);
    REFUSE(ptl_map_delete_u64(map, 1));
    REFUSE(ptl_map_swap_u64(map, 1, 1).status);
    REFUSE(ptl_map_compare_and_swap_u64(map, 1, 1, 1));
    REFUSE(ptl_map_compare_and_delete_u64(map, 1, 1));
    REFUSE(ptl_map_contains_u64(map, 1));
    REFUSE(ptl_map_add_u64(map, 1, 1).status);
    REFUSE(ptl_map_scan_u64(map, &cursor, 0, words, words + 2, &count));
    REFUSE(ptl_map_load_many_u64(map, &word, 1, words, statuses));
    REFUSE(ptl_map_store_many_u64(map, &word, &word, 1, NULL));
    REFUSE(ptl_map_delete_many_u64(map, &word, 1, NULL));
    REFUSE(ptl_map_stats(map, &stats));
    REFUSE(ptl_map_inspect(map, 0, 0, 0, &bucket));

    CHECK(answers(ptl_map_load_u64(map, 1), refusal, 0) && answers(ptl_map_swap_u64(map, 1, 1), refusal, 0));
    CHECK(cursor == 0 && size == 8 && other_size == 8 && count == 1 && number == UNTOUCHED && copy == before);
    CHECK(stats.buckets == 0 && bucket.table_buckets == 0);
    EXPECT(PTL_OK, ptl_map_release(sound));
}

#endif
