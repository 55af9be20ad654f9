/* The C++ interface: each operation in both forms, for every form of key and value. Compiled with and
 * without exceptions; without them the parts about throwing are left out. */
#include <portolan.hpp>

#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <unistd.h>

using portolan::kind;
using portolan::status;

#define OF_KIND(name) kind::name,
static const kind every_kind[] = {KINDS(OF_KIND)}; // the header's: ci/common.sh
static const std::vector<kind> shared_kinds(std::begin(every_kind) + 1, std::end(every_kind));

static int passed = 0, failed_checks = 0;

static void check(bool holds, const char *what, int line) {
    if (holds) {
        ++passed;
    } else {
        ++failed_checks;
        std::printf("line %d: %s does not hold\n", line, what);
    }
}
#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__, __LINE__)

enum class colour : std::uint8_t { red = 1, green = 250 };
struct point {
    std::int32_t x, y;
    std::uint64_t z;
    friend bool operator==(const point &a, const point &b) { return a.x == b.x && a.y == b.y && a.z == b.z; }
};
/// Overloads &, so only std::addressof returns its address.
struct shy {
    std::uint64_t x;
    const void *operator&() const { return nullptr; }
    friend bool operator==(const shy &a, const shy &b) { return a.x == b.x; }
};
using bytes = std::vector<std::byte>;
using octets = std::vector<unsigned char>;

template <class K, class V>
static portolan::map<K, V> make(kind kind = portolan::kind::sharded) {
    portolan::options how;
    how.kind = kind;
    status result;
    portolan::map<K, V> map(how, result);
    CHECK(result == status::ok && map);
    return map;
}

/// Every operation that returns a status, on one key, with two different values.
template <class K, class V>
static void one_key(kind kind, K key, K missing, V first, V second) {
    auto map = make<K, V>(kind);
    using value_type = typename portolan::map<K, V>::mapped_type;
    const value_type one(first), two(second);
    value_type value{};
    CHECK(map.try_load(key, value) == status::not_found);
    CHECK(map.try_contains(key) == status::not_found);
    CHECK(map.try_store(key, first) == status::ok);
    CHECK(map.try_contains(key) == status::ok);
    CHECK(map.try_load(key, value) == status::ok && value == one);
    CHECK(map.peek(key, value) == status::ok && value == one);
    CHECK(map.peek(missing, value) == status::not_found);
    CHECK(map.try_load_or_store(key, second, value) == status::loaded && value == one);
    CHECK(map.try_swap(key, second, value) == status::loaded && value == one);
    CHECK(map.try_load(key, value) == status::ok && value == two);
    CHECK(map.try_compare_and_swap(key, first, second) == status::mismatch);
    CHECK(map.try_compare_and_swap(key, second, first) == status::ok);
    CHECK(map.try_compare_and_swap(missing, second, first) == status::not_found);
    CHECK(map.try_compare_and_delete(key, second) == status::mismatch);
    CHECK(map.try_compare_and_delete(missing, second) == status::not_found);
    CHECK(map.try_compare_and_delete(key, first) == status::ok);
    CHECK(map.try_load_and_delete(key, value) == status::not_found);
    CHECK(map.try_swap(key, second, value) == status::ok);
    CHECK(map.try_load_and_delete(key, value) == status::ok && value == two);
    CHECK(map.try_load_or_store(key, first, value) == status::ok);
    CHECK(map.try_load_or_store(missing, second, value) == status::ok);
    std::uint64_t len = 0;
    CHECK(map.try_len(len) == status::ok && len == 2);
    CHECK(map.try_erase(key) == status::ok);
    CHECK(map.try_erase(key) == status::not_found);

    // The same operations by update.
    using slot = std::optional<value_type>;
    const auto update = [&](const slot &before, auto &&change) {
        int asked = 0;
        const auto answer = map.try_update(key, [&](slot &entry) {
            ++asked;
            CHECK(entry == before);
            return change(entry);
        });
        return answer == status::ok && asked == 1;
    };
    CHECK(update(std::nullopt, [](slot &) {}));
    CHECK(update(std::nullopt, [&](slot &entry) { entry = one; return false; }));
    CHECK(map.try_contains(key) == status::not_found);
    CHECK(update(std::nullopt, [&](slot &entry) { entry = one; }));
    CHECK(update(one, [](slot &) {}));
    CHECK(update(one, [](slot &entry) { entry.reset(); return false; }));
    CHECK(update(one, [&](slot &entry) { entry = two; return true; }));
    CHECK(map.try_load(key, value) == status::ok && value == two);
    CHECK(update(two, [](slot &entry) { entry.reset(); }));
    CHECK(map.try_contains(key) == status::not_found);

    // The remaining entry, through all functions that read.
    using key_type = typename portolan::map<K, V>::key_type;
    int visited = 0;
    CHECK(map.try_range([&](auto k, auto v) {
        ++visited;
        CHECK(key_type(k) == key_type(missing) && value_type(v) == two);
    }) == status::ok);
    CHECK(visited == 1);
    auto walk = map.walk();
    CHECK(walk.next() == status::ok);
    CHECK(key_type(walk.key()) == key_type(missing) && value_type(walk.value()) == two);
    CHECK(walk.next() == status::done && walk.next() == status::done);
    std::vector<std::optional<value_type>> values;
    CHECK(map.try_load_many(std::vector<K>{missing, key}, values) == status::ok);
    CHECK(values.size() == 2 && values[0] == two && !values[1]);

    // A clone into every kind.
    portolan::map<K, V> copy(nullptr);
    for (auto other : every_kind) {
        portolan::options how;
        how.kind = other;
        CHECK(map.try_clone(how, copy) == status::ok);
        CHECK(map.try_equal(copy) == status::ok);
        ptl_stats stats = PTL_STATS_INIT;
        CHECK(copy.try_stats(stats) == status::ok && stats.kind == static_cast<std::uint32_t>(other) && stats.entries == 1);
        CHECK(copy.try_store(key, first) == status::ok);
        CHECK(map.try_equal(copy) == status::mismatch);
    }
    CHECK(map.try_clone(copy) == status::ok && map.try_equal(copy) == status::ok);
    CHECK(map.try_reserve(1000) == status::ok && map.try_shrink() == status::ok);
    CHECK(map.try_equal(copy) == status::ok);
    CHECK(map.try_clear() == status::ok && map.try_len(len) == status::ok && len == 0);
}

static bytes of(const char *text) {
    bytes all;
    for (; *text; ++text) all.push_back(static_cast<std::byte>(*text));
    return all;
}

static void every_form() {
    static int one, two;
    for (auto kind : every_kind) {
        one_key<std::uint64_t, std::uint64_t>(kind, 1, 2, 3, std::numeric_limits<std::uint64_t>::max());
        one_key<std::int64_t, std::int32_t>(kind, -1, 1, -7, std::numeric_limits<std::int32_t>::min());
        one_key<char, bool>(kind, 'a', 'b', true, false);
        one_key<colour, double>(kind, colour::red, colour::green, 0.1, -std::numeric_limits<double>::infinity());
        one_key<float, colour>(kind, 1.5f, -1.5f, colour::green, colour::red);
        one_key<int *, const char *>(kind, &one, &two, "a", "b");
        one_key<std::string, std::uint64_t>(kind, "key", "", 1, 2);
        one_key<std::uint32_t, std::string>(kind, 1, 2, "", std::string(100000, 'x'));
        one_key<std::string, std::string>(kind, std::string("a\0b", 3), "a", "short", std::string(300, 'y'));
        one_key<std::string_view, std::string_view>(kind, "view", "other", "value", "another value");
        one_key<bytes, octets>(kind, of("key"), of("k"), octets{0, 255}, octets(5000, 9));
        one_key<octets, bytes>(kind, octets{}, octets{1}, bytes{}, of("value"));
        one_key<point, point>(kind, {1, -2, 3}, {1, -2, 4}, {0, 0, 0}, {7, 8, 9});
        one_key<std::array<unsigned char, 16>, point>(kind, {{1}}, {{2}}, {0, 0, 0}, {7, 8, 9});
        one_key<std::string, std::array<std::uint16_t, 3>>(kind, "key", "none", {{1, 2, 3}}, {{4, 5, 6}});
        one_key<shy, shy>(kind, {1}, {2}, {3}, {4});
    }
}

/// What the result object contains after a call that returned no value, as the header's head says.
static void what_is_not_given_out() {
    auto texts = make<std::string, std::string>();
    std::string text = "before";
    CHECK(texts.try_load("key", text) == status::not_found && text.empty());
    text = "before";
    CHECK(texts.try_swap("key", "value", text) == status::ok && text.empty());
    text = "none";
    CHECK(texts.try_load(text, text) == status::not_found && text == "none");
    auto points = make<std::string, point>();
    point p{1, 2, 3};
    CHECK(points.try_load("key", p) == status::not_found && p == point{1, 2, 3});
    auto words = make<std::string, int>();
    int n = 7;
    CHECK(words.try_load_or_store("key", 1, n) == status::ok && n == 7);
}

static void words_keep_their_values() {
    auto narrow = make<std::int8_t, float>();
    for (int i = -128; i < 128; ++i) CHECK(narrow.try_store(static_cast<std::int8_t>(i), static_cast<float>(i) / 3) == status::ok);
    for (int i = -128; i < 128; ++i) {
        float value = 0;
        CHECK(narrow.try_load(static_cast<std::int8_t>(i), value) == status::ok && value == static_cast<float>(i) / 3);
    }
    auto doubles = make<double, double>();
    double value = 0;
    CHECK(doubles.try_store(0.0, 1) == status::ok);
    CHECK(doubles.try_load(-0.0, value) == status::not_found); // compared by bits
    CHECK(doubles.try_store(std::nan(""), 2) == status::ok);
    CHECK(doubles.try_load(std::nan(""), value) == status::ok && value == 2);
    // C sees a negative number as its bits in a word.
    auto numbers = make<int, long>();
    CHECK(numbers.try_store(-1, -2) == status::ok);
    const ptl_u64 raw = ptl_map_load_u64(numbers.get(), ~std::uint64_t{0});
    CHECK(raw.status == PTL_OK && raw.value == ~std::uint64_t{0} - 1);
}

static void add() {
    auto counts = make<std::string, std::uint64_t>();
    std::uint64_t sum = 99;
    CHECK(counts.try_add("a", 5, sum) == status::ok && sum == 5);
    CHECK(counts.try_add("a", -6, sum) == status::ok && sum == ~std::uint64_t{0});
    CHECK(counts.try_add("a", 2u, sum) == status::ok && sum == 1);
    auto balances = make<int, std::int64_t>(kind::read_dirty);
    std::int64_t balance = 0;
    CHECK(balances.try_add(1, -5, balance) == status::ok && balance == -5);
    CHECK(balances.try_add(1, std::int64_t{3}, balance) == status::ok && balance == -2);
}

static void batches() {
    auto map = make<std::string, std::string>(kind::mutex);
    std::map<std::string, std::string> entries;
    std::vector<std::string> keys;
    for (int i = 0; i < 500; ++i) {
        keys.push_back("key " + std::to_string(i));
        if (i % 2 == 0) entries[keys.back()] = std::string(static_cast<std::size_t>(i), 'v');
    }
    std::vector<status> statuses;
    CHECK(map.try_store_many(entries, &statuses) == status::ok);
    CHECK(statuses == std::vector<status>(250, status::ok));
    std::vector<std::optional<std::string>> values;
    CHECK(map.try_load_many(keys, values) == status::ok && values.size() == 500);
    bool right = true;
    for (std::size_t i = 0; i < 500; ++i)
        right = right && (i % 2 == 0 ? values[i] && values[i]->size() == i : !values[i]);
    CHECK(right);
    CHECK(map.try_delete_many(keys, &statuses) == status::ok);
    CHECK(statuses.size() == 500 && statuses[0] == status::ok && statuses[1] == status::not_found);
    CHECK(map.try_load_many(std::vector<std::string>{}, values) == status::ok && values.empty());
    CHECK(map.try_store_many(std::map<std::string, std::string>{}) == status::ok);
    CHECK(map.try_delete_many(std::vector<const char *>{"none"}) == status::ok);

    // If the whole batch is refused, each key's status says so.
    portolan::map<std::string, std::string> none(nullptr);
    statuses.clear();
    CHECK(none.try_store_many(entries, &statuses) == status::handle && statuses == std::vector<status>(250, status::handle));
    CHECK(none.try_delete_many(keys, &statuses) == status::handle && statuses == std::vector<status>(500, status::handle));
    CHECK(map.try_update("key", [&](auto &) {
        CHECK(map.try_store_many(entries, &statuses) == status::reentrant);
        CHECK(statuses == std::vector<status>(250, status::reentrant));
    }) == status::ok);

    auto words = make<std::uint16_t, point>(kind::sharded);
    CHECK(words.try_store_many(std::vector<std::pair<std::uint16_t, point>>{{1, {1, 2, 3}}, {2, {4, 5, 6}}}) == status::ok);
    std::vector<std::optional<point>> points;
    CHECK(words.try_load_many(std::array<std::uint16_t, 3>{{2, 3, 1}}, points) == status::ok);
    CHECK(points.size() == 3 && points[0] == point{4, 5, 6} && !points[1] && points[2] == point{1, 2, 3});
}

static void iteration() {
    for (auto kind : every_kind) {
        auto map = make<std::uint32_t, std::string>(kind);
        for (std::uint32_t i = 0; i < 1000; ++i) CHECK(map.try_store(i, std::string(i % 50, 'x')) == status::ok);
        // The body of the loop stores, deletes and reads.
        std::set<std::uint32_t> seen;
        CHECK(map.try_range([&](std::uint32_t key, std::string_view value) {
            CHECK(value.size() == (key % 1000) % 50 && seen.insert(key).second);
            if (key < 1000) {
                (void)map.try_erase(key);
                (void)map.try_store(key + 1000, value);
            }
        }) == status::ok);
        std::size_t stable = 0;
        for (auto key : seen) stable += key < 1000;
        CHECK(stable == 1000);
        int visited = 0;
        CHECK(map.try_range([&](auto, auto) { return ++visited < 7; }) == status::done);
        CHECK(visited == 7);
        std::uint64_t deleted = 0, len = 0;
        CHECK(map.try_delete_if([](std::uint32_t key, std::string_view) { return key % 2 == 0; }, deleted) == status::ok);
        CHECK(deleted == 500 && map.try_len(len) == status::ok && len == 500);
        // An entry that changes after the predicate has seen it is not deleted.
        CHECK(map.try_delete_if([&](std::uint32_t key, std::string_view) {
            return key != 1001 || map.try_store(key, "changed") == status::ok;
        }, deleted) == status::ok);
        CHECK(deleted == 499);
        std::string value;
        CHECK(map.try_load(1001, value) == status::ok && value == "changed");
    }
    // Entries that are larger than the initial buffers.
    auto large = make<std::string, std::string>();
    for (int i = 0; i < 20; ++i) CHECK(large.try_store(std::string(9000, static_cast<char>('a' + i)), std::string(70000, 'v')) == status::ok);
    int visited = 0;
    CHECK(large.try_range([&](std::string_view key, std::string_view value) { visited += key.size() == 9000 && value.size() == 70000; }) == status::ok);
    CHECK(visited == 20);
}

/// As Go's maps do, and sync.Map.
static void iterations_begin_anywhere_and_promote() {
    for (auto kind : every_kind) {
        auto map = make<std::uint64_t, std::uint64_t>(kind);
        for (std::uint64_t i = 0; i < 64; ++i) CHECK(map.try_store(i, i) == status::ok);
        std::set<std::uint64_t> walks, ranges;
        for (int i = 0; i < 16; ++i) {
            auto walk = map.walk();
            CHECK(walk.next() == status::ok);
            walks.insert(walk.key());
            CHECK(map.try_range([&](auto key, auto) { ranges.insert(key); return false; }) == status::done);
        }
        CHECK(walks.size() > 1 && ranges.size() > 1);
        ptl_stats stats{};
        CHECK(map.try_stats(stats) == status::ok);
        CHECK(stats.promotions == (kind == kind::read_dirty ? 1 : 0) && stats.dirty_entries == 0);
        std::set<std::uint64_t> seen;
        for (auto walk = map.walk(); walk.next() == status::ok;) CHECK(seen.insert(walk.key()).second);
        CHECK(seen.size() == 64);
#if PORTOLAN_EXCEPTIONS
        std::set<std::uint64_t> begun;
        for (int i = 0; i < 16; ++i)
            for (auto [key, value] : map.entries()) {
                begun.insert(key);
                break;
            }
        CHECK(begun.size() > 1);
#endif
    }
}

static void update() {
    for (auto kind : every_kind) {
        auto map = make<std::string, std::string>(kind);
        std::string value;
        CHECK(map.try_update("key", [](auto &entry) { CHECK(!entry); entry = "a"; }) == status::ok);
        CHECK(map.try_update("key", [](auto &entry) { *entry += std::string(500, 'b'); }) == status::ok);
        CHECK(map.try_load("key", value) == status::ok && value == "a" + std::string(500, 'b'));
        CHECK(map.try_update("key", [&](auto &entry) {
            CHECK(map.try_load("key", value) == status::reentrant && map.try_clear() == status::reentrant);
            entry->clear();
        }) == status::ok);
        CHECK(map.try_load("key", value) == status::ok && value.empty());
        CHECK(map.try_update("key", [](auto &entry) { entry.reset(); }) == status::ok);
        CHECK(map.try_update("key", [](auto &) {}) == status::ok);
        CHECK(map.try_contains("key") == status::not_found);

        auto counts = make<std::uint64_t, int>(kind);
        for (int i = 0; i < 5; ++i) CHECK(counts.try_update(7, [](auto &n) { n = n.value_or(0) + 1; }) == status::ok);
        int count = 0;
        CHECK(counts.try_load(7, count) == status::ok && count == 5);
        auto points = make<point, point>(kind);
        CHECK(points.try_update({1, 2, 3}, [](auto &p) { p = point{4, 5, 6}; }) == status::ok);
        CHECK(points.try_update({1, 2, 3}, [](auto &p) { CHECK(p == point{4, 5, 6}); p->z = 7; }) == status::ok);
        point p{};
        CHECK(points.try_load({1, 2, 3}, p) == status::ok && p == point{4, 5, 7});

        // Another map can be called meanwhile. Within its own update both maps refuse.
        auto other = make<std::string, std::string>(kind);
        CHECK(map.try_update("key", [&](auto &entry) {
            CHECK(map.walk().next() == status::reentrant && map.try_update("key", [](auto &) {}) == status::reentrant);
            CHECK(other.try_store("key", "one") == status::ok);
            CHECK(other.try_update("key", [&](auto &theirs) {
                CHECK(theirs == "one" && map.try_contains("key") == status::reentrant);
                CHECK(other.try_contains("key") == status::reentrant);
                theirs = "two";
            }) == status::ok);
            CHECK(other.try_load("key", value) == status::ok && value == "two");
            entry = "done";
        }) == status::ok);
        // The map's object may be destroyed meanwhile. The map lives until the call returns.
        CHECK(map.try_update("key", [&](auto &entry) {
            map = portolan::map<std::string, std::string>(nullptr);
            CHECK(entry == "done");
            entry = "gone";
        }) == status::ok);
        CHECK(!map && map.try_update("key", [](auto &) {}) == status::handle);
    }
}

static void handles() {
    auto map = make<std::string, int>();
    CHECK(map.try_store("a", 1) == status::ok);
    // Two objects, one map.
    portolan::map<std::string, int> other(nullptr);
    CHECK(!other && map.try_share(other) == status::ok && other.get() == map.get());
    CHECK(other.try_store("b", 2) == status::ok);
    int value = 0;
    CHECK(map.try_load("b", value) == status::ok && value == 2);
    // A moved-from object has no map.
    portolan::map<std::string, int> moved(std::move(map));
    CHECK(moved && !map); // NOLINT: use after move is intended
    CHECK(map.try_store("c", 3) == status::handle);
    CHECK(map.try_load("c", value) == status::handle);
    CHECK(map.walk().next() == status::handle);
    CHECK(map.try_share(map) == status::handle);
    map = std::move(moved);
    CHECK(map.try_load("a", value) == status::ok && value == 1);
    // Hand the map to C and take it back.
    ptl_map *plain = map.release();
    CHECK(!map && plain == other.get());
    CHECK(ptl_map_store(plain, "c", 1, "\3\0\0\0\0\0\0\0", 8) == PTL_OK);
    portolan::map<std::string, std::string> wrong(nullptr);
    CHECK((portolan::map<std::string, std::string>::try_adopt(plain, wrong)) == status::type && !wrong);
    CHECK((portolan::map<std::string, int>::try_adopt(plain, map)) == status::ok);
    CHECK(other.try_load("c", value) == status::ok && value == 3);
    CHECK((portolan::map<std::string, int>::try_adopt(nullptr, map)) == status::handle && map);
    // A value stored by another program that has the wrong length for a point.
    auto texts = make<std::string, std::string>();
    CHECK(texts.try_store("key", "seven c") == status::ok);
    portolan::map<std::string, point> points(nullptr);
    CHECK((portolan::map<std::string, point>::try_adopt(texts.release(), points)) == status::ok);
    point p{5, 5, 5};
    CHECK(points.try_load("key", p) == status::size && p == point{5, 5, 5});
    CHECK(points.walk().next() == status::size);
    CHECK(points.try_update("key", [](auto &) { CHECK(false); }) == status::size);

    status result;
    portolan::options how;
    how.shards = 1u << 20;
    portolan::map<int, int> refused(how, result);
    CHECK(!refused && result == status::option);
    how = portolan::options{};
    how.capacity = 1000, how.seed = 1, how.kind = kind::read_dirty;
    portolan::map<int, int> made(how, result);
    CHECK(made && result == status::ok);
    CHECK(std::string(to_string(status::memory)) == ptl_status_string(PTL_E_MEMORY));
    CHECK(portolan::failed(status::size) && !portolan::failed(status::done));
}

/// The same map with other types, as a second program would use it.
template <class K, class V>
static portolan::map<K, V> typed(const portolan::map<K, std::string> &map) {
    portolan::map<K, std::string> shared(nullptr);
    portolan::map<K, V> out(nullptr);
    CHECK(map.try_share(shared) == status::ok);
    CHECK((portolan::map<K, V>::try_adopt(shared.release(), out)) == status::ok);
    return out;
}

static void a_value_that_does_not_fit_is_refused_and_stays() {
    for (auto kind : every_kind)
        for (std::size_t length : {0, 5, 15, 17, 300}) {
            const std::string stored(length, 'x');
            auto texts = make<std::uint64_t, std::string>(kind);
            CHECK(texts.try_store(1, stored) == status::ok);
            auto points = typed<std::uint64_t, point>(texts);
            point p{5, 5, 5};
            std::string now;
            CHECK(points.try_load_and_delete(1, p) == status::size && p == point{5, 5, 5});
            CHECK(texts.try_load(1, now) == status::ok && now == stored);
            CHECK(points.try_swap(1, {1, 2, 3}, p) == status::size && p == point{5, 5, 5});
            CHECK(texts.try_load(1, now) == status::ok && now == stored);
            CHECK(points.try_load_or_store(1, {1, 2, 3}, p) == status::size && p == point{5, 5, 5});
            CHECK(texts.try_load(1, now) == status::ok && now == stored);
            std::vector<std::optional<point>> values;
            CHECK(points.try_load_many(std::array<std::uint64_t, 2>{{2, 1}}, values) == status::size);
        }
}

/// The result may be written to the object that holds the key or the new value, or to one that a view
/// refers to.
template <class Text>
static void one_object_in_and_out(kind kind, std::size_t in, std::size_t out, std::size_t room) {
    const auto letters = [](std::size_t length, char letter) { return Text(length, static_cast<typename Text::value_type>(letter)); };
    auto map = make<Text, Text>(kind);
    const Text key = letters(in, 'k'), old = letters(out, 'o'), fresh = letters(in, 'n');
    Text text;
    const auto set = [&](const Text &value) { text.reserve(room), text = value; };
    // The same object as the new value.
    set(fresh);
    CHECK(map.try_swap(key, text, text) == status::ok && map.try_load(key, text) == status::ok && text == fresh);
    CHECK(map.try_store(key, old) == status::ok);
    set(fresh);
    CHECK(map.try_load_or_store(key, text, text) == status::loaded && text == old);
    set(fresh);
    CHECK(map.try_swap(key, text, text) == status::loaded && text == old);
    CHECK(map.try_load(key, text) == status::ok && text == fresh);
    // The same object as the key.
    CHECK(map.try_store(key, old) == status::ok);
    set(key);
    CHECK(map.try_load(text, text) == status::ok && text == old);
    set(key);
    CHECK(map.peek(text, text) == status::ok && text == old);
    set(key);
    CHECK(map.try_swap(text, fresh, text) == status::loaded && text == old);
    set(key);
    CHECK(map.try_load_or_store(text, old, text) == status::loaded && text == fresh);
    // Both, and a view of a part of it.
    set(key);
    CHECK(map.try_swap(text, text, text) == status::loaded && text == fresh);
    Text longer = letters(3, '-');
    longer.insert(longer.end(), key.begin(), key.end());
    set(longer);
    using view = typename portolan::map<Text, Text>::key_in;
    CHECK(map.try_load(view(text.data() + 3, in), text) == status::ok && text == key);
    // A refused call does not destroy the value passed in.
    set(longer);
    CHECK(map.try_load(text, text) == status::not_found && text == longer);
    set(key);
    CHECK(map.try_load_and_delete(text, text) == status::ok && text == key);
    CHECK(map.try_contains(key) == status::not_found);
}

static void one_object_in_and_out() {
    for (auto kind : every_kind)
        for (std::size_t in : {1, 3, 40, 400})
            for (std::size_t out : {0, 3, 40, 100, 1000})
                for (std::size_t room : {0, 2000}) {
                    one_object_in_and_out<std::string>(kind, in, out, room);
                    one_object_in_and_out<bytes>(kind, in, out, room);
                }
    for (auto kind : {kind::bucketed, kind::sharded}) {
        auto map = make<point, point>(kind);
        point p{1, 2, 3};
        CHECK(map.try_store(p, {4, 5, 6}) == status::ok);
        CHECK(map.try_load(p, p) == status::ok && p == point{4, 5, 6});
        CHECK(map.try_swap({1, 2, 3}, p = {7, 8, 9}, p) == status::loaded && p == point{4, 5, 6});
        p = {1, 2, 3};
        CHECK(map.try_load_and_delete(p, p) == status::ok && p == point{7, 8, 9});
    }
}

/// A map of 1000 entries whose memory is counted, and is overwritten when it is freed.
struct watched {
    portolan::map<std::string, std::string> map = portolan::map<std::string, std::string>(nullptr);
    std::atomic<std::size_t> held{0};

    explicit watched(kind kind) {
        portolan::options how;
        how.kind = kind;
        how.allocator.user = this;
        how.allocator.alloc = [](std::size_t size, std::size_t align, void *user) noexcept -> void * {
            static_cast<watched *>(user)->held += size;
            return ::operator new(size, std::align_val_t(align), std::nothrow);
        };
        how.allocator.free = [](void *memory, std::size_t size, std::size_t align, void *user) noexcept {
            static_cast<watched *>(user)->held -= size;
            std::memset(memory, 0xdd, size);
            ::operator delete(memory, std::align_val_t(align));
        };
        status result;
        map = portolan::map<std::string, std::string>(how, result);
        CHECK(result == status::ok);
        for (int i = 0; i < 1000; ++i) CHECK(map.try_store(std::to_string(i), "value") == status::ok);
    }
};

static void a_walk_keeps_its_map() {
    using texts = portolan::map<std::string, std::string>;
    for (auto kind : every_kind) {
        {
            watched it(kind);
            int visited = 0;
            CHECK(it.map.try_range([&](std::string_view, std::string_view value) {
                if (++visited == 1) it.map = texts(nullptr);
                CHECK(it.held > 0 && value == "value");
            }) == status::ok);
            CHECK(visited == 1000 && it.held == 0);
        }
        {
            // An entry seen in one map is not deleted from another.
            watched it(kind), other(kind);
            std::uint64_t deleted = 0, len = 0;
            texts kept(nullptr);
            CHECK(it.map.try_share(kept) == status::ok);
            CHECK(it.map.try_delete_if([&](std::string_view, std::string_view) {
                if (it.map.get() == kept.get()) it.map = std::move(other.map);
                return true;
            }, deleted) == status::ok);
            CHECK(deleted == 1000 && kept.try_len(len) == status::ok && len == 0);
            CHECK(it.map.try_len(len) == status::ok && len == 1000);
            // The two objects may have swapped their maps by now.
            for (auto *each : {&it.map, &other.map, &kept}) *each = texts(nullptr);
            CHECK(it.held == 0 && other.held == 0);
        }
        {
            watched it(kind);
            int visited = 0;
            {
                auto walk = std::move(it.map).walk();
                it.map = texts(nullptr);
                while (walk.next() == status::ok) visited += walk.value() == "value" && it.held > 0;
                CHECK(it.held > 0);
            }
            CHECK(visited == 1000 && it.held == 0);
        }
#if PORTOLAN_EXCEPTIONS
        {
            watched it(kind);
            int visited = 0;
            const auto pass_on = [&] { return std::move(it.map); };
            for (auto [key, value] : pass_on().entries()) visited += !key.empty() && value == "value" && it.held > 0;
            CHECK(visited == 1000 && it.held == 0);
        }
#endif
    }
}

/// delete_if deletes a word even if the value type is too narrow to represent it.
static void delete_if_compares_whole_words() {
    portolan::map<std::uint64_t, std::uint64_t> wide = make<std::uint64_t, std::uint64_t>();
    portolan::map<std::uint64_t, std::uint64_t> shared(nullptr);
    portolan::map<std::uint32_t, std::uint32_t> narrow(nullptr);
    const std::uint64_t high = std::uint64_t{1} << 40;
    CHECK(wide.try_store(1, high + 5) == status::ok && wide.try_store(high + 2, 6) == status::ok && wide.try_store(3, 7) == status::ok);
    CHECK(wide.try_share(shared) == status::ok);
    CHECK((portolan::map<std::uint32_t, std::uint32_t>::try_adopt(shared.release(), narrow)) == status::ok);
    std::uint64_t deleted = 0, len = 9;
    CHECK(narrow.try_delete_if([](std::uint32_t, std::uint32_t) { return true; }, deleted) == status::ok && deleted == 3);
    CHECK(wide.try_len(len) == status::ok && len == 0);
}

/// Whether a body that returns an R may be passed to update, and to range. (What a user is told who
/// passes another, is in tests/cpp/refused.)
template <class R>
inline constexpr bool updates = portolan::detail::is_body<R (*)(std::optional<int> &), std::optional<int> &>;
template <class R>
inline constexpr bool ranges = portolan::detail::is_body<R (*)(int, int), int, int>;

static void a_body_decides_by_a_bool_or_not_at_all() {
    CHECK(updates<void> && updates<bool> && updates<bool &> && updates<const bool &>);
    CHECK(ranges<void> && ranges<bool> && ranges<bool &> && ranges<const bool &>);
    CHECK(!updates<int> && !updates<int *> && !updates<std::optional<int> &> && !updates<std::vector<bool>::reference>);
    CHECK(!ranges<int> && !ranges<int *> && !ranges<status> && !ranges<std::vector<bool>::reference>);
    // A body may return a reference to a bool.
    auto map = make<int, int>();
    bool go_on = false;
    CHECK(map.try_update(1, [&](auto &entry) -> bool & { entry = 1; return go_on; }) == status::ok);
    CHECK(map.try_contains(1) == status::not_found);
    CHECK(map.try_store(1, 1) == status::ok);
    CHECK(map.try_range([&](int, int) -> const bool & { return go_on; }) == status::done);
}

/// More entries at one position (a hash collision) than the initial buffers of an iteration hold. One call
/// returns them all.
static void a_walk_makes_room_for_keys_that_collide() {
    ::alarm(60); // with too small buffers it would repeat the call for ever
    for (auto kind : every_kind) {
        ptl_map_options how = PTL_MAP_OPTIONS_INIT;
        how.kind = static_cast<std::uint32_t>(kind);
        how.key_size = PTL_WORD;
        how.hash_bits = PTL_HASH_CONSTANT;
        const auto visits_all = [&](auto value) {
            using words_to = portolan::map<std::uint64_t, decltype(value)>;
            ptl_map *plain = nullptr;
            words_to map(nullptr);
            CHECK(ptl_map_new(&how, &plain) == PTL_OK && words_to::try_adopt(plain, map) == status::ok);
            std::set<std::uint64_t> seen;
            for (std::uint64_t i = 0; i < 300; ++i) CHECK(map.try_store(i, value) == status::ok);
            CHECK(map.try_range([&](std::uint64_t key, auto shown) {
                CHECK(shown == value && seen.insert(key).second);
            }) == status::ok);
            CHECK(seen.size() == 300);
        };
        how.value_size = PTL_WORD;
        visits_all(std::uint64_t{7});
        how.value_size = PTL_BYTES;
        visits_all(std::string("seven"));
    }
    ::alarm(0);
}

static void threads() {
    for (auto kind : shared_kinds) {
        auto counts = make<std::string, std::uint64_t>(kind);
        std::vector<std::thread> workers;
        std::atomic<int> winners{0};
        for (int t = 0; t < 4; ++t)
            workers.emplace_back([&] {
                std::uint64_t value = 0;
                for (int i = 0; i < 2000; ++i) {
                    (void)counts.try_add("key " + std::to_string(i % 100), 1, value);
                    (void)counts.try_update("key " + std::to_string(i % 50), [](auto &count) { count = count.value_or(0) + 1; });
                    winners += counts.try_load_or_store("once " + std::to_string(i), 1, value) == status::ok;
                }
            });
        for (auto &worker : workers) worker.join();
        std::uint64_t total = 0;
        CHECK(counts.try_range([&](std::string_view key, std::uint64_t n) { total += key.substr(0, 3) == "key" ? n : 0; }) == status::ok);
        CHECK(total == 16000 && winners == 2000);
    }
}

#if PORTOLAN_EXCEPTIONS
template <class Call>
static status thrown(Call call) {
    try {
        call();
    } catch (const portolan::error &e) {
        CHECK(e.code() == status::option || std::string(e.what()) == to_string(e.code()));
        return e.code();
    }
    return status::ok;
}

static void plain_forms() {
    portolan::map<std::string, std::uint64_t> visits;
    visits.store("home", 1);
    CHECK(visits.add("home", 2) == 3);
    CHECK(visits.load("home") == 3u && !visits.load("away"));
    CHECK(visits.load_or_store("home", 9) == std::pair<std::uint64_t, bool>(3, true));
    CHECK(visits.load_or_store("away", 9) == std::pair<std::uint64_t, bool>(9, false));
    CHECK(visits.swap("away", 8) == 9u && !visits.swap("new", 1));
    CHECK(visits.load_and_delete("new") == 1u && !visits.load_and_delete("new"));
    CHECK(visits.contains("home") && !visits.contains("new"));
    CHECK(visits.compare_and_swap("home", 3, 4) && !visits.compare_and_swap("home", 3, 4));
    CHECK(!visits.compare_and_delete("home", 3) && visits.compare_and_delete("home", 4));
    CHECK(visits.erase("away") && !visits.erase("away") && visits.len() == 0);

    visits.store_many(std::map<std::string, std::uint64_t>{{"a", 1}, {"b", 2}, {"c", 3}});
    CHECK(visits.load_many(std::vector<std::string>{"c", "d"}) == std::vector<std::optional<std::uint64_t>>{3, std::nullopt});
    std::uint64_t sum = 0;
    for (auto [key, count] : visits.entries()) {
        sum += count;
        visits.store(std::string(key) + "!", 0);
    }
    CHECK(sum == 6 && visits.len() >= 6);
    CHECK(visits.delete_if([](std::string_view, std::uint64_t count) { return count == 0; }) >= 3);
    CHECK(visits.range([](auto, auto) {}) && !visits.range([](auto, auto) { return false; }));
    const auto copy = visits.clone(kind::mutex);
    CHECK(copy.equal(visits) && copy.stats().kind == PTL_MAP_MUTEX && visits.clone().stats().kind == PTL_MAP_SHARDED);
    portolan::options how;
    how.kind = kind::bucketed, how.capacity = 100;
    CHECK(visits.clone(how).equal(visits));
    CHECK(visits.delete_many(std::vector<const char *>{"a", "x", "b"}) == 2);
    CHECK(!copy.equal(visits));
    visits.reserve(100);
    visits.shrink();
    auto shared = visits.share();
    shared.clear();
    CHECK(visits.len() == 0);

    const portolan::map<octets, bytes> empty(kind::read_dirty);
    CHECK(!empty.load(octets{1, 2}) && empty.stats().kind == PTL_MAP_READ_DIRTY);
    portolan::map<octets, bytes> binary;
    CHECK(binary.load_or_store(octets{1}, of("one")) == std::pair<bytes, bool>(of("one"), false));
    CHECK(binary.load_or_store(std::array<unsigned char, 1>{{1}}, of("two")) == std::pair<bytes, bool>(of("one"), true));
    for (auto [key, value] : binary.entries()) CHECK(key.size() == 1 && key[0] == 1 && bytes(value) == of("one"));
    CHECK(binary.load_and_delete(octets{1}) == of("one"));
}

static void errors_are_thrown() {
    portolan::map<std::string, std::string> none(nullptr);
    CHECK(thrown([&] { none.store("a", "b"); }) == status::handle);
    CHECK(thrown([&] { (void)none.load("a"); }) == status::handle);
    CHECK(thrown([&] { (void)none.clone(); }) == status::handle);
    CHECK(thrown([&] { (void)none.share(); }) == status::handle);
    CHECK(thrown([&] { none.update("a", [](auto &) {}); }) == status::handle);
    CHECK(thrown([&] { for (auto entry : none.entries()) (void)entry; }) == status::handle);
    CHECK(thrown([] { (void)portolan::map<int, int>::adopt(portolan::map<std::string, int>().get()); }) == status::type);
    portolan::options how;
    how.shards = 1u << 20;
    CHECK(thrown([&] { portolan::map<int, int> refused(how); }) == status::option);
    try {
        portolan::map<int, int> refused(how);
        CHECK(false);
    } catch (const portolan::error &error) {
        CHECK(std::string(error.what()).rfind("shards: ", 0) == 0);
    }

    // A body that throws ends the iteration and leaves no lock held.
    for (auto kind : every_kind) {
        portolan::map<int, std::string> map(kind);
        for (int i = 0; i < 100; ++i) map.store(i, "value");
        int visited = 0;
        try {
            map.range([&](int, std::string_view) {
                if (++visited == 10) throw 42;
            });
            CHECK(false);
        } catch (int number) {
            CHECK(number == 42 && visited == 10);
        }
        try {
            (void)map.delete_if([&](int, std::string_view) {
                if (++visited == 20) throw 42;
                return true;
            });
            CHECK(false);
        } catch (int number) {
            CHECK(number == 42 && visited == 20);
        }
        CHECK(map.len() == 91);
        map.store(0, "old");
        try {
            map.update(0, [](auto &entry) {
                entry = "new";
                throw 42;
            });
            CHECK(false);
        } catch (int number) {
            CHECK(number == 42 && map.load(0) == "old");
        }
        try {
            (void)map.try_update(1000, [](auto &entry) {
                entry = "new";
                throw std::string("also in this form");
            });
            CHECK(false);
        } catch (const std::string &text) {
            CHECK(text == "also in this form" && !map.contains(1000));
        }
        map.update(0, [](auto &entry) { entry = *entry + "er"; });
        CHECK(map.load(0) == "older");
        CHECK(thrown([&] { map.update(0, [&](auto &) { (void)map.len(); }); }) == status::reentrant);
        map.clear();
    }
}
#endif

int main() {
    every_form();
    what_is_not_given_out();
    words_keep_their_values();
    add();
    batches();
    update();
    iteration();
    iterations_begin_anywhere_and_promote();
    handles();
    a_value_that_does_not_fit_is_refused_and_stays();
    one_object_in_and_out();
    a_walk_keeps_its_map();
    delete_if_compares_whole_words();
    a_body_decides_by_a_bool_or_not_at_all();
    a_walk_makes_room_for_keys_that_collide();
    threads();
#if PORTOLAN_EXCEPTIONS
    plain_forms();
    errors_are_thrown();
#endif
    std::printf("%d passed, %d failed\n", passed, failed_checks);
    return failed_checks == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
