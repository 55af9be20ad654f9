/* ptl_map_update: what its callback gets, what its results do, that it is atomic, and which calls the
 * callback may make. (Handles that must be refused are in handles.c, failing allocations in faults.c.) */
#include "every_call.h"
#include <pthread.h>
#include <semaphore.h>

/* What the callback returns, and what it was called with. */
typedef struct {
    int32_t answer;
    item new_value;
    unsigned calls;
    int present;
    size_t size;
    unsigned char seen[LONGEST];
} decision;

static int32_t decide(const void *value, size_t value_size, const void **new_value, size_t *new_size, void *user)
{
    decision *own = user;
    own->calls++;
    own->present = value != NULL;
    own->size = value_size;
    CHECK(*new_value == NULL && *new_size == 0);
    CHECK(value ? (uintptr_t)value % 8 == 0 && value_size <= LONGEST : value_size == 0);
    if (value && value_size <= LONGEST)
        memcpy(own->seen, value, value_size);
    *new_value = own->new_value.data; /* used only with PTL_UPDATE_STORE */
    *new_size = own->new_value.size;
    return own->answer;
}

#define TO_KEEP (decision){.answer = PTL_UPDATE_KEEP}
#define TO_DELETE (decision){.answer = PTL_UPDATE_DELETE}
#define TO_STORE(...) (decision){.answer = PTL_UPDATE_STORE, .new_value = __VA_ARGS__}
#define TO_ANSWER(number) (decision){.answer = (number), .new_value = value(2)}

/* Whether the callback was called once, with value v, or with none. */
static int saw(const decision *own, unsigned v)
{
    return own->calls == 1 && own->present && own->size == value(v).size && memcmp(own->seen, value(v).data, own->size) == 0;
}
static int saw_none(const decision *own) { return own->calls == 1 && !own->present; }

static int32_t visit_all(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    (void)k, (void)k_size, (void)v, (void)v_size, (void)user;
    return 1;
}

/* Each result of the callback, for key k missing and present. The key is missing in the end. */
static void every_answer(ptl_map *map, unsigned k, uint64_t others)
{
    decision own;
    EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_KEEP, &own)));
    CHECK(saw_none(&own) && ptl_map_contains(map, K(k)) == PTL_NOT_FOUND);
    EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_DELETE, &own)));
    CHECK(saw_none(&own) && has_len(map, others));

    EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_STORE(value(1)), &own)));
    CHECK(saw_none(&own) && holds(map, k, 1) && has_len(map, others + 1));
    EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_KEEP, &own)));
    CHECK(saw(&own, 1) && holds(map, k, 1));
    for (unsigned v = 0; v < 12; v++) { /* empty, short and long values, each replaced by each */
        EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_STORE(value(v)), &own)));
        CHECK(saw(&own, v == 1 ? 0 : 1) && holds(map, k, v));
        EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_STORE(value(v)), &own)));
        CHECK(saw(&own, v) && holds(map, k, v));
        EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_STORE(value(v > 0)), &own)));
        CHECK(saw(&own, v) && holds(map, k, v > 0));
    }
    CHECK(has_len(map, others + 1));
    EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_DELETE, &own)));
    CHECK(saw(&own, 1) && ptl_map_contains(map, K(k)) == PTL_NOT_FOUND && has_len(map, others));
    EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_KEEP, &own)));
    CHECK(saw_none(&own));
}

static void test_answers(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    for (unsigned k = 0; k < 20; k++)
        every_answer(map, k, 0);
    fill_map(map, 100, 200);
    for (unsigned k = 0; k < 20; k++)
        every_answer(map, k, 100);

    /* The states of a key in a read/dirty map: in the read map with a value, without one, and expunged. */
    fill_map(map, 0, 20);
    EXPECT(PTL_OK, ptl_map_range(map, visit_all, NULL)); /* promotes */
    decision last;
    for (unsigned k = 0; k < 20; k++) {
        EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (last = TO_DELETE, &last)));
        CHECK(saw(&last, k));
        every_answer(map, k, 119 - k);
    }
    EXPECT(PTL_OK, ptl_map_update(map, K(200), decide, (last = TO_STORE(value(200)), &last))); /* makes a dirty map, which expunges deleted keys */
    for (unsigned k = 0; k < 20; k++)
        every_answer(map, k, 101);
    for (unsigned k = 100; k <= 200; k++)
        CHECK(holds(map, k, k));
    EXPECT(PTL_OK, ptl_map_clear(map));
    every_answer(map, 150, 0);
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

static void test_growth(void)
{
    ptl_map *map = new_map();
    decision own;
    enum { MANY = 1500 };
    for (unsigned k = 0; k < MANY; k++) {
        EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_STORE(value(k)), &own)));
        EXPECT(PTL_OK, ptl_map_update(map, K(k / 2), decide, (own = TO_KEEP, &own)));
        CHECK(saw(&own, k / 2));
    }
    CHECK(has_len(map, MANY));
    for (unsigned k = 0; k < MANY; k++) {
        EXPECT(PTL_OK, ptl_map_update(map, K(k), decide, (own = TO_DELETE, &own)));
        CHECK(saw(&own, k));
    }
    CHECK(has_len(map, 0));
    EXPECT(PTL_OK, ptl_map_release(map));
}

static unsigned char large[300000];

/* Doubles the value's length, starting with 100 bytes. Deletes it when the buffer is too small. */
static int32_t double_it(const void *value, size_t value_size, const void **new_value, size_t *new_size, void *user)
{
    size_t *expected = user;
    CHECK((uintptr_t)value % 8 == 0 && value_size == *expected && (value_size == 0 || memcmp(value, large, value_size) == 0));
    *new_value = large;
    *new_size = *expected = value_size ? 2 * value_size : 100;
    return *expected <= sizeof large ? PTL_UPDATE_STORE : PTL_UPDATE_DELETE;
}

static void test_large_values(void)
{
    if (shape.value_size == PTL_WORD)
        return;
    for (size_t b = 0; b < sizeof large; b++)
        large[b] = (unsigned char)(b * 7 + b / 251);
    ptl_map *map = new_map();
    size_t expected = 0;
    while (expected <= sizeof large)
        EXPECT(PTL_OK, ptl_map_update(map, K(3), double_it, &expected));
    CHECK(has_len(map, 0));
    EXPECT(PTL_OK, ptl_map_release(map));
}

/* Removes the first bytes of the value, as many as `user` points to. */
static int32_t drop_first(const void *value, size_t value_size, const void **new_value, size_t *new_size, void *user)
{
    size_t dropped = *(size_t *)user;
    *new_value = (const unsigned char *)value + dropped;
    *new_size = value_size - dropped;
    return PTL_UPDATE_STORE;
}

/* The new value may be a part of the old one. */
static void test_parts(void)
{
    if (shape.value_size == PTL_WORD)
        return;
    unsigned char text[300], found[300];
    for (size_t b = 0; b < sizeof text; b++)
        text[b] = (unsigned char)b;
    ptl_map *map = new_map();
    for (size_t dropped = 0; dropped < 20; dropped++) {
        size_t size = 0, left = sizeof text;
        EXPECT(PTL_OK, ptl_map_store(map, K(3), text, left));
        for (left -= dropped; left >= dropped && left > 0; left -= dropped ? dropped : left) {
            EXPECT(PTL_OK, ptl_map_update(map, K(3), drop_first, &dropped));
            EXPECT(PTL_OK, ptl_map_load(map, K(3), found, sizeof found, &size));
            CHECK(size == left && memcmp(found, text + sizeof text - left, left) == 0);
        }
    }
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_refusals(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    fill_map(map, 0, 10);
    unsigned char byte = 0;
    decision d;

    /* Errors before the callback is called. */
    d = TO_STORE(value(2));
    EXPECT(PTL_E_NULL, ptl_map_update(map, K(1), NULL, &d));
    EXPECT(PTL_E_NULL, ptl_map_update(map, NULL, 8, decide, &d));
    EXPECT(PTL_E_SIZE, ptl_map_update(map, &byte, TOO_LONG, decide, &d));
    EXPECT(PTL_E_SIZE, ptl_map_update(map, &byte, ABSURD, decide, &d));
    if (shape.key_size == PTL_WORD) {
        EXPECT(PTL_E_SIZE, ptl_map_update(map, "1234567", 7, decide, &d));
        EXPECT(PTL_E_SIZE, ptl_map_update(map, NULL, 0, decide, &d));
    }
    CHECK(d.calls == 0);

    /* Wrong results of the callback, for a present and a missing key. */
    static const unsigned keys[] = {1, 77};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        static const int32_t unknown[] = {3, -1, INT32_MAX, INT32_MIN, 1 << 8};
        for (size_t n = 0; n < sizeof unknown / sizeof *unknown; n++) {
            EXPECT(PTL_E_OPTION, ptl_map_update(map, K(keys[i]), decide, (d = TO_ANSWER(unknown[n]), &d)));
            CHECK(d.calls == 1);
        }
        EXPECT(PTL_E_NULL, ptl_map_update(map, K(keys[i]), decide, (d = TO_STORE({NULL, 8}), &d)));
        EXPECT(PTL_E_SIZE, ptl_map_update(map, K(keys[i]), decide, (d = TO_STORE({&byte, TOO_LONG}), &d)));
        EXPECT(PTL_E_SIZE, ptl_map_update(map, K(keys[i]), decide, (d = TO_STORE({&byte, ABSURD}), &d)));
        if (shape.value_size == PTL_WORD) {
            EXPECT(PTL_E_SIZE, ptl_map_update(map, K(keys[i]), decide, (d = TO_STORE({NULL, 0}), &d)));
            EXPECT(PTL_E_SIZE, ptl_map_update(map, K(keys[i]), decide, (d = TO_STORE({"1234567", 7}), &d)));
            EXPECT(PTL_E_SIZE, ptl_map_update(map, K(keys[i]), decide, (d = TO_STORE({"123456789", 9}), &d)));
        }
        CHECK(ptl_map_contains(map, K(keys[i])) == (keys[i] < 10 ? PTL_OK : PTL_NOT_FOUND));
    }
    for (unsigned k = 0; k < 10; k++)
        CHECK(holds(map, k, k));
    CHECK(has_len(map, 10));
    if (shape.value_size == PTL_BYTES) { /* where an empty value is no error */
        EXPECT(PTL_OK, ptl_map_update(map, K(1), decide, (d = TO_STORE({NULL, 0}), &d)));
        CHECK(holds(map, 1, 0));
    }

    fail_allocations(&own, 1, 1);
    UNTIL(PTL_E_MEMORY, ptl_map_update(map, K(i), decide, (d = TO_STORE(value(i)), &d)), 10, ITEMS);
    fail_allocations(&own, 0, 0);
    uint64_t len = 0;
    EXPECT(PTL_OK, ptl_map_len(map, &len));
    for (unsigned k = 2; k < ITEMS; k++)
        CHECK(k < len ? holds(map, k, k) : ptl_map_contains(map, K(k)) == PTL_NOT_FOUND);
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

/* Calls from within the callback. */

typedef struct {
    ptl_map *map, *other;
    unsigned calls;
} inside;

/* A few calls on a map of any shape, all refused. */
static void is_refused(ptl_map *map)
{
    decision unasked = TO_DELETE;
    uint64_t len = UNTOUCHED;
    EXPECT(PTL_E_REENTRANT, ptl_map_load(map, K(1), NULL, 0, NULL));
    EXPECT(PTL_E_REENTRANT, ptl_map_store(map, K(5), V(5)));
    EXPECT(PTL_E_REENTRANT, ptl_map_delete(map, K(2)));
    EXPECT(PTL_E_REENTRANT, ptl_map_update(map, K(3), decide, &unasked));
    EXPECT(PTL_E_REENTRANT, ptl_map_range(map, visit_all, NULL));
    EXPECT(PTL_E_REENTRANT, ptl_map_clear(map));
    EXPECT(PTL_E_REENTRANT, ptl_map_len(map, &len));
    CHECK(unasked.calls == 0 && len == UNTOUCHED);
}

/* What is refused within the callback, and what is not: retain, release, and calls without a map. */
static void is_inside(ptl_map *map)
{
    is_refused(map);
    if (words_to_words())
        every_call_answers(PTL_E_REENTRANT, map);
    EXPECT(PTL_OK, ptl_map_retain(map));
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(strlen(ptl_status_string(PTL_E_REENTRANT)) > 3 && ptl_version_number() == PTL_VERSION_NUMBER);
}

/* Every call on another map works. */
static void works(ptl_map *map)
{
    decision d;
    ptl_map *copy = NULL;
    fill_map(map, 0, 100);
    EXPECT(PTL_OK, ptl_map_update(map, K(50), decide, (d = TO_STORE(value(51)), &d)));
    CHECK(saw(&d, 50) && holds(map, 50, 51) && has_len(map, 100));
    EXPECT(PTL_OK, ptl_map_range(map, visit_all, NULL));
    EXPECT(PTL_OK, ptl_map_clone(map, NULL, &copy));
    EXPECT(PTL_OK, ptl_map_equal(map, copy));
    EXPECT(PTL_OK, ptl_map_release(copy));
    EXPECT(PTL_OK, ptl_map_delete(map, K(50)));
    EXPECT(PTL_OK, ptl_map_delete_if(map, visit_all, NULL, NULL));
    EXPECT(PTL_OK, ptl_map_shrink(map));
    CHECK(has_len(map, 0));
}

/* An update of a second map within that of the first. Neither map may be called. */
static int32_t call_both(const void *found, size_t found_size, const void **new_value, size_t *new_size, void *user)
{
    inside *own = user;
    (void)found_size;
    CHECK(found == NULL);
    own->calls++;
    is_inside(own->map);
    is_inside(own->other);
    EXPECT(PTL_E_REENTRANT, ptl_map_equal(own->map, own->other));
    EXPECT(PTL_E_REENTRANT, ptl_map_equal(own->other, own->map));
    *new_value = value(8).data;
    *new_size = value(8).size;
    return PTL_UPDATE_STORE;
}

static int32_t call_all(const void *found, size_t found_size, const void **new_value, size_t *new_size, void *user)
{
    inside *own = user;
    (void)found_size;
    CHECK(found != NULL);
    own->calls++;
    is_inside(own->map);
    works(own->other);
    EXPECT(PTL_OK, ptl_map_update(own->other, K(4), call_both, own));
    CHECK(holds(own->other, 4, 8));
    is_inside(own->map); /* the inner update has returned, this one has not */
    works(own->other);
    *new_value = value(9).data;
    *new_size = value(9).size;
    return PTL_UPDATE_STORE;
}

static int32_t update_it(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    inside *own = user;
    decision d = TO_STORE(value(number_of(k, k_size) + 1));
    (void)v, (void)v_size;
    EXPECT(PTL_OK, ptl_map_update(own->map, k, k_size, decide, &d));
    CHECK(d.calls == 1 && d.present);
    own->calls++;
    return 1;
}

static void test_inside(void)
{
    inside own = {.map = new_map()};
    fill_map(own.map, 0, 100);
    for (uint32_t kind = PTL_MAP_BUCKETED; kind <= LAST_KIND; kind++) {
        ptl_map_options options = shape;
        options.kind = kind;
        EXPECT(PTL_OK, ptl_map_new(&options, &own.other));
        own.calls = 0;
        EXPECT(PTL_OK, ptl_map_update(own.map, K(7), call_all, &own));
        CHECK(own.calls == 2 && holds(own.map, 7, 9));
        works(own.other); /* both may be called again */
        EXPECT(PTL_OK, ptl_map_release(own.other));
    }
    /* Within a range, which holds no lock, an update is allowed. */
    own.calls = 0;
    EXPECT(PTL_OK, ptl_map_range(own.map, update_it, &own));
    CHECK(own.calls == 100 && has_len(own.map, 100));
    for (unsigned k = 0; k < 100; k++)
        CHECK(holds(own.map, k, k + 1));
    works(own.map);
    EXPECT(PTL_OK, ptl_map_release(own.map));
}

/* A callback may release its map, which then lives until the call returns. */

typedef struct {
    ptl_map *map;
    memory *memory;
    unsigned calls;
} releaser;

static void release_it(releaser *own)
{
    if (own->calls++ == 0)
        EXPECT(PTL_OK, ptl_map_release(own->map));
    CHECK(own->memory->blocks > 0);
}

static int32_t release_and_store(const void *found, size_t found_size, const void **new_value, size_t *new_size, void *user)
{
    release_it(user);
    CHECK(found_size == value(30).size && memcmp(found, V(30)) == 0);
    *new_value = value(31).data;
    *new_size = value(31).size;
    return PTL_UPDATE_STORE;
}

static int32_t release_and_fail(const void *found, size_t found_size, const void **new_value, size_t *new_size, void *user)
{
    (void)found, (void)found_size, (void)new_value, (void)new_size;
    release_it(user);
    return 3;
}

static int32_t release_and_go_on(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    release_it(user);
    unsigned i = number_of(k, k_size);
    CHECK(i < 100 && v_size == value(i).size && memcmp(v, value(i).data, v_size) == 0);
    return 1;
}

static ptl_map *to_release(memory *own)
{
    shape.allocator = counted(own);
    ptl_map *map = new_map();
    fill_map(map, 0, 100);
    return map;
}

static void test_release(void)
{
    memory own = {0};
    uint64_t deleted = 0;
    ptl_map *map = to_release(&own);
    EXPECT(PTL_OK, ptl_map_update(map, K(30), release_and_store, &(releaser){map, &own, 0}));
    CHECK(is_clean(&own));
    map = to_release(&own);
    EXPECT(PTL_E_OPTION, ptl_map_update(map, K(30), release_and_fail, &(releaser){map, &own, 0}));
    CHECK(is_clean(&own));
    map = to_release(&own);
    EXPECT(PTL_OK, ptl_map_range(map, release_and_go_on, &(releaser){map, &own, 0}));
    CHECK(is_clean(&own));
    map = to_release(&own);
    EXPECT(PTL_OK, ptl_map_delete_if(map, release_and_go_on, &(releaser){map, &own, 0}, &deleted));
    CHECK(is_clean(&own) && deleted == 100);

    /* One of two references is released: the map stays. */
    map = to_release(&own);
    EXPECT(PTL_OK, ptl_map_retain(map));
    EXPECT(PTL_OK, ptl_map_update(map, K(30), release_and_store, &(releaser){map, &own, 0}));
    CHECK(holds(map, 30, 31) && has_len(map, 100));
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
}

/* Several threads. */

typedef struct {
    ptl_map *map;
    sem_t begun, go_on;
} stop;

static int32_t stop_inside(const void *value, size_t value_size, const void **new_value, size_t *new_size, void *user)
{
    stop *own = user;
    CHECK(value != NULL && value_size == 8);
    sem_post(&own->begun);
    sem_wait(&own->go_on);
    *new_value = &item_words[1][2];
    *new_size = 8;
    return PTL_UPDATE_STORE;
}

static void *stopped_update(void *user)
{
    stop *own = user;
    EXPECT(PTL_OK, ptl_map_update(own->map, K(1), stop_inside, own));
    return NULL;
}

static void *store_other(void *user)
{
    stop *own = user;
    EXPECT(PTL_OK, ptl_map_store(own->map, K(1), V(3)));
    return NULL;
}

/* While one thread runs an update, a bucketed map refuses another thread. No other kind does. */
static void test_another_thread(void)
{
    stop own;
    pthread_t updating, storing;
    sem_init(&own.begun, 0, 0);
    sem_init(&own.go_on, 0, 0);
    own.map = new_map();
    EXPECT(PTL_OK, ptl_map_store(own.map, K(1), V(1)));
    EXPECT(PTL_OK, ptl_map_range(own.map, visit_all, NULL)); /* promotes, so the key is in the read map */
    CHECK(pthread_create(&updating, NULL, stopped_update, &own) == 0);
    sem_wait(&own.begun);
    if (shape.kind == PTL_MAP_BUCKETED) {
        every_call_answers(PTL_E_CONCURRENT, own.map);
        EXPECT(PTL_OK, ptl_map_retain(own.map));
        EXPECT(PTL_OK, ptl_map_release(own.map));
    } else if (reads_without_lock(shape.kind)) {
        CHECK(holds(own.map, 1, 1));
    } else {
        uint64_t word = UNTOUCHED;
        EXPECT(PTL_E_BUSY, ptl_map_peek(own.map, K(1), &word, sizeof word, NULL));
        if (words_to_words())
            EXPECT(PTL_E_BUSY, ptl_map_peek_u64(own.map, item_words[0][1]).status);
    }
    int stores = shape.kind != PTL_MAP_BUCKETED;
    if (stores)
        CHECK(pthread_create(&storing, NULL, store_other, &own) == 0);
    sem_post(&own.go_on);
    CHECK(pthread_join(updating, NULL) == 0);
    if (stores)
        CHECK(pthread_join(storing, NULL) == 0);
    CHECK(holds(own.map, 1, stores ? 3 : 2) && has_len(own.map, 1)); /* the store waited for the update */
    EXPECT(PTL_OK, ptl_map_release(own.map));
    sem_destroy(&own.begun);
    sem_destroy(&own.go_on);
}

enum { THREADS = 8, COUNTERS = 5 };

typedef struct {
    ptl_map *map;
    unsigned number; /* of this thread */
    unsigned long rounds;
    uint64_t step;
    struct {
        uint64_t count;
        unsigned char filler[LONGEST]; /* makes values of different lengths */
    } value;
} worker;

static void in_threads(ptl_map *map, unsigned long rounds, void *(*work)(void *))
{
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    for (unsigned t = 0; t < THREADS; t++) {
        workers[t] = (worker){.map = map, .number = t, .rounds = rounds};
        CHECK(pthread_create(&threads[t], NULL, work, &workers[t]) == 0);
    }
    for (unsigned t = 0; t < THREADS; t++)
        CHECK(pthread_join(threads[t], NULL) == 0);
}

/* Adds the worker's step to a counter, and deletes the counter when it reaches zero. */
static int32_t count(const void *value, size_t value_size, const void **new_value, size_t *new_size, void *user)
{
    worker *own = user;
    own->value.count = 0;
    if (value)
        memcpy(&own->value.count, value, value_size < 8 ? value_size : 8);
    own->value.count += own->step;
    *new_value = &own->value;
    *new_size = shape.value_size == PTL_WORD ? 8 : 8 + own->value.count * 13 % LONGEST;
    return own->value.count ? PTL_UPDATE_STORE : PTL_UPDATE_DELETE;
}

static void *count_up(void *user)
{
    worker *own = user;
    own->step = 1;
    for (unsigned long i = 0; i < own->rounds; i++) {
        EXPECT(PTL_OK, ptl_map_update(own->map, K(i % COUNTERS), count, own));
        unsigned mine = 100 + own->number * 100 + i % 100; /* stored and deleted, so that the table grows and is promoted */
        if (i / 100 % 2 == 0)
            EXPECT(PTL_OK, ptl_map_store(own->map, K(mine), V(mine)));
        else
            EXPECT(PTL_OK, ptl_map_delete(own->map, K(mine)));
    }
    return NULL;
}

static void *up_and_down(void *user)
{
    worker *own = user;
    for (unsigned long i = 0; i < 2 * own->rounds; i++) {
        own->step = i & 1 ? UINT64_MAX : 1;
        EXPECT(PTL_OK, ptl_map_update(own->map, K(i / 2 % COUNTERS), count, own));
    }
    return NULL;
}

/* Eight threads use the same counters. No step is lost, and none is counted twice. */
static void test_counters(void)
{
    if (shape.kind == PTL_MAP_BUCKETED)
        return;
    unsigned long rounds = (repeats(1800) + 200) / 200 * 200; /* a number with which each thread deletes all of its own keys */
    ptl_map *map = new_map();
    in_threads(map, rounds, count_up);
    CHECK(has_len(map, COUNTERS));
    for (unsigned c = 0; c < COUNTERS; c++) {
        unsigned char found[8 + LONGEST];
        uint64_t total = 0;
        EXPECT(PTL_OK, ptl_map_load(map, K(c), found, sizeof found, NULL));
        memcpy(&total, found, 8);
        CHECK(total == THREADS * rounds / COUNTERS);
    }
    EXPECT(PTL_OK, ptl_map_clear(map));
    in_threads(map, rounds, up_and_down);
    CHECK(has_len(map, 0));
    EXPECT(PTL_OK, ptl_map_release(map));
}

/* A list of records, two bytes for a thread's number and two for its own count, that grows by one with each update. */

enum { LIST = 4 * THREADS * 250 };

typedef struct {
    uint16_t record[2];
    unsigned char list[LIST];
} appender;

static int32_t append(const void *value, size_t value_size, const void **new_value, size_t *new_size, void *user)
{
    appender *own = user;
    if (value_size)
        memcpy(own->list, value, value_size);
    memcpy(own->list + value_size, own->record, sizeof own->record);
    *new_value = own->list;
    *new_size = value_size + sizeof own->record;
    return PTL_UPDATE_STORE;
}

/* Checks that each thread's records are in order and complete. Returns how many there are. */
static unsigned long in_order(const unsigned char *list, size_t size)
{
    unsigned next[THREADS] = {0};
    CHECK(size % 4 == 0);
    for (size_t at = 0; at < size; at += 4) {
        uint16_t record[2];
        memcpy(record, list + at, 4);
        CHECK(record[0] < THREADS && record[1] == next[record[0] % THREADS]++);
    }
    return size / 4;
}

static void *append_all(void *user)
{
    static appender appenders[THREADS];
    worker *own = user;
    appender *mine = &appenders[own->number];
    static unsigned char found[THREADS][LIST];
    for (unsigned long i = 0; i < own->rounds; i++) {
        mine->record[0] = (uint16_t)own->number;
        mine->record[1] = (uint16_t)i;
        EXPECT(PTL_OK, ptl_map_update(own->map, K(2), append, mine));
        if (i % 16 == 0) {
            size_t size = 0;
            EXPECT(PTL_OK, ptl_map_load(own->map, K(2), found[own->number], LIST, &size));
            CHECK(in_order(found[own->number], size) > i);
        }
    }
    return NULL;
}

static void test_list(void)
{
    if (shape.kind == PTL_MAP_BUCKETED || shape.value_size == PTL_WORD)
        return;
    static unsigned char list[LIST];
    unsigned long rounds = repeats(250);
    size_t size = 0;
    ptl_map *map = new_map();
    in_threads(map, rounds, append_all);
    EXPECT(PTL_OK, ptl_map_load(map, K(2), list, sizeof list, &size));
    CHECK(in_order(list, size) == THREADS * rounds);
    EXPECT(PTL_OK, ptl_map_release(map));
}

int main(void)
{
    make_items();
    run_for_all(test_answers, "every result for every state of a key");
    run_for_all(test_growth, "a map filled by updates");
    run_for_all(test_large_values, "large values");
    run_for_all(test_parts, "parts of the old value");
    run_for_all(test_refusals, "refusals");
    run_for_all(test_inside, "calls from the callback");
    run_for_all(test_release, "a map released by its callback");
    run_for_words(test_another_thread, "another thread");
    run_for_all(test_counters, "counters");
    run_for_all(test_list, "a list that grows");
    return summary();
}
