/* The calls on a whole map, for every kind and every type of key and value, with every status that their
 * comments name. */
#include "check.h"

typedef struct {
    ptl_map *map;
    unsigned calls, stop_after;
    unsigned char seen[ITEMS];
    int wrong, busy;
} visitor;

/* Checks that each entry is visited once, and calls the map from the callback. */
static int32_t visit_entry(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    visitor *own = user;
    unsigned i = number_of(k, k_size);
    if (i == ITEMS || own->seen[i]++ || v_size != value(i).size || memcmp(v, value(i).data, v_size) != 0)
        own->wrong = 1;
    if (own->busy) {
        CHECK(holds(own->map, i, i));
        EXPECT(PTL_OK, ptl_map_store(own->map, K(i), V(i)));
        EXPECT(PTL_OK, ptl_map_store(own->map, K(3000), V(0)));
        EXPECT(PTL_OK, ptl_map_delete(own->map, K(3000)));
    }
    return ++own->calls != own->stop_after;
}

static void test_range(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    visitor all = {.map = map}, some = {.map = map, .stop_after = 3}, busy = {.map = map, .busy = 1};
    EXPECT(PTL_OK, ptl_map_range(map, visit_entry, &all));
    CHECK(all.calls == 0);
    fill_map(map, 0, 100);
    EXPECT(PTL_OK, ptl_map_range(map, visit_entry, &all));
    CHECK(all.calls == 100 && !all.wrong);
    EXPECT(PTL_DONE, ptl_map_range(map, visit_entry, &some));
    CHECK(some.calls == 3 && !some.wrong);
    EXPECT(PTL_OK, ptl_map_range(map, visit_entry, &busy));
    for (unsigned i = 0; i < 100; i++)
        CHECK(busy.seen[i] == 1);
    EXPECT(PTL_E_NULL, ptl_map_range(map, NULL, &all));
    fail_allocations(&own, 1, 1);
    EXPECT(PTL_E_MEMORY, ptl_map_range(map, visit_entry, &all));
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

static int32_t is_odd(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    (void)v, (void)v_size, (void)user;
    return (int32_t)(number_of(k, k_size) & 1);
}

static void test_delete_if(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    uint64_t deleted = UNTOUCHED;
    EXPECT(PTL_E_NULL, ptl_map_delete_if(map, NULL, NULL, &deleted));
    CHECK(deleted == UNTOUCHED);
    EXPECT(PTL_OK, ptl_map_delete_if(map, is_odd, NULL, &deleted));
    CHECK(deleted == 0);
    fill_map(map, 0, 101);
    EXPECT(PTL_OK, ptl_map_delete_if(map, is_odd, NULL, &deleted));
    CHECK(deleted == 50 && has_len(map, 51));
    for (unsigned i = 0; i < 101; i++)
        CHECK(ptl_map_contains(map, K(i)) == (i & 1 ? PTL_NOT_FOUND : PTL_OK));
    fill_map(map, 0, 4);
    EXPECT(PTL_OK, ptl_map_delete_if(map, is_odd, NULL, NULL));
    CHECK(has_len(map, 51));
    fail_allocations(&own, 1, 1);
    EXPECT(PTL_E_MEMORY, ptl_map_delete_if(map, is_odd, NULL, NULL));
    CHECK(has_len(map, 51));
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

/* A new map with capacity for many entries and only a few in it. Shrinking it may need its first overflow
 * bucket. */
static void make_sparse(ptl_map **map, memory *own, unsigned entries)
{
    fail_allocations(own, 0, 0);
    EXPECT(PTL_OK, ptl_map_release(*map));
    *map = new_map();
    EXPECT(PTL_OK, ptl_map_reserve(*map, 8 * entries));
    fill_map(*map, 0, entries);
    fail_allocations(own, 1, 1);
}

static void test_size(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    uint64_t len = UNTOUCHED;
    EXPECT(PTL_E_NULL, ptl_map_len(map, NULL));
    EXPECT(PTL_OK, ptl_map_len(map, &len));
    CHECK(len == 0);
    EXPECT(PTL_OK, ptl_map_reserve(map, 1000));
    fill_map(map, 0, 1000);
    CHECK(has_len(map, 1000));
    EXPECT(PTL_E_MEMORY, ptl_map_reserve(map, UINT64_MAX));
    EXPECT(PTL_E_MEMORY, ptl_map_reserve(map, UINT64_C(1) << 60));
    fail_allocations(&own, 1, 1);
    EXPECT(PTL_E_MEMORY, ptl_map_reserve(map, 1000000));
    fail_allocations(&own, 0, 0);
    CHECK(has_len(map, 1000) && holds(map, 999, 999));
    EXPECT(PTL_OK, ptl_map_reserve(map, 0));
    EXPECT(PTL_OK, ptl_map_clear(map));
    CHECK(has_len(map, 0) && !holds(map, 1, 1));
    EXPECT(PTL_OK, ptl_map_clear(map));
    fill_map(map, 0, 10);
    long held = own.bytes;
    EXPECT(PTL_OK, ptl_map_shrink(map));
    CHECK(own.bytes < held / 4 || reads_without_lock(shape.kind));
    CHECK(has_len(map, 10));
    for (unsigned i = 0; i < 10; i++)
        CHECK(holds(map, i, i));
    UNTIL(PTL_E_MEMORY, (make_sparse(&map, &own, i), ptl_map_shrink(map)), 1, 500);
    fail_allocations(&own, 0, 0);
    EXPECT(PTL_OK, ptl_map_shrink(map));
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

static void test_clone_and_equal(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map(), *copy = NULL;
    fill_map(map, 0, 300);
    EXPECT(PTL_OK, ptl_map_clone(map, NULL, &copy));
    EXPECT(PTL_OK, ptl_map_equal(map, copy));
    CHECK(has_len(copy, 300) && holds(copy, 299, 299));
    EXPECT(PTL_OK, ptl_map_equal(map, map));
    EXPECT(PTL_OK, ptl_map_store(copy, K(7), V(8)));
    CHECK(holds(map, 7, 7));
    EXPECT(PTL_MISMATCH, ptl_map_equal(map, copy));
    EXPECT(PTL_MISMATCH, ptl_map_equal(copy, map));
    EXPECT(PTL_OK, ptl_map_store(copy, K(7), V(7)));
    EXPECT(PTL_OK, ptl_map_delete(copy, K(8)));
    EXPECT(PTL_MISMATCH, ptl_map_equal(map, copy));
    EXPECT(PTL_MISMATCH, ptl_map_equal(copy, map));
    EXPECT(PTL_OK, ptl_map_release(copy));

    for (uint32_t kind = PTL_MAP_BUCKETED; kind <= LAST_KIND; kind++) {
        ptl_map_options into = PTL_MAP_OPTIONS_INIT;
        into.kind = kind;
        into.key_size = shape.key_size;
        into.value_size = shape.value_size;
        EXPECT(PTL_OK, ptl_map_clone(map, &into, &copy));
        ptl_stats stats = PTL_STATS_INIT;
        EXPECT(PTL_OK, ptl_map_stats(copy, &stats));
        CHECK(stats.kind == kind && stats.entries == 300);
        EXPECT(PTL_OK, ptl_map_equal(map, copy));
        EXPECT(PTL_OK, ptl_map_equal(copy, map));
        EXPECT(PTL_OK, ptl_map_release(copy));
    }

    ptl_map *const before = copy = map;
    EXPECT(PTL_E_NULL, ptl_map_clone(map, NULL, NULL));
    ptl_map_options other = shape;
    other.key_size ^= PTL_WORD;
    EXPECT(PTL_E_TYPE, ptl_map_clone(map, &other, &copy));
    EXPECT(PTL_OK, ptl_map_new(&other, &copy));
    EXPECT(PTL_E_TYPE, ptl_map_equal(map, copy));
    EXPECT(PTL_OK, ptl_map_release(copy));
    copy = before;
    other = shape;
    other.value_size ^= PTL_WORD;
    EXPECT(PTL_E_TYPE, ptl_map_clone(map, &other, &copy));
    other.size = 8;
    EXPECT(PTL_E_SIZE, ptl_map_clone(map, &other, &copy));
    other = shape;
    other.flags = 1;
    EXPECT(PTL_E_OPTION, ptl_map_clone(map, &other, &copy));
    fail_allocations(&own, 1, 1);
    EXPECT(PTL_E_MEMORY, ptl_map_clone(map, NULL, &copy));
    EXPECT(PTL_E_MEMORY, ptl_map_equal(map, map));
    fail_allocations(&own, 0, 0);
    CHECK(copy == before);
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

/* Scan */

typedef struct {
    unsigned char keys[BYTES], values[BYTES];
    size_t keys_size, values_size, key_offsets[ROOM + 1], value_offsets[ROOM + 1], count;
} page;

static ptl_status scan_to(const ptl_map *map, uint64_t *cursor, uint64_t end, page *p)
{
    return ptl_map_scan(map, cursor, end, p->keys, &p->keys_size, p->key_offsets, p->values, &p->values_size, p->value_offsets, &p->count);
}
static ptl_status scan(const ptl_map *map, uint64_t *cursor, page *p) { return scan_to(map, cursor, 0, p); }

static void test_scan(void)
{
    ptl_map *map = new_map(), *copy = new_map();
    static page p;
    p.keys_size = p.values_size = BYTES, p.count = ROOM;
    uint64_t cursor = 0;
    EXPECT(PTL_DONE, ptl_map_scan(map, &cursor, 0, p.keys, &p.keys_size, p.key_offsets, p.values, &p.values_size, p.value_offsets, &p.count));
    CHECK(cursor == 0 && p.count == 0 && p.keys_size == 0 && p.values_size == 0 && p.key_offsets[0] == 0 && p.value_offsets[0] == 0);

    /* Scan the whole map. Each page is passed as it is to another map's store_many. */
    fill_map(map, 0, 300);
    unsigned char seen[300] = {0};
    ptl_status status;
    do {
        p.keys_size = p.values_size = BYTES, p.count = ROOM;
        status = scan(map, &cursor, &p);
        CHECK(status == PTL_OK || status == PTL_DONE);
        CHECK((status == PTL_DONE) == (cursor == 0) && p.count <= ROOM);
        CHECK(p.keys_size == p.key_offsets[p.count] && p.values_size == p.value_offsets[p.count]);
        for (size_t i = 0; i < p.count; i++) {
            unsigned n = number_of(p.keys + p.key_offsets[i], p.key_offsets[i + 1] - p.key_offsets[i]);
            CHECK(n < 300 && !seen[n]++);
            CHECK(p.value_offsets[i + 1] - p.value_offsets[i] == value(n).size && memcmp(p.values + p.value_offsets[i], V(n)) == 0);
        }
        EXPECT(PTL_OK, ptl_map_store_many(copy, p.keys, p.key_offsets, p.values, p.value_offsets, p.count, NULL));
    } while (status == PTL_OK);
    for (unsigned i = 0; i < 300; i++)
        CHECK(seen[i] == 1);
    EXPECT(PTL_OK, ptl_map_equal(map, copy));
    EXPECT(PTL_OK, ptl_map_delete_many(copy, p.keys, p.key_offsets, p.count, NULL));
    CHECK(has_len(copy, 300 - p.count));

    /* Buffers that are too small: the call reports the three sizes needed, and works with those. */
    p.keys_size = p.values_size = p.count = 0;
    EXPECT(PTL_E_BUFFER, ptl_map_scan(map, &cursor, 0, NULL, &p.keys_size, NULL, NULL, &p.values_size, NULL, &p.count));
    CHECK(cursor == 0 && p.count >= 1);
    size_t needed = p.count;
    EXPECT(PTL_OK, scan(map, &cursor, &p));
    CHECK(cursor != 0 && p.count == needed);
    p.keys_size = p.values_size = BYTES, p.count = 0; /* only the number of entries is too small */
    uint64_t at = cursor;
    EXPECT(PTL_E_BUFFER, scan(map, &cursor, &p));
    CHECK(cursor == at && p.count >= 1);
    p.count = ROOM;
    while ((status = scan(map, &cursor, &p)) == PTL_E_BUFFER) { /* with the bytes needed and more entries: returns one at a time */
        CHECK(p.count >= 1 && p.keys_size <= BYTES && p.values_size <= BYTES);
        p.count = ROOM;
    }
    CHECK(status == PTL_OK);

    /* Words need no offsets. */
    if (words_to_words()) {
        p.keys_size = p.values_size = BYTES, p.count = ROOM;
        cursor = 0;
        EXPECT(PTL_OK, ptl_map_scan(map, &cursor, 0, p.keys, &p.keys_size, NULL, p.values, &p.values_size, NULL, &p.count));
        CHECK(p.keys_size == 8 * p.count && p.values_size == 8 * p.count);
    } else {
        p.keys_size = p.values_size = BYTES, p.count = ROOM;
        EXPECT(PTL_E_NULL, ptl_map_scan(map, &cursor, 0, p.keys, &p.keys_size, NULL, p.values, &p.values_size, NULL, &p.count));
    }
    /* Any number is a cursor. */
    cursor = UINT64_C(0xDEADBEEFDEADBEEF);
    p.keys_size = p.values_size = BYTES, p.count = ROOM;
    status = scan(map, &cursor, &p);
    CHECK(status == PTL_OK || status == PTL_DONE);

    p.keys_size = p.values_size = BYTES, p.count = ROOM;
    cursor = 0;
#define SCAN(cursor, keys, keys_size, values, values_size, count)                                                      \
    ptl_map_scan(map, cursor, 0, keys, keys_size, p.key_offsets, values, values_size, p.value_offsets, count)
    EXPECT(PTL_E_NULL, SCAN(NULL, p.keys, &p.keys_size, p.values, &p.values_size, &p.count));
    EXPECT(PTL_E_NULL, SCAN(&cursor, NULL, &p.keys_size, p.values, &p.values_size, &p.count));
    EXPECT(PTL_E_NULL, SCAN(&cursor, p.keys, NULL, p.values, &p.values_size, &p.count));
    EXPECT(PTL_E_NULL, SCAN(&cursor, p.keys, &p.keys_size, NULL, &p.values_size, &p.count));
    EXPECT(PTL_E_NULL, SCAN(&cursor, p.keys, &p.keys_size, p.values, NULL, &p.count));
    EXPECT(PTL_E_NULL, SCAN(&cursor, p.keys, &p.keys_size, p.values, &p.values_size, NULL));
    CHECK(p.keys_size == BYTES && p.values_size == BYTES && p.count == ROOM && cursor == 0);
    p.count = ABSURD;
    EXPECT(PTL_E_SIZE, ptl_map_scan(map, &cursor, 0, p.keys, &p.keys_size, p.key_offsets, p.values, &p.values_size, p.value_offsets, &p.count));
    CHECK(p.count == ABSURD);
    EXPECT(PTL_OK, ptl_map_release(map));
    EXPECT(PTL_OK, ptl_map_release(copy));
}

static void test_scan_u64(void)
{
    ptl_map *map = new_map();
    uint64_t cursor = 0, keys[ROOM], values[ROOM];
    size_t count = ROOM;
    EXPECT(PTL_DONE, ptl_map_scan_u64(map, &cursor, 0, keys, values, &count));
    CHECK(cursor == 0 && count == 0);
    for (uint64_t i = 0; i < 300; i++)
        EXPECT(PTL_OK, ptl_map_store_u64(map, i, i + 1000));
    unsigned char seen[300] = {0};
    ptl_status status = PTL_OK;
    for (unsigned calls = 0; status == PTL_OK; calls++) {
        count = ROOM;
        status = calls == 0 ? EXPECT(PTL_OK, ptl_map_scan_u64(map, &cursor, 0, keys, values, &count))
                            : ptl_map_scan_u64(map, &cursor, 0, keys, values, &count);
        CHECK(count <= ROOM && (status == PTL_DONE) == (cursor == 0));
        for (size_t i = 0; i < count; i++)
            CHECK(keys[i] < 300 && !seen[keys[i]]++ && values[i] == keys[i] + 1000);
    }
    CHECK(status == PTL_DONE && memchr(seen, 0, sizeof seen) == NULL);

    count = 0;
    EXPECT(PTL_E_BUFFER, ptl_map_scan_u64(map, &cursor, 0, NULL, NULL, &count));
    CHECK(cursor == 0 && count >= 1);
    EXPECT(PTL_E_NULL, ptl_map_scan_u64(map, NULL, 0, keys, values, &count));
    EXPECT(PTL_E_NULL, ptl_map_scan_u64(map, &cursor, 0, NULL, values, &count));
    EXPECT(PTL_E_NULL, ptl_map_scan_u64(map, &cursor, 0, keys, NULL, &count));
    EXPECT(PTL_E_NULL, ptl_map_scan_u64(map, &cursor, 0, keys, values, NULL));
    count = ABSURD;
    EXPECT(PTL_E_SIZE, ptl_map_scan_u64(map, &cursor, 0, keys, values, &count));
    CHECK(cursor == 0 && count == ABSURD);
    EXPECT(PTL_OK, ptl_map_release(map));
}

/* Marks the entries between two positions, each for the first time, and counts them. */
static size_t visit_part(const ptl_map *map, uint64_t cursor, uint64_t end, unsigned char seen[300])
{
    static page p;
    size_t visited = 0;
    ptl_status status;
    do {
        p.keys_size = p.values_size = BYTES, p.count = ROOM;
        status = scan_to(map, &cursor, end, &p);
        CHECK((status == PTL_OK || status == PTL_DONE) && (status == PTL_DONE) == (cursor == 0));
        for (size_t i = 0; i < p.count; i++) {
            unsigned n = number_of(p.keys + p.key_offsets[i], p.key_offsets[i + 1] - p.key_offsets[i]);
            CHECK(n < 300 && !seen[n]++);
        }
        visited += p.count;
    } while (status == PTL_OK);
    return visited;
}

static void test_begin_scan(void)
{
    ptl_map *map = new_map();
    uint64_t start = 0, other = 0, middle = UINT64_C(1) << 63;
    EXPECT(PTL_E_NULL, ptl_map_begin_scan(map, NULL));
    EXPECT(PTL_OK, ptl_map_begin_scan(map, &start));
    EXPECT(PTL_OK, ptl_map_begin_scan(map, &other));
    CHECK(start != other);
    fill_map(map, 0, 300);

    /* From there to the end, and on from the beginning. */
    unsigned char seen[300] = {0};
    EXPECT(PTL_OK, ptl_map_begin_scan(map, &start));
    CHECK(visit_part(map, start, 0, seen) + visit_part(map, 0, start, seen) == 300);
    /* The parts of several threads. */
    memset(seen, 0, sizeof seen);
    CHECK(visit_part(map, 0, middle / 2, seen) + visit_part(map, middle / 2, middle, seen) + visit_part(map, middle, 0, seen) == 300);
    /* Nothing lies between a position and itself, or one before it. */
    memset(seen, 0, sizeof seen);
    CHECK(visit_part(map, middle, middle, seen) == 0 && visit_part(map, middle, 1, seen) == 0);
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_scan_u64_to_an_end(void)
{
    ptl_map *map = new_map();
    uint64_t keys[ROOM], values[ROOM], cursor, middle = UINT64_C(1) << 63;
    for (uint64_t i = 0; i < ROOM; i++)
        EXPECT(PTL_OK, ptl_map_store_u64(map, i, i));
    size_t below = ROOM, above = ROOM, none = ROOM;
    cursor = 0;
    EXPECT(PTL_DONE, ptl_map_scan_u64(map, &cursor, middle, keys, values, &below));
    CHECK(cursor == 0);
    cursor = middle;
    EXPECT(PTL_DONE, ptl_map_scan_u64(map, &cursor, 0, keys, values, &above));
    CHECK(cursor == 0 && below + above == ROOM);
    cursor = middle;
    EXPECT(PTL_DONE, ptl_map_scan_u64(map, &cursor, middle, keys, values, &none));
    CHECK(cursor == 0 && none == 0);
    EXPECT(PTL_OK, ptl_map_release(map));
}

int main(void)
{
    make_items();
    run_for_all(test_range, "range");
    run_for_all(test_delete_if, "delete_if");
    run_for_all(test_size, "len, reserve, clear, shrink");
    run_for_all(test_clone_and_equal, "clone, equal");
    run_for_all(test_scan, "scan");
    run_for_all(test_begin_scan, "begin_scan");
    run_for_words(test_scan_u64, "scan_u64");
    run_for_words(test_scan_u64_to_an_end, "scan_u64, to an end");
    return summary();
}
