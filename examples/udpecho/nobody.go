package main

import (
	"fmt"
	"time"
)

// nobody sends to a port that has no socket. The machine answers with an ICMP
// message. That is kept for a socket that is connected to this address; for any
// other the kernel cannot say which of its datagrams it would be about.
func nobody() error {
	s, at, err := receiver()
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil { // the port is nobody's now
		return err
	}
	anna, err := connected(at)
	if err != nil {
		return err
	}
	defer anna.Close()
	ben, _, err := receiver()
	if err != nil {
		return err
	}
	defer ben.Close()

	p := make([]byte, 2000)
	if _, err := anna.Send([]byte("hello?"), 0); err != nil {
		return err
	}
	_, err = anna.Recv(p, 0)
	fmt.Printf("   anna, connected to %v: Send takes it; then %v\n", at, err)
	if _, err := ben.SendTo([]byte("hello?"), 0, at); err != nil {
		return err
	}
	const wait = 200 * time.Millisecond
	if err := ben.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	_, _, err = ben.RecvFrom(p, 0)
	fmt.Printf("   ben, not connected: SendTo takes it; then nothing for %v: %v\n", wait, err)
	return nil
}
