/* The calls on many keys, for every kind and every type of key and value, with every status that their
 * comments name. */
#include "check.h"

/* Writes keys or values from..to one after another, and the offset of each. */
static void lay_out(item (*nth_item)(unsigned), unsigned from, unsigned to, unsigned char *data, size_t *offsets)
{
    offsets[0] = 0;
    for (unsigned i = from; i < to; i++) {
        item one = nth_item(i);
        memcpy(data + offsets[i - from], one.data, one.size);
        offsets[i - from + 1] = offsets[i - from] + one.size;
    }
}

/* The offsets, or NULL for words, which need none. */
static const size_t *unless_words(uint64_t width, const size_t *offsets) { return width == PTL_WORD ? NULL : offsets; }

static void test_store_many(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    static unsigned char keys[BYTES], values[BYTES];
    size_t ko[ROOM + 1], vo[ROOM + 1];
    ptl_status statuses[ROOM];
    lay_out(key, 0, 50, keys, ko);
    lay_out(value, 0, 50, values, vo);
    EXPECT(PTL_OK, ptl_map_store_many(map, keys, ko, values, vo, 50, statuses));
    for (unsigned i = 0; i < 50; i++)
        CHECK(statuses[i] == PTL_OK && holds(map, i, i));
    EXPECT(PTL_OK, ptl_map_clear(map));
    EXPECT(PTL_OK, ptl_map_store_many(map, keys, unless_words(shape.key_size, ko), values, unless_words(shape.value_size, vo), 50, NULL));
    for (unsigned i = 0; i < 50; i++)
        CHECK(holds(map, i, i));
    EXPECT(PTL_OK, ptl_map_clear(map));
    EXPECT(PTL_OK, ptl_map_store_many(map, keys, ko + 10, values, vo + 10, 5, statuses)); /* five from the middle */
    CHECK(has_len(map, 5) && holds(map, 10, 10) && holds(map, 14, 14));
    EXPECT(PTL_OK, ptl_map_clear(map));
    EXPECT(PTL_OK, ptl_map_store_many(map, NULL, NULL, NULL, NULL, 0, NULL));

    EXPECT(PTL_E_NULL, ptl_map_store_many(map, NULL, ko, values, vo, 50, statuses));
    EXPECT(PTL_E_NULL, ptl_map_store_many(map, keys, ko, NULL, vo, 50, statuses));
    if (shape.key_size == PTL_BYTES)
        EXPECT(PTL_E_NULL, ptl_map_store_many(map, keys, NULL, values, vo, 50, statuses));
    if (shape.value_size == PTL_BYTES)
        EXPECT(PTL_E_NULL, ptl_map_store_many(map, keys, ko, values, NULL, 50, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, ko, values, vo, ABSURD, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, NULL, values, NULL, ABSURD / 8, statuses));
    const size_t descending[] = {0, 8, 4}, too_long[] = {0, TOO_LONG, TOO_LONG}, beyond[] = {0, 8, ABSURD};
    EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, descending, values, vo, 2, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, ko, values, descending, 2, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, too_long, values, vo, 2, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, ko, values, too_long, 2, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, beyond, values, vo, 2, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, ko, values, beyond, 2, statuses));
    CHECK(has_len(map, 0));

    const size_t uneven[] = {0, 8, 15, 23}; /* the second is not 8 bytes long */
    if (shape.key_size == PTL_WORD && shape.value_size == PTL_WORD) {
        EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, uneven, values, vo, 3, statuses));
        CHECK(statuses[0] == PTL_OK && statuses[1] == PTL_E_SIZE && statuses[2] == PTL_OK && has_len(map, 2));
        EXPECT(PTL_OK, ptl_map_clear(map));
        EXPECT(PTL_E_SIZE, ptl_map_store_many(map, keys, ko, values, uneven, 3, NULL));
        CHECK(has_len(map, 2));
        EXPECT(PTL_OK, ptl_map_clear(map));
    }

    /* Memory runs out: each status tells whether its key was stored. */
    fail_allocations(&own, 1, 1);
    unsigned from = 0;
    UNTIL(PTL_E_MEMORY, (from = 50 * i, lay_out(key, from, from + 50, keys, ko), lay_out(value, from, from + 50, values, vo),
                         ptl_map_store_many(map, keys, ko, values, vo, 50, statuses)), 0, ITEMS / 50);
    for (unsigned i = 0; i < 50; i++)
        CHECK(statuses[i] == PTL_OK ? holds(map, from + i, from + i)
                                    : statuses[i] == PTL_E_MEMORY && ptl_map_contains(map, K(from + i)) == PTL_NOT_FOUND);
    fail_allocations(&own, 0, 0);
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

static void test_load_many(void)
{
    ptl_map *map = new_map();
    static unsigned char keys[BYTES], values[BYTES];
    size_t ko[ROOM + 1], vo[ROOM + 1], size = BYTES, needed = 0;
    ptl_status statuses[ROOM];
    for (unsigned i = 0; i < 50; i += 2)
        EXPECT(PTL_OK, ptl_map_store(map, K(i), V(i)));
    lay_out(key, 0, 50, keys, ko);
    EXPECT(PTL_OK, ptl_map_load_many(map, keys, ko, 50, values, &size, vo, statuses));
    CHECK(vo[0] == 0 && size == vo[50]);
    for (unsigned i = 0; i < 50; i++) {
        size_t wanted = i & 1 ? shape.value_size : value(i).size; /* missing: no bytes, or the word 0 */
        static const uint64_t zero;
        CHECK(statuses[i] == (i & 1 ? PTL_NOT_FOUND : PTL_OK) && vo[i + 1] - vo[i] == wanted);
        CHECK(memcmp(values + vo[i], i & 1 ? &zero : value(i).data, wanted) == 0);
        needed += wanted;
    }
    CHECK(size == needed);
    EXPECT(PTL_OK, ptl_map_load_many(map, keys, unless_words(shape.key_size, ko), 50, values, &size, vo, statuses)); /* exactly enough */
    if (shape.value_size == PTL_WORD) {
        EXPECT(PTL_OK, ptl_map_load_many(map, keys, ko, 50, values, &size, NULL, statuses));
        CHECK(size == 400 && memcmp(values + 16, V(2)) == 0);
    } else {
        EXPECT(PTL_E_NULL, ptl_map_load_many(map, keys, ko, 50, values, &size, NULL, statuses));
    }
    size = needed - 1;
    EXPECT(PTL_E_BUFFER, ptl_map_load_many(map, keys, ko, 50, values, &size, vo, statuses));
    CHECK(size == needed);
    size = 0;
    EXPECT(PTL_E_BUFFER, ptl_map_load_many(map, keys, ko, 50, NULL, &size, vo, statuses));
    CHECK(size == needed && has_len(map, 25));
    size = 0;
    EXPECT(PTL_OK, ptl_map_load_many(map, NULL, NULL, 0, NULL, &size, NULL, NULL));
    CHECK(size == 0);

    size = BYTES;
    EXPECT(PTL_E_NULL, ptl_map_load_many(map, NULL, ko, 50, values, &size, vo, statuses));
    EXPECT(PTL_E_NULL, ptl_map_load_many(map, keys, ko, 50, NULL, &size, vo, statuses));
    EXPECT(PTL_E_NULL, ptl_map_load_many(map, keys, ko, 50, values, NULL, vo, statuses));
    EXPECT(PTL_E_NULL, ptl_map_load_many(map, keys, ko, 50, values, &size, vo, NULL));
    if (shape.key_size == PTL_BYTES)
        EXPECT(PTL_E_NULL, ptl_map_load_many(map, keys, NULL, 50, values, &size, vo, statuses));
    const size_t descending[] = {0, 8, 4}, too_long[] = {0, TOO_LONG, TOO_LONG};
    EXPECT(PTL_E_SIZE, ptl_map_load_many(map, keys, descending, 2, values, &size, vo, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_load_many(map, keys, too_long, 2, values, &size, vo, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_load_many(map, keys, ko, ABSURD, values, &size, vo, statuses));
    CHECK(size == BYTES);
    if (shape.key_size == PTL_WORD) {
        const size_t uneven[] = {0, 8, 15};
        EXPECT(PTL_E_SIZE, ptl_map_load_many(map, keys, uneven, 2, values, &size, vo, statuses));
        CHECK(statuses[0] == PTL_OK && statuses[1] == PTL_E_SIZE && size == vo[2] && vo[1] == value(0).size);
    }
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_delete_many(void)
{
    ptl_map *map = new_map();
    static unsigned char keys[BYTES];
    size_t ko[ROOM + 1];
    ptl_status statuses[ROOM];
    fill_map(map, 10, 60);
    lay_out(key, 0, 50, keys, ko);

    EXPECT(PTL_E_NULL, ptl_map_delete_many(map, NULL, ko, 50, statuses));
    if (shape.key_size == PTL_BYTES)
        EXPECT(PTL_E_NULL, ptl_map_delete_many(map, keys, NULL, 50, statuses));
    const size_t descending[] = {0, 8, 4}, too_long[] = {0, TOO_LONG, TOO_LONG};
    EXPECT(PTL_E_SIZE, ptl_map_delete_many(map, keys, descending, 2, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_delete_many(map, keys, too_long, 2, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_delete_many(map, keys, ko, ABSURD, statuses));
    CHECK(has_len(map, 50));
    if (shape.key_size == PTL_WORD) {
        const size_t uneven[] = {0, 8, 15};
        EXPECT(PTL_E_SIZE, ptl_map_delete_many(map, keys, uneven, 2, statuses));
        CHECK(statuses[0] == PTL_NOT_FOUND && statuses[1] == PTL_E_SIZE);
    }
    EXPECT(PTL_OK, ptl_map_delete_many(map, keys, unless_words(shape.key_size, ko), 50, statuses));
    for (unsigned i = 0; i < 50; i++)
        CHECK(statuses[i] == (i < 10 ? PTL_NOT_FOUND : PTL_OK));
    CHECK(has_len(map, 10));
    EXPECT(PTL_OK, ptl_map_delete_many(map, keys, ko, 50, NULL));
    EXPECT(PTL_OK, ptl_map_delete_many(map, NULL, NULL, 0, NULL));
    CHECK(has_len(map, 10));
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void count_up(uint64_t *words, uint64_t from)
{
    for (unsigned i = 0; i < ROOM; i++)
        words[i] = from + i;
}

static void test_batches_u64(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    uint64_t keys[ROOM], values[ROOM], loaded[ROOM];
    ptl_status statuses[ROOM];
    count_up(keys, 0);
    count_up(values, 1);
    EXPECT(PTL_OK, ptl_map_store_many_u64(map, keys, values, ROOM / 2, statuses));
    EXPECT(PTL_OK, ptl_map_store_many_u64(map, keys, values, ROOM / 2, NULL));
    EXPECT(PTL_OK, ptl_map_load_many_u64(map, keys, ROOM, loaded, statuses));
    for (unsigned i = 0; i < ROOM; i++)
        CHECK(i < ROOM / 2 ? statuses[i] == PTL_OK && loaded[i] == i + 1 : statuses[i] == PTL_NOT_FOUND && loaded[i] == 0);

    EXPECT(PTL_E_NULL, ptl_map_load_many_u64(map, NULL, 2, loaded, statuses));
    EXPECT(PTL_E_NULL, ptl_map_load_many_u64(map, keys, 2, NULL, statuses));
    EXPECT(PTL_E_NULL, ptl_map_load_many_u64(map, keys, 2, loaded, NULL));
    EXPECT(PTL_E_SIZE, ptl_map_load_many_u64(map, keys, ABSURD, loaded, statuses));
    EXPECT(PTL_E_NULL, ptl_map_store_many_u64(map, NULL, values, 2, statuses));
    EXPECT(PTL_E_NULL, ptl_map_store_many_u64(map, keys, NULL, 2, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_store_many_u64(map, keys, values, ABSURD / 8, statuses));
    EXPECT(PTL_E_NULL, ptl_map_delete_many_u64(map, NULL, 2, statuses));
    EXPECT(PTL_E_SIZE, ptl_map_delete_many_u64(map, keys, ABSURD, statuses));
    EXPECT(PTL_OK, ptl_map_load_many_u64(map, NULL, 0, NULL, NULL));
    EXPECT(PTL_OK, ptl_map_store_many_u64(map, NULL, NULL, 0, NULL));
    EXPECT(PTL_OK, ptl_map_delete_many_u64(map, NULL, 0, NULL));
    CHECK(has_len(map, ROOM / 2));

    EXPECT(PTL_OK, ptl_map_delete_many_u64(map, keys + 16, ROOM - 16, statuses));
    for (unsigned i = 0; i < ROOM - 16; i++)
        CHECK(statuses[i] == (i < ROOM / 2 - 16 ? PTL_OK : PTL_NOT_FOUND));
    EXPECT(PTL_OK, ptl_map_delete_many_u64(map, keys, 1, NULL));
    CHECK(has_len(map, 15));

    fail_allocations(&own, 1, 1);
    UNTIL(PTL_E_MEMORY, (count_up(keys, 1000 + ROOM * i), ptl_map_store_many_u64(map, keys, values, ROOM, statuses)), 0, 10000);
    for (unsigned i = 0; i < ROOM; i++)
        CHECK(statuses[i] == PTL_OK ? answers(ptl_map_load_u64(map, keys[i]), PTL_OK, values[i])
                                    : statuses[i] == PTL_E_MEMORY && ptl_map_contains_u64(map, keys[i]) == PTL_NOT_FOUND);
    fail_allocations(&own, 0, 0);
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

int main(void)
{
    make_items();
    run_for_all(test_store_many, "store_many");
    run_for_all(test_load_many, "load_many");
    run_for_all(test_delete_many, "delete_many");
    run_for_words(test_batches_u64, "store_many_u64, load_many_u64, delete_many_u64");
    return summary();
}
