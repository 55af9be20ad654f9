//go:build !(linux && amd64 && gc && go1.24 && !go1.27 && !race && !msan && !asan)

// Package leaf is for other builds than this one.
package leaf

import "unsafe"

// Available tells whether Call can be called.
const Available = false

// Call panics.
func Call(fn, arg unsafe.Pointer) int32 { panic("not available") }
