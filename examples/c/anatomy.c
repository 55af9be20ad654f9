/* Shows the inside of a map: its buckets, how it grows, and how a dirty map becomes the read map.
 *
 * It uses ptl_map_inspect and ptl_map_stats to show how the maps work. First a bucketed map: a full
 * bucket, the first overflow bucket, and a growth from its middle to its end. Then a read_dirty
 * map, step by step, as keys are stored, missed, promoted, deleted and expunged.
 *
 *     cc -std=c11 -O2 anatomy.c $(pkg-config --cflags --libs portolan) -o anatomy
 *     ./anatomy                        prints text
 *     ./anatomy --svg anatomy.svg      also draws a picture
 *     ./anatomy --seed 7               uses other hashes
 *
 * The program checks what it shows: each stored key is in exactly one slot, the buckets agree with
 * the statistics, and each step of the read_dirty map is the one that the algorithm prescribes. Its
 * exit status is 0 if all this holds, 1 if not, and 2 if it could not do its work.
 */
#include "anatomy_svg.h"

#include <inttypes.h>
#include <stdbool.h>

/* ---- printing ---- */

static void print_buckets(const struct scene *scene) {
    const struct table *table = &scene->table[0];
    printf("\n%s: %s\n", scene->title, scene->note);
    printf("%" PRIu64 " entries, B = %" PRIu64 ", %zu buckets, %" PRIu64 " overflow, load factor %.2f", scene->stats.entries,
           table->bits, table->count, scene->stats.overflow_buckets, scene->stats.load_factor);
    if (growing(table))
        printf(", growing to B = %" PRIu64 ": %" PRIu64 " of %zu buckets split", table->bits + 1, scene->stats.split,
               (size_t)1 << table->bits);
    printf("\n\n  bucket     tophash                  keys\n");
    for (size_t i = 0; i < table->count; i++) {
        for (size_t depth = 0; depth < table->chain[i].count; depth++) {
            const ptl_bucket *bucket = &table->chain[i].bucket[depth];
            if (depth == 0)
                printf("  %4zu %-5s", i, part_of_growth(table, i));
            else
                printf("       +%-3zu", depth);
            for (size_t slot = 0; slot < 8; slot++)
                if (bucket->state[slot] == PTL_SLOT_LIVE)
                    printf(" %02x", bucket->tophash[slot]);
                else
                    printf(bucket->state[slot] == PTL_SLOT_EMPTY_REST ? "  ." : "  -");
            printf("  ");
            for (size_t slot = 0; slot < 8; slot++)
                if (bucket->state[slot] == PTL_SLOT_LIVE)
                    printf(" %3" PRIu64, bucket->keys[slot]);
                else
                    printf("    ");
            printf("\n");
        }
    }
}

static void print_entries(const char *name, const struct table *table, const char *missing) {
    struct slot slot;
    bool any = false;
    printf("    %-6s", name);
    for (size_t at = 0; next_slot(table, &at, &slot);) {
        if (slot.state == PTL_SLOT_LIVE)
            printf("  %" PRIu64 "=%" PRIu64, slot.key, slot.value);
        else if (slot.state == PTL_SLOT_NIL || slot.state == PTL_SLOT_EXPUNGED)
            printf("  %" PRIu64 "=%s", slot.key, slot.state == PTL_SLOT_NIL ? "nil" : "expunged");
        any = any || slot.state >= PTL_SLOT_LIVE;
    }
    printf("%s%s\n", any ? "" : "  ", any ? "" : missing);
}

static void print_step(const struct scene *scene) {
    printf("\n  %s: %s\n", scene->title, scene->note);
    print_entries("read", &scene->table[0], "(empty)");
    print_entries("dirty", &scene->table[1], "(none)");
    printf("    misses %" PRIu64 " of %" PRIu64 ", promotions %" PRIu64 "%s\n", scene->stats.misses, scene->stats.dirty_entries,
           scene->stats.promotions, scene->stats.dirty_entries ? ", amended" : "");
}

/* ---- checking ---- */

static unsigned wrong;

static void expect(bool right, const struct scene *scene, const char *what) {
    if (!right) {
        printf("WRONG at \"%s\": %s\n", scene->title, what);
        wrong++;
    }
}

enum { MOST_KEYS = 1000 };

/* The map is bucketed and holds the keys 1 to scene->stats.entries. */
static void check_buckets(const struct scene *scene) {
    const struct table *table = &scene->table[0];
    uint64_t live = 0, overflow = 0, entries = scene->stats.entries, old = (uint64_t)1 << table->bits;
    bool seen[MOST_KEYS + 1] = {false}, once = true, marks = true;
    struct slot slot;
    for (size_t at = 0; next_slot(table, &at, &slot);) {
        bool is_live = slot.state == PTL_SLOT_LIVE;
        marks = marks && is_live == (slot.tophash >= 2);
        if (is_live) {
            live++;
            once = once && slot.key >= 1 && slot.key <= entries && !seen[slot.key];
            seen[once ? slot.key : 0] = true;
        }
    }
    for (size_t i = 0; i < table->count; i++)
        overflow += table->chain[i].count - 1;
    expect(live == entries && once, scene, "each key is in one slot");
    expect(marks, scene, "a slot is live when its tophash is a hash");
    expect(overflow == scene->stats.overflow_buckets, scene, "overflow buckets add up");
    expect(table->count == scene->stats.buckets && table->count >= old && table->count - old == scene->stats.split, scene,
           "buckets are 2^B and those split off");
}

/* Describes a table's entries, ordered by key, as STEPS below does: "1 2nil 3expunged". */
static void describe(const struct table *table, char *words, size_t size) {
    *words = 0;
    for (uint64_t key = 1; key < 10; key++) {
        struct slot slot;
        for (size_t at = 0; next_slot(table, &at, &slot);) {
            size_t used = strlen(words);
            if (slot.state >= PTL_SLOT_LIVE && slot.key == key)
                snprintf(words + used, size - used, "%s%" PRIu64 "%s", used ? " " : "", key,
                         slot.state == PTL_SLOT_NIL ? "nil" : slot.state == PTL_SLOT_EXPUNGED ? "expunged" : "");
        }
    }
}

/* ---- the scenes ---- */

static struct scene scenes[16];
static size_t scene_count;

static ptl_map *new_map(uint32_t kind, uint64_t seed) {
    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    options.kind = kind;
    options.key_size = options.value_size = PTL_WORD;
    options.seed = seed;
    ptl_map *map;
    must(ptl_map_new(&options, &map), "ptl_map_new");
    return map;
}

/* Stores 1, 2, 3 ... and records a scene at each of four moments. */
static void grow_a_table(uint64_t seed) {
    static const char *const TITLES[] = {"A full bucket", "The first overflow bucket", "A growth under way", "The growth is done"};
    static const char *const NOTES[] = {
        "Eight slots, each with a tophash: a byte of the key's hash, compared before the key. The ninth key makes the table grow.",
        "A bucket got a ninth key before the table was full enough (6.5 keys a bucket) to grow: it goes to an overflow bucket.",
        "Each write splits a few buckets: bucket i into i and i + 2^B. The old buckets are the lower half of the new table.",
        "All buckets are split. B is one more than before, and the load factor is half.",
    };
    ptl_map *map = new_map(PTL_MAP_BUCKETED, seed);
    ptl_stats stats = PTL_STATS_INIT;
    size_t moment = 0;
    for (uint64_t key = 1; moment < 4; key++) {
        if (key > MOST_KEYS)
            fail("not reached with %d keys: %s", MOST_KEYS, TITLES[moment]);
        must(ptl_map_store_u64(map, key, key * 10), "ptl_map_store_u64");
        must(ptl_map_stats(map, &stats), "ptl_map_stats");
        uint64_t old = (uint64_t)1 << stats.bucket_bits;
        bool now[] = {stats.entries == 8, stats.overflow_buckets > 0 && !stats.growing,
                      stats.growing && stats.bucket_bits >= 3 && 2 * stats.split >= old, !stats.growing};
        if (now[moment]) {
            struct scene *scene = &scenes[scene_count++];
            *scene = capture(map, TITLES[moment], NOTES[moment]);
            print_buckets(scene);
            check_buckets(scene);
            moment++;
        }
    }
    must(ptl_map_release(map), "ptl_map_release");
}

/* The operations of each step, and the state of the map that they must lead to. */
static const struct step {
    const char *title; /* "store", "load" or "delete" and the keys; or "range" */
    const char *note;
    const char *read, *dirty; /* what the read map and the dirty map hold after the step */
    uint64_t misses, promotions;
} STEPS[] = {
    {"store 1 2 3", "New keys go to the dirty map, under the lock.", "", "1 2 3", 0, 0},
    {"load 1 2", "Not in the read map: found in the dirty map, under the lock. Each such load is a miss.", "", "1 2 3", 2, 0},
    {"load 3", "As many misses as dirty entries: the dirty map becomes the read map. Loads now take no lock.", "1 2 3", "", 0, 1},
    {"delete 2", "The entry stays in the read map, and its value becomes nil. This takes no lock.", "1 2nil 3", "", 0, 1},
    {"store 4", "A new dirty map gets the live entries. The nil entry is not copied, and becomes expunged.", "1 2expunged 3", "1 3 4", 0, 1},
    {"store 2", "An expunged entry is put into the dirty map before it gets a value.", "1 2 3", "1 2 3 4", 0, 1},
    {"range", "A range first promotes the dirty map, so that it can read without the lock.", "1 2 3 4", "", 0, 2},
    {"delete 1 3", "Deleted entries stay nil until the next dirty map is made.", "1nil 2 3nil 4", "", 0, 2},
    {"store 5", "The new dirty map leaves them out, so they are expunged ...", "1expunged 2 3expunged 4", "2 4 5", 0, 2},
    {"load 5 5 5", "... and the next promotion removes them.", "2 4 5", "", 0, 3},
};

static int32_t count_entry(const void *key, size_t key_size, const void *value, size_t value_size, void *user) {
    (void)key, (void)key_size, (void)value, (void)value_size;
    ++*(uint64_t *)user;
    return 1;
}

static void do_step(ptl_map *map, const char *title) {
    uint64_t visited = 0;
    if (strcmp(title, "range") == 0)
        must(ptl_map_range(map, count_entry, &visited), "ptl_map_range");
    for (const char *at = strchr(title, ' '); at; at = strchr(at + 1, ' ')) {
        uint64_t key = strtoull(at, NULL, 10);
        if (*title == 's')
            must(ptl_map_store_u64(map, key, key * 10), "ptl_map_store_u64");
        else if (*title == 'd')
            must(ptl_map_delete_u64(map, key), "ptl_map_delete_u64");
        else
            must(ptl_map_load_u64(map, key).status, "ptl_map_load_u64");
    }
}

static void read_and_dirty(uint64_t seed) {
    ptl_map *map = new_map(PTL_MAP_READ_DIRTY, seed);
    printf("\nread and dirty, step by step (key=value):\n");
    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        struct scene *scene = &scenes[scene_count++];
        do_step(map, STEPS[i].title);
        *scene = capture(map, STEPS[i].title, STEPS[i].note);
        print_step(scene);
        char words[128];
        describe(&scene->table[0], words, sizeof words);
        expect(strcmp(words, STEPS[i].read) == 0, scene, "the read map");
        describe(&scene->table[1], words, sizeof words);
        expect(strcmp(words, STEPS[i].dirty) == 0, scene, "the dirty map");
        expect(scene->stats.misses == STEPS[i].misses, scene, "misses");
        expect(scene->stats.promotions == STEPS[i].promotions, scene, "promotions");
    }
    must(ptl_map_release(map), "ptl_map_release");
}

int main(int argc, char **argv) {
    const char *svg = NULL;
    uint64_t seed = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--svg") == 0 && i + 1 < argc)
            svg = argv[++i];
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else
            fail("usage: anatomy [--seed N] [--svg FILE]");
    }
    printf("A bucketed table with the keys 1, 2, 3 ... (instead of a tophash: - for an empty slot, . if all slots after it are empty too)\n");
    grow_a_table(seed);
    read_and_dirty(seed);
    if (svg)
        write_svg(svg, scenes, scene_count);
    for (size_t i = 0; i < scene_count; i++)
        free_scene(&scenes[i]);
    return end_with(wrong ? 1 : 0);
}
