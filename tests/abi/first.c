/* A program of the first version. It is compiled with the first header (tests/abi/first), which never
 * changes once the version is released, and runs with the current library. It uses every struct and every
 * calling convention: values in registers, out-parameters, callbacks, an allocator. */
#include <portolan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "first.c:%d: %s\n", __LINE__, #condition);                                                 \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static void *allocate(size_t size, size_t align, void *user)
{
    ++*(long *)user;
    void *memory = aligned_alloc(align, (size + align - 1) / align * align);
    return memory ? memset(memory, 0, size) : NULL;
}

static void give_back(void *memory, size_t size, size_t align, void *user)
{
    (void)size, (void)align;
    --*(long *)user;
    free(memory);
}

static int32_t visit(const void *key, size_t key_size, const void *value, size_t value_size, void *user)
{
    (void)key, (void)value;
    CHECK(key_size == 8 && value_size == 8);
    ++*(int *)user;
    return 1;
}

static int32_t increase(const void *value, size_t value_size, const void **new_value, size_t *new_size, void *user)
{
    CHECK(value != NULL && value_size == 8);
    memcpy(user, value, 8);
    ++*(uint64_t *)user;
    *new_value = user;
    *new_size = 8;
    return PTL_UPDATE_STORE;
}

int main(void)
{
    long blocks = 0;
    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    options.kind = PTL_MAP_SHARDED;
    options.key_size = options.value_size = PTL_WORD;
    options.capacity = 100;
    options.allocator = (ptl_allocator){allocate, give_back, &blocks};
    ptl_map *map = NULL, *copy = NULL;
    CHECK(ptl_map_new(&options, &map) == PTL_OK && blocks > 0);

    for (uint64_t i = 0; i < 1000; i++)
        CHECK(ptl_map_store_u64(map, i, 2 * i) == PTL_OK);
    ptl_u64 found = ptl_map_load_u64(map, 500);
    CHECK(found.status == PTL_OK && found.value == 1000);
    found = ptl_map_load_u64(map, 5000);
    CHECK(found.status == PTL_NOT_FOUND && found.value == 0);

    uint64_t key = 7, value = 0, len = 0, keys[64], values[64], cursor = 0;
    size_t size = 0, count = 64;
    CHECK(ptl_map_load(map, &key, sizeof key, &value, sizeof value, &size) == PTL_OK && value == 14 && size == 8);
    CHECK(ptl_map_load(map, NULL, 8, &value, sizeof value, &size) == PTL_E_NULL);
    CHECK(ptl_map_update(map, &key, sizeof key, increase, &value) == PTL_OK && value == 15);
    CHECK(ptl_map_len(map, &len) == PTL_OK && len == 1000);

    int visited = 0;
    CHECK(ptl_map_range(map, visit, &visited) == PTL_OK && visited == 1000);
    CHECK(ptl_map_begin_scan(map, &value) == PTL_OK);
    CHECK(ptl_map_scan_u64(map, &cursor, 0, keys, values, &count) == PTL_OK && count > 0 && count <= 64 && cursor != 0);

    ptl_stats stats = PTL_STATS_INIT;
    ptl_bucket bucket = PTL_BUCKET_INIT;
    CHECK(ptl_map_stats(map, &stats) == PTL_OK && stats.entries == 1000 && stats.buckets > 0);
    CHECK(ptl_map_inspect(map, 0, 0, 0, &bucket) == PTL_OK && bucket.table_buckets > 0);

    options.kind = PTL_MAP_READ_DIRTY;
    CHECK(ptl_map_clone(map, &options, &copy) == PTL_OK && ptl_map_equal(map, copy) == PTL_OK);
    CHECK(ptl_map_release(copy) == PTL_OK && ptl_map_release(map) == PTL_OK && blocks == 0);
    CHECK(ptl_map_load_u64(NULL, 1).status == PTL_E_HANDLE);
    CHECK(strlen(ptl_status_string(PTL_E_HANDLE)) > 0 && ptl_version_number() > 0);
    return 0;
}
