/* Both halves of a program of which one is compiled with exceptions and one without. They call update with
 * bodies of the same type. If the linker merged the two halves' code, an exception thrown by the body
 * below might not get through. */
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
            std::puts("the exception thrown by the body of an update was lost");
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
