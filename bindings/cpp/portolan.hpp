/* Portolan for C++17 and later: portolan.h with types, ownership and ranges. Header only.
 *
 *     portolan::map<std::string, std::uint64_t> visits;
 *     visits.store("home", 1);
 *     visits.add("home", 2);
 *     if (auto count = visits.load("home")) std::printf("%llu\n", (unsigned long long)*count);
 *     for (auto [page, count] : visits.entries()) ...
 *
 * Every operation comes in two forms. The one whose name begins with `try_` returns a portolan::status and throws nothing of
 * its own. The plain one returns what one wants to have, and throws portolan::error when the status is an error; it exists
 * only where exceptions are on, and not at all when PORTOLAN_NO_EXCEPTIONS is defined. (Without exceptions the standard
 * library ends the program when a std::string or std::vector finds no memory, and so it may where only a part of the program is
 * compiled without. Words and structs need none.)
 *
 * What the operations mean, which threads may call them and what orders before what is told in portolan.h, under the names
 * that they have here. What a `try_` operation is to give out it writes with the status that says so; with any other one a word or
 * a struct is as it was, and a string or vector, whose storage the value was to come into, is empty, or, if it was also what the
 * call was to read, as it was.
 */
#ifndef PORTOLAN_HPP
#define PORTOLAN_HPP

#include <portolan.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#if !defined(PORTOLAN_NO_EXCEPTIONS) && (defined(__cpp_exceptions) || defined(_CPPUNWIND))
#define PORTOLAN_EXCEPTIONS 1
#include <exception>
#else
#define PORTOLAN_EXCEPTIONS 0
#endif

namespace portolan {

/// What a call answers: the numbers of portolan.h. Errors are negative.
enum class [[nodiscard]] status : ptl_status {
    ok = PTL_OK,
    not_found = PTL_NOT_FOUND,
    loaded = PTL_LOADED,
    mismatch = PTL_MISMATCH,
    done = PTL_DONE,
    null = PTL_E_NULL,
    handle = PTL_E_HANDLE,
    size = PTL_E_SIZE,
    option = PTL_E_OPTION,
    type = PTL_E_TYPE,
    buffer = PTL_E_BUFFER,
    memory = PTL_E_MEMORY,
    concurrent = PTL_E_CONCURRENT,
    reentrant = PTL_E_REENTRANT,
    internal = PTL_E_INTERNAL,
    busy = PTL_E_BUSY,
};

[[nodiscard]] constexpr bool failed(status s) noexcept { return static_cast<ptl_status>(s) < 0; }
[[nodiscard]] inline const char *to_string(status s) noexcept { return ptl_status_string(static_cast<ptl_status>(s)); }

enum class kind : std::uint32_t {
    bucketed = PTL_MAP_BUCKETED,
    mutex = PTL_MAP_MUTEX,
    rwmutex = PTL_MAP_RWMUTEX,
    sharded = PTL_MAP_SHARDED,
    read_dirty = PTL_MAP_READ_DIRTY,
};

/// How a map is made. The sizes of keys and values follow from their types.
struct options {
    portolan::kind kind = portolan::kind::sharded;
    std::uint64_t capacity = 0;
    std::uint64_t seed = 0;
    std::uint32_t shards = 0;
    ptl_allocator allocator = {nullptr, nullptr, nullptr};
};

#if PORTOLAN_EXCEPTIONS
/// Thrown by the plain operations.
class error : public std::exception {
  public:
    explicit error(status code) noexcept : code_(code) {}
    status code() const noexcept { return code_; }
    const char *what() const noexcept override { return to_string(code_); }

  private:
    status code_;
};
#endif

/// Bytes that lie elsewhere, as std::string_view is for text. Anything contiguous becomes one: a vector, an array, a span.
template <class B>
class byte_view {
  public:
    constexpr byte_view() noexcept = default;
    constexpr byte_view(const B *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <class C, class = std::enable_if_t<std::is_convertible_v<decltype(std::declval<const C &>().data()), const B *>>>
    constexpr byte_view(const C &source) noexcept : data_(source.data()), size_(source.size()) {}

    constexpr const B *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr const B *begin() const noexcept { return data_; }
    constexpr const B *end() const noexcept { return data_ + size_; }
    constexpr const B &operator[](std::size_t i) const noexcept { return data_[i]; }
    explicit operator std::vector<B>() const { return std::vector<B>(begin(), end()); }

  private:
    const B *data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail {

/// How a type travels: as one word, as bytes of any length, or as the bytes of a struct.
enum class form { word, bytes, object, none };

template <class T>
inline constexpr bool is_bytes = false;
template <>
inline constexpr bool is_bytes<std::string> = true;
template <>
inline constexpr bool is_bytes<std::string_view> = true;
template <>
inline constexpr bool is_bytes<std::vector<std::byte>> = true;
template <>
inline constexpr bool is_bytes<std::vector<unsigned char>> = true;

template <class T>
constexpr form form_of() {
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) return form::word;
    else if constexpr (std::is_integral_v<T> || std::is_enum_v<T> || std::is_pointer_v<T>)
        return sizeof(T) <= 8 ? form::word : form::object;
    else if constexpr (is_bytes<T>) return form::bytes;
    else if constexpr (std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T> &&
                       std::is_default_constructible_v<T> && std::is_copy_assignable_v<T> && !std::is_array_v<T>)
        return form::object;
    else return form::none;
}

/// A word as it lies in a map. Integers keep their value (negative ones as in a 64-bit integer), floats their bits.
template <class T>
std::uint64_t to_word(T value) noexcept {
    if constexpr (std::is_same_v<T, float>) {
        std::uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        return bits;
    } else if constexpr (std::is_same_v<T, double>) {
        std::uint64_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        return bits;
    } else if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<std::uintptr_t>(value);
    } else {
        return static_cast<std::uint64_t>(value);
    }
}

template <class T>
T from_word(std::uint64_t word) noexcept {
    if constexpr (std::is_same_v<T, float>) {
        const auto bits = static_cast<std::uint32_t>(word);
        T value;
        std::memcpy(&value, &bits, sizeof bits);
        return value;
    } else if constexpr (std::is_same_v<T, double>) {
        T value;
        std::memcpy(&value, &word, sizeof word);
        return value;
    } else if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<T>(static_cast<std::uintptr_t>(word));
    } else {
        return static_cast<T>(word);
    }
}

/// The type in which a T is given out (a view cannot own what it shows), the one that shows it where it lies, and the one in
/// which it is taken.
template <class T>
struct types {
    using owned = T;
    using view = T;
    using in = std::conditional_t<form_of<T>() == form::object, const T &, T>;
};
template <>
struct types<std::string> {
    using owned = std::string;
    using view = std::string_view;
    using in = std::string_view;
};
template <>
struct types<std::string_view> : types<std::string> {};
template <class B>
struct types<std::vector<B>> {
    using owned = std::vector<B>;
    using view = byte_view<B>;
    using in = byte_view<B>;
};

/// Pointer and length for the C interface. Lives as long as the expression that makes it, and so does what it shows.
template <class T>
class source {
  public:
    explicit source(typename types<T>::in value) noexcept {
        if constexpr (form_of<T>() == form::word) word_ = to_word<T>(value);
        else if constexpr (form_of<T>() == form::object) data_ = std::addressof(value), size_ = sizeof value;
        else data_ = value.data(), size_ = value.size();
    }
    source(const source &) = delete;
    source &operator=(const source &) = delete;

    const void *data() const noexcept { return form_of<T>() == form::word ? &word_ : data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    std::uint64_t word_ = 0;
    const void *data_ = nullptr;
    std::size_t size_ = sizeof word_;
};

template <class C>
bool resize(C &bytes, std::size_t size) noexcept {
#if PORTOLAN_EXCEPTIONS
    try {
        bytes.resize(size);
    } catch (...) {
        return false;
    }
#else
    bytes.resize(size);
#endif
    return true;
}

/// The entry at `data`, where it lies.
template <class T>
typename types<T>::view show(const unsigned char *data, std::size_t size) noexcept {
    if constexpr (form_of<T>() == form::word) {
        std::uint64_t word;
        std::memcpy(&word, data, sizeof word);
        return from_word<T>(word);
    } else if constexpr (form_of<T>() == form::object) {
        T value{};
        std::memcpy(std::addressof(value), data, sizeof value);
        return value;
    } else {
        using view = typename types<T>::view;
        using unit = std::remove_reference_t<decltype(*std::declval<view>().data())>;
        return view(reinterpret_cast<unit *>(data), size);
    }
}

/// Whether `size` bytes can be a T. Another program, or C, may have stored something else.
template <class T>
constexpr bool fits(std::size_t size) noexcept {
    return form_of<T>() == form::word ? size == 8 : form_of<T>() != form::object || size == sizeof(T);
}

/// Whether what a call is to read lies where it is to write.
template <class T, class C>
bool lies_in(const source<T> &item, const C &bytes) noexcept {
    const auto start = reinterpret_cast<std::uintptr_t>(bytes.data()), read = reinterpret_cast<std::uintptr_t>(item.data());
    return read < start + bytes.capacity() && start < read + item.size();
}

/// Makes `call` (buffer, room, place for the length), which reads `in`, and takes the value that comes with the status `gives`.
/// Bytes go straight into their own storage: once the library has handed a value out, nothing can fail any more and lose it.
template <class T, class Call, class... In>
status receive(status gives, T &value, Call call, const In &...in) noexcept {
    std::size_t size = 0;
    if constexpr (form_of<T>() == form::bytes) {
        // As in swap(key, text, text). The call reads it to its end; and where the call fails, the caller still has it.
        if ((lies_in(in, value) || ...)) {
            T other;
            const auto answer = receive(gives, other, call);
            if (answer == gives) value = std::move(other);
            return answer;
        }
        // What the value's storage holds already, up to a limit: filling it has a price.
        std::size_t room = value.capacity() < 256 ? value.capacity() : 256;
        if (room < value.size()) room = value.size();
        for (;;) {
            if (!resize(value, room)) return status::memory;
            const auto answer = static_cast<status>(call(value.data(), room, &size));
            if (answer != status::buffer) {
                resize(value, answer == gives ? size : 0);
                return answer;
            }
            room = size;
        }
    } else {
        alignas(8) unsigned char bytes[form_of<T>() == form::word ? 8 : sizeof(T)];
        const auto answer = static_cast<status>(call(bytes, sizeof bytes, &size));
        if (answer == status::buffer || (answer == gives && !fits<T>(size))) return status::size;
        if (answer == gives) value = show<T>(bytes, size);
        return answer;
    }
}

/// The answer of a call for words.
template <class T>
status receive(status gives, T &value, ptl_u64 answer) noexcept {
    const auto code = static_cast<status>(answer.status);
    if (code == gives) value = from_word<T>(answer.value);
    return code;
}

/// An array that grows, or says that it cannot.
template <class T>
class array {
  public:
    array() noexcept = default;
    array(const array &) = delete;
    array &operator=(const array &) = delete;
    ~array() { delete[] data_; }

    [[nodiscard]] bool reserve(std::size_t room) noexcept {
        if (room <= room_) return true;
        if (room < 2 * room_) room = 2 * room_;
        T *larger = new (std::nothrow) T[room];
        if (larger == nullptr) return false;
        if (used_ > 0) std::memcpy(larger, data_, used_ * sizeof(T));
        delete[] data_;
        data_ = larger, room_ = room;
        return true;
    }
    [[nodiscard]] bool append(const void *data, std::size_t count) noexcept {
        if (!reserve(used_ + count)) return false;
        if (count > 0) std::memcpy(data_ + used_, data, count * sizeof(T));
        used_ += count;
        return true;
    }
    T *data() noexcept { return data_; }
    const T *data() const noexcept { return data_; }
    std::size_t room() const noexcept { return room_; }
    std::size_t size() const noexcept { return used_; }
    const T &operator[](std::size_t i) const noexcept { return data_[i]; }

  private:
    T *data_ = nullptr;
    std::size_t used_ = 0, room_ = 0;
};

/// Many keys or values in one buffer, as the batches and the scan of the C interface want them. Words go without offsets.
template <class T>
class column {
  public:
    static constexpr bool words = form_of<T>() == form::word;

    [[nodiscard]] bool append(typename types<T>::in value) noexcept {
        const source<T> item(value);
        if (!words && offsets_.size() == 0) {
            const std::size_t start = 0;
            if (!offsets_.append(&start, 1)) return false;
        }
        if (!bytes_.append(item.data(), item.size())) return false;
        const std::size_t end = bytes_.size();
        return words || offsets_.append(&end, 1);
    }
    [[nodiscard]] bool reserve(std::size_t entries, std::size_t bytes) noexcept {
        return bytes_.reserve(words ? entries * 8 : bytes) && (words || offsets_.reserve(entries + 1));
    }
    void *data() noexcept { return bytes_.data(); }
    const void *data() const noexcept { return bytes_.data(); }
    std::size_t room() const noexcept { return bytes_.room(); }
    std::size_t *offsets() noexcept { return offsets_.data(); }
    const std::size_t *offsets() const noexcept { return offsets_.data(); }

    const unsigned char *data(std::size_t i) const noexcept { return bytes_.data() + (words ? 8 * i : offsets_[i]); }
    std::size_t size(std::size_t i) const noexcept { return words ? 8 : offsets_[i + 1] - offsets_[i]; }
    bool fits(std::size_t i) const noexcept { return detail::fits<T>(size(i)); }
    typename types<T>::view show(std::size_t i) const noexcept { return detail::show<T>(data(i), size(i)); }

  private:
    array<unsigned char> bytes_;
    array<std::size_t> offsets_;
};

/// The body of a range or an update returns nothing, or a bool that decides. The compiler refuses any other: whether a 0 or a null
/// pointer is meant as false, or is what the body's last call happened to return, cannot be known.
template <class R>
inline constexpr bool is_bool = std::is_same_v<std::remove_cv_t<std::remove_reference_t<R>>, bool>;
template <class Body, class... In>
using returns_nothing_or_bool = std::enable_if_t<std::is_void_v<std::invoke_result_t<Body &, In...>> ||
                                                 is_bool<std::invoke_result_t<Body &, In...>>>;

#if PORTOLAN_EXCEPTIONS
inline void check(status s) {
    if (failed(s)) throw error(s);
}
/// Whether it is the wanted one of the outcomes that are no errors.
inline bool is(status wanted, status s) {
    check(s);
    return s == wanted;
}
#endif

} // namespace detail

template <class K, class V>
class map;

/// One way through a map's entries, pulled a batch at a time. Nothing is locked in the map between two calls: its owner may do
/// anything to it meanwhile. A walk has a reference of its own, so it goes on through the same map when the object that it was
/// begun with is moved, assigned to or gone. What key() and value() show is good until the next call of next().
template <class K, class V>
class walk {
  public:
    explicit walk(ptl_map *map) noexcept : map_(map), retained_(static_cast<status>(ptl_map_retain(map))) {}
    walk(const walk &) = delete;
    walk &operator=(const walk &) = delete;
    ~walk() {
        if (retained_ == status::ok) (void)ptl_map_release(map_);
    }

    /// ok: there is an entry. done: there was none left. Otherwise an error, and the next call tries again.
    status next() noexcept {
        if (failed(retained_)) return retained_;
        for (++at_; at_ >= count_; at_ = 0) {
            if (ended_) return status::done;
            const auto answer = fetch();
            if (failed(answer)) return answer;
            ended_ = answer == status::done;
        }
        return keys_.fits(at_) && values_.fits(at_) ? status::ok : status::size;
    }
    typename detail::types<K>::view key() const noexcept { return keys_.show(at_); }
    typename detail::types<V>::view value() const noexcept { return values_.show(at_); }

  private:
    friend class map<K, V>;

    /// Deletes the entry that is shown, if it is as it was: in the map that it comes from, and compared as it lies there (a K or V
    /// narrower than a word may show less).
    status erase() noexcept {
        return static_cast<status>(ptl_map_compare_and_delete(map_, keys_.data(at_), keys_.size(at_), values_.data(at_),
                                                              values_.size(at_)));
    }
    status fetch() noexcept {
        std::size_t entries = 128, key_bytes = 4096, value_bytes = 4096;
        count_ = 0;
        for (;;) {
            if (!keys_.reserve(entries, key_bytes) || !values_.reserve(entries, value_bytes)) return status::memory;
            std::size_t count = entries;
            key_bytes = keys_.room(), value_bytes = values_.room();
            const auto answer = static_cast<status>(ptl_map_scan(map_, &cursor_, keys_.data(), &key_bytes, keys_.offsets(),
                                                                 values_.data(), &value_bytes, values_.offsets(), &count));
            if (answer != status::buffer) {
                if (!failed(answer)) count_ = count;
                return answer;
            }
            if (entries < count) entries = count;
        }
    }

    ptl_map *map_;
    status retained_;
    std::uint64_t cursor_ = 0;
    bool ended_ = false;
    std::size_t at_ = 0, count_ = 0;
    detail::column<K> keys_;
    detail::column<V> values_;
};

#if PORTOLAN_EXCEPTIONS
/// What map::entries() gives to a range-based for: one walk, whose errors are thrown.
template <class K, class V>
class entries {
  public:
    explicit entries(ptl_map *map) noexcept : walk_(map) {}

    struct end_of_walk {};
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::pair<typename detail::types<K>::view, typename detail::types<V>::view>;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = value_type;

        explicit iterator(walk<K, V> &walk) : walk_(&walk) { ++*this; }
        reference operator*() const noexcept { return {walk_->key(), walk_->value()}; }
        iterator &operator++() {
            over_ = detail::is(status::done, walk_->next());
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator &at, end_of_walk) noexcept { return at.over_; }
        friend bool operator!=(const iterator &at, end_of_walk) noexcept { return !at.over_; }

      private:
        walk<K, V> *walk_;
        bool over_ = false;
    };

    /// The iterator needs this object: not for one that is gone at the end of the line.
    iterator begin() & { return iterator(walk_); }
    end_of_walk end() const noexcept { return {}; }

  private:
    walk<K, V> walk_;
};
#endif

/// A thread-safe map from K to V behind one counted handle.
///
/// A K or V is
///   - a word: an integer, enum, bool, float, double or pointer (compared by its bits, so 0.0 and -0.0 differ);
///   - bytes: std::string, std::string_view (given out as std::string), std::vector of std::byte or unsigned char;
///   - the bytes of a struct in which equal values are equal bytes: without padding, without floats; and which is trivially
///     copyable, and can be made without arguments and assigned.
///
/// A map object owns one reference and can be moved, not copied: whether a copy would be the same map or another one, the
/// code says by share() or clone(). All operations may be called from any thread (on a bucketed map by one at a time).
template <class K, class V>
class map {
    static_assert(detail::form_of<K>() != detail::form::none && detail::form_of<V>() != detail::form::none,
                  "a key or value is an integer, enum, bool, float, double, pointer, std::string, std::string_view, std::vector "
                  "of std::byte or unsigned char, or a trivially copyable struct without padding and floats that can be made "
                  "without arguments and assigned");

  public:
    using key_type = typename detail::types<K>::owned;
    using mapped_type = typename detail::types<V>::owned;
    /// Keys and values as they are taken,
    using key_in = typename detail::types<K>::in;
    using value_in = typename detail::types<V>::in;
    /// and as a walk shows them.
    using key_view = typename detail::types<K>::view;
    using value_view = typename detail::types<V>::view;

    /// No map: every operation answers status::handle, until a map is moved here.
    explicit map(std::nullptr_t) noexcept {}
    /// A new map, or no map and the reason.
    map(const options &how, status &result) noexcept {
        const ptl_map_options plain = convert(how);
        result = static_cast<status>(ptl_map_new(&plain, &map_));
    }
    map(map &&other) noexcept : map_(std::exchange(other.map_, nullptr)) {}
    /// `other` then has this one's map.
    map &operator=(map &&other) noexcept {
        std::swap(map_, other.map_);
        return *this;
    }
    ~map() { (void)ptl_map_release(map_); }

    explicit operator bool() const noexcept { return map_ != nullptr; }
    /// The handle, for C or another language. It keeps belonging to this object.
    ptl_map *get() const noexcept { return map_; }
    /// The handle and its reference, which now belong to the caller.
    [[nodiscard]] ptl_map *release() noexcept { return std::exchange(map_, nullptr); }
    /// Takes over a handle and its reference. status::type (and nothing is taken) if words and bytes do not fit K and V.
    static status try_adopt(ptl_map *handle, map &out) noexcept {
        ptl_stats stats = PTL_STATS_INIT;
        const auto answer = static_cast<status>(ptl_map_stats(handle, &stats));
        if (failed(answer)) return answer;
        if (stats.key_size != size<K>() || stats.value_size != size<V>()) return status::type;
        map adopted(nullptr);
        adopted.map_ = handle;
        out = std::move(adopted);
        return status::ok;
    }
    /// Another object for the same map.
    status try_share(map &out) const noexcept {
        const auto answer = static_cast<status>(ptl_map_retain(map_));
        if (failed(answer)) return answer;
        map shared(nullptr);
        shared.map_ = map_;
        out = std::move(shared);
        return answer;
    }

    /// ok: `value` is the key's. not_found.
    status try_load(key_in key, mapped_type &value) const noexcept {
        if constexpr (words) return detail::receive(status::ok, value, ptl_map_load_u64(map_, detail::to_word<K>(key)));
        const detail::source<K> k(key);
        return detail::receive(status::ok, value, [&](void *data, std::size_t room, std::size_t *size) noexcept {
            return ptl_map_load(map_, k.data(), k.size(), data, room, size);
        }, k);
    }
    /// The same without waiting for other threads. busy: it would take that. (Room for a value that is a string is still allocated.)
    status peek(key_in key, mapped_type &value) const noexcept {
        if constexpr (words) return detail::receive(status::ok, value, ptl_map_peek_u64(map_, detail::to_word<K>(key)));
        const detail::source<K> k(key);
        return detail::receive(status::ok, value, [&](void *data, std::size_t room, std::size_t *size) noexcept {
            return ptl_map_peek(map_, k.data(), k.size(), data, room, size);
        }, k);
    }
    status try_store(key_in key, value_in value) noexcept {
        if constexpr (words) return code(ptl_map_store_u64(map_, detail::to_word<K>(key), detail::to_word<V>(value)));
        const detail::source<K> k(key);
        const detail::source<V> v(value);
        return code(ptl_map_store(map_, k.data(), k.size(), v.data(), v.size()));
    }
    /// loaded: `actual` is the value that was there. ok: there was none, and `value` was stored.
    status try_load_or_store(key_in key, value_in value, mapped_type &actual) noexcept {
        if constexpr (words)
            return detail::receive(status::loaded, actual,
                                   ptl_map_load_or_store_u64(map_, detail::to_word<K>(key), detail::to_word<V>(value)));
        const detail::source<K> k(key);
        const detail::source<V> v(value);
        return detail::receive(status::loaded, actual, [&](void *data, std::size_t room, std::size_t *size) noexcept {
            return ptl_map_load_or_store(map_, k.data(), k.size(), v.data(), v.size(), data, room, size);
        }, k, v);
    }
    /// ok: the key is gone and `value` was its value. not_found.
    status try_load_and_delete(key_in key, mapped_type &value) noexcept {
        if constexpr (words)
            return detail::receive(status::ok, value, ptl_map_load_and_delete_u64(map_, detail::to_word<K>(key)));
        if constexpr (objects) {
            exchanging call{nullptr};
            return call.on(map_, key, status::ok, status::not_found, value);
        }
        const detail::source<K> k(key);
        return detail::receive(status::ok, value, [&](void *data, std::size_t room, std::size_t *size) noexcept {
            return ptl_map_load_and_delete(map_, k.data(), k.size(), data, room, size);
        }, k);
    }
    /// ptl_map_delete. ok: the key is gone. not_found.
    status try_erase(key_in key) noexcept {
        if constexpr (words) return code(ptl_map_delete_u64(map_, detail::to_word<K>(key)));
        const detail::source<K> k(key);
        return code(ptl_map_delete(map_, k.data(), k.size()));
    }
    /// loaded: `previous` is the value that was there. ok: there was none.
    status try_swap(key_in key, value_in value, mapped_type &previous) noexcept {
        if constexpr (words)
            return detail::receive(status::loaded, previous,
                                   ptl_map_swap_u64(map_, detail::to_word<K>(key), detail::to_word<V>(value)));
        if constexpr (objects) {
            exchanging call{std::addressof(value)};
            return call.on(map_, key, status::loaded, status::ok, previous);
        }
        const detail::source<K> k(key);
        const detail::source<V> v(value);
        return detail::receive(status::loaded, previous, [&](void *data, std::size_t room, std::size_t *size) noexcept {
            return ptl_map_swap(map_, k.data(), k.size(), v.data(), v.size(), data, room, size);
        }, k, v);
    }
    /// ok, mismatch, not_found.
    status try_compare_and_swap(key_in key, value_in expected, value_in value) noexcept {
        if constexpr (words)
            return code(ptl_map_compare_and_swap_u64(map_, detail::to_word<K>(key), detail::to_word<V>(expected),
                                                     detail::to_word<V>(value)));
        const detail::source<K> k(key);
        const detail::source<V> e(expected), v(value);
        return code(ptl_map_compare_and_swap(map_, k.data(), k.size(), e.data(), e.size(), v.data(), v.size()));
    }
    /// ok, mismatch, not_found.
    status try_compare_and_delete(key_in key, value_in expected) noexcept {
        if constexpr (words)
            return code(ptl_map_compare_and_delete_u64(map_, detail::to_word<K>(key), detail::to_word<V>(expected)));
        const detail::source<K> k(key);
        const detail::source<V> e(expected);
        return code(ptl_map_compare_and_delete(map_, k.data(), k.size(), e.data(), e.size()));
    }
    /// ok, not_found.
    status try_contains(key_in key) const noexcept {
        if constexpr (words) return code(ptl_map_contains_u64(map_, detail::to_word<K>(key)));
        const detail::source<K> k(key);
        return code(ptl_map_contains(map_, k.data(), k.size()));
    }
    /// Adds to a 64-bit integer, from zero where there is none; wraps. `sum` is what it is then.
    template <class N>
    status try_add(key_in key, N delta, mapped_type &sum) noexcept {
        static_assert(std::is_integral_v<V> && sizeof(V) == 8,
                      "add is for maps to 64-bit integers: narrower ones would not wrap at their own width");
        static_assert(std::is_integral_v<N>, "what is added is an integer");
        if constexpr (words)
            return detail::receive(status::ok, sum,
                                   ptl_map_add_u64(map_, detail::to_word<K>(key), static_cast<std::uint64_t>(delta)));
        const detail::source<K> k(key);
        std::uint64_t word = 0;
        const auto answer = code(ptl_map_add(map_, k.data(), k.size(), static_cast<std::uint64_t>(delta), &word));
        if (answer == status::ok) sum = static_cast<V>(word);
        return answer;
    }

    /// Calls `change(entry)` while the key is locked, with the entry as a std::optional<mapped_type> &: the value that is there,
    /// or none. What it is afterwards is what the map then holds: a value is stored, none is deleted. `change` returns nothing, or
    /// a bool: false leaves the map as it is. On this map it may call nothing (status::reentrant). It may throw, unless
    /// PORTOLAN_NO_EXCEPTIONS is defined: then nothing has changed.
    template <class Change, int Mode = PORTOLAN_EXCEPTIONS,
              class = detail::returns_nothing_or_bool<Change, std::optional<mapped_type> &>>
    status try_update(key_in key, Change &&change) {
        updating<Change, Mode> call{change};
        const detail::source<K> k(key);
        const auto answer = code(ptl_map_update(map_, k.data(), k.size(), &updating<Change, Mode>::run, &call));
#if PORTOLAN_EXCEPTIONS
        if (call.thrown) std::rethrow_exception(std::move(call.thrown));
#endif
        return call.refused == status::ok ? answer : call.refused;
    }

    /// Calls `visit(key, value)` for the entries, with nothing locked: it may call the map, and may throw. It returns
    /// nothing, or a bool: false ends the iteration. ok: all were visited. done: `visit` ended it.
    template <class Visit, class = detail::returns_nothing_or_bool<Visit, key_view, value_view>>
    status try_range(Visit &&visit) const {
        for (portolan::walk<K, V> each(map_);;) {
            const auto answer = each.next();
            if (answer == status::done) return status::ok;
            if (failed(answer)) return answer;
            if constexpr (detail::is_bool<decltype(visit(each.key(), each.value()))>) {
                if (!visit(each.key(), each.value())) return status::done;
            } else {
                visit(each.key(), each.value());
            }
        }
    }
    /// Deletes the entries for which `predicate(key, value)` is true; one whose value has changed meanwhile stays. The
    /// predicate may call the map, and may throw: what was deleted until then stays deleted.
    template <class Predicate>
    status try_delete_if(Predicate &&predicate, std::uint64_t &deleted) {
        deleted = 0;
        for (portolan::walk<K, V> each(map_);;) {
            const auto answer = each.next();
            if (answer == status::done) return status::ok;
            if (failed(answer)) return answer;
            if (!predicate(each.key(), each.value())) continue;
            const auto gone = each.erase();
            if (failed(gone)) return gone;
            if (gone == status::ok) ++deleted;
        }
    }
    /// One way through the entries, a pull at a time.
    portolan::walk<K, V> walk() const noexcept { return portolan::walk<K, V>(map_); }

    status try_clear() noexcept { return code(ptl_map_clear(map_)); }
    status try_len(std::uint64_t &entries) const noexcept { return code(ptl_map_len(map_, &entries)); }
    status try_reserve(std::uint64_t entries) noexcept { return code(ptl_map_reserve(map_, entries)); }
    status try_shrink() noexcept { return code(ptl_map_shrink(map_)); }
    /// A map of its own with the same entries, made like this one, or in every respect as `how` says.
    status try_clone(map &copy) const noexcept { return clone_as(nullptr, copy); }
    status try_clone(const options &how, map &copy) const noexcept {
        const ptl_map_options plain = convert(how);
        return clone_as(&plain, copy);
    }
    /// ok: the same keys with the same values. mismatch.
    status try_equal(const map &other) const noexcept { return code(ptl_map_equal(map_, other.map_)); }
    status try_stats(ptl_stats &stats) const noexcept {
        stats.size = sizeof stats;
        return code(ptl_map_stats(map_, &stats));
    }

    /// The values of a range of keys, in its order; none where there is no such key.
    template <class Keys>
    status try_load_many(const Keys &keys, std::vector<std::optional<mapped_type>> &values) const {
        detail::column<K> all;
        std::size_t count = 0;
        for (const auto &key : keys) {
            if (!all.append(key)) return status::memory;
            ++count;
        }
        detail::column<V> found;
        detail::array<ptl_status> statuses;
        if (!statuses.reserve(count) || !detail::resize(values, count)) return status::memory;
        for (std::size_t bytes = 32 * count;;) {
            if (!found.reserve(count, bytes)) return status::memory;
            bytes = found.room();
            const auto answer = code(ptl_map_load_many(map_, all.data(), all.offsets(), count, found.data(), &bytes,
                                                       found.offsets(), statuses.data()));
            if (answer == status::buffer) continue;
            if (failed(answer)) return answer;
            break;
        }
        for (std::size_t i = 0; i < count; ++i) {
            const auto answer = code(statuses[i]);
            if (failed(answer)) return answer;
            values[i].reset();
            if (answer != status::ok) continue;
            if (!found.fits(i)) return status::size;
            if (!assign(values[i], found.show(i))) return status::memory;
        }
        return status::ok;
    }
    /// Stores a range of pairs, in its order. Not atomic as a whole: after the first error, which it answers, it goes on.
    /// `statuses`, if wanted, gets what became of each: the answer itself where the call was refused as a whole.
    template <class Entries>
    status try_store_many(const Entries &entries, std::vector<status> *statuses = nullptr) {
        detail::column<K> keys;
        detail::column<V> values;
        std::size_t count = 0;
        for (const auto &[key, value] : entries) {
            if (!keys.append(key) || !values.append(value)) return status::memory;
            ++count;
        }
        return told(count, statuses, [&](ptl_status *place) noexcept {
            return ptl_map_store_many(map_, keys.data(), keys.offsets(), values.data(), values.offsets(), count, place);
        });
    }
    /// Deletes a range of keys, in its order. `statuses`, if wanted, tells of each whether it was there.
    template <class Keys>
    status try_delete_many(const Keys &keys, std::vector<status> *statuses = nullptr) {
        detail::column<K> all;
        std::size_t count = 0;
        for (const auto &key : keys) {
            if (!all.append(key)) return status::memory;
            ++count;
        }
        return told(count, statuses, [&](ptl_status *place) noexcept {
            return ptl_map_delete_many(map_, all.data(), all.offsets(), count, place);
        });
    }

#if PORTOLAN_EXCEPTIONS
    explicit map(const options &how = {}) {
        const ptl_map_options plain = convert(how);
        detail::check(code(ptl_map_new(&plain, &map_)));
    }
    explicit map(portolan::kind kind) : map(of(kind)) {}
    static map adopt(ptl_map *handle) {
        map out(nullptr);
        detail::check(try_adopt(handle, out));
        return out;
    }
    map share() const {
        map out(nullptr);
        detail::check(try_share(out));
        return out;
    }

    std::optional<mapped_type> load(key_in key) const {
        mapped_type value{};
        return given(try_load(key, value), status::ok, value);
    }
    void store(key_in key, value_in value) { detail::check(try_store(key, value)); }
    /// The value that is there now, and whether it was there before.
    std::pair<mapped_type, bool> load_or_store(key_in key, value_in value) {
        mapped_type mine(value), theirs{};
        const bool loaded = detail::is(status::loaded, try_load_or_store(key, value, theirs));
        return {std::move(loaded ? theirs : mine), loaded};
    }
    std::optional<mapped_type> load_and_delete(key_in key) {
        mapped_type value{};
        return given(try_load_and_delete(key, value), status::ok, value);
    }
    /// Whether the key was there.
    bool erase(key_in key) { return detail::is(status::ok, try_erase(key)); }
    /// The value that was there before.
    std::optional<mapped_type> swap(key_in key, value_in value) {
        mapped_type previous{};
        return given(try_swap(key, value, previous), status::loaded, previous);
    }
    bool compare_and_swap(key_in key, value_in expected, value_in value) {
        return detail::is(status::ok, try_compare_and_swap(key, expected, value));
    }
    bool compare_and_delete(key_in key, value_in expected) {
        return detail::is(status::ok, try_compare_and_delete(key, expected));
    }
    bool contains(key_in key) const { return detail::is(status::ok, try_contains(key)); }
    /// The sum.
    template <class N>
    V add(key_in key, N delta) {
        V sum{};
        detail::check(try_add(key, delta, sum));
        return sum;
    }

    /// As try_update.
    template <class Change>
    void update(key_in key, Change &&change) {
        detail::check(try_update(key, std::forward<Change>(change)));
    }

    /// Whether all were visited.
    template <class Visit>
    bool range(Visit &&visit) const {
        return detail::is(status::ok, try_range(std::forward<Visit>(visit)));
    }
    /// How many were deleted.
    template <class Predicate>
    std::uint64_t delete_if(Predicate &&predicate) {
        std::uint64_t deleted;
        detail::check(try_delete_if(std::forward<Predicate>(predicate), deleted));
        return deleted;
    }
    /// For a range-based for, whose body may do anything to the map: `for (auto [key, value] : m.entries())`. The map may also be
    /// one that nothing else keeps, as in `: m.clone().entries()`.
    portolan::entries<K, V> entries() const { return portolan::entries<K, V>(map_); }

    void clear() { detail::check(try_clear()); }
    std::uint64_t len() const {
        std::uint64_t entries = 0;
        detail::check(try_len(entries));
        return entries;
    }
    void reserve(std::uint64_t entries) { detail::check(try_reserve(entries)); }
    void shrink() { detail::check(try_shrink()); }
    map clone() const {
        map copy(nullptr);
        detail::check(try_clone(copy));
        return copy;
    }
    map clone(const options &how) const {
        map copy(nullptr);
        detail::check(try_clone(how, copy));
        return copy;
    }
    /// All else is as in a new map of that kind: what this one was made with, its allocator too, is not taken over.
    map clone(portolan::kind kind) const { return clone(of(kind)); }
    bool equal(const map &other) const { return detail::is(status::ok, try_equal(other)); }
    ptl_stats stats() const {
        ptl_stats stats = PTL_STATS_INIT;
        detail::check(try_stats(stats));
        return stats;
    }

    template <class Keys>
    std::vector<std::optional<mapped_type>> load_many(const Keys &keys) const {
        std::vector<std::optional<mapped_type>> values;
        detail::check(try_load_many(keys, values));
        return values;
    }
    template <class Entries>
    void store_many(const Entries &entries) {
        detail::check(try_store_many(entries));
    }
    /// How many of the keys were there.
    template <class Keys>
    std::size_t delete_many(const Keys &keys) {
        std::vector<status> statuses;
        detail::check(try_delete_many(keys, &statuses));
        return static_cast<std::size_t>(std::count(statuses.begin(), statuses.end(), status::ok));
    }
#endif

  private:
    /// Both travel in registers.
    static constexpr bool words = detail::form_of<K>() == detail::form::word && detail::form_of<V>() == detail::form::word;
    static constexpr bool objects = detail::form_of<V>() == detail::form::object;

    template <class T>
    static constexpr std::uint64_t size() noexcept {
        return detail::form_of<T>() == detail::form::word ? PTL_WORD : PTL_BYTES;
    }
    static ptl_map_options convert(const options &how) noexcept {
        ptl_map_options plain = PTL_MAP_OPTIONS_INIT;
        plain.kind = static_cast<std::uint32_t>(how.kind);
        plain.key_size = size<K>();
        plain.value_size = size<V>();
        plain.capacity = how.capacity;
        plain.seed = how.seed;
        plain.shards = how.shards;
        plain.allocator = how.allocator;
        return plain;
    }
    static status code(ptl_status number) noexcept { return static_cast<status>(number); }

    /// Takes a struct out of the map, and puts `next` in its place, or nothing. ptl_map_swap and ptl_map_load_and_delete do not
    /// ask whether what they take out is as long as a V: they would be done when that shows. So it is seen to under the key's lock.
    struct exchanging {
        const void *next;
        mapped_type taken{};
        bool there = false, fits = true;

        status on(ptl_map *map, key_in key, status gives, status gives_none, mapped_type &out) noexcept {
            const detail::source<K> k(key);
            const auto answer = code(ptl_map_update(map, k.data(), k.size(), &exchanging::run, this));
            if (failed(answer)) return answer;
            if (!fits) return status::size;
            if (!there) return gives_none;
            out = taken;
            return gives;
        }
        static std::int32_t run(const void *value, std::size_t size, const void **new_value, std::size_t *new_size,
                                void *user) noexcept {
            auto &call = *static_cast<exchanging *>(user);
            call.there = value != nullptr;
            if (call.there) {
                call.fits = detail::fits<V>(size);
                if (!call.fits) return PTL_UPDATE_KEEP;
                call.taken = detail::show<V>(static_cast<const unsigned char *>(value), size);
            }
            if (call.next == nullptr) return PTL_UPDATE_DELETE;
            *new_value = call.next, *new_size = sizeof(V);
            return PTL_UPDATE_STORE;
        }
    };

    /// An update under way: what crosses the C interface with the body, and comes back from it. With and without exceptions it is
    /// not the same, so Mode makes two names of it: the linker must not take one for the other in a program that has both.
    template <class Change, int Mode>
    struct updating {
        Change &change;
        std::optional<mapped_type> entry = std::nullopt;
        /// Shows the new value to the library until the call is over.
        std::optional<detail::source<V>> stored = std::nullopt;
        status refused = status::ok;
#if PORTOLAN_EXCEPTIONS
        std::exception_ptr thrown = nullptr;
#endif

        static std::int32_t run(const void *value, std::size_t size, const void **new_value, std::size_t *new_size,
                                void *user) noexcept {
            auto &call = *static_cast<updating *>(user);
#if PORTOLAN_EXCEPTIONS
            try {
                return call.decide(value, size, new_value, new_size);
            } catch (...) {
                call.thrown = std::current_exception();
                return PTL_UPDATE_KEEP;
            }
#else
            return call.decide(value, size, new_value, new_size);
#endif
        }

        std::int32_t decide(const void *value, std::size_t size, const void **new_value, std::size_t *new_size) {
            if (value != nullptr) {
                if (!detail::fits<V>(size)) return refuse(status::size);
                if (!assign(entry, detail::show<V>(static_cast<const unsigned char *>(value), size)))
                    return refuse(status::memory);
            }
            if constexpr (detail::is_bool<decltype(change(entry))>) {
                if (!change(entry)) return PTL_UPDATE_KEEP;
            } else {
                change(entry);
            }
            if (!entry) return PTL_UPDATE_DELETE;
            stored.emplace(*entry);
            *new_value = stored->data(), *new_size = stored->size();
            return PTL_UPDATE_STORE;
        }
        std::int32_t refuse(status why) noexcept {
            refused = why;
            return PTL_UPDATE_KEEP;
        }
    };

    status clone_as(const ptl_map_options *how, map &copy) const noexcept {
        map made(nullptr);
        const auto answer = code(ptl_map_clone(map_, how, &made.map_));
        if (answer == status::ok) copy = std::move(made);
        return answer;
    }
    static bool assign(std::optional<mapped_type> &slot, value_view value) noexcept {
#if PORTOLAN_EXCEPTIONS
        try {
            slot.emplace(value);
        } catch (...) {
            return false;
        }
#else
        slot.emplace(value);
#endif
        return true;
    }
    /// A batch whose statuses the caller may want to have.
    template <class Call>
    static status told(std::size_t count, std::vector<status> *statuses, Call call) noexcept {
        if (statuses == nullptr) return code(call(nullptr));
        detail::array<ptl_status> plain;
        if (!plain.reserve(count) || !detail::resize(*statuses, count)) return status::memory;
        // No status: what a call that is refused as a whole leaves.
        constexpr ptl_status none = (std::numeric_limits<ptl_status>::max)();
        std::fill_n(plain.data(), count, none);
        const auto answer = code(call(plain.data()));
        for (std::size_t i = 0; i < count; ++i) (*statuses)[i] = plain[i] == none ? answer : code(plain[i]);
        return answer;
    }
#if PORTOLAN_EXCEPTIONS
    static options of(portolan::kind kind) noexcept {
        options how;
        how.kind = kind;
        return how;
    }
    static std::optional<mapped_type> given(status answer, status gives, mapped_type &value) {
        if (!detail::is(gives, answer)) return std::nullopt;
        return std::move(value);
    }
#endif

    ptl_map *map_ = nullptr;
};

} // namespace portolan

#endif // PORTOLAN_HPP
