package main

import (
	"fmt"

	"github.com/berkeleysockets/sock"
)

// boundaries shows that one Send is one Recv, whatever the datagram contains.
func boundaries() error {
	s, at, err := receiver()
	if err != nil {
		return err
	}
	defer s.Close()
	alice, err := connected(at)
	if err != nil {
		return err
	}
	defer alice.Close()

	fmt.Println("   alice sends \"hello\", then nothing at all, then \"good morning\": three times Send")
	for _, text := range []string{"hello", "", "good morning"} {
		if _, err := alice.Send([]byte(text), 0); err != nil {
			return err
		}
	}
	m := sock.Message{Bufs: [][]byte{make([]byte, 2000)}}
	for range 3 {
		if err := answerOne(s, &m); err != nil {
			return err
		}
	}
	// Alice has room for 4 bytes of each. A stream would keep the rest for the next Recv.
	// Here the rest is lost, and only RecvMsg reports it.
	small := sock.Message{Bufs: [][]byte{make([]byte, 4)}}
	for range 3 {
		n, err := alice.RecvMsg(&small, 0)
		if err != nil {
			return err
		}
		cut := ""
		if small.Flags&sock.Trunc != 0 {
			cut = ", and Trunc: the rest did not fit and is lost"
		}
		fmt.Printf("   alice receives %q%s\n", small.Bufs[0][:n], cut)
	}
	_, err = alice.Recv(small.Bufs[0], sock.DontWait)
	fmt.Println("   and then:", err)
	return nil
}

// clients shows that one socket of the server serves all clients, and the use of Connect:
// a connected socket receives from one address only.
func clients() error {
	s, at, err := receiver()
	if err != nil {
		return err
	}
	defer s.Close()
	alice, err := connected(at)
	if err != nil {
		return err
	}
	defer alice.Close()
	bob, bobAt, err := receiver() // not connected: each datagram has its address
	if err != nil {
		return err
	}
	defer bob.Close()

	if _, err := alice.Send([]byte("I am alice"), 0); err != nil {
		return err
	}
	if _, err := bob.SendTo([]byte("and I am bob"), 0, at); err != nil {
		return err
	}
	m := sock.Message{Bufs: [][]byte{make([]byte, 2000)}}
	for range 2 {
		if err := answerOne(s, &m); err != nil {
			return err
		}
	}
	p := make([]byte, 2000)
	n, err := alice.Recv(p, 0)
	if err != nil {
		return err
	}
	fmt.Printf("   alice receives %q\n", p[:n])
	n, from, err := bob.RecvFrom(p, 0)
	if err != nil {
		return err
	}
	fmt.Printf("   bob, at %v, receives %q from %v\n", bobAt, p[:n], from)

	aliceAt, err := alice.Sockname()
	if err != nil {
		return err
	}
	if _, err := bob.SendTo([]byte("hello alice"), 0, aliceAt); err != nil {
		return err
	}
	_, err = alice.Recv(p, sock.DontWait)
	fmt.Println("   bob sends to alice, who is connected to the server and hears nobody else:", err)
	return nil
}
