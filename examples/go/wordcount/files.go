package main

import (
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// files are the regular files below a folder. Symbolic links are not followed.
type files struct {
	paths   []string
	bytes   int
	skipped int // files and folders that could not be read
}

// listFiles lists the files below a folder and reads each once. Files that cannot be read are left
// out. The others are then in the system's cache, so the first kind need not wait for the disk.
func listFiles(folder string) (found files, err error) {
	folder, err = filepath.EvalSymlinks(folder)
	if err != nil {
		return found, err
	}
	if about, err := os.Stat(folder); err != nil {
		return found, err
	} else if !about.IsDir() {
		return found, fmt.Errorf("%s: not a folder", folder)
	}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			found.skipped++
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			found.skipped++
			return nil
		}
		found.paths = append(found.paths, path)
		found.bytes += len(text)
		return nil
	})
	return found, err
}

// longest is the length of the longest word in bytes. A longer run is cut after every so many
// bytes.
const longest = 64

// wordsOf iterates over the words of a file: runs of ASCII letters, digits, underscores and bytes
// from 0x80 up (so that UTF-8 characters stay together). A file that cannot be read has no words.
func wordsOf(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		bytes, _ := os.ReadFile(path) // it was readable before; -check finds out whether this matters
		text := string(bytes)         // the words are slices of this, so none is allocated
		start := 0
		for i := range len(text) + 1 {
			inWord := i < len(text) && isWord[text[i]]
			if inWord && i-start < longest {
				continue
			}
			if i > start && !yield(text[start:i]) {
				return
			}
			start = i
			if !inWord {
				start++
			}
		}
	}
}

var isWord = func() (is [256]bool) {
	for c := range 256 {
		is[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
	}
	return is
}()
