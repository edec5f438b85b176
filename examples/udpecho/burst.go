package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/sockopt"
)

// burst sends more than the receiver's buffer holds, while the receiver is busy. The
// kernel drops the rest, on this machine, without any network, and the sender does not
// notice.
func burst() error {
	s, at, err := receiver()
	if err != nil {
		return err
	}
	defer s.Close()
	if err := sockopt.RecvBuffer.Set(s, 4096); err != nil {
		return err
	}
	size, err := sockopt.RecvBuffer.Get(s)
	if err != nil {
		return err
	}
	fmt.Printf("   the receiver's buffer: %d bytes, of which the kernel needs some for itself\n", size)
	counted := sockopt.RxQueueOverflow.Set(s, true) == nil // Linux reports the number of dropped datagrams
	alice, err := connected(at)
	if err != nil {
		return err
	}
	defer alice.Close()

	const half = 100
	heard := arrivals{socket: s}
	for range 2 {
		for i := range half {
			if _, err := alice.Send(numbered(heard.sent+i+1, strings.Repeat("x", 500)), 0); err != nil {
				return err
			}
		}
		heard.sent += half
		fmt.Printf("   alice sends %d datagrams, and no Send fails; now the receiver looks\n", half)
		if err := heard.drain(); err != nil {
			return err
		}
	}
	// The number of drops arrives with a later datagram that was not dropped.
	for try := 0; !heard.last; try++ {
		if try == 20 {
			return errors.New("none of twenty datagrams arrived, though there is room")
		}
		if _, err := alice.Send([]byte("that was all"), 0); err != nil {
			return err
		}
		if err := s.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
			return err
		}
		if err := heard.untilLast(); err != nil {
			return err
		}
	}
	lost := missing(heard.numbers, heard.sent)
	fmt.Println("   arrived:", ranges(heard.numbers))
	fmt.Printf("   lost:    %s: %d of %d\n", ranges(lost), len(lost), heard.sent)
	if counted {
		fmt.Printf("   the kernel says that it dropped %d (sockopt.RxQueueOverflow)\n", heard.drops)
	}
	return nil
}

// arrivals returns the numbers that a socket received.
type arrivals struct {
	socket  *sock.Socket
	sent    int
	numbers []int
	drops   uint32
	last    bool
}

// drain receives everything that has arrived.
func (a *arrivals) drain() error {
	for {
		if err := a.receive(sock.DontWait); err != nil {
			if err == sock.ErrWouldBlock {
				return nil
			}
			return err
		}
	}
}

// untilLast receives until the datagram without a number, or the deadline.
func (a *arrivals) untilLast() error {
	for !a.last {
		if err := a.receive(0); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return nil
			}
			return err
		}
	}
	return nil
}

func (a *arrivals) receive(flags sock.Flags) error {
	m := sock.Message{Bufs: [][]byte{make([]byte, 2000)}, Control: make([]byte, cmsg.Space(4))}
	if _, err := a.socket.RecvMsg(&m, flags); err != nil {
		return err
	}
	for c := range m.Controls() {
		if n, ok := c.Drops(); ok {
			a.drops = n
		}
	}
	if n, _, ok := number(m.Bufs[0][:m.N]); ok {
		a.numbers = append(a.numbers, n)
	} else {
		a.last = true
	}
	return nil
}
