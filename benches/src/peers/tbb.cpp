// TBB's concurrent_hash_map, with its own allocator. A reader locks the entry that it reads, by a const_accessor: there is no other
// way in. Bytes are kept as std::string, with the system's allocator, and overwritten by assign(): in place, if they fit.
extern "C" {
#include "peer.h"
}
#include <string>
#include <string_view>
#include <tbb/concurrent_hash_map.h>

namespace {

// What the library does to a word of its own is the quickest there is.
struct words : tbb::concurrent_hash_map<uint64_t, uint64_t> {
    using concurrent_hash_map::concurrent_hash_map;
    static uint64_t view(uint64_t key) { return key; }
    static uint64_t own(uint64_t key) { return key; }
    static uint64_t summand(uint64_t key) { return key; }
};

struct text_hash {
    using is_transparent = void; // so that a lookup makes no std::string
    static size_t hash(std::string_view text) { return hash_text(text.data()); }
    static bool equal(std::string_view one, std::string_view other) { return one == other; }
};

template <typename Value> struct of_texts : tbb::concurrent_hash_map<std::string, Value, text_hash> {
    using of_texts::concurrent_hash_map::concurrent_hash_map;
    static std::string_view view(uint64_t key) { return { reinterpret_cast<const char *>(key), TEXT }; }
    static std::string own(uint64_t key) { return std::string(view(key)); }
    static uint64_t summand(const std::string &) { return 0; }
};
using texts = of_texts<uint64_t>;
using bytes = of_texts<std::string>;

// A value is a word, or bytes: how it gets into the map, and out.
void assign(uint64_t &kept, uint64_t value, uint64_t) { kept = value; }
void assign(std::string &kept, uint64_t value, uint64_t size)
{
    kept.assign(reinterpret_cast<const char *>(value), size);
}

found fetch(uint64_t kept, void *) { return { kept, 1 }; }
found fetch(const std::string &kept, void *buffer)
{
    memcpy(buffer, kept.data(), kept.size());
    return { kept.size(), 1 };
}

uint64_t number(uint64_t kept) { return kept; }
uint64_t number(const std::string &kept) { return first_word(kept.data()); }

template <typename Map> struct adapter {
    static Map &map(void *handle) { return *static_cast<Map *>(handle); }

    static void *create(uint64_t room) { return room ? new Map(room) : new Map; }
    static void destroy(void *handle) { delete &map(handle); }

    static found load(void *handle, uint64_t key, void *buffer)
    {
        typename Map::const_accessor entry;
        if (!map(handle).find(entry, Map::view(key)))
            return { 0, 0 };
        return fetch(entry->second, buffer);
    }
    static void insert(void *handle, uint64_t key, uint64_t value, uint64_t size)
    {
        typename Map::mapped_type kept;
        assign(kept, value, size);
        map(handle).emplace(Map::own(key), std::move(kept));
    }
    static void store(void *handle, uint64_t key, uint64_t value, uint64_t size)
    {
        typename Map::accessor entry;
        if (!map(handle).find(entry, Map::view(key)))
            map(handle).insert(entry, Map::own(key));
        assign(entry->second, value, size);
    }
    static void erase(void *handle, uint64_t key) { map(handle).erase(Map::view(key)); }

    static uint64_t sum(void *handle, uint64_t *entries)
    {
        uint64_t sum = 0, count = 0;
        for (const auto &entry : map(handle)) {
            sum += Map::summand(entry.first) + number(entry.second);
            ++count;
        }
        *entries = count;
        return sum;
    }

    static constexpr peer calls = { create, destroy, nothing, nothing, nothing, load, insert, store, erase, sum };
};

} // namespace

extern "C" {
extern const peer peer_tbb_words, peer_tbb_texts, peer_tbb_bytes;
const peer peer_tbb_words = adapter<words>::calls;
const peer peer_tbb_texts = adapter<texts>::calls;
const peer peer_tbb_bytes = adapter<bytes>::calls;
}
