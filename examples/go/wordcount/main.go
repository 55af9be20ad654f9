// Command wordcount counts the words of all files below a folder, with N goroutines that count into
// one map.
//
// It shows a map from string to uint64 as a set of atomic counters. m.Add(word, 1) creates a
// counter when a word comes for the first time, and adds to it after that. examples/c/wordcount.c
// is the same program in C. Run it in the folder above this one, with the library installed.
// (ci/build-examples.sh builds it without.)
//
//	go run ./wordcount                          counts Go's source tree
//	go run ./wordcount -check -threads 8 FOLDER compares each count with a single-threaded one
//	go run ./wordcount -kind sharded FOLDER     uses one kind only
//
// files.go says what a word is. The exit status is 0 if all kinds agree (and with -check if all
// counts are right), 1 if not, and 2 if the program could not do its work.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portolan-map/portolan/bindings/go"
)

type counts = portolan.Map[string, uint64]

func main() {
	log.SetFlags(0)
	log.SetPrefix("wordcount: ")
	threads := flag.Int("threads", runtime.NumCPU(), "number of goroutines; the bucketed kind always has one")
	only := flag.String("kind", "", "one kind only: bucketed, mutex, rwmutex, sharded or read_dirty")
	check := flag.Bool("check", false, "compare each count with a single-threaded one")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: wordcount [-threads N] [-kind KIND] [-check] [FOLDER]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 1 || *threads < 1 || *threads > 1024 {
		flag.Usage()
		os.Exit(2)
	}
	folder := flag.Arg(0)
	if folder == "" {
		folder = defaultFolder()
	}
	var kinds []portolan.Kind
	for kind := portolan.Bucketed; kind <= portolan.ReadDirty; kind++ {
		if *only == "" || *only == kind.String() {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		fail(fmt.Errorf("no kind is called %s", *only))
	}

	files, err := listFiles(folder)
	if err != nil {
		fail(err)
	}
	say("%s: %d files, %.1f MB, %d skipped\n", folder, len(files.paths), float64(files.bytes)/1e6, files.skipped)
	say("%-10s  %7s  %10s  %9s  %8s  %11s\n", "kind", "threads", "words", "distinct", "seconds", "words/s")
	var plain map[string]uint64
	if *check {
		start := time.Now()
		plain = map[string]uint64{}
		words := uint64(0)
		for _, path := range files.paths {
			for word := range wordsOf(path) {
				plain[word]++
				words++
			}
		}
		row("(plain)", 1, words, len(plain), time.Since(start), "")
	}

	var first []entry
	wrong := false
	for i, kind := range kinds {
		m, err := portolan.New[string, uint64](portolan.WithKind(kind))
		if err != nil {
			fail(err)
		}
		goroutines := *threads
		if kind == portolan.Bucketed {
			goroutines = 1
		}
		start := time.Now()
		words := count(m, kind, files.paths, goroutines)
		took := time.Since(start)

		entries := sorted(m)
		if err := m.Close(); err != nil {
			fail(err)
		}
		if i == 0 {
			first = entries
		}
		verdict := ""
		if difference := compare(entries, plain, words); difference != "" {
			verdict = "  WRONG: " + difference
		} else if !slices.Equal(entries, first) {
			verdict = "  WRONG: the counts differ from those of the first kind"
		} else if *check {
			verdict = "  all counts right"
		}
		wrong = wrong || strings.Contains(verdict, "WRONG")
		row(kind.String(), goroutines, words, len(entries), took, verdict)
	}

	top := first[:min(20, len(first))]
	say("\nthe %d most frequent words:\n", len(top))
	for _, e := range top {
		say("%10d  %s\n", e.count, e.word)
	}
	if wrong {
		os.Exit(1)
	}
}

func row(kind string, goroutines int, words uint64, distinct int, took time.Duration, verdict string) {
	seconds := took.Seconds()
	say("%-10s  %7d  %10d  %9d  %8.3f  %11.0f%s\n", kind, goroutines, words, distinct, seconds, float64(words)/seconds, verdict)
}

// count counts all files into m: each goroutine takes one file after the other. It returns the
// number of words.
func count(m *counts, kind portolan.Kind, paths []string, goroutines int) uint64 {
	var next, words atomic.Uint64
	var done sync.WaitGroup
	for range goroutines {
		done.Add(1)
		go func() {
			defer done.Done()
			for file := next.Add(1) - 1; file < uint64(len(paths)); file = next.Add(1) - 1 {
				mine := uint64(0)
				for word := range wordsOf(paths[file]) {
					m.Add(word, 1)
					mine++
				}
				words.Add(mine)
			}
		}()
	}
	stop := showProgress(kind, &next, len(paths))
	done.Wait()
	stop()
	return words.Load()
}

// showProgress prints on a terminal, twenty times a second, how many files have been started. stop
// ends that.
func showProgress(kind portolan.Kind, taken *atomic.Uint64, files int) (stop func()) {
	if about, err := os.Stderr.Stat(); err != nil || about.Mode()&os.ModeCharDevice == 0 {
		return func() {}
	}
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-quit:
				fmt.Fprint(os.Stderr, "\r\033[K")
				return
			case <-time.After(50 * time.Millisecond):
				fmt.Fprintf(os.Stderr, "\r%-10v  %d of %d files", kind, min(int(taken.Load()), files), files)
			}
		}
	}()
	return func() {
		close(quit)
		<-gone
	}
}

type entry struct {
	word  string
	count uint64
}

// sorted returns the entries of m: more frequent words first, equally frequent ones in the order of
// their bytes.
func sorted(m *counts) []entry {
	entries := make([]entry, 0, m.Len())
	for word, count := range m.All() {
		entries = append(entries, entry{word, count})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.word, b.word))
	})
	return entries
}

// compare describes where the entries differ from the plain count, if there is one, or from the
// number of words. It returns "" if they do not differ.
func compare(entries []entry, plain map[string]uint64, words uint64) string {
	sum := uint64(0)
	for i, e := range entries {
		sum += e.count
		if plain != nil && plain[e.word] != e.count {
			return fmt.Sprintf("%s: expected %d, got %d", e.word, plain[e.word], e.count)
		}
		if i > 0 && e == entries[i-1] {
			return fmt.Sprintf("%s: visited twice", e.word)
		}
	}
	if plain != nil && len(entries) != len(plain) {
		return fmt.Sprintf("expected %d distinct words, got %d", len(plain), len(entries))
	}
	if sum != words {
		return fmt.Sprintf("the counts add up to %d", sum)
	}
	return ""
}

// defaultFolder returns Go's source tree, or the folder of the C headers if there is none.
func defaultFolder() string {
	var folders []string
	if root, err := exec.Command("go", "env", "GOROOT").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(root))+"/src")
	}
	for _, folder := range append(folders, "/usr/local/go/src") {
		if about, err := os.Stat(folder); err == nil && about.IsDir() {
			return folder
		}
	}
	return "/usr/include"
}

// say prints results. It ends the program if they cannot be written.
func say(format string, args ...any) {
	if _, err := fmt.Printf(format, args...); err != nil {
		fail(err)
	}
}

func fail(err error) {
	log.Print(err)
	os.Exit(2)
}
