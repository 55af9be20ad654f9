/* host PLUGIN: a program that has the library, and opens a plugin with a copy of its own. Each must use
 * its own. */
#include <dlfcn.h>
#include <portolan.h>
#include <stdio.h>
#include <string.h>

typedef ptl_status (*function)(ptl_map *);

static int is_in(function address, const char *file) {
    Dl_info info;
    void *pointer;
    memcpy(&pointer, &address, sizeof pointer);
    if (!dladdr(pointer, &info))
        return 0;
    printf("%s\n", info.dli_fname);
    return strstr(info.dli_fname, file) != NULL;
}

int main(int argc, char **argv) {
    ptl_map *map = NULL;
    if (argc != 2 || ptl_map_new(NULL, &map) != PTL_OK || ptl_map_clear(map) != PTL_OK || ptl_map_release(map) != PTL_OK)
        return 1;
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    if (plugin == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    function (*functions)(int);
    int (*run)(void);
    *(void **)&functions = dlsym(plugin, "plugin_functions");
    *(void **)&run = dlsym(plugin, "plugin_run");
    if (functions == NULL || run == NULL || run() != 0)
        return 3;
    for (int which = 0; which < 2; which++) {
        if (functions(which) == ptl_map_clear || functions(which) == ptl_map_release || !is_in(functions(which), "plugin.so"))
            return 4;
    }
    return 0;
}
