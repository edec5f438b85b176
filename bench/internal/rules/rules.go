// Package rules has the command line and the rules that all echo servers of the bench share.
package rules

import (
	"flag"
	"log"
)

// Addr is the address of the server. Buffer is the largest number of bytes that it receives
// at a time: an event loop has one buffer for all, a goroutine has its own.
var (
	Addr   string
	Buffer int
)

// Backlog is the backlog of the listener.
const Backlog = 4096

// Parse reads the command line.
func Parse() {
	log.SetFlags(0)
	flag.StringVar(&Addr, "addr", "127.0.0.1:7000", "where to listen")
	flag.IntVar(&Buffer, "buffer", 64<<10, "bytes to receive at a time")
	flag.Parse()
}
