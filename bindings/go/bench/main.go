// Command bench compares Portolan's Go binding with other maps for Go programs, under the same
// workloads in one run. Each map has a process of its own for each size, and the processes take
// turns, so that a change in the machine's speed affects all maps alike. What counts is the median
// of a row, and its ratio to another map's in the same run.
//
//	make bench-go ARGS="--map sharded,sync.Map,xsync --workload hit,batch64,gc --entries 1M --goroutines 2 --repetitions 5"
//
// The same loops are Go benchmarks too: run go test -bench . in this folder.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

type options struct {
	maps, workloads, keys []string
	entries, goroutines   []int
	repetitions           int
	slice                 time.Duration // how long a repetition lasts
	results               string
}

const usage = `options, each followed by its value:
  --map A,B           of %s
  --workload A,B      of %s
  --key A,B           of %s
  --entries 1k,1M     sizes of the maps
  --goroutines 1,2    numbers of goroutines that run a workload in parallel
  --repetitions N     repetitions, of which the median counts
  --milliseconds N    duration of one repetition
  --results FILE      file to which a line of JSON is appended for each row
`

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--child" {
		child(os.Stdin, os.Stdout)
		return
	}
	o, err := parse(os.Args[1:])
	if err == nil {
		err = drive(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (options, error) {
	o := options{
		maps:        mapNames,
		workloads:   workloadNames,
		keys:        keyNames[:1],
		entries:     []int{1_000, 1_000_000, 10_000_000},
		goroutines:  []int{1, 2, runtime.GOMAXPROCS(0)},
		repetitions: 5,
		slice:       200 * time.Millisecond,
		results:     "target/bench/results-go.jsonl",
	}
	for len(arguments) > 0 {
		name := arguments[0]
		if name == "--help" || len(arguments) == 1 {
			list := func(names []string) string { return strings.Join(names, ", ") }
			fmt.Fprintf(os.Stderr, usage, list(mapNames), list(workloadNames), list(keyNames))
			if name == "--help" {
				os.Exit(0)
			}
			return o, fmt.Errorf("%s needs a value", name)
		}
		value := arguments[1]
		arguments = arguments[2:]
		var err error
		switch name {
		case "--map":
			o.maps, err = choose(value, mapNames)
		case "--workload":
			o.workloads, err = choose(value, workloadNames)
		case "--key":
			o.keys, err = choose(value, keyNames)
		case "--entries":
			o.entries, err = numbers(value)
		case "--goroutines":
			o.goroutines, err = numbers(value)
		case "--repetitions":
			o.repetitions, err = number(value)
		case "--milliseconds":
			var n int
			n, err = number(value)
			o.slice = time.Duration(n) * time.Millisecond
		case "--results":
			o.results = value
		default:
			err = errors.New("there is no such option; --help lists them")
		}
		if err != nil {
			return o, fmt.Errorf("%s: %w", name, err)
		}
	}
	slices.Sort(o.goroutines)
	o.goroutines = slices.Compact(o.goroutines)
	if most := slices.Max(o.goroutines); most > slices.Min(o.entries) {
		return o, fmt.Errorf("%d goroutines are more than there are entries", most)
	}
	return o, nil
}

// choose returns the names in a comma-separated list. Each must be one of names.
func choose(list string, names []string) ([]string, error) {
	chosen := strings.Split(list, ",")
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("%q is not one of %s", name, strings.Join(names, ", "))
		}
	}
	return chosen, nil
}

func numbers(list string) (all []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := number(text)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// number parses a number above 0, which may end in k or M.
func number(text string) (int, error) {
	digits, unit := text, 1
	if before, found := strings.CutSuffix(text, "k"); found {
		digits, unit = before, 1_000
	} else if before, found := strings.CutSuffix(text, "M"); found {
		digits, unit = before, 1_000_000
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%s is not a number above 0; it may end in k or M", text)
	}
	return n * unit, nil
}
