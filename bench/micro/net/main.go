// The micro-benchmarks with package net; micro/sock and c/micro.c have their twins.
package main

import "github.com/berkeleysockets/sock/bench/internal/twin"

// Package net has no poller; its counterpart is a waiting goroutine, which pingpong measures.
// A batch is sent one by one.
var works = map[string]twin.Work{
	"pingpong":     twin.PingPong(tcp),
	"sendrecv":     openPair,
	"sendrecv-tcp": openTCP,
	"connect":      openConnect,
	"udp":          openUDP,
	"batch":        openBatch,
	"gso":          openGSO,
	"bulk":         twin.Bulk(tcp),
	"sendfile":     twin.SendFile(tcp),
	"splice":       twin.Splice(tcp),
}

func main() { twin.Main(works) }
