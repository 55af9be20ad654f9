package main

import (
	"fmt"
	"io"
)

// place identifies a line of the table: a row without the map.
type place struct {
	key, workload       string
	entries, goroutines int
}

// tableOfRatios is the table at the end of a run.
type tableOfRatios struct {
	options options
	places  []place
	rows    map[place]map[string]row // by the map's name
}

func newTableOfRatios(o options) *tableOfRatios {
	return &tableOfRatios{options: o, rows: map[place]map[string]row{}}
}

func (t *tableOfRatios) add(name string, r row) {
	p := place{r.Key, r.Workload, r.Entries, r.Goroutines}
	if t.rows[p] == nil {
		t.places = append(t.places, p)
		t.rows[p] = map[string]row{}
	}
	t.rows[p][name] = r
}

// end writes the table, and which bars are met.
func (t *tableOfRatios) end(out io.Writer) {
	first := t.options.maps[0]
	fmt.Fprintf(out, "nanoseconds for one operation of one goroutine (gc: milliseconds, and the heap): median of %d (ratio to %s)\n",
		t.options.repetitions, first)
	fmt.Fprintf(out, "%-7s %-8s %9s %10s", "key", "workload", "entries", "goroutines")
	for _, name := range t.options.maps {
		fmt.Fprintf(out, " %20s", name)
	}
	fmt.Fprintln(out)
	for _, p := range t.places {
		fmt.Fprintf(out, "%-7s %-8s %9d %10d", p.key, p.workload, p.entries, p.goroutines)
		for _, name := range t.options.maps {
			r, ok := t.rows[p][name]
			if !ok {
				fmt.Fprintf(out, " %20s", "")
				continue
			}
			ratio := ""
			if base, ok := t.rows[p][first]; ok {
				ratio = fmt.Sprintf("(%.2fx)", r.figure()/base.figure())
			}
			figure := fmt.Sprintf("%.1f", r.figure())
			if r.Heap != nil {
				figure = fmt.Sprintf("%.1f %dM", r.figure(), *r.Heap/1_000_000)
			}
			fmt.Fprintf(out, " %10s %9s", figure, ratio)
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out)
	for _, b := range bars() {
		t.judge(out, b)
	}
}

// bar is a goal: our map shall be so many times as fast as another one.
type bar struct {
	place
	ours, other string
	times       float64
}

func bars() (all []bar) {
	for _, entries := range []int{1_000_000, 10_000_000} {
		hit, batched := place{"word", "hit", entries, 2}, place{"word", "batch64", entries, 2}
		all = append(all,
			bar{hit, "sharded", "sync.Map", 3}, bar{hit, "sharded", "xsync", 1.2},
			bar{batched, "sharded", "sync.Map", 20}, bar{batched, "sharded", "xsync", 5},
			bar{hit, "read_dirty", "sync.Map", 3})
	}
	return append(all, bar{place{"word", "gc", 10_000_000, 0}, "sharded", "sync.Map", 100})
}

func (t *tableOfRatios) judge(out io.Writer, b bar) {
	at := b.place
	if at.workload == "gc" {
		at.goroutines = t.options.goroutines[0]
	}
	ours, haveOurs := t.rows[at][b.ours]
	other, haveOther := t.rows[at][b.other]
	verdict := "not measured"
	if haveOurs && haveOther {
		times := other.figure() / ours.figure()
		verdict = fmt.Sprintf("%.1f: met", times)
		if times < b.times {
			verdict = fmt.Sprintf("%.1f: NOT met", times)
		}
	}
	fmt.Fprintf(out, "%-7s %-8s %9d: %s %g times as fast as %s: %s\n", at.key, at.workload, at.entries, b.ours, b.times, b.other, verdict)
}
