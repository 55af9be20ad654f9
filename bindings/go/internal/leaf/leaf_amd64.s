//go:build linux && gc && go1.24 && !go1.27 && !race && !msan && !asan

#include "textflag.h"

// func Call(fn, arg unsafe.Pointer) int32
// asmcgocall has the same signature, so it finds its arguments where they lie and returns to the caller.
TEXT ·Call(SB), NOSPLIT, $0-20
	JMP runtime·asmcgocall(SB)
