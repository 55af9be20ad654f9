/* What a program can query about a map and about the library, and the layouts that it relies on. */
#include "check.h"

static void test_stats(void)
{
    ptl_map *map = new_map();
    fill_map(map, 0, 200);
    ptl_stats stats = PTL_STATS_INIT;
    EXPECT(PTL_OK, ptl_map_stats(map, &stats));
    CHECK(stats.size == sizeof stats && stats.kind == shape.kind && stats.entries == 200);
    CHECK(stats.key_size == shape.key_size && stats.value_size == shape.value_size);
    CHECK(stats.buckets > 0 && stats.load_factor > 0 && stats.load_factor <= 8 && stats.longest_chain > 0 && stats.table_bytes > 0);
    CHECK(stats.shards == (shape.kind == PTL_MAP_SHARDED ? shape.shards : 1));
    CHECK(stats.shard_entries_min <= stats.shard_entries_max && stats.shard_entries_max <= 200);
    CHECK((stats.bytes_live > 0) == (shape.key_size == PTL_BYTES || shape.value_size == PTL_BYTES));
    CHECK(stats.bytes_reserved >= stats.bytes_live);
    if (shape.kind == PTL_MAP_READ_DIRTY)
        CHECK(stats.promotions + stats.dirty_entries > 0);
    else
        CHECK(!stats.promotions && !stats.misses && !stats.dirty_entries && !stats.read_entries && !stats.expunged);

    EXPECT(PTL_E_NULL, ptl_map_stats(map, NULL));
    stats = (ptl_stats){.size = sizeof stats - 1, .entries = UNTOUCHED};
    EXPECT(PTL_E_SIZE, ptl_map_stats(map, &stats));
    stats.size = 0;
    EXPECT(PTL_E_SIZE, ptl_map_stats(map, &stats));
    stats.size = ABSURD;
    EXPECT(PTL_E_SIZE, ptl_map_stats(map, &stats));
    CHECK(stats.entries == UNTOUCHED);

    /* A caller built with a later header: fields that this version does not know are set to 0. */
    struct {
        ptl_stats known;
        unsigned char later[40], after;
    } longer;
    memset(&longer, UNTOUCHED, sizeof longer);
    longer.known.size = sizeof longer.known + sizeof longer.later;
    EXPECT(PTL_OK, ptl_map_stats(map, &longer.known));
    CHECK(longer.known.size == sizeof longer.known + sizeof longer.later && longer.known.entries == 200);
    for (size_t i = 0; i < sizeof longer.later; i++)
        CHECK(longer.later[i] == 0);
    CHECK(longer.after == UNTOUCHED);
    EXPECT(PTL_OK, ptl_map_release(map));
}

static int32_t visit_all(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    (void)k, (void)k_size, (void)v, (void)v_size, (void)user;
    return 1;
}

static uint64_t shown_key(item item)
{
    uint64_t word = item.size;
    if (shape.key_size == PTL_WORD)
        memcpy(&word, item.data, sizeof word);
    return word;
}

/* Counts the live slots of a table, in all its chains. Adds up the key fields of those slots. */
static unsigned live_slots(const ptl_map *map, uint64_t table, uint64_t *keys)
{
    unsigned live = 0;
    ptl_bucket bucket = PTL_BUCKET_INIT;
    for (uint64_t b = 0; ptl_map_inspect(map, table, b, 0, &bucket) == PTL_OK; b++) {
        CHECK(b < bucket.table_buckets);
        CHECK(bucket.table_buckets >> bucket.table_bucket_bits == 1); /* while it grows, up to twice 2^B */
        for (uint64_t depth = 1;; depth++) {
            for (unsigned slot = 0; slot < 8; slot++) {
                CHECK(bucket.state[slot] <= PTL_SLOT_EXPUNGED);
                if (bucket.state[slot] == PTL_SLOT_LIVE) {
                    live++;
                    *keys += bucket.keys[slot];
                }
            }
            ptl_status more = bucket.overflow ? PTL_OK : PTL_NOT_FOUND;
            EXPECT(more, ptl_map_inspect(map, table, b, depth, &bucket));
            if (more != PTL_OK)
                break;
        }
    }
    return live;
}

static void test_inspect(void)
{
    ptl_map *map = new_map();
    ptl_bucket bucket = PTL_BUCKET_INIT;
    fill_map(map, 0, 200);
    unsigned live = 0;
    uint64_t keys = 0, ignored = 0;
    if (shape.kind == PTL_MAP_READ_DIRTY) {
        CHECK(live_slots(map, 1, &ignored) == 200); /* all are new, so they are in the dirty map */
        EXPECT(PTL_OK, ptl_map_range(map, visit_all, NULL)); /* promotes the dirty map */
        EXPECT(PTL_NOT_FOUND, ptl_map_inspect(map, 1, 0, 0, &bucket));
    }
    for (uint64_t table = 0; table < 2; table++)
        live += live_slots(map, table, &keys);
    CHECK(live == 200);
    for (unsigned i = 0; i < 200; i++)
        keys -= shown_key(key(i));
    CHECK(keys == 0);

    EXPECT(PTL_OK, ptl_map_inspect(map, 0, 0, 0, &bucket));
    CHECK(bucket.size == sizeof bucket && bucket.table_buckets > 0);

    bucket.version = UNTOUCHED;
    EXPECT(PTL_NOT_FOUND, ptl_map_inspect(map, UINT64_MAX, 0, 0, &bucket));
    EXPECT(PTL_NOT_FOUND, ptl_map_inspect(map, 0, UINT64_MAX, 0, &bucket));
    EXPECT(PTL_NOT_FOUND, ptl_map_inspect(map, 0, 0, UINT64_MAX, &bucket));
    EXPECT(PTL_E_NULL, ptl_map_inspect(map, 0, 0, 0, NULL));
    bucket.size = sizeof bucket - 1;
    EXPECT(PTL_E_SIZE, ptl_map_inspect(map, 0, 0, 0, &bucket));
    bucket.size = ABSURD;
    EXPECT(PTL_E_SIZE, ptl_map_inspect(map, 0, 0, 0, &bucket));
    CHECK(bucket.version == UNTOUCHED);

    struct {
        ptl_bucket known;
        unsigned char later[8], after;
    } longer;
    memset(&longer, UNTOUCHED, sizeof longer);
    longer.known.size = sizeof longer.known + sizeof longer.later;
    EXPECT(PTL_OK, ptl_map_inspect(map, 0, 0, 0, &longer.known));
    CHECK(memcmp(longer.later, "\0\0\0\0\0\0\0", 8) == 0 && longer.after == UNTOUCHED);
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_version(void)
{
    unsigned major, minor, patch;
    CHECK(sscanf(ptl_version(), "%u.%u.%u", &major, &minor, &patch) == 3);
    CHECK(ptl_version_number() == (major << 16 | minor << 8 | patch));
}

static void test_status_string(void)
{
    for (ptl_status a = PTL_E_BUSY; a <= PTL_DONE; a++) {
        CHECK(strlen(ptl_status_string(a)) > 3);
        for (ptl_status b = PTL_E_BUSY - 1; b < a; b++)
            CHECK(strcmp(ptl_status_string(a), ptl_status_string(b)) != 0);
    }
    CHECK(ptl_status_string(INT32_MIN) != NULL && ptl_status_string(INT32_MAX) != NULL);
}

/* Sizes and offsets that programs compiled with this header rely on. */
#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(ptl_status) == 4 && sizeof(ptl_u64) == 16 && sizeof(ptl_allocator) == 24, "sizes");
_Static_assert(sizeof(ptl_map_options) == 80 && offsetof(ptl_map_options, allocator) == 56, "ptl_map_options");
_Static_assert(sizeof(ptl_stats) == 176 && offsetof(ptl_stats, bytes_reserved) == 168, "ptl_stats");
_Static_assert(sizeof(ptl_bucket) == 176 && offsetof(ptl_bucket, table_buckets) == 168, "ptl_bucket");
#endif

int main(void)
{
    make_items();
    run(test_version, "version");
    run(test_status_string, "status_string");
    run_for_all(test_stats, "stats");
    run_for_all(test_inspect, "inspect");
    return summary();
}
