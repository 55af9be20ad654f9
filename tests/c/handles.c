/* Handles: the options of a new map, reference counting, and handles that every function must refuse:
 * NULL, other memory, a released map, and a bucketed map in use. (A map that the calling thread is
 * updating is in update.c.) */
#include "every_call.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void refused(ptl_map_options options, ptl_status status)
{
    ptl_map *const before = (ptl_map *)(void *)&shape;
    ptl_map *map = before;
    expect(status, ptl_map_new(&options, &map), "ptl_map_new refuses the options", __FILE__, __LINE__);
    CHECK(map == before);
    ptl_map *source = new_map();
    expect(status, ptl_map_clone(source, &options, &map), "ptl_map_clone refuses the options", __FILE__, __LINE__);
    CHECK(map == before);
    EXPECT(PTL_OK, ptl_map_release(source));
}

static void test_new(void)
{
    ptl_map *map = NULL;
    EXPECT(PTL_OK, ptl_map_new(NULL, &map));
    ptl_stats stats = PTL_STATS_INIT;
    EXPECT(PTL_OK, ptl_map_stats(map, &stats));
    CHECK(stats.kind == PTL_MAP_SHARDED && stats.key_size == PTL_BYTES && stats.value_size == PTL_BYTES);
    EXPECT(PTL_OK, ptl_map_release(map));

    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    EXPECT(PTL_E_NULL, ptl_map_new(&options, NULL));
    EXPECT(PTL_E_NULL, ptl_map_new(NULL, NULL));
    set_shape(PTL_MAP_SHARDED, PTL_BYTES, PTL_BYTES, 0);

#define REFUSED(status, member, value)                                                                                 \
    do {                                                                                                               \
        ptl_map_options wrong = PTL_MAP_OPTIONS_INIT;                                                                  \
        wrong.member = (value);                                                                                        \
        refused(wrong, (status));                                                                                      \
        /* The text begins with the name of the member. */                                                             \
        size_t name = strcspn(#member, ".");                                                                           \
        const char *text = ptl_map_options_error(&wrong);                                                              \
        CHECK(text != NULL && strncmp(text, #member, name) == 0 && text[name] == ':');                                 \
    } while (0)
    REFUSED(PTL_E_SIZE, size, 0);
    REFUSED(PTL_E_SIZE, size, sizeof(ptl_map_options) - 1);
    REFUSED(PTL_E_SIZE, size, ABSURD);
    REFUSED(PTL_E_OPTION, kind, LAST_KIND + 1);
    REFUSED(PTL_E_OPTION, kind, UINT32_MAX);
    REFUSED(PTL_E_OPTION, flags, 1);
    REFUSED(PTL_E_OPTION, key_size, 4);
    REFUSED(PTL_E_OPTION, value_size, 16);
    REFUSED(PTL_E_OPTION, shards, 4097);
    REFUSED(PTL_E_OPTION, hash_bits, 64);
    REFUSED(PTL_E_OPTION, allocator.alloc, counted_alloc);
    REFUSED(PTL_E_OPTION, allocator.free, counted_free);
    EXPECT(PTL_E_SIZE, ptl_map_new(&(ptl_map_options){.size = 1}, &map));
    EXPECT(PTL_E_SIZE, ptl_map_new(&(ptl_map_options){.kind = PTL_MAP_MUTEX}, &map));
    CHECK(strstr(ptl_map_options_error(&(ptl_map_options){.kind = PTL_MAP_MUTEX}), "PTL_MAP_OPTIONS_INIT") != NULL);
    CHECK(strstr(ptl_status_string(PTL_E_SIZE), "_INIT") != NULL);
    CHECK(ptl_map_options_error(NULL) == NULL && ptl_map_options_error(&(ptl_map_options)PTL_MAP_OPTIONS_INIT) == NULL);
    EXPECT(PTL_E_OPTION, ptl_map_new(&(ptl_map_options){.size = sizeof(ptl_map_options), .kind = LAST_KIND + 1}, &map));

    /* Options of a later version. Unknown ones are accepted if they are zero, and refused if not. */
    struct {
        ptl_map_options known;
        unsigned char later[40];
    } longer = {PTL_MAP_OPTIONS_INIT, {0}};
    longer.known.size = sizeof longer;
    EXPECT(PTL_OK, ptl_map_new(&longer.known, &map));
    EXPECT(PTL_OK, ptl_map_release(map));
    for (size_t i = 0; i < sizeof longer.later; i++) {
        longer.later[i] = 1;
        EXPECT(PTL_E_OPTION, ptl_map_new(&longer.known, &map));
        CHECK(strstr(ptl_map_options_error(&longer.known), "later version") != NULL);
        longer.later[i] = 0;
    }

    for (uint32_t bits = 1; bits < 64; bits += 31) { /* 1, 32, 63 */
        options.hash_bits = bits;
        EXPECT(PTL_OK, ptl_map_new(&options, &map));
        EXPECT(PTL_OK, ptl_map_release(map));
    }
    options.hash_bits = PTL_HASH_CONSTANT;
    EXPECT(PTL_OK, ptl_map_new(&options, &map));
    EXPECT(PTL_OK, ptl_map_release(map));

    /* The number of shards is rounded up. */
    static const uint32_t asked[] = {1, 2, 3, 5, 4096}, given[] = {1, 2, 4, 8, 4096};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        options.shards = asked[i];
        EXPECT(PTL_OK, ptl_map_new(&options, &map));
        EXPECT(PTL_OK, ptl_map_stats(map, &stats));
        CHECK(stats.shards == given[i]);
        EXPECT(PTL_OK, ptl_map_release(map));
    }

    /* A capacity for which there is too little memory, and an allocator without any. */
    for (uint32_t kind = PTL_MAP_BUCKETED; kind <= LAST_KIND; kind++) {
        set_shape(kind, PTL_WORD, PTL_WORD, 0);
        shape.capacity = UINT64_MAX;
        EXPECT(PTL_E_MEMORY, ptl_map_new(&shape, &map));
        shape.capacity = UINT64_C(1) << 60;
        EXPECT(PTL_E_MEMORY, ptl_map_new(&shape, &map));
        memory none = {.fail_at = 1, .for_good = 1};
        shape.capacity = 0;
        shape.allocator = counted(&none);
        EXPECT(PTL_E_MEMORY, ptl_map_new(&shape, &map));
        CHECK(is_clean(&none));
    }
}

static void test_references(void)
{
    memory own = {0};
    shape.allocator = counted(&own);
    ptl_map *map = new_map();
    CHECK(own.blocks > 0);
    EXPECT(PTL_OK, ptl_map_retain(map));
    EXPECT(PTL_OK, ptl_map_store(map, K(1), V(1)));
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(holds(map, 1, 1)); /* one reference is left */
    EXPECT(PTL_OK, ptl_map_release(map));
    CHECK(is_clean(&own));
    EXPECT(PTL_OK, ptl_map_release(NULL));
}

/* Makes the system refuse randomness to this process. Returns whether that worked. */
static int forbid_randomness(void)
{
    struct sock_filter refuse[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof refuse / sizeof *refuse, refuse};
    char byte;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
           syscall(SYS_getrandom, &byte, 1, 0) == -1;
}

/* Without a seed no map is made, and nothing leaks. */
static void without_randomness(ptl_map *source)
{
    ptl_map *const before = (ptl_map *)(void *)&shape, *map = before;
    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    EXPECT(PTL_E_INTERNAL, ptl_map_new(NULL, &map));
    EXPECT(PTL_E_INTERNAL, ptl_map_clone(source, &options, &map));
    CHECK(map == before);
    EXPECT(PTL_OK, ptl_map_contains(source, "key", 3)); /* it still works */
    EXPECT(PTL_OK, ptl_map_clone(source, NULL, &map));  /* it takes the seed of the source */
    EXPECT(PTL_OK, ptl_map_equal(source, map));
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void test_no_randomness(void)
{
    enum { DONE = 17, NOT_TO_BE_HAD };
    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    options.seed = 1;
    ptl_map *source;
    EXPECT(PTL_OK, ptl_map_new(&options, &source));
    EXPECT(PTL_OK, ptl_map_store(source, "key", 3, "value", 5));
    pid_t child = fork();
    if (child == 0) {
        if (!forbid_randomness())
            _exit(NOT_TO_BE_HAD);
        unsigned long failures = failed;
        without_randomness(source);
        EXPECT(PTL_OK, ptl_map_release(source));
        _exit(failed == failures ? DONE : 1);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == DONE || WEXITSTATUS(status) == NOT_TO_BE_HAD);
    if (WEXITSTATUS(status) == NOT_TO_BE_HAD)
        puts("  randomness could not be forbidden here");
    EXPECT(PTL_OK, ptl_map_release(source));
}

static void test_null_and_foreign(void)
{
    every_call_answers(PTL_E_HANDLE, NULL);
    EXPECT(PTL_E_HANDLE, ptl_map_retain(NULL));

    static _Alignas(64) unsigned char foreign[4096]; /* zeros first, other bytes later */
    ptl_map *map = (ptl_map *)(void *)foreign;
    for (unsigned fill = 0; fill < 256; fill += 85) {
        memset(foreign, (int)fill, sizeof foreign);
        every_call_answers(PTL_E_HANDLE, map);
        EXPECT(PTL_E_HANDLE, ptl_map_retain(map));
        EXPECT(PTL_E_HANDLE, ptl_map_release(map));
    }
}

/* An allocator that frees nothing, so that the memory of a released handle can still be read. */
typedef struct {
    _Alignas(64) unsigned char memory[1 << 22];
    size_t used;
} arena;

static void *arena_alloc(size_t size, size_t align, void *user)
{
    arena *own = user;
    size_t start = (own->used + align - 1) / align * align;
    if (size > sizeof own->memory - start)
        return NULL;
    own->used = start + size;
    return own->memory + start;
}

static void arena_free(void *block, size_t size, size_t align, void *user) { (void)block, (void)size, (void)align, (void)user; }

static void test_released(void)
{
    static arena own;
    for (uint32_t kind = PTL_MAP_BUCKETED; kind <= LAST_KIND; kind++) {
        own.used = 0;
        set_shape(kind, PTL_WORD, PTL_WORD, 0);
        shape.allocator = (ptl_allocator){arena_alloc, arena_free, &own};
        ptl_map *map = new_map();
        fill_map(map, 0, 100);
        EXPECT(PTL_OK, ptl_map_release(map));
        every_call_answers(PTL_E_HANDLE, map);
        EXPECT(PTL_E_HANDLE, ptl_map_retain(map));
        EXPECT(PTL_E_HANDLE, ptl_map_release(map));
    }
}

/* An allocator that blocks within a call on the map until it is told to continue, or calls the map. */
typedef struct {
    memory counted;
    ptl_map *map;
    int stop, call;
    sem_t inside, go_on;
} gate;

static void *gate_alloc(size_t size, size_t align, void *user)
{
    gate *own = user;
    if (own->call) {
        own->call = 0;
        every_call_answers(PTL_E_CONCURRENT, own->map);
    }
    if (own->stop) {
        own->stop = 0;
        sem_post(&own->inside);
        sem_wait(&own->go_on);
    }
    return counted_alloc(size, align, &own->counted);
}

static void gate_free(void *block, size_t size, size_t align, void *user)
{
    counted_free(block, size, align, &((gate *)user)->counted);
}

static void *reserve(void *user)
{
    gate *own = user;
    EXPECT(PTL_OK, ptl_map_reserve(own->map, 100000));
    return NULL;
}

static void test_in_use(void)
{
    static gate own;
    sem_init(&own.inside, 0, 0);
    sem_init(&own.go_on, 0, 0);
    set_shape(PTL_MAP_BUCKETED, PTL_WORD, PTL_WORD, 0);
    shape.allocator = (ptl_allocator){gate_alloc, gate_free, &own};
    own.map = new_map();
    EXPECT(PTL_OK, ptl_map_store_u64(own.map, 7, 70));

    /* Another thread is using the map. */
    own.stop = 1;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, reserve, &own) == 0);
    sem_wait(&own.inside);
    every_call_answers(PTL_E_CONCURRENT, own.map);
    EXPECT(PTL_OK, ptl_map_retain(own.map)); /* counting references does not use the map */
    EXPECT(PTL_OK, ptl_map_release(own.map));
    sem_post(&own.go_on);
    CHECK(pthread_join(thread, NULL) == 0);

    /* This thread is using the map. */
    own.call = 1;
    EXPECT(PTL_OK, ptl_map_reserve(own.map, 1000000));
    CHECK(own.call == 0);

    /* The map is not in use any more, and unchanged. */
    CHECK(answers(ptl_map_load_u64(own.map, 7), PTL_OK, 70) && has_len(own.map, 1));
    EXPECT(PTL_OK, ptl_map_release(own.map));
    CHECK(is_clean(&own.counted));
    sem_destroy(&own.inside);
    sem_destroy(&own.go_on);
}

int main(void)
{
    make_items();
    run(test_new, "new");
    run_for_all(test_references, "retain, release");
    run(test_no_randomness, "no randomness");
    run(test_null_and_foreign, "every call on NULL and on foreign memory");
    run(test_released, "every call on a released map");
    run(test_in_use, "every call on a bucketed map in use");
    return summary();
}
