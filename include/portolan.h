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
 * Every callback must return: no longjmp, no exception, no end of its thread.
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

/// Done.
#define PTL_OK 0

/// The key is not in the map.
#define PTL_NOT_FOUND 1

/// There was a value already: load_or_store loaded it, swap replaced it.
#define PTL_LOADED 2

/// compare_and_swap, compare_and_delete: the key has another value. equal: the maps differ.
#define PTL_MISMATCH 3

/// scan: this call reached the end. range: the callback ended it.
#define PTL_DONE 4

/// A pointer is NULL that must point somewhere.
#define PTL_E_NULL -1

/// The handle is not a live map (best effort).
#define PTL_E_HANDLE -2

/// A length is wrong: not 8 for a word, beyond PTL_MAX_LENGTH, offsets that descend, a struct of unknown
/// size.
#define PTL_E_SIZE -3

/// An option has a value that this version does not know.
#define PTL_E_OPTION -4

/// The call does not fit the map's key or value type.
#define PTL_E_TYPE -5

/// The caller's buffer is too small. The length that is needed was written, and nothing else changed.
#define PTL_E_BUFFER -6

/// An allocation failed. The map is as it was before the call.
#define PTL_E_MEMORY -7

/// A bucketed map is in use: by another thread, or by this one from inside it.
#define PTL_E_CONCURRENT -8

/// The call comes from inside an update of the same map.
#define PTL_E_REENTRANT -9

/// The library failed inside. The map refuses further work; it can still be released.
#define PTL_E_INTERNAL -10

/// peek, peek_u64: the answer would take waiting for another thread.
#define PTL_E_BUSY -11

/// The longest key or value, in bytes.
#define PTL_MAX_LENGTH 2147483647

/// Kind: one table for one thread at a time.
#define PTL_MAP_BUCKETED 1

/// Kind: one table behind a mutex.
#define PTL_MAP_MUTEX 2

/// Kind: one table behind a reader-writer lock.
#define PTL_MAP_RWMUTEX 3

/// Kind: many tables, each with a lock for its writers; readers take none. 0 means this one.
#define PTL_MAP_SHARDED 4

/// Kind: a table to read without a lock, and a locked one for new keys.
#define PTL_MAP_READ_DIRTY 5

/// key_size, value_size: bytes of any length.
#define PTL_BYTES 0

/// key_size, value_size: one 64-bit word, stored inline.
#define PTL_WORD 8

/// hash_bits: all keys have one hash, the worst case. For tests.
#define PTL_HASH_CONSTANT 4294967295

/// An answer of ptl_update: the entry stays as it is, present or not.
#define PTL_UPDATE_KEEP 0

/// An answer of ptl_update: the key gets the new value.
#define PTL_UPDATE_STORE 1

/// An answer of ptl_update: the key is deleted, if it is there.
#define PTL_UPDATE_DELETE 2

/// A slot's state: empty, and so are all after it in this bucket and its overflow buckets.
#define PTL_SLOT_EMPTY_REST 0

/// A slot's state: empty.
#define PTL_SLOT_EMPTY_ONE 1

/// A slot's state: an entry.
#define PTL_SLOT_LIVE 2

/// A slot's state in read_dirty: the entry was deleted, and its place is kept for the key.
#define PTL_SLOT_NIL 3

/// A slot's state in read_dirty: the entry was deleted, and is not in the dirty map.
#define PTL_SLOT_EXPUNGED 4

/// A map: opaque, counted, and handled only by its address.
typedef struct ptl_map ptl_map;

/// How a call went. 0 is done, positive is another ordinary outcome, negative is an error. A number is never
/// given a second meaning, and later versions may add some: treat an unknown negative one as an error.
typedef int32_t ptl_status;

/// Where a map's memory comes from. All zero is the system's allocator; otherwise both functions are given.
/// They are called from any thread, several at once, sometimes inside a lock of the map: they must not call a
/// function on that map, and must return.
typedef struct ptl_allocator {
    /// Memory of at least `size` bytes (never 0), aligned to `align` (a power of two). NULL means that there
    /// is none.
    void *(*alloc)(size_t size, size_t align, void *user);
    /// Takes back what `alloc` gave for this `size` and `align`. `memory` is never NULL.
    void (*free)(void *memory, size_t size, size_t align, void *user);
    /// Handed to both, and otherwise left alone.
    void *user;
} ptl_allocator;

/// What ptl_map_new is asked for. Begin with PTL_MAP_OPTIONS_INIT and set what should differ: zero is the
/// default everywhere. A later version may add members at the end; a program that sets none of them works
/// with both versions, whichever it was compiled for.
typedef struct ptl_map_options {
    /// sizeof(ptl_map_options).
    size_t size;
    /// PTL_MAP_*; 0 is PTL_MAP_SHARDED.
    uint32_t kind;
    /// 0: no bit is defined yet.
    uint32_t flags;
    /// PTL_BYTES or PTL_WORD.
    uint64_t key_size;
    /// PTL_BYTES or PTL_WORD.
    uint64_t value_size;
    /// Entries to make room for at once; 0 for none.
    uint64_t capacity;
    /// 0 takes a seed from the system's randomness. Another number makes hashing reproducible, and the order of
    /// iteration in a map that is filled in the same way; do not use one where strangers choose the keys.
    uint64_t seed;
    /// How many tables a sharded map has: rounded up to a power of two, at most 4096; 0 chooses by the number
    /// of processors. Other kinds have no use for it.
    uint32_t shards;
    /// For tests: 1 to 63 keeps only so many bits of each hash, PTL_HASH_CONSTANT none; 0 keeps all.
    uint32_t hash_bits;
    /// All zero is the system's.
    struct ptl_allocator allocator;
#define PTL_MAP_OPTIONS_INIT \
    { sizeof(ptl_map_options), 0, 0, 0, 0, 0, 0, 0, 0, { NULL, NULL, NULL } }
} ptl_map_options;

/// A word and a status, which travel in two registers.
typedef struct ptl_u64 {
    /// 0 unless the function's comment says otherwise.
    uint64_t value;
    /// PTL_*.
    ptl_status status;
} ptl_u64;

/// Called for one entry by ptl_map_range and ptl_map_delete_if, which say what it is given and what it
/// answers.
typedef int32_t (*ptl_visit)(const void *key,
                             size_t key_size,
                             const void *value,
                             size_t value_size,
                             void *user);

/// Called by ptl_map_update to decide what becomes of a key.
///
/// `value` is the value that is there, valid until the function returns and aligned to 8 bytes; it is NULL if
/// the key is not in the map, and only then. The answer is PTL_UPDATE_KEEP, PTL_UPDATE_STORE or
/// PTL_UPDATE_DELETE. To store, it sets `*new_value` and `*new_size`, which are NULL and 0 before, to memory
/// that stays readable until ptl_map_update returns; it may be a part of `value`. The map copies it.
typedef int32_t (*ptl_update)(const void *value,
                              size_t value_size,
                              const void **new_value,
                              size_t *new_size,
                              void *user);

/// How a map is built. Begin with PTL_STATS_INIT.
typedef struct ptl_stats {
    /// In: sizeof(ptl_stats). Left alone.
    size_t size;
    /// PTL_MAP_*.
    uint32_t kind;
    /// B of the largest table. It has 2^B main buckets, and while it grows one more for each that was split.
    uint32_t bucket_bits;
    /// PTL_BYTES or PTL_WORD.
    uint64_t key_size;
    /// PTL_BYTES or PTL_WORD.
    uint64_t value_size;
    /// As ptl_map_len counts them.
    uint64_t entries;
    /// Main buckets of all tables, each with room for 8 entries.
    uint64_t buckets;
    /// Overflow buckets in use, in all tables.
    uint64_t overflow_buckets;
    /// Entries for each main bucket. Growing keeps it at 6.5 at the most, 8 where there is one bucket; with
    /// PTL_MAP_SHARDED near 5.3, and near 4 in small maps.
    double load_factor;
    /// Tables in the middle of a growth.
    uint64_t growing;
    /// Buckets that those growths have split so far.
    uint64_t split;
    /// Tables that a key may belong to: 1 in all kinds but sharded.
    uint64_t shards;
    /// Entries of the emptiest of them.
    uint64_t shard_entries_min;
    /// Entries of the fullest of them.
    uint64_t shard_entries_max;
    /// The most buckets that a key may have to be looked for in: a main bucket and its overflow buckets.
    uint64_t longest_chain;
    /// read_dirty: how often the dirty map has become the read map. This and the next four are 0 in other
    /// kinds.
    uint64_t promotions;
    /// read_dirty: lookups that the read map could not answer, since the last promotion.
    uint64_t misses;
    /// read_dirty: entries of the dirty map. The read map is amended when there are any.
    uint64_t dirty_entries;
    /// read_dirty: entries of the read map, deleted ones included.
    uint64_t read_entries;
    /// read_dirty: entries of the read map that were deleted and are not in the dirty map.
    uint64_t expunged;
    /// Memory held for tables and for read_dirty's entries, in bytes.
    uint64_t table_bytes;
    /// Memory in use for keys and values that are not stored inline.
    uint64_t bytes_live;
    /// Memory held for those, in use or not.
    uint64_t bytes_reserved;
#define PTL_STATS_INIT \
    { sizeof(ptl_stats), 0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
} ptl_stats;

/// One bucket of eight slots. Begin with PTL_BUCKET_INIT.
typedef struct ptl_bucket {
    /// In: sizeof(ptl_bucket). Left alone.
    size_t size;
    /// Changes whenever an entry comes to the bucket, goes or moves, which is how readers without a lock notice it.
    /// (Overwriting a value may be a single step, which they cannot see half of; then it does not change.)
    uint32_t version;
    /// Number of the next overflow bucket; 0 is none.
    uint32_t overflow;
    /// The top byte of each key's hash, looked at before any key.
    uint8_t tophash[8];
    /// PTL_SLOT_* of each slot.
    uint8_t state[8];
    /// The keys where they are words; where they are bytes, their lengths.
    uint64_t keys[8];
    /// The values where they are words; where they are bytes, their lengths.
    uint64_t values[8];
    /// B of this table.
    uint64_t table_bucket_bits;
    /// Main buckets of this table.
    uint64_t table_buckets;
#define PTL_BUCKET_INIT \
    { sizeof(ptl_bucket), 0, 0, { 0 }, { 0 }, { 0 }, { 0 }, 0, 0 }
} ptl_bucket;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// What a status means, in a few English words: for a log, not for a comparison. The text is static and never
/// NULL, and an unknown number has one too.
///
/// Threads: any. Order: none.
const char *ptl_status_string(ptl_status status);

/// The version of the library that runs, such as "0.1.0". The text is static.
///
/// Threads: any. Order: none.
const char *ptl_version(void);

/// The same as a number to compare: major << 16 | minor << 8 | patch.
///
/// Threads: any. Order: none.
uint32_t ptl_version_number(void);

/// Makes a map and gives the caller the first reference to it, for ptl_map_release.
///
/// `options` may be NULL: a sharded map of bytes to bytes. They are read during the call and not kept.
///
/// Threads: any. Order: none; whoever hands the map to another thread orders that.
///
/// - PTL_OK: `*map` is the new map.
/// - PTL_E_NULL: `map` is NULL.
/// - PTL_E_SIZE: `options->size` is less than the struct had in the first version, or no size of a struct at
///   all.
/// - PTL_E_OPTION: a kind, flag, key size, value size, number of shards or of hash bits is unknown, only one
///   of the allocator's functions is given, or the options are of a later version and ask for something that
///   this one does not know.
/// - PTL_E_MEMORY: there is not memory enough for `options->capacity` entries, or for a map.
/// - PTL_E_INTERNAL: the system has no randomness for a seed, or the library failed inside; there is no map.
ptl_status ptl_map_new(const struct ptl_map_options *options, struct ptl_map **map);

/// Adds a reference, which is given back by a ptl_map_release of its own.
///
/// Threads: any that holds a reference. Order: none; whoever hands the reference to another thread orders
/// that.
///
/// - PTL_OK: there is one reference more.
/// - PTL_E_HANDLE, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_retain(struct ptl_map *map);

/// Gives one reference back. The last one frees the map and all its entries before it returns, whatever other
/// maps do.
///
/// NULL is fine and does nothing. A map that refuses work with PTL_E_INTERNAL is released like any other.
///
/// Threads: any that holds a reference, the last one too. Order: release, and for the last one acquire: all
/// calls made with other references happen before the map is freed.
///
/// - PTL_OK: the reference is gone.
/// - PTL_E_HANDLE: as for every call on a map; nothing was released.
/// - PTL_E_INTERNAL: the library failed while it freed the map. Some of its memory may be lost.
ptl_status ptl_map_release(struct ptl_map *map);

/// Looks a key up and copies its value out.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: the value is in `value`, its length in `*value_size`.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_BUFFER: the value is longer than `value_capacity`; its length is in `*value_size`.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0, or `value` is NULL and `value_capacity` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_load(const struct ptl_map *map,
                        const void *key,
                        size_t key_size,
                        void *value,
                        size_t value_capacity,
                        size_t *value_size);

/// ptl_map_load for a caller that must not wait: it takes no lock that another thread holds, allocates nothing,
/// and gives up where ptl_map_load would wait. How long it takes depends on the lengths of key and value, and on
/// how many keys share the key's bucket: a few, unless hash_bits makes keys collide.
///
/// Of kind sharded it gives up when the key's bucket is being written at this moment; of kind read_dirty when the
/// key's entry is, or when the key may be in the dirty map; of kind mutex and rwmutex when the lock is not
/// free. Call ptl_map_load then, or peek again later.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK, PTL_NOT_FOUND, PTL_E_BUFFER, PTL_E_NULL, PTL_E_SIZE: as for ptl_map_load.
/// - PTL_E_BUSY: the answer would take waiting. What `value` holds is unspecified.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_peek(const struct ptl_map *map,
                        const void *key,
                        size_t key_size,
                        void *value,
                        size_t value_capacity,
                        size_t *value_size);

/// Gives a key a value, whether it had one or not.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key has the value.
/// - PTL_E_NULL: `key` or `value` is NULL and its length is not 0.
/// - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_store(struct ptl_map *map,
                         const void *key,
                         size_t key_size,
                         const void *value,
                         size_t value_size);

/// Loads the value of a key that has one; gives the value to a key that has none. Of several threads that do
/// so at once for one key exactly one stores, and the others load what it stored.
///
/// Threads: any. Order: acquire when it loads, release when it stores.
///
/// - PTL_OK: the key had no value, and now has `value`. `actual` and `*actual_size` are left alone.
/// - PTL_LOADED: the key had a value and keeps it; it is in `actual`, its length in `*actual_size`.
/// - PTL_E_BUFFER: the key has a value longer than `actual_capacity`; its length is in `*actual_size`.
/// - PTL_E_NULL: `key`, `value` or `actual` is NULL and its length or capacity is not 0.
/// - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_MEMORY: an allocation failed; the key has no value, as before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_load_or_store(struct ptl_map *map,
                                 const void *key,
                                 size_t key_size,
                                 const void *value,
                                 size_t value_size,
                                 void *actual,
                                 size_t actual_capacity,
                                 size_t *actual_size);

/// Deletes a key and copies out the value that it had. Of several threads that do so at once for one key
/// exactly one gets the value.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key is gone; its value is in `value`, its length in `*value_size`.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_BUFFER: the value is longer than `value_capacity`; its length is in `*value_size`, and the key
///   still has it.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0, or `value` is NULL and `value_capacity` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_load_and_delete(struct ptl_map *map,
                                   const void *key,
                                   size_t key_size,
                                   void *value,
                                   size_t value_capacity,
                                   size_t *value_size);

/// Deletes a key.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key was in the map and is gone.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_delete(struct ptl_map *map, const void *key, size_t key_size);

/// Gives a key a value and copies out the one that it had.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key had no value, and now has `value`. `previous` and `*previous_size` are left alone.
/// - PTL_LOADED: the key has `value`; the one before is in `previous`, its length in `*previous_size`.
/// - PTL_E_BUFFER: the key has a value longer than `previous_capacity` and keeps it; its length is in
///   `*previous_size`.
/// - PTL_E_NULL: `key`, `value` or `previous` is NULL and its length or capacity is not 0.
/// - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_swap(struct ptl_map *map,
                        const void *key,
                        size_t key_size,
                        const void *value,
                        size_t value_size,
                        void *previous,
                        size_t previous_capacity,
                        size_t *previous_size);

/// Gives a key a new value if it has the old one, byte for byte.
///
/// Threads: any. Order: acquire, and release when it swaps.
///
/// - PTL_OK: the key had `old_value`, and now has `new_value`.
/// - PTL_MISMATCH: the key has another value and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_NULL: `key`, `old_value` or `new_value` is NULL and its length is not 0.
/// - PTL_E_SIZE: a length is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_compare_and_swap(struct ptl_map *map,
                                    const void *key,
                                    size_t key_size,
                                    const void *old_value,
                                    size_t old_size,
                                    const void *new_value,
                                    size_t new_size);

/// Deletes a key if it has the old value, byte for byte.
///
/// Threads: any. Order: acquire, and release when it deletes.
///
/// - PTL_OK: the key had `old_value` and is gone.
/// - PTL_MISMATCH: the key has another value and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_NULL: `key` or `old_value` is NULL and its length is not 0.
/// - PTL_E_SIZE: a length is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_compare_and_delete(struct ptl_map *map,
                                      const void *key,
                                      size_t key_size,
                                      const void *old_value,
                                      size_t old_size);

/// Tells whether a key is in the map.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: it is.
/// - PTL_NOT_FOUND: it is not.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_contains(const struct ptl_map *map, const void *key, size_t key_size);

/// Adds to the word that a key has for a value, in one step. A key without a value counts from zero. The sum
/// wraps around at 2^64, so a negative number may be added as its two's complement.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key has the sum, which is in `*sum` unless `sum` is NULL.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_TYPE: the map's values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_add(struct ptl_map *map, const void *key, size_t key_size, uint64_t delta, uint64_t *sum);

/// ptl_map_load for maps of words to words.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: `value` is the key's.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
struct ptl_u64 ptl_map_load_u64(const struct ptl_map *map, uint64_t key);

/// ptl_map_peek for maps of words to words.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: `value` is the key's.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_BUSY: the answer would take waiting.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
struct ptl_u64 ptl_map_peek_u64(const struct ptl_map *map, uint64_t key);

/// ptl_map_store for maps of words to words.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key has the value.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_store_u64(struct ptl_map *map, uint64_t key, uint64_t value);

/// ptl_map_load_or_store for maps of words to words.
///
/// Threads: any. Order: acquire when it loads, release when it stores.
///
/// - PTL_OK: the key had no value, and now has the given one, which is also the answer's `value`.
/// - PTL_LOADED: the key had a value and keeps it; `value` is that one.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has no value, as before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
struct ptl_u64 ptl_map_load_or_store_u64(struct ptl_map *map, uint64_t key, uint64_t value);

/// ptl_map_load_and_delete for maps of words to words.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key is gone; `value` is the one that it had.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
struct ptl_u64 ptl_map_load_and_delete_u64(struct ptl_map *map, uint64_t key);

/// ptl_map_delete for maps of words to words.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key was in the map and is gone.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_delete_u64(struct ptl_map *map, uint64_t key);

/// ptl_map_swap for maps of words to words.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key had no value, and now has the given one; the answer's `value` is 0.
/// - PTL_LOADED: the key has the given value; the answer's `value` is the one before.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
struct ptl_u64 ptl_map_swap_u64(struct ptl_map *map, uint64_t key, uint64_t value);

/// ptl_map_compare_and_swap for maps of words to words.
///
/// Threads: any. Order: acquire, and release when it swaps.
///
/// - PTL_OK: the key had `old_value`, and now has `new_value`.
/// - PTL_MISMATCH: the key has another value and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_compare_and_swap_u64(struct ptl_map *map,
                                        uint64_t key,
                                        uint64_t old_value,
                                        uint64_t new_value);

/// ptl_map_compare_and_delete for maps of words to words.
///
/// Threads: any. Order: acquire, and release when it deletes.
///
/// - PTL_OK: the key had `old_value` and is gone.
/// - PTL_MISMATCH: the key has another value and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_compare_and_delete_u64(struct ptl_map *map, uint64_t key, uint64_t old_value);

/// ptl_map_contains for maps of word keys; the values may be of either type.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: the key is in the map.
/// - PTL_NOT_FOUND: it is not.
/// - PTL_E_TYPE: the map's keys are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_contains_u64(const struct ptl_map *map, uint64_t key);

/// ptl_map_add for maps of words to words.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key has the sum, which is also the answer's `value`.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
struct ptl_u64 ptl_map_add_u64(struct ptl_map *map, uint64_t key, uint64_t delta);

/// Deletes all entries. Each key is deleted at a moment of its own: an entry that is stored meanwhile may
/// stay or go. Room for new entries is kept; ptl_map_shrink gives it back.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: every entry that was there before the call is gone.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_clear(struct ptl_map *map);

/// Counts the entries. Exact while nobody writes; otherwise a number that writers of the moment may have put
/// out of date.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: the number is in `*len`.
/// - PTL_E_NULL: `len` is NULL.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_len(const struct ptl_map *map, uint64_t *len);

/// Makes room for so many entries in all, so that storing up to them does not have to grow the table on the
/// way. No more than the map holds, or has room for already, changes nothing.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: there is room.
/// - PTL_E_MEMORY: there is not so much memory; the map has the room that it had.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_reserve(struct ptl_map *map, uint64_t entries);

/// Gives back memory that the entries no longer need, in the table and for keys and values. Worth a call
/// after most entries were deleted. Where the table's memory goes: see MEMORY at the top.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: done, as far as the entries of the moment allow.
/// - PTL_E_MEMORY: an allocation that is needed on the way failed; the map keeps its memory.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_shrink(struct ptl_map *map);

/// Makes a new map with the entries of this one, of any kind, and gives the caller its first reference.
/// Entries that are written meanwhile are in the copy as iteration finds them.
///
/// `options` say what the copy is to be; its key_size and value_size must be the source's. NULL makes it like
/// the source, its allocator, seed and shards included; a source with the seed 0 in its options gives the copy
/// another random seed.
///
/// Threads: any. Order: acquire, for each entry that is copied.
///
/// - PTL_OK: `*copy` is the new map.
/// - PTL_E_NULL: `copy` is NULL.
/// - PTL_E_SIZE, PTL_E_OPTION: the options are refused for the reasons that ptl_map_new has.
/// - PTL_E_TYPE: the options ask for another key or value type than the source has.
/// - PTL_E_MEMORY: an allocation failed; there is no copy.
/// - PTL_E_INTERNAL: as for every call on a map; or the system has no randomness for a seed, and the source is as
///   before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT: as for every call on a map.
ptl_status ptl_map_clone(const struct ptl_map *map,
                         const struct ptl_map_options *options,
                         struct ptl_map **copy);

/// Compares two maps: whether they have the same keys with the same values. They may be of different kinds; a
/// map equals itself. The answer is exact while nobody writes to either.
///
/// Threads: any. Order: acquire, for each entry that is compared.
///
/// - PTL_OK: the maps are equal.
/// - PTL_MISMATCH: they differ.
/// - PTL_E_TYPE: they have different key or value types.
/// - PTL_E_MEMORY: an allocation failed.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map. They are said of either map.
ptl_status ptl_map_equal(const struct ptl_map *map,
                         const struct ptl_map *other);

/// Calls a function for every entry, in no particular order, beginning at a random position. See PROMISED at
/// the top for which entries those are while others write.
///
/// `visit` gets the key, the value that it had at some moment during the call, and `user`. It returns
/// non-zero to go on, 0 to end. The key and value are valid until it returns; with length 0 the pointer
/// points to nothing. It may call any function on this map and may change it: an entry that it stores may or
/// may not be visited.
///
/// Threads: any; `visit` runs in this one, with nothing held. Order: acquire, for each entry before `visit`
/// gets it.
///
/// - PTL_OK: every entry was visited.
/// - PTL_DONE: `visit` returned 0.
/// - PTL_E_NULL: `visit` is NULL.
/// - PTL_E_MEMORY: an allocation failed; some entries may have been visited.
/// - PTL_E_CONCURRENT: another thread is in a bucketed map, or was there meanwhile; some entries may have been
///   visited.
/// - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_range(const struct ptl_map *map,
                         ptl_visit visit,
                         void *user);

/// Deletes the entries for which a function says so, and counts them.
///
/// `predicate` is called as ptl_map_range calls its function, and returns non-zero to delete the entry, 0 to
/// keep it. Because it runs with nothing held, the key may get another value meanwhile: then it stays, and is
/// not counted.
///
/// Threads: any; `predicate` runs in this one, with nothing held. Order: acquire for each entry, release for
/// those deleted.
///
/// - PTL_OK: all entries were asked about; the number of those deleted is in `*deleted`, unless `deleted` is
///   NULL.
/// - PTL_E_NULL: `predicate` is NULL.
/// - PTL_E_MEMORY: an allocation failed; some entries may have been deleted.
/// - PTL_E_CONCURRENT: another thread is in a bucketed map, or was there meanwhile; some entries may have been
///   deleted.
/// - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_delete_if(struct ptl_map *map,
                             ptl_visit predicate,
                             void *user,
                             uint64_t *deleted);

/// Begins an iteration by ptl_map_scan or ptl_map_scan_u64 as ptl_map_range begins its own: sets `*start` to a
/// random position, and promotes the dirty map of a read_dirty map. Two loops then visit every entry:
///
/// - from `cursor = start` on, scan with `end` 0 until PTL_DONE, which leaves the cursor at 0;
/// - then, unless `start` is 0, scan with `end` = `start` until PTL_DONE.
///
/// The map remembers nothing of this call, so an iteration may stop anywhere. A scan needs no such call: it may
/// go from any position to any other.
///
/// Threads: any; each may have an iteration of its own. Order: none.
///
/// - PTL_OK: the position is in `*start`. It may be 0.
/// - PTL_E_NULL: `start` is NULL.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_begin_scan(const struct ptl_map *map,
                              uint64_t *start);

/// Fills the caller's buffers with some entries, and moves a cursor on to where the next call goes on. The
/// cursor is a number and the only thing that lasts between calls: it may be kept, sent, or dropped, and
/// nothing is held meanwhile. Growth and shrinking do not disturb it.
///
/// A cursor is a position in the order of iteration, and any number is one. The scan goes from the position
/// `*cursor` to just before the position `end`, or, if `end` is 0, to the end of all. So a scan from 0 to 0
/// visits every entry. ptl_map_begin_scan says how to begin at a random one. Threads share an iteration if each
/// scans a part of it: from 0 to n, from n to m, from m to 0. If `end` is not 0 and not above `*cursor`, the
/// call returns PTL_DONE without entries.
///
/// `keys` is one buffer for all keys, `values` one for all values. `*keys_size` and `*values_size` are their
/// room in bytes, `*count` is the most entries wanted; all three are set to what was filled. Entry i has the
/// key bytes from key_offsets[i] to key_offsets[i + 1], and likewise its value: each array of offsets has
/// room for `*count` + 1. Where the map has words the offsets may be NULL, since every entry has 8 bytes.
/// What comes out is what ptl_map_store_many and ptl_map_delete_many take in.
///
/// Entries with the same position in the order of iteration travel together in one call. That is one entry
/// almost always; a few where hashes collide.
///
/// Threads: any. Order: acquire, for each entry.
///
/// - PTL_OK: entries were filled, and there may be more.
/// - PTL_DONE: entries were filled (perhaps none), and these were the last before `end`; `*cursor` is 0.
/// - PTL_E_BUFFER: the next entries do not fit, not even alone. `*keys_size`, `*values_size` and `*count` are
///   the room that they need, and the cursor stays.
/// - PTL_E_NULL: `cursor`, `keys_size`, `values_size` or `count` is NULL; `keys` or `values` is NULL and its
///   room is not 0; or offsets are NULL where the map has bytes and `*count` is not 0.
/// - PTL_E_SIZE: no array of `*count` + 1 offsets can be that large.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
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

/// ptl_map_scan for maps of words to words: one array for the keys, one for the values, each with room for
/// `*count`.
///
/// Threads: any. Order: acquire, for each entry.
///
/// - PTL_OK: `*count` entries were filled, and there may be more.
/// - PTL_DONE: `*count` entries were filled (perhaps none), and these were the last before `end`; `*cursor` is 0.
/// - PTL_E_BUFFER: the next entries, which travel together, are more than `*count`. It is set to how many
///   they are, and the cursor stays.
/// - PTL_E_NULL: `cursor` or `count` is NULL, or `keys` or `values` is NULL and `*count` is not 0.
/// - PTL_E_SIZE: no array of `*count` words can be that large.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_scan_u64(const struct ptl_map *map,
                            uint64_t *cursor,
                            uint64_t end,
                            uint64_t *keys,
                            uint64_t *values,
                            size_t *count);

/// Reads a key, lets a function decide, and stores or deletes, as one atomic operation.
///
/// `update` is called once, while the key is locked: it always sees the latest value, and nobody else changes
/// the key before it is done. This is the one callback that others may wait for, so it should be short. It may
/// call any function on other maps; each call on this map, from this thread, is refused with PTL_E_REENTRANT,
/// but for ptl_map_retain and ptl_map_release. What waits for it: in a mutex or rwmutex map every other call; in
/// a sharded one the writers of the same shard, and calls on the whole map; in a read_dirty one the writers of
/// the key, calls on the whole map but for ptl_map_len, and, at any time, every call on a key that the read map
/// does not have: one that is absent, or was stored since the last promotion. So a callback that waits for another
/// thread must not wait for one of them. Two maps whose updates call each other's map, in different threads, can
/// wait for each other for ever.
///
/// Threads: any; `update` runs in this one. Order: acquire before `update` is called, release for what it decides.
///
/// - PTL_OK: it was done as `update` answered.
/// - PTL_E_NULL: `update` is NULL, `key` is NULL and `key_size` is not 0, or the answer was to store and
///   `*new_value` is NULL and `*new_size` is not 0.
/// - PTL_E_SIZE: `key_size` is not 8 where keys are words, or the answer was to store a value of a length that
///   is not 8 where values are words; or one of them is beyond PTL_MAX_LENGTH.
/// - PTL_E_OPTION: the answer was none of the three.
/// - PTL_E_MEMORY: an allocation failed; `update` was called or not, and what it decided was not done.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_update(struct ptl_map *map,
                          const void *key,
                          size_t key_size,
                          ptl_update update,
                          void *user);

/// Looks many keys up at once, which is faster than one by one: the map fetches them from memory together.
///
/// `keys` is one buffer for all keys: key i has the bytes from key_offsets[i] to key_offsets[i + 1], so there
/// are `count` + 1 offsets. They may be NULL where keys are words, 8 bytes each. The values come out in the
/// same way, in the order of the keys: `*values_size` is the room in `values` and is set to what was filled,
/// `value_offsets` has room for `count` + 1, and may be NULL where values are words. A key that is not found
/// has no bytes for a value, or the word 0.
///
/// statuses[i] is what ptl_map_contains answers for key i.
///
/// Threads: any. Order: acquire, for each key.
///
/// - PTL_OK: every key was looked up; see `statuses`.
/// - PTL_E_BUFFER: the values do not fit; `*values_size` is the room that they needed at this moment. What
///   `values`, `value_offsets` and `statuses` hold is unspecified.
/// - PTL_E_NULL: `values_size` is NULL; `keys`, `values` or `statuses` is NULL and there is something to be
///   there; or offsets are NULL where the map has bytes and `count` is not 0.
/// - PTL_E_SIZE: a key is not 8 bytes where keys are words, and all was filled as with PTL_OK; see
///   `statuses`. Or nothing was looked up: offsets descend, a key is longer than PTL_MAX_LENGTH, or no buffer
///   can hold `count` words.
/// - PTL_E_CONCURRENT: another thread was in a bucketed map at some key, which has no value here, and all was
///   filled as with PTL_OK; see `statuses`.
/// - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_load_many(const struct ptl_map *map,
                             const void *keys,
                             const size_t *key_offsets,
                             size_t count,
                             void *values,
                             size_t *values_size,
                             size_t *value_offsets,
                             ptl_status *statuses);

/// Stores many keys and their values, in order, as ptl_map_store does for each. Keys and values are laid out
/// as for ptl_map_load_many, and as ptl_map_scan fills them. The batch is not atomic: others may act between
/// any two keys, and after an error with one key the rest are stored all the same.
///
/// statuses[i] is what ptl_map_store answers for key i. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: every key has its value.
/// - PTL_E_MEMORY: an allocation failed for some key, and this was the first error; see `statuses`.
/// - PTL_E_SIZE: the first error was a key or value that is not 8 bytes where the map has words; see
///   `statuses`. Or nothing was stored: offsets descend, a key or value is longer than PTL_MAX_LENGTH, or no
///   buffer can hold `count` words.
/// - PTL_E_NULL: `keys` or `values` is NULL and there is something to be there, or offsets are NULL where the
///   map has bytes and `count` is not 0. Nothing was stored.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_store_many(struct ptl_map *map,
                              const void *keys,
                              const size_t *key_offsets,
                              const void *values,
                              const size_t *value_offsets,
                              size_t count,
                              ptl_status *statuses);

/// Deletes many keys, in order, as ptl_map_delete does for each. The keys are laid out as for
/// ptl_map_load_many. The batch is not atomic: others may act between any two keys.
///
/// statuses[i] is what ptl_map_delete answers for key i. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: none of the keys is in the map any more.
/// - PTL_E_SIZE: a key is not 8 bytes where keys are words, and the others were deleted; see `statuses`. Or
///   nothing was deleted: offsets descend, a key is longer than PTL_MAX_LENGTH, or no buffer can hold `count`
///   words.
/// - PTL_E_NULL: `keys` is NULL and there is something to be there, or offsets are NULL where keys are bytes
///   and `count` is not 0. Nothing was deleted.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_delete_many(struct ptl_map *map,
                               const void *keys,
                               const size_t *key_offsets,
                               size_t count,
                               ptl_status *statuses);

/// ptl_map_load_many for maps of words to words. values[i] is 0 where statuses[i] is PTL_NOT_FOUND.
///
/// Threads: any. Order: acquire, for each key.
///
/// - PTL_OK: `values` and `statuses` are filled.
/// - PTL_E_NULL: `keys`, `values` or `statuses` is NULL and `count` is not 0.
/// - PTL_E_SIZE: no array of `count` words can be that large.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_load_many_u64(const struct ptl_map *map,
                                 const uint64_t *keys,
                                 size_t count,
                                 uint64_t *values,
                                 ptl_status *statuses);

/// ptl_map_store_many for maps of words to words. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: every key has its value.
/// - PTL_E_MEMORY: an allocation failed for some key; the rest were stored all the same.
/// - PTL_E_NULL: `keys` or `values` is NULL and `count` is not 0.
/// - PTL_E_SIZE: no array of `count` words can be that large.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_store_many_u64(struct ptl_map *map,
                                  const uint64_t *keys,
                                  const uint64_t *values,
                                  size_t count,
                                  ptl_status *statuses);

/// ptl_map_delete_many for maps of words to words. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: none of the keys is in the map any more.
/// - PTL_E_NULL: `keys` is NULL and `count` is not 0.
/// - PTL_E_SIZE: no array of `count` words can be that large.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_delete_many_u64(struct ptl_map *map,
                                   const uint64_t *keys,
                                   size_t count,
                                   ptl_status *statuses);

/// Tells how a map is built at the moment. The numbers are gathered one after the other: while others write,
/// they need not agree with each other.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: `*stats` is filled, all but its `size`; members beyond this version's are 0.
/// - PTL_E_NULL: `stats` is NULL.
/// - PTL_E_SIZE: `stats->size` is less than the struct had in the first version, or no size of a struct at
///   all.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_stats(const struct ptl_map *map, struct ptl_stats *stats);

/// Copies out one bucket as it stands, for drawing and teaching. A program that works on entries wants
/// ptl_map_scan.
///
/// `table` is the number of a shard; a map of the other kinds has table 0, and read_dirty has its read map as
/// 0 and its dirty map as 1. `bucket` counts from 0 to `table_buckets`, which every answer tells. `depth` 0
/// is the bucket itself, 1 and more the overflow buckets that hang on it. Sizes and numbers may change with
/// the next write.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: `*out` is filled, all but its `size`; members beyond this version's are 0.
/// - PTL_NOT_FOUND: there is no such table, bucket or overflow bucket.
/// - PTL_E_NULL: `out` is NULL.
/// - PTL_E_SIZE: `out->size` is less than the struct had in the first version, or no size of a struct at all.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
ptl_status ptl_map_inspect(const struct ptl_map *map,
                           uint64_t table,
                           uint64_t bucket,
                           uint64_t depth,
                           struct ptl_bucket *out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PORTOLAN_H */
