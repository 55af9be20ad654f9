/*
 * Concurrency Kit's ck_ht: one writer, any number of readers. Its writers share a mutex; its readers take nothing.
 *
 * A table that was outgrown, or a text that was deleted, may still be read. It is freed when no thread is inside any map:
 * reclamation by quiescence, which costs an operation nothing.
 *
 * Deleted entries leave marks that only growth removes, so that a table that churns gets slower and slower. Neither the hint
 * CK_HT_WORKLOAD_DELETE nor ck_ht_gc, both tried, changes that by more than half.
 */
#include "peer.h"
#include <ck_ht.h>
#include <pthread.h>
#include <stdlib.h>

struct map {
    ck_ht_t table;
    pthread_mutex_t writers;
};

struct retired {
    struct retired *next;
    void *memory;
};

static pthread_mutex_t quiescence = PTHREAD_MUTEX_INITIALIZER;
static unsigned inside;
static struct retired *retired;

static void retire(void *memory)
{
    struct retired *one = malloc(sizeof *one);
    one->memory = memory;
    pthread_mutex_lock(&quiescence);
    one->next = retired;
    retired = one;
    pthread_mutex_unlock(&quiescence);
}

static void enter(void *map)
{
    pthread_mutex_lock(&quiescence);
    ++inside;
    pthread_mutex_unlock(&quiescence);
}

static void leave(void *map)
{
    pthread_mutex_lock(&quiescence);
    if (--inside == 0) {
        for (struct retired *one; (one = retired); free(one)) {
            retired = one->next;
            free(one->memory);
        }
    }
    pthread_mutex_unlock(&quiescence);
}

static void release(void *memory, size_t size, bool defer)
{
    if (defer)
        retire(memory);
    else
        free(memory);
}

static struct ck_malloc allocator = { .malloc = malloc, .free = release };

static void *create(unsigned mode, uint64_t room)
{
    struct map *map = malloc(sizeof *map);
    pthread_mutex_init(&map->writers, NULL);
    /* A table of ck_ht grows when it is half full, so it is asked for twice the room. */
    if (!ck_ht_init(&map->table, mode, NULL, &allocator, room ? 2 * room : 8, 6602834))
        abort();
    return map;
}

static void *create_words(uint64_t room) { return create(CK_HT_MODE_DIRECT, room); }
static void *create_texts(uint64_t room) { return create(CK_HT_MODE_BYTESTRING, room); }

static void destroy_words(void *handle)
{
    struct map *map = handle;
    ck_ht_destroy(&map->table);
    pthread_mutex_destroy(&map->writers);
    free(map);
}

static void destroy_texts(void *handle)
{
    struct map *map = handle;
    ck_ht_iterator_t iterator = CK_HT_ITERATOR_INITIALIZER;
    ck_ht_entry_t *entry;
    while (ck_ht_next(&map->table, &iterator, &entry))
        free(ck_ht_entry_key(entry));
    destroy_words(handle);
}

static struct found load_word(void *handle, uint64_t key, void *buffer)
{
    struct map *map = handle;
    ck_ht_hash_t hash = { hash_word(key) };
    ck_ht_entry_t entry;
    ck_ht_entry_key_set_direct(&entry, key);
    if (!ck_ht_get_spmc(&map->table, hash, &entry))
        return (struct found){ 0, 0 };
    return (struct found){ ck_ht_entry_value_direct(&entry), 1 };
}

static struct found load_text(void *handle, uint64_t key, void *buffer)
{
    struct map *map = handle;
    ck_ht_hash_t hash = { hash_text((const char *)key) };
    ck_ht_entry_t entry;
    ck_ht_entry_key_set(&entry, (const void *)key, TEXT);
    if (!ck_ht_get_spmc(&map->table, hash, &entry))
        return (struct found){ 0, 0 };
    return (struct found){ (uint64_t)ck_ht_entry_value(&entry), 1 };
}

/* What a writer does to the table: put for a key that is new, set for one that is there, remove. */
static void write_table(struct map *map, bool (*write)(ck_ht_t *, ck_ht_hash_t, ck_ht_entry_t *), ck_ht_hash_t hash,
                        ck_ht_entry_t *entry)
{
    pthread_mutex_lock(&map->writers);
    write(&map->table, hash, entry);
    pthread_mutex_unlock(&map->writers);
}

static void insert_word(void *handle, uint64_t key, uint64_t value, uint64_t size)
{
    ck_ht_hash_t hash = { hash_word(key) };
    ck_ht_entry_t entry;
    ck_ht_entry_set_direct(&entry, hash, key, value);
    write_table(handle, ck_ht_put_spmc, hash, &entry);
}

static void store_word(void *handle, uint64_t key, uint64_t value, uint64_t size)
{
    ck_ht_hash_t hash = { hash_word(key) };
    ck_ht_entry_t entry;
    ck_ht_entry_set_direct(&entry, hash, key, value);
    write_table(handle, ck_ht_set_spmc, hash, &entry);
}

static void delete_word(void *handle, uint64_t key)
{
    ck_ht_hash_t hash = { hash_word(key) };
    ck_ht_entry_t entry;
    ck_ht_entry_key_set_direct(&entry, key);
    write_table(handle, ck_ht_remove_spmc, hash, &entry);
}

static void insert_text(void *handle, uint64_t key, uint64_t value, uint64_t size)
{
    ck_ht_hash_t hash = { hash_text((const char *)key) };
    ck_ht_entry_t entry;
    char *text = malloc(TEXT);
    memcpy(text, (const void *)key, TEXT);
    ck_ht_entry_set(&entry, hash, text, TEXT, (const void *)value);
    write_table(handle, ck_ht_put_spmc, hash, &entry);
}

/* The table takes the new text for the old one, which it hands back in the entry. */
static void store_text(void *handle, uint64_t key, uint64_t value, uint64_t size)
{
    ck_ht_hash_t hash = { hash_text((const char *)key) };
    ck_ht_entry_t entry;
    char *text = malloc(TEXT);
    memcpy(text, (const void *)key, TEXT);
    ck_ht_entry_set(&entry, hash, text, TEXT, (const void *)value);
    write_table(handle, ck_ht_set_spmc, hash, &entry);
    if (!ck_ht_entry_empty(&entry))
        retire(ck_ht_entry_key(&entry));
}

static void delete_text(void *handle, uint64_t key)
{
    ck_ht_hash_t hash = { hash_text((const char *)key) };
    ck_ht_entry_t entry;
    ck_ht_entry_key_set(&entry, (const void *)key, TEXT);
    write_table(handle, ck_ht_remove_spmc, hash, &entry);
    retire(ck_ht_entry_key(&entry));
}

static uint64_t sum(struct map *map, uint64_t *entries, uint64_t keys)
{
    ck_ht_iterator_t iterator = CK_HT_ITERATOR_INITIALIZER;
    ck_ht_entry_t *entry;
    uint64_t sum = 0, count = 0;
    pthread_mutex_lock(&map->writers);
    for (; ck_ht_next(&map->table, &iterator, &entry); ++count)
        sum += (ck_ht_entry_key_direct(entry) & keys) + ck_ht_entry_value_direct(entry);
    pthread_mutex_unlock(&map->writers);
    *entries = count;
    return sum;
}

static uint64_t sum_words(void *map, uint64_t *entries) { return sum(map, entries, UINT64_MAX); }
static uint64_t sum_texts(void *map, uint64_t *entries) { return sum(map, entries, 0); }

const struct peer peer_ck_ht_words = {
    create_words, destroy_words, enter, leave, nothing, load_word, insert_word, store_word, delete_word, sum_words,
};
const struct peer peer_ck_ht_texts = {
    create_texts, destroy_texts, enter, leave, nothing, load_text, insert_text, store_text, delete_text, sum_texts,
};
