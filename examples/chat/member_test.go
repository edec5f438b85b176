package main

import (
	"bufio"
	"fmt"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// seated is a member of a room without a room, and the other side.
func seated(t *testing.T) (*member, *sock.Socket) {
	t.Helper()
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	p, err := sock.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	a.SetNonblock(true)
	if err := p.Add(a, sock.Readable, nil); err != nil {
		t.Fatal(err)
	}
	return &member{socket: a, poller: p, part: make([]byte, 0, maxLine)}, b
}

// TestMemberQueue has the kernel's buffer full before the member reads: what is said
// meanwhile comes after it, all of it and in order, and then nothing is Writable.
func TestMemberQueue(t *testing.T) {
	t.Parallel()
	g, b := seated(t)
	said := 0
	for more := 20; more > 0; said++ {
		if err := g.tell(fmt.Sprintf("%d %s\n", said, strings.Repeat("x", 1000))); err != nil {
			t.Fatal(err)
		}
		if g.waits {
			more--
		}
	}
	heard := make(chan error, 1)
	go func() {
		lines := bufio.NewReader(b)
		for i := range said {
			line, err := lines.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, fmt.Sprintf("%d x", i)) || len(line) < 1000 {
				heard <- fmt.Errorf("%q, %v; want line %d", line, err, i)
				return
			}
		}
		heard <- nil
	}()
	events := make([]sock.Event, 1)
	for g.waits {
		if n, err := g.poller.Wait(events, programtest.Patience); n != 1 || err != nil || events[0].Ready != sock.Writable {
			t.Fatal(n, err, events[0].Ready)
		}
		if err := g.flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-heard; err != nil {
		t.Error(err)
	}
	if n, err := g.poller.Wait(events, 0); n != 0 || err != nil {
		t.Error("with nothing to send: ", n, err, events[0].Ready)
	}
}

// TestMemberSlow has a member that never reads.
func TestMemberSlow(t *testing.T) {
	t.Parallel()
	g, _ := seated(t)
	var err error
	for said := 0; err == nil && said < 64<<20; said += maxLine {
		err = g.tell(strings.Repeat("x", maxLine))
	}
	if err != errSlow || len(g.queue) > maxQueue || cap(g.queue) > 4*maxQueue {
		t.Errorf("%v, with %d bytes in a queue of %d", err, len(g.queue), cap(g.queue))
	}
}

// TestHear cuts what comes into lines, however it comes.
func TestHear(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sent, want []string }{
		"one":         {[]string{"hello\n"}, []string{"hello"}},
		"parts":       {[]string{"he", "l", "lo", "\n"}, []string{"hello"}},
		"three":       {[]string{"a\nb\nc\nd"}, []string{"a", "b", "c", "d"}},
		"telnet":      {[]string{"hello\r\nyou\r", "\n"}, []string{"hello", "you"}},
		"empty":       {[]string{"\n\n"}, []string{"", ""}},
		"nothing":     {nil, nil},
		"unended":     {[]string{"hello"}, []string{"hello"}},
		"exact":       {[]string{strings.Repeat("x", maxLine-1) + "\n"}, []string{strings.Repeat("x", maxLine-1)}},
		"long":        {[]string{strings.Repeat("x", maxLine) + "\n"}, []string{strings.Repeat("x", maxLine), ""}},
		"longer":      {[]string{strings.Repeat("x", 2*maxLine+3)}, []string{strings.Repeat("x", maxLine), strings.Repeat("x", maxLine), "xxx"}},
		"terminal":    {[]string{"\x1b[2J\a\x00\x7f\n"}, []string{"?[2J???"}},
		"umlauts":     {[]string{"gr\xc3", "\xbc\xc3\x9f dich\n"}, []string{"grüß dich"}},
		"no text":     {[]string{"\xfe\xfd\x18a\n"}, []string{"\ufffd\ufffd?a"}},
		"commands":    {[]string{"\xff\xfe\x18a\xff\xfc", "\x1f\xff\xfa\x1f\x00\n\x00\x18\xff", "\xf0b\n"}, []string{"ab"}},
		"tab":         {[]string{" a\tb \n"}, []string{"a b"}},
		"overridden":  {[]string{"a\u202eb\u2028c\n"}, []string{"a?b c"}},
		"empty parts": {[]string{"\n", "\n", "a"}, []string{"", "", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, b := seated(t)
			var got []string
			hear := func() (err error) {
				lines, err := g.hear()
				got = append(got, lines...)
				return err
			}
			for _, s := range c.sent {
				if _, err := b.Send([]byte(s), 0); err != nil {
					t.Fatal(err)
				}
				if err := hear(); err != nil {
					t.Fatal(err)
				}
			}
			b.Close()
			var err error
			for err == nil {
				err = hear()
			}
			if len(got) > 0 && len(got) > len(c.want) && got[len(got)-1] == "" { // the part that is left at the end
				got = got[:len(got)-1]
			}
			if err != errLeft || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}
