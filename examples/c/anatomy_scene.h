/* A scene: one moment of a map, copied out of it with ptl_map_stats and ptl_map_inspect, to be drawn and checked. */
#ifndef PORTOLAN_EXAMPLES_ANATOMY_SCENE_H
#define PORTOLAN_EXAMPLES_ANATOMY_SCENE_H

#include "common.h"

#include <stdbool.h>

struct chain {
    ptl_bucket *bucket; /* the main bucket and its overflow buckets */
    size_t count;
};

struct table {
    struct chain *chain;
    size_t count; /* main buckets; 0: there is no such table */
    uint64_t bits;
};

struct scene {
    const char *title, *note;
    ptl_stats stats;
    struct table table[2]; /* read_dirty: the read map, the dirty map; else one table */
};

static struct table look_into_table(const ptl_map *map, uint64_t number) {
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

static struct scene look_into(const ptl_map *map, const char *title, const char *note) {
    struct scene scene = {.title = title, .note = note, .stats = PTL_STATS_INIT};
    must(ptl_map_stats(map, &scene.stats), "ptl_map_stats");
    scene.table[0] = look_into_table(map, 0);
    if (scene.stats.kind == PTL_MAP_READ_DIRTY)
        scene.table[1] = look_into_table(map, 1);
    return scene;
}

static void free_scene(struct scene *scene) {
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < scene->table[t].count; i++)
            free(scene->table[t].chain[i].bucket);
        free(scene->table[t].chain);
    }
}

/* A walk over all slots of a table. */
struct slot {
    uint8_t tophash, state;
    uint64_t key, value;
};

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

/* How a growth stands for one bucket: it splits bucket i into i and i + 2^B, in order. */
static const char *part_of_growth(const struct table *table, size_t bucket) {
    size_t old = (size_t)1 << table->bits;
    return !growing(table) ? "" : bucket >= old ? "new" : bucket < table->count - old ? "split" : "waits";
}

#endif
