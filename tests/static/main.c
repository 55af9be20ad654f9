/* Two Rust static libraries in one program, each with its own copy of Rust's standard library. Both must
 * work, also alternately. */
#include <portolan.h>
#include <stdio.h>

int32_t neighbour_work(void);

int main(void) {
    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    options.key_size = PTL_WORD;
    options.value_size = PTL_WORD;
    ptl_map *map = NULL;
    if (ptl_map_new(&options, &map) != PTL_OK)
        return 1;
    for (uint64_t key = 0; key < 10000; key++) {
        if (key % 1000 == 0 && neighbour_work() != 7)
            return 2;
        if (ptl_map_store_u64(map, key, key * key) != PTL_OK)
            return 3;
    }
    for (uint64_t key = 0; key < 10000; key++)
        if (ptl_map_load_u64(map, key).value != key * key)
            return 4;
    if (ptl_map_release(map) != PTL_OK)
        return 5;
    puts("two Rust static libraries in one program");
    return 0;
}
