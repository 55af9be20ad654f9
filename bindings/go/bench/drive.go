package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// order tells a child process to do one job on one map. The child replies with an answer. Map and
// Key are the same in all orders to one child.
type order struct {
	Map, Key, Workload  string
	Entries, Goroutines int
	Slice               time.Duration
}

type answer struct {
	PerOp     float64
	GC        time.Duration
	HeapBytes uint64
}

// child reads orders and carries them out, on one map, until its input ends.
func child(orders io.Reader, answers io.Writer) {
	var r runner
	in, out := json.NewDecoder(orders), json.NewEncoder(answers)
	for o := (order{}); in.Decode(&o) == nil; {
		if r == nil {
			r = newRunner(o.Map, o.Key)
		}
		m := r.run(job{o.Workload, o.Entries, o.Goroutines, o.Slice})
		if err := out.Encode(answer{m.perOp, m.gc, m.heapBytes}); err != nil {
			panic(err)
		}
	}
}

// process is a child process that holds one map.
type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
}

func startProcess() (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, "--child")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &process{command, in, json.NewDecoder(bufio.NewReader(out))}, command.Start()
}

func (p *process) do(o order) (a answer, err error) {
	if err = json.NewEncoder(p.in).Encode(o); err == nil {
		err = p.out.Decode(&a)
	}
	if err != nil {
		err = fmt.Errorf("%s failed at %s with %d entries on %d goroutines: %w", o.Map, o.Workload, o.Entries, o.Goroutines, err)
	}
	return a, err
}

// end kills the child, which may still be working.
func (p *process) end() {
	p.command.Process.Kill()
	p.command.Wait()
}

// row is one line of the results.
type row struct {
	Map        string   `json:"map"`
	Kind       string   `json:"kind"`
	Workload   string   `json:"workload"`
	Key        string   `json:"key"`
	Value      string   `json:"value"`
	Entries    int      `json:"entries"`
	Goroutines int      `json:"threads"`
	Batch      int      `json:"batch"`
	PerOp      *float64 `json:"ns_per_op,omitempty"`
	GC         *float64 `json:"gc_ms,omitempty"`
	Heap       *uint64  `json:"heap_bytes,omitempty"`
	Low        float64  `json:"low"`
	High       float64  `json:"high"`
}

// figure is the number by which rows of one workload are compared.
func (r *row) figure() float64 {
	if r.GC != nil {
		return *r.GC
	}
	return *r.PerOp
}

func newRow(o order, answers []answer) row {
	of, kind := named(o.Map)
	r := row{Map: of, Kind: kind, Workload: o.Workload, Key: o.Key, Value: "word", Entries: o.Entries, Goroutines: o.Goroutines, Batch: 1}
	if o.Workload == "batch64" {
		r.Batch = batch
	}
	var figures []float64
	for _, a := range answers {
		if o.Workload == "gc" {
			figures = append(figures, float64(a.GC)/1e6)
			r.Heap = &a.HeapBytes
		} else {
			figures = append(figures, a.PerOp)
		}
	}
	slices.Sort(figures)
	median := &figures[len(figures)/2]
	if o.Workload == "gc" {
		r.GC = median
	} else {
		r.PerOp = median
	}
	r.Low, r.High = figures[0], figures[len(figures)-1]
	return r
}

func drive(o options) error {
	if err := os.MkdirAll(filepath.Dir(o.results), 0o777); err != nil {
		return err
	}
	results, err := os.OpenFile(o.results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer results.Close()
	t := newTableOfRatios(o)
	for _, key := range o.keys {
		for _, entries := range o.entries {
			if err := driveSize(o, key, entries, t, json.NewEncoder(results)); err != nil {
				return err
			}
		}
	}
	t.end(os.Stdout)
	fmt.Printf("\nevery row as JSON: %s\n", o.results)
	return nil
}

// driveSize runs all workloads at one size.
func driveSize(o options, key string, entries int, t *tableOfRatios, results *json.Encoder) error {
	processes := map[string]*process{}
	for _, name := range o.maps {
		p, err := startProcess()
		if err != nil {
			return err
		}
		defer p.end()
		processes[name] = p
	}
	for _, workload := range o.workloads {
		for _, goroutines := range o.goroutines {
			if workload == "gc" && goroutines != o.goroutines[0] {
				continue // the collector uses goroutines of its own: one row is enough
			}
			fmt.Fprintf(os.Stderr, "%s %s, %d entries, %d goroutines ...\n", key, workload, entries, goroutines)
			answers := map[string][]answer{}
			// The first round does not count: it fills the maps and warms the caches.
			for round := range o.repetitions + 1 {
				for _, name := range o.maps {
					if name == "plain" && goroutines > 1 {
						continue
					}
					a, err := processes[name].do(order{name, key, workload, entries, goroutines, o.slice})
					if err != nil {
						return err
					}
					if round > 0 {
						answers[name] = append(answers[name], a)
					}
				}
			}
			for _, name := range o.maps {
				if len(answers[name]) == 0 {
					continue
				}
				r := newRow(order{name, key, workload, entries, goroutines, o.slice}, answers[name])
				if err := results.Encode(r); err != nil {
					return err
				}
				t.add(name, r)
			}
		}
	}
	return nil
}
