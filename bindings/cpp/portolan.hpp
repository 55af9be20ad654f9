/* Portolan for C++17 and later: portolan.h with types, ownership and ranges. Header only.
 *
 *     portolan::map<std::string, std::uint64_t> visits;
 *     visits.store("home", 1);
 *     visits.add("home", 2);
 *     if (auto count = visits.load("home")) std::printf("%llu\n", (unsigned long long)*count);
 *     for (auto [page, count] : visits.entries()) ...
 *
 * Every operation comes in two forms:
 *
 *   - The one whose name begins with `try_` returns a portolan::status and throws nothing itself.
 *   - The plain one returns the result, and throws portolan::error if the status is an error. It
 *     exists only if exceptions are enabled and PORTOLAN_NO_EXCEPTIONS is not defined.
 *
 * Without exceptions, the standard library ends the program when a std::string or std::vector runs
 * out of memory. It may do so even if only a part of the program is compiled without them. Words
 * and structs need no memory.
 *
 * portolan.h says what each operation means, which threads may call it, and its memory order. The
 * names are the same there.
 *
 * A `try_` operation sets its result parameter only with the status that says so. With any other
 * status, a word or struct is unchanged. A string or vector is empty, because the call uses its
 * storage as the buffer; but if the call also read its key or value from that string or vector, it
 * is unchanged too.
 */
#ifndef PORTOLAN_HPP
#define PORTOLAN_HPP

#include <portolan.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
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

/// The outcome of a call, with the numbers of portolan.h. Errors are negative.
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

/// The options of a new map: ptl_map_options without the sizes of keys and values, which follow
/// from their types.
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
    explicit error(status code) noexcept : code_(code), what_(to_string(code)) {}
    /// A text that says more. It must be static.
    error(status code, const char *what) noexcept : code_(code), what_(what) {}
    status code() const noexcept { return code_; }
    const char *what() const noexcept override { return what_; }

  private:
    status code_;
    const char *what_;
};
#endif

/// A view of bytes, as std::string_view is a view of text. Converts from anything contiguous: a
/// vector, an array, a span.
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

/// How a map keeps a type: as one 64-bit word, as bytes of any length, or as the bytes of a struct
/// (`object`). `none`: not.
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

/// The word that a map holds for a value: an integer's value, sign-extended if it is signed, or a
/// float's bits.
template <class T>
std::uint64_t to_word(T value) noexcept {
    if constexpr (std::is_same_v<T, float>) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        return bits;
    } else if constexpr (std::is_same_v<T, double>) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        return bits;
    } else if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<std::uintptr_t>(value);
    } else {
        return static_cast<std::uint64_t>(value);
    }
}

/// The inverse of to_word.
template <class T>
T from_word(std::uint64_t word) noexcept {
    if constexpr (std::is_same_v<T, float>) {
        const auto bits = static_cast<std::uint32_t>(word);
        T value = 0;
        std::memcpy(&value, &bits, sizeof bits);
        return value;
    } else if constexpr (std::is_same_v<T, double>) {
        T value = 0;
        std::memcpy(&value, &word, sizeof word);
        return value;
    } else if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<T>(static_cast<std::uintptr_t>(word));
    } else {
        return static_cast<T>(word);
    }
}

/// Three types for each T: `owned` to return a copy (a view cannot own its bytes), `view` to refer
/// to bytes in a buffer, and `in` to pass a key or value to a call.
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

/// A key or value as pointer and length, for the C interface. It refers to its argument, or holds a
/// copy if that is a word.
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

/// Resizes a string or vector. False: there is not enough memory.
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

/// The key or value at `data`: a view of bytes in place, a copy of anything else.
template <class T>
typename types<T>::view show(const unsigned char *data, std::size_t size) noexcept {
    if constexpr (form_of<T>() == form::word) {
        std::uint64_t word = 0;
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

/// Whether a T can have `size` bytes. Code in another language may have stored something else under
/// the same handle.
template <class T>
constexpr bool fits(std::size_t size) noexcept {
    return form_of<T>() == form::word ? size == 8 : form_of<T>() != form::object || size == sizeof(T);
}

/// Whether the bytes that a call reads overlap the storage that it writes.
template <class T, class C>
bool overlaps(const source<T> &item, const C &bytes) noexcept {
    const auto start = reinterpret_cast<std::uintptr_t>(bytes.data()), read = reinterpret_cast<std::uintptr_t>(item.data());
    return read < start + bytes.capacity() && start < read + item.size();
}

/// Makes `call`, which takes a buffer, its capacity and a pointer for the length, and sets `value`
/// if it returns the status `gives`. `in` are the keys and values that the call reads.
///
/// The call copies bytes straight into the storage of `value`. A swap has removed the value from
/// the map when the call returns, so a copy that could fail after it could lose the value.
template <class T, class Call, class... In>
status receive(status gives, T &value, Call call, const In &...in) noexcept {
    std::size_t size = 0;
    if constexpr (form_of<T>() == form::bytes) {
        // For example swap(key, text, text). The call must not write to what it still reads, and if
        // it fails the caller's value must be unchanged. So receive into another object and move
        // it.
        if ((overlaps(in, value) || ...)) {
            T other;
            const auto answer = receive(gives, other, call);
            if (answer == gives) value = std::move(other);
            return answer;
        }
        // Use the storage that `value` has. But resize() writes zeros to what it adds, so add at
        // most 256 bytes.
        std::size_t capacity = value.capacity() < 256 ? value.capacity() : 256;
        if (capacity < value.size()) capacity = value.size();
        for (;;) {
            if (!resize(value, capacity)) return status::memory;
            const auto answer = static_cast<status>(call(value.data(), capacity, &size));
            if (answer != status::buffer) {
                resize(value, answer == gives ? size : 0);
                return answer;
            }
            // Too small: nothing has changed in the map, and `size` is the capacity that is needed
            // now.
            capacity = size;
        }
    } else {
        alignas(8) unsigned char bytes[form_of<T>() == form::word ? 8 : sizeof(T)] = {}; // compilers cannot see that the call fills it
        const auto answer = static_cast<status>(call(bytes, sizeof bytes, &size));
        // A value of another length than T has.
        if (answer == status::buffer || (answer == gives && !fits<T>(size))) return status::size;
        if (answer == gives) value = show<T>(bytes, size);
        return answer;
    }
}

/// Sets `value` from the result of a call on words, if its status is `gives`.
template <class T>
status receive(status gives, T &value, ptl_u64 answer) noexcept {
    const auto code = static_cast<status>(answer.status);
    if (code == gives) value = from_word<T>(answer.value);
    return code;
}

/// An array that grows, and returns false instead of throwing if there is not enough memory.
template <class T>
class array {
  public:
    array() noexcept = default;
    array(const array &) = delete;
    array &operator=(const array &) = delete;
    ~array() { delete[] data_; }

    [[nodiscard]] bool reserve(std::size_t capacity) noexcept {
        if (capacity <= capacity_) return true;
        if (capacity < 2 * capacity_) capacity = 2 * capacity_;
        T *larger = new (std::nothrow) T[capacity];
        if (larger == nullptr) return false;
        if (used_ > 0) std::memcpy(larger, data_, used_ * sizeof(T));
        delete[] data_;
        data_ = larger, capacity_ = capacity;
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
    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t size() const noexcept { return used_; }
    const T &operator[](std::size_t i) const noexcept { return data_[i]; }

  private:
    T *data_ = nullptr;
    std::size_t used_ = 0, capacity_ = 0;
};

/// Many keys or values one after another in one buffer, as the batches and ptl_map_scan take them.
/// Entry i lies between offsets i and i + 1. Words need no offsets.
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
    std::size_t capacity() const noexcept { return bytes_.capacity(); }
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

/// Swap and load_and_delete of structs. ptl_map_swap and ptl_map_load_and_delete do not check that the
/// old value has the size of a V, and when they return it is no longer in the map. So check it in an
/// update, while the key is locked.
template <class K, class V>
struct struct_exchange {
    /// The new value; null to delete the key.
    const void *next;
    /// The old value, if `there` and `fits`.
    V taken{};
    /// The key had a value.
    bool there = false;
    /// That value has the size of a V. If not, the map is unchanged.
    bool fits = true;

    status on(ptl_map *map, typename types<K>::in key, status gives, status gives_none, V &out) noexcept {
        const source<K> k(key);
        const auto answer = static_cast<status>(ptl_map_update(map, k.data(), k.size(), &struct_exchange::run, this));
        if (failed(answer)) return answer;
        if (!fits) return status::size;
        if (!there) return gives_none;
        out = taken;
        return gives;
    }
    static std::int32_t run(const void *value, std::size_t size, const void **new_value, std::size_t *new_size, void *user) noexcept {
        auto &call = *static_cast<struct_exchange *>(user);
        call.there = value != nullptr;
        if (call.there) {
            call.fits = detail::fits<V>(size);
            if (!call.fits) return PTL_UPDATE_KEEP;
            call.taken = show<V>(static_cast<const unsigned char *>(value), size);
        }
        if (call.next == nullptr) return PTL_UPDATE_DELETE;
        *new_value = call.next, *new_size = sizeof(V);
        return PTL_UPDATE_STORE;
    }
};

/// Whether a function of the caller can be called with In.
template <class Body, class... In>
inline constexpr bool takes = std::is_invocable_v<Body &, In...>;

template <class R>
inline constexpr bool is_bool = std::is_same_v<std::remove_cv_t<std::remove_reference_t<R>>, bool>;
template <bool Takes, class Body, class... In>
struct result_of_body {
    static constexpr bool value = false, can_be_true = false;
};
template <class Body, class... In>
struct result_of_body<true, Body, In...> {
    using type = std::invoke_result_t<Body &, In...>;
    static constexpr bool value = std::is_void_v<type> || is_bool<type>;
    static constexpr bool can_be_true = std::is_constructible_v<bool, type>;
};
/// Whether it can, and returns void, or a bool that decides. Any other type is refused: a 0 or a null
/// pointer might be meant as false, or might be what the function's last call happened to return.
template <class Body, class... In>
inline constexpr bool is_body = result_of_body<takes<Body, In...>, Body, In...>::value;
/// Whether it can, and returns what can be asked whether it is true.
template <class Body, class... In>
inline constexpr bool is_predicate = result_of_body<takes<Body, In...>, Body, In...>::can_be_true;

#if PORTOLAN_EXCEPTIONS
inline void check(status s) {
    if (failed(s)) throw error(s);
}
/// Whether the status is `wanted`. Throws if it is an error.
inline bool is(status wanted, status s) {
    check(s);
    return s == wanted;
}
#endif

} // namespace detail

template <class K, class V>
class map;

/// An iteration over the entries of a map, which begins at a random one. It reads a batch of entries
/// at a time and holds no lock between two calls, so the map may be changed meanwhile. A walk has a
/// reference to the map of its own: it goes on through the same map even if the object that it came
/// from is moved, assigned to or destroyed. Views that key() and value() return are valid until the
/// next call of next().
template <class K, class V>
class walk {
  public:
    explicit walk(ptl_map *map) noexcept : map_(map), retained_(static_cast<status>(ptl_map_retain(map))) {}
    walk(const walk &) = delete;
    walk &operator=(const walk &) = delete;
    ~walk() {
        if (retained_ == status::ok) (void)ptl_map_release(map_);
    }

    /// ok: there is a current entry. done: there are no more. Otherwise an error; the next call
    /// tries again.
    status next() noexcept {
        if (failed(retained_)) return retained_;
        if (!begun_) {
            const auto answer = static_cast<status>(ptl_map_begin_scan(map_, &start_));
            if (failed(answer)) return answer;
            cursor_ = start_;
            begun_ = true;
        }
        for (++at_; at_ >= count_; at_ = 0) {
            if (ended_) return status::done;
            const auto answer = fetch();
            if (failed(answer)) return answer;
            if (answer == status::done) {
                // The cursor is at 0 again. What lies between there and the start comes last.
                ended_ = end_ == start_;
                end_ = start_;
            }
        }
        return keys_.fits(at_) && values_.fits(at_) ? status::ok : status::size;
    }
    typename detail::types<K>::view key() const noexcept { return keys_.show(at_); }
    typename detail::types<V>::view value() const noexcept { return values_.show(at_); }

  private:
    friend class map<K, V>;

    /// Deletes the current entry, unless its value has changed since it was read. Compares the
    /// bytes that the map holds, not values of type V: a V narrower than a word may lose bits that
    /// another language stored.
    status erase() noexcept {
        return static_cast<status>(ptl_map_compare_and_delete(map_, keys_.data(at_), keys_.size(at_), values_.data(at_),
                                                              values_.size(at_)));
    }
    /// Reads the next batch. ok: more may follow. done: it was the last one before `end_`.
    status fetch() noexcept {
        std::size_t entries = 128, key_bytes = 4096, value_bytes = 4096;
        count_ = 0;
        for (;;) {
            if (!keys_.reserve(entries, key_bytes) || !values_.reserve(entries, value_bytes)) return status::memory;
            std::size_t count = entries;
            key_bytes = keys_.capacity(), value_bytes = values_.capacity();
            const auto answer = static_cast<status>(ptl_map_scan(map_, &cursor_, end_, keys_.data(), &key_bytes, keys_.offsets(),
                                                                 values_.data(), &value_bytes, values_.offsets(), &count));
            if (answer != status::buffer) {
                if (!failed(answer)) count_ = count;
                return answer;
            }
            // The next entries share a position (their hashes collide), so one call must return
            // them all. It has set the sizes that it needs.
            if (entries < count) entries = count;
        }
    }

    ptl_map *map_;
    status retained_;
    bool begun_ = false, ended_ = false;
    /// Positions: where the walk begins, where the next batch begins, and where batches end: at 0,
    /// the end of all, until the cursor gets there, and then at the start.
    std::uint64_t start_ = 0, cursor_ = 0, end_ = 0;
    std::size_t at_ = 0, count_ = 0;
    detail::column<K> keys_;
    detail::column<V> values_;
};

#if PORTOLAN_EXCEPTIONS
/// What map::entries() returns for a range-based for: one walk, whose errors are thrown.
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

    /// Only for an lvalue: the iterator refers to this object.
    iterator begin() & { return iterator(walk_); }
    end_of_walk end() const noexcept { return {}; }

  private:
    walk<K, V> walk_;
};
#endif

/// A thread-safe map from K to V. It owns one reference to a ptl_map.
///
/// A K or V is one of
///   - a word: an integer, enum, bool, float, double or pointer. It is compared by its bits, so 0.0
///     and -0.0 differ;
///   - bytes: std::string, std::string_view (returned as std::string), std::vector of std::byte or
///     unsigned char;
///   - a struct whose equal values have equal bytes, so one without padding and floats. It must be
///     trivially copyable, default constructible and copy assignable.
///
/// A map can be moved, not copied: share() makes another object for the same map, and clone()
/// copies the entries to a new map. Any thread may call any operation (on a bucketed map, one
/// thread at a time).
template <class K, class V>
class map {
    static_assert(detail::form_of<K>() != detail::form::none && detail::form_of<V>() != detail::form::none,
                  "a key or value is an integer, enum, bool, float, double, pointer, std::string, std::string_view, std::vector "
                  "of std::byte or unsigned char, or a struct that is trivially copyable, default constructible and copy "
                  "assignable, without padding and without floats");

  public:
    using key_type = typename detail::types<K>::owned;
    using mapped_type = typename detail::types<V>::owned;
    /// The types of parameters.
    using key_in = typename detail::types<K>::in;
    using value_in = typename detail::types<V>::in;
    /// The types that iteration returns.
    using key_view = typename detail::types<K>::view;
    using value_view = typename detail::types<V>::view;

    /// No map: every operation returns status::handle until a map is moved here.
    explicit map(std::nullptr_t) noexcept {}
    /// A new map. If `result` is an error there is no map, as with nullptr.
    map(const options &how, status &result) noexcept {
        const ptl_map_options plain = convert(how);
        result = static_cast<status>(ptl_map_new(&plain, &map_));
    }
    map(map &&other) noexcept : map_(std::exchange(other.map_, nullptr)) {}
    /// Swaps: `other` then has the map that this object had.
    map &operator=(map &&other) noexcept {
        std::swap(map_, other.map_);
        return *this;
    }
    ~map() { (void)ptl_map_release(map_); }

    explicit operator bool() const noexcept { return map_ != nullptr; }
    /// The handle, for C or another language. This object still owns its reference.
    ptl_map *get() const noexcept { return map_; }
    /// The handle. The caller now owns its reference, and this object has no map.
    [[nodiscard]] ptl_map *release() noexcept { return std::exchange(map_, nullptr); }
    /// Takes over a reference to a map. status::type if its keys or values are words where K or V
    /// are bytes, or the reverse; the reference is then still the caller's, as with any error.
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

    /// ok: `value` is the key's value. not_found.
    status try_load(key_in key, mapped_type &value) const noexcept {
        if constexpr (words) return detail::receive(status::ok, value, ptl_map_load_u64(map_, detail::to_word<K>(key)));
        const detail::source<K> k(key);
        return detail::receive(status::ok, value, [&](void *data, std::size_t capacity, std::size_t *size) noexcept {
            return ptl_map_load(map_, k.data(), k.size(), data, capacity, size);
        }, k);
    }
    /// try_load that never waits for another thread. busy: it would have to. (It may still allocate
    /// storage for a string.)
    status peek(key_in key, mapped_type &value) const noexcept {
        if constexpr (words) return detail::receive(status::ok, value, ptl_map_peek_u64(map_, detail::to_word<K>(key)));
        const detail::source<K> k(key);
        return detail::receive(status::ok, value, [&](void *data, std::size_t capacity, std::size_t *size) noexcept {
            return ptl_map_peek(map_, k.data(), k.size(), data, capacity, size);
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
        return detail::receive(status::loaded, actual, [&](void *data, std::size_t capacity, std::size_t *size) noexcept {
            return ptl_map_load_or_store(map_, k.data(), k.size(), v.data(), v.size(), data, capacity, size);
        }, k, v);
    }
    /// ok: the key was deleted, and `value` was its value. not_found.
    status try_load_and_delete(key_in key, mapped_type &value) noexcept {
        if constexpr (words)
            return detail::receive(status::ok, value, ptl_map_load_and_delete_u64(map_, detail::to_word<K>(key)));
        if constexpr (objects) {
            detail::struct_exchange<K, V> call{nullptr};
            return call.on(map_, key, status::ok, status::not_found, value);
        }
        const detail::source<K> k(key);
        return detail::receive(status::ok, value, [&](void *data, std::size_t capacity, std::size_t *size) noexcept {
            return ptl_map_load_and_delete(map_, k.data(), k.size(), data, capacity, size);
        }, k);
    }
    /// ptl_map_delete. ok: the key was deleted. not_found.
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
            detail::struct_exchange<K, V> call{std::addressof(value)};
            return call.on(map_, key, status::loaded, status::ok, previous);
        }
        const detail::source<K> k(key);
        const detail::source<V> v(value);
        return detail::receive(status::loaded, previous, [&](void *data, std::size_t capacity, std::size_t *size) noexcept {
            return ptl_map_swap(map_, k.data(), k.size(), v.data(), v.size(), data, capacity, size);
        }, k, v);
    }
    /// ok: the value was `expected` and is now `value`. mismatch: it was another one. not_found.
    status try_compare_and_swap(key_in key, value_in expected, value_in value) noexcept {
        if constexpr (words)
            return code(ptl_map_compare_and_swap_u64(map_, detail::to_word<K>(key), detail::to_word<V>(expected),
                                                     detail::to_word<V>(value)));
        const detail::source<K> k(key);
        const detail::source<V> e(expected), v(value);
        return code(ptl_map_compare_and_swap(map_, k.data(), k.size(), e.data(), e.size(), v.data(), v.size()));
    }
    /// ok: the value was `expected` and the key was deleted. mismatch: it was another one.
    /// not_found.
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
    /// Adds to a 64-bit integer in one atomic step. A key without a value counts from zero. The sum
    /// wraps around; `sum` is set to it.
    template <class N>
    status try_add(key_in key, N delta, mapped_type &sum) noexcept {
        static_assert(std::is_integral_v<V> && sizeof(V) == 8,
                      "add is for maps to 64-bit integers: narrower ones would not wrap at their own width");
        static_assert(std::is_integral_v<N>, "the number to add is an integer");
        if constexpr (words)
            return detail::receive(status::ok, sum,
                                   ptl_map_add_u64(map_, detail::to_word<K>(key), static_cast<std::uint64_t>(delta)));
        const detail::source<K> k(key);
        std::uint64_t word = 0;
        const auto answer = code(ptl_map_add(map_, k.data(), k.size(), static_cast<std::uint64_t>(delta), &word));
        if (answer == status::ok) sum = static_cast<V>(word);
        return answer;
    }

    /// Calls `change(entry)` while the key is locked. `entry` is a std::optional<mapped_type> &:
    /// the key's value, or nullopt if it has none. Afterwards the map holds what `change` left
    /// there: a value is stored, nullopt deletes the key. `change` returns void, or a bool: false
    /// leaves the map as it is. It must not call an operation on this map, which would return
    /// status::reentrant. It may throw, unless PORTOLAN_NO_EXCEPTIONS is defined; the map is then
    /// unchanged.
    template <class Change, int Mode = PORTOLAN_EXCEPTIONS>
    status try_update(key_in key, Change &&change) {
        using entry = std::optional<mapped_type> &;
        static_assert(detail::takes<Change, entry>, "the function given to update takes a std::optional<mapped_type> &: the key's value");
        static_assert(!detail::takes<Change, entry> || detail::is_body<Change, entry>,
                      "the function given to update returns void or bool, and no other type");
        if constexpr (!detail::is_body<Change, entry>) {
            return status::internal;
        } else {
            update_call<Change, Mode> call{change};
            const detail::source<K> k(key);
            const auto answer = code(ptl_map_update(map_, k.data(), k.size(), &update_call<Change, Mode>::run, &call));
#if PORTOLAN_EXCEPTIONS
            if (call.thrown) std::rethrow_exception(std::move(call.thrown));
#endif
            return call.refused == status::ok ? answer : call.refused;
        }
    }

    /// Calls `visit(key, value)` for each entry, while no lock is held: it may call any operation
    /// on the map, and may throw. It returns void, or a bool: false ends the iteration. ok: all
    /// entries were visited. done: `visit` ended the iteration.
    template <class Visit>
    status try_range(Visit &&visit) const {
        static_assert(detail::takes<Visit, key_view, value_view>, "the function given to range takes a key_view and a value_view");
        static_assert(!detail::takes<Visit, key_view, value_view> || detail::is_body<Visit, key_view, value_view>,
                      "the function given to range returns void or bool, and no other type");
        if constexpr (detail::is_body<Visit, key_view, value_view>) {
            for (portolan::walk<K, V> each(map_);;) {
                const auto answer = each.next();
                if (answer == status::done) return status::ok;
                if (failed(answer)) return answer;
                if constexpr (detail::is_bool<std::invoke_result_t<Visit &, key_view, value_view>>) {
                    if (!std::invoke(visit, each.key(), each.value())) return status::done;
                } else {
                    std::invoke(visit, each.key(), each.value());
                }
            }
        } else {
            return status::internal;
        }
    }
    /// Deletes the entries for which `predicate(key, value)` is true, except those whose value
    /// another call changes in between. `deleted` counts them. The predicate may call any operation
    /// on the map, and may throw; the entries deleted before stay deleted.
    template <class Predicate>
    status try_delete_if(Predicate &&predicate, std::uint64_t &deleted) {
        static_assert(detail::is_predicate<Predicate, key_view, value_view>,
                      "the function given to delete_if takes a key_view and a value_view, and returns a bool");
        deleted = 0;
        if constexpr (detail::is_predicate<Predicate, key_view, value_view>) {
            for (portolan::walk<K, V> each(map_);;) {
                const auto answer = each.next();
                if (answer == status::done) return status::ok;
                if (failed(answer)) return answer;
                if (!std::invoke(predicate, each.key(), each.value())) continue;
                const auto gone = each.erase();
                if (failed(gone)) return gone;
                if (gone == status::ok) ++deleted;
            }
        } else {
            return status::internal;
        }
    }
    /// An iteration whose caller asks for each entry.
    portolan::walk<K, V> walk() const noexcept { return portolan::walk<K, V>(map_); }

    status try_clear() noexcept { return code(ptl_map_clear(map_)); }
    status try_len(std::uint64_t &entries) const noexcept { return code(ptl_map_len(map_, &entries)); }
    status try_reserve(std::uint64_t entries) noexcept { return code(ptl_map_reserve(map_, entries)); }
    status try_shrink() noexcept { return code(ptl_map_shrink(map_)); }
    /// A new map with the same entries. Its options are those of this map, or `how`.
    status try_clone(map &copy) const noexcept { return clone_as(nullptr, copy); }
    status try_clone(const options &how, map &copy) const noexcept {
        const ptl_map_options plain = convert(how);
        return clone_as(&plain, copy);
    }
    /// ok: both maps have the same keys with the same values. mismatch: they differ.
    status try_equal(const map &other) const noexcept { return code(ptl_map_equal(map_, other.map_)); }
    status try_stats(ptl_stats &stats) const noexcept {
        stats.size = sizeof stats;
        return code(ptl_map_stats(map_, &stats));
    }

    /// Loads the values of a range of keys. `values` gets one for each key, in the order of the
    /// range: nullopt if the key is not in the map.
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
            bytes = found.capacity();
            const auto answer = code(ptl_map_load_many(map_, all.data(), all.offsets(), count, found.data(), &bytes,
                                                       found.offsets(), statuses.data()));
            if (answer == status::buffer) continue; // `bytes` is now the size that is needed
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
    /// Stores a range of pairs, in its order. Not atomic as a whole: if one fails it goes on with
    /// the next, and returns the first error. If `statuses` is not null, it gets the outcome of
    /// each pair; if the call was refused as a whole, each is the status that is returned.
    template <class Entries>
    status try_store_many(const Entries &entries, std::vector<status> *statuses = nullptr) {
        detail::column<K> keys;
        detail::column<V> values;
        std::size_t count = 0;
        for (const auto &[key, value] : entries) {
            if (!keys.append(key) || !values.append(value)) return status::memory;
            ++count;
        }
        return with_statuses(count, statuses, [&](ptl_status *each) noexcept {
            return ptl_map_store_many(map_, keys.data(), keys.offsets(), values.data(), values.offsets(), count, each);
        });
    }
    /// Deletes a range of keys, in its order. If `statuses` is not null, it gets ok or not_found
    /// for each.
    template <class Keys>
    status try_delete_many(const Keys &keys, std::vector<status> *statuses = nullptr) {
        detail::column<K> all;
        std::size_t count = 0;
        for (const auto &key : keys) {
            if (!all.append(key)) return status::memory;
            ++count;
        }
        return with_statuses(count, statuses, [&](ptl_status *each) noexcept {
            return ptl_map_delete_many(map_, all.data(), all.offsets(), count, each);
        });
    }

#if PORTOLAN_EXCEPTIONS
    explicit map(const options &how = {}) {
        const ptl_map_options plain = convert(how);
        check_with(plain, code(ptl_map_new(&plain, &map_)));
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
    /// The value that the key has now, and whether it had it before the call.
    std::pair<mapped_type, bool> load_or_store(key_in key, value_in value) {
        mapped_type mine(value), theirs{};
        const bool loaded = detail::is(status::loaded, try_load_or_store(key, value, theirs));
        return {std::move(loaded ? theirs : mine), loaded};
    }
    std::optional<mapped_type> load_and_delete(key_in key) {
        mapped_type value{};
        return given(try_load_and_delete(key, value), status::ok, value);
    }
    /// Whether the key was in the map.
    bool erase(key_in key) { return detail::is(status::ok, try_erase(key)); }
    /// The value that the key had before.
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
    /// Returns the sum.
    template <class N>
    V add(key_in key, N delta) {
        V sum{};
        detail::check(try_add(key, delta, sum));
        return sum;
    }

    /// See try_update.
    template <class Change>
    void update(key_in key, Change &&change) {
        detail::check(try_update(key, std::forward<Change>(change)));
    }

    /// Whether all entries were visited.
    template <class Visit>
    bool range(Visit &&visit) const {
        return detail::is(status::ok, try_range(std::forward<Visit>(visit)));
    }
    /// How many entries were deleted.
    template <class Predicate>
    std::uint64_t delete_if(Predicate &&predicate) {
        std::uint64_t deleted = 0;
        detail::check(try_delete_if(std::forward<Predicate>(predicate), deleted));
        return deleted;
    }
    /// For a range-based for: `for (auto [key, value] : m.entries())`. The body may call any
    /// operation on the map. The range keeps the map alive, so `m.clone().entries()` works too.
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
        check_with(convert(how), try_clone(how, copy));
        return copy;
    }
    /// All other options are the defaults; those of this map, the allocator included, are not
    /// copied.
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
    /// How many of the keys were in the map.
    template <class Keys>
    std::size_t delete_many(const Keys &keys) {
        std::vector<status> statuses;
        detail::check(try_delete_many(keys, &statuses));
        return static_cast<std::size_t>(std::count(statuses.begin(), statuses.end(), status::ok));
    }
#endif

  private:
    /// Keys and values are words, which the functions ending in _u64 pass in registers.
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

    /// The state of one try_update, passed through the C interface to `run` and back. It differs
    /// with and without exceptions. A program may have both, so the parameter Mode gives them
    /// different names; otherwise the linker would merge them.
    template <class Change, int Mode>
    struct update_call {
        Change &change;
        std::optional<mapped_type> entry = std::nullopt;
        /// Keeps the pointer to the new value valid until ptl_map_update returns.
        std::optional<detail::source<V>> stored = std::nullopt;
        /// Why `change` was not called.
        status refused = status::ok;
#if PORTOLAN_EXCEPTIONS
        std::exception_ptr thrown = nullptr;
#endif

        static std::int32_t run(const void *value, std::size_t size, const void **new_value, std::size_t *new_size,
                                void *user) noexcept {
            auto &call = *static_cast<update_call *>(user);
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
            if constexpr (detail::is_bool<std::invoke_result_t<Change &, std::optional<mapped_type> &>>) {
                if (!std::invoke(change, entry)) return PTL_UPDATE_KEEP;
            } else {
                std::invoke(change, entry);
            }
            return carry_out(new_value, new_size);
        }
        /// Not inlined: where `change` empties the entry, g++ 14 would warn that its value is read
        /// uninitialised. It does not see that the entry is then not read.
        [[gnu::noinline]] std::int32_t carry_out(const void **new_value, std::size_t *new_size) {
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
    /// Sets `slot` to a copy of `value`. False: there is not enough memory.
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
    /// Makes the call of a batch, and converts the status of each entry if the caller wants them.
    template <class Call>
    static status with_statuses(std::size_t count, std::vector<status> *statuses, Call call) noexcept {
        if (statuses == nullptr) return code(call(nullptr));
        detail::array<ptl_status> plain;
        if (!plain.reserve(count) || !detail::resize(*statuses, count)) return status::memory;
        // Not a status. If the call refuses the batch as a whole, it writes no statuses and leaves
        // these.
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
    /// Throws an error that names the option, if that is what was wrong.
    static void check_with(const ptl_map_options &how, status answer) {
        const char *wrong = failed(answer) ? ptl_map_options_error(&how) : nullptr;
        if (wrong != nullptr) throw error(answer, wrong);
        detail::check(answer);
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
