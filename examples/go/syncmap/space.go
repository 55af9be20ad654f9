package main

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// space is a type of keys and a type of values, with functions that make them from numbers.
// Different numbers make different keys and values.
type space[K, V comparable] struct {
	name  string
	key   func(i int) K
	value func(n uint64) V
	// number is the inverse of value. ok is false if value never made v, for example if v is half
	// of one value and half of another.
	number func(v V) (n uint64, ok bool)
}

// The four combinations of words and bytes. Of the keys of bytes some are short, some are long, and
// one is empty.
var (
	textToText  = space[string, string]{"string to string", textKey, textValue, textNumber}
	wordToWord  = space[uint64, uint64]{"uint64 to uint64", wordKey, wordValue, wordNumber}
	bytesToWord = space[[16]byte, uint64]{"[16]byte to uint64", bytesKey, wordValue, wordNumber}
	wordToText  = space[int32, string]{"int32 to string", smallKey, textValue, textNumber}
)

// textKey makes keys of 0 to 40 bytes, and now and then of some hundred. They contain zero bytes
// and bytes that are not UTF-8.
func textKey(i int) string {
	if i == 0 {
		return ""
	}
	length := i % 41
	if i%97 == 0 {
		length = i % 500
	}
	return strconv.Itoa(i) + strings.Repeat("\x00\xff", length/2)
}

// wordKey makes words that look random. They are never equal, because the factor is odd.
func wordKey(i int) uint64 { return uint64(i) * 0x9e3779b97f4a7c15 }

// smallKey makes positive and negative keys.
func smallKey(i int) int32 { return int32(i ^ -(i & 1)) }

func bytesKey(i int) (key [16]byte) {
	binary.LittleEndian.PutUint64(key[i%9:], uint64(i))
	key[15] = byte(i % 9)
	return key
}

func wordValue(n uint64) uint64          { return n }
func wordNumber(v uint64) (uint64, bool) { return v, true }

// textValue makes "" from 0, and otherwise the number followed by up to some hundred times a letter
// that depends on it.
func textValue(n uint64) string {
	if n == 0 {
		return ""
	}
	length := n % 50
	if n%20 == 0 {
		length = n % 700
	}
	return strconv.FormatUint(n, 10) + ":" + strings.Repeat(string(rune('a'+n%26)), int(length))
}

func textNumber(v string) (uint64, bool) {
	if v == "" {
		return 0, true
	}
	digits, _, _ := strings.Cut(v, ":")
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && textValue(n) == v
}
