//go:build race

package portolan

import (
	"runtime"
	"unsafe"
)

// The race detector does not see that C reads and writes the caller's memory; these functions tell
// it. They need not tell it that calls on a map synchronize, because it assumes that of all cgo
// calls.

func raceRead(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceReadRange(p, n)
	}
}

func raceWrite(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceWriteRange(p, n)
	}
}
