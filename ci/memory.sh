#!/usr/bin/env bash
# ci/memory.sh [SECONDS]: samples, for SECONDS (60), how much memory maps hold under churn, beside a
# reader that stalls, and while maps are made and released. The samples go to
# target/soak/memory.tsv, a drawing of them to target/soak/memory.svg.
source "$(dirname "$0")/common.sh"
ci/build.sh
portolan_flags --cflags --libs
mkdir -p target/soak
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wpedantic -Werror -pthread "$kinds" tests/soak/memory.c -o target/soak/memory "${flags[@]}"
status=0
target/soak/memory "${1:-60}" >target/soak/memory.tsv || status=$?

# A row for each kind and type, a panel for each part: resident megabytes over seconds.
awk '
    { panel = $1 " " $2 " " $3; if (!(panel in count)) order[++panels] = panel
      x[panel, ++count[panel]] = $4; y[panel, count[panel]] = $5; if ($5 > top[panel]) top[panel] = $5; if ($4 > last[panel]) last[panel] = $4 }
    END {
        columns = 3; width = 300; height = 110
        printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", columns * width, int((panels + columns - 1) / columns) * height
        print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
        for (p = 1; p <= panels; p++) {
            panel = order[p]; left = (p - 1) % columns * width + 10; base = int((p - 1) / columns) * height + height - 12
            printf "<text x=\"%d\" y=\"%d\">%s: %.0f MB at most, %.0f s</text>\n", left, base - height + 24, panel, top[panel], last[panel]
            printf "<path d=\"M%d %dh%d\" stroke=\"#999\"/><polyline fill=\"none\" stroke=\"#07c\" points=\"", left, base, width - 20
            for (i = 1; i <= count[panel]; i++) printf "%.1f,%.1f ", left + x[panel, i] / last[panel] * (width - 20), base - y[panel, i] / top[panel] * (height - 40)
            print "\"/>"
        }
        print "</svg>"
    }' target/soak/memory.tsv >target/soak/memory.svg
[ "$status" != 0 ] || record memory "churn, a stalled reader, maps made and released: $(awk '{ print $1 $2 $3 }' target/soak/memory.tsv | sort -u | wc -l) runs of $(awk '$4 > most { most = $4 } END { printf "%.0f", most }' target/soak/memory.tsv) s, in each the peak of the second half is at most a tenth plus 4 MB above that of the first third"
exit "$status"
