// check reads histories that record wrote, a line for each call and an empty line after each history, and judges them.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/portolan-map/portolan/tests/linear"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	var calls []linear.Call
	histories, checked, met := 0, 0, 0
	for lines.Scan() {
		if lines.Text() == "" {
			if err := linear.Check(calls); err != nil {
				fmt.Fprintf(os.Stderr, "history %d: %v\n", histories, err)
				os.Exit(1)
			}
			histories, checked, met = histories+1, checked+len(calls), met+linear.Meetings(calls)
			calls = calls[:0]
			continue
		}
		var c linear.Call
		var op rune
		if _, err := fmt.Sscanf(lines.Text(), "%d %d %c %d %d %d %t %d %d", &c.Thread, &c.Key, &op, &c.A, &c.B, &c.Value, &c.Is, &c.Start, &c.End); err != nil {
			fmt.Fprintf(os.Stderr, "%q: %v\n", lines.Text(), err)
			os.Exit(1)
		}
		c.Op = linear.Op(op)
		calls = append(calls, c)
	}
	if err := lines.Err(); err != nil || len(calls) > 0 || checked == 0 {
		fmt.Fprintln(os.Stderr, "the histories are not whole:", err)
		os.Exit(1)
	}
	fmt.Printf("%d calls in %d histories, linearizable; %d met another on the same key\n", checked, histories, met)
}
