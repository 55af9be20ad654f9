// check reads the output of record, which has a line for each call and an empty line after each history. It
// checks several histories at a time while it reads on.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/portolan-map/portolan/tests/linear"
)

// longest is the maximum length of a history in bytes.
const longest = 64 << 20

// fields is the rest of a line, and the first error found in it.
type fields struct {
	rest string
	err  error
}

func (f *fields) word() string {
	word, rest, _ := strings.Cut(f.rest, " ")
	f.rest = rest
	return word
}
func (f *fields) number() uint64 {
	n, err := strconv.ParseUint(f.word(), 10, 64)
	f.err = errors.Join(f.err, err)
	return n
}
func (f *fields) truth() bool {
	is, err := strconv.ParseBool(f.word())
	f.err = errors.Join(f.err, err)
	return is
}

// parse parses the calls of a history.
func parse(history string) (calls []linear.Call, err error) {
	for line := range strings.SplitSeq(history, "\n") {
		f := fields{rest: line}
		c := linear.Call{Thread: int(f.number()), Key: f.number()}
		if op := f.word(); len(op) == 1 {
			c.Op = linear.Op(op[0])
		}
		c.A, c.B, c.Value, c.Is = f.number(), f.number(), f.number(), f.truth()
		c.Start, c.End = int64(f.number()), int64(f.number())
		if f.err != nil || f.rest != "" || c.Op == 0 {
			return nil, fmt.Errorf("not a call: %q: %w", line, f.err)
		}
		calls = append(calls, c)
	}
	return calls, nil
}

// split makes a bufio.Scanner return whole histories. An incomplete one at the end is an error.
func split(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if end := bytes.Index(data, []byte("\n\n")); end >= 0 {
		return end + 2, data[:end], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errors.New("the last history is incomplete")
	}
	return 0, nil, nil
}

func refuse(history int, err error) {
	fmt.Fprintf(os.Stderr, "history %d: %v\n", history, err)
	os.Exit(1)
}

func main() {
	type numbered struct {
		number int
		text   string
	}
	histories := make(chan numbered)
	var checking sync.WaitGroup
	var totals sync.Mutex
	read, checked, met := 0, 0, 0
	for range runtime.GOMAXPROCS(0) {
		checking.Add(1)
		go func() {
			defer checking.Done()
			for history := range histories {
				calls, err := parse(history.text)
				if err == nil {
					err = linear.Check(calls)
				}
				if err != nil {
					refuse(history.number, err)
				}
				meetings := linear.Meetings(calls)
				totals.Lock()
				checked, met = checked+len(calls), met+meetings
				totals.Unlock()
			}
		}()
	}
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, longest)
	scanner.Split(split)
	for ; scanner.Scan(); read++ {
		histories <- numbered{read, scanner.Text()}
	}
	if err := scanner.Err(); err != nil {
		refuse(read, err)
	}
	close(histories)
	checking.Wait()
	if checked == 0 {
		refuse(0, errors.New("the input has no history"))
	}
	fmt.Printf("%d calls in %d histories, linearizable; %d met another on the same key\n", checked, read, met)
}
