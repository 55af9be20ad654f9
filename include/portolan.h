/*
 * PORTOLAN: concurrent maps behind one handle, for every language that can call C.
 *
 * A map holds a value for each key. Keys and values are bytes of any length, or 64-bit words. There
 * are five kinds of map, the ones that Go programmers know, and every operation works on every
 * kind. This file is the manual: you need nothing else to use the library. It is generated from the
 * library's source; do not edit it.
 *
 * 1. A COMPLETE PROGRAM
 *
 *     #include <stdio.h>
 *     #include <portolan.h>
 *
 *     int main(void)
 *     {
 *         ptl_map *map;
 *         char river[16];
 *         size_t size;
 *
 *         if (ptl_map_new(NULL, &map) != PTL_OK)
 *             return 1;
 *         ptl_map_store(map, "Lisbon", 6, "Tagus", 5);
 *         if (ptl_map_load(map, "Lisbon", 6, river, sizeof river, &size) == PTL_OK)
 *             printf("%.*s\n", (int)size, river);
 *         return ptl_map_release(map) == PTL_OK ? 0 : 1;
 *     }
 *
 *     cc program.c $(pkg-config --cflags --libs portolan) && ./a.out
 *
 * 2. WHICH KIND
 *
 *     PTL_MAP_SHARDED     the default: for any mix of reads and writes from any number of threads.
 *                         Readers take no lock.
 *     PTL_MAP_READ_DIRTY  for keys that are written once and read often, or for threads that each
 *                         use keys of their own. Readers take no lock. Adding a key costs more than
 *                         in a sharded map. (Go's sync.Map up to 1.23.)
 *     PTL_MAP_RWMUTEX     one table behind one reader-writer lock: for few writers.
 *     PTL_MAP_MUTEX       one table behind one mutex: the simplest, and the least memory.
 *     PTL_MAP_BUCKETED    one table without synchronisation: for one thread at a time. If a second
 *                         thread enters, its call fails with PTL_E_CONCURRENT. (Go's own map up to
 *                         1.23.)
 *
 * 3. THREADS
 *
 * Unless its comment says otherwise, a function may be called from any thread at any time, by any
 * number of threads at once on the same map. Only a bucketed map is for one thread at a time;
 * threads that pass it on must synchronise that themselves. A thread needs no preparation and no
 * cleanup, and it may call from the destructors of its thread-local objects. Signal handlers must
 * not call the library.
 *
 * "Order" in a function's comment means memory order as in C11. If one call changes a key (Order:
 * release) and another call sees that change (Order: acquire), everything that the first thread did
 * before its call happens before everything that the second thread does after its own. For example,
 * fill an object and then store a pointer to it: whoever loads the pointer sees the object filled.
 * Calls that do not see each other's changes order nothing.
 *
 * The library starts no threads, sets no signal handlers, and does not depend on thread-local
 * destructors. After fork(), locks that other threads held stay locked in the child: if the process
 * had several threads, the child must not use its maps before exec(). A process may dlopen() the
 * library at any time. It stays loaded after dlclose(), because other threads may still be inside.
 * No call is a cancellation point for pthread_cancel(), and a thread must not enable asynchronous
 * cancellation while it is inside a call. A call may change errno. ptl_map_clone and ptl_map_new
 * need the most stack, up to 32 KiB; an operation on one key needs less than 4 KiB.
 *
 * 4. OWNERSHIP
 *
 * A map is reference-counted. ptl_map_new and ptl_map_clone return a map with one reference,
 * ptl_map_retain adds one, and ptl_map_release gives one back. The last release frees the map. A
 * call needs a reference that lasts until it returns. So when you pass a map to another thread,
 * pass a reference with it.
 *
 * The map copies keys and values in, and copies them out into the caller's buffers. It keeps none
 * of the pointers that it is passed, except the functions and `user` of an allocator, which it uses
 * until it is freed.
 *
 * 5. KEYS, VALUES, BUFFERS
 *
 * A key or value is a pointer and a length. Any bytes are allowed, zeros included, and so is length
 * 0. The pointer may be NULL only if the length is 0. Two keys are the same if their bytes are the
 * same, and so are two values. A word is 8 bytes in the machine's byte order: pass its address, at
 * any alignment, and the length 8. The table stores words inline, so they need no memory of their
 * own. The functions whose names end in _u64 take and return words by value.
 *
 * A call copies a value out into a buffer with a capacity, and sets `*size` to the value's length.
 * If the length is more than the capacity, the call returns PTL_E_BUFFER and changes nothing: not
 * even a swap or a load_and_delete loses a value. `*size` is then the capacity that is needed. To
 * ask for the length only, pass NULL and capacity 0; another thread may have stored a longer value
 * by your next call. The `size` pointer may be NULL.
 *
 * A call writes its out-parameters only with the statuses whose text says so. Beyond what a call's
 * comment says, the contents of a buffer or array that it was given to fill are unspecified. The
 * memory that a call reads and the memory that it writes must not overlap.
 *
 * 6. STATUSES
 *
 * Every call returns a ptl_status: PTL_OK, a positive number for another ordinary outcome, or a
 * negative number for an error. A call that returns an error has had no effect; a batch reports
 * this for each key. Every call on a map can return the four below, and a function's comment only
 * lists them:
 *
 *     PTL_E_HANDLE      the map is NULL, was released, or is not a map. The call looks for a mark
 *                       in the memory that the handle points to. This helps to find mistakes and is
 *                       not reliable: memory that was freed may hold anything.
 *     PTL_E_CONCURRENT  another call is inside this bucketed map: from another thread, or from this
 *                       one through the map's allocator. Other kinds never return it.
 *     PTL_E_REENTRANT   this thread is inside ptl_map_update on the same map.
 *     PTL_E_INTERNAL    the library itself failed. A line on standard error says where. Because the
 *                       map may be damaged, every later call on it returns the same status. It can
 *                       still be released.
 *
 * The library never ends the process and never throws an exception.
 *
 * 7. WHAT IS PROMISED, AND WHAT IS NOT
 *
 * Promised:
 *
 * - Operations on one key are linearizable: each takes effect at one moment between its call and
 *   its return, and its result agrees with that order. (A bucketed map has only one thread at a
 *   time.)
 * - scan, range, delete_if and clone visit a key exactly once if it is present throughout, and any
 *   other key at most once, even if the map grows, shrinks or is written meanwhile.
 * - No callback runs while the library holds a lock or anything else that other threads wait for.
 *   The exceptions are the callback of ptl_map_update and the functions of an allocator.
 * - Memory comes back: overwriting and deleting free the old bytes, and ptl_map_shrink frees what
 *   the table no longer needs.
 * - Each map hashes with a random seed of its own, so keys that collide in one map do not collide
 *   in the next. Keys are always compared in full.
 * - Within one major version nothing is removed, and nothing changes its meaning or its number.
 *
 * Not promised:
 *
 * - A batch is not atomic. Other threads may act between any two of its keys.
 * - ptl_map_len is exact only while nobody writes. It is never negative or wildly wrong.
 * - There is no snapshot of a whole map. Iteration, clone and equal see each key at a different
 *   moment.
 * - The order of iteration is unspecified. Unless a seed is set in the options, it differs between
 *   maps and between runs.
 *
 * 8. CALLBACKS
 *
 * Every callback must return. It must not call longjmp, throw an exception or end its thread.
 *
 * The functions passed to ptl_map_range and ptl_map_delete_if run in the calling thread, and the
 * library holds nothing meanwhile. They may call any function on any map, this one included. Even
 * if they release the map, it exists until the outer call returns.
 *
 * The function passed to ptl_map_update runs while its key is locked; that is its purpose. It may
 * call any function on other maps. On the same map every call fails with PTL_E_REENTRANT, except
 * ptl_map_retain and ptl_map_release. Even if it releases the map, the map exists until
 * ptl_map_update returns.
 *
 * The functions of an allocator are called by any thread that needs or frees memory, by several at
 * once, and sometimes while a lock of the map is held. They must not call any function on that map.
 *
 * 9. MEMORY
 *
 * All memory that grows with the entries comes from the map's allocator, and so does the handle. If
 * none is given, it comes from the system.
 *
 * In the kinds whose readers take no lock, sharded and read_dirty, memory must stay readable while
 * the map lives. ptl_map_shrink can still return whole pages of the system's memory: most of a
 * shard with tens of thousands of entries, little of one with a few hundred. With a caller's
 * allocator these kinds free memory only when the map is freed. The other kinds free at once what
 * they no longer need, with any allocator.
 */


#ifndef PORTOLAN_H
#define PORTOLAN_H

#include <stddef.h>
#include <stdint.h>

/** Done. */
#define PTL_OK 0

/** The key is not in the map. */
#define PTL_NOT_FOUND 1

/** The key had a value already: load_or_store loaded it, swap replaced it. */
#define PTL_LOADED 2

/** compare_and_swap, compare_and_delete: the key has another value. equal: the maps differ. */
#define PTL_MISMATCH 3

/** scan: the call reached the end. range: the callback ended the iteration. */
#define PTL_DONE 4

/** A pointer is NULL that must not be. */
#define PTL_E_NULL -1

/** The handle is not a live map (best effort). */
#define PTL_E_HANDLE -2

/**
 * A length is wrong: a word is not 8 bytes long, a length is above PTL_MAX_LENGTH, an offset is
 * below the one before it. Or the `size` that a struct begins with cannot be right: most often the
 * struct was not initialised with its PTL_..._INIT, and `size` is 0.
 */
#define PTL_E_SIZE -3

/**
 * An option has a value that this version does not know; ptl_map_options_error says which. Or the
 * callback of ptl_map_update returned a number that is not a PTL_UPDATE_....
 */
#define PTL_E_OPTION -4

/** The call does not fit the map's key or value type. */
#define PTL_E_TYPE -5

/**
 * The caller's buffer is too small. The size that is needed was written, and the map was not
 * changed.
 */
#define PTL_E_BUFFER -6

/** An allocation failed. The call had no effect. */
#define PTL_E_MEMORY -7

/**
 * Another call is inside this bucketed map, from another thread, or from this one through the
 * map's allocator.
 */
#define PTL_E_CONCURRENT -8

/** The call comes from inside an update of the same map. */
#define PTL_E_REENTRANT -9

/** The library itself failed. Every later call on the map fails too, but it can still be released. */
#define PTL_E_INTERNAL -10

/** peek, peek_u64: the call would have to wait for another thread. */
#define PTL_E_BUSY -11

/** The longest key or value, in bytes. */
#define PTL_MAX_LENGTH 2147483647

/** Kind: one table for one thread at a time. */
#define PTL_MAP_BUCKETED 1

/** Kind: one table behind a mutex. */
#define PTL_MAP_MUTEX 2

/** Kind: one table behind a reader-writer lock. */
#define PTL_MAP_RWMUTEX 3

/**
 * Kind: many tables, each with a lock for its writers. Readers take no lock. The kind 0 means this
 * one.
 */
#define PTL_MAP_SHARDED 4

/** Kind: a table that is read without a lock, and a locked table for new keys. */
#define PTL_MAP_READ_DIRTY 5

/** key_size, value_size: bytes of any length. */
#define PTL_BYTES 0

/** key_size, value_size: one 64-bit word, stored inline. */
#define PTL_WORD 8

/** hash_bits: all keys have the same hash, which is the worst case. For tests. */
#define PTL_HASH_CONSTANT 4294967295

/**
 * The version that this header belongs to. The library that is running may be a later one:
 * ptl_version_number.
 */
#define PTL_VERSION_MAJOR 0

/** The second number of the version. */
#define PTL_VERSION_MINOR 1

/** The third number of the version. */
#define PTL_VERSION_PATCH 0

/** The version of this header as a number that can be compared, as by ptl_version_number. */
#define PTL_VERSION_NUMBER (((PTL_VERSION_MAJOR << 16) | (PTL_VERSION_MINOR << 8)) | PTL_VERSION_PATCH)

/** A result of ptl_update: the key stays as it is, in the map or not. */
#define PTL_UPDATE_KEEP 0

/** A result of ptl_update: the new value is stored for the key. */
#define PTL_UPDATE_STORE 1

/** A result of ptl_update: the key is deleted, if it is in the map. */
#define PTL_UPDATE_DELETE 2

/**
 * A slot's state: empty, and so are all later slots of the bucket and of the overflow buckets
 * behind it.
 */
#define PTL_SLOT_EMPTY_REST 0

/** A slot's state: empty. */
#define PTL_SLOT_EMPTY_ONE 1

/** A slot's state: it holds an entry. */
#define PTL_SLOT_LIVE 2

/** A slot's state in read_dirty: the key was deleted, and its entry is kept for the next store. */
#define PTL_SLOT_NIL 3

/** A slot's state in read_dirty: the key was deleted, and is not in the dirty map. */
#define PTL_SLOT_EXPUNGED 4

/** A map. It is opaque and reference-counted. */
typedef struct ptl_map ptl_map;

/**
 * The result of a call. 0 is success, a positive number another ordinary outcome, a negative
 * number an error. No number ever gets another meaning. Later versions may add numbers: treat a
 * negative one that you do not know as an error.
 */
typedef int32_t ptl_status;

/**
 * Where a map's memory comes from. If all members are zero, it comes from the system. Otherwise
 * both functions must be given. They are called from any thread, from several at once, and
 * sometimes while a lock of the map is held. They must not call a function on that map, and must
 * return.
 */
typedef struct ptl_allocator {
    /**
     * Returns memory of at least `size` bytes (never 0), aligned to `align` (a power of two); NULL
     * if there is not enough memory.
     */
    void *(*alloc)(size_t size, size_t align, void *user);
    /** Frees memory that `alloc` returned for this `size` and `align`. `memory` is never NULL. */
    void (*free)(void *memory, size_t size, size_t align, void *user);
    /** Passed to both functions. The library does not use it. */
    void *user;
} ptl_allocator;

/**
 * Options for ptl_map_new. Initialise the struct with PTL_MAP_OPTIONS_INIT, then set the members
 * that should differ from the default; the default of each is zero. With an initialiser of your own,
 * set `size` too: without it the options are refused with PTL_E_SIZE. A later version may add
 * members at the end. A program that sets none of the new members works with both versions,
 * whichever it was compiled for.
 */
typedef struct ptl_map_options {
    /** sizeof(ptl_map_options). */
    size_t size;
    /** PTL_MAP_*; 0 is PTL_MAP_SHARDED. */
    uint32_t kind;
    /** Must be 0: no flag is defined yet. */
    uint32_t flags;
    /** PTL_BYTES or PTL_WORD. */
    uint64_t key_size;
    /** PTL_BYTES or PTL_WORD. */
    uint64_t value_size;
    /** How many entries the table is made large enough for, as by ptl_map_reserve. */
    uint64_t capacity;
    /**
     * The seed of the hash function. 0 is a random seed from the system. Any other number makes
     * hashing reproducible, and with it the order of iteration in a map that is filled in the same
     * way. Do not use a fixed seed where an attacker can choose the keys.
     */
    uint64_t seed;
    /**
     * How many tables a sharded map has, at most 4096; it is rounded up to a power of two. 0 lets
     * the library choose by the number of processors. Other kinds ignore it.
     */
    uint32_t shards;
    /**
     * For tests, to make keys collide: how many bits of each hash to keep, 1 to 63.
     * PTL_HASH_CONSTANT keeps none, 0 keeps all.
     */
    uint32_t hash_bits;
    /** Where the map's memory comes from. */
    struct ptl_allocator allocator;
#define PTL_MAP_OPTIONS_INIT \
    { sizeof(ptl_map_options), 0, 0, 0, 0, 0, 0, 0, 0, { NULL, NULL, NULL } }
} ptl_map_options;

/** A word and a status, returned in two registers. */
typedef struct ptl_u64 {
    /** 0 unless the function's comment says otherwise. */
    uint64_t value;
    /** PTL_*. */
    ptl_status status;
} ptl_u64;

/**
 * Called for one entry by ptl_map_range and ptl_map_delete_if. Their comments describe the
 * arguments and the result.
 */
typedef int32_t (*ptl_visit)(const void *key,
                             size_t key_size,
                             const void *value,
                             size_t value_size,
                             void *user);

/**
 * Called by ptl_map_update to decide what to do with a key.
 *
 * `value` is the key's value, aligned to 8 bytes and valid until the function returns. It is NULL
 * if the key is not in the map, and only then. The function returns PTL_UPDATE_KEEP,
 * PTL_UPDATE_STORE or PTL_UPDATE_DELETE. Before it returns PTL_UPDATE_STORE, it sets `*new_value`
 * and `*new_size` to the new value. The map copies that, so its memory must stay readable until
 * ptl_map_update returns. It may be a part of `value`. At the call, `*new_value` is NULL and
 * `*new_size` is 0.
 */
typedef int32_t (*ptl_update)(const void *value,
                              size_t value_size,
                              const void **new_value,
                              size_t *new_size,
                              void *user);

/** Statistics of a map. Initialise the struct with PTL_STATS_INIT. */
typedef struct ptl_stats {
    /** Set by the caller: sizeof(ptl_stats). The call does not change it. */
    size_t size;
    /** PTL_MAP_*. */
    uint32_t kind;
    /**
     * B of the largest table. The table has 2^B main buckets and, while it grows, one more for
     * each bucket that was split.
     */
    uint32_t bucket_bits;
    /** PTL_BYTES or PTL_WORD. */
    uint64_t key_size;
    /** PTL_BYTES or PTL_WORD. */
    uint64_t value_size;
    /** Entries, as ptl_map_len counts them. */
    uint64_t entries;
    /** Main buckets of all tables, each with room for 8 entries. */
    uint64_t buckets;
    /** Overflow buckets in use, in all tables. */
    uint64_t overflow_buckets;
    /**
     * Entries per main bucket. Growth keeps it at 6.5 or below, and at 8 or below in a table of
     * one bucket. In a sharded map it is near 5.3, and near 4 in small ones.
     */
    double load_factor;
    /** Tables that are growing at the moment. */
    uint64_t growing;
    /** Buckets that those tables have split so far. */
    uint64_t split;
    /** Shards: the tables of a sharded map; 1 in other kinds. */
    uint64_t shards;
    /** Entries of the shard that has the fewest. */
    uint64_t shard_entries_min;
    /** Entries of the shard that has the most. */
    uint64_t shard_entries_max;
    /**
     * The most buckets that the search for one key may read: a main bucket and its overflow
     * buckets.
     */
    uint64_t longest_chain;
    /**
     * read_dirty: how often the dirty map has become the read map. This and the next four members
     * are 0 in other kinds.
     */
    uint64_t promotions;
    /** read_dirty: lookups that the read map could not answer, since the last promotion. */
    uint64_t misses;
    /** read_dirty: entries of the dirty map. The read map is amended when there are any. */
    uint64_t dirty_entries;
    /** read_dirty: entries of the read map, deleted ones included. */
    uint64_t read_entries;
    /** read_dirty: entries of the read map that were deleted and are not in the dirty map. */
    uint64_t expunged;
    /** Memory held for tables and for read_dirty's entries, in bytes. */
    uint64_t table_bytes;
    /** Memory in use for keys and values that are not stored inline. */
    uint64_t bytes_live;
    /** Memory held for those, in use or not. */
    uint64_t bytes_reserved;
#define PTL_STATS_INIT \
    { sizeof(ptl_stats), 0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
} ptl_stats;

/** One bucket of eight slots. Initialise the struct with PTL_BUCKET_INIT. */
typedef struct ptl_bucket {
    /** Set by the caller: sizeof(ptl_bucket). The call does not change it. */
    size_t size;
    /**
     * Changes when an entry is added to the bucket, removed or moved; this tells readers without a
     * lock that they must read again. It need not change when a value is overwritten by a single
     * store.
     */
    uint32_t version;
    /** Number of the next overflow bucket; 0 if there is none. */
    uint32_t overflow;
    /** The top byte of each key's hash. A search compares it before it compares a key. */
    uint8_t tophash[8];
    /** PTL_SLOT_* of each slot. */
    uint8_t state[8];
    /** The keys if they are words, else their lengths in bytes. */
    uint64_t keys[8];
    /** The values if they are words, else their lengths in bytes. */
    uint64_t values[8];
    /** B of this table. */
    uint64_t table_bucket_bits;
    /** Main buckets of this table. */
    uint64_t table_buckets;
#define PTL_BUCKET_INIT \
    { sizeof(ptl_bucket), 0, 0, { 0 }, { 0 }, { 0 }, { 0 }, 0, 0 }
} ptl_bucket;

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Describes a status in a few English words. Use the text in a log, not to compare it. It is
 * static and never NULL; an unknown number has a text too.
 *
 * Threads: any. Order: none.
 */
const char *ptl_status_string(ptl_status status);

/**
 * Says what is wrong with options that ptl_map_new or ptl_map_clone refuses with PTL_E_OPTION or
 * PTL_E_SIZE: the member, a colon, and what it must be, in a few English words. Use the text in a log,
 * not to compare it. It is static. NULL if nothing is wrong.
 *
 * Threads: any. Order: none.
 */
const char *ptl_map_options_error(const struct ptl_map_options *options);

/**
 * Returns the version of the library that is running, such as "0.1.0". The text is static.
 *
 * Threads: any. Order: none.
 */
const char *ptl_version(void);

/**
 * Returns the version as a number that can be compared: major << 16 | minor << 8 | patch.
 *
 * Threads: any. Order: none.
 */
uint32_t ptl_version_number(void);

/**
 * Creates a map and returns the first reference to it. Release it with ptl_map_release.
 *
 * If `options` is NULL, the map is a sharded one from bytes to bytes. The options are read during
 * the call and not kept.
 *
 * Threads: any. Order: none; a thread that passes the map to another thread must synchronise with
 * it.
 *
 * - PTL_OK: `*map` is the new map.
 * - PTL_E_NULL: `map` is NULL.
 * - PTL_E_SIZE: `options->size` is smaller than the struct was in the first version of the
 *   library, or too large to be the size of a struct.
 * - PTL_E_OPTION: the kind, a flag, the key size, the value size, the number of shards or the
 *   number of hash bits is not one that this version knows; only one of the allocator's functions
 *   is given; or the options are of a later version and ask for something that this one does not
 *   know.
 * - PTL_E_MEMORY: there is not enough memory for the map, or for `options->capacity` entries.
 * - PTL_E_INTERNAL: the system provided no random seed, or the library itself failed. There is no
 *   map.
 */
ptl_status ptl_map_new(const struct ptl_map_options *options, struct ptl_map **map);

/**
 * Adds a reference. Each reference needs a ptl_map_release of its own.
 *
 * Threads: any that holds a reference. Order: none; a thread that passes the reference to another
 * thread must synchronise with it.
 *
 * - PTL_OK: there is one more reference.
 * - PTL_E_HANDLE, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_retain(struct ptl_map *map);

/**
 * Releases one reference. The release of the last reference frees the map and all its entries
 * before it returns. It does not wait for calls on other maps.
 *
 * NULL is allowed and does nothing. A map whose calls return PTL_E_INTERNAL is released like any
 * other.
 *
 * Threads: any that holds a reference. Order: release, and acquire for the last reference: all
 * calls that were made with other references happen before the map is freed.
 *
 * - PTL_OK: the reference was released.
 * - PTL_E_HANDLE: as for every call on a map; nothing was released.
 * - PTL_E_INTERNAL: the library itself failed while it freed the map. Some memory may have leaked.
 */
ptl_status ptl_map_release(struct ptl_map *map);

/**
 * Looks a key up and copies its value out.
 *
 * Threads: any. Order: acquire.
 *
 * - PTL_OK: the value is in `value`, its length in `*value_size`.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_BUFFER: the value is longer than `value_capacity`; its length is in `*value_size`.
 * - PTL_E_NULL: `key` is NULL and `key_size` is not 0, or `value` is NULL and `value_capacity` is
 *   not 0.
 * - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_load(const struct ptl_map *map,
                        const void *key,
                        size_t key_size,
                        void *value,
                        size_t value_capacity,
                        size_t *value_size);

/**
 * ptl_map_load for a caller that must not wait. It waits for no lock and allocates nothing. Where
 * ptl_map_load would wait for another thread, it returns PTL_E_BUSY: in a sharded map, if another
 * thread is writing to the key's bucket; in a read_dirty map, if another thread is writing to the
 * key's entry, or if the key may be in the dirty map; in a mutex or rwmutex map, if the lock is
 * not free. Call ptl_map_load then, or peek again later.
 *
 * The time that it takes depends on the lengths of key and value, and on the number of keys in the
 * key's bucket. That is a few, unless hash_bits makes keys collide.
 *
 * Threads: any. Order: acquire.
 *
 * - PTL_OK, PTL_NOT_FOUND, PTL_E_BUFFER, PTL_E_NULL, PTL_E_SIZE: as for ptl_map_load.
 * - PTL_E_BUSY: the call would have to wait for another thread. What `value` holds is unspecified.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_peek(const struct ptl_map *map,
                        const void *key,
                        size_t key_size,
                        void *value,
                        size_t value_capacity,
                        size_t *value_size);

/**
 * Stores a value for a key, whether the key had a value or not.
 *
 * Threads: any. Order: release.
 *
 * - PTL_OK: the key has the value.
 * - PTL_E_NULL: `key` or `value` is NULL and its length is not 0.
 * - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has
 *   words.
 * - PTL_E_MEMORY: an allocation failed; the key is unchanged.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_store(struct ptl_map *map,
                         const void *key,
                         size_t key_size,
                         const void *value,
                         size_t value_size);

/**
 * Loads the value of a key, or stores `value` if the key has none. If several threads do this at
 * the same time for a key without a value, exactly one of them stores, and the others load what it
 * stored.
 *
 * Threads: any. Order: acquire when it loads, release when it stores.
 *
 * - PTL_OK: the key had no value, and now has `value`. `actual` and `*actual_size` are not
 *   changed.
 * - PTL_LOADED: the key had a value and keeps it; it is in `actual`, its length in `*actual_size`.
 * - PTL_E_BUFFER: the key has a value longer than `actual_capacity`; its length is in
 *   `*actual_size`.
 * - PTL_E_NULL: `key`, `value` or `actual` is NULL and its length or capacity is not 0.
 * - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has
 *   words.
 * - PTL_E_MEMORY: an allocation failed; the key still has no value.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_load_or_store(struct ptl_map *map,
                                 const void *key,
                                 size_t key_size,
                                 const void *value,
                                 size_t value_size,
                                 void *actual,
                                 size_t actual_capacity,
                                 size_t *actual_size);

/**
 * Deletes a key and copies out the value that it had. If several threads do this at the same time
 * for one key, exactly one of them gets the value.
 *
 * Threads: any. Order: acquire and release.
 *
 * - PTL_OK: the key was deleted; the value that it had is in `value`, the value's length in
 *   `*value_size`.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_BUFFER: the value is longer than `value_capacity`; its length is in `*value_size`, and
 *   the key was not deleted.
 * - PTL_E_NULL: `key` is NULL and `key_size` is not 0, or `value` is NULL and `value_capacity` is
 *   not 0.
 * - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_load_and_delete(struct ptl_map *map,
                                   const void *key,
                                   size_t key_size,
                                   void *value,
                                   size_t value_capacity,
                                   size_t *value_size);

/**
 * Deletes a key.
 *
 * Threads: any. Order: release.
 *
 * - PTL_OK: the key was deleted.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
 * - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_delete(struct ptl_map *map, const void *key, size_t key_size);

/**
 * Stores a value for a key and copies out the value that the key had before.
 *
 * Threads: any. Order: acquire and release.
 *
 * - PTL_OK: the key had no value, and now has `value`. `previous` and `*previous_size` are not
 *   changed.
 * - PTL_LOADED: the key had a value, and now has `value`. The previous value is in `previous`, its
 *   length in `*previous_size`.
 * - PTL_E_BUFFER: the key has a value longer than `previous_capacity`, and keeps it. Its length is
 *   in `*previous_size`.
 * - PTL_E_NULL: `key`, `value` or `previous` is NULL and its length or capacity is not 0.
 * - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has
 *   words.
 * - PTL_E_MEMORY: an allocation failed; the key is unchanged.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_swap(struct ptl_map *map,
                        const void *key,
                        size_t key_size,
                        const void *value,
                        size_t value_size,
                        void *previous,
                        size_t previous_capacity,
                        size_t *previous_size);

/**
 * Stores `new_value` for a key if the key's value equals `old_value`, byte for byte.
 *
 * Threads: any. Order: acquire, and release when it swaps.
 *
 * - PTL_OK: the key had `old_value`, and now has `new_value`.
 * - PTL_MISMATCH: the key has another value, and keeps it.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_NULL: `key`, `old_value` or `new_value` is NULL and its length is not 0.
 * - PTL_E_SIZE: a length is above PTL_MAX_LENGTH, or not 8 where the map has words.
 * - PTL_E_MEMORY: an allocation failed; the key is unchanged.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_compare_and_swap(struct ptl_map *map,
                                    const void *key,
                                    size_t key_size,
                                    const void *old_value,
                                    size_t old_size,
                                    const void *new_value,
                                    size_t new_size);

/**
 * Deletes a key if its value equals `old_value`, byte for byte.
 *
 * Threads: any. Order: acquire, and release when it deletes.
 *
 * - PTL_OK: the key had `old_value`, and was deleted.
 * - PTL_MISMATCH: the key has another value, and keeps it.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_NULL: `key` or `old_value` is NULL and its length is not 0.
 * - PTL_E_SIZE: a length is above PTL_MAX_LENGTH, or not 8 where the map has words.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_compare_and_delete(struct ptl_map *map,
                                      const void *key,
                                      size_t key_size,
                                      const void *old_value,
                                      size_t old_size);

/**
 * Tells whether a key is in the map.
 *
 * Threads: any. Order: acquire.
 *
 * - PTL_OK: it is.
 * - PTL_NOT_FOUND: it is not.
 * - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
 * - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_contains(const struct ptl_map *map, const void *key, size_t key_size);

/**
 * Adds to the value of a key, as one atomic operation. The map's values must be words. A key that
 * is not in the map counts from 0. The sum wraps around at 2^64, so adding the two's complement of
 * a number subtracts it.
 *
 * Threads: any. Order: acquire and release.
 *
 * - PTL_OK: the key has the sum. It is also in `*sum`, unless `sum` is NULL.
 * - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
 * - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
 * - PTL_E_TYPE: the map's values are bytes.
 * - PTL_E_MEMORY: an allocation failed; the key is unchanged.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_add(struct ptl_map *map, const void *key, size_t key_size, uint64_t delta, uint64_t *sum);

/**
 * ptl_map_load for maps from words to words.
 *
 * Threads: any. Order: acquire.
 *
 * - PTL_OK: `value` is the key's value.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
struct ptl_u64 ptl_map_load_u64(const struct ptl_map *map, uint64_t key);

/**
 * ptl_map_peek for maps from words to words.
 *
 * Threads: any. Order: acquire.
 *
 * - PTL_OK: `value` is the key's value.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_BUSY: the call would have to wait for another thread.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
struct ptl_u64 ptl_map_peek_u64(const struct ptl_map *map, uint64_t key);

/**
 * ptl_map_store for maps from words to words.
 *
 * Threads: any. Order: release.
 *
 * - PTL_OK: the key has the value.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_MEMORY: an allocation failed; the key is unchanged.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_store_u64(struct ptl_map *map, uint64_t key, uint64_t value);

/**
 * ptl_map_load_or_store for maps from words to words.
 *
 * Threads: any. Order: acquire when it loads, release when it stores.
 *
 * - PTL_OK: the key had no value, and now has the given one, which is also returned as `value`.
 * - PTL_LOADED: the key had a value and keeps it. That value is returned as `value`.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_MEMORY: an allocation failed; the key still has no value.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
struct ptl_u64 ptl_map_load_or_store_u64(struct ptl_map *map, uint64_t key, uint64_t value);

/**
 * ptl_map_load_and_delete for maps from words to words.
 *
 * Threads: any. Order: acquire and release.
 *
 * - PTL_OK: the key was deleted. `value` is the value that it had.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
struct ptl_u64 ptl_map_load_and_delete_u64(struct ptl_map *map, uint64_t key);

/**
 * ptl_map_delete for maps from words to words.
 *
 * Threads: any. Order: release.
 *
 * - PTL_OK: the key was deleted.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_delete_u64(struct ptl_map *map, uint64_t key);

/**
 * ptl_map_swap for maps from words to words.
 *
 * Threads: any. Order: acquire and release.
 *
 * - PTL_OK: the key had no value, and now has the given one. The returned `value` is 0.
 * - PTL_LOADED: the key had a value, and now has the given one. The returned `value` is the
 *   previous one.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_MEMORY: an allocation failed; the key is unchanged.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
struct ptl_u64 ptl_map_swap_u64(struct ptl_map *map, uint64_t key, uint64_t value);

/**
 * ptl_map_compare_and_swap for maps from words to words.
 *
 * Threads: any. Order: acquire, and release when it swaps.
 *
 * - PTL_OK: the key had `old_value`, and now has `new_value`.
 * - PTL_MISMATCH: the key has another value, and keeps it.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_compare_and_swap_u64(struct ptl_map *map,
                                        uint64_t key,
                                        uint64_t old_value,
                                        uint64_t new_value);

/**
 * ptl_map_compare_and_delete for maps from words to words.
 *
 * Threads: any. Order: acquire, and release when it deletes.
 *
 * - PTL_OK: the key had `old_value`, and was deleted.
 * - PTL_MISMATCH: the key has another value, and keeps it.
 * - PTL_NOT_FOUND: the key is not in the map.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_compare_and_delete_u64(struct ptl_map *map, uint64_t key, uint64_t old_value);

/**
 * ptl_map_contains for maps whose keys are words. The values may be words or bytes.
 *
 * Threads: any. Order: acquire.
 *
 * - PTL_OK: the key is in the map.
 * - PTL_NOT_FOUND: it is not.
 * - PTL_E_TYPE: the map's keys are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_contains_u64(const struct ptl_map *map, uint64_t key);

/**
 * ptl_map_add for maps from words to words.
 *
 * Threads: any. Order: acquire and release.
 *
 * - PTL_OK: the key has the sum, which is also returned as `value`.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_MEMORY: an allocation failed; the key is unchanged.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
struct ptl_u64 ptl_map_add_u64(struct ptl_map *map, uint64_t key, uint64_t delta);

/**
 * Deletes all entries, not necessarily at the same moment. An entry that is stored during
 * the call may or may not be deleted. The table keeps its size; ptl_map_shrink makes it smaller.
 *
 * Threads: any. Order: release.
 *
 * - PTL_OK: every entry that was in the map before the call was deleted.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_clear(struct ptl_map *map);

/**
 * Returns the number of entries. It is exact while nobody writes. Otherwise concurrent writes may
 * have made it out of date.
 *
 * Threads: any. Order: none.
 *
 * - PTL_OK: the number is in `*len`.
 * - PTL_E_NULL: `len` is NULL.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_len(const struct ptl_map *map, uint64_t *len);

/**
 * Makes the table large enough for `entries` entries in all, existing ones included, so that it
 * need not grow while they are stored. Does nothing if the table is large enough already.
 *
 * Threads: any. Order: none.
 *
 * - PTL_OK: the table is large enough.
 * - PTL_E_MEMORY: there is not enough memory; the table keeps its size.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_reserve(struct ptl_map *map, uint64_t entries);

/**
 * Frees memory that the entries no longer need, of the table and of keys and values. It is worth
 * calling after most entries were deleted. The section MEMORY at the top says how much of the
 * table can be freed.
 *
 * Threads: any. Order: none.
 *
 * - PTL_OK: the memory was freed, as far as the present entries allow.
 * - PTL_E_MEMORY: an allocation that shrinking needs failed; the map keeps its memory.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_shrink(struct ptl_map *map);

/**
 * Creates a new map with the entries of this one, and returns the first reference to it. An entry
 * that is written during the call is copied as an iteration would find it.
 *
 * `options` are those of the copy, as for ptl_map_new. It may be of another kind, but key_size and
 * value_size must be the source's. If `options` is NULL, the copy has the source's options,
 * including its allocator, seed and number of shards. The seed 0 then gives the copy a random seed
 * of its own.
 *
 * Threads: any. Order: acquire, for each entry that is copied.
 *
 * - PTL_OK: `*copy` is the new map.
 * - PTL_E_NULL: `copy` is NULL.
 * - PTL_E_SIZE, PTL_E_OPTION: as for ptl_map_new.
 * - PTL_E_TYPE: the options ask for another key or value type than the source has.
 * - PTL_E_MEMORY: an allocation failed; there is no copy.
 * - PTL_E_INTERNAL: as for every call on a map. Also if the system provided no random seed; the
 *   source can then still be used.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT: as for every call on a map.
 */
ptl_status ptl_map_clone(const struct ptl_map *map,
                         const struct ptl_map_options *options,
                         struct ptl_map **copy);

/**
 * Tells whether two maps have the same keys with the same values. They may be of different kinds.
 * A map equals itself. The result is exact while nobody writes to either map.
 *
 * Threads: any. Order: acquire, for each entry that is compared.
 *
 * - PTL_OK: the maps are equal.
 * - PTL_MISMATCH: they differ.
 * - PTL_E_TYPE: they have different key or value types.
 * - PTL_E_MEMORY: an allocation failed.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map,
 *   for either map.
 */
ptl_status ptl_map_equal(const struct ptl_map *map, const struct ptl_map *other);

/**
 * Calls a function for every entry, in no particular order, beginning at a random position. The
 * section WHAT IS PROMISED at the top says which entries are visited while other threads write.
 *
 * `visit` is called with the key, the value that the key had at some moment during the call, and
 * `user`. It returns non-zero to continue, 0 to end. The key and value are valid until it returns;
 * if a length is 0, its pointer must not be read. `visit` may call any function on this map, and
 * may change it. An entry that it stores may or may not be visited.
 *
 * Threads: any; `visit` runs in the calling thread, while no lock is held. Order: acquire, for
 * each entry before `visit` is called with it.
 *
 * - PTL_OK: every entry was visited.
 * - PTL_DONE: `visit` returned 0.
 * - PTL_E_NULL: `visit` is NULL.
 * - PTL_E_MEMORY: an allocation failed; some entries may have been visited.
 * - PTL_E_CONCURRENT: another thread was inside this bucketed map during the iteration; some
 *   entries may have been visited.
 * - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_range(const struct ptl_map *map, ptl_visit visit, void *user);

/**
 * Deletes the entries that a function selects, and counts them.
 *
 * `predicate` is called as ptl_map_range calls its function. It returns non-zero to delete the
 * entry, 0 to keep it. No lock is held while it runs, so another thread may change the key's value
 * meanwhile. The entry is then kept and not counted.
 *
 * Threads: any; `predicate` runs in the calling thread, while no lock is held. Order: acquire for
 * each entry, release for each deleted entry.
 *
 * - PTL_OK: `predicate` was called for every entry. The number of deleted entries is in
 *   `*deleted`, unless `deleted` is NULL.
 * - PTL_E_NULL: `predicate` is NULL.
 * - PTL_E_MEMORY: an allocation failed; some entries may have been deleted.
 * - PTL_E_CONCURRENT: another thread was inside this bucketed map during the iteration; some
 *   entries may have been deleted.
 * - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_delete_if(struct ptl_map *map, ptl_visit predicate, void *user, uint64_t *deleted);

/**
 * Begins an iteration with ptl_map_scan or ptl_map_scan_u64, in the same way as ptl_map_range
 * does: sets `*start` to a random position, and promotes the dirty map of a read_dirty map. Two
 * loops then visit every entry:
 *
 * - with `cursor = start`, scan with `end` 0 until PTL_DONE, which sets the cursor to 0;
 * - then, unless `start` is 0, scan with `end` = `start` until PTL_DONE.
 *
 * The map keeps no record of the iteration, so it may stop anywhere. A scan does not need this
 * call: it may begin and end at any positions.
 *
 * Threads: any; each may have an iteration of its own. Order: none.
 *
 * - PTL_OK: the position is in `*start`. It may be 0.
 * - PTL_E_NULL: `start` is NULL.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_begin_scan(const struct ptl_map *map, uint64_t *start);

/**
 * Fills the caller's buffers with the next entries, and moves the cursor to where the next call
 * continues. The cursor is a number, and the only state of the iteration. It may be kept, passed
 * to another thread, or thrown away. The map holds nothing between the calls, and may grow and
 * shrink meanwhile.
 *
 * A cursor is a position in the order of iteration, and any number is a valid position. The scan
 * goes from the position `*cursor` up to the position `end`, `end` not included; if `end` is 0, it
 * goes to the end of all positions. So a scan from 0 to 0 visits every entry. ptl_map_begin_scan
 * describes how to begin at a random position. Threads can share an iteration: each scans a part
 * of it, such as from 0 to n, from n to m, and from m to 0. If `end` is neither 0 nor above
 * `*cursor`, the call returns PTL_DONE without entries.
 *
 * `keys` is one buffer for all keys, `values` one for all values. `*keys_size` and `*values_size`
 * are their sizes in bytes, and `*count` is the largest number of entries to return. The call sets
 * all three to what it filled. The key of entry i is the bytes from key_offsets[i] to
 * key_offsets[i + 1], and the same for its value and value_offsets. Each array of offsets has
 * `*count` + 1 elements. Where the map has words, the offsets may be NULL, since every key or
 * value has 8 bytes. ptl_map_store_many and ptl_map_delete_many take this format.
 *
 * Entries with the same position are always returned by the same call. That is almost always one
 * entry, and a few where hashes collide.
 *
 * Threads: any. Order: acquire, for each entry.
 *
 * - PTL_OK: the buffers have some entries, and there may be more.
 * - PTL_DONE: the buffers have the last entries before `end`, perhaps none. `*cursor` is 0.
 * - PTL_E_BUFFER: the entries at the next position do not fit. `*keys_size`, `*values_size` and
 *   `*count` are the sizes that they need, and the cursor has not moved.
 * - PTL_E_NULL: `cursor`, `keys_size`, `values_size` or `count` is NULL; `keys` or `values` is
 *   NULL and its size is not 0; or offsets are NULL where the map has bytes and `*count` is not 0.
 * - PTL_E_SIZE: an array of `*count` + 1 offsets would not fit in the address space.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_scan(const struct ptl_map *map,
                        uint64_t *cursor,
                        uint64_t end,
                        void *keys,
                        size_t *keys_size,
                        size_t *key_offsets,
                        void *values,
                        size_t *values_size,
                        size_t *value_offsets,
                        size_t *count);

/**
 * ptl_map_scan for maps from words to words: one array for the keys and one for the values, each
 * with `*count` elements.
 *
 * Threads: any. Order: acquire, for each entry.
 *
 * - PTL_OK: the arrays have `*count` entries, and there may be more.
 * - PTL_DONE: the arrays have the last `*count` entries before `end`, perhaps none. `*cursor` is
 *   0.
 * - PTL_E_BUFFER: at the next position there are more entries than `*count`. `*count` is set to
 *   their number, and the cursor has not moved.
 * - PTL_E_NULL: `cursor` or `count` is NULL, or `keys` or `values` is NULL and `*count` is not 0.
 * - PTL_E_SIZE: an array of `*count` words would not fit in the address space.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_scan_u64(const struct ptl_map *map,
                            uint64_t *cursor,
                            uint64_t end,
                            uint64_t *keys,
                            uint64_t *values,
                            size_t *count);

/**
 * Calls a function with the value of a key, and does what the function returns, as one atomic
 * operation.
 *
 * `update` is called once, while the key is locked. So it sees the latest value, and nobody else
 * changes the key before the new value is stored. `update` may call any function on other maps. On
 * this map every call from this thread fails with PTL_E_REENTRANT, except ptl_map_retain and
 * ptl_map_release.
 *
 * Other threads may have to wait for `update`, so it should be short. These calls may wait for it:
 *
 * - in a mutex or rwmutex map, every call;
 * - in a sharded map, calls that write to the same shard, and calls on the whole map;
 * - in a read_dirty map, calls that write to the key; calls on the whole map, except ptl_map_len;
 *   and calls on keys that the read map does not have: those that are not in the map, and those
 *   that were first stored since the last promotion.
 *
 * If `update` waits for another thread, that thread must not make such a call, or both wait for
 * ever. The same can happen if the `update` of one map calls another map while, in another thread,
 * the `update` of that map calls the first.
 *
 * Threads: any; `update` runs in the calling thread. Order: acquire before `update` is called,
 * release for what it stores or deletes.
 *
 * - PTL_OK: the map did what `update` returned.
 * - PTL_E_NULL: `update` is NULL; `key` is NULL and `key_size` is not 0; or `update` returned
 *   PTL_UPDATE_STORE, `*new_value` is NULL and `*new_size` is not 0.
 * - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words; or `update`
 *   returned PTL_UPDATE_STORE, and `*new_size` is above PTL_MAX_LENGTH, or not 8 where values are
 *   words.
 * - PTL_E_OPTION: `update` returned none of the three.
 * - PTL_E_MEMORY: an allocation failed, before or after `update` was called; the key is unchanged.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_update(struct ptl_map *map,
                          const void *key,
                          size_t key_size,
                          ptl_update update,
                          void *user);

/**
 * Looks up many keys. This is faster than one call for each key, because the map prefetches the
 * memory of many keys at a time.
 *
 * `keys` is one buffer for all keys. Key i is the bytes from key_offsets[i] to key_offsets[i + 1],
 * so there are `count` + 1 offsets. They may be NULL where keys are words, of 8 bytes each. The
 * values are returned in the same way, in the order of the keys. `*values_size` is the size of the
 * buffer `values`, and is set to the number of bytes that were filled. `value_offsets` is an
 * array of `count` + 1 offsets, and may be NULL where values are words. The value of a key that is
 * not found is no bytes, or the word 0.
 *
 * statuses[i] is what ptl_map_contains returns for key i.
 *
 * Threads: any. Order: acquire, for each key.
 *
 * - PTL_OK: every key was looked up; see `statuses`.
 * - PTL_E_BUFFER: the values do not fit. `*values_size` is the size that they needed at this
 *   moment. The contents of `values`, `value_offsets` and `statuses` are unspecified.
 * - PTL_E_NULL: `values_size` is NULL; `keys`, `values` or `statuses` is NULL although it must not
 *   be empty; or offsets are NULL where the map has bytes and `count` is not 0.
 * - PTL_E_SIZE: keys are words, and some key is not 8 bytes long. It has no value, and the other
 *   keys were looked up as with PTL_OK; see `statuses`. Or no key was looked up: an offset is
 *   below the one before it, a key is longer than PTL_MAX_LENGTH, or `count` words would not fit
 *   in the address space.
 * - PTL_E_CONCURRENT: another thread was inside this bucketed map when some key was looked up.
 *   That key has no value, and the other keys were looked up as with PTL_OK; see `statuses`.
 * - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_load_many(const struct ptl_map *map,
                             const void *keys,
                             const size_t *key_offsets,
                             size_t count,
                             void *values,
                             size_t *values_size,
                             size_t *value_offsets,
                             ptl_status *statuses);

/**
 * Stores many keys and their values, in order, as ptl_map_store does for each. Keys and values
 * have the format that ptl_map_load_many describes and ptl_map_scan fills. The batch is not
 * atomic: other threads may act between any two keys, and after an error with one key the other
 * keys are still stored.
 *
 * statuses[i] is what ptl_map_store returns for key i. `statuses` may be NULL.
 *
 * Threads: any. Order: release, for each key.
 *
 * - PTL_OK: every key has its value.
 * - PTL_E_MEMORY: the first error was that an allocation failed; see `statuses`.
 * - PTL_E_SIZE: the first error was a key or value that is not 8 bytes long where the map has
 *   words; see `statuses`. Or nothing was stored: an offset is below the one before it, a key or
 *   value is longer than PTL_MAX_LENGTH, or `count` words would not fit in the address space.
 * - PTL_E_NULL: `keys` or `values` is NULL although it must not be empty, or offsets are NULL
 *   where the map has bytes and `count` is not 0. Nothing was stored.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_store_many(struct ptl_map *map,
                              const void *keys,
                              const size_t *key_offsets,
                              const void *values,
                              const size_t *value_offsets,
                              size_t count,
                              ptl_status *statuses);

/**
 * Deletes many keys, in order, as ptl_map_delete does for each. The keys have the format that
 * ptl_map_load_many describes. The batch is not atomic: other threads may act between any two
 * keys.
 *
 * statuses[i] is what ptl_map_delete returns for key i. `statuses` may be NULL.
 *
 * Threads: any. Order: release, for each key.
 *
 * - PTL_OK: each key was deleted, or was not in the map.
 * - PTL_E_SIZE: keys are words, and some key is not 8 bytes long. The other keys were deleted; see
 *   `statuses`. Or nothing was deleted: an offset is below the one before it, a key is longer than
 *   PTL_MAX_LENGTH, or `count` words would not fit in the address space.
 * - PTL_E_NULL: `keys` is NULL although it must not be empty, or offsets are NULL where keys are
 *   bytes and `count` is not 0. Nothing was deleted.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_delete_many(struct ptl_map *map,
                               const void *keys,
                               const size_t *key_offsets,
                               size_t count,
                               ptl_status *statuses);

/**
 * ptl_map_load_many for maps from words to words. values[i] is 0 where statuses[i] is
 * PTL_NOT_FOUND.
 *
 * Threads: any. Order: acquire, for each key.
 *
 * - PTL_OK: `values` and `statuses` are filled.
 * - PTL_E_NULL: `keys`, `values` or `statuses` is NULL and `count` is not 0.
 * - PTL_E_SIZE: an array of `count` words would not fit in the address space.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_load_many_u64(const struct ptl_map *map,
                                 const uint64_t *keys,
                                 size_t count,
                                 uint64_t *values,
                                 ptl_status *statuses);

/**
 * ptl_map_store_many for maps from words to words. `statuses` may be NULL.
 *
 * Threads: any. Order: release, for each key.
 *
 * - PTL_OK: every key has its value.
 * - PTL_E_MEMORY: an allocation failed for some keys. The other keys were stored.
 * - PTL_E_NULL: `keys` or `values` is NULL and `count` is not 0.
 * - PTL_E_SIZE: an array of `count` words would not fit in the address space.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_store_many_u64(struct ptl_map *map,
                                  const uint64_t *keys,
                                  const uint64_t *values,
                                  size_t count,
                                  ptl_status *statuses);

/**
 * ptl_map_delete_many for maps from words to words. `statuses` may be NULL.
 *
 * Threads: any. Order: release, for each key.
 *
 * - PTL_OK: each key was deleted, or was not in the map.
 * - PTL_E_NULL: `keys` is NULL and `count` is not 0.
 * - PTL_E_SIZE: an array of `count` words would not fit in the address space.
 * - PTL_E_TYPE: the map's keys or values are bytes.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_delete_many_u64(struct ptl_map *map,
                                   const uint64_t *keys,
                                   size_t count,
                                   ptl_status *statuses);

/**
 * Returns statistics of a map. The numbers are read one after the other, so they need not agree
 * with each other while other threads write.
 *
 * Threads: any. Order: none.
 *
 * - PTL_OK: `*stats` is filled, except its `size`. Members that this version does not know are set
 *   to 0.
 * - PTL_E_NULL: `stats` is NULL.
 * - PTL_E_SIZE: `stats->size` is smaller than the struct was in the first version of the library,
 *   or too large to be the size of a struct.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_stats(const struct ptl_map *map, struct ptl_stats *stats);

/**
 * Returns a copy of one bucket, to draw or to explain the table. To work on entries, use
 * ptl_map_scan.
 *
 * `table` is the number of a shard in a sharded map. In a read_dirty map, 0 is the read map and 1
 * the dirty map. Other kinds have only table 0. `bucket` is the number of a main bucket, from 0 up
 * to but not including `table_buckets`, which each call that succeeds returns. `depth` 0 is the
 * main bucket itself, 1 its first overflow bucket, and so on. The next write may change the sizes
 * and the numbers.
 *
 * Threads: any. Order: none.
 *
 * - PTL_OK: `*out` is filled, except its `size`. Members that this version does not know are set
 *   to 0.
 * - PTL_NOT_FOUND: there is no such table, bucket or overflow bucket.
 * - PTL_E_NULL: `out` is NULL.
 * - PTL_E_SIZE: `out->size` is smaller than the struct was in the first version of the library, or
 *   too large to be the size of a struct.
 * - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
 */
ptl_status ptl_map_inspect(const struct ptl_map *map,
                           uint64_t table,
                           uint64_t bucket,
                           uint64_t depth,
                           struct ptl_bucket *out);

#ifdef __cplusplus
}
#endif

#endif  /* PORTOLAN_H */
