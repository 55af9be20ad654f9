//go:build linux && amd64 && gc && go1.24 && !go1.27 && !race && !msan && !asan

// Package leaf calls C functions that return at once, without telling the scheduler.
//
// What cgo does around a call, it does so that the call may block: it hands the processor to other goroutines, and takes one
// back. That takes longer than a look into a map, and its atomic instructions keep the processor from beginning the next look while
// this one waits for memory. A function that never blocks needs none of it, only a stack that C can use. The
// runtime's own way to call such functions, asmcgocall, gives it the thread's.
//
// During the call the goroutine cannot be preempted, and so the garbage collector waits for it: the function must
// not wait for anything, least of all for another goroutine, nor call back into Go. It should take microseconds at most.
//
// The runtime does not promise that asmcgocall stays as it is. So the versions of Go and the system that this was tested with are named in
// the build constraint of this file; with any other, on other processors, and under the race detector and the sanitizers, which have
// to see each call, Available is false, and the caller goes through cgo.
package leaf

import "unsafe"

// Available tells whether Call can be called.
const Available = true

// Call calls the C function fn, which takes one pointer. What arg points to may lie on the caller's stack.
//
//go:noescape
func Call(fn, arg unsafe.Pointer) int32
