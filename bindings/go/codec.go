package portolan

import (
	"reflect"
	"unsafe"
)

// form says how a Go value lies in memory, and so how to convert it to a word or to bytes.
type form uint8

const (
	// These are converted to one 64-bit word.
	word64   form = iota // any number of 8 bytes: its bits
	signed32             // sign-extended, so that the word has the value of the number
	signed16
	signed8
	bits32 // zero-extended: unsigned integers, bools, the bits of floats
	bits16
	bits8

	// These are converted to bytes.
	text  // a string
	blob  // a []byte
	fixed // an array or struct: its memory
)

// The forms of numbers by their size in bytes.
var (
	signedForms = [9]form{1: signed8, 2: signed16, 4: signed32, 8: word64}
	bitsForms   = [9]form{1: bits8, 2: bits16, 4: bits32, 8: word64}
)

// codec converts the Go values of one type to words or bytes and back. Its methods take a pointer
// to such a value.
type codec struct {
	form    form
	integer bool
	size    int // of the Go value in memory
}

// newCodec returns the codec of a type that checkKey or checkValue accepts.
func newCodec(t reflect.Type) codec {
	c := codec{size: int(t.Size())}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.form, c.integer = signedForms[c.size], true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		c.form, c.integer = bitsForms[c.size], true
	case reflect.Bool, reflect.Float32, reflect.Float64:
		c.form = bitsForms[c.size]
	case reflect.String:
		c.form = text
	case reflect.Slice:
		c.form = blob
	case reflect.Array, reflect.Struct:
		c.form = fixed
	}
	return c
}

// isWord reports whether values are converted to words, not to bytes.
func (c *codec) isWord() bool { return c.form < text }

// word returns the word of *p.
func (c *codec) word(p unsafe.Pointer) uint64 {
	switch c.form {
	case word64:
		return *(*uint64)(p)
	case signed32:
		return uint64(*(*int32)(p))
	case signed16:
		return uint64(*(*int16)(p))
	case signed8:
		return uint64(*(*int8)(p))
	case bits32:
		return uint64(*(*uint32)(p))
	case bits16:
		return uint64(*(*uint16)(p))
	default:
		return uint64(*(*uint8)(p))
	}
}

// setWord sets *p to the value whose word is w.
func (c *codec) setWord(p unsafe.Pointer, w uint64) {
	switch c.size {
	case 8:
		*(*uint64)(p) = w
	case 4:
		*(*uint32)(p) = uint32(w)
	case 2:
		*(*uint16)(p) = uint16(w)
	default:
		*(*uint8)(p) = uint8(w)
	}
}

// bytes returns the bytes of *p, without copying them. If *p converts to a word, it stores that in
// *word and returns the bytes of *word.
func (c *codec) bytes(p unsafe.Pointer, word *uint64) []byte {
	switch c.form {
	case text:
		s := *(*string)(p)
		return unsafe.Slice(unsafe.StringData(s), len(s))
	case blob:
		b := *(*[]byte)(p)
		raceRead(unsafe.Pointer(unsafe.SliceData(b)), len(b))
		return b
	case fixed:
		return unsafe.Slice((*byte)(p), c.size)
	default:
		*word = c.word(p)
		return wordBytes(word)
	}
}

// wordBytes returns the memory of *w.
func wordBytes(w *uint64) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(w)), 8) }

// setBytes sets *p to the value whose bytes are b. It copies b.
func (c *codec) setBytes(p unsafe.Pointer, b []byte) {
	switch c.form {
	case text:
		*(*string)(p) = string(b)
	case blob:
		*(*[]byte)(p) = append(make([]byte, 0, len(b)), b...)
	default:
		copy(unsafe.Slice((*byte)(p), c.size), b)
	}
}

// keepBytes sets *p to the string or []byte whose bytes are b. It does not copy b, so nobody may
// change b afterwards.
func (c *codec) keepBytes(p unsafe.Pointer, b []byte) {
	if c.form == text {
		*(*string)(p) = unsafe.String(unsafe.SliceData(b), len(b))
	} else {
		*(*[]byte)(p) = b
	}
}

// setZero sets *p to the zero value.
func (c *codec) setZero(p unsafe.Pointer) {
	switch c.form {
	case text:
		*(*string)(p) = ""
	case blob:
		*(*[]byte)(p) = nil
	default:
		clear(unsafe.Slice((*byte)(p), c.size))
	}
}
