/* Mistakes that the compiler must answer with one error: the sentence in the comment behind REFUSED.
 * ci/cpp-tests.sh compiles the file once for each number. */
#include <portolan.hpp>

void refused(portolan::map<int, std::string> &map) {
    std::uint64_t deleted = 0;
    std::string value;
    int number = 0;
    (void)deleted, (void)value, (void)number;
#if REFUSED == 1 // the function given to update returns void or bool
    (void)map.try_update(1, [](auto &entry) -> auto & { return *entry; });
#elif REFUSED == 2 // the function given to update returns void or bool
    map.update(1, [&](auto &) -> int & { return number; });
#elif REFUSED == 3 // the function given to update returns void or bool
    map.update(1, [](std::optional<std::string> &entry) { return entry; });
#elif REFUSED == 4 // the function given to update takes a std::optional<mapped_type> &
    map.update(1, [](std::string &entry) { entry += "x"; });
#elif REFUSED == 5 // the function given to range returns void or bool
    (void)map.try_range([](int, std::string_view text) { return text; });
#elif REFUSED == 6 // the function given to range takes a key_view and a value_view
    map.range([](int) {});
#elif REFUSED == 7 // the function given to delete_if takes a key_view and a value_view, and returns a bool
    map.delete_if([](int, std::string_view) {});
#elif REFUSED == 8 // the function given to delete_if takes a key_view and a value_view, and returns a bool
    (void)map.try_delete_if([](int) { return true; }, deleted);
#elif REFUSED == 9 // a key or value is an integer, enum
    portolan::map<int, std::vector<std::string>> strings;
#endif
}
