/* One program, of which one half is compiled with exceptions and the other without: both halves are here. They update by bodies of
 * the same type, so the linker could take one half's code for the other's, and what the body below throws would get nowhere. */
#include <portolan.hpp>

#include <cstdio>
#include <cstdlib>
#include <optional>

using numbers = portolan::map<int, int>;
using body = void (*)(std::optional<int> &);

portolan::status doubled_without_exceptions(numbers &map, int key);

#if PORTOLAN_EXCEPTIONS
int main() {
    numbers map;
    map.store(1, 4);
    const body throws = [](std::optional<int> &entry) {
        entry = 5;
        throw 42;
    };
    for (int i = 0; i < 2; ++i) {
        if (doubled_without_exceptions(map, 1) != portolan::status::ok) return EXIT_FAILURE;
        try {
            (void)map.try_update(1, throws);
            std::puts("what the body of an update threw did not come out");
            return EXIT_FAILURE;
        } catch (int number) {
            if (number != 42) return EXIT_FAILURE;
        }
    }
    return map.load(1) == 16 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#else
portolan::status doubled_without_exceptions(numbers &map, int key) {
    const body doubles = [](std::optional<int> &entry) { *entry *= 2; };
    return map.try_update(key, doubles);
}
#endif
