package main

import (
	"fmt"

	"github.com/berkeleysockets/sock"
)

// boundaries shows that one Send is one Recv, whatever is in it.
func boundaries() error {
	s, at, err := receiver()
	if err != nil {
		return err
	}
	defer s.Close()
	anna, err := connected(at)
	if err != nil {
		return err
	}
	defer anna.Close()

	fmt.Println("   anna sends \"hello\", then nothing at all, then \"good morning\": three times Send")
	for _, text := range []string{"hello", "", "good morning"} {
		if _, err := anna.Send([]byte(text), 0); err != nil {
			return err
		}
	}
	m := sock.Message{Bufs: [][]byte{make([]byte, 2000)}}
	for range 3 {
		if err := answerOne(s, &m); err != nil {
			return err
		}
	}
	// She has room for 4 bytes of each. A stream would keep the rest for the next
	// Recv. Here it is gone, and only RecvMsg says so.
	small := sock.Message{Bufs: [][]byte{make([]byte, 4)}}
	for range 3 {
		n, err := anna.RecvMsg(&small, 0)
		if err != nil {
			return err
		}
		cut := ""
		if small.Flags&sock.Trunc != 0 {
			cut = ", and Trunc: the rest did not fit and is lost"
		}
		fmt.Printf("   anna receives %q%s\n", small.Bufs[0][:n], cut)
	}
	_, err = anna.Recv(small.Bufs[0], sock.DontWait)
	fmt.Println("   and then:", err)
	return nil
}

// clients shows that one socket of the server's is for all of them, and what
// Connect is good for: a connected socket receives from nobody else.
func clients() error {
	s, at, err := receiver()
	if err != nil {
		return err
	}
	defer s.Close()
	anna, err := connected(at)
	if err != nil {
		return err
	}
	defer anna.Close()
	ben, benAt, err := receiver() // not connected: he says with each datagram where to
	if err != nil {
		return err
	}
	defer ben.Close()

	if _, err := anna.Send([]byte("I am anna"), 0); err != nil {
		return err
	}
	if _, err := ben.SendTo([]byte("and I am ben"), 0, at); err != nil {
		return err
	}
	m := sock.Message{Bufs: [][]byte{make([]byte, 2000)}}
	for range 2 {
		if err := answerOne(s, &m); err != nil {
			return err
		}
	}
	p := make([]byte, 2000)
	n, err := anna.Recv(p, 0)
	if err != nil {
		return err
	}
	fmt.Printf("   anna receives %q\n", p[:n])
	n, from, err := ben.RecvFrom(p, 0)
	if err != nil {
		return err
	}
	fmt.Printf("   ben, at %v, receives %q from %v\n", benAt, p[:n], from)

	annaAt, err := anna.Sockname()
	if err != nil {
		return err
	}
	if _, err := ben.SendTo([]byte("hello anna"), 0, annaAt); err != nil {
		return err
	}
	_, err = anna.Recv(p, sock.DontWait)
	fmt.Println("   ben sends to anna, who is connected to the server and hears nobody else:", err)
	return nil
}
