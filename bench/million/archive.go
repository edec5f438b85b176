//go:build linux

package main

import (
	"compress/gzip"
	"fmt"
	"io"
)

// An entry is a file of an initramfs.
type entry struct {
	name    string
	mode    uint32 // with the type, as in stat(2)
	device  [2]int // major and minor number of a device
	content []byte
}

const (
	directory = 0o040755
	program   = 0o100755
	charDev   = 0o020600
)

// writeArchive writes an archive in the format that the kernel unpacks when it boots: cpio(5)
// "newc", compressed.
func writeArchive(w io.Writer, entries []entry) error {
	z := gzip.NewWriter(w)
	for i, e := range append(entries, entry{name: "TRAILER!!!"}) {
		header := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
			i+1, e.mode, 0, 0, 1, 0, len(e.content), 0, 0, e.device[0], e.device[1], len(e.name)+1, 0)
		for _, part := range [][]byte{append([]byte(header+e.name), 0), e.content} {
			padded := append(part[:len(part):len(part)], make([]byte, -len(part)&3)...)
			if _, err := z.Write(padded); err != nil {
				return err
			}
		}
	}
	return z.Close()
}
