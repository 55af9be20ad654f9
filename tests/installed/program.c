/* A user's first program, built against the installed library only. */
#include <portolan.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    uint32_t number = ptl_version_number();
    char version[32];
    snprintf(version, sizeof version, "%u.%u.%u", number >> 16, number >> 8 & 255, number & 255);
    if (strcmp(version, ptl_version()) != 0 || number != PTL_VERSION_NUMBER)
        return 1;
    ptl_map *map = NULL;
    if (ptl_map_new(NULL, &map) != PTL_OK)
        return 2;
    if (ptl_map_store(map, "Ptolemy", 7, "Geographia", 10) != PTL_OK)
        return 3;
    char work[32];
    size_t size = 0;
    if (ptl_map_load(map, "Ptolemy", 7, work, sizeof work, &size) != PTL_OK)
        return 4;
    if (size != 10 || memcmp(work, "Geographia", 10) != 0)
        return 5;
    if (ptl_map_release(map) != PTL_OK)
        return 6;
    printf("Portolan %s from C\n", ptl_version());
    return 0;
}
