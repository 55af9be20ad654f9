/*
 * GLib's GHashTable behind a GMutex. Words are kept in the pointers themselves, with the table's own inlined comparison.
 * Bytes are kept in one allocation with their length in front; those of the same length are overwritten in place.
 */
#include "peer.h"
#include <glib.h>

struct map {
    GMutex lock;
    GHashTable *table;
};

struct bytes {
    uint64_t size;
    char data[];
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

static void *create_bytes(uint64_t room)
{
    return room ? NULL : create(g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free));
}

static void destroy(void *handle)
{
    struct map *map = handle;
    g_hash_table_destroy(map->table);
    g_mutex_clear(&map->lock);
    g_free(map);
}

static struct found load(void *handle, uint64_t key, void *buffer)
{
    struct map *map = handle;
    gpointer value = NULL;
    g_mutex_lock(&map->lock);
    gboolean found = g_hash_table_lookup_extended(map->table, (gpointer)key, NULL, &value);
    g_mutex_unlock(&map->lock);
    return (struct found){ (uint64_t)value, found };
}

static struct found load_bytes(void *handle, uint64_t key, void *buffer)
{
    struct map *map = handle;
    struct found found = { 0, 0 };
    g_mutex_lock(&map->lock);
    const struct bytes *bytes = g_hash_table_lookup(map->table, (gpointer)key);
    if (bytes) {
        memcpy(buffer, bytes->data, bytes->size);
        found = (struct found){ bytes->size, 1 };
    }
    g_mutex_unlock(&map->lock);
    return found;
}

static void store_word(void *handle, uint64_t key, uint64_t value, uint64_t size)
{
    struct map *map = handle;
    g_mutex_lock(&map->lock);
    g_hash_table_insert(map->table, (gpointer)key, (gpointer)value);
    g_mutex_unlock(&map->lock);
}

/* The table takes the key's copy, or frees it when it has one. */
static void store_text(void *handle, uint64_t key, uint64_t value, uint64_t size)
{
    store_word(handle, (uint64_t)g_strdup((const char *)key), value, size);
}

static void insert_bytes(void *handle, uint64_t key, uint64_t value, uint64_t size)
{
    struct bytes *bytes = g_malloc(sizeof *bytes + size);
    bytes->size = size;
    memcpy(bytes->data, (const void *)value, size);
    store_text(handle, key, (uint64_t)bytes, size);
}

static void store_bytes(void *handle, uint64_t key, uint64_t value, uint64_t size)
{
    struct map *map = handle;
    g_mutex_lock(&map->lock);
    struct bytes *bytes = g_hash_table_lookup(map->table, (gpointer)key);
    gboolean fits = bytes && bytes->size == size;
    if (fits)
        memcpy(bytes->data, (const void *)value, size);
    g_mutex_unlock(&map->lock);
    if (!fits)
        insert_bytes(handle, key, value, size);
}

static void delete_(void *handle, uint64_t key)
{
    struct map *map = handle;
    g_mutex_lock(&map->lock);
    g_hash_table_remove(map->table, (gpointer)key);
    g_mutex_unlock(&map->lock);
}

static uint64_t of_word(gpointer key, gpointer value) { return (uint64_t)key + (uint64_t)value; }
static uint64_t of_text(gpointer key, gpointer value) { return (uint64_t)value; }
static uint64_t of_bytes(gpointer key, gpointer value) { return first_word(((const struct bytes *)value)->data); }

static inline uint64_t sum(struct map *map, uint64_t *entries, uint64_t (*summand)(gpointer key, gpointer value))
{
    GHashTableIter iterator;
    gpointer key, value;
    uint64_t sum = 0;
    g_mutex_lock(&map->lock);
    g_hash_table_iter_init(&iterator, map->table);
    for (*entries = 0; g_hash_table_iter_next(&iterator, &key, &value); ++*entries)
        sum += summand(key, value);
    g_mutex_unlock(&map->lock);
    return sum;
}

static uint64_t sum_words(void *map, uint64_t *entries) { return sum(map, entries, of_word); }
static uint64_t sum_texts(void *map, uint64_t *entries) { return sum(map, entries, of_text); }
static uint64_t sum_bytes(void *map, uint64_t *entries) { return sum(map, entries, of_bytes); }

const struct peer peer_glib_words = {
    create_words, destroy, nothing, nothing, nothing, load, store_word, store_word, delete_, sum_words,
};
const struct peer peer_glib_texts = {
    create_texts, destroy, nothing, nothing, nothing, load, store_text, store_text, delete_, sum_texts,
};
const struct peer peer_glib_bytes = {
    create_bytes, destroy, nothing, nothing, nothing, load_bytes, insert_bytes, store_bytes, delete_, sum_bytes,
};
