/* Draws scenes as an SVG picture. */
#ifndef PORTOLAN_EXAMPLES_ANATOMY_SVG_H
#define PORTOLAN_EXAMPLES_ANATOMY_SVG_H

#include "anatomy_scene.h"

#include <errno.h>
#include <inttypes.h>

enum { MARGIN = 32, SLOT = 46, LABEL = 44, BUCKET_HEIGHT = 36, ROW_GAP = 8 };
enum { COLUMN = LABEL + 8 * SLOT + 40, WIDTH = 2 * MARGIN + 2 * COLUMN - 40 };

static const char SVG_STYLE[] =
    "<style>\n"
    "text { font-family: 'DejaVu Sans', 'Helvetica', 'Arial', sans-serif; font-size: 13px; fill: #1f2933 }\n"
    ".h1 { font-size: 22px; font-weight: bold } .h2 { font-size: 15px; font-weight: bold } .small { font-size: 11px }\n"
    ".mono { font-family: 'DejaVu Sans Mono', 'Menlo', 'Consolas', monospace } .mid { text-anchor: middle } .end { text-anchor: end }\n"
    ".dim { fill: #616e7c } .pale { fill: #c3cad2 }\n"
    "rect { stroke: #52606d; stroke-width: 1 } .card { fill: #f7f9fb; stroke: #d9e0e7 } .empty { fill: #ffffff; stroke: #c3cad2 }\n"
    ".live { fill: #dcebfa } .split { fill: #d7ecdf } .new { fill: #b5dfc6 } .waits { fill: #fdeac2 }\n"
    ".nil { fill: #fdeac2 } .expunged { fill: #f7cfcb } .missed { fill: #d9534f } .hit { fill: #ffffff }\n"
    ".arrow { stroke: #52606d; stroke-width: 1.2; fill: none }\n"
    "</style>\n"
    "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
    "<path d=\"M0 0 8 4 0 8z\" fill=\"#52606d\"/></marker></defs>\n";

static void text(FILE *svg, int x, int y, const char *class, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(svg, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    vfprintf(svg, format, arguments);
    fprintf(svg, "</text>\n");
    va_end(arguments);
}

static void box(FILE *svg, int x, int y, int width, int height, const char *class) {
    fprintf(svg, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" class=\"%s\"/>\n", x, y, width, height, class);
}

/* One bucket: the tophash bytes above, the keys below. */
static void draw_bucket(FILE *svg, int x, int y, const ptl_bucket *bucket, const char *class) {
    for (int slot = 0; slot < 8; slot++, x += SLOT) {
        if (bucket->state[slot] == PTL_SLOT_LIVE) {
            box(svg, x, y, SLOT, BUCKET_HEIGHT, class);
            text(svg, x + SLOT / 2, y + 13, "mono small mid dim", "%02x", bucket->tophash[slot]);
            text(svg, x + SLOT / 2, y + 30, "mono mid", "%" PRIu64, bucket->keys[slot]);
        } else {
            box(svg, x, y, SLOT, BUCKET_HEIGHT, "empty");
            text(svg, x + SLOT / 2, y + 13, "mono small mid pale", "%u", bucket->tophash[slot]);
        }
    }
}

static void draw_chain(FILE *svg, int x, int y, const struct table *table, size_t bucket) {
    const char *part = part_of_growth(table, bucket);
    const struct chain *chain = &table->chain[bucket];
    text(svg, x + LABEL - 8, y + 17, "mono end", "%zu", bucket);
    text(svg, x + LABEL - 8, y + 31, "small end dim", "%s", part);
    for (size_t depth = 0; depth < chain->count; depth++, y += BUCKET_HEIGHT + 4) {
        if (depth > 0) {
            int tail = x + LABEL - 16, middle = y + BUCKET_HEIGHT / 2;
            fprintf(svg, "<path class=\"arrow\" marker-end=\"url(#tip)\" d=\"M%d %dV%dH%d\"/>\n", tail, y - (depth > 1 ? 22 : 3), middle,
                    x + LABEL - 1);
        }
        draw_bucket(svg, x + LABEL, y, &chain->bucket[depth], *part ? part : "live");
    }
}

/* A table in two columns: bucket i, and beside it the bucket that was or will be split off from it.
 * Returns the y coordinate below. */
static int draw_buckets(FILE *svg, int y, const struct scene *scene) {
    const struct table *table = &scene->table[0];
    size_t half = growing(table) || table->count == 1 ? (size_t)1 << table->bits : table->count / 2;
    text(svg, MARGIN, y += 24, "h2", "%s", scene->title);
    text(svg, MARGIN, y += 20, "", "%s", scene->note);
    text(svg, MARGIN, y += 20, "dim",
         "entries %" PRIu64 " · B = %" PRIu64 " · main buckets %zu · overflow buckets %" PRIu64 " · load factor %.2f%s",
         scene->stats.entries, table->bits, table->count, scene->stats.overflow_buckets, scene->stats.load_factor,
         growing(table) ? " · growing" : "");
    y += 14;
    for (size_t i = 0; i < half; i++) {
        size_t height = table->chain[i].count;
        draw_chain(svg, MARGIN, y, table, i);
        if (i + half < table->count) {
            draw_chain(svg, MARGIN + COLUMN, y, table, i + half);
            if (table->chain[i + half].count > height)
                height = table->chain[i + half].count;
            if (growing(table))
                fprintf(svg, "<path class=\"arrow\" marker-end=\"url(#tip)\" d=\"M%d %dh24\"/>\n", MARGIN + LABEL + 8 * SLOT + 6,
                        y + BUCKET_HEIGHT / 2);
        }
        y += (int)height * (BUCKET_HEIGHT + 4) + ROW_GAP;
    }
    return y + 16;
}

/* The entries of the read map or the dirty map. If there are none, writes `missing`. */
static void draw_entries(FILE *svg, int x, int y, const char *name, const struct table *table, const char *missing) {
    text(svg, x + 44, y + 22, "end dim", "%s", name);
    struct slot slot;
    bool any = false;
    x += 54;
    for (size_t at = 0; next_slot(table, &at, &slot);) {
        if (slot.state < PTL_SLOT_LIVE)
            continue;
        any = true;
        const char *state = slot.state == PTL_SLOT_LIVE ? "live" : slot.state == PTL_SLOT_NIL ? "nil" : "expunged";
        box(svg, x, y, 66, BUCKET_HEIGHT, state);
        text(svg, x + 33, y + 14, "mono mid", "%" PRIu64, slot.key);
        if (slot.state == PTL_SLOT_LIVE)
            text(svg, x + 33, y + 30, "mono small mid dim", "%" PRIu64, slot.value);
        else
            text(svg, x + 33, y + 30, "small mid dim", "%s", state);
        x += 70;
    }
    if (!any)
        text(svg, x + 2, y + 22, "pale", "%s", missing);
}

/* One step of a read_dirty map. Returns the y coordinate below. */
static int draw_step(FILE *svg, int y, const struct scene *scene) {
    box(svg, MARGIN, y, WIDTH - 2 * MARGIN, 98, "card");
    text(svg, MARGIN + 14, y + 23, "h2", "%s", scene->title);
    text(svg, MARGIN + 200, y + 23, "", "%s", scene->note);
    draw_entries(svg, MARGIN + 10, y + 46, "read", &scene->table[0], "empty");
    draw_entries(svg, MARGIN + 372, y + 46, "dirty", &scene->table[1], "none");
    text(svg, MARGIN + 730, y + 60, "small dim", "misses");
    for (uint64_t i = 0; i < scene->stats.dirty_entries; i++)
        fprintf(svg, "<circle cx=\"%d\" cy=\"%d\" r=\"5\" stroke=\"#52606d\" class=\"%s\"/>\n", MARGIN + 735 + (int)i * 15, y + 73,
                i < scene->stats.misses ? "missed" : "hit");
    if (scene->stats.dirty_entries == 0)
        text(svg, MARGIN + 730, y + 77, "pale", "none");
    text(svg, WIDTH - MARGIN - 14, y + 77, "small dim end", "%" PRIu64, scene->stats.promotions);
    text(svg, WIDTH - MARGIN - 14, y + 60, "small dim end", "promotions");
    return y + 108;
}

static int draw(FILE *svg, const struct scene *scenes, size_t scene_count) {
    int y = MARGIN;
    text(svg, MARGIN, y += 14, "h1", "A bucketed table");
    text(svg, MARGIN, y += 22, "dim",
         "In each slot the tophash byte (1: empty, 0: all slots after it too) above the key. Right of a bucket: the one split off from it.");
    size_t i = 0;
    for (; i < scene_count && scenes[i].stats.kind == PTL_MAP_BUCKETED; i++)
        y = draw_buckets(svg, y + 8, &scenes[i]);
    text(svg, MARGIN, y += 30, "h1", "Read map and dirty map");
    text(svg, MARGIN, y += 22, "dim", "Entries in the order of their slots, each with its key above its value, nil or expunged.");
    y += 16;
    for (; i < scene_count; i++)
        y = draw_step(svg, y, &scenes[i]);
    return y + MARGIN;
}

static void write_svg(const char *name, const struct scene *scenes, size_t scene_count) {
    FILE *body = tmpfile(), *svg = fopen(name, "w");
    if (!body || !svg)
        fail("%s: %s", name, strerror(errno));
    int height = draw(body, scenes, scene_count);
    if (fflush(body) != 0 || ferror(body))
        fail("a temporary file: cannot be written");
    rewind(body);
    fprintf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n%s", WIDTH, height, WIDTH,
            height, SVG_STYLE);
    fprintf(svg, "<path fill=\"#ffffff\" d=\"M0 0H%dV%dH0z\"/>\n", WIDTH, height);
    for (int c; (c = getc(body)) != EOF;)
        putc(c, svg);
    fprintf(svg, "</svg>\n");
    bool lost = ferror(body) || ferror(svg);
    fclose(body);
    if (fclose(svg) != 0 || lost)
        fail("%s: cannot be written", name);
}

#endif
