// The micro-benchmarks with sock; micro/net and c/micro.c have their twins.
package main

import "github.com/berkeleysockets/sock/bench/internal/twin"

var works = map[string]twin.Work{
	"pingpong":     twin.PingPong(conns),
	"sendrecv":     openPair,
	"sendrecv-tcp": openTCP,
	"poller":       openPoller,
	"connect":      openConnect,
	"udp":          openUDP,
	"batch":        openBatch,
	"gso":          openGSO,
	"bulk":         twin.Bulk(conns),
	"sendfile":     twin.SendFile(conns),
	"splice":       twin.Splice(conns),
}

func main() { twin.Main(works) }
