/* A plugin that has the library inside, for tests/static/host.c. */
#include <portolan.h>
#include <stddef.h>

__attribute__((visibility("default"))) ptl_status (*plugin_functions(int which))(ptl_map *);
__attribute__((visibility("default"))) int plugin_run(void);

/* The address of a function of the copy that the plugin uses. */
ptl_status (*plugin_functions(int which))(ptl_map *) {
    return which == 0 ? ptl_map_clear : ptl_map_release;
}

/* 0 if a map works. */
int plugin_run(void) {
    ptl_map *map = NULL;
    char value[16];
    size_t size = 0;
    if (ptl_map_new(NULL, &map) != PTL_OK || ptl_map_store(map, "host", 4, "plugin", 6) != PTL_OK)
        return 1;
    if (ptl_map_load(map, "host", 4, value, sizeof value, &size) != PTL_OK || size != 6)
        return 2;
    return ptl_map_release(map) == PTL_OK ? 0 : 3;
}
