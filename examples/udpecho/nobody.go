package main

import (
	"fmt"
	"time"
)

// nobody sends to a port without a socket. The machine answers with an ICMP message. The
// kernel keeps it for a socket that is connected to this address; for any other socket it
// could not tell which datagram it concerns.
func nobody() error {
	s, at, err := receiver()
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil { // no socket has the port now
		return err
	}
	alice, err := connected(at)
	if err != nil {
		return err
	}
	defer alice.Close()
	bob, _, err := receiver()
	if err != nil {
		return err
	}
	defer bob.Close()

	p := make([]byte, 2000)
	if _, err := alice.Send([]byte("hello?"), 0); err != nil {
		return err
	}
	_, err = alice.Recv(p, 0)
	fmt.Printf("   alice, connected to %v: Send takes it; then %v\n", at, err)
	if _, err := bob.SendTo([]byte("hello?"), 0, at); err != nil {
		return err
	}
	const wait = 200 * time.Millisecond
	if err := bob.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	_, _, err = bob.RecvFrom(p, 0)
	fmt.Printf("   bob, not connected: SendTo takes it; then nothing for %v: %v\n", wait, err)
	return nil
}
