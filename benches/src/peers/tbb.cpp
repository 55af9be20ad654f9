// TBB's concurrent_hash_map, with its own allocator. A reader locks the entry that it reads, by a const_accessor: there is no other
// way in.
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

struct texts : tbb::concurrent_hash_map<std::string, uint64_t, text_hash> {
    using concurrent_hash_map::concurrent_hash_map;
    static std::string_view view(uint64_t key) { return { reinterpret_cast<const char *>(key), TEXT }; }
    static std::string own(uint64_t key) { return std::string(view(key)); }
    static uint64_t summand(const std::string &) { return 0; }
};

template <typename Map> struct adapter {
    static Map &map(void *handle) { return *static_cast<Map *>(handle); }

    static void *create(uint64_t room) { return room ? new Map(room) : new Map; }
    static void destroy(void *handle) { delete &map(handle); }

    static found load(void *handle, uint64_t key)
    {
        typename Map::const_accessor entry;
        if (!map(handle).find(entry, Map::view(key)))
            return { 0, 0 };
        return { entry->second, 1 };
    }
    static void insert(void *handle, uint64_t key, uint64_t value) { map(handle).emplace(Map::own(key), value); }
    static void store(void *handle, uint64_t key, uint64_t value)
    {
        typename Map::accessor entry;
        if (map(handle).find(entry, Map::view(key))) {
            entry->second = value;
        } else {
            map(handle).insert(entry, Map::own(key));
            entry->second = value;
        }
    }
    static void erase(void *handle, uint64_t key) { map(handle).erase(Map::view(key)); }

    static uint64_t sum(void *handle, uint64_t *entries)
    {
        uint64_t sum = 0, count = 0;
        for (const auto &entry : map(handle)) {
            sum += Map::summand(entry.first) + entry.second;
            ++count;
        }
        *entries = count;
        return sum;
    }

    static constexpr peer calls = { create, destroy, nothing, nothing, nothing, load, insert, store, erase, sum };
};

} // namespace

extern "C" {
extern const peer peer_tbb_words, peer_tbb_texts;
const peer peer_tbb_words = adapter<words>::calls;
const peer peer_tbb_texts = adapter<texts>::calls;
}
