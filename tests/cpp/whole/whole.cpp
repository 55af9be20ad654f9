/* Every member of a map, for pairs of every type that a map can have. It is only compiled. */
#include <portolan.hpp>

#include <array>

enum class colour : std::uint8_t { red };
enum plain { one };
struct point {
    std::int32_t x, y;
};
struct large {
    std::uint64_t words[40];
};
using bytes = std::vector<std::byte>;
using octets = std::vector<unsigned char>;
using text = std::string;
using view = std::string_view;
using function = void (*)(int);
using array = std::array<unsigned char, 3>;

#if PORTOLAN_EXCEPTIONS
#define ENTRIES(...) template class portolan::entries<__VA_ARGS__>;
#else
#define ENTRIES(...)
#endif
#define PAIR(...) template class portolan::map<__VA_ARGS__>; template class portolan::walk<__VA_ARGS__>; ENTRIES(__VA_ARGS__)
/// A type beside itself, and beside types of each form.
#define BESIDE(T) PAIR(T, T) PAIR(int, T) PAIR(T, octets)

// clang-format off
BESIDE(bool) BESIDE(std::int8_t) BESIDE(std::int64_t) BESIDE(std::uint64_t) BESIDE(char32_t) BESIDE(colour) BESIDE(plain)
BESIDE(float) BESIDE(double) BESIDE(const point *) BESIDE(function) BESIDE(text) BESIDE(view) BESIDE(bytes) BESIDE(large) BESIDE(array)
PAIR(int, int) PAIR(int, octets) PAIR(octets, int) PAIR(octets, octets) PAIR(point, point) PAIR(point, int) PAIR(octets, point)
PAIR(octets, text) PAIR(octets, view) PAIR(bytes, text) PAIR(text, view) PAIR(view, text) PAIR(text, point)
PAIR(large, int) PAIR(point, text) PAIR(point, float) PAIR(text, const point *)

template class portolan::byte_view<std::byte>;
template class portolan::byte_view<unsigned char>;
// clang-format on
