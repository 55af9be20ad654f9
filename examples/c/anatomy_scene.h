/* A scene: the state of a map at one moment, copied out with ptl_map_stats and ptl_map_inspect. */
#ifndef PORTOLAN_EXAMPLES_ANATOMY_SCENE_H
#define PORTOLAN_EXAMPLES_ANATOMY_SCENE_H

#include "common.h"

#include <stdbool.h>

struct chain {
    ptl_bucket *bucket; /* the main bucket, then its overflow buckets */
    size_t count;
};

struct table {
    struct chain *chain;
    size_t count;  /* of main buckets; 0 if there is no such table */
    uint64_t bits; /* B */
};

struct scene {
    const char *title, *note;
    ptl_stats stats;
    struct table table[2]; /* of a read_dirty map the read map and the dirty map; of others one */
};

static struct table copy_table(const ptl_map *map, uint64_t number) {
    struct table table = {0};
    ptl_bucket bucket = {.size = sizeof bucket};
    while (must(ptl_map_inspect(map, number, table.count, 0, &bucket), "ptl_map_inspect") == PTL_OK) {
        table.chain = allocate(table.chain, (table.count + 1) * sizeof *table.chain);
        struct chain *chain = &table.chain[table.count++];
        *chain = (struct chain){0};
        table.bits = bucket.table_bucket_bits;
        do {
            chain->bucket = allocate(chain->bucket, (chain->count + 1) * sizeof bucket);
            chain->bucket[chain->count++] = bucket;
        } while (must(ptl_map_inspect(map, number, table.count - 1, chain->count, &bucket), "ptl_map_inspect") == PTL_OK);
    }
    return table;
}

static struct scene capture(const ptl_map *map, const char *title, const char *note) {
    struct scene scene = {.title = title, .note = note, .stats = PTL_STATS_INIT};
    must(ptl_map_stats(map, &scene.stats), "ptl_map_stats");
    scene.table[0] = copy_table(map, 0);
    if (scene.stats.kind == PTL_MAP_READ_DIRTY)
        scene.table[1] = copy_table(map, 1);
    return scene;
}

static void free_scene(struct scene *scene) {
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < scene->table[t].count; i++)
            free(scene->table[t].chain[i].bucket);
        free(scene->table[t].chain);
    }
}

struct slot {
    uint8_t tophash, state;
    uint64_t key, value;
};

/* Copies slot number *at of a table, counted over all its buckets, and adds 1 to *at. Returns false
 * if there are no more slots. */
static bool next_slot(const struct table *table, size_t *at, struct slot *slot) {
    size_t skip = (*at)++;
    for (size_t i = 0; i < table->count; i++) {
        size_t slots = table->chain[i].count * 8;
        if (skip < slots) {
            const ptl_bucket *bucket = &table->chain[i].bucket[skip / 8];
            *slot = (struct slot){bucket->tophash[skip % 8], bucket->state[skip % 8], bucket->keys[skip % 8],
                                  bucket->values[skip % 8]};
            return true;
        }
        skip -= slots;
    }
    return false;
}

static bool growing(const struct table *table) {
    return table->count > (size_t)1 << table->bits;
}

/* What a growth has done to a bucket. It splits bucket i into i and i + 2^B, for i = 0, 1, 2 ... */
static const char *part_of_growth(const struct table *table, size_t bucket) {
    size_t old = (size_t)1 << table->bits;
    return !growing(table) ? "" : bucket >= old ? "new" : bucket < table->count - old ? "split" : "waits";
}

#endif
