/* Failing allocations. Every operation is called on maps of every shape and many sizes. Its first
 * allocation fails, then its second, and so on until none is left to fail: once that one alone, once
 * all from there on. Either the call returns PTL_E_MEMORY and the map is unchanged, or it succeeds. In
 * both cases the map goes on working and no memory leaks. */
#include "check.h"

enum { MANY = 40, NEW = 1000 };

static memory own;
static unsigned filled;              /* entries before the call: keys 0 to filled - 1, each with its own value */
static ptl_status statuses[MANY];    /* of a batch */
static const ptl_map *twin;          /* the map that `equal` compares with */

static unsigned middle(void) { return filled / 2; }

static int words_only(void) { return words_to_words(); }
static int word_values(void) { return shape.value_size == PTL_WORD; }
static int byte_values(void) { return shape.value_size == PTL_BYTES; }

/* The operations. Each changes key NEW, the key in the middle, or all keys. */

static ptl_status store_new(ptl_map *map) { return ptl_map_store(map, K(NEW), V(NEW)); }
static ptl_status store_over(ptl_map *map) { return ptl_map_store(map, K(middle()), V(NEW)); }
static ptl_status store_large(ptl_map *map)
{
    static unsigned char large[300000];
    return ptl_map_store(map, K(middle()), large, sizeof large);
}
static ptl_status load_or_store(ptl_map *map) { return ptl_map_load_or_store(map, K(NEW), V(NEW), NULL, 0, NULL); }
static ptl_status swap_new(ptl_map *map) { return ptl_map_swap(map, K(NEW), V(NEW), NULL, 0, NULL); }
static ptl_status swap_over(ptl_map *map)
{
    unsigned char previous[LONGEST];
    return ptl_map_swap(map, K(middle()), V(NEW), previous, sizeof previous, NULL);
}
static ptl_status compare_and_swap(ptl_map *map) { return ptl_map_compare_and_swap(map, K(middle()), V(middle()), V(NEW)); }

typedef struct {
    int32_t answer;
    item new_value;
} decision;

static int32_t decide(const void *found, size_t found_size, const void **new_value, size_t *new_size, void *user)
{
    decision *own = user;
    (void)found, (void)found_size;
    *new_value = own->new_value.data;
    *new_size = own->new_value.size;
    return own->answer;
}
static ptl_status update_with(ptl_map *map, unsigned k, decision own) { return ptl_map_update(map, K(k), decide, &own); }
static ptl_status update_new(ptl_map *map) { return update_with(map, NEW, (decision){PTL_UPDATE_STORE, value(NEW)}); }
static ptl_status update_over(ptl_map *map) { return update_with(map, middle(), (decision){PTL_UPDATE_STORE, value(NEW)}); }
static ptl_status update_delete(ptl_map *map) { return update_with(map, middle(), (decision){.answer = PTL_UPDATE_DELETE}); }
static ptl_status update_keep(ptl_map *map) { return update_with(map, NEW, (decision){.answer = PTL_UPDATE_KEEP}); }
static ptl_status add(ptl_map *map) { return ptl_map_add(map, K(NEW), 5, NULL); }
static ptl_status store_many(ptl_map *map)
{
    static unsigned char keys[MANY * LONGEST], values[MANY * LONGEST];
    size_t key_offsets[MANY + 1] = {0}, value_offsets[MANY + 1] = {0};
    for (unsigned i = 0; i < MANY; i++) {
        key_offsets[i + 1] = key_offsets[i] + key(NEW + i).size;
        value_offsets[i + 1] = value_offsets[i] + value(NEW + i).size;
        memcpy(keys + key_offsets[i], K(NEW + i));
        memcpy(values + value_offsets[i], V(NEW + i));
    }
    return ptl_map_store_many(map, keys, key_offsets, values, value_offsets, MANY, statuses);
}
static ptl_status store_u64(ptl_map *map) { return ptl_map_store_u64(map, key_word(NEW), value_word(NEW)); }
static ptl_status load_or_store_u64(ptl_map *map) { return ptl_map_load_or_store_u64(map, key_word(NEW), value_word(NEW)).status; }
static ptl_status swap_u64(ptl_map *map) { return ptl_map_swap_u64(map, key_word(NEW), value_word(NEW)).status; }
static ptl_status add_u64(ptl_map *map) { return ptl_map_add_u64(map, key_word(NEW), 5).status; }
static ptl_status store_many_u64(ptl_map *map)
{
    uint64_t keys[MANY], values[MANY];
    for (unsigned i = 0; i < MANY; i++)
        keys[i] = key_word(NEW + i), values[i] = value_word(NEW + i);
    return ptl_map_store_many_u64(map, keys, values, MANY, statuses);
}
static ptl_status reserve(ptl_map *map) { return ptl_map_reserve(map, 3000); }
static ptl_status shrink(ptl_map *map) { return ptl_map_shrink(map); }

static ptl_status clone_into(ptl_map *map, uint32_t kind)
{
    ptl_map *const before = (ptl_map *)(void *)&shape, *copy = before;
    ptl_map_options options = shape;
    options.kind = kind;
    ptl_status status = ptl_map_clone(map, &options, &copy);
    if (status == PTL_OK) {
        fail_allocations(&own, 0, 0);
        EXPECT(PTL_OK, ptl_map_equal(copy, map));
        EXPECT(PTL_OK, ptl_map_release(copy));
    } else {
        CHECK(copy == before);
    }
    return status;
}
static ptl_status clone(ptl_map *map) { return clone_into(map, shape.kind); }
static ptl_status clone_other(ptl_map *map) { return clone_into(map, shape.kind % 5 + 1); }
static ptl_status equal(ptl_map *map) { return ptl_map_equal(map, twin); }

static int32_t always(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    (void)k, (void)k_size, (void)v, (void)v_size, (void)user;
    return 1;
}
static ptl_status range(ptl_map *map) { return ptl_map_range(map, always, NULL); }
static ptl_status delete_if(ptl_map *map) { return ptl_map_delete_if(map, always, NULL, NULL); }

static ptl_status load(ptl_map *map)
{
    unsigned char buffer[LONGEST];
    return ptl_map_load(map, K(middle()), buffer, sizeof buffer, NULL);
}
static ptl_status load_missing(ptl_map *map) { return ptl_map_load(map, K(NEW), NULL, 0, NULL); }
static ptl_status load_and_delete(ptl_map *map)
{
    unsigned char buffer[LONGEST];
    return ptl_map_load_and_delete(map, K(middle()), buffer, sizeof buffer, NULL);
}
static ptl_status delete(ptl_map *map) { return ptl_map_delete(map, K(middle())); }
static ptl_status delete_missing(ptl_map *map) { return ptl_map_delete(map, K(NEW)); }
static ptl_status compare_and_delete(ptl_map *map) { return ptl_map_compare_and_delete(map, K(middle()), V(middle())); }
static ptl_status swap_missing(ptl_map *map) { return ptl_map_compare_and_swap(map, K(NEW), V(1), V(2)); }
static ptl_status contains(ptl_map *map) { return ptl_map_contains(map, K(middle())); }
static ptl_status clear(ptl_map *map) { return ptl_map_clear(map); }
static ptl_status len(ptl_map *map)
{
    uint64_t entries;
    return ptl_map_len(map, &entries);
}
static ptl_status begin_scan(ptl_map *map)
{
    uint64_t start;
    return ptl_map_begin_scan(map, &start);
}
static ptl_status scan(ptl_map *map)
{
    static unsigned char keys[BYTES], values[BYTES];
    size_t keys_size = BYTES, values_size = BYTES, count = ROOM, key_offsets[ROOM + 1], value_offsets[ROOM + 1];
    uint64_t cursor = 0;
    return ptl_map_scan(map, &cursor, 0, keys, &keys_size, key_offsets, values, &values_size, value_offsets, &count);
}
static ptl_status stats(ptl_map *map)
{
    ptl_stats out = PTL_STATS_INIT;
    return ptl_map_stats(map, &out);
}

/* What a failed call may have changed. */
typedef enum {
    ALL_OR_NOTHING,
    EACH_BY_ITS_STATUS, /* keys NEW to NEW + MANY - 1, as their statuses say */
    SOME_DELETED,
    NEEDS_NO_MEMORY, /* nothing: it never fails */
} manner;

static const struct operation {
    const char *name;
    ptl_status (*run)(ptl_map *);
    manner manner;
    int (*fits)(void); /* for which shapes; NULL: for all */
} operations[] = {
    {"store, a new key", store_new, ALL_OR_NOTHING, NULL},
    {"store, another value", store_over, ALL_OR_NOTHING, NULL},
    {"store, a large value", store_large, ALL_OR_NOTHING, byte_values},
    {"load_or_store", load_or_store, ALL_OR_NOTHING, NULL},
    {"swap, a new key", swap_new, ALL_OR_NOTHING, NULL},
    {"swap, another value", swap_over, ALL_OR_NOTHING, NULL},
    {"compare_and_swap", compare_and_swap, ALL_OR_NOTHING, NULL},
    {"update, a new key", update_new, ALL_OR_NOTHING, NULL},
    {"update, another value", update_over, ALL_OR_NOTHING, NULL},
    {"update that deletes", update_delete, ALL_OR_NOTHING, NULL},
    {"update that keeps, no such key", update_keep, ALL_OR_NOTHING, NULL},
    {"add", add, ALL_OR_NOTHING, word_values},
    {"store_many", store_many, EACH_BY_ITS_STATUS, NULL},
    {"store_u64", store_u64, ALL_OR_NOTHING, words_only},
    {"load_or_store_u64", load_or_store_u64, ALL_OR_NOTHING, words_only},
    {"swap_u64", swap_u64, ALL_OR_NOTHING, words_only},
    {"add_u64", add_u64, ALL_OR_NOTHING, words_only},
    {"store_many_u64", store_many_u64, EACH_BY_ITS_STATUS, words_only},
    {"reserve", reserve, ALL_OR_NOTHING, NULL},
    {"shrink", shrink, ALL_OR_NOTHING, NULL},
    {"clone", clone, ALL_OR_NOTHING, NULL},
    {"clone into another kind", clone_other, ALL_OR_NOTHING, NULL},
    {"equal", equal, ALL_OR_NOTHING, NULL},
    {"range", range, ALL_OR_NOTHING, NULL},
    {"delete_if", delete_if, SOME_DELETED, NULL},
    {"load", load, NEEDS_NO_MEMORY, NULL},
    {"load, no such key", load_missing, NEEDS_NO_MEMORY, NULL},
    {"load_and_delete", load_and_delete, NEEDS_NO_MEMORY, NULL},
    {"delete", delete, NEEDS_NO_MEMORY, NULL},
    {"delete, no such key", delete_missing, NEEDS_NO_MEMORY, NULL},
    {"compare_and_delete", compare_and_delete, NEEDS_NO_MEMORY, NULL},
    {"compare_and_swap, no such key", swap_missing, NEEDS_NO_MEMORY, NULL},
    {"contains", contains, NEEDS_NO_MEMORY, NULL},
    {"clear", clear, NEEDS_NO_MEMORY, NULL},
    {"len", len, NEEDS_NO_MEMORY, NULL},
    {"begin_scan", begin_scan, NEEDS_NO_MEMORY, NULL},
    {"scan", scan, NEEDS_NO_MEMORY, NULL},
    {"stats", stats, NEEDS_NO_MEMORY, NULL},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static unsigned long runs[OPERATIONS], failures[OPERATIONS]; /* calls, and calls that returned PTL_E_MEMORY */

/* A map for an operation: filled, and for every other size most keys are deleted again. */
static ptl_map *prepared(ptl_allocator allocator)
{
    shape.allocator = allocator;
    ptl_map *map = new_map();
    fill_map(map, 0, filled);
    for (unsigned i = 100; i < filled && filled % 2; i++)
        EXPECT(PTL_OK, ptl_map_delete(map, K(i)));
    return map;
}

/* Calls one operation with its n-th allocation failing. Returns whether it made that many. */
static int try_once(const struct operation *op, unsigned long n, int for_good, const ptl_map *before, const ptl_map *after, ptl_status wanted)
{
    ptl_map *map = prepared(counted(&own));
    for (unsigned i = 0; i < MANY; i++)
        statuses[i] = PTL_OK;
    fail_allocations(&own, n, for_good);
    unsigned long first_failure = own.fail_at;
    ptl_status status = op->run(map);
    int failed_one = own.calls >= first_failure;
    fail_allocations(&own, 0, 0);

    runs[op - operations]++;
    if (status == PTL_E_MEMORY && op->manner != NEEDS_NO_MEMORY) {
        failures[op - operations]++;
        CHECK(failed_one);
        switch (op->manner) {
        case EACH_BY_ITS_STATUS:
            for (unsigned i = 0; i < MANY; i++)
                CHECK(statuses[i] == PTL_OK ? holds(map, NEW + i, NEW + i)
                                            : statuses[i] == PTL_E_MEMORY && ptl_map_contains(map, K(NEW + i)) == PTL_NOT_FOUND);
            for (unsigned i = 0; i < filled; i++)
                CHECK(ptl_map_contains(map, K(i)) == ptl_map_contains(before, K(i)));
            break;
        case SOME_DELETED:
            for (unsigned i = 0; i < filled; i++)
                CHECK(ptl_map_contains(map, K(i)) == PTL_NOT_FOUND || holds(map, i, i));
            break;
        default:
            EXPECT(PTL_OK, ptl_map_equal(map, before));
            EXPECT(PTL_OK, ptl_map_equal(before, map));
        }
        expect(wanted, op->run(map), "succeeds once there is memory", __FILE__, __LINE__);
    } else {
        expect(wanted, status, "the usual status, or PTL_E_MEMORY if it may allocate", __FILE__, __LINE__);
    }
    EXPECT(PTL_OK, ptl_map_equal(map, after));
    EXPECT(PTL_OK, ptl_map_equal(after, map));
    EXPECT(PTL_OK, ptl_map_store(map, K(NEW + MANY), V(1)));
    CHECK(holds(map, NEW + MANY, 1));
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
    return failed_one;
}

static void try_all(const struct operation *op)
{
    size_t end = strlen(shape_name);
    snprintf(shape_name + end, sizeof shape_name - end, ", %u entries: %s", filled, op->name);
    ptl_map *before = prepared((ptl_allocator){NULL, NULL, NULL}), *after = prepared((ptl_allocator){NULL, NULL, NULL});
    twin = before;
    ptl_status wanted = op->run(after);
    for (int for_good = 0; for_good < 2; for_good++)
        for (unsigned long n = 1; try_once(op, n, for_good, before, after, wanted) && n < 200; n++)
            continue;
    EXPECT(PTL_OK, ptl_map_release(before));
    EXPECT(PTL_OK, ptl_map_release(after));
    shape_name[end] = 0;
}

/* Sizes at which something grows: full buckets, load factor 6.5, growth half done. In maps of odd sizes
 * above 100 most keys are deleted again. */
static const unsigned sizes[] = {0, 1, 7, 8, 9, 13, 14, 26, 27, 52, 53, 54, 60, 104, 105, 110, 208, 301, 417, 700};
static const uint32_t hash_bits[] = {0, 4, PTL_HASH_CONSTANT};

/* One of this many combinations is tried. */
static unsigned long one_in(void) { return 20000 / repeats(20000); }

/* Whether this combination is tried. They are scattered, so that no operation is always left out. */
static int is_tried(void)
{
    static uint32_t turn;
    return (turn++ * UINT32_C(0x9E3779B1) >> 8) % one_in() == 0;
}

static void test_operations(void)
{
    uint32_t kind = shape.kind;
    uint64_t key_size = shape.key_size, value_size = shape.value_size;
    for (size_t h = 0; h < sizeof hash_bits / sizeof *hash_bits; h++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (unsigned o = 0; o < OPERATIONS; o++) {
                filled = sizes[s];
                set_shape(kind, key_size, value_size, hash_bits[h]);
                int fits = !operations[o].fits || operations[o].fits();
                if (fits && (h == 0 || filled <= 110) && is_tried())
                    try_all(&operations[o]);
            }
}

static void test_new(void)
{
    for (uint64_t capacity = 0; capacity <= 1000; capacity += 500) {
        for (int for_good = 0; for_good < 2; for_good++) {
            ptl_status status = PTL_E_MEMORY;
            for (unsigned long n = 1; status == PTL_E_MEMORY; n++) {
                ptl_map *const before = (ptl_map *)(void *)&shape, *map = before;
                shape.capacity = capacity;
                shape.allocator = counted(&own);
                fail_allocations(&own, n, for_good);
                status = ptl_map_new(&shape, &map);
                fail_allocations(&own, 0, 0);
                CHECK(status == PTL_OK || (status == PTL_E_MEMORY && map == before));
                if (status == PTL_OK)
                    EXPECT(PTL_OK, ptl_map_release(map));
                CHECK(is_clean(&own));
            }
        }
    }
}

int main(void)
{
    make_items();
    run_for_all(test_new, "new");
    run_for_all(test_operations, "operations");
    for (unsigned o = 0; o < OPERATIONS; o++) {
        printf("  %-32s %7lu runs, %6lu without memory\n", operations[o].name, runs[o], failures[o]);
        CHECK(runs[o] > 0); /* some calls that may fail did, but with few combinations perhaps not the rarest */
        CHECK(operations[o].manner == NEEDS_NO_MEMORY || failures[o] > 0 || one_in() > 1);
    }
    return summary();
}
