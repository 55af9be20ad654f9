/* GLib's GHashTable behind a GMutex. Words are kept in the pointers themselves, with the table's own inlined comparison. */
#include "peer.h"
#include <glib.h>

struct map {
    GMutex lock;
    GHashTable *table;
};

static void *create(GHashTable *table)
{
    struct map *map = g_new(struct map, 1);
    g_mutex_init(&map->lock);
    map->table = table;
    return map;
}

static void *create_words(uint64_t room) { return room ? NULL : create(g_hash_table_new(NULL, NULL)); }

static void *create_texts(uint64_t room)
{
    return room ? NULL : create(g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL));
}

static void destroy(void *handle)
{
    struct map *map = handle;
    g_hash_table_destroy(map->table);
    g_mutex_clear(&map->lock);
    g_free(map);
}

static struct found load(void *handle, uint64_t key)
{
    struct map *map = handle;
    gpointer value = NULL;
    g_mutex_lock(&map->lock);
    gboolean found = g_hash_table_lookup_extended(map->table, (gpointer)key, NULL, &value);
    g_mutex_unlock(&map->lock);
    return (struct found){ (uint64_t)value, found };
}

static void store_word(void *handle, uint64_t key, uint64_t value)
{
    struct map *map = handle;
    g_mutex_lock(&map->lock);
    g_hash_table_insert(map->table, (gpointer)key, (gpointer)value);
    g_mutex_unlock(&map->lock);
}

/* The table takes the key's copy, or frees it when it has one. */
static void store_text(void *handle, uint64_t key, uint64_t value)
{
    store_word(handle, (uint64_t)g_strdup((const char *)key), value);
}

static void delete_(void *handle, uint64_t key)
{
    struct map *map = handle;
    g_mutex_lock(&map->lock);
    g_hash_table_remove(map->table, (gpointer)key);
    g_mutex_unlock(&map->lock);
}

static uint64_t sum(struct map *map, uint64_t *entries, uint64_t keys)
{
    GHashTableIter iterator;
    gpointer key, value;
    uint64_t sum = 0;
    g_mutex_lock(&map->lock);
    g_hash_table_iter_init(&iterator, map->table);
    for (*entries = 0; g_hash_table_iter_next(&iterator, &key, &value); ++*entries)
        sum += ((uint64_t)key & keys) + (uint64_t)value;
    g_mutex_unlock(&map->lock);
    return sum;
}

static uint64_t sum_words(void *map, uint64_t *entries) { return sum(map, entries, UINT64_MAX); }
static uint64_t sum_texts(void *map, uint64_t *entries) { return sum(map, entries, 0); }

const struct peer peer_glib_words = {
    create_words, destroy, nothing, nothing, nothing, load, store_word, store_word, delete_, sum_words,
};
const struct peer peer_glib_texts = {
    create_texts, destroy, nothing, nothing, nothing, load, store_text, store_text, delete_, sum_texts,
};
