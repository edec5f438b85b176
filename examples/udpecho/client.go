package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/berkeleysockets/sock"
)

// client sends lines and prints the answers. One goroutine receives and one reads stdin;
// this one keeps the list of datagrams in flight.
func client(ctx context.Context, server sock.Addr, wait time.Duration) error {
	s, remove, err := clientSocket(server)
	if err != nil {
		return err
	}
	defer remove()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(ctx, func() { s.Close() })

	lines, answers := make(chan input), make(chan answer)
	go readLines(ctx, os.Stdin, lines)
	go receive(ctx, s, answers)
	c := conversation{wait: wait, waiting: make(map[int]time.Time)}
	for lines != nil || len(c.waiting) > 0 {
		select {
		case line := <-lines:
			if line.err == io.EOF {
				lines = nil // the input has ended: wait for the answers in flight
				break
			}
			if line.err != nil {
				return line.err
			}
			if err := c.send(s, line.text); err != nil {
				return err
			}
		case a := <-answers:
			if err := c.came(a); err != nil && ctx.Err() == nil {
				return err
			}
		case <-c.late():
			c.giveUp()
		case <-ctx.Done():
			return c.sum()
		}
	}
	return c.sum()
}

// clientSocket returns a connected socket with an address for answers: the kernel gives
// it an IP address, but no unix path.
func clientSocket(server sock.Addr) (s *sock.Socket, remove func(), err error) {
	s, err = sock.Open(server.Domain(), sock.Dgram, 0)
	if err != nil {
		return nil, nil, err
	}
	dir := ""
	if server.Domain() == sock.Unix {
		var own sock.Addr
		if dir, err = os.MkdirTemp("", "udpecho"); err == nil {
			own, err = sock.UnixAddr(filepath.Join(dir, "s"))
		}
		if err == nil {
			err = s.Bind(own)
		}
	}
	remove = func() {
		if dir != "" {
			os.RemoveAll(dir)
		}
	}
	if err == nil {
		err = s.Connect(server)
	}
	if err != nil {
		s.Close()
		remove()
		return nil, nil, err
	}
	return s, remove, nil
}

type input struct {
	text string
	err  error
}

type answer struct {
	datagram []byte
	at       time.Time
	err      error
}

func readLines(ctx context.Context, in io.Reader, to chan<- input) {
	pass := func(i input) bool {
		select {
		case to <- i:
			return true
		case <-ctx.Done():
			return false
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20) // more than any datagram, so that Send reports that it is too long
	for lines.Scan() {
		if !pass(input{text: lines.Text()}) {
			return
		}
	}
	err := lines.Err()
	if err == nil {
		err = io.EOF
	}
	pass(input{err: err})
}

func receive(ctx context.Context, s *sock.Socket, to chan<- answer) {
	p := make([]byte, 65527)
	for {
		n, err := s.Recv(p, 0)
		select {
		case to <- answer{slices.Clone(p[:n]), time.Now(), err}:
		case <-ctx.Done():
			return
		}
		if err != nil && !refused(err) {
			return
		}
	}
}

// refused reports whether an error says that an earlier datagram found no socket. It is
// information like an answer, and no end: the next datagram may find one.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// A conversation is the record of the datagrams that were sent.
type conversation struct {
	wait    time.Duration
	sent    int
	back    int
	waiting map[int]time.Time // times of the datagrams whose answers may still come
	oldest  int               // no number below is waiting
	highest int               // of the answers that came
	lost    map[int]bool
}

func (c *conversation) send(s *sock.Socket, text string) error {
	datagram := numbered(c.sent+1, text)
	began := time.Now() // before Send: the answer may be there when Send returns
	_, err := s.Send(datagram, 0)
	if refused(err) {
		fmt.Println("an earlier one found nobody:", err)
		_, err = s.Send(datagram, 0) // this one has not been sent yet
	}
	if err != nil {
		return err
	}
	c.sent++
	c.waiting[c.sent] = began
	return nil
}

// came is called with a received datagram.
func (c *conversation) came(a answer) error {
	if refused(a.err) {
		fmt.Println("an earlier one found nobody:", a.err)
		return nil
	}
	if a.err != nil {
		return a.err
	}
	n, text, ok := number(a.datagram)
	if !ok {
		fmt.Printf("without a number: %s\n", excerpt(string(a.datagram)))
		return nil
	}
	sent, waited := c.waiting[n]
	switch {
	case waited:
		delete(c.waiting, n)
		c.back++
		order := ""
		if n < c.highest {
			order = fmt.Sprintf(", overtaken by %d", c.highest)
		}
		fmt.Printf("%d: %s came back after %v%s\n", n, excerpt(text), a.at.Sub(sent).Round(time.Microsecond), order)
	case c.lost[n]:
		delete(c.lost, n)
		c.back++
		fmt.Printf("%d: %s came back after all\n", n, excerpt(text))
	case n > 0 && n <= c.sent:
		fmt.Printf("%d: %s came back once more\n", n, excerpt(text))
	default:
		fmt.Printf("%d: %s came, which was never sent\n", n, excerpt(text))
		return nil
	}
	c.highest = max(c.highest, n)
	return nil
}

// late returns when the oldest answer counts as lost.
func (c *conversation) late() <-chan time.Time {
	for len(c.waiting) > 0 {
		if sent, ok := c.waiting[c.oldest]; ok {
			return time.After(time.Until(sent.Add(c.wait)))
		}
		c.oldest++
	}
	return nil // no answer is expected: never
}

func (c *conversation) giveUp() {
	delete(c.waiting, c.oldest)
	if c.lost == nil {
		c.lost = make(map[int]bool)
	}
	c.lost[c.oldest] = true
	fmt.Printf("%d: nothing came back within %v\n", c.oldest, c.wait)
}

func (c *conversation) sum() error {
	var lost []int
	for n := range c.lost {
		lost = append(lost, n)
	}
	slices.Sort(lost)
	fmt.Printf("%d sent, %d came back, %d lost: %s\n", c.sent, c.back, len(lost), ranges(lost))
	if c.sent > 0 && c.back == 0 {
		return errors.New("nothing came back")
	}
	return nil
}

// excerpt returns the beginning of a text, printable.
func excerpt(text string) string {
	if len(text) > 40 {
		return fmt.Sprintf("%.40q... (%d bytes)", text, len(text))
	}
	return fmt.Sprintf("%q", text)
}
