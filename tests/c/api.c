/* The calls on one key, for every kind and every type of key and value, with every status that their
 * comments name. Handles that must be refused are in handles.c, failing allocations in faults.c. */
#include "check.h"

static void test_load(void)
{
    ptl_map *map = new_map();
    unsigned char buffer[LONGEST];
    size_t size = UNTOUCHED;
    EXPECT(PTL_NOT_FOUND, ptl_map_load(map, K(3), buffer, sizeof buffer, &size));
    CHECK(size == UNTOUCHED);
    fill_map(map, 0, 20);
    for (unsigned i = 0; i < 20; i++) {
        CHECK(holds(map, i, i));
        memset(buffer, UNTOUCHED, sizeof buffer);
        EXPECT(PTL_OK, ptl_map_load(map, K(i), buffer, value(i).size, &size)); /* exactly enough */
        CHECK(size == value(i).size && buffer[size] == UNTOUCHED);
        EXPECT(PTL_OK, ptl_map_load(map, K(i), buffer, ABSURD, &size));
    }
    EXPECT(PTL_OK, ptl_map_load(map, K(3), buffer, sizeof buffer, NULL));

    size = UNTOUCHED;
    EXPECT(PTL_E_BUFFER, ptl_map_load(map, K(3), buffer, value(3).size - 1, &size));
    CHECK(size == value(3).size);
    size = UNTOUCHED;
    EXPECT(PTL_E_BUFFER, ptl_map_load(map, K(3), NULL, 0, &size));
    CHECK(size == value(3).size);
    EXPECT(PTL_E_BUFFER, ptl_map_load(map, K(3), NULL, 0, NULL));

    size = UNTOUCHED;
    EXPECT(PTL_E_NULL, ptl_map_load(map, NULL, 8, buffer, sizeof buffer, &size));
    EXPECT(PTL_E_NULL, ptl_map_load(map, K(3), NULL, 8, &size));
    EXPECT(PTL_E_SIZE, ptl_map_load(map, buffer, TOO_LONG, buffer, sizeof buffer, &size));
    EXPECT(PTL_E_SIZE, ptl_map_load(map, NULL, ABSURD, buffer, sizeof buffer, &size));
    if (shape.key_size == PTL_WORD) {
        EXPECT(PTL_E_SIZE, ptl_map_load(map, buffer, 7, buffer, sizeof buffer, &size));
        EXPECT(PTL_E_SIZE, ptl_map_load(map, NULL, 0, buffer, sizeof buffer, &size));
    } else {
        EXPECT(PTL_OK, ptl_map_load(map, NULL, 0, buffer, sizeof buffer, NULL)); /* key number 0 is empty */
    }
    CHECK(size == UNTOUCHED);
    EXPECT(PTL_OK, ptl_map_release(map));
}

static int32_t visit(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    (void)k, (void)k_size, (void)v, (void)v_size, (void)user;
    return 1;
}

static void test_peek(void)
{
    ptl_map *map = new_map();
    unsigned char buffer[LONGEST];
    size_t size = UNTOUCHED;
    EXPECT(PTL_NOT_FOUND, ptl_map_peek(map, K(3), buffer, sizeof buffer, &size));
    fill_map(map, 0, 1000); /* some lie in overflow buckets, for which peek need not wait */
    if (shape.kind == PTL_MAP_READ_DIRTY) {
        EXPECT(PTL_E_BUSY, ptl_map_peek(map, K(3), buffer, sizeof buffer, &size)); /* it may be in the dirty map */
        EXPECT(PTL_E_BUSY, ptl_map_peek(map, K(1000), buffer, sizeof buffer, &size));
        EXPECT(PTL_OK, ptl_map_range(map, visit, NULL)); /* promotes the dirty map */
    }
    CHECK(size == UNTOUCHED);
    for (unsigned i = 0; i < 1000; i++) {
        EXPECT(PTL_OK, ptl_map_peek(map, K(i), buffer, value(i).size, &size)); /* exactly enough */
        CHECK(size == value(i).size && memcmp(buffer, V(i)) == 0);
    }
    EXPECT(PTL_OK, ptl_map_peek(map, K(3), buffer, sizeof buffer, NULL));

    size = UNTOUCHED;
    EXPECT(PTL_NOT_FOUND, ptl_map_peek(map, K(1000), buffer, sizeof buffer, &size));
    EXPECT(PTL_E_NULL, ptl_map_peek(map, NULL, 8, buffer, sizeof buffer, &size));
    EXPECT(PTL_E_NULL, ptl_map_peek(map, K(3), NULL, 8, &size));
    EXPECT(PTL_E_SIZE, ptl_map_peek(map, buffer, TOO_LONG, buffer, sizeof buffer, &size));
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_peek(map, buffer, 7, buffer, sizeof buffer, &size));
    CHECK(size == UNTOUCHED);
    EXPECT(PTL_E_BUFFER, ptl_map_peek(map, K(3), buffer, value(3).size - 1, &size));
    CHECK(size == value(3).size);
    EXPECT(PTL_OK, ptl_map_delete(map, K(3)));
    EXPECT(PTL_NOT_FOUND, ptl_map_peek(map, K(3), buffer, sizeof buffer, &size));
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_store(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    EXPECT(PTL_OK, ptl_map_store(map, K(1), V(1)));
    CHECK(holds(map, 1, 1));
    EXPECT(PTL_OK, ptl_map_store(map, K(1), V(2))); /* overwrites */
    EXPECT(PTL_OK, ptl_map_store(map, K(0), V(0)));
    CHECK(holds(map, 1, 2) && holds(map, 0, 0) && has_len(map, 2));

    unsigned char byte = 0;
    EXPECT(PTL_E_NULL, ptl_map_store(map, NULL, 8, V(1)));
    EXPECT(PTL_E_NULL, ptl_map_store(map, K(1), NULL, 8));
    EXPECT(PTL_E_SIZE, ptl_map_store(map, &byte, TOO_LONG, V(1)));
    EXPECT(PTL_E_SIZE, ptl_map_store(map, K(1), &byte, TOO_LONG));
    EXPECT(PTL_E_SIZE, ptl_map_store(map, K(1), &byte, ABSURD));
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_store(map, "1234567", 7, V(1)));
    if (shape.value_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_store(map, K(1), "123456789", 9));
    CHECK(holds(map, 1, 2) && holds(map, 0, 0) && has_len(map, 2));

    fail_allocations(&own, 1, 1);
    UNTIL(PTL_E_MEMORY, ptl_map_store(map, K(i), V(i)), 2, ITEMS);
    uint64_t len = 0;
    EXPECT(PTL_OK, ptl_map_len(map, &len));
    for (unsigned i = 2; i < ITEMS; i++)
        CHECK(i < len ? holds(map, i, i) : ptl_map_contains(map, K(i)) == PTL_NOT_FOUND);
    fail_allocations(&own, 0, 0);
    EXPECT(PTL_OK, ptl_map_store(map, K(ITEMS - 1), V(3)));
    CHECK(holds(map, ITEMS - 1, 3));
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

static void test_load_or_store(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    unsigned char buffer[LONGEST];
    size_t size = UNTOUCHED;
    EXPECT(PTL_OK, ptl_map_load_or_store(map, K(5), V(5), NULL, 0, &size)); /* an existing value needs a buffer */
    CHECK(size == UNTOUCHED && holds(map, 5, 5));
    EXPECT(PTL_LOADED, ptl_map_load_or_store(map, K(5), V(6), buffer, sizeof buffer, &size));
    CHECK(size == value(5).size && memcmp(buffer, V(5)) == 0 && holds(map, 5, 5));
    EXPECT(PTL_LOADED, ptl_map_load_or_store(map, K(5), V(6), buffer, sizeof buffer, NULL));

    size = UNTOUCHED;
    EXPECT(PTL_E_BUFFER, ptl_map_load_or_store(map, K(5), V(6), buffer, value(5).size - 1, &size));
    CHECK(size == value(5).size && holds(map, 5, 5) && has_len(map, 1));

    size = UNTOUCHED;
    EXPECT(PTL_E_NULL, ptl_map_load_or_store(map, NULL, 8, V(6), buffer, sizeof buffer, &size));
    EXPECT(PTL_E_NULL, ptl_map_load_or_store(map, K(5), NULL, 8, buffer, sizeof buffer, &size));
    EXPECT(PTL_E_NULL, ptl_map_load_or_store(map, K(5), V(6), NULL, 8, &size));
    EXPECT(PTL_E_SIZE, ptl_map_load_or_store(map, buffer, TOO_LONG, V(6), buffer, sizeof buffer, &size));
    EXPECT(PTL_E_SIZE, ptl_map_load_or_store(map, K(5), buffer, TOO_LONG, buffer, sizeof buffer, &size));
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_load_or_store(map, "", 0, V(6), buffer, sizeof buffer, &size));
    if (shape.value_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_load_or_store(map, K(6), "", 0, buffer, sizeof buffer, &size));
    CHECK(size == UNTOUCHED && holds(map, 5, 5) && has_len(map, 1));

    fail_allocations(&own, 1, 1);
    UNTIL(PTL_E_MEMORY, ptl_map_load_or_store(map, K(i), V(i), buffer, sizeof buffer, NULL), 6, ITEMS);
    fail_allocations(&own, 0, 0);
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

static void test_load_and_delete(void)
{
    ptl_map *map = new_map();
    unsigned char buffer[LONGEST];
    size_t size = UNTOUCHED;
    EXPECT(PTL_NOT_FOUND, ptl_map_load_and_delete(map, K(4), buffer, sizeof buffer, &size));
    CHECK(size == UNTOUCHED);
    fill_map(map, 0, 10);

    EXPECT(PTL_E_BUFFER, ptl_map_load_and_delete(map, K(4), buffer, value(4).size - 1, &size));
    CHECK(size == value(4).size && holds(map, 4, 4) && has_len(map, 10));
    size = UNTOUCHED;
    EXPECT(PTL_E_NULL, ptl_map_load_and_delete(map, NULL, 8, buffer, sizeof buffer, &size));
    EXPECT(PTL_E_NULL, ptl_map_load_and_delete(map, K(4), NULL, 8, &size));
    EXPECT(PTL_E_SIZE, ptl_map_load_and_delete(map, buffer, TOO_LONG, buffer, sizeof buffer, &size));
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_load_and_delete(map, buffer, 9, buffer, sizeof buffer, &size));
    CHECK(size == UNTOUCHED && has_len(map, 10));

    EXPECT(PTL_OK, ptl_map_load_and_delete(map, K(4), buffer, sizeof buffer, &size));
    CHECK(size == value(4).size && memcmp(buffer, V(4)) == 0 && has_len(map, 9));
    EXPECT(PTL_NOT_FOUND, ptl_map_load_and_delete(map, K(4), buffer, sizeof buffer, &size));
    EXPECT(PTL_OK, ptl_map_load_and_delete(map, K(5), buffer, sizeof buffer, NULL));
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_delete(void)
{
    ptl_map *map = new_map();
    fill_map(map, 0, 10);
    EXPECT(PTL_OK, ptl_map_delete(map, K(4)));
    EXPECT(PTL_NOT_FOUND, ptl_map_delete(map, K(4)));
    EXPECT(PTL_E_NULL, ptl_map_delete(map, NULL, 8));
    EXPECT(PTL_E_SIZE, ptl_map_delete(map, "", TOO_LONG));
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_delete(map, "", 0));
    CHECK(has_len(map, 9));
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_swap(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    unsigned char buffer[LONGEST];
    size_t size = UNTOUCHED;
    EXPECT(PTL_OK, ptl_map_swap(map, K(5), V(5), NULL, 0, &size));
    CHECK(size == UNTOUCHED && holds(map, 5, 5));
    EXPECT(PTL_LOADED, ptl_map_swap(map, K(5), V(6), buffer, sizeof buffer, &size));
    CHECK(size == value(5).size && memcmp(buffer, V(5)) == 0 && holds(map, 5, 6));
    EXPECT(PTL_LOADED, ptl_map_swap(map, K(5), V(7), buffer, sizeof buffer, NULL));

    EXPECT(PTL_E_BUFFER, ptl_map_swap(map, K(5), V(8), buffer, value(7).size - 1, &size));
    CHECK(size == value(7).size && holds(map, 5, 7) && has_len(map, 1));
    size = UNTOUCHED;
    EXPECT(PTL_E_NULL, ptl_map_swap(map, NULL, 8, V(8), buffer, sizeof buffer, &size));
    EXPECT(PTL_E_NULL, ptl_map_swap(map, K(5), NULL, 8, buffer, sizeof buffer, &size));
    EXPECT(PTL_E_NULL, ptl_map_swap(map, K(5), V(8), NULL, 8, &size));
    EXPECT(PTL_E_SIZE, ptl_map_swap(map, buffer, TOO_LONG, V(8), buffer, sizeof buffer, &size));
    EXPECT(PTL_E_SIZE, ptl_map_swap(map, K(5), buffer, TOO_LONG, buffer, sizeof buffer, &size));
    if (shape.value_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_swap(map, K(5), buffer, 9, buffer, sizeof buffer, &size));
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_swap(map, buffer, 9, V(8), buffer, sizeof buffer, &size));
    CHECK(size == UNTOUCHED && holds(map, 5, 7) && has_len(map, 1));

    fail_allocations(&own, 1, 1);
    UNTIL(PTL_E_MEMORY, ptl_map_swap(map, K(i), V(i), buffer, sizeof buffer, NULL), 6, ITEMS);
    fail_allocations(&own, 0, 0);
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

static void test_compare_and_swap(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    EXPECT(PTL_NOT_FOUND, ptl_map_compare_and_swap(map, K(1), V(1), V(2)));
    EXPECT(PTL_OK, ptl_map_store(map, K(1), V(1)));
    EXPECT(PTL_MISMATCH, ptl_map_compare_and_swap(map, K(1), V(2), V(3)));
    CHECK(holds(map, 1, 1));
    EXPECT(PTL_OK, ptl_map_compare_and_swap(map, K(1), V(1), V(2)));
    CHECK(holds(map, 1, 2));

    EXPECT(PTL_E_NULL, ptl_map_compare_and_swap(map, NULL, 8, V(2), V(3)));
    EXPECT(PTL_E_NULL, ptl_map_compare_and_swap(map, K(1), NULL, 8, V(3)));
    EXPECT(PTL_E_NULL, ptl_map_compare_and_swap(map, K(1), V(2), NULL, 8));
    EXPECT(PTL_E_SIZE, ptl_map_compare_and_swap(map, "", TOO_LONG, V(2), V(3)));
    EXPECT(PTL_E_SIZE, ptl_map_compare_and_swap(map, K(1), "", TOO_LONG, V(3)));
    EXPECT(PTL_E_SIZE, ptl_map_compare_and_swap(map, K(1), V(2), "", TOO_LONG));
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_compare_and_swap(map, "", 0, V(2), V(3)));
    if (shape.value_size == PTL_WORD) {
        EXPECT(PTL_E_SIZE, ptl_map_compare_and_swap(map, K(1), "", 0, V(3)));
        EXPECT(PTL_E_SIZE, ptl_map_compare_and_swap(map, K(1), V(2), "", 0));
    }
    CHECK(holds(map, 1, 2) && has_len(map, 1));

    if (shape.value_size == PTL_BYTES) {
        for (unsigned i = 2; i < ITEMS; i++)
            EXPECT(PTL_OK, ptl_map_store(map, K(i), V(0)));
        fail_allocations(&own, 1, 1);
        UNTIL(PTL_E_MEMORY, ptl_map_compare_and_swap(map, K(i), V(0), V(i)), 2, ITEMS);
        CHECK(holds(map, ITEMS - 1, 0));
        fail_allocations(&own, 0, 0);
    }
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

static void test_compare_and_delete(void)
{
    ptl_map *map = new_map();
    EXPECT(PTL_NOT_FOUND, ptl_map_compare_and_delete(map, K(1), V(1)));
    EXPECT(PTL_OK, ptl_map_store(map, K(1), V(1)));
    EXPECT(PTL_MISMATCH, ptl_map_compare_and_delete(map, K(1), V(2)));
    EXPECT(PTL_E_NULL, ptl_map_compare_and_delete(map, NULL, 8, V(1)));
    EXPECT(PTL_E_NULL, ptl_map_compare_and_delete(map, K(1), NULL, 8));
    EXPECT(PTL_E_SIZE, ptl_map_compare_and_delete(map, "", TOO_LONG, V(1)));
    EXPECT(PTL_E_SIZE, ptl_map_compare_and_delete(map, K(1), "", TOO_LONG));
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_compare_and_delete(map, "", 0, V(1)));
    if (shape.value_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_compare_and_delete(map, K(1), "", 0));
    CHECK(holds(map, 1, 1) && has_len(map, 1));
    EXPECT(PTL_OK, ptl_map_compare_and_delete(map, K(1), V(1)));
    EXPECT(PTL_NOT_FOUND, ptl_map_compare_and_delete(map, K(1), V(1)));
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_contains(void)
{
    ptl_map *map = new_map();
    EXPECT(PTL_NOT_FOUND, ptl_map_contains(map, K(1)));
    EXPECT(PTL_OK, ptl_map_store(map, K(1), V(1)));
    EXPECT(PTL_OK, ptl_map_contains(map, K(1)));
    EXPECT(PTL_E_NULL, ptl_map_contains(map, NULL, 8));
    EXPECT(PTL_E_SIZE, ptl_map_contains(map, "", TOO_LONG));
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_contains(map, "", 0));
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_add(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    uint64_t sum = UNTOUCHED;
    EXPECT(PTL_E_NULL, ptl_map_add(map, NULL, 8, 1, &sum));
    EXPECT(PTL_E_SIZE, ptl_map_add(map, "", TOO_LONG, 1, &sum));
    if (shape.value_size == PTL_BYTES) {
        EXPECT(PTL_E_TYPE, ptl_map_add(map, K(1), 1, &sum));
        CHECK(sum == UNTOUCHED && has_len(map, 0));
        EXPECT(PTL_OK, ptl_map_release(map));
        return;
    }
    if (shape.key_size == PTL_WORD)
        EXPECT(PTL_E_SIZE, ptl_map_add(map, "", 0, 1, &sum));
    CHECK(sum == UNTOUCHED && has_len(map, 0));
    EXPECT(PTL_OK, ptl_map_add(map, K(1), 5, &sum));
    CHECK(sum == 5);
    EXPECT(PTL_OK, ptl_map_add(map, K(1), UINT64_MAX, &sum)); /* adds -1 */
    CHECK(sum == 4 && has_len(map, 1));
    EXPECT(PTL_OK, ptl_map_add(map, K(1), 3, NULL));
    EXPECT(PTL_OK, ptl_map_add(map, K(1), 0, &sum));
    CHECK(sum == 7);
    fail_allocations(&own, 1, 1);
    UNTIL(PTL_E_MEMORY, ptl_map_add(map, K(i), i, &sum), 2, ITEMS);
    fail_allocations(&own, 0, 0);
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

/* Words, passed by value. */

static void test_other_types_u64(ptl_map *map)
{
    uint64_t cursor = 0, words[2] = {1, 2}, values[2];
    size_t count = 2;
    ptl_status statuses[2];
    EXPECT(PTL_E_TYPE, ptl_map_load_u64(map, 1).status);
    EXPECT(PTL_E_TYPE, ptl_map_peek_u64(map, 1).status);
    EXPECT(PTL_E_TYPE, ptl_map_store_u64(map, 1, 1));
    EXPECT(PTL_E_TYPE, ptl_map_load_or_store_u64(map, 1, 1).status);
    EXPECT(PTL_E_TYPE, ptl_map_load_and_delete_u64(map, 1).status);
    EXPECT(PTL_E_TYPE, ptl_map_delete_u64(map, 1));
    EXPECT(PTL_E_TYPE, ptl_map_swap_u64(map, 1, 1).status);
    EXPECT(PTL_E_TYPE, ptl_map_compare_and_swap_u64(map, 1, 1, 1));
    EXPECT(PTL_E_TYPE, ptl_map_compare_and_delete_u64(map, 1, 1));
    EXPECT(PTL_E_TYPE, ptl_map_add_u64(map, 1, 1).status);
    EXPECT(PTL_E_TYPE, ptl_map_scan_u64(map, &cursor, 0, words, values, &count));
    EXPECT(PTL_E_TYPE, ptl_map_load_many_u64(map, words, 2, values, statuses));
    EXPECT(PTL_E_TYPE, ptl_map_store_many_u64(map, words, words, 2, statuses));
    EXPECT(PTL_E_TYPE, ptl_map_delete_many_u64(map, words, 2, statuses));
    CHECK(answers(ptl_map_load_u64(map, 1), PTL_E_TYPE, 0) && cursor == 0 && count == 2 && has_len(map, 0));
    if (shape.key_size == PTL_WORD) {
        EXPECT(PTL_NOT_FOUND, ptl_map_contains_u64(map, key_word(1)));
        EXPECT(PTL_OK, ptl_map_store(map, K(1), V(1)));
        EXPECT(PTL_OK, ptl_map_contains_u64(map, key_word(1)));
    } else {
        EXPECT(PTL_E_TYPE, ptl_map_contains_u64(map, 1));
    }
}

static void test_u64(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    if (!words_to_words()) {
        test_other_types_u64(map);
        EXPECT(PTL_OK, ptl_map_release(map));
        return;
    }
    EXPECT(PTL_NOT_FOUND, ptl_map_load_u64(map, 1).status);
    EXPECT(PTL_NOT_FOUND, ptl_map_peek_u64(map, 1).status);
    EXPECT(PTL_NOT_FOUND, ptl_map_load_and_delete_u64(map, 1).status);
    EXPECT(PTL_NOT_FOUND, ptl_map_delete_u64(map, 1));
    EXPECT(PTL_NOT_FOUND, ptl_map_compare_and_swap_u64(map, 1, 0, 1));
    EXPECT(PTL_NOT_FOUND, ptl_map_compare_and_delete_u64(map, 1, 0));
    EXPECT(PTL_NOT_FOUND, ptl_map_contains_u64(map, 1));
    CHECK(answers(ptl_map_load_u64(map, 1), PTL_NOT_FOUND, 0) && has_len(map, 0));

    EXPECT(PTL_OK, ptl_map_store_u64(map, 1, 10));
    EXPECT(shape.kind == PTL_MAP_READ_DIRTY ? PTL_E_BUSY : PTL_OK, ptl_map_peek_u64(map, 1).status);
    EXPECT(PTL_OK, ptl_map_load_u64(map, 1).status);
    EXPECT(PTL_OK, ptl_map_range(map, visit, NULL)); /* promotes, so the keys are in the read map */
    EXPECT(PTL_OK, ptl_map_peek_u64(map, 1).status);
    CHECK(answers(ptl_map_peek_u64(map, 1), PTL_OK, 10) && answers(ptl_map_peek_u64(map, 99), PTL_NOT_FOUND, 0));
    CHECK(answers(ptl_map_load_u64(map, 1), PTL_OK, 10));
    EXPECT(PTL_LOADED, ptl_map_load_or_store_u64(map, 1, 11).status);
    CHECK(answers(ptl_map_load_or_store_u64(map, 1, 11), PTL_LOADED, 10));
    EXPECT(PTL_OK, ptl_map_load_or_store_u64(map, 2, 20).status);
    CHECK(answers(ptl_map_load_or_store_u64(map, 3, 30), PTL_OK, 30) && has_len(map, 3));
    EXPECT(PTL_LOADED, ptl_map_swap_u64(map, 2, 21).status);
    CHECK(answers(ptl_map_swap_u64(map, 2, 22), PTL_LOADED, 21));
    EXPECT(PTL_OK, ptl_map_swap_u64(map, 4, 40).status);
    CHECK(answers(ptl_map_swap_u64(map, 5, 50), PTL_OK, 0));
    EXPECT(PTL_MISMATCH, ptl_map_compare_and_swap_u64(map, 4, 0, 41));
    EXPECT(PTL_OK, ptl_map_compare_and_swap_u64(map, 4, 40, 41));
    EXPECT(PTL_MISMATCH, ptl_map_compare_and_delete_u64(map, 4, 40));
    EXPECT(PTL_OK, ptl_map_compare_and_delete_u64(map, 4, 41));
    EXPECT(PTL_OK, ptl_map_contains_u64(map, 5));
    EXPECT(PTL_OK, ptl_map_load_and_delete_u64(map, 5).status);
    CHECK(answers(ptl_map_load_and_delete_u64(map, 3), PTL_OK, 30));
    EXPECT(PTL_OK, ptl_map_delete_u64(map, 2));
    CHECK(has_len(map, 1));
    EXPECT(PTL_OK, ptl_map_add_u64(map, 9, 1).status);
    CHECK(answers(ptl_map_add_u64(map, 9, UINT64_MAX), PTL_OK, 0));
    CHECK(answers(ptl_map_add_u64(map, 9, UINT64_MAX), PTL_OK, UINT64_MAX));

    /* Calls that may allocate, repeated until memory runs out. The key of the failed call is missing. */
    fail_allocations(&own, 1, 1);
    UNTIL(PTL_E_MEMORY, ptl_map_store_u64(map, i, i), 100, 1000000);
    UNTIL(PTL_E_MEMORY, ptl_map_load_or_store_u64(map, i, i).status, 1100000, 2000000);
    UNTIL(PTL_E_MEMORY, ptl_map_swap_u64(map, i, i).status, 2100000, 3000000);
    UNTIL(PTL_E_MEMORY, ptl_map_add_u64(map, i, i).status, 3100000, 4000000);
    for (uint64_t i = 4000000; ; i++) {
        ptl_u64 answer = ptl_map_swap_u64(map, i, 1);
        if (answer.status == PTL_OK)
            continue;
        CHECK(answers(answer, PTL_E_MEMORY, 0) && ptl_map_contains_u64(map, i) == PTL_NOT_FOUND);
        break;
    }
    fail_allocations(&own, 0, 0);
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

int main(void)
{
    make_items();
    run_for_all(test_load, "load");
    run_for_all(test_peek, "peek");
    run_for_all(test_store, "store");
    run_for_all(test_load_or_store, "load_or_store");
    run_for_all(test_load_and_delete, "load_and_delete");
    run_for_all(test_delete, "delete");
    run_for_all(test_swap, "swap");
    run_for_all(test_compare_and_swap, "compare_and_swap");
    run_for_all(test_compare_and_delete, "compare_and_delete");
    run_for_all(test_contains, "contains");
    run_for_all(test_add, "add");
    run_for_all(test_u64, "the calls ending in _u64");
    return summary();
}
