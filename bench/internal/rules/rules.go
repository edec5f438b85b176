// Package rules is what all echo servers of the benchmark are given, and have to
// keep to.
package rules

import (
	"flag"
	"log"
)

// Addr is where a server listens, and Buffer how many bytes it receives at most at
// a time: an event loop into one buffer for all, a goroutine into its own.
var (
	Addr   string
	Buffer int
)

// Backlog is how many connections may wait to be accepted.
const Backlog = 4096

// Parse reads the command line.
func Parse() {
	log.SetFlags(0)
	flag.StringVar(&Addr, "addr", "127.0.0.1:7000", "where to listen")
	flag.IntVar(&Buffer, "buffer", 64<<10, "bytes to receive at a time")
	flag.Parse()
}
