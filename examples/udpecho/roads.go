package main

import (
	"fmt"
	"slices"

	"github.com/berkeleysockets/sock"
)

// roads puts a network between sender and receiver: two roads, one longer than the other,
// and both lose datagrams. The numbers show the receiver what happened.
func roads() error {
	to, at, err := receiver()
	if err != nil {
		return err
	}
	defer to.Close()
	in, network, err := receiver()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := connected(at)
	if err != nil {
		return err
	}
	defer out.Close()
	alice, err := connected(network)
	if err != nil {
		return err
	}
	defer alice.Close()

	const sent = 12
	for n := 1; n <= sent; n++ {
		if _, err := alice.Send(numbered(n, "hello"), 0); err != nil {
			return err
		}
	}
	forwarded, err := forward(in, out, sent)
	if err != nil {
		return err
	}
	var came []int
	p := make([]byte, 2000)
	for range forwarded {
		size, err := to.Recv(p, 0)
		if err != nil {
			return err
		}
		if n, _, ok := number(p[:size]); ok {
			came = append(came, n)
		}
	}
	fmt.Printf("   sent:      1-%d\n", sent)
	fmt.Printf("   arrived:   %v\n", came)
	once := slices.Compact(slices.Sorted(slices.Values(came)))
	fmt.Printf("   in order:  %v\n", once)
	fmt.Printf("   lost:      %s; twice: %d; overtaken: %s\n", ranges(missing(came, sent)), len(came)-len(once), ranges(overtaken(came)))
	return nil
}

// forward forwards what it receives. Every third datagram takes the longer road and
// arrives after the next two; the fifth is lost, and the tenth arrives twice.
func forward(in, out *sock.Socket, datagrams int) (sent int, err error) {
	p := make([]byte, 2000)
	send := func(datagram []byte, times int) {
		for ; times > 0 && err == nil; times-- {
			_, err = out.Send(datagram, 0)
			sent++
		}
	}
	var longer []byte // datagrams on the longer road
	behind := 0       // number of datagrams that will still overtake it
	for i := 1; i <= datagrams; i++ {
		n, e := in.Recv(p, 0)
		if e != nil {
			return sent, e
		}
		switch {
		case i%3 == 0:
			longer, behind = slices.Clone(p[:n]), 2
			continue
		case i == 5:
		case i == 10:
			send(p[:n], 2)
		default:
			send(p[:n], 1)
		}
		if behind--; behind == 0 {
			send(longer, 1)
		}
	}
	if behind > 0 {
		send(longer, 1)
	}
	return sent, err
}

// overtaken returns the numbers that arrived after a higher one.
func overtaken(came []int) (late []int) {
	highest := 0
	for _, n := range came {
		if n < highest {
			late = append(late, n)
		}
		highest = max(highest, n)
	}
	return late
}
