package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t).Start(strings.NewReader(""))
	p.Wait(0)
	if p.Err.String() != "" {
		t.Errorf("stderr: %s", p.Err.String())
	}
	// Who waits for what one says hears it before the next one speaks.
	said := 0
	for _, want := range []string{
		"room: listening on 127.0.0.1:", "alice hears: What is your name?", "alice hears: * alice comes in", "alice hears: * bob comes in",
		"bob hears: * carol comes in", "alice says: hello, both of you", "bob hears: alice: hello, both of you", "carol hears: alice: hello, both of you",
		"carol reads no more", "room: carol leaves: does not read", "bob hears: * carol leaves: does not read", "KiB for carol",
		"alice hears: * carol leaves: does not read", "alice says: where was I?", "bob hears: alice: where was I?\n",
	} {
		at := strings.Index(p.Out.String()[said:], want)
		if at < 0 {
			t.Fatalf("no %q, or not in its place", want)
		}
		said += at + len(want)
	}
	if rest := p.Out.String()[said:]; rest != "" {
		t.Errorf("and then %q", rest)
	}
}

func TestDemoTrace(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-trace").Start(strings.NewReader(""))
	p.Wait(0)
	for _, want := range []string{
		`accept4?\(\d+, 127\.0\.0\.1:\d+.*\) = \d+`,
		`sendto\(\d+, "alice: hello, both of you.n", .*\) = 26`,
		`recvfrom\(\d+, "hello, both of you.n", .*\) = 19`,
		`sendto\(\d+, "alice: and then .* = (-1 EAGAIN|\d{1,2}\b|[1-8]\d\d\b)`, // nothing, or a part: a line is 906
		`close\(\d+\) = 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(p.Err.String()) {
			t.Errorf("no %s in the trace:\n%s", want, p.Err.String())
		}
	}
}
