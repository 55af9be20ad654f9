// Command syncmap compares every kind of map with Go's own sync.Map: it does the same operations on
// both and compares each result.
//
// It does three things, with keys and values that are words and bytes (see space.go):
//
//   - sequence.go: one goroutine does random sequences of all ten operations of sync.Map, with few
//     keys and with many.
//   - together.go: eight goroutines use keys of their own, where every result is known, and shared
//     keys, where the order is unknown but some properties hold in every order. Not for the
//     bucketed kind, which is for one goroutine at a time.
//   - trace.go: with -trace FILE, records the operations and results of a sync.Map, which
//     examples/c/replay.c repeats through the C interface.
//
// Run it in the folder above this one, with the library installed. (ci/build-examples.sh builds it
// without.)
//
//	go run ./syncmap                      a million operations or more for each kind
//	go run ./syncmap -short               a second or two
//	go run ./syncmap -plant -v            with planted bugs: every check must find its bug
//
// It prints a seed, which -seed accepts to repeat the run, and a table. The exit status is 0 if
// nothing differs. If something does, the status is 1, and the first difference is printed: the
// operation, the key, the expected result and the actual one.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"

	"github.com/portolan-map/portolan/bindings/go"
)

// Map has the methods of sync.Map, with types. A *portolan.Map is a Map.
type Map[K, V comparable] interface {
	Load(key K) (value V, ok bool)
	Store(key K, value V)
	LoadOrStore(key K, value V) (actual V, loaded bool)
	LoadAndDelete(key K) (value V, loaded bool)
	Delete(key K)
	Swap(key K, value V) (previous V, loaded bool)
	CompareAndSwap(key K, old, new V) (swapped bool)
	CompareAndDelete(key K, old V) (deleted bool)
	Range(f func(key K, value V) bool)
	Clear()
}

// plan holds the options of the command line.
type plan struct {
	operations int // for each kind: so many by one goroutine, and about as many by eight
	seed       uint64
	plant      bool
	verbose    bool
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("syncmap: ")
	var p plan
	flag.IntVar(&p.operations, "ops", 1_000_000, "operations for each kind by one goroutine, and about as many by eight")
	short := flag.Bool("short", false, "a quick run: -ops 100000")
	flag.Uint64Var(&p.seed, "seed", 0, "seed of the operations and of the maps; 0 chooses a random one")
	only := flag.String("kind", "", "one kind only: bucketed, mutex, rwmutex, sharded or read_dirty")
	flag.BoolVar(&p.plant, "plant", false, "plant bugs in the maps, which the checks must find")
	flag.BoolVar(&p.verbose, "v", false, "print a line for each check")
	trace := flag.String("trace", "", "record a fifth of -ops operations on a sync.Map to this `file`")
	flag.Parse()
	if flag.NArg() > 0 || p.operations < 1 {
		flag.Usage()
		os.Exit(2)
	}
	if *short {
		p.operations = 100_000
	}
	for p.seed == 0 {
		p.seed = rand.Uint64()
	}

	var kinds []portolan.Kind
	for kind := portolan.Bucketed; kind <= portolan.ReadDirty; kind++ {
		if *only == "" || *only == kind.String() {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		log.Printf("no kind is called %s", *only)
		os.Exit(2)
	}

	say("seed %d\n", p.seed)
	if p.plant {
		say("planted bugs: stale loads, operations that are not atomic, a Range that visits a key twice\n")
	}
	say("%-10s  %15s  %15s  %11s\n", "kind", "one goroutine", "8 goroutines", "differences")
	var differences int64
	for _, kind := range kinds {
		var alone, together report
		checkAlone(&alone, kind, p)
		if kind != portolan.Bucketed {
			checkTogether(&together, kind, p)
		}
		found := alone.differences.Load() + together.differences.Load()
		say("%-10v  %15d  %15d  %11d\n", kind, alone.operations.Load(), together.operations.Load(), found)
		for _, r := range []*report{&alone, &together} {
			if r.first != "" {
				say("    first difference: %v, %s\n", kind, r.first)
			}
		}
		differences += found
	}
	if *trace != "" {
		if err := record(*trace, p.operations/5, p.seed); err != nil {
			log.Print(err)
			os.Exit(2)
		}
	}
	if differences != 0 {
		os.Exit(1)
	}
}

// with makes a map of the kind, lets f use it, and closes it.
func with[K, V comparable](kind portolan.Kind, p plan, f func(Map[K, V])) {
	m, err := portolan.New[K, V](portolan.WithKind(kind), portolan.WithSeed(p.seed))
	if err != nil {
		log.Print(err)
		os.Exit(2)
	}
	if p.plant {
		f(&planted[K, V]{Map: m})
	} else {
		f(m)
	}
	if err := m.Close(); err != nil {
		log.Print(err)
		os.Exit(2)
	}
}

// checkAlone does p.operations by one goroutine, in sequences with few keys and with many for each
// space.
func checkAlone(r *report, kind portolan.Kind, p plan) {
	each := (p.operations + 7) / 8
	alone(r, kind, p, textToText, each)
	alone(r, kind, p, wordToWord, each)
	alone(r, kind, p, bytesToWord, each)
	alone(r, kind, p, wordToText, each)
}

func alone[K, V comparable](r *report, kind portolan.Kind, p plan, s space[K, V], operations int) {
	for _, keys := range []int{16, max(64, min(20_000, operations/6))} {
		what := fmt.Sprintf("a sequence, %s, %d keys", s.name, keys)
		r.check(what, p, func(r *report) {
			with(kind, p, func(m Map[K, V]) {
				sequence[K, V]{
					want: new(goMap[K, V]), got: m, space: s, last: keys, alone: true,
					random: rand.New(rand.NewPCG(p.seed, uint64(keys))), report: r,
				}.run(operations)
			})
		})
	}
}

func checkTogether(r *report, kind portolan.Kind, p plan) {
	each := p.operations / 4
	eight(r, kind, p, textToText, each)
	eight(r, kind, p, wordToWord, each)
	eight(r, kind, p, bytesToWord, each)
	eight(r, kind, p, wordToText, each)
}

func eight[K, V comparable](r *report, kind portolan.Kind, p plan, s space[K, V], operations int) {
	for _, c := range togetherChecks[K, V]() {
		what := fmt.Sprintf("%d goroutines, %s, %s", workers, s.name, c.name)
		r.check(what, p, func(r *report) {
			with(kind, p, func(m Map[K, V]) {
				c.run(&crowd[K, V]{m: m, space: s, seed: p.seed, report: r}, operations/len(togetherChecks[K, V]()))
			})
		})
	}
}
